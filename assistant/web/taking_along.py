"""An answer as Word and Markdown, at an address of its own once it is shared; and how good it was."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from assistant.chat import english
from assistant.chat.conversation import is_stamped, restore
from assistant.chat.reply import REASONS, body_html
from assistant.export.addresses import article_address
from assistant.export.citation_styles import gbt7714
from assistant.export.documents import as_docx, as_markdown, sources
from assistant.schema import Answer, Article
from assistant.web.site import Site, base_address, download

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
UNKNOWN = ("这条回答不是这台服务器给出的，或给出后服务器重启过。请再问一次。\n"
           "This server did not give that answer, or was restarted since. Please ask again.")
_REASONS = {name for name, _, _ in REASONS}


def router(site: Site, key: bytes) -> APIRouter:
    """What takes answers along; `key` is what the chat's answers are sealed with."""
    pages = APIRouter()
    shared = Path(site.settings.shared)

    def find(article_id: str) -> Article | None:
        return site.snapshot().articles.article(article_id)

    @pages.post("/export/{kind}")
    async def export(request: Request, kind: str) -> Response:
        answers = restore((await _body(request)).get("turns"), find)
        if kind not in ("docx", "markdown") or not answers:
            return PlainTextResponse("", 404)
        return _exported(kind, answers, request, find)

    @pages.post("/answers")
    async def share(request: Request) -> Response:
        turn = (await _body(request)).get("turn")
        if not is_stamped(turn, key):
            return PlainTextResponse(UNKNOWN, 409)
        text = json.dumps(turn, ensure_ascii=False, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        shared.mkdir(parents=True, exist_ok=True)
        (shared / f"{name}.json").write_text(text, encoding="utf-8")
        return JSONResponse({"address": f"/answers/{name}"})

    @pages.get("/answers/{name}")
    def answer(request: Request, name: str) -> Response:
        stem, _, kind = name.partition(".")
        kept = _kept(shared, stem, find)
        if kept is None:
            return site.missing(request, "没有这条回答，也许已经撤下。", "There is no such answer; it may have been withdrawn.")
        if kind:
            known = {"docx": "docx", "md": "markdown"}.get(kind)
            return _exported(known, [kept], request, find) if known else PlainTextResponse("", 404)
        cited = [(n, gbt7714(one, date.today()), article_address(one.id)) for n, one in sources(kept, find).items()]
        return site.page(request, "answer.html.j2", answer=kept, name=stem, body=body_html(kept, 0, find), sources=cited,
                         note_html=english.note,
                         given=kept.stamp[:10])

    @pages.post("/feedback")
    async def feedback(request: Request) -> Response:
        body = await _body(request)
        turn, liked, reason = body.get("turn"), body.get("liked"), body.get("reason")
        if not restore([turn], find) or not (liked is None or isinstance(liked, bool)):
            return PlainTextResponse("", 422)
        if not is_stamped(turn, key):  # editors read it, and make questions of it
            return PlainTextResponse(UNKNOWN, 409)
        row = feedback_row(restore([turn], find)[0], liked, reason if reason in _REASONS else "")
        _append(Path(site.settings.feedback), row)
        return JSONResponse({})

    return pages


def feedback_row(answer: Answer, liked: bool | None, reason: str) -> dict[str, Any]:
    """One thumb as a JSON object: what was asked, what was said from where, whether it was liked and why not.

    A thumb that is taken back is a row with `liked` null; the last row of an `answer_id` counts.
    """
    citations = [{"n": c.n, "article_id": c.article_id, "title": c.title, "quote": c.quote} for c in answer.citations]
    return {"time": datetime.now(UTC).isoformat(timespec="seconds"), "answer_id": answer.stamp.partition(" ")[0],
            "question": answer.question, "answer": answer.text, "citations": citations, "liked": liked, "reason": reason}


def _exported(kind: str, answers: list[Answer], request: Request, find: Any) -> Response:
    if kind == "docx":
        return download(as_docx(answers, find, date.today()), "answer.docx", WORD)
    return PlainTextResponse(as_markdown(answers, find, base_address(request)), media_type="text/markdown; charset=utf-8")


def _kept(shared: Path, name: str, find: Any) -> Answer | None:
    if not re.fullmatch("[0-9a-f]{16}", name):
        return None
    try:
        turn = json.loads((shared / f"{name}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return next(iter(restore([turn], find)), None)


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a request; an empty one for anything else."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _append(path: Path, row: dict[str, Any]) -> None:
    line = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    # One write to a file opened for appending: the lines of several visitors do not mix.
    with open(path, "ab", buffering=0) as file:
        file.write(line)
