"""What the tests share: the sample newspaper indexed once with the embedding that ships, and a chain on it."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures.thread import _worker
from pathlib import Path

import pytest

from assistant.chain import AnswerChain
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import Embedding, load_embedding
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever

CORPUS = Path(__file__).parent.parent / "corpus"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Ends a run that a thread left by a test would keep from ending for ever, and shows where that thread stands.

    A pool's worker that waits for work is none such: the interpreter ends it.
    """
    left = [one for one in threading.enumerate() if not one.daemon and one is not threading.main_thread() and not _waits(one)]
    for thread in left:
        thread.join(10)
    if any(thread.is_alive() and not _waits(thread) for thread in left):
        faulthandler.dump_traceback(all_threads=True)
        os._exit(1)


def _waits(thread: threading.Thread) -> bool:
    """Whether it is a worker of a ThreadPoolExecutor without work."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code is _worker.__code__


@pytest.fixture(scope="session")
def shipped_embedding() -> Embedding:
    """The embedding in the package."""
    return load_embedding()


@pytest.fixture(scope="session")
def sample_index(shipped_embedding: Embedding, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of `corpus/`, tagged as `make chat` has it; not to be changed."""
    folder = tmp_path_factory.mktemp("sample") / "index"
    refresh(CORPUS, folder, shipped_embedding, tag=True)
    return folder


@pytest.fixture(scope="session")
def sample_retriever(shipped_embedding: Embedding, sample_index: Path) -> HybridRetriever:
    """A retriever on the sample newspaper."""
    return HybridRetriever(index=Index(sample_index), embedding=shipped_embedding)


@pytest.fixture(scope="session")
def shipped_reader() -> Reader:
    """The reader with the weights in the package."""
    return Reader.from_folder()


@pytest.fixture(scope="session")
def sample_chain(sample_retriever: HybridRetriever, shipped_reader: Reader) -> AnswerChain:
    """A chain on the sample newspaper, without a language model."""
    return AnswerChain(sample_retriever, shipped_reader)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """So little work is done sooner by one thread of torch than by many that wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
