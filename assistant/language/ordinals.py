"""Which one of a row a text names: 第四届, 三期工程, 25路, 2号线."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.language.numerals import CHINESE, PLAIN, value
from assistant.language.text import fold

_ORDINAL = re.compile(rf"(?:第 ?(?P<nth>\d+|{CHINESE}) ?(?P<one>[届期环次轮批季集场])|(?<![\d.第])(?P<n>\d+|{CHINESE}) ?"
                      r"(?P<row>届|期(?![间待望])|环(?![境节保])|号线|路(?![人边径口])|号楼|号院))")
_ENDS = re.compile("[。！？!?；;\n]")
AROUND = 10
"""Characters of its sentence before and behind that say of which row it is one."""


@dataclass(frozen=True, slots=True)
class Ordinal:
    """`text[start:end]` names the one with this `number` of a `row` (届, 期, 路); `is_name` where its number is its name (25路)
    and says by itself of which row it is, `around` are the bigrams that tell it otherwise."""

    start: int
    end: int
    number: int
    row: str
    is_name: bool
    around: frozenset[str]

    def is_rival(self, other: Ordinal) -> bool:
        """Whether the two are different ones of one row."""
        of_one_row = self.row == other.row and (self.is_name or bool(self.around & other.around))
        return of_one_row and self.number != other.number


def ordinals(text: str) -> list[Ordinal]:
    """Every one of a row that a text names, in order. 次, 轮, 批, 季, 集 and 场 only behind 第: 三次 counts."""
    folded = fold(text).translate(PLAIN)
    found = []
    for match in _ORDINAL.finditer(folded):
        number, row = value(match["nth"] or match["n"]), match["one"] or match["row"]
        if number is not None and number.denominator == 1 and match.group()[0] != "两":
            before = _ENDS.split(folded[max(0, match.start() - AROUND):match.start()])[-1]
            behind = _ENDS.split(folded[match.end():match.end() + AROUND])[0]
            around = frozenset(one[i:i + 2] for one in (before, behind) for i in range(len(one) - 1) if one[i:i + 2].isalpha())
            found.append(Ordinal(*match.span(), int(number), row, row in ("路", "号线"), around))
    return found
