"""Articles as JSON lines, packed by xz or not."""

from __future__ import annotations

import io
import json
import lzma
import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

from assistant.corpus.columns import field_of
from assistant.corpus.formats.source import FIELD_PARTS, FILE_BYTES, Row, Source, decode, failure
from assistant.errors import UnreadableFile
from assistant.schema import Failure

LINE_BYTES = 16 * 2**20
"""A longer line of a .jsonl file is not read."""
UNPACKED_TIMES = 200
"""An archive that unpacks to more than FILE_BYTES and this many times its size is a bomb; news unpacks to 4 times."""

_JSON = json.JSONDecoder(strict=False)


def read_jsonl(source: Source, limit: float = math.inf) -> Iterator[Row | Failure]:
    """One article a line; a line that is none is a Failure, and the next is read. At most `limit` bytes are read."""
    for number, raw in enumerate(_bounded_lines(source.stream, limit), 1):
        if raw is None:
            yield failure(source.name, number, f"一行大于 {LINE_BYTES >> 20} MB", f"a line larger than {LINE_BYTES >> 20} MB")
            continue
        if not raw.strip():
            continue
        try:
            fields = parsed(decode(raw))
            fields = known_fields(fields) if isinstance(fields, dict) else None
        except UnreadableFile as error:
            yield failure(source.name, number, error.chinese, error.english)
        else:
            yield failure(source.name, number, "不是 JSON 对象", "not a JSON object") if fields is None else Row(
                fields, number, number)


def read_packed_jsonl(source: Source) -> Iterator[Row | Failure]:
    """The same out of an .xz archive, unpacked as it is read."""
    limit = max(FILE_BYTES, UNPACKED_TIMES * source.stream.seek(0, io.SEEK_END))
    source.stream.seek(0)
    try:
        with lzma.open(source.stream) as unpacked:
            yield from read_jsonl(Source(cast("io.BufferedReader", unpacked), source.name), limit)
    except MemoryError as error:
        raise UnreadableFile("压缩包解开要的内存太多", "the archive needs more memory to unpack than there is") from error
    except (lzma.LZMAError, EOFError) as error:
        raise UnreadableFile("压缩包已损坏", f"the archive is damaged: {error}") from error


def parsed(text: str) -> Any:
    """The JSON of a text. Raises UnreadableFile where it is none, or nested too deeply."""
    try:
        return _JSON.decode(text)
    except RecursionError:
        raise UnreadableFile("JSON 套得太深", "JSON nested too deeply") from None
    except ValueError as error:
        raise UnreadableFile("不是 JSON", f"not JSON: {error}") from error


def known_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields under the names of Article: those that have them, and beside them what exports call otherwise
    (content, pubdate, 标题). Raises UnreadableFile for an object of absurdly many fields."""
    if len(fields) > FIELD_PARTS:
        raise UnreadableFile("字段太多", "too many fields")
    named = {field: value for name, value in reversed(list(fields.items()))
             if (field := field_of(name)) and value not in ("", None)}
    return {**fields, **{field: value for field, value in named.items() if fields.get(field) in ("", None)}}


def _bounded_lines(stream: io.BufferedReader, limit: float) -> Iterator[bytes | None]:
    """The lines of a stream in order, in UTF-8 where it was UTF-16; None for one longer than LINE_BYTES.

    Raises UnreadableFile after `limit` bytes, and for UTF-16 that is none.
    """
    wide = stream.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff")
    lines: io.TextIOWrapper | io.BufferedReader = io.TextIOWrapper(stream, "utf-16", newline="\n") if wide else stream
    done, whole = 0, True
    while True:
        try:
            line = lines.readline(LINE_BYTES)
        except UnicodeDecodeError as error:
            raise UnreadableFile("不是 UTF-16 文本", f"no text in UTF-16: {error}") from error
        if not line:
            return
        raw = line if isinstance(line, bytes) else line.encode()
        done += len(raw)
        if done > limit:
            raise UnreadableFile("压缩包解开后大得离谱", "the archive unpacks to an absurd size")
        ends = raw.endswith(b"\n") or len(line) < LINE_BYTES
        if ends:
            yield raw if whole else None
        whole = ends
