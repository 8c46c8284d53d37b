"""Answers about people whose name is not theirs alone: each of several of one name, or the one whose name is nearly it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.answers import alternatives, cautious
from assistant.index.snapshot import Snapshot
from assistant.language.mentions import mentions
from assistant.language.named import Known
from assistant.language.text import fold
from assistant.question.analysis import Question
from assistant.question.terms import Terms
from assistant.reading.persons import Person, near_names, near_places, persons
from assistant.reading.premises import Correction
from assistant.reading.reader import Quote, Reading
from assistant.schema import Answer, Filters, Passage

NEAREST = 5
"""Articles found in which a name is looked for that is nearly the one asked for."""
LOOKED_AT = 10
"""Articles that hold two characters of an unknown name and are looked through for one like it."""
Read = Callable[[Sequence[Passage]], Reading]


def of_one_name(question: Question, terms: Terms, passages: Sequence[Passage], read: Read) -> Answer | None:
    """The answer for each of several people of the name that a question names; None where it is one person's, or where
    the question says which is meant."""
    names = [thing.text for thing in terms.named if thing.kind == "person"]
    if len(names) != 1:
        return None
    articles = {passage.article.id: passage.article for passage in passages}
    known = persons(names[0], articles.values())
    asked = fold(question.search).strip("？?。 ")
    asks_who = question.wants == "person" and asked.endswith(("是谁", "是什么人")) or asked.endswith(
        tuple(names[0] + end for end in ("是干什么的", "是做什么的", "是干啥的")))
    if not known or len(known) == 1 and not asks_who:
        return None
    meant = [one for one in known if one.is_meant(fold(question.search))]
    sure = any(one.surely_other(other) for one in known for other in known)
    told = [(one, quote) for one in meant or known if (quote := _told(one, asks_who, passages, read))]
    if not told or len(told) == 1 and not (meant and sure or asks_who) or not (asks_who or sure):
        return None
    return alternatives(question, [(described(one), quote) for one, quote in told], passages, names[0], sure and len(told) > 1)


def _told(one: Person, asks_who: bool, passages: Sequence[Passage], read: Read) -> Quote | None:
    """What is said of a person: who it is, or what the reader finds in their own articles."""
    if asks_who:
        return one.quotes[0] if one.called or one.born else None
    reading = read([passage for passage in passages if passage.article.id in one.articles])
    return None if reading.refused else reading.quotes[0]


def described(one: Person) -> str:
    """What tells a person from another of the name, in the articles' own words; "" for nothing."""
    return one.called[0] if one.called else ""


def nearly(question: Question, terms: Terms, passages: Sequence[Passage], snapshot: Snapshot) -> Answer | None:
    """A refusal that shows whose name is nearly the one asked for, where no article holds that; None otherwise."""
    asked = [one.name for text in (question.topic, question.search) for one in mentions(text) if one.kind == "person"]
    for name in dict.fromkeys(asked):
        if len(name) < 2 or snapshot.holds(name) or snapshot.words.matching(Filters(author=name), 1):
            continue
        ids = dict.fromkeys(passage.article.id for passage in passages)
        for part in (name[:2], name[1:]) if len(name) > 2 else ():
            ids |= dict.fromkeys(snapshot.words.holding(part)[:LOOKED_AT])
        if found := next(near_names(name, map(snapshot.articles.held, ids)), None):
            return cautious(question, name, *found, passages)
    return None


def with_the_other(reading: Reading, terms: Terms, passages: Sequence[Passage]) -> Reading:
    """The reading with who or what is called nearly so: beside a refusal, or in the place of an answer out of an article that
    does not know what else the question names, where an article about the other does."""
    articles = list({passage.article.id: passage.article for passage in passages}.values())[:NEAREST]
    if reading.correction or not articles:
        return reading
    read = reading.quotes[0].article if reading.quotes else articles[0]
    for thing in (one for one in terms.named if one.kind in ("person", "place") and any(one.text in fold(two.text) for two in articles)):
        beside = [one for one in terms.named if one.kind in ("place", "name") and one != thing and not Known(read, terms.aliases).knows(one)]
        near = near_names if thing.kind == "person" else near_places
        for name, quote in near(thing.text, (one for one in articles if thing.text not in fold(one.text))):
            if name in fold(terms.asked):
                continue  # both are asked of
            if beside and thing.text in fold(read.text) and all(Known(quote.article, terms.aliases).knows(one) for one in beside):
                place = quote.emphasis or (0, 0)
                put_right = Correction(thing.text, name, quote.article, quote.start, quote.end, place)
                return replace(reading, refused=True, correction=put_right)
            if reading.refused and not beside:
                return replace(reading, alike=(name, quote))
    return reading
