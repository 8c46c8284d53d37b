"""A refresh that is killed at any moment: readers see the old index or the new one whole, and nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding
from test_refresh import LONG, contents, top_ten, write

from assistant.index.refresh import refresh
from assistant.index.snapshot import Index

CHILDREN = """
import itertools, os, signal, sys
from pathlib import Path
import chromadb, tantivy  # once for all the children
from assistant.index import refresh as refreshing
from assistant.index import verification
from bigram_embedding import BigramEmbedding
from test_refresh_killed import write_round
refreshing.examine = verification.examine_here
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
parent = os.getpid()  # a run of tests that is ended leaves no child behind that goes on for ever
for line in sys.stdin:
    if child := os.fork():
        print(child, flush=True)
        continue
    for round_ in itertools.takewhile(lambda _: os.getppid() == parent, itertools.count(int(line))):
        write_round(Path(sys.argv[1]), round_)
        refreshing.refresh(Path(sys.argv[1]), Path(sys.argv[2]), BigramEmbedding(f"bigram-{round_ // 3 % 2}"),
                           wait=True)  # a killed one holds its lock until it is gone
    os._exit(0)
"""
"""Forks a process for every line it reads, which refreshes round after round, from the one it is given on."""
PER_CHILD = 100
"""Rounds given to a child: more than it ends before it is killed."""


def write_round(corpus: Path, round_: int) -> None:
    """A corpus all of whose articles name the round; other ones come, change and go in each."""
    for number in range(12):
        path = corpus / f"文{number}.md"
        if (number + round_) % 4 == 0:
            path.unlink(missing_ok=True)
        else:
            write(corpus, f"文{number}", LONG.format(n=number), section=f"第{round_}轮")


@contextmanager
def _children(corpus: Path, index: Path) -> Iterator[subprocess.Popen[str]]:
    parent = subprocess.Popen([sys.executable, "-c", CHILDREN, str(corpus), str(index)], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                              cwd=Path(__file__).parent,
                              env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)})
    try:
        yield parent
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()


def _kill_and_ask(corpus: Path, index: Path, trials: int, seed: int = 5) -> None:
    """Kills a process that refreshes without end at random moments; asks from this one all the while."""
    chance, seen = random.Random(seed), set()
    corpus.mkdir()
    for round_ in (0, 1):
        write_round(corpus, round_)
        rounds = 3 * refresh(corpus, index, BigramEmbedding()).seconds  # what some of them take here and now
    reader = Index(index)
    with _children(corpus, index) as parent:
        for trial in range(1, trials + 1):
            parent.stdin.write(f"{trial * PER_CHILD}\n")
            parent.stdin.flush()
            child = int(parent.stdout.readline())
            until = time.monotonic() + chance.uniform(0, rounds)
            while time.monotonic() < until:
                seen.add(_asked(reader))
            os.kill(child, signal.SIGKILL)
    assert len(seen) > 1
    write_round(corpus, 1)
    refresh(corpus, index, BigramEmbedding(), wait=True)
    refresh(corpus, index.parent / "fresh", BigramEmbedding())
    assert contents(index) == contents(index.parent / "fresh")
    for question in ("第3条街道供水", "张三介绍施工安排"):
        assert top_ten(index, question) == top_ten(index.parent / "fresh", question)
    assert len(os.listdir(index / "snapshots")) <= 3


def _asked(reader: Index) -> str:
    """The round that everything which a reader finds belongs to."""
    snapshot = reader.current()
    articles = list(snapshot.articles.articles())
    assert len(articles) == 9 and len({article.section for article in articles}) == 1
    chunk_ids = snapshot.articles.chunk_ids()
    assert snapshot.words.chunk_ids() == snapshot.vectors.ids() == chunk_ids
    assert {name for name, _ in snapshot.words.search("供水改造", 99)} == chunk_ids
    near = snapshot.vectors.search(snapshot.vectors.vectors(sorted(chunk_ids)[:1])[0], 99)
    assert near and {name for name, _ in near} <= chunk_ids
    return articles[0].section


def test_a_killed_refresh_loses_nothing(tmp_path: Path) -> None:
    _kill_and_ask(tmp_path / "corpus", tmp_path / "index", 10)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_fifty_killed_refreshes_lose_nothing(tmp_path: Path, seed: int) -> None:
    """In fives: each waits for some refreshes a kill, which take long where others work."""
    _kill_and_ask(tmp_path / "corpus", tmp_path / "index", 10, seed)
