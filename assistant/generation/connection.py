"""What a language model's server may do on the line: bounded bytes, no redirect, no proxy on the way to this machine.

Both doors to a server (the OpenAI client's and Ollama's) are clients of httpx; they are given the same two hooks,
one before each request and one before each answer is read. A server that names a time to come back
(Retry-After) is not asked again before it.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from assistant.errors import LanguageModelError, SettingsError

ANSWER_BYTES = 16 << 20
"""Where reading stops. A piece of one character takes some 300 bytes: 20,000 pieces take a third of this."""
LONGEST_REST = 3600.0
"""Seconds that a server may at most ask not to be asked."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Hooks = dict[str, list[Any]]


def host(address: str) -> str:
    """The host that an http(s) address names; "" for anything else."""
    try:
        parts = urlsplit(address)
        return parts.hostname or "" if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def client_options(address: str) -> dict[str, Any]:
    """What an httpx client to `address` is made with. Raises SettingsError for a proxy that cannot be used."""
    local = host(address) in LOOPBACK
    if not local:
        _check_proxies()
    return {"trust_env": not local, "follow_redirects": False, "headers": {"Accept-Encoding": "identity"}}


@contextmanager
def no_proxies() -> Iterator[None]:
    """The environment without its proxies, for a library that reads them while it is imported and needs none."""
    named = {name: os.environ.pop(name) for name in list(os.environ) if name.lower().endswith("_proxy")}
    try:
        yield
    finally:
        os.environ.update(named)


def _check_proxies() -> None:
    """Raises SettingsError where the environment names a SOCKS proxy and the package that speaks SOCKS is missing."""
    from importlib.util import find_spec
    from urllib.request import getproxies

    named = next((f"{kind}_proxy={address}" for kind, address in getproxies().items()
                  if address.startswith("socks") and kind in ("all", "http", "https")), None)
    if named and find_spec("socksio") is None:
        raise SettingsError(
            f"环境变量 {named} 指的是 SOCKS 代理，缺少会用它的程序包。请运行 pip install socksio，或去掉这个变量。",
            f"The environment's {named} is a SOCKS proxy, and the package that speaks to one is missing. "
            "Run: pip install socksio, or unset the variable.")


class Line:
    """The line to one server: the hooks of its client, and until when the server wants to be left alone."""

    def __init__(self) -> None:
        self._rest_until = 0.0

    @property
    def hooks(self) -> Hooks:
        """Event hooks for an asynchronous httpx client."""
        return {"request": [self._before], "response": [self._admit]}

    async def _before(self, _: Any) -> None:
        if time.monotonic() < self._rest_until:
            raise busy()

    async def _admit(self, response: Any) -> None:
        """Refuses what is not to be read, and bounds what is. Raises LanguageModelError."""
        status, named = response.status_code, response.headers.get("retry-after", "")
        if 300 <= status < 400:
            raise LanguageModelError(
                f"语言模型的地址要转到别处（{status}），没有跟过去。请把 ASSISTANT_LLM_BASE_URL 写成最终的地址。",
                f"The language model's address leads elsewhere ({status}) and was not followed; "
                "set ASSISTANT_LLM_BASE_URL to the final address.")
        if status >= 429 and named:
            self._rest_until = time.monotonic() + min(rest_seconds(named), LONGEST_REST)
            raise busy()
        if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise LanguageModelError("语言模型的回答是压缩过的，没有读。", "The language model's answer is compressed and was not read.")
        response.aiter_raw = _bounded(response.aiter_raw)


def _bounded(read: Any) -> Any:
    """The response's own reading, which ends with LanguageModelError after ANSWER_BYTES."""
    async def bounded(chunk_size: int | None = None) -> AsyncIterator[bytes]:
        size = 0
        async for piece in read(chunk_size):
            size += len(piece)
            if size > ANSWER_BYTES:
                raise too_long()
            yield piece

    return bounded


def rest_seconds(retry_after: str) -> float:
    """The seconds that a Retry-After header names, as a number or as an HTTP date; 0.0 for anything else."""
    try:
        if retry_after.strip().isdecimal():
            return float(retry_after)
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def busy() -> LanguageModelError:
    """What is told of a server that wants to be left alone for a while."""
    return LanguageModelError("语言模型太忙或额度已用完（429）。", "The language model is busy or its quota is used up (429).")


def too_long() -> LanguageModelError:
    """What is told of an answer without an end."""
    return LanguageModelError("语言模型的回答太长。", "The language model's answer is too long.")


def too_late() -> LanguageModelError:
    """What is told where the time for an answer is over."""
    return LanguageModelError("语言模型超过了时限。", "The language model did not answer in time.")
