"""Answers put together without a language model: quotes, lists of articles, refusals, greetings.

Every text is plain, with [n] after what stands in article n; every citation's quote is the article's own text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.grounding import best_quote
from assistant.prompting import Source
from assistant.question import Question
from assistant.reader import QUOTED_CHARACTERS, Quote, Reading
from assistant.retrieval import distinct_articles
from assistant.schema import Answer, Article, Citation, Coverage, Passage
from assistant.text import fold, sentences

NEAREST = 3
"""Articles named where there is no answer."""
LISTED = 10
"""Articles named in a list; the count says how many there are."""
_PRINTED_MARK = re.compile(r"\[(\d+)\]")
_ISO = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


def chinese_date(date: str | None) -> str:
    """An ISO date of any precision as the paper writes it: 2025年11月18日; "" without one."""
    match = _ISO.fullmatch(date or "")
    return "".join(f"{int(part)}{unit}" for part, unit in zip(match.groups(), "年月日") if part) if match else ""


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
        self.citations.append(Citation.of(n, quote.article, quote.start, quote.end, quote.emphasis))
        self.text += f"[{n}]"

    def quote(self, quote: Quote) -> None:
        """The quote as it stands in the article, the short answer in it emphasised, with its mark."""
        if quote.emphasis:
            self.emphasis.append((len(self.text) + quote.emphasis[0], len(self.text) + quote.emphasis[1]))
        self.text += _PRINTED_MARK.sub(r"［\1］", quote.text)  # [7] printed in an article is no mark of ours
        self.cite(quote)

    def answer(self, question: Question, kind: str, passages: Sequence[Passage] = (), *, refused: bool = False) -> Answer:
        return Answer(question.text, self.text, kind, refused, tuple(self.citations), tuple(passages),
                      tuple(self.emphasis), question.search if question.completed else "")


def quotes(question: Question, reading: Reading, passages: Sequence[Passage]) -> Answer:
    """The reading as quotes, the short answer emphasised in its place."""
    text = _Text()
    for number, quote in enumerate(reading.quotes):
        text.add("\n" if number else "")
        text.quote(quote)
    return text.answer(question, "quotes", passages)


def refusal(question: Question, reading: Reading, passages: Sequence[Passage], coverage: Coverage) -> Answer:
    """No answer: what was searched, what the articles do not know, and the nearest articles."""
    text = _Text()
    text.add(f"在 {described(coverage)}里没有找到能回答这个问题的内容。")
    if reading.unknown and passages:
        text.add(f"最接近的报道没有提到{'、'.join(f'“{name}”' for name in reading.unknown[:3])}。")
    if passages:
        text.add("最接近的报道：")
    for passage in distinct_articles(passages)[:NEAREST]:
        source = Source(1, passage.article, (passage.chunk,))
        text.add(f"\n{named(passage.article)}")
        text.cite(Quote(passage.article, *best_quote(question.search, source)))
    return text.answer(question, "refusal", passages, refused=True)


def articles(question: Question, found: Sequence[Article], coverage: Coverage) -> Answer:
    """A list of articles, newest first; each cites the sentence that mentions the topic, or its opening."""
    text = _Text()
    filters, topic = question.filters, question.topic
    about = "".join(filter(None, (
        f"{filters.author}署名的" if filters.author else "", f"“{filters.section}”栏目的" if filters.section else "",
        f"{chinese_date(filters.date_from)}的" if filters.date_from and filters.date_from == filters.date_to else "",
        f"提到“{topic}”的" if topic else "")))
    text.add(f"{about}报道有 ")
    text.add(f"{len(found)} 篇", strong=True)
    text.add("：" if len(found) <= LISTED else f"，最近的 {LISTED} 篇是：")
    for article in found[:LISTED]:
        text.add(f"\n{named(article)}")
        text.cite(Quote(article, *_mention(article, topic)))
    if not (about or len(found) <= LISTED):
        text.add(f"\n报库共收 {described(coverage)}。")
    return text.answer(question, "articles")


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
    """A greeting, thanks or help that says what can be asked; a hint for an empty question."""
    can = (f"我可以回答关于 {described(coverage)}的问题，每句话都注明出处。"
           "可以问一件事（多少、何时、在哪里、是谁、为什么），也可以问报道本身，如“某某记者写了哪些报道”“哪些报道提到某事”。")
    said = {"greeting": f"您好！{can}", "thanks": f"不客气！还想了解什么，请接着问。{can}", "help": can,
            "empty": f"请输入一个问题。{can}"}[question.kind]
    return Answer(question.text, said, "hint" if question.kind == "empty" else "greeting")


def opening(article: Article) -> tuple[int, int]:
    """The (start, end) of the article's first sentences, as many as QUOTED_CHARACTERS hold, at least one."""
    spans = sentences(article.text)
    end = next((b for _, b in reversed(spans) if b - spans[0][0] <= QUOTED_CHARACTERS), spans[0][1])
    return spans[0][0], end


def _mention(article: Article, topic: str) -> tuple[int, int]:
    spans = sentences(article.text)
    return next((span for span in spans if topic and fold(topic) in fold(article.text[slice(*span)])), spans[0])
