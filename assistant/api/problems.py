"""Faults as other programs read them: problem+json (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse


def problem(status: int, chinese: str, english: str, retry_after: int = 0) -> JSONResponse:
    """A response that says what is wrong, in Chinese and in English; after `retry_after` seconds it may be right."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": f"{chinese}\n{english}"}
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return JSONResponse(body, status, headers, media_type="application/problem+json")
