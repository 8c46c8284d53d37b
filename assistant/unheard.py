"""Places and bodies of which a question asks and of which the whole archive says nothing: 火星上有多少个街道 is not answered by
the streets of the city.

Measured on natural_train, each question against an archive of its own article alone, where most names are unknown: none of
the 1,600 answerable questions is held to ask of something unheard, and 27 of the 800 others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import rjieba

from assistant import answers
from assistant.index.snapshot import Snapshot
from assistant.language.aliases import Aliases, canonical, numbered
from assistant.language.mentions import ending_of, mentions
from assistant.language.text import fold
from assistant.question.analysis import Question
from assistant.reading.premises import corrected
from assistant.reading.reader import NEAREST
from assistant.retrieval import distinct_articles
from assistant.schema import Answer, Passage

_HOLDS_THINGS = re.compile("(?:(?:上|里|内|境内)面?的?(?:有|共|一共)|有|里的|上的)")
"""Behind a noun these make a place of it that holds what is asked for."""
_NAMING = ("n", "s", "j", "z", "q", "g", "x", "i", "l", "m", "a", "b", "f", "t", "h", "k")
"""First letters of the tags of words of which a name consists: no verbs, adverbs or words of grammar."""


def unheard(question: Question, passages: Sequence[Passage], snapshot: Snapshot, is_common: Callable[[str], bool]) -> Answer | None:
    """A refusal that says of which place or body no article tells; None where the archive has heard of all of them, or the
    nearest articles say clearly what stands in its place.

    `is_common` tells whether a word is usual in news at large.
    """
    names = tuple(unheard_of(question.search, snapshot.aliases, snapshot.holds, is_common)) if question.kind == "fact" else ()
    nearest = distinct_articles(passages)[:NEAREST]
    if not names or corrected(question.search, names, [passage.article for passage in nearest]):
        return None
    return answers.nowhere(question, names, passages, snapshot.coverage)


def unheard_of(question: str, aliases: Aliases, holds: Callable[[str], bool], is_common: Callable[[str], bool]) -> Iterator[str]:
    """The places and bodies of a question that the archive holds by none of their names, nor any two characters of what tells
    them from others (玉龙 and 龙岭 of 玉龙岭隧道); of several that stand side by side the last, the larger ones go without saying.

    A common noun for such a thing is none (公园里), but with the city before it (澄陵机场).
    """
    asked = fold(question)
    stem = canonical(aliases.city)
    schools = numbered(asked, aliases.city)
    for name, end in _places(asked, is_common):
        bare = name.removeprefix(aliases.city or stem).removeprefix(stem)
        own = bare.removesuffix(ending_of(name))
        whole = len(own) < 2
        if any(school in name for school in schools) or not (ending_of(name) or _HOLDS_THINGS.match(asked, end)) or len(bare) < 2 or whole and bare == name:
            continue
        pairs = [bare] if whole else [own[at:at + 2] for at in range(len(own) - 1)]
        if any(map(holds, pairs)) or any(map(holds, aliases.writings(name))) or not whole and not _is_own(own, is_common):
            continue
        yield name
    yield from (name for name in schools if not any(map(holds, aliases.writings(name))))


def _places(asked: str, is_common: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    """(name, where it ends) of the places and bodies of a folded question, and of an uncommon noun that it opens with and that
    holds things."""
    found = [one for one in mentions(asked) if one.kind in ("place", "body") or one.kind == "person" and ending_of(one.name)]
    for one in found:
        if not any(other.start == one.end for other in found):
            yield one.name, one.end
    first, tag = next(iter(rjieba.tag(asked)), ("", ""))
    if len(first) > 1 and tag[0] == "n" and not is_common(first) and _HOLDS_THINGS.match(asked, len(first)) \
            and not any(one.start == 0 for one in found):
        yield first, len(first)


def _is_own(own: str, is_common: Callable[[str], bool]) -> bool:
    """Whether what a name has for itself is a name's: no common noun in it, and no word but nouns."""
    return all(tag[0] in _NAMING and (len(word) < 2 or not is_common(word) or tag[:2] in ("nr", "ns", "nz", "nt"))
               for word, tag in rjieba.tag(own))
