"""A server as an administrator keeps it: started, looked at, asked with a key, told to stop."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
from scripted_chain import BOOKS, HOURS, ScriptedChain
from test_admission import until
from test_attacks_page import client

from assistant.api.admission import Admission
from assistant.index.snapshot import Index
from assistant.settings import Settings
from assistant.web.server import launch

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The whole application, with a scripted chain."""
    chain = ScriptedChain()
    chain.retriever = None  # type: ignore[attr-defined]
    served = launch(chain, Settings(port=0, rate_limit=0), wait=False)
    yield served.local_url
    served.close()


def assistant(folder: Path, *arguments: str) -> str:
    """What a command prints."""
    return subprocess.run([sys.executable, "-m", "assistant", *arguments], cwd=folder, check=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True).stdout


def test_a_stopped_server_answers_who_has_asked_and_lets_nobody_in() -> None:
    chain = ScriptedChain(pause=0.2)
    chain.retriever = None  # type: ignore[attr-defined]
    served = launch(chain, Settings(port=0, rate_limit=0), wait=False)
    replies: list[httpx.Response] = []

    def ask() -> None:
        with client(served.local_url) as asking:
            replies.append(asking.post("/api/ask", json={"question": BOOKS.question}))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    until(lambda: bool(chain.asked))
    served.close()
    asking.join(60)
    assert replies[0].status_code == 200 and replies[0].json()["answer"] == BOOKS.text
    with pytest.raises(httpx.ConnectError), client(served.local_url) as late:
        late.get("/healthz")


def test_a_server_is_started_looked_at_and_stopped(sample_index: Path, tmp_path: Path) -> None:
    assistant(tmp_path, "user", "add", "王编辑", "--role", "editor", "--password", "一个很长的密码不会忘")
    key = assistant(tmp_path, "user", "key", "王编辑").strip()
    settings = {"ASSISTANT_USERS": "users.json", "ASSISTANT_LOG": "json", "ASSISTANT_TRACE": "trace.jsonl",
                "ASSISTANT_EMBED": "https://www.example.org"}
    process = subprocess.Popen([sys.executable, "-m", "assistant", "chat", "--port", "0", "--index", str(sample_index)],
                               cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout and process.stderr
        address = re.search(r"http://\S+", process.stdout.readline())[0]  # type: ignore[index]
        with client(address) as asking:
            assert (asking.get("/healthz").text, asking.get("/readyz").status_code) == ("ok\n", 200)
            assert asking.get("/").status_code == 303 and asking.get("/metrics").status_code == 401
            assert "frame.src" in asking.get("/embed.js").text
            question = {"question": "解放区有多少个网格？"}
            assert asking.post("/api/ask", json=question).status_code == 401
            asking.headers["authorization"] = f"Bearer {key}"
            assert "586" in asking.post("/api/ask", json=question).json()["answer"]
            assert 'assistant_questions_total{door="rest",kind="quotes"} 1.0' in asking.get("/metrics").text
            assert "https://www.example.org" in asking.get("/issues").headers["content-security-policy"]
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as garbled:
            garbled.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
            garbled.recv(100)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"asked", "Invalid HTTP request received."} <= {line["message"] for line in lines}
    assert "网格" not in log and "127.0.0.1" not in log and key not in log
    [row] = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text(encoding="utf-8").splitlines()]
    assert row["question"] == question["question"] and "127.0.0.1" not in json.dumps(row) and "王编辑" not in json.dumps(row)


def test_the_page_s_questions_are_counted_and_stand_in_the_same_line(sample_index: Path) -> None:
    chain = ScriptedChain()
    chain.retriever, chain.index = None, Index(sample_index)  # type: ignore[attr-defined]
    served = launch(chain, Settings(port=0, rate_limit=0), wait=False)
    try:
        with client(served.local_url) as asking:
            functions = asking.get("/config").json()["dependencies"]
            number = next(one["id"] for one in functions if len(one["inputs"]) == 4 and len(one["targets"]) >= 2)
            asking.post("/gradio_api/queue/join", json={"data": [HOURS.question, [], "", {}], "fn_index": number, "session_hash": "a"})
            assert HOURS.text[:6] in asking.get("/gradio_api/queue/data", params={"session_hash": "a"}).text
            assert f'assistant_questions_total{{door="chat",kind="{HOURS.kind}"}} 1.0' in asking.get("/metrics").text
    finally:
        served.close()


def test_the_log_of_a_server_is_a_line_each() -> None:
    code = ("import logging; from assistant.api.logs import log_text; log_text()\n"
            "from mcp.server.fastmcp import FastMCP; FastMCP('newspaper')\n"
            "logging.getLogger('assistant').warning('%s', '字' * 200)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert [line.partition("assistant: ")[2] for line in done.stderr.splitlines()] == ["字" * 200]


def test_a_question_to_a_full_line_is_turned_away_before_gradio(sample_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = ScriptedChain()
    chain.retriever, chain.index = None, Index(sample_index)  # type: ignore[attr-defined]
    served = launch(chain, Settings(port=0, rate_limit=0), wait=False)
    question = {"data": [HOURS.question, [], "", {}], "fn_index": 99, "session_hash": "a"}
    try:
        with client(served.local_url) as asking:
            monkeypatch.setattr(Admission, "is_full", True)
            refused = asking.post("/gradio_api/queue/join", json=question)
            assert (refused.status_code, int(refused.headers["retry-after"])) == (503, 5) and "Too many" in refused.json()["detail"]
            assert "assistant_busy_total 1.0" in asking.get("/metrics").text
            assert asking.get("/").status_code == 200
            monkeypatch.undo()
            assert asking.post("/gradio_api/queue/join", json=question).status_code == 400, "Gradio knows no such function"
    finally:
        served.close()


@pytest.mark.parametrize("body", [
    {"fn_index": 99}, {"fn_index": -1}, {"fn_index": "x"}, {}, {"data": [], "fn_index": 3}, {"data": {"a": 1}, "fn_index": 3},
    {"data": [[[]] * 4], "fn_index": 3, "event_data": [7], "trigger_id": "x"}, {"data": None, "fn_index": None},
])
def test_what_the_page_does_not_send_is_no_fault_of_ours(address: str, caplog: pytest.LogCaptureFixture, body: dict) -> None:
    """Either refused at once, or answered with a failure; nothing is written to the log but a line."""
    with client(address) as asking:
        for path in ("/gradio_api/queue/join", "/gradio_api/run/predict"):
            reply = asking.post(path, json={"data": [], "session_hash": "odd", **body})
            assert reply.status_code < 600 and "Traceback" not in reply.text and str(ROOT) not in reply.text
            if body.get("fn_index") == 99:
                assert 400 <= reply.status_code < 500, path
    assert "Traceback" not in caplog.text


def test_the_container_writes_into_its_volume_only() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    written = {name: re.search(rf"ASSISTANT_{name.upper()}=(\S+)", text) for name in ("index", "feedback", "shared")}
    assert {name for name, found in written.items() if found and found[1].startswith("/srv/data/")} == set(written)
    assert set(written) <= {one.name for one in fields(Settings)}
