"""A new snapshot out of the one before and what changed: as a small part beside its parts, or as one part anew.

How much is written depends on what changed and what has gathered:
- Most refreshes write one small part. It takes in those before it that are not ABSORBED times as large as it, so
  that there are never more than a few, and a chunk is written again only a few times.
- Once BESIDE chunks lie beside the base, which each question is compared with exactly, they are worked into a copy of
  it: that costs a copy of the base, every BESIDE chunks.
- Once a quarter of the chunks is gone (TOMBSTONES), in a small index (SMALL) at once, and when something is to be
  purged, all is made afresh: what is deleted stays in the words and in the base's files until then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import CorpusError, EmbeddingError
from assistant.index.articles import ArticleStore, Changes
from assistant.index.chunking import CHUNKING_VERSION, embedding_text
from assistant.index.layers import merge_layers
from assistant.index.manifest import NAMES, Manifest, new_id, seal
from assistant.index.name_index import NameIndex, write_names
from assistant.index.survey import Progress, Survey, read_files
from assistant.index.tagging import FINGERPRINT, MENTIONS, tag
from assistant.index.text_cache import TextCache
from assistant.index.vector_cache import VectorCache
from assistant.index.vector_parts import BASE, write_beside
from assistant.index.vector_place import served
from assistant.index.vectors import GrowingVectors, VectorIndex, copy_folder
from assistant.index.words import LexicalIndex
from assistant.schema import Failure, RefreshSummary

if TYPE_CHECKING:
    from assistant.models.embedding import Embedding

Engine = Callable[[Mapping[bytes, str]], Iterator[dict[bytes, np.ndarray]]]
"""Texts by hash → their vectors by hash, some at a time and in any order."""

ENGINE_BATCH = 100_000
"""Texts that an engine is handed at once: some 100 MB."""
EMBED_BATCH = 512
"""Texts embedded and kept in the cache at once: the most work that a kill can lose."""
UPSERT_BATCH = 5000
"""Vectors handed to Chroma at once; it writes its files after each."""
ABSORBED = 8
PARTS = 8
"""The most parts; SQLite opens ten files beside each other."""
BESIDE = 5000
"""Chunks that are compared exactly beside the base: 10 MB, in a millisecond."""
TOMBSTONES = 0.25
"""Beyond this share of the chunks, what is gone costs the search more than making all afresh costs once."""
SMALL = 2000
"""An index of no more chunks is made afresh, within seconds, whenever something is deleted from it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a new snapshot is made from the one before, whose manifest is None where its articles are not whole.

    `reread` takes no articles over from it, `recut` no chunks, `afresh` no words and vectors. `previous` is the id
    of the last snapshot that is whole, or ""; `kept` that of one which may alone have the articles of a file that
    cannot be read. `tag` is whether the names in the articles are found, too. `purged` are the ids of which nothing may
    be left. `server` is the address of a Chroma server for the vectors, or "". `told` is what the refresh before told of that was left out.
    """

    corpus: Path
    index: Path
    before: Manifest | None
    previous: str
    kept: str
    server: str
    survey: Survey
    reread: bool
    recut: bool
    afresh: bool
    tag: bool
    purged: tuple[str, ...] = ()
    told: frozenset[Failure] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.survey) or self.afresh

    @property
    def number(self) -> int:
        """Of the refresh: one more than the last."""
        return self.before.number + 1 if self.before else 0

    @property
    def layers(self) -> list[Path]:
        """The articles of the snapshot before."""
        return self.before.layers(self.index) if self.before else []

    def read(self, path: Path, tell: Progress) -> tuple[ArticleStore, Changes]:
        """A store whose new layer at `path` brings the articles in line with the files; and what changed.

        Raises CorpusError when one that is to be purged is still in the corpus.
        """
        store = ArticleStore.create(path, self.layers, over=not self.reread)
        try:
            read_files(self.survey, store, tell)
            if self.recut and not self.reread:
                store.recut()
            changes = store.settle(self.number)
            for article_id in self.purged:
                if file := store.file_of(article_id):
                    raise CorpusError(
                        f"文章 {article_id} 还在语料的 {file} 里，下次更新又会读进来。请先从那里删去，再运行 assistant refresh --purge。",
                        f"The article {article_id} is still in the corpus, in {file}, and would be read again. "
                        "Delete it there first, then run: assistant refresh --purge",
                    )
        except BaseException:
            store.close()
            raise
        return store, changes

    def summary(self, store: ArticleStore, changes: Changes) -> RefreshSummary:
        """What the store has that the snapshot before has not."""
        unchanged = store.article_count() - len(changes.added) - len(changes.changed)
        return RefreshSummary(changes.added, changes.changed, unchanged, changes.deleted, store.failures(),
                              chunks=store.chunk_count(), snapshot=self.before.id if self.before else "")


class Build:
    """One snapshot in the making; `make` fills its folders, which nobody knows of before CURRENT names it."""

    def __init__(self, plan: Plan, embedding: Embedding, cache: VectorCache, engine: Engine | None,
                 tell: Progress) -> None:
        self._plan, self._embedding, self._cache, self._engine, self._tell = plan, embedding, cache, engine, tell
        self.id = new_id()
        self.folder = plan.index / "snapshots" / self.id
        self._part = plan.index / "parts" / self.id
        self._kept: dict[str, int] = {}
        self._embedded = 0
        self.afresh = plan.afresh
        """Whether words and vectors are made from nothing; known once the files are read."""

    @property
    def whole(self) -> bool:
        """Whether it is one part."""
        return not self._kept

    def make(self) -> RefreshSummary:
        """Makes all of the snapshot, but for its being verified and switched to."""
        plan = self._plan
        self._part.mkdir(parents=True)
        self.folder.mkdir(parents=True)
        (self.folder / "readers").touch()
        changes_path = self._part / "changes.db"
        store, changes = plan.read(changes_path, self._tell)
        with closing(store):
            summary = plan.summary(store, changes)
            tombstones = self._choose(store, changes)
            kept = self._still_kept(store)
            if not self.afresh:
                self._grow_words(store, changes)
        self._put_layers(changes_path)
        layers = [*(plan.index / "parts" / part / "articles.db" for part in self._kept), self._part / "articles.db"]
        with closing(ArticleStore.open(*layers)) as store:
            if self.afresh:
                self._make_words(store)
            if plan.tag:
                self._write_names(store)
            collection = self._fill_vectors(store, changes)
            parts = self._kept | {self.id: store.own_chunk_count()}
        before = plan.before
        manifest = Manifest(
            id=self.id, previous="" if plan.purged else plan.previous, corpus=str(plan.corpus),
            created=datetime.now().astimezone().isoformat(" ", "seconds"), embedding=self._embedding.name,
            fingerprint=self._embedding.fingerprint, dimension=self._embedding.dimension, chunking=CHUNKING_VERSION,
            articles=summary.unchanged + len(summary.added) + len(summary.changed), chunks=summary.chunks,
            number=plan.number, tombstones=tombstones, parts=parts, files={}, server=plan.server,
            collection=collection, kept=kept, tagged=FINGERPRINT if plan.tag else "")
        replace(manifest, files=seal(plan.index, manifest, before)).write(self.folder)
        return replace(summary, embedded=self._embedded, snapshot=self.id)

    # ---- what is written

    def _choose(self, store: ArticleStore, changes: Changes) -> int:
        """Decides which parts stay as they are; returns how many chunks are gone since all was made afresh."""
        before, chunks = self._plan.before, store.chunk_count()
        tombstones = changes.lost + (before.tombstones if before else 0)
        if changes.lost and (chunks <= SMALL or tombstones > TOMBSTONES * chunks):
            self.afresh = True
        if self.afresh or before is None:
            self.afresh = True
            return 0
        parts, own = list(before.parts.items()), store.own_chunk_count()
        while len(parts) > 1 and (len(parts) >= PARTS or parts[-1][1] <= ABSORBED * max(own, 1)):
            own += parts.pop()[1]
        if own + sum(chunks for _, chunks in parts[1:]) <= BESIDE:
            self._kept = dict(parts)
        return tombstones

    def _still_kept(self, store: ArticleStore) -> str:
        """The id of the snapshot that alone has the articles of a file which still cannot be read, or ""."""
        plan = self._plan
        broken = [file.name for file in store.files().values() if file.broken]
        missed = bool(broken) if plan.before is None or not plan.reread else any(map(store.gave_before, broken))
        return plan.kept if missed and not plan.purged else ""

    def _put_layers(self, changes: Path) -> None:
        """Makes the articles of the new part out of what changed and of the parts that it takes in."""
        taken = [] if self._plan.reread else self._plan.layers[len(self._kept):]
        if taken:
            merge_layers(self._part / "articles.db", [*taken, changes], lowest=self.whole, settled=self.afresh)
            changes.unlink()
        else:
            os.replace(changes, self._part / "articles.db")

    # ---- words

    def _make_words(self, store: ArticleStore) -> None:
        with closing(LexicalIndex.create(self.folder / "words")) as words:
            ids = sorted(store.ids())
            for done, article_id in enumerate(ids):
                self._tell("words", done, len(ids))
                article = store.held(article_id)
                words.add(article, store.chunks_of(article))
            words.commit()

    def _grow_words(self, store: ArticleStore, changes: Changes) -> None:
        assert self._plan.before is not None  # what is not made afresh grows out of the one before
        before = self._plan.before.folder(self._plan.index)
        with closing(LexicalIndex.grow(before / "words", self.folder / "words", store.born())) as words:
            gone = [*changes.changed, *changes.deleted]
            for article_id in gone:
                taken = store.before(article_id)
                assert taken is not None  # it changed or went, so it was there
                words.take_back(*taken)
            ids = [*changes.added, *changes.changed]
            for done, article_id in enumerate(ids):
                self._tell("words", done, len(ids))
                article = store.held(article_id)
                words.add(article, store.chunks_of(article), self._plan.number)
            words.commit()

    # ---- names

    def _write_names(self, store: ArticleStore) -> None:
        """Tags the articles that the new part speaks for, as far as that was not done before, and writes their names."""
        index = self._plan.index
        below = NameIndex.open([index / "parts" / part / NAMES for part in self._kept]) if self._kept else None
        spoken_for = store.spoken_for(len(self._kept)) if below else set()
        ids = store.ids()
        wanted = sorted(spoken_for & ids if below else ids)
        with closing(TextCache(index / MENTIONS, FINGERPRINT)) as cache:
            articles = tag(store, wanted, cache, lambda done: self._tell("names", done, len(wanted)))
            write_names(self._part / NAMES, below, sorted(spoken_for - ids), articles)

    # ---- vectors

    def _fill_vectors(self, store: ArticleStore, changes: Changes) -> str:
        """Puts the vectors of the new part where they belong; returns the name of their collection, or ""."""
        plan = self._plan
        if plan.server:
            new = None if self.afresh else [*changes.added, *changes.changed]
            vectors, collection = served(plan.index, None if self.afresh else plan.before, plan.server, self.id,
                                         self._embedding.dimension, store.chunk_hashes())
            self._upsert(store, vectors, store.chunk_hashes(new))
            return collection
        if not self.whole:
            chunks = store.chunk_hashes(sorted(store.spoken_for(len(self._kept))))
            rows = [np.zeros((0, self._embedding.dimension), np.float32)]
            rows += [vectors for _, vectors in self._vectors(store, chunks)]
            write_beside(self._part, list(chunks), np.vstack(rows))
        elif self.afresh:
            self._upsert(store, VectorIndex.create(self._part / BASE, self._embedding.dimension), store.chunk_hashes())
        else:
            self._rebase(store)
        return ""

    def _rebase(self, store: ArticleStore) -> None:
        """Makes a base of the one before, and of what lies beside it and is new."""
        assert self._plan.before is not None  # what is not made afresh grows out of the one before
        plan, base = self._plan, next(iter(self._plan.before.parts))
        with closing(ArticleStore.open(plan.layers[0])) as below:
            there = below.chunk_hashes()
        copy_folder(plan.index / "parts" / base / BASE, self._part / BASE)
        vectors, now = VectorIndex.open(self._part / BASE, self._embedding.dimension), store.chunk_hashes()
        vectors.delete(there.keys() - now.keys())
        self._upsert(store, vectors, {name: digest for name, digest in now.items() if there.get(name) != digest})

    def _upsert(self, store: ArticleStore, vectors: GrowingVectors, chunks: Mapping[str, bytes]) -> None:
        with closing(vectors):
            for ids, rows in self._vectors(store, chunks):
                vectors.upsert(ids, rows)
            if isinstance(vectors, VectorIndex):
                vectors.reach(list(chunks))
            vectors.seal()

    def _vectors(self, store: ArticleStore, chunks: Mapping[str, bytes]) -> Iterator[tuple[list[str], np.ndarray]]:
        """(ids, vectors) of the chunks, whose text hashes are given, some at a time; what is not at hand is embedded."""
        self._embed_ahead(store, chunks)
        names = list(chunks)
        for start in range(0, len(names), UPSERT_BATCH):
            batch = {name: chunks[name] for name in names[start:start + UPSERT_BATCH]}
            known = self._cache.get(list(set(batch.values())))
            unknown = {digest: name for name, digest in batch.items() if digest not in known}
            at_hand = start + len(batch) - len(unknown)
            for done in range(0, len(unknown), EMBED_BATCH):
                self._tell("vectors", at_hand + done, len(names))
                some = list(unknown)[done:done + EMBED_BATCH]
                texts = _texts(store, (unknown[digest] for digest in some))
                known |= self._embed(dict(zip(some, texts, strict=True)))
            self._embedded += len(unknown)
            self._tell("vectors", at_hand + len(unknown), len(names))
            yield list(batch), np.stack([known[digest] for digest in batch.values()])

    def _embed_ahead(self, store: ArticleStore, chunks: Mapping[str, bytes]) -> None:
        """Has the engine, if there is one, fill the cache."""
        if self._engine is None:
            return
        missing: dict[bytes, str] = {}
        names = list(chunks)
        for start in range(0, len(names), UPSERT_BATCH):
            hashes = {chunks[name]: name for name in names[start:start + UPSERT_BATCH]}
            known = self._cache.get(list(hashes))
            missing |= {digest: name for digest, name in hashes.items() if digest not in known}
        done = 0
        for start in range(0, len(missing), ENGINE_BATCH):
            some = list(missing)[start:start + ENGINE_BATCH]
            texts = _texts(store, (missing[digest] for digest in some))
            for vectors in self._engine(dict(zip(some, texts, strict=True))):
                self._cache.put(vectors)
                done += len(vectors)
                self._tell("vectors", done, len(missing))
        self._embedded += done

    def _embed(self, texts: dict[bytes, str]) -> dict[bytes, np.ndarray]:
        """The vectors of texts by their hashes, once they are in the cache. Raises EmbeddingError for unsound ones."""
        embedding = self._embedding
        self._cache.put(dict(zip(texts, embedding.encode(list(texts.values())))))
        vectors = self._cache.get(list(texts))
        if unsound := [text for digest, text in texts.items() if digest not in vectors]:
            raise EmbeddingError(
                f"模型 {embedding.name} 给“{unsound[0][:20]}…”的向量不是 {embedding.dimension} 个数的单位向量。请换一个模型。",
                f"The model {embedding.name} gives no unit vector of {embedding.dimension} numbers for "
                f"\"{unsound[0][:20]}…\". Set another model.",
            )
        return vectors


def _texts(store: ArticleStore, chunk_ids: Iterable[str]) -> list[str]:
    """The texts that are embedded for chunks; an article of many is read once where its chunks come together."""
    @lru_cache(maxsize=1)
    def cut(article_id: str) -> list[str]:
        article = store.held(article_id)
        return [embedding_text(article, chunk) for chunk in store.chunks_of(article)]

    places = (chunk_id.rpartition("@") for chunk_id in chunk_ids)
    return [cut(article_id)[int(ordinal)] for article_id, _, ordinal in places]
