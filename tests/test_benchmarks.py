"""The benchmarks: that they count rightly, and that each command gives its table."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import answers
import natural
import peers
import pytest
import question_sets
import retrieval
import speed
from answers import Said
from costs import Cost, apart, cpu_seconds, size_mb
from question_sets import NEWS_FILE, Archives, QuestionSet

from assistant.evaluation.questions import GoldQuestion
from assistant.index import verification

NEWS = ("某市图书馆周末开放，读者可以借走五本书。", "甲街道的张三带着邻居种了三十棵树。", "乙村的长桥在五月通车，桥长八百米。")
PARAGRAPHS = ("丙河流经三座县城，全长九十公里。", "丁山高一千二百米，山上有一座古塔。")
OURS = len(retrieval.VARIANTS)


def squad(texts: tuple[str, ...], question: str, answer: str) -> str:
    paragraphs = [{"context": text, "qas": []} for text in texts]
    paragraphs[-1]["qas"].append({"id": "q", "question": question, "answers": [{"text": answer}, {"text": answer}]})
    return json.dumps({"data": [{"paragraphs": paragraphs}]}, ensure_ascii=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with tiny files of the names and forms that the benchmarks read."""
    folder = tmp_path / "data"
    folder.mkdir()
    with lzma.open(folder / "news-2023.jsonl.xz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps({"date": None, "text": text}, ensure_ascii=False) + "\n" for text in NEWS)
    rows: list[dict[str, Any]] = [
        {"id": "a", "question": "乙村的长桥有多长？", "answers": ["八百米"], "need": "any", "article": 2},
        {"id": "b", "question": "甲街道种树的是谁？", "answers": ["张三", "三十棵"], "need": "all", "article": 1},
        {"id": "c", "question": "戊村的长桥有多长？", "answers": [], "need": "any", "unanswerable": True, "premise": "乙村"}]
    written = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "natural_dev.jsonl").write_text(written, encoding="utf-8")
    (folder / "cmrc2018_dev.json").write_text(squad(PARAGRAPHS, "丁山上有什么？", "一座古塔"), encoding="utf-8")
    crud = {"d": {"question": ["谁种了树？", "为什么？"], "answers": ["张三|三十棵", "无法推断"]}}
    (folder / "crud_qa_1doc_dev.json").write_text(json.dumps(crud, ensure_ascii=False), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes are made in this process, which is faster; slow tests make them as the benchmarks do."""
    if "slow" not in request.keywords:
        monkeypatch.setattr(question_sets, "apart", lambda work, *given: (work(*given), Cost(1.0, 1.0, 1.0)))
        monkeypatch.setattr("assistant.index.refresh.examine", lambda folder, deep: verification.examine_here(folder, deep))


def cells(table: str) -> list[list[str]]:
    """The rows of a printed table without its head."""
    return [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]


# Question sets

def test_natural_questions_name_their_articles_and_false_premises(data: Path) -> None:
    asked = question_sets.natural("natural_dev", data)
    assert [gold.articles for gold in asked.questions] == [(f"{NEWS_FILE}#3",), (f"{NEWS_FILE}#2",), ()]
    assert [gold.unanswerable for gold in asked.questions] == [False, False, True]
    assert asked.premises == {"c"}
    assert ["".join(gold.id for gold in asked.some(limit).questions) for limit in (1, 2, None)] == ["a", "ab", "abc"]


def test_evidence_by_its_place_is_looked_up_in_the_news(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": "a", "article": 1, "question": "花了多少？", "answers": ["3万元"], "need": "any", "evidence": [[2, 7]]},
            {"id": "b", "article": 1, "question": "花了4万元给谁？", "answers": [], "unanswerable": True, "premise": [2, 7]},
            {"id": "c", "article": 0, "question": "谁来了？", "answers": ["王某"], "evidence": ["王某来了"]}]
    (tmp_path / "asked.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    told = [{"text": "王某来了。"}, {"text": "修路花3万元。"}]
    with lzma.open(tmp_path / "news.jsonl.xz", "wt", encoding="utf-8") as file:
        file.write("\n".join(map(json.dumps, told)))
    natural.main(str(tmp_path / "asked.jsonl"), tmp_path / "news.jsonl.xz")
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["articles"] for one in printed] == [["news.jsonl.xz#2"], ["news.jsonl.xz#2"], ["news.jsonl.xz#1"]]
    assert (printed[0]["evidence"], printed[1]["premise"], printed[2]["evidence"]) == (["花3万元。"], "花3万元。", ["王某来了"])


def test_the_readers_questions_say_where_their_answers_stand() -> None:
    rows = [json.loads(line) for line in natural.text_of(Path(natural.__file__).with_name("reader_questions.jsonl.xz")).splitlines()]
    assert len(rows) > 9000 and len({row["question"] for row in rows}) == len(rows)
    for row in rows:
        assert bool(row["answers"]) == bool(row.get("evidence")) != row.get("unanswerable", False), row["id"]
        assert all(0 <= start < end for start, end in row.get("evidence", [])), row["id"]


def test_paragraphs_are_articles_and_repeated_answers_one(data: Path) -> None:
    asked = question_sets.paragraphs("cmrc", data, 50)
    assert asked.archive == "cmrc+50"
    assert [(gold.articles, gold.answers) for gold in asked.questions] == [(("cmrc-1",), ("一座古塔",))]


def test_crud_needs_each_part_and_skips_what_its_document_leaves_open(data: Path) -> None:
    assert [(gold.answers, gold.need) for gold in question_sets.crud(data).questions] == [(("张三", "三十棵"), "all")]


@pytest.mark.parametrize(("name", "held"), [
    ("news", {f"{NEWS_FILE}#{n}" for n in (1, 2, 3)}), ("news+2", {f"{NEWS_FILE}#{n}" for n in (1, 2)}),
    ("cmrc", {"cmrc-0", "cmrc-1"}), ("cmrc+1", {"cmrc-0", "cmrc-1", f"{NEWS_FILE}#1"})])
def test_an_archive_holds_what_its_name_says(data: Path, tmp_path: Path, name: str, held: set[str]) -> None:
    archives = Archives(data, tmp_path / "cache")
    assert archives.retriever(name).index.current().articles.ids() == held
    assert Cost.read(tmp_path / "cache" / name) == Cost(1.0, 1.0, 1.0)


def test_the_archive_is_asked_for_all_it_holds(sample_retriever: Any) -> None:
    asked = question_sets.about_the_archive(sample_retriever.index.current().articles)
    wanted = {gold.question: (gold.answers, gold.articles) for gold in asked.questions}
    assert wanted["张苗写了哪些报道？"] == ((), ("jiefang/04-jiaobei-xinli.md", "jiefang/06-gonghui-yanchu.md"))
    assert wanted["《焦北街道关注青少年心理健康》的作者是谁？"] == (("张苗",), ("jiefang/04-jiaobei-xinli.md",))


def test_every_follow_up_is_answered_by_its_article() -> None:
    for gold in question_sets.follow_ups(Path()).questions:
        text = (question_sets.SAMPLE / gold.articles[0]).read_text(encoding="utf-8")
        assert all(answer in text for answer in gold.answers), gold.question


# Retrieval

ASKED = (GoldQuestion(1, "a", "问", ("八百米",), articles=("x",)), GoldQuestion(2, "b", "问", ("张三", "树"), "all", ("y",)))


def test_a_perfect_ranking_gets_all_and_a_blind_one_nothing() -> None:
    perfect = retrieval.score(ASKED, [[("x", "长 八百\n米")], [("y", "張三种樹")]])
    blind = retrieval.score(ASKED, [[("z", "别的")] * 20, []])
    row = retrieval.row_of(QuestionSet("甲", "news", ASKED), "perfect", perfect, perfect)
    assert row == ["甲", "2", "perfect", *["100.0 [100.0, 100.0]"] * 7, "–"]
    row = retrieval.row_of(QuestionSet("甲", "news", ASKED), "blind", blind, perfect)
    assert row == ["甲", "2", "blind", *["0.0 [0.0, 0.0]"] * 7, "-100.0 [-100.0, -100.0]"]


def test_a_ranking_is_scored_by_articles_and_by_chunks() -> None:
    scores = retrieval.score(ASKED[:1], [[("z", "别的"), ("z", "又一段"), ("x", "八百米")]])
    assert (scores.hits, scores.ranks) == ({1: [0.0], 5: [1.0], 10: [1.0]}, [0.5])
    assert scores.answers == {1: [0.0], 5: [1.0], 10: [1.0]}


def test_retrieval_prints_a_row_for_each_way_to_search(
        data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(peers.Peer, "installed", False)
    retrieval.main(["--data", str(data), "--cache", str(tmp_path / "cache"), "--sets", "natural_dev"])
    rows = cells(capsys.readouterr().out)
    assert [row[2] for row in rows[:OURS]] == list(retrieval.VARIANTS)
    assert [row[3] for row in (rows[0], rows[OURS - 1])] == ["100.0 [100.0, 100.0]"] * 2
    assert [row[2].endswith(f"not installed, {peers.INSTALL}") for row in rows[OURS:]] == [True] * len(peers.PEERS)


@pytest.mark.slow
@pytest.mark.parametrize("peer", peers.PEERS, ids=lambda peer: peer.name)
def test_a_peer_finds_the_article(peer: peers.Peer, data: Path, tmp_path: Path, shipped_embedding: Any) -> None:
    if not peer.installed:
        pytest.skip(f"not installed: {peers.INSTALL}")
    index = Archives(data, tmp_path / "cache").index("news")
    folder = peer.made(tmp_path / "peers", index, "")
    assert peer.open(folder, shipped_embedding)("某市图书馆周末开放吗？", 2)[0] == f"{NEWS_FILE}#1@0"
    assert peer.made(tmp_path / "peers", index, "") == folder


# Answers

def said(text: str, **other: Any) -> Said:
    return Said(text, len(text), (0.02, 0.01), **other)


def test_a_perfect_answerer_gets_all_and_a_blind_one_nothing() -> None:
    asked = QuestionSet("甲", "news", (*ASKED, GoldQuestion(3, "c", "问", unanswerable=True)), premises=frozenset({"c"}),
                        evidence={ASKED[0].id: (("x", 0, 3),)})
    perfect = [said("八百米", ranked=["八百米"], confidence=0.9, verbatim=(True,), quoted=(("x", 0, 3),),
                    found=(frozenset("xy"), frozenset("z"))),
               said("张三的树", short="张三", ranked=["张三的树"], confidence=0.8, found=(frozenset("x"), frozenset("y"))), said("", refused=True, confidence=0.1)]
    assert answers.row_of(asked, "perfect", list(zip(asked.questions, perfect))) == [
        "甲", "3", "perfect", "100.0 [100.0, 100.0]", "4", "100.0 / 100.0 / 100.0", "50.0 / 100.0 / 100.0", "100.0", "100.0",
        "100.0 / 100.0", "0.0", "– / 100.0", "100 / 100 / 100 / 100", "1.00", "100.0", "20 / 20", "10 / 10"]
    blind = [said("别的", ranked=["别的"], confidence=0.1, verbatim=(False,)), said("", refused=True, confidence=0.1),
             said("别的", confidence=0.9)]
    assert answers.row_of(asked, "blind", list(zip(asked.questions, blind))) == [
        "甲", "3", "blind", "0.0 [0.0, 0.0]", "2", "0.0 / 0.0 / 0.0", "– / – / –", "0.0", "0.0", "0.0 / 0.0", "50.0", "– / 0.0",
        "0 / 0 / 0 / 0", "0.00", "0.0", "20 / 20", "10 / 10"]


def test_quotes_are_held_against_the_shortest_evidence() -> None:
    gold = [("a", 0, 10)]
    assert answers.overlap([("a", 0, 10)], gold) == 1.0
    assert answers.overlap([("a", 5, 15)], gold) == 0.5
    assert answers.overlap([("b", 0, 10)], gold) == answers.overlap([], gold) == 0.0


def test_without_strings_the_articles_cited_must_be_those_wanted() -> None:
    gold = GoldQuestion(1, "a", "张三写了哪些报道？", articles=("x", "y"))
    assert answers.right(gold, said("两篇", cited=frozenset({"x", "y"})))
    assert not answers.right(gold, said("三篇", cited=frozenset({"x", "y", "z"})))
    assert not answers.right(gold, said("没有", refused=True, cited=frozenset({"x", "y"})))


def test_the_refusal_curve_follows_the_threshold() -> None:
    answerable = [place / 100 for place in range(100)]
    assert answers.refusal_curve(answerable, [0.01, 0.04, 0.09, 0.15, 0.5]) == [0.2, 0.4, 0.6, 0.8]
    assert answers.auroc([0.5, 0.7], [0.5, 0.1]) == pytest.approx(0.875)


def test_answers_prints_a_row_for_each_way_to_answer(
        data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--data", str(data), "--cache", str(tmp_path / "cache"), "--sets", "cmrc", "follow-ups", "--limit", "1"]
    answers.main(given)
    rows = cells(capsys.readouterr().out)
    assert [row[0] for row in rows] == ["cmrc"] * 3 + ["follow-ups"] * 3
    assert [row[2] for row in rows] == [*answers.ANSWERERS] * 2
    assert [row[3] for row in rows[1:3]] == ["100.0 [100.0, 100.0]"] * 2
    assert [rows[place][14] for place in (0, 3)] == ["100.0"] * 2


# Speed

def test_work_apart_gives_its_result_and_its_cost() -> None:
    length, cost = apart(len, "三个字")
    assert length == 3
    assert cost.seconds > 0 and cost.cpu_seconds >= 0 and 1 < cost.peak_mb < 10_000
    assert cpu_seconds() > 0


def test_a_building_row_counts_chunks_per_processor_second(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0" * 3_000_000)
    assert size_mb(tmp_path) == pytest.approx(3.0)
    Cost(20.0, 10.0, 300.0).write(tmp_path)
    row = speed.building_row("1,000", "a peer", tmp_path, tmp_path)
    assert row == ["1,000", "a peer", "20", "10", "100", "300", "3"]
    assert speed.building_row("1,000", "a peer", tmp_path, None) == ["1,000", "a peer", *"––––", "3"]


@pytest.mark.slow
def test_speed_prints_three_tables(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--data", str(data), "--cache", str(tmp_path / "cache"), "--sizes", "2", "0", "--starts", "1"]
    speed.main([*given, "--no-peers"])
    building, serving, starting = map(cells, capsys.readouterr().out.split("\n\n"))
    assert [row[:2] for row in building] == [["2", "refresh"], ["3", "refresh"]]
    assert [row[:2] for row in serving] == [[size, what] for size in ("2", "3") for what in speed.OURS]
    assert [row[0] for row in starting] == ["sample", "3 chunks"]
