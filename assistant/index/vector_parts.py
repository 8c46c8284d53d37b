"""Vectors in parts: a base in Chroma, which nobody changes, and beside it the few that came since, compared exactly.

Cosine needs no statistics of the whole, so what is nearest in either part is nearest in both together. Of the base,
the vectors of articles that a later part speaks for count no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from assistant.index.manifest import damaged
from assistant.index.vectors import VectorIndex

BASE, BESIDE = "vectors", "vectors.npz"
"""The folder of a base in its part, and the file of any other part."""
STORED = np.float16
"""As in the cache, from which the base's vectors are too: each number is the same in both."""


def write_beside(folder: Path, ids: Sequence[str], vectors: np.ndarray) -> None:
    """Writes the vectors of a part: float32 of shape (len(ids), dimension). An id has no line break."""
    names = np.frombuffer("\n".join(ids).encode("utf-8", "surrogatepass"), np.uint8)
    with open(folder / BESIDE, "wb") as file:
        np.savez(file, ids=names, vectors=vectors.astype(STORED))


def read_beside(folder: Path, dimension: int) -> tuple[list[str], np.ndarray]:
    """(ids, vectors) of a part. Raises IndexDamaged."""
    path = folder / BESIDE
    try:
        with np.load(path, allow_pickle=False) as file:
            names, vectors = file["ids"].tobytes().decode("utf-8", "surrogatepass"), file["vectors"].astype(np.float32)
        ids = names.split("\n") if names else []
        if vectors.shape != (len(ids), dimension) or not np.isfinite(vectors).all():
            raise ValueError(f"{len(ids)} ids, vectors of shape {vectors.shape}")
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise damaged(f"{path}（{error}）", f"{path} ({error})") from error
    return ids, vectors


def open_parts(folders: Sequence[Path], spoken_for: Sequence[Set[str]], dimension: int,
               beside: PartedVectors | None = None) -> PartedVectors:
    """The vectors of parts, lowest first, each of which speaks for some articles in place of those below it.

    The base is taken over from the vectors `beside` where it is the same. Raises IndexDamaged.
    """
    base_folder = folders[0] / BASE
    base = (beside.base if beside and beside.folder == base_folder else None) or VectorIndex.open(base_folder, dimension)
    ids: list[str] = []
    rows = [np.zeros((0, dimension), np.float32)]
    for number in range(1, len(folders)):
        replaced = set().union(*spoken_for[number + 1:])
        names, vectors = read_beside(folders[number], dimension)
        there = [row for row, name in enumerate(names) if name.rpartition("@")[0] not in replaced]
        ids += [names[row] for row in there]
        rows.append(vectors[there])
    return PartedVectors(base_folder, base, set().union(*spoken_for[1:]), ids, np.vstack(rows))


class PartedVectors:
    """The vectors of a snapshot, to be read; VectorIndex tells what each method does.

    `replaced` are the articles whose vectors in the base count no more; `ids` and `vectors` are those beside it.
    """

    def __init__(self, folder: Path, base: VectorIndex, replaced: Set[str], ids: Sequence[str],
                 vectors: np.ndarray) -> None:
        self.folder, self.base = folder, base
        self._replaced, self._ids, self._vectors = replaced, list(ids), vectors
        self._rows = {name: row for row, name in enumerate(ids)}
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._directions = vectors / np.where(lengths, lengths, 1)

    def search(self, vector: np.ndarray, k: int, among: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """As a VectorIndex; what is replaced takes no one's place."""
        if not np.any(vector) or not np.isfinite(vector).all():
            return []
        if among is not None:
            hits = self.base.search(vector, k, [name for name in among if name not in self._rows])
            return _best([*hits, *self._beside(vector, k, [self._rows[name] for name in among if name in self._rows])], k)
        hits, wanted = [], k + (k // 8 if self._replaced else 0)
        while True:
            nearest = self.base.search(vector, wanted)
            hits = [hit for hit in nearest if self._counts(hit[0])]
            if len(hits) >= k or len(nearest) < wanted:
                return _best([*hits, *self._beside(vector, k)], k)
            wanted *= 2

    def vectors(self, ids: Sequence[str]) -> np.ndarray:
        """As a VectorIndex: float32 of shape (len(ids), dimension), in the order of `ids`."""
        found = np.zeros((len(ids), self._vectors.shape[1]), np.float32)
        below = [place for place, name in enumerate(ids) if name not in self._rows]
        found[below] = self.base.vectors([ids[place] for place in below])
        for place, name in enumerate(ids):
            if name in self._rows:
                found[place] = self._vectors[self._rows[name]]
        return found

    def ids(self) -> set[str]:
        """The ids of all vectors."""
        return {name for name in self.base.ids() if self._counts(name)} | set(self._ids)

    def count(self) -> int:
        """The number of vectors."""
        return len(self.ids()) if self._replaced else self.base.count() + len(self._ids)

    def close(self) -> None:
        """Frees the base, once no other snapshot has it."""
        del self.base

    def _counts(self, chunk_id: str) -> bool:
        return chunk_id.rpartition("@")[0] not in self._replaced

    def _beside(self, vector: np.ndarray, k: int, rows: Sequence[int] | None = None) -> Iterable[tuple[str, float]]:
        """The `k` nearest beside the base, of these rows or of all."""
        places = np.arange(len(self._ids)) if rows is None else np.array(rows, int)
        similarities = self._directions[places if rows is not None else slice(None)] @ (vector / np.linalg.norm(vector))
        best = np.argpartition(-similarities, k)[:k] if len(similarities) > k else range(len(similarities))
        return [(self._ids[places[place]], float(similarities[place])) for place in best if similarities[place] > 0]


def _best(hits: Iterable[tuple[str, float]], k: int) -> list[tuple[str, float]]:
    """The `k` nearest; of those that single precision cannot tell apart, the first by id."""
    return sorted(((name, round(similarity, 6)) for name, similarity in hits), key=lambda hit: (-hit[1], hit[0]))[:k]
