"""What one visitor, and all together, may take: requests at a time and a minute, bytes in and out, time to read.

Pure ASGI, before everything else: what is refused here costs nothing further in.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

from assistant.api.problems import problem
from assistant.api.visitors import App, Receive, Scope, Send, client_of
from assistant.settings import Settings

REQUEST_BYTES = 1 << 20
"""Longest request: a question with the conversation before it is some tens of kilobytes."""
REPLY_BYTES = 64 << 20
"""Longest reply, far beyond any page; a growing conversation's stream ends there and is opened anew."""
PIECE_BYTES = 64 << 10
"""Replies are handed on in pieces of this size, so that no more of one waits for a slow reader."""
READ_SECONDS = 20.0
"""How long a reader may take for one piece (3 kB a second); then the connection is dropped."""
AT_ONCE = 32
"""Requests of one client at a time: an open page holds one, and an office shares one address."""
AT_ONCE_ALL = 400
"""Requests at a time in all; each holds some 100 kB."""
WORKING_DOORS = ("/queue/join", "/api/", "/v1/", "/mcp")
"""Where a question is asked: the chat's queue, and the doors for programs."""
PROBLEM = b"application/problem+json"
CLIENTS = 10_000
"""Clients whose rate is remembered."""

_log = logging.getLogger(__name__)
_PACKAGE = str(Path(__file__).parents[1])


class Limits:
    """A middleware that answers 413, 429 or 503 to what is too much, and drops who does not read.

    `settings.rate_limit` is how many questions a client may send a minute, 0 for any number; twice as many may come at
    once after a pause.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app, self._behind_proxy = app, bool(settings.public_url)
        self._rates = _Rates(settings.rate_limit)
        self._at_once: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request within the limits."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        client = client_of(scope, self._behind_proxy)
        if refused := self._refusal(scope, client):
            return await refused(scope, receive, send)
        self._at_once[client] += 1
        try:
            await _Exchange(self._app, receive, send).serve(scope)
        finally:
            self._at_once[client] -= 1
            if not self._at_once[client]:
                del self._at_once[client]

    def _refusal(self, scope: Scope, client: str) -> Response | None:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > REQUEST_BYTES:
            return problem(413, "请求太长。", "The request is too long.")
        if sum(self._at_once.values()) >= AT_ONCE_ALL:
            return problem(503, "问的人太多，请稍后再试。", "Too many are asking; try again later.", retry_after=5)
        if self._at_once[client] >= AT_ONCE:
            return problem(429, "同时发来的请求太多，请等前面的答完。", "Too many requests at a time; wait for the others.",
                           retry_after=5)
        if any(door in scope["path"] for door in WORKING_DOORS) and (wait := self._rates.wait(client)):
            return problem(429, f"请求太多，请 {wait} 秒后再试。", f"Too many requests; try again in {wait} seconds.",
                           retry_after=wait)
        return None


class _Rates:
    """Token buckets of clients, refilled with the minutes that pass; the longest unseen are forgotten."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> int:
        """0 where the client may go on, which is then counted; else the seconds until it may."""
        if not self._a_minute:
            return 0
        now, most = time.monotonic(), 2.0 * self._a_minute
        left, seen = self._buckets.pop(client, (most, now))
        left = min(most, left + (now - seen) * self._a_minute / 60)
        self._buckets[client] = (max(left - 1, 0.0) if left >= 1 else left), now
        if len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if left >= 1 else max(1, round((1 - left) * 60 / self._a_minute))


class _Dropped(OSError):
    """The reader is too slow, or what is sent to it too long."""


class _Exchange:
    """One request and its reply, both counted."""

    def __init__(self, app: App, receive: Receive, send: Send) -> None:
        self._app, self._receive, self._send = app, receive, send
        self._read = self._sent = 0
        self._begun = self._dropped = False
        self._status, self._since = 0, time.monotonic()
        self._held: list[MutableMapping[str, Any]] = []

    async def serve(self, scope: Scope) -> None:
        """Runs the application; its fault becomes one line in the log, with the trace where it is ours."""
        try:
            await self._app(scope, self.receive, self.send)
            await self._hand_on_held()
            if door := next((door for door in WORKING_DOORS if door in scope["path"]), None):
                _log.info("asked", extra={"beside": {"door": door, "status": self._status,
                                                     "seconds": round(time.monotonic() - self._since, 3)}})
        except Exception as fault:
            if self._dropped:
                _log.info("dropped a slow or endless reader of %s", scope["path"])
                return
            ours = _is_ours(fault)
            _log.error("%s %s: %s", scope["method"], scope["path"], type(fault).__name__, exc_info=fault if ours else None)
            if self._held and (b"content-type", PROBLEM) in self._held[0]["headers"]:
                await self._hand_on_held()  # a door has told it already
            elif not self._begun:
                refused = (problem(500, "出错了，请稍后再试。", "Something failed; try again later.") if ours else
                           problem(400, "请求读不了。", "The request cannot be read."))
                await refused(scope, self._receive, self._send)

    async def _hand_on_held(self) -> None:
        for message in self._held:
            await self._hand_on(message)

    async def receive(self) -> MutableMapping[str, Any]:
        """The next piece of the request. Raises OSError beyond REQUEST_BYTES, whatever its header said."""
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > REQUEST_BYTES:
            self._dropped = True
            raise _Dropped
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Hands a message on in pieces. Raises OSError where the reader does not take them.

        A reply of 500 is held until the application has ended: a fault behind it is told as what it is.
        """
        if message.get("status") == 500 or self._held:
            self._held.append(message)
            return
        self._begun = True
        self._status = message.get("status", self._status)
        body = message.get("body", b"")
        if len(body) <= PIECE_BYTES:
            await self._hand_on(message)
            return
        for at in range(0, len(body), PIECE_BYTES):
            more = message.get("more_body", False) or at + PIECE_BYTES < len(body)
            await self._hand_on({**message, "body": body[at:at + PIECE_BYTES], "more_body": more})

    async def _hand_on(self, message: MutableMapping[str, Any]) -> None:
        self._sent += len(message.get("body", b""))
        try:
            if self._sent > REPLY_BYTES:
                raise TimeoutError
            await asyncio.wait_for(self._send(message), READ_SECONDS)
        except TimeoutError:
            self._dropped = True
            raise _Dropped from None


def _is_ours(fault: BaseException) -> bool:
    """Whether a fault was raised in this package: a library that stumbles over a request says that it was malformed."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.startswith(_PACKAGE)
