"""Embedding on a real Ray with two workers, beside the embedding in this process."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from bigram_embedding import BigramEmbedding
from click.testing import CliRunner

from assistant.cli import main
from assistant.errors import EmbeddingError
from assistant.index import refresh as refreshing
from assistant.index import verification
from assistant.index.ray_engine import RayEngine
from assistant.index.refresh import refresh
from assistant.index.snapshot import Snapshot, current_id
from assistant.models.embedding import load_embedding

SAMPLE = Path(__file__).parent.parent / "corpus"
with_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed: .[ray]")


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(7):
        (folder / f"文{number}.md").write_text(f"某市第{number % 5}条街道供水改造完成。", encoding="utf-8")
    return folder


def contents(index: Path) -> dict[str, list[float]]:
    """The vector of every chunk."""
    snapshot = Snapshot(index / "snapshots" / current_id(index))
    try:
        ids = sorted(snapshot.vectors.ids())
        return dict(zip(ids, snapshot.vectors.vectors(ids).tolist(), strict=True))
    finally:
        snapshot.close()


class Backwards:
    """An engine that gives the vectors singly and from the end; `given` keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, texts: Mapping[bytes, str]) -> Iterator[dict[bytes, np.ndarray]]:
        self.given += texts.values()
        for digest, text in reversed(texts.items()):
            yield {digest: BigramEmbedding().encode([text])[0]}


def test_an_engine_embeds_what_the_cache_has_not(corpus: Path, tmp_path: Path) -> None:
    engine, unused = Backwards(), BigramEmbedding(breaks_after=0)
    summary = refresh(corpus, tmp_path / "index", unused, engine=engine)
    assert (summary.embedded, len(engine.given), len(set(engine.given))) == (5, 5, 5), "equal texts once"
    refresh(corpus, tmp_path / "local", BigramEmbedding())
    assert contents(tmp_path / "index") == contents(tmp_path / "local")
    (corpus / "文1.md").write_text("公交线路调整。", encoding="utf-8")
    assert refresh(None, tmp_path / "index", unused, engine=engine).embedded == 1
    assert engine.given[5:] == ["公交线路调整。"]
    refresh(None, tmp_path / "index", unused, engine=engine)
    assert len(engine.given) == 6


def test_what_an_engine_left_out_is_embedded_here(corpus: Path, tmp_path: Path) -> None:
    embedding = BigramEmbedding()
    assert refresh(corpus, tmp_path / "index", embedding, engine=lambda texts: iter(())).embedded == 5
    assert len(embedding.seen) == 5


def test_without_ray_it_says_how_to_get_it(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = CliRunner().invoke(main, ["refresh", "--engine", "ray", "--corpus", str(corpus),
                                     "--index", str(tmp_path / "i")])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        '--engine ray 需要 Ray。请先安装：pip install "newspaper-assistant[ray]"',
        'Ray is not installed, which --engine ray needs. Run: pip install "newspaper-assistant[ray]"']


@pytest.fixture(scope="module")
def two_workers() -> Iterator[None]:
    """A Ray on this machine for two workers."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patched.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        ray = pytest.importorskip("ray")
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield
        ray.shutdown()


@with_ray
@pytest.mark.slow
def test_two_workers_make_the_same_index(two_workers: None, tmp_path: Path) -> None:
    embedding = load_embedding()
    engine = RayEngine(load_embedding, embedding.fingerprint)
    on_ray = refresh(SAMPLE, tmp_path / "ray", embedding, engine=engine)
    local = refresh(SAMPLE, tmp_path / "local", embedding)
    assert on_ray.embedded == local.embedded > 20
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


@with_ray
@pytest.mark.slow
def test_more_than_one_batch_comes_back_whole(two_workers: None) -> None:
    embedding = load_embedding()
    texts = {n.to_bytes(32): f"某市第{n}条街道供水改造完成。" for n in range(1500)}
    found = {digest: vector for some in RayEngine(load_embedding, embedding.fingerprint)(texts)
             for digest, vector in some.items()}
    assert found.keys() == texts.keys()
    assert np.array_equal(np.stack([found[digest] for digest in texts]), embedding.encode(list(texts.values())))


@with_ray
@pytest.mark.slow
def test_a_worker_with_another_model_is_refused(two_workers: None) -> None:
    with pytest.raises(EmbeddingError, match="the model news-static on this machine is another one"):
        list(RayEngine(load_embedding, "another")({b"1": "供水"}))


ALONE = """
from assistant.models.embedding import load_embedding
from assistant.index.ray_engine import RayEngine
vectors = RayEngine(load_embedding, load_embedding().fingerprint)({b"1": "供水"})
print(len(next(vectors)))
import ray
print(*(node["NodeManagerAddress"] for node in ray.nodes()))
vectors.close()
print(ray.is_initialized())
"""


@with_ray
@pytest.mark.slow
def test_it_starts_a_ray_that_only_this_machine_reaches_and_ends_it() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, cwd=SAMPLE.parent)
    assert done.stdout.splitlines() == ["1", "127.0.0.1", "False"], done.stderr


@with_ray
@pytest.mark.slow
def test_from_the_command_line(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "assistant", "refresh", "--engine", "ray", "--corpus", SAMPLE,
                           "--index", tmp_path / "i"], capture_output=True, text=True)
    assert done.returncode == 0 and "新增 added" in done.stdout, done.stderr
    assert len(contents(tmp_path / "i")) > 20
