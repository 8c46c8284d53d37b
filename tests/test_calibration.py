"""The weight of the vectors: measured on an archive where one leg is right and the other is not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from assistant.cli import main
from assistant.errors import EmbeddingError, IndexMismatch, QuestionsError
from assistant.evaluation.questions import GoldQuestion
from assistant.index import verification
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models import embedding as embeddings
from assistant.models.embedding import DEFAULT_WEIGHT, WEIGHT_FILE, Embedding, load_embedding, store_weight
from assistant.retrieval import HybridRetriever
from assistant.training.fusion import WEIGHTS, Calibration, Point, calibrate

TOPICS = {"图书馆": "借书", "食堂": "用餐", "公园": "散步", "车站": "乘车"}
"""Four articles by their topic; each tells its own thing and decoys with the words of the others' questions."""


def asked_about(topic: str) -> str:
    return f"哪里可以{TOPICS[topic]}呢"


QUESTIONS = [GoldQuestion(n, str(n), asked_about(topic), articles=(f"{topic}.md",))
             for n, topic in enumerate(TOPICS, 1)]


class Oracle(Embedding):
    """One direction a topic: an article lies in its own, a question in that of its answer, or in none."""

    def __init__(self, *, knows: bool, fingerprint: str = "oracle") -> None:
        super().__init__("oracle", fingerprint, len(TOPICS) + 1, DEFAULT_WEIGHT, self._directions)
        self.knows = knows

    def _directions(self, texts: list[str], questions: bool) -> np.ndarray:
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for place, topic in enumerate(TOPICS):
                row[place] = self.knows and (text == asked_about(topic) if questions else f"这里是{topic}" in text)
            row[-1] = not self.knows  # a model that gives every text one vector is blind
        return rows


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a new snapshot is made in this process, which is faster."""
    monkeypatch.setattr("assistant.index.refresh.examine", lambda folder, deep: verification.examine_here(folder, deep))


def archive(folder: Path, embedding: Embedding, *, words_mislead: bool) -> HybridRetriever:
    """Four articles; where words mislead, each holds the words of the question about the next one."""
    topics = list(TOPICS)
    (folder / "corpus").mkdir()
    for here, after in zip(topics, topics[1:] + topics[:1]):
        told = TOPICS[after if words_mislead else here]
        (folder / "corpus" / f"{here}.md").write_text(f"这里是{here}。有人问哪里可以{told}。", encoding="utf-8")
    refresh(folder / "corpus", folder / "index", embedding)
    return HybridRetriever(index=Index(folder / "index"), embedding=embedding)


def test_an_embedding_that_knows_the_answers_takes_over(tmp_path: Path) -> None:
    retriever = archive(tmp_path, Oracle(knows=True), words_mislead=True)
    found = calibrate(retriever, QUESTIONS)
    by_weight = {point.weight: point for point in found.curve}
    assert (by_weight[0.0].hit_at_1, by_weight[DEFAULT_WEIGHT].hit_at_1, found.questions) == (0.0, 0.0, 4)
    assert found.chosen.weight >= 0.5 and (found.chosen.hit_at_1, found.chosen.mrr_at_10) == (1.0, 1.0)
    retriever.embedding.weight = found.chosen.weight
    assert [retriever.passages(question.question)[0].article.id for question in QUESTIONS] == [
        f"{topic}.md" for topic in TOPICS]


def test_a_blind_embedding_weighs_nothing(tmp_path: Path) -> None:
    found = calibrate(archive(tmp_path, Oracle(knows=False), words_mislead=False), QUESTIONS)
    assert found.chosen == Point(0.0, 1.0, 1.0, 1.0)
    assert found.curve[-1].hit_at_1 < 1.0


def test_of_equal_weights_the_smallest_is_chosen() -> None:
    curve = tuple(Point(weight, 0.5, 0.5, 0.7 if weight else 0.6) for weight in WEIGHTS)
    assert Calibration(curve, 1).chosen.weight == WEIGHTS[1]


def test_an_index_of_another_model_is_refused(tmp_path: Path) -> None:
    retriever = archive(tmp_path, Oracle(knows=True), words_mislead=False)
    retriever.embedding = Oracle(knows=True, fingerprint="another")
    with pytest.raises(IndexMismatch, match="assistant refresh"):
        calibrate(retriever, QUESTIONS)


@pytest.mark.parametrize("question", [
    GoldQuestion(1, "1", "哪里？", articles=("没有.md",)), GoldQuestion(1, "1", "哪里？"), GoldQuestion(1, "1", error="坏"),
    GoldQuestion(1, "1", "哪里？", articles=("图书馆.md",), unanswerable=True),
])
def test_questions_that_name_no_article_cannot_calibrate(tmp_path: Path, question: GoldQuestion) -> None:
    with pytest.raises(QuestionsError, match="assistant search"):
        calibrate(archive(tmp_path, Oracle(knows=True), words_mislead=False), [question])


def test_progress_counts_the_questions(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    calibrate(archive(tmp_path, Oracle(knows=True), words_mislead=False), QUESTIONS[:2],
              lambda *step: told.append(step))
    assert told == [("questions", 1, 2), ("questions", 2, 2)]


# ---- what is stored, and the command

@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped model, set as the embedding."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in embeddings.SHIPPED.iterdir():
        if file.name != WEIGHT_FILE:
            (folder / file.name).symlink_to(file)
    monkeypatch.setenv("ASSISTANT_EMBEDDING", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def test_the_command_prints_the_curve_and_stores_the_choice(model: Path, tmp_path: Path) -> None:
    archive(tmp_path, load_embedding(str(model)), words_mislead=False)
    assert load_embedding(str(model)).weight == DEFAULT_WEIGHT
    rows = [{"question": question.question, "articles": question.articles} for question in QUESTIONS]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (*rows, {"question": "无"})), "utf-8")
    code, told, _ = run("calibrate", "q.jsonl")
    lines = told.splitlines()
    assert code == 0 and len(lines) == len(WEIGHTS) + 2 and "4/5 题" in lines[0]
    assert lines[1] == "  0.00  100.0%  100.0%   1.000  ←" and sum("←" in line for line in lines) == 1
    assert lines[-1].startswith(f"向量的权重 0.00 写进了 {model / WEIGHT_FILE}")
    assert json.loads((model / WEIGHT_FILE).read_text("utf-8")) == {"weight": 0.0}
    assert load_embedding(str(model)).weight == 0.0
    again = run("calibrate", "q.jsonl")
    assert again == (0, told, ""), "the weight is no part of what the index is checked against"


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / WEIGHT_FILE).mkdir()  # not even the superuser writes to a folder
    with pytest.raises(EmbeddingError) as caught:
        store_weight(tmp_path, 0.35)
    assert "0.35" in caught.value.english and "ASSISTANT_EMBEDDING" in caught.value.english


def test_a_model_of_another_index_is_told_and_nothing_is_stored(model: Path, tmp_path: Path) -> None:
    archive(tmp_path, Oracle(knows=True), words_mislead=False)
    (tmp_path / "q.jsonl").write_text('{"question": "哪里？", "articles": ["图书馆.md"]}', "utf-8")
    code, told, fault = run("calibrate", "q.jsonl")
    assert (code, told) == (2, "") and "assistant refresh" in fault
    assert not (model / WEIGHT_FILE).exists()
