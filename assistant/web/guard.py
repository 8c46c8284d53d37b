"""Which requests are let in, and what a page may fetch."""

from __future__ import annotations

from collections.abc import MutableMapping, Set
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

from assistant.api.visitors import hostname
from assistant.settings import Settings

BODY_BYTES = 1 << 20
"""Longest request taken: a question with the conversation before it is some tens of kilobytes."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
"""What a page may fetch, unless it says so itself: only this server's own files, and no script within the page."""


def guard(settings: Settings) -> Middleware:
    """A middleware that refuses foreign names, foreign pages and long requests, and sends POLICY where none is set."""
    names = {*LOOPBACK, urlsplit(settings.public_url).hostname} if settings.host in LOOPBACK else set()

    def guarded(app: Any) -> Any:
        async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return

            async def send_with_policy(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    headers = MutableHeaders(scope=message)
                    headers.setdefault("content-security-policy", POLICY)
                    headers["x-content-type-options"] = "nosniff"
                    headers["referrer-policy"] = "same-origin"  # with "no-referrer" a browser posts our own forms as from nowhere
                await send(message)

            status = _refusal(names, scope)
            answer = app if status is None else PlainTextResponse("", status)
            await answer(scope, receive, send_with_policy)

        return serve

    return Middleware(guarded)


def _refusal(names: Set[str | None], scope: dict[str, Any]) -> int | None:
    """The HTTP status that a request is refused with, or None.

    A page bound to this machine answers to this machine's names and its public one only (`names`, empty for any), so
    that no foreign site reaches it under a name of its own (DNS rebinding); and no other site's page may post to it.
    """
    headers = Headers(scope=scope)
    named = headers.get("host", "")
    if names and hostname(named) not in names:
        return 403
    if headers.get("origin", f"http://{named}").partition("://")[2] != named:
        return 403
    if scope["method"] not in ("GET", "HEAD"):
        length = headers.get("content-length", "")
        return None if length.isascii() and length.isdigit() and int(length) <= BODY_BYTES else 413
    return None
