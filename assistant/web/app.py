"""The one web application: every router in one line, the chat last."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from assistant.api.desk import AtDesk
from assistant.api.doors import add_doors, shell
from assistant.api.open_questions import OpenQuestions
from assistant.chat.mount import mount_chat
from assistant.settings import Settings
from assistant.web import articles, briefings, desk, issues, names, search, taking_along
from assistant.web.guard import guard
from assistant.web.site import FILES, Site

if TYPE_CHECKING:
    from assistant.chain import AnswerChain


def make_app(chain: AnswerChain, settings: Settings) -> FastAPI:
    """The reading room over a chain, what answers its questions as `state.desk`.

    Raises AssistantError when there is no index, or a desk without accounts.
    """
    site, key, open_questions = Site(chain, settings), secrets.token_bytes(32), OpenQuestions.of(settings)
    record = open_questions.record if open_questions else lambda _: None
    app = FastAPI(title="问报 Ask the paper", docs_url=None, redoc_url=None, openapi_url=None,
                  middleware=[*shell(settings, guard(settings))])
    asked_at = app.state.desk = add_doors(app, chain, settings, record)
    app.mount("/files", StaticFiles(directory=FILES))
    app.include_router(articles.router(site))
    app.include_router(issues.router(site))
    app.include_router(search.router(site))
    app.include_router(names.router(site))
    app.include_router(briefings.router(site))
    app.include_router(taking_along.router(site, key))
    if open_questions:
        app.include_router(desk.router(site, open_questions))
    mount_chat(app, cast("AnswerChain", AtDesk(chain, asked_at, "chat")), settings, key)  # last: it takes every address that is left
    return app
