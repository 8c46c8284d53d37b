"""Who asks and under which address: the public name and path behind a proxy, and the client that is counted.

With `public_url` set (https://paper.example.org/ask), a request that comes under that name is treated as the visitor
sent it: its scheme, its host and the path before ours are the public ones, so that every address the pages write leads
back through the proxy. The proxy takes the path off (nginx: `proxy_pass http://127.0.0.1:7860/;`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from assistant.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class PublicAddress:
    """A middleware that gives requests from behind a proxy their public address; any other name is refused (403).

    Without a public address nothing is changed.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app, self._public = app, urlsplit(settings.public_url)
        self._root = self._public.path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request under its public address."""
        if scope["type"] == "http" and self._public.netloc:
            headers = Headers(scope=scope)
            name = hostname(headers.get("x-forwarded-host") or headers.get("host", ""))
            if name == self._public.hostname:
                scope = self._as_public(scope)
            elif not is_loopback(name) or "x-forwarded-for" in headers:
                await PlainTextResponse("", 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _as_public(self, scope: Scope) -> Scope:
        scope = {**scope, "scheme": self._public.scheme, "headers": list(scope["headers"])}
        headers = MutableHeaders(scope=scope)
        headers["host"] = self._public.netloc
        # Gradio reads these two to write its own addresses
        headers["x-forwarded-host"], headers["x-forwarded-proto"] = self._public.netloc, self._public.scheme
        if self._root and not scope["path"].startswith(f"{self._root}/"):
            scope |= {"root_path": self._root, "path": self._root + scope["path"],
                      "raw_path": self._root.encode() + scope.get("raw_path", b"")}
        return scope


class FrameAncestors:
    """A middleware that lets the sites of `settings.embed` show the pages in a frame, and gives them /embed.js.

    Without such sites nothing is changed.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app, self._sites = app, settings.embed.split()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request with the policy for frames."""
        if scope["type"] != "http" or not self._sites:
            await self._app(scope, receive, send)
            return
        if scope["path"].endswith("/embed.js"):
            await PlainTextResponse(_EMBED, media_type="text/javascript")(scope, receive, send)
            return

        async def send_with_policy(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                kept = [part for part in headers.get("content-security-policy", "").split(";")
                        if part.strip() and not part.strip().startswith("frame-ancestors")]
                headers["content-security-policy"] = ";".join([*kept, f" frame-ancestors 'self' {' '.join(self._sites)}"])
            await send(message)

        await self._app(scope, receive, send_with_policy)


_EMBED = """(() => { const script = document.currentScript, frame = document.createElement("iframe");
frame.src = new URL(".", script.src); frame.title = "问报"; frame.referrerPolicy = "no-referrer";
frame.style = "width: 100%; height: 40rem; border: 0"; script.after(frame); })();
"""


def hostname(host: str) -> str:
    """The name in a Host header, without its port and brackets, in lower case."""
    return (urlsplit(f"//{host}").hostname or "") if host and not set(host) & set("/@\\ ") else ""


def is_loopback(name: str) -> bool:
    """Whether a name or address is this machine's own."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def client_of(scope: Scope, behind_proxy: bool) -> str:
    """The address of who asks; behind a proxy on this machine, the one that the proxy has added last."""
    peer = (scope.get("client") or ("", 0))[0]
    forwarded = Headers(scope=scope).get("x-forwarded-for", "")
    if behind_proxy and forwarded and is_loopback(peer):
        return forwarded.rpartition(",")[2].strip()[:45]
    return peer
