"""今年5月, 近日, 昨日, 上半年, 18日: the day, month or year that a word of an article means, by the article's date.

Shown beside a quote and never in it. What can mean two days means none here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from assistant.language.dates import iso_parts
from assistant.language.periods import periods
from assistant.schema import Article, Citation

Dated = tuple[int, int, str]
"""(start, end, ISO date of year, month or day precision, or first/last of two of them)."""

_NO_DAY = re.compile(r" ?(?:以?内|之内)")
_NAME = re.compile(r"^[“《路街巷道弄].*")
"""“今日某某”, 甲路11号: the character before makes a name of it."""
SHOWN = 4
"""Words explained under one answer; more would bury it."""


def chinese_date(date: str | None) -> str:
    """An ISO date of any precision as the paper writes it: 2025年11月18日; two of them as 2025年1月至6月; "" without one."""
    first, _, last = (date or "").partition("/")
    written, until = _written(first), _written(last)
    shared = next((cut for cut in (first[:8], first[:5]) if until and last.startswith(cut)), "")
    return written + (f"至{until[len(_written(shared.rstrip('-'))):]}" if written and until else "")


def common(day: str) -> str:
    """The month or the year that both ends of a range lie in (2025-01/2025-06 in 2025); a single date as it is."""
    first, _, last = day.partition("/")
    return first if not last else next((first[:cut] for cut in (7, 4) if first[:cut] == last[:cut]), "")


def _written(date: str) -> str:
    known = re.fullmatch(r"\d{4}(?:-\d\d){0,2}", date)
    return "".join(f"{part}{unit}" for part, unit in zip(iso_parts(date), "年月日") if part) if known else ""


def day_words(article: Article) -> list[Dated]:
    """Every word of the article's text that dates something, with the one date it means, in order.

    Dates written in full are among them; a date that can mean two days, and any without a year known, is not.
    """
    return list(_day_words(article.text, article.date))


@lru_cache(maxsize=64)
def _day_words(text: str, date: str | None) -> tuple[Dated, ...]:
    return tuple((one.start, one.end, one.first if one.first == one.last else f"{one.first}/{one.last}")
                 for one in periods(text, date)
                 if not _NO_DAY.match(text, one.end) and not _NAME.match(text[max(0, one.start - 1):one.end]))


def cite(n: int, article: Article, start: int, end: int, emphasis: tuple[int, int] | None = None) -> Citation:
    """The citation of `article.text[start:end]`, with the dates that the words in it leave to the reader."""
    inside = (word for word in day_words(article) if start <= word[0] and word[1] <= end) if article.date else ()
    dated = tuple((left - start, right - start, day) for left, right, day in inside
                  if not _says_it(article.text[left:right], day))
    return replace(Citation.of(n, article, start, end, emphasis), dated=dated)


def dated_note(citations: Iterable[Citation], text: str | None = None) -> str:
    """（“今年5月”即2025年5月；“近日”即2025年11月）: the words of the quotes that need it, each once; "" for none.

    With a `text`, those of the quotes that stand in it.
    """
    said = dict.fromkeys((citation.quote[start:end], chinese_date(day)) for citation in citations
                         if text is None or citation.quote in text for start, end, day in citation.dated)
    return "（" + "；".join(f"“{word}”即{day}" for word, day in list(said)[:SHOWN]) + "）" if said else ""


def _says_it(word: str, day: str) -> bool:
    """Whether the word itself names the year."""
    return day[:4] in word or bool(re.match(r"[一二][〇零一二三四五六七八九]{3}年", word))
