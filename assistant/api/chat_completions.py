"""OpenAI's chat completions on the newspaper: /v1/chat/completions and /v1/models, for any client that speaks them.

The model is called `newspaper`. The last user message is the question, the messages before it the conversation;
system messages, temperature and the like change nothing, for the answer is the archive's. Citations stand in the text
as [n], below it as a list, and as `annotations` of the message.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from assistant.api.desk import QUESTION_CHARACTERS, TURN_CHARACTERS, TURNS, Desk
from assistant.api.rest import EVENT_STREAM, told
from assistant.errors import AssistantError
from assistant.schema import Answer, Ask, Turn

MODEL = "newspaper"
MESSAGES = 200
"""More messages than a conversation of people has."""


class Part(BaseModel):
    """A part of a message; only text counts."""

    type: str
    text: str = ""


class Message(BaseModel):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """What it says."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class Completion(BaseModel):
    """The request; what else a client sends is not looked at."""

    messages: list[Message] = Field(min_length=1, max_length=MESSAGES)
    model: str = MODEL
    stream: bool = False

    def ask(self) -> Ask:
        """The question with the turns before it."""
        talk = [message for message in self.messages if message.role in ("user", "assistant")]
        asked = next((at for at in range(len(talk) - 1, -1, -1) if talk[at].role == "user"), None)
        question = talk[asked].text[:QUESTION_CHARACTERS] if asked is not None else ""
        turns = [Turn(one.text[:QUESTION_CHARACTERS], without_list(other.text)[:TURN_CHARACTERS])
                 for one, other in zip(talk[:asked], talk[1:asked]) if (one.role, other.role) == ("user", "assistant")]
        return Ask(question, tuple(turns[-TURNS:]))


def chat_completions(desk: Desk) -> FastAPI:
    """The application to be mounted at /v1."""
    app = FastAPI(title="newspaper", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Any, fault: RequestValidationError) -> Response:
        where = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors()[:5])
        return _error(400, where, "invalid_request_error")

    @app.exception_handler(AssistantError)
    async def failed(_: Any, fault: Exception) -> Response:
        return _failed(fault)

    @app.get("/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model()]}

    @app.get("/models/{name}")
    def model(name: str) -> Response:
        return JSONResponse(_model()) if name == MODEL else _error(404, f"There is no model {name[:100]}", "not_found_error")

    @app.post("/chat/completions")
    async def complete(request: Completion) -> Response:
        if request.model != MODEL:
            return _error(404, f"There is no model {request.model[:100]}; use {MODEL}", "not_found_error")
        answers = desk.answers(request.ask(), "completions")
        if request.stream:
            return StreamingResponse(_chunks(answers, await anext(answers)), media_type="text/event-stream",
                                     headers=EVENT_STREAM)
        answer = [one async for one in answers][-1]
        message = {"role": "assistant", "content": with_list(answer), "annotations": url_citations(answer)}
        return JSONResponse(_envelope("chat.completion", {"message": message, "finish_reason": "stop"}) | {
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}})

    return app


async def _chunks(answers: AsyncGenerator[Answer, None], answer: Answer) -> AsyncIterator[str]:
    """The completion's pieces. What was said is never taken back: a text that changes waits for the whole."""
    kind, said = _envelope("chat.completion.chunk", {}), ""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({**kind, 'choices': [choice]}, ensure_ascii=False)}\n\n"

    try:
        yield chunk({"role": "assistant", "content": ""})
        while not answer.done:
            if answer.kind == "model" and answer.text.startswith(said) and answer.text != said:
                new, said = answer.text[len(said):], answer.text
                yield chunk({"content": new})
            answer = await anext(answers)
        whole = with_list(answer)
        rest = whole[len(said):] if whole.startswith(said) else f"\n\n{whole}"
        yield chunk({"content": rest, "annotations": url_citations(answer)})
        yield chunk({}, "stop")
    except Exception as fault:
        yield f"data: {bytes(_failed(fault).body).decode()}\n\n"
    finally:
        await answers.aclose()
    yield "data: [DONE]\n\n"


def with_list(answer: Answer) -> str:
    """The answer's text, its notes, and a line a cited article."""
    cited = {citation.n: citation for citation in answer.citations}
    lines = [f"[{n}] {one.title}" + (f"（{'，'.join(about)}）" if (about := [*filter(None, (one.newspaper, one.date))]) else "")
             for n, one in sorted(cited.items())]
    return "\n\n".join(filter(None, (answer.text, "\n".join(answer.notes), _HEAD + "\n".join(lines) if lines else "")))


_HEAD = "来源：\n"


def without_list(text: str) -> str:
    """An answer that was sent before, without its list of sources."""
    return text.partition(f"\n\n{_HEAD}")[0]


def url_citations(answer: Answer) -> list[dict[str, Any]]:
    """The citations as OpenAI's url_citation, one for each place of its [n] in the text."""
    def places(mark: str) -> Iterator[int]:
        at = answer.text.find(mark)
        while at >= 0:
            yield at
            at = answer.text.find(mark, at + 1)

    cited = {citation.n: citation for citation in reversed(answer.citations)}
    return [{"type": "url_citation", "url_citation": {
        "start_index": at, "end_index": at + len(f"[{n}]"), "title": one.title, "url": one.url or f"article:{one.article_id}",
        "content": one.quote}} for n, one in sorted(cited.items()) for at in places(f"[{n}]")]


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "newspaper"}


def _envelope(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL,
            "choices": [{"index": 0, **choice}]}


def _failed(fault: Exception) -> Response:
    reply = told(fault)
    return _error(reply.status_code, json.loads(bytes(reply.body))["detail"], "server_error", dict(reply.headers))


def _error(status: int, message: str, kind: str, headers: dict[str, str] | None = None) -> JSONResponse:
    kept = {"retry-after": headers["retry-after"]} if headers and "retry-after" in headers else None
    return JSONResponse({"error": {"message": message, "type": kind, "param": None, "code": None}}, status, kept)
