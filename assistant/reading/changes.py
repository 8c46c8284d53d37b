"""How a figure changed: the figures of what is asked in all articles found, by date; and which of them is the newest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.language import lexicon
from assistant.language.mentions import ending_of
from assistant.language.named import Known, Named, named, subject_of
from assistant.language.periods import iso, whens
from assistant.language.quantities import dates, figures_by_date
from assistant.language.text import content, fold, words
from assistant.question.terms import Terms
from assistant.reading.figures import (
    Figure,
    at_one_time,
    bigrams,
    clause_of,
    counted_by,
    figure_at,
    figures,
    measure_asked,
    same_value,
)
from assistant.reading.reader import Quote
from assistant.schema import Article, Chunk, Passage

WORDS = tuple(lexicon.words("changes.txt"))
COURSE = ("时间线", "经过", "历程", "大事", "始末", "来龙去脉", "沿革", "生平")
"""Words that ask for what happened, and not for figures."""
FEWEST = 3
"""Bigrams of what is asked by which a figure is recognised."""
HELD, NEARLY = 0.6, 0.6
"""Share of them that the sentence must hold, and share of the best sentence's that another one must reach."""
ARTICLES = 10


@dataclass(frozen=True, slots=True)
class Row:
    """What was told on a `day` (ISO of any precision): the quote with its figure emphasised."""

    day: str
    quote: Quote


@dataclass(frozen=True, slots=True)
class _Told:
    """A figure with the share of the question's bigrams that its sentence and its clause hold, one each at most."""

    figure: Figure
    share: float
    near: float

    @property
    def worth(self) -> float:
        return self.share + self.near


def asks_for_change(question: str) -> bool:
    """Whether a question asks how a figure changed, or what it was before."""
    return any(word in fold(question) for word in WORDS)


def changes(terms: Terms, passages: Sequence[Passage]) -> list[Row]:
    """The figures of what is asked, earliest first: one row an article, or one a year where an article tells them apart.

    A row that tells from what to what (由146个减为120个) is enough; else [] where fewer than two values are told.
    """
    told = list(_told(terms, passages))
    measure = measure_asked(_timeless(terms.asked))
    counted = counted_by(measure.measure) if measure and measure.measure != "个" else _commonest(told)
    told = [one for one in told if one.figure.counted == counted]
    if told:
        first = max(told, key=lambda one: one.worth).figure
        told = [one for one in told if one.figure.article.id == first.article.id or same_subject(first, one.figure, terms)]
    best = max((one.worth for one in told), default=0.0)
    rows: list[Row] = []
    values: list[Figure] = []
    for article in dict.fromkeys(one.figure.article.id for one in told):
        mine = [one for one in told if one.figure.article.id == article]
        top = max(mine, key=lambda one: one.worth)
        if top.worth < NEARLY * best:
            continue
        clause = [one.figure for one in mine if clause_of(one.figure) == clause_of(top.figure)]
        rows += list(_by_year(clause[0])) or [Row(top.figure.article.date or "", _over(clause))]
        values += clause
    if not values or all(same_value(values[0], other) for other in values[1:]):
        return []
    return sorted(rows, key=lambda row: row.day)


def answering(quote: Quote, terms: Terms) -> Figure | None:
    """The figure of a quote that answers: the one emphasised, else of those of the measure asked for (all, for none) the one
    whose clause holds most of what is asked; None where none holds any."""
    if figure := figure_at(quote):
        return figure
    measure = measure_asked(terms.asked)
    chunk = Chunk(quote.article.id, 0, quote.start, quote.end, quote.text)
    told = [one for one in _told(terms, [Passage(chunk, quote.article, 1.0)]) if quote.start <= one.figure.start < quote.end
            and one.near and (not measure or one.figure.counted == counted_by(measure.measure))]
    return max(told, key=lambda one: one.worth).figure if told else None


def of_the_year(quote: Quote, question: str) -> Figure | None:
    """The figure that a quote gives for the one year that a question names (2021至2024年分别为…, asked of 2022); None for none."""
    years = {one.year for one in dates(question) if one.year}
    at = [number.start for day, number in figures_by_date(quote.text) if {day.year} == years]
    return next((one for one in figures(quote.article) if at and one.start == quote.start + at[0]), None)


def by_time(anchor: Figure, terms: Terms, passages: Sequence[Passage]) -> list[Figure]:
    """The figure that answers and those of the same thing that papers of other days give, newest first; the same value
    once. Those count that hold as much of the question as the anchor's own sentence and clause do."""
    told = list(_told(terms, [*passages]))
    own = next((one for one in told if one.figure == anchor), None)
    if own is None or not anchor.article.date:
        return [anchor]
    found = [anchor]
    for article in dict.fromkeys(one.figure.article.id for one in told if one.figure.article.id != anchor.article.id):
        mine = [one for one in told if one.figure.article.id == article and one.figure.counted == anchor.counted]
        top = max(mine, key=lambda one: (one.worth, -one.figure.start), default=None)
        if top and top.figure.article.date and top.share >= own.share and top.near >= NEARLY * own.near \
                and not at_one_time(anchor, top.figure) and same_subject(anchor, top.figure, terms):
            found.append(top.figure)
    found.sort(key=lambda figure: figure.article.date or "", reverse=True)
    return [one for n, one in enumerate(found) if one == anchor or not any(same_value(one, other) for other in (*found[:n], anchor))]


def same_subject(one: Figure, other: Figure, terms: Terms) -> bool:
    """Whether two figures are of one place or body: of what is asked, else of what is named before the first, which the
    article of the second must know; and what is named before the second the article of the first."""
    mine, theirs = subject_of(terms.asked, terms.named) or _named_before(one), _named_before(other)
    if mine and not Known(other.article, terms.aliases).may_mean(mine) \
            or theirs and not Known(one.article, terms.aliases).may_mean(theirs):
        return False
    return not (mine and theirs) or ending_of(mine.text) != ending_of(theirs.text) or mine.text in theirs.text \
        or theirs.text in mine.text or terms.aliases.alike(mine.text, theirs.text)


def _named_before(figure: Figure) -> Named | None:
    """The place or body named last before a figure in its sentence, else in the title."""
    before = fold(figure.article.text[figure.left:figure.start])
    title = fold(figure.article.title or "")
    return subject_of(before, named(before)) or subject_of(title, named(title))


def _told(terms: Terms, passages: Sequence[Passage]) -> Iterator[_Told]:
    """The figures of the passages' articles whose sentences hold enough of what is asked."""
    asked = _asked(terms.asked)
    if len(asked) < FEWEST:
        return
    articles: dict[str, Article] = {passage.article.id: passage.article for passage in passages}
    for article in list(articles.values())[:ARTICLES]:
        title = fold(article.title or "")
        for figure in figures(article):
            sentence = bigrams(terms.known_in(fold(figure.sentence) + " " + title))
            near = bigrams(terms.known_in(fold(article.text[slice(*clause_of(figure))])))
            one = _Told(figure, len(asked & sentence) / len(asked), len(asked & near) / len(asked))
            if one.share >= HELD:
                yield one


def _asked(question: str) -> set[str]:
    """The bigrams of what a question is about, without words of change and of time."""
    text = _timeless(question)
    for word in (*WORDS, "数量"):
        text = text.replace(word, " ")
    return {pair for word in words(content(text)) for pair in bigrams(word)}


def _timeless(question: str) -> str:
    """A folded question without what says when: 2024年, 这几年."""
    text = fold(question)
    for start, end in reversed(whens(text)):
        text = text[:start] + " " + text[end:]
    for word in ("这些年", "这几年", "近几年", "几年来", "近年来", "近年", "历年来"):
        text = text.replace(word, " ")
    return text


def _commonest(told: Iterable[_Told]) -> str:
    weights: dict[str, float] = {}
    for one in told:
        weights[one.figure.counted] = weights.get(one.figure.counted, 0.0) + one.near
    return max(weights, key=weights.__getitem__, default="")


def _by_year(figure: Figure) -> Iterator[Row]:
    """The rows of a sentence that gives each year its figure."""
    for day, number in figures_by_date(figure.sentence):
        quote = figure.quote
        yield Row(iso((day.year, day.month, day.day)), replace(quote, emphasis=(number.start, max(number.end, number.right))))


def _over(clause: Sequence[Figure]) -> Quote:
    """The sentence, emphasised from the first to the last figure of the clause."""
    first, last = clause[0], clause[-1]
    return Quote(first.article, first.left, first.right, (first.start - first.left, last.end - first.left))
