"""What a refresh costs, beside LangChain's indexing API and beside building everything anew.

    python benchmarks/refresh.py news.jsonl.xz --sizes 1000 10000 --systems ours langchain rebuild

All three are given the same articles, the same chunks and the same embedding, and keep the vectors in Chroma.
`ours` also makes the lexical index and verifies what it made; `langchain` is langchain_core.indexing.index
with an SQL record manager into langchain-chroma; `rebuild` deletes the collection and adds everything. Each
trial is a process of its own, from its first import to its end. Needs: pip install "newspaper-assistant[bench]"
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.corpus.files import read_corpus
from assistant.index.chunking import chunk_article, embedding_text
from assistant.index.refresh import refresh
from assistant.index.vectors import HNSW
from assistant.models.embedding import Embedding, load_embedding
from assistant.schema import Failure

if TYPE_CHECKING:
    from langchain_chroma import Chroma
    from langchain_core.documents import Document

STEPS = {"full build": None, "no change": 0.0, "one article": 1e-9, "1 % changed": 0.01, "10 % changed": 0.1,
         "model change": 0.0}
"""What is done one after the other, and the share of the articles that is changed before it."""
PEER_BATCH = 5000
"""Documents in one call: near Chroma's largest. LangChain's own default of 100 is slower."""


class Counted(Embedding):
    """The shipped embedding; it counts what it embeds, and another `model` gives other vectors."""

    def __init__(self, model: str) -> None:
        shipped = load_embedding()
        self.texts = 0
        turn = np.roll(np.arange(shipped.dimension), 0 if model == "first" else 1)

        def encode(texts: list[str], questions: bool) -> np.ndarray:
            self.texts += len(texts)
            return shipped.encode(texts, questions=questions)[:, turn]

        super().__init__(model, f"{shipped.fingerprint}-{model}", shipped.dimension, shipped.weight, encode)


def ours(work: Path, embedding: Counted, model_changed: bool) -> None:
    """`assistant refresh`."""
    refresh(work / "corpus", work / "index", embedding)


def langchain(work: Path, embedding: Counted, model_changed: bool) -> None:
    """LangChain's indexing API. It does not notice another model, and has to be told to embed everything."""
    from langchain_classic.indexes import SQLRecordManager
    from langchain_core.indexing import index

    records = SQLRecordManager("articles", db_url=f"sqlite:///{work / 'records.db'}")
    records.create_schema()
    index(documents(work), records, chroma(work, embedding), batch_size=PEER_BATCH, cleanup="full",
          source_id_key="source", key_encoder="sha256", force_update=model_changed)


def rebuild(work: Path, embedding: Counted, model_changed: bool) -> None:
    """Delete, read, embed, add: what most projects ship."""
    shutil.rmtree(work / "chroma", ignore_errors=True)
    store, rows = chroma(work, embedding), documents(work)
    while batch := list(islice(rows, PEER_BATCH)):
        store.add_documents(batch, ids=[document.id for document in batch])


SYSTEMS: dict[str, Callable[[Path, Counted, bool], None]] = {"ours": ours, "langchain": langchain, "rebuild": rebuild}


def documents(work: Path) -> Iterator[Document]:
    """Our chunks as LangChain's documents."""
    from langchain_core.documents import Document

    for article in read_corpus(work / "corpus"):
        for chunk in [] if isinstance(article, Failure) else chunk_article(article):
            yield Document(id=chunk.id, page_content=embedding_text(article, chunk),
                           metadata={"source": article.id, "ordinal": chunk.ordinal, "date": article.date or ""})


def chroma(work: Path, embedding: Counted) -> Chroma:
    """A langchain-chroma store with the graph that ours has."""
    from chromadb import Settings
    from langchain_chroma import Chroma

    graph = {name: HNSW[name] for name in ("space", "max_neighbors", "ef_construction", "ef_search")}
    return Chroma("articles", embedding, str(work / "chroma"), client_settings=Settings(anonymized_telemetry=False),
                  collection_configuration={"hnsw": graph})


def trial(system: str, work: Path, model: str) -> None:
    """Runs one system once; prints the texts embedded, and the bytes that it and its children had written."""
    embedding = Counted(model)
    SYSTEMS[system](work, embedding, model != "first")
    io = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    print(json.dumps({"embedded": embedding.texts, "written": int(io["write_bytes"])}))


def measured(system: str, work: Path, model: str) -> dict[str, float]:
    """One trial in a process of its own: seconds, CPU seconds, texts embedded, MB written, peak MB of memory."""
    command = [sys.executable, __file__, "--trial", system, str(work), model]
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"{system} ended with status {status}")
    row = json.loads(printed.splitlines()[-1])
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "embedded": row["embedded"],
            "written": row["written"] / 1e6, "memory": usage.ru_maxrss / 1e3}


def changed(articles: list[dict[str, Any]], share: float, step: int) -> None:
    """Adds a sentence to the text of that share of the articles, one at least, spread evenly."""
    for position in np.linspace(0, len(articles) - 1, max(1, round(share * len(articles))), dtype=int):
        articles[position]["text"] += f"第{step}次更正。"


def write(work: Path, articles: list[dict[str, Any]]) -> None:
    (work / "corpus").mkdir(exist_ok=True)
    lines = (json.dumps(article, ensure_ascii=False) + "\n" for article in articles)
    (work / "corpus" / "news.jsonl").write_text("".join(lines), encoding="utf-8")


def benchmark(lines: list[str], systems: list[str], folder: Path) -> Iterator[str]:
    """A table's rows for one number of articles: every step of every system."""
    for system in systems:
        articles = [json.loads(line) for line in lines]
        work = Path(tempfile.mkdtemp(prefix=f"{system}-", dir=folder))
        for step, (name, share) in enumerate(STEPS.items()):
            if share:
                changed(articles, share, step)
            if share is None or share:
                write(work, articles)
            row = measured(system, work, "second" if name == "model change" else "first")
            yield (f"| {len(lines):,} | {name} | {system} | {row['seconds']:.1f} | {row['cpu']:.1f} | "
                   f"{row['embedded']:,} | {row['written']:,.0f} | {row['memory']:,.0f} |")
        shutil.rmtree(work)


def main() -> None:
    """Prints one table."""
    if sys.argv[1:2] == ["--trial"]:
        trial(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
        return
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("articles", type=Path, help="a .jsonl or .jsonl.xz, one article a line")
    options.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    options.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on a disk, not in memory")
    given = options.parse_args()
    with (lzma.open if given.articles.suffix == ".xz" else open)(given.articles, "rt", encoding="utf-8") as file:
        lines = list(islice(file, max(given.sizes)))
    print("| articles | step | system | seconds | CPU seconds | texts embedded | MB written | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    for size in given.sizes:
        for row in benchmark(lines[:size], given.systems, given.folder):
            print(row, flush=True)


if __name__ == "__main__":
    main()
