"""The chat within a web application: how it looks, which of Gradio's doors stay shut, and what it may fetch."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.api.admission import Busy
from assistant.api.problems import problem
from assistant.chat.page import build_chat, interface_texts
from assistant.chat.sessions import forget_sessions
from assistant.settings import Settings

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

    from assistant.api.desk import Desk
    from assistant.chain import AnswerChain

QUEUE = 16
"""Questions that may wait; to the next one the page says that it is busy."""

_FOLDER = Path(__file__).parent
_JOIN = "/gradio_api/queue/join"
_OPEN = ("/", "/config", "/theme.css", "/favicon.ico", _JOIN, "/gradio_api/queue/data",
         "/gradio_api/run/predict", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/startup-events",
         "/gradio_api/app_id")
_OPEN_FOLDERS = ("/assets/", "/static/")
"""All that Gradio's page asks for (seen in a browser's request log); the id brings it back after a lost connection."""
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
    "form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
)
"""What the chat may fetch: only this server. Gradio's own page needs inline scripts and templates (eval)."""


def mount_chat(app: FastAPI, chain: AnswerChain, settings: Settings, key: bytes = b"") -> None:
    """Puts the chat at the application's root, behind every route that is there; `key` seals its answers. The
    application's `state.desk` is what the chain asks at.

    Raises AssistantError without an index.
    """
    page = build_chat(chain, settings, key)
    import gradio as gr

    page.queue(max_size=QUEUE, api_open=False)
    forget_sessions(page)
    gr.mount_gradio_app(
        app, page, path="/", footer_links=[], run_history=False, show_error=False, allowed_paths=[], ssr_mode=False,
        i18n=interface_texts(), theme=_theme(), head=_head(), favicon_path=str(_FOLDER / "favicon.svg"),
        app_kwargs={"middleware": [_doors(app.state.desk)]},
    )


def _doors(desk: Desk) -> Any:
    """A middleware that lets through what the chat asks for and nothing else, and no question while the line before the
    `desk` is full.

    Gradio also serves files, uploads, a proxy and its own tools; none of them is needed here. A question that would only
    be told that too many ask costs Gradio as much as a short answer.
    """
    from starlette.datastructures import MutableHeaders
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse

    def guarded(app: Any) -> Any:
        async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
                return
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            shut = scope["type"] != "http" or path not in _OPEN and not path.startswith(_OPEN_FOLDERS)

            async def send_with_policy(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)["content-security-policy"] = _POLICY
                await send(message)

            asks = path == _JOIN and scope["method"] == "POST"
            answer = PlainTextResponse("", 404) if shut else _busy(desk) if asks and desk.is_full else app
            await answer(scope, receive, send_with_policy)

        return serve

    return Middleware(guarded)


def _busy(desk: Desk) -> Any:
    desk.metrics.turned_away()
    fault = Busy()
    return problem(503, fault.chinese, fault.english, retry_after=5)


def _head() -> str:
    style, script = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("chat.css", "chat.js"))
    return f"<style>{style}</style><script>{script}</script>"


def _theme() -> gr.Theme:
    """Gradio's plainest theme in the colours of chat.css, light and dark, and in the system's own fonts."""
    import gradio as gr

    colours = {
        "body_background_fill": "var(--paper)", "background_fill_primary": "var(--sheet)",
        "background_fill_secondary": "var(--paper)", "block_background_fill": "transparent",
        "body_text_color": "var(--ink)", "body_text_color_subdued": "var(--faint)", "link_text_color": "var(--red)",
        "border_color_primary": "var(--line)", "color_accent_soft": "var(--tint)",
    }
    fonts = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "system-ui", "sans-serif"]
    theme = gr.themes.Base(font=fonts, font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"], text_size="lg")
    return theme.set(**colours, **{f"{name}_dark": colour for name, colour in colours.items()},
                     block_border_width="0px", block_shadow="none")
