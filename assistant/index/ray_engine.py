"""Embedding on Ray: an actor pool on this machine or a cluster embeds, and one writer here takes what comes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import EmbeddingError

if TYPE_CHECKING:
    from assistant.models.embedding import Embedding

BATCH = 512
"""Texts that a worker is handed at once, as a refresh without Ray embeds them."""


class RayEngine:
    """Embeds texts with Ray Data: called with texts by their hashes, it gives vectors by hash as they come.

    Each worker makes the model of its own by `load`, so its files must be on every machine. `fingerprint` is
    what the model must have there. Vectors are float32 of unit length, the same that the model gives here.
    """

    def __init__(self, load: Callable[[], Embedding], fingerprint: str, address: str = "") -> None:
        """`address` is that of a Ray cluster; with "" Ray is started on this machine, and ended afterwards."""
        self._load, self._fingerprint, self._address = load, fingerprint, address

    def __call__(self, texts: Mapping[bytes, str]) -> Iterator[dict[bytes, np.ndarray]]:
        """Raises EmbeddingError when Ray is not installed, cannot be reached, or a worker fails."""
        with _started(self._address):
            import ray.data

            workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
            rows = ray.data.from_items([{"hash": digest.hex(), "text": text} for digest, text in texts.items()])
            embedded = rows.repartition(max(1, len(texts) // BATCH)).map_batches(
                _Worker, fn_constructor_args=(self._load, self._fingerprint), batch_size=BATCH,
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers))
            for batch in embedded.iter_batches(batch_size=BATCH, batch_format="numpy"):
                yield dict(zip(map(bytes.fromhex, batch["hash"]), np.stack(batch["vector"]), strict=True))


class _Worker:
    """One worker with its own copy of the model."""

    def __init__(self, load: Callable[[], Embedding], fingerprint: str) -> None:
        self._embedding = load()
        if self._embedding.fingerprint != fingerprint:
            raise ValueError(f"the model {self._embedding.name} on this machine is another one")

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"hash": batch["hash"], "vector": self._embedding.encode(list(batch["text"]))}


@contextmanager
def _started(address: str) -> Iterator[None]:
    """Ray while it is needed; one that runs in this process already is used and left running."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray reports to its makers unless told before it starts
    os.environ["RAY_DATA_LOG_LEVEL"] = "ERROR"
    if not address:  # without a cluster Ray listens on this machine only; on Linux it would on every address
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise EmbeddingError(
            '--engine ray 需要 Ray。请先安装：pip install "newspaper-assistant[ray]"',
            'Ray is not installed, which --engine ray needs. Run: pip install "newspaper-assistant[ray]"',
        ) from error
    ours = not ray.is_initialized()
    try:
        if ours and address:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        elif ours:
            ray.init("local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield
    except (ray.exceptions.RayError, ConnectionError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise EmbeddingError(
            f"Ray 没有算完（{reason}）。算好的向量留着；再运行一次就接着做，或去掉 --engine ray 在本机做。",
            f"Ray did not finish ({reason}). The vectors made so far are kept: run it again to go on, or without "
            "--engine ray.",
        ) from error
    finally:
        if ours:
            ray.shutdown()
