"""Which questions one right answer serves: asked for the same kind of thing, of the same figures, in like words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from assistant.language.numerals import ARABIC, CHINESE
from assistant.language.text import content, fold
from assistant.question.wanted import wants

if TYPE_CHECKING:
    from assistant.models.embedding import Embedding

LIKE = 0.8
"""Cosine of the embedded content words; with it 24 of 27 pairs that one answer serves are found and 3 of 31 others are
taken for one (tests/language/likeness.tsv, on which it was chosen)."""
_FIGURE = re.compile(rf"{ARABIC}|{CHINESE}")


def grouped(questions: Sequence[str], embedding: Embedding) -> list[list[int]]:
    """The places of like questions together, in the order of their first: each joins the first group whose first
    question it is like, or begins one."""
    vectors = embedding.encode([content(fold(question)) for question in questions], questions=True)
    asked = [(wants(question), _figures(question)) for question in questions]
    groups: list[list[int]] = []
    for n in range(len(questions)):
        firsts = [group[0] for group in groups]
        near: Sequence[int] = np.flatnonzero(vectors[firsts] @ vectors[n] >= LIKE).tolist() if firsts else []
        joined = next((groups[at] for at in near if _agree(asked[firsts[at]], asked[n])), None)
        if joined is None:
            groups.append([n])
        else:
            joined.append(n)
    return groups


def _agree(one: tuple[str, list[str]], other: tuple[str, list[str]]) -> bool:
    """Whether two questions may ask for one thing: what no rule knows ("what") may be of any kind."""
    return one[1] == other[1] and (one[0] == other[0] or "what" in (one[0], other[0]))


def _figures(question: str) -> list[str]:
    return sorted(_FIGURE.findall(content(fold(question))))
