"""The names of a newspaper's pages."""

from __future__ import annotations

from assistant.language.text import fold

_NUMERALS = {numeral: str(value) for value, numeral in enumerate("一二三四五六七八九", 1)} | {"十": "10", "头": "1", "首": "1"}


def page_number(page: str | None) -> str:
    """A page in one form: 头版, 第1版, 01 and 一版 are "1", A03版 and A3 are "a3"; "" without a number."""
    folded = fold(page or "").strip().removeprefix("第").removesuffix("版")
    number = folded.lstrip("abcdefgh")
    letter, number = folded[:len(folded) - len(number)], _NUMERALS.get(number, number)
    return letter + number.lstrip("0") if number.isdigit() else ""
