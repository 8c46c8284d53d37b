"""Where the vectors of a new snapshot are put: into its folder, or on a Chroma server; and what leaves the server.

On a server an index has one collection, and a new one whenever its vectors are made afresh: for another model,
or when too much was deleted from the one before. `index/identity` tells its collections from other indexes'.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from assistant.index.articles import ArticleStore
from assistant.errors import IndexFault
from assistant.index.snapshot import Manifest, copy_folder, flush
from assistant.index.vectors import VectorIndex, Vectors
from assistant.index.served_vectors import ServedVectors, forget, lacks


def new_vectors(folder: Path, before: Manifest | None, server: str, dimension: int,
                store: ArticleStore) -> tuple[Vectors, str]:
    """(vectors, name of their collection or "") for the snapshot being made in `folder` out of `store`.

    They are those of the snapshot `before`, copied where they lie in a folder; where it is None, there are none.
    """
    if server:
        collection = before.collection if before else f"newspaper-{_identity(folder.parent.parent)}-{folder.name}"
        make = ServedVectors if before else ServedVectors.create
        return make(server, collection, dimension, store.chunk_hashes()), collection
    if before is None:
        return VectorIndex.create(folder / "vectors", dimension), ""
    copy_folder(folder.parent / before.id / "vectors", folder / "vectors")
    return VectorIndex.open(folder / "vectors", dimension), ""


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
    with closing(ArticleStore.open(index / "snapshots" / manifest.id / "articles.db")) as store:
        return store.text_hashes()


def _identity(index: Path) -> str:
    """A name of its own for an index, wherever its folder is moved."""
    path = index / "identity"
    if not path.exists():
        path.write_text(uuid.uuid4().hex[:16] + "\n", encoding="ascii")
        flush(path)
        flush(index)
    return path.read_text(encoding="ascii").strip()
