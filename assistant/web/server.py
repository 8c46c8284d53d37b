"""The application on an address, and what is told where that cannot be had."""

from __future__ import annotations

import errno
import socket
import threading
import time
from typing import TYPE_CHECKING

import click
import uvicorn

from assistant.api.memory import few_arenas
from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.web.app import make_app

if TYPE_CHECKING:
    from fastapi import FastAPI

    from assistant.api.desk import Desk
    from assistant.chain import AnswerChain

ANSWER_SECONDS = 20.0
"""How long a stopped server goes on with the answers at hand, while nobody new is let in."""
GRACE_SECONDS = 1
"""How long it then waits for its visitors: an open page holds a connection for ever."""


class Served:
    """The application on a bound address. `run` serves it here; `start` and `close` in a thread beside."""

    def __init__(self, app: FastAPI, bound: socket.socket, host: str, *, json_log: bool = False) -> None:
        self._bound = bound
        shown = f"[{host}]" if ":" in host else host
        self.local_url = f"http://{shown}:{bound.getsockname()[1]}/"
        self._server = _Finishing(uvicorn.Config(
            app, log_level="warning", log_config=None if json_log else uvicorn.config.LOGGING_CONFIG, lifespan="on",
            proxy_headers=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS))
        self._thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """Serves until it is stopped."""
        self._server.run(sockets=[self._bound])

    def start(self) -> None:
        """Returns when visitors are let in."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)

    def close(self) -> None:
        """Ends what `start` began."""
        self._server.should_exit = True
        self._thread.join()
        self._bound.close()


class _Finishing(uvicorn.Server):
    """A server that is stopped when the answers at hand are given."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets nobody in, waits for the answers, then for those who take them."""
        for one in (*self.servers, *(sockets or ())):
            one.close()
        desk: Desk = self.config.app.state.desk  # type: ignore[union-attr]
        await desk.finish(ANSWER_SECONDS)
        await super().shutdown(sockets)


def launch(chain: AnswerChain, settings: Settings, *, wait: bool = True) -> Served:
    """Opens the pages on settings.host:settings.port (0: a free port) and says where.

    Returns when it is stopped, or at once when not asked to `wait`: then `.local_url` is its address and
    `.close()` ends it. Raises AssistantError when the address cannot be had, or there is no index.
    """
    few_arenas()
    bound = _bound(settings)
    try:
        served = Served(make_app(chain, settings), bound, settings.host, json_log=settings.log == "json")
    except AssistantError:
        bound.close()
        raise
    click.echo(f"聊天页面 Chat page: {served.local_url.rstrip('/')}    （Ctrl+C 停止 stops it）")
    served.run() if wait else served.start()
    return served


def _bound(settings: Settings) -> socket.socket:
    """The port, taken before the page is built. Raises AssistantError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise _not_had(settings, error) from error


def _not_had(settings: Settings, error: OSError) -> AssistantError:
    host, port = settings.host, settings.port
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 7860
        return AssistantError(
            f"端口 {port} 已被别的程序占用，聊天页面打不开。请换一个端口：assistant chat --port {other}",
            f"Port {port} is taken by another program, so the chat page cannot open. "
            f"Use another port: assistant chat --port {other}",
        )
    return AssistantError(
        f"地址 {host} 端口 {port} 用不了（{error.strerror}），聊天页面打不开。请改用：assistant chat --host 127.0.0.1 --port 7860",
        f"Address {host} port {port} cannot be used ({error.strerror}), so the chat page cannot open. "
        "Use: assistant chat --host 127.0.0.1 --port 7860",
    )
