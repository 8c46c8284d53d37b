"""A server that is asked and refreshed for a day holds no more at its end than at its beginning."""

from __future__ import annotations

import gc
import os
import shutil
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from assistant.api.desk import Desk
from assistant.api.metrics import Metrics
from assistant.chain import AnswerChain
from assistant.index import snapshot as snapshots
from assistant.index.articles import ArticleStore
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import Embedding
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever
from assistant.schema import Ask

ROOT = Path(__file__).resolve().parent.parent
ASKED = ("解放区有多少个网格？", "詹长松写了几篇？", "王忠殿的生平时间线", "有哪些关于网格的报道？", "登过哪些更正？", "你好")
"""Of each kind that keeps something of the archive: what is read, listed, counted, found on a day, corrected."""


@pytest.fixture
def no_collection() -> Iterator[None]:
    """What is done with is freed by itself, not at the next collection of garbage, which may be minutes away."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def open_files(index: Path) -> list[str]:
    """The files of an index that this process has open, those that are gone included."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:
            continue  # the folder's own
    return [file for file in found if file.startswith(str(index))]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc, which tells what is open")
@pytest.mark.usefixtures("no_collection")
def test_an_index_that_was_left_is_held_by_nobody(shipped_embedding: Embedding, shipped_reader: Reader, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.0)
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    shutil.copytree(ROOT / "corpus", corpus)
    refresh(corpus, index, shipped_embedding, tag=True)
    chain = AnswerChain(HybridRetriever(index=Index(index), embedding=shipped_embedding), shipped_reader)
    asked_at, left = Desk(chain, Metrics()), []
    together = Barrier(2)

    def ask(question: str) -> None:
        together.wait(60)  # both threads open the archive
        list(asked_at.answers_here(chain, Ask(question), "chat"))
        snapshot = chain.index.current()
        assert snapshot.names is not None and snapshot.names.found("jiefang/01-xiaoge-hehuoren.md")

    with ThreadPoolExecutor(2) as visitors:
        for round_ in range(3):
            list(visitors.map(ask, ASKED))
            snapshot = chain.index.current()
            left += [weakref.ref(snapshot), weakref.ref(snapshot.articles)]
            del snapshot
            (corpus / "新.md").write_text(f"甲街道第 {round_} 座图书馆开放。\n", encoding="utf-8")
            refresh(corpus, index, shipped_embedding)
            visitors.submit(chain.index.current).result()
    assert [one() for one in left] == [None] * len(left)
    assert not [file for file in open_files(index) if file.endswith("(deleted)") and "chroma" not in file]
    assert len(asked_at._given) <= len(ASKED)


def test_a_connection_is_closed_with_its_thread_and_its_rows(tmp_path: Path) -> None:
    ArticleStore.create(tmp_path / "articles.db").close()
    store = ArticleStore.open(tmp_path / "articles.db")
    with ThreadPoolExecutor(1) as other:
        rows = other.submit(lambda: (rows := store._rows("VALUES (1), (2)"), next(rows))[0]).result()
        connection = other.submit(lambda: store._db).result()
    assert list(rows) == [(2,)], "another thread may go on where the first one ended"
    del rows
    with pytest.raises(Exception, match="closed database"):
        connection.execute("SELECT 1")
