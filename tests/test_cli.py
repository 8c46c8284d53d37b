"""The command line with real stores and the shipped models: what it says, writes and exits with."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assistant import retrieval
from assistant.cli import main
from assistant.index import refresh as refreshing
from assistant.index import verification
from assistant.index.snapshot import current_id
from assistant.models import embedding
from assistant.schema import Article
from assistant.settings import PREFIX

ROOT = Path(__file__).resolve().parent.parent
DIED = "王忠殿是哪一天牺牲的？"
HERO = "jiefang/02-wang-zhongdian.md"
CAPTION = "jiefang/09-taoxian-manhua.md"
LOADED = cache(embedding.load_embedding)


def run(*arguments: str | Path) -> Result:
    """A command in this process; whatever is not told as a sentence is raised here."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


def told(result: Result) -> str:
    """The one fault that was told, Chinese line first, once it is sure that it is only that."""
    assert result.exit_code == 2 and result.stdout == ""
    chinese, english = result.stderr.splitlines()
    assert re.search("[一-鿿]", chinese) and english[0].isascii()
    return result.stderr


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings but the defaults, and a folder of its own.

    To be quick, a new snapshot is checked in this process, and the shipped embedding is loaded once.
    """
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)
    for module in (embedding, retrieval):
        monkeypatch.setattr(module, "load_embedding", LOADED)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample newspaper's index, made by the command as a person runs it."""
    path = tmp_path_factory.mktemp("sample") / "index"
    done = run("refresh", "--corpus", ROOT / "corpus", "--index", path)
    assert done.exit_code == 0, done.output
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two articles in the folder that is read by default."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "甲.md").write_text("甲街道图书馆有3.6万册图书。", encoding="utf-8")
    (folder / "乙.md").write_text("乙公交线路自11月20日起改道。", encoding="utf-8")
    return folder


# ---- refresh


def test_a_refresh_says_what_it_did(corpus: Path) -> None:
    first = run("refresh")
    assert (first.exit_code, first.stderr) == (0, "")
    assert re.fullmatch(r"新增 added 2，改动 changed 0，未变 unchanged 0，删除 deleted 0，失败 failed 0；"
                        r"嵌入 embedded 2 段，\d+\.\d 秒\n", first.stdout)
    (corpus / "甲.md").write_text("甲街道图书馆有4万册图书，比去年多。", encoding="utf-8")
    (corpus / "乙.md").unlink()
    second = run("refresh")
    assert second.stdout.startswith("新增 added 0，改动 changed 1，未变 unchanged 0，删除 deleted 1，失败 failed 0；")


def test_a_refresh_as_json_holds_the_whole_summary(corpus: Path) -> None:
    (corpus / "坏.jsonl").write_text('{"text": "第一行。"}\n{坏\n', encoding="utf-8")
    (corpus / "图.gif").touch()
    done = run("refresh", "--json")
    summary = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (summary["added"], summary["dry_run"]) == (["乙.md", "坏.jsonl#1", "甲.md"], False)
    assert [(row["file"], row["line"]) for row in summary["failed"]] == [("坏.jsonl", 2)]
    assert [row["file"] for row in summary["skipped"]] == ["图.gif"]
    assert summary["snapshot"] == current_id(Path("index"))
    assert all({"stage", "done", "total"} == json.loads(line).keys() for line in done.stderr.splitlines())


def test_what_failed_is_named_once_and_the_rest_is_indexed(corpus: Path) -> None:
    (corpus / "坏.jsonl").write_text('{"text": "第一行。"}\n{坏\n', encoding="utf-8")
    (corpus / "图.gif").touch()
    done = run("refresh")
    assert done.exit_code == 1 and "added 3，" in done.stdout and "失败 failed 1；" in done.stdout
    skipped, failed = done.stderr.splitlines()
    assert skipped.startswith("  跳过 skipped 图.gif: ") and failed.startswith("  失败 failed 坏.jsonl:2: ")
    again = run("refresh")
    assert again.exit_code == 0 and "added 0，" in again.stdout and "失败 failed 1；" in again.stdout
    assert again.stderr == "  先前说过的 2 处不再列出；全部见 told before, all by: assistant inspect 文件夹 FOLDER\n"


def test_a_file_that_was_read_before_and_fails_is_told_every_time(corpus: Path) -> None:
    run("refresh")
    (corpus / "甲.md").write_bytes(b"\xff\xfe\x00\xd8" + b"\xff" * 99)
    for _ in range(2):
        done = run("refresh")
        assert done.exit_code == 1 and "失败 failed 甲.md: " in done.stderr


def test_a_missing_corpus_is_told_and_nothing_is_indexed() -> None:
    assert "--corpus" in told(run("refresh", "--corpus", "没有"))
    assert not Path("index", "CURRENT").exists()


def test_another_corpus_is_refused_until_rebuild(corpus: Path, tmp_path: Path) -> None:
    run("refresh")
    other = tmp_path / "另一个"
    other.mkdir()
    (other / "丙.md").write_text("丙小区换了新电梯。", encoding="utf-8")
    before = current_id(Path("index"))
    assert "--rebuild" in told(run("refresh", "--corpus", other))
    assert current_id(Path("index")) == before
    done = run("refresh", "--corpus", other, "--rebuild", "--json")
    assert done.exit_code == 0
    assert {name: json.loads(done.stdout)[name] for name in ("added", "deleted")} == {
        "added": ["丙.md"], "deleted": ["乙.md", "甲.md"]}


def test_index_alone_refreshes_the_recorded_corpus(corpus: Path, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    run("refresh", "--corpus", corpus, "--index", tmp_path / "索引")
    (corpus / "丙.md").write_text("丙小区换了新电梯。", encoding="utf-8")
    (tmp_path / "elsewhere" / "corpus").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = run("refresh", "--index", tmp_path / "索引", "--json")
    assert json.loads(done.stdout)["added"] == ["丙.md"]


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(corpus: Path) -> None:
    done = run("refresh", "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.startswith("新增 added 2，") and done.stdout.endswith("（只是预演 dry run）\n")
    assert not Path("index").exists()


def test_rollback_returns_to_the_snapshot_before(corpus: Path) -> None:
    run("refresh")
    (corpus / "甲.md").write_text("甲街道图书馆有4万册图书。", encoding="utf-8")
    run("refresh")
    assert "4万册" in run("show", "甲.md").stdout
    done = run("refresh", "--rollback")
    assert (done.exit_code, "2 篇" in done.stdout) == (0, True)
    assert "3.6万册" in run("show", "甲.md").stdout
    assert "index" in told(run("refresh", "--rollback"))


@pytest.mark.parametrize(("fault", "says"), [
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "index/x"), "The disk is full index/x"),
    (OSError(errno.EROFS, os.strerror(errno.EROFS), "index/x"), "No permission for index/x"),
    (OSError(errno.EIO, os.strerror(errno.EIO)), "Input or output failed"),
])
def test_a_disk_that_takes_no_more_leaves_the_index_as_it_was(corpus: Path, monkeypatch: pytest.MonkeyPatch,
                                                             fault: OSError, says: str) -> None:
    run("refresh")
    before = current_id(Path("index"))

    def switch(*_: object) -> None:
        raise fault

    monkeypatch.setattr(refreshing, "switch", switch)
    (corpus / "甲.md").unlink()
    assert says in told(run("refresh"))
    assert current_id(Path("index")) == before and len(list(Path("index", "snapshots").iterdir())) == 1


def test_sigterm_during_a_refresh_stops_it_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    with open(tmp_path / "corpus" / "many.jsonl", "w", encoding="utf-8") as file:
        file.writelines(f'{{"text": "第{n}条街道的供水改造完成，居民张三很满意。"}}\n' for n in range(60_000))
    child = subprocess.Popen([sys.executable, "-m", "assistant", "refresh", "--json"], cwd=tmp_path, text=True,
                             env={**os.environ, "PYTHONPATH": str(ROOT)},
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    try:
        assert any('"articles"' in line for line in child.stderr), "it ended before it could be stopped"
        child.terminate()
        out, error = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 2 and out == ""
    assert "Stopped. The index is whole and the vectors made so far are kept" in error and "Traceback" not in error
    assert not (tmp_path / "index" / "CURRENT").exists()
    assert list((tmp_path / "index" / "snapshots").iterdir()) == []


# ---- faults that every command tells


@pytest.mark.parametrize("command", [("ask", DIED), ("search", "图书馆"), ("show", "甲.md"), ("verify",), ("chat",)])
def test_a_missing_index_is_told_with_what_to_type(command: tuple[str, ...]) -> None:
    assert "assistant refresh --index 没有" in told(run(*command, "--index", "没有"))
    assert not Path("没有").exists()


def test_too_little_memory_is_a_sentence(index: Path) -> None:
    """The libraries alone take more than so much; what they cannot load is told as an import that failed. Only a little more,
    and it depends on the machine's threads which of them is the first to want memory: Rust's may end the process."""
    done = subprocess.run([sys.executable, "-m", "assistant", "ask", DIED, "--index", str(index)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20)))
    assert done.returncode == 2 and "Give it 2 GB or more" in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_debug_shows_the_traceback_too() -> None:
    done = run("--debug", "show", "甲.md")
    assert done.exit_code == 2
    assert done.stderr.startswith("Traceback (most recent call last):") and "Run: assistant refresh" in done.stderr


@pytest.mark.parametrize(("name", "value", "command"), [
    ("EMBEDDING", "./没有这个模型", ("refresh", "--corpus", ".")),
    ("PORT", "七", ("chat",)),
    ("LLM_TIMEOUT", "0", ("ask", DIED)),
])
def test_a_setting_that_cannot_be_is_told_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str,
                                                  command: tuple[str, ...]) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    assert PREFIX + name in told(run(*command))


def test_an_index_of_another_model_is_told(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("refresh")
    manifest = next(Path("index", "snapshots").glob("*/manifest.json"))
    manifest.write_text(re.sub(r'"fingerprint": "\w+"', '"fingerprint": "another"', manifest.read_text()))
    assert "assistant refresh" in told(run("search", "图书馆"))


def test_a_port_in_use_is_told(index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = told(run("chat", "--index", index, "--port", port))
    assert port in sentence and "--port" in sentence


def test_an_option_that_does_not_exist_is_not_done() -> None:
    done = run("refresh", "--nichts")
    assert done.exit_code == 2 and "No such option" in done.stderr


# ---- show, search, verify, ask


def test_show_prints_an_article_as_it_was_read(index: Path) -> None:
    article = Article.from_json(json.loads(run("show", HERO, "--index", index, "--json").stdout))
    assert article.id == HERO and article.authors == ("詹长松",)
    title, about, blank, *text = run("show", HERO, "--index", index).stdout.split("\n")
    assert (title, about, blank) == (article.title, "焦作日报 · 2025-11 · 解放区 · 詹长松", "")
    assert "\n".join(text) == article.text + "\n"


def test_show_of_an_article_without_title_begins_with_what_is_known(index: Path) -> None:
    assert run("show", CAPTION, "--index", index).stdout.startswith("焦作日报 · 2025-11 · 画中话 · 南海春\n\n")


def test_show_of_a_bare_article_prints_its_text_only(corpus: Path) -> None:
    run("refresh")
    assert run("show", "甲.md").stdout == "甲街道图书馆有3.6万册图书。\n"


def test_show_of_an_unknown_id_is_told(index: Path) -> None:
    assert "assistant search" in told(run("show", "没有.md", "--index", index))


def test_search_lists_articles_best_first(index: Path) -> None:
    rows = json.loads(run("search", "王忠殿", "--index", index, "--json").stdout)
    assert rows[0]["id"] == HERO and len(rows) == len({row["id"] for row in rows})
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    printed = run("search", "王忠殿", "--index", index, "-n", "1").stdout.splitlines()
    assert printed == [HERO, f"    {rows[0]['title']}（焦作日报 · 2025-11 · 解放区 · 詹长松）"]


def test_search_keeps_to_its_filters(index: Path) -> None:
    rows = json.loads(run("search", "解放区", "--index", index, "--author", "张苗", "--json").stdout)
    assert {row["id"] for row in rows} == {"jiefang/04-jiaobei-xinli.md", "jiefang/06-gonghui-yanchu.md"}
    done = run("search", "解放区", "--index", index, "--from", "2025-12")
    assert (done.exit_code, done.stdout) == (0, "没有找到。Nothing found.\n")


def test_verify_says_what_the_index_is_made_of(index: Path) -> None:
    done = run("verify", "--index", index, "--json")
    row = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (row["articles"], row["corpus"], row["faults"]) == (10, str(ROOT / "corpus"), [])
    assert row["chunks"] > 10 and row["recall"] == 1.0 and "files" not in row


def test_verify_exits_with_2_when_a_file_is_damaged(corpus: Path) -> None:
    run("refresh")
    with open(next(Path("index", "parts").glob("*/articles.db")), "r+b") as file:
        file.truncate(100)
    done = run("verify")
    assert done.exit_code == 2 and "assistant refresh --rebuild" in done.stdout and "Traceback" not in done.output
    assert run("refresh").exit_code == 0 and run("verify").exit_code == 0


def test_ask_as_json_holds_the_answer_and_all_it_stands_on(index: Path) -> None:
    done = run("ask", DIED, "--index", index, "--json")
    row = json.loads(done.stdout)
    assert done.exit_code == 0 and row["question"] == DIED
    assert (row["kind"], row["refused"], row["done"]) == ("quotes", False, True)
    article = Article.from_json(json.loads(run("show", HERO, "--index", index, "--json").stdout))
    assert row["citations"][0]["article_id"] == HERO
    for cited in row["citations"]:
        if cited["article_id"] == HERO:
            assert article.text[cited["start"]:cited["end"]] == cited["quote"] and f"[{cited['n']}]" in row["answer"]
    assert "text" not in row and {"article_id", "chunk_id", "title", "date", "score"} == row["passages"][0].keys()
    assert [step.keys() for step in row["steps"]] == [{"name", "seconds", "detail"}] * len(row["steps"]) != []


def test_ask_prints_the_answer_and_a_line_a_source(index: Path) -> None:
    done = run("ask", DIED, "--index", index)
    answer, _, sources = done.stdout.partition("\n\n")
    assert done.exit_code == 0 and "[1]" in answer and "\x1b" not in answer
    assert sources.splitlines()[0].startswith("[1] 解放区开展学习战斗英雄 王忠殿英勇事迹主题活动（焦作日报 · 2025-11 · ")
    assert sources.splitlines()[0].endswith(HERO)


@pytest.mark.parametrize("question", ["", "量子计算机的股价是多少？", "字" * 100_000])
def test_a_question_without_an_answer_is_done_all_the_same(index: Path, question: str) -> None:
    done = run("ask", question, "--index", index)
    assert done.exit_code == 0 and done.stdout.strip() and len(done.stdout) < 3000


# ---- evaluate


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join((
        json.dumps({"id": "hero", "question": DIED, "answers": ["1962年11月18日"], "articles": [HERO]}),
        json.dumps({"question": "量子计算机的股价是多少？", "unanswerable": True}))) + "\n", encoding="utf-8")
    return path


def test_evaluate_writes_results_summary_and_report(index: Path, questions: Path) -> None:
    done = run("evaluate", questions, "--index", index)
    assert done.exit_code == 0 and "evaluation" in done.stdout
    rows = [json.loads(line) for line in Path("evaluation/results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["hero", "2"]
    for row in rows:
        assert {"question", "answer", "refused", "citations", "passages", "seconds"} <= row.keys()
        assert all({"n", "article_id", "title", "date", "quote"} == cited.keys() for cited in row["citations"])
        assert all({"article_id", "chunk_id", "score", "reprints"} == passage.keys() for passage in row["passages"])
    summary = json.loads(Path("evaluation/summary.json").read_text(encoding="utf-8"))
    assert (summary["questions"], summary["answerable"], summary["unanswerable"], summary["errors"]) == (2, 1, 1, 0)
    report = Path("evaluation/report.html").read_text(encoding="utf-8")
    assert DIED in report and not re.search(r"""(?:src|href)=["']?(?:https?:)?//|@import|url\(""", report)


@pytest.mark.parametrize("question", [DIED, "量子计算机的股价是多少？"])
def test_passages_reach_ten_articles_where_there_are_ten(index: Path, question: str) -> None:
    row = json.loads(run("ask", question, "--index", index, "--json").stdout)
    assert len({passage["article_id"] for passage in row["passages"]}) == 10


def test_evaluate_exits_with_1_when_a_line_is_malformed(index: Path, questions: Path) -> None:
    with questions.open("a", encoding="utf-8") as file:
        file.write("{坏\n" + json.dumps({"id": "hero", "question": "又一次？"}) + "\n")
    done = run("evaluate", questions, "--index", index, "--out", "结果")
    assert done.exit_code == 1
    rows = [json.loads(line) for line in Path("结果/results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row.get("line") for row in rows] == [None, None, 3, 4] and all(row["error"] for row in rows[2:])
    assert json.loads(Path("结果/summary.json").read_text(encoding="utf-8"))["errors"] == 2


def test_evaluate_refreshes_the_index_first_and_keeps_to_its_limit(corpus: Path, questions: Path) -> None:
    done = run("evaluate", questions, "--limit", "1")
    assert done.exit_code == 0 and "新增 added 2，" in done.stdout
    assert len(Path("evaluation/results.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    assert run("evaluate", questions, "--resume").exit_code == 0
    assert json.loads(Path("evaluation/summary.json").read_text(encoding="utf-8"))["kept"] == 1


def test_evaluate_leaves_an_index_as_it_is_unless_told(corpus: Path, questions: Path) -> None:
    run("evaluate", questions)
    served = Path("index/CURRENT").read_bytes()
    (corpus / "new.md").write_text("新的一篇。", encoding="utf-8")
    assert run("evaluate", questions).exit_code == 0 and Path("index/CURRENT").read_bytes() == served
    assert "新增 added 1" in run("evaluate", questions, "--refresh").stdout
    assert Path("index/CURRENT").read_bytes() != served


def test_evaluate_without_questions_touches_nothing(corpus: Path) -> None:
    assert "没有.jsonl" in told(run("evaluate", "没有.jsonl"))
    assert not Path("index").exists() and not Path("evaluation").exists()


def test_evaluate_tells_a_folder_that_cannot_be_written(index: Path, questions: Path) -> None:
    Path("文件").touch()
    assert "文件" in told(run("evaluate", questions, "--index", index, "--out", "文件/结果"))


# ---- help


@pytest.mark.parametrize("name", sorted(main.commands))
def test_the_help_of_a_command_ends_with_an_example(name: str) -> None:
    done = run(name, "--help")
    before, example, lines = done.stdout.rpartition("Example:\n")
    assert done.exit_code == 0 and example and f"assistant {name} " in lines
    assert "Options:" in before, "the options stand after the example"


@pytest.mark.parametrize(("script", "command"), [
    ("ingest.py", "refresh"), ("app.py", "chat"), ("evaluate.py", "evaluate"),
])
def test_the_scripts_are_the_commands(script: str, command: str) -> None:
    done = subprocess.run([sys.executable, ROOT / script, "--help"], capture_output=True, text=True, timeout=60)
    usage = run(command, "--help").stdout.partition("\n")[0].removeprefix(f"Usage: main {command}")
    assert (done.returncode, done.stdout.partition("\n")[0]) == (0, f"Usage: python {script} {command}{usage}")
