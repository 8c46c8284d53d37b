"""`assistant fit-reader`: fits what orders the reader's stretches and what tells an answer from none, on questions over an
index. The questions must not be those that the encoder was trained on: it is surer of these than of any others.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import QuestionsError
from assistant.evaluation import metrics
from assistant.evaluation.questions import GoldQuestion
from assistant.index.snapshot import Snapshot
from assistant.language.text import search_tokens
from assistant.question.terms import Terms
from assistant.reading.reader import JUDGE_FEATURES, STRETCH_FEATURES, Linear, Reader, Stretch, judge_row
from assistant.retrieval import HybridRetriever
from assistant.schema import Passage

FOLDS = 5
FALSE_REFUSALS = 0.05
"""Share of the answerable questions below the threshold."""
EVERY_ABSENT = 4
"""Of every so many questions one is also read with its article away, where nothing answers it."""
FEWEST = 20
COMMON = 100
"""Words in fewer chunks than this are left out of the background table."""


@dataclass(frozen=True, eq=False)
class Example:
    """A question's stretches, and for each whether it holds the gold strings (a share, where all are needed)."""

    terms: Terms
    stretches: Sequence[Stretch]
    right: np.ndarray
    answerable: bool
    group: int


def fit(retriever: HybridRetriever, reader: Reader, questions: Sequence[GoldQuestion], out: Path,
        progress: Callable[[str, int, int | None], None] = lambda *_: None) -> dict[str, float]:
    """Writes judge.json into `out` and returns cross-validated scores: AUROC, and the share refused at the threshold.

    Raises QuestionsError where fewer than FEWEST questions can be answered, or cannot, from the index.
    """
    snapshot = retriever.index.current()
    examples: list[Example] = []
    for done, question in enumerate(questions):
        progress("questions", done, len(questions))
        examples += _examples(retriever, reader, snapshot, question, done)
    answerable = sum(example.answerable for example in examples)
    if min(answerable, len(examples) - answerable) < FEWEST:
        raise QuestionsError(
            f"能用来拟合的问题太少（可答 {answerable} 题，不可答 {len(examples) - answerable} 题，各要 {FEWEST} 题）。"
            "请在问题文件里写上 articles、answers 和 unanswerable，并用 --index 指明它们的索引。",
            f"Too few questions to fit on ({answerable} answerable, {len(examples) - answerable} not; {FEWEST} of each are "
            "needed). Give articles, answers and unanswerable in the question file, and their index with --index.")
    order = fit_order(examples)
    judge, scores = _fit_judge(examples, Linear.from_json(order, STRETCH_FEATURES))
    out.mkdir(parents=True, exist_ok=True)
    (out / "judge.json").write_text(json.dumps({"order": order, "judge": judge}, indent=1), encoding="utf-8")
    return scores


def _examples(retriever: HybridRetriever, reader: Reader, snapshot: Snapshot, question: GoldQuestion,
              number: int) -> list[Example]:
    terms = Terms.of(question.question, reader.rareness(snapshot.words), snapshot.aliases, snapshot.holds)
    passages = retriever.passages(terms, snapshot=snapshot)
    found = [example_of(reader, terms, passages, question, not question.unanswerable, number)]
    if not question.unanswerable and number % EVERY_ABSENT == 0:
        away = [passage for passage in passages if passage.article.id not in question.articles
                and not metrics.accurate(passage.article.text, question.answers, question.need)]
        found.append(example_of(reader, terms, away, question, False, number))
    return [example for example in found if example.stretches]


def example_of(reader: Reader, terms: Terms, passages: Sequence[Passage], question: GoldQuestion, answerable: bool,
               group: int) -> Example:
    """The stretches that the reader finds in the passages, and which hold the gold strings."""
    stretches = reader.stretches(terms, passages)
    right = [np.mean([metrics.holds(one.article.text[one.start:one.end], gold) for gold in question.answers])
             if question.need == "all" else
             float(metrics.accurate(one.article.text[one.start:one.end], question.answers)) for one in stretches]
    return Example(terms, stretches, np.array(right), answerable, group)


def fit_order(examples: Sequence[Example], features: Sequence[str] = STRETCH_FEATURES) -> dict[str, Any]:
    """What orders stretches (`Linear.from_json`), fitted by some of their features; the others weigh nothing."""
    from sklearn.linear_model import LogisticRegression

    used = [example for example in examples if example.answerable and example.right.max() > 0]
    rows = np.vstack([[one.features for one in example.stretches] for example in used]) * np.isin(STRETCH_FEATURES, features)
    right = np.concatenate([example.right > 0.5 for example in used])
    return _fitted(LogisticRegression(C=0.3, max_iter=1000), rows, right, STRETCH_FEATURES)


def _fit_judge(examples: Sequence[Example], order: Linear) -> tuple[dict[str, Any], dict[str, float]]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    rows, kept = [], [example for example in examples if not example.answerable or example.right.max() > 0]
    for example in kept:
        shares = order.probability(np.array([one.features for one in example.stretches]))
        ranked = np.argsort(-shares, kind="stable")
        rows.append(judge_row(example.terms, [example.stretches[i] for i in ranked], [float(shares[i]) for i in ranked]))
    table, answerable = np.array(rows), np.array([example.answerable for example in kept])
    scaled = (table - table.mean(axis=0)) / (table.std(axis=0) + 1e-6)
    held_out = cross_val_predict(LogisticRegression(C=0.3, max_iter=1000), scaled, answerable, cv=GroupKFold(FOLDS),
                                 groups=[example.group for example in kept], method="predict_proba")[:, 1]
    threshold = float(np.quantile(held_out[answerable], FALSE_REFUSALS))
    model = _fitted(LogisticRegression(C=0.3, max_iter=1000), table, answerable, JUDGE_FEATURES)
    scores = {"auroc": float(roc_auc_score(answerable, held_out)), "false_refusals": FALSE_REFUSALS,
              "refused": float((held_out[~answerable] < threshold).mean())}
    return {**model, "threshold": round(threshold, 5)}, scores


def _fitted(model: Any, rows: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """The regression's weights for columns as they are, by name."""
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    model.fit((rows - mean) / deviation, labels)
    weights = model.coef_[0] / deviation
    return {"bias": round(float(model.intercept_[0] - weights @ mean), 5),
            "weights": {name: round(float(weight), 5) for name, weight in zip(names, weights)}}


def background(snapshot: Snapshot, progress: Callable[[str, int, int | None], None] = lambda *_: None) -> dict[str, Any]:
    """What background.json holds: the number of chunks, and the words and bigrams that stand in COMMON of them or more,
    by the number of theirs to two digits."""
    counts: Counter[str] = Counter()
    for done, article in enumerate(snapshot.articles.articles(), 1):
        for chunk in snapshot.articles.chunks_of(article):
            counts.update({token for token in search_tokens(chunk.text) if len(token) > 1 and not token.isdigit()})
        progress("words", done, snapshot.manifest.articles)
    levels: dict[int, list[str]] = defaultdict(list)
    for word, count in sorted(counts.items()):
        if count >= COMMON:
            digits = 10 ** (len(str(count)) - 2)
            levels[count // digits * digits].append(word)
    return {"chunks": snapshot.manifest.chunks, "words": {str(count): " ".join(levels[count]) for count in sorted(levels)}}
