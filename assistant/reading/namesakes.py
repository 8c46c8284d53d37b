"""People of one name, told apart by what the paper calls them: 解放区人社局局长 and 居民 are two, until an article calls
one person both.

Nothing here knows who somebody is. Roles belong together where one article gives both, where both begin with one body
(云河大学教授, 云河大学副校长), or where one says no more than the other (石岭市长, 青河省石岭市市长), unless it is a bare office (局长)
that ends several of them; and apart where the ages do not go
together, whatever the roles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from assistant.index.name_index import Occurrence
from assistant.language import lexicon

YEARS = 2
"""Years of birth that may be one person's: an age is said in whole years, and not always rightly."""
ROLES = 200
"""Roles of one name that are compared; the rest are left to themselves."""
BARE = 3
"""Characters of a role that says neither where nor of what."""
_BODY_ENDS = tuple(lexicon.words("bodies.txt"))


@dataclass(frozen=True, slots=True)
class Office:
    """What somebody is called, in which articles, newest first."""

    role: str
    occurrences: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One whom articles call by a name and by these offices, the most usual first; `born` are the years of birth that
    ages mean, `occurrences` the articles, newest first."""

    offices: tuple[Office, ...]
    occurrences: tuple[Occurrence, ...]
    born: tuple[int, ...]

    @property
    def label(self) -> str:
        """What they are called most."""
        return self.offices[0].role if self.offices else ""


@dataclass(slots=True, eq=False)
class _Group:
    roles: set[str]
    born: set[int]
    occurrences: list[Occurrence]

    def add(self, other: _Group) -> None:
        """Takes in what is said of the same person."""
        self.roles |= other.roles
        self.born = self.born | other.born
        self.occurrences += other.occurrences

    def takes(self, born: set[int]) -> bool:
        """Whether somebody with these years of birth may be the same."""
        return of_one_age(self.born | born)


def of_one_age(born: set[int]) -> bool:
    """Whether all these years of birth may be one person's."""
    return not born or max(born) - min(born) <= YEARS


def namesakes(occurrences: Sequence[Occurrence]) -> tuple[list[Person], list[Occurrence]]:
    """(the people, the most named first; the articles that do not say which of them they mean) of one name's articles.

    Where there is one only, all articles are theirs.
    """
    groups, unsaid = _by_role(occurrences)
    people: list[_Group] = []
    for group in sorted(groups, key=lambda group: (_is_bare(group), -len(group.occurrences))):
        mates = [other for other in people[:ROLES] if other.takes(group.born) and _alike(group, other)]
        if len({_head(mate) for mate in mates}) > 1 and _is_bare(group):
            unsaid += group.occurrences
        elif mates:
            mates[0].add(group)
        else:
            people.append(group)
    if len(people) == 1:
        return [_person(_Group(set(), people[0].born, list(occurrences)))], []
    return sorted(map(_person, people), key=lambda person: -len(person.occurrences)), _newest_first(unsaid)


def _by_role(occurrences: Iterable[Occurrence]) -> tuple[list[_Group], list[Occurrence]]:
    """The articles by the roles that one of them gives together, and those that give none."""
    groups: list[_Group] = []
    unsaid: list[Occurrence] = []
    known: dict[str, list[_Group]] = {}
    for one in occurrences:
        born = {one.born} if one.born is not None else set[int]()
        if not (one.roles or born):
            unsaid.append(one)
            continue
        new = _Group(set(one.roles), born, [one])
        group = next((same for role in one.roles for same in known.get(role, ()) if same.takes(born)), None)
        if group is None:
            groups.append(group := new)
        else:
            group.add(new)
        for role in one.roles:
            if group not in known.setdefault(role, []):
                known[role].append(group)
    return groups, unsaid


def _alike(one: _Group, other: _Group) -> bool:
    return any(_one_office(role, same) or _body_of(role) and _body_of(role) == _body_of(same)
               for role in one.roles for same in other.roles)


def _one_office(one: str, other: str) -> bool:
    """局长 and 人社局局长, 石岭市长 and 青河省石岭市市长: alike at the end, and before it one says no more than the other."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(one[::-1], other[::-1]))
    shared = sum(1 for _ in alike)
    rests = one[:len(one) - shared], other[:len(other) - shared]
    return shared > 1 and (rests[0] in rests[1] or rests[1] in rests[0])


def _is_bare(group: _Group) -> bool:
    """Whether its roles are 局长 and the like, which may be anybody's."""
    return all(len(role) <= BARE and not _body_of(role) for role in group.roles)


def _head(group: _Group) -> frozenset[str]:
    return frozenset(filter(None, map(_body_of, group.roles))) or frozenset(group.roles)


@lru_cache(maxsize=4096)
def _body_of(role: str) -> str:
    """云河大学 of 云河大学教授; "" where a role names no body."""
    ends = [role.find(end, 2) + len(end) for end in _BODY_ENDS if 0 < role.find(end, 2) < len(role) - len(end)]
    return role[:min(ends)] if ends else ""


def _person(group: _Group) -> Person:
    occurrences = _newest_first(group.occurrences)
    counts = Counter(role for one in occurrences for role in one.roles)
    offices = tuple(Office(role, _of(role, occurrences)) for role, _ in counts.most_common())
    return Person(offices, tuple(occurrences), tuple(sorted(group.born)))


def _newest_first(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    return sorted(sorted(occurrences, key=lambda one: one.article_id), key=lambda one: one.date, reverse=True)


def _of(role: str, occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    return tuple(one for one in occurrences if role in one.roles)
