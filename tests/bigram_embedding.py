"""An embedding whose vectors a reader can work out: it counts character pairs in buckets."""

from __future__ import annotations

import zlib

import numpy as np

from assistant.models.embedding import Embedding


class BigramEmbedding(Embedding):
    """Ranks Chinese text by the pairs of characters it shares; remembers in `seen` every text it was given.

    It breaks once it has embedded `breaks_after` texts.
    """

    def __init__(self, fingerprint: str = "bigram-1", dimension: int = 64, breaks_after: float = float("inf")) -> None:
        super().__init__("bigram", fingerprint, dimension, 0.1, self._count_pairs)
        self.breaks_after, self.seen = breaks_after, []

    def _count_pairs(self, texts: list[str], questions: bool) -> np.ndarray:
        if len(self.seen) + len(texts) > self.breaks_after:
            raise RuntimeError("the model broke")
        self.seen += texts
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for pair in zip(text, text[1:]):
                vector[zlib.crc32("".join((self.fingerprint, *pair)).encode()) % self.dimension] += 1
        return vectors
