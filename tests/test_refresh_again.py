"""Refreshing again and again: with the chat's chain asked all the while, from nothing, and with nothing changed."""

from __future__ import annotations

import json
import random
import shutil
import threading
from pathlib import Path

import pytest
from test_admission import until
from test_refresh import size, write

from assistant.chain import AnswerChain
from assistant.index import refresh as refreshing
from assistant.index import verification
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index, current_id
from assistant.index.verification import examine_here
from assistant.language.text import words
from assistant.models.embedding import Embedding
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever

CORPUS = Path(__file__).parent.parent / "corpus"
QUESTION = "甲街道图书馆现在有多少册图书？"


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    shutil.copytree(CORPUS, folder)
    return folder


def _refresh_while_asked(corpus: Path, index: Path, embedding: Embedding, reader: Reader, times: int) -> None:
    """Each refresh changes a number in an article; who asks is told that number or the one before, and soon the new."""
    stock = "甲街道图书馆现在有{}册图书，供居民借阅。"
    write(corpus, "图书馆", stock.format(1000), title="甲街道图书馆")
    refresh(corpus, index, embedding)
    chain = AnswerChain(HybridRetriever(index=Index(index), embedding=embedding), reader)
    allowed, wrong, stop = {"1000"}, [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            may = set(allowed)
            answer = chain.invoke(QUESTION)
            said = {citation.quote for citation in answer.citations if citation.title == "甲街道图书馆"}
            if not said or not all(any(f"{number}册" in quote for number in may | allowed) for quote in said):
                wrong.append(answer)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    try:
        for number in map(str, range(1001, 1001 + times)):
            allowed.add(number)
            write(corpus, "图书馆", stock.format(number), title="甲街道图书馆")
            refresh(corpus, index, embedding)
            until(lambda number=number: f"{number}册" in chain.invoke(QUESTION).text)  # from now on every answer is of the new one
            allowed.intersection_update({number})
    finally:
        stop.set()
        asking.join(60)
    assert not asking.is_alive()
    assert wrong == []


def test_the_chain_is_asked_while_the_index_is_refreshed(corpus: Path, tmp_path: Path, shipped_embedding: Embedding,
                                                         shipped_reader: Reader) -> None:
    _refresh_while_asked(corpus, tmp_path / "index", shipped_embedding, shipped_reader, 2)


@pytest.mark.slow
def test_the_chain_is_asked_during_twenty_refreshes(corpus: Path, tmp_path: Path, shipped_embedding: Embedding,
                                                    shipped_reader: Reader) -> None:
    _refresh_while_asked(corpus, tmp_path / "index", shipped_embedding, shipped_reader, 20)


def test_ten_refreshes_with_nothing_changed_change_nothing(corpus: Path, tmp_path: Path,
                                                           shipped_embedding: Embedding) -> None:
    index = tmp_path / "index"
    first = refresh(corpus, index, shipped_embedding)
    before = size(index)
    for _ in range(10):
        again = refresh(corpus, index, shipped_embedding)
        assert (again.snapshot, again.embedded, again.unchanged) == (first.snapshot, 0, len(first.added))
    assert size(index) == before and current_id(index) == first.snapshot


@pytest.mark.slow
def test_ten_rebuilds_keep_their_recall(corpus: Path, tmp_path: Path, shipped_embedding: Embedding) -> None:
    index = tmp_path / "index"
    known = sorted({word for file in CORPUS.glob("*/*.md") for word in words(file.read_text(encoding="utf-8"))})
    drawn = random.Random(0)
    with open(corpus / "many.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": "".join(drawn.choices(known, k=30)) + "。"}) + "\n" for _ in range(5000))
    for _ in range(10):
        refresh(corpus, index, shipped_embedding, rebuild=True)
        faults, recall = examine_here(index / "snapshots" / current_id(index), True)
        assert not faults and recall >= 0.99
