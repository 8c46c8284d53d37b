"""People of one name, each with the sentences that say who they are; and names that are nearly another's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from assistant.index.name_index import Occurrence
from assistant.language.dates import iso_parts
from assistant.language.introductions import namings
from assistant.language.mentions import ending_of, mentions, people, tagged
from assistant.language.spelling import spelled
from assistant.language.text import fold, sentences, squeeze
from assistant.reading.namesakes import namesakes, of_one_age
from assistant.reading.reader import Quote
from assistant.schema import Article

_NUMERALS = set("0123456789一二三四五六七八九十")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone whom articles call by one `name`: what they call them (`called`, the most usual first), the years in which they
    were `born` by the ages told, and the sentence of each article that says most of who it is."""

    name: str
    called: tuple[str, ...]
    born: tuple[int, ...]
    quotes: tuple[Quote, ...] = field(repr=False)

    @property
    def articles(self) -> frozenset[str]:
        return frozenset(quote.article.id for quote in self.quotes)

    def is_meant(self, question: str) -> bool:
        """Whether a folded question calls them what their articles do."""
        asked = question.replace(self.name, " ")
        return any(role[start:end] in asked for role in self.called for start, end, _ in tagged(role) if end - start > 1)

    def surely_other(self, other: Person) -> bool:
        """Whether the two cannot be one: their ages do not go together."""
        return bool(self.born and other.born) and not of_one_age({*self.born, *other.born})


def persons(name: str, articles: Iterable[Article]) -> list[Person]:
    """Those whom the articles call by a `name`, told apart as on its page, in the order of the articles. Articles that do not
    say which of several they mean are left out."""
    told = {article.id: one for article in articles if (one := _told(name, article))}
    order = list(told)
    found = namesakes([one for one, _ in told.values()])[0]
    grouped = [(person, sorted((one.article_id for one in person.occurrences), key=order.index)) for person in found]
    return [Person(name, tuple(office.role for office in person.offices), person.born, tuple(told[id][1] for id in ids))
            for person, ids in sorted(grouped, key=lambda pair: order.index(pair[1][0]))]


def near_names(name: str, articles: Iterable[Article]) -> Iterator[tuple[str, Quote]]:
    """The people of the articles whose names are one character off, each with the sentence that names them.

    Of a name of two characters only those that sound the same: every other surname with one more is somebody else.
    """
    for article in _with_one_off(name, articles):
        for start, end in people(article.text):
            other = fold(article.text[start:end])
            if _one_off(name, other):
                left, right = next(span for span in sentences(article.text) if span[0] <= start < span[1])
                yield other, Quote(article, left, right, (start - left, end - left))


def near_places(name: str, articles: Iterable[Article]) -> Iterator[tuple[str, Quote]]:
    """The places and bodies of the articles that end as a name does and are one character off (大浦村, 大埔村), each with the sentence
    that names them; a number is no such character (一中, 二中)."""
    for article in _with_one_off(name, articles):
        for one in mentions(article.text):
            other = one.name
            apart = [two for two in zip(name, other) if two[0] != two[1]]
            if one.kind in ("place", "body") and len(name) == len(other) > 2 and len(apart) == 1 and name[-1] == other[-1] \
                    and ending_of(name) == ending_of(other) and not set(apart[0]) <= _NUMERALS:
                left, right = next(span for span in sentences(article.text) if span[0] <= one.start < span[1])
                yield other, Quote(article, left, right, (one.start - left, one.end - left))


def _with_one_off(name: str, articles: Iterable[Article]) -> Iterator[Article]:
    """The articles that hold a string which is a name but for one character: to tag a whole article takes 30 ms."""
    like = re.compile("|".join(f"{re.escape(name[:at])}.{re.escape(name[at + 1:])}" for at in range(len(name))))
    return (article for article in articles if like.search(fold(article.text)))


def _one_off(name: str, other: str) -> bool:
    if len(name) != len(other) or sum(one != two for one, two in zip(name, other)) != 1:
        return False
    return len(name) > 2 and name[0] == other[0] or _sound(name) == _sound(other)


def _sound(name: str) -> list[str]:
    return [re.sub("ng$", "n", spelled(character)) for character in name]


def _is_origin(role: str) -> bool:
    """Whether a role says where somebody is from (柳埠镇人) and not what they are (传承人)."""
    return role.endswith("人") and bool(ending_of(role[:-1]))


def _told(name: str, article: Article) -> tuple[Occurrence, Quote] | None:
    """What one article says of those of a name, and the sentence that says most of it; None where it names none."""
    folded = fold(article.text)
    held = [span for span in sentences(article.text) if name in squeeze(folded[slice(*span)])]  # to tag a whole article takes 30 ms
    mine = [(one, squeeze(folded[left + one.role[0]:left + one.role[1]]) if one.role else "",
             Quote(article, left, right, (one.start, one.end)))
            for left, right in held for one in namings(folded[left:right])
            if one.kind == "person" and squeeze(folded[left + one.start:left + one.end]) == name]
    if not mine:
        return None
    roles = tuple(dict.fromkeys(role for _, role, _ in mine if role))
    age, year = next((one.age for one, _, _ in mine if one.age is not None), None), iso_parts(article.date)[0]
    _, _, quote = max(mine, key=lambda told: (told[0].age is not None, bool(told[1]) and not _is_origin(told[1]), bool(told[1]),
                                              told[0].tells))
    born = year - age if year and age else None
    return Occurrence(article.id, article.date or "", roles, any(one.tells for one, _, _ in mine), born), quote
