"""The layers that a store of articles is made of: their tables, what they say together, and how they become one."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

SCHEMA = """
CREATE TABLE {db}.files (name TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, sha256 TEXT, failures TEXT);
CREATE TABLE {db}.articles (
    id TEXT, file TEXT, shown INTEGER, hash TEXT, line BLOB, date TEXT, newspaper TEXT, section TEXT, kind TEXT,
    page TEXT, authors TEXT, teaser INTEGER, opening INTEGER, ending INTEGER, names TEXT, pieces BLOB,
    PRIMARY KEY (id, file)) WITHOUT ROWID;
CREATE INDEX {db}.by_file ON articles (file);
CREATE INDEX {db}.by_date ON articles (date DESC, id) WHERE shown;
CREATE TABLE {db}.texts (id TEXT, file TEXT, content TEXT, PRIMARY KEY (id, file));
CREATE TABLE {db}.torn (id TEXT, file TEXT, content TEXT, PRIMARY KEY (id, file)) WITHOUT ROWID;
CREATE TABLE {db}.skipped (file TEXT PRIMARY KEY, reason TEXT);
CREATE TABLE {db}.touched (id TEXT PRIMARY KEY, born INTEGER) WITHOUT ROWID;
"""
"""`teaser`, `opening`, `ending` and `names` are what lists of all articles need of their texts (`Entry`, `names_told`).
`line` is the digest of the line that gave the article. A file without a SHA-256 left the corpus. `born` is the
number of the refresh in which an article became what it is, or was deleted. `torn` are halves and copies of articles as they were
read, `skipped` the files that were passed over."""
PIECES = np.dtype([("start", "<u4"), ("stop", "<u4"), ("hash", "V32")])
"""A chunk: its place in the text, and the hash of the text that is embedded for it."""


class Opened:
    """A connection that is closed as soon as nobody holds this any more: sqlite3 holds one in a circle with its own
    statements, so that one merely dropped keeps its files open until garbage is next looked for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


def merge_layers(path: Path, layers: Sequence[Path], *, lowest: bool, settled: bool) -> None:
    """Writes a file that says what these layers, lowest first, say together.

    When it is to be the `lowest` of a store, it need not tell any more which files left the corpus; when it is
    `settled`, nor what was born when.
    What the upper layers replace is overwritten in it, so that a deleted text is in none of its bytes.
    """
    with disk_faults(path):
        shutil.copyfile(layers[0], path)
        with closing(sqlite3.connect(path.absolute().as_uri(), uri=True)) as target:
            target.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON; "
                                 "PRAGMA temp_store = MEMORY;")
            for layer in layers[1:]:
                target.execute("ATTACH ? AS upper", (f"{layer.absolute().as_uri()}?mode=ro&immutable=1",))
                for table in ("articles", "texts", "torn"):
                    target.execute(f"DELETE FROM main.{table} WHERE id IN (SELECT id FROM upper.touched)")
                    target.execute(f"INSERT INTO main.{table} SELECT * FROM upper.{table}")
                for table in ("files", "touched"):
                    target.execute(f"REPLACE INTO main.{table} SELECT * FROM upper.{table}")
                target.execute("DELETE FROM main.skipped")
                target.execute("INSERT INTO main.skipped SELECT * FROM upper.skipped")
                target.commit()
                target.execute("DETACH upper")
            if lowest:
                target.execute("DELETE FROM files WHERE sha256 IS NULL")
            if settled:
                target.execute("DELETE FROM touched")
            target.commit()


def views(layers: int, new: bool, over: bool) -> str:
    """SQL for what the layers say together: `below` and `below_texts` without the new one, `articles`, `texts` and
    `published` with it. `above` tells which layer speaks for an article that not only the lowest does."""
    sql = ["CREATE TEMP TABLE above (id TEXT PRIMARY KEY, layer INTEGER) WITHOUT ROWID;",
           "CREATE TEMP TABLE below_born (id TEXT PRIMARY KEY, born INTEGER) WITHOUT ROWID;"]
    sql += [f"REPLACE INTO above SELECT id, {n} FROM l{n}.touched;" for n in range(1, layers)]
    sql += [f"REPLACE INTO below_born SELECT id, born FROM l{n}.touched;" for n in range(layers) if new]
    for table, below in (("articles", "below"), ("texts", "below_texts"), ("torn", "below_torn")):
        rows = [f"SELECT * FROM l{n}.{table} AS t WHERE (SELECT layer FROM above WHERE id = t.id) IS {n or 'NULL'}"
                if layers > 1 else f"SELECT * FROM l{n}.{table}" for n in range(layers)]
        own = [f"SELECT * FROM main.{table}"] if new else []
        under = [f"SELECT * FROM {below}"] if not new else []
        if new and over and layers:
            under = [f"SELECT * FROM {below} AS t WHERE NOT EXISTS (SELECT 1 FROM main.touched WHERE id = t.id)"]
        sql += [f"CREATE TEMP VIEW {below} AS {' UNION ALL '.join(rows) or f'SELECT * FROM main.{table} WHERE 0'};",
                f"CREATE TEMP VIEW {table} AS {' UNION ALL '.join(own + under)};"]
    return "\n".join([*sql, "CREATE TEMP VIEW published AS SELECT * FROM articles WHERE shown;"])


@contextmanager
def disk_faults(path: Path | None) -> Iterator[None]:
    """A full disk, a folder that cannot be written and the like, which SQLite reports, as OSError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error), str(path)) from error
