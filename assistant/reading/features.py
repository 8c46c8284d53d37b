"""What speaks for a sentence as the answer to a question: one row of named numbers each.

Fractions of the question's weight (idf) are used throughout, so that ten articles and a hundred thousand
give rows of the same kind.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from assistant.reading.answer_spans import holds_speech, spans
from assistant.question.analysis import Question
from assistant.schema import Article, Passage
from assistant.language.named import named
from assistant.language.text import content, fold, pieces, sentences, words

Idf = Callable[[str], float]
"""How rare a word or bigram is, 0 (everywhere) to 1 (seen once)."""

PIECE_CHARACTERS = 50
"""Sentences longer than this are read in stretches of about as many characters: on natural_dev the answer
is then among 160 quoted characters for 62.5 % of the questions, with 80 for 60.6 %, with whole sentences for 58.8 %."""
SHORT = 32
"""Characters that a shorter stretch counts as: in the news fitted on short sentences seldom answer, in a paper of
short sentences they do. It costs nothing on natural_dev."""
NEAR = 0.35
"""Cosines from which two words count as alike: of 2,000 random pairs in the shipped table 99.9 % lie below 0.17."""
WORD_CHARACTERS = 8
WORDS_KEPT = 20_000
"""Forty megabytes of vectors; then they are forgotten."""
WHOLE = 3000
"""Characters of the best article that are read, whatever passages were found in it."""
Vectors = Callable[[Sequence[str]], np.ndarray]
"""Unit vectors (n, dimension) of words, in order."""
TYPED = ("number", "date", "person", "place", "organisation", "title")
KINDS = (*TYPED, "list", "yesno", "how", "why", "what")
_CAUSE = re.compile(r"因为|由于|因此|所以|为了|旨在|导致|致使|原因|为进一步|以便|从而|目的|得益于|为")
_MANNER = re.compile(r"通过|采取|利用|采用|依托|组织|开展|推行|建立|实行|联合|以.{1,12}方式|借助|先后|并")
_NEGATION = re.compile(r"不|没|未|无|非|禁|否")


@dataclass(frozen=True, eq=False)
class Sentence:
    """A sentence, or a stretch of a long one, of a passage's article.

    `before` and `after` are its neighbours in the article, `whole` the sentence that it is of.
    """

    article: Article
    start: int
    end: int
    place: int
    of: int
    passage_rank: int
    article_rank: int
    score: float
    before: str
    after: str
    whole: str

    @property
    def text(self) -> str:
        return self.article.text[self.start:self.end]

    @cached_property
    def folded(self) -> str:
        return _folded(self.article.text)[self.start:self.end]

    @cached_property
    def so_far(self) -> str:
        """The folded title, and the text up to the end of the sentence."""
        return fold(self.article.title or "") + _folded(self.article.text)[:self.end]


@lru_cache(maxsize=32)
def _folded(text: str) -> str:
    """`fold`, once for all the sentences of an article: it keeps every place."""
    return fold(text)


def candidates(passages: Sequence[Passage]) -> list[Sentence]:
    """Every sentence of the passages once, passage by passage, best first; then the rest of the best article.

    What words alone do not find often stands beside what they find: see WHOLE.
    """
    found: dict[tuple[str, int], Sentence] = {}
    borders: dict[str, list[tuple[int, int]]] = {}
    wholes: dict[str, list[tuple[int, int]]] = {}
    ranks: dict[str, int] = {}
    best = max((passage.score for passage in passages), default=0.0) or 1.0
    whole_article = [replace(best, chunk=replace(best.chunk, start=0, end=WHOLE), score=0.0) for best in passages[:1]]
    for rank, passage in enumerate([*passages, *whole_article]):
        article = passage.article
        spans_ = borders.setdefault(article.id, pieces(article.text, PIECE_CHARACTERS))
        whole = wholes.setdefault(article.id, sentences(article.text))
        article_rank = ranks.setdefault(article.id, len(ranks))
        for place, (start, end) in enumerate(spans_):
            if start < passage.chunk.end and end > passage.chunk.start and (article.id, start) not in found:
                before = article.text[slice(*spans_[place - 1])] if place else ""
                after = article.text[slice(*spans_[place + 1])] if place + 1 < len(spans_) else ""
                inside = next(span for span in whole if span[0] <= start < span[1])
                found[article.id, start] = Sentence(article, start, end, place, len(spans_), rank, article_rank,
                                                    passage.score / best, before, after, article.text[slice(*inside)])
    return list(found.values())


class RememberedWords:
    """Vectors that keep those of words: the same few thousand words make up most news."""

    def __init__(self, encode: Vectors) -> None:
        self._encode = encode
        self._kept: dict[str, np.ndarray] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of the texts, in order; only those of new words and of sentences are computed."""
        if not texts or max(map(len, texts)) > WORD_CHARACTERS:
            return self._encode(texts)
        kept = self._kept
        if new := [word for word in dict.fromkeys(texts) if word not in kept]:
            kept = {**(kept if len(kept) < WORDS_KEPT else {}), **dict(zip(new, self._encode(new)))}
            if missing := [word for word in texts if word not in kept]:
                kept |= zip(missing, self._encode(missing))
            self._kept = kept  # one assignment: other threads see the old words or the new
        return np.array([kept[word] for word in texts])


class Weighed:
    """A question's words and bigrams with their weights, made once a question."""

    def __init__(self, question: Question, idf: Idf, vectors: Vectors) -> None:
        self.question, self.vectors = question, vectors
        self.named = named(question.search)
        self._cuts: dict[str, list[str]] = {}
        self.content = content(question.search)
        self.words = {word: idf(word) for word in words(self.content) if len(word) > 1 or word.isdigit()}
        runs = re.findall(r"\w+", self.content)
        self.bigrams = {run[i:i + 2]: idf(run[i:i + 2]) for run in runs for i in range(len(run) - 1)}
        self.characters = {c for run in runs for c in run}
        self.squeezed = "".join(runs)
        self.word_vectors = vectors(list(self.words))
        self.word_weights = np.array(list(self.words.values()), dtype=np.float32)

    def known_words(self, texts: Sequence[str]) -> np.ndarray:
        """How near the nearest word of each text comes to each word of the question: cosines (texts, words), 0 to 1."""
        found = [self._cut(text) for text in texts]
        every = {word: i for i, word in enumerate(dict.fromkeys(word for row in found for word in row))}
        nearness = np.zeros((len(texts), len(self.words)), dtype=np.float32)
        if every and self.words:
            cosines = np.clip(self.vectors(list(every)) @ self.word_vectors.T, 0, 1)
            for i, row in enumerate(found):
                if row:
                    nearness[i] = cosines[[every[word] for word in row]].max(axis=0)
        return nearness

    def _cut(self, text: str) -> list[str]:
        """The words of a text that carry meaning; of its lines one by one, each cut once a question."""
        found: list[str] = []
        for line in text.split("\n"):
            if line not in self._cuts:
                self._cuts[line] = [word for word in words(line) if len(word) > 1 or word.isdigit()]
            found += self._cuts[line]
        return found

    def soft_share(self, nearness: np.ndarray) -> np.ndarray:
        """The weighted mean (texts,) of `known_words`, cosines below NEAR counted as nothing."""
        total = float(self.word_weights.sum()) or 1.0
        return np.where(nearness < NEAR, 0, nearness) @ self.word_weights / total

    def share_named(self, folded: str) -> float:
        """The share of what the question names that stands in the text; 0 when it names nothing."""
        return sum(thing.stands_in(folded) for thing in self.named) / max(1, len(self.named))

    def share_of_words(self, folded: str) -> float:
        return _share(self.words, folded)

    def share_of_bigrams(self, folded: str) -> float:
        return _share(self.bigrams, folded)

    def share_of_characters(self, folded: str) -> float:
        return sum(c in folded for c in self.characters) / max(1, len(self.characters))


def _share(weights: dict[str, float], folded: str) -> float:
    total = sum(weights.values())
    return sum(weight for part, weight in weights.items() if part in folded) / total if total else 0.0


def longest_common_run(a: str, b: str) -> int:
    """The length of the longest string that stands in both."""
    best = 0
    for i in range(len(a)):
        while i + best < len(a) and a[i:i + best + 1] in b:
            best += 1
    return best


NAMES: tuple[str, ...] = (
    "words", "bigrams", "characters", "words_around", "bigrams_around", "bigrams_before", "bigrams_after",
    "bigrams_in_article", "words_in_article", "bigrams_in_title", "bigrams_so_far", "score", "passage_rank", "article_rank",
    "longest_run", "rarest_word", "words_matched", "typed", "type_held", "type_lacking", "type_count", "measure_held",
    "noun_follows", "nearness", "span_near_words", "length", "place", "first", "last", "new_words", "cause", "manner",
    "speech", "negation_differs", "quoted_name", "digits", "list_marks", "asks_list", "asks_how", "asks_why", "asks_yesno",
    "asks_number", "asks_date", "asks_person", "asks_place", "asks_title", "asks_what", "question_length", "named_held",
    "named_around", "bigrams_in_sentence", "words_in_sentence", "soft_words", "soft_words_around", "soft_words_in_sentence",
    "sentence_similarity",
)
"""The columns of `features`, in order."""


def features(question: Weighed, rows: Sequence[Sentence]) -> np.ndarray:
    """A float32 array (sentences, len(NAMES))."""
    article_text = {row.article.id: f"{fold(row.article.title or '')}\n{_folded(row.article.text)}" for row in rows}
    shares = {key: (question.share_of_bigrams(text), question.share_of_words(text)) for key, text in article_text.items()}
    titles = {row.article.id: question.share_of_bigrams(fold(row.article.title or "")) for row in rows}
    soft = (question.soft_share(question.known_words(texts)) for texts in (
        [row.text for row in rows], [f"{row.before}\n{row.text}\n{row.after}" for row in rows], [row.whole for row in rows]))
    similar = question.vectors([row.folded for row in rows]) @ question.vectors([question.content])[0]
    table = np.array([_row(question, row, *shares[row.article.id], titles[row.article.id]) for row in rows], dtype=np.float32)
    return np.column_stack([table.reshape(len(rows), len(NAMES) - 4), *soft, similar]).astype(np.float32)


def asked_spans(question: Question, text: str) -> list[tuple[int, int]]:
    """The spans of the kind asked for that the question itself does not already name."""
    asked = fold(question.search)
    return [(a, b) for a, b in spans(text, question.wants, question.measure) if fold(text[a:b]) not in asked]


def _row(weighed: Weighed, row: Sentence, article_bigrams: float, article_words: float, title: float) -> list[float]:
    question, text, folded = weighed.question, row.text, row.folded
    before, after = fold(row.before), fold(row.after)
    around = f"{before}\n{folded}\n{after}"
    matched = [word for word in weighed.words if word in folded]
    typed = question.wants in TYPED
    held = asked_spans(question, text) if typed else []
    near, noun = _nearness(weighed, folded, held)
    values = [
        weighed.share_of_words(folded), weighed.share_of_bigrams(folded), weighed.share_of_characters(folded),
        weighed.share_of_words(around), weighed.share_of_bigrams(around), weighed.share_of_bigrams(before),
        weighed.share_of_bigrams(after), article_bigrams, article_words, title, weighed.share_of_bigrams(row.so_far), row.score,
        1 / (1 + row.passage_rank), 1 / (1 + row.article_rank),
        longest_common_run(weighed.squeezed, folded) / max(1, len(weighed.squeezed)),
        max((weighed.words[word] for word in matched), default=0.0), len(matched) / max(1, len(weighed.words)),
        typed, bool(held), typed and not held, min(len(held), 4), bool(held and question.measure), noun, near,
        near * bool(held), math.log(1 + max(len(text), SHORT)), row.place / row.of, row.place == 0, row.place == row.of - 1,
        1 - sum(c in weighed.characters for c in folded) / max(1, len(folded)),
        bool(_CAUSE.search(folded)), len(_MANNER.findall(folded)), holds_speech(text),
        bool(_NEGATION.search(weighed.content)) != bool(_NEGATION.search(folded)), bool(re.search(r"《|“", text)),
        len(re.findall(r"\d+", folded)), text.count("、"),
    ]
    asks = [question.wants == kind for kind in ("list", "how", "why", "yesno", "number", "date", "person", "place",
                                                "title", "what")]
    whole = fold(row.whole)
    context = [weighed.share_named(folded), weighed.share_named(around), weighed.share_of_bigrams(whole),
               weighed.share_of_words(whole)]
    return [float(value) for value in (*values, *asks, math.log(1 + len(weighed.squeezed)), *context)]


def _nearness(weighed: Weighed, folded: str, held: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """How near the nearest asked span lies to the question's bigrams (0-1), and the share of them within 12 characters."""
    if not held:
        return 0.0, 0.0
    places = [at for bigram in weighed.bigrams for at in _all_places(folded, bigram)]
    if not places:
        return 0.0, 0.0
    distance = min(min(abs(at - end), abs(start - at)) for start, end in held for at in places)
    share = max(_share(weighed.bigrams, folded[max(0, start - 12):end + 12]) for start, end in held)
    return math.exp(-distance / 10), share


def _all_places(text: str, part: str) -> list[int]:
    places, at = [], text.find(part)
    while at >= 0:
        places.append(at)
        at = text.find(part, at + 1)
    return places
