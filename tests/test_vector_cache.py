"""The vector cache on real SQLite files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from assistant.index.chunking import text_hash
from assistant.index.vector_cache import VectorCache

ONE, TWO, NOTHING = (np.array(numbers, np.float32) for numbers in ([0.6, 0.8], [0, 1], [0, 0]))


@pytest.fixture
def cache(tmp_path: Path) -> VectorCache:
    cache = VectorCache(tmp_path / "vectors.db", "model", 2)
    cache.put({text_hash("一"): ONE, text_hash("二"): TWO, text_hash("·"): NOTHING})
    return cache


def test_vectors_come_back_in_half_precision(cache: VectorCache) -> None:
    known = cache.get([text_hash("一"), text_hash("·"), text_hash("三")])
    assert known.keys() == {text_hash("一"), text_hash("·")}
    assert known[text_hash("一")] == pytest.approx(ONE, abs=5e-4)
    assert not known[text_hash("·")].any() and known[text_hash("·")].dtype == np.float32


def test_each_model_has_its_own(cache: VectorCache, tmp_path: Path) -> None:
    other = VectorCache(tmp_path / "vectors.db", "other", 2)
    assert other.get([text_hash("一")]) == {}
    other.put({text_hash("一"): TWO})
    assert other.get([text_hash("一")])[text_hash("一")] == pytest.approx(TWO)
    assert cache.get([text_hash("一")])[text_hash("一")] == pytest.approx(ONE, abs=5e-4)


@pytest.mark.parametrize("vector", [[3, 4], [np.nan, 1], [0.1, 0.1], [0.6, 0.8, 0]])
def test_what_is_no_vector_of_the_model_is_not_known(cache: VectorCache, vector: list[float]) -> None:
    cache.put({text_hash("坏"): np.array(vector, np.float32)})
    assert cache.get([text_hash("坏")]) == {}


def test_a_vector_with_a_changed_bit_is_not_known(cache: VectorCache, tmp_path: Path) -> None:
    cache.close()
    database = sqlite3.connect(tmp_path / "vectors.db")
    [blob] = database.execute("SELECT vector FROM vectors WHERE text_hash = ?", (text_hash("一"),)).fetchone()
    database.execute("UPDATE vectors SET vector = ? WHERE text_hash = ?",
                     (bytes((blob[0], blob[1] ^ 0x80)) + blob[2:], text_hash("一")))  # the sign of its first number
    database.commit()
    known = VectorCache(tmp_path / "vectors.db", "model", 2).get([text_hash("一"), text_hash("二")])
    assert known.keys() == {text_hash("二")}


def test_only_what_is_needed_is_kept(cache: VectorCache, tmp_path: Path) -> None:
    cache.keep_only({"model": {text_hash("一")}, "other": {text_hash("二")}})
    assert cache.get([text_hash("一"), text_hash("二")]).keys() == {text_hash("一")}
    cache.put({text_hash(str(number)): ONE for number in range(5000)})
    large = (tmp_path / "vectors.db").stat().st_size + (tmp_path / "vectors.db-wal").stat().st_size
    cache.keep_only({})
    cache.close()
    assert (tmp_path / "vectors.db").stat().st_size < large / 10


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vectors.db").write_bytes(content)
    cache = VectorCache(tmp_path / "vectors.db", "model", 2)
    cache.put({text_hash("一"): ONE})
    assert len(cache.get([text_hash("一")])) == 1
    cache.close()
    assert sqlite3.connect(tmp_path / "vectors.db").execute("SELECT count(*) FROM vectors").fetchone() == (1,)


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="unable to open database file"):
        VectorCache(tmp_path / "none" / "vectors.db", "model", 2)
