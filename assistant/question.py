"""What is asked: a fact or a list of articles, which kind of thing, under which filters.

Follow-ups ("那满意度呢") are made whole from the turn before by rule, without a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from assistant.named import named
from assistant.schema import Ask, Filters, Turn
from assistant.text import HAN, content, fold, squeeze, words

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
    ("number", r"多少|几(?!乎)|百分之几|多大|多高|多长|多久|多重|多远|占比|比例是"),
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
)
"""What an attribute is counted by when the question does not say it."""

_PIECES = r"(?:报道|文章|新闻|稿件|稿子|评论|消息|篇目|articles?)"
_ANY = r"(?:哪些|什么|哪几篇|哪几条|几篇|多少篇|多少条|多少|几条|啥)"
_ARCHIVE = tuple(map(re.compile, (
    rf"(?:^|.*?)(?:有|写过|写了|发过|登过)?没?有?{_ANY}(?:篇|条)?(?:的)?{_PIECES}.*?(?:提到|提及|涉及|讲到|谈到|说到|写到|关于|讲了?|写了?|报道了?)(?:过|了)?(?P<topic>.+)$",
    rf"^(?:有|写过|登过)?{_ANY}(?:篇|条)?(?:关于|有关|涉及|提到|提及|讲|介绍)(?P<topic>.+?)的{_PIECES}$",
    rf"^(?:有没有|有无|有|找|查|查找|搜|搜索|列出|帮我找|看看)?(?:一下|几篇|所有)?(?:关于|有关|涉及|提到|提及|讲)(?P<topic>.+?)的?(?:相关)?{_PIECES}(?:都?有?{_ANY}|有没有|有吗|吗|都?在哪)?$",
    rf"^(?P<author>[{HAN}]{{2,4}}?)(?:记者|老师)?(?:都|一共|总共)?(?:写|采写|撰写|采访|发表|刊发)(?:了|过|的)?(?:有)?(?:{_ANY})?(?:篇|条)?的?{_PIECES}?(?:有?{_ANY})?$",
    rf"^(?:记者|作者|通讯员)?(?P<name>.+?)(?:的|署名的|采写的|写的)(?:相关)?{_PIECES}(?:都?有?{_ANY}|有几篇|有多少篇)?$",
    rf"^(?P<month>(?:(?:\d{{4}}年|今年|去年)?(?:\d{{1,2}}月份?)?(?:\d{{1,2}}[日号])?|本月|上个?月|最近|近期)(?:以来)?)(?:里)?(?:都|一共)?(?:有|登了|报道了|发了|刊登了)(?:{_ANY})(?:篇|条)?(?P<thing>{_PIECES})?$",
    rf"^(?:这里|报纸|报上|你们|库里|资料库|档案|一共|总共|目前|现在)*(?:一共|总共|共)?(?:有|收录了?|存了?)(?:多少|几|哪些)(?:篇|条)?的?{_PIECES}$",
)))
_LIST_SECTION = re.compile(rf"^(?P<section>[{HAN}]{{2,8}}?)(?:栏目|版面|专栏|版)?(?:里|中|上|下)?(?:都|一共)?(?:有|登了|发了|刊登了)?{_ANY}(?:篇|条)?的?{_PIECES}$")
_KINDS = {"评论": "comment", "言论": "comment", "社论": "comment", "漫画": "caption", "新闻": "news", "消息": "news"}

_ABOUT = rf"(?:这|那|该|上述)?(?:篇|则|条|个|幅)?(?:{_PIECES}|专栏|漫画|栏目)"
_GIST = re.compile(rf"(?:{_ABOUT}|[》”\"])(?:里|中)?(?:主要|大概|到底|都)*(?:讲|说|写|谈|报道|介绍)(?:了|的)?(?:是)?(?:些)?(?:什么|啥|哪些内容)|"
                   rf"(?:主要内容|大意|主旨|中心意思)(?:是|有)?(?:什么|啥|哪些)|^(?:概括|总结|介绍)一?下?.*{_PIECES}")
_BYLINE = re.compile(rf"(?:{_PIECES}|{_ABOUT}|[》”\"]).*?(?:谁|哪位|哪个|何人).{{0,6}}?(?:写|采写|撰写|画|创作|采访|作)|"
                     rf"(?:谁|哪位|哪个)(?:记者|作者|人)?(?:采写|撰写|写|画)(?:了|的)?.*(?:{_PIECES}|漫画)|"
                     rf"(?:{_PIECES}|{_ABOUT}|[》”\"]).*?(?P<role>记者|作者|通讯员|撰稿人|执笔人)(?:是|叫|为)?(?:谁|哪位|什么|啥|哪)|"
                     rf"(?P<role2>记者|作者|通讯员)(?:是|叫).*(?:谁|哪位|什么名).*|(?:哪位|哪个|哪名)(?P<role3>记者|通讯员|作者).*")

_ELLIPSIS = re.compile(r"^(那么?|然后|还有|另外|后来|而)(?![些个年里坡且])|(?<![其吉])(他|她|它)们?(?=[的是在有叫说哪什怎多几为还])|"
                       r"(?<![应活])该(人|活动|协会|街道|单位|区|馆|校|社区)|^这(?![样里])|这(人|事|个|次|位|项|场)|呢[？?]?$")
_OPENING = re.compile(r"^(那么?|然后|另外|而)(?![些个年里坡且])[，,]?")


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is understood.

    `text` is what was asked, cleaned and cut; `search` what is looked for (a follow-up made whole).
    `kind` is "fact", "articles" (which pieces there are), "gist" (what a piece says), "byline" (who wrote
    it), "greeting", "thanks", "help" or "empty"; `wants` the kind of thing a fact is ("number", "date",
    "person", "place", "organisation", "title", "list", "yesno", "how", "why", "what") and `measure` its
    measure word. `topic` is what the "articles" must mention, or the role ("通讯员") that "byline" asks for.
    """

    text: str
    search: str
    kind: str = "fact"
    wants: str = "what"
    measure: str = ""
    topic: str = ""
    filters: Filters = Filters()
    cut: bool = False

    @property
    def completed(self) -> bool:
        """Whether the question was made whole from the conversation."""
        return self.search != self.text


def understand(ask: Ask, is_author: Callable[[str], bool], is_section: Callable[[str], bool], today: date) -> Question:
    """The question as understood. `is_author` and `is_section` say whether the archive knows a name."""
    text = " ".join("".join(c if c.isprintable() else " " for c in ask.question).split())
    cut, text = len(text) > QUESTION_LIMIT, text[:QUESTION_LIMIT]
    if not re.search(r"\w", text):
        return Question(text, text, "empty", cut=cut)
    bare = fold(text).strip(" ？?！!。.，,~～")
    if kind := _courtesy(bare):
        return Question(text, text, kind, cut=cut)
    whole = complete(bare, ask.history)
    search = text if whole == bare else whole
    question = Question(text, search, "fact", wants(search), _measure(search), filters=ask.filters, cut=cut)
    listing = _about_archive(squeeze(whole), question, is_author, is_section, today)
    return listing or _about_a_piece(whole, question) or question


def wants(question: str) -> str:
    """The kind of thing a question asks for; "what" when no rule knows."""
    folded = fold(question)
    kind = next((kind for kind, pattern in _WANTS if re.search(pattern, folded)), "what")
    return "number" if kind != "number" and _measure(question) == "号码" else kind


def complete(question: str, history: Sequence[Turn]) -> str:
    """The question with the things the turn before was about, where it cannot stand alone.

    It cannot where it opens with 那/还有, ends with 呢, points with 他/该…, or names nothing and holds
    next to no word of its own. Set before it is what the earlier question names; all its words, where it
    names nothing more or the new question (为什么, 还有呢) has no word of its own.
    """
    if not history:
        return question
    own = [word for word in words(content(question)) if len(word) > 1 and word not in ("还有", "另外", "然后")]
    if not (_ELLIPSIS.search(question) or sum(map(len, own)) < 4 and not named(question)):
        return question
    rest = _OPENING.sub("", question)
    earlier = history[-1].question
    subjects = [thing.text for thing in named(earlier) if thing.kind in ("place", "name", "person", "quoted") and thing.text not in rest]
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


def _about_archive(bare: str, question: Question, is_author: Callable[[str], bool],
                   is_section: Callable[[str], bool], today: date) -> Question | None:
    """The question as one for a list of articles, or None."""
    match = _LIST_SECTION.match(bare)
    if match and is_section(match["section"]):
        return replace(question, kind="articles", filters=replace(question.filters, section=match["section"]))
    for pattern in _ARCHIVE:
        if not (match := pattern.match(bare)):
            continue
        found = match.groupdict()
        name = found.get("author") or found.get("name") or ""
        name = re.sub(r"^(记者|作者|通讯员)|(记者|老师)$", "", name)
        if name and is_author(name):
            return replace(question, kind="articles", filters=replace(question.filters, author=name))
        if found.get("author"):
            continue
        if found.get("month") is not None:
            days = date_filter(found["month"], today)
            thing = found.get("thing")
            if not days and not thing:
                continue
            kind = _KINDS.get(thing or "")
            filters = replace(question.filters, kind=kind if kind == "comment" else None, **(days or {}))
            return replace(question, kind="articles", filters=filters)
        topic = (found.get("topic") or name).strip("的了过吗呢？?")
        if topic and is_author(topic) and not found.get("topic"):
            return replace(question, kind="articles", filters=replace(question.filters, author=topic))
        if not topic or len(topic) > 14 or re.search(rf"{_ANY}|谁|哪|概括|总结|介绍一?下|^\d+月", topic):
            continue
        return replace(question, kind="articles", topic=topic)
    return None


def _about_a_piece(bare: str, question: Question) -> Question | None:
    """The question as one for the gist or the byline of a piece, or None."""
    if _GIST.search(bare):
        return replace(question, kind="gist")
    if (match := _BYLINE.search(bare)) and (re.search(rf"{_PIECES}|记者|通讯员|作者|漫画|专栏|撰稿", bare)):
        return replace(question, kind="byline", topic=next(filter(None, match.groups()), ""))
    return None


def date_filter(phrase: str, today: date) -> dict[str, str] | None:
    """The `date_from` and `date_to` that a phrase such as 2025年11月, 11月, 今年, 上个月 means; or None.

    A month without a year is its last one that has begun by `today`.
    """
    match = re.search(r"(?:(\d{4})年|(今年|去年))?(?:(\d{1,2})月)?(?:(\d{1,2})[日号])?", phrase)
    written, relative, month, day = match.groups()
    year = int(written) if written else today.year - (relative == "去年") if relative else None
    if re.search(r"本月|上个?月", phrase):
        back = today.year * 12 + today.month - 1 - ("上" in phrase)
        year, month = back // 12, str(back % 12 + 1)
    if year is None and month is None or month and not 1 <= int(month) <= 12:
        return None
    year = year or (today.year if int(month) <= today.month else today.year - 1)
    span = f"{year}" + (f"-{int(month):02d}" if month else "") + (f"-{int(day):02d}" if month and day else "")
    return {"date_from": span, "date_to": span} if "以来" not in phrase else {"date_from": span}
