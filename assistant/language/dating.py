"""今年5月, 近日, 昨日, 上半年, 18日: the day, month or year that a word of an article means, by the article's date.

Shown beside a quote and never in it. What can mean two days means none here, and a word is never resolved
finer than the article's own date allows: 近日 in an article dated to its month is that month.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from assistant.language.numbers import Form, dates, iso_parts, meanings
from assistant.schema import Article, Citation

Dated = tuple[int, int, str]
"""(start, end, ISO date of year, month or day precision, or first/last of two months)."""

_SPANS = {"上半年": (1, 6), "下半年": (7, 12), "前三季度": (1, 9), "一季度": (1, 3), "二季度": (4, 6), "三季度": (7, 9), "四季度": (10, 12)}
_SPAN = re.compile(r"(?P<year>今年|去年|前年|本年|明年)?(?:的)?第?(?P<span>[上下]半年|前三季度|(?<!前)[一二三四]季度)")
_YEARS = {"今年": 0, "本年": 0, "去年": -1, "前年": -2, "明年": 1}
_LATELY = re.compile(r"近日|日前|近期(?!内)|连日来|这几天|(?<![0-9一二三四五六七八九十年])本月")
_WRITTEN_YEAR = re.compile(r"(?:\d{4}|[一二][〇零一二三四五六七八九]{3})年?$")
_NO_DAY = re.compile(r" ?(?:以?内|之内)")
_NAME = re.compile(r"^[“《路街巷道弄].*")
"""“今日某某”, 甲路11号: the character before makes a name of it."""
_ISO = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
SHOWN = 4
"""Words explained under one answer; more would bury it."""


def chinese_date(date: str | None) -> str:
    """An ISO date of any precision as the paper writes it: 2025年11月18日; two of them as 2025年1月至6月; "" without one."""
    first, _, last = (date or "").partition("/")
    match = _ISO.fullmatch(first)
    written = "".join(f"{int(part)}{unit}" for part, unit in zip(match.groups(), "年月日") if part) if match else ""
    return f"{written}至{int(last[-2:])}月" if written and last else written


def iso(form: Form) -> str:
    """A year, month and day as ISO, as far as they are known; "" without a year."""
    year, month, day = form
    return "" if not year else f"{year:04d}" + (f"-{month:02d}" + (f"-{day:02d}" if day else "") if month else "")


def day_words(article: Article) -> list[Dated]:
    """Every word of the article's text that dates something, with the one date it means, in order.

    Dates written in full are among them; a date that can mean two days, and any without a year known, is not.
    """
    return list(_day_words(article.text, article.date))


@lru_cache(maxsize=64)
def _day_words(text: str, date: str | None) -> tuple[Dated, ...]:
    found = [(mention.start, mention.end, iso(next(iter(forms))))
             for mention, forms in meanings(dates(text, date), date)
             if len(forms) == 1 and not _NO_DAY.match(text, mention.end)
             and not _NAME.search(text[max(0, mention.start - 1):mention.end])]
    found = [*_half_years(text, date), *_lately(text, date), *((start, end, day) for start, end, day in found if day)]
    kept: list[Dated] = []
    for span in sorted(found, key=lambda span: (span[0], -span[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return tuple(kept)


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


def _half_years(text: str, date: str | None) -> Iterator[Dated]:
    """上半年, 今年三季度. Without a year it is the article's, where the span has begun by the article's month."""
    year, month, _ = iso_parts(date)
    for match in _SPAN.finditer(text) if year else ():
        first, last = _SPANS[match["span"]]
        before = text[max(0, match.start() - 5):match.start()]
        if match["year"]:
            year_meant = year + _YEARS[match["year"]]  # type: ignore[operator]
        elif _WRITTEN_YEAR.search(before) or first > (month or 0):
            continue
        else:
            year_meant = year
        yield match.start(), match.end(), f"{year_meant}-{first:02d}/{year_meant}-{last:02d}"


def _lately(text: str, date: str | None) -> Iterator[Dated]:
    """近日, 日前, 本月: the article's month, or its year where no month is known."""
    when = (date or "")[:7]
    for match in _LATELY.finditer(text) if _ISO.fullmatch(when) else ():
        if match.group() != "本月" or len(when) == 7:
            yield *match.span(), when
