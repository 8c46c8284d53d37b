"""Vectors by (text hash, model fingerprint), so that no text is embedded twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import numpy as np

from assistant.index.text_cache import TextCache

STORED = np.dtype("<f2")
"""Half precision: a difference of 1e-4 in a vector, for half the size."""


class VectorCache:
    """The vectors of one model, of `dimension` numbers each, in the file at `path`."""

    def __init__(self, path: Path, fingerprint: str, dimension: int) -> None:
        self._cache, self._size = TextCache(path, fingerprint), dimension * STORED.itemsize

    def get(self, hashes: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """The vectors that are known, float32, by text hash; at most 30,000 hashes at once."""
        vectors = {key: np.frombuffer(blob, STORED).astype(np.float32) for key, blob in self._cache.get(hashes).items()
                   if len(blob) == self._size}
        return {key: vector for key, vector in vectors.items() if _sound(vector)}

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        """Keeps vectors by text hash. They survive a kill of the process once this returns."""
        self._cache.put({key: vector.astype(STORED).tobytes() for key, vector in vectors.items()})

    def keep_only(self, needed: Mapping[str, Set[bytes]]) -> None:
        """Forgets every vector but those of these text hashes by model fingerprint."""
        self._cache.keep_only(needed)

    def close(self) -> None:
        """Frees the file."""
        self._cache.close()


def _sound(vector: np.ndarray) -> bool:
    """Whether a vector is what an embedding gives: of unit length, or zero for a text without a known word."""
    length = float(np.linalg.norm(vector))
    return length == 0 or abs(length - 1) < 0.01
