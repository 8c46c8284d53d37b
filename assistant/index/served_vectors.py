"""A Chroma server that holds the vectors, for readers on several machines.

A vector's id there is the hash of its text, so that nothing on the server is ever changed: a refresh adds what
is new, the local snapshot is switched, and only then goes what no snapshot needs. A reader of either snapshot
finds all of its own vectors at every moment, and takes the others for what they are.
"""

from __future__ import annotations

import ipaddress
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from assistant.errors import ServerAway
from assistant.index.vectors import SERVED_HNSW, VectorIndex, chroma_faults

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

CONNECT_SECONDS = 5
ANSWER_SECONDS = 120
"""What the server has for one answer; Chroma's client would wait for ever. A batch of 5,000 takes some 10 s."""


class ServedVectors:
    """The vectors of one snapshot in a collection on a server, with the methods of a VectorIndex.

    `hashes` gives the text hash of each of the snapshot's chunks. What else the collection holds, for the
    snapshot before or the one that is being made, is never found.
    """

    def __init__(self, address: str, collection: str, dimension: int, hashes: Mapping[str, bytes]) -> None:
        """Connects to the collection. Raises ServerAway, or IndexDamaged where there is no such collection."""
        self._address = address
        self._names = {chunk_id: digest.hex() for chunk_id, digest in hashes.items()}
        self._chunks: dict[str, list[str]] = defaultdict(list)
        for chunk_id, name in self._names.items():
            self._chunks[name].append(chunk_id)
        self._index = _opened(address, collection, dimension)

    @classmethod
    def create(cls, address: str, collection: str, dimension: int, hashes: Mapping[str, bytes]) -> ServedVectors:
        """A new collection, empty. Raises ServerAway."""
        with _connected(address) as client, chroma_faults(address):
            client.create_collection(collection, embedding_function=None, configuration={"hnsw": SERVED_HNSW})
        return cls(address, collection, dimension, hashes)

    def upsert(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Adds the vectors of these chunks; chunks of the same text share one."""
        rows = {self._names[chunk_id]: row for row, chunk_id in enumerate(ids)}
        with _away(self._address):
            self._index.upsert(list(rows), vectors[list(rows.values())])

    def delete(self, ids: Iterable[str]) -> None:
        """Removes the vectors of these chunks, but for those whose text another chunk of the snapshot has."""
        gone = {chunk_id for chunk_id in ids if chunk_id in self._names}
        names = {self._names[chunk_id] for chunk_id in gone}
        with _away(self._address):
            self._index.delete(name for name in names if gone.issuperset(self._chunks[name]))

    def search(self, vector: np.ndarray, k: int, among: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """As a VectorIndex; what the collection holds beside this snapshot takes no one's place."""
        allowed = self._names if among is None else frozenset(among)
        names = None if among is None else list(dict.fromkeys(self._names[chunk_id] for chunk_id in among))
        wanted = k
        while True:
            with _away(self._address):
                nearest = self._index.search(vector, wanted, names)
            hits = [(chunk_id, similarity) for name, similarity in nearest
                    for chunk_id in self._chunks.get(name, ()) if chunk_id in allowed]
            if len(hits) >= k or len(nearest) < wanted:
                return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
            wanted *= 2

    def vectors(self, ids: Sequence[str]) -> np.ndarray:
        """As a VectorIndex: float32 of shape (len(ids), dimension), in the order of `ids`."""
        names = [self._names[chunk_id] for chunk_id in ids]
        rows = {name: row for row, name in enumerate(dict.fromkeys(names))}
        with _away(self._address):
            return self._index.vectors(list(rows))[[rows[name] for name in names]]

    def ids(self) -> set[str]:
        """The ids of the snapshot's chunks whose vector is there."""
        with _away(self._address):
            return {chunk_id for name in self._index.ids() for chunk_id in self._chunks.get(name, ())}

    def count(self) -> int:
        """The number of those."""
        return len(self.ids())

    def close(self) -> None:
        """Ends the connection."""
        self._index.close()

    seal = close


def lacks(address: str, collection: str, texts: int) -> bool:
    """Whether the server has no such collection, or one of fewer vectors than `texts`. Raises ServerAway."""
    from chromadb.errors import NotFoundError

    with _connected(address) as client:
        try:
            return client.get_collection(collection, embedding_function=None).count() < texts
        except NotFoundError:
            return True


def forget(address: str, prefix: str, needed: Mapping[str, Set[bytes]]) -> None:
    """Removes each collection named `prefix`… that is not among `needed`, and of the others all but these hashes.

    Raises ServerAway.
    """
    with _connected(address) as client, chroma_faults(address):
        names = [collection.name for collection in client.list_collections()]
    for name in names:
        if name in needed:
            _keep_only(address, name, {digest.hex() for digest in needed[name]})
        elif name.startswith(prefix):
            with _connected(address) as client, chroma_faults(address):
                client.delete_collection(name)


def exposed(address: str) -> bool:
    """Whether a server can be reached from the whole internet: its address is neither private nor this machine's."""
    try:
        places = socket.getaddrinfo(urlsplit(address).hostname, None)
    except OSError:
        return False  # there is no such host: the connection will tell
    return any(ipaddress.ip_address(str(place[4][0]).partition("%")[0]).is_global for place in places)


def _keep_only(address: str, collection: str, names: Set[str]) -> None:
    with closing(_opened(address, collection, 0)) as index, _away(address):
        if index.count() > len(names):
            index.delete(index.ids() - names)


def _opened(address: str, collection: str, dimension: int) -> VectorIndex:
    client = _client(address)
    try:
        with _away(address), chroma_faults(f"{address}/{collection}"):
            found = client.get_collection(collection, embedding_function=None)
            return VectorIndex(f"{address}/{collection}", client, found, dimension)
    except BaseException:
        client.close()  # type: ignore[attr-defined]  # Client has it
        raise


def _client(address: str) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(address)
    with _away(address):
        # A host that drops packets is told within seconds; Chroma's client would wait for ever.
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        socket.create_connection((parts.hostname, port), CONNECT_SECONDS).close()
        try:
            client = chromadb.HttpClient(address, settings=Settings(anonymized_telemetry=False))
        except (ValueError, chromadb.errors.ChromaError) as error:  # what listens there is no Chroma server
            raise OSError(str(error)) from error
    client._server._session.timeout = ANSWER_SECONDS  # type: ignore[attr-defined]  # it has no setting for this
    return client


@contextmanager
def _connected(address: str) -> Iterator[ClientAPI]:
    with closing(_client(address)) as client, _away(address):  # type: ignore[type-var]  # Client can be closed
        yield client


@contextmanager
def _away(address: str) -> Iterator[None]:
    """What goes wrong on the way to the server, as ServerAway."""
    from httpx import HTTPError

    try:
        yield
    except (HTTPError, OSError) as error:
        raise ServerAway(
            f"放向量的 Chroma 服务器 {address} 连不上（{error}）。请先启动它（chroma run --path 文件夹 --host … --port …），"
            "或不设 ASSISTANT_VECTORS 再运行 assistant refresh，把向量放回本机。",
            f"The Chroma server {address}, which holds the vectors, does not answer ({error}). Start it "
            "(chroma run --path FOLDER --host … --port …), or unset ASSISTANT_VECTORS and run assistant refresh "
            "to keep the vectors on this machine.",
        ) from error
