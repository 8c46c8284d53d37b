"""A question in English about a Chinese name, asked in Chinese: who is Liu Jianguo → 刘建国是谁."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from assistant.language.spelling import spelled

_ASKS = (("how many", "有多少"), ("how much", "多少钱"), ("how long", "多久"), ("how old", "多大"), ("how", "怎么样"), ("who wrote", "是谁写的"),
         ("who", "是谁"), ("where", "在哪里"), ("when", "什么时候"), ("why", "为什么"), ("what did", "做了什么"), ("what", "是什么"),
         ("which", "是哪个"), ("articles", "有哪些报道"), ("reports", "有哪些报道"))
_NAME = re.compile(r"[A-Z][a-z]+(?:[ '-]?[A-Z]?[a-z]+){1,3}|[A-Z][a-z]{4,}")


def by_spelling(names: Iterable[str]) -> dict[str, str]:
    """Names by their spelling, surname first and last; of several spelled alike the first."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(spelled(name), name)
        found.setdefault(spelled(name[1:]) + spelled(name[:1]), name)
    return found


def in_chinese(question: str, name_of: Callable[[str], str]) -> str:
    """The question in Chinese where it holds a name that the archive knows in Chinese; "" where not."""
    for match in _NAME.finditer(question):
        tokens = match.group().split()
        for first in range(len(tokens)):
            for last in range(len(tokens), first, -1):
                if name := name_of(spelled(" ".join(tokens[first:last]))):
                    return name + _asked(question.lower())
    return ""


@lru_cache(maxsize=64)
def _asked(question: str) -> str:
    return next((chinese for english, chinese in _ASKS if english in question), "是什么")
