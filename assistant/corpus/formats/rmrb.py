"""The text form in which 人民日报 1946-2003 is passed on: ### title, author, date, 第2版(), 专栏：, then the piece as
it was printed, title and author once more."""

from __future__ import annotations

import re
from typing import Any

from assistant.language.text import squeeze

_HEAD = re.compile(
    r"###\s*(?P<title>[^\n]+)\n(?P<author>[^\n]*)\n(?P<date>\d{4}-\d{1,2}-\d{1,2})\s*\n"
    r"第(?P<page>\d+)版\s*[(（](?P<page_name>[^()（）\n]*)[)）]\s*\n专栏[:：](?P<section>[^\n]*)(?:\n|$)")


def is_rmrb(text: str) -> bool:
    """Whether a text opens with the five lines of this form."""
    return _HEAD.match(text) is not None


def rmrb_fields(text: str) -> dict[str, Any]:
    """The fields of such a text; its newspaper is 人民日报, as nothing else is passed on in this form.

    A blank of two in the title parts it from its subtitle.
    """
    head = _HEAD.match(text)
    assert head is not None  # asked only where is_rmrb
    fields = {name: value.strip() for name, value in head.groupdict().items()}
    title, _, subtitle = re.sub(r"\u3000", "  ", fields["title"]).partition("  ")
    author = fields.pop("author")
    lines = [line.strip() for line in text[head.end():].split("\n")]
    known = {squeeze(part) for part in (title, subtitle, fields["title"], author) if part}
    while lines and (not lines[0] or squeeze(lines[0]) in known):
        lines.pop(0)
    return {**fields, "title": title.strip(), "subtitle": subtitle.strip(), "authors": author or None,
            "newspaper": "人民日报", "text": "\n".join(line for line in lines if line)}
