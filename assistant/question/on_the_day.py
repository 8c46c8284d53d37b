"""A question about a named day, asked as the papers of these days tell of it: 11月22日天气 is 今日天气 in the paper of the 22nd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from assistant.language.periods import asked_period
from assistant.question.analysis import Question
from assistant.schema import Filters

_WORDS = (("今日", 0), ("昨日", 1), ("明日", -1))
"""How a paper of so many days later calls the day."""


@dataclass(frozen=True, slots=True)
class OnTheDay:
    """A `question` that names the `day` (ISO) by the word that the papers under its filters have for it."""

    question: Question
    day: str


def on_the_day(question: Question, today: date, newest: str) -> Iterator[OnTheDay]:
    """The question as the papers of the day itself, of the day after and of the day before would be asked, in this order.

    None where the question names no single day, or filters of its own. `newest` is the date of the newest article.
    """
    said = asked_period(question.search, today, newest)
    if question.kind != "fact" or question.filters or not said or said.first != said.last or len(said.first) != len("2025-11-22"):
        return
    for word, later in _WORDS:
        paper = (date.fromisoformat(said.first) + timedelta(later)).isoformat()
        search = question.search[:said.start] + word + question.search[said.end:]
        yield OnTheDay(replace(question, search=search, filters=Filters(date_from=paper, date_to=paper)), said.first)
