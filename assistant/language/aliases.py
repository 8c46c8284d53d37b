"""Which names mean one thing: 云河市第一中学 and 市一中, 人力资源和社会保障局 and 人社局, 我市 and the newspaper's city.

By rule (`canonical`), and by what articles themselves say (`learn`): …（以下简称“…”）, …（原…）, …更名为….
Everything is text to text; nothing here reads an index.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assistant.language import lexicon
from assistant.language.mentions import Mention, ending_of, mentions
from assistant.language.text import HAN, fold, squeeze
from assistant.schema import Article

_SHORT = {full: short for short, forms in lexicon.rows("short_forms.tsv") for full in forms.split()}
_FULL = re.compile("|".join(sorted(map(re.escape, _SHORT), key=len, reverse=True)))
_NUMERAL = "一二三四五六七八九十"
_SCHOOL = re.compile(rf"(?:高级|实验)?第(?P<n>[{_NUMERAL}]+)(?:高级|初级|实验)?(?P<what>中学|小学|人民医院|中医院|幼儿园)")
_SCHOOLS = {"中学": "中", "小学": "小", "人民医院": "院", "中医院": "中医院", "幼儿园": "幼"}
_COMPANY = re.compile("(?:(?:股份)?有限(?:责任)?公司)$")
_OURS = re.compile(r"^[我本全](?P<level>[省市县区])")
_PLACE_LEVELS = re.compile(rf"(?<=[{HAN}]{{2}})(?:省|市(?![场民政区容值面委直])|县(?![政委城域]))")
_BARE_LEVEL = re.compile(rf"^(?P<level>[市县])(?=[{HAN}]{{2}})(?!场|民|区|容|值|面|直|城|域)")
_KEEPS_LEVEL = re.compile(r"^[市县](?:委|政)")
_POINTING = re.compile(r"(?P<ours>[我本全][省市县])(?![场民区])|(?:该|这[个所家])(?P<what>省|市|县|区|镇|乡|村|街道|社区|校|院|局|公司|馆|站|厂|小区|协会)(?![别分])")
_ENDS = {"校": ("学校", "大学", "学院", "中学", "小学", "幼儿园", "中", "小"), "院": ("院",), "馆": ("馆",)}
_CALLED_SHORT = re.compile(rf"[（(](?:以下|下)?简称[为:：]?[“\"]?(?P<short>[{HAN}A-Za-z0-9]{{2,12}}?)[”\"]?[）)]")
_FORMER = re.compile(rf"[（(](?:原|曾用名|前身为|前身是)[为:：]?(?P<former>[{HAN}A-Za-z0-9]{{3,20}})[）)]")
_RENAMED = re.compile(r"(?:正式)?(?:更名|改名|改称|升格)(?:为|成)[“\"]?$")
_LIKE_A_PAPER = re.compile(rf"^(?P<city>[{HAN}]{{2,4}}?)(?:日报|晚报|早报|晨报|时报|都市报|周报|新闻|报)")


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


@dataclass(frozen=True)
class Aliases:
    """The names of one newspaper: its `city`, and what its articles call by more than one name.

    `learnt` leads from the canonical form of a short or former name to the canonical form of the full one.
    """

    city: str = ""
    learnt: Mapping[str, str] = field(default_factory=dict)

    def canonical(self, name: str) -> str:
        """The one form of a name, by rule and by what was learnt."""
        form = canonical(name, self.city)
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
        return [form, *(short for short in self.learnt if self.canonical(short) == form)]


def learn(articles: Iterable[Article], city: str = "") -> Aliases:
    """What the articles say of names: 以下简称, 原, 更名为. The `city` is guessed from them where it is not given.

    A short name that stands for two things is left out.
    """
    articles = list(articles)
    city = city or city_of(articles)
    said: dict[str, set[str]] = {}
    for article in articles:
        for full, other in _told(fold(article.text)):
            one, two = canonical(full, city), canonical(other, city)
            if one != two:
                said.setdefault(two, set()).add(one)
    return Aliases(city, {short: next(iter(fulls)) for short, fulls in said.items() if len(fulls) == 1})


def city_of(articles: Iterable[Article]) -> str:
    """The city or county of a newspaper, as its articles write it (云河市), by the paper's name; "" where it has none."""
    papers: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for article in articles:
        if paper := _LIKE_A_PAPER.match(article.newspaper or ""):
            papers[paper["city"]] += 1
            places.update(re.findall(rf"{paper['city']}[市县州]", article.text))
    if not papers:
        return ""
    stem = papers.most_common(1)[0][0]
    written = next((place for place, _ in places.most_common() if place.startswith(stem)), "")
    return written or (stem if stem[-1] in "市县州" else stem + "市")


def pointing(text: str, city: str = "") -> list[Mention]:
    """The words of `text` that point at a place or body, with the name that they mean: 我市, and 该区 for the one named before.

    A word that points at nothing named is left out.
    """
    folded = fold(text)
    named = [one for one in mentions(text) if one.kind in ("place", "body")]
    found = []
    for match in _POINTING.finditer(folded):
        if match["ours"]:
            if city.endswith(match["ours"][1]):
                found.append(Mention(*match.span(), "place", city))
            continue
        ends = _ENDS.get(match["what"], (match["what"],))
        before = next((one for one in reversed(named) if one.end <= match.start() and one.name.endswith(ends)), None)
        if before:
            found.append(Mention(*match.span(), before.kind, before.name))
    return found


def _told(text: str) -> Iterable[tuple[str, str]]:
    """(full name, short or former name) wherever the text gives both."""
    if not re.search("简称|原|曾用名|前身|更名|改名|改称|升格", text):
        return
    named = [one for one in mentions(text) if one.kind != "office"]
    for pattern, group in ((_CALLED_SHORT, "short"), (_FORMER, "former")):
        for match in pattern.finditer(text):
            if full := next((one for one in named if match.start() - 1 <= one.end <= match.start()), None):
                yield full.name, match[group]
    for one, other in zip(named, named[1:]):
        if _RENAMED.search(text[one.end:other.start]) and len(text[one.end:other.start]) < 16 and ending_of(other.name):
            yield other.name, one.name


def _stem(city: str) -> str:
    """云河 of 云河市."""
    return city[:-1] if city[-1:] in "省市县州" and len(city) > 2 else city
