"""What every page needs: the archive as it is now, the visitor's language, the templates."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from assistant.chat.markup import chinese_date, english_date
from assistant.export.addresses import article_address
from assistant.export.citation_styles import headline
from assistant.index.snapshot import Snapshot
from assistant.schema import Article
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.chain import AnswerChain

FILES = Path(__file__).parent / "static"
LANGUAGE_SECONDS = 365 * 24 * 3600
"""How long a visitor's choice of language is remembered."""


class Site:
    """The archive behind the pages, and the pages' own frame."""

    def __init__(self, chain: AnswerChain, settings: Settings) -> None:
        self.chain, self.settings = chain, settings

    def snapshot(self) -> Snapshot:
        """The archive as it is now; use one for all of a page."""
        return self.chain.index.current()

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A template of `templates/` as the answer to a request, in the visitor's language."""
        chosen = request.query_params.get("lang")
        language = language_of(request)

        def say(chinese: str, english: str) -> str:
            return chinese if language == "zh" else english

        snapshot = self.snapshot()
        names = snapshot.coverage.newspapers
        html = self._templates.get_template(template).render(
            root=request.scope.get("root_path", "").rstrip("/"), language=language, say=say, dated=chinese_date if language == "zh" else english_date, today=date.today(),
            paper=names[0] if len(names) == 1 else "", other_language=_other_language(request, language), tagged=snapshot.names is not None,
            version=self._version, is_editor=bool(self.settings.desk) and _is_editor(request), **values)
        response = HTMLResponse(html, status, headers={"vary": "accept-language, cookie"})
        if chosen in ("zh", "en"):
            response.set_cookie("lang", chosen, max_age=LANGUAGE_SECONDS, samesite="lax")
        return response

    def missing(self, request: Request, chinese: str, english: str) -> HTMLResponse:
        """The page that says what there is not, with where to look instead."""
        return self.page(request, "missing.html.j2", 404, said=(chinese, english))

    @cached_property
    def _templates(self) -> Environment:
        templates = Environment(loader=PackageLoader("assistant.web"), autoescape=True, undefined=StrictUndefined,
                                trim_blocks=True, lstrip_blocks=True)
        templates.globals |= {"article_address": article_address, "headline": headline}
        return templates

    @cached_property
    def _version(self) -> str:
        """Changes with the style and the script, so that a browser keeps them only while they stay the same."""
        together = b"".join(file.read_bytes() for file in sorted(FILES.iterdir()))
        return hashlib.sha256(together).hexdigest()[:12]


def language_of(request: Request) -> str:
    """ "zh" or "en": as ?lang= says, else as was said before, else as the browser prefers; Chinese for any other."""
    for chosen in (request.query_params.get("lang"), request.cookies.get("lang")):
        if chosen in ("zh", "en"):
            return chosen
    preferred = request.headers.get("accept-language", "zh").lower()
    return "zh" if preferred.startswith("zh") or "zh" in preferred and not preferred.startswith("en") else \
        "en" if preferred.startswith("en") or preferred[:1].isalpha() else "zh"


def base_address(request: Request) -> str:
    """The address of this server as the visitor has it: http://127.0.0.1:7860."""
    return str(request.base_url).rstrip("/")


def download(content: bytes | str, name: str, kind: str) -> Response:
    """A file that the browser saves under `name`, which may be Chinese."""
    told = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type=kind, headers={"content-disposition": told})


def paragraphs(article: Article) -> list[tuple[int, str]]:
    """The (start, text) of each line of the article that is not blank; offsets count its characters."""
    lines, at = [], 0
    for line in article.text.split("\n"):
        if line.strip():
            lead = len(line) - len(line.lstrip())
            lines.append((at + lead, line.strip()))
        at += len(line) + 1
    return lines


def _is_editor(request: Request) -> bool:
    user = request.scope.get("newspaper.user")
    return user is not None and user.role == "editor"


def _other_language(request: Request, language: str) -> str:
    """The address of the same page in the other language."""
    query = {**request.query_params, "lang": "en" if language == "zh" else "zh"}
    return f"?{urlencode(query)}"
