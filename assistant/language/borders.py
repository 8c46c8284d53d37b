"""Where a text mentions a thing, and not only holds its characters: 高平 stands in 提高平均 and is not mentioned."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from assistant.language.mentions import people
from assistant.language.text import fold

CHECKED = 3
"""Names of more characters do not stand in other words by chance."""
AROUND = 6
"""Characters on either side that are cut into words with the name."""
_AFTER_A_NAME = frozenset("说称道在是的和与对向把被为从到以也就都")
"""Behind a name these begin no longer word with its last character (张明说, for all that 明说 is a word)."""
_NOUNS = ("n", "s", "b", "j", "z", "g")


def mentions(text: str, name: str) -> Iterator[tuple[int, int]]:
    """The (start, end) of each mention of `name` in `text`, both in any width and script, in order."""
    folded, wanted = fold(text), fold(name).strip()
    at = folded.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        left = max(0, at - AROUND)
        if len(wanted) > CHECKED or _stands(folded[left:end + AROUND], at - left, end - left):
            yield at, end
        at = folded.find(wanted, at + 1)


def is_mentioned(text: str, name: str) -> bool:
    """Whether `text` mentions `name` at all: the whole is folded only where its characters as they are tell nothing."""
    at = text.find(name)
    while at >= 0:
        left = max(0, at - AROUND)
        if any(start == at - left for start, _ in mentions(text[left:at + len(name) + AROUND], name)):
            return True
        at = text.find(name, at + 1)
    return any(True for _ in mentions(text, name))


@lru_cache(maxsize=20_000)
def _stands(around: str, start: int, end: int) -> bool:
    """Whether around[start:end] is a name there. Latin letters and digits must end with it; a Chinese name may be part of
    a longer word that it heads (网格 in 网格员), but no word may begin in it and end outside, nor the other way round."""
    import rjieba

    name = around[start:end]
    if name.isascii():
        return not (around[start - 1:start].isalnum() and around[start - 1:start].isascii()
                    or around[end:end + 1].isalnum() and around[end:end + 1].isascii())
    at, words = 0, []
    for word, tag in rjieba.tag(around):
        words.append((at, at + len(word), word, tag))
        at += len(word)
    front = any(a < start < b < end for a, b, _, _ in words)
    back = any(start < a < end < b for a, b, _, _ in words) and around[end:end + 1] not in _AFTER_A_NAME
    if front and back if len(name) > 2 else front or back:
        return False
    holder = next(((a, b, tag) for a, b, _, tag in words if a <= start and end <= b and b - a > end - start), None)
    if holder:  # 张明 in 张明芳 is another person
        return not (holder[2].startswith("nr") and holder[0] == start and _person(name))
    following = next(((word, tag) for a, _, word, tag in words if a == end), ("", ""))
    return not (len(name) == 2 and len(following[0]) == 1 and following[0].isalpha() and following[1][:1] in _NOUNS
                and len(list(rjieba.cut(name[-1] + following[0], False))) == 1)


def _person(name: str) -> bool:
    """Whether the name by itself is a person's."""
    return people(name) == [(0, len(name))]
