"""An index on disk: a folder of finished snapshots, one of which CURRENT names.

    index/CURRENT                    the id of the snapshot that answers
    index/lock                       held by the one refresh that may write; says which
    index/vectors.db                 the vector cache
    index/snapshots/<id>/            manifest.json, articles.db, words/, vectors/, and `readers`

A snapshot is never changed once CURRENT has named it. Every reader holds a shared lock on its `readers`
file for as long as it uses it; who removes a snapshot must first get that lock alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.index.articles import ArticleStore
from assistant.errors import IndexDamaged, IndexFault, IndexLocked, IndexMismatch, IndexMissing
from assistant.index.words import LexicalIndex
from assistant.schema import Coverage
from assistant.index.vectors import VectorIndex, Vectors, import_chroma
from assistant.index.served_vectors import ServedVectors

if TYPE_CHECKING:
    from assistant.models.embedding import Embedding

FORMAT = 1
"""Changes whenever a snapshot's files or the reading of the corpus change, so that an index is made anew."""
LOOK_SECONDS = 0.5
"""How often a reader looks whether CURRENT has changed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot is made of. `files` gives (size in bytes, SHA-256) of each of its files by path in it.

    `previous` is the id of the snapshot before, or "". `tombstones` counts the vectors deleted from the
    vector index since it was made afresh: they still take up room and time in it. Where a Chroma server holds
    the vectors, `server` is its address and `collection` their place on it; both are "" where the snapshot does.
    """

    id: str
    previous: str
    created: str
    corpus: str
    embedding: str
    fingerprint: str
    dimension: int
    chunking: str
    articles: int
    chunks: int
    tombstones: int
    files: dict[str, tuple[int, str]]
    format: int = FORMAT
    server: str = ""
    collection: str = ""

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in a snapshot's folder. Raises IndexDamaged, or IndexMismatch for another format."""
        try:
            row = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            if row["format"] != FORMAT:
                raise IndexMismatch(
                    f"索引是另一版本的格式（{row['format']}，本版为 {FORMAT}）。请运行 assistant refresh。",
                    f"The index has the format of another version ({row['format']}, not {FORMAT}). "
                    "Run: assistant refresh",
                )
            files = {name: (size, digest) for name, (size, digest) in row["files"].items()}
            return cls(**{**{f.name: row[f.name] for f in fields(cls) if f.name in row}, "files": files})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(f"{folder / 'manifest.json'}（{error}）", f"{folder / 'manifest.json'} ({error})") from error

    def write(self, folder: Path) -> None:
        """Puts the manifest into a snapshot's folder."""
        text = json.dumps(asdict(self), indent=1)
        (folder / "manifest.json").write_text(text, encoding="utf-8")

    def broken(self, folder: Path, *, contents: bool) -> list[str]:
        """The files that are missing or of another size than they were; with `contents`, or of other bytes."""
        def intact(name: str) -> bool:
            return _intact(folder / name, *self.files[name], contents)

        with ThreadPoolExecutor() as threads:
            return [name for name, well in zip(self.files, threads.map(intact, self.files), strict=True) if not well]


class Snapshot:
    """An open snapshot: its manifest, and the articles, words and vectors.

    Keep a reference to it while you use its parts. Its files are freed when nobody refers to it any more,
    or at once by `close`.
    """

    def __init__(self, folder: Path, *, contents: bool = True) -> None:
        """Opens a snapshot's folder; without `contents` only the sizes of its files are compared beforehand.

        Raises FileNotFoundError or BlockingIOError when the folder is gone or going, IndexDamaged when a file
        is not as the manifest has it, and IndexMismatch when the format is another version's.
        """
        self._lease = weakref.finalize(self, os.close, _lease(folder))
        self.manifest = Manifest.read(folder)
        with ThreadPoolExecutor(1) as beside:
            comparing = beside.submit(self.manifest.broken, folder, contents=contents)
            import_chroma()
        if broken := comparing.result():
            raise _damaged(f"{folder} 里的 {'、'.join(broken)}", f"{', '.join(broken)} in {folder}")
        self.articles = ArticleStore.open(folder / "articles.db")
        self.words = LexicalIndex.open(folder / "words")
        self.vectors = open_vectors(folder, self.manifest, self.articles)

    @cached_property
    def coverage(self) -> Coverage:
        """What the snapshot holds; counted once, which takes half a second for 68,161 articles."""
        return self.articles.coverage()

    def close(self) -> None:
        """Frees the files; nobody may use the snapshot afterwards."""
        for part in (self.articles, self.words, self.vectors):
            part.close()
        self._lease()


def open_vectors(folder: Path, manifest: Manifest, articles: ArticleStore) -> Vectors:
    """The vectors of a snapshot, wherever they lie. Raises ServerAway or IndexDamaged."""
    if not manifest.server:
        return VectorIndex.open(folder / "vectors", manifest.dimension)
    return ServedVectors(manifest.server, manifest.collection, manifest.dimension, articles.chunk_hashes())


class Index:
    """The index in a folder, for reading: by several threads, and while it is refreshed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._looked = 0.0

    def current(self) -> Snapshot:
        """The snapshot that CURRENT names, opened anew within LOOK_SECONDS of its change.

        The snapshot before lives on for those who still use it. While one thread opens the new one, the
        others are given the old. Raises IndexMissing, IndexMismatch or IndexDamaged.
        """
        snapshot = self._snapshot
        if not self._lock.acquire(blocking=snapshot is None):
            return snapshot
        try:
            if self._snapshot is None or time.monotonic() - self._looked > LOOK_SECONDS:
                self._snapshot = _newest(self.path, self._snapshot)
                self._looked = time.monotonic()
            return self._snapshot
        finally:
            self._lock.release()


def check_model(snapshot: Snapshot, embedding: Embedding) -> None:
    """Raises IndexMismatch when the snapshot's vectors come from another model than `embedding`."""
    manifest = snapshot.manifest
    if manifest.fingerprint != embedding.fingerprint:
        raise IndexMismatch(
            f"索引是用模型 {manifest.embedding} 建的，现在设的是 {embedding.name}。请运行 assistant refresh，或改回原来的模型。",
            f"The index was made with the model {manifest.embedding}, but {embedding.name} is set. "
            "Run: assistant refresh, or set the former model again.",
        )


def current_id(index: Path) -> str:
    """The id in CURRENT. Raises IndexMissing where there is none, IndexDamaged where it names no snapshot."""
    try:
        name = (index / "CURRENT").read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise IndexMissing(
            f"{index} 里还没有索引。请运行 assistant refresh --index {index}。",
            f"There is no index in {index} yet. Run: assistant refresh --index {index}",
        ) from error
    except (UnicodeDecodeError, NotADirectoryError, IsADirectoryError) as error:
        raise _damaged(f"{index / 'CURRENT'}（{error}）", f"{index / 'CURRENT'} ({error})") from error
    if not re.fullmatch(r"\d{8}T\d{12}Z", name):
        raise _damaged(f"{index / 'CURRENT'}", f"{index / 'CURRENT'}")
    return name


def recorded_corpus(index: Path) -> str | None:
    """The corpus folder that the current snapshot was made from, whatever its format; None where unknown.

    Where that cannot be read, the newest snapshot tells that can.
    """
    names = sorted((path.name for path in (index / "snapshots").glob("*")), reverse=True)
    with suppress(IndexFault):
        names.insert(0, current_id(index))
    for name in names:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads((index / "snapshots" / name / "manifest.json").read_text(encoding="utf-8"))["corpus"])
    return None


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def new_id() -> str:
    """An id for a snapshot made now; ids sort by time."""
    return datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%fZ")


def seal(folder: Path) -> dict[str, tuple[int, str]]:
    """The (size, SHA-256) of every file of a snapshot by path in it, once all of it is flushed to the disk."""
    def sealed(path: Path) -> tuple[int, str]:
        flush(path)
        return (path.stat().st_size, sha256(path)) if path.is_file() else (0, "")

    paths = sorted(folder.rglob("*"))
    with ThreadPoolExecutor() as threads:  # one waits for the disk while another counts
        rows = zip(paths, threads.map(sealed, paths), strict=True)
        return {path.relative_to(folder).as_posix(): row for path, row in rows
                if row[1] and path.suffix != ".lock" and path.name not in ("readers", "manifest.json")}


def copy_folder(source: Path, target: Path) -> None:
    """Copies a folder. A full disk is the OSError that it is: shutil.copytree gathers them in one without a number."""
    target.mkdir()
    for path in sorted(source.rglob("*")):
        beside = target / path.relative_to(source)
        beside.mkdir() if path.is_dir() else shutil.copyfile(path, beside)


def switch(index: Path, snapshot_id: str) -> None:
    """Makes CURRENT name a snapshot, in one step and for good, also when the power fails."""
    beside = index / "CURRENT.new"
    beside.write_text(snapshot_id + "\n", encoding="ascii")
    folders = (index / "snapshots" / snapshot_id, index / "snapshots", index)
    for path in (folders[0] / "manifest.json", beside, *folders):
        flush(path)
    os.replace(beside, index / "CURRENT")
    flush(index)


def roll_back(index: Path, *, wait: bool = False) -> Manifest:
    """The manifest of the snapshot before the current one, once CURRENT names it again.

    Raises IndexMissing when there is none before, IndexDamaged when it is not whole, IndexLocked as `writing`.
    """
    with writing(index, wait=wait):
        current = Manifest.read(index / "snapshots" / current_id(index))
        folder = index / "snapshots" / current.previous
        if not current.previous or not folder.is_dir():
            raise IndexMissing(
                f"{index} 里没有更早的快照可以退回。现在的仍在使用。",
                f"There is no earlier snapshot in {index} to return to; the current one stays.",
            )
        earlier = Manifest.read(folder)
        if broken := earlier.broken(folder, contents=True):
            raise _damaged(f"{folder} 里的 {'、'.join(broken)}", f"{', '.join(broken)} in {folder}")
        switch(index, earlier.id)
        return earlier


def remove_others(index: Path) -> None:
    """Removes every snapshot that nobody reads but the current one and the one before it.

    While the one that CURRENT names cannot be read, only half-made ones, which have no manifest, are removed.
    """
    folders = [path for path in (index / "snapshots").glob("*") if path.is_dir()]
    try:
        current = Manifest.read(index / "snapshots" / current_id(index))
        keep = {current.id, current.previous}
    except IndexMissing:
        keep = set()
    except IndexFault:
        keep = {folder.name for folder in folders if (folder / "manifest.json").exists()}
    for folder in folders:
        if folder.name in keep:
            continue
        with suppress(OSError):  # someone reads it, or it cannot be removed: the next refresh tries again
            _remove(folder)


@dataclass(frozen=True, slots=True)
class Writer:
    """The refresh that holds an index: its process id, since when, and how far it is."""

    pid: int
    since: str
    stage: str = ""
    done: int = 0
    total: int | None = None


@contextmanager
def writing(index: Path, *, wait: bool = False) -> Iterator[Callable[[str, int, int | None], None]]:
    """Holds the index for one writer; gives a function that notes how far it is, for `writer` to read.

    Raises IndexLocked, naming the holder, when another one holds it; with `wait`, waits for its end.
    """
    index.mkdir(parents=True, exist_ok=True)
    with open(index / "lock", "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            holder = writer(index)
            who = f"进程 {holder.pid}，自 {holder.since} 起" if holder else "另一个进程"
            by = f"process {holder.pid} since {holder.since}" if holder else "another process"
            raise IndexLocked(
                f"{index} 正在更新（{who}）。请等它结束，或用 assistant refresh --wait。",
                f"{index} is being refreshed (by {by}). Wait for its end, or run: assistant refresh --wait",
            ) from error
        state = Writer(os.getpid(), datetime.now().astimezone().isoformat(" ", "seconds"))

        def note(stage: str, done: int, total: int | None) -> None:
            lock.truncate(0)
            lock.write(json.dumps(asdict(replace(state, stage=stage, done=done, total=total))))
            lock.flush()

        note("", 0, None)
        try:
            yield note
        finally:
            lock.truncate(0)


def writer(index: Path) -> Writer | None:
    """The refresh that is at work on the index, or None. One that was killed is not at work."""
    try:
        state = Writer(**json.loads((index / "lock").read_text(encoding="utf-8")))
        os.kill(state.pid, 0)
    except PermissionError:
        return state  # another user's process
    except (FileNotFoundError, ProcessLookupError, ValueError, TypeError):
        return None
    return state


def flush(path: Path) -> None:
    """Has a file or folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _newest(index: Path, known: Snapshot | None) -> Snapshot:
    for _ in range(10):
        name = current_id(index)
        if known is not None and known.manifest.id == name:
            return known
        with suppress(FileNotFoundError, BlockingIOError):  # removed since CURRENT was read: it names another by now
            return Snapshot(index / "snapshots" / name)
    raise _damaged(f"{index / 'snapshots' / name / 'readers'}", f"{index / 'snapshots' / name / 'readers'}")


def _lease(folder: Path, kind: int = fcntl.LOCK_SH) -> int:
    """A descriptor with a lock, which keeps the folder from being removed. It goes with the process.

    Raises FileNotFoundError or BlockingIOError when the folder is gone or going, or (alone) is being read.
    """
    path = folder / "readers"
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        os.stat(path)  # the lock may be on a file that was removed before it was had
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _remove(folder: Path) -> None:
    lease = _lease(folder, fcntl.LOCK_EX) if (folder / "readers").exists() else None
    try:
        shutil.rmtree(folder)
    finally:
        if lease is not None:
            os.close(lease)


def _intact(path: Path, size: int, digest: str, contents: bool) -> bool:
    try:
        return path.stat().st_size == size and (not contents or sha256(path) == digest)
    except OSError:
        return False


def _damaged(chinese: str, english: str) -> IndexDamaged:
    return IndexDamaged(
        f"索引坏了：{chinese}。请运行 assistant verify 查看，或 assistant refresh --rebuild 重建。",
        f"The index is damaged: {english}. Run: assistant verify, or assistant refresh --rebuild",
    )
