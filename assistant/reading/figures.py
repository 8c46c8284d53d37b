"""Figures of the same thing in several articles: which are told of one time and disagree, and which show how it changed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from assistant.language.dating import day_words
from assistant.language.mentions import mentions
from assistant.language.quantities import Quantity, kind_of, numbers, quantities, same
from assistant.language.text import fold, sentences, words
from assistant.reading.reader import Quote
from assistant.schema import Article

DAYS = 3
"""Days between two papers that tell of one event."""
ROUNDED = 0.01
"""Values nearer to each other than this are one, rounded."""
FEATURES = ("sentence", "words", "least", "names", "ratio")
WEIGHTS, BIAS = (5.59, 0.62, -0.06, -1.21, -1.42), -3.27
SAME_THING = 0.7
"""A logistic regression over FEATURES and the probability from which two figures measure one thing: fitted on half
of the annotated pairs by `python benchmarks/disagreements.py --fit`, the least at which none of 80 was wrong (8 of 17
found). On the other 80 pairs 7 of 11 are right and 7 of 19 found; these were looked at about ten times and several sets of
features were compared on them, so that is a figure of development, likely too good, and none is held out."""
_CLAUSE = re.compile(r"[^，。；！？：,;!?\n]+")
_ANY = ("", "物")
_NOUNS = ("place", "body", "person")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its measure: `article.text[start:end]`, in the sentence `article.text[left:right]`."""

    article: Article
    start: int
    end: int
    left: int
    right: int
    number: Quantity

    @property
    def sentence(self) -> str:
        return self.article.text[self.left:self.right]

    @property
    def counted(self) -> str:
        """What is counted: the kind of unit, or the measure word where that counts things of any kind."""
        return counted_by(self.number.measure) if self.number.unit in _ANY else self.number.unit

    @property
    def quote(self) -> Quote:
        return Quote(self.article, self.left, self.right, (self.start - self.left, self.end - self.left))

    @property
    def days(self) -> frozenset[str]:
        """The dates of its sentence."""
        return frozenset(day for start, end, day in day_words(self.article) if self.left <= start and end <= self.right)


def counted_by(measure: str) -> str:
    """What a measure word counts: its kind of unit ("人" for 名), or itself where that is things of any kind (个, 条, 册)."""
    return measure if kind_of(measure) in _ANY else kind_of(measure)


def measure_asked(question: str) -> Quantity | None:
    """A figure of the measure that 多少 or 几 asks for in a question; None where it names none."""
    asked = [one for word in ("多少", "几") if word in question for one in quantities(question.replace(word, "9")) if one.measure]
    return asked[-1] if asked else None


def figures(article: Article) -> Iterator[Figure]:
    """Every number of an article that has a measure, in order."""
    for left, right in sentences(article.text):
        for number in numbers(article.text[left:right]):
            if number.unit or number.measure:
                yield Figure(article, left + number.start, left + max(number.end, number.right), left, right, number)


def figure_at(quote: Quote) -> Figure | None:
    """The figure in the short answer that a quote emphasises."""
    if quote.emphasis is None:
        return None
    left, right = quote.start + quote.emphasis[0], quote.start + quote.emphasis[1]
    return next((one for one in figures(quote.article) if left <= one.start < right), None)


def likeness(one: Figure, other: Figure) -> tuple[float, ...]:
    """FEATURES of two figures: the share of the bigrams that their sentences have in common; the mean and the least share of
    the words of each clause that the other sentence holds; the names of each sentence that the other article does not know;
    how far the values lie apart."""
    mine, theirs = _without(one, *clause_of(one)), _without(other, *clause_of(other))
    held = _held(mine, other), _held(theirs, one)
    names = sum(name not in fold(second.article.text) for first, second in ((one, other), (other, one)) for name in _names(first))
    worths = [abs(float(figure.number.worth)) + 1e-9 for figure in (one, other)]
    return (_shared(_without(one, one.left, one.right), _without(other, other.left, other.right)), sum(held) / 2, min(held),
            float(min(names, 2)), min(abs(math.log(worths[0] / worths[1])), 3.0))


def of_one_thing(one: Figure, other: Figure) -> float:
    """The probability that two figures measure the same thing; 0 where they are counted by different units, or are the time
    of day or the number of one in a row (第三届)."""
    if one.counted != other.counted or one.number.unit == "时" or any(
            figure.article.text[figure.start - 1:figure.start] == "第" for figure in (one, other)):
        return 0.0
    score = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, likeness(one, other)))
    return 1 / (1 + math.exp(-score))


def at_one_time(one: Figure, other: Figure) -> bool:
    """Whether two figures are told of one time: of days that both sentences name, else by papers of the same days."""
    if one.days and other.days:
        return any(_meet(first, second) for first in one.days for second in other.days)
    first, second = one.article.date or "", other.article.date or ""
    if len(first) != 10 or len(second) != 10:
        return first == second != ""
    return abs((date.fromisoformat(first) - date.fromisoformat(second)).days) <= DAYS


def same_value(one: Figure, other: Figure) -> bool:
    """Whether two figures say the same, or the one rounds the other."""
    if same(one.number, other.number):
        return True
    first, second = float(one.number.worth), float(other.number.worth)
    return (one.number.rough or other.number.rough or "." in str(first)) and abs(first - second) <= ROUNDED * max(abs(first), abs(second))


def rival(one: Figure, others: Iterable[Article]) -> Figure | None:
    """The figure of another article that has another value for the same thing at the same time; None for nothing clear,
    and where that article also has the same value."""
    for article in others:
        alike = [other for other in figures(article) if of_one_thing(one, other) >= SAME_THING and at_one_time(one, other)]
        if alike and not any(same_value(one, other) for other in alike):
            return max(alike, key=lambda other: of_one_thing(one, other))
    return None


def _meet(one: str, other: str) -> bool:
    """Whether two dates, of any precision or ranges, are of one time; a year and a day in it are not."""
    return one == other or len(one) == len(other) == 7 and one[:7] == other[:7]


def _names(figure: Figure) -> Iterable[str]:
    return {one.name for one in mentions(figure.sentence) if one.kind in _NOUNS}


def clause_of(figure: Figure) -> tuple[int, int]:
    """The (start, end) of the clause that holds a figure."""
    spans = (match.span() for match in _CLAUSE.finditer(figure.article.text, figure.left, figure.right))
    return next((span for span in spans if span[0] <= figure.start < span[1]), (figure.left, figure.right))


def _without(figure: Figure, left: int, right: int) -> str:
    """A stretch of the sentence around a figure, folded, without the figure."""
    text = fold(figure.article.text)
    return text[max(left, figure.left):figure.start] + " " + text[figure.end:min(right, figure.right)]


def _held(clause: str, other: Figure) -> float:
    """The share of a clause's words that the sentence of the other figure holds; 1 of none."""
    told, sentence = [word for word in words(clause) if len(word) > 1 and not word.isascii()], fold(other.sentence)
    return sum(word in sentence for word in told) / len(told) if told else 1.0


def _shared(one: str, other: str) -> float:
    """Dice's share of the bigrams that two stretches have in common."""
    mine, theirs = bigrams(one), bigrams(other)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine and theirs else 0.0


def bigrams(text: str) -> set[str]:
    """The pairs of neighbouring letters and characters of a text."""
    return {text[i:i + 2] for i in range(len(text) - 1) if text[i:i + 2].isalnum()}
