"""The line before the chain: who is answered now, who waits, and who is told at once that too many ask.

A quoted answer is processor time: with more of them at a time each only takes longer, so that as many are made as there
are processors and the others wait their turn. An answer that a language model writes is mostly waiting for that model.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager

from assistant.errors import AssistantError

AT_ONCE = max(2, os.cpu_count() or 1)
"""Quoted answers made at a time. One takes 0.45 s of processor time, nine tenths of it the encoder's
(benchmarks/load.py): two processors make 4.4 a second."""
AT_ONCE_BY_MODEL = 8
"""Answers that a language model writes at a time."""
WAITING = 4 * AT_ONCE
"""Questions that may wait for a place: some two seconds of work."""
PATIENCE = 2.0
"""Seconds after which one that still waits is told that too many ask: the machine is busy with something else. Nobody
waits longer for an answer than this and what the answer takes, of which no more than AT_ONCE are made at a time."""


class Busy(AssistantError):
    """Too many questions wait."""

    def __init__(self) -> None:
        super().__init__("问的人太多，请稍后再试。", "Too many are asking; try again later.")


class Admission:
    """`places` at a time, first come, first served; `waiting` may stand in line, each for `patience` seconds."""

    def __init__(self, places: int = AT_ONCE, waiting: int = WAITING, patience: float = PATIENCE) -> None:
        self._places = self._free = places
        self._waiting, self._patience, self._closed = waiting, patience, False
        self._line: deque[Future[None]] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Waits for a place and holds it. Raises Busy."""
        turn = self._join()
        try:
            turn.result(self._patience)
            yield
        except TimeoutError as late:
            if turn.done():  # it is the work's own
                raise
            raise Busy from late
        finally:
            self._leave(turn)

    @asynccontextmanager
    async def place_soon(self) -> AsyncIterator[None]:
        """The same for a coroutine."""
        turn = self._join()
        try:
            try:
                await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(turn)), self._patience)
            except TimeoutError as late:
                raise Busy from late
            yield
        finally:
            self._leave(turn)

    def close(self) -> None:
        """Lets nobody in any more; those who wait still have their turn."""
        self._closed = True

    @property
    def is_idle(self) -> bool:
        """Whether nobody has a place."""
        return self._free == self._places

    @property
    def is_full(self) -> bool:
        """Whether the next one would be told at once that too many ask."""
        return self._closed or not self._free and len(self._line) >= self._waiting

    def _join(self) -> Future[None]:
        """A turn, which is done as soon as its place is free. Raises Busy where the line is full or closed."""
        turn: Future[None] = Future()
        with self._lock:
            if self._closed:
                raise Busy
            if self._free:
                self._free -= 1
                turn.set_result(None)
            elif len(self._line) < self._waiting:
                self._line.append(turn)
            else:
                raise Busy
        return turn

    def _leave(self, turn: Future[None]) -> None:
        """Gives the place to the next in line, or leaves the line."""
        with self._lock:
            if not turn.done():
                self._line.remove(turn)
            elif self._line:
                self._line.popleft().set_result(None)
            else:
                self._free += 1
