"""Answers put together without a language model: quotes, lists of articles, refusals, greetings.

Every text is plain, with [n] after what stands in article n; every citation's quote is the article's own text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.premises import Correction, as_said, corrected
from assistant.language.dating import chinese_date, cite
from assistant.reading.disagreement import Disagreement
from assistant.generation.grounding import best_quote
from assistant.generation.prompting import Source
from assistant.question.filters import described_filters
from assistant.question.analysis import LISTED, Question
from assistant.reading.reader import QUOTED_CHARACTERS, Quote, Reading
from assistant.retrieval import distinct_articles
from assistant.schema import Answer, Article, Citation, Coverage, Passage
from assistant.language.text import fold, sentences
from assistant.reading.timeline import Row

NEAREST = 3
"""Articles named where there is no answer."""
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
        self.text += _PRINTED_MARK.sub(r"［\1］", quote.text) + closing  # [7] printed in an article is no mark of ours
        self.cite(quote)

    def answer(self, question: Question, kind: str, passages: Sequence[Passage] = (), *, refused: bool = False) -> Answer:
        return Answer(question.text, self.text, kind, refused, tuple(self.citations), tuple(passages),
                      tuple(self.emphasis), question.understood)


def quotes(question: Question, reading: Reading, passages: Sequence[Passage],
           other: Disagreement | None = None) -> Answer:
    """The reading as quotes, the short answer emphasised in its place; then what an `other` article says instead."""
    text = _Text()
    for number, quote in enumerate(reading.quotes):
        text.add("\n" if number else "")
        text.quote(quote)
    if other:
        when = chinese_date(other.quote.article.date)
        said = "报纸另有更正" if other.notice else "另一篇报道"
        text.add(f"\n{said}{f'（{when}）' if when else ''}{'：' if other.notice else '的说法不同：'}")
        text.quote(other.quote, "“{}”")
    return text.answer(question, "quotes", passages)


def refusal(question: Question, reading: Reading, passages: Sequence[Passage], coverage: Coverage) -> Answer:
    """No answer: what was searched, what the articles say instead or do not know, and the nearest articles."""
    text = _Text()
    sources = described_filters(question.filters)
    wanted = "这样的报道" if question.kind == "articles" else "能回答这个问题的内容"
    text.add(f"在 {described(coverage)}里{f'（只看{sources}）' if sources else ''}没有找到{wanted}。")
    known = {article.id: article for article in (*(q.article for q in reading.quotes), *(p.article for p in passages))}
    if put_right := corrected(question.search, reading.unknown, list(known.values())[:NEAREST]):
        _put_right(text, put_right)
    elif reading.unknown and passages:
        text.add(f"最接近的报道没有提到{'、'.join(f'“{as_said(name)}”' for name in reading.unknown[:3])}。")
    if passages:
        text.add("最接近的报道：")
    for passage in distinct_articles(passages)[:NEAREST]:
        source = Source(1, passage.article, (passage.chunk,))
        text.add(f"\n{named(passage.article)}")
        text.cite(Quote(passage.article, *best_quote(question.search, source)))
    return text.answer(question, "refusal", passages, refused=True)


def _put_right(text: _Text, put_right: Correction) -> None:
    text.add("报道中说的是")
    text.add(put_right.reported, strong=True)
    text.add(f"，不是{put_right.presumed}：")
    text.quote(Quote(put_right.article, put_right.start, put_right.end, put_right.emphasis), "“{}”")
    text.add("\n")


def articles(question: Question, found: Sequence[Article], coverage: Coverage) -> Answer:
    """LISTED articles of a list from the question's offset on, newest first, with the count of all.

    Each cites the sentence that mentions the topic, or its opening.
    """
    text = _Text()
    sources = described_filters(question.filters)
    about = (f"{sources}的" if sources else "") + (f"提到“{question.topic}”的" if question.topic else "")
    shown = found[question.offset:question.offset + LISTED]
    text.add(f"{about}报道有 ")
    text.add(f"{len(found)} 篇", strong=True)
    if not shown:
        text.add("，已经全部列出。")
    elif question.offset:
        text.add(f"，第 {question.offset + 1} 至 {question.offset + len(shown)} 篇是：")
    else:
        text.add("：" if len(found) <= LISTED else f"，最近的 {LISTED} 篇是：")
    for article in shown:
        text.add(f"\n{named(article)}")
        text.cite(Quote(article, *_mention(article, question.topic)))
    if not (about or len(found) <= LISTED):
        text.add(f"\n报库共收 {described(coverage)}。")
    return text.answer(question, "articles")


def timeline(question: Question, rows: Sequence[Row]) -> Answer:
    """The rows of a timeline, each its date and the sentence that tells of it."""
    text = _Text()
    text.add(f"报道里有日期的 {len(rows)} 件事，按时间先后：")
    for row in rows:
        text.add("\n")
        text.add(chinese_date(row.date), strong=True)
        text.add("：")
        text.quote(Quote(row.article, row.start, row.end), "“{}”")
    return text.answer(question, "quotes")


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
