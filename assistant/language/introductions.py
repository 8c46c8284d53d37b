"""What a text says of those whom it names: 解放区人社局局长 before a name, 81岁 behind it, 位于…… and 是…….

A role is a stretch of the text itself, found by the words that stand against the name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.language import lexicon
from assistant.language.mentions import Mention, Word, mentions, tagged
from assistant.language.quantities import numbers
from assistant.language.text import fold

VERSION = "4"
"""Changes whenever `namings` or `mentions` read a text otherwise, so that an index knows it is out of date."""
LONGEST_ROLE = 30
"""Characters; a longer run of nouns is no role but a sentence without verbs."""
_TOLD_BY = lexicon.words("introducing.txt")
_OPENING = re.compile("|".join(sorted(_TOLD_BY, key=len, reverse=True)))
_TAKING = re.compile("|".join(sorted(_TOLD_BY[_TOLD_BY.index("现任"):], key=len, reverse=True)))
_APPOINTED = ("任命", "补选", "选举", "推选", "聘任", "聘请")
"""Behind one of these and a name, 为 gives the office."""
_NOT_BEING = re.compile("是(?:否|不是|在|从|被|由|因|怎|如何|什么|谁|要|去|来)")
_SEX = re.compile("[，,（(](?:男|女)[，,、]")
_HONORIFICS = frozenset(lexicon.words("honorifics.txt"))
_NOUNS = frozenset(("n", "nz", "vn", "an", "s", "f", "LOC", "ORG"))
_ENDS_A_ROLE = frozenset(("n", "nz", "nw"))
_BETWEEN_ROLES = "、兼"
_AND = frozenset("、和与及")
_SELF = re.compile("[，,（(、男女]|今年|现年|时年|享年|年仅|已")
"""What stands between a name and its age."""
_AGE_AHEAD = 12


@dataclass(frozen=True, slots=True)
class Naming:
    """`text[start:end]` names a person, place or body; `role` is where the text says beside it who that is.

    `tells` is whether what follows the name says what it is, `age` a person's age in years, None where it is not said.
    """

    start: int
    end: int
    kind: str
    role: tuple[int, int] | None = None
    tells: bool = False
    age: int | None = None


def namings(text: str, known: Callable[[str], str] | None = None) -> list[Naming]:
    """Every person, place and body that `text` names, in order, with what it says of them there.

    `known` gives the kind of a name that is known beforehand, as `mentions` takes it. 陈女士 and 刘某 are nobody in particular and are left out.
    """
    folded, row, said = fold(text), tagged(text), mentions(text, known)
    named = [one for one in said if one.kind in ("person", "place", "body")]
    offices = [one for one in said if one.kind == "office"]
    roles = _Roles(folded, row, named, offices)
    found: list[Naming] = []
    for one in named:
        if one.kind != "person":
            found.append(Naming(one.start, one.end, one.kind, None, roles.tells(one)))
        elif one.name[1:] not in _HONORIFICS and "某" not in one.name:
            role = roles.of(one, found[-1] if found else None)
            age = _age_behind(folded, max(one.end, role[1] if role else 0)) or _age_behind(folded, one.end) or _age_before(folded, role[0] if role else one.start)
            found.append(Naming(one.start, one.end, one.kind, role, bool(age) or roles.tells(one), age))
    return found


class _Roles:
    """What stands beside the names of one text, by its words, names and offices."""

    def __init__(self, folded: str, row: Sequence[Word], named: Sequence[Mention], offices: Sequence[Mention]) -> None:
        self._folded, self._offices = folded, offices
        self._steps = {end: (start, tag in _ENDS_A_ROLE) for start, end, tag in row if tag in _NOUNS | _ENDS_A_ROLE}
        self._steps |= {one.end: (one.start, False) for one in named if one.kind != "person"}
        self._word_ends = {end for _, end, _ in row}
        self._office_ends = {one.end for one in offices}

    def of(self, name: Mention, before: Naming | None) -> tuple[int, int] | None:
        """Where the role of a person stands: against the name, where it takes an office or is said to be something; of 甲、乙 that of 甲."""
        if before and before.kind == "person" and before.role and self._folded[before.end:name.start] in _AND:
            return before.role
        return self._ahead(name.start) or self._title(name.end) or self._taken(name.start, name.end) or self._being(name.end)

    def _ahead(self, at: int) -> tuple[int, int] | None:
        end = at - 1 if self._folded[at - 1:at] == " " else at
        start, ends_well = self._steps.get(end, (end, False))
        if not ends_well and end not in self._office_ends:
            return None
        while True:
            step = self._steps.get(start)
            if step is None and self._folded[start - 1:start] in tuple(_BETWEEN_ROLES) and start - 1 in self._office_ends:
                step = (start - 1, False)
            if step is None or end - step[0] > LONGEST_ROLE:
                break
            start = step[0]
        return (start, end) if end - start > 1 and self._folded[start:end] not in _HONORIFICS - _TITLES else None

    def _title(self, at: int) -> tuple[int, int] | None:
        """王建明教授, 何苗苗书记."""
        end = max((at + len(title) for title in _TITLES if self._folded.startswith(title, at)), default=0)
        return (at, end) if end else None

    def _taken(self, start: int, at: int) -> tuple[int, int] | None:
        """王建明任南桥区副区长, 任命王建明为南桥区副区长."""
        match = _TAKING.match(self._folded, at)
        if match is None and self._folded[:start].endswith(_APPOINTED):
            match = re.compile("[为任]").match(self._folded, at)
        if match is None or match.end() not in self._word_ends:  # 任 and not 任期
            return None
        clause = re.compile("[，。；！？,;!?\n]").search(self._folded, match.end())
        stop = clause.start() if clause else len(self._folded)
        ends = [one.end for one in self._offices if match.end() <= one.start and one.end <= min(stop, match.end() + LONGEST_ROLE)]
        return (match.end(), max(ends)) if ends else None

    def _being(self, at: int) -> tuple[int, int] | None:
        """周卫东是市中心医院护士长: nouns alone from the 是 to the end of the clause."""
        if self._folded[at:at + 1] not in ("是", "系"):
            return None
        clause = re.compile("[，。；！？,;!?\n]|$").search(self._folded, at)
        role = self._ahead(clause.start()) if clause else None
        return role if role and role[0] == at + 1 else None

    def tells(self, name: Mention) -> bool:
        """Whether what follows the name says who or what it is: 南桥区位于……, 王忠殿，男，……"""
        if _SEX.match(self._folded, name.end):
            return True
        match = _OPENING.match(self._folded, name.end + (self._folded[name.end:name.end + 1] in ("，", ",")))
        return match is not None and match.end() in self._word_ends and not _NOT_BEING.match(self._folded, match.start())


_TITLES = frozenset(word for word in _HONORIFICS if word in frozenset(lexicon.words("offices.txt")) or word in ("教授", "教练", "医生", "律师"))
"""Those words behind a name that tell who it is; 先生 tells nothing."""


def _age_behind(folded: str, end: int) -> int | None:
    """81 of 欧阳慧今年81岁."""
    ahead = folded[end:end + _AGE_AHEAD]
    return next((int(one.value) for one in numbers(ahead) if one.unit == "岁" and _SELF.sub("", ahead[:one.start]) == ""), None)


def _age_before(folded: str, start: int) -> int | None:
    """81 of 81岁的欧阳慧, and of 81岁的退休教师欧阳慧."""
    left = max(0, start - _AGE_AHEAD)
    before = folded[left:start]
    ages = [one for one in numbers(before) if one.unit == "岁"]
    return int(ages[-1].value) if ages and re.fullmatch("岁的?", before[ages[-1].end:]) else None
