"""The corpus against the index: what was added, changed or deleted is brought into a new snapshot.

The new snapshot is built beside the current one, verified, flushed to the disk, and then named by CURRENT in
one step. Whatever happens before that step, the old one answers and the next refresh goes on from the cache.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import CorpusError, IndexDamaged, IndexFault, IndexMismatch
from assistant.index.articles import ArticleStore, StoredFile
from assistant.index.building import Build, Engine, Plan
from assistant.index.chunking import CHUNKING_VERSION
from assistant.index.manifest import Manifest, current_id, recorded_corpus, recorded_tagging, share, switch
from assistant.index.name_index import NameIndex
from assistant.index.snapshot import remove_others, rolled_back, writing
from assistant.index.survey import Progress, survey
from assistant.index.tagging import FINGERPRINT, MENTIONS
from assistant.index.text_cache import TextCache
from assistant.index.vector_cache import VectorCache
from assistant.index.vector_place import is_placed, servers, sweep
from assistant.index.verification import examine, examine_part
from assistant.schema import Failure, RefreshSummary

if TYPE_CHECKING:
    from assistant.models.embedding import Embedding

HELD = ("索引退回过，文章自那以后没有变，所以没有更新；要按现在的文章重做，请运行 assistant refresh --rebuild。"
        "The index was rolled back and the corpus is unchanged since, so nothing was done; to make it from the corpus "
        "again, run: assistant refresh --rebuild")
MADE_ANEW = ("原来的索引是另一版本的格式，已从文章重新做成。 "
             "The index was of another version's format and was made anew from the articles.")


def refresh(corpus: Path | None, index: Path, embedding: Embedding, *, server: str = "",
            engine: Engine | None = None, dry_run: bool = False, rebuild: bool = False, checksum: bool = False,
            wait: bool = False, purge: Sequence[str] = (), tag: bool | None = None, progress: Progress | None = None) -> RefreshSummary:
    """What was done to bring the index up to date with the corpus; with `dry_run`, what would be.

    A file is read when its size or time has changed and its content too (with `checksum`, whatever its time).
    `rebuild` reads every file and takes nothing over but the vectors in the cache; another model or chunking
    makes the words and vectors anew from the articles at hand. When nothing changed, no snapshot is made.
    A file that was read before and cannot be read now keeps its articles and is among `failed`; where they are in
    no snapshot but the one before, that is kept.
    `purge` are ids of articles that left the corpus and of which nothing is to be left on the disk: all is made
    afresh, and the snapshots before go, even while somebody reads them.
    `tag` finds the people, places and bodies that the articles name, or with False forgets them; None goes on as before.
    After a rollback nothing is done until the corpus is another than that which the newer snapshot was made from,
    or `rebuild` is asked for.
    `corpus` None means the index's own. The vectors lie on the Chroma server at the address `server`, or with ""
    in the index; they are brought there when they lie elsewhere. An `engine` embeds in place of `embedding`,
    which must be the same model.

    Raises CorpusError when there is no such folder or it is not the index's own (unless `rebuild`) or it has what is
    to be purged, IndexLocked when another refresh is at work (unless `wait`), EmbeddingError, ServerAway, IndexDamaged
    when the new snapshot is not whole, and OSError for a full disk or a folder that cannot be written; the old
    snapshot then still answers.
    """
    began = time.monotonic()
    with nullcontext() if dry_run else writing(index, wait=wait) as note:
        tell = _teller(progress, note)
        folder, addresses, foreign = _corpus(corpus, index, rebuild), servers(index), _is_of_another_format(index)
        if not dry_run:
            remove_others(index)
        tagged = recorded_tagging(index) if tag is None else tag
        plan = _plan(folder, index, embedding, server, rebuild, checksum, tuple(purge), tagged, tell)
        if not (rebuild or purge or tagged != recorded_tagging(index)) and _is_held(plan, embedding, checksum, tell):
            summary = replace(_nothing(plan), notes=(HELD,))
        elif not plan:
            summary = _nothing(plan)
        else:
            summary = _rehearse(plan, tell) if dry_run else _carry_out(plan, embedding, engine, tell)
        if not dry_run:
            sweep(index, addresses | servers(index))
        known = tuple(row for row in (*plan.survey.skipped, *summary.failed) if row in plan.told)
        notes = (*summary.notes, *([MADE_ANEW] if foreign and summary.snapshot and not dry_run else []))
        return replace(summary, skipped=plan.survey.skipped, known=known, dry_run=dry_run, notes=notes,
                       seconds=time.monotonic() - began)


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
    given = recorded if corpus is None else os.path.abspath(corpus)
    if given is None:
        raise CorpusError(
            f"{index} 里没有可用的索引，不知道文章在哪里。请用 assistant refresh --corpus 文件夹 指明。",
            f"There is no index in {index} that tells where its articles are. Run: assistant refresh --corpus FOLDER",
        )
    folder = Path(given)
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


def _is_of_another_format(index: Path) -> bool:
    """Whether the current snapshot is another version's, which a refresh cannot go on from."""
    try:
        Manifest.read(index / "snapshots" / current_id(index))
    except IndexMismatch:
        return True
    except IndexFault:
        return False
    return False


def _before(index: Path) -> tuple[Manifest | None, bool]:
    """The manifest of the current snapshot, and whether all of it is whole.

    None where there is none, it is of another format, or its articles are damaged.
    """
    try:
        manifest = Manifest.read(index / "snapshots" / current_id(index))
    except IndexFault:
        return None, False
    broken = manifest.broken(index, contents=True)
    return None if any(name.endswith("articles.db") for name in broken) else manifest, not broken


def _plan(corpus: Path, index: Path, embedding: Embedding, server: str, rebuild: bool, checksum: bool,
          purge: tuple[str, ...], tag: bool, tell: Progress) -> Plan:
    before, whole = _before(index)
    reread = rebuild or before is None
    known: dict[str, StoredFile] = {}
    told: frozenset[Failure] = frozenset()
    if before is not None and not rebuild:
        with closing(ArticleStore.open(*before.layers(index))) as store:
            known, told = store.files(), store.told()
    recut = before is None or reread or before.chunking != CHUNKING_VERSION
    afresh = (before is None or recut or not whole or before.fingerprint != embedding.fingerprint or bool(purge)
              or not is_placed(index, before, server) or before.tagged != (FINGERPRINT if tag else ""))
    previous = "" if before is None else before.id if whole else before.previous
    return Plan(corpus, index, before, previous, _keeper(index, before, reread), server,
                survey(corpus, known, checksum, tell), reread, recut, afresh, tag, purge, told)


def _keeper(index: Path, before: Manifest | None, reread: bool) -> str:
    """The id of the snapshot that may alone have the articles of files which cannot be read now, or ""."""
    if before is not None:
        return before.id if reread else before.kept
    try:
        return current_id(index)
    except IndexFault:
        return ""


def _is_held(plan: Plan, embedding: Embedding, checksum: bool, tell: Progress) -> bool:
    """Whether the index was rolled back, and the files would only make again what the rollback left."""
    left = rolled_back(plan.index)
    if left is None or plan.before is None or left.fingerprint != embedding.fingerprint:
        return False
    with closing(ArticleStore.open(*left.layers(plan.index))) as store:
        known = store.files()
    return not survey(plan.corpus, known, checksum, tell)


def _nothing(plan: Plan) -> RefreshSummary:
    assert plan.before is not None  # where there is no index there is something to do
    with closing(ArticleStore.open(*plan.layers)) as store:
        return RefreshSummary(unchanged=plan.before.articles, failed=store.failures(), chunks=plan.before.chunks,
                              snapshot=plan.before.id)


# ---- the new snapshot


def _rehearse(plan: Plan, tell: Progress) -> RefreshSummary:
    """What `_carry_out` would do, found in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        store, changes = plan.read(Path(folder) / "articles.db", tell)
        with closing(store):
            return plan.summary(store, changes)


def _carry_out(plan: Plan, embedding: Embedding, engine: Engine | None, tell: Progress) -> RefreshSummary:
    """Builds the new snapshot, has it verified, and switches to it; cleans up what nobody needs then."""
    index = plan.index
    with closing(VectorCache(index / "vectors.db", embedding.fingerprint, embedding.dimension)) as cache:
        build = Build(plan, embedding, cache, engine, tell)
        try:
            summary = build.make()
            tell("verify", 0, None)
            if faults := examine(build.folder, deep=False)[0] if build.whole else examine_part(build.folder):
                raise IndexDamaged(
                    f"新的索引没有通过检查（{faults[0]}）；旧的没有动。请再运行 assistant refresh --rebuild。",
                    f"The new snapshot did not pass its checks ({faults[0]}); the old one is unchanged. "
                    "Run: assistant refresh --rebuild",
                )
            switch(index, build.id)
            (index / "rolled_back").unlink(missing_ok=True)
        finally:
            remove_others(index)
        if plan.purged:
            remove_others(index, read=True)
        if build.whole:
            with suppress(OSError):  # the new index answers already; the next refresh makes the cache smaller
                needed, tagged = _needed(index)
                cache.keep_only(needed)
                if (path := index / MENTIONS).exists():
                    with closing(TextCache(path, FINGERPRINT)) as mentions:
                        mentions.keep_only({FINGERPRINT: tagged})
    for path in (*index.glob("vectors.db*"), *index.glob(f"{MENTIONS}*")):
        share(path, index)
    return summary


def _needed(index: Path) -> tuple[dict[str, set[bytes]], set[bytes]]:
    """The hashes of the texts that are embedded, by model fingerprint, and of those that are tagged, in the snapshots kept."""
    needed: dict[str, set[bytes]] = {}
    tagged: set[bytes] = set()
    for path in (index / "snapshots").glob("*/manifest.json"):
        with suppress(IndexFault, OSError):
            manifest = Manifest.read(path.parent)
            with closing(ArticleStore.open(*manifest.layers(index))) as store:
                needed.setdefault(manifest.fingerprint, set()).update(store.chunk_hashes().values())
            if manifest.tagged == FINGERPRINT:
                with closing(NameIndex.open(manifest.names(index))) as names:
                    tagged |= names.text_hashes()
    return needed, tagged
