"""HybridRetriever: words and vectors, fused as a weighted sum of normalised scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from assistant.embedding import Embedding
from assistant.schema import Filters, Passage
from assistant.snapshot import Index, Snapshot, check_model

CANDIDATES = 100
"""Chunks taken from either leg before fusion: ten articles with ten chunks each."""
ARTICLES = 10
"""Different articles that the passages reach where the archive holds so many."""
EXACT_FILTER = 20_000
"""Under a filter that leaves no more chunks than this, vectors are compared exactly (STACK: 15 CPU-ms for 100k)."""


class HybridRetriever(BaseRetriever):
    """The passages of an index for a question. As a LangChain retriever it gives them as documents."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index
    embedding: Embedding
    k: int = 10

    def passages(self, question: str, filters: Filters = Filters(), k: int | None = None,
                 snapshot: Snapshot | None = None) -> list[Passage]:
        """At least `k` passages where there are so many, best first, reaching ARTICLES articles if possible.

        A passage's score is between 0 and 1: (1 - w) · BM25 / best BM25 + w · cosine / best cosine, with the
        embedding's own weight w. [] when no word of the question is known and the embedding knows none either.
        Raises IndexMismatch when the index was made with another embedding.
        """
        snapshot = snapshot or self.index.current()
        check_model(snapshot, self.embedding)
        fused = self._fused(snapshot, question, filters)
        chunks = snapshot.articles.chunks([chunk_id for chunk_id, _ in fused])
        articles = {article_id: snapshot.articles.article(article_id)
                    for article_id in {chunk.article_id for chunk in chunks.values()}}
        found: list[Passage] = []
        seen: set[str] = set()
        for chunk_id, score in fused:
            if len(found) >= (k or self.k) and len(seen) >= ARTICLES:
                break
            chunk = chunks[chunk_id]
            if len(found) < (k or self.k) or chunk.article_id not in seen:
                found.append(Passage(chunk, articles[chunk.article_id], score))
                seen.add(chunk.article_id)
        if found and len(seen) < ARTICLES:
            others = (article for article in snapshot.articles.articles(filters) if article.id not in seen)
            found += [Passage(snapshot.articles.chunks_of(article.id)[0], article, 0.0)
                      for article in islice(others, ARTICLES - len(seen))]
        return found

    def _fused(self, snapshot: Snapshot, question: str, filters: Filters) -> list[tuple[str, float]]:
        words = dict(snapshot.words.search(question, CANDIDATES, filters))
        vectors = self._dense(snapshot, question, filters, words)
        weight = self.embedding.weight if vectors else 0.0
        if not words:
            weight = 1.0
        best_words, best_vector = max(words.values(), default=1.0), max(vectors.values(), default=1.0)
        scores = {chunk_id: (1 - weight) * words.get(chunk_id, 0.0) / best_words
                  + weight * max(0.0, vectors.get(chunk_id, 0.0)) / max(best_vector, 1e-6)
                  for chunk_id in {**words, **vectors}}
        scores = {chunk_id: min(1.0, score) for chunk_id, score in scores.items()}
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))

    def _dense(self, snapshot: Snapshot, question: str, filters: Filters, words: dict[str, float]) -> dict[str, float]:
        """Cosine similarities of the nearest chunks and of those that the words found."""
        vector = np.asarray(self.embedding.embed_query(question), dtype=np.float32)
        if not np.any(vector):
            return {}
        among = snapshot.words.matching(filters, EXACT_FILTER) if filters else None
        if among == []:
            return {}
        wanted = CANDIDATES
        while True:
            nearest = dict(snapshot.vectors.search(vector, wanted, among))
            if wanted >= (snapshot.manifest.chunks if among is None else len(among)) or len({name.rpartition("@")[0] for name in nearest}) >= ARTICLES:
                break
            wanted *= 4
        others = [chunk_id for chunk_id in words if chunk_id not in nearest]
        if others:
            nearest |= zip(others, map(float, snapshot.vectors.vectors(others) @ vector))
        return nearest

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun,
                                filters: Filters = Filters(), **_: Any) -> list[Document]:
        return [as_document(passage) for passage in self.passages(query, filters)]


def as_document(passage: Passage) -> Document:
    """The passage as a LangChain document that carries everything known about its article and place."""
    article, chunk = passage.article, passage.chunk
    about = {name: value for name, value in article.to_json().items() if name not in ("id", "text") and value}
    return Document(id=chunk.id, page_content=chunk.text, metadata={
        **about, "article_id": article.id, "heading": article.heading, "start": chunk.start, "end": chunk.end,
        "score": passage.score})


def distinct_articles(passages: Sequence[Passage]) -> list[Passage]:
    """The best passage of each article, best first."""
    best: dict[str, Passage] = {}
    for passage in passages:
        best.setdefault(passage.article.id, passage)
    return list(best.values())
