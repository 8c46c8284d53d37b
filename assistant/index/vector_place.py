"""The vectors of an index on a Chroma server: where a new snapshot's are put, and what leaves the server.

On a server an index has one collection, and a new one whenever its vectors are made afresh: for another model,
or when too much was deleted from the one before. `index/identity` tells its collections from other indexes'.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from assistant.errors import IndexFault
from assistant.index.articles import ArticleStore
from assistant.index.manifest import Manifest, flush, share
from assistant.index.served_vectors import ServedVectors, forget, lacks
from assistant.index.vectors import GrowingVectors


def served(index: Path, before: Manifest | None, server: str, snapshot_id: str, dimension: int,
           hashes: Mapping[str, bytes]) -> tuple[GrowingVectors, str]:
    """(vectors, name of their collection) on the server, for a new snapshot of chunks with these text hashes.

    They go into the collection of the snapshot `before`, or where it is None into one of their own.
    """
    if before:
        return ServedVectors(server, before.collection, dimension, hashes), before.collection
    collection = f"newspaper-{_identity(index)}-{snapshot_id}"
    return ServedVectors.create(server, collection, dimension, hashes), collection


def is_placed(index: Path, manifest: Manifest, server: str) -> bool:
    """Whether a snapshot's vectors are on `server` ("": in its folder). Raises ServerAway."""
    if manifest.server != server:
        return False
    return not server or not lacks(server, manifest.collection, len(_hashes(index, manifest)))


def servers(index: Path) -> set[str]:
    """The addresses of the servers that the snapshots of an index have vectors on."""
    return {manifest.server for manifest in _manifests(index)} - {""}


def sweep(index: Path, addresses: Iterable[str]) -> None:
    """Removes what no snapshot of the index needs from these servers, as far as they answer.

    What stays on one that does not is removed after the next refresh.
    """
    needed: dict[str, set[bytes]] = {}
    for manifest in _manifests(index):
        if manifest.server:
            needed.setdefault(manifest.collection, set()).update(_hashes(index, manifest))
    for address in addresses:
        with suppress(IndexFault):
            forget(address, f"newspaper-{_identity(index)}-", needed)


def _manifests(index: Path) -> Iterator[Manifest]:
    for path in (index / "snapshots").glob("*/manifest.json"):
        with suppress(IndexFault):
            yield Manifest.read(path.parent)


def _hashes(index: Path, manifest: Manifest) -> set[bytes]:
    with closing(ArticleStore.open(*manifest.layers(index))) as store:
        return set(store.chunk_hashes().values())


def _identity(index: Path) -> str:
    """A name of its own for an index, wherever its folder is moved."""
    path = index / "identity"
    if not path.exists():
        path.write_text(uuid.uuid4().hex[:16] + "\n", encoding="ascii")
        share(path, index)
        flush(path)
        flush(index)
    return path.read_text(encoding="ascii").strip()
