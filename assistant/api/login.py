"""Who is let in where accounts are kept: a form and a cookie for people, a key for programs.

With `settings.users` unset everybody is a reader of everything. A session is a signed cookie that ends after
SESSION_SECONDS, when the password changes, and when the server is started anew.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import secrets
import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from assistant.api.accounts import User, password_is_right, read_users, user_of_key
from assistant.api.problems import problem
from assistant.api.visitors import App, Receive, Scope, Send, client_of
from assistant.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION_SECONDS = 12 * 3600
TRIES, TRIES_SECONDS = 5, 60.0
"""Wrong passwords that one client may send in that time."""
REMEMBERED = 10_000
FOR_ALL = ("/healthz", "/readyz", "/login", "/logout", "/files/site.css")
FOR_PROGRAMS = ("/api/", "/v1/", "/mcp", "/metrics")
FOR_EDITORS = ("/desk", "/metrics")
COOKIE = "newspaper-session"

_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>登录 · Sign in</title><link rel="stylesheet" href="{style}"></head>
<body><main class="login"><h1>登录 <span lang="en">Sign in</span></h1>{said}<form class="query" method="post" action="{action}">
<label class="words">名字 Name<input name="name" autocomplete="username" required></label>
<label class="words">密码 Password<input name="password" type="password" autocomplete="current-password" required></label>
<input type="hidden" name="next" value="{next}"><button>登录 Sign in</button></form></main></body></html>"""


class Login:
    """A middleware that lets in who has signed in or sends a key; nothing is asked where no accounts are kept."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._file, self._behind_proxy = Path(settings.users), bool(settings.public_url)
        self._secret = secrets.token_bytes(32)
        self._tries: OrderedDict[str, list[float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request of somebody who may make it."""
        if scope["type"] != "http" or not self._settings.users:
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in ("/login", "/logout"):
            response = await self._answer(Request(scope, receive), path)
            await response(scope, receive, send)
            return
        refused = None if path in FOR_ALL else self._refusal(scope, path)
        await (refused or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope, path: str) -> Response | None:
        headers, users = Headers(scope=scope), read_users(self._file)
        kind, _, key = headers.get("authorization", "").partition(" ")
        by_key = kind.lower() == "bearer"
        user = user_of_key(users, key.strip()) if by_key else self._of_cookie(users, Request(scope).cookies.get(COOKIE, ""))
        if user is None and (by_key or scope["method"] != "GET" or path.startswith(FOR_PROGRAMS)):
            refused = problem(401, "请先登录，或带上密钥。", "Sign in, or send a key.")
            refused.headers["www-authenticate"] = "Bearer"
            return refused
        if user is None:
            return RedirectResponse(f"{scope.get('root_path', '')}/login?next={quote(path)}", 303)
        if not by_key and scope["method"] not in ("GET", "HEAD") and not _same_site(headers):
            return problem(403, "请求来自别的网站。", "The request comes from another site.")
        if path.startswith(FOR_EDITORS) and user.role != "editor":
            return problem(403, "只有编辑可以看。", "For editors only.")
        scope["newspaper.user"] = user
        return None

    async def _answer(self, request: Request, path: str) -> Response:
        """The form, what becomes of it, and the way out."""
        root = request.scope.get("root_path", "")
        if request.method == "GET" and path == "/login":
            return _form(root, request.query_params.get("next", ""))
        if request.method != "POST" or not _same_site(request.headers):
            return problem(403, "请求来自别的网站。", "The request comes from another site.")
        if path == "/logout":
            response: Response = RedirectResponse(f"{root}/login", 303)
            response.delete_cookie(COOKIE, path=f"{root}/")
            return response
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        client = client_of(request.scope, self._behind_proxy)
        if self._tried_too_often(client):
            return problem(429, "试的次数太多，请一分钟后再试。", "Too many tries; wait a minute.", retry_after=int(TRIES_SECONDS))
        user = read_users(self._file).get(given.get("name", ""))
        if not await run_in_threadpool(password_is_right, user, given.get("password", "")):
            self._tries.setdefault(client, []).append(time.monotonic())
            return _form(root, given.get("next", ""), "<p class=note role=alert>名字或密码不对。 Wrong name or password.</p>", 401)
        assert user is not None  # the password is right of somebody only
        back = given.get("next", "")
        response = RedirectResponse(f"{root}{back}" if back.startswith("/") and not back.startswith(("//", "/\\")) else f"{root}/", 303)
        response.set_cookie(COOKIE, self._cookie(user, int(time.time()) + SESSION_SECONDS), max_age=SESSION_SECONDS,
                            path=f"{root}/", httponly=True, samesite="lax",
                            secure=self._settings.public_url.startswith("https://"))
        return response

    def _tried_too_often(self, client: str) -> bool:
        recent = [at for at in self._tries.pop(client, []) if time.monotonic() - at < TRIES_SECONDS]
        if recent:
            self._tries[client] = recent
        while len(self._tries) > REMEMBERED:
            self._tries.popitem(last=False)
        return len(recent) >= TRIES

    def _cookie(self, user: User, until: int) -> str:
        said = f"{user.name}|{until}"
        seal = hmac.new(self._secret, f"{said}|{user.password}".encode(), hashlib.sha256).hexdigest()
        return quote(f"{said}|{seal}", safe="")

    def _of_cookie(self, users: Mapping[str, User], cookie: str) -> User | None:
        name, _, rest = unquote(cookie).partition("|")
        until = rest.partition("|")[0]
        user = users.get(name)
        if user is None or not until.isdecimal() or int(until) < time.time():
            return None
        return user if hmac.compare_digest(self._cookie(user, int(until)).encode(), cookie.encode()) else None


def _same_site(headers: Headers) -> bool:
    """Whether a browser says that the request comes from this server's own page."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.partition("://")[2] == headers.get("host", "")
    return headers.get("sec-fetch-site", "same-origin") == "same-origin"


def _form(root: str, back: str, said: str = "", status: int = 200) -> HTMLResponse:
    page = _PAGE.format(said=said, action=html.escape(f"{root}/login"), style=html.escape(f"{root}/files/site.css"), next=html.escape(back[:2000]))
    return HTMLResponse(page, status, {"content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
                                       "frame-ancestors 'none'", "cache-control": "no-store"})
