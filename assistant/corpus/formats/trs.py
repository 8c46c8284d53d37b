"""TRS archive exports: records of <field>=value, several a file, mostly in GB18030."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.corpus.columns import field_of
from assistant.corpus.formats.source import Row, Source

_RECORD = re.compile(r"^<REC>[ \t]*$", re.MULTILINE)
_FIELD = re.compile(r"^<(?P<name>[^<>\n]{1,12})>=", re.MULTILINE)


def is_trs(text: str) -> bool:
    """Whether a text holds records of TRS."""
    return bool(_RECORD.search(text[:2000])) and bool(_FIELD.search(text[:4000]))


def read_trs(source: Source) -> Iterator[Row]:
    """The records of a .trs file."""
    return trs_rows(source.text())


def trs_rows(text: str) -> Iterator[Row]:
    """One row a record, numbered from 1. A field reaches to the next one, the body to the next <REC>."""
    starts = [match.end() for match in _RECORD.finditer(text)]
    for number, (start, end) in enumerate(zip(starts, (*starts[1:], len(text) + len("<REC>\n"))), 1):
        record = re.sub(r"\n?<REC>[ \t]*\Z", "", text[start:end].rstrip())
        line = text.count("\n", 0, start) + 1
        marks = list(_FIELD.finditer(record))
        fields: dict[str, str] = {}
        for mark, after in zip(marks, (*marks[1:], None)):
            name = field_of(mark["name"])
            if name and (value := record[mark.end():after.start() if after else None].strip()):
                fields.setdefault(name, value)
        yield Row(fields, number, line)
