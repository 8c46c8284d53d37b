"""Snapshots on disk: opening, switching, rolling back, locks, and every kind of damage."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding

from assistant.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing
from assistant.index import snapshot as snapshots
from assistant.index import verification
from assistant.index.manifest import FORMAT, Manifest, seal
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index, check_model, current_id, roll_back, writer, writing
from assistant.index.vectors import VectorIndex
from assistant.index.verification import verify
from assistant.index.words import LexicalIndex
from assistant.schema import Article, Chunk


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a new snapshot is made in this process, which is faster; `verify` itself uses its child."""
    monkeypatch.setattr("assistant.index.refresh.examine", lambda folder, deep: verification.examine_here(folder, deep))
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(4):
        (folder / f"文{number}.md").write_text(f"某市第{number}条街道供水改造完成。", encoding="utf-8")
    return folder


@pytest.fixture
def index(tmp_path: Path, corpus: Path) -> Path:
    refresh(corpus, tmp_path / "index", BigramEmbedding())
    return tmp_path / "index"


def change(corpus: Path, index: Path, text: str) -> str:
    """Puts another text into 文0 and returns the id of the snapshot that holds it."""
    (corpus / "文0.md").write_text(text, encoding="utf-8")
    return refresh(corpus, index, BigramEmbedding()).snapshot


def current_folder(index: Path) -> Path:
    return index / "snapshots" / current_id(index)


def test_a_missing_index_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing) as caught:
        Index(tmp_path / "index").current()
    assert caught.value.english == (f"There is no index in {tmp_path}/index yet. "
                                    f"Run: assistant refresh --index {tmp_path}/index")


def test_the_current_snapshot_is_opened_once(index: Path, corpus: Path) -> None:
    reader = Index(index)
    snapshot = reader.current()
    assert snapshot is reader.current()
    assert (snapshot.manifest.articles, snapshot.manifest.chunks, snapshot.manifest.corpus) == (4, 4, str(corpus))
    assert (snapshot.articles.article_count(), snapshot.words.count(), snapshot.vectors.count()) == (4, 4, 4)


def test_a_reader_sees_the_switch_and_finishes_with_the_old(index: Path, corpus: Path) -> None:
    reader = Index(index)
    old = reader.current()
    change(corpus, index, "公交线路调整。")
    change(corpus, index, "图书馆开放。")
    change(corpus, index, "菜市场搬迁。")
    new = reader.current()
    assert new is not old
    assert new.articles.article("文0.md").text == "菜市场搬迁。"
    assert old.articles.article("文0.md").text == "某市第0条街道供水改造完成。"
    assert [name for name, _ in old.words.search("供水", 9)] != []
    assert len(old.vectors.search(old.vectors.vectors(["文1.md@0"])[0], 9)) == 4
    assert old.manifest.id in os.listdir(index / "snapshots")


def test_what_nobody_reads_is_removed(index: Path, corpus: Path) -> None:
    reader = Index(index)
    first = reader.current().manifest.id
    ids = [change(corpus, index, text) for text in ("公交线路调整。", "图书馆开放。")]
    assert sorted(os.listdir(index / "snapshots")) == sorted([first, *ids])
    reader.current()
    gc.collect()
    ids.append(change(corpus, index, "菜市场搬迁。"))
    assert sorted(os.listdir(index / "snapshots")) == sorted(ids[1:])


def test_a_reopened_index_holds_only_the_new_files(index: Path, corpus: Path) -> None:
    reader = Index(index)
    for number in range(3):
        change(corpus, index, f"第{number}次更新。")
        assert reader.current().articles.article("文0.md").text == f"第{number}次更新。"
    gc.collect()
    deadline = time.monotonic() + 60  # Chroma's own threads close the last of theirs
    while (held := _snapshots_held_open(index)) != {current_id(index)} and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held == {current_id(index)}


def _snapshots_held_open(index: Path) -> set[str]:
    held = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            if path.is_relative_to(index / "snapshots"):
                held.add(path.relative_to(index / "snapshots").parts[0])
    return held


def test_threads_ask_during_switches(index: Path, corpus: Path) -> None:
    reader, wrong, stop = Index(index), [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            snapshot = reader.current()
            found = {name.rpartition("@")[0] for name in snapshot.words.chunk_ids()}
            if not found == snapshot.articles.ids() == {name.rpartition("@")[0] for name in snapshot.vectors.ids()}:
                wrong.append(snapshot.manifest.id)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(4):
            (corpus / f"新{number}.md").write_text(f"第{number}则消息。", encoding="utf-8")
            (corpus / f"文{number}.md").unlink()
            refresh(corpus, index, BigramEmbedding())
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    assert reader.current().articles.ids() == {"新0.md", "新1.md", "新2.md", "新3.md"}


def test_another_model_of_the_same_dimension_is_noticed(index: Path) -> None:
    snapshot = Index(index).current()
    check_model(snapshot, BigramEmbedding())
    with pytest.raises(IndexMismatch, match="Run: assistant refresh"):
        check_model(snapshot, BigramEmbedding("bigram-2"))


def test_roll_back_returns_to_the_snapshot_before(index: Path, corpus: Path) -> None:
    reader = Index(index)
    first = reader.current().manifest.id
    change(corpus, index, "公交线路调整。")
    assert roll_back(index).id == first == reader.current().manifest.id
    assert reader.current().articles.article("文0.md").text == "某市第0条街道供水改造完成。"
    with pytest.raises(IndexMissing, match="no earlier snapshot"):
        roll_back(index)
    held = refresh(corpus, index, BigramEmbedding())
    assert (held.snapshot, held.unchanged) == (first, 4) and "rolled back" in held.notes[0], "the corpus is unchanged"
    again = change(corpus, index, "图书馆开放。")
    assert reader.current().articles.article("文0.md").text == "图书馆开放。"
    assert sorted(os.listdir(index / "snapshots")) == sorted([first, again])


def test_a_second_writer_is_told_who_holds_the_index(index: Path) -> None:
    assert writer(index) is None
    with writing(index) as note:
        note("vectors", 3, 7)
        state = writer(index)
        assert (state.pid, state.stage, state.done, state.total) == (os.getpid(), "vectors", 3, 7)
        with pytest.raises(IndexLocked) as caught, writing(index):
            pass
        assert f"(by process {os.getpid()} since {state.since})" in caught.value.english
    assert writer(index) is None


def test_a_waiting_writer_gets_its_turn(index: Path) -> None:
    order = []
    with writing(index):
        thread = threading.Thread(target=lambda: _hold(index, order), daemon=True)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]


def _hold(index: Path, order: list[str]) -> None:
    with writing(index, wait=True):
        order.append("second")


def test_a_killed_writer_holds_nothing(index: Path) -> None:
    code = ("import sys, time, pathlib; from assistant.index.snapshot import writing\n"
            "with writing(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)")
    child = subprocess.Popen([sys.executable, "-c", code, str(index)], stdout=subprocess.PIPE, cwd=Path.cwd())
    child.stdout.readline()
    assert writer(index).pid == child.pid
    child.kill()
    child.communicate()
    assert writer(index) is None
    with writing(index):
        pass


@pytest.mark.parametrize("name", ["", "nothing", "../../etc", "20250101T000000000000Z", "\udcff"])
def test_a_foreign_current_is_damage(index: Path, name: str) -> None:
    (index / "CURRENT").write_bytes(name.encode("utf-8", "surrogateescape"))
    with pytest.raises(IndexDamaged, match="assistant refresh --rebuild"):
        Index(index).current()


def test_another_format_is_a_mismatch(index: Path) -> None:
    path = current_folder(index) / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace(f'"format": {FORMAT}', '"format": 999'), encoding="utf-8")
    with pytest.raises(IndexMismatch, match="999"):
        Index(index).current()


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "removed", "a folder"])
def test_each_damaged_file_is_named_and_never_opened(index: Path, damage: str) -> None:
    folder = current_folder(index)
    files = [*Manifest.read(folder).files, *(f"snapshots/{folder.name}/{name}" for name in ("manifest.json", "readers"))]
    assert len(files) > 8
    for name in files:
        path, name = index / name, name.removeprefix(f"snapshots/{folder.name}/")
        kept = path.read_bytes()
        if (not kept and damage != "removed" and damage != "a folder") or (name == "readers" and damage == "a folder"):
            continue
        if damage == "truncated":
            path.write_bytes(kept[:-1])
        elif damage == "flipped":
            path.write_bytes(kept[:len(kept) // 2] + bytes([kept[len(kept) // 2] ^ 0x40]) + kept[len(kept) // 2 + 1:])
        elif damage == "emptied":
            path.write_bytes(b"")
        else:
            path.unlink()
            if damage == "a folder":
                path.mkdir()
        if name == "manifest.json" and damage == "flipped":
            with pytest.raises((IndexDamaged, IndexMismatch)):
                Index(index).current()
        else:
            with pytest.raises(IndexDamaged) as caught:
                Index(index).current()
            assert name in caught.value.english
        shutil.rmtree(path) if path.is_dir() else None
        path.write_bytes(kept)
    Index(index).current().close()


def test_verify_tells_what_the_index_is(index: Path) -> None:
    report = verify(index)
    assert (report.faults, report.recall) == ((), 1.0)
    assert (report.manifest.embedding, report.manifest.dimension, report.manifest.articles) == ("bigram", 64, 4)
    assert report.size == sum(path.stat().st_size for path in index.rglob("*") if path.is_file())


def test_verify_names_a_broken_file(index: Path) -> None:
    name = next(name for name in Manifest.read(current_folder(index)).files if name.endswith("data_level0.bin"))
    (index / name).write_bytes(b"")
    [fault] = verify(index).faults
    assert name in fault


def test_verify_finds_what_is_missing_from_words_and_vectors(index: Path) -> None:
    """The stores are changed and sealed again, so that their files agree with the manifest."""
    manifest = Manifest.read(current_folder(index))
    with closing(LexicalIndex.open(current_folder(index) / "words")) as words:
        words.add(Article("多", "多出来的一篇。"), [Chunk("多", 0, 0, 7, "多出来的一篇。")])
        words.commit()
    vectors = VectorIndex.open(index / "parts" / manifest.id / "vectors", 64)
    vectors.delete(["文2.md@0"])
    vectors.seal()
    replace(manifest, files=seal(index, manifest, None)).write(current_folder(index))
    assert verify(index).faults == ("words: 多@0 多余 / does not belong", "vectors: 文2.md@0 缺失 / is missing")


def test_a_check_that_kills_its_process_is_a_fault(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "CHILD", "import os; os.abort()")
    [fault] = verify(index).faults
    assert "ended the process" in fault
