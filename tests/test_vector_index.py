"""The vector index on real Chroma folders."""

from __future__ import annotations

import errno
import gc
import hashlib
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from chromadb.errors import InternalError

from assistant.errors import IndexDamaged
from assistant.index import vectors
from assistant.index.vectors import VectorIndex

EAST, NORTH, BETWEEN, NOTHING = np.array([[1, 0], [0, 1], [0.6, 0.8], [0, 0]], np.float32)


@pytest.fixture
def index(tmp_path: Path) -> VectorIndex:
    index = VectorIndex.create(tmp_path / "vectors", 2)
    index.upsert(["东@0", "北@0", "中@0", "零@0"], np.array([EAST, NORTH, BETWEEN, NOTHING]))
    return index


def names(hits: list[tuple[str, float]]) -> list[str]:
    return [name for name, _ in hits]


def clusters(count: int, dimension: int = 32) -> np.ndarray:
    """Unit vectors around forty centres, as the chunks of a newspaper lie."""
    random = np.random.default_rng(7)
    centres = random.normal(size=(40, dimension))
    vectors = centres[random.integers(0, 40, count)] + random.normal(size=(count, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file()}


def test_the_nearest_come_first_with_their_cosine(index: VectorIndex) -> None:
    hits = index.search(NORTH * 3, 3)
    assert names(hits) == ["北@0", "中@0"]
    assert [similarity for _, similarity in hits] == pytest.approx([1.0, 0.8], abs=1e-6)
    assert names(index.search(BETWEEN, 1)) == ["中@0"]


def test_nothing_is_found_by_or_for_zeros(index: VectorIndex) -> None:
    assert index.search(NOTHING, 5) == []
    assert "零@0" not in names(index.search(EAST, 10))
    assert index.ids() == {"东@0", "北@0", "中@0", "零@0"}


def test_a_vector_that_is_not_finite_is_refused(index: VectorIndex) -> None:
    assert index.search(np.array([np.nan, 1], np.float32), 5) == []
    for wrong in ([[np.nan, 0]], [[np.inf, 0]], [[1, 0, 0]], [[1, 0], [0, 1]]):
        with pytest.raises(ValueError, match="need 1 finite vectors of 2 numbers"):
            index.upsert(["新@0"], np.array(wrong, np.float32))
    assert index.count() == 4


def test_only_these_are_compared(index: VectorIndex) -> None:
    assert names(index.search(NORTH, 5, ["东@0", "中@0"])) == ["中@0"]
    assert index.search(NORTH, 5, []) == []
    with pytest.raises(IndexDamaged):
        index.search(NORTH, 5, ["没有@0"])


def test_vectors_come_in_the_order_asked_for(index: VectorIndex) -> None:
    assert index.vectors(["中@0", "零@0", "东@0"]) == pytest.approx(np.array([BETWEEN, NOTHING, EAST]))
    assert index.vectors([]).shape == (0, 2)
    with pytest.raises(IndexDamaged, match="没有@0"):
        index.vectors(["东@0", "没有@0"])


def test_upsert_replaces_and_delete_removes(index: VectorIndex) -> None:
    index.upsert(["东@0"], NORTH[np.newaxis])
    index.delete(["中@0", "没有@0"])
    assert index.count() == 3
    assert names(index.search(NORTH, 5)) == ["东@0", "北@0"]


def test_reading_a_sealed_index_changes_no_byte(index: VectorIndex, tmp_path: Path) -> None:
    index.seal()
    before = contents(tmp_path / "vectors")
    for _ in range(2):
        again = VectorIndex.open(tmp_path / "vectors", 2)
        assert names(again.search(EAST, 1)) == ["东@0"]
        again.close()
    assert contents(tmp_path / "vectors") == before
    again = VectorIndex.open(tmp_path / "vectors", 2)
    again.upsert(["新@0"], EAST[np.newaxis])
    again.seal()
    assert VectorIndex.open(tmp_path / "vectors", 2).count() == 5


def test_an_empty_index_is_an_index(tmp_path: Path) -> None:
    index = VectorIndex.create(tmp_path / "vectors", 2)
    index.upsert([], np.zeros((0, 2), np.float32))
    index.seal()
    index = VectorIndex.open(tmp_path / "vectors", 2)
    assert (index.count(), index.ids(), index.search(EAST, 3)) == (0, set(), [])


def test_two_readers_of_one_folder(index: VectorIndex, tmp_path: Path) -> None:
    index.seal()
    one, two = (VectorIndex.open(tmp_path / "vectors", 2) for _ in range(2))
    one.close()
    assert names(two.search(EAST, 1)) == ["东@0"]
    del one
    gc.collect()
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.extend(names(two.search(NORTH, 1))), daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == ["北@0"] * 8


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 100])
def test_a_damaged_database_is_named(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "vectors").mkdir()
    if content is not None:
        (tmp_path / "vectors" / "chroma.sqlite3").write_bytes(content)
    with pytest.raises(IndexDamaged, match="assistant refresh --rebuild"):
        VectorIndex.open(tmp_path / "vectors", 2)


def test_more_than_one_batch_is_compared_exactly(tmp_path: Path) -> None:
    """5,461 ids are the most Chroma takes in one call."""
    vectors = clusters(6000, 8)
    ids = [f"文{i}@0" for i in range(len(vectors))]
    index = VectorIndex.create(tmp_path / "vectors", 8)
    index.upsert(ids, vectors)
    assert index.ids() == set(ids)
    assert index.vectors(ids) == pytest.approx(vectors, abs=1e-6)
    far = np.argsort(vectors @ vectors[0])[:5900]
    expected = far[np.argsort(-(vectors[far] @ vectors[0]))][:20]
    assert names(index.search(vectors[0], 20, [ids[i] for i in far])) == [ids[i] for i in expected]
    index.delete(ids[:5990])
    assert index.count() == 10


@pytest.mark.slow
def test_ten_rebuilds_keep_recall(tmp_path: Path) -> None:
    vectors = clusters(5000)
    ids = [f"文{i}@0" for i in range(len(vectors))]
    exact = np.argsort(-(vectors[:100] @ vectors.T), axis=1)[:, :10]
    for round_ in range(10):
        index = VectorIndex.create(tmp_path / str(round_), 32)
        index.upsert(ids, vectors)
        found = [set(names(index.search(vector, 10))) for vector in vectors[:100]]
        assert np.mean([len(hits & {ids[i] for i in row}) / 10 for hits, row in zip(found, exact)]) >= 0.99
        index.close()


@pytest.mark.slow
def test_forty_thousand_ids(tmp_path: Path) -> None:
    """More than the 32,766 variables of one SQLite statement."""
    vectors = clusters(40_000, 4)
    ids = [f"文{i}@0" for i in range(len(vectors))]
    index = VectorIndex.create(tmp_path / "vectors", 4)
    index.upsert(ids, vectors)
    assert index.search(vectors[5], 3, ids)[0][1] == pytest.approx(1.0, abs=1e-5)
    assert len(index.vectors(ids)) == index.count() == 40_000
    index.delete(ids)
    assert index.count() == 0


@pytest.mark.parametrize("fuller", ["index", "temporary"])
def test_a_full_disk_is_named_by_the_folder_that_is_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fuller: str) -> None:
    """SQLite tells neither which of its files it could not write nor where."""
    for name in ("index", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("SQLITE_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(vectors.shutil, "disk_usage", lambda folder: SimpleNamespace(free=0 if Path(folder).name == fuller else 9))
    with pytest.raises(OSError) as caught, vectors.chroma_faults(tmp_path / "index"):
        raise InternalError("error returned from database: (code: 13) database or disk is full")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / fuller))


def test_a_thread_that_cannot_be_had_is_want_of_memory(tmp_path: Path) -> None:
    with pytest.raises(MemoryError), vectors.chroma_faults(tmp_path):
        raise InternalError("error communicating with database: Resource temporarily unavailable (os error 11)")
