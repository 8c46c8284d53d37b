"""Behind a real nginx, with the lines that docs/operation.md gives: a public name, a port and a path of one's own."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from scripted_chain import BOOKS, ScriptedChain
from test_attacks_page import serving

from assistant.api.doors import add_doors, shell
from assistant.settings import Settings

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
DOCS = Path(__file__).parent.parent / "docs/operation.md"
PAUSE = 0.15

pytestmark = pytest.mark.skipif(NGINX is None, reason="needs nginx (apt install nginx-light)")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]


@pytest.fixture(scope="module")
def visiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A visitor of https-less nginx, who calls the server by its public name."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    settings = Settings(public_url=f"http://paper.example.org:{port}/ask", rate_limit=0)
    app = FastAPI(middleware=shell(settings))
    chain = ScriptedChain(pause=PAUSE)
    chain.retriever = None  # type: ignore[attr-defined]
    add_doors(app, chain, settings)  # type: ignore[arg-type]

    @app.get("/where")
    def where(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.url_for('where')} {request.headers.get('x-forwarded-for')}")

    with serving(app) as address:
        block = re.search(r"```nginx\n(.+?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]
        for written, here in (("listen 443 ssl", f"listen 127.0.0.1:{port}"), ("http://127.0.0.1:7860", address)):
            assert written in block
            block = block.replace(written, here)
        block = re.sub(r"ssl_certificate.*\n", "\n", block)
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/log; events {{}}\nhttp {{ access_log off; "
            + "".join(f"{name}_temp_path {folder}/{name}; " for name in
                      ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) + f"\n{block}}}", encoding="utf-8")
        server = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", f"{folder}/log"])
        try:
            base = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=base, trust_env=False, headers={"host": f"paper.example.org:{port}"}, timeout=20) as one:
                for _ in range(1200):
                    try:
                        one.get("/")
                        break
                    except httpx.ConnectError:
                        time.sleep(0.05)
                yield one
        finally:
            server.terminate()
            server.wait(10)


def test_addresses_lead_back_through_the_proxy(visiting: httpx.Client) -> None:
    port = str(visiting.base_url).rpartition(":")[2].strip("/")
    assert visiting.get("/ask/where").text == f"http://paper.example.org:{port}/ask/where 127.0.0.1"
    assert visiting.get("/ask/api/coverage").json()["articles"] == 4
    assert visiting.post("/ask/api/ask", json={"question": BOOKS.question}).json()["answer"] == BOOKS.text
    redirected = visiting.post("/ask/mcp")
    assert redirected.headers["location"].startswith(f"http://paper.example.org:{port}/ask/mcp/")


def test_events_come_as_they_are_made(visiting: httpx.Client) -> None:
    begun, came = time.monotonic(), []
    with visiting.stream("POST", "/ask/api/ask", json={"question": BOOKS.question, "stream": True}) as reply:
        came.extend(time.monotonic() - begun for line in reply.iter_lines() if line.startswith("event:"))
    assert len(came) > 4 and came[-1] - came[0] > 3 * PAUSE


def test_a_foreign_name_is_refused_behind_it_too(visiting: httpx.Client) -> None:
    assert visiting.get("/ask/where", headers={"host": "evil.example"}).status_code == 403
    assert visiting.get("/ask/where", headers={"x-forwarded-host": "evil.example"}).status_code in (200, 403)
