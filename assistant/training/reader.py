"""`assistant fit-reader`: fits the reader's weights on a question set over an indexed archive.

Each question is read against the whole archive, against a small one of its article and nine that resemble it,
so that the weights hold for ten articles as for a hundred thousand, and every third one against those nine
alone, where nothing answers it.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from assistant.reading import answerability

from assistant.reading import features as reader_features
from assistant.models.boosted_trees import Trees
from assistant.index.chunking import chunk_article
from assistant.models.embedding import load_embedding
from assistant.evaluation.questions import GoldQuestion
from assistant.index.words import LexicalIndex, rareness
from assistant.question.analysis import Question, understand
from assistant.reading.reader import PASSAGES, UNSEEN
from assistant.reading.features import Idf, RememberedWords, Sentence, Vectors, Weighed
from assistant.retrieval import CANDIDATES, LOOKED_AGAIN, owner, weighed
from assistant.schema import Article, Ask, Passage
from assistant.second_look import look_again
from assistant.language.text import fold, search_tokens, squeeze

ARCHIVES = ("whole", "small", "absent")
COMMON = 100
"""Words in fewer chunks than this are left out of the background table."""
FOLDS = 5
ABSENT_WEIGHT = 2.0
"""What a question whose article is away counts for: only a third of them are asked so."""
FALSE_REFUSALS = 0.04
"""Share of answerable questions that the threshold alone may refuse; the premises (named.PREMISES) refuse more."""
TREES = {"max_iter": 200, "max_depth": 5, "learning_rate": 0.05, "l2_regularization": 5, "min_samples_leaf": 40,
         "random_state": 0}


@dataclass(frozen=True, eq=False)
class Example:
    """One question with what was read for it; `absent` where its article was not to be had.

    `gold` is the share of its answers that each sentence holds (n,).
    """

    article: str
    answerable: bool
    absent: bool
    weighed: Weighed
    passages: Sequence[Passage]
    sentences: Sequence[Sentence]
    features: np.ndarray
    gold: np.ndarray


def background(articles: Iterable[Article]) -> tuple[int, Counter[str]]:
    """The number of chunks, and in how many of them each word or bigram stands."""
    chunks, counts = 0, Counter()
    for article in articles:
        for chunk in chunk_article(article):
            chunks += 1
            counts.update({token for token in search_tokens(chunk.text) if len(token) > 1 and not token.isdigit()})
    return chunks, counts


def fit(articles: Sequence[Article], questions: Sequence[GoldQuestion], out: Path,
        progress: Callable[[str, int, int | None], None]) -> dict[str, float]:
    """Writes ranker.json, judge.json and background.json into `out`; returns cross-validated scores.

    Each question names its article, also the unanswerable ones: the article that it is near to.
    """
    out.mkdir(parents=True, exist_ok=True)
    by_id = {article.id: article for article in articles}
    with tempfile.TemporaryDirectory() as folder:
        words = LexicalIndex.create(Path(folder))
        for done, article in enumerate(articles):
            progress("words", done, len(articles))
            words.add(article, chunk_article(article))
        words.commit()
        return _fit(by_id, questions, words, out, progress)


def _fit(by_id: dict[str, Article], questions: Sequence[GoldQuestion], words: LexicalIndex, out: Path,
         progress: Callable[[str, int, int | None], None]) -> dict[str, float]:
    chunks, counts = background(list(by_id.values())[::2])  # half of them tell common words as well
    common = {word: count for word, count in counts.items() if count >= COMMON}
    levels: dict[int, list[str]] = defaultdict(list)
    for word, count in sorted(common.items()):
        levels[_rounded(count)].append(word)
    _write(out / "background.json", {"chunks": chunks, "words": {str(c): " ".join(levels[c]) for c in sorted(levels)}})
    common = {word: _rounded(count) for word, count in common.items()}

    vectors = RememberedWords(load_embedding().encode)
    examples: list[Example] = []
    for done, row in enumerate(questions):
        progress("reading", done, len(questions))
        question = understand(Ask(row.question), lambda _: False, lambda _: False, date.today())
        for archive in ARCHIVES if done % 3 == 0 else ARCHIVES[:2]:
            examples.append(_example(row, question, by_id, words, common, chunks, vectors, archive))
    ranker = _fit_trees(examples)
    folds = {article: number % FOLDS for number, article in enumerate(sorted({e.article for e in examples}))}
    # a set that asks only what can be answered teaches to read, not to refuse: it would set the threshold alone
    refusable = {e.article for e in examples if not e.answerable and not e.absent}
    rows, answerable, weights = [], [], []
    for fold_number in range(FOLDS):
        progress("cross-validating", fold_number, FOLDS)
        held_out = Trees.from_json(_fit_trees([e for e in examples if folds[e.article] != fold_number]))
        for e in examples:
            if folds[e.article] == fold_number and e.article in refusable and len(e.sentences):
                probabilities = held_out.probability(e.features)
                rows.append(answerability.row(e.weighed, e.passages, e.sentences, e.features, probabilities))
                answerable.append(e.answerable)
                weights.append(ABSENT_WEIGHT if e.absent else 1.0)
    judge, scores = _fit_judge(np.array(rows), np.array(answerable), np.array(weights))
    _write(out / "ranker.json", ranker)
    _write(out / "judge.json", judge)
    return scores


def _example(row: GoldQuestion, question: Question, by_id: dict[str, Article], words: LexicalIndex,
             common: dict[str, int], chunks: int, vectors: Vectors, archive: str) -> Example:
    article = by_id[row.articles[0]]
    if archive != "whole":
        near = list(dict.fromkeys(chunk_id.rpartition("@")[0] for chunk_id, _ in words.search(article.text[:120], 120)))
        others = [by_id[other] for other in near if other != article.id][7:40:4][:9]
        with tempfile.TemporaryDirectory() as folder:
            index = LexicalIndex.create(Path(folder))
            for each in (article, *others) if archive == "small" else others:
                index.add(each, chunk_article(each))
            index.commit()
            found, idf = _passages(question, by_id, index), _frozen_idf(question, index, common, chunks)
            index.close()
    else:
        found, idf = _passages(question, by_id, words), _frozen_idf(question, words, common, chunks)
    sentences = reader_features.candidates(found)
    weighed = Weighed(question, idf, vectors)
    answers = [squeeze(fold(answer)) for answer in row.answers]
    gold = np.array([_share_held(answers, row.need == "all", sentence.folded) * (sentence.article.id == article.id)
                     for sentence in sentences])
    return Example(article.id, not row.unanswerable and archive != "absent", archive == "absent", weighed, found, sentences,
                   reader_features.features(weighed, sentences), gold)


def _passages(question: Question, by_id: dict[str, Article], index: LexicalIndex) -> list[Passage]:
    """The passages that the words find, looked at again as in retrieval; the vectors' share changes little."""
    found = dict(index.search(question.search, CANDIDATES))
    again = look_again(question.search, found, list(found)[:LOOKED_AGAIN["words"]], by_id.__getitem__, index.rareness)
    return [Passage(chunk_article(by_id[owner(chunk_id)])[int(chunk_id.rpartition("@")[2])], by_id[owner(chunk_id)], score)
            for chunk_id, score in weighed(again, {}, 0.0)[:PASSAGES]]


def _frozen_idf(question: Question, index: LexicalIndex, common: dict[str, int], chunks: int) -> Idf:
    """The reader's idf of the question's words, looked up now: the small index is about to go."""
    everything = Weighed(question, lambda _: 1.0, lambda texts: np.zeros((len(texts), 1), np.float32))
    weights = {word: min(index.rareness(word), rareness(common.get(word, UNSEEN), chunks))
               for word in {*everything.words, *everything.bigrams}}
    return weights.__getitem__


def _share_held(answers: Sequence[str], all_needed: bool, folded: str) -> float:
    held = [answer in squeeze(folded) for answer in answers]
    return (sum(held) / len(held) if all_needed else float(any(held))) if held else 0.0


def _fit_trees(examples: Sequence[Example]) -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    used = [e for e in examples if e.answerable and e.gold.max(initial=0) > 0]
    rows, gold = np.vstack([e.features for e in used]), np.concatenate([e.gold > 0 for e in used])
    model = HistGradientBoostingClassifier(**TREES).fit(rows, gold)
    # sklearn has no public way to its histogram trees; the exact ones, which have, take thirty times as long
    trees = [[[round(float(node["value"]), 5)] if node["is_leaf"] else
              [int(node["feature_idx"]), round(float(node["num_threshold"]), 6), int(node["left"]), int(node["right"])]
              for node in stage[0].nodes] for stage in model._predictors]
    return {"features": list(reader_features.NAMES), "start": float(model._baseline_prediction[0, 0]),
            "depth": TREES["max_depth"], "trees": trees}


def _fit_judge(rows: np.ndarray, answerable: np.ndarray, weights: np.ndarray) -> tuple[dict[str, Any], dict[str, float]]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled = (rows - mean) / deviation
    model = LogisticRegression(C=0.1, max_iter=1000)
    held_out = cross_val_predict(model, scaled, answerable, cv=FOLDS, method="predict_proba",
                                 params={"sample_weight": weights})[:, 1]
    threshold = float(np.quantile(held_out[answerable], FALSE_REFUSALS))
    model.fit(scaled, answerable, sample_weight=weights)
    columns = {name: {"weight": round(float(model.coef_[0, i]), 5), "mean": round(float(mean[i]), 5),
                      "deviation": round(float(deviation[i]), 6)} for i, name in enumerate(answerability.NAMES)}
    scores = {"auroc": float(roc_auc_score(answerable, held_out)), "false_refusals": FALSE_REFUSALS,
              "refused": float((held_out[~answerable] < threshold).mean())}
    return {"threshold": round(threshold, 5), "bias": round(float(model.intercept_[0]), 5), "columns": columns}, scores


def _rounded(count: int) -> int:
    """A count to two leading digits, so that the table has some hundred lines instead of thousands."""
    digits = 10 ** max(0, len(str(count)) - 2)
    return count // digits * digits


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
