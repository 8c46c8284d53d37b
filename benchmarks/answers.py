"""How good the answers are without a language model: one table, beside two plain ways to answer.

    python benchmarks/answers.py [--sets natural_dev sample] [--limit 200] [--index NEWS_INDEX] [--ablate]

What answers: the chain that ships; the best chunk of the shipped retrieval; the sentence of its best chunks
with the most idf of the question's tokens. The latter two never refuse by themselves.

- right: the answer holds the gold strings, over answerable questions; a refusal holds none. Of a question about
  the archive without strings: the articles cited are all those wanted and no other. 95 % bootstrap interval.
- characters: quoted, the mean over the answers given.
- top 1 / 3: the gold strings stand in the best sentence (or stretch of a long one), in the best three together.
- EM / F1: the short answer, or where there is none the whole answer, as CMRC 2018 scores it, over all answerable.
- false refusals / refused / premises refused: of answerable, unanswerable, and those that presume something false.
- refused at 2 / 5 / 10 / 20 %: of the unanswerable, when a threshold on the confidence alone refuses so many of the
  answerable; AUROC of that confidence. The reader's probability; the chunk's BM25; the sentence's share of idf.
- verbatim: quotes that equal the article's text character by character.
- ms: from question to answer, median and 95th percentile; CPU ms: the processor's, steady on a busy machine.

natural_train is what the reader was fitted on: its row says how well the weights fit, not how well they answer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.evaluation import metrics

from assistant.reading import features as reader_features
from assistant.chain import AnswerChain
from assistant.evaluation.questions import GoldQuestion
from assistant.index.words import LexicalIndex
from assistant.reading.reader import PASSAGES, Reader, Reading
from assistant.reading.features import Idf, candidates
from assistant.schema import Ask, Passage, Turn
from assistant.language.text import query_tokens, search_tokens, sentences
from question_sets import (QuestionSet, about_the_archive, archives_of, arguments_of, crud, follow_ups, natural,
                           paragraphs, printed, renamed, sample, share, told)

SETS: dict[str, Callable[[Path], QuestionSet] | None] = {
    "natural_dev": lambda data: natural("natural_dev", data),
    "natural_train": lambda data: natural("natural_train", data),
    "cmrc": lambda data: paragraphs("cmrc", data), "crud": crud, "sample": sample, "follow-ups": follow_ups,
    "archive": None,
}
"""archive: made from the sample newspaper itself."""
FALSE_REFUSALS = (0.02, 0.05, 0.10, 0.20)
COLUMNS = ("set", "n", "answers by", "right %", "characters", "top 1 / 3 %", "EM / F1 %", "false refusals %",
           "refused %", "premises refused %", "refused at 2 / 5 / 10 / 20 %", "AUROC", "verbatim %", "ms p50 / p95",
           "CPU ms p50 / p95")
GROUPS: dict[str, tuple[str, ...]] = {
    "overlap in the stretch": ("words", "bigrams", "characters", "longest_run", "rarest_word", "words_matched",
                               "new_words", "named_held"),
    "overlap around it": ("words_around", "bigrams_around", "bigrams_before", "bigrams_after", "named_around",
                          "bigrams_in_sentence", "words_in_sentence"),
    "overlap in the article": ("bigrams_in_article", "words_in_article", "bigrams_in_title", "bigrams_so_far"),
    "retrieval": ("score", "passage_rank", "article_rank"),
    "soft words": ("soft_words", "soft_words_around", "soft_words_in_sentence", "sentence_similarity"),
    "the kind asked for": ("typed", "type_held", "type_lacking", "type_count", "measure_held", "noun_follows",
                           "nearness", "span_near_words"),
    "the kind of question": ("question_length", *(name for name in reader_features.NAMES if name.startswith("asks_"))),
}
"""Columns of the reader's features that belong together; whatever stands in none is "all the rest"."""


@dataclass(frozen=True)
class Said:
    """One answer to one question; `cited` are ids of articles, `seconds` wall and processor seconds.

    `ranked` are the sentences (or chunks), best first; None where none were read.
    """

    text: str
    characters: int
    seconds: tuple[float, float]
    ranked: Sequence[str] | None = None
    short: str = ""
    refused: bool = False
    confidence: float | None = None
    cited: frozenset[str] = frozenset()
    verbatim: tuple[bool, ...] = ()


Answerer = Callable[[Ask], Said]


class Clock:
    """Wall and processor time since it was made."""

    def __init__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def seconds(self) -> tuple[float, float]:
        return time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]


class Listener:
    """Stands in for a reader and its ranker, and keeps what they last made of a question.

    `kept` are all tables of features that were ranked; columns in `neutral` are set to these values first.
    """

    def __init__(self, reader: Reader, neutral: dict[int, float] | None = None) -> None:
        self._reader, self._ranker, self._neutral = reader, reader.ranker, neutral or {}
        self.kept: list[np.ndarray] = []
        self.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def clear(self) -> None:
        """Forgets the last question."""
        self.reading: Reading | None = None
        self.ranked: list[str] | None = None
        self._probabilities = np.zeros(0)

    def read(self, question: Any, passages: Sequence[Passage], idf: Idf) -> Reading:
        """What the reader reads."""
        self._reader.ranker = self
        try:
            self.reading = self._reader.read(question, passages, idf)
        finally:
            self._reader.ranker = self._ranker
        order = np.argsort(-self._probabilities, kind="stable")
        rows = candidates(passages[:PASSAGES])
        self.ranked = [rows[i].text for i in order]  # none where the reader saw nothing worth ranking
        return self.reading

    def probability(self, table: np.ndarray) -> np.ndarray:
        """What the ranker says of the table."""
        self.kept.append(table)
        table = table.copy()
        for column, value in self._neutral.items():
            table[:, column] = value
        self._probabilities = self._ranker.probability(table)
        return self._probabilities


def by_chain(chain: AnswerChain) -> Answerer:
    """The chain as it ships; its reader must be a Listener."""
    articles, listener = chain.index.current().articles, chain.reader

    def answer(ask: Ask) -> Said:
        listener.clear()
        clock = Clock()
        given = chain.invoke(ask)
        seconds = clock.seconds()
        verbatim = tuple(articles.article(one.article_id).text[one.start:one.end] == one.quote
                         for one in given.citations)
        return Said(given.text, sum(len(one.quote) for one in given.citations), seconds, listener.ranked,
                    "、".join(dict.fromkeys(given.text[start:end] for start, end in given.emphasis)), given.refused,
                    listener.reading.probability if listener.reading else None,
                    frozenset(one.article_id for one in given.citations), verbatim)

    return answer


def by_best_chunk(chain: AnswerChain) -> Answerer:
    """The best passage as a whole."""
    words = chain.index.current().words

    def answer(ask: Ask) -> Said:
        clock = Clock()
        passages = chain.retriever.passages(ask.question)
        seconds = clock.seconds()
        texts = [passage.chunk.text for passage in passages]
        score = next((score for _, score in words.search(ask.question, 1)), 0.0)
        cited = frozenset(passage.article.id for passage in passages[:1])
        return Said("".join(texts[:1]), len("".join(texts[:1])), seconds, texts, confidence=score, cited=cited)

    return answer


def by_best_sentence(chain: AnswerChain) -> Answerer:
    """The sentence of the best passages with the largest share of the idf of the question's tokens."""
    words = chain.index.current().words

    def answer(ask: Ask) -> Said:
        clock = Clock()
        passages = chain.retriever.passages(ask.question)[:PASSAGES]
        found = [(passage.article.id, passage.chunk.text[start:end])
                 for passage in passages for start, end in sentences(passage.chunk.text)]
        idf = {token: idf_of(token, words) for token in query_tokens(ask.question)}
        scores = [sum(idf[token] for token in idf.keys() & set(search_tokens(text))) for _, text in found]
        order = sorted(range(len(found)), key=lambda i: -scores[i])
        seconds = clock.seconds()
        ranked = [found[i][1] for i in order]
        return Said("".join(ranked[:1]), len("".join(ranked[:1])), seconds, ranked,
                    confidence=max(scores, default=0.0) / (sum(idf.values()) or 1.0),
                    cited=frozenset(found[i][0] for i in order[:1]))

    return answer


def idf_of(token: str, words: LexicalIndex) -> float:
    """BM25's idf (Robertson and Zaragoza 2009)."""
    held, chunks = words.document_frequency(token), words.count()
    return math.log(1 + (chunks - held + 0.5) / (held + 0.5))


ANSWERERS: dict[str, Callable[[AnswerChain], Answerer]] = {
    "the default": by_chain, "best chunk": by_best_chunk, "best sentence by overlap": by_best_sentence}


def right(gold: GoldQuestion, said: Said) -> bool:
    """Whether the answer holds the gold strings, or where there are none cites just the gold articles."""
    if gold.answers:
        return metrics.accurate(said.text, gold.answers, gold.need, said.refused)
    return not said.refused and said.cited == set(gold.articles)


def refusal_curve(answerable: Sequence[float], unanswerable: Sequence[float]) -> list[float]:
    """The share of the unanswerable below the thresholds under which FALSE_REFUSALS of the answerable lie."""
    return [float(np.mean(np.array(unanswerable) < np.quantile(answerable, allowed))) for allowed in FALSE_REFUSALS]


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """How often an answerable question has the higher confidence, ties as a half (Hanley and McNeil 1982)."""
    lower = np.array(answerable)[:, None] - np.array(unanswerable)
    return float(np.mean(lower > 0) + np.mean(lower == 0) / 2)


def row_of(asked: QuestionSet, name: str, answers: Sequence[tuple[GoldQuestion, Said]]) -> list[str]:
    """One row of the table, along COLUMNS."""
    answerable = [(gold, said) for gold, said in answers if not gold.unanswerable]
    with_strings = [(gold, said) for gold, said in answerable if gold.answers]
    unanswerable = [(gold, said) for gold, said in answers if gold.unanswerable]
    sure, unsure = ([said.confidence for _, said in group if said.confidence is not None]
                    for group in (answerable, unanswerable))
    top = [[float(metrics.accurate("\n".join(said.ranked[:k]), gold.answers, gold.need))
            for gold, said in with_strings if said.ranked is not None] for k in (1, 3)]
    short = [[0.0 if said.refused else score(said.short or said.text, gold.answers) for gold, said in with_strings]
             for score in (metrics.exact_match, metrics.f1)]
    lengths = [said.characters for _, said in answerable if not said.refused]
    wall, cpu = ([1000 * said.seconds[which] for _, said in answers] for which in (0, 1))
    return [
        asked.name, str(len(answers)), name,
        share([float(right(gold, said)) for gold, said in answerable], interval=True),
        f"{np.mean(lengths):.0f}" if lengths else "–", " / ".join(map(share, top)), " / ".join(map(share, short)),
        share([float(said.refused) for _, said in answerable]),
        share([float(said.refused) for _, said in unanswerable]),
        share([float(said.refused) for gold, said in unanswerable if gold.id in asked.premises]),
        " / ".join(f"{100 * one:.0f}" for one in refusal_curve(sure, unsure)) if sure and unsure else "–",
        f"{auroc(sure, unsure):.2f}" if sure and unsure else "–",
        share([float(whole) for _, said in answers for whole in said.verbatim]),
        *(" / ".join(f"{metrics.percentile(taken, part):.0f}" for part in (0.5, 0.95)) for taken in (wall, cpu)),
    ]


def rows(asked: QuestionSet, chain: AnswerChain) -> Iterable[list[str]]:
    """The rows of one question set, one for each of ANSWERERS."""
    default = by_chain(chain)
    before = {name: (Turn(question, default(Ask(question)).text),) for name, question in asked.before.items()}
    asks = [Ask(gold.question, before.get(gold.id, ())) for gold in asked.questions]
    for name, make in ANSWERERS.items():
        told(f"{asked.name}: {name}")
        answerer = make(chain)
        answerer(asks[0])  # the first question of all loads dictionaries
        yield row_of(asked, name, [(gold, answerer(ask)) for gold, ask in zip(asked.questions, asks)])


def ablation(asked: QuestionSet, chain: AnswerChain) -> Iterable[list[str]]:
    """How the sentences are ranked when a group of features says the same of all of them: its mean over the set."""
    reader = chain.reader
    named = {name for names in GROUPS.values() for name in names}
    rest = tuple(name for name in reader_features.NAMES if name not in named)
    groups = {"nothing": (), **GROUPS, "all the rest": rest}
    means = np.zeros(len(reader_features.NAMES))
    for group, names in groups.items():
        told(f"{asked.name} without {group}")
        neutral = {i: means[i] for i, name in enumerate(reader_features.NAMES) if name in names}
        chain.reader = Listener(reader, neutral)
        answerer = by_chain(chain)
        answers = [(gold, answerer(Ask(gold.question))) for gold in asked.questions if gold.answers]
        if group == "nothing":
            means = np.vstack(chain.reader.kept).mean(axis=0)
        row = row_of(asked, group, answers)
        yield [asked.name, group, str(len(neutral)), row[3], row[5]]
    chain.reader = reader


def main(arguments: Sequence[str] | None = None) -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[name for name in SETS if name != "natural_train"])
    parser.add_argument("--limit", type=int, help="so many questions of each set")
    parser.add_argument("--ablate", action="store_true", help="instead: the reader's features, group by group")
    given = parser.parse_args(arguments)
    archives = archives_of(given)
    reader = Reader.from_folder()
    table: list[list[str]] = []
    for name in given.sets:
        make = SETS[name]
        asked = make(given.data) if make else None
        chain = AnswerChain(archives.retriever(asked.archive if asked else "sample"), reader, suggest=False)
        store = chain.index.current().articles
        asked = about_the_archive(store) if asked is None else renamed(asked, store)
        asked = asked.some(given.limit)
        if not given.ablate:
            chain.reader = Listener(reader)
        table += ablation(asked, chain) if given.ablate else rows(asked, chain)
    print(printed(("set", "without", "columns", "right %", "top 1 / 3 %") if given.ablate else COLUMNS, table))


if __name__ == "__main__":
    main()
