"""The bytes of a file of the corpus, and what a reader makes of them: rows of fields, one for each article."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Any

from assistant.errors import UnreadableFile
from assistant.schema import Failure

FILE_BYTES = 64 * 2**20
"""A larger file of text is no article; the longest novels have 30 MB."""
BINARY_BYTES = 512 * 2**20
"""A larger PDF, scan, Word or Excel file or archive is not read: a day of a paper in print quality has some 300 MB."""
PAGES = 400
"""Pages of a PDF or a TIFF that are read, and files of an archive that hold pages."""
FIELD_CHARACTERS = 10_000
"""A longer title, byline or name is none."""
FIELD_PARTS = 1_000
"""More names in a list, or more fields in a row, are none."""

_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_HAN = re.compile("[㐀-䶿一-鿿\ue000-\uf8ff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Row:
    """What a file says of one article, before it is checked.

    `number` is its place in a file of several, `line` where it stands, `lines` where its fields stand.
    """

    fields: Mapping[str, Any]
    number: int | None = None
    line: int | None = None
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """An open file, its name in the corpus, and where another file of the corpus lies (None where there is none)."""

    stream: BufferedReader
    name: str
    find: Callable[[str], Path | None] = lambda name: None

    def bytes(self, limit: int = BINARY_BYTES) -> bytes:
        """All bytes of the file. Raises UnreadableFile where they are more than `limit`."""
        raw = self.stream.read(limit + 1)
        if len(raw) > limit:
            raise UnreadableFile(f"大于 {limit >> 20} MB", f"larger than {limit >> 20} MB")
        return raw

    def text(self) -> str:
        """The text of the file, cleaned. Raises UnreadableFile where it is too large, binary or undecodable."""
        return clean(decode(self.bytes(FILE_BYTES)))


Reader = Callable[[Source], Iterator[Row | Failure]]


def clean(text: str) -> str:
    """The text in NFC with \\n as its only line break, without control characters and byte order marks."""
    return unicodedata.normalize("NFC", _CONTROL.sub("", _LINE_BREAK.sub("\n", text)))


def failure(name: str, line: int | None, chinese: str, english: str) -> Failure:
    """A Failure with its reason in both languages."""
    return Failure(name, line, f"{chinese} / {english}")


def decode(raw: bytes) -> str:
    """The text of `raw`: UTF-8, UTF-16 with a byte order mark, GB18030 or Big5.

    What is not UTF-8 counts as Chinese only where its characters are the common ones: of 3,000 articles at
    least 90 % are level 1 of GB 2312 (44 % in traditional characters), of Big5 or cut UTF-8 read as
    GB18030 at most 43 %. Raises UnreadableFile for anything else and for NUL.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = _decoded(raw, "utf-16")
    else:
        text = _decoded(raw, "utf-8-sig")
        text = _decoded_chinese(raw) if text is None else text
    if text is None:
        raise UnreadableFile("不是 UTF-8、UTF-16、GB18030 或 Big5 的文本", "no text in UTF-8, UTF-16, GB18030 or Big5")
    if "\0" in text:
        raise UnreadableFile("是二进制文件", "binary, not text")
    return text


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _decoded_chinese(raw: bytes) -> str | None:
    for encoding, least in (("gb18030", 0.75), ("big5", 0.8), ("gb18030", 0.5)):
        text = _decoded(raw, encoding)
        han = _HAN.findall(text[:20_000]) if text else []
        if han and sum(character in _common(encoding) for character in han) >= least * len(han):
            return text
    return None


@cache
def _common(encoding: str) -> frozenset[str]:
    """The characters of the first level of GB 2312 (3,755) or Big5 (5,401)."""
    charset, first, last = ("gb2312", 0xB0, 0xD7) if encoding == "gb18030" else ("big5", 0xA4, 0xC6)
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    return frozenset(character for pair in pairs if len(character := pair.decode(charset, "ignore")) == 1
                     and "一" <= character <= "鿿")
