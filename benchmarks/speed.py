"""How fast it is and what it takes, beside what one would otherwise assemble: three tables of one run.

    python benchmarks/speed.py [--sizes 1000 10000 100000 0] [--index NEWS_INDEX] [--no-peers] [--starts 5]

- Building an index of so many chunks of the news (0: all), each in a process of its own, which reads the articles,
  cuts, embeds, writes, and checks. A peer is given the chunks ready. What is in the cache folder already was
  measured when it was made; an index given by --index was not.
- Serving: natural questions one after another, in a process of its own, after one that loads the dictionaries.
  Memory is the most that the process held, less what it held once its libraries were loaded.
- Cold start: a fresh process from its start to its end, which answers one question (a peer: opens its index and
  searches once), the median of several; the files have been read before.

Wall and processor (CPU) time; on a busy machine trust CPU time and the ratios. The sample is the newspaper in corpus/.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from costs import Cost, apart, cpu_seconds, memory_mb, size_mb
from peers import INSTALL, PEERS, Peer
from question_sets import ROOT, Archives, archives_of, arguments_of, natural, printed, told

from assistant.chain import AnswerChain
from assistant.evaluation import metrics
from assistant.index.snapshot import Index
from assistant.models.embedding import load_embedding
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever

DEPTH = 10
"""Passages asked for, ours and the peers'."""
OURS = ("passages", "whole answers")
BUILDING = ("chunks", "built by", "seconds", "CPU s", "chunks per CPU s", "peak MB", "index MB")
SERVING = ("chunks", "served by", "p50 ms", "p95 ms", "CPU ms", "times the first size's p50",
           "peak MB beyond libraries", "libraries MB")
STARTING = ("archive", "started", "seconds", "CPU s")
ASK_A_PEER = """
import sys, pathlib, speed
name, folder, embedding, question = sys.argv[1:]
speed.asker(name, pathlib.Path(folder), embedding)(question)
"""
Row = list[str]


def served(what: str, folder: Path, embedding_name: str, questions: Sequence[str]) -> dict[str, float]:
    """p50, p95 and cpu in milliseconds a question, peak and libraries in MB; `what` answers from `folder`'s index."""
    load_libraries(what)
    libraries = memory_mb("VmRSS")
    ask = asker(what, folder, embedding_name)
    ask(questions[0])
    taken, cpu = [], cpu_seconds()
    for question in questions:
        begun = time.perf_counter()
        ask(question)
        taken.append(1000 * (time.perf_counter() - begun))
    return {"p50": metrics.percentile(taken, 0.5), "p95": metrics.percentile(taken, 0.95),
            "cpu": 1000 * (cpu_seconds() - cpu) / len(questions),
            "peak": memory_mb("VmHWM") - libraries, "libraries": libraries}


def load_libraries(what: str) -> None:
    """Imports what will be needed, so that its memory is not taken for the index's."""
    import chromadb  # noqa: F401
    import model2vec  # noqa: F401
    import rjieba  # noqa: F401
    import tantivy  # noqa: F401

    if what not in OURS:
        __import__(peer_named(what).package)


def peer_named(name: str) -> Peer:
    return next(peer for peer in PEERS if peer.name == name)


def asker(what: str, folder: Path, embedding_name: str) -> Callable[[str], object]:
    """What asks one question: OURS or a peer by its name."""
    embedding = load_embedding(embedding_name)
    if what not in OURS:
        ranker = peer_named(what).open(folder, embedding)
        return lambda question: ranker(question, DEPTH)
    retriever = HybridRetriever(index=Index(folder), embedding=embedding, k=DEPTH)
    if what == "passages":
        return retriever.passages
    return AnswerChain(retriever, Reader.from_folder(), suggest=False).invoke


def folders(archives: Archives, sizes: Sequence[int],
            peers: Sequence[Peer]) -> Iterator[tuple[str, str, Path, Path | None]]:
    """(chunks, "" or the peer, folder of the index, folder where its cost is noted) for every size and everyone."""
    for size in sizes:
        index = archives.index(f"news+{size}" if size else "news")
        chunks = f"{Index(index).current().manifest.chunks:,}"
        yield chunks, "", index, None if index == archives.news else index.parent
        for peer in peers:
            told(f"{chunks} chunks: indexing for {peer.name}")
            folder = peer.made(archives.cache / "peers", index, archives.embedding_name)
            yield chunks, peer.name, folder, folder


def building_row(chunks: str, who: str, folder: Path, noted: Path | None) -> Row:
    """One row of the first table, along BUILDING."""
    cost = Cost.read(noted) if noted else None
    measured = ["–"] * 4
    if cost:
        pace = int(chunks.replace(",", "")) / cost.cpu_seconds
        measured = [f"{cost.seconds:.0f}", f"{cost.cpu_seconds:.0f}", f"{pace:,.0f}", f"{cost.peak_mb:.0f}"]
    return [chunks, who or "refresh", *measured, f"{size_mb(folder if who else folder / 'snapshots'):.0f}"]


def serving_rows(made: Sequence[tuple[str, str, Path]], embedding_name: str, questions: Sequence[str]) -> Iterator[Row]:
    """The rows of the second table, along SERVING."""
    first: dict[str, float] = {}
    for chunks, who, folder in made:
        for what in (who,) if who else OURS:
            told(f"{chunks} chunks: {what}")
            found, _ = apart(served, what, folder, embedding_name, list(questions))
            times = found["p50"] / first.setdefault(what, found["p50"])
            yield [chunks, what, f"{found['p50']:.1f}", f"{found['p95']:.1f}", f"{found['cpu']:.1f}", f"{times:.1f}",
                   f"{found['peak']:.0f}", f"{found['libraries']:.0f}"]


def start(what: str, folder: Path, embedding_name: str, question: str) -> tuple[float, float]:
    """Wall and processor seconds of a fresh process that asks one question."""
    command = [sys.executable, "-m", "assistant", "ask", question, "--index", str(folder)]
    if what not in OURS:
        command = [sys.executable, "-c", ASK_A_PEER, what, str(folder), embedding_name, question]
    environment = {**os.environ, "ASSISTANT_EMBEDDING": embedding_name, "PYTHONPATH": str(Path(__file__).parent)}
    begun, cpu = time.perf_counter(), cpu_seconds()
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun, cpu_seconds() - cpu


def main(arguments: Sequence[str] | None = None) -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000, 0], help="chunks; 0 is all")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args(arguments)
    archives = archives_of(given)
    peers = [peer for peer in PEERS if peer.installed] if given.peers else []
    if given.peers and len(peers) < len(PEERS):
        told(f"Some peers are not installed: {INSTALL}")
    made = list(folders(archives, given.sizes, peers))
    print(printed(BUILDING, [building_row(*one) for one in made]))
    questions = [one.question for one in natural("natural_dev", given.data).some(given.questions).questions]
    print("\n" + printed(SERVING, serving_rows([one[:3] for one in made], given.embedding, questions)), flush=True)
    last = [(one[0] + " chunks", one[1], one[2]) for one in made[-1 - len(peers):]]
    rows = []
    for archive, who, folder in [("sample", "", archives.index("sample")), *last]:
        told(f"starting: {archive}, {who}")
        starts = [start(who or OURS[1], folder, given.embedding, questions[0]) for _ in range(given.starts)]
        rows.append([archive, who or "assistant ask", *(f"{statistics.median(one):.2f}" for one in zip(*starts))])
    print("\n" + printed(STARTING, rows))


if __name__ == "__main__":
    main()
