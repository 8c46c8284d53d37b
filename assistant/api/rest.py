"""REST: /api/ask, /api/search, /api/articles/ID, /api/coverage; described in /api/openapi.json.

The answers are those of the evaluation's results; faults are problem+json.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from assistant.api.admission import Busy
from assistant.api.desk import Asked, AskedFilters, Desk, answer_json, article_json
from assistant.api.problems import problem
from assistant.errors import AssistantError
from assistant.retrieval import distinct_articles
from assistant.schema import Answer

EVENT_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""nginx hands events on as they come only where it is told to."""

_log = logging.getLogger(__name__)


class Searched(AskedFilters):
    """Words and what the articles must be like, in an address."""

    q: str = Field(max_length=500)
    n: int = Field(10, ge=1, le=100)


def rest(desk: Desk, retriever: Any) -> FastAPI:
    """The application to be mounted at /api."""
    app = FastAPI(title="问报 Ask the newspaper", version="1", docs_url=None, redoc_url=None,
                  description="Answers from a newspaper's own articles, with the source of every statement.")
    told_plainly(app)

    @app.post("/ask", responses={200: {"content": {"text/event-stream": {}}}})
    async def ask(asked: Asked, request: Request) -> Response:
        """The answer with its citations; as events `growing` and `answer` with `stream` or Accept: text/event-stream."""
        if asked.stream or "text/event-stream" in request.headers.get("accept", ""):
            answers = desk.answers(asked.ask(), "rest")
            return StreamingResponse(_events(answers, await anext(answers)), media_type="text/event-stream",
                                     headers=EVENT_STREAM)
        return JSONResponse(answer_json(await desk.answer(asked.ask(), "rest")))

    @app.get("/search")
    def search(asked: Annotated[Searched, Query()]) -> dict[str, Any]:
        """The articles for some words, best first."""
        found = distinct_articles(retriever.passages(asked.q, asked.filters(), k=4 * asked.n))[:asked.n]
        return {"articles": [{**article_json(passage.article), "score": round(passage.score, 4),
                              "passage": passage.chunk.text} for passage in found]}

    @app.get("/articles/{article_id:path}")
    def article(article_id: str) -> Response:
        """An article as it was read; with `mentions`, the people, places and bodies that it names, where they are known."""
        snapshot = desk.snapshot()
        found = snapshot.articles.article(article_id)
        if found is None:
            return problem(404, f"没有文章 {article_id[:200]}。", f"There is no article {article_id[:200]}.")
        named = [{"start": one.start, "end": one.end, "kind": one.kind, "name": snapshot.names.name(one.kind, one.key)}
                 for one in snapshot.names.found(article_id)] if snapshot.names else None
        return JSONResponse(found.to_json() | ({} if named is None else {"mentions": named}))

    @app.get("/coverage")
    def coverage() -> dict[str, Any]:
        """What the archive holds: counts, the span of its dates, its newspapers and sections."""
        return asdict(desk.chain.coverage())

    return app


async def _events(answers: AsyncGenerator[Answer, None], first: Answer) -> AsyncIterator[str]:
    """Server-sent events: the text so far as it grows, then the whole answer. A fault is an event, too."""
    answer, text = first, ""
    try:
        while True:
            if answer.done:
                yield event("answer", answer_json(answer))
                return
            if answer.text != text:
                text = answer.text
                yield event("growing", {"text": text})
            answer = await anext(answers)
    except Exception as fault:
        yield event("error", json.loads(bytes(told(fault).body)))
    finally:
        await answers.aclose()


def event(name: str, row: Any) -> str:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(row, ensure_ascii=False)}\n\n"


def told_plainly(app: FastAPI) -> None:
    """Makes an application answer every fault with problem+json, without path or trace."""
    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, fault: RequestValidationError) -> Response:
        where = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors()[:5])
        return problem(422, f"请求不对：{where}", f"The request is not as it should be: {where}")

    @app.exception_handler(HTTPException)
    async def refused(_: Request, fault: HTTPException) -> Response:
        return problem(fault.status_code, "没有这个地址，或不能这样用。", str(fault.detail))

    @app.exception_handler(AssistantError)
    async def failed(_: Request, fault: Exception) -> Response:
        return told(fault)

    @app.exception_handler(Exception)  # it is raised again, and written to the log by the limits
    async def broken(_: Request, fault: Exception) -> Response:
        return problem(500, "出错了，请稍后再试。", "Something failed; try again later.")


def told(fault: Exception) -> JSONResponse:
    """What a program is told of a fault; the operator's log has the rest."""
    if isinstance(fault, Busy):
        return problem(503, fault.chinese, fault.english, retry_after=5)
    _log.error("%s", fault, exc_info=None if isinstance(fault, AssistantError) else fault)
    return problem(503, "这会儿答不上来，请稍后再试。", "The assistant cannot answer right now; try again later.", retry_after=10)
