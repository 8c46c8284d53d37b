"""Offices as articles give them beside people's names: who holds one now, and which somebody has held one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assistant.language import lexicon
from assistant.language.aliases import Aliases
from assistant.language.introductions import namings
from assistant.language.mentions import mentions, tagged
from assistant.language.text import fold, sentences, squeeze
from assistant.reading.reader import Quote
from assistant.schema import Article

_WORDS = {name: tuple(sorted(words.split(), key=len, reverse=True)) for name, words in lexicon.rows("office_questions.tsv")}
_NOUNS = ("n", "nz", "vn", "an", "LOC", "ORG", "PER", "m", "nt")


@dataclass(frozen=True, slots=True)
class Held:
    """An article calls `name` by this `role`; the quote is the sentence, its emphasis the name."""

    name: str
    role: str
    quote: Quote


def office_asked(question: str) -> str:
    """市公交公司经理 in 市公交公司现在的经理叫什么; "" where a question does not ask who holds an office now."""
    rest, found = squeeze(fold(question)).strip("？?。"), []
    for kind in ("now", "who"):
        word = next((word for word in _WORDS[kind] if word in rest), "")
        found.append(word)
        rest = rest.replace(word, "", 1) if word else rest
    rest = rest.replace("的", "")
    words = tagged(rest)
    nouns = bool(words) and all(tag in _NOUNS for _, _, tag in words) and words[-1][2] in ("n", "nz")
    return rest if all(found) and nouns else ""


def offices_asked(question: str) -> str:
    """The person of whom a question asks which offices they have held one after the other; "" for any other question."""
    people = [one.name for one in mentions(question) if one.kind == "person"]
    asks = any(word in question for word in _WORDS["course"]) and any(word in question for word in _WORDS["offices"])
    return people[0] if asks and len(people) == 1 else ""


def holders(office: str, articles: Iterable[Article], aliases: Aliases) -> list[Held]:
    """Those whom the articles give the office, the last first, each once by the newest article."""
    word = next((office[one.start:] for one in mentions(office) if one.kind == "office" and one.end == len(office)),
                office[tagged(office)[-1][0]:])
    body = office.removesuffix(word)
    found: dict[str, Held] = {}
    for article in _newest_first(articles):
        for one in _held(article):
            if one.role.endswith(word) and _is_of(one.role.removesuffix(word), body, aliases):
                found.setdefault(one.name, one)
    return list(found.values())


def offices_of(name: str, articles: Iterable[Article]) -> list[Held]:
    """The offices that the articles give somebody, earliest first, each once; one that ends another (镇党委书记, 石桥镇党委书记) is
    the same."""
    found: list[Held] = []
    for article in reversed(_newest_first(articles)):
        for one in _held(article):
            if one.name == name and not any(_one_office(one.role, other.role) for other in found):
                found.append(one)
    return found


def _one_office(one: str, other: str) -> bool:
    """Whether the shorter of two roles ends the longer, and not as 镇长 ends 副镇长."""
    short, full = sorted((one, other), key=len)
    return full.endswith(short) and not full.removesuffix(short).endswith("副")


def _newest_first(articles: Iterable[Article]) -> list[Article]:
    return sorted((article for article in articles if article.date), key=lambda article: article.date or "", reverse=True)


def _held(article: Article) -> Iterator[Held]:
    folded = fold(article.text)
    for one in namings(article.text):
        if one.kind == "person" and one.role:
            left, right = next(span for span in sentences(article.text) if span[0] <= one.start < span[1])
            quote = Quote(article, left, right, (one.start - left, one.end - left))
            yield Held(squeeze(folded[one.start:one.end]), squeeze(folded[slice(*one.role)]), quote)


def _is_of(given: str, asked: str, aliases: Aliases) -> bool:
    """Whether the body before an office is the one asked for: by another of its names, or shortened (公交公司, 公共交通公司)."""
    if not asked or aliases.alike(given, asked):
        return True
    short, full = sorted((given.removeprefix("市"), asked.removeprefix("市")), key=len)
    at = iter(full)
    return len(short) > 2 and short[-1] == full[-1] and all(character in at for character in short)
