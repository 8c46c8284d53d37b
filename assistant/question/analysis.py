"""What is asked: a fact, a list of articles, a piece or a timeline, which kind of thing, under which filters.

Follow-ups ("那满意度呢", "还有呢", "第二篇讲了什么") are made whole from the turns before by rule, without a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from assistant.language.named import named
from assistant.question.filters import (
    PIECES, TOPIC_CHARACTERS, Archive, date_filter, described_filters, listing, sources_named)
from assistant.schema import Ask, Filters, Turn
from assistant.language.text import content, fold, squeeze, words

QUESTION_LIMIT = 500
"""Characters of a question that are read; the longest of 2,584 natural questions has 48."""

_GREETING = re.compile(r"^(你好|您好|嗨|哈喽|早上好|下午好|晚上好|大家好|在吗|hi|hello|hey|good (morning|afternoon|evening))")
_THANKS = re.compile(r"^(非常感谢|多谢|感谢|谢谢|谢了|辛苦了|thanks|thank you|再见|拜拜|bye)(你|您|啦|了|大家|帮助|回答)*$")
_HELP = re.compile(r"^(请问)?(你|您|这里?|这个)?(们)?都?(能|会|可以)(做|干|回答|帮我|帮忙|问)(些|点|做)*(什么|啥|哪些)(事|事情|问题)?$|"
                   r"^(你|您)(是|叫)(谁|什么名字|啥)$|^怎么(用|使用)(你|这个)?$|^(帮助|使用说明|help)$|what can you do|who are you")

_WANTS = (
    ("why", r"为什么|为何|为啥|何以|原因|凭什么|咋会|怎么会"),
    ("date", r"什么时候|什么时间|啥时候|啥时间|何时|哪一?天|哪一?年|哪个?月|几月|几号|几点|几时|日期|时间是"),
    ("list", r"哪些|哪几|有什么|有啥|哪两|哪三|分别|包括什么|都有谁|(办|送|推|开展|表演|演)了什么"),
    ("person", r"谁|哪位|何人|什么人|啥人|(人|员|手|师|长|生|友|夫|妻|父|母|士|男子?|女子?|孩子?|同学|者|家|馆长|书记|主任)(都|分别)?是?叫(什么|啥)"),
    ("number", r"多少|几(?!乎)|百分之几|多大|多[高长久重远宽深]|占比|比例是"),
    ("place", r"哪里|哪儿|什么地方|啥地方|何地|在哪|地点|哪个?(区|县|市|省|社区|街道|村|镇|馆|广场|剧院|大厅|医院)"),
    ("organisation", r"哪个?(单位|部门|机构|局|公司|企业|协会|团体|学校|大学|小学|中学|院校)|哪家|哪所|什么(单位|部门|机构)"),
    ("title", r"叫什么|叫啥|什么名|啥名|名称|名字|题目|标题|什么(节目|歌|舞蹈?|戏曲?|作品|诗歌?|书|称号|荣誉|奖|主题|口号)|啥(节目|歌|舞|诗|奖)"),
    ("how", r"怎么|如何|怎样|咋|什么(办法|措施|方式|做法|手段|途径)"),
    ("yesno", r"吗[？?]?$|是否|是不是|有没有|能不能|会不会|可不可以|算不算|对不对|行不行"),
)
_MEASURE = re.compile(r"(?:多少|几|第几)(?:多)?(人次|个百分点|百分点|个?小时|个?月|个|名|位|人|家|次|场|项|件|条|支|座|所|处|元|万元|亿元|岁|年|天|小时|分钟|公里|米|吨|"
                      r"篇|份|人次|户|辆|平方米|平米|块|钱|只|种|批|届|首|部|本|套|栋|间|亩|期|轮|分|度|成|倍|斤|号|页|版|台|张|站|句|字)?")

_ATTRIBUTES = (
    ("号码", r"(电话|热线|号码|联系方式|手机号|微信号|邮编)[^，。]{0,4}(多少|是什么|是啥|几号)|[打拨][^，。]{0,3}(哪个|什么|啥)(号|电话)"),
    ("元", r"(多少|几).{0,2}(钱|块|费|补贴|奖金|工资|资金|收入|利润|租金|报酬)|(费用?|价格?|票价|均价|房价|工资|薪水|收入|补贴|奖金|资金|金额|预算|投资|造价|花费|学费|门票|报酬|利润|产值|营收|罚款|租金|待遇)"
           r"[^，。]{0,6}(多少|几(?!个|名|家|次))"),
    ("岁", r"多大(年纪|岁数|年龄)?了?[？?]?$|(年龄|年纪|岁数).{0,4}(多少|多大|几)|几岁|多少岁"),
    ("%", r"百分之几|百分比|(占比|比例|率|增幅|涨幅|同比|增长|下降|涨)[^，。]{0,6}(多少(?!个|名|家|次|人)|几个?点|几成)"),
    ("点", r"几点|几时"),
    ("时长", r"多久|多长时间|多少时间"),
    ("面积", r"(占地|面积)[^，。]{0,4}(多少|多大)|多大(的)?面积"),
    ("长度", r"多[远高宽深]|多长(?!时间)|(距离|长度|高度|水深|深度|里程)[^，。]{0,4}(多少|多大)"),
    ("重量", r"多重|重量[^，。]{0,3}多少"),
)
"""What an attribute is counted by when the question does not say it."""

_ABOUT = rf"(?:这|那|该|上述)?(?:篇|则|条|个|幅)?(?:{PIECES}|专栏|漫画|栏目)"
_GIST = re.compile(rf"(?:{_ABOUT}|[》”\"])(?:里|中)?(?:主要|大概|到底|都)*(?:讲|说|写|谈|报道|介绍)(?:了|的)?(?:是)?(?:些)?(?:什么(?:内容|事情?)?|啥|哪些内容)$|"
                   rf"(?:{_ABOUT}|[》”\"])的?(?:主要内容|内容|大意|主旨|中心意思)(?:是|有)?(?:什么|啥|哪些)?$|"
                   rf"^(?:请|帮我)?(?:概括|总结|概述|介绍|说说|讲讲)一?下?.*(?:{PIECES}|》)(?:的?(?:主要)?内容)?$")
_BYLINE = re.compile(rf"(?:{PIECES}|{_ABOUT}|[》”\"]).*?(?:谁|哪位|哪个|何人).{{0,6}}?(?:写|采写|撰写|画|创作|采访|作)|"
                     rf"(?:谁|哪位|哪个)(?:记者|作者|人)?(?:采写|撰写|写|画)(?:了|的)?.*(?:{PIECES}|漫画)|"
                     rf"(?:{PIECES}|{_ABOUT}|[》”\"]).*?(?P<role>记者|作者|通讯员|撰稿人|执笔人)(?:是|叫|为)?(?:谁|哪位|什么|啥|哪)|"
                     rf"(?P<role2>记者|作者|通讯员)(?:是|叫).*(?:谁|哪位|什么名).*|(?:哪位|哪个|哪名)(?P<role3>记者|通讯员|作者).*|"
                     rf"是?谁(?:采写|撰写|写|画)的{PIECES}$|》.*(?:它|这篇|那篇)是?谁(?:采写|撰写|写|画)的?$")
_TIMELINE = re.compile(r"(?:的|有)?(?:哪些|完整的?|生平的?|发展的?)?(?:时间(?:线|轴|表|节点)|大事记|大事年表|年表|来龙去脉)(?:是|有)?(?:怎样的?|什么样的?|什么|哪些)?$|"
                       r"(?:请)?(?:按照?|依)(?:照)?时间(?:的)?(?:先后)?(?:顺序)?(?:来)?(?:梳理|列出|列|说说|说|讲讲|介绍|排列|整理|回顾)*(?:一下)?|"
                       r"(?:的|前后|整个|全部)(?:经过|始末)(?:是)?(?:怎样的?|怎么样的?|什么样的?|什么|如何)?$")
_TIMELINE_REST = re.compile(r"^(?:请|帮我|给出|列出|整理|梳理|说说|讲讲|介绍|一下|关于|有关)+|(?:都)?(?:做了|干了|经历了)(?:什么|哪些)(?:事情?|工作)?$|(?:有|的)?(?:哪些|事迹|生平|经历|情况|一生|重要|关键|主要)*的?$")

_NTH = re.compile(r"^(?:那|请问)*(?:(?:你|上面|刚才)(?:说的|列的|的)?)*第(?P<n>[一二三四五六七八九十]|10|\d)(?:篇|条|个|则)(?:文章|报道|新闻|稿件)?|"
                  r"^(?:那)?(?:最后|末)一?(?P<last>篇|条|则)(?:文章|报道|新闻|稿件)?|^头一(?P<first>篇|条|则)")
_MORE = re.compile(r"^(?:那|请)?(?:还有|继续|下一页|下一?十篇|更多|接着|再来|其他|其余|别的|剩下)(?:更多|别的|其他|其它|一些|十篇|几篇|列|说|往下)*的?"
                   r"(?:报道|文章|新闻)?(?:有|是)?(?:哪些|什么|没有)?(?:呢|吗)?$")
_LISTED = re.compile(r"^(?:《(?P<title>.+?)》|“(?P<opening>.+?)”)(?:，.*)?\[\d+\]$", re.MULTILINE)
"""A line of a list of articles, as answers write it."""
LISTED = 10
"""Articles named in a list at a time."""
TURNS_READ = 6
"""Turns gone back through for what 它 or 那詹长松呢 points at."""

_ELLIPSIS = re.compile(r"^(那么?|然后|还有|另外|后来|而)(?![些个年里坡且])|(?<![其吉])(他|她|它)们?(?=[的是在有叫说哪什怎多几为还])|"
                       r"(?<![应活])该(人|活动|协会|街道|单位|区|馆|校|社区)|^这(?![样里])|这(人|事|个|次|位|项|场)|呢[？?]?$")
_OPENING = re.compile(r"^(那么?|然后|另外|而)(?![些个年里坡且])[，,]?")


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is understood.

    `text` is what was asked, cleaned and cut; `search` what is looked for (a follow-up made whole).
    `kind` is "fact", "articles" (which pieces there are), "gist" (what a piece says), "byline" (who wrote
    it), "timeline" (what happened when), "greeting", "thanks", "help" or "empty"; `wants` the kind of thing a
    fact is ("number", "date", "person", "place", "organisation", "title", "list", "yesno", "how", "why", "what")
    and `measure` its measure word. `topic` is what the "articles" must mention, whose "timeline" it is, or the
    role ("通讯员") that "byline" asks for. `offset` counts the articles of a list that were shown before, and
    `sources` says in words under which filters a question for a fact puts itself (詹长松写的报道里…).
    """

    text: str
    search: str
    kind: str = "fact"
    wants: str = "what"
    measure: str = ""
    topic: str = ""
    filters: Filters = Filters()
    cut: bool = False
    offset: int = 0
    sources: str = ""

    @property
    def completed(self) -> bool:
        """Whether the question was made whole from the conversation."""
        return self.search != self.text

    @property
    def understood(self) -> str:
        """What was searched, with the sources read from the question; "" where it is what was asked."""
        if self.sources:
            return f"{self.search}（只看{self.sources}）"
        return self.search if self.completed else ""


def understand(ask: Ask, is_author: Callable[[str], bool], is_section: Callable[[str], bool], today: date, *,
               knows: Callable[[str, str], bool] | None = None, newest: str = "") -> Question:
    """The question as understood. `is_author` and `is_section` say whether the archive knows a name; `knows`,
    asked ("newspaper", name) or ("kind", "comment"), the same of more; `newest` is its last ISO date."""
    text = " ".join("".join(c if c.isprintable() else " " for c in ask.question).split())
    cut, text = len(text) > QUESTION_LIMIT, text[:QUESTION_LIMIT]
    if not re.search(r"\w", text):
        return Question(text, text, "empty", cut=cut)
    bare = _bare(text)
    if kind := _courtesy(bare):
        return Question(text, text, kind, cut=cut)

    def known(field: str, name: str) -> bool:
        if field in ("author", "section"):
            return is_author(name) if field == "author" else is_section(name)
        return bool(knows and knows(field, name))

    archive = Archive(known, today, newest)
    if more := _more_of_a_list(bare, ask, archive):
        return replace(more, text=text, cut=cut)
    return _read(text, _whole(bare, ask, archive), ask.filters, archive, cut)


def _read(text: str, whole: str, filters: Filters, archive: Archive, cut: bool = False) -> Question:
    """A question that stands alone as `whole`."""
    search = text if whole == _bare(text) else whole
    squeezed = squeeze(whole)
    question = Question(text, search, "fact", wants(search), _measure(search), filters=filters, cut=cut)
    if topic := _timeline_topic(squeezed):
        return replace(question, kind="timeline", topic=topic)
    if found := listing(squeezed, filters, archive):
        return replace(question, kind="articles", filters=found[0], topic=found[1])
    under = sources_named(squeezed, filters, archive)
    question = replace(question, filters=under, sources=described_filters(under) if under != filters else "")
    return _about_a_piece(whole, question) or question


def wants(question: str) -> str:
    """The kind of thing a question asks for; "what" when no rule knows."""
    folded = fold(question)
    kind = next((kind for kind, pattern in _WANTS if re.search(pattern, folded)), "what")
    return "number" if kind != "number" and _measure(question) == "号码" else kind


def complete(question: str, history: Sequence[Turn]) -> str:
    """The question with the things the turn before was about, where it cannot stand alone.

    It cannot where it opens with 那/还有, ends with 呢, points with 他/该…, or names nothing and holds
    next to no word of its own. Set before it is the 《title》 in the earlier question (itself made whole), or
    what that names; all its words, where it names nothing more or the new question (为什么, 还有呢) has no word of its own.
    """
    if not history:
        return question
    own = [word for word in words(content(question)) if len(word) > 1 and word not in ("还有", "另外", "然后")]
    if not (_ELLIPSIS.search(question) or sum(map(len, own)) < 4 and not named(question)):
        return question
    rest = _OPENING.sub("", question)
    before_it = history[-TURNS_READ:-1]
    earlier = _picked(_bare(history[-1].question), before_it) or complete(fold(history[-1].question), before_it)
    if (title := re.search("《.+?》", fold(earlier))) and title.group() not in rest:
        return f"{title.group()} {rest}"
    subjects = [thing.text for thing in named(earlier)
                if thing.kind in ("place", "name", "person", "quoted") and thing.text not in rest]
    every = [word for word in words(content(earlier)) if len(word) > 1 and word not in rest]
    before = subjects if subjects and own else every
    return "".join(dict.fromkeys(before)) + (" " + rest if before else rest)


def _courtesy(bare: str) -> str:
    if len(bare) <= 24 and _HELP.search(bare):
        return "help"
    if match := _GREETING.match(bare):
        return "greeting" if len(bare) - match.end() <= 4 else ""
    return "thanks" if _THANKS.match(bare) else ""


def _measure(question: str) -> str:
    """The measure word asked for, or what the attribute is always counted by: 票价 by 元, 年龄 by 岁."""
    folded = fold(question)
    match = _MEASURE.search(folded)
    if match and match[1] and match[1] not in ("个", "钱", "块"):
        return match[1]
    return next((measure for measure, pattern in _ATTRIBUTES if re.search(pattern, folded)), match[1] or "" if match else "")


def _timeline_topic(squeezed: str) -> str:
    """Whose timeline is asked for; "" where none is."""
    rest, found = _TIMELINE.subn("", squeezed)
    rest = _TIMELINE_REST.sub("", _TIMELINE_REST.sub("", rest)) if found else ""
    return rest if 2 <= len(rest) <= TOPIC_CHARACTERS else ""


def _more_of_a_list(bare: str, ask: Ask, archive: Archive) -> Question | None:
    """The list of the turns before, from where it stopped, for 还有呢; None where no list came before."""
    back = len(ask.history) - 1
    if not _MORE.match(squeeze(bare)):
        return None
    while back > 0 and _MORE.match(squeeze(_bare(ask.history[back].question))):
        back -= 1
    if back < 0 or len(_LISTED.findall(ask.history[back].answer)) < LISTED:
        return None
    earlier = _understood_turn(ask, back, archive)
    return replace(earlier, offset=LISTED * (len(ask.history) - back)) if earlier.kind == "articles" else None


def _whole(bare: str, ask: Ask, archive: Archive) -> str:
    """The question as it stands alone."""
    return _picked(bare, ask.history) or _same_of_another(bare, ask, archive) or complete(bare, ask.history)


def _bare(question: str) -> str:
    """The question folded, without the marks around it."""
    return fold(question).strip(" ？?！!。.，,~～")


def _same_of_another(bare: str, ask: Ask, archive: Archive) -> str:
    """那李四呢 after 张三写了哪些报道, as a list question of its own; "" where no list came before."""
    match = re.fullmatch(r"那?(?:换成|关于|有关)?(?P<other>.{2,12}?)(?:写)?的?呢", squeeze(bare))
    if not match or not ask.history or _understood_turn(ask, len(ask.history) - 1, archive).kind != "articles":
        return ""
    other = match["other"]
    field = next((field for field in ("author", "section") if archive.knows(field, other)), "")
    forms = {"author": "{}写了哪些报道", "section": "{}栏目有哪些报道"}
    dated = date_filter(other, archive.today, archive.newest) is not None
    return forms.get(field, "{}有哪些报道" if dated else "关于{}的报道有哪些").format(other)


def _understood_turn(ask: Ask, at: int, archive: Archive) -> Question:
    """An earlier question of the conversation, as it was understood then."""
    text = ask.history[at].question[:QUESTION_LIMIT]
    then = replace(ask, history=ask.history[max(0, at - TURNS_READ):at])
    return _read(text, _whole(_bare(text), then, archive), ask.filters, archive)


def _picked(bare: str, history: Sequence[Turn]) -> str:
    """第二篇讲了什么 with the second article of the list last shown in its place; "" where there is none."""
    match = _NTH.match(squeeze(bare))
    lists = [found for turn in reversed(history) if (found := list(_LISTED.finditer(turn.answer)))]
    if not match or not lists:
        return ""
    n = -1 if match["last"] else 0 if match["first"] else ("一二三四五六七八九十".find(match["n"]) + 1 or int(match["n"])) - 1
    if n >= len(lists[0]):
        return ""
    row = lists[0][n]
    rest = squeeze(bare)[match.end():]
    return f"《{row['title'] or row['opening'].rstrip('…')}》" + (rest or "讲了什么")


def _about_a_piece(bare: str, question: Question) -> Question | None:
    """The question as one for the gist or the byline of a piece, or None."""
    if _GIST.search(bare):
        return replace(question, kind="gist")
    if (match := _BYLINE.search(bare)) and (re.search(rf"{PIECES}|记者|通讯员|作者|漫画|专栏|撰稿|》.*(?:它|[这那]篇)", bare)):
        return replace(question, kind="byline", topic=next(filter(None, match.groups()), ""))
    return None
