"""The questions offered on the empty page: tried out beside the visitors, of whom none waits for it."""

from __future__ import annotations

import logging
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.chain import AnswerChain

WAITED = 0.3
"""Seconds that a page waits for them: a small archive's are ready by then, those of 68,161 articles take 3 s of a core."""

_log = logging.getLogger(__name__)


class Starters:
    """At most `n` questions that the archive answers, tried out once a snapshot in a thread of their own."""

    def __init__(self, chain: AnswerChain, n: int) -> None:
        self._chain, self._n = chain, n
        self._lock = Lock()
        self._snapshot = ""
        self._ready: list[str] = []
        self._trying: Thread | None = None

    def now(self) -> list[str]:
        """Those of the archive as it is now where they are tried out; else those of the snapshot before, and at the very
        first some that are hardly ever without an answer."""
        snapshot = self._chain.index.current().manifest.id
        with self._lock:
            if self._snapshot != snapshot and not (self._trying and self._trying.is_alive()):
                self._trying = Thread(target=self._try, args=(snapshot,), daemon=True, name="starters")
                self._trying.start()
            trying = self._trying
        if trying:
            trying.join(WAITED)
        return self._ready or self._chain.untried_starters(self._n)

    def _try(self, snapshot: str) -> None:
        try:
            self._ready, self._snapshot = self._chain.starters(self._n), snapshot
        except Exception as fault:  # an archive that cannot be read is told to who asks, not here
            _log.error("%s", fault)
