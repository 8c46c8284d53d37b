"""What the articles do say where a question presumes something else: 中站区 for 马村区, 2023 for 2021.

Only where it is clear: the sentence nearest to the question's other words holds one thing, and one only, of the
kind that the question gets wrong. Anything less stays a plain refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.language.dating import chinese_date, common, day_words
from assistant.language.mentions import ending_of, mentions
from assistant.language.named import PREMISES, Named, named
from assistant.language.ordinals import Ordinal, ordinals
from assistant.language.quantities import dates, numbers
from assistant.language.text import content, fold, sentences
from assistant.schema import Article

FEWEST = 4
"""Bigrams besides the thing itself that a question must have for a sentence to be recognised by them."""
BESIDE = 0.3
"""Share of them that the article must hold where the thing stands beside the same two characters (区内江, 只鸵鸟)."""
ARTICLE, SENTENCE, NUMBER_SENTENCE, RIVAL = 0.5, 0.4, 0.6, 0.7
"""The shares that the article and the sentence must hold otherwise; sentences that hold RIVAL of the best one's must agree.
Of the 409 false premises of natural_train 160
name a thing that the article does not know; with these 53 are set right, one of them wrongly, and 3 of 1,591 answerable
questions would be (were they refused)."""


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


def of_another(question: str, article: Article) -> tuple[str, Correction | None] | None:
    """The one of a row that a question asks of (四期) where the article tells of others of that row and not of it, and the
    correction where it tells of one other only; None where it does not. 第一届 presumes nothing: the others are counted from it.

    Of the 3,220 answerable questions of natural_train and natural_train2 none names such a thing, of the 1,340 others 14.
    """
    said = ordinals(article.text)
    for one in _asked_of(question):
        rivals = [other for other in said if one.is_rival(other)]
        if rivals and not _names(article, one):
            presumed = fold(question)[one.start:one.end]
            return presumed, _the_other(presumed, rivals, article)
    return None


def of_that_one(question: str, articles: Iterable[Article]) -> list[Article]:
    """The articles without those that tell of another of a row than the one that is asked of, where any tells of that."""
    every = list(articles)
    if not any(_names(article, one) for one in _asked_of(question) for article in every):
        return every
    return [article for article in every if not of_another(question, article)]


def _asked_of(question: str) -> list[Ordinal]:
    return [one for one in ordinals(question) if one.number > 1]


def _names(article: Article, one: Ordinal) -> bool:
    return any((other.row, other.number) == (one.row, one.number) for other in ordinals(f"{article.title or ''}\n{article.text}"))


def _the_other(presumed: str, rivals: Sequence[Ordinal], article: Article) -> Correction | None:
    if len({one.number for one in rivals}) != 1:
        return None
    start, end = next(span for span in sentences(article.text) if span[0] <= rivals[0].start < span[1])
    place = rivals[0].start - start, rivals[0].end - start
    return Correction(presumed, article.text[rivals[0].start:rivals[0].end], article, start, end, place)


def _in_article(thing: Named, asked: str, others: set[str], article: Article) -> Correction | None:
    presumed = thing.text
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


def _next_two(text: str, at: int) -> str:
    """The two characters after `at`, a 的 and marks passed over; "" where there are not two."""
    match = re.compile(r"的?\W*(\w\w)").match(text, at)
    return match[1] if match else ""


def _of_kind(thing: Named, article: Article, start: int, end: int, asked: str) -> Iterator[tuple[str, int, int]]:
    """(as it is said, its place in the sentence) of all there of the thing's kind that the question does not say."""
    sentence = article.text[start:end]
    if thing.kind == "place":
        for other in mentions(sentence):
            alike = other.kind in ("place", "body") and ending_of(other.name) == ending_of(thing.text) != ""
            if alike and other.name not in asked and not set(thing.text) <= set(other.name):  # 中医院 and 中医医院 are one
                yield sentence[other.start:other.end], other.start, other.end
    elif thing.kind == "person":
        people = [one for one in mentions(sentence)
                  if one.kind == "person" and one.name not in asked and one.name[:2] != thing.text[:2]]
        for one in [one for one in people if one.name[1:] == thing.text[1:]] or people:
            yield sentence[one.start:one.end], one.start, one.end
    elif thing.kind == "number":
        wanted = next((number for number in numbers(thing.text) if number.unit), None)
        rivals = [number for number in numbers(sentence) if wanted and number.unit == wanted.unit]
        if len(rivals) == 1 and rivals[0].worth != wanted.worth:  # type: ignore[union-attr]
            yield sentence[rivals[0].start:rivals[0].right], rivals[0].start, rivals[0].right
    elif thing.kind == "date":
        yield from _dates(thing, article, start, end)


def _dates(thing: Named, article: Article, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The dates of the sentence, as fine as the one presumed."""
    presumed = next(iter(dates(thing.text, article.date)), None)
    if presumed is None:
        return
    size, with_year = 10 if presumed.day else 7 if presumed.month else 4, presumed.year and not presumed.month
    for left, right, day in ((left, right, common(day)) for left, right, day in day_words(article)):
        if start <= left and right <= end and len(day) >= size:
            written_out = article.text[left:right]
            if with_year and "年" not in written_out or presumed.month and "月" not in written_out:
                continue
            if article.text[left - 1:left] in ("—", "-", "至", "到") or day[:4] > (article.date or "9999"):
                continue  # the end of a span, or still to come
            written = chinese_date(day[:size])
            yield written if presumed.year else written.partition("年")[2], left - start, right - start


def _bigrams(text: str) -> set[str]:
    return {text[i:i + 2] for i in range(len(text) - 1) if text[i:i + 2].isalnum()}
