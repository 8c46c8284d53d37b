"""Whether the server lives, whether it can answer, and what it has counted: /healthz, /readyz, /metrics."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from assistant.api.desk import Desk
from assistant.api.problems import problem
from assistant.errors import IndexFault


def health(desk: Desk) -> APIRouter:
    """The three addresses."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    def lives() -> Response:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    def ready() -> Response:
        try:
            snapshot = desk.snapshot()
        except IndexFault:
            return problem(503, "还没有可用的索引。", "There is no index that answers yet.", retry_after=10)
        return PlainTextResponse(f"{snapshot.manifest.id} {snapshot.manifest.articles}\n")

    @router.get("/metrics")
    def metrics() -> Response:
        try:
            snapshot = desk.snapshot()
        except IndexFault:
            snapshot = None
        return Response(desk.metrics.text(snapshot), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
