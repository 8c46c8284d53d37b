"""Which files of the corpus have changed, and reading them into the articles: of a .jsonl file only the new lines."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import cast

from assistant.corpus.files import CorpusFile, corpus_files, read_file
from assistant.corpus.formats.source import FILE_BYTES
from assistant.errors import UnreadableFile
from assistant.index.articles import ArticleStore, StoredFile
from assistant.index.manifest import sha256
from assistant.schema import Article, Failure

Progress = Callable[[str, int, int | None], None]
"""Called with a stage ("files", "articles", "chunks", "words", "names", "vectors", "verify"), how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the files of the corpus ask for, without a look into unchanged ones."""

    read: tuple[tuple[CorpusFile, StoredFile], ...]
    failed: tuple[StoredFile, ...]
    gone: tuple[str, ...]
    skipped: tuple[Failure, ...]

    def __bool__(self) -> bool:
        return bool(self.read or self.failed or self.gone)


def survey(corpus: Path, known: dict[str, StoredFile], checksum: bool, tell: Progress) -> Survey:
    """Compares the files by size and time, and where these differ (or with `checksum`) by content."""
    files, skipped = corpus_files(corpus)
    read, failed = [], []
    for done, file in enumerate(files):
        tell("files", done, len(files))
        before = known.get(file.name)
        try:
            status = file.path.stat()
            now = StoredFile(file.name, status.st_size, status.st_mtime_ns)
            known_time = before is not None and (before.size, before.mtime_ns) == (now.size, now.mtime_ns)
            if before is not None and known_time and not checksum and not before.broken:
                continue
            now = replace(now, sha256=sha256(file.path))
        except OSError as error:
            reason = f"打不开 / cannot be opened: {error.strerror or error}"
            now = StoredFile(file.name, failures=(Failure(file.name, None, reason),))
            if now != before:
                failed.append(now)
            continue
        if before is None or before.sha256 != now.sha256 or (before.broken and not _fails_as_before(file, before)):
            read.append((file, now))
    unlisted = {row.file for row in skipped
                if os.path.isdir(corpus / row.file) and not os.path.islink(corpus / row.file)}
    gone = sorted(name for name in known.keys() - {file.name for file in files} if _is_gone(corpus, name, unlisted))
    return Survey(tuple(read), tuple(failed), tuple(gone), tuple(skipped))


def _fails_as_before(file: CorpusFile, before: StoredFile) -> bool:
    return before.failures == tuple(row for row in _rows(file) if isinstance(row, Failure))


def _is_gone(corpus: Path, name: str, unlisted: set[str]) -> bool:
    """Whether a file that is not listed any more left the corpus, and is not only out of reach."""
    if any(folder.as_posix() in unlisted for folder in PurePosixPath(name).parents):
        return False
    try:
        os.stat(corpus / name)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return True


# ---- reading


UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""The marks of files whose lines do not end with a byte of their own."""


class _Hashed(io.RawIOBase):
    """An open file, read from its start; `sha256` is of the bytes that it gave, whatever the file holds by now."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream, self._hash, self._hashed, self._ended = stream, hashlib.sha256(), 0, False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader gives no other
        start = self._stream.tell()
        count = self._stream.readinto(buffer)
        if start <= self._hashed < start + count:
            self._hash.update(buffer[self._hashed - start:count])
            self._hashed = start + count
        self._ended = self._ended or (count == 0 and start == self._hashed)
        return count

    def sha256(self, size: int) -> str:
        """The SHA-256 as hex; "" where the file was not read to its end, or at least `size` bytes of it."""
        return self._hash.hexdigest() if self._ended or self._hashed >= size else ""


class NewLines:
    """An open file that gives blank lines for those it is known to have had: `known` are article ids by digest.

    A line whose article is named after its number is known only in its own place.
    """

    def __init__(self, stream: io.BufferedReader, name: str, known: Mapping[bytes, str]) -> None:
        self._stream, self._named, self._known, self._ended = stream, f"{name}#", known, True
        self.number, self.digest = 0, b""
        """Of the line read last, counted from 1; the digest is empty where only a part was read."""
        self.met: set[bytes] = set()
        """The digests of the known lines that were met so far."""

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay unread."""
        return self._stream.peek(size)

    def readline(self, limit: int) -> bytes:
        """The next line, or `limit` bytes of it."""
        raw = self._stream.readline(limit)
        begun, self._ended = self._ended, raw[-1:] == b"\n" or len(raw) < limit
        self.number += begun
        self.digest = digest = hashlib.sha256(raw.rstrip(b"\r\n")).digest()[:16] if begun and self._ended else b""
        article_id = self._known.get(digest) if raw else None
        if article_id is None or digest in self.met:
            return raw
        if article_id.startswith(self._named) and article_id != f"{self._named}{self.number}":
            return raw
        self.met.add(digest)
        return b"\n"


def read_files(changed: Survey, store: ArticleStore, tell: Progress) -> None:
    """Brings the articles of the store in line with the files."""
    for name in changed.gone:
        store.remove_file(name)
    for record in changed.failed:
        store.put_file(record)
    articles = 0

    def count() -> None:
        nonlocal articles
        articles += 1
        tell("articles", articles, None)

    for file, record in changed.read:
        known = store.lines(file.name)
        done = _read_into(store, file, record, known, count) or _read_into(store, file, record, {}, count)
        assert done is not None  # where no line is known, no id is a known one's
        store.put_file(done)
    store.join_halves()
    store.put_skipped(changed.skipped)


def _read_into(store: ArticleStore, file: CorpusFile, record: StoredFile, known: Mapping[bytes, str],
               count: Callable[[], None]) -> StoredFile | None:
    """Puts the articles of one file into the store, without a look into known lines; the record tells what failed.

    Where the file breaks off, or gives nothing but failures, what it held before and cannot be read now is kept.
    None when an article has the id of a known line's: which of the two counts shows only when all are read.
    """
    failures: list[Failure] = []
    ids: set[str] = set()
    hashed: _Hashed | None = None
    lines: NewLines | None = None

    def through(stream: io.BufferedReader) -> io.BufferedReader:
        nonlocal lines, hashed
        hashed = _Hashed(stream)
        buffered: io.BufferedReader = io.BufferedReader(hashed, 2**18)
        if not file.name.lower().endswith(".jsonl"):
            if record.size > FILE_BYTES:
                return buffered
            # some formats are read from several places, and are then to be the bytes that were hashed
            return io.BufferedReader(cast(io.RawIOBase, io.BytesIO(buffered.read())))
        if buffered.peek(2)[:2] in UTF_16:
            return buffered
        lines = NewLines(buffered, file.name, known)
        return cast(io.BufferedReader, lines)

    def articles() -> Iterator[tuple[Article, bytes]]:
        for row in _rows(file, through):
            if isinstance(row, Failure):
                failures.append(row)
            else:
                ids.add(row.id)
                yield row, lines.digest if lines else b""
                count()

    def kept() -> set[str]:
        return {known[digest] for digest in lines.met} if lines else set()

    def whole() -> bool:
        return not failures or (failures[-1].line is not None and bool(ids or kept()))

    store.put_articles(file.name, articles(), whole=whole, kept=kept)
    if ids & kept():
        return None
    if hashed and (read := hashed.sha256(record.size)) and read != record.sha256:
        # it has changed since: what was read is kept, and its time, which may not be that of this, is looked at again
        record = replace(record, sha256=read, mtime_ns=0)
    return replace(record, failures=tuple(failures))


def _rows(file: CorpusFile, through: Callable[[io.BufferedReader], io.BufferedReader] = lambda stream: stream,
          ) -> Iterator[Article | Failure]:
    """What `read_file` gives; a failure of the whole file comes last and has no line."""
    try:
        yield from read_file(file, through)
    except UnreadableFile as error:
        yield Failure(file.name, None, f"{error.chinese} / {error.english}")
    except OSError as error:
        yield Failure(file.name, None, f"打不开 / cannot be opened: {error.strerror or error}")
