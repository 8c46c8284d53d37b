"""Names in Latin letters."""

from __future__ import annotations

import re


def spelled(name: str) -> str:
    """A name as it is spelled in pinyin, without tones and blanks: 刘建国 is liujianguo. A Latin name in lower case."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(name)) if not name.isascii() else re.sub(r"[^a-z]", "", name.lower())
