"""A question cut once: the words, bigrams and names that finding, reading and refusing weigh it by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from assistant.language.aliases import Aliases, numbered, ours
from assistant.language.eras import written_otherwise
from assistant.language.named import Named, named
from assistant.language.text import content, fold, words

Held = Callable[[str], bool]
Rareness = Callable[[str], float]
"""How rare a word or bigram is, 0 (everywhere) to 1 (seen once)."""


@dataclass(frozen=True, eq=False)
class Terms:
    """What is looked for, as it is `asked`: its words and bigrams with their rareness, and what it names."""

    asked: str
    words: Mapping[str, float]
    bigrams: Mapping[str, float]
    named: tuple[Named, ...]
    aliases: Aliases = Aliases()  # noqa: RUF009 - frozen
    others: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What the question names that the archive calls otherwise too, years among it (1934年, 民国二十三年): (as asked, the other
    ways in which it is written)."""

    @classmethod
    def of(cls, question: str, rareness: Rareness, aliases: Aliases = Aliases(), held: Held = lambda _: True) -> Terms:
        """The terms of a question that stands alone; words that only ask are left out.

        `aliases` are the archive's, `held` tells whether a way of writing stands in it anywhere.
        """
        readable = question.encode(errors="replace").decode()  # the segmenter refuses lone surrogates
        asked = content(readable)
        things = tuple(named(fold(readable)))
        names = dict.fromkeys((*names_in(fold(readable), things), *numbered(fold(readable), aliases.city)))
        ways_of = [*((name, aliases.writings(name)[1:]) for name in names), *written_otherwise(fold(readable))]
        others = tuple((name, ways) for name, written in ways_of
                       if (ways := tuple(way for way in written if way not in readable and held(way))))
        runs = re.findall(r"\w+", asked)
        return cls(readable, {word: rareness(word) for word in words(asked) if len(word) > 1 or word.isdigit()},
                   {run[i:i + 2]: rareness(run[i:i + 2]) for run in runs for i in range(len(run) - 1)},
                   things, aliases, others)

    @property
    def searched(self) -> str:
        """What the words are searched for: the question and the other names of what it names."""
        return " ".join((self.asked, *(name for _, names in self.others for name in names)))

    def known_in(self, folded: str) -> str:
        """A folded text with what the question calls otherwise behind it: a word of a name counts where any name stands."""
        meant = [asked for asked, names in self.others if asked not in folded and any(name in folded for name in names)]
        return " ".join((folded, *meant)) if meant else folded

    def asked_of(self, folded: str) -> str:
        """The question in the words of a folded text: with the name there in place of the one asked by; without the city's
        where the text says 我市, for it means no other then and reads on as if it stood everywhere."""
        question = self.asked
        for asked, names in self.others:
            if asked not in folded and (name := next((name for name in names if name in folded), "")):
                question = question.replace(asked, "" if ours(name) == [name] else name)
        return question


def names_in(folded: str, things: Iterable[Named]) -> list[str]:
    """The places, bodies and 我市 of a folded question, as it writes them, each once."""
    said = [thing.text for thing in things if thing.kind in ("place", "name") and thing.text in folded]
    return list(dict.fromkeys((*said, *ours(folded))))


def share(weights: Mapping[str, float], folded: str, power: float = 1.0) -> float:
    """The share of the weights, each to the `power`, whose words stand in the folded text; 0 where there are none."""
    total = sum(weight ** power for weight in weights.values())
    return sum(weight ** power for word, weight in weights.items() if word in folded) / total if total else 0.0
