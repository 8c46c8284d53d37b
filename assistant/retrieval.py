"""HybridRetriever: words and vectors, fused as a weighted sum of normalised scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from heapq import nlargest
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from assistant.corpus.reprints import is_reprint
from assistant.index.chunking import embedding_text
from assistant.index.snapshot import Index, Snapshot, check_model
from assistant.models.embedding import Embedding, load_embedding
from assistant.models.reranker import Reranker, load_reranker
from assistant.question.terms import Terms
from assistant.schema import Article, Chunk, Filters, Passage
from assistant.second_look import look_again
from assistant.settings import Settings

CANDIDATES = 100
"""Chunks taken from either leg before fusion: ten articles with ten chunks each."""
ARTICLES = 10
"""Different articles that the passages reach where the archive holds so many."""
EXACT_FILTER = 20_000
"""Under a filter that leaves no more chunks than this, vectors are compared exactly (100,000 of 256 numbers: 15 CPU-ms)."""
LOOKED_AGAIN = {"words": 24, "vectors": 8}
"""Chunks of each way of searching whose articles are looked at again; more change nothing on natural_train."""
RERANKED = 30
"""Passages that a reranker reads: the right article is among the first 20, 30, 50 for 97.8, 98.4, 99.3 % of
natural_train, and each costs a small cross-encoder about 0.1 CPU-seconds."""

Leg = dict[str, float]
"""Chunk ids with the score that one way of searching gives them, higher is better."""


class HybridRetriever(BaseRetriever):
    """The passages of an index for a question. As a LangChain retriever it gives them as documents."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index
    embedding: Embedding
    reranker: Reranker | None = None
    second_look: bool = True
    k: int = 10

    @classmethod
    def from_settings(cls, settings: Settings) -> HybridRetriever:
        """The retriever that the settings describe. Raises EmbeddingError."""
        return cls(index=Index(Path(settings.index), settings.city), embedding=load_embedding(settings.embedding),
                   reranker=load_reranker(settings.reranker))

    def passages(self, question: str | Terms, filters: Filters = Filters(), k: int | None = None,
                 snapshot: Snapshot | None = None) -> list[Passage]:
        """At least `k` passages where there are so many, best first, reaching ARTICLES articles if possible.
        Articles that print one text are one: the best stays, and its passages name the others as `reprints`.

        A passage's score is between 0 and 1: (1 - w) · words / best words + w · cosine / best cosine, with the
        embedding's own weight w; "words" are BM25 and what a second look at the article adds. [] when no word of
        the question is known and the embedding knows none either.
        Raises IndexMismatch when the index was made with another embedding, RerankerError for a broken reranker.
        """
        snapshot = snapshot or self.index.current()
        check_model(snapshot, self.embedding)
        article = cache(snapshot.articles.held)
        chunks_of = cache(lambda article_id: {one.id: one for one in snapshot.articles.chunks_of(article(article_id))})
        terms = question if isinstance(question, Terms) else Terms.of(
            question, snapshot.words.rareness, snapshot.aliases, snapshot.holds)
        fused = weighed(*self.legs(snapshot, terms, filters, article), self.embedding.weight)
        if self.reranker:
            fused = _reranked(self.reranker, terms.asked, fused, [
                embedding_text(article(owner(chunk_id)), chunks_of(owner(chunk_id))[chunk_id])
                for chunk_id, _ in fused[:RERANKED]])
        found = _grouped(fused, article, chunks_of, k or self.k)
        shown = {one.id for passage in found for one in (passage.article, *passage.reprints)}
        if found and (missing := ARTICLES - len({passage.article.id for passage in found})) > 0:
            others = (other for other in snapshot.articles.articles(filters) if other.id not in shown)
            found += [Passage(snapshot.articles.chunks_of(other)[0], other, 0.0) for other in islice(others, missing)]
        return found

    def legs(self, snapshot: Snapshot, terms: Terms, filters: Filters = Filters(),
             article: Callable[[str], Article] | None = None) -> tuple[Leg, Leg]:
        """What the words (after a second look) and what the vectors find, before they are weighed.

        `article` gives the article of an id; by default it is read from the snapshot.
        """
        words = dict(snapshot.words.search(terms.searched, CANDIDATES, filters))
        vectors = self._dense(snapshot, terms.asked, filters, words)
        if not words or not self.second_look:
            return words, vectors
        looked = dict.fromkeys(chunk_id for leg, n in ((words, LOOKED_AGAIN["words"]), (vectors, LOOKED_AGAIN["vectors"]))
                               for chunk_id in nlargest(n, leg, key=leg.__getitem__))
        return look_again(terms, words, looked, article or snapshot.articles.held), vectors

    def _dense(self, snapshot: Snapshot, question: str, filters: Filters, words: dict[str, float]) -> dict[str, float]:
        """Cosine similarities of the nearest chunks and of those that the words found first.

        For more of what the words found they change nothing on natural_train, and each is read in 0.1 ms.
        """
        vector = np.asarray(self.embedding.embed_query(question), dtype=np.float32)
        if not np.any(vector):
            return {}
        among = snapshot.words.matching(filters, EXACT_FILTER) if filters else None
        if among == []:
            return {}
        wanted, searched = CANDIDATES, snapshot.manifest.chunks if among is None else len(among)
        while True:
            nearest = dict(snapshot.vectors.search(vector, wanted, among))
            if wanted >= searched or len(set(map(owner, nearest))) >= ARTICLES:
                break
            wanted *= 4
        others = [chunk_id for chunk_id in nlargest(LOOKED_AGAIN["words"], words, key=words.__getitem__)
                  if chunk_id not in nearest]
        if others:
            nearest |= zip(others, map(float, snapshot.vectors.vectors(others) @ vector))
        return nearest

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun,
                                filters: Filters = Filters(), **_: Any) -> list[Document]:
        return [as_document(passage) for passage in self.passages(query, filters)]


def weighed(words: Leg, vectors: Leg, weight: float) -> list[tuple[str, float]]:
    """The (chunk id, score) of both legs with the share `weight` for the vectors, best first.

    A leg that found nothing leaves its share to the other.
    """
    weight = 1.0 if not words else weight if vectors else 0.0
    best_words, best_vector = max(words.values(), default=1.0), max(vectors.values(), default=1.0)
    scores = {chunk_id: min(1.0, (1 - weight) * words.get(chunk_id, 0.0) / best_words
                            + weight * max(0.0, vectors.get(chunk_id, 0.0)) / max(best_vector, 1e-6))
              for chunk_id in {**words, **vectors}}
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def owner(chunk_id: str) -> str:
    """The id of the chunk's article."""
    return chunk_id.rpartition("@")[0]


def _grouped(ranked: Sequence[tuple[str, float]], article: Callable[[str], Article],
             chunks_of: Callable[[str], dict[str, Chunk]], k: int) -> list[Passage]:
    """At least `k` passages, best first, until they reach ARTICLES articles; of reprints only the first is shown."""
    found: list[Passage] = []
    reprints: dict[str, list[Article]] = {}
    hidden: set[str] = set()
    for chunk_id, score in ranked:
        if len(found) >= k and len(reprints) >= ARTICLES:
            break
        one = article(owner(chunk_id))
        if one.id in hidden:
            continue
        if one.id not in reprints:
            if twin := next((shown for shown in reprints if is_reprint(article(shown), one)), None):
                reprints[twin].append(one)
                hidden.add(one.id)
                continue
        elif len(found) >= k:
            continue
        reprints.setdefault(one.id, [])
        found.append(Passage(chunks_of(one.id)[chunk_id], one, score))
    return [replace(passage, reprints=tuple(reprints[passage.article.id])) for passage in found]


def _reranked(reranker: Reranker, question: str, fused: list[tuple[str, float]],
              texts: list[str]) -> list[tuple[str, float]]:
    """The first, whose texts are given, in the reranker's order; the rest behind them as they were.

    The fused scores keep their places, best first: the reader's weights were fitted on how those fall.
    """
    order = np.argsort(-reranker.scores(question, texts), kind="stable")
    return [(fused[place][0], score) for place, (_, score) in zip(order, fused)] + fused[len(texts):]


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
