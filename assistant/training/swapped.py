"""Questions that presume something wrongly, made of those that do not: 山阳区 put for 解放区, 5月8日 for 6月12日.

Asked beside the same window, the two differ in the one thing that the window settles. So the reader learns to compare names,
days and numbers, which questions written by hand teach too seldom.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from assistant.language.mentions import ending_of
from assistant.language.named import Named, named
from assistant.language.text import fold

KINDS = ("place", "name", "person", "number", "date")
FEWEST = 2
"""Characters of a thing that may be put wrong."""


class Swaps:
    """What may be put for the places, people, days and numbers of a question: those of other questions, by their form."""

    def __init__(self, questions: Iterable[str]) -> None:
        self._alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for question in questions:
            for thing in _named(question):
                self._alike[_form(thing)].append(thing.text)

    def of(self, question: str, window: str, text: str, dice: random.Random) -> str | None:
        """The question with one thing that the window holds as it is written put wrong: another of the same form that
        neither question nor article holds. None where there is none."""
        window, text = fold(window), fold(text)
        things = [thing for thing in _named(question) if len(thing.text) >= FEWEST and thing.text in window and thing.text in question]
        dice.shuffle(things)
        for thing in things:
            others = [one for one in dice.choices(self._alike[_form(thing)] or [thing.text], k=8)
                      if one not in text and one not in question and one not in thing.text]
            if others:
                return question.replace(thing.text, others[0])
        return None


@lru_cache(maxsize=65_536)
def _named(question: str) -> tuple[Named, ...]:
    return tuple(thing for thing in named(question) if thing.kind in KINDS)


def _form(thing: Named) -> tuple[str, str]:
    """Kind and form: the ending of a place, the units of a number or day, the length of a name without an ending."""
    if thing.kind in ("number", "date"):
        return thing.kind, re.sub(r"[0-9一二三四五六七八九十百千万两零〇]+", "0", thing.text)
    return thing.kind, ending_of(thing.text) if thing.kind == "place" else str(len(thing.text))
