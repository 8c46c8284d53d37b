"""The chat page on an address: how it looks, what it lets in, and what a visitor's browser may fetch."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.chat.page import build_chat, interface_texts
from assistant.errors import AssistantError
from assistant.settings import Settings

if TYPE_CHECKING:
    import gradio as gr

    from assistant.chain import AnswerChain

QUEUE = 64
"""Questions that may wait; to the next one the page says that it is busy."""
BODY_BYTES = 1 << 20
"""Longest request taken: a question with the conversation before it is some tens of kilobytes."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")

_FOLDER = Path(__file__).parent
_OPEN = ("/", "/config", "/theme.css", "/favicon.ico", "/gradio_api/queue/join", "/gradio_api/queue/data",
         "/gradio_api/run/predict", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/startup-events")
_OPEN_FOLDERS = ("/assets/", "/static/")
"""All that Gradio's page asks for (seen in a browser's request log)."""
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
    "form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
)
"""What the page may fetch: only this server. Gradio's own page needs inline scripts and templates (eval)."""


def launch_chat(chain: AnswerChain, settings: Settings, *, wait: bool = True) -> gr.Blocks:
    """Opens the chat page on settings.host:settings.port (0: a free port) and says where.

    Returns when it is stopped, or at once when not asked to `wait`: then `.local_url` is its address and
    `.close()` ends it. Raises AssistantError when the address cannot be had, or there is no index.
    """
    port = _free_port(settings)
    page = build_chat(chain, settings)
    page.queue(max_size=QUEUE, api_open=False)
    try:
        page.launch(
            server_name=settings.host, server_port=port, prevent_thread_lock=True, quiet=True, share=False,
            ssr_mode=False, show_error=False, allowed_paths=[], footer_links=[], run_history=False,
            i18n=interface_texts(), theme=_theme(), head=_head(), favicon_path=_FOLDER / "favicon.svg",
            app_kwargs={"middleware": [_guard(settings.host)]},
        )
    except OSError as error:
        raise _not_had(settings, error) from error
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    click.echo(f"聊天页面 Chat page: http://{shown}:{port}    （Ctrl+C 停止 stops it）")
    if wait:
        page.block_thread()
    return page


def _free_port(settings: Settings) -> int:
    """The port to bind, tried before the page is built. Raises AssistantError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.create_server((settings.host, settings.port), family=family) as bound:
            return bound.getsockname()[1]
    except OSError as error:
        raise _not_had(settings, error) from error


def _not_had(settings: Settings, error: OSError) -> AssistantError:
    host, port = settings.host, settings.port
    # Gradio's own error for a port taken in between has no number.
    if error.errno in (errno.EADDRINUSE, None):
        other = port + 1 if port < 65535 else 7860
        return AssistantError(
            f"端口 {port} 已被别的程序占用，聊天页面打不开。请换一个端口：python app.py --port {other}",
            f"Port {port} is taken by another program, so the chat page cannot open. "
            f"Use another port: python app.py --port {other}",
        )
    return AssistantError(
        f"地址 {host} 端口 {port} 用不了（{error.strerror}），聊天页面打不开。请改用：python app.py --host 127.0.0.1 --port 7860",
        f"Address {host} port {port} cannot be used ({error.strerror}), so the chat page cannot open. "
        "Use: python app.py --host 127.0.0.1 --port 7860",
    )


def _guard(host: str) -> Any:
    """A middleware that lets through what the page asks for and nothing else.

    Gradio also serves files, uploads, a proxy and its own tools; none of them is needed here.
    """
    from starlette.datastructures import MutableHeaders
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse

    def guarded(app: Any) -> Any:
        async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                return await app(scope, receive, send)
            status = _refusal(host, scope) if scope["type"] == "http" else 404

            async def send_with_policy(message: dict[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    headers = MutableHeaders(scope=message)
                    headers["content-security-policy"] = _POLICY
                    headers["x-content-type-options"] = "nosniff"
                    headers["referrer-policy"] = "no-referrer"
                await send(message)

            answer = app if status is None else PlainTextResponse("", status)
            return await answer(scope, receive, send_with_policy)

        return serve

    return Middleware(guarded)


def _refusal(host: str, scope: dict[str, Any]) -> int | None:
    """The HTTP status that a request is refused with, or None.

    A page bound to this machine answers to this machine's names only, so that no foreign site reaches it
    under a name of its own (DNS rebinding); and no other site's page may post to it.
    """
    from starlette.datastructures import Headers

    headers, path = Headers(scope=scope), scope["path"]
    named = headers.get("host", "")
    if host in LOOPBACK and named.rsplit(":", 1)[0].strip("[]") not in LOOPBACK:
        return 403
    if headers.get("origin", f"http://{named}").partition("://")[2] != named:
        return 403
    if path not in _OPEN and not path.startswith(_OPEN_FOLDERS):
        return 404
    if scope["method"] not in ("GET", "HEAD"):
        length = headers.get("content-length", "")
        return None if length.isascii() and length.isdigit() and int(length) <= BODY_BYTES else 413
    return None


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
