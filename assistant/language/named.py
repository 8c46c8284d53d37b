"""What a question names: places, people, offices, numbers, dates and quoted strings.

A question that names what the best article does not know presumes something that was not reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from assistant.language.aliases import Aliases, city_of
from assistant.language.eras import years_between
from assistant.language.mentions import ending_of, mentions, strangers
from assistant.language.quantities import date_stands, dates, meanings, numbers, same
from assistant.language.text import fold
from assistant.schema import Article

PREMISES = frozenset(("place", "person", "office", "number", "date"))
"""Kinds that an answer stands and falls with: on natural_train two thirds of the questions whose article
does not know such a thing have no answer there, against one third of all."""

COUNTED_OFF = 10
"""哪两家, 另外三块: numbers up to this count what is asked for and presume nothing, unless they are ordinal (第二场)."""
_TELLING = re.compile(r"(?:[省市区县镇乡村]|街道|社区|小学|中学|大学|学院|医院|[一二三四五六七八九十]+[中小])$")
"""The endings of places that an article which does not say them does not mean; 松江 or 上海 goes without saying."""
_QUOTED = re.compile(r"[“《\"]([^”》\"]+)[”》\"]")
_WRITTEN = re.compile(r"\d|[一二三四五六七八九]")
_INSIDE = re.compile("[省市区县镇乡村街路]|社区")
"""What no part of a name begins with: 区人民医院 is no name's second part."""
_COMMON = 2
"""Characters before 区 or 医院 that make a name by themselves; fewer (中医院) may stand in another one's."""


@dataclass(frozen=True, slots=True)
class Named:
    """Something a question names: `kind` is "place" (山阳区), "name" (of a place or body without such an
    ending), "person", "office", "number", "date" or "quoted"."""

    kind: str
    text: str

    def stands_in(self, folded: str) -> bool:
        """Whether a folded text holds it as written."""
        return self.text in folded


def named(question: str) -> list[Named]:
    """Everything that a question names, each once, in order of kind. A number is given with its measure word."""
    folded = fold(question)
    said = mentions(_QUOTED.sub(lambda match: " " * len(match.group()), folded))
    found = [Named("place" if _TELLING.search(one.name) else "name", one.name) for one in said if one.kind in ("place", "body")]
    found += [Named(kind, one.name) for kind in ("person", "office") for one in said if one.kind == kind]
    found += [Named("date", folded[date.start:date.end]) for date in dates(folded)
              if _WRITTEN.search(folded[date.start:date.end])]
    found += [Named("number", folded[number.start:number.right]) for number in numbers(folded)
              if number.value > COUNTED_OFF or folded[number.left:number.start] == "第"]
    found += [Named("quoted", match) for match in _QUOTED.findall(folded)]
    return list(dict.fromkeys(found))


def subject_of(question: str, things: Iterable[Named]) -> Named | None:
    """The place or body that a figure in question is of: the last that it names, the larger ones stand before it; None
    where that goes without saying (松江, 上海) or there is none."""
    folded = fold(question)
    said = sorted((thing for thing in things if thing.kind in ("place", "name") and thing.text in folded),
                  key=lambda thing: folded.rfind(thing.text) + len(thing.text))
    return said[-1] if said and said[-1].kind == "place" else None


class Known:
    """All that an article says and is, folded: title, text, authors, section, newspaper, date."""

    def __init__(self, article: Article, aliases: Aliases = Aliases()) -> None:
        """`aliases` are the archive's; without a city of its own, the one that the article's newspaper is named after."""
        self.date = article.date
        self._aliases = aliases if aliases.city else replace(aliases, city=city_of([article.newspaper or ""], article.text.count))
        self.text = fold("\n".join(filter(None, (article.title, article.text, " ".join(article.authors), article.section,
                                                 article.newspaper, article.date))))
        self._numbers = numbers(self.text)
        said = dates(self.text, article.date)
        self._forms = {form for _, forms in meanings(said, article.date) for form in forms}
        self._forms |= {(year, None, None) for year in years_between(self.text, said)}

    def knows(self, thing: Named) -> bool:
        """Whether the article holds what the question names; numbers and dates by their value.

        A number without a measure word is passed over: 一 and 两 stand for too much. A place or body is also
        known by another name (市一中 by 第一中学, the city by 我市), and where the larger place is said elsewhere (银川金凤区 by 银川市 and
        金凤区: without this five times as many answerable questions of natural_train were taken for false premises); 李医生
        where anyone of that surname is.
        """
        if thing.stands_in(self.text):
            return True
        if thing.kind in ("place", "name"):
            return (self._in_parts(thing.text)
                    or any(way in self.text for way in self._aliases.writings(thing.text))
                    or any(self._aliases.alike(thing.text, name) for name in self._names))
        if thing.kind == "person":
            return thing.text.endswith("某") or not strangers(thing.text, self.text)
        if thing.kind == "number":
            return not any(number.unit and not any(same(number, other) for other in self._numbers)
                           for number in numbers(thing.text))
        if thing.kind == "date":
            return any(date_stands(one, self._forms) for one in dates(thing.text, self.date))
        return False

    def may_mean(self, thing: Named) -> bool:
        """Whether the article may be about a place or body: it knows it, is of that city, or holds most of its name (六合社区
        of 武汉六合社区)."""
        pairs = [thing.text[i:i + 2] for i in range(len(thing.text) - 1)]
        return (self.knows(thing) or bool(self._aliases.city) and self._aliases.alike(thing.text, self._aliases.city)
                or 2 * sum(pair in self.text for pair in pairs) > len(pairs))

    @cached_property
    def _names(self) -> frozenset[str]:
        """The places and bodies that the article names, tagged only when one is asked for that it does not hold as written."""
        return frozenset(one.name for one in mentions(self.text) if one.kind in ("place", "body"))

    def _in_parts(self, name: str) -> bool:
        """Whether the text holds a name in parts, the last of which tells it from others."""
        for cut in range(2, len(name) - 1):
            rest = name[cut:]
            if rest in self.text and self._is_own(rest) and not _INSIDE.match(rest) and self._holds_all(name[:cut]):
                return True
        return False

    def _holds_all(self, name: str) -> bool:
        return name in self.text or any(name[:cut] in self.text and self._holds_all(name[cut:])
                                        for cut in range(2, len(name) - 1))

    @staticmethod
    def _is_own(name: str) -> bool:
        """Whether a name tells one from others without its place: 金凤区, not 人民医院."""
        ending = ending_of(name)
        rest = name.removesuffix(ending).removeprefix("第").strip("一二三四五六七八九十")
        return bool(ending) and len(rest) >= _COMMON and rest not in ("人民", "中心", "实验")
