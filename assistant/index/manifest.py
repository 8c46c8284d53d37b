"""What a snapshot is made of, and the folders it lies in.

    index/CURRENT                    the id of the snapshot that answers
    index/snapshots/<id>/            manifest.json, words/, and `readers`
    index/parts/<id>/                articles.db, vectors/ or vectors.npz, names.db: what one refresh wrote

A snapshot is a short list of parts. None of them changes once it is made; later snapshots go on with the same
parts and a small one of their own, which says what it replaces or deletes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.errors import IndexDamaged, IndexFault, IndexMismatch, IndexMissing

FORMAT = 4
"""Changes whenever an index's files or the reading of the corpus change, so that an index is made anew."""

NAMES = "names.db"
"""The file of a part that has the names, where the archive is tagged."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot is made of.

    `parts` gives the chunks of each part, lowest first: the first is the base, and each speaks for some articles in
    place of those below it. `files` gives (size in bytes, SHA-256) of each of its files by path in the index.

    `previous` is the id of the snapshot before, or "". `kept` is that of one before a part of the corpus could not
    be read, whose articles are in it only. `number` counts the refreshes; `tombstones` counts the chunks that were
    replaced or deleted since the index was made afresh: they still take up room and time in it. Where a Chroma
    server holds the vectors, `server` is its address and `collection` their place on it; both are "" where the
    parts do. `tagged` is what found the names in the articles, "" where the archive is not tagged.
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
    number: int
    tombstones: int
    parts: dict[str, int]
    files: dict[str, tuple[int, str]]
    format: int = FORMAT
    server: str = ""
    collection: str = ""
    kept: str = ""
    tagged: str = ""

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in a snapshot's folder.

        Raises IndexDamaged, IndexMismatch for another format, and PermissionError.
        """
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
        except PermissionError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise damaged(f"{folder / 'manifest.json'}（{error}）", f"{folder / 'manifest.json'} ({error})") from error

    def write(self, folder: Path) -> None:
        """Puts the manifest into a snapshot's folder."""
        text = json.dumps(asdict(self), indent=1)
        (folder / "manifest.json").write_text(text, encoding="utf-8")

    def folder(self, index: Path) -> Path:
        """The snapshot's folder in the index."""
        return index / "snapshots" / self.id

    def layers(self, index: Path) -> list[Path]:
        """The articles of its parts, lowest first."""
        return [index / "parts" / part / "articles.db" for part in self.parts]

    def names(self, index: Path) -> list[Path]:
        """The names in its parts, lowest first; they are there where it is `tagged`."""
        return [index / "parts" / part / NAMES for part in self.parts]

    def broken(self, index: Path, *, contents: bool, known: Manifest | None = None) -> list[str]:
        """The files that are missing or of another size than they were; with `contents`, or of other bytes.

        What another snapshot has too, whose bytes are `known` to be right, is not read again.
        Raises PermissionError.
        """
        def intact(name: str) -> bool:
            size, digest = self.files[name]
            return _intact(index / name, size, digest, contents and not (known and _same(index, self, known, name)))

        with ThreadPoolExecutor() as threads:
            return [name for name, well in zip(self.files, threads.map(intact, self.files), strict=True) if not well]


def seal(index: Path, manifest: Manifest, before: Manifest | None) -> dict[str, tuple[int, str]]:
    """The (size, SHA-256) of every file of a snapshot by path in the index, once all of it is flushed to the disk.

    What the snapshot before has too is taken from there. Every file and folder is made as open to others as the
    index's own folder is.
    """
    def sealed(path: Path) -> tuple[int, str]:
        name = path.relative_to(index).as_posix()
        if before and _same(index, manifest, before, name):
            return before.files[_beside(manifest, before, name)]
        share(path, index)
        flush(path)
        return (path.stat().st_size, sha256(path)) if path.is_file() else (0, "")

    folders = [manifest.folder(index), *(index / "parts" / part for part in manifest.parts)]
    paths = [path for folder in folders for path in (folder, *sorted(folder.rglob("*")))]
    with ThreadPoolExecutor() as threads:  # one waits for the disk while another counts
        rows = zip(paths, threads.map(sealed, paths), strict=True)
        return {path.relative_to(index).as_posix(): row for path, row in rows
                if row[1] and path.suffix != ".lock" and path.name not in ("readers", "manifest.json")}


def share(path: Path, index: Path) -> None:
    """Lets read, and write, a file or folder whoever may the index's folder, also where another user made it."""
    like = index.stat()
    if path.is_symlink():
        return
    with suppress(PermissionError):  # it is another user's, who has seen to this himself
        os.chmod(path, like.st_mode & (0o777 if path.is_dir() else 0o666))
        if os.geteuid() == 0:
            os.chown(path, like.st_uid, like.st_gid, follow_symlinks=False)


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
        raise damaged(f"{index / 'CURRENT'}（{error}）", f"{index / 'CURRENT'} ({error})") from error
    if not is_id(name):
        raise damaged(f"{index / 'CURRENT'}", f"{index / 'CURRENT'}")
    return name


def is_id(name: str) -> bool:
    """Whether that can be the id of a snapshot or a part."""
    return re.fullmatch(r"\d{8}T\d{12}Z", name) is not None


def new_id() -> str:
    """An id for what is made now; ids sort by time."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def recorded_corpus(index: Path) -> str | None:
    """The corpus folder that the current snapshot was made from, whatever its format; None where unknown.

    Where that cannot be read, the newest snapshot tells that can.
    """
    return next((str(row["corpus"]) for row in _recorded(index)), None)


def recorded_tagging(index: Path) -> bool:
    """Whether the archive was tagged, by the same snapshot."""
    return next((bool(row.get("tagged")) for row in _recorded(index)), False)


def _recorded(index: Path) -> Iterator[dict[str, Any]]:
    """The manifests that tell of their corpus, that of the current snapshot first, then the newest."""
    names = sorted((path.name for path in (index / "snapshots").glob("*")), reverse=True)
    with suppress(IndexFault):
        names.insert(0, current_id(index))
    for name in names:
        with suppress(OSError, ValueError, KeyError, TypeError):
            row = json.loads((index / "snapshots" / name / "manifest.json").read_text(encoding="utf-8"))
            if row["corpus"]:
                yield row


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def switch(index: Path, snapshot_id: str) -> None:
    """Makes CURRENT name a snapshot, in one step and for good, also when the power fails."""
    beside = index / "CURRENT.new"
    beside.write_text(snapshot_id + "\n", encoding="ascii")
    share(beside, index)
    folders = (index / "snapshots" / snapshot_id, index / "snapshots", index / "parts", index)
    for path in (folders[0] / "manifest.json", beside, *folders):
        share(path, index)
        flush(path)
    os.replace(beside, index / "CURRENT")
    flush(index)


def flush(path: Path) -> None:
    """Has a file or folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def damaged(chinese: str, english: str) -> IndexDamaged:
    """The fault of an index of which these files are not what they were."""
    return IndexDamaged(
        f"索引坏了：{chinese}。请运行 assistant verify 查看，或 assistant refresh --rebuild 重建。",
        f"The index is damaged: {english}. Run: assistant verify, or assistant refresh --rebuild",
    )


def _intact(path: Path, size: int, digest: str, contents: bool) -> bool:
    try:
        return path.stat().st_size == size and (not contents or sha256(path) == digest)
    except PermissionError:
        raise
    except OSError:
        return False


def _same(index: Path, one: Manifest, other: Manifest, name: str) -> bool:
    """Whether a file of the one snapshot is the very file that the other has."""
    beside = _beside(one, other, name)
    if beside not in other.files or (name in one.files and one.files[name] != other.files[beside]):
        return False
    try:
        return os.path.samefile(index / name, index / beside)
    except OSError:
        return False


def _beside(one: Manifest, other: Manifest, name: str) -> str:
    """The path of a file of the one snapshot in the other."""
    return name.replace(f"snapshots/{one.id}/", f"snapshots/{other.id}/")
