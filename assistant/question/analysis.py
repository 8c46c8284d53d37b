"""What is asked, read once and passed on: the kind, what it is about, under which filters, of which parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from assistant.language.mentions import people, tagged, whole_name
from assistant.language.periods import asked_period
from assistant.language.text import content, fold, words
from assistant.question import follow_up
from assistant.question.english import in_chinese
from assistant.question.filters import (
    SECTION_ENDS,
    Archive,
    days_apart,
    described_filters,
    filters_of,
    set_aside,
    sources_of,
)
from assistant.question.intent import Intent, IntentModel, Slot, shipped_model
from assistant.question.parts import split
from assistant.question.wanted import counted, wants
from assistant.schema import AS_TYPED, Ask, Filters

QUESTION_LIMIT = 500
"""Characters of a question that are read; the longest of 2,584 natural questions has 48."""
COURTESIES = ("greeting", "thanks", "help", "complaint", "chitchat")
WHOLE = ("list", "count", "latest", "earliest", "ranking", "coverage")
"""Kinds that are answered from all articles."""
SURE, UNSURE = 0.5, 0.3
"""A courtesy, or another kind in the middle of a conversation, must be so probable; and a question that is one for a fact
with the second is read as one, which costs least where it is wrong."""
SURELY, DOUBTED = 0.8, 0.7
"""Below the first, which a question without a word for the newspaper's pieces never reaches, it is read like one for a
fact too, and a fact that is answered wins."""
LONGEST_COURTESY, LETTERS = 26, 2.5
"""Characters of what is no question for the newspaper, and Latin letters that say as much as one of them."""
_WRITES = ("写了", "写过", "写的报道", "写的文章", "写的新闻", "写的稿", "采写", "撰写", "发表")
"""Behind a person these make an author."""
_OF_A_PAPER = frozenset("报 报纸 日报 晚报 版 版面 期 一期 报库".split())
_OLDEST_FIRST = ("从早到晚", "从最早", "时间先后", "先后顺序", "由早到晚", "最早的几篇", "从旧到新", "oldest first")
_PIECES = ("报", "文章", "新闻", "稿", "登", "写", "版", "栏", "刊", "期", "篇", "提到", "提及", "关于", "有关", "涉及", "消息", "评论", "记者", "作者", "漫画",
           "社论", "库", "收录", "数据", "资料", "article", "report", "paper", "news", "write", "wrote", "mention", "《")
"""Signs that a question asks for the newspaper's pieces."""
_ARCHIVE_WORDS = frozenset(
    "漫画 社论 言论 时评 报库 资料库 数据库 登了 报道 文章 新闻 消息 稿件 稿子 报纸 报上 评论 内容 标题 题目 目录 资料 旧闻 篇目 作品 关于 有关 相关 方面 提到 提及 涉及 谈到 讲到 写到 说到 介绍 看看 "
    "列出 列举 查找 查询 搜索 寻找 帮我 帮忙 给我 一下 所有 全部 一共 总共 目前 现在 最近 最新 近期 以后 以前 时候 登过 写过 报过 发过 报道过 登载 刊登 刊发 发表 采写 "
    "撰写 记者 作者 通讯员 署名 栏目 版面 专栏 头版 统计 数量 多少 几篇 有没有 是否 还有 没有 出来 我要 想要 想看 了解 可以 咱们 你们 我们 这里 库里 这个 那个 文字 照片 "
    "最早 最先 首次 第一 第一次 第一篇 最多 最晚 进展 情况 动态 后续 如何 什么样 排名 排行 each many articles list about the of by mention".split())
"""Words with which one asks for articles and that are never what these are about."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is understood.

    `text` is what was asked, cleaned and cut; `search` what is looked for (a follow-up made whole).
    `kind` is one of intent.KINDS or "empty", with the probability `confidence`; a `fact` wants a kind of thing
    ("number", "date", "person", "place", "organisation", "title", "list", "yesno", "how", "why", "what"). `topic` is what the articles of a list, count or ranking must mention, whose "timeline" it is, or
    the role ("通讯员") that "byline" asks for; `by` says by what is counted (记者, 月), `counts` what (issue, page, author; "" for
    articles). `offset` counts the articles of a
    list that were shown before, `oldest` puts them first. `sources` says in words under which filters a question for a
    fact puts itself (陆青写的报道里…). `parts` are the questions that it consists of, each looked for by itself and about one of `things`;
    `together` says whether their figures are added ("sum") or compared ("more", "less").
    """

    text: str
    search: str
    kind: str = "fact"
    wants: str = "what"
    topic: str = ""
    filters: Filters = Filters()  # noqa: RUF009 - frozen
    cut: bool = False
    offset: int = 0
    sources: str = ""
    by: str = ""
    counts: str = ""
    oldest: bool = False
    confidence: float = 1.0
    parts: tuple[Question, ...] = ()
    things: tuple[str, ...] = ()
    together: str = ""

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


def understand(ask: Ask, archive: Archive, today: date, model: IntentModel | None = None) -> Question:
    """The question as understood, its words checked against the archive's own names and days counted from `today`."""
    model = model or shipped_model()
    text = " ".join("".join(c if c.isprintable() else " " for c in ask.question).split())
    cut, text = len(text) > QUESTION_LIMIT, text[:QUESTION_LIMIT]
    if not any(c.isalnum() or c == "_" for c in text):
        return Question(text, text, "empty", cut=cut)
    if AS_TYPED in ask.aside:
        ask = replace(ask, history=())
    question = _in_conversation(text, ask, archive, today, model)
    return replace(_without(question, ask) if ask.aside else question, cut=cut)


def _without(question: Question, ask: Ask) -> Question:
    """The question and its parts without the filters that are to be left aside."""
    filters = set_aside(question.filters, ask.filters, ask.aside)
    sources = question.sources and (described_filters(filters) if filters != ask.filters else "")
    return replace(question, filters=filters, sources=sources, parts=tuple(_without(part, ask) for part in question.parts))


def _in_conversation(text: str, ask: Ask, archive: Archive, today: date, model: IntentModel) -> Question:
    bare = follow_up.bare(text)
    if text.isascii() and (chinese := in_chinese(text, archive.name_of)):
        return _read(text, chinese, model.read(chinese, archive.slot_of), ask.filters, archive, today, model)
    intent = model.read(bare, archive.slot_of)
    same_of_then = bool(ask.history) and follow_up.says_when(follow_up.other_subject(bare))
    if _is_courtesy(bare, intent) and not follow_up.takes_back(bare) and not same_of_then:
        return Question(text, text, intent.kind, confidence=intent.confidence)
    if not ask.history:
        return _read(text, bare, intent, ask.filters, archive, today, model)
    if follow_up.asks_for_more(bare) and (more := _more(ask, archive, today, model)) is not None:
        return replace(more, text=text)
    if picked := follow_up.picked(bare, ask.history):
        return _read(text, picked, model.read(picked, archive.slot_of), ask.filters, archive, today, model)
    if not follow_up.depends(bare, ask.history, intent):
        return _read(text, bare, intent, ask.filters, archive, today, model)
    before = _earlier(ask, len(ask.history) - 1, archive, today, model)
    if before.kind in (*WHOLE, "timeline") and (narrowed := _narrowed(text, bare, intent, before, ask, archive, today)):
        return narrowed
    whole = follow_up.whole(bare, before.search, ask.history, model, archive.slot_of)
    return _read(text, whole, model.read(whole, archive.slot_of), ask.filters, archive, today, model)


def _is_courtesy(bare: str, intent: Intent) -> bool:
    if wants(bare) not in ("what", "yesno") and (intent.kind in ("greeting", "thanks") or not content(bare).strip()):
        return False  # 你好书屋在哪条街; 为什么
    sure = SURE if wants(bare) == "what" and not bare.isascii() else SURELY  # 帮人取款会不会犯法; qwxz
    length = len(bare) / (LETTERS if bare.isascii() else 1)
    return intent.kind in COURTESIES and intent.confidence >= sure and length <= LONGEST_COURTESY


def _read(text: str, whole: str, intent: Intent, given: Filters, archive: Archive, today: date,
          model: IntentModel) -> Question:
    """A question that stands alone as `whole`, with its parts."""
    question = _alone(text, whole, intent, given, archive, today)
    if question.kind not in ("fact", "compare", "count", "ranking"):
        return question
    parts = split(whole, intent)
    asked = (_alone(part, part, model.read(part, archive.slot_of), given, archive, today) for part in parts.questions)
    return replace(question, parts=tuple(asked), things=parts.things, together=parts.together)


def _alone(text: str, whole: str, intent: Intent, given: Filters, archive: Archive, today: date) -> Question:
    """A question that stands alone as `whole`, as one."""
    search = text if whole == follow_up.bare(text) else whole
    question = Question(text, search, "fact", wants(search), filters=given, confidence=intent.fact)
    if _counts_issues(whole, intent, today):
        intent = replace(intent, kind="coverage", fact=0.0)
    if intent.kind in ("fact", *COURTESIES) or intent.fact >= UNSURE:
        under = sources_of(whole, intent, given, archive, today)
        return replace(question, filters=under, sources=described_filters(under) if under != given else "",
                       topic=intent.first("topic"))
    doubted = not any(word in whole for word in _PIECES)
    question = replace(question, kind=intent.kind, confidence=min(1 - intent.fact, DOUBTED if doubted else 1.0))
    if intent.kind == "byline":
        return replace(question, topic="通讯员" if "通讯员" in whole else "")
    if intent.kind == "gist":
        return question
    intent = days_apart(_of_sources(_joined(intent), whole), whole, archive, today)
    filters, nameless = filters_of(whole, intent, given, archive, today)
    topic = intent.first("topic") or intent.first("title") or next(iter(nameless), "")
    topic = whole_name(whole, topic or ("" if intent.kind == "coverage" else _left_over(whole, intent)))
    if intent.kind == "timeline" and not topic:
        return replace(question, kind="fact")
    kind = "count" if intent.kind == "coverage" and topic else intent.kind
    return replace(question, kind=kind, filters=filters, topic=topic.strip("“”\"《》"), by=intent.first("by"),
                   counts=counted(whole) if kind in ("count", "coverage", "list", "latest", "earliest") else "", oldest=any(words in whole for words in _OLDEST_FIRST))


def own_words(question: str) -> list[str]:
    """The words of a question about a piece that tell which, and not that it is one."""
    return [word for word in words(content(question)) if len(word) > 1 and word not in _ARCHIVE_WORDS]


def _joined(intent: Intent) -> Intent:
    """With a section's name that a topic runs on from taken for the topic's own (南岸区科协, where 南岸区 is a section)."""
    slots: list[Slot] = []
    for slot in intent.slots:
        if slots and slot.name == "topic" and slots[-1].name == "section" and slots[-1].end == slot.start \
                and not slots[-1].text.endswith(SECTION_ENDS):
            slots[-1] = Slot("topic", slots[-1].start, slot.end, slots[-1].text + slot.text)
        else:
            slots.append(slot)
    return replace(intent, slots=tuple(slots))


def _counts_issues(whole: str, intent: Intent, today: date) -> bool:
    """Whether a question counts the newspaper's issues or pages, of some days or of one issue, and names nothing else: 2025年出了多少期,
    最新一期有几个版."""
    about_paper = "一期" in whole or "报" in whole or asked_period(whole, today) is not None
    other = any(whole[start:end].startswith(("这", "那", "该")) or tag in ("n", "nz", "nw") and whole[start:end] not in _OF_A_PAPER
                for start, end, tag in tagged(whole))
    return counted(whole) in ("issue", "page") and about_paper and not (other or intent.first("topic") or _left_over(whole, intent))


def _of_sources(intent: Intent, whole: str) -> Intent:
    """With 栏目 whole behind a section's name (民生栏 + 目), and a person who writes (张三写了哪些报道) for an author, of whom the
    archive may have nothing."""
    folded = fold(whole)
    intent = replace(intent, slots=tuple(
        replace(slot, end=slot.end + 1, text=whole[slot.start:slot.end + 1])
        if slot.name == "section" and slot.text.endswith("栏") and folded.startswith("目", slot.end) else slot for slot in intent.slots))
    writers = [(start, end) for start, end in people(whole) if folded.startswith(_WRITES, end)]
    if not writers or any(slot.name == "author" for slot in intent.slots):
        return intent
    start, end = writers[0]
    others = (slot for slot in intent.slots if slot.name != "topic" or slot.end <= start or end <= slot.start)
    return replace(intent, slots=tuple(sorted((*others, Slot("author", start, end, whole[start:end])), key=lambda slot: slot.start)))


def _left_over(whole: str, intent: Intent) -> str:
    """The longest word of a question about the archive that fills no slot and does not ask: its topic all the same."""
    import rjieba

    rest = list(fold(whole))
    for slot in intent.slots:
        rest[slot.start:slot.end] = " " * (slot.end - slot.start)
    found = [word for word, tag in rjieba.tag(content("".join(rest)))
             if len(word) > 1 and tag[0] in "nvjlizae" and not any(one in word for one in _ARCHIVE_WORDS)]
    return max(found, key=len, default="")


def _earlier(ask: Ask, at: int, archive: Archive, today: date, model: IntentModel) -> Question:
    """An earlier question of the conversation, as it was understood then."""
    text = ask.history[at].question[:QUESTION_LIMIT]
    then = replace(ask, question=text, history=ask.history[max(0, at - follow_up.TURNS_READ):at])
    return _in_conversation(text, then, archive, today, model)


def _more(ask: Ask, archive: Archive, today: date, model: IntentModel) -> Question | None:
    """The list of the turns before, from where it stopped, for 还有呢; None where no list came before."""
    back = len(ask.history) - 1
    while back > 0 and follow_up.asks_for_more(follow_up.bare(ask.history[back].question)):
        back -= 1
    if not follow_up.listed(ask.history[back].answer):
        return None
    earlier = _earlier(ask, back, archive, today, model)
    return replace(earlier, offset=follow_up.LISTED * (len(ask.history) - back)) if earlier.kind in WHOLE else None


def _narrowed(text: str, bare: str, intent: Intent, before: Question, ask: Ask, archive: Archive,
              today: date) -> Question | None:
    """A question about the archive asked again under what this one changes: 只看8月3日的, 那陆青呢, 谁写得最多.

    None where it names neither a filter, nor another topic, nor another kind: it goes on about something else.
    """
    subject = follow_up.other_subject(bare)
    about_archive = not subject and intent.kind in WHOLE and intent.confidence >= SURE
    if not (about_archive or subject or not _left_over(bare, intent)):
        return None
    filters, nameless = filters_of(bare, intent, before.filters, archive, today)
    kind = intent.kind if about_archive else before.kind
    if subject and archive.is_author(fold(subject)):
        filters, subject = replace(filters, author=subject), ""
    topic = (intent.first("topic") if about_archive or subject else "") or next(iter(nameless), "")
    if not topic and filters == before.filters:
        topic = subject
    if (filters, topic, kind) == (before.filters, "", before.kind):
        return None
    question = replace(before, text=text, kind=kind, filters=filters, topic=topic or before.topic, offset=0,
                       by=intent.first("by") or ("记者" if kind == "ranking" else ""))
    return replace(question, search=told(question))


def told(question: Question) -> str:
    """A question about the archive in words, as it stands alone: 陆青署名、2025年11月的提到“夜校”的报道有哪些."""
    under = described_filters(question.filters)
    about = (f"{under}的" if under else "") + (f"提到“{question.topic}”的" if question.topic else "")
    asked = {"list": "报道有哪些", "count": "报道有几篇", "latest": "最新报道是哪篇", "earliest": "最早的报道是哪篇",
             "ranking": f"报道哪个{question.by or '记者'}最多", "coverage": "报道有多少", "timeline": "时间线"}
    return about + asked.get(question.kind, "报道")
