"""The kind of thing that a question for a fact asks for."""

from __future__ import annotations

from assistant.language import lexicon
from assistant.language.text import fold

_ASKERS = tuple((kind, tuple(words.split())) for kind, words in lexicon.rows("askers.tsv"))
_NO_ASKERS = ("几乎",)
_AT_THE_END = ("吗",)
"""Words that ask only where the question ends with them."""


def wants(question: str) -> str:
    """The kind of thing a question asks for, by the words it asks with; "what" when it has none of them."""
    folded = fold(question).rstrip("？? ")
    for word in _NO_ASKERS:
        folded = folded.replace(word, "")
    return next((kind for kind, words in _ASKERS
                 if any(folded.endswith(word) if word in _AT_THE_END else word in folded for word in words)), "what")
