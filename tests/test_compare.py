"""Two runs side by side, and drafts of questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.chain import AnswerChain
from assistant.errors import QuestionsError
from assistant.evaluation.compare import compare_runs, mcnemar, paired_interval
from assistant.evaluation.drafting import drafted
from assistant.evaluation.questions import read_questions
from assistant.evaluation.run import answer_row, evaluate
from assistant.schema import Answer, Article


def run(folder: Path, right: list[bool]) -> Path:
    """The results of a run over twelve questions whose answer is 甲."""
    folder.mkdir()
    rows = [{"id": f"q{n}", **answer_row(Answer(f"问{n}？", "甲。" if well else "<b>乙</b>。")), "seconds": 0.1}
            for n, well in enumerate(right)]
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    rows = [{"id": f"q{n}", "question": f"问{n}？", "answers": ["甲"]} for n in range(12)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_what_was_won_and_lost_is_counted_and_shown(tmp_path: Path, questions: Path) -> None:
    a, b = run(tmp_path / "a", [True] * 4 + [False] * 8), run(tmp_path / "b", [False] + [True] * 11)
    told = compare_runs(questions, a, b, tmp_path / "out")
    assert "正确 right: 33.3% → 91.7%（12），差 difference +58.3%" in told and "赢 won 8，输 lost 1，p 0.039" in told
    page = (tmp_path / "out/comparison.html").read_text(encoding="utf-8")
    assert "赢得 Won 8" in page and "失去 Lost 1" in page and "<b>乙" not in page and "&lt;b&gt;乙" in page


def test_the_statistics_are_the_books() -> None:
    assert [round(mcnemar(*split), 4) for split in ((0, 0), (5, 5), (8, 1), (1, 8), (10, 0))] == [1, 1, .0391, .0391, .002]
    low, high = paired_interval([1.0] * 30 + [0.0] * 60 + [-1.0] * 10)
    assert 0.05 < low < 0.2 < high < 0.35  # the mean 0.2 has a standard error of 0.06


def test_folders_without_results_of_these_questions_are_told(tmp_path: Path, questions: Path) -> None:
    a = run(tmp_path / "a", [True])
    with pytest.raises(QuestionsError, match="assistant evaluate"):
        compare_runs(questions, a, tmp_path, tmp_path / "out")


def test_workers_keep_the_order_and_a_table_lies_beside(tmp_path: Path, sample_chain: AnswerChain) -> None:
    asked = ["解放区有多少个网格？", "=1+1", "王忠殿是哪一天牺牲的？"] * 3
    file = tmp_path / "q.jsonl"
    file.write_text("".join(json.dumps({"question": text}) + "\n" for text in asked), encoding="utf-8")
    evaluate(sample_chain, file, tmp_path / "out", workers=4)
    rows = [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["question"] for row in rows] == asked
    table = (tmp_path / "out/results.csv").read_text(encoding="utf-8")
    assert table.startswith("id,question,outcome") and ",'=1+1," in table


def test_drafts_ask_for_a_figure_a_day_or_a_name_and_can_be_read(tmp_path: Path) -> None:
    article = Article("a.md", "云河区今年新设了12个便民服务点。6月1日起图书馆延长了开放时间。馆长李桂英说周末也有人值班。", "图书馆开门了")
    drafts = [row for seed in range(12) for row in drafted([article], 5, seed)]
    made = {(row["question"], *row["answers"]) for row in drafts}
    assert {("云河区今年新设了多少个便民服务点？", "12"), ("《图书馆开门了》讲了什么？",)} <= made and len(made) >= 3
    file = tmp_path / "drafts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in drafted([article], 5)), encoding="utf-8")
    assert [question.error for question in read_questions(file)] == [""]
