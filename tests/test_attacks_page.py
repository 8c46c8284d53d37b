"""A server that visitors try to knock over: too much, too long, too often, too slow, under foreign names."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.middleware import Middleware
from test_admission import until

from assistant.api import limits
from assistant.api.limits import Limits
from assistant.api.visitors import PublicAddress, client_of, hostname
from assistant.settings import Settings

HUGE = 40 << 20


def application(settings: Settings) -> FastAPI:
    """Pages of every size behind the limits."""
    app = FastAPI(middleware=[Middleware(PublicAddress, settings=settings), Middleware(Limits, settings=settings)])
    seen: list[str] = []

    @app.get("/huge")
    def huge() -> PlainTextResponse:
        return PlainTextResponse("x" * HUGE)

    @app.get("/endless")
    def endless() -> StreamingResponse:
        def pieces() -> Iterator[bytes]:
            while True:
                yield b"x" * (1 << 20)

        return StreamingResponse(pieces())

    @app.post("/api/echo")
    async def echo(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    @app.get("/where")
    def where(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(request.url_for("where")))

    app.state.let = threading.Event()

    @app.get("/wait")
    async def wait() -> PlainTextResponse:
        while not app.state.let.is_set():
            await asyncio.sleep(0.01)
        return PlainTextResponse("")

    @app.get("/stumble")
    def stumble() -> None:
        seen.index("never")

    return app


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of the application while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", proxy_headers=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, trust_env=False, timeout=60)


def test_a_request_too_long_is_refused_whatever_it_says_of_itself() -> None:
    with serving(application(Settings())) as address, client(address) as asking:
        assert asking.post("/api/echo", content=b"x" * limits.REQUEST_BYTES).text == str(limits.REQUEST_BYTES)
        refused = asking.post("/api/echo", content=b"x" * (limits.REQUEST_BYTES + 1))
        assert (refused.status_code, refused.headers["content-type"]) == (413, "application/problem+json")
        with pytest.raises(httpx.HTTPError):
            asking.post("/api/echo", content=iter([b"x" * limits.REQUEST_BYTES, b"x"])).raise_for_status()


def test_who_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(limits, "READ_SECONDS", 0.3)
    with serving(application(Settings())) as address, client(address) as asking:
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as slow:
            slow.sendall(b"GET /huge HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            until(lambda: "dropped a slow or endless reader of /huge" in caplog.text)
            received = 0
            while piece := slow.recv(1 << 20):
                received += len(piece)
            assert received < HUGE
        monkeypatch.undo()
        assert len(asking.get("/huge").content) == HUGE  # who reads has it all


def test_a_reply_without_an_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPLY_BYTES", 5 << 20)
    with serving(application(Settings())) as address, client(address) as asking:
        received = 0
        with pytest.raises(httpx.HTTPError), asking.stream("GET", "/endless") as reply:
            for piece in reply.iter_bytes():
                received += len(piece)
        assert 0 < received <= 6 << 20


def test_a_client_has_its_share_and_is_told_when_there_is_more() -> None:
    with serving(application(Settings(rate_limit=3))) as address, client(address) as asking:
        replies = [asking.post("/api/echo", content=b"x") for _ in range(8)]
        assert [reply.status_code for reply in replies] == [200] * 6 + [429] * 2
        assert 0 < int(replies[-1].headers["retry-after"]) <= 20
        assert replies[-1].json()["status"] == 429 and "请求太多" in replies[-1].json()["detail"]
        assert asking.get("/where").status_code == 200  # pages are not counted


@pytest.mark.parametrize(("name", "status"), [("AT_ONCE", 429), ("AT_ONCE_ALL", 503)])
def test_no_more_than_so_many_at_a_time(name: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, name, 3)
    app = application(Settings())
    with serving(app) as address:
        async def all_at_once() -> list[int]:
            """The others are answered when three have been refused."""
            app.state.let.clear()
            async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as asking:
                replies = []
                for next_reply in asyncio.as_completed([asking.get("/wait") for _ in range(6)]):
                    replies.append((await next_reply).status_code)
                    if len(replies) == 3:
                        app.state.let.set()
                return replies

        for _ in range(2):  # and the room is free again
            assert asyncio.run(all_at_once()) == [status] * 3 + [200] * 3


def test_a_request_that_a_library_stumbles_over_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(application(Settings())) as address, client(address) as asking:
        with caplog.at_level(logging.ERROR):
            reply = asking.get("/stumble")
        assert reply.status_code == 400 and "Traceback" not in caplog.text and "/stumble: ValueError" in caplog.text
        monkeypatch.setattr(limits, "_PACKAGE", __file__)  # as if the fault were ours
        with caplog.at_level(logging.ERROR):
            assert asking.get("/stumble").status_code == 500 and "Traceback" in caplog.text


PUBLIC = Settings(public_url="https://paper.example.org:8443/ask")


@pytest.mark.parametrize(("headers", "shown"), [
    ({"host": "paper.example.org"}, "https://paper.example.org:8443/ask/where"),
    ({"host": "paper.example.org:8443"}, "https://paper.example.org:8443/ask/where"),
    ({"host": "127.0.0.1", "x-forwarded-host": "paper.example.org"}, "https://paper.example.org:8443/ask/where"),
    ({"host": "127.0.0.1:1"}, "http://127.0.0.1:1/where"),
])
def test_the_public_address_is_what_pages_write(headers: dict[str, str], shown: str) -> None:
    with serving(application(PUBLIC)) as address, client(address) as asking:
        assert asking.get("/where", headers=headers).text == shown


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"host": "paper.example.org.evil.example"},
                                     {"host": "paper.example.org@evil.example"}, {"host": ""},
                                     {"host": "127.0.0.1", "x-forwarded-host": "evil.example"},
                                     {"host": "127.0.0.1", "x-forwarded-for": "1.2.3.4"}])
def test_a_foreign_name_is_refused(headers: dict[str, str]) -> None:
    with serving(application(PUBLIC)) as address, client(address) as asking:
        assert asking.get("/where", headers=headers).status_code == 403


def test_who_asks_is_who_the_proxy_names_last() -> None:
    def scope(peer: str, *forwarded: str) -> dict[str, object]:
        return {"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded]}

    assert client_of(scope("127.0.0.1", "6.6.6.6, 1.2.3.4"), True) == "1.2.3.4"
    assert client_of(scope("127.0.0.1", "1.2.3.4"), False) == "127.0.0.1"
    assert client_of(scope("9.9.9.9", "1.2.3.4"), True) == "9.9.9.9"
    assert [hostname(host) for host in ("A.b:1", "[::1]:2", "", "a/b", "x@y")] == ["a.b", "::1", "", "", ""]


PAGE = """
import os
from fastapi import FastAPI
from fastapi.testclient import TestClient
from assistant.chat.page import build_chat, interface_texts
from assistant.chat.sessions import forget_sessions
from assistant.settings import Settings
from scripted_chain import BOOKS, ScriptedChain

assert os.environ["ALL_PROXY"].startswith("socks5")
page = build_chat(ScriptedChain(), Settings()).queue()
import gradio as gr  # after the page, which shields it from the proxies
app = gr.mount_gradio_app(FastAPI(), page, path="/", ssr_mode=False, i18n=interface_texts())
forget_sessions(page)
with TestClient(app) as asking:
    functions = asking.get("/config").json()["dependencies"]
    number = next(one["id"] for one in functions if len(one["inputs"]) == 4 and len(one["targets"]) >= 2)
    for session in ("a", "b"):
        asking.post("/gradio_api/queue/join", json={"data": [BOOKS.question, [], "", {}], "fn_index": number, "session_hash": session})
        told = asking.get("/gradio_api/queue/data", params={"session_hash": session}).text
        assert '"success":true' in told.replace(" ", ""), told[-500:]
assert not page.state_holder.session_data
print("whole")
"""


def test_the_page_opens_behind_proxies_and_keeps_no_session() -> None:
    root = Path(__file__).parent.parent
    proxies = {"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9", "PYTHONPATH": f"{root}:{root}/tests"}
    done = subprocess.run([sys.executable, "-c", PAGE], capture_output=True, text=True, env={**os.environ, **proxies}, cwd=root)
    assert done.stdout.endswith("whole\n"), done.stderr[-3000:]
