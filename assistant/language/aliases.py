"""Which names mean one thing: 云河市第一中学 and 市一中, 人力资源和社会保障局 and 人社局, 我市 and the newspaper's city.

By rule (`canonical`), and by what articles themselves say (`told_names`): …（以下简称“…”）, …（原…）, …更名为….
Everything is text to text; nothing here reads an index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from assistant.language import lexicon
from assistant.language.mentions import Mention, ending_of, mentions
from assistant.language.text import HAN, fold, sentences, squeeze

_FULL_FORMS = {short: forms.split() for short, forms in lexicon.rows("short_forms.tsv")}
_SHORT = {full: short for short, forms in _FULL_FORMS.items() for full in forms}
_FULL = re.compile("|".join(sorted(map(re.escape, _SHORT), key=len, reverse=True)))
_NUMERAL = "一二三四五六七八九十"
_SCHOOL = re.compile(rf"(?:高级|实验)?第(?P<n>[{_NUMERAL}]+)(?:高级|初级|实验)?(?P<what>中学|小学|人民医院|中医院|幼儿园)")
_SCHOOLS = {"中学": "中", "小学": "小", "人民医院": "院", "中医院": "中医院", "幼儿园": "幼"}
_SHORT_SCHOOL = re.compile(rf"(?P<n>[{_NUMERAL}]+)(?P<what>{'|'.join(sorted(set(_SCHOOLS.values()), key=len, reverse=True))})$")
_DISTRICT = re.compile(rf"[{HAN}]{{1,4}}[区县镇乡]")
_COMPANY = re.compile("(?:(?:股份)?有限(?:责任)?公司)$")
_OURS = re.compile(r"^[我本全](?P<level>[省市县区])")
_PLACE_LEVELS = re.compile(rf"(?<=[{HAN}]{{2}})(?:省|市(?![场民政区容值面委直])|县(?![政委城域]))")
_BARE_LEVEL = re.compile(rf"^(?P<level>[市县])(?=[{HAN}]{{2}})(?!场|民|区|容|值|面|直|城|域)")
_KEEPS_LEVEL = re.compile(r"^[市县](?:委|政)")
_POINTING = re.compile(r"(?P<ours>[我本全][省市县])(?![场民区])|(?:该|这[个所家])(?P<what>省|市|县|区|镇|乡|村|街道|社区|校|院|局|公司|馆|站|厂|小区|协会)(?![别分])")
_ENDS = {"校": ("学校", "大学", "学院", "中学", "小学", "幼儿园", "中", "小"), "院": ("院",), "馆": ("馆",)}
_CALLED_SHORT = re.compile(rf"[（(](?:以下|下)?简称[为:：]?[“\"]?(?P<short>[{HAN}A-Za-z0-9]{{2,12}}?)[”\"]?[）)]")
_FORMER = re.compile(rf"[（(](?:原名|原|曾用名|旧名|旧称|前身为|前身是)[为:：]?[“\"]?(?P<former>[{HAN}A-Za-z0-9]{{3,20}}?)[”\"]?[）)]")
_RENAMED = re.compile(r"(?:更名|改名|改称|升格|改制|改建|改组)(?:为|成)[“\"]?$")
_WAS = re.compile(r"(?:[，,]?的?前身(?:是|为|系)|[，,]?(?:原名|原称|曾用名|曾名|旧称|旧名)(?:是|为|叫)?)[“\"]?$")
_RENAMED_FROM = re.compile(r"[”\"]?(?:正式)?(?:更名|改名|改制|升格|改建)而(?:来|成)")
_BETWEEN = 30
"""Characters, of one clause, between an old name and a new one (于2023年8月31日经省政府批准，正式更名为)."""
_CUT_OFF = 12
"""Characters of a body's name that the tagger leaves behind its place (澄江市 + 非物质文化遗产馆)."""
_TELLS = re.compile("简称|[（(]原|原名|原称|曾用名|曾名|旧[称名]|前身|更名|改名|改称|升格|改制|改建[为成]|改组")
_ENDINGS = frozenset((*lexicon.words("bodies.txt"), *lexicon.words("places.txt"), *_SHORT.values()))
_COMMON = re.compile(f"(?:人民|实验|{'|'.join(sorted(_ENDINGS, key=len, reverse=True))})+")
"""公安局, 人民医院: made of endings only."""
_IN_CONTEXT = re.compile(r"^[我本全该各][省市县区镇乡村]")
_OF_A_LEVEL = re.compile(r"^[省市县区镇乡](?!.{0,2}[区县市])(?=.)")
_OWN_PLACE = re.compile(rf"^[{HAN}]{{2,4}}?(?:[区县镇乡]|街道|社区|村)(?=.)|^[{HAN}]{{2,8}}(?:[区县镇乡村]|街道|社区)$")
_LIKE_A_PAPER = re.compile(rf"^(?P<city>[{HAN}]{{2,4}}?)(?:日报|晚报|早报|晨报|时报|都市报|周报|新闻|报)")
_OURS_SAID = ("我", "本", "全")


class Told(NamedTuple):
    """An article gives a thing two names: `full`, and `other`, which is short for it or, where `former`, what it was called."""

    full: str
    other: str
    former: bool = False


def canonical(name: str, city: str = "") -> str:
    """The one form of a name: folded, its city said, bodies and schools short, 省, 市 and 县 dropped.

    With the newspaper's `city` (云河市) also 我市, 本市 and 全市 are it, and 市一中 is 云河一中.
    """
    bare = squeeze(fold(name)).strip("“”\"《》")
    stem = _stem(city)
    if stem:
        bare = _OURS.sub(lambda match: city if city.endswith(match["level"]) else match.group(), bare)
        if _BARE_LEVEL.match(bare):
            bare = (stem if _KEEPS_LEVEL.match(bare) else stem + bare[0]) + (bare if _KEEPS_LEVEL.match(bare) else bare[1:])
    bare = _FULL.sub(lambda match: _SHORT[match.group()], bare)
    bare = _SCHOOL.sub(lambda match: match["n"] + _SCHOOLS[match["what"]], bare)
    bare = _COMPANY.sub("", bare)
    return _PLACE_LEVELS.sub("", bare)


def completed(name: str, places: Sequence[str]) -> str:
    """区教体局 as the 南桥区教体局 that the article means: of the last place of that level among those named before it.

    Any other name as it is.
    """
    level = _OF_A_LEVEL.match(name)
    place = next((place for place in reversed(places) if level and len(place) > 2 and place.endswith(level.group())), "")
    return place + name[1:] if place else name


def one_name(name: str, kind: str, city: str = "") -> str:
    """The name under which a place or body stands for itself in an archive: canonical, and without the city before a
    district (南桥区人社局); "" where it means another one in every article (公安局, 市一中 of no city known)."""
    form = canonical(name, city)
    stem = _stem(city)
    if stem and form != stem and form.startswith(stem) and _OWN_PLACE.match(form[len(stem):]):
        form = form[len(stem):]
    own = not (form in _ENDINGS or _IN_CONTEXT.match(form) or kind == "body" and (_OF_A_LEVEL.match(form) or _COMMON.fullmatch(form)))
    return form if own and len(form) > 1 else ""


@dataclass(frozen=True)
class Aliases:
    """The names of one newspaper: its `city`, and what its articles call by more than one name.

    `learnt` leads from the canonical form of a short or former name to the canonical form of the full one, `written`
    from a canonical form to the ways in which the articles give it.
    """

    city: str = ""
    learnt: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Iterable[Told], city: str = "") -> Aliases:
        """The table of what articles tell (`told_names`). A short name that stands for two things is left out."""
        fulls: dict[str, set[str]] = {}
        written: dict[str, set[str]] = {}
        for full, other, _ in told:
            one, two = canonical(full, city), canonical(other, city)
            if one != two:
                fulls.setdefault(two, set()).add(one)
                written.setdefault(one, set()).add(full)
                written.setdefault(two, set()).add(other)
        return cls(city, {short: next(iter(names)) for short, names in fulls.items() if len(names) == 1},
                   {form: tuple(sorted(names)) for form, names in written.items()})

    def canonical(self, name: str) -> str:
        """The one form of a name, by rule and by what was learnt."""
        form = canonical(name, self.city)
        if form not in self.learnt and _stem(self.city) + form in self.learnt:
            form = _stem(self.city) + form
        seen = {form}
        while (full := self.learnt.get(form)) and full not in seen:
            form = full
            seen.add(form)
        return form

    def alike(self, one: str, other: str) -> bool:
        """Whether two names mean one thing; the city may be left out (南桥区人社局, 云河市南桥区人社局)."""
        first, second = self.canonical(one), self.canonical(other)
        stem = _stem(self.city)
        return first == second or bool(stem) and first.removeprefix(stem) == second.removeprefix(stem) != ""

    def forms(self, name: str) -> list[str]:
        """Every learnt name of the same thing, in canonical form, its own first."""
        form = self.canonical(name)
        return [form, *self._others.get(form, ())]

    @cached_property
    def _others(self) -> dict[str, list[str]]:
        """The learnt names of each thing by its canonical form."""
        found: dict[str, list[str]] = {}
        for short in self.learnt:
            found.setdefault(self.canonical(short), []).append(short)
        return found

    def writings(self, name: str) -> tuple[str, ...]:
        """The ways in which articles may write a name, as it is given first; one alone where nothing else is known.

        The city is also 我市, 本市 and 全市; 云河市第一中学 also 市一中; 人社局 also 人力资源和社会保障局; what was learnt
        as it was written.
        """
        given, stem = squeeze(fold(name)), _stem(self.city)
        found = dict.fromkeys([given])
        for form in self.forms(name):
            found |= dict.fromkeys(self.written.get(form, ()))
            if stem and form == stem:
                found |= dict.fromkeys((self.city, stem, *(ours + self.city[-1] for ours in _OURS_SAID)))
                continue
            own = form.removeprefix(stem) if stem else form
            bodies = [own, *_in_full(own)]
            if stem and (form != own or _SHORT_SCHOOL.fullmatch(own)):
                heads = [self.city, stem, self.city[-1] * (not _DISTRICT.match(own)), *[""] * bool(_DISTRICT.match(own))]
                found |= dict.fromkeys(head + body for head in heads if head or _DISTRICT.match(own) for body in bodies)
            elif len(bodies) > 1:
                found |= dict.fromkeys(bodies)
        return tuple(found)


def ours(folded: str) -> list[str]:
    """我市, 全市 and the like in a folded text, each once."""
    return list(dict.fromkeys(match["ours"] for match in _POINTING.finditer(folded) if match["ours"]))


def numbered(folded: str, city: str) -> list[str]:
    """The schools and hospitals of the city that a folded text calls by their number (澄陵五中, 市第五中学), as it does."""
    if not city:
        return []
    heads = "|".join(re.escape(head) for head in (city, _stem(city), city[-1]))
    whats = "|".join(sorted((*_SCHOOLS, *_SCHOOLS.values()), key=len, reverse=True))
    return [match.group() for match in re.finditer(rf"(?:{heads})第?[{_NUMERAL}]+(?:{whats})(?![医学间])", folded)]


def told_names(text: str) -> list[Told]:
    """What an article calls by two names, each pair once."""
    if not _TELLS.search(text):
        return []
    return list(dict.fromkeys(pair for start, end in sentences(text) if _TELLS.search(text, start, end)
                              for pair in _told(fold(text[start:end]))))


def city_of(newspapers: Iterable[str], articles_with: Callable[[str], int] = lambda _: 0) -> str:
    """The city or county of the first newspaper that is named after one, as it is written (云河市); "" where none is.

    `articles_with` tells in how many articles a name stands: it decides between 青屏市 and 青屏县.
    """
    paper = next(filter(None, map(_LIKE_A_PAPER.match, newspapers)), None)
    if paper is None:
        return ""
    stem = paper["city"]
    if stem[-1] in "市县州" and len(stem) > 2:
        return stem
    return max((stem + level for level in "市县州"), key=articles_with)


def pointing(text: str, city: str = "", start: int = 0) -> list[Mention]:
    """The words of `text` from `start` on that point at a place or body, with the name that they mean: 我市, and 该区 for the
    one named before.

    A word that points at nothing named is left out.
    """
    folded = fold(text)
    found, said = [], list(_POINTING.finditer(folded, start))
    named = [one for one in mentions(text) if one.kind in ("place", "body")] if any(match["what"] for match in said) else []
    for match in said:
        if match["ours"]:
            if city.endswith(match["ours"][1]):
                found.append(Mention(*match.span(), "place", city))
            continue
        ends = _ENDS.get(match["what"], (match["what"],))
        before = next((one for one in reversed(named) if one.end <= match.start() and one.name.endswith(ends)), None)
        if before:
            found.append(Mention(*match.span(), before.kind, before.name))
    return found


def _told(text: str) -> Iterator[Told]:
    """What a folded sentence calls by two names."""
    named = [one for one in mentions(text) if one.kind not in ("office", "work")]
    for pattern, group in ((_CALLED_SHORT, "short"), (_FORMER, "former")):
        for match in pattern.finditer(text):
            if full := _before(text, match.start(), named):
                yield Told(full, match[group], group == "former")
    for at, other in enumerate(named):
        if not ending_of(other.name):
            continue
        for one in reversed(named[:at]):
            between = text[one.end:other.start]
            if len(between) > _BETWEEN:
                break
            if ending_of(one.name) and one.name != other.name and _RENAMED.search(between) \
                    and ("," not in between or one.name[:2] == other.name[:2]):
                yield Told(other.name, one.name, True)
                break
    for one, other in zip(named, named[1:]):
        between, whole = text[one.end:other.start], _with_rest(text, other)
        ends = not re.match(rf"[{HAN}]", text[other.start + len(whole):][:1]) or text[other.start + len(whole)] in "的和与更改升"
        if ends and one.name != whole and ending_of(one.name) and ending_of(whole) and (
                _WAS.fullmatch(between) or between in ("由", "是由") and _RENAMED_FROM.match(text, other.end)):
            yield Told(one.name, whole, True)


def _with_rest(text: str, one: Mention) -> str:
    """A name with what of it the tagger cut off (汀兰县 + 保健站), up to where the clause ends."""
    rest = re.compile(rf"[{HAN}]{{1,{_CUT_OFF}}}(?=[,。;、)]|$)").match(text, one.end)
    return one.name + rest.group() if rest and ending_of(one.name + rest.group()) else one.name


def _before(text: str, at: int, named: Sequence[Mention]) -> str:
    """The name that ends at a bracket: one that the tagger has whole, or a place with what of its body it cut off."""
    for one in reversed(named):
        rest = text[one.end:at].rstrip("”\"》")
        if one.end <= at and (not rest or re.fullmatch(rf"[{HAN}]{{2,{_CUT_OFF}}}", rest) and ending_of(one.name + rest)):
            return one.name + rest
    return ""


def _in_full(short: str) -> list[str]:
    """The full forms of a name that ends in a short one: 人力资源和社会保障局, 第一中学."""
    found = [short.removesuffix(end) + full for end, fulls in _FULL_FORMS.items() if short.endswith(end) for full in fulls]
    if school := _SHORT_SCHOOL.search(short):
        found += [f"{short[:school.start()]}第{school['n']}{full}" for full, end in _SCHOOLS.items() if end == school["what"]]
    return found


def _stem(city: str) -> str:
    """云河 of 云河市."""
    return city[:-1] if city[-1:] in "省市县州" and len(city) > 2 else city
