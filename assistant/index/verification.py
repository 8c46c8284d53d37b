"""Whether a snapshot is whole: manifest against stores, every chunk in words and vectors, vectors that are found.

Opening damaged vector files can end the process, so the checks run in a child of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import AssistantError
from assistant.index.articles import ArticleStore
from assistant.index.manifest import Manifest, current_id
from assistant.index.name_index import NameIndex
from assistant.index.snapshot import Snapshot
from assistant.index.vector_parts import read_beside
from assistant.index.vectors import BATCH, NEAR, SAMPLE, Vectors
from assistant.index.words import LexicalIndex

LISTED = 10
"""Chunks that are named of one kind of fault."""
NEAREST = 10
RECALL = 0.95
"""What the approximate search must find of the ten nearest chunks of the sample; a sound index has 0.99."""
CHILD = "import chromadb, tantivy; from assistant.index.verification import main; main()"
"""It imports the stores first."""
CHILD_SECONDS = 900


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


def examine(folder: Path, *, deep: bool) -> tuple[tuple[str, ...], float | None]:
    """(faults, recall) of a snapshot's folder, found by a child process that may die of it.

    Without `deep` only the sample's vectors are read, and recall is None.
    """
    child = subprocess.Popen([sys.executable, "-c", CHILD], cwd=Path(__file__).resolve().parents[2], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, errors = child.communicate(json.dumps([str(folder.absolute()), deep]), CHILD_SECONDS)
        report = json.loads(out)
        return tuple(report["faults"]), report["recall"]
    except subprocess.TimeoutExpired:
        return (f"检查 {folder} 超过 {CHILD_SECONDS} 秒 / the check did not end in {CHILD_SECONDS} s",), None
    except ValueError:
        last = (errors.strip().splitlines() or [""])[-1]
        return (f"打开 {folder} 使进程中断（{child.returncode}）/ opening it ended the process: {last}",), None
    finally:
        child.kill()
        child.communicate()


def examine_part(folder: Path) -> tuple[str, ...]:
    """The faults of the newest part of a snapshot, without a look at the parts that it has from the one before."""
    index, manifest = folder.parent.parent, Manifest.read(folder)
    part = list(manifest.parts)[-1]
    with (closing(ArticleStore.open(*manifest.layers(index))) as store,
          closing(LexicalIndex.open(folder / "words", store.born())) as words):
        faults = [f"{name}: {there}，清单写的是 {listed} / {there}, but the manifest says {listed}"
                  for name, there, listed in (("articles", store.article_count(), manifest.articles),
                                              ("chunks", store.chunk_count(), manifest.chunks),
                                              ("words", words.count(), manifest.chunks)) if there != listed]
        if manifest.tagged:
            with closing(NameIndex.open(manifest.names(index))) as names:
                faults += _untagged(store, names)
        expected = set(store.chunk_hashes(store.spoken_for(len(manifest.parts) - 1)))
        faults += [f"words: {chunk_id} 缺失 / is missing" for chunk_id in sorted(expected) if not words.has(chunk_id)]
        if not manifest.server:
            ids, vectors = read_beside(index / "parts" / part, manifest.dimension)
            lengths = np.linalg.norm(vectors, axis=1)
            faults += [f"vectors: {chunk_id} 缺失 / is missing" for chunk_id in sorted(expected - set(ids))]
            faults += [f"vectors: {name} 不是单位向量 / is no unit vector" for name, length in zip(ids, lengths)
                       if length and abs(length - 1) > 10 * NEAR]
        return tuple(faults[:LISTED])


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
        for chunk_id, vector, similarities in zip(sample, vectors, found, strict=True):
            if vector.any() and not (len(similarities) and similarities[0] > 1 - NEAR):
                # the search is approximate: one that it misses is a fault only when it is not there either
                there = snapshot.vectors.search(vector, 1, [chunk_id])
                if not (there and there[0][1] > 1 - NEAR):
                    faults.append(f"{chunk_id} 用它自己的向量找不到 / is not found by its own vector")
        return _recall(snapshot.vectors, ids, vectors, found, faults) if deep else (faults, None)


def _differences(snapshot: Snapshot, expected: set[str]) -> list[str]:
    """Where the manifest, the words and the vectors do not agree with the articles."""
    faults = []
    for name, there, listed in (("articles", snapshot.articles.article_count(), snapshot.manifest.articles),
                                ("chunks", len(expected), snapshot.manifest.chunks)):
        if there != listed:
            faults.append(f"{name}: {there}，清单写的是 {listed} / {there}, but the manifest says {listed}")
    for name, held in (("words", snapshot.words.chunk_ids()), ("vectors", snapshot.vectors.ids())):
        faults += [f"{name}: {chunk_id} 缺失 / is missing" for chunk_id in sorted(expected - held)[:LISTED]]
        faults += [f"{name}: {chunk_id} 多余 / does not belong" for chunk_id in sorted(held - expected)[:LISTED]]
    return faults + _untagged(snapshot.articles, snapshot.names)


def _untagged(articles: ArticleStore, names: NameIndex | None) -> list[str]:
    """Where the names do not agree with the articles."""
    differing = articles.ids() ^ names.article_ids() if names else set()
    return [f"names: {article_id} 与文章不符 / is not as in the articles" for article_id in sorted(differing)[:LISTED]]


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
    """Prints the report on the folder that standard input names, as JSON."""
    folder, deep = json.loads(sys.stdin.read())
    try:
        faults, recall = examine_here(Path(folder), deep)
    except AssistantError as error:
        faults, recall = [f"{error.chinese} / {error.english}"], None
    print(json.dumps({"faults": faults, "recall": recall}))
