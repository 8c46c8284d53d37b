"""Who is let in where accounts are kept."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from test_attacks_page import client, serving

from assistant.api import login
from assistant.api.accounts import new_user, password_is_right, read_users, with_key, write_users
from assistant.api.doors import shell
from assistant.cli import main
from assistant.errors import SettingsError
from assistant.settings import Settings

PASSWORD = "一个很长的密码 long"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return tmp_path / "users.json"


@pytest.fixture
def keys(users: Path) -> dict[str, str]:
    """The key of each of two accounts."""
    made = {role: with_key(new_user(role, role, PASSWORD)) for role in ("reader", "editor")}
    write_users(users, {role: user for role, (user, _) in made.items()})
    return {role: key for role, (_, key) in made.items()}


@pytest.fixture
def address(users: Path, keys: dict[str, str]) -> Iterator[str]:
    app = FastAPI(middleware=shell(Settings(users=str(users), rate_limit=0)))

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def anything(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.scope["newspaper.user"].name if "newspaper.user" in request.scope else "nobody")

    with serving(app) as at:
        yield at


def signed_in(asking: httpx.Client, name: str = "reader", password: str = PASSWORD, back: str = "") -> httpx.Response:
    return asking.post("/login", data={"name": name, "password": password, "next": back})


def test_a_password_is_kept_as_a_hash_and_a_key_is_not_kept(users: Path, keys: dict[str, str]) -> None:
    written = users.read_text(encoding="utf-8")
    assert PASSWORD not in written and keys["reader"] not in written
    assert stat.S_IMODE(os.stat(users).st_mode) == 0o600
    assert password_is_right(read_users(users)["reader"], PASSWORD)
    assert not password_is_right(read_users(users)["reader"], PASSWORD + "x") and not password_is_right(None, "")


def test_who_has_not_signed_in_is_sent_to_the_form(address: str) -> None:
    with client(address) as asking:
        away = asking.get("/articles")
        assert (away.status_code, away.headers["location"]) == (303, "/login?next=/articles")
        assert [asking.get(path).status_code for path in ("/api/coverage", "/v1/models", "/metrics")] == [401] * 3
        assert asking.get("/desk").headers["location"] == "/login?next=/desk"
        assert asking.post("/queue/join").status_code == 401 and asking.get("/healthz").status_code == 200
        form = asking.get("/login", params={"next": '"><script>'})
        assert "<script>" not in form.text and "frame-ancestors 'none'" in form.headers["content-security-policy"]


def test_a_session_begins_with_the_password_and_ends(address: str, users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with client(address) as asking:
        assert signed_in(asking, password="wrong").status_code == 401 and signed_in(asking, "nobody").status_code == 401
        come = signed_in(asking, back="/articles")
        assert (come.status_code, come.headers["location"]) == (303, "/articles")
        assert {"HttpOnly", "SameSite=lax"} <= {part.strip() for part in come.headers["set-cookie"].split(";")}
        assert asking.get("/articles").text == "reader"
        now = time.time()
        monkeypatch.setattr(login.time, "time", lambda: now + login.SESSION_SECONDS + 1)
        assert asking.get("/articles").status_code == 303
        monkeypatch.undo()
        write_users(users, {"reader": new_user("reader", "reader", PASSWORD + "new")})
        assert asking.get("/articles").status_code == 303  # the password was changed


def test_a_forged_cookie_is_nobody(address: str) -> None:
    with client(address) as asking:
        signed_in(asking)
        forged = asking.cookies[login.COOKIE].replace("reader", "editor")
    with client(address) as other:
        for cookie in (forged, "editor|9999999999|", "editor", "%7C", "é"):
            assert other.get("/articles", headers={"cookie": f"{login.COOKIE}={cookie}".encode()}).status_code == 303


def test_signing_in_leads_nowhere_else(address: str) -> None:
    with client(address) as asking:
        for back in ("https://evil.example", "//evil.example", "/\\evil.example", ""):
            assert signed_in(asking, back=back).headers["location"] == "/"


def test_another_site_can_do_nothing_with_a_session(address: str) -> None:
    with client(address) as asking:
        signed_in(asking)
        assert asking.post("/ask").status_code == 200
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
            assert asking.post("/ask", headers=headers).status_code == 403
            assert asking.post("/login", data={"name": "reader", "password": PASSWORD}, headers=headers).status_code == 403
        assert asking.post("/logout").status_code == 303 and asking.get("/articles").status_code == 303


def test_guessing_ends_soon(address: str) -> None:
    with client(address) as asking:
        tried = [signed_in(asking, password="wrong").status_code for _ in range(login.TRIES + 1)]
        assert tried == [401] * login.TRIES + [429] and signed_in(asking).status_code == 429


def test_programs_send_a_key_and_roles_differ(address: str, keys: dict[str, str]) -> None:
    with client(address) as asking:
        def status(path: str, key: str) -> int:
            return asking.post(path, headers={"authorization": f"Bearer {key}"}).status_code

        assert (status("/api/ask", keys["reader"]), status("/api/ask", "np-wrong")) == (200, 401)
        assert (status("/desk", keys["reader"]), status("/desk", keys["editor"])) == (403, 200)


def test_accounts_are_made_at_the_command_line(users: Path) -> None:
    def run(*arguments: str, typed: str = "") -> str:
        done = CliRunner().invoke(main, ["user", "--users", str(users), *arguments], input=typed)
        return done.output + str(done.exit_code)

    assert "在" in run("add", "王编辑", "--role", "editor", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert run("add", "x", typed="short\nshort\n").endswith("2") and run("add", "a b", typed=f"{PASSWORD}\n{PASSWORD}\n").endswith("2")
    key = run("key", "王编辑").split()[0]
    assert key.startswith("np-") and "王编辑  editor  1" in run("list")
    assert run("key", "x").endswith("2") and run("remove", "x").endswith("2")
    run("remove", "王编辑")
    assert json.loads(users.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '[{"name": "a", "role": "king", "password": "", "keys": []}]'])
def test_a_broken_file_lets_nobody_in(users: Path, text: str) -> None:
    users.write_text(text, encoding="utf-8")
    if text == "{}":
        assert read_users(users) == {}
    else:
        with pytest.raises(SettingsError, match="assistant user add"):
            read_users(users)


def test_only_the_named_sites_may_show_the_pages_in_a_frame() -> None:
    app = FastAPI(middleware=shell(Settings(embed="https://a.example https://b.example")))

    @app.get("/")
    def page() -> PlainTextResponse:
        return PlainTextResponse("", headers={"content-security-policy": "default-src 'none'; frame-ancestors 'none'"})

    with serving(app) as at, client(at) as asking:
        policy = asking.get("/").headers["content-security-policy"]
        assert policy == "default-src 'none'; frame-ancestors 'self' https://a.example https://b.example"
        assert "iframe" in asking.get("/embed.js").text
        assert "access-control-allow-origin" not in asking.get("/", headers={"origin": "https://a.example"}).headers
