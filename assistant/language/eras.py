"""Stretches of years that have a name: 上世纪八十年代, 20世纪90年代初, “十三五”期间, 民国年间; and the other ways of writing a year.

Years are of the common calendar, both ends included. All offsets count the characters of the text given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.language.dates import ERAS, TO, Date, dates, iso_parts
from assistant.language.numerals import PLAIN, small

_TENS = "二三四五六七八九"
_CENTURY = r"(?:(?P<which>上|本)个?|(?P<n>1\d|2[01]|十[一二三四五六七八九]?|二十一?) ?)世纪"
_TEN = rf"[{_TENS}]十|[1-9]0"
_PART = r"(?:初期?|早期|中期|中叶|末期?|后期|晚期)"
_DECADES = re.compile(rf"{_CENTURY}(?:的?(?P<tens>{_TEN})年代(?P<of_ten>{_PART})?|(?P<of_century>{_PART}|(?=以来)))"
                      rf"|(?<!\d)(?P<full>(?:1[5-9]|20)\d0)年代(?P<of_full>{_PART})?"
                      rf"|(?<![\d一二三四五六七八九十百千])(?P<lone>{_TEN})年代(?P<of_lone>{_PART})?")
_ORDINALS = {word: n for n, word in enumerate("一 二 三 四 五 六 七 八 九 十 十一 十二 十三 十四 十五".split(), 1)}
_PLAN = re.compile(
    r"(?P<open>[“\"‘])?(?P<n>十[一二三四五]|[一二三四六七八九十])五(?P<close>[”\"’])?(?P<during>期间|时期|规划|计划)?(?P<part>[初末])?"
    r"|第(?P<nth>十[一二三四五]?|[一二三四五六七八九])个五年(?:规划|计划)(?:期间|时期)?")
_FIRST_PLANS, _THIRD_PLAN = {1: 1953, 2: 1958}, 1966
"""The first years of the five-year plans: the third began three years late, all others follow it without a gap."""
_REIGN = re.compile(rf"(?P<era>{'|'.join(ERAS)})(?:(?:年间|时期|时代|朝)|(?P<part>初年|末年))")
_SAID_OF = {19: ("上世纪", ""), 20: ("本世纪",)}
"""What papers of this century call the decades' centuries."""
_EDGE = 3
"""Years that the beginning (初) and the end (末) of a decade, a plan or a reign are taken for; of a century a decade each."""
_IN_WORDS = frozenset("十第数百千万零一二三四五六七八九")
"""A numeral before 十三五 makes another number of it."""


@dataclass(frozen=True, slots=True)
class Years:
    """`text[start:end]` means the years from `first` to `last`."""

    start: int
    end: int
    first: int
    last: int


def named_years(text: str, anchor: str | None = None) -> list[Years]:
    """Every decade, century, five-year plan and reign that a text names, in order; 上世纪 counts from the ISO date `anchor`.

    八十年代 alone is that of the twentieth century; 二十年代 alone may be of either and is left out.
    """
    plain = text.translate(PLAIN)
    found = [*_decades(plain, iso_parts(anchor)[0] or 2000), *_plans(plain), *_reigns(plain)]
    kept: list[Years] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def is_named(text: str) -> bool:
    """Whether a text says a time by a name and not by a year of the common calendar: 民国二十三年, “十三五”期间."""
    return bool(named_years(text)) or any(text[one.start:one.start + 2] in ERAS for one in dates(text))


def written_otherwise(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """(as written, the other ways) of each year and decade in a text that has several: 1934年 is 民国二十三年, 上世纪80年代 is
    20世纪八十年代; 十三五 also 第十三个五年规划."""
    found = [(text[one.start:one.end], ways) for one in dates(text) if one.year and not one.month and (ways := _of_year(one, text))]
    for years in named_years(text):
        written = text[years.start:years.end]
        if "年代" in written:
            century, tens = divmod(years.first // 10 * 10, 100)
            heads = (f"{century + 1}世纪", *_SAID_OF.get(century, ()))
            names = [f"{head}{ten}年代" for head in heads for ten in (str(tens), f"{_numerals(tens // 10)}十")]
        elif plan := _PLAN.match(written.translate(PLAIN)):
            name = plan["n"] or plan["nth"]
            names = [f"“{name}五”", f"第{name}个五年规划", f"第{name}个五年计划"]
        else:
            continue
        found.append((written, tuple(name for name in dict.fromkeys(names) if name not in text)))
    return found


def years_between(text: str, named: list[Date]) -> set[int]:
    """The years inside the ranges of a text (2021年至2024年: 2022 and 2023), which it means without saying them."""
    plain = text.translate(PLAIN)
    return {year for one, other in zip(named, named[1:])
            if one.year and other.year and not (one.month or other.month) and re.fullmatch(TO, plain[one.end:other.start])
            for year in range(one.year + 1, other.year)}


def _of_year(one: Date, text: str) -> tuple[str, ...]:
    """The other ways of writing a year: by the eras that it lies in, or in digits."""
    year = one.year or 0
    written = text[one.start:one.end]
    if written[:2] in ERAS:
        return (f"{year}年",)
    reigns = ((name, year - first + 1) for name, (first, last) in ERAS.items() if first <= year <= last)
    return tuple(f"{name}{n}年" for name, count in reigns for n in (("元", "1") if count == 1 else (_numerals(count), str(count))))


def _numerals(n: int) -> str:
    """23 as 二十三."""
    tens, ones = divmod(n, 10)
    digits = "零一二三四五六七八九"
    return ("十" if tens == 1 else f"{digits[tens]}十" if tens else "") + (digits[ones] if ones else "")


def _decades(plain: str, year: int) -> Iterator[Years]:
    for match in _DECADES.finditer(plain):
        ten = match["tens"] or match["lone"] or ""
        decade = (_TENS.index(ten[0]) + 2 if ten[:1] in _TENS else int(ten[0])) * 10 if ten else 0
        century = year // 100 - (match["which"] == "上") if match["which"] else (small(match["n"]) or 20) - 1 if match["n"] else 19
        if match["lone"] and decade < 30:
            continue
        first = int(match["full"] or century * 100 + decade)
        part = match["of_ten"] or match["of_century"] or match["of_full"] or match["of_lone"] or ""
        whole = not (ten or match["full"])
        yield Years(*match.span(), *_part(first, first + (99 if whole else 9), part, 10 if whole else _EDGE))


def _plans(plain: str) -> Iterator[Years]:
    for match in _PLAN.finditer(plain):
        n = _ORDINALS[match["n"] or match["nth"]]
        quoted = match["open"] and match["close"]
        if match["n"] and (plain[match.start() - 1:match.start()] in _IN_WORDS and match.start() and not quoted
                           or n <= 10 and not quoted and not match["during"]):
            continue
        first = _FIRST_PLANS.get(n, _THIRD_PLAN + 5 * (n - 3))
        part = match["part"] or ""
        ends = {"初": (first, first), "末": (first + 4, first + 4)}.get(part, (first, first + 4))
        yield Years(*match.span(), *ends)


def _reigns(plain: str) -> Iterator[Years]:
    for match in _REIGN.finditer(plain):
        yield Years(*match.span(), *_part(*ERAS[match["era"]], match["part"] or "", _EDGE))


def _part(first: int, last: int, part: str, edge: int) -> tuple[int, int]:
    """The first and the last year of a part of a stretch of years; of the whole for no part."""
    if part[:1] in ("初", "早") and part:
        return first, min(last, first + edge)
    if part[:1] in ("末", "后", "晚") and part:
        return max(first, last - edge), last
    return (first + edge, last - edge) if part[:1] == "中" else (first, last)
