"""What goes wrong around an index: rights, mounts, locales, files that change while they are read, rollbacks."""

from __future__ import annotations

import logging
import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding
from test_refresh import file_of, write

from assistant.errors import IndexFault, IndexMissing
from assistant.index import mirror, survey, verification
from assistant.index import refresh as refreshing
from assistant.index import snapshot as snapshots
from assistant.index.articles import ArticleStore
from assistant.index.manifest import FORMAT, Manifest, current_id
from assistant.index.refresh import MADE_ANEW, refresh
from assistant.index.snapshot import Index, roll_back
from assistant.index.vectors import VectorIndex

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for number in range(4):
        write(folder, f"文{number}", f"云河区第{number}条街道供水改造完成。")
    return folder


@pytest.fixture
def index(tmp_path: Path, corpus: Path) -> Path:
    refresh(corpus, tmp_path / "index", BigramEmbedding())
    return tmp_path / "index"


# ---- inputs


def test_a_long_article_is_read_a_few_times_and_not_once_a_chunk(corpus: Path, index: Path, monkeypatch) -> None:
    write(corpus, "长", "".join(f"云河区第{n}条街道的供水改造今天开工，居民说盼了很久。" for n in range(12_000)))
    read, article = [], ArticleStore.article
    monkeypatch.setattr(ArticleStore, "article", lambda store, name: read.append(name) or article(store, name))
    assert refresh(corpus, index, BigramEmbedding()).chunks > 1000
    assert read.count("长.md") < 10


def test_a_vector_that_the_search_misses_refuses_nothing(corpus: Path, tmp_path: Path, monkeypatch) -> None:
    """It is looked for more widely, and is no fault as long as it is there."""
    widths, search = [], VectorIndex.search
    monkeypatch.setattr(VectorIndex, "search", lambda index, vector, k, among=None:
                        widths.append(k) or search(index, vector, k, among) if among else [])
    assert refresh(corpus, tmp_path / "index", BigramEmbedding()).chunks == 4
    assert len(widths) >= 4, "each is looked up exactly then"
    monkeypatch.undo()
    vectors = Index(tmp_path / "index").current().vectors
    assert len(vectors.search(vectors.vectors(["文1.md@0"])[0], 9)) == 4


# ---- rights and mounts


def test_a_new_snapshot_that_cannot_be_opened_leaves_the_old_one_answering(corpus: Path, index: Path, caplog) -> None:
    reader = Index(index)
    old = reader.current()
    write(corpus, "文0", "公交线路调整。")
    refresh(corpus, index, BigramEmbedding())
    path = file_of(index, "articles.db")
    kept = path.read_bytes()
    path.write_bytes(kept[:-1])
    with caplog.at_level(logging.WARNING):
        assert [reader.current() for _ in range(3)] == [old] * 3
    assert len(caplog.records) == 1 and "still answering" in caplog.text and "articles.db" in caplog.text
    path.write_bytes(kept)
    assert reader.current().articles.article("文0.md").text == "公交线路调整。"


def test_what_may_not_be_read_is_said_to_be_that(index: Path, monkeypatch) -> None:
    def denied(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("assistant.index.manifest.sha256", denied)
    with pytest.raises(IndexFault, match=r"No permission to read .*index"):
        Index(index).current()


def test_new_files_are_as_open_as_the_folder_of_the_index(corpus: Path, index: Path) -> None:
    index.chmod(0o2770)
    write(corpus, "文0", "公交线路调整。")
    refresh(corpus, index, BigramEmbedding())
    manifest = Manifest.read(index / "snapshots" / current_id(index))
    paths = [index / name for name in (*manifest.files, "CURRENT", "vectors.db", "lock", "writer")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o660}
    assert stat.S_IMODE((index / "parts" / manifest.id).stat().st_mode) == 0o770


def test_readers_need_not_write(index: Path, monkeypatch) -> None:
    """As on a read-only mount: the stores open links in a temporary folder, and nothing comes into the index."""
    before = {path: path.stat().st_mtime_ns for path in index.rglob("*")}
    monkeypatch.setattr(mirror.os, "access", lambda path, mode: False)
    snapshot = Index(index).current()
    assert snapshot.words.search("供水", 9) and len(snapshot.vectors.search(snapshot.vectors.vectors(["文1.md@0"])[0], 9)) == 4
    assert {path: path.stat().st_mtime_ns for path in index.rglob("*")} == before
    assert verification.examine_here(index / "snapshots" / current_id(index), True) == ([], 1.0)


@pytest.fixture(scope="session")
def gbk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a GBK terminal; the locale is made where the system has none."""
    folder = tmp_path_factory.mktemp("locales")
    made = shutil.which("localedef") and subprocess.run(
        ["localedef", "-i", "zh_CN", "-f", "GBK", str(folder / "zh_CN.GBK")], capture_output=True)
    if not made or made.returncode:
        pytest.skip("needs a GBK locale and localedef to make it: apt install locales")
    return {"LOCPATH": str(folder), "LC_ALL": "zh_CN.GBK"}


@pytest.mark.slow
@pytest.mark.parametrize(("names", "terminal"), [("utf-8", "utf-8"), ("utf-8", "gbk"), ("gbk", "gbk")])
def test_other_locales_work(corpus: Path, tmp_path: Path, names: str, terminal: str, request: pytest.FixtureRequest) -> None:
    """Folders with a Chinese name in the encoding of the locale, in another, or where the locale has none: what is printed
    can be read on the terminal. 𠮷 is no character of GBK."""
    locale = request.getfixturevalue("gbk") if terminal == "gbk" else {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    environment = {**os.environ, **locale, "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    articles, index = (os.fsencode(tmp_path) + b"/" + name.encode(names) for name in ("报纸", "索引"))
    os.rename(corpus, articles)
    for path in os.listdir(articles):  # a file whose own name cannot be read is passed over with a sentence
        os.rename(articles + b"/" + path, articles + b"/" + (path.decode() if names == terminal else path.decode()[1:]).encode(names))
    for command in ([b"refresh", b"--corpus", articles],
                    [b"ask", "第3条街道的供水改造完成了吗？".encode(terminal) + ("𠮷".encode() if terminal == "utf-8" else b"")]):
        done = subprocess.run([sys.executable, "-m", "assistant", *command, "--index", index], env=environment, capture_output=True)
        assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr.decode(terminal, "replace")
    assert "第3条街道供水改造完成" in done.stdout.decode(terminal)


# ---- a corpus that changes while it is read


def test_what_was_read_is_what_is_remembered(corpus: Path, index: Path, monkeypatch) -> None:
    """A file that is one thing when it is looked at, another when it is read, and the first again afterwards."""
    path = write(corpus, "文0", "公交线路调整。")
    first = path.read_bytes()

    def then_it_changes(path: Path) -> str:
        digest = sha256(path)
        path.write_text("图书馆开放。", encoding="utf-8")
        return digest

    sha256 = survey.sha256
    monkeypatch.setattr(survey, "sha256", then_it_changes)
    refresh(corpus, index, BigramEmbedding())
    assert Index(index).current().articles.article("文0.md").text == "图书馆开放。"
    monkeypatch.setattr(survey, "sha256", sha256)
    path.write_bytes(first)
    assert refresh(corpus, index, BigramEmbedding()).changed == ("文0.md",)
    assert Index(index).current().articles.article("文0.md").text == "公交线路调整。"


def test_an_older_format_is_kept_while_a_file_cannot_be_read(corpus: Path, index: Path) -> None:
    """The article of that file is in no other snapshot."""
    old, whole = current_id(index), (corpus / "文1.md").read_bytes()
    path = index / "snapshots" / old / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace(f'"format": {FORMAT}', '"format": 1'), encoding="utf-8")
    (corpus / "文1.md").write_bytes(b"\xff\xfe\x00\xd8" + b"\xff" * 99)
    for text in ("公交线路调整。", "图书馆开放。", "菜市场搬迁。"):
        write(corpus, "文0", text)
        refresh(corpus, index, BigramEmbedding())
        assert old in os.listdir(index / "snapshots")
    (corpus / "文1.md").write_bytes(whole)
    refresh(corpus, index, BigramEmbedding())
    assert old not in os.listdir(index / "snapshots")


# ---- a rollback holds


def test_a_rollback_holds_until_the_corpus_changes_or_one_says_otherwise(corpus: Path, index: Path) -> None:
    write(corpus, "文0", "公交线路调整。")
    refresh(corpus, index, BigramEmbedding())
    first = roll_back(index).id
    for _ in range(2):
        summary = refresh(corpus, index, BigramEmbedding())
        assert (summary.snapshot, len(summary.notes)) == (first, 1) and "--rebuild" in summary.notes[0]
    assert refresh(corpus, index, BigramEmbedding(), rebuild=True).changed == ("文0.md",)
    assert refresh(corpus, index, BigramEmbedding()).notes == ()
    roll_back(index)
    write(corpus, "新", "图书馆开放。")
    assert refresh(corpus, index, BigramEmbedding()).added == ("新.md",)
    assert not (index / "rolled_back").exists()


def test_an_index_of_another_format_is_made_anew_with_a_sentence(corpus: Path, index: Path) -> None:
    path = index / "snapshots" / current_id(index) / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace(f'"format": {FORMAT}', '"format": 1'), encoding="utf-8")
    assert refresh(corpus, index, BigramEmbedding()).notes == (MADE_ANEW,)
    assert refresh(corpus, index, BigramEmbedding()).notes == ()


# ---- an index that goes and comes back while it is read


def test_an_index_that_was_away_answers_again(corpus: Path, index: Path) -> None:
    reader, away = Index(index), index.with_name("away")
    old = reader.current()
    index.rename(away)
    with pytest.raises(IndexMissing, match="There is no index"):
        reader.current()
    away.rename(index)
    assert reader.current().manifest.id == old.manifest.id
    shutil.copytree(index, away)  # a copy, as of a backup
    shutil.rmtree(index)
    with pytest.raises(IndexMissing):
        reader.current()
    write(corpus, "文0", "公交线路调整。")
    refresh(corpus, index, BigramEmbedding())
    assert reader.current().articles.article("文0.md").text == "公交线路调整。"
    shutil.rmtree(index)
    shutil.copytree(away, index)
    assert reader.current().articles.article("文0.md").text == "云河区第0条街道供水改造完成。"


# ---- a narrow machine


@pytest.mark.slow
@pytest.mark.parametrize(("environment", "limits", "command", "status"), [
    ({"HOME": "/nonexistent"}, {}, "ask", 0), ({}, {resource.RLIMIT_NOFILE: 32}, "ask", 0),
    ({}, {resource.RLIMIT_NOFILE: 40}, "refresh", 0), ({}, {resource.RLIMIT_FSIZE: 50_000}, "refresh", 2)])
def test_a_narrow_machine_is_enough_or_is_told_of(corpus: Path, tmp_path: Path, environment: dict[str, str],
                                                  limits: dict[int, int], command: str, status: int) -> None:
    """No home, few descriptors; files that may not grow are a sentence."""
    def narrowed() -> None:
        for kind, most in limits.items():
            resource.setrlimit(kind, (most, most))

    refreshing = ["refresh", "--corpus", str(corpus), "--index", str(tmp_path / "new")]
    whole = {**os.environ, "PYTHONPATH": str(ROOT)}
    if command == "ask":
        subprocess.run([sys.executable, "-m", "assistant", *refreshing], env=whole, check=True, capture_output=True)
    asking = ["ask", "第3条街道的供水改造完成了吗？", "--index", str(tmp_path / "new")]
    done = subprocess.run([sys.executable, "-m", "assistant", *(asking if command == "ask" else refreshing)],
                          env={**whole, **environment}, preexec_fn=narrowed, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr


@pytest.mark.slow
def test_an_output_that_takes_nothing_is_told_of(corpus: Path, tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "assistant", "refresh", "--corpus", str(corpus), "--index", str(tmp_path / "new")],
                              env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "The disk is full" in done.stderr and "Traceback" not in done.stderr
