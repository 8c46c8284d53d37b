"""SQLite: the articles with their texts, their chunks, and the files they were read from.

Several files may give the same id. All of them are kept, and the view `published` shows the first in order of
name, so that what is published depends on the files alone and not on the order of refreshes.
"""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import IndexDamaged
from assistant.schema import Article, Chunk, Coverage, Failure, Filters
from assistant.language.text import fold

SCHEMA = """
CREATE TABLE {db}.files (name TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, sha256 TEXT, failures TEXT);
CREATE TABLE {db}.articles (
    id TEXT, file TEXT, hash TEXT, date TEXT, newspaper TEXT, section TEXT, kind TEXT, authors TEXT, content TEXT,
    PRIMARY KEY (id, file));
CREATE INDEX {db}.by_file ON articles (file);
CREATE INDEX {db}.by_date ON articles (date DESC, id);
CREATE VIEW {db}.published AS
    SELECT * FROM articles AS a WHERE file = (SELECT min(file) FROM articles WHERE id = a.id);
CREATE TABLE {db}.chunks (
    article_id TEXT, ordinal INTEGER, start INTEGER, stop INTEGER, text_hash BLOB,
    PRIMARY KEY (article_id, ordinal)) WITHOUT ROWID;
"""
ADDED = """
CREATE TABLE IF NOT EXISTS main.lines (
    file TEXT, number INTEGER, digest BLOB, article_id TEXT, PRIMARY KEY (file, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS main.by_hash ON articles (id, file, hash);
"""
"""Which line gave which article, and which hash, without a look into the texts. A store made before has neither."""
TOUCHED = """
CREATE TEMP TABLE touched (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TRIGGER put AFTER INSERT ON main.articles BEGIN INSERT OR IGNORE INTO touched VALUES (new.id); END;
CREATE TEMP TRIGGER removed AFTER DELETE ON main.articles BEGIN INSERT OR IGNORE INTO touched VALUES (old.id); END;
CREATE TEMP TRIGGER cut AFTER INSERT ON main.chunks BEGIN
    INSERT OR IGNORE INTO touched VALUES (new.article_id); END;
CREATE TEMP TRIGGER uncut AFTER DELETE ON main.chunks BEGIN
    INSERT OR IGNORE INTO touched VALUES (old.article_id); END;
"""
"""The articles that may differ from the base's: only they are compared with it."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the corpus as it was last read. `sha256` is "" where it could not be opened."""

    name: str
    size: int = 0
    mtime_ns: int = 0
    sha256: str = ""
    failures: tuple[Failure, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether the file as a whole, and not only some of its lines, could not be read."""
        return any(failure.line is None for failure in self.failures)


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line of a file, counted from 1, that gave an article."""

    number: int
    digest: bytes
    article_id: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of published articles beside those of the store it was made from, each list sorted."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]


class ArticleStore:
    """The articles of one snapshot. One store may be read by several threads; only the one that made it may write.

    Each thread has a connection of its own. On a shared one two of them end up waiting for each other for ever:
    `fold`, called from inside SQLite, needs Python's lock while it holds the connection's, and whoever reads the
    next row beside it holds Python's and needs the connection's.
    """

    def __init__(self, path: Path, address: str) -> None:
        self._path, self._address = path, address
        self._of_thread = threading.local()

    @classmethod
    def open(cls, path: Path) -> ArticleStore:
        """The store at `path`, to be read only. Raises IndexDamaged where there is none."""
        store = cls(path, f"{path.absolute().as_uri()}?mode=ro&immutable=1")
        store._one("SELECT count(*) FROM files")
        return store

    @classmethod
    def create(cls, path: Path, base: Path | None = None, *, copy: bool = True) -> ArticleStore:
        """A store to be changed at `path`: a copy of the one at `base`, or (without `copy`) an empty one.

        `changes`, `new_chunks` and `gone_chunks` compare with the base. The file is whole after `close`.
        """
        if base is not None and copy:
            shutil.copyfile(base, path)
        old = ":memory:" if base is None else f"{base.absolute().as_uri()}?mode=ro&immutable=1"
        with disk_faults(path):
            store = cls(path, path.absolute().as_uri())
            # Nobody reads the file before it is closed and flushed: a killed refresh throws it away.
            store._db.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; "
                                    "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;")
            store._db.execute("ATTACH ? AS old", (old,))
            for name in (["old"] if base is None else []) + (["main"] if base is None or not copy else []):
                store._db.executescript(SCHEMA.format(db=name))
            store._db.executescript(ADDED + TOUCHED)
            if not copy:
                store._db.execute("INSERT INTO touched SELECT id FROM old.articles GROUP BY id")
        return store

    def close(self) -> None:
        """Keeps what was written and frees the file; nobody may use the store afterwards."""
        if connection := getattr(self._of_thread, "connection", None):
            with disk_faults(self._path):
                connection.commit()
        self._of_thread = threading.local()  # a connection that nobody holds any more closes itself

    # ---- reading

    def article(self, article_id: str) -> Article | None:
        """The article of that id, or None."""
        row = self._one("SELECT content FROM articles WHERE id = ? ORDER BY file LIMIT 1", article_id)
        return _article(row[0]) if row else None

    def articles(self, filters: Filters = Filters()) -> Iterator[Article]:
        """The articles under the filters, newest first (those without a date last), then by id."""
        condition, values = _condition(filters)
        for content, in self._rows(f"SELECT content FROM published WHERE {condition} ORDER BY date DESC, id", *values):
            yield _article(content)

    def ids(self) -> set[str]:
        """The ids of all articles."""
        return {article_id for article_id, in self._rows("SELECT DISTINCT id FROM articles")}

    def chunks(self, chunk_ids: Iterable[str]) -> dict[str, Chunk]:
        """The chunks by their ids, in the order asked for; unknown ids are left out."""
        wanted = list(chunk_ids)
        ids = dict.fromkeys(chunk_id.rpartition("@")[0] for chunk_id in wanted)
        articles = filter(None, map(self.article, ids))
        known = {chunk.id: chunk for article in articles for chunk in self.chunks_of(article)}
        return {chunk_id: known[chunk_id] for chunk_id in wanted if chunk_id in known}

    def chunks_of(self, article: Article) -> list[Chunk]:
        """The chunks of one of its articles, in order."""
        rows = self._rows("SELECT ordinal, start, stop FROM chunks WHERE article_id = ? ORDER BY ordinal", article.id)
        return [Chunk(article.id, n, a, b, article.text[a:b]) for n, a, b in rows]

    def chunk_ids(self) -> set[str]:
        """The ids of all chunks."""
        return {f"{article_id}@{n}" for article_id, n in self._rows("SELECT article_id, ordinal FROM chunks")}

    def chunk_hashes(self) -> dict[str, bytes]:
        """The hash of the text that was embedded for each chunk, by the chunk's id."""
        return {f"{article_id}@{n}": digest for article_id, n, digest in
                self._rows("SELECT article_id, ordinal, text_hash FROM main.chunks")}

    def text_hashes(self) -> set[bytes]:
        """The hashes of the texts that were embedded for the chunks."""
        return {digest for digest, in self._rows("SELECT text_hash FROM chunks")}

    def coverage(self) -> Coverage:
        """Counts, the span of dates, and the newspapers and sections, the most frequent first."""
        rows = list(self._rows("SELECT newspaper, section, count(*), min(date), max(date) FROM published "
                               "GROUP BY newspaper, section"))
        newspapers, sections = Counter(), Counter()
        for newspaper, section, articles, _, _ in rows:
            newspapers[newspaper] += articles
            sections[section] += articles
        return Coverage(newspapers.total(), self.chunk_count(), min((row[3] for row in rows if row[3]), default=""),
                        max((row[4] for row in rows if row[4]), default=""), _by_count(newspapers), _by_count(sections))

    def article_count(self) -> int:
        """The number of articles."""
        return self._one("SELECT count(DISTINCT id) FROM articles")[0]

    def chunk_count(self) -> int:
        """The number of chunks."""
        return self._one("SELECT count(*) FROM chunks")[0]

    def files(self) -> dict[str, StoredFile]:
        """The files by name, as they were last read."""
        rows = self._rows("SELECT name, size, mtime_ns, sha256, failures FROM files")
        return {row[0]: StoredFile(*row[:4], _failures(row[4])) for row in rows}

    def failures(self) -> tuple[Failure, ...]:
        """Everything in the files that could not be used, by file and line; repeated ids among it."""
        rows = self._rows("SELECT failures FROM files WHERE failures <> ''")
        found = [failure for text, in rows for failure in _failures(text)]
        repeated = self._rows("SELECT a.id, a.file, b.file FROM articles a JOIN published b USING (id) "
                              "WHERE a.file <> b.file")
        for article_id, file, first in repeated:
            reason = f"编号 {article_id} 在 {first} 里已经用过 / the id {article_id} is used in {first} already"
            found.append(Failure(file, None, reason))
        return tuple(sorted(found, key=lambda failure: (failure.file, failure.line or 0, failure.reason)))

    # ---- changing

    def put_file(self, file: StoredFile) -> None:
        """Keeps how a file was read."""
        rows = [(failure.file, failure.line, failure.reason) for failure in file.failures]
        failures = json.dumps(rows, ensure_ascii=False) if rows else ""
        self._write("REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
                    file.name, file.size, file.mtime_ns, file.sha256, failures)

    def put_articles(self, file: str, articles: Iterable[Article], *, whole: Callable[[], bool],
                     kept: Callable[[], Set[str]] = frozenset) -> None:
        """Replaces the articles of a file.

        Asked when they have all come, `whole` tells whether the file could be read to its end. If not, the
        articles that it held before and that did not come again stay; and those with the ids `kept` in any case.
        """
        held = dict(self._rows("SELECT id, hash FROM articles WHERE file = ?", file))
        given = set()
        for article in articles:
            given.add(article.id)
            if held.get(article.id) != article.content_hash:
                self._write("REPLACE INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *_row(file, article))
        for article_id in held.keys() - given - kept() if whole() else ():
            self._write("DELETE FROM articles WHERE id = ? AND file = ?", article_id, file)

    def lines(self, file: str) -> dict[int, StoredLine]:
        """The lines of a file that gave its articles, by number."""
        rows = self._rows("SELECT number, digest, article_id FROM lines WHERE file = ?", file)
        return {row[0]: StoredLine(*row) for row in rows}

    def put_lines(self, file: str, gone: Iterable[int], new: Iterable[StoredLine]) -> None:
        """Forgets lines of a file by number, and keeps others."""
        for number in gone:
            self._write("DELETE FROM lines WHERE file = ? AND number = ?", file, number)
        for line in new:
            self._write("REPLACE INTO lines VALUES (?, ?, ?, ?)", file, line.number, line.digest, line.article_id)

    def remove_file(self, file: str) -> None:
        """Forgets a file and its articles."""
        self._write("DELETE FROM articles WHERE file = ?", file)
        self._write("DELETE FROM lines WHERE file = ?", file)
        self._write("DELETE FROM files WHERE name = ?", file)

    def put_chunks(self, article_id: str, chunks: Sequence[Chunk], text_hashes: Sequence[bytes]) -> None:
        """Replaces the chunks of an article. A text hash is that of the text embedded for the chunk."""
        self.remove_chunks(article_id)
        for chunk, text_hash in zip(chunks, text_hashes, strict=True):
            self._write("INSERT INTO chunks VALUES (?, ?, ?, ?, ?)",
                        article_id, chunk.ordinal, chunk.start, chunk.end, text_hash)

    def remove_chunks(self, article_id: str) -> None:
        """Forgets the chunks of an article."""
        self._write("DELETE FROM chunks WHERE article_id = ?", article_id)

    # ---- comparing with the base

    def changes(self) -> Changes:
        """How the published articles differ from the base's."""
        was, now = (f"(SELECT hash FROM {db}.articles WHERE id = touched.id ORDER BY file LIMIT 1)"
                    for db in ("old", "main"))
        rows = list(self._rows(f"SELECT id, {was} AS was, {now} AS now FROM touched WHERE was IS NOT now ORDER BY id"))
        return Changes(tuple(article_id for article_id, was, _ in rows if was is None),
                       tuple(article_id for article_id, was, now in rows if was and now),
                       tuple(article_id for article_id, _, now in rows if now is None))

    def new_chunks(self, *, beside_base: bool = True) -> list[tuple[str, int, bytes]]:
        """(article id, ordinal, text hash) of every chunk, or of those that the base has not with this text."""
        if beside_base:
            return list(self._rows(_beside("article_id, ordinal, text_hash", "main", "old")))
        return list(self._rows("SELECT article_id, ordinal, text_hash FROM main.chunks ORDER BY article_id, ordinal"))

    def gone_chunks(self) -> list[str]:
        """The ids of the base's chunks that are no more."""
        return [f"{article_id}@{ordinal}" for article_id, ordinal in
                self._rows(_beside("article_id, ordinal", "old", "main"))]

    def lost_chunks(self) -> int:
        """How many of the base's chunks are no more, or have another text."""
        return self._one(f"SELECT count(*) FROM ({_beside('article_id, ordinal, text_hash', 'old', 'main')})")[0]

    # ---- inside

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection of this thread, which ends with the thread or the store."""
        if not hasattr(self._of_thread, "connection"):
            connection = sqlite3.connect(self._address, uri=True, check_same_thread=False)
            connection.create_function("fold", 1, lambda name: name and fold(name), deterministic=True)
            self._of_thread.connection = connection
        return self._of_thread.connection

    def _write(self, sql: str, *values: Any) -> None:
        with disk_faults(self._path):
            self._db.execute(sql, values)

    def _rows(self, sql: str, *values: Any) -> Iterator[tuple]:
        try:
            yield from self._db.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise _damaged(self._path, error) from error

    def _one(self, sql: str, *values: Any) -> tuple | None:
        return next(self._rows(sql, *values), None)


def _beside(columns: str, one: str, other: str) -> str:
    """SQL for the chunks of the one database that the other has not."""
    chunks = f"SELECT {columns} FROM {{}}.chunks WHERE article_id IN (SELECT id FROM touched)"
    return f"{chunks.format(one)} EXCEPT {chunks.format(other)}"


def _condition(filters: Filters) -> tuple[str, list[str]]:
    """The filters as an SQL condition. A month or a year reaches from its first to its last day."""
    conditions, values = ["TRUE"], []
    for column in ("newspaper", "section", "kind"):
        if name := getattr(filters, column):
            conditions.append(f"fold({column}) = ?")
            values.append(fold(name))
    if filters.author:
        conditions.append("EXISTS (SELECT 1 FROM json_each(authors) WHERE fold(value) = ?)")
        values.append(fold(filters.author))
    if filters.date_from:
        conditions.append("date || substr('9999-12-31', length(date) + 1) >= ?")
        values.append(filters.date_from)
    if filters.date_to:
        conditions.append("date || substr('0000-01-01', length(date) + 1) <= ? || substr('9999-12-31', length(?) + 1)")
        values += [filters.date_to, filters.date_to]
    return " AND ".join(conditions), values


def _row(file: str, article: Article) -> tuple[str | None, ...]:
    authors, content = (json.dumps(v, ensure_ascii=False) for v in (article.authors, article.to_json()))
    return (article.id, file, article.content_hash, article.date, article.newspaper, article.section, article.kind,
            authors, content)


def _by_count(names: Counter[str | None]) -> tuple[str, ...]:
    """The names, the most frequent first, then in their own order."""
    return tuple(sorted(filter(None, names), key=lambda name: (-names[name], name)))


def _failures(text: str) -> tuple[Failure, ...]:
    return tuple(Failure(*row) for row in json.loads(text)) if text else ()


def _article(content: str) -> Article:
    return Article.from_json(json.loads(content))


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """A full disk, a folder that cannot be written and the like, which SQLite reports, as OSError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error), str(path)) from error


def _damaged(path: Path, error: Exception) -> IndexDamaged:
    return IndexDamaged(
        f"索引里的文章库 {path} 读不了（{error}）。请运行 assistant refresh --rebuild。",
        f"Cannot read the articles of the index in {path} ({error}). Run: assistant refresh --rebuild",
    )
