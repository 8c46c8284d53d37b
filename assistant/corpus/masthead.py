"""What the lines above a newspaper's articles say: its name, the date, the page and the section; dates as ISO."""

from __future__ import annotations

import re
from datetime import date

from assistant.language.text import HAN

_DATE = re.compile(
    r"(?P<year>\d{4})(?:\s*[-/.年]\s*(?P<month>\d{1,2})(?:\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?|月)?|年)?(?:[\sT].*)?")
_PAGE = r"(?:版名\s*[:：]\s*)?第?\s*(?P<number>[A-D]?\d{1,2}|[一二三四五六七八九十]{1,2})\s*版"
_SECTION = rf"\s*[:：]?\s*(?!星期|农历|责|编|本版|\S*报)(?P<section>[{HAN}]{{2,6}})(?![{HAN}])"
_PEOPLE = rf"[{HAN}]{{2,4}}(?:[\s、]+[{HAN}]{{2,4}}(?!\s*[:：]))*(?!\s*[:：])"
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in {
    "date": r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?",
    "weekday": "星期[一二三四五六日天]",
    "page": f"{_PAGE}(?:{_SECTION})?",
    "newspaper": rf"[{HAN}]{{2,8}}?(?:日报|晚报|早报|晨报|时报|商报|都市报|青年报)",
    "staff": rf"(?:本版|责任|执行|值班)?(?:编辑|责编|版式|美编|校对|组版|主编)[\s:：]+{_PEOPLE}|(?:电话|热线|邮箱)[\s:：]*[A-Za-z0-9.@-]+",
    "issue": r"今日\d+版|(?:总|第)第?\d+期|国内统一\S{4,30}|邮发代号\S{4,9}|农历\S{2,9}|(?:https?://|www\.)\S+"
             r"|来源[:：]\s*\S{2,12}|\d{1,2}:\d{2}(?::\d{2})?",
    "between": r"[\s|｜·/,，:：—-]",
}.items()))


def iso_date(written: str) -> str | None:
    """The date as ISO with the precision it has (2025年11月 → 2025-11), or None where it is no date.

    Years from 1600 (the first newspaper is of 1605) to 2199.
    """
    written = re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", written.strip())
    match = _DATE.fullmatch(written)
    if match is None or not 1600 <= int(match["year"]) <= 2199:
        return None
    year, month, day = int(match["year"]), *(int(match[part]) if match[part] else None for part in ("month", "day"))
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return None
    if month == 0 or day == 0:
        return None
    return f"{year:04}" + (f"-{month:02}" if month else "") + (f"-{day:02}" if day else "")


def masthead(line: str) -> dict[str, str]:
    """What a line of a masthead says: "date" (ISO), "page", "section", "newspaper" and more; {} for another line.

    The page is without 第, 版 and leading noughts.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(line):
        match = _TOKEN.match(line, at)
        if match is None:
            return {}
        at = match.end()
        for kind, value in match.groupdict().items():
            if value is not None:
                found.setdefault(kind, value)
    found.pop("between", None)
    if "number" in found:
        found["page"] = found.pop("number").lstrip("0")
    if "date" in found and (iso := iso_date(found.pop("date"))):
        found["date"] = iso
    return found
