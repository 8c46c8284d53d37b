"""Dates and times of day as a Chinese newspaper writes them: what each names, and the days that it means.

`dates` reads what is named (11月18日: month and day), `periods` what that means by the article's date or the
day of asking (上周三, 去年冬天, 国庆期间). All offsets count the characters of the text given.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from assistant.language import lexicon
from assistant.language.codes import codes
from assistant.language.numerals import CHINESE, PLAIN, small

Form = tuple[int | None, int | None, int | None]
"""Year, month, day; None for what is left open."""

ERAS = {name: (int(first), int(last)) for name, first, last in lexicon.rows("eras.tsv")}
"""The year of the common calendar in which an era began, and its last."""
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")
_MONTH_NAME = "(?:" + "|".join(f"{name[:3].title()}(?:{name[3:]})?" for name in _MONTHS) + r")\.?"
_YEAR = r"(?:1\d{3}|20\d\d)"
TO = " ?(?:-+|至|到) ?"
_ERA = rf"(?:{'|'.join(ERAS)})(?:元|\d{{1,3}}|{CHINESE}) ?年"
_Y = (rf"(?:{_ERA}|(?:{_YEAR}(?= ?年|{TO}{_YEAR} ?年)|[一二][〇零一二三四五六七八九]{{3}}(?=年))(?: ?年)?"
      r"|\d\d ?年(?= ?(?:1[0-2]|0?[1-9]) ?月))")
_M = rf"(?:(?<!\d)(?:1[0-2]|0?[1-9])|十[一二]?|[一二三四五六七八九元])(?: ?月份?|(?={TO}\d{{1,2}} ?月))"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_D = (rf"(?:(?<!\d){_DAY}(?!\d)|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])"
      rf"(?: ?[日号]|(?={TO}\d{{1,2}} ?[日号]))")
_LONE_DAY = (rf"(?<![\d.]){_DAY}"
             rf"(?: ?日(?![元均本常益])| ?号(?![楼线院车馆厅机门文房台店令])|(?={TO}\d{{1,2}} ?日))")
_DATE = re.compile(
    # 2025-11-18, 2025-11, 2025/11/18, 2025.11.18
    rf"(?P<iso>(?<![\d.]){_YEAR}(?:-\d{{1,2}}(?:-\d{{1,2}})?|/\d{{1,2}}/\d{{1,2}}|\.\d{{1,2}}\.\d{{1,2}})(?![\d-]))"
    # November 18, 2025; 18 November 2025; November 2025
    rf"|(?P<english>\b{_MONTH_NAME} \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? {_YEAR}\b)?"
    rf"|\b\d{{1,2}} {_MONTH_NAME}(?: {_YEAR}\b)?|\b{_MONTH_NAME} {_YEAR}\b)"
    # 11·18
    rf"|(?<![\d.·])(?P<dot>(?:1[0-2]|0?[1-9])·{_DAY})(?![\d·])"
    # 2025年11月18日, 25年11月, 民国三十七年, 今年5月
    rf"|(?<![\d.])(?:(?P<y>{_Y})|(?P<ry>今年|去年|明年|前年|本年|上年)) ?(?:(?P<ym>{_M}) ?(?P<ymd>{_D})?)?"
    # 11月18日, 上月3日; not a month of the lunar calendar
    rf"|(?<![\d.个第])(?<![农阴]历)(?:(?P<m>{_M})|(?P<rm>本月|上个?月|下个?月)) ?(?P<md>{_D})?"
    # 昨日, 18日
    rf"|(?P<rd>今[天日晚晨早]|昨[天日晚]|大?前[天日]|明[天日晚])(?!报)|(?P<d>{_LONE_DAY})"
)
_YEARS = {"今年": 0, "本年": 0, "当年": 0, "去年": -1, "上年": -1, "前年": -2, "明年": 1}
_DAYS = {"今": 0, "昨": -1, "前": -2, "明": 1, "大": -3}
_AHEAD = re.compile(r"(?:将|拟|定于|预计|计划|即将|截止|报名)[^。！？；\n]{0,12}$")
"""Before a day that is still to come."""

_HALVES = {"凌晨": 0, "清晨": 0, "早上": 0, "早晨": 0, "上午": 0, "中午": 12, "下午": 12, "傍晚": 12, "晚上": 12, "晚间": 12,
           "夜间": 12, "晚": 12}
_TIME = re.compile(
    rf"(?<![\d:.])(?:(?P<half>{'|'.join(_HALVES)}) ?)?(?:(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d:])"
    r"|(?P<hour>[01]?\d|2[0-4]) ?[点时](?![期间代候常速段])(?P<minute> ?[0-5]?\d ?分|半|[一三]刻)?[钟整]?"
    r"|(?P<spoken>十[一二]?|[一二两三四五六七八九])[点时](?P<minutes>半|[一三]刻|[一二三四五十]?[一二三四五六七八九十]分)?(?P<sure>[钟整])?)")


@dataclass(frozen=True, slots=True)
class Date:
    """`text[start:end]` names this year, month or day; None for what it leaves open. `ahead`: it is said to come yet."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Time:
    """`text[start:end]` is a time of day, in hours from midnight (下午3点半 is 31/2)."""

    start: int
    end: int
    hours: Fraction


def dates(text: str, anchor: str | None = None) -> list[Date]:
    """Every date of `text` in order. 今年, 上月, 昨日 count from `anchor`, the ISO date of the article.

    A word whose distance from the anchor is not known (昨日 in an article dated by its month) is left
    out. Years are of four digits, of two before a month (25年11月), or of an era (民国三十七年); 63年 is a span of
    time and 90年代 a decade, both numbers.
    """
    return list(_dates(text, anchor))


@lru_cache(maxsize=64)
def _dates(text: str, anchor: str | None) -> tuple[Date, ...]:
    plain = text.translate(PLAIN)
    year, month, day = iso_parts(anchor)
    found = []
    coded = [(code.start, code.end) for code in codes(plain)]
    for match in _DATE.finditer(plain):
        if any(start < match.end() and match.start() < end for start, end in coded):
            continue
        relative = match["ry"] or match["rm"] or match["rd"]
        if relative and not stands_alone(plain, match.start(), match.start() + len(relative)):
            continue
        parts = _read_date(match, year, month, day)
        if any(parts) and (parts[2] is None or parts[2] <= 31):
            ahead = bool(_AHEAD.search(plain, max(0, match.start() - 16), match.start()))
            found.append(Date(match.start(), match.end(), *parts, ahead))
    return tuple(found)


def times(text: str) -> list[Time]:
    """Every time of day of `text` in order; 下午3点到5点 ends at 17."""
    plain = text.translate(PLAIN)
    found: list[Time] = []
    half = ""
    for match in _TIME.finditer(plain):
        if match["spoken"] and not (match["half"] or match["minutes"] or match["sure"]):
            continue
        ranges_on = found and re.fullmatch(TO, plain[found[-1].end:match.start()])
        half = match["half"] or (half if ranges_on else "")
        hour = small(match["h"] or match["hour"] or match["spoken"]) or 0
        said = (match["m"] or match["minute"] or match["minutes"] or "").strip(" 分")
        minutes = {"半": 30, "一刻": 15, "三刻": 45}.get(said) or small(said) or 0
        later = _HALVES.get(half, 0) if hour < 12 and not (half == "中午" and hour > 10) else 0
        found.append(Time(*match.span(), hour + later + Fraction(minutes, 60)))
    return found


def stands_alone(plain: str, start: int, end: int) -> bool:
    """Whether a word begins at `start` and none runs over `end`: 明天 in 说明天气 and 今日 in 今日本 do not; 今年以来 and
    本月初 do."""
    import rjieba

    at = max(0, start - 6)
    for word in rjieba.cut(plain[at:end + 4]):
        if at < start < at + len(word) or start < at < end < at + len(word) and plain[end] not in "初底末":
            return False
        at += len(word)
    return True


def iso_parts(date: str | None) -> Form:
    """Year, month and day of an ISO date of any precision; None for what it leaves open."""
    parts = [int(part) for part in (date or "").split("-") if part.isdigit()]
    return (*parts, None, None, None)[:3]  # type: ignore[return-value]


def _read_date(match: re.Match[str], year: int | None, month: int | None, day: int | None) -> Form:
    if match["iso"]:
        parts = [int(part) for part in re.split(r"[-/.]", match["iso"])]
        return (*parts, None)[:3] if 1 <= parts[1] <= 12 else (parts[0], None, None)  # type: ignore[return-value]
    if match["english"]:
        return _read_english(match["english"])
    if match["dot"]:
        return None, *map(int, match["dot"].split("·"))  # type: ignore[return-value]
    if match["y"] or match["ry"]:
        named = _year(match["y"]) if match["y"] else year + _YEARS[match["ry"]] if year else None
        lunar = match["y"] and match["y"][:2] in ERAS and match["y"][:2] != "民国"
        return (named, None, None) if lunar else (named, small(match["ym"]), small(match["ymd"]))
    if match["m"]:
        return None, small(match["m"]), small(match["md"])
    if match["rm"]:
        if not (year and month):
            return None, None, small(match["md"])
        count = year * 12 + month - 1 + {"本": 0, "上": -1, "下": 1}[match["rm"][0]]
        return count // 12, count % 12 + 1, small(match["md"])
    if match["rd"]:
        return _days_away(year, month, day, _DAYS[match["rd"][0]])
    return None, None, small(match["d"])


def _year(words: str) -> int | None:
    """2025年, 二〇二五年, 25年 (before a month), 民国三十七年; None for a year that the era did not have."""
    if era := ERAS.get(words[:2]):
        counted = (small(words[2:]) or 0) + era[0] - 1
        return counted if era[0] <= counted <= era[1] else None
    year = small(words)
    return year if year is None or year > 99 else year + (2000 if year < 50 else 1900)


def _days_away(year: int | None, month: int | None, day: int | None, distance: int) -> Form:
    if not (year and month and day):
        return None, None, None
    there = datetime.date(year, month, day) + datetime.timedelta(distance)
    return there.year, there.month, there.day


def _read_english(words: str) -> Form:
    name = re.search(r"[A-Za-z]{3}", words)
    month = next(place for place, full in enumerate(_MONTHS, 1) if name and full.startswith(name.group().lower()))
    parts = [int(part) for part in re.findall(r"\d+", words)]
    return next((part for part in parts if part > 31), None), month, next((part for part in parts if part <= 31), None)


def meanings(mentions: Iterable[Date], anchor: str | None = None) -> list[tuple[Date, frozenset[Form]]]:
    """Each date of one article with every day, month or year that it can mean, by what stands before and `anchor`.

    11月18日 takes the year last named and the article's; a month later in the year than the article also
    the year before (an article of January tells of 12月). 18日 takes the month last named and the article's, or
    where that day is still to come and not said to be (定于29日), the month before.
    """
    anchor_year, anchor_month, anchor_day = iso_parts(anchor)
    year, month = None, None
    found = []
    for mention in mentions:
        before = bool(anchor_day and anchor_month and mention.day and mention.day > anchor_day and not mention.ahead)
        own = (anchor_month - 2) % 12 + 1 if before and anchor_month else anchor_month
        forms: set[Form] = set()
        months = {mention.month} if mention.month or not mention.day else {month, own} - {None}
        for named in months or {None}:
            years = {mention.year} if mention.year else {year, anchor_year} - {None}
            if not mention.year and anchor_year and anchor_month and named and named > anchor_month:
                lone = before and not mention.month and month is None
                years = {anchor_year - 1} if lone else years | {anchor_year - 1}
            forms |= {(candidate, named, mention.day) for candidate in years or {None}}
        found.append((mention, frozenset(forms)))
        year, month = mention.year or year, mention.month or month
    return found


def date_stands(date: Date, forms: Iterable[Form]) -> bool:
    """Whether every part that `date` names is the same in one of the `forms`."""
    asked = (date.year, date.month, date.day)
    return any(all(want is None or want == have for want, have in zip(asked, form)) for form in forms)
