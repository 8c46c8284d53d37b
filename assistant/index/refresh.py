"""The corpus against the index: what was added, changed or deleted is brought into a new snapshot.

The new snapshot is built beside the current one, verified, flushed to the disk, and then named by CURRENT in
one step. Whatever happens before that step, the old one answers and the next refresh goes on from the cache.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.index.articles import ArticleStore, Changes, StoredFile
from assistant.index.chunking import CHUNKING_VERSION, chunk_article, embedding_text
from assistant.errors import CorpusError, EmbeddingError, IndexDamaged, IndexFault
from assistant.index.words import LexicalIndex
from assistant.schema import RefreshSummary
from assistant.index.snapshot import (Manifest, copy_folder, current_id, new_id, recorded_corpus, remove_others, seal, switch,
                                writing)
from assistant.index.survey import Progress, Survey, read_files, survey
from assistant.index.vector_cache import VectorCache, text_hash
from assistant.index.vectors import Vectors
from assistant.index.vector_place import is_placed, new_vectors, servers, sweep
from assistant.index.verification import MANY, examine, waiting_child

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
TOMBSTONES = 0.25
"""Once more than this share of the chunks was deleted, words and vectors are made afresh: what is deleted
stays in the stores' files, takes part in BM25's counts, and costs recall (STACK)."""
SMALL = 2000
"""An index of no more chunks is made afresh, within seconds, whenever something is deleted from it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a new snapshot is made from the one before, whose manifest is None where its articles are not whole.

    `reread` takes no articles over from it, `recut` no chunks, `afresh` no words and vectors. `previous` is the
    id of the last snapshot that is whole, or "".
    """

    corpus: Path
    index: Path
    before: Manifest | None
    previous: str
    server: str
    engine: Engine | None
    survey: Survey
    reread: bool
    recut: bool
    afresh: bool

    def __bool__(self) -> bool:
        return bool(self.survey) or self.afresh

    def part(self, name: str) -> Path | None:
        """The path of a part of the snapshot before."""
        return self.index / "snapshots" / self.before.id / name if self.before else None


def refresh(corpus: Path | None, index: Path, embedding: Embedding, *, server: str = "",
            engine: Engine | None = None, dry_run: bool = False, rebuild: bool = False, checksum: bool = False,
            wait: bool = False, progress: Progress | None = None) -> RefreshSummary:
    """What was done to bring the index up to date with the corpus; with `dry_run`, what would be.

    A file is read when its size or time has changed and its content too (with `checksum`, whatever its time).
    `rebuild` reads every file and takes nothing over but the vectors in the cache; another model or chunking
    makes the words and vectors anew from the articles at hand. When nothing changed, no snapshot is made.
    A file that was read before and cannot be read now keeps its articles and is among `failed`.
    `corpus` None means the index's own. The vectors lie on the Chroma server at the address `server`, or with ""
    in the index; they are brought there when they lie elsewhere. An `engine` embeds in place of `embedding`,
    which must be the same model.

    Raises CorpusError when there is no such folder or it is not the index's own (unless `rebuild`), IndexLocked
    when another refresh is at work (unless `wait`), EmbeddingError, ServerAway, IndexDamaged when the new
    snapshot is not whole, and OSError for a full disk or a folder that cannot be written; the old snapshot then
    still answers.
    """
    began = time.monotonic()
    with nullcontext() if dry_run else writing(index, wait=wait) as note:
        tell = _teller(progress, note)
        folder, addresses = _corpus(corpus, index, rebuild), servers(index)
        if not dry_run:
            remove_others(index)
        plan = _plan(folder, index, embedding, server, engine, rebuild, checksum, tell)
        if not plan:
            summary = _nothing(plan)
        else:
            summary = _rehearse(plan, tell) if dry_run else _carry_out(plan, embedding, tell)
        if not dry_run:
            sweep(index, addresses | servers(index))
        return replace(summary, skipped=plan.survey.skipped, dry_run=dry_run, seconds=time.monotonic() - began)


# ---- before anything is written


def _teller(progress: Progress | None, note: Progress | None) -> Progress:
    """Tells the caller every step, and the lock file one a second, so that others see it too."""
    noted = 0.0

    def tell(stage: str, done: int, total: int | None) -> None:
        nonlocal noted
        if progress is not None:
            progress(stage, done, total)
        if note is not None and time.monotonic() - noted >= 1:
            note(stage, done, total)
            noted = time.monotonic()

    return tell


def _corpus(corpus: Path | None, index: Path, rebuild: bool) -> Path:
    """The folder to read, absolute. Raises CorpusError when it is missing or another than the index's."""
    recorded = recorded_corpus(index)
    if corpus is None and recorded is None:
        raise CorpusError(
            f"{index} 里没有可用的索引，不知道文章在哪里。请用 assistant refresh --corpus 文件夹 指明。",
            f"There is no index in {index} that tells where its articles are. Run: assistant refresh --corpus FOLDER",
        )
    folder = Path(recorded if corpus is None else os.path.abspath(corpus))
    if corpus is not None and recorded is not None and not rebuild and folder.resolve() != Path(recorded).resolve():
        raise CorpusError(
            f"{index} 是从 {recorded} 建的，不是 {folder}。请换一个 --index，或用 --rebuild 改用这个文件夹。",
            f"{index} was made from {recorded}, not from {folder}. Name another --index, or change it with --rebuild.",
        )
    if not folder.is_dir():
        raise CorpusError(
            f"找不到文章文件夹 {folder}。索引没有动。请用 --corpus 指明它在哪里。",
            f"There is no corpus folder {folder}; the index is unchanged. Say where it is with --corpus.",
        )
    os.scandir(folder).close()  # a folder that cannot be listed is an OSError here, and not an empty one
    return folder


def _before(index: Path) -> tuple[Manifest | None, bool]:
    """The manifest of the current snapshot, and whether all of it is whole.

    None where there is none, it is of another format, or its articles are damaged.
    """
    try:
        folder = index / "snapshots" / current_id(index)
        manifest = Manifest.read(folder)
    except IndexFault:
        return None, False
    broken = manifest.broken(folder, contents=True)
    return None if "articles.db" in broken else manifest, not broken


def _plan(corpus: Path, index: Path, embedding: Embedding, server: str, engine: Engine | None, rebuild: bool,
          checksum: bool, tell: Progress) -> _Plan:
    before, whole = _before(index)
    reread = rebuild or before is None
    known: dict[str, StoredFile] = {}
    if not reread:
        with closing(ArticleStore.open(index / "snapshots" / before.id / "articles.db")) as store:
            known = store.files()
    recut = reread or before.chunking != CHUNKING_VERSION
    afresh = recut or not whole or before.fingerprint != embedding.fingerprint or not is_placed(index, before, server)
    previous = "" if before is None else before.id if whole else before.previous
    return _Plan(corpus, index, before, previous, server, engine, survey(corpus, known, checksum, tell), reread, recut,
                 afresh)


def _nothing(plan: _Plan) -> RefreshSummary:
    with closing(ArticleStore.open(plan.part("articles.db"))) as store:
        return RefreshSummary(unchanged=plan.before.articles, failed=store.failures(), chunks=plan.before.chunks,
                              snapshot=plan.before.id)


# ---- the new snapshot


def _rehearse(plan: _Plan, tell: Progress) -> RefreshSummary:
    """What `_carry_out` would do, found in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        store, changes = _read(plan, Path(folder) / "articles.db", tell)
        with closing(store):
            return _summary(plan, store, changes)


def _carry_out(plan: _Plan, embedding: Embedding, tell: Progress) -> RefreshSummary:
    """Builds the new snapshot, has it verified, and switches to it; cleans up what nobody needs then."""
    folder = plan.index / "snapshots" / new_id()
    many = plan.before is not None and plan.before.chunks >= MANY
    with (waiting_child() if many else nullcontext() as child,
          closing(VectorCache(plan.index / "vectors.db", embedding.fingerprint, embedding.dimension)) as cache):
        check = partial(examine, child=child) if child else examine
        try:
            summary = _build(plan, folder, embedding, cache, tell)
            tell("verify", 0, None)
            if faults := check(folder, deep=False)[0]:
                raise IndexDamaged(
                    f"新的索引没有通过检查（{faults[0]}）；旧的没有动。请再运行 assistant refresh --rebuild。",
                    f"The new snapshot did not pass its checks ({faults[0]}); the old one is unchanged. "
                    "Run: assistant refresh --rebuild",
                )
            switch(plan.index, folder.name)
        finally:
            remove_others(plan.index)
        with suppress(OSError):  # the new index answers already; the next refresh makes the cache smaller
            cache.keep_only(_needed(plan.index))
    return replace(summary, snapshot=folder.name)


def _needed(index: Path) -> dict[str, set[bytes]]:
    """The hashes of the texts in the snapshots that are kept, by model fingerprint."""
    needed: dict[str, set[bytes]] = {}
    for path in (index / "snapshots").glob("*/manifest.json"):
        with suppress(IndexFault), closing(ArticleStore.open(path.parent / "articles.db")) as store:
            needed.setdefault(Manifest.read(path.parent).fingerprint, set()).update(store.text_hashes())
    return needed


def _build(plan: _Plan, folder: Path, embedding: Embedding, cache: VectorCache, tell: Progress) -> RefreshSummary:
    """Makes a whole snapshot in `folder`, but for its being verified."""
    folder.mkdir(parents=True)
    (folder / "readers").touch()
    store, changes = _read(plan, folder / "articles.db", tell)
    with closing(store):
        lost = store.lost_chunks()
        tombstones = lost + (plan.before.tombstones if plan.before else 0)
        worn = lost and (store.chunk_count() <= SMALL or tombstones > TOMBSTONES * store.chunk_count())
        afresh = plan.afresh or bool(worn)
        if not afresh:
            copy_folder(plan.part("words"), folder / "words")
        _fill_words(store, changes, folder / "words", afresh, tell)
        ahead = _embed_ahead(plan.engine, store.new_chunks(beside_base=not afresh), store, cache, tell)
        vectors, collection = new_vectors(folder, None if afresh else plan.before, plan.server, embedding.dimension,
                                          store)
        embedded = _fill_vectors(store, vectors, afresh, embedding, cache, tell)
        summary, articles = replace(_summary(plan, store, changes), embedded=ahead + embedded), store.article_count()
    Manifest(
        id=folder.name, previous=plan.previous, corpus=str(plan.corpus),
        created=datetime.now().astimezone().isoformat(" ", "seconds"), embedding=embedding.name,
        fingerprint=embedding.fingerprint, dimension=embedding.dimension, chunking=CHUNKING_VERSION,
        articles=articles, chunks=summary.chunks, tombstones=0 if afresh else tombstones, files=seal(folder),
        server=plan.server, collection=collection,
    ).write(folder)
    return summary


def _read(plan: _Plan, path: Path, tell: Progress) -> tuple[ArticleStore, Changes]:
    """A store at `path` that holds what the files hold now, its articles cut into chunks; and what changed."""
    store = ArticleStore.create(path, plan.part("articles.db"), copy=not plan.reread)
    try:
        read_files(plan.survey, store, tell)
        changes = store.changes()
        for article_id in changes.deleted:
            store.remove_chunks(article_id)
        ids = sorted(store.ids()) if plan.recut else [*changes.added, *changes.changed]
        for done, article_id in enumerate(ids):
            tell("chunks", done, len(ids))
            article = store.article(article_id)
            chunks = chunk_article(article)
            store.put_chunks(article_id, chunks, [text_hash(embedding_text(article, chunk)) for chunk in chunks])
    except BaseException:
        store.close()
        raise
    return store, changes


def _fill_words(store: ArticleStore, changes: Changes, folder: Path, afresh: bool, tell: Progress) -> None:
    """Brings the words in line with the store."""
    with closing(LexicalIndex.create(folder) if afresh else LexicalIndex.open(folder)) as words:
        if not afresh:
            words.delete((*changes.changed, *changes.deleted))
        ids = sorted(store.ids()) if afresh else [*changes.added, *changes.changed]
        for done, article_id in enumerate(ids):
            tell("words", done, len(ids))
            article = store.article(article_id)
            words.add(article, store.chunks_of(article))
        words.commit()


def _fill_vectors(store: ArticleStore, vectors: Vectors, afresh: bool, embedding: Embedding, cache: VectorCache,
                  tell: Progress) -> int:
    """Brings the vectors in line with the store; returns how many texts had to be embedded."""
    with closing(vectors):
        if not afresh:
            vectors.delete(store.gone_chunks())
        embedded = _add_vectors(store.new_chunks(beside_base=not afresh), store, vectors, embedding, cache, tell)
        vectors.seal()
    return embedded


def _embed_ahead(engine: Engine | None, chunks: list[tuple[str, int, bytes]], store: ArticleStore,
                 cache: VectorCache, tell: Progress) -> int:
    """Has the engine, if there is one, fill the cache; returns how many texts it embedded."""
    missing: dict[bytes, str] = {}
    for start in range(0, len(chunks) if engine else 0, UPSERT_BATCH):
        hashes = {digest: f"{name}@{ordinal}" for name, ordinal, digest in chunks[start:start + UPSERT_BATCH]}
        known = cache.get(list(hashes))
        missing |= {digest: chunk_id for digest, chunk_id in hashes.items() if digest not in known}
    embedded = 0
    for start in range(0, len(missing), ENGINE_BATCH):
        some = list(missing)[start:start + ENGINE_BATCH]
        texts = _texts(store, [missing[digest] for digest in some])
        for vectors in engine(dict(zip(some, texts, strict=True))):
            cache.put(vectors)
            embedded += len(vectors)
            tell("vectors", embedded, len(missing))
    return embedded


def _add_vectors(chunks: list[tuple[str, int, bytes]], store: ArticleStore, vectors: Vectors, embedding: Embedding,
                 cache: VectorCache, tell: Progress) -> int:
    embedded = 0
    for start in range(0, len(chunks), UPSERT_BATCH):
        hashes = {f"{name}@{ordinal}": digest for name, ordinal, digest in chunks[start:start + UPSERT_BATCH]}
        known = cache.get(list(set(hashes.values())))
        unknown = {digest: chunk_id for chunk_id, digest in hashes.items() if digest not in known}
        at_hand = start + len(hashes) - len(unknown)
        for done in range(0, len(unknown), EMBED_BATCH):
            tell("vectors", at_hand + done, len(chunks))
            some = list(unknown)[done:done + EMBED_BATCH]
            texts = _texts(store, [unknown[digest] for digest in some])
            known |= _embed(embedding, dict(zip(some, texts, strict=True)), cache)
        embedded += len(unknown)
        tell("vectors", at_hand + len(unknown), len(chunks))
        vectors.upsert(list(hashes), np.stack([known[digest] for digest in hashes.values()]))
    return embedded


def _texts(store: ArticleStore, chunk_ids: list[str]) -> list[str]:
    chunks = store.chunks(chunk_ids)
    articles = {chunk.article_id: store.article(chunk.article_id) for chunk in chunks.values()}
    return [embedding_text(articles[chunks[name].article_id], chunks[name]) for name in chunk_ids]


def _embed(embedding: Embedding, texts: dict[bytes, str], cache: VectorCache) -> dict[bytes, np.ndarray]:
    """The vectors of texts by their hashes, once they are in the cache. Raises EmbeddingError for unsound ones."""
    cache.put(dict(zip(texts, embedding.encode(list(texts.values())))))
    vectors = cache.get(list(texts))
    if unsound := [text for digest, text in texts.items() if digest not in vectors]:
        raise EmbeddingError(
            f"模型 {embedding.name} 给“{unsound[0][:20]}…”的向量不是 {embedding.dimension} 个数的单位向量。请换一个模型。",
            f"The model {embedding.name} gives no unit vector of {embedding.dimension} numbers for "
            f"\"{unsound[0][:20]}…\". Set another model.",
        )
    return vectors


def _summary(plan: _Plan, store: ArticleStore, changes: Changes) -> RefreshSummary:
    unchanged = store.article_count() - len(changes.added) - len(changes.changed)
    return RefreshSummary(changes.added, changes.changed, unchanged, changes.deleted, store.failures(),
                          chunks=store.chunk_count(), snapshot=plan.before.id if plan.before else "")
