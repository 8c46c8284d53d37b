"""Passages → the shortest quotes that answer, with the short answer in them; or a refusal.

The encoder in models/reader reads the question with the best windows of the passages. Two linear parts over what it says,
fitted by `assistant fit-reader` and stored beside it, order the stretches and tell an answer from none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import SettingsError
from assistant.index.words import LexicalIndex, rareness
from assistant.language.dating import day_words
from assistant.language.named import PREMISES, Known, subject_of
from assistant.language.text import clauses, fold, sentences, squeeze
from assistant.models.encoder import EVIDENCE, SHIPPED, SHORT, Encoder, Judgement
from assistant.question.analysis import Question
from assistant.question.terms import Rareness, Terms, share
from assistant.reading.premises import Correction, corrected, of_another, of_that_one
from assistant.reading.windows import Window, folded, windows
from assistant.schema import Article, Passage

FIRST_WINDOWS, SURE_OF_ANSWER = 6, 2.0
"""Windows that are read first, and the log-odds over none of an evidence in them from which no further ones are read. Of 290
questions (natural_dev, held-out ones) the first stretch is right for 79.7 %, as with all twelve always, in 8.2 windows on
average; with eight always 79.0 %, with six 77.9 %. With four first natural_dev falls from 86.9 to 83.8 %."""
SPANS = 4
"""Best spans of a window that are looked at."""
WHOLE_SENTENCE = 90
"""A longer sentence is quoted by its clauses, visibly shortened."""
ROOM = 240
"""Characters quoted at most, but for a single longer stretch."""
WORTH_A_CHARACTER = 0.0015
"""The probability a character by which a further stretch must add the answer that those before it miss; half of it where
several things are asked for. On natural_dev 86.2 % of the answers are then right in 96 characters on average, on 334 held-out
questions 88.3 % in 107; with weights hardly different 85.0 % in 89 and 86.1 % in 97 at 0.0018, 86.9 % in 98 and 87.0 % in 108 at
0.0013. The rule itself was chosen on 289 held-out answers of earlier weights: 88.9 % right in 99, where a share of the best
stretch's probability gave 86.9 % in 108."""
SURE_OF_SHORT = 1.0
"""Log-odds over there being none from which the short answer is emphasised; chosen on natural_dev."""
LONGEST_SHORT = 40
UNSEEN = 30
"""Chunks in which a word is taken to stand that the background table leaves out (it lists those in 100 or more)."""
STRETCH_FEATURES = ("answers", "span", "worth", "held", "score", "first", "length")
"""What orders the stretches: the window's logit, the span's log-odds over none, what chose the window, the question's
bigrams in it, its passage's score, whether it is the window's best, the logarithm of its length."""
JUDGE_FEATURES = ("answers", "span", "short", "order", "second", "elsewhere", "words", "rarest", "around", "named", "unknown")
"""What an answer is told by: the best logit, the best span and short answer in log-odds, the best stretch's order, the next
stretch's and the next article's behind it; the share of the question's words that the article holds, the rarest it does
not, the share of the bigrams around the stretch; how many things the question names, and how many the article lacks."""
AROUND = 150
NEAREST = 3
"""Articles in which a presumed thing is put right."""
UNFITTED = {"order": {"bias": 0.0, "weights": dict.fromkeys(STRETCH_FEATURES, 0.0)},
            "judge": {"bias": 0.0, "weights": dict.fromkeys(JUDGE_FEATURES, 0.0)}}
"""Linear parts that prefer nothing: what a reader has before it is fitted."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of an article, `article.text[start:end]`; `emphasis` is the short answer's place in it."""

    article: Article
    start: int
    end: int
    emphasis: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        return self.article.text[self.start:self.end]


def days_in(quote: Quote) -> set[str]:
    """The dates that the words of a quote mean by its article's."""
    return {day for start, end, day in day_words(quote.article) if quote.start <= start and end <= quote.end}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader found: quotes in reading order, how probable it is that they answer, whether to refuse, what the
    question names that the best article does not, and what the articles say in its place where that is clear. `ranked`
    are all stretches looked at, best first; `alike` is a name that is nearly one asked for, with its sentence."""

    quotes: tuple[Quote, ...] = ()
    probability: float = 0.0
    refused: bool = True
    unknown: tuple[str, ...] = ()
    correction: Correction | None = None
    ranked: tuple[Quote, ...] = ()
    alike: tuple[str, Quote] | None = None


@dataclass(frozen=True, eq=False)
class Linear:
    """A logistic regression: `weights` by the features' order, and the probability below which its answer is no."""

    weights: np.ndarray
    bias: float
    threshold: float = 0.5

    @classmethod
    def from_json(cls, model: Mapping[str, Any], names: Sequence[str]) -> Linear:
        """The regression that `assistant fit-reader` wrote. Raises KeyError where a feature is missing."""
        return cls(np.array([model["weights"][name] for name in names]), model["bias"], model.get("threshold", 0.5))

    def probability(self, rows: np.ndarray) -> np.ndarray:
        """The probability (n,) of each row (n, features)."""
        shares: np.ndarray = 1 / (1 + np.exp(-np.clip(rows @ self.weights + self.bias, -50, 50)))
        return shares


@dataclass(frozen=True, eq=False)
class Stretch:
    """A quotable stretch of a window, `article.text[start:end]`, with STRETCH_FEATURES and where its evidence lies."""

    window: Window
    judgement: Judgement
    start: int
    end: int
    evidence: tuple[int, int]
    features: tuple[float, ...]

    @property
    def article(self) -> Article:
        return self.window.article


class Reader:
    """Reads passages. `background` gives a word's chunk frequency among `of` news chunks: see `rareness`."""

    def __init__(self, encoder: Encoder, order: Linear, judge: Linear, background: Mapping[str, int], of: int) -> None:
        self.encoder, self.order, self.judge, self.background, self.of = encoder, order, judge, background, of

    @classmethod
    def from_folder(cls, folder: Path | str = "", fitted: bool = True) -> Reader:
        """The reader in `folder`, "" for the one that ships. Without `fitted` it needs no judge.json and only finds
        stretches, for `assistant fit-reader`. Raises SettingsError where it cannot be read."""
        folder = Path(folder or SHIPPED)
        encoder = Encoder.from_folder(folder)
        try:
            background = json.loads((folder / "background.json").read_text(encoding="utf-8"))
            parts = json.loads((folder / "judge.json").read_text(encoding="utf-8")) if fitted else UNFITTED
            order, judge = Linear.from_json(parts["order"], STRETCH_FEATURES), Linear.from_json(parts["judge"], JUDGE_FEATURES)
        except (OSError, ValueError, KeyError) as error:
            raise SettingsError(
                f"{folder} 里的摘句权重与本版程序不合（{error}）。请重新安装本程序，或运行 assistant fit-reader。",
                f"The reader's weights in {folder} do not fit this version ({error}). Install it again, or run: "
                "assistant fit-reader") from error
        frequency = {word: int(count) for count, line in background["words"].items() for word in line.split(" ")}
        return cls(encoder, order, judge, frequency, background["chunks"])

    def rareness(self, index: LexicalIndex) -> Rareness:
        """How rare a word is in the archive and in news at large, whichever is less: ten articles alone
        cannot tell a rare word from a common one, and their own subject is not rare among them."""
        def rarity(word: str) -> float:
            return min(index.rareness(word), rareness(self.background.get(word, UNSEEN), self.of))
        return rarity

    def read(self, question: Question, terms: Terms, passages: Sequence[Passage]) -> Reading:
        """The quotes that answer, at most ROOM characters in all but for a single longer stretch.

        Without passages, or where none shares a character with the question, a refusal without quotes.
        """
        kept = {article.id for article in of_that_one(terms.asked, {one.article.id: one.article for one in passages}.values())}
        found = self.stretches(terms, [one for one in passages if one.article.id in kept])
        if not found:
            return Reading()
        probabilities = self.order.probability(np.array([one.features for one in found]))
        order = np.argsort(-probabilities, kind="stable")
        ranked, shares = [found[i] for i in order], [float(probabilities[i]) for i in order]
        row = judge_row(terms, ranked, shares)
        probability = float(self.judge.probability(np.array([row]))[0])
        unknown = unknown_things(terms, ranked[0].article)
        nearest = list({one.article.id: one.article for one in ranked}.values())[:NEAREST]
        correction = corrected(terms.asked, unknown, nearest) if unknown else None
        another = of_another(terms.asked, ranked[0].article)
        if another:
            unknown, correction = (another[0],), another[1]
        several = question.wants == "list"
        chosen = _chosen(ranked, shares, several)
        subject = subject_of(terms.asked, terms.named) if question.wants == "number" else None
        of_it = [one for one in chosen if not subject or Known(one.article, terms.aliases).may_mean(subject)]
        quotes = [_with_short_answer(one) for one in of_it or chosen]
        strange = not any(row[JUDGE_FEATURES.index(name)] for name in ("words", "around"))  # nothing that it asks stands there
        refused = (probability < self.judge.threshold or strange or correction is not None or another is not None
                   or ranked[0] not in of_it)
        return Reading(_in_reading_order(quotes), probability, refused, unknown, correction,
                       tuple(Quote(one.article, one.start, one.end) for one in ranked))

    def stretches(self, terms: Terms, passages: Sequence[Passage]) -> list[Stretch]:
        """The quotable stretches of the windows read, each once, in no order."""
        asked = _bare(terms.asked)
        read = [window for window in windows(terms, passages)
                if _bare(window.text).replace(asked, "") not in asked]  # nothing but the question, over and over
        characters = set(squeeze(fold(terms.asked)))
        if not any(characters & set(folded(window.article.text)[window.start:window.end]) for window in read):
            return []
        judged = self._judged(terms, read[:FIRST_WINDOWS])
        if max((score for _, one in judged for score, *_ in one.best(EVIDENCE, 1)), default=-math.inf) < SURE_OF_ANSWER:
            judged += self._judged(terms, read[FIRST_WINDOWS:])
        best: dict[tuple[str, int, int], Stretch] = {}
        for window, judgement in judged:
            for place, (score, start, end) in enumerate(judgement.best(EVIDENCE, SPANS)):
                evidence = window.start + start, window.start + end
                left, right = quotable(window.article.text, *evidence)
                features = (judgement.answers, score, window.worth, window.held, window.score, float(place == 0),
                            math.log(10 + right - left))
                key = window.article.id, left, right
                if right > left and (key not in best or best[key].features[1] < score):
                    best[key] = Stretch(window, judgement, left, right, evidence, features)
        return list(best.values())

    def _judged(self, terms: Terms, read: Sequence[Window]) -> list[tuple[Window, Judgement]]:
        """The windows with what the encoder makes of each."""
        asked = [(terms.asked_of(fold(window.text)), window.lead, window.text) for window in read]
        return list(zip(read, self.encoder.read(asked)))


def quotable(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch grown to its sentences where they have at most WHOLE_SENTENCE characters, else to its clauses."""
    around = [span for span in sentences(text) if span[0] < end and span[1] > start]
    if not around:
        return start, start
    if around[-1][1] - around[0][0] <= WHOLE_SENTENCE:
        return around[0][0], around[-1][1]
    held = [span for span in clauses(text, around[0][0], around[-1][1]) if span[0] < end and span[1] > start]
    return held[0][0], held[-1][1]


def unknown_things(terms: Terms, article: Article) -> tuple[str, ...]:
    """What the question names that an answer stands and falls with and the article does not know."""
    known = Known(article, terms.aliases)
    return tuple(thing.text for thing in terms.named if thing.kind in PREMISES and not known.knows(thing))


def judge_row(terms: Terms, ranked: Sequence[Stretch], shares: Sequence[float]) -> list[float]:
    """JUDGE_FEATURES of a question; `shares` are the probabilities of the `ranked` stretches, best first."""
    top = ranked[0]
    body = folded(top.article.text)
    text = terms.known_in(body)
    title = fold(top.article.title or "")
    odds = [math.log(share_ / (1 - share_ + 1e-9) + 1e-9) for share_ in shares]
    short = max((score for score, *_ in top.judgement.best(SHORT, 1, LONGEST_SHORT)), default=0.0)
    elsewhere = next((odds[i] for i, one in enumerate(ranked) if one.article.id != top.article.id), odds[-1])
    return [max(one.judgement.answers for one in ranked), max(one.features[1] for one in ranked), short, odds[0],
            odds[0] - odds[min(1, len(odds) - 1)], odds[0] - elsewhere, share(terms.words, text + title),
            max((weight for word, weight in terms.words.items() if word not in text and word not in title), default=0.0),
            share(terms.bigrams, terms.known_in(body[max(0, top.start - AROUND):top.end + AROUND]) + title),
            float(len(terms.named)), float(len(unknown_things(terms, top.article)))]


def _chosen(ranked: Sequence[Stretch], shares: Sequence[float], several: bool) -> list[Stretch]:
    """The best stretch, and further ones that are worth their room: short where the first is surely right."""
    chosen, length, missed = [ranked[0]], ranked[0].end - ranked[0].start, 1 - shares[0]
    worth = WORTH_A_CHARACTER / 2 if several else WORTH_A_CHARACTER
    for one, probability in zip(ranked[1:], shares[1:]):
        size = one.end - one.start
        overlaps = any(one.article.id == other.article.id and one.start < other.end and other.start < one.end
                       for other in chosen)
        if not overlaps and length + size <= ROOM and missed * probability >= worth * size:
            chosen.append(one)
            length, missed = length + size, missed * (1 - probability)
    return chosen


def _with_short_answer(one: Stretch) -> Quote:
    """The stretch as a quote, the encoder's short answer in it emphasised where it is sure of one."""
    for score, start, end in one.judgement.best(SHORT, SPANS, LONGEST_SHORT):
        said = one.window.text[start:end]  # a piece may cover the blank before it
        left, right = one.window.start + end - len(said.lstrip()), one.window.start + start + len(said.rstrip())
        if score >= SURE_OF_SHORT and one.start <= left < right <= one.end and right - left < one.end - one.start:
            return Quote(one.article, one.start, one.end, (left - one.start, right - one.start))
    return Quote(one.article, one.start, one.end)


def _in_reading_order(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """The quotes by article, best first, and in it by place; neighbours made one."""
    articles = list(dict.fromkeys(quote.article.id for quote in quotes))
    joined: list[Quote] = []
    for quote in sorted(quotes, key=lambda quote: (articles.index(quote.article.id), quote.start)):
        last = joined[-1] if joined else None
        if last and last.article.id == quote.article.id and not last.article.text[last.end:quote.start].strip():
            moved = quote.emphasis and (quote.emphasis[0] + quote.start - last.start, quote.emphasis[1] + quote.start - last.start)
            joined[-1] = replace(last, end=quote.end, emphasis=last.emphasis or moved)
        else:
            joined.append(quote)
    return tuple(joined)


def _bare(text: str) -> str:
    """The folded text without blanks and punctuation."""
    return "".join(filter(str.isalnum, fold(text)))
