"""The kinds of files that a corpus may hold, one module each: an open file → rows of fields, one for each article.

`READERS` is the door for other kinds: a suffix, and a function from a Source to its rows.
"""

from __future__ import annotations

from assistant.corpus.formats.docx import read_docx
from assistant.corpus.formats.html import read_html
from assistant.corpus.formats.issue import read_issue
from assistant.corpus.formats.jsonl import read_jsonl, read_packed_jsonl
from assistant.corpus.formats.markdown import read_markdown
from assistant.corpus.formats.pdf import read_pdf
from assistant.corpus.formats.scan import read_scan
from assistant.corpus.formats.source import Reader
from assistant.corpus.formats.table import read_table, read_workbook
from assistant.corpus.formats.text import read_text
from assistant.corpus.formats.trs import read_trs
from assistant.corpus.formats.xml import read_xml

READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".txt": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".jsonl": read_jsonl,
    ".jsonl.xz": read_packed_jsonl,
    ".json": read_issue,
    ".csv": read_table,
    ".tsv": read_table,
    ".xlsx": read_workbook,
    ".trs": read_trs,
    ".xml": read_xml,
    ".docx": read_docx,
    ".pdf": read_pdf,
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff"), read_scan),
}
"""What can be read, by suffix."""
_MAGIC = {b"%PDF-": (".pdf",), b"PK\x03\x04": (".zip", ".docx", ".xlsx"), b"\x89PNG\r\n": (".png",), b"\xff\xd8\xff": (".jpg", ".jpeg"),
          b"II*\x00": (".tif", ".tiff"), b"MM\x00*": (".tif", ".tiff"), b"\xd0\xcf\x11\xe0": (".doc", ".xls"),
          b"\xfd7zXZ\x00": (".jsonl.xz",), b"Rar!": (".rar",), b"7z\xbc\xaf": (".7z",)}
"""The first bytes of files that are no text, with the suffixes that they belong to."""


def suffix_of(name: str) -> str | None:
    """The suffix by which a file is read, or None for an unknown one."""
    return next((suffix for suffix in sorted(READERS, key=len, reverse=True) if name.lower().endswith(suffix)), None)


def belongs_to(head: bytes) -> tuple[str, ...]:
    """The suffixes that a file with these first bytes may have; () where it says nothing."""
    return next((suffixes for magic, suffixes in _MAGIC.items() if head.startswith(magic)), ())
