"""A timeline: the dated sentences of articles about a thing, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.language.dating import common, day_words
from assistant.language.text import content, fold, sentences, words
from assistant.schema import Article

ROWS = 10
"""Rows of a timeline; the ones nearest to the topic stay."""
FEWEST = 2
"""A timeline of one row is none."""


@dataclass(frozen=True, slots=True)
class Row:
    """`article.text[start:end]` tells what happened on `date` (ISO of any precision)."""

    date: str
    article: Article
    start: int
    end: int


def timeline(topic: str, articles: Iterable[Article]) -> list[Row]:
    """At most ROWS dated sentences about `topic`, earliest first, one a date. [] where fewer than FEWEST are dated.

    A sentence belongs that names the topic, or that stands in an article whose title does or that names it
    more than once. It is dated by the first date in it.
    """
    parts = [word for word in words(content(topic)) if len(word) > 1] or [fold(topic)]
    found: dict[str, tuple[int, Row]] = {}
    for article in articles:
        text, title = fold(article.text), fold(article.title or "")
        if not all(part in text or part in title for part in parts):
            continue
        about_it = any(part in title or text.count(part) > 1 for part in parts)
        days = [(left, right, common(day)) for left, right, day in day_words(article)]
        for start, end in sentences(article.text):
            date = next((day for left, right, day in days if start <= left and right <= end), "")
            nearness = 2 * sum(part in text[start:end] for part in parts) + about_it
            if date and nearness > found.get(date, (0,))[0]:
                found[date] = nearness, Row(date, article, start, end)
    nearest = sorted(found.values(), key=lambda pair: -pair[0])[:ROWS]
    return sorted((row for _, row in nearest), key=lambda row: row.date) if len(nearest) >= FEWEST else []
