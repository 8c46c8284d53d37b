"""The editors' desk: what is kept of a question, for how long, how it is settled and taken along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from assistant.api import open_questions as module
from assistant.api.accounts import new_user, write_users
from assistant.api.open_questions import OpenQuestions, key_of
from assistant.chain import AnswerChain
from assistant.errors import SettingsError
from assistant.evaluation.questions import read_questions
from assistant.models.embedding import Embedding
from assistant.question.likeness import grouped
from assistant.schema import Answer
from assistant.settings import Settings
from assistant.training.reader_examples import read
from assistant.web.app import make_app

PASSWORD = "一个很长的密码 long"
ARTICLE = "jiefang/01-xiaoge-hehuoren.md"
LIKENESS = Path(__file__).parent / "language" / "likeness.tsv"
REFUSED = Answer("北山区有多少个网格？", "在 10 篇报道里没有找到。最接近的报道：\n《某篇》[1]", "refusal", refused=True)


def kept(tmp_path: Path, days: int = 3) -> OpenQuestions:
    return OpenQuestions(tmp_path / "desk.db", days, tmp_path / "thumbs.jsonl")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_users(tmp_path / "users.json", {role: new_user(role, role, PASSWORD) for role in ("reader", "editor")})
    return Settings(users=str(tmp_path / "users.json"), desk=str(tmp_path / "desk.db"), desk_days=7,
                    feedback=str(tmp_path / "thumbs.jsonl"), shared=str(tmp_path / "shared"))


@pytest.fixture
def desk(sample_chain: AnswerChain, settings: Settings) -> Iterator[TestClient]:
    """The reading room with an editor signed in."""
    with TestClient(make_app(sample_chain, settings), base_url="http://127.0.0.1:7860", headers={"accept-language": "zh"}) as client:
        client.post("/login", data={"name": "editor", "password": PASSWORD})
        yield client


def test_like_questions_are_those_that_one_answer_serves(shipped_embedding: Embedding) -> None:
    pairs = [line.split("\t") for line in LIKENESS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    alike = {wanted: [len(grouped(pair[:2], shipped_embedding)) == 1 for pair in pairs if pair[2] == wanted] for wanted in "01"}
    assert sum(alike["1"]) >= 24 and sum(alike["0"]) <= 3, (sum(alike["1"]), sum(alike["0"]))


def test_groups_keep_the_order_and_hold_every_question(shipped_embedding: Embedding) -> None:
    asked = ["夜校什么时候开学？", "公交18路改道了吗？", "夜校几号开学", "公交81路改道了吗？", ""]
    assert grouped(asked, shipped_embedding) == [[0, 2], [1], [3], [4]]
    assert grouped([], shipped_embedding) == []


def test_nothing_is_kept_unless_days_are_set_and_only_what_was_refused(tmp_path: Path) -> None:
    off, on = kept(tmp_path, 0), kept(tmp_path, 3)
    off.record(REFUSED)
    assert on.all() == []
    for answer in (REFUSED, Answer("你好", "您好", "hint", refused=True), Answer("图书馆在哪？", "在甲路。[1]"),
                   REFUSED.with_(question="那北山区呢？", understood="北山区有多少个网格？")):
        on.record(answer)
    found = on.all()
    assert [one.question for one in found] == ["北山区有多少个网格？"] * 2
    assert (found[0].how, found[0].reason) == ("refused", "在 10 篇报道里没有找到。")


def test_a_question_is_deleted_with_its_bytes_when_its_days_are_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = kept(tmp_path, 3)
    desk.record(REFUSED)
    day = date.fromisoformat(desk.all()[0].day)
    for later, n in ((2, 1), (3, 0)):
        monkeypatch.setattr(module, "_today", lambda by=later: (day + timedelta(days=by)).isoformat())
        desk.record(Answer("别的？", "在甲路。[1]"))
        assert (tmp_path / "desk.db").read_bytes().count("北山区".encode()) == n
    assert desk.all() == []


def test_turning_it_off_deletes_what_was_kept(tmp_path: Path) -> None:
    kept(tmp_path, 3).record(REFUSED)
    kept(tmp_path, 0)
    assert "北山区".encode() not in (tmp_path / "desk.db").read_bytes()


def test_marking_as_done_keeps_no_words(tmp_path: Path) -> None:
    desk = kept(tmp_path)
    desk.settle(["北山区有多少个网格？"], "editor")
    assert "北山区".encode() not in (tmp_path / "desk.db").read_bytes()
    assert list(desk.settled()) == [key_of("北山区 有多少个网格?")] and desk.question_file() == []


def test_a_thumb_that_was_taken_back_and_a_broken_line_are_none(tmp_path: Path) -> None:
    rows = [{"time": "2031-08-03T10:00:00+00:00", "answer_id": "1", "question": "甲？", "liked": False, "reason": "outdated"},
            {"time": "2031-08-03T10:00:00+00:00", "answer_id": "2", "question": "乙？", "liked": False, "reason": ""},
            {"time": "2031-08-03T10:01:00+00:00", "answer_id": "2", "question": "乙？", "liked": None, "reason": ""},
            {"answer_id": "3", "liked": False}, 7]
    lines = [*map(json.dumps, rows), "{"]
    (tmp_path / "thumbs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert [(one.day, one.question, one.how, one.reason) for one in kept(tmp_path).all()] == [
        ("2031-08-03", "甲？", "disliked", "outdated")]


def test_there_is_no_desk_by_default_and_none_without_accounts(sample_chain: AnswerChain, tmp_path: Path) -> None:
    assert OpenQuestions.of(Settings()) is None
    with pytest.raises(SettingsError, match="assistant user add"):
        make_app(sample_chain, Settings(desk=str(tmp_path / "desk.db")))
    with pytest.raises(SettingsError, match="ASSISTANT_DESK"):
        OpenQuestions.of(Settings(desk=str(tmp_path), users="users.json"))


def test_refused_questions_come_to_the_desk_are_settled_and_become_a_question_file(
        desk: TestClient, settings: Settings, tmp_path: Path) -> None:
    for question in ("北山区的动物园几点开门？", "北山区动物园几点开门", "解放区有多少个网格？", "<b>南山区</b>有几所大学？"):
        desk.post("/api/ask", json={"question": question})
    html = desk.get("/desk").text
    assert "2 组未处理" in html and "没有答出 2 次" in html and "解放区有多少个网格" not in html
    assert "<b>南山区" not in html and "&lt;b&gt;南山区" in html and "另外 1 种问法" in html
    both = ["北山区动物园几点开门", "北山区的动物园几点开门？"]
    for given in ({"act": "answer"}, {"act": "answer", "article": "no/such.md"}, {"act": "drop"}):
        assert desk.post("/desk", data={"question": both, **given}).status_code == 422
    done = desk.post("/desk", data={"question": both, "act": "answer", "answer": "586个\n五百八十六个",
                                    "article": f"http://127.0.0.1:7860/articles/{ARTICLE}"}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/desk")
    desk.post("/desk", data={"question": ["<b>南山区</b>有几所大学？"], "act": "unanswerable"})
    html = desk.get("/desk").text
    assert "没有未处理的问题" in html and "导出题目（3 题" in html and 'href="/articles/' in html and "editor" in html
    file = tmp_path / "questions.jsonl"
    file.write_bytes(desk.get("/desk/questions.jsonl").content)
    rows = read_questions(file)
    assert [(row.question, row.answers, row.articles, row.unanswerable, row.error) for row in rows[:2]] == [
        (question, ("586个", "五百八十六个"), (ARTICLE,), False, "") for question in both]
    assert rows[2].unanswerable and len(list(read(file))) == 3
    desk.post("/desk", data={"question": both, "act": "reopen"})
    assert "1 组未处理" in desk.get("/desk").text


def test_only_an_editor_sees_the_desk(desk: TestClient) -> None:
    assert '<a href="/desk">' in desk.get("/search").text
    desk.cookies.clear()
    assert "Sign in" in desk.get("/desk").text and desk.post("/desk").status_code == 401
    desk.post("/login", data={"name": "reader", "password": PASSWORD})
    assert desk.get("/desk").status_code == desk.get("/desk/questions.jsonl").status_code == 403
    assert '<a href="/desk">' not in desk.get("/search").text
