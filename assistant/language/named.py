"""What a question names: places, people, offices, numbers, dates and quoted strings.

A question that names what the best article does not know presumes something that was not reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.language.names import names
from assistant.language.numbers import date_stands, dates, meanings, numbers, same
from assistant.schema import Article
from assistant.language.text import HAN, content, fold

PREMISES = frozenset(("place", "person", "office", "number", "date"))
"""Kinds that an answer stands and falls with: on natural_train two thirds of the questions whose article
does not know such a thing have no answer there, against one third of all."""

COUNTED_OFF = 10
"""哪两家, 另外三块: numbers up to this count what is asked for and presume nothing, unless they are ordinal (第二场)."""

_PLACE_END = r"(?:[省市区县镇乡村]|街道|社区|小学|中学|大学|学院|医院|[一二三四五六七八九十]+[中小])"
_PLACE = re.compile(rf"[{HAN}]{{1,6}}{_PLACE_END}")
_PLACE_TAGS = ("ns", "nt")
_NO_PLACES = frozenset("地区 城区 市区 山区 郊区 小区 景区 园区 社区 街道 城市 县市 集市 夜市 超市 楼市 农村 乡村 新村 进村 驻村 全村 乡镇 城镇 下乡 老乡 "
                       "家乡 回乡 故乡 县城 全省 全市 全县 小学 中学 大学 学院 医院 社区医院 中医院 农村小学 农村中学".split())
"""Words that end like places and name none."""
_BORDER = 4
"""Characters of a place's end that identify it: what the segmenter joins to its front (给翠峰中学) does not count."""
_OFFICE = re.compile(r"(?:副?(?:主席|主任|局长|书记|区长|市长|县长|镇长|校长|院长|会长|馆长|队长|社长|站长|部长|董事长|总经理))|主持人|导演|教练|发言人|"
                     r"女儿|儿子|妻子|丈夫|父亲|母亲|哥哥|弟弟|姐姐|妹妹|孙子|孙女|外甥女?|侄[儿女]|冠军|亚军|季军|[金银铜]牌")
_QUOTED = re.compile(r"[“《\"]([^”》\"]+)[”》\"]")
_WRITTEN = re.compile(r"\d|[一二三四五六七八九]")


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
    asked = content(_QUOTED.sub(" ", question))
    found = [Named("place" if re.search(f"{_PLACE_END}$", place) else "name", place) for place in _places(asked)]
    found += [Named("person", asked[start:end]) for start, end in names(asked)]
    found += [Named("office", office) for office in _OFFICE.findall(asked)]
    found += [Named("date", folded[date.start:date.end]) for date in dates(folded)
              if _WRITTEN.search(folded[date.start:date.end])]
    found += [Named("number", folded[number.start:number.end + len(number.unit and folded[number.end:number.end + 2])])
              for number in numbers(folded) if number.value > COUNTED_OFF or folded[number.start - 1:number.start] == "第"]
    found += [Named("quoted", match) for match in _QUOTED.findall(folded)]
    return list(dict.fromkeys(found))


def _places(asked: str) -> list[str]:
    """The place names: words tagged so or ending so, with a following word that ends so (朝阳路 + 小学, 焦作 + 四中)."""
    import rjieba

    tagged, places = rjieba.tag(asked), []
    for i, (word, tag) in enumerate(tagged):
        following = tagged[i + 1][0] if i + 1 < len(tagged) else ""
        named_so = len(word) > 1 and tag[0] in "nj" and word[0] not in "个两各该全本" and word not in _NO_PLACES
        if named_so and re.fullmatch(_PLACE_END, following) and word + following not in _NO_PLACES:
            places.append(word + following)
        elif named_so and (tag[:2] in _PLACE_TAGS or _PLACE.fullmatch(word)):
            places.append(word)
    return places


class Known:
    """All that an article says and is, folded: title, text, authors, section, newspaper, date."""

    def __init__(self, article: Article) -> None:
        self.date = article.date
        self.text = fold("\n".join(filter(None, (article.title, article.text, " ".join(article.authors), article.section,
                                                 article.newspaper, article.date))))
        self._numbers = numbers(self.text)
        self._forms = {form for _, forms in meanings(dates(self.text, article.date), article.date) for form in forms}

    def knows(self, thing: Named) -> bool:
        """Whether the article holds what the question names; numbers and dates by their value.

        A number without a measure word is passed over: 一 and 两 stand for too much. Of a name of three or
        more characters its front is enough, where the last is the next word's (江永搞), and so is its rest, where
        that is no part of a name (苑小区).
        """
        if thing.stands_in(self.text):
            return True
        if thing.kind == "person":
            return len(thing.text) < 3 or thing.text[:-1] in self.text or self._holds_no_name(thing.text[1:])
        if thing.kind == "place":
            ends = (thing.text[cut:] for cut in (1, 2) if len(thing.text) - cut >= _BORDER)
            return any(end in self.text and not re.match(_PLACE_END, end) for end in ends)
        if thing.kind == "number":
            return not any(number.unit and not any(same(number, other) for other in self._numbers)
                           for number in numbers(thing.text))
        if thing.kind == "date":
            return any(date_stands(one, self._forms) for one in dates(thing.text, self.date))
        return False

    def _holds_no_name(self, given: str) -> bool:
        """Whether the text holds the characters, and never as the given name of a person."""
        return given in self.text and not any(self.text[start:end].endswith(given) for start, end in names(self.text))
