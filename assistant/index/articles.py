"""SQLite: the articles with their texts, the chunks they are cut into, and the files they were read from.

A store is a pile of layers, each a file that is never changed once it is made. A layer speaks for some articles
(`touched`): for these it holds everything, and what lies below counts no more; one that it speaks for and does
not hold is deleted. So a layer of one changed article is as small as the article.

Several files may give the same id. All of them are kept, and the view `published` shows the first in order of
name, so that what is published depends on the files alone and not on the order of refreshes.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from assistant.corpus.joining import is_announcement, is_bare_teaser, is_torn, join
from assistant.corpus.reprints import ends
from assistant.errors import IndexDamaged
from assistant.index.chunking import chunk_article, embedding_text, text_hash
from assistant.index.layers import PIECES, SCHEMA, Opened, disk_faults, views
from assistant.language.aliases import Told, told_names
from assistant.language.pages import page_number
from assistant.language.text import fold
from assistant.schema import Article, Chunk, Coverage, Failure, Filters

SPAN_SHARE = 0.005
"""The share of the dated articles at either end that a coverage's span leaves out, if it leaves out years by that:
a single wrong date must not make an archive of one summer one of eighty years."""


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
class Entry:
    """An article without its text. A `teaser` only says where to read another; `opening` and `ending` are digests of
    how its text begins and ends, which reprints have in common, one of them at least."""

    id: str
    date: str | None
    newspaper: str | None
    section: str | None
    kind: str | None
    authors: tuple[str, ...]
    page: str | None
    teaser: bool
    opening: int
    ending: int


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of published articles beside those of the store it was made from, each list sorted.

    `lost` counts the chunks that are no more: those of all changed and deleted articles.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    lost: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.deleted)


class ArticleStore:
    """The articles of one snapshot. One store may be read by several threads; only the one that made it may write.

    Each thread has a connection of its own. On a shared one two of them end up waiting for each other for ever:
    `fold`, called from inside SQLite, needs Python's lock while it holds the connection's, and whoever reads the
    next row beside it holds Python's and needs the connection's.
    """

    def __init__(self, layers: Sequence[Path], new: Path | None = None, *, over: bool = True) -> None:
        """`layers`, lowest first; with `new` a file that is written `over` them, or in their place."""
        self._layers, self._new, self._over = list(layers), new, over
        self._of_thread = threading.local()

    @classmethod
    def open(cls, *layers: Path) -> ArticleStore:
        """The store of these layers, lowest first, to be read only. Raises IndexDamaged where one is none."""
        store = cls(layers)
        store.files()
        store._one("SELECT count(*) FROM articles")
        return store

    @classmethod
    def create(cls, path: Path, layers: Sequence[Path] = (), *, over: bool = True) -> ArticleStore:
        """A store whose new layer at `path` is written: over the others, or (without `over`) in their place.

        `settle` compares with the others. The file is whole after `close`.
        """
        with disk_faults(path):
            store = cls(layers, path, over=over)
            store._db.executescript(SCHEMA.format(db="main"))
        return store

    def close(self) -> None:
        """Keeps what was written and frees the files; nobody may use the store afterwards."""
        if (opened := getattr(self._of_thread, "opened", None)) and self._new:
            with disk_faults(self._new):
                opened.connection.commit()
        self._of_thread = threading.local()

    # ---- reading

    def article(self, article_id: str) -> Article | None:
        """The article of that id, or None."""
        row = self._one("SELECT content FROM texts WHERE id = ? ORDER BY file LIMIT 1", article_id)
        return _article(row[0]) if row else None

    def held(self, article_id: str) -> Article:
        """The article of an id that the store has. Raises KeyError."""
        if (article := self.article(article_id)) is None:
            raise KeyError(article_id)
        return article

    def articles(self, filters: Filters = Filters()) -> Iterator[Article]:
        """The articles under the filters, newest first (those without a date last), then by id."""
        condition, values = _condition(filters)
        for article_id, _ in self._rows(f"SELECT id, date FROM published WHERE {condition} ORDER BY date DESC, id", *values):
            yield self.held(article_id)

    def of_date(self, date: str) -> list[Article]:
        """The articles of that very date, by id; those of "2025-11" are dated to the month and no finer."""
        found = (self.article(article_id) for article_id, in
                 self._all("SELECT id FROM published WHERE date = ? ORDER BY id", date))
        return [article for article in found if article]

    def dates(self) -> dict[str, str]:
        """The date of each article, "" without one, by its id: newest first, without a date last, then by id.

        To count and sort by; it takes 0.2 s for 68,161 articles.
        """
        return {article_id: date or "" for article_id, date in
                self._rows("SELECT id, date FROM published ORDER BY date DESC, id")}

    def entries(self) -> Iterator[Entry]:
        """What is known of all articles but for their texts, in the order of `articles`."""
        columns = "id, date, newspaper, section, kind, authors, page, teaser, opening, ending"
        for row in self._rows(f"SELECT {columns} FROM published ORDER BY date DESC, id"):
            article_id, date, newspaper, section, kind, authors, page, teaser, opening, ending = row
            yield Entry(article_id, date, newspaper, section, kind, tuple(json.loads(authors)) if authors != "[]" else (),
                        page, bool(teaser), opening, ending)

    def names_told(self) -> list[tuple[str, str, Told]]:
        """What its articles call by two names, each with the id of the article and its newspaper ("" for none), by article."""
        return [(article_id, newspaper or "", Told(*told)) for article_id, newspaper, names in self._all(
            "SELECT id, newspaper, names FROM published WHERE names <> '' ORDER BY id") for told in json.loads(names)]

    def ids(self) -> set[str]:
        """The ids of all articles."""
        return {article_id for article_id, in self._all("SELECT id FROM published")}

    def chunks(self, chunk_ids: Iterable[str]) -> dict[str, Chunk]:
        """The chunks by their ids, in the order asked for; unknown ids are left out."""
        wanted = list(chunk_ids)
        ids = dict.fromkeys(chunk_id.rpartition("@")[0] for chunk_id in wanted)
        articles = filter(None, map(self.article, ids))
        known = {chunk.id: chunk for article in articles for chunk in self.chunks_of(article)}
        return {chunk_id: known[chunk_id] for chunk_id in wanted if chunk_id in known}

    def chunks_of(self, article: Article) -> list[Chunk]:
        """The chunks of one of its articles, in order."""
        row = self._one("SELECT pieces FROM published WHERE id = ?", article.id)
        places = [(int(one["start"]), int(one["stop"])) for one in np.frombuffer(row[0], PIECES)] if row else []
        return [Chunk(article.id, n, a, b, article.text[a:b]) for n, (a, b) in enumerate(places)]

    def chunk_ids(self) -> set[str]:
        """The ids of all chunks."""
        rows = self._all("SELECT id, length(pieces) FROM published")
        return {f"{article_id}@{n}" for article_id, size in rows for n in range(size // PIECES.itemsize)}

    def chunk_hashes(self, article_ids: Iterable[str] | None = None) -> dict[str, bytes]:
        """The hash of the text that is embedded for each chunk, by the chunk's id: of all articles, or of these."""
        rows = (self._all("SELECT id, pieces FROM published ORDER BY id") if article_ids is None else
                (row for article_id in article_ids
                 for row in self._rows("SELECT id, pieces FROM published WHERE id = ?", article_id)))
        return {f"{article_id}@{n}": bytes(digest) for article_id, pieces in rows
                for n, digest in enumerate(np.frombuffer(pieces, PIECES)["hash"])}

    def coverage(self) -> Coverage:
        """Counts, the span of dates, and the newspapers and sections, the most frequent first.

        The span is from the first to the last date; where SPAN_SHARE of the dated articles at an end lies years
        away from all the others, that end is left out.
        """
        rows = list(self._rows("SELECT newspaper, section, date, count(*), sum(length(pieces)) FROM published "
                               "GROUP BY newspaper, section, date"))
        newspapers: Counter[str | None] = Counter()
        sections: Counter[str | None] = Counter()
        dates: Counter[str] = Counter()
        chunks = 0
        for newspaper, section, day, articles, size in rows:
            newspapers[newspaper] += articles
            sections[section] += articles
            chunks += size // PIECES.itemsize
            if day:
                dates[day] += articles
        months: Counter[str] = Counter()
        for day, articles in dates.items():
            months[day[:7]] += articles
        return Coverage(newspapers.total(), chunks, *_span(dates), _by_count(newspapers), _by_count(sections),
                        tuple(sorted(months.items())))

    def article_count(self) -> int:
        """The number of articles."""
        return int(self._value("SELECT count(*) FROM published"))

    def chunk_count(self) -> int:
        """The number of chunks."""
        return (self._value("SELECT sum(length(pieces)) FROM published") or 0) // PIECES.itemsize

    def own_chunk_count(self) -> int:
        """The number of chunks in its highest layer."""
        return (self._value(f"SELECT sum(length(pieces)) FROM {self._names[-1]}.articles WHERE shown")
                or 0) // PIECES.itemsize

    def file_of(self, article_id: str) -> str | None:
        """The file that an article was read from, or None."""
        row = self._one("SELECT file FROM published WHERE id = ?", article_id)
        return row[0] if row else None

    def gave_before(self, file: str) -> bool:
        """Whether the layers below have articles of a file."""
        return self._one("SELECT 1 FROM below WHERE file = ?", file) is not None

    def files(self) -> dict[str, StoredFile]:
        """The files by name, as they were last read."""
        found: dict[str, StoredFile] = {}
        for name in self._names:
            for file, size, mtime_ns, digest, failures in self._rows(
                    f"SELECT name, size, mtime_ns, sha256, failures FROM {name}.files"):
                found.pop(file, None)
                if digest is not None:
                    found[file] = StoredFile(file, size, mtime_ns, digest, _failures(failures))
        return found

    def failures(self) -> tuple[Failure, ...]:
        """Everything in the files that could not be used, by file and line; repeated ids among it."""
        found = [failure for file in self.files().values() for failure in file.failures]
        for article_id, file in self._rows("SELECT id, file FROM articles WHERE NOT shown"):
            first = self._value("SELECT file FROM published WHERE id = ?", article_id)
            reason = f"编号 {article_id} 在 {first} 里已经用过 / the id {article_id} is used in {first} already"
            found.append(Failure(file, None, reason))
        return tuple(sorted(found, key=lambda failure: (failure.file, failure.line or 0, failure.reason)))

    def born(self) -> dict[str, int]:
        """In which refresh each article that its layers speak for became what it is, or was deleted."""
        return {row[0]: row[1] for name in self._names for row in self._rows(f"SELECT id, born FROM {name}.touched")}

    def spoken_for(self, layer: int) -> set[str]:
        """The ids of the articles that the layer of this number, counted from the lowest, speaks for."""
        return {article_id for article_id, in self._rows(f"SELECT id FROM {self._names[layer]}.touched")}

    def told(self) -> frozenset[Failure]:
        """What its refresh told of: the files passed over, and what failed in files that gave no article before."""
        top = self._names[-1]
        skipped = [Failure(file, None, reason) for file, reason in self._rows(f"SELECT file, reason FROM {top}.skipped")]
        accepted = {file for file, in self._rows("SELECT DISTINCT file FROM articles")}
        lost = {row for file in self.files().values() if file.name in accepted for row in file.failures if row.line is None}
        return frozenset((*skipped, *(row for row in self.failures() if row not in lost)))

    # ---- changing

    def put_file(self, file: StoredFile) -> None:
        """Keeps how a file was read."""
        rows = [(failure.file, failure.line, failure.reason) for failure in file.failures]
        failures = json.dumps(rows, ensure_ascii=False) if rows else ""
        self._write("REPLACE INTO main.files VALUES (?, ?, ?, ?, ?)",
                    file.name, file.size, file.mtime_ns, file.sha256, failures)

    def put_articles(self, file: str, articles: Iterable[tuple[Article, bytes]], *, whole: Callable[[], bool],
                     kept: Callable[[], Set[str]] = frozenset) -> None:
        """Replaces the articles of a file, which come with the digests of their lines (b"" without one).

        Asked when they have all come, `whole` tells whether the file could be read to its end. If not, the
        articles that it held before and that did not come again stay; and those with the ids `kept` in any case.
        """
        held = {row[0]: row[1:] for row in self._all("SELECT id, hash, line FROM articles WHERE file = ?", file)}
        halves = {row[0] for row in self._all("SELECT id FROM torn WHERE file = ?", file)}
        given = set()
        for article, line in articles:
            given.add(article.id)
            digest = article.content_hash
            if held.get(article.id) != (digest, line):
                self._put(file, article, digest, line)
            if is_torn(article):
                self._touch(article.id)
                self._write("REPLACE INTO main.torn VALUES (?, ?, ?)", article.id, file, _content(article))
            elif article.id in halves:
                self._write("DELETE FROM main.torn WHERE id = ? AND file = ?", article.id, file)
        for article_id in (held.keys() | halves) - given - kept() if whole() else ():
            self._touch(article_id)
            self._remove(article_id, file, "articles", "texts", "torn")

    def join_halves(self) -> None:
        """Brings the articles in line with the pieces: what two pages or several files hold of an article is one."""
        self._set_copies_apart()
        halves = [(file, _article(content)) for file, content in
                  self._all("SELECT file, content FROM torn ORDER BY file, id")]
        whole = {article.id: article for article in join(article for _, article in halves)}
        for file, half in halves:
            row = self._one("SELECT hash, line FROM articles WHERE id = ? AND file = ?", half.id, file)
            article = whole.get(half.id)
            if article is None or half.date and is_announcement(half, self.of_date(half.date)):
                self._touch(half.id)
                self._remove(half.id, file, "articles", "texts")
            elif row is None or row[0] != article.content_hash:
                self._put(file, article, article.content_hash, row[1] if row else b"")

    def _set_copies_apart(self) -> None:
        """Keeps the articles of the days that were changed, and that another file holds too, as they were read."""
        pieces = {row[0]: _article(row[2]) for row in self._all("SELECT id, file, content FROM torn")}
        for day, in self._all("SELECT DISTINCT date FROM main.articles WHERE length(date) = 10"):
            if self._value("SELECT count(DISTINCT file) FROM articles WHERE date = ?", day) < 2:
                continue
            rows = self._all("SELECT id, articles.file, content FROM articles JOIN texts USING (id, file) WHERE date = ?", day)
            once = {article_id for article_id, n in Counter(row[0] for row in rows).items() if n == 1}
            own = {row[0]: row for row in rows if row[0] in once and row[0] not in pieces}
            told = {one.id: one for one in pieces.values() if one.date == day} | {name: _article(row[2]) for name, row in own.items()}
            for one in join(told.values()):
                for name in (one.id, *one.copies) if one.copies else ():
                    if name in own:
                        self._touch(name)
                        self._write("REPLACE INTO main.torn VALUES (?, ?, ?)", *own[name])

    def put_skipped(self, skipped: Iterable[Failure]) -> None:
        """Keeps which files were passed over, and why."""
        for failure in skipped:
            self._write("REPLACE INTO main.skipped VALUES (?, ?)", failure.file, failure.reason)

    def lines(self, file: str) -> dict[bytes, str]:
        """The ids of a file's articles by the digests of the lines that gave them."""
        return dict(self._all("SELECT line, id FROM articles WHERE file = ? AND line <> x''", file))

    def remove_file(self, file: str) -> None:
        """Forgets a file and its articles."""
        for article_id, in self._all("SELECT id FROM articles WHERE file = ? UNION SELECT id FROM torn WHERE file = ?",
                                     file, file):
            self._touch(article_id)
            self._remove(article_id, file, "articles", "texts", "torn")
        self._write("REPLACE INTO main.files VALUES (?, 0, 0, NULL, '')", file)

    def recut(self) -> None:
        """Cuts every article into chunks anew."""
        for article_id, in list(self._rows("SELECT id FROM published")):
            self._touch(article_id)
        rows = self._rows("SELECT id, file, content FROM main.texts")
        for article_id, file, content in list(rows):
            self._write("UPDATE main.articles SET pieces = ? WHERE id = ? AND file = ?", _pieces(_article(content)),
                        article_id, file)

    def settle(self, born: int) -> Changes:
        """How the published articles differ from those of the layers below, once the new layer is all written.

        What is other than there was born in the refresh of this number; the rest when it was there.
        """
        shown = "(SELECT {} FROM {} WHERE id = touched.id AND shown)"
        with disk_faults(self._new):
            self._db.executescript(
                "UPDATE main.articles SET shown = (file = (SELECT min(file) FROM main.articles AS a "
                "WHERE a.id = articles.id));"
                + ("" if self._over else "INSERT OR IGNORE INTO main.touched SELECT id, 0 FROM main.articles "
                                         "UNION SELECT id, 0 FROM below;"))
        rows = list(self._rows(f"SELECT id, {shown.format('hash', 'below')}, {shown.format('hash', 'main.articles')}, "
                               f"{shown.format('length(pieces)', 'below')} FROM main.touched ORDER BY id"))
        lost = sum(size for _, was, now, size in rows if was is not None and was != now) // PIECES.itemsize
        if self._over:
            for article_id, was, now, _ in rows:
                self._write("UPDATE main.touched SET born = CASE WHEN ? THEN ? ELSE coalesce((SELECT born FROM "
                            "below_born WHERE id = ?), 0) END WHERE id = ?", was != now, born, article_id, article_id)
        else:
            self._write("DELETE FROM main.touched")
        return Changes(tuple(article_id for article_id, was, now, _ in rows if was is None and now is not None),
                       tuple(article_id for article_id, was, now, _ in rows if was and now and was != now),
                       tuple(article_id for article_id, was, now, _ in rows if was and now is None), lost)

    def before(self, article_id: str) -> tuple[Article, list[Chunk]] | None:
        """The article as the layers below publish it, with its chunks; None where they do not."""
        row = self._one("SELECT file, pieces FROM below WHERE id = ? AND shown", article_id)
        if row is None:
            return None
        article = _article(self._value("SELECT content FROM below_texts WHERE id = ? AND file = ?", article_id, row[0]))
        return article, [Chunk(article_id, n, int(one["start"]), int(one["stop"]), article.text[one["start"]:one["stop"]])
                         for n, one in enumerate(np.frombuffer(row[1], PIECES))]

    # ---- inside

    @property
    def _names(self) -> list[str]:
        """What SQLite knows the layers by, lowest first."""
        below = [f"l{n}" for n in range(len(self._layers))] if self._over else []
        return [*below, *(["main"] if self._new else [])]

    @property
    def _opened(self) -> Opened:
        """The connection of this thread, which ends with the thread or the store."""
        if not hasattr(self._of_thread, "opened"):
            address = self._new.absolute().as_uri() if self._new else ":memory:"
            opened = Opened(sqlite3.connect(address, uri=True, check_same_thread=False))
            connection = opened.connection
            connection.create_function("fold", 1, lambda name: name and fold(name), deterministic=True)
            connection.create_function("page_number", 1, page_number, deterministic=True)
            # Nobody reads the new file before it is closed and flushed: a killed refresh throws it away.
            connection.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; "
                                     "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;")
            for number, layer in enumerate(self._layers):
                connection.execute(f"ATTACH ? AS l{number}", (f"{layer.absolute().as_uri()}?mode=ro&immutable=1",))
            connection.executescript(views(len(self._layers), self._new is not None, self._over))
            self._of_thread.opened = opened
        kept: Opened = self._of_thread.opened
        return kept

    @property
    def _db(self) -> sqlite3.Connection:
        return self._opened.connection

    def _touch(self, article_id: str) -> None:
        """Has the new layer speak for an article: all that is below of it is copied up."""
        if self._over and self._write("INSERT OR IGNORE INTO main.touched VALUES (?, 0)", article_id):
            self._write("INSERT INTO main.articles SELECT * FROM below WHERE id = ?", article_id)
            self._write("INSERT INTO main.texts SELECT * FROM below_texts WHERE id = ?", article_id)
            self._write("INSERT INTO main.torn SELECT * FROM below_torn WHERE id = ?", article_id)

    def _put(self, file: str, article: Article, digest: str, line: bytes) -> None:
        self._touch(article.id)
        authors, told = json.dumps(article.authors, ensure_ascii=False), told_names(article.text)
        self._write("REPLACE INTO main.articles VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", article.id, file, digest,
                    line, article.date, article.newspaper, article.section, article.kind, article.page, authors,
                    is_bare_teaser(article.text), *ends(article.text), json.dumps(told, ensure_ascii=False) if told else "",
                    _pieces(article))
        self._write("REPLACE INTO main.texts VALUES (?, ?, ?)", article.id, file, _content(article))

    def _remove(self, article_id: str, file: str, *tables: str) -> None:
        for table in tables:
            self._write(f"DELETE FROM main.{table} WHERE id = ? AND file = ?", article_id, file)

    def _write(self, sql: str, *values: Any) -> int:
        with disk_faults(self._new):
            return self._db.execute(sql, values).rowcount

    def _rows(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        try:
            opened = self._opened  # until the last row, which another thread may take when this one has ended
            yield from opened.connection.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise _damaged(self._new or self._layers[-1], error) from error

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """As `_rows`, at once: three times as fast for many."""
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise _damaged(self._new or self._layers[-1], error) from error

    def _one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        return next(self._rows(sql, *values), None)

    def _value(self, sql: str, *values: Any) -> Any:
        """The first value of the first row, which is there."""
        return next(self._rows(sql, *values))[0]


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
    if filters.page:
        conditions.append("page_number(page) = ?")
        values.append(filters.page)
    if filters.date_from:
        conditions.append("date || substr('9999-12-31', length(date) + 1) >= ?")
        values.append(filters.date_from)
    if filters.date_to:
        conditions.append("date || substr('0000-01-01', length(date) + 1) <= ? || substr('9999-12-31', length(?) + 1)")
        values += [filters.date_to, filters.date_to]
    return " AND ".join(conditions), values


def _pieces(article: Article) -> bytes:
    """The chunks of an article, packed."""
    return np.array([(chunk.start, chunk.end, text_hash(embedding_text(article, chunk)))
                     for chunk in chunk_article(article)], PIECES).tobytes()


def _span(dates: Counter[str]) -> tuple[str, str]:
    """The first and the last date, but for strays: the SPAN_SHARE of an end that lies further from the rest than
    the rest is long. "" where there is no date."""
    ordered = sorted(dates.elements())
    if not ordered:
        return "", ""
    stray = int(SPAN_SHARE * len(ordered))
    low, high = _day(ordered[stray]), _day(ordered[-1 - stray])
    length = max(high - low, 31)
    kept = [written for written in ordered if low - length <= _day(written) <= high + length]
    return kept[0], kept[-1]


def _day(written: str) -> int:
    """The first day of an ISO date of any precision, counted from the year 1."""
    return date.fromisoformat(written + "0000-01-01"[len(written):]).toordinal()


def _by_count(names: Counter[str | None]) -> tuple[str, ...]:
    """The names, the most frequent first, then in their own order."""
    return tuple(sorted(filter(None, names), key=lambda name: (-names[name], name)))


def _failures(text: str) -> tuple[Failure, ...]:
    return tuple(Failure(*row) for row in json.loads(text)) if text else ()


def _content(article: Article) -> str:
    return json.dumps(article.to_json(), ensure_ascii=False)


def _article(content: str) -> Article:
    return Article.from_json(json.loads(content))


def _damaged(path: Path, error: Exception) -> IndexDamaged:
    return IndexDamaged(
        f"索引里的文章库 {path} 读不了（{error}）。请运行 assistant refresh --rebuild。",
        f"Cannot read the articles of the index in {path} ({error}). Run: assistant refresh --rebuild",
    )
