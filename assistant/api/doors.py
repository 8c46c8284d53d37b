"""All doors for programs, put into an application in one line; and the shell before every door in another."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.middleware import Middleware

from assistant.api.chat_completions import chat_completions
from assistant.api.desk import Desk
from assistant.api.health import health
from assistant.api.limits import Limits
from assistant.api.login import Login
from assistant.api.metrics import Metrics
from assistant.api.open_questions import Record
from assistant.api.rest import rest
from assistant.api.tools import tools
from assistant.api.traces import Traces
from assistant.api.visitors import FrameAncestors, PublicAddress
from assistant.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from assistant.chain import AnswerChain


def shell(settings: Settings, *guards: Middleware) -> list[Middleware]:
    """The middleware of an application, outermost first: the public address, frames, its own `guards`, the limits, who
    may come in."""
    public, frames, limits, login = (Middleware(part, settings=settings)
                                     for part in (PublicAddress, FrameAncestors, Limits, Login))
    return [public, frames, *guards, limits, login]


def add_doors(app: FastAPI, chain: AnswerChain, settings: Settings, record: Record = lambda _: None) -> Desk:
    """Adds /api, /v1, /mcp, /healthz, /readyz and /metrics; to be called before a page takes the root.

    Gives the desk that they ask at, which tells `record` of every answer.
    """
    desk = desk_of(chain, settings, record)
    app.include_router(health(desk))
    app.mount("/api", rest(desk, chain.retriever))
    app.mount("/v1", chat_completions(desk))
    server = tools(desk, chain.retriever)
    app.mount("/mcp", server.streamable_http_app())
    outer = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(whole: FastAPI) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(server.session_manager.run())
            yield await stack.enter_async_context(outer(whole))

    app.router.lifespan_context = lifespan
    return desk


def desk_of(chain: AnswerChain, settings: Settings, record: Record = lambda _: None) -> Desk:
    """A desk that counts for itself, and traces where the settings say so."""
    return Desk(chain, Metrics(), Traces(Path(settings.trace)) if settings.trace else None, record)
