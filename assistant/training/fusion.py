"""How much the vectors should weigh beside the words: measured on questions whose articles are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.errors import QuestionsError
from assistant.evaluation.metrics import grouped, hit, mean, reciprocal_rank
from assistant.evaluation.questions import GoldQuestion
from assistant.index.snapshot import check_model
from assistant.question.terms import Terms
from assistant.retrieval import HybridRetriever, weighed

WEIGHTS = tuple(step / 20 for step in range(21))
"""0 to 1: on 1,600 questions a change of 0.05 moves hit@1 by less than their sampling error of one point."""


@dataclass(frozen=True, slots=True)
class Point:
    """How well a weight does: means over the questions, each from 0 to 1, of articles ranked by their best chunk."""

    weight: float
    hit_at_1: float
    hit_at_5: float
    mrr_at_10: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The `curve` in the order of its weights, over so many `questions`."""

    curve: tuple[Point, ...]
    questions: int

    @property
    def chosen(self) -> Point:
        """The point of the best MRR@10; of equal ones that of the smallest weight."""
        return max(self.curve, key=lambda point: (round(point.mrr_at_10, 9), -point.weight))


def calibrate(retriever: HybridRetriever, questions: Sequence[GoldQuestion],
              progress: Callable[[str, int, int], None] = lambda *_: None) -> Calibration:
    """The quality of each weight on the answerable questions that name an article of the index. Nothing is stored.

    Both ways of searching run once a question; only their weighing differs. Raises IndexMismatch when the
    index was made with another embedding, QuestionsError when no question names an article of the index.
    """
    snapshot = retriever.index.current()
    check_model(snapshot, retriever.embedding)
    known = snapshot.articles.ids()
    asked = [question for question in questions
             if not question.error and not question.unanswerable and known & set(question.articles)]
    if not asked:
        raise QuestionsError(
            "没有一个问题写明了索引里的文章。请在每行的 articles 里写文章编号（assistant search 会列出），并用 --index 指明索引。",
            "No question names an article of the index. Give the articles' ids in the field \"articles\" of each line "
            "(assistant search lists them), and the index with --index.")
    scores: dict[float, list[tuple[float, float, float]]] = {weight: [] for weight in WEIGHTS}
    for done, question in enumerate(asked, 1):
        words, vectors = retriever.legs(snapshot, Terms.of(question.question, snapshot.words.rareness))
        for weight, of_weight in scores.items():
            ranked = grouped(chunk_id.rpartition("@")[0] for chunk_id, _ in weighed(words, vectors, weight))
            of_weight.append((hit(ranked, question.articles, 1), hit(ranked, question.articles, 5),
                              reciprocal_rank(ranked, question.articles)))
        progress("questions", done, len(asked))
    curve = tuple(Point(weight, *(mean(column) or 0.0 for column in zip(*rows))) for weight, rows in scores.items())
    return Calibration(curve, len(asked))
