"""`assistant tune-embedding`: questions come to lie nearer to what answers them than words alone bring them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import EmbeddingError, QuestionsError
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import SHIPPED, Embedding, load_embedding
from assistant.retrieval import HybridRetriever
from assistant.training import tuning

pytestmark = pytest.mark.usefixtures("one_thread")
SAID = (("暮光廊", "修鞋"), ("晴川桥", "理发"), ("半亩园", "裁衣"), ("听雨巷", "配钥匙"))
"""Streets, and the trade of each: a question about a trade shares no word with the passage of its street."""


@pytest.fixture(scope="module")
def retriever(shipped_embedding: Embedding, tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    folder = tmp_path_factory.mktemp("streets")
    (folder / "corpus").mkdir()
    rows = [{"text": f"{street}第{n}号今天开门，老人都来了。门口种着月季。"} for street, _ in SAID for n in range(1, 9)]
    (folder / "corpus" / "news.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    refresh(folder / "corpus", folder / "index", shipped_embedding)
    return HybridRetriever(index=Index(folder / "index"), embedding=shipped_embedding)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("questions") / "questions.jsonl"
    rows = [{"question": f"去哪里{trade}", "answers": [f"{street}第{n}号"], "articles": [f"news.jsonl#{8 * kind + n}"]}
            for kind, (street, trade) in enumerate(SAID) for n in range(1, 9)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def nearest(embedding: Embedding) -> list[int]:
    asked = embedding.encode([f"去哪里{trade}" for _, trade in SAID], questions=True)
    told = embedding.encode([f"{street}今天开门" for street, _ in SAID])
    return [int(one) for one in np.argmax(asked @ told.T, axis=1)]


def test_a_trade_finds_its_street_once_questions_have_told_which(
        retriever: HybridRetriever, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "FEWEST", 20)
    monkeypatch.setattr(tuning, "PASSES", 60)
    monkeypatch.setattr(tuning, "RATE", 0.02)
    assert nearest(load_embedding()) != [0, 1, 2, 3]
    learnt = tuning.tune(retriever, [questions], SHIPPED, tmp_path / "tuned", lambda *_: None)
    tuned = load_embedding(str(tmp_path / "tuned"))
    assert learnt < 32, "questions on held-out articles are left out"
    assert (nearest(tuned), tuned.weight) == ([0, 1, 2, 3], load_embedding().weight)


def test_too_few_questions_and_another_kind_of_model_are_refused(
        retriever: HybridRetriever, questions: Path, tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match=r"只有 \d+ 个问题"):
        tuning.tune(retriever, [questions], SHIPPED, tmp_path / "out", lambda *_: None)
    with pytest.raises(EmbeddingError, match="不是静态向量模型"):
        tuning.tune(retriever, [questions], tmp_path, tmp_path / "out", lambda *_: None)
