"""A language model's server on loopback that says what a test has written, and remembers what it was asked.

It speaks the streaming chat-completions protocol of OpenAI; told of `models`, it is an Ollama that has them
(/api/tags, /api/chat; of a reply only the pieces count there). Each request takes the next `Reply`; the last one stays.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field


@dataclass(frozen=True)
class Reply:
    """What the server does with one request.

    `pieces` are sent as events; then `finish` as the finish_reason (None: the stream just ends). `raw`
    follows the pieces as it is, without an end. A `status` other than 200 sends `body` alone; `silent`
    sends nothing. `drip` bytes of a comment follow the pieces, one every `pause` seconds. `reset`
    closes the connection hard. `headers` are sent besides.
    """

    pieces: Sequence[str] = ()
    finish: str | None = "stop"
    status: int = 200
    body: str = ""
    silent: bool = False
    drip: int = 0
    pause: float = 0.0
    reset: bool = False
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ScriptedServer:
    """The running server: its address, and every request as (headers, JSON body)."""

    address: str
    replies: list[Reply]
    models: tuple[str, ...] = ()
    looked_up: int = 0
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def ollama(self) -> str:
        """The address as an Ollama's."""
        return self.address.removesuffix("/v1")

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def scripted_server(*replies: Reply, models: Sequence[str] = ()) -> Iterator[ScriptedServer]:
    """The server while the block runs; whatever it still holds is let go at the end."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    script = ScriptedServer(f"http://127.0.0.1:{http.server_port}/v1", list(replies), tuple(models))
    http.script = script  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.released.set()
        http.shutdown()
        http.server_close()


@contextmanager
def redirecting(target: str) -> Iterator[str]:
    """A server that sends every request to the same path at `target`."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(307)
            self.send_header("Location", target + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output stays its own."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script: ScriptedServer = self.server.script  # type: ignore[attr-defined]
        if self.path != "/api/tags" or not script.models:
            self.send_error(404)
            return
        script.looked_up += 1
        body = json.dumps({"models": [{"name": name, "model": name} for name in script.models]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        script: ScriptedServer = self.server.script  # type: ignore[attr-defined]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        script.asked.append(({name.lower(): value for name, value in self.headers.items()}, asked))
        reply = script.next_reply()
        try:
            if self.path == "/api/chat":
                self._chat(reply, asked["model"])
            else:
                self._answer(reply, script)
        except OSError:
            script.hung_up.set()

    def _chat(self, reply: Reply, model: str) -> None:
        """The reply in Ollama's own protocol: a JSON object a line."""
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for piece in (*reply.pieces, None):
            row = {"model": model, "created_at": "2025-11-18T00:00:00Z", "done": piece is None, "done_reason": "stop",
                   "message": {"role": "assistant", "content": piece or ""}}
            self.wfile.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")

    def _answer(self, reply: Reply, script: ScriptedServer) -> None:
        if reply.silent:
            script.released.wait(30)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 200:
            self.send_header("Content-Length", str(len(reply.body.encode())))
            self.end_headers()
            self.wfile.write(reply.body.encode())
            return
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for piece in reply.pieces:
            self.wfile.write(_event({"content": piece}, None))
        self.wfile.write(reply.raw or b"")
        for _ in range(reply.drip):
            self.wfile.write(b":")
            if script.released.wait(reply.pause):
                return
        if reply.reset:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if reply.finish and reply.raw is None:
            self.wfile.write(_event({}, reply.finish) + b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output stays its own."""


def _event(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


class ScriptedModel(BaseChatModel):
    """A chat model that needs no server: each call takes the next reply, given as its pieces; `asked` remembers."""

    replies: list[list[str]]
    asked: list[list[BaseMessage]] = Field(default=[])

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _stream(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None,
                **_: Any) -> Iterator[ChatGenerationChunk]:
        self.asked.append(messages)
        for piece in self.replies.pop(0):
            yield ChatGenerationChunk(message=AIMessageChunk(piece))
        yield ChatGenerationChunk(message=AIMessageChunk("", response_metadata={"finish_reason": "stop"}))

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None,
                  **_: Any) -> ChatResult:
        text = "".join(chunk.text for chunk in self._stream(messages))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])
