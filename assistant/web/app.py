"""The one web application: every router in one line, the chat last."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from assistant.api.doors import add_doors, shell
from assistant.chat.mount import mount_chat
from assistant.settings import Settings
from assistant.web import articles, briefings, issues, search, taking_along
from assistant.web.guard import guard
from assistant.web.site import FILES, Site

if TYPE_CHECKING:
    from assistant.chain import AnswerChain


def make_app(chain: AnswerChain, settings: Settings) -> FastAPI:
    """The reading room over a chain. Raises AssistantError when there is no index."""
    site, key = Site(chain, settings), secrets.token_bytes(32)
    app = FastAPI(title="问报 Ask the paper", docs_url=None, redoc_url=None, openapi_url=None,
                  middleware=[*shell(settings, guard(settings))])
    add_doors(app, chain)
    app.mount("/files", StaticFiles(directory=FILES))
    app.include_router(articles.router(site))
    app.include_router(issues.router(site))
    app.include_router(search.router(site))
    app.include_router(briefings.router(site))
    app.include_router(taking_along.router(site, key))
    mount_chat(app, chain, settings, key)  # last: it takes every address that is left
    return app
