"""The kind of thing that a question for a fact asks for, and what a question about the archive counts."""

from __future__ import annotations

from assistant.language import lexicon
from assistant.language.text import fold

_ASKERS = tuple((kind, tuple(words.split())) for kind, words in lexicon.rows("askers.tsv"))
_COUNTED = tuple((key, tuple(words.split())) for key, words in lexicon.rows("counted.tsv"))
_MEASURES = "名个位种份家条"
_ENDS_THE_COUNT = ("", "报道", "写", "发", "署名", "有", "登", "刊", "出", "是", "的报道", "了", "呢", "啊", "在", "参与", "为", "给")
"""How a question may go on behind what it counts; 多少名记者参加了采访 counts nothing that the archive is made of."""
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


def counted(question: str) -> str:
    """What of the archive a question about it counts (issue, page, author, section, newspaper, day, month); "" for its articles."""
    folded = fold(question).rstrip("？?。 ")
    for asker in ("多少", "几"):
        before, found, after = folded.partition(asker)
        if not found or before.endswith("第"):
            continue
        for key, words in _COUNTED:
            for word in words:
                rest = after.removeprefix(word) if after.startswith(word) else after.lstrip(_MEASURES).removeprefix(word)
                if rest not in (after, after.lstrip(_MEASURES)) and (not rest or rest.startswith(_ENDS_THE_COUNT[1:])):
                    return key
    return ""
