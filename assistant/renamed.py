"""What a thing is called now, and what it was called before, from the articles that tell both names: X现在叫什么, X的前身是什么."""

from __future__ import annotations

from collections.abc import Iterable

from assistant import answers
from assistant.index.snapshot import Snapshot
from assistant.language import lexicon
from assistant.language.aliases import Told, canonical
from assistant.language.named import named
from assistant.language.text import content, fold, sentences, squeeze
from assistant.question.analysis import Question
from assistant.question.terms import names_in
from assistant.reading.reader import Quote, Reading
from assistant.schema import Answer, Article, Passage

_WORDS = {which: tuple(sorted(words.split(), key=len, reverse=True)) for which, words in lexicon.rows("renamings.tsv")}
_AROUND = "原老旧的是了，, "
"""What stands around a name in such a question and is no part of it."""
STEPS = 4
"""Names that one thing had one after the other, which are followed."""


def renamed(question: Question, passages: Iterable[Passage], snapshot: Snapshot) -> Answer | None:
    """The sentences that tell the new name or the former ones, those emphasised; None where that is not asked or not told."""
    asked = fold(question.search)
    which = next((one for one in ("before", "now") if any(word in asked for word in _WORDS[one])), "")
    if not which:
        return None
    told = [(article_id, pair) for article_id, _, pair in snapshot.articles.names_told() if pair.former]
    names = _asked_about(asked, which)
    found: list[Quote] = []
    seen: set[str] = set()
    for _ in range(STEPS):
        steps = [(article_id, pair) for article_id, pair in told if _is_one_of(_known(pair, which), names, snapshot)
                 and canonical(_sought(pair, which)) not in seen]
        for article_id, pair in steps:
            if (quote := _telling(snapshot.articles.held(article_id), pair, which)) and canonical(_sought(pair, which)) not in seen:
                found.append(quote)
                seen.add(canonical(_sought(pair, which)))
        names = [_sought(pair, which) for _, pair in steps]
    return answers.quotes(question, Reading(tuple(found), 1.0, False), tuple(passages)) if found else None


def _known(pair: Told, which: str) -> str:
    return pair.full if which == "before" else pair.other


def _sought(pair: Told, which: str) -> str:
    return pair.other if which == "before" else pair.full


def _asked_about(asked: str, which: str) -> list[str]:
    """The names of which a folded question asks: those that are tagged in it, and what is left of it without the words that ask."""
    rest = asked
    for word in _WORDS[which]:
        rest = rest.replace(word, " ")
    return [*names_in(asked, named(asked)), *(part for one in content(rest).split() if len(part := one.strip(_AROUND + "？?")) > 2)]


def _is_one_of(name: str, names: Iterable[str], snapshot: Snapshot) -> bool:
    """Whether one of the names asked about is this one, the city said or not; what other names it has counts no more here."""
    city = snapshot.aliases.city
    stem = canonical(city)
    return any(canonical(one, city).removeprefix(stem) == canonical(name, city).removeprefix(stem) for one in names)


def _telling(article: Article, pair: Told, which: str) -> Quote | None:
    """The sentence of an article that holds both names, the one sought emphasised; None where none does as it was read."""
    folded, sought = fold(article.text), squeeze(_sought(pair, which))
    for start, end in sentences(article.text):
        said = folded[start:end]
        if pair.full in said and pair.other in said:
            at = said.rfind(sought) if sought in _known(pair, which) else said.find(sought)
            return Quote(article, start, end, (at, at + len(sought)) if at >= 0 else None)
    return None
