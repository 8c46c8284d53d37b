"""Whether a snapshot is whole: manifest against stores, every chunk in words and vectors, vectors that are found.

Opening damaged vector files can end the process (STACK), so the checks run in a child of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import AssistantError
from assistant.index.snapshot import Manifest, Snapshot, current_id
from assistant.index.vectors import BATCH, Vectors

LISTED = 10
"""Chunks that are named of one kind of fault."""
NEAREST = 10
SAMPLE = 50
"""Chunks that are looked for by their own vectors, spread evenly over the index."""
RECALL = 0.95
"""What the approximate search must find of the ten nearest chunks of the sample; a sound index has 0.99."""
NEAR = 1e-3
"""Similarities this close are the same: the vectors are kept in half precision."""
CHILD = "import chromadb, tantivy; from assistant.index.verification import main; main()"
"""It imports the stores first, which takes a second, while the parent may still be making what is to be checked."""
CHILD_SECONDS = 900
MANY = 20_000
"""From this many chunks on, a refresh starts the child early, so that it imports what it needs meanwhile."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What the current snapshot is made of, and what is wrong with it: nothing, when `faults` is empty.

    `recall` is the share of the ten nearest chunks that the approximate search finds; None when it could not
    be measured. `size` is the whole index in bytes, with the cache and the snapshot before.
    """

    manifest: Manifest
    faults: tuple[str, ...]
    recall: float | None
    size: int


def verify(index: Path) -> Verification:
    """A full check of the index's current snapshot.

    Raises IndexMissing, IndexDamaged or IndexMismatch when there is none whose manifest can be read.
    """
    folder = index / "snapshots" / current_id(index)
    manifest = Manifest.read(folder)
    faults, recall = examine(folder, deep=True)
    size = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    return Verification(manifest, faults, recall, size)


@contextmanager
def waiting_child() -> Iterator[subprocess.Popen[str]]:
    """A process that waits for a folder to examine; it ends with this one."""
    child = subprocess.Popen([sys.executable, "-c", CHILD], cwd=Path(__file__).resolve().parents[2], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def examine(folder: Path, *, deep: bool, child: subprocess.Popen[str] | None = None,
            ) -> tuple[tuple[str, ...], float | None]:
    """(faults, recall) of a snapshot's folder, found by a child process that may die of it: `child` if it waits.

    Without `deep` only the sample's vectors are read, and recall is None.
    """
    with waiting_child() if child is None else nullcontext(child) as child:
        try:
            out, errors = child.communicate(json.dumps([str(folder.absolute()), deep]), CHILD_SECONDS)
            report = json.loads(out)
            return tuple(report["faults"]), report["recall"]
        except subprocess.TimeoutExpired:
            return (f"检查 {folder} 超过 {CHILD_SECONDS} 秒 / the check did not end in {CHILD_SECONDS} s",), None
        except ValueError:
            last = (errors.strip().splitlines() or [""])[-1]
            return (f"打开 {folder} 使进程中断（{child.returncode}）/ opening it ended the process: {last}",), None


def examine_here(folder: Path, deep: bool) -> tuple[list[str], float | None]:
    """What `examine` returns, found in this process. Without `deep` the files' bytes are taken for the manifest's."""
    with closing(Snapshot(folder, contents=deep)) as snapshot:
        expected = snapshot.articles.chunk_ids()
        faults = _differences(snapshot, expected)
        if deep:
            empty = (article.id for article in snapshot.articles.articles()
                     if article.text.strip() and not snapshot.articles.chunks_of(article))
            faults += [f"文章 {article_id} 没有段落 / the article has no chunks" for article_id in empty]
        if faults or not expected:
            return faults, None
        ids = sorted(expected)
        sample = ids[::max(1, len(ids) // SAMPLE)]
        vectors = snapshot.vectors.vectors(sample)
        found = [np.array([similarity for _, similarity in snapshot.vectors.search(vector, NEAREST)])
                 for vector in vectors]
        faults = [f"{chunk_id} 用它自己的向量找不到 / is not found by its own vector"
                  for chunk_id, vector, similarities in zip(sample, vectors, found, strict=True)
                  if vector.any() and (not len(similarities) or similarities[0] < 1 - NEAR)]
        return _recall(snapshot.vectors, ids, vectors, found, faults) if deep else (faults, None)


def _differences(snapshot: Snapshot, expected: set[str]) -> list[str]:
    """Where the manifest, the words and the vectors do not agree with the articles."""
    faults = []
    for name, there, listed in (("articles", snapshot.articles.article_count(), snapshot.manifest.articles),
                                ("chunks", len(expected), snapshot.manifest.chunks)):
        if there != listed:
            faults.append(f"{name}: {there}，清单写的是 {listed} / {there}, but the manifest says {listed}")
    for name, there in (("words", snapshot.words.chunk_ids()), ("vectors", snapshot.vectors.ids())):
        faults += [f"{name}: {chunk_id} 缺失 / is missing" for chunk_id in sorted(expected - there)[:LISTED]]
        faults += [f"{name}: {chunk_id} 多余 / does not belong" for chunk_id in sorted(there - expected)[:LISTED]]
    return faults


def _recall(index: Vectors, ids: list[str], sample: np.ndarray, found: list[np.ndarray],
            faults: list[str]) -> tuple[list[str], float | None]:
    """The faults with those of all vectors, and which share of the sample's nearest `found` holds.

    Found is what is as near as the last of the exact NEAREST: equal texts have equal vectors.
    """
    exact = np.zeros((len(sample), 0), np.float32)
    for start in range(0, len(ids), BATCH):
        batch = index.vectors(ids[start:start + BATCH])
        if not np.isfinite(batch).all():
            return [*faults, "有向量不是有限数 / some vectors are not finite"], None
        exact = np.sort(np.hstack([exact, sample @ batch.T]), axis=1)[:, -NEAREST:]
    nearest = [best[best > 0] for best in exact]
    hits = sum(int(np.sum(there >= best[0] - NEAR)) for best, there in zip(nearest, found, strict=True) if len(best))
    recall = min(1.0, hits / max(1, sum(map(len, nearest))))
    if recall < RECALL:
        faults = [*faults, f"近似检索只找到最近段落的 {recall:.0%} / approximate search finds only that share"]
    return faults, recall


def main() -> None:
    """Prints the report on the folder that standard input names once it is ready, as JSON; none when it ends."""
    if not (request := sys.stdin.read()):
        return
    folder, deep = json.loads(request)
    try:
        faults, recall = examine_here(Path(folder), deep)
    except AssistantError as error:
        faults, recall = [f"{error.chinese} / {error.english}"], None
    print(json.dumps({"faults": faults, "recall": recall}))
