"""Following a folder: every change is refreshed, nothing else is, and no fault ends it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.index import watch as watching
from assistant.index.snapshot import Index, writing
from assistant.index.watch import follow

ROOT = Path(__file__).resolve().parent.parent


class _Stop(Exception):
    pass


class Followed:
    """A folder that is followed by a thread; `next` gives the names in it at each refresh."""

    def __init__(self, folder: Path, besides: Path) -> None:
        self.folder, self.refreshes, self.stopping = folder, queue.Queue(), False
        self.answers: list[bool] = []
        self._thread = threading.Thread(target=self._run, args=(besides,), daemon=True)
        self._thread.start()

    def _run(self, besides: Path) -> None:
        try:
            follow(self.folder, self._refresh, besides=besides)
        except _Stop:
            pass

    def _refresh(self) -> bool:
        if self.stopping:
            raise _Stop
        self.refreshes.put(sorted(os.listdir(self.folder)) if self.folder.exists() else None)
        return self.answers.pop(0) if self.answers else self.folder.exists()

    def next(self) -> list[str] | None:
        return self.refreshes.get(timeout=60)

    def until(self, names: list[str]) -> None:
        while self.next() != names:
            pass

    def stop(self) -> None:
        """Ends the thread at its next refresh, which another change brings, or the seconds without one."""
        self.stopping = True
        watching.SURE_SECONDS = 0.1
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "corpus"
    path.mkdir()
    return path


@pytest.fixture
def start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Followed]]:
    monkeypatch.setattr(watching, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(watching, "SURE_SECONDS", watching.SURE_SECONDS)  # `stop` shortens it
    started: list[Followed] = []

    def begin(besides: Path | None = None) -> Followed:
        started.append(Followed(folder, besides or folder.parent / "index"))
        return started[-1]

    yield begin
    for followed in started:
        followed.stop()


def test_it_refreshes_at_once_and_once_more_when_the_watch_stands(start) -> None:
    followed = start()
    assert [followed.next(), followed.next()] == [[], []]
    with pytest.raises(queue.Empty):
        followed.refreshes.get(timeout=0.5)


def test_it_refreshes_now_and_then_where_no_change_is_told(start, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network share: a watch that tells of nothing."""
    monkeypatch.setattr(watching, "SURE_SECONDS", 0.3)
    monkeypatch.setattr(watching, "watch", lambda *_, **__: _nothing_changes())
    followed = start()
    assert [followed.next() for _ in range(4)] == [[]] * 4


def _nothing_changes() -> Iterator[set[object]]:
    while True:
        time.sleep(0.05)
        yield set()


def test_what_is_added_changed_and_removed_is_followed(start, folder: Path) -> None:
    followed = start()
    followed.next(), followed.next()
    (folder / "甲.md").write_text("甲", encoding="utf-8")
    followed.until(["甲.md"])
    (folder / "夹").mkdir()
    followed.until(["夹", "甲.md"])
    (folder / "夹" / "乙.md").write_text("乙", encoding="utf-8")
    followed.until(["夹", "甲.md"])
    (folder / "甲.md").unlink()
    followed.until(["夹"])


def test_what_the_refresh_itself_writes_is_not_a_change(start, folder: Path) -> None:
    index = folder / "index"
    index.mkdir()
    followed = start(besides=index)
    followed.next(), followed.next()
    (index / "lock").write_text("1", encoding="utf-8")
    with pytest.raises(queue.Empty):
        followed.refreshes.get(timeout=0.5)


def test_what_was_not_done_is_tried_again(start, folder: Path) -> None:
    followed = start()
    followed.next(), followed.next()
    followed.answers[:] = [False, False]
    (folder / "甲.md").touch()
    followed.until(["甲.md"])
    assert [followed.next(), followed.next()] == [["甲.md"], ["甲.md"]]


def test_a_folder_that_is_replaced_is_followed_on(start, folder: Path) -> None:
    followed = start()
    followed.next(), followed.next()
    folder.rename(folder.parent / "away")
    followed.until(None)
    folder.mkdir()
    followed.until([])
    (folder / "甲.md").touch()
    followed.until(["甲.md"])


def test_the_command_follows_its_corpus_past_faults_until_it_is_ended(tmp_path: Path) -> None:
    """As a person runs it: a process of its own, ended by SIGTERM."""
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    (corpus / "甲.md").write_text("甲街道图书馆有3.6万册图书。", encoding="utf-8")
    child = subprocess.Popen([sys.executable, "-m", "assistant", "refresh", "--watch", "--json"], cwd=tmp_path,
                             env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    try:
        assert json.loads(child.stdout.readline())["added"] == ["甲.md"]
        (corpus / "乙.md").write_text("乙公交线路自11月20日起改道。", encoding="utf-8")
        (corpus / "坏.jsonl").write_text('{"text": \n', encoding="utf-8")
        rows = [json.loads(child.stdout.readline())]
        if len(rows[0]["added"] + rows[0]["failed"]) < 2:  # the two were written too far apart to be one change
            rows.append(json.loads(child.stdout.readline()))
        assert [name for row in rows for name in row["added"]] == ["乙.md"]
        assert {failure["file"] for row in rows for failure in row["failed"]} == {"坏.jsonl"}
        (corpus / "甲.md").unlink()
        (corpus / "乙.md").write_text("乙公交线路恢复。", encoding="utf-8")
        (corpus / "坏.jsonl").unlink()
        row = json.loads(child.stdout.readline())
        assert (row["changed"], row["deleted"], row["failed"]) == (["乙.md"], ["甲.md"], [])
        assert [article.text for article in Index(index).current().articles.articles()] == ["乙公交线路恢复。"]
        with writing(index, wait=True):
            (corpus / "丙.md").write_text("丙路灯修好了。", encoding="utf-8")
            assert any(f"by process {os.getpid()}" in line for line in child.stderr)
        child.send_signal(signal.SIGTERM)
        error = child.communicate(timeout=60)[1]
    finally:
        child.kill()
    assert (child.returncode, "Stopped; the index is whole." in error, "Traceback" in error) == (0, True, False)
