"""An index on disk: a folder of finished snapshots, one of which CURRENT names (manifest.py tells what is in one).

    index/lock                       held by the one refresh that may write (locks.py)
    index/writer                     which one that is, and how far it is
    index/rolled_back                the id of the snapshot that --rollback left, until the corpus changes
    index/vectors.db                 the vector cache
    index/mentions.db                the cache of what texts name, where the archive is tagged

A snapshot is never changed once CURRENT has named it. Every reader holds a shared lock on its `readers`
file for as long as it uses it; who removes a snapshot must first get that lock alone. A part goes with the last
snapshot that has it, so a reader may keep it open from one snapshot to the next.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import IndexFault, IndexLocked, IndexMismatch, IndexMissing
from assistant.index.articles import ArticleStore
from assistant.index.locks import alone, lease
from assistant.index.manifest import Manifest, current_id, damaged, is_id, share, switch
from assistant.index.name_index import NameIndex
from assistant.index.served_vectors import ServedVectors
from assistant.index.vector_parts import PartedVectors, open_parts
from assistant.index.vectors import Vectors, import_chroma
from assistant.index.words import LexicalIndex
from assistant.language.aliases import Aliases, city_of
from assistant.schema import Coverage

if TYPE_CHECKING:
    from assistant.models.embedding import Embedding

LOOK_SECONDS = 0.2
"""How often a reader looks whether CURRENT has changed."""
_log = logging.getLogger(__name__)


class Snapshot:
    """An open snapshot: its manifest, and the articles, words, vectors and names.

    Keep a reference to it while you use its parts. Its files are freed when nobody refers to it any more,
    or at once by `close`.
    """

    def __init__(self, folder: Path, *, contents: bool = True, beside: Snapshot | None = None,
                 city: str = "") -> None:
        """Opens a snapshot's folder; without `contents` only the sizes of its files are compared beforehand.

        `city` is the newspaper's, "" for the one that its name tells.
        What it has in common with the one `beside`, which is open, is neither compared nor opened again.
        Raises FileNotFoundError or BlockingIOError when the folder is gone or going, IndexDamaged when a file
        is not as the manifest has it, IndexMismatch when the format is another version's, and IndexFault where
        a file may not be read.
        """
        self._lease = weakref.finalize(self, os.close, lease(folder))
        index, self._city = folder.parent.parent, city
        try:
            self.manifest = Manifest.read(folder)
            with ThreadPoolExecutor(1) as aside:
                known = beside.manifest if beside else None
                comparing = aside.submit(self.manifest.broken, index, contents=contents, known=known)
                if beside is None:
                    import_chroma()
            broken = comparing.result()
        except PermissionError as error:
            raise _not_permitted(error) from error
        if broken:
            raise damaged(f"{index} 里的 {'、'.join(broken)}", f"{', '.join(broken)} in {index}")
        self.articles = ArticleStore.open(*self.manifest.layers(index))
        self.words = LexicalIndex.open(folder / "words", self.articles.born())
        self.names = NameIndex.open(self.manifest.names(index), self.articles.names_told) if self.manifest.tagged else None
        """The people, places and bodies that the articles name; None where the archive is not tagged."""
        self.vectors: Vectors = open_vectors(index, self.manifest, self.articles, beside.vectors if beside else None)

    @cached_property
    def coverage(self) -> Coverage:
        """What the snapshot holds; counted once."""
        return self.articles.coverage()

    @cached_property
    def aliases(self) -> Aliases:
        """Which names mean one thing in its articles; the city is the one set, or guessed from the newspapers' names."""
        city = self._city or city_of(self.coverage.newspapers, lambda name: len(self.words.holding(name)))
        return Aliases.of((told for _, _, told in self.articles.names_told()), city)

    def holds(self, name: str) -> bool:
        """Whether any article holds every token of a name."""
        return bool(self.words.best_holding(name, 1))

    @cached_property
    def dates(self) -> dict[str, str]:
        """The date of each article by its id, newest first; read once."""
        return self.articles.dates()

    def close(self) -> None:
        """Frees the files; nobody may use the snapshot afterwards."""
        for part in (self.articles, self.words, self.names, self.vectors):
            if part is not None:
                part.close()
        self._lease()


def open_vectors(index: Path, manifest: Manifest, articles: ArticleStore, beside: Vectors | None = None) -> Vectors:
    """The vectors of a snapshot, wherever they lie. Raises ServerAway or IndexDamaged.

    The base of those `beside` is taken over where it is the same.
    """
    if manifest.server:
        return ServedVectors(manifest.server, manifest.collection, manifest.dimension, articles.chunk_hashes())
    folders = [index / "parts" / part for part in manifest.parts]
    spoken_for = [articles.spoken_for(layer) if layer else set() for layer in range(len(folders))]
    return open_parts(folders, spoken_for, manifest.dimension, beside if isinstance(beside, PartedVectors) else None)


class Index:
    """The index in a folder, for reading: by several threads, and while it is refreshed."""

    def __init__(self, path: Path, city: str = "") -> None:
        """`city` is the newspaper's, "" for the one that its name tells."""
        self.path, self.city = path, city
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._looked = 0.0
        self._refused = ""

    def current(self) -> Snapshot:
        """The snapshot that CURRENT names, opened anew within LOOK_SECONDS of its change.

        The snapshot before lives on for those who still use it. While one thread opens the new one, the
        others are given the old; and so is everybody when the new one cannot be opened, which the log tells.
        Raises IndexMissing, IndexMismatch or IndexDamaged, and IndexFault where it may not be read.
        """
        snapshot = self._snapshot
        if not self._lock.acquire(blocking=snapshot is None) and snapshot is not None:
            return snapshot
        try:
            if self._snapshot is None or time.monotonic() - self._looked > LOOK_SECONDS:
                self._snapshot = self._newest(self._snapshot)
                self._looked = time.monotonic()
            return self._snapshot
        finally:
            self._lock.release()

    def _newest(self, known: Snapshot | None) -> Snapshot:
        try:
            return _newest(self.path, known, self.city)
        except IndexMissing:
            raise
        except IndexFault as fault:
            if known is None or not known.manifest.folder(self.path).is_dir():
                raise
            if self._refused != fault.english:
                _log.warning("still answering from the snapshot %s: %s", known.manifest.id, fault)
                self._refused = fault.english
            return known


def check_model(snapshot: Snapshot, embedding: Embedding) -> None:
    """Raises IndexMismatch when the snapshot's vectors come from another model than `embedding`."""
    manifest = snapshot.manifest
    if manifest.fingerprint != embedding.fingerprint:
        raise IndexMismatch(
            f"索引是用模型 {manifest.embedding} 建的，现在设的是 {embedding.name}。请运行 assistant refresh，或改回原来的模型。",
            f"The index was made with the model {manifest.embedding}, but {embedding.name} is set. "
            "Run: assistant refresh, or set the former model again.",
        )


def roll_back(index: Path, *, wait: bool = False) -> Manifest:
    """The manifest of the snapshot before the current one, once CURRENT names it again.

    It holds until the corpus changes: `rolled_back` tells a refresh what it is not to make again.
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
        if broken := earlier.broken(index, contents=True):
            raise damaged(f"{index} 里的 {'、'.join(broken)}", f"{', '.join(broken)} in {index}")
        (index / "rolled_back").write_text(current.id + "\n", encoding="ascii")
        share(index / "rolled_back", index)
        switch(index, earlier.id)
        return earlier


def rolled_back(index: Path) -> Manifest | None:
    """The manifest of the snapshot that a rollback left, as long as it is there."""
    with suppress(OSError, IndexFault, UnicodeDecodeError):
        if is_id(name := (index / "rolled_back").read_text(encoding="ascii").strip()):
            return Manifest.read(index / "snapshots" / name)
    return None


def remove_others(index: Path, *, read: bool = False) -> None:
    """Removes every snapshot that nobody reads (with `read`, that somebody reads too) but those that are needed,
    and the parts that are in none that stays.

    Needed are the current one, the one before it, the one that a rollback left, and one that alone has the articles
    of files that cannot be read now. While the one that CURRENT names cannot be read, only half-made ones, which
    have no manifest, are removed.
    """
    folders = [path for path in (index / "snapshots").glob("*") if path.is_dir()]
    try:
        current = Manifest.read(index / "snapshots" / current_id(index))
        left = rolled_back(index)
        keep = {current.id, current.previous, current.kept, left.id if left else ""}
    except IndexMissing:
        keep = set()
    except IndexFault:
        keep = {folder.name for folder in folders if (folder / "manifest.json").exists()}
    for folder in folders:
        if folder.name not in keep:
            with suppress(OSError):  # someone reads it, or it cannot be removed: the next refresh tries again
                shutil.rmtree(folder) if read else _remove(folder)
    parts: set[str] = set()
    for path in (index / "snapshots").glob("*/manifest.json"):
        try:
            parts.update(Manifest.read(path.parent).parts)
        except IndexMismatch:
            continue  # the format of another version has no parts
        except (IndexFault, OSError):
            return  # nobody can tell which parts it needs
    for folder in (index / "parts").glob("*"):
        if folder.name not in parts:
            with suppress(OSError):
                shutil.rmtree(folder)


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
    with ExitStack() as held:
        try:
            held.enter_context(alone(index / "lock", wait=wait))
        except BlockingIOError as error:
            holder = writer(index)
            who = f"进程 {holder.pid}，自 {holder.since} 起" if holder else "另一个进程"
            by = f"process {holder.pid} since {holder.since}" if holder else "another process"
            raise IndexLocked(
                f"{index} 正在更新（{who}）。请等它结束，或用 assistant refresh --wait。",
                f"{index} is being refreshed (by {by}). Wait for its end, or run: assistant refresh --wait",
            ) from error
        told = held.enter_context(open(index / "writer", "w", encoding="utf-8"))
        for name in ("lock", "writer"):
            share(index / name, index)
        state = Writer(os.getpid(), datetime.now().astimezone().isoformat(" ", "seconds"))

        def note(stage: str, done: int, total: int | None) -> None:
            told.seek(0)
            told.truncate(0)
            told.write(json.dumps(asdict(replace(state, stage=stage, done=done, total=total))))
            told.flush()

        note("", 0, None)
        try:
            yield note
        finally:
            told.seek(0)
            told.truncate(0)


def writer(index: Path) -> Writer | None:
    """The refresh that is at work on the index, or None. One that was killed is not at work."""
    try:
        state = Writer(**json.loads((index / "writer").read_text(encoding="utf-8")))
        os.kill(state.pid, 0)
    except PermissionError:
        return state  # another user's process
    except (FileNotFoundError, ProcessLookupError, ValueError, TypeError):
        return None
    return state


def _newest(index: Path, known: Snapshot | None, city: str) -> Snapshot:
    for _ in range(10):
        try:
            name = current_id(index)
            if known is not None and known.manifest.id == name:
                return known
            with suppress(FileNotFoundError, BlockingIOError):  # removed since CURRENT was read: it names another by now
                return Snapshot(index / "snapshots" / name, beside=known, city=city)
        except PermissionError as error:
            raise _not_permitted(error) from error
    raise damaged(f"{index / 'snapshots' / name / 'readers'}", f"{index / 'snapshots' / name / 'readers'}")


def _not_permitted(error: PermissionError) -> IndexFault:
    place = error.filename
    return IndexFault(
        f"没有读取索引里 {place} 的权限。请让建索引的人运行 chmod -R g+rX 索引文件夹，或用同一个用户更新和问答。",
        f"No permission to read {place} of the index. Have its owner run chmod -R g+rX on the index folder, or refresh "
        "and ask as the same user.",
    )


def _remove(folder: Path) -> None:
    held = lease(folder, alone=True) if (folder / "readers").exists() else None
    try:
        shutil.rmtree(folder)
    finally:
        if held is not None:
            os.close(held)
