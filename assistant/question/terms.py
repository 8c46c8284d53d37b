"""A question cut once: the words, bigrams and names that finding, reading and refusing weigh it by."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assistant.language.named import Named, named
from assistant.language.text import content, fold, words

Rareness = Callable[[str], float]
"""How rare a word or bigram is, 0 (everywhere) to 1 (seen once)."""


@dataclass(frozen=True, eq=False)
class Terms:
    """What is looked for, as it is `asked`: its words and bigrams with their rareness, and what it names."""

    asked: str
    words: Mapping[str, float]
    bigrams: Mapping[str, float]
    named: tuple[Named, ...]

    @classmethod
    def of(cls, question: str, rareness: Rareness) -> Terms:
        """The terms of a question that stands alone; words that only ask are left out."""
        readable = question.encode(errors="replace").decode()  # the segmenter refuses lone surrogates
        asked = content(readable)
        runs = re.findall(r"\w+", asked)
        return cls(readable, {word: rareness(word) for word in words(asked) if len(word) > 1 or word.isdigit()},
                   {run[i:i + 2]: rareness(run[i:i + 2]) for run in runs for i in range(len(run) - 1)},
                   tuple(named(fold(readable))))


def share(weights: Mapping[str, float], folded: str, power: float = 1.0) -> float:
    """The share of the weights, each to the `power`, whose words stand in the folded text; 0 where there are none."""
    total = sum(weight ** power for weight in weights.values())
    return sum(weight ** power for word, weight in weights.items() if word in folded) / total if total else 0.0
