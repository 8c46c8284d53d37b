"""Word files (.docx): one article each, tables in their place."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from assistant.corpus.formats.source import Row, Source
from assistant.corpus.formats.zip import check_members
from assistant.corpus.page import is_page, read_article, read_page
from assistant.corpus.tables import table_lines
from assistant.errors import UnreadableFile

_TITLES = ("title", "标题", "heading 1", "标题 1")
_SUBTITLES = ("subtitle", "副标题")


def read_docx(source: Source) -> Iterator[Row]:
    """The article of a Word file, or the pieces where it holds a whole page.

    The title is the paragraph with the style of a title; else the lines on top say it, as in a text file.
    """
    import docx

    raw = source.bytes()
    check_members(raw)
    try:
        document = docx.Document(io.BytesIO(raw))
        lines, titles = _lines(document)
    except (KeyError, ValueError, OSError, SyntaxError, AttributeError) as error:
        raise UnreadableFile("Word 文件已损坏或加密", f"the Word file is damaged or encrypted: {error}") from error
    text = "\n".join(lines)
    if not titles and is_page(text):
        for number, piece in enumerate(read_page(text), 1):
            yield Row(asdict(piece), number)
        return
    yield Row({**asdict(read_article(text, titled="title" in titles)), **titles})


def _lines(document: Any) -> tuple[list[str], dict[str, str]]:
    """The lines of a document in order, and its title and subtitle where a style marks them."""
    from docx.table import Table

    lines: list[str] = []
    titles: dict[str, str] = {}
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            lines += table_lines([[cell.text for cell in _cells(row)] for row in part.rows])
            continue
        text, style = part.text.strip(), (part.style.name or "").lower() if part.style is not None else ""
        name = "title" if style in _TITLES else "subtitle" if style in _SUBTITLES else ""
        if text and name and not any(line for line in lines if len(line) > 40) and (name == "subtitle" or name not in titles):
            titles[name] = " ".join((titles.get(name, ""), *text.split())).strip()
        else:
            lines += [line.strip() for line in text.split("\n") if line.strip()]
    return lines, titles


def _cells(row: Any) -> Iterator[Any]:
    """The cells of a row, one that spans several columns once."""
    seen = None
    for cell in row.cells:
        if cell._tc is not seen:
            yield cell
        seen = cell._tc
