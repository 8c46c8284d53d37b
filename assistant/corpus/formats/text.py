"""Plain text: an article, or the pieces of a printed page, or records out of an archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby

from assistant.corpus.formats.rmrb import is_rmrb, rmrb_fields
from assistant.corpus.formats.source import Row, Source
from assistant.corpus.formats.trs import is_trs, trs_rows
from assistant.corpus.page import is_page, read_article, read_page
from assistant.corpus.tables import table_lines


def read_text(source: Source) -> Iterator[Row]:
    """The articles of a text file, whichever of the forms it has; lines parted by tabs become tables."""
    text = source.text()
    if is_trs(text):
        yield from trs_rows(text)
    elif is_rmrb(text.strip()):
        yield Row(rmrb_fields(text.strip()))
    else:
        text = _with_tables(text)
        if is_page(text):
            for number, piece in enumerate(read_page(text), 1):
                yield Row(asdict(piece), number)
        else:
            yield Row(asdict(read_article(text)))


def _with_tables(text: str) -> str:
    """The text with runs of at least two lines of as many cells, parted by tabs, as the rows of a table."""
    if "\t" not in text:
        return text
    lines: list[str] = []
    for cells, run in groupby(text.split("\n"), lambda line: line.strip().count("\t")):
        some = list(run)
        lines += table_lines([line.strip().split("\t") for line in some]) if cells and len(some) > 1 else some
    return "\n".join(lines)
