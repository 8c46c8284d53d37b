"""Answers put together without a language model: quotes, lists of articles, refusals, greetings.

Every text is plain, with [n] after what stands in article n; every citation's quote is the article's own text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from assistant.generation.grounding import best_quote
from assistant.generation.prompting import Source
from assistant.language.borders import mentions
from assistant.language.dating import chinese_date, cite
from assistant.language.text import sentences
from assistant.question.analysis import WHOLE, Question
from assistant.question.filters import described_filters
from assistant.question.follow_up import LISTED
from assistant.reading.changes import Row as Change
from assistant.reading.disagreement import Disagreement
from assistant.reading.premises import Correction
from assistant.reading.reader import Quote, Reading
from assistant.reading.tables import Row
from assistant.reading.timeline import Row as TimelineRow
from assistant.retrieval import distinct_articles
from assistant.schema import Answer, Article, Citation, Coverage, Passage

NEAREST = 3
"""Articles named where there is no answer."""
NEAREST_ARE = "最接近的报道："
OPENING = 170
"""Characters of an article's opening that say what it is about."""
CUT = "……"
"""Behind a quote that ends before its sentence does."""
_ENDS = tuple("。！？!?…”’』」")
_TABLE_LINE = re.compile(r"(\|(?:[^|\n]*\|){2,})(?:\[\d+\])*")
_PRINTED_MARK = re.compile(r"\[(\d+)\]")


def described(coverage: Coverage) -> str:
    """What the archive holds, in a phrase: 10 篇报道（焦作日报，2025年11月）."""
    first, last = chinese_date(coverage.first_date), chinese_date(coverage.last_date)
    span = first if first == last else f"{first}至{last}"
    inside = "，".join(filter(None, ("、".join(coverage.newspapers[:3]), span)))
    return f"{coverage.articles} 篇报道" + (f"（{inside}）" if inside else "")


def named(article: Article) -> str:
    """An article as it is named in a list: 《title》, newspaper, date, section, authors."""
    title = f"《{article.title}》" if article.title else f"“{article.heading}”"
    return "，".join(filter(None, (title, article.newspaper, chinese_date(article.date), article.section,
                                   "、".join(article.authors))))


def is_cut(quote: Quote) -> bool:
    """Whether the article's sentence goes on behind the quote."""
    return quote.text[-1:] not in _ENDS and quote.article.text[quote.end:quote.end + 1] not in ("", "\n")


@dataclass(frozen=True, slots=True)
class Listed:
    """Articles to be listed: how many there are in all, those `shown`, what else prints the text of one (by its id), the
    `parts` of the topic where no article mentions it whole, the `names` that it has, and `lines` that say what was counted."""

    total: int
    shown: tuple[Article, ...] = ()
    reprints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    heading: str = ""
    names: tuple[str, ...] = ()


class _Text:
    """A text that grows, with the citations it needs, numbered by article in order of first use."""

    def __init__(self) -> None:
        self.text = ""
        self.citations: list[Citation] = []
        self.emphasis: list[tuple[int, int]] = []
        self.numbers: dict[str, int] = {}

    def add(self, text: str, *, strong: bool = False) -> None:
        if strong:
            self.emphasis.append((len(self.text), len(self.text) + len(text)))
        self.text += text

    def cite(self, quote: Quote) -> None:
        n = self.numbers.setdefault(quote.article.id, len(self.numbers) + 1)
        self.citations.append(cite(n, quote.article, quote.start, quote.end, quote.emphasis))
        self.text += f"[{n}]"

    def quote(self, quote: Quote, marks: str = "{}") -> None:
        """The quote as it stands in the article, the short answer in it emphasised, with its mark."""
        opening, closing = marks.split("{}")
        self.text += opening
        if quote.emphasis:
            self.emphasis.append((len(self.text) + quote.emphasis[0], len(self.text) + quote.emphasis[1]))
        shown = quote.text + (CUT if is_cut(quote) else "")
        self.text += _PRINTED_MARK.sub(r"［\1］", shown) + closing  # [7] printed in an article is no mark of ours
        self.cite(quote)

    def answer(self, question: Question, kind: str, passages: Sequence[Passage] = (), *, refused: bool = False) -> Answer:
        return Answer(question.text, self.text, kind, refused, tuple(self.citations), tuple(passages),
                      tuple(self.emphasis), question.understood)


def quotes(question: Question, reading: Reading, passages: Sequence[Passage], other: Disagreement | None = None,
           older: Sequence[Quote] = ()) -> Answer:
    """The reading as quotes, the short answer emphasised in its place; then what an `other` article says instead, and the
    `older` figures of the same thing, newest first."""
    text = _Text()
    for number, quote in enumerate(reading.quotes):
        text.add("\n" if number else "")
        text.quote(quote)
    if other:
        when = chinese_date(other.quote.article.date)
        said = "报纸另有更正" if other.notice else "另一篇报道"
        text.add(f"\n{said}{f'（{when}）' if when else ''}{'：' if other.notice else '的说法不同：'}")
        text.quote(other.quote, "“{}”")
    for number, quote in enumerate(older):
        text.add("\n" + "较早的报道：" * (number == 0) + chinese_date(quote.article.date) + "，")
        text.quote(quote, "“{}”")
    return text.answer(question, "quotes", passages)


def changed(question: Question, rows: Sequence[Change], passages: Sequence[Passage]) -> Answer:
    """How a figure changed: a row a date, with its figure emphasised and its source."""
    text = _Text()
    text.add("报道里的数字，按时间先后：" if len(rows) > 1 else "")
    for row in rows:
        text.add(f"\n{chinese_date(row.day)}：" if len(rows) > 1 else "")
        text.quote(row.quote, "“{}”" if len(rows) > 1 else "{}")
    return text.answer(question, "quotes", passages)


def refusal(question: Question, reading: Reading, passages: Sequence[Passage], coverage: Coverage) -> Answer:
    """No answer: what was searched, what the articles say instead or do not know, and the nearest articles."""
    text = _Text()
    sources = described_filters(question.filters)
    wanted = "这样的报道" if question.kind in WHOLE else "能回答这个问题的内容"
    text.add(f"在 {described(coverage)}里{f'（只看{sources}）' if sources else ''}没有找到{wanted}。")
    if put_right := reading.correction:
        _put_right(text, put_right)
    if reading.alike:
        text.add("名字相近的有")
        text.add(f"“{reading.alike[0]}”", strong=True)
        text.add("：")
        text.quote(reading.alike[1], "“{}”")
        text.add("\n")
    unknown = "、".join(f"“{name}”" for name in reading.unknown[:3]) if not reading.correction else ""
    _add_nearest(text, question, passages, f"最接近的报道没有提到{unknown}：" if unknown else NEAREST_ARE)
    return text.answer(question, "refusal", passages, refused=True)


def nowhere(question: Question, names: Sequence[str], passages: Sequence[Passage], coverage: Coverage) -> Answer:
    """No answer: nothing in the archive tells of what the question asks about; and the nearest articles."""
    text = _Text()
    text.add(f"{described(coverage)}里都没有提到{'、'.join(f'“{name}”' for name in names)}。")
    _add_nearest(text, question, passages, NEAREST_ARE)
    return text.answer(question, "refusal", passages, refused=True)


def _add_nearest(text: _Text, question: Question, passages: Sequence[Passage], heading: str) -> None:
    if passages:
        text.add(heading)
    for passage in distinct_articles(passages)[:NEAREST]:
        source = Source(1, passage.article, (passage.chunk,))
        text.add(f"\n{named(passage.article)}")
        text.cite(Quote(passage.article, *best_quote(question.search, source)))


def alternatives(question: Question, told: Sequence[tuple[str, Quote]], passages: Sequence[Passage], name: str,
                 several: bool) -> Answer:
    """What is said of each of the people of a name, under what their articles call them; `several` where they are surely
    not one."""
    text = _Text()
    text.add(f"报道里有 {len(told)} 位“{name}”：\n" if several else "")
    for number, (described_as, quote) in enumerate(told):
        text.add("\n" if number else "")
        text.add(f"{described_as}：" if several and described_as else "")
        text.quote(quote)
    return text.answer(question, "quotes", passages)


def cautious(question: Question, name: str, other: str, quote: Quote, passages: Sequence[Passage]) -> Answer:
    """A refusal where no article holds a name, with the one that is nearly it."""
    text = _Text()
    text.add(f"报道里没有“{name}”，写到的是")
    text.add(f"“{other}”", strong=True)
    text.add("：")
    text.quote(quote, "“{}”")
    text.add("如果指的是这一位，请用这个名字再问。")
    return text.answer(question, "refusal", passages, refused=True)


def _put_right(text: _Text, put_right: Correction) -> None:
    text.add("报道中说的是")
    text.add(put_right.reported, strong=True)
    text.add(f"，不是{put_right.presumed}：")
    text.quote(Quote(put_right.article, put_right.start, put_right.end, put_right.emphasis), "“{}”")
    text.add("\n")


def articles(question: Question, found: Listed, coverage: Coverage) -> Answer:
    """LISTED articles of a list from the question's offset on, with the count of all and what was counted by.

    Each cites the sentence that mentions the topic, or its opening.
    """
    text = _Text()
    about = described_list(question)
    text.add(f"{about}报道有 ")
    text.add(f"{found.total} 篇", strong=True)
    if found.parts:
        text.add(f"（没有整个写到“{question.topic}”的，这些写到{'、'.join(f'“{part}”' for part in found.parts)}）")
    if not found.shown:
        text.add("，已经全部列出。")
        return text.answer(question, "articles")
    for line in found.lines:
        text.add(f"\n{line}")
    order = "最早" if question.oldest else "最近"
    if question.offset:
        text.add(f"，第 {question.offset + 1} 至 {question.offset + len(found.shown)} 篇是：")
    elif found.lines:
        text.add(f"\n{order}的 {len(found.shown)} 篇是：" if found.total > LISTED else "\n这些报道是：")
    else:
        text.add("：" if found.total <= LISTED else f"，{order}的 {LISTED} 篇是：")
    _add_list(text, found)
    if not (about or found.lines or found.total <= LISTED):
        text.add(f"\n报库共收 {described(coverage)}。")
    return text.answer(question, "articles")


def told_first(question: Question, opening: str, answer: str, found: Listed) -> Answer:
    """An answer in words, its heart emphasised, with the list of articles that it stands on."""
    text = _Text()
    text.add(opening)
    text.add(answer, strong=True)
    text.add("。" if not found.lines else "：")
    for line in found.lines:
        text.add(f"\n{line}")
    if found.shown:
        most = f"其中最近的 {len(found.shown)} 篇：" if found.total > len(found.shown) else "即："
        text.add(f"\n{found.heading or most}")
        _add_list(text, found)
    return text.answer(question, "articles")


def described_list(question: Question) -> str:
    """By what a list was chosen, before the word for its articles; "" for all."""
    sources = described_filters(question.filters)
    return (f"{sources}的" if sources else "") + (f"提到“{question.topic}”的" if question.topic else "")


def _add_list(text: _Text, found: Listed) -> None:
    for article in found.shown:
        others = "、".join(found.reprints.get(article.id, ()))
        text.add(f"\n{named(article)}" + (f"（同文另见{others}）" if others else ""))
        text.cite(Quote(article, *_mention(article, found.names or found.parts)))


def timeline(question: Question, rows: Sequence[TimelineRow]) -> Answer:
    """The rows of a timeline, each its date and the sentence that tells of it."""
    text = _Text()
    text.add(f"报道里有日期的 {len(rows)} 件事，按时间先后：")
    for row in rows:
        text.add("\n")
        text.add(chinese_date(row.date), strong=True)
        text.add("：")
        text.quote(Quote(row.article, row.start, row.end), "“{}”")
    return text.answer(question, "quotes")


def offices(question: Question, name: str, rows: Sequence[tuple[str, Quote]], passages: Sequence[Passage]) -> Answer:
    """The offices that articles give somebody, each with the sentence that does."""
    text = _Text()
    text.add(f"报道里“{name}”的职务，按时间先后：")
    for role, quote in rows:
        text.add(f"\n{chinese_date(quote.article.date)}，")
        text.add(role, strong=True)
        text.add("：")
        text.quote(quote, "“{}”")
    return text.answer(question, "quotes", passages)


def corrected(question: Question, rows: Sequence[tuple[Article, Quote]], passages: Sequence[Passage]) -> Answer:
    """The corrections that were printed, each with the article that it puts right."""
    text = _Text()
    sources = described_filters(question.filters)
    text.add(f"{f'{sources}的' if sources else ''}报纸登过的更正有 ")
    text.add(f"{len({quote.article.id for _, quote in rows})} 则", strong=True)
    text.add("：")
    for article, quote in rows:
        text.add(f"\n{named(article)}")
        text.cite(Quote(article, *opening(article)))
        when = chinese_date(quote.article.date)
        text.add(f"（{when}更正）：" if when else "：")
        text.quote(quote, "“{}”")
    return text.answer(question, "articles", passages)


def on_page(question: Question, article: Article, passages: Sequence[Passage]) -> Answer:
    """The page on which an article stands."""
    text = _Text()
    text.add(f"{named(article)}，登在")
    text.add(f"第{article.page}版", strong=True)
    text.add("。")
    text.quote(Quote(article, *sentences(article.text)[0]), "“{}”")
    return text.answer(question, "quotes", passages)


def which_piece(question: Question) -> Answer:
    """What to type where no piece is named."""
    return Answer(question.text, "请说出是哪一篇，比如“《标题》讲了什么”；或先让我列出报道，如“最近有什么新闻”，再问“第二篇讲了什么”。", "hint")


def gist(question: Question, article: Article, passages: Sequence[Passage]) -> Answer:
    """What a piece says: its opening sentences, quoted."""
    text = _Text()
    text.add(f"{named(article)}，开头是：\n")
    text.quote(Quote(article, *opening(article)))
    return text.answer(question, "quotes", passages)


def byline(question: Question, article: Article, passages: Sequence[Passage], coverage: Coverage) -> Answer:
    """Who wrote a piece, with the printed byline where the text holds it; a refusal where nobody is named."""
    spans = sentences(article.text)
    printed = next((span for span in spans if any(name in article.text[slice(*span)] for name in article.authors)), None)
    role = question.topic if question.topic == "通讯员" else ""
    if not article.authors or role and role not in article.text[slice(*(printed or (0, 0)))]:
        return refusal(question, Reading(), passages, coverage)
    text = _Text()
    text.add("署名：")
    text.add("、".join(article.authors), strong=True)
    text.add("。")
    text.quote(Quote(article, *(printed or spans[0])))
    return text.answer(question, "quotes", passages)


def courtesy(question: Question, coverage: Coverage) -> Answer:
    """A short honest answer to what is no question for the newspaper, and what can be asked instead."""
    english = question.text.isascii() and question.kind != "empty"
    return Answer(question.text, (_SAID_IN_ENGLISH if english else _SAID)[question.kind].format(
        held=described(coverage), english=f"{coverage.articles} articles"),
        "hint" if question.kind in ("empty", "complaint") else "greeting")


_CAN = ("我可以回答关于 {held}的问题，每句话都注明出处。"
        "可以问一件事（多少、何时、在哪里、是谁、为什么），也可以问报道本身，如“某某记者写了哪些报道”“哪些报道提到某事”。")
_CAN_IN_ENGLISH = "I answer questions about {english} of this newspaper; every sentence shows its source. Ask me what was reported."
_SAID = {
    "greeting": f"您好！{_CAN}", "thanks": f"不客气！还想了解什么，请接着问。{_CAN}",
    "help": f"我是报纸的问答助手：在报道里找答案，引原文，不编造；报上没有的，我就说没有。{_CAN}",
    "complaint": "抱歉，没有答好。请换个说法再问一次，写明人名、地名或日期；也可以点开引文，看报道原文是怎么说的。",
    "chitchat": f"这个我不会，我只回答报上登过的事。{_CAN}", "empty": f"请输入一个问题。{_CAN}"}
_SAID_IN_ENGLISH = {
    "greeting": f"Hello! {_CAN_IN_ENGLISH}", "thanks": f"You are welcome. {_CAN_IN_ENGLISH}",
    "help": f"I look answers up in this newspaper and quote it; what was not reported, I do not make up. {_CAN_IN_ENGLISH}",
    "complaint": "Sorry. Please ask again in other words, with the name, place or date; every quote opens its article.",
    "chitchat": f"I cannot do that; I only know what the newspaper reported. {_CAN_IN_ENGLISH}"}


def opening(article: Article) -> tuple[int, int]:
    """The (start, end) of the article's first sentences, as many as OPENING hold, at least one."""
    spans = sentences(article.text)
    end = next((b for _, b in reversed(spans) if b - spans[0][0] <= OPENING), spans[0][1])
    return spans[0][0], end


def _mention(article: Article, names: Sequence[str]) -> tuple[int, int]:
    """The first sentence that mentions a thing by the first of its names that stands there; else the opening."""
    spans = sentences(article.text)
    at = next((start for name in names for start, _ in mentions(article.text, name)), -1)
    return next((span for span in spans if span[0] <= at < span[1]), spans[0])


def table_line(cells: Iterable[str]) -> str:
    """A line of a table in an answer's text: | cell | cell |"""
    return f"| {' | '.join(cells)} |"


def cells_of(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The (start, end) of each cell of `text[start:end]` where that is a line of a table; [] where it is none."""
    line = _TABLE_LINE.fullmatch(text, start, end)
    bars = [start + n for n, character in enumerate(text[start:line.end(1)]) if character == "|"] if line else []
    return [_stripped(text, left + 1, right) for left, right in pairwise(bars)]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without the blanks around it."""
    cell = text[start:end]
    return end - len(cell.lstrip()) if cell.strip() else end, start + len(cell.rstrip()) if cell.strip() else end


def table_rows(question: Question, rows: Sequence[Row], passages: Sequence[Passage]) -> Answer:
    """Rows of a table between bars under their header, the cell asked for emphasised, with the row as its source."""
    text = _Text()
    text.add(table_line(head.text for head in rows[0].table.header))
    for row in rows:
        text.add("\n|")
        for n, cell in enumerate(row.cells):
            text.add(" ")
            text.add(cell.text, strong=n == row.column)
            text.add(" |")
        start, end = row.cells[0].start, row.cells[-1].end
        asked = row.cells[row.column] if row.column is not None else None
        text.cite(Quote(row.table.article, start, end, (asked.start - start, asked.end - start) if asked else None))
    return text.answer(question, "quotes", passages)
