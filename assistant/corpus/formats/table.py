"""Tables of articles, one a row: CSV and TSV (GB18030 out of WPS and Excel as well) and Excel workbooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from assistant.corpus.columns import field_of, fields_by_content, is_header
from assistant.corpus.formats.source import FILE_BYTES, Row, Source, clean
from assistant.corpus.formats.zip import check_members
from assistant.errors import UnreadableFile

ROWS = 1_048_576
"""The rows of an Excel sheet; no table has more."""
CELL_CHARACTERS = 2**20
LOOKED_AT = 50
"""Rows by which columns without a header are told."""


def read_table(source: Source) -> Iterator[Row]:
    """One article a row of a .csv or .tsv file."""
    text = source.text()
    csv.field_size_limit(CELL_CHARACTERS)
    first = text[:text.find("\n") + 1 or None]
    delimiter = max("\t,;", key=first.count)
    try:
        yield from _rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UnreadableFile("表格读不下去", f"no table: {error}") from error


def read_workbook(source: Source) -> Iterator[Row]:
    """One article a row of the sheets of an .xlsx file."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    raw = source.bytes(FILE_BYTES)
    check_members(raw)
    number = 0
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        for sheet in book.worksheets:
            cells = ([_written(cell) for cell in row] for row in sheet.iter_rows(values_only=True, max_row=ROWS))
            for row in _rows(cells):
                number += 1
                yield Row(row.fields, number, row.line)
    except (InvalidFileException, KeyError, ValueError, OSError, AttributeError, SyntaxError) as error:
        raise UnreadableFile("Excel 文件已损坏或加密", f"the Excel file is damaged or encrypted: {error}") from error


def _written(cell: object) -> str:
    """A cell as text; a date as ISO."""
    if cell is None:
        return ""
    if hasattr(cell, "isoformat"):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)[:CELL_CHARACTERS]


def _rows(table: Iterator[Sequence[str]]) -> Iterator[Row]:
    """The rows of a table, numbered from 1 without its header; what stands above a header (a table's name) is skipped.

    Raises UnreadableFile where no column can be the text.
    """
    table = iter(table)
    start = list(islice(table, LOOKED_AT))
    at = next((i for i, cells in enumerate(start[:10]) if is_header(cells)), None)
    if at is not None:
        names, first = [field_of(cell) for cell in start[at]], at + 1
    else:
        names, first = fields_by_content(start), 0
    if not any(any(cells) for cells in start):
        return
    if "text" not in names:
        raise UnreadableFile("表格里认不出正文一列；请给列名：标题、日期、版次、作者、正文",
                             "no column of the table is the text; name its columns: title, date, page, authors, text")
    number = 0
    for line, cells in enumerate(chain(start[first:], table), first + 1):
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        fields: dict[str, str] = {}
        for name, cell in zip(names, cells):
            if name and cell.strip():
                fields.setdefault(name, clean(cell).strip())
        yield Row(fields, number, line)
