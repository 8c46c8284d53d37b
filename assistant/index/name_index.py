"""SQLite: the people, places and bodies that articles name, by name, where the archive is tagged.

As the articles themselves, in layers: a part's file tells what is named in the articles that it speaks for, and what
lies below counts no more for them. How many articles name something is kept as the difference that a layer makes, so
that the sum over the layers counts without a look at the articles.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.errors import IndexDamaged
from assistant.index.chunking import text_hash
from assistant.index.layers import Opened, disk_faults
from assistant.index.tagging import Named, Tagged, named, packed, shortened, unpacked
from assistant.language.aliases import Told
from assistant.language.spelling import spelled
from assistant.language.text import squeeze
from assistant.schema import Article

SCHEMA = """
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
CREATE TABLE articles (id TEXT PRIMARY KEY, text_hash BLOB, found BLOB) WITHOUT ROWID;
CREATE TABLE named (kind TEXT, key TEXT, date TEXT, id TEXT, roles TEXT, tells INTEGER, born INTEGER,
                    PRIMARY KEY (kind, key, date, id)) WITHOUT ROWID;
CREATE TABLE names (kind TEXT, key TEXT, spelling TEXT, articles INTEGER, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE forms (kind TEXT, form TEXT, key TEXT, articles INTEGER, PRIMARY KEY (kind, form, key)) WITHOUT ROWID;
"""
INDEXES = """
CREATE INDEX most_named ON names (kind, articles DESC, key);
CREATE INDEX by_spelling ON names (kind, spelling, key);
CREATE INDEX by_key ON forms (kind, key);
"""
"""`found` is NULL for an article that is no more. `articles` of a name or a form is by how many more articles name it
so than below."""
SPELLING = 12
"""Letters of a spelling, by which names are sorted."""
ROLES = "\n"
"""Between the roles of a person in one article."""


NamesTold = Callable[[], Iterable[tuple[str, str, Told]]]
"""Gives what articles call by two names, each with the article's id and newspaper."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An article that names something: its date ("" without one), what it calls a person there, whether it says who
    or what that is, and the year of birth that an age in it means."""

    article_id: str
    date: str
    roles: tuple[str, ...]
    tells: bool
    born: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A name of a list: as it is mostly written, and in how many articles."""

    key: str
    name: str
    articles: int


class NameIndex:
    """The names of one snapshot. To be read by several threads, each with a connection of its own."""

    def __init__(self, layers: Sequence[Path], told: NamesTold = lambda: ()) -> None:
        self._layers, self._told = list(layers), told
        self._of_thread = threading.local()

    @classmethod
    def open(cls, layers: Sequence[Path], told: NamesTold = lambda: ()) -> NameIndex:
        """The names in these files, lowest first; `told` gives what the articles call by two names (`ArticleStore.names_told`),
        and is asked when a name is looked for. Raises IndexDamaged where one is none."""
        index = cls(layers, told)
        index._rows("SELECT count(*) FROM above")
        return index

    def close(self) -> None:
        """Frees the files."""
        self._of_thread = threading.local()

    # ---- an article

    def found(self, article_id: str) -> list[Named]:
        """What an article names, in order; [] for one that the archive has not."""
        for layer in reversed(range(len(self._layers))):
            rows = self._rows(f"SELECT found FROM l{layer}.articles WHERE id = :id", id=article_id)
            if rows:
                return unpacked(rows[0][0]) if rows[0][0] else []
        return []

    def article_ids(self) -> set[str]:
        """The ids of the articles that were tagged."""
        return {row[0] for row in self._rows(self._each("SELECT id FROM {layer}.articles AS t WHERE found IS NOT NULL AND {counts}"))}

    def text_hashes(self) -> set[bytes]:
        """The hashes of their texts."""
        return {row[0] for row in self._rows(self._each("SELECT text_hash FROM {layer}.articles AS t WHERE found IS NOT NULL AND {counts}"))}

    # ---- a name

    def key(self, kind: str, name: str) -> str:
        """Under which key the archive has a name, however it is written; "" where no article has it.

        One that is written alike for two things is that which more articles mean.
        """
        written, counts = squeeze(name), Counter[str]()
        for key, articles in self._rows(self._each("SELECT key, articles FROM {layer}.forms WHERE kind = :kind AND form = :form"),
                                        kind=kind, form=written):
            counts[key] += articles
        best = max(counts, key=lambda key: (counts[key], key), default="")
        key = best if counts[best] > 0 else written if self._articles(kind, written) else ""
        return self.means(kind, key)

    def occurrences(self, kind: str, key: str) -> list[Occurrence]:
        """The articles that name it, also by what is short for it, newest first and undated ones last."""
        rows = self._rows(self._each("SELECT id, date, roles, tells, born FROM {layer}.named AS t WHERE kind = :kind AND "
                                     "key IN (SELECT value FROM json_each(:keys)) AND {counts}"),
                          kind=kind, keys=self._keys(kind, key))
        rows.sort(key=lambda row: str(row[0]))
        rows.sort(key=lambda row: str(row[1]), reverse=True)
        found = {row[0]: Occurrence(row[0], row[1], tuple(filter(None, row[2].split(ROLES))), bool(row[3]), row[4]) for row in rows}
        return list(found.values())

    def forms(self, kind: str, key: str) -> list[str]:
        """How it is written, the most usual first."""
        counts = Counter[str]()
        for form, articles in self._rows(self._each("SELECT form, articles FROM {layer}.forms INDEXED BY by_key WHERE kind = :kind AND "
                                                    "key IN (SELECT value FROM json_each(:keys))"), kind=kind, keys=self._keys(kind, key)):
            counts[form] += articles
        return sorted((form for form, n in counts.items() if n > 0), key=lambda form: (-counts[form], -len(form), form)) or [key]

    def name(self, kind: str, key: str) -> str:
        """The most usual form that leads to it."""
        return next((form for form in self.forms(kind, key) if self.key(kind, form) == key), key)

    def beside(self, kind: str, key: str, article_ids: Iterable[str]) -> Counter[tuple[str, str]]:
        """In how many of these articles each other (kind, key) is named, too."""
        counts = Counter[tuple[str, str]]()
        for article_id in article_ids:
            counts.update({(one.kind, self.means(one.kind, one.key)) for one in self.found(article_id)} - {(kind, key)})
        return counts

    # ---- all names

    def initials(self, kind: str) -> dict[str, int]:
        """The number of names by the first letter of their spelling, "#" for none."""
        return {initial: n for (one, initial), n in sorted(self._initials.items()) if one == kind and n}

    def listed(self, kind: str, start: int, limit: int, initial: str = "") -> list[Listed]:
        """Names of a kind from the `start`th on: the most named first, or with an `initial` those, as they are spelled.

        What is short for another name is left out.
        """
        order = "spelling, key" if initial else "articles DESC, key"
        under = ("TRUE" if not initial else "spelling NOT BETWEEN 'a' AND 'zz'" if initial == "#" else "spelling BETWEEN :first AND :last")
        changed = " UNION ALL ".join(f"SELECT key FROM l{n}.names WHERE kind = :kind" for n in range(1, len(self._layers)))
        apart = f"key NOT IN ({changed})" if changed else "TRUE"
        # what the lowest layer alone names stands in the order of its index; the few others are summed up
        sql = (f"SELECT * FROM (SELECT key, spelling, articles FROM l0.names WHERE kind = :kind AND {under} AND {apart} "
               f"ORDER BY {order} LIMIT :start + :limit)")
        if changed:
            sql += (" UNION ALL SELECT key, spelling, sum(articles) FROM (" + self._each(
                f"SELECT key, spelling, articles FROM {{layer}}.names WHERE kind = :kind AND {under} AND key IN ({changed})")
                + ") GROUP BY key, spelling HAVING sum(articles) > 0")
        letter = initial.lower()
        rows = self._rows(f"SELECT key, articles FROM ({sql}) ORDER BY {order} LIMIT :limit OFFSET :start", kind=kind, start=start,
                          limit=limit, first=letter, last=letter + "zz")
        return [Listed(key, self.name(kind, key), articles) for key, articles in rows if self.means(kind, key) == key]

    # ---- inside

    @cached_property
    def _initials(self) -> Counter[tuple[str, str]]:
        """The number of names by kind and initial; counted once."""
        counts = Counter[tuple[str, str]]()
        for kind, letter, n in self._rows("SELECT kind, substr(spelling, 1, 1), count(*) FROM l0.names GROUP BY kind, substr(spelling, 1, 1)"):
            counts[kind, _initial(letter)] += n
        upper = " UNION ALL ".join(f"SELECT kind, key FROM l{n}.names" for n in range(1, len(self._layers)))
        rows = self._rows("SELECT kind, spelling, sum(articles), max(lowest) FROM (" + self._each(
            "SELECT kind, key, spelling, articles, '{layer}' = 'l0' AS lowest FROM {layer}.names "
            f"WHERE (kind, key) IN ({upper})") + ") GROUP BY kind, key") if upper else ()
        for kind, spelling, articles, was in rows:
            counts[kind, _initial(spelling)] += (articles > 0) - was
        return counts

    @cached_property
    def _shortened(self) -> dict[str, str]:
        """What each short or former name means, where the articles say it of one thing only that they name."""
        said: dict[str, set[str]] = {}
        for short, whole in filter(None, (shortened(newspaper, told) for _, newspaper, told in self._told())):
            said.setdefault(short, set()).add(whole)
        direct = {short: next(iter(wholes)) for short, wholes in said.items() if len(wholes) == 1}
        return {short: whole for short, whole in direct.items()
                if whole not in direct and self._articles("body", whole) + self._articles("place", whole)}

    def means(self, kind: str, key: str) -> str:
        """The key of the whole name where this is short for it."""
        whole = self._shortened.get(key, key) if kind != "person" else key
        return whole if whole == key or self._articles(kind, whole) else key

    def _keys(self, kind: str, key: str) -> str:
        """The key and those of what is short for it, as JSON."""
        short = [short for short, whole in self._shortened.items() if whole == key] if kind != "person" else []
        return json.dumps([key, *short])

    def _articles(self, kind: str, key: str) -> int:
        rows = self._rows(self._each("SELECT articles FROM {layer}.names WHERE kind = :kind AND key = :key"), kind=kind, key=key)
        return int(sum(articles for articles, in rows))

    def _each(self, sql: str) -> str:
        """A query over every layer: `{layer}` stands for its name, `{counts}` for whether its article `t.id` counts in it."""
        return " UNION ALL ".join(sql.format(layer=f"l{n}", counts=f"(SELECT layer FROM above WHERE above.id = t.id) IS {n or 'NULL'}")
                                  for n in range(len(self._layers)))

    def _rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise IndexDamaged(
                f"索引里的人名地名 {self._layers[-1]} 读不了（{error}）。请运行 assistant refresh --rebuild。",
                f"Cannot read the names of the index in {self._layers[-1]} ({error}). Run: assistant refresh --rebuild",
            ) from error

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection of this thread."""
        if not hasattr(self._of_thread, "opened"):
            opened = Opened(sqlite3.connect("file::memory:", uri=True, check_same_thread=False))
            connection = opened.connection
            for number, layer in enumerate(self._layers):
                connection.execute(f"ATTACH ? AS l{number}", (f"{layer.absolute().as_uri()}?mode=ro&immutable=1",))
            connection.execute("CREATE TEMP TABLE above (id TEXT PRIMARY KEY, layer INTEGER) WITHOUT ROWID")
            for number in range(1, len(self._layers)):
                connection.execute(f"REPLACE INTO above SELECT id, {number} FROM l{number}.articles")
            self._of_thread.opened = opened
        kept: Opened = self._of_thread.opened
        return kept.connection


def _initial(spelling: str) -> str:
    return spelling[:1].upper() if "a" <= spelling[:1] <= "z" else "#"


def write_names(path: Path, below: NameIndex | None, gone: Iterable[str], articles: Iterable[tuple[Article, Tagged]]) -> None:
    """Writes the names of a part: of its articles, and that those `gone` are no more; `below` is what it lies on."""
    names, forms = Counter[tuple[str, str]](), Counter[tuple[str, str, str]]()
    with disk_faults(path), closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA)
        for article_id in gone:
            db.execute("INSERT INTO articles VALUES (?, NULL, NULL)", (article_id,))
            _take_back(article_id, below, names, forms)
        for article, tagged in articles:
            _take_back(article.id, below, names, forms)
            found = named(article, tagged)
            db.execute("INSERT INTO articles VALUES (?, ?, ?)", (article.id, text_hash(article.text), packed(found)))
            db.executemany("INSERT INTO named VALUES (?, ?, ?, ?, ?, ?, ?)", _rows_of(article, found))
            _count(found, 1, names, forms)
        db.executemany("INSERT INTO names VALUES (?, ?, ?, ?)", ((kind, key, spelled(key)[:SPELLING], n) for (kind, key), n in names.items() if n))
        db.executemany("INSERT INTO forms VALUES (?, ?, ?, ?)", ((*form, n) for form, n in forms.items() if n))
        db.executescript(INDEXES)
        db.commit()


def _take_back(article_id: str, below: NameIndex | None, names: Counter[tuple[str, str]], forms: Counter[tuple[str, str, str]]) -> None:
    if below:
        _count(below.found(article_id), -1, names, forms)


def _count(found: Iterable[Named], by: int, names: Counter[tuple[str, str]], forms: Counter[tuple[str, str, str]]) -> None:
    """Counts one article."""
    found = list(found)
    for name in {(one.kind, one.key) for one in found}:
        names[name] += by
    for form in {(one.kind, one.name, one.key) for one in found}:
        forms[form] += by


def _rows_of(article: Article, found: Iterable[Named]) -> list[tuple[Any, ...]]:
    """A row for each name of an article: what it is called there, whether it is told of, a person's year of birth."""
    together: dict[tuple[str, str], list[Named]] = {}
    for one in found:
        together.setdefault((one.kind, one.key), []).append(one)
    rows = []
    for (kind, key), those in together.items():
        roles = dict.fromkeys(squeeze(article.text[slice(*one.role)]) for one in those if one.role)
        age = next((one.age for one in those if one.age is not None), None)
        born = int(article.date[:4]) - age if age is not None and article.date else None
        rows.append((kind, key, article.date or "", article.id, ROLES.join(roles), int(any(one.tells for one in those)), born))
    return rows
