"""Figures of the same thing in several articles: which are told of one time and disagree, and which show how it changed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

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
COARSE = 0.1
"""A value printed with fewer digits rounds another (2% and 2.17%) where they are no farther apart than this."""
FEATURES = ("sentence", "least", "names", "ratio", "beside", "articles", "swapped")
WEIGHTS, BIAS = (0.67, 1.14, -1.57, -0.79, -0.43, 1.77, -0.84), -0.95
SAME_THING = 0.7
"""A logistic regression over FEATURES and the probability from which two figures measure one thing, fitted and chosen on the
development pairs by `python benchmarks/disagreements.py --fit`: cross-validated, 25 of 27 named are right, 25 of 54 found."""
_RANGE = ("", "到", "至", "~", "–", "\uff5e")
"""What stands between the ends of a range, hyphens and dashes aside."""
SWAPPED = 4
"""Characters of a word put in another's place (男子 for 女子, 一中 for 二中)."""
_PRINTED = re.compile(r"\d[\d,]*(?:\.(\d+))?")
_PLAIN_NUMBER = re.compile(r"[\d.]+")
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
        yield from _figures_in(article, left, right)


def _figures_in(article: Article, left: int, right: int) -> Iterator[Figure]:
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
    """FEATURES of two figures: the share of the bigrams that their sentences have in common; the least share of the words of
    each clause that the other sentence holds; the names of each sentence that the other article does not know; how far the
    values lie apart; the share of the other figures of one sentence that the other has too (a half where there are none);
    the share of its bigrams that the one article has in common with the other; words put in another's place."""
    mine, theirs = _without(one, *clause_of(one)), _without(other, *clause_of(other))
    names = sum(name not in fold(second.article.text) for first, second in ((one, other), (other, one)) for name in _names(first))
    worths = [abs(float(figure.number.worth)) + 1e-9 for figure in (one, other)]
    whole = bigrams(fold(one.article.text)), bigrams(fold(other.article.text))
    return (_shared(_without(one, one.left, one.right), _without(other, other.left, other.right)),
            min(_held(mine, other), _held(theirs, one)), float(min(names, 2)), min(abs(math.log(worths[0] / worths[1])), 3.0),
            _beside(one, other), len(whole[0] & whole[1]) / max(1, min(map(len, whole))), float(min(len(swapped(one, other)), 2)))


def of_one_thing(one: Figure, other: Figure) -> float:
    """The probability that two figures measure the same thing; 0 where they are counted by different units, are the time
    of day, the number of one in a row (第三届) or an end of a range, or stand among other figures that all differ."""
    if one.counted != other.counted or one.number.unit == "时" or _in_a_row(one) or _in_a_row(other) \
            or _beside(one, other) == 0:
        return 0.0
    score = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, likeness(one, other)))
    return 1 / (1 + math.exp(-score))


def disagree(one: Figure, other: Figure) -> bool:
    """Whether two articles tell one thing of one time with other values, and neither has the other's value as well."""
    if same_value(one, other) or not at_one_time(one, other) or not _of_one_hour(one, other):
        return False
    if of_one_thing(one, other) < SAME_THING:
        return False
    return not any(has.counted == lacks.counted and same_value(has, lacks)
                   for lacks, article in ((one, other.article), (other, one.article)) for has in figures(article))


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
    apart, most = abs(first - second), max(abs(first), abs(second))
    if apart <= COARSE * most and apart <= max(_step(one), _step(other)) / 2:
        return True
    return (one.number.rough or other.number.rough or "." in str(first)) and apart <= ROUNDED * most


def _step(figure: Figure) -> float:
    """The worth of the last digit printed: 1000 of 3.5万, 10000 of 2万; 0 where it is not written in digits."""
    printed = _PRINTED.match(fold(figure.article.text)[figure.start:figure.end])
    value = float(printed[0].replace(",", "")) if printed else 0.0
    return abs(float(figure.number.worth)) / value / 10 ** len(printed[1] or "") if printed and value else 0.0


def rival(one: Figure, others: Iterable[Article]) -> Figure | None:
    """The figure of another article that has another value for the same thing at the same time; None for nothing clear,
    and where that article also has the same value."""
    for article in others:
        alike = [other for other in figures(article) if other.counted == one.counted and disagree(one, other)]
        if alike:
            return max(alike, key=lambda other: of_one_thing(one, other))
    return None


def swapped(one: Figure, other: Figure) -> list[tuple[str, str]]:
    """The short words of two sentences that stand in each other's place between the same words, and that the other article
    does not know: what is told of 男子 and of 女子 in the same words is no disagreement."""
    texts = [_PLAIN_NUMBER.sub("#", _without(figure, figure.left, figure.right)) for figure in (one, other)]
    wholes = [fold(figure.article.text) for figure in (other, one)]
    found, steps = [], SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes()
    for n, (kind, *ends) in enumerate(steps):
        if kind != "replace" or max(ends[1] - ends[0], ends[3] - ends[2]) > SWAPPED:
            continue
        before, after = (step[2] - step[1] if step and step[0] == "equal" else 0
                         for step in (steps[n - 1] if n else None, steps[n + 1] if n + 1 < len(steps) else None))
        words_there = texts[0][ends[0]:ends[1]], texts[1][ends[2]:ends[3]]
        around = [text[max(0, at - 1):end + 1] for text, at, end in zip(texts, ends[::2], ends[1::2])]
        if after and (before or not n) and before + after >= 4 and all(any(c.isalpha() for c in word) for word in words_there) \
                and all(word not in whole for word, whole in zip(around, wholes)):
            found.append(words_there)
    return found


def _in_a_row(figure: Figure) -> bool:
    """Whether a figure is the number of one in a row (第三届) or an end of a range (7到11米)."""
    text, sentence = figure.article.text, figure.sentence
    ends = [(figure.left + one.start, figure.left + max(one.end, one.right)) for one in numbers(sentence)]
    return text[:figure.start].rstrip().endswith("第") or any(
        text[left:right].strip(" -—约") in _RANGE and text[left:right].strip()
        for start, end in ends for left, right in ((end, figure.start), (figure.end, start)) if 0 < right - left < 5)


def _of_one_hour(one: Figure, other: Figure) -> bool:
    """Whether the times of day that both sentences name are the same, and the days of the one among those of the other."""
    hours, days = [[{number.worth for number in numbers(figure.sentence) if number.unit == "时"} for figure in (one, other)],
                   [one.days, other.days]]
    return not (all(hours) and hours[0] != hours[1]) and (not all(days) or days[0] <= days[1] or days[1] <= days[0]
                                                         or not _exact(days[0]) or not _exact(days[1]))


def _exact(days: Iterable[str]) -> bool:
    return all(len(day) == len("2025-11-18") for day in days)


def _beside(one: Figure, other: Figure) -> float:
    """The share of the other figures of the sentence with fewer that the other sentence has too; a half where one has none."""
    mine, theirs = ([each for each in _figures_in(figure.article, figure.left, figure.right) if each.start != figure.start]
                    for figure in (one, other))
    fewer, more = sorted((mine, theirs), key=len)
    if not fewer:
        return 0.5
    return sum(any(each.counted == its.counted and same_value(each, its) for its in more) for each in fewer) / len(fewer)


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
