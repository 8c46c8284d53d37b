"""What a user would otherwise assemble: two well-known libraries on the same chunks and the same embedding.

Each as its documentation shows it. Its index is made once in a folder; asked, it gives chunk ids, best first.
Install them with INSTALL.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from costs import Cost, apart

from assistant.index.snapshot import Index
from assistant.models.embedding import Embedding, load_embedding

INSTALL = "pip install -e '.[bench]'"
BATCH = 5000
"""Texts in one call. Chroma takes 5,461, and langchain-chroma leaves splitting to its user."""

Ranker = Callable[[str, int], list[str]]
"""(question, how many) → chunk ids, best first."""


@dataclass(frozen=True)
class Peer:
    """A library under the name of its package, and how it is built and opened in a folder."""

    name: str
    package: str
    build: Callable[[Path, Iterable[tuple[str, str]], Embedding], None]
    open: Callable[[Path, Embedding], Ranker]

    @property
    def installed(self) -> bool:
        """Whether its package is here."""
        return importlib.util.find_spec(self.package) is not None

    def made(self, cache: Path, index: Path, embedding_name: str) -> Path:
        """The folder in `cache` with its index over the chunks of `index`, which is made where it is not yet."""
        folder = cache / Index(index).current().manifest.id / self.name
        if not Cost.read(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _, cost = apart(build, self.name, folder, index, embedding_name)
            cost.write(folder)
        return folder


def build(name: str, folder: Path, index: Path, embedding_name: str) -> None:
    """Builds the peer of that name over the chunks of `index`."""
    peer = next(peer for peer in PEERS if peer.name == name)
    peer.build(folder, _chunks(index), load_embedding(embedding_name))


def _chunks(index: Path) -> Iterator[tuple[str, str]]:
    """(id, text) of every chunk of an index."""
    articles = Index(index).current().articles
    for article_id in sorted(articles.ids()):
        yield from ((chunk.id, chunk.text) for chunk in articles.chunks_of(articles.article(article_id)))


def _chroma(folder: Path, embedding: Embedding) -> Any:
    from langchain_chroma import Chroma

    return Chroma("chunks", embedding_function=embedding, persist_directory=str(folder))


def _build_chroma(folder: Path, chunks: Iterable[tuple[str, str]], embedding: Embedding) -> None:
    store, rest = _chroma(folder, embedding), iter(chunks)
    while batch := list(islice(rest, BATCH)):
        store.add_texts([text for _, text in batch], ids=[name for name, _ in batch])


def _open_chroma(folder: Path, embedding: Embedding) -> Ranker:
    store = _chroma(folder, embedding)
    return lambda question, k: [document.id for document in store.similarity_search(question, k=k)]


def _txtai(tokenizer: Mapping[str, Any]) -> tuple[Callable[..., None], Callable[..., Ranker]]:
    """txtai's hybrid search with settings for its tokenizer; {} leaves it as it is for terms."""

    def build(folder: Path, chunks: Iterable[tuple[str, str]], embedding: Embedding) -> None:
        from txtai import Embeddings

        scoring: dict[str, Any] = {"method": "bm25", "terms": True, "normalize": True}  # what hybrid=True stands for
        if tokenizer:
            scoring["tokenizer"] = dict(tokenizer)
        embeddings = Embeddings(method="external", transform=lambda texts: embedding.encode(texts),  # no bound method
                                hybrid=True, scoring=scoring)
        embeddings.index((name, text, None) for name, text in chunks)
        embeddings.config.pop("transform")  # a function is not saved; the one that opens gives it again
        embeddings.save(str(folder))

    def open_(folder: Path, embedding: Embedding) -> Ranker:
        from txtai import Embeddings

        embeddings = Embeddings()
        embeddings.load(str(folder), config={"transform": lambda texts: embedding.encode(texts)})
        return lambda question, k: [name for name, _ in embeddings.search(question, k)]

    return build, open_


PEERS = (
    Peer("LangChain + Chroma, similarity", "langchain_chroma", _build_chroma, _open_chroma),
    Peer("txtai, hybrid", "txtai", *_txtai({})),
    Peer("txtai, hybrid, bigrams", "txtai", *_txtai({"ngrams": {"ngrams": 2, "nmin": 1, "nmax": 2}})),
)
"""txtai cuts Chinese into single characters (Unicode's word borders); n-grams are what its tokenizer offers for
text without blanks, and characters with their pairs what does best for Chinese."""
