"""Two articles that tell the same thing with different figures, dates or names; and corrections that were printed.

It must hardly ever be wrong, so two sentences are only held against each other where the words around the
figure are the same, they share most of the question's words, and neither is about another day or place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.language.dating import day_words
from assistant.language.mentions import mentions, people
from assistant.language.named import named
from assistant.language.text import content, fold, sentences
from assistant.question.analysis import Question
from assistant.reading.figures import figure_at, rival
from assistant.reading.reader import Quote
from assistant.schema import Article, Passage

SHARE = 0.6
"""Of the question's bigrams that the answering sentence holds, how many the other one must hold too."""
AROUND = 0.5
"""Of the bigrams of the clause around the figure, how many the other clause must share."""
FEWEST = 3
_CLAUSE = re.compile(r"[^，。；！？：,;!?\n]+")
_NOTICE = re.compile(r"更正|勘误|订正")
_PUT_RIGHT = re.compile(r"(?P<wrong>[^，。；：“”]{1,20}?)[”\"]?(?:应为|应当为|更正为|改为|系)[“\"]?(?P<right>[^，。；”]{1,20})|"
                        r"误(?:写|登|报|排)?(?:为|作|成)[“\"]?(?P<wrong2>[^，。；”]{1,20})")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Another article's sentence that says otherwise; `notice` where it is a printed correction."""

    quote: Quote
    notice: bool = False


def disagreement(question: Question, quote: Quote, passages: Sequence[Passage]) -> Disagreement | None:
    """What another article says in place of the short answer marked in `quote`; None for nothing clear."""
    if quote.emphasis is None or question.wants not in ("number", "date", "person"):
        return None
    found = {article.id: article for passage in passages for article in (passage.article, *passage.reprints)}
    others = [article for article in found.values() if article.id != quote.article.id]
    said = quote.text[slice(*quote.emphasis)]
    return next(_notices(said, quote, others), None) or next(_rivals(question, said, quote, others), None)


def _notices(said: str, quote: Quote, others: Sequence[Article]) -> Iterator[Disagreement]:
    """Printed corrections that put this value of this article right."""
    title = fold(quote.article.title or "")
    for article in others:
        if not _NOTICE.search(f"{article.title or ''}{article.text[:60]}"):
            continue
        text = fold(article.text)
        original = _bigrams(fold(quote.text))
        meant = title and title in text or len(original & _bigrams(text)) >= 0.5 * len(original)
        for start, end in sentences(article.text) if meant else ():
            match = _PUT_RIGHT.search(text, start, end)
            if match and fold(said) in text[start:end] and fold(said) not in (match["right"] or ""):
                yield Disagreement(Quote(article, start, end), notice=True)


def _rivals(question: Question, said: str, quote: Quote, others: Sequence[Article]) -> Iterator[Disagreement]:
    """Sentences of others with another figure for the same thing, or another date or person where all else is the same."""
    if question.wants == "number":
        figure = figure_at(quote)
        asked = _bigrams(content(question.search))
        mine = asked & _bigrams(fold(figure.sentence)) if figure else set()
        if figure and (other := rival(figure, others)) and len(asked & _bigrams(fold(other.sentence))) >= SHARE * len(mine):
            yield Disagreement(other.quote)
        return
    asked = _bigrams(content(question.search))
    left, right = quote.start + quote.emphasis[0], quote.start + quote.emphasis[1]  # type: ignore[index]
    sentence = _sentence_at(quote.article, left)
    mine = asked & _bigrams(fold(quote.article.text[slice(*sentence)]))
    clause = _around(quote.article, left, right)
    if len(mine) < FEWEST or len(_bigrams(clause)) < FEWEST:
        return
    things = [thing for thing in named(quote.article.text[slice(*sentence)])
              if thing.kind in ("place", "person", "quoted")
              and (question.wants != "person" or thing.text not in said)]
    places = _places(quote.article.text[slice(*sentence)])
    days = _days(quote.article, *sentence)
    least = max(FEWEST, SHARE * len(mine))
    for article in others:
        whole = fold(article.text)
        if sum(pair in whole for pair in mine) < least or not all(place in whole for place in places):
            continue
        for start, end in sentences(article.text):
            text = whole[start:end]
            if sum(pair in text for pair in mine) < least or not all(thing.stands_in(text) for thing in things):
                continue
            if not all(place in fold(quote.article.text) for place in _places(text)):
                continue
            if question.wants != "date" and days != _days(article, start, end):
                continue
            for begin, stop in _other_values(question.wants, quote, article, start, end):
                theirs = _around(article, begin, stop)
                if _alike(clause, theirs):
                    yield Disagreement(Quote(article, start, end, (begin - start, stop - start)))


def _other_values(wants: str, quote: Quote, article: Article, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The (start, end) of the one thing of the kind in a sentence where it has another value."""
    sentence, (left, right) = article.text[start:end], quote.emphasis or (0, 0)
    said, mine = quote.text[left:right], quote.article
    if wants == "date":
        ours = [day for _, _, day in day_words(Article("", said, date=mine.date))]
        theirs = [(left, right, day) for left, right, day in day_words(article) if start <= left and right <= end]
        if len(ours) == len(theirs) == 1 and len(ours[0]) == len(theirs[0][2]) and ours[0] != theirs[0][2]:
            yield theirs[0][0], theirs[0][1]
    else:
        named_there = people(sentence)
        if len(named_there) == 1 and said not in sentence and sentence[slice(*named_there[0])] not in mine.text:
            yield start + named_there[0][0], start + named_there[0][1]


def _places(text: str) -> set[str]:
    return {one.name for one in mentions(text) if one.kind in ("place", "body")}


def _sentence_at(article: Article, at: int) -> tuple[int, int]:
    return next(span for span in sentences(article.text) if span[0] <= at < span[1])


def _around(article: Article, left: int, right: int) -> str:
    """The clause that holds `left`, folded, without what stands at left:right."""
    text = fold(article.text)
    clauses = (match.span() for match in _CLAUSE.finditer(text) if match.start() <= left < match.end())
    clause = next(clauses, (left, right))
    return text[clause[0]:left] + " " + text[right:clause[1]]


def _alike(one: str, other: str) -> bool:
    mine, theirs = _bigrams(one), _bigrams(other)
    return len(mine & theirs) >= max(FEWEST, AROUND * max(len(mine), len(theirs)))


def _days(article: Article, start: int, end: int) -> set[str]:
    """The dates of a stretch, without which two figures may be of two years."""
    return {day for left, right, day in day_words(article) if start <= left and right <= end}


def _bigrams(text: str) -> set[str]:
    return {text[i:i + 2] for i in range(len(text) - 1) if text[i:i + 2].isalnum()}
