"""A question in English about a Chinese name, asked in Chinese: who is Liu Jianguo → 刘建国是谁."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from assistant.language.spelling import spelled

_PIECES = r"(?:articles?|reports?|stories|story|pieces?)"
_OF_PIECES = tuple((re.compile(pattern), chinese) for pattern, chinese in (
    (rf"how many {_PIECES}.*\b(?:write|wrote|written|by)\b", "{}写了几篇报道"), (rf"how many {_PIECES}", "提到{}的报道有几篇"),
    (rf"(?:what|which) (?:{_PIECES}|things?)?.*\b(?:write|wrote|written)\b|{_PIECES} by\b", "{}写了哪些报道"),
    (rf"(?:what|which)?.*\b{_PIECES}.*\b(?:mention|about|on)\b", "哪些报道提到{}")))
"""Questions about the archive: what a name is asked about in, with its place."""
_ASKS = (("how many", "有多少"), ("how much", "多少钱"), ("how long", "多久"), ("how old", "多大"), ("how", "怎么样"), ("who wrote", "是谁写的"),
         ("who", "是谁"), ("where", "在哪里"), ("when", "什么时候"), ("why", "为什么"),
         ("what post", "任什么职务"), ("what office", "任什么职务"), ("what position", "任什么职务"), ("what job", "做什么工作"),
         ("what did", "做了什么"), ("what", "是什么"),
         ("which", "是哪个"), ("articles", "有哪些报道"), ("reports", "有哪些报道"))
_WORD = re.compile(r"[A-Za-z][a-z]*(?:['-]?[A-Za-z][a-z]*)*")
LONGEST = 4
"""Words of a name."""
SHORTEST = 5
"""Letters of a name of one word."""


def by_spelling(names: Iterable[str]) -> dict[str, str]:
    """Names by their spelling, surname first and last; of several spelled alike the first."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(spelled(name), name)
        found.setdefault(spelled(name[1:]) + spelled(name[:1]), name)
    return found


def in_chinese(question: str, name_of: Callable[[str], str]) -> str:
    """The question in Chinese where it holds a name that the archive knows in Chinese; "" where not."""
    words = _WORD.findall(question.replace("'s", ""))
    for first in (n for n, word in enumerate(words) if word[0].isupper()):
        for last in range(min(len(words), first + LONGEST), first, -1):
            spelling = spelled(" ".join(words[first:last]))
            if len(spelling) >= SHORTEST and (name := name_of(spelling)):
                return _asked(question.lower()).format(name)
    return ""


@lru_cache(maxsize=64)
def _asked(question: str) -> str:
    of_pieces = next((chinese for pattern, chinese in _OF_PIECES if pattern.search(question)), "")
    earlier = "此前" * (" before" in question)
    return of_pieces or "{}" + earlier + next((chinese for english, chinese in _ASKS if english in question), "是什么")
