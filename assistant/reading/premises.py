"""What the articles do say where a question presumes something else: 中站区 for 马村区, 2023 for 2021.

Only where it is clear: the sentence nearest to the question's other words holds one thing, and one only, of the
kind that the question gets wrong. Anything less stays a plain refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.language.dating import chinese_date, day_words
from assistant.language.named import PREMISES, Named, named
from assistant.language.numbers import Number, dates, numbers
from assistant.language.names import names
from assistant.schema import Article
from assistant.language.text import content, fold, sentences

FEWEST = 4
"""Bigrams besides the thing itself that a question must have for a sentence to be recognised by them."""
BESIDE = 0.3
"""Share of them that the article must hold where the thing stands beside the same two characters (区内江, 只鸵鸟)."""
ARTICLE, SENTENCE, NUMBER_SENTENCE, RIVAL = 0.5, 0.4, 0.6, 0.7
"""The shares that the article and the sentence must hold otherwise; sentences that hold RIVAL of the best one's must agree.
Of the 409 false premises of natural_train 160
name a thing that the article does not know; with these 53 are set right, one of them wrongly, and 3 of 1,591 answerable
questions would be (were they refused)."""
_ENDING = re.compile(r"(?:街道|社区|小学|中学|大学|学院|医院|[省市区县镇乡村])$")
_ANYWHERE = re.compile(r"(?:^.|[小辖园校城市景街灾学山地新片厂库战林矿郊全该本各进停社海])区$|^(?:街道|社区|小学|中学|大学|学院|医院|.[省市县镇乡村]|[人农全本该各])$")
"""社区, 辖区, 全市: places without a name of their own."""


@dataclass(frozen=True, slots=True)
class Correction:
    """`presumed` (马村区) is what the question says, `reported` (中站区) what `article.text[start:end]` says;
    `emphasis` is its place in that sentence."""

    presumed: str
    reported: str
    article: Article
    start: int
    end: int
    emphasis: tuple[int, int]


def corrected(question: str, unknown: Sequence[str], articles: Iterable[Article]) -> Correction | None:
    """The correction of the one thing of `question` that the best article does not know; None where none is clear."""
    things = [thing for thing in named(question) if thing.kind in PREMISES and thing.text in unknown]
    if len({thing.text for thing in things}) != 1:
        return None
    thing, asked = things[0], fold(question)
    others = _bigrams(content(question).replace(thing.text, " "))
    if len(others) < FEWEST:
        return None
    for article in articles:
        if len(others & _bigrams(fold(f"{article.title or ''} {article.text}"))) < BESIDE * len(others):
            continue
        if found := _in_article(thing, asked, others, article):
            return found
    return None


def _in_article(thing: Named, asked: str, others: set[str], article: Article) -> Correction | None:
    presumed = as_said(thing.text)
    after = _next_two(asked, asked.find(presumed) + len(presumed)) if presumed in asked else ""
    rows = [(start, end, list(_of_kind(thing, article, start, end, asked))) for start, end in sentences(article.text)]
    beside = [(word, start, end, place) for start, end, said in rows for word, *place in said
              if after and _next_two(fold(article.text), start + place[1]) == after]
    if len({word for word, *_ in beside}) == 1:
        word, start, end, (left, right) = beside[0]
        return Correction(presumed, word, article, start, end, (left, right))
    if beside or len(others & _bigrams(fold(f"{article.title or ''} {article.text}"))) < ARTICLE * len(others):
        return None
    shared = [len(others & _bigrams(fold(article.text[start:end]))) for start, end, _ in rows]
    least = max((NUMBER_SENTENCE if thing.kind == "number" else SENTENCE) * len(others), RIVAL * max(shared, default=0))
    best = [row for row, n in zip(rows, shared) if n >= least]
    near = [(word, start, end, place) for start, end, said in best for word, *place in said]
    if len({word for word, *_ in near}) != 1:
        return None
    word, start, end, (left, right) = near[0]
    return Correction(presumed, word, article, start, end, (left, right))


def as_said(thing: str) -> str:
    """A number that a question names without what follows its measure word; anything else as it is."""
    number = next((number for number in numbers(thing) if not number.start), None)
    return thing[:_with_measure(thing, number)] if number and not dates(thing) else thing


def _next_two(text: str, at: int) -> str:
    """The two characters after `at`, a 的 and marks passed over; "" where there are not two."""
    match = re.compile(r"的?\W*(\w\w)").match(text, at)
    return match[1] if match else ""


def _with_measure(text: str, number: Number) -> int:
    """Where the number ends with its measure word."""
    measure = re.compile(r" ?[余多来]?(?:人次|个月|小时|分钟|公里|平方米|平米|万元|亿元|.)").match(text, number.end)
    return measure.end() if measure and number.unit != "%" else number.end


def _of_kind(thing: Named, article: Article, start: int, end: int, asked: str) -> Iterator[tuple[str, int, int]]:
    """(as it is said, its place in the sentence) of all there of the thing's kind that the question does not say."""
    sentence = article.text[start:end]
    folded = fold(sentence)
    if thing.kind == "place" and (ending := _ENDING.search(thing.text)) and not _ANYWHERE.search(thing.text):
        for other in named(sentence):
            if (other.kind == "place" and other.text.endswith(ending.group()) and other.text not in asked
                    and not _ANYWHERE.search(other.text)):
                at = folded.find(other.text)
                if not set(thing.text) <= set(other.text):  # 中医院 and 中医医院 are one
                    yield sentence[at:at + len(other.text)], at, at + len(other.text)
    elif thing.kind == "person":
        people = [(folded[left:right], left, right) for left, right in names(sentence)]
        people = [person for person in people if person[0] not in asked and person[0][:2] != thing.text[:2]]
        alike = [person for person in people if person[0][1:] == thing.text[1:]]
        for _, left, right in alike or people:
            yield sentence[left:right], left, right
    elif thing.kind == "number":
        wanted = next((number for number in numbers(thing.text) if number.unit), None)
        rivals = [number for number in numbers(sentence) if wanted and number.unit == wanted.unit]
        if len(rivals) == 1 and rivals[0].worth != wanted.worth:  # type: ignore[union-attr]
            right = _with_measure(sentence, rivals[0])
            yield sentence[rivals[0].start:right], rivals[0].start, right
    elif thing.kind == "date":
        yield from _dates(thing, article, start, end)


def _dates(thing: Named, article: Article, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The dates of the sentence, as fine as the one presumed."""
    presumed = next(iter(dates(thing.text, article.date)), None)
    if presumed is None:
        return
    size, with_year = 10 if presumed.day else 7 if presumed.month else 4, presumed.year and not presumed.month
    for left, right, day in day_words(article):
        if start <= left and right <= end and len(day) >= size and "/" not in day:
            written_out = article.text[left:right]
            if with_year and "年" not in written_out or presumed.month and "月" not in written_out:
                continue
            if article.text[left - 1:left] in ("—", "-", "至", "到") or day[:4] > (article.date or "9999"):
                continue  # the end of a span, or still to come
            written = chinese_date(day[:size])
            yield written if presumed.year else written.partition("年")[2], left - start, right - start


def _bigrams(text: str) -> set[str]:
    return {text[i:i + 2] for i in range(len(text) - 1) if text[i:i + 2].isalnum()}
