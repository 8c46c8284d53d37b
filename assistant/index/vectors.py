"""Chroma: which chunks lie nearest to a vector. It holds ids and vectors only; the texts live elsewhere."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assistant.errors import IndexDamaged
from assistant.index.mirror import made_at, opened_at

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration

NAME = "chunks"
NEAR = 1e-3
"""Similarities this close are the same: the vectors are kept in half precision."""
SERVED_HNSW: CreateHNSWConfiguration = {"space": "cosine", "max_neighbors": 32, "ef_construction": 100, "ef_search": 200}
"""On a server, whose own affair it is when files are written."""
HNSW: CreateHNSWConfiguration = {**SERVED_HNSW, "batch_size": 1, "sync_threshold": 1}
"""With the first four, 500 of 169,000 chunks (512 numbers each) all found themselves, and 99.8 % of their ten
nearest; an `ef_construction` of 200 takes twice as long for 0.2 % more, and Chroma's defaults miss some.

The last two have every call written through to the graph's files. By default up to 1,000 vectors wait in
Chroma's log, and whoever opens the index works them in again and rewrites its files.
"""
WIDER = (200, 1000, 5000)
"""What `ef_search` is raised to where vectors lie so oddly that some are not found by themselves."""
SAMPLE = 50
"""Vectors that are looked for by themselves, spread evenly over the index."""
BATCH = 5000
"""Ids in one call. Chroma takes 5,461, and compares this many exactly where it is told among which to look."""


class Vectors(Protocol):
    """Vectors by chunk id, wherever they lie; `VectorIndex` tells what each method does."""

    def search(self, vector: np.ndarray, k: int, among: Sequence[str] | None = None) -> list[tuple[str, float]]: ...
    def vectors(self, ids: Sequence[str]) -> np.ndarray: ...
    def ids(self) -> set[str]: ...
    def count(self) -> int: ...
    def close(self) -> None: ...


class GrowingVectors(Vectors, Protocol):
    """Vectors of a snapshot that is being made."""

    def upsert(self, ids: Sequence[str], vectors: np.ndarray) -> None: ...
    def delete(self, ids: Iterable[str]) -> None: ...
    def seal(self) -> None: ...


class VectorIndex:
    """Chunk vectors by chunk id in one Chroma collection. A vector of zeros is kept and never found.

    `place` is the folder, or the address, that a fault is told with.
    """

    def __init__(self, place: Path | str, client: ClientAPI, collection: Collection, dimension: int) -> None:
        self._place, self._collection, self._dimension = place, collection, dimension
        self._batch = min(BATCH, client.get_max_batch_size())
        self._closing = weakref.finalize(self, client.close)  # type: ignore[attr-defined]  # Client has it

    @classmethod
    def create(cls, folder: Path, dimension: int) -> VectorIndex:
        """An empty index in `folder`, for vectors of `dimension` numbers."""
        folder.mkdir(parents=True, exist_ok=True)
        with chroma_faults(folder):
            path, forget = made_at(folder)
            client = _client(path)
            collection = client.create_collection(NAME, embedding_function=None, configuration={"hnsw": HNSW})
            index = cls(folder, client, collection, dimension)
            weakref.finalize(index, forget)
        return index

    @classmethod
    def open(cls, folder: Path, dimension: int) -> VectorIndex:
        """The index in `folder`. Raises IndexDamaged where there is none that can be read.

        Chroma may end the process when its vector files are truncated: compare them with a manifest first.
        """
        if not (folder / "chroma.sqlite3").is_file():
            raise _damaged(folder, "chroma.sqlite3 is missing")
        with chroma_faults(folder):
            path, forget = opened_at(folder)
            client = _client(path)
            index = cls(folder, client, client.get_collection(NAME, embedding_function=None), dimension)
            weakref.finalize(index, forget)
        return index

    def upsert(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Adds vectors, float32 of shape (len(ids), dimension), or replaces those whose ids are there.

        Raises ValueError for another shape or a number that is not finite.
        """
        if vectors.shape != (len(ids), self._dimension) or not np.isfinite(vectors).all():
            raise ValueError(f"need {len(ids)} finite vectors of {self._dimension} numbers, got shape {vectors.shape}")
        with chroma_faults(self._place):
            for start in range(0, len(ids), self._batch):
                self._collection.upsert(list(ids[start:start + self._batch]), vectors[start:start + self._batch])

    def delete(self, ids: Iterable[str]) -> None:
        """Removes the vectors of these ids; unknown ids are nothing to remove."""
        with chroma_faults(self._place):
            for batch in _batches(ids, self._batch):
                self._collection.delete(batch)

    def search(self, vector: np.ndarray, k: int, among: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """The (chunk id, cosine similarity) of the `k` nearest chunks, best first; only similarities above 0.

        With `among`, only these ids, which must be in the index, are compared, and exactly.
        """
        if not np.any(vector) or not np.isfinite(vector).all():
            return []
        hits: list[tuple[str, float]] = []
        with chroma_faults(self._place):
            for ids in [None] if among is None else _batches(among, self._batch):
                found = self._collection.query(vector[np.newaxis], n_results=k, ids=ids, include=["distances"])
                distances = found["distances"]
                assert distances is not None  # they were asked for
                hits += zip(found["ids"][0], (1 - distance for distance in distances[0]), strict=True)
        hits = [hit for hit in hits if hit[1] > 0]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]

    def vectors(self, ids: Sequence[str]) -> np.ndarray:
        """The vectors of these ids in their order, float32 of shape (len(ids), dimension).

        Raises IndexDamaged when one is missing or has another length.
        """
        found: dict[str, np.ndarray] = {}
        with chroma_faults(self._place):
            for batch in _batches(ids, self._batch):
                rows = self._collection.get(batch, include=["embeddings"])
                embeddings = rows["embeddings"]
                assert embeddings is not None  # they were asked for
                found.update(zip(rows["ids"], map(np.asarray, embeddings), strict=True))
        if wrong := [name for name in ids if name not in found or len(found[name]) != self._dimension]:
            raise _damaged(self._place, f"no vector of {self._dimension} numbers for {wrong[0]}")
        return np.array([found[name] for name in ids], np.float32).reshape(len(ids), self._dimension)

    def reach(self, ids: Sequence[str]) -> None:
        """Has the search look wider until each of a sample of these vectors is found by itself, or it cannot."""
        sample = ids[::max(1, len(ids) // SAMPLE)]
        vectors = self.vectors(sample)
        for width in WIDER:
            with chroma_faults(self._place):
                if width > HNSW["ef_search"]:
                    self._collection.modify(configuration={"hnsw": {"ef_search": width}})
            if all(found and found[0][1] > 1 - NEAR for vector in vectors if vector.any() for found in [self.search(vector, 1)]):
                break

    def ids(self) -> set[str]:
        """The ids of all vectors."""
        with chroma_faults(self._place):
            return set(self._collection.get(include=[])["ids"])

    def count(self) -> int:
        """The number of vectors."""
        with chroma_faults(self._place):
            return self._collection.count()

    def close(self) -> None:
        """Frees the files and the memory."""
        self._closing()

    def seal(self) -> None:
        """Closes the index so that opening it again leaves every byte of its files as it is.

        Chroma adds a row to its table acquire_write whenever it opens; a trigger declines that row. Only so
        can a finished index be compared with the checksums of a manifest after it has been read.
        """
        self.close()
        with closing(sqlite3.connect(Path(self._place) / "chroma.sqlite3")) as database:
            database.execute("CREATE TRIGGER IF NOT EXISTS sealed BEFORE INSERT ON acquire_write "
                             "BEGIN SELECT RAISE(IGNORE); END")
            database.commit()


def copy_folder(source: Path, target: Path) -> None:
    """Copies a folder. A full disk is the OSError that it is: shutil.copytree gathers them in one without a number."""
    target.mkdir()
    for path in sorted(source.rglob("*")):
        beside = target / path.relative_to(source)
        beside.mkdir() if path.is_dir() else shutil.copyfile(path, beside)


def import_chroma() -> None:
    """Chroma takes half a second to import, in which something else may be done beside it."""
    import chromadb  # noqa: F401


def _client(folder: Path) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))


def _batches(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    listed = list(ids)
    return (listed[start:start + size] for start in range(0, len(listed), size))


@contextmanager
def chroma_faults(place: Path | str) -> Iterator[None]:
    """Chroma's errors as ours: a full disk as the OSError that it is, with the folder on it, and memory that the system
    refuses, for a thread of Chroma's (EAGAIN) or anything else, as MemoryError."""
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, ValueError) as error:
        if "disk is full" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(_fullest(place))) from error
        if re.search(f"os error ({errno.EAGAIN}|{errno.ENOMEM})\\b|out of memory", str(error)):
            raise MemoryError(str(error)) from error
        raise _damaged(place, error) from error


def _fullest(place: Path | str) -> Path | str:
    """The folder with the least room: the place itself, or where SQLite puts what is for the moment only."""
    beside = next((os.environ[name] for name in ("SQLITE_TMPDIR", "TMPDIR") if name in os.environ), "/tmp")
    return min((one for one in (place, beside) if os.path.isdir(one)), key=lambda one: shutil.disk_usage(one).free, default=place)


def _damaged(place: Path | str, reason: object) -> IndexDamaged:
    return IndexDamaged(
        f"索引里的向量库 {place} 用不了（{reason}）。请看磁盘是否已满、文件夹可否写入，再运行 assistant refresh --rebuild。",
        f"Cannot use the vectors of the index in {place} ({reason}). See that the disk is not full and the folder "
        "can be written, then run: assistant refresh --rebuild",
    )
