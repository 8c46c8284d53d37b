"""SQLite: vectors by (text hash, model fingerprint), so that no text is embedded twice.

A cache only: what is lost or damaged in it is embedded anew.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import numpy as np

from assistant.index.layers import disk_faults

SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA secure_delete = ON;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS vectors (
    text_hash BLOB, fingerprint TEXT, vector BLOB, UNIQUE (text_hash, fingerprint));
"""
STORED = np.dtype("<f2")
"""Half precision: a difference of 1e-4 in a vector, for half the size."""
CHECK_BYTES = 4
"""A checksum follows each vector: one whose bytes have changed may still be of unit length."""


class VectorCache:
    """The vectors of one model, of `dimension` numbers each, in the file at `path`."""

    def __init__(self, path: Path, fingerprint: str, dimension: int) -> None:
        self._path, self._fingerprint, self._dimension = path, fingerprint, dimension
        with disk_faults(path):
            self._db = _open(path)

    def get(self, hashes: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """The vectors that are known, float32, by text hash; at most 30,000 hashes at once."""
        marks = ", ".join("?" * len(hashes))
        sql = ("SELECT text_hash, vector FROM vectors WHERE fingerprint = ? AND length(vector) = ? "
               f"AND text_hash IN ({marks})")
        size = self._dimension * STORED.itemsize + CHECK_BYTES
        try:
            rows = self._db.execute(sql, (self._fingerprint, size, *hashes)).fetchall()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # some page of it is damaged
            self._db.close()
            self._db = _begun_anew(self._path)
            return {}
        vectors = {key: np.frombuffer(blob[:-CHECK_BYTES], STORED).astype(np.float32) for key, blob in rows
                   if blob[-CHECK_BYTES:] == _check(blob[:-CHECK_BYTES])}
        return {key: vector for key, vector in vectors.items() if _sound(vector)}

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        """Keeps vectors by text hash. They survive a kill of the process once this returns."""
        blobs = {key: vector.astype(STORED).tobytes() for key, vector in vectors.items()}
        rows = [(key, self._fingerprint, blob + _check(blob)) for key, blob in blobs.items()]
        with disk_faults(self._path):
            self._db.executemany("REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            self._db.commit()

    def keep_only(self, needed: Mapping[str, Set[bytes]]) -> None:
        """Forgets every vector but those of these text hashes by model fingerprint."""
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


def _sound(vector: np.ndarray) -> bool:
    """Whether a vector is what an embedding gives: of unit length, or zero for a text without a known word."""
    length = float(np.linalg.norm(vector))
    return length == 0 or abs(length - 1) < 0.01


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
