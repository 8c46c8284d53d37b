"""Which articles are one text printed twice, but for small edits."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from assistant.language.text import fold, squeeze
from assistant.schema import Article

SHINGLE = 5
"""Characters of a shingle, as usual for near-duplicates of Chinese news."""
SAMPLED = 12
"""Shingles looked up before all are compared."""
COMPARED = 40
"""Characters of an opening or an end."""
ALIKE = 0.8
"""Jaccard similarity of two articles' shingles from which they are one text (Broder 1997 uses the same measure)."""


def is_reprint(one: Article, other: Article) -> bool:
    """Whether two articles are the same text but for small edits; an article without text is like none."""
    shorter, longer = sorted((one.text, other.text), key=len)
    if len(shorter) < ALIKE * len(longer) or not shorter:
        return False
    sample = [shorter[i:i + SHINGLE] for i in range(0, len(shorter), max(1, len(shorter) // SAMPLED))]
    if sum(piece in longer for piece in sample) < len(sample) / 2:  # spares the sets: 5 ms a question for ten articles
        return False
    mine, theirs = _shingles(one.text), _shingles(other.text)
    shared = len(mine & theirs)
    return shared >= ALIKE * (len(mine) + len(theirs) - shared)


def ends(text: str) -> tuple[int, int]:
    """Digests of how a text opens and ends: of reprints one of the two is the same, or they are not compared."""
    opening, ending = (hashlib.sha256(squeeze(fold(stretch)).encode()).digest() for stretch in (text[:COMPARED], text[-COMPARED:]))
    return int.from_bytes(opening[:8], "big", signed=True), int.from_bytes(ending[:8], "big", signed=True)


@lru_cache(maxsize=256)
def _shingles(text: str) -> frozenset[str]:
    plain = squeeze(fold(text))
    return frozenset(plain[i:i + SHINGLE] for i in range(max(1, len(plain) - SHINGLE + 1)))
