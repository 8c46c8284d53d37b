"""Which stretches of the passages are read: windows of whole sentences around the question's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.language.dating import chinese_date
from assistant.language.text import fold, pieces
from assistant.question.terms import Terms, share
from assistant.schema import Article, Passage

PASSAGES, WINDOWS, SIZE, AROUND = 8, 12, 150, 100
"""Passages looked at, windows read at most, characters of a window and around it. Of 620 held-out questions 94.8 % have
their answer in twelve windows, 92.9 % in eight, 96.4 % in all windows of the best eight passages (28)."""
BIGRAMS, BIGRAMS_AROUND, BIGRAMS_IN_ARTICLE, WORDS_IN_ARTICLE, SCORE = 0.5, 0.5, 1.0, 0.5, 4.0
"""What counts for a window: the question's bigrams in it, around it and in its article, the words in its article, and
the passage's score beside the best; fitted on the same questions."""
BESIDE = 0.85
"""What the rest of the best article counts beside its passage: what words alone do not find often stands there. The
windows then hold the answer for 95.0 instead of 91.2 % of natural_dev, 84.7 instead of 83.3 % of 300 lists and reasons."""
WHOLE = 3000
"""Characters of the best article that are looked at."""
LONGEST_SENTENCE = 90
"""A longer one may be cut at its commas."""
LEAD = 48
"""Characters of title and beginning that a window is read behind."""


@dataclass(frozen=True, slots=True)
class Window:
    """`article.text[start:end]`. `worth` is what chose it, `held` the share of the question's bigrams in it, `score`
    its passage's beside the best, `rank` its passage's place."""

    article: Article
    start: int
    end: int
    worth: float
    held: float
    score: float
    rank: int

    @property
    def text(self) -> str:
        return self.article.text[self.start:self.end]

    @property
    def lead(self) -> str:
        return lead(self.article, self.start)


def lead(article: Article, start: int) -> str:
    """What a window that begins at `start` is read behind, for it seldom says itself of whom and when it tells: the
    article's day, and as much of title and beginning as stands before the window."""
    day, title = chinese_date(article.date) if article.date else "", article.title or ""
    return " ".join(filter(None, (day, title, article.text[:max(0, min(start, LEAD - len(title)))].strip())))


def windows(terms: Terms, passages: Sequence[Passage]) -> list[Window]:
    """The WINDOWS windows of the best passages that are worth most, best first; none overlaps another."""
    best = max((passage.score for passage in passages), default=0.0) or 1.0
    found = [_weighed(terms, article, start, end, score / best, rank)
             for rank, (article, left, right, score) in enumerate(_with_the_rest(_stretches(passages[:PASSAGES])))
             for start, end in _cut(article.text, left, right)]
    return sorted(found, key=lambda window: -window.worth)[:WINDOWS]


def _stretches(passages: Sequence[Passage]) -> list[tuple[Article, int, int, float]]:
    """The passages as (article, start, end, score) with neighbours made one, in the order of the first."""
    found: list[tuple[Article, int, int, float]] = []
    for passage in passages:
        article, start, end = passage.article, passage.chunk.start, passage.chunk.end
        beside = next((i for i, one in enumerate(found)
                       if one[0].id == article.id and start <= one[2] + 2 and end >= one[1] - 2), None)
        if beside is None:
            found.append((article, start, end, passage.score))
        else:
            _, left, right, score = found[beside]
            found[beside] = (article, min(left, start), max(right, end), max(score, passage.score))
    return found


def _with_the_rest(stretches: list[tuple[Article, int, int, float]]) -> list[tuple[Article, int, int, float]]:
    """The stretches, and what of the best article lies between and around its own."""
    if not stretches:
        return []
    article, _, _, score = stretches[0]
    own = sorted((start, end) for other, start, end, _ in stretches if other.id == article.id)
    starts, ends = [0, *(end for _, end in own)], [*(start for start, _ in own), min(len(article.text), WHOLE)]
    return [*stretches, *((article, start, end, BESIDE * score) for start, end in zip(starts, ends)
                          if article.text[start:end].strip())]


def _cut(text: str, left: int, right: int) -> list[tuple[int, int]]:
    """The stretch in windows of about SIZE characters that begin and end with a sentence or a clause."""
    runs = [(max(start, left), min(end, right)) for start, end in pieces(text, LONGEST_SENTENCE)
            if start < right and end > left]
    cuts, begin = [], runs[0][0] if runs else left
    for start, end in runs:
        if end - begin > SIZE * 1.15 and start > begin:
            cuts.append((begin, start))
            begin = start
    return [*cuts, (begin, runs[-1][1])] if runs else []


def _weighed(terms: Terms, article: Article, start: int, end: int, score: float, rank: int) -> Window:
    text = folded(article.text)
    whole = terms.known_in(text)
    held = share(terms.bigrams, terms.known_in(text[start:end]))
    worth = (BIGRAMS * held + BIGRAMS_AROUND * share(terms.bigrams, terms.known_in(text[max(0, start - AROUND):end + AROUND]))
             + BIGRAMS_IN_ARTICLE * share(terms.bigrams, whole) + WORDS_IN_ARTICLE * share(terms.words, whole) + SCORE * score)
    return Window(article, start, end, worth, held, score, rank)


@lru_cache(maxsize=32)
def folded(text: str) -> str:
    """`fold`, once for all the windows of an article: it keeps every place."""
    return fold(text)
