"""How well the right article and the answer are found: one table, beside what one would otherwise assemble.

    python benchmarks/retrieval.py [--sets natural_dev cmrc+50k] [--limit 200] [--index NEWS_INDEX] [--no-peers]

Every row searches the same chunks with the same embedding, CANDIDATES of them deep:

- words: BM25 alone; vectors: the embedding alone; fused: the two, weighed; as shipped: `HybridRetriever.passages`,
  which is the fused ranking after the second look;
- the peers of peers.py, whose indexes are made once in the cache folder.

- hit@k, MRR@10: over the answerable questions with a known article, an article at the place of its best chunk;
  one that prints the same text (assistant.corpus.reprints) counts as it, in every row;
- answer in the top k: the gold strings stand in the best k chunks, blanks and character forms aside;
- against the shipped: the row's hit@1 less that of the last row of ours, question by question. Where no article is
  known (CRUD), of the answer in the top 1.

Intervals are 95 % bootstrap intervals over the questions. natural_train was used to fit the weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from peers import INSTALL, PEERS, Peer, Ranker
from question_sets import (
    DISTRACTORS,
    QuestionSet,
    archives_of,
    arguments_of,
    crud,
    natural,
    paragraphs,
    printed,
    renamed,
    report,
    share,
    told,
)

from assistant.corpus.reprints import is_reprint
from assistant.evaluation import metrics
from assistant.evaluation.questions import GoldQuestion
from assistant.language.text import fold, squeeze
from assistant.retrieval import CANDIDATES, HybridRetriever
from assistant.schema import Article

SETS: dict[str, Callable[[Path], QuestionSet]] = {
    "natural_report": lambda _: report("natural_report"), "plain_report": lambda _: report("plain_report"),
    "natural_dev": lambda data: natural("natural_dev", data),
    "natural_train": lambda data: natural("natural_train", data),
    "cmrc+50k": lambda data: paragraphs("cmrc", data, DISTRACTORS),
    "drcd+50k": lambda data: paragraphs("drcd", data, DISTRACTORS),
    "crud": crud,
}
DEPTHS = (1, 5, 10)
COLUMNS = ("set", "n", "found by", *(f"hit@{k} %" for k in DEPTHS), "MRR@10 %",
           *(f"answer in top {k} %" for k in DEPTHS), "against the shipped")


def words(retriever: HybridRetriever) -> Ranker:
    """BM25 alone."""
    index = retriever.index.current().words
    return lambda question, k: [name for name, _ in index.search(question, k)]


def vectors(retriever: HybridRetriever) -> Ranker:
    """The embedding alone."""
    index = retriever.index.current().vectors

    def ranked(question: str, k: int) -> list[str]:
        vector = np.array(retriever.embedding.embed_query(question), np.float32)
        return [name for name, _ in index.search(vector, k)]

    return ranked


def fused(retriever: HybridRetriever) -> Ranker:
    """Words and vectors, weighed, without the second look."""
    return shipped(retriever.model_copy(update={"second_look": False}))


def shipped(retriever: HybridRetriever) -> Ranker:
    """What the assistant reads; as many chunks as it takes for ten articles."""
    return lambda question, k: [passage.chunk.id for passage in retriever.passages(question)]


VARIANTS: dict[str, Callable[[HybridRetriever], Ranker]] = {
    "words": words, "vectors": vectors, "fused": fused, "as shipped": shipped}


@dataclass(frozen=True)
class Scores:
    """What a ranking is worth, question by question: measures by name, over the questions that have them."""

    hits: Mapping[int, list[float]]
    ranks: list[float]
    answers: Mapping[int, list[float]]

    @property
    def first(self) -> list[float]:
        """hit@1, or where no article is known the answer in the top 1."""
        return self.hits[1] or self.answers[1]


def score(asked: Sequence[GoldQuestion], rankings: Sequence[Sequence[tuple[str, str]]]) -> Scores:
    """The scores of rankings, one of (article id, text of a chunk) for each question, best first."""
    placed = [(metrics.grouped(article for article, _ in ranking), gold.articles)
              for gold, ranking in zip(asked, rankings, strict=True) if gold.articles]
    wanted = [(ranking, gold) for gold, ranking in zip(asked, rankings, strict=True) if gold.answers]
    return Scores(
        hits={k: [metrics.hit(found, articles, k) for found, articles in placed] for k in DEPTHS},
        ranks=[metrics.reciprocal_rank(found, articles, 10) for found, articles in placed],
        answers={k: [float(stands(gold, (text for _, text in ranking[:k]))) for ranking, gold in wanted]
                 for k in DEPTHS})


def same(found: Article, wanted: Sequence[Article]) -> str:
    """The id of the wanted article that the found one is or reprints, else its own."""
    return next((one.id for one in wanted if one.id == found.id or is_reprint(one, found)), found.id)


def stands(gold: GoldQuestion, texts: Iterable[str]) -> bool:
    """Whether the gold strings, one or each as needed, stand in the texts."""
    text = squeeze(fold("\n".join(texts)))
    held = [squeeze(fold(answer)) in text for answer in gold.answers]
    return all(held) if gold.need == "all" else any(held)


def row_of(asked: QuestionSet, name: str, scores: Scores, ours: Scores) -> list[str]:
    """One row of the table, along COLUMNS."""
    behind = [mine - best for mine, best in zip(scores.first, ours.first, strict=True)]
    return [asked.name, str(len(scores.first)), name, *(share(scores.hits[k], interval=True) for k in DEPTHS),
            share(scores.ranks, interval=True), *(share(scores.answers[k], interval=True) for k in DEPTHS),
            "–" if scores is ours else share(behind, interval=True, sign="+")]


def rows(asked: QuestionSet, retriever: HybridRetriever, opened: Callable[[Peer], Ranker],
         peers: Sequence[Peer]) -> Iterable[list[str]]:
    """The rows of one question set: VARIANTS, then the peers, which `opened` gives."""
    snapshot = retriever.index.current()
    questions = [gold for gold in asked.questions if not gold.unanswerable]

    def scores(name: str, ranker: Ranker) -> Scores:
        told(f"{asked.name}: {name}")
        rankings = []
        for gold in questions:
            found = snapshot.articles.chunks(ranker(gold.question, CANDIDATES)[:CANDIDATES])
            wanted = [snapshot.articles.article(name) for name in gold.articles]
            rankings.append([(same(snapshot.articles.article(chunk.article_id), wanted), chunk.text)
                             for chunk in found.values()])
        return score(questions, rankings)

    ours = {name: scores(name, make(retriever)) for name, make in VARIANTS.items()}
    best = list(ours.values())[-1]
    yield from (row_of(asked, name, each, best) for name, each in ours.items())
    for peer in peers:
        if peer.installed:
            yield row_of(asked, peer.name, scores(peer.name, opened(peer)), best)
        else:
            yield [asked.name, "0", f"{peer.name}: not installed, {INSTALL}", *["–"] * (len(COLUMNS) - 3)]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--limit", type=int, help="so many questions of each set")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args(arguments)
    archives = archives_of(given)
    table: list[list[str]] = []
    for name in given.sets:
        asked = SETS[name](given.data)
        retriever = archives.retriever(asked.archive)
        asked = renamed(asked, retriever.index.current().articles).some(given.limit)

        def opened(peer: Peer, asked: QuestionSet = asked, retriever: HybridRetriever = retriever) -> Ranker:
            told(f"{asked.name}: indexing for {peer.name}")
            folder = peer.made(archives.cache / "peers", retriever.index.path, given.embedding)
            return peer.open(folder, retriever.embedding)

        table += rows(asked, retriever, opened, PEERS if given.peers else ())
    print(printed(COLUMNS, table))


if __name__ == "__main__":
    main()
