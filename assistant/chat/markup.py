"""Text and dates as HTML: everything escaped, what is marked in tags of our own, both languages side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

Span = tuple[int, int]

_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")


def both(chinese: str, english: str) -> str:
    """HTML that says the same in both languages; both are HTML already."""
    return f'<span class="zh">{chinese}</span><span class="en" lang="en">{english}</span>'


def highlight(text: str, spans: Iterable[Span], tag: str, start: int = 0, end: int | None = None) -> str:
    """`text[start:end]` escaped, with `tag` around the parts of `spans` that lie in it.

    Spans count characters of `text`, may overlap and may reach outside.
    """
    end = len(text) if end is None else end
    pieces, at = [], start
    for left, right in sorted(spans):
        left, right = max(left, at), min(right, end)
        if left < right:
            pieces += [escape(text[at:left]), f"<{tag}>{escape(text[left:right])}</{tag}>"]
            at = right
    return "".join([*pieces, escape(text[at:end])])


def paragraphs(text: str, spans: Sequence[Span], start: int, end: int) -> str:
    """`text[start:end]` as one <p> a line, blank lines and the rules under a table's header dropped, `spans` marked."""
    lines, at = [], start
    for line in text[start:end].split("\n"):
        if line.strip(" \t|-:"):
            lines.append(f"<p>{highlight(text, spans, 'mark', at, at + len(line))}</p>")
        at += len(line) + 1
    return "".join(lines)


def chinese_date(date: str) -> str:
    """2025-11-08 → 2025年11月8日, at the precision given; anything else unchanged."""
    if not (match := _DATE.fullmatch(date)):
        return date
    return "".join(f"{int(number)}{unit}" for number, unit in zip(match.groups(), "年月日") if number)


def english_date(date: str) -> str:
    """2025-11-08 → 8 November 2025, at the precision given; anything else unchanged."""
    match = _DATE.fullmatch(date)
    if not match or not 1 <= int(match[2] or 1) <= 12:
        return date
    year, month, day = match.groups()
    return " ".join([*([str(int(day))] if day else []), *([_MONTHS[int(month) - 1]] if month else []), year])


def one_line(html: str) -> str:
    """One line of HTML: Gradio reads Markdown after a blank line, so no line break may stand in a message."""
    return "<br>".join(html.splitlines())


def shortened(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length] + "…"
