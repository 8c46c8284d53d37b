"""The n-th call that opens, writes or renames fails: the old index answers, the next refresh makes up for it."""

from __future__ import annotations

import errno
import importlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding
from test_refresh import contents, write

from assistant.errors import AssistantError
from assistant.index import building, verification
from assistant.index import refresh as refreshing
from assistant.index import snapshot as snapshots
from assistant.index.refresh import refresh

CALLS = ("builtins.open", "io.open", "os.fsync", "os.mkdir", "os.open", "os.replace", "os.scandir", "os.sendfile",
         "os.stat", "shutil.copyfile", "shutil.rmtree", "pathlib.Path.write_text")
"""What the refresh, and what it copies and removes with, calls in Python; what the stores call, strace fails below."""


@pytest.fixture(autouse=True)
def _as_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stores are copied and changed, as those of a large index are, and checked in this process."""
    monkeypatch.setattr(building, "SMALL", 0)
    monkeypatch.setattr(building, "TOMBSTONES", 1000)
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for number in range(4):
        write(folder, f"文{number}", f"某市第{number}条街道供水改造完成。")
    return folder


@pytest.fixture
def index(tmp_path: Path, corpus: Path) -> Path:
    for trial in (-1, 0):  # a second snapshot, so that there will be one to remove
        change(corpus, trial)
        refresh(corpus, tmp_path / "index", BigramEmbedding())
    return tmp_path / "index"


def change(corpus: Path, trial: int) -> None:
    """One article is another, one is new, and one is gone."""
    write(corpus, "文0", f"第{trial}次更新。")
    write(corpus, f"新{trial}", f"第{trial}则新消息。")
    (corpus / f"新{trial - 1}.md").unlink(missing_ok=True)


def fail(monkeypatch: pytest.MonkeyPatch, call: str, folder: Path, nth: int) -> Callable[[], bool]:
    """Has the nth such call that has to do with a folder fail like a full disk; the result tells whether it came."""
    place, _, name = call.rpartition(".")
    owner = importlib.import_module(place) if place[0].islower() and "Path" not in place else Path
    real, calls = getattr(owner, name), itertools.count(1)
    came = False

    def failing(*args: object, **named: object) -> object:
        nonlocal came
        if _concerns(args[0] if args else ".", folder) and next(calls) == nth:
            came = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))
        return real(*args, **named)

    monkeypatch.setattr(owner, name, failing)
    return lambda: came


def _concerns(what: object, folder: Path) -> bool:
    if isinstance(what, int):
        try:
            what = os.readlink(f"/proc/self/fd/{what}")
        except OSError:
            return False
    return isinstance(what, (str, os.PathLike)) and os.fspath(what).startswith(str(folder))


def _each_fails(call: str, corpus: Path, index: Path, monkeypatch: pytest.MonkeyPatch, every: int) -> int:
    """Fails every such call of a refresh, or the first and then one of so many; returns how many failed."""
    new = contents(index)
    for trial, nth in enumerate(itertools.count(1, every), 1):
        old = new
        change(corpus, trial)
        with monkeypatch.context() as patch:
            came = fail(patch, call, index, nth)
            try:
                refresh(corpus, index, BigramEmbedding())
            except (OSError, AssistantError):
                pass
        now = contents(index)
        refresh(corpus, index, BigramEmbedding())
        new = contents(index)
        assert now in (old, new)
        assert new["chunks"]["文0.md@0"].text == f"第{trial}次更新。" and len(new["articles"]) == 5
        if not came():
            break
    refresh(corpus, index.parent / "fresh", BigramEmbedding())
    assert new == contents(index.parent / "fresh")
    return trial - 1


@pytest.mark.parametrize("call", CALLS)
def test_a_failing_call_loses_nothing(corpus: Path, index: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    assert _each_fails(call, corpus, index, monkeypatch, 29) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_every_failing_call_loses_nothing(corpus: Path, index: Path, monkeypatch: pytest.MonkeyPatch,
                                          call: str) -> None:
    assert _each_fails(call, corpus, index, monkeypatch, 1) >= 1


# ---- system calls: the native parts of the stores are reached only so


ONCE = """
import sys
from pathlib import Path
from assistant.index import building
from assistant.index import refresh as refreshing
from assistant.index import verification
from bigram_embedding import BigramEmbedding
building.SMALL, building.TOMBSTONES, refreshing.examine = 0, 1000, verification.examine_here
refreshing.refresh(Path(sys.argv[1]), Path(sys.argv[2]), BigramEmbedding(), wait=True)
"""
SYSTEM_CALLS = {"pwrite64": "ENOSPC", "fsync": "EIO", "fdatasync": "EIO", "openat": "EACCES",
                "rename": "EIO", "ftruncate": "ENOSPC", "mkdir": "ENOSPC"}
"""Not write: four of five are wake-ups of the stores' threads (eventfd), which hang where no disk ever fails. The full
disk below fails the others."""
needs_strace = pytest.mark.skipif(shutil.which("strace") is None,
                                  reason="needs strace, which makes system calls fail: apt install strace")


def _refresh_traced(corpus: Path, index: Path, *options: str) -> None:
    subprocess.run(["strace", "-f", "-qq", *options, sys.executable, "-c", ONCE, str(corpus), str(index)],
                   cwd=Path(__file__).parent, env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
                   capture_output=True, timeout=120)


def _system_calls_fail(corpus: Path, index: Path, call: str, trials: int) -> None:
    """Fails so many of these calls, evenly from the first to the last that a refresh makes once it has the index."""
    log = index.parent / "calls"
    change(corpus, 1)
    _refresh_traced(corpus, index, "-o", str(log), "-e", f"trace={call},flock")
    made = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "resumed>" not in line]
    began = next(number for number, line in enumerate(made) if "flock(" in line)
    before, calls = (sum(f" {call}(" in line for line in part) for part in (made[:began], made[began:]))
    assert calls
    new = contents(index)
    for trial in range(min(trials, calls)):
        old, nth = new, before + 1 + trial * calls // min(trials, calls)
        change(corpus, trial + 2)
        _refresh_traced(corpus, index, "-o", "/dev/null", "-e", f"inject={call}:error={SYSTEM_CALLS[call]}:when={nth}")
        now = contents(index)
        refresh(corpus, index, BigramEmbedding(), wait=True)
        new = contents(index)
        # an article whose own file could not be opened stays as it was, or out, while the others are in
        file_failed = call == "openat" and all(one in old["articles"] + new["articles"] for one in now["articles"])
        assert now in (old, new) or file_failed
        assert new["chunks"]["文0.md@0"].text == f"第{trial + 2}次更新。"
    refresh(corpus, index.parent / "fresh", BigramEmbedding())
    assert new == contents(index.parent / "fresh")


@needs_strace
def test_a_failing_system_call_loses_nothing(corpus: Path, index: Path) -> None:
    _system_calls_fail(corpus, index, "pwrite64", 2)


@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize("call", SYSTEM_CALLS)
def test_failing_system_calls_lose_nothing(corpus: Path, index: Path, call: str) -> None:
    _system_calls_fail(corpus, index, call, 40)


# ---- a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"no disk can be mounted here: {mount.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_loses_nothing(corpus: Path, small_disk: Path) -> None:
    """With less and less room on it, until a refresh of the same size fits."""
    index, ballast, failed = small_disk / "index", small_disk / "ballast", 0
    refresh(corpus, index, BigramEmbedding())
    new = contents(index)
    for trial, free in enumerate(range(0, 400_000, 40_000), 1):
        old = new
        change(corpus, trial)
        room = os.statvfs(small_disk)
        ballast.write_bytes(b"x" * max(0, room.f_bavail * room.f_frsize - free))
        try:
            refresh(corpus, index, BigramEmbedding())
        except OSError as error:
            assert error.errno == errno.ENOSPC
            failed += 1
        except AssistantError:
            failed += 1
        now = contents(index)
        ballast.unlink()
        refresh(corpus, index, BigramEmbedding())
        new = contents(index)
        assert now in (old, new) and new["chunks"]["文0.md@0"].text == f"第{trial}次更新。"
    assert failed > 1
