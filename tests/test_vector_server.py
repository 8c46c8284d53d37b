"""The vectors on a real Chroma server, started on this machine in a temporary folder."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from bigram_embedding import BigramEmbedding
from click.testing import CliRunner

from assistant.cli import main
from assistant.errors import IndexDamaged, ServerAway
from assistant.index import building, vector_place, verification
from assistant.index import refresh as refreshing
from assistant.index import snapshot as snapshots
from assistant.index.chunking import text_hash
from assistant.index.refresh import refresh
from assistant.index.served_vectors import ServedVectors, exposed
from assistant.index.snapshot import Index, Manifest, Snapshot, current_id, roll_back
from assistant.retrieval import HybridRetriever

EAST, NORTH, BETWEEN = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
WATER = "某市第{n}条街道供水改造完成。"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server that runs while the tests of this file do."""
    command, port = Path(sys.executable).with_name("chroma"), free_port()
    folder = tmp_path_factory.mktemp("server")
    with open(folder / "log", "wb") as log:
        try:
            process = subprocess.Popen([command, "run", "--path", folder / "data", "--host", "127.0.0.1",
                                        "--port", str(port)], stdout=log, stderr=log)
        except OSError as error:
            pytest.skip(f"no chroma command: {error}")
    for _ in range(1200):
        if process.poll() is not None:
            pytest.fail((folder / "log").read_text(errors="replace")[-2000:])
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        time.sleep(0.1)
    else:
        process.kill()
        pytest.fail("chroma run did not start within two minutes")
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers look at once, snapshots are checked in this process, and a deletion is one: nothing is made afresh."""
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)
    monkeypatch.setattr(building, "SMALL", 0)
    monkeypatch.setattr(building, "TOMBSTONES", float("inf"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(4):
        (folder / f"文{number}.md").write_text(WATER.format(n=number), encoding="utf-8")
    return folder


@pytest.fixture
def index(corpus: Path, tmp_path: Path, server: str) -> Path:
    refresh(corpus, tmp_path / "index", BigramEmbedding(), server=server)
    return tmp_path / "index"


def client(server: str):
    import chromadb

    return chromadb.HttpClient(server, settings=chromadb.Settings(anonymized_telemetry=False))


def on_server(server: str, index: Path) -> dict[str, set[str]]:
    """The ids in each of an index's collections on the server."""
    identity = (index / "identity").read_text(encoding="ascii").strip()
    with closing(client(server)) as chroma:
        return {found.name: set(found.get(include=[])["ids"]) for found in chroma.list_collections()
                if found.name.startswith(f"newspaper-{identity}-")}


def manifest(index: Path) -> Manifest:
    return Manifest.read(index / "snapshots" / current_id(index))


def hashes(*texts: str) -> set[str]:
    return {text_hash(text).hex() for text in texts}


def faults(index: Path) -> list[str]:
    return verification.examine_here(index / "snapshots" / current_id(index), True)[0]


def found(reader: Index, question: str) -> list[str]:
    """The ids of the articles that a reader finds, best first."""
    passages = HybridRetriever(index=reader, embedding=BigramEmbedding()).passages(question)
    return [passage.article.id for passage in passages if passage.score > 0]


# ---- the store


@pytest.fixture
def vectors(server: str) -> Iterator[ServedVectors]:
    names = {"东@0": b"e", "北@0": b"n", "又北@0": b"n", "中@0": b"b"}
    store = ServedVectors.create(server, f"test-{time.time_ns()}", 2, names)
    store.upsert(["东@0", "北@0", "又北@0", "中@0"], np.array([EAST, NORTH, NORTH, BETWEEN]))
    with closing(store):
        yield store


def test_it_answers_as_a_folder_does(vectors: ServedVectors) -> None:
    hits = vectors.search(NORTH * 3, 3)
    assert hits == [("北@0", pytest.approx(1.0)), ("又北@0", pytest.approx(1.0)), ("中@0", pytest.approx(0.8))]
    assert vectors.search(NORTH, 5, ["东@0", "又北@0", "中@0"]) == [("又北@0", pytest.approx(1.0)),
                                                                 ("中@0", pytest.approx(0.8))]
    assert vectors.search(NORTH, 5, []) == vectors.search(EAST * 0, 5) == []
    assert vectors.vectors(["中@0", "又北@0", "北@0"]) == pytest.approx(np.array([BETWEEN, NORTH, NORTH]))
    assert vectors.ids() == {"东@0", "北@0", "又北@0", "中@0"} and vectors.count() == 4


def test_a_text_that_another_chunk_has_is_not_deleted(vectors: ServedVectors) -> None:
    vectors.delete(["北@0", "没有@0"])
    assert vectors.ids() == {"东@0", "北@0", "又北@0", "中@0"}
    vectors.delete(["北@0", "又北@0"])
    assert vectors.ids() == {"东@0", "中@0"}
    with pytest.raises(IndexDamaged, match="no vector of 2 numbers"):
        vectors.vectors(["北@0"])


def test_what_others_put_there_is_not_found_and_takes_no_place(server: str) -> None:
    collection = f"test-{time.time_ns()}"
    near = np.array([[0.1 + n / 1000, 1] for n in range(40)], np.float32)
    others = {f"他@{n}": bytes([n]) for n in range(40)}
    with closing(ServedVectors.create(server, collection, 2, others)) as other:
        other.upsert(list(others), near)
        with closing(ServedVectors(server, collection, 2, {"东@0": b"east"})) as mine:
            mine.upsert(["东@0"], np.array([[1, 0.1]], np.float32))
            assert [name for name, _ in mine.search(NORTH, 3)] == ["东@0"]
            assert mine.ids() == {"东@0"}
        assert len(other.search(NORTH, 50)) == 40


# ---- an index on it


def test_a_refresh_and_what_it_finds(index: Path, server: str, tmp_path: Path) -> None:
    """The vectors are on the server under their texts' hashes; the snapshot has none."""
    assert not (index / "snapshots" / current_id(index) / "vectors").exists()
    assert manifest(index).server == server
    assert on_server(server, index) == {manifest(index).collection: hashes(*(WATER.format(n=n) for n in range(4)))}
    assert found(Index(index), "第2条街道供水")[0] == "文2.md"
    local = tmp_path / "local"
    refresh(tmp_path / "corpus", local, BigramEmbedding())
    assert found(Index(index), "第2条街道供水") == found(Index(local), "第2条街道供水")
    assert verification.examine(index / "snapshots" / current_id(index), deep=True) == ((), 1.0)


def test_nothing_changed_makes_nothing(index: Path, server: str) -> None:
    before, embedding = current_id(index), BigramEmbedding()
    assert refresh(None, index, embedding, server=server).snapshot == before
    assert embedding.seen == [] and [path.name for path in (index / "snapshots").iterdir()] == [before]


def test_a_change_and_a_deletion_while_others_read(index: Path, corpus: Path, server: str) -> None:
    """Two readers keep finding all of the old snapshot until they look again, then all of the new one."""
    one, two = Index(index), Index(index)
    old = one.current()
    collection = manifest(index).collection
    (corpus / "文1.md").write_text("公交线路调整。", encoding="utf-8")
    (corpus / "文2.md").unlink()
    refresh(None, index, BigramEmbedding(), server=server)
    assert manifest(index).collection == collection
    assert old.vectors.ids() == {f"文{n}.md@0" for n in range(4)}
    assert old.vectors.search(old.vectors.vectors(["文2.md@0"])[0], 1)[0][0] == "文2.md@0"
    assert found(two, "公交线路")[0] == "文1.md" and "文2.md" not in found(two, "第2条街道供水")
    assert two.current().vectors.ids() == {"文0.md@0", "文1.md@0", "文3.md@0"}
    everything = hashes(*(WATER.format(n=n) for n in range(4)), "公交线路调整。")
    assert on_server(server, index) == {collection: everything}, "the snapshot before keeps its own"
    (corpus / "新.md").write_text("图书馆开放。", encoding="utf-8")
    del old, one
    refresh(None, index, BigramEmbedding(), server=server)
    gone = hashes(WATER.format(n=1), WATER.format(n=2))
    assert on_server(server, index) == {collection: everything - gone | hashes("图书馆开放。")}


def test_the_snapshot_before_can_be_returned_to(index: Path, corpus: Path, server: str) -> None:
    (corpus / "文2.md").unlink()
    refresh(None, index, BigramEmbedding(), server=server)
    roll_back(index)
    assert found(Index(index), "第2条街道供水")[0] == "文2.md" and faults(index) == []


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from assistant.index import building
from assistant.index import refresh as refreshing
from bigram_embedding import BigramEmbedding
if sys.argv[4] == "switch":
    refreshing.switch = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
else:
    refreshing.sweep = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
building.SMALL, building.TOMBSTONES = 0, float("inf")
refreshing.refresh(None, Path(sys.argv[1]), BigramEmbedding(), server=sys.argv[2])
"""


@pytest.mark.parametrize("before", ["switch", "sweep"])
def test_killed_on_the_way(before: str, index: Path, corpus: Path, server: str) -> None:
    """After the vectors were added, or after the switch: all read on, and the next refresh repairs."""
    collection, was = manifest(index).collection, current_id(index)
    (corpus / "文1.md").write_text("公交线路调整。", encoding="utf-8")
    (corpus / "文2.md").unlink()
    tests = Path(__file__).parent
    killed = subprocess.run([sys.executable, "-c", KILLED, index, server, tests, before], cwd=tests.parent)
    assert killed.returncode == -signal.SIGKILL
    assert (current_id(index) == was) == (before == "switch")
    assert hashes("公交线路调整。") < on_server(server, index)[collection]
    with closing(Snapshot(index / "snapshots" / current_id(index))) as snapshot:
        assert snapshot.vectors.ids() == snapshot.articles.chunk_ids()
    (corpus / "文1.md").write_text("图书馆开放。", encoding="utf-8")
    refresh(None, index, BigramEmbedding(), server=server)
    (corpus / "文3.md").write_text("体育馆开放。", encoding="utf-8")
    refresh(None, index, BigramEmbedding(), server=server)
    kept = hashes(WATER.format(n=0), WATER.format(n=3), "图书馆开放。", "体育馆开放。")
    assert on_server(server, index) == {collection: kept}


def test_another_model_has_a_collection_of_its_own(index: Path, corpus: Path, server: str) -> None:
    first = manifest(index).collection
    refresh(None, index, BigramEmbedding("bigram-2", 32), server=server)
    second = manifest(index).collection
    assert set(on_server(server, index)) == {first, second} and first != second
    (corpus / "文1.md").write_text("公交线路调整。", encoding="utf-8")
    refresh(None, index, BigramEmbedding("bigram-2", 32), server=server)
    assert set(on_server(server, index)) == {second}


def test_a_half_made_collection_goes(index: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a refresh that was killed while it made the vectors afresh."""
    first = manifest(index).collection
    with monkeypatch.context() as patched:
        patched.setattr(refreshing, "examine", lambda *_, **__: (("broken",), None))
        with pytest.raises(IndexDamaged, match="broken"):
            refresh(None, index, BigramEmbedding(), server=server, rebuild=True)
    assert len(on_server(server, index)) == 2
    refresh(None, index, BigramEmbedding(), server=server)
    assert set(on_server(server, index)) == {first}


@pytest.mark.parametrize("loss", ["one vector", "the collection"])
def test_what_the_server_lost_is_made_again(loss: str, index: Path, server: str) -> None:
    lost = manifest(index).collection
    with closing(client(server)) as chroma:
        if loss == "one vector":
            chroma.get_collection(lost, embedding_function=None).delete(list(hashes(WATER.format(n=2))))
        else:
            chroma.delete_collection(lost)
    if loss == "one vector":
        assert faults(index) == ["vectors: 文2.md@0 缺失 / is missing"]
    embedding = BigramEmbedding()
    refresh(None, index, embedding, server=server)
    assert embedding.seen == [] and faults(index) == []
    assert on_server(server, index)[manifest(index).collection] == hashes(*(WATER.format(n=n) for n in range(4)))


def test_to_the_server_and_back(corpus: Path, tmp_path: Path, server: str) -> None:
    index, embedding = tmp_path / "index", BigramEmbedding()
    refresh(corpus, index, embedding)
    assert manifest(index).server == manifest(index).collection == ""
    for address in (server, "", ""):
        assert refresh(None, index, embedding, server=address).unchanged == 4
        assert manifest(index).server == address
        assert found(Index(index), "第2条街道供水")[0] == "文2.md"
    assert len(embedding.seen) == 4, "the cache had all vectors"
    (corpus / "文1.md").write_text("公交线路调整。", encoding="utf-8")
    refresh(None, index, embedding)
    assert on_server(server, index) == {}, "no snapshot needs it any more"


def test_two_indexes_on_one_server(index: Path, corpus: Path, tmp_path: Path, server: str) -> None:
    other = tmp_path / "other"
    refresh(corpus, other, BigramEmbedding(), server=server)
    (corpus / "文2.md").unlink()
    for _ in range(2):
        refresh(corpus, other, BigramEmbedding(), server=server)
    assert faults(index) == [] and found(Index(index), "第2条街道供水")[0] == "文2.md"


# ---- a server that is away


def test_a_server_that_is_away(corpus: Path, index: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command says so and ends with 2; the index stays what it was, and is found again when the server is."""
    away = f"http://127.0.0.1:{free_port()}"
    path = index / "snapshots" / current_id(index) / "manifest.json"
    here = path.read_text(encoding="utf-8")
    path.write_text(here.replace(server, away), encoding="utf-8")
    monkeypatch.setenv("ASSISTANT_VECTORS", away)
    for command in (["ask", "供水？"], ["search", "供水"], ["refresh"]):
        done = CliRunner().invoke(main, [*command, "--index", str(index)])
        assert done.exit_code == 2, command
        assert f"放向量的 Chroma 服务器 {away} 连不上" in done.stderr and "chroma run --path" in done.stderr
    with pytest.raises(ServerAway):
        refresh(None, index, BigramEmbedding(), server=away)
    path.write_text(here, encoding="utf-8")
    assert found(Index(index), "第2条街道供水")[0] == "文2.md"


def test_what_is_no_chroma_server(tmp_path: Path, corpus: Path) -> None:
    with subprocess.Popen([sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", tmp_path],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"PYTHONUNBUFFERED": "1"}) as web:
        port = web.stdout.readline().split(b"port ")[1].split()[0].decode()
        with pytest.raises(ServerAway, match=f"http://127.0.0.1:{port}"):
            refresh(corpus, tmp_path / "index", BigramEmbedding(), server=f"http://127.0.0.1:{port}")
        web.kill()


def test_leftovers_on_a_server_that_is_away_stop_nothing(index: Path) -> None:
    vector_place.sweep(index, [f"http://127.0.0.1:{free_port()}"])


@pytest.mark.parametrize(("address", "is_exposed"), [
    ("http://127.0.0.1:8000", False), ("http://localhost:8000", False), ("http://[::1]:8000", False),
    ("http://10.1.2.3:8000", False), ("http://192.168.0.7:8000", False), ("http://8.8.8.8:8000", True),
    ("https://[2001:4860:4860::8888]", True),
])
def test_a_server_that_the_internet_can_reach_is_told_of(address: str, is_exposed: bool) -> None:
    assert exposed(address) == is_exposed
