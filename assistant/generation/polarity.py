"""Whether a sentence says yes where its source says no, more where it says less, all where it says some.

Two tables of words decide (negations.txt, opposites.txt); no model is needed. A word of either is looked for where the
source speaks of the same: around the words that it negates, or among the same neighbours. What cannot be placed is not
judged: the check is to catch a turned sentence, and to leave a true one alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from assistant.language.text import HAN

REACH = 6
"""Characters behind a negation in which what it negates begins."""
NEIGHBOURS = 12
"""Characters on either side of a word by which its places in two texts are told to be the same."""
LEAST_SHARED = 3
MARGIN = 2
"""Pairs of characters that two places must share to be the same, and by how many more than at any other."""

_BREAK = re.compile("[，。；！？,;!?\n：:]")
_FUNCTION = frozenset("的了是在和与及等为以也都就已还又很更最把被将对从到向这那其")
_OVER = re.compile("(?:超过|超|逾|突破|高于|多于|大于|不少于|不低于|至少)约? ?$")
_UNDER = re.compile("(?:不足|不到|将近|接近|近|低于|少于|小于|不超过|不高于|至多|最多) ?$")
_OVER_AFTER = re.compile("[^，。；！？、]{0,4}(?:以上|之多)|[余多]")
_UNDER_AFTER = re.compile("[^，。；！？、]{0,4}(?:以下|以内)")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Polar:
    """A folded text with the places of its negations and of its words that have an opposite.

    `opposites` gives (start, end, row of the table, side 0 or 1).
    """

    text: str
    negations: tuple[Span, ...]
    opposites: tuple[tuple[int, int, int, int], ...]

    @classmethod
    def of(cls, folded: str) -> Polar:
        """The polar words of a folded text."""
        sides, pattern = _opposites()
        places = tuple((match.start(), match.end(), *side) for match in pattern.finditer(folded)
                       for side in sides[match.group()])
        return cls(folded, tuple(_negations(folded)), places)

    def negated(self, at: int) -> bool:
        """Whether a word that says not stands before `at`, near enough and in the same clause."""
        return any(0 <= at - end <= REACH and not _BREAK.search(self.text, end, at) for _, end in self.negations)

    def hints(self, at: int) -> bool:
        """The same, also where the segmenter makes the word a part of another."""
        return bool(_denial().search(_BREAK.split(self.text[max(0, at - REACH - 4):at])[-1]))


@cache
def _table(name: str) -> tuple[str, ...]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def _opposites() -> tuple[dict[str, list[tuple[int, int]]], re.Pattern[str]]:
    """The (row, side) of each word, and a pattern that finds them, the longest first."""
    sides: dict[str, list[tuple[int, int]]] = {}
    for row, line in enumerate(_table("opposites.txt")):
        for side, words in enumerate(line.split("|")):
            for word in words.split():
                sides.setdefault(word, []).append((row, side))
    return sides, re.compile("|".join(sorted(sides, key=len, reverse=True)))


@cache
def _denials() -> frozenset[str]:
    return frozenset(" ".join(_table("negations.txt")).split())


@cache
def _denial() -> re.Pattern[str]:
    return re.compile("|".join(sorted(_denials(), key=len, reverse=True)))


def _negations(folded: str) -> Iterator[Span]:
    """The places of the words that say not."""
    import rjieba

    at = 0
    for word in rjieba.cut(folded):
        at += len(word)
        if word in _denials():
            yield at - len(word), at


def turned(sentence: Polar, sources: Sequence[Polar]) -> Iterator[Span]:
    """The words of a sentence that say the opposite of what the sources say at the same place."""
    yield from _denied(sentence, sources)
    yield from _affirmed(sentence, sources)
    yield from _opposed(sentence, sources)


def _denied(sentence: Polar, sources: Sequence[Polar]) -> Iterator[Span]:
    """The negations of what the sources say without one."""
    for start, end in sentence.negations:
        for _, pair in _content(_BREAK.split(sentence.text[end:end + REACH])[0])[:1]:
            found = [(source, at) for source in sources for at in _places(pair, source.text)]
            shared = max((_shared(sentence.text, (start, end), source.text, (at, at)) for source, at in found), default=0)
            if shared >= _enough(sentence.text, (start, end)) and not any(source.hints(at) for source, at in found):
                yield start, end


def _affirmed(sentence: Polar, sources: Sequence[Polar]) -> Iterator[Span]:
    """What the sources say with a negation and the sentence without one."""
    negated = dict.fromkeys(pair for source in sources for _, end in source.negations
                            for _, pair in _content(_BREAK.split(source.text[end:end + REACH])[0])[:1])
    for pair in negated:
        for at in _places(pair, sentence.text):
            if sentence.hints(at):
                continue
            here, best = (at, at + len(pair)), [0, 0]
            for source in sources:
                for place in _places(pair, source.text):
                    shared = _shared(sentence.text, here, source.text, (place, place + len(pair)))
                    best[source.negated(place)] = max(best[source.negated(place)], shared)
            if best[1] >= _enough(sentence.text, here) and best[1] >= best[0] + MARGIN:
                yield here


def _places(pair: str, text: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(re.escape(pair), text))


def _opposed(sentence: Polar, sources: Sequence[Polar]) -> Iterator[Span]:
    """The words whose opposite stands among the same neighbours; 不再闭馆 is not the opposite of 开馆."""
    for start, end, row, side in sentence.opposites:
        says, best = side ^ sentence.negated(start), [0, 0]
        for source in sources:
            for at, stop, other_row, other_side in source.opposites:
                if other_row == row:
                    other = other_side ^ source.negated(at)
                    best[other] = max(best[other], _shared(sentence.text, (start, end), source.text, (at, stop)))
        if best[1 - says] >= _enough(sentence.text, (start, end)) and best[1 - says] >= best[says] + MARGIN:
            yield start, end


def _enough(text: str, here: Span) -> int:
    """How many pairs two places must share to be the same: fewer where the sentence is short."""
    return min(LEAST_SHARED, max(1, len(_pairs(_around(text, here))) // 2))


def _shared(text: str, here: Span, other: str, there: Span) -> int:
    """How many pairs of characters the neighbourhoods of two places share."""
    return len(_pairs(_around(text, here)) & _pairs(_around(other, there)))


def _around(text: str, place: Span) -> tuple[str, str]:
    start, end = place
    return text[max(0, start - NEIGHBOURS):start], text[end:end + NEIGHBOURS]


def _pairs(sides: Iterable[str]) -> set[str]:
    return {a + b for side in sides for a, b in pairwise(side) if not _BREAK.match(a) and not _BREAK.match(b)}


def _content(scope: str) -> list[tuple[int, str]]:
    """The (place, pair) of neighbouring Chinese characters in `scope` that carry meaning, in order."""
    return [(at, a + b) for at, (a, b) in enumerate(pairwise(scope))
            if re.fullmatch(f"[{HAN}]{{2}}", a + b) and a not in _FUNCTION and b not in _FUNCTION]


def bound(folded: str, start: int, end: int) -> int:
    """1 where the number at `folded[start:end]` is one that is passed (超过, 余), -1 where it is not reached, else 0."""
    before = folded[max(0, start - 6):start]
    if _UNDER.search(before) or _UNDER_AFTER.match(folded, end):
        return -1
    return 1 if _OVER.search(before) or _OVER_AFTER.match(folded, end) else 0
