"""The days that words of time mean: 上周三, 去年冬天, 国庆期间, 近三天, 11月20日以后, 7月28日到31日, “十三五”期间.

In an article they count from its date, in a question from the day of asking. ISO dates are as fine as what was
said: 11月 is 2025-11, not its thirty days.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from assistant.language import lexicon
from assistant.language.dates import TO, Date, Form, dates, iso_parts, meanings, stands_alone, times
from assistant.language.eras import named_years
from assistant.language.numerals import CHINESE, PLAIN, value

_FESTIVALS = {name: row[1:] for row in lexicon.rows("festivals.tsv") for name in row[0].split()}
_SEASONS = {"春": (3, 5), "夏": (6, 8), "秋": (9, 11), "冬": (12, 14)}
_MONTHS = {"上半年": (1, 6), "下半年": (7, 12), "前三季度": (1, 9), "一季度": (1, 3), "二季度": (4, 6), "三季度": (7, 9), "四季度": (10, 12),
           "年初": (1, 2), "年底": (11, 12), "年末": (11, 12)}
_DAYS = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 31), "月初": (1, 10), "月底": (21, 31), "月末": (21, 31)}
_OF_A_YEAR = re.compile(
    rf"(?:的|年)?(?:(?P<months>[上下]半年|第?前三季度|第?(?<!前)[一二三四]季度|(?<=年)[初底末])|(?P<season>[春夏秋冬])[天季]"
    rf"|(?P<festival>{'|'.join(sorted(_FESTIVALS, key=len, reverse=True))})(?P<during>期间|假期|小?长假|前后|当天|当日|节|那天)?)")
_OF_A_MONTH = re.compile("(?:的|份)?(?P<days>[上中下]旬|(?<=月)[初底末])")
_ISO_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_WEEK = re.compile(r"(?:(?P<which>上上|上|本|这|下)个?(?:周|星期|礼拜)|(?<![\d一二三四五六七八九十两几双每逢个全隔])(?:周|星期|礼拜)(?=[一二三四五六日天末]))"
                   r"(?P<day>[一二三四五六日天末](?![年岁]))?")
_LATEST = re.compile(rf"(?:最近|近|过去|这)(?P<n>\d+|{CHINESE}|半)?(?:个?(?P<unit>天|日|周|星期|月|季度|年)|(?=[，,的]|$))(?!报)")
_LATELY = re.compile(r"近日|日前|近期(?!内)|连日来|这几天|(?<![0-9一二三四五六七八九十年])本月")
_OTHERWISE = re.compile(r"每(?:周[一二三四五六日天]?|[月年日天])|当[天日晚]|次日|周末|今后|目前")
_ANY_DAY = "2000-01-15"
"""Words like 昨日 are found by the day that they mean; for their places any day does."""
_SINCE = re.compile(r"(?:之后|以后|以来|至今|起|后(?!天|年))")
_UNTIL = re.compile(r"(?:之前|以前|前(?!天|年|后))")


@dataclass(frozen=True, slots=True)
class Period:
    """`text[start:end]` means the days from `first` to `last`, ISO dates of any precision; "" where it is open."""

    start: int
    end: int
    first: str
    last: str

    @property
    def days(self) -> tuple[str, str]:
        """The first and the last day in full (2025-11 ends on 2025-11-30); "" where it is open."""
        return self.first and _day(self.first, 0), self.last and _day(self.last, -1)


def iso(form: Form) -> str:
    """A year, month and day as ISO, as far as they are known; "" without a year."""
    year, month, day = form
    return "" if not year else f"{year:04d}" + (f"-{month:02d}" + (f"-{day:02d}" if day else "") if month else "")


def periods(text: str, anchor: str | None) -> list[Period]:
    """Every stretch of time that an article dated `anchor` names, in order, none inside another.

    What can mean two years or days is left out, and nothing is finer than the anchor allows: 近日 in an article
    dated to its month is that month.
    """
    plain = text.translate(PLAIN)
    found = [_narrowed(plain, Period(one.start, one.end, day := iso(next(iter(forms))), day))
             for one, forms in meanings(dates(plain, anchor), anchor) if len(forms) == 1]
    found += [*_named(plain, anchor, said=True), *_weeks(plain, anchor, bare=False), *_lately(plain, anchor), *_years(plain, anchor)]
    return _apart(one for one in found if one.first)


def asked_period(text: str, today: date, newest: str = "") -> Period | None:
    """The first stretch of time that a question asked on `today` names, with 以后, 以来 and 到 read; None for none.

    A month, a day or a festival without a year is the last one that has begun by `today` and, where known, by the
    ISO date of the `newest` article; 周三 is the last Wednesday.
    """
    plain = text.translate(PLAIN)
    latest = min(today.isoformat(), (newest or "9999")[:10])
    found = [_narrowed(plain, Period(one.start, one.end, day := _last_begun(one, latest), day))
             for one in dates(plain, today.isoformat())]
    found += [*_named(plain, latest, said=False), *_weeks(plain, today.isoformat(), bare=True), *_recent(plain, today),
              *_years(plain, today.isoformat())]
    row = _apart(one for one in found if one.first)
    if not row:
        return None
    one = row[0]
    if len(row) > 1 and re.fullmatch(TO, plain[one.end:row[1].start]):
        end = _after(plain, one, row[1])
        return Period(one.start, row[1].end, one.first, end)
    if since := _SINCE.match(plain, one.end):
        return Period(one.start, since.end(), one.first, "")
    if until := _UNTIL.match(plain, one.end):
        return Period(one.start, until.end(), "", one.last)
    return one


def whens(text: str) -> list[tuple[int, int]]:
    """The (start, end) of all that says when, in order, without overlaps: days, parts of years, times, 近日, 每周一, 周末.

    A range is one (11月18日至25日), a day and its hour are two.
    """
    plain = text.translate(PLAIN)
    dated = [_narrowed(plain, Period(one.start, one.end, _ANY_DAY[:4] + "-01" * bool(one.month), ""))
             for one in dates(plain, _ANY_DAY) if not one.day]
    found = [(one.start, one.end) for one in dated]
    found += [(one.start, one.end) for one in dates(plain, _ANY_DAY)]
    found += [(one.start, one.end) for one in named_years(plain)]
    found += [(one.start, one.end) for one in times(plain)]
    found += [match.span() for pattern in (_OF_A_YEAR, _WEEK, _LATELY, _OTHERWISE) for match in pattern.finditer(plain)
              if match.group()[0] not in "的年" and (pattern is not _OF_A_YEAR or not match["season"] or match.start())]
    row: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if row and start < row[-1][1]:
            continue
        if row and re.fullmatch(TO, plain[row[-1][1]:start]):
            row[-1] = (row[-1][0], end)
        else:
            row.append((start, end))
    return row


def _after(plain: str, one: Period, other: Period) -> str:
    """The end of a range: its year and month are the beginning's where only the beginning names them (7月28日到31日)."""
    said = plain[other.start:other.end]
    _, month, day = iso_parts(other.last)
    year, first_month, _ = iso_parts(one.first)
    if re.match(r"\d{4}|[今去前明本]", said) or not year or not month:
        return other.last
    month = month if "月" in said else first_month
    return iso((year + (month < first_month), month, day)) if month and first_month else other.last


def _last_begun(one: Date, latest: str) -> str:
    year, month, day = iso_parts(latest)
    if one.year or not year or not month:
        return iso((one.year, one.month, one.day))
    if one.month:
        form = iso((year, one.month, one.day))
        return form if form <= latest[:len(form)] else iso((year - 1, one.month, one.day))
    month_of = year * 12 + month - 1 - ((one.day or 0) > (day or 31))
    return iso((month_of // 12, month_of % 12 + 1, one.day))


def _narrowed(plain: str, one: Period) -> Period:
    """A year or month with the part of it that follows: 2025年上半年, 今年国庆期间, 11月上旬."""
    year, month, day = iso_parts(one.first)
    if not year or day or (one.end and plain[one.end - 1] not in "年月份度去今明前"):
        return one
    if month and (part := _OF_A_MONTH.match(plain, one.end)):
        first, last = _DAYS[part["days"] if part["days"][-1] == "旬" else "月" + part["days"]]
        last = min(last, calendar.monthrange(year, month)[1])
        return Period(one.start, part.end(), iso((year, month, first)), iso((year, month, last)))
    if not month and (part := _OF_A_YEAR.match(plain, one.end)):
        return replace(_part_of(year, part), start=one.start)
    return one


def _part_of(year: int, part: re.Match[str]) -> Period:
    start, end = part.start(), part.end()
    if part["festival"]:
        first, last = _FESTIVALS[part["festival"]]
        if first[0] != "+":
            return Period(start, end, f"{year}-{first}", f"{year}-{last}")
        day = next((day for day in last.split() if day.startswith(str(year))), "")
        until = date.fromisoformat(day) + timedelta(int(first) - 1) if day else ""
        return Period(start, end, day, str(until))
    if part["season"]:
        months = _SEASONS[part["season"]]
    else:
        name = part["months"].lstrip("第")
        months = _MONTHS["年" + name if len(name) == 1 else name]
    first_month, last_month = months
    return Period(start, end, f"{year}-{first_month:02d}", f"{year + (last_month > 12)}-{(last_month - 1) % 12 + 1:02d}")


def _named(plain: str, anchor: str | None, said: bool) -> Iterator[Period]:
    """上半年, 三季度, 国庆期间 without a year: the anchor's; the year before where it had not begun by then.

    `said` in an article: what had not begun is left out, and so is a festival that is a part of a name (国庆路).
    """
    year, _, _ = iso_parts(anchor)
    if not year or not anchor:
        return
    for part in _OF_A_YEAR.finditer(plain):
        written = plain[max(0, part.start() - 5):part.start()]
        if re.search(r"年$|[今去前明]年的?$", written) and not part["festival"] or part.group()[0] in "的年":
            continue
        if part["season"] and said or part["festival"] and not part["during"]:
            continue
        one = _part_of(year, part)
        if one.first > anchor and one.first[:len(anchor)] > anchor:
            if said:
                continue
            one = _part_of(year - 1, part)
        yield one


def _weeks(plain: str, anchor: str | None, bare: bool) -> Iterator[Period]:
    """上周, 本周五, 上周末; with `bare` also 周三, the last one. Weeks begin on Monday."""
    try:
        today = date.fromisoformat((anchor or "")[:10])
    except ValueError:  # a month, a year, or what no calendar knows
        return
    monday = today - timedelta(today.weekday())
    for match in _WEEK.finditer(plain):
        if not match["which"] and not bare:
            continue
        week = monday + timedelta(7 * {"上上": -2, "上": -1, "下": 1}.get(match["which"] or "", 0))
        if not match["day"]:
            days = (week, week + timedelta(6))
        elif match["day"] == "末":
            days = (week + timedelta(5), week + timedelta(6))
        else:
            days = (week + timedelta("一二三四五六日天".index(match["day"]) - (match["day"] == "天")),) * 2
        if not match["which"] and days[0] > today:
            days = (days[0] - timedelta(7), days[1] - timedelta(7))
        yield Period(*match.span(), days[0].isoformat(), days[1].isoformat())


def _recent(plain: str, today: date) -> Iterator[Period]:
    """最近三天, 近一个月, 过去半年: up to and with today. 最近 alone is no period."""
    for match in _LATEST.finditer(plain):
        unit = match["unit"]
        if not unit or not match["n"]:
            continue
        n = 0.5 if match["n"] == "半" else float(value(match["n"]) or 1)
        if unit in ("月", "季度", "年"):
            months = round(n * {"月": 1, "季度": 3, "年": 12}[unit])
            back = today.year * 12 + today.month - 1 - months
            first = date(back // 12, back % 12 + 1, min(today.day, calendar.monthrange(back // 12, back % 12 + 1)[1]))
        else:
            first = today - timedelta(round(n * (7 if unit in ("周", "星期") else 1)) - 1)
        yield Period(*match.span(), first.isoformat(), today.isoformat())


def _lately(plain: str, anchor: str | None) -> Iterator[Period]:
    """近日, 日前, 本月: the article's month, or its year where no month is known."""
    when = (anchor or "")[:7]
    for match in _LATELY.finditer(plain) if re.fullmatch(r"\d{4}(?:-\d\d)?", when) else ():
        if (match.group() != "本月" or len(when) == 7) and stands_alone(plain, *match.span()):
            yield Period(*match.span(), when, when)


def _years(plain: str, anchor: str | None) -> Iterator[Period]:
    """上世纪八十年代, “十三五”期间, 民国年间."""
    for one in named_years(plain, anchor):
        yield Period(one.start, one.end, f"{one.first:04d}", f"{one.last:04d}")


def _apart(found: Iterator[Period] | list[Period]) -> list[Period]:
    """In order, the longest of those that begin together, none that begins inside another."""
    kept: list[Period] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _day(iso_date: str, at: int) -> str:
    """The first (0) or last (-1) day of an ISO date."""
    year, month, day = iso_parts(iso_date)
    month = month or (1 if at == 0 else 12)
    return iso((year, month, day or (1 if at == 0 else calendar.monthrange(year or 1, month)[1])))
