"""SQLite: what was made of a text, by (text hash, maker), so that it is made once: a vector, or what the text names.

A cache only: what is lost or damaged in it is made anew.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from assistant.index.layers import disk_faults

SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA secure_delete = ON;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS vectors (
    text_hash BLOB, fingerprint TEXT, vector BLOB, UNIQUE (text_hash, fingerprint));
"""
"""The names of the table and its columns are those of the first thing that was cached."""
CHECK_BYTES = 4
"""A checksum follows each value, whose bytes may have changed."""


class TextCache:
    """The values of one maker (a model, a version of the tagger), whose `fingerprint` changes with what it makes."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path, self._fingerprint = path, fingerprint
        with disk_faults(path):
            self._db = _open(path)

    def get(self, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values that are known, by text hash; at most 30,000 hashes at once."""
        marks = ", ".join("?" * len(hashes))
        sql = f"SELECT text_hash, vector FROM vectors WHERE fingerprint = ? AND text_hash IN ({marks})"
        try:
            rows = self._db.execute(sql, (self._fingerprint, *hashes)).fetchall()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # some page of it is damaged
            self._db.close()
            self._db = _begun_anew(self._path)
            return {}
        return {key: blob[:-CHECK_BYTES] for key, blob in rows if blob[-CHECK_BYTES:] == _check(blob[:-CHECK_BYTES])}

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Keeps values by text hash. They survive a kill of the process once this returns."""
        rows = [(key, self._fingerprint, blob + _check(blob)) for key, blob in values.items()]
        with disk_faults(self._path):
            self._db.executemany("REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            self._db.commit()

    def keep_only(self, needed: Mapping[str, Set[bytes]]) -> None:
        """Forgets every value but those of these text hashes by fingerprint."""
        with disk_faults(self._path):
            rows = self._db.execute("SELECT rowid, text_hash, fingerprint FROM vectors").fetchall()
            unneeded = [(row,) for row, digest, fingerprint in rows if digest not in needed.get(fingerprint, ())]
            self._db.executemany("DELETE FROM vectors WHERE rowid = ?", unneeded)
            self._db.commit()
            # Not VACUUM, which needs room for a copy where temporary files lie.
            self._db.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")

    def close(self) -> None:
        """Frees the file."""
        self._db.close()


def _check(blob: bytes) -> bytes:
    return zlib.crc32(blob).to_bytes(CHECK_BYTES, "little")


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return _begun_anew(path)


def _begun_anew(path: Path) -> sqlite3.Connection:
    for part in path.parent.glob(f"{path.name}*"):  # with SQLite's own -wal and -shm
        part.unlink()
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    """A connection. Raises sqlite3.DatabaseError when the file is none of SQLite's."""
    connection = sqlite3.connect(path.absolute().as_uri(), uri=True)
    try:
        connection.executescript(SCHEMA)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
