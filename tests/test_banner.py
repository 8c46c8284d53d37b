"""The banner that tells of a refresh at work: its HTML, and how it comes and goes in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_chain import ScriptedChain

from assistant.chat import cards, page
from assistant.index.snapshot import Writer, writing
from assistant.settings import Settings
from assistant.web import launch

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")


def told(stage: str, done: int, total: int | None) -> str:
    return cards.banner(Writer(1, "2026-01-01 00:00:00+00:00", stage, done, total))


def test_it_says_how_far_the_refresh_is() -> None:
    assert told("vectors", 2, 5) == (
        '<p class="banner" role="status"><span class="zh">正在更新索引：向量已完成 40%，旧索引照常回答</span>'
        '<span class="en" lang="en">Refreshing the index: vectors 40% done; the current one answers</span></p>')
    assert "词已完成 0%，" in told("words", 0, 9) and "分段已完成 100%，" in told("chunks", 9, 9)
    assert "正在更新索引：读文章，旧" in told("articles", 12, None)
    assert "正在更新索引：核对，旧" in told("verify", 0, None)


def test_it_says_nothing_while_nothing_changes() -> None:
    """Also of a lock file that somebody else wrote."""
    assert cards.banner(None) == told("", 0, None) == told("files", 3, 9) == ""
    assert told("<img src=x onerror=alert(1)>", 1, 2) == ""


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def test_it_comes_moves_and_goes_without_a_reload(browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "BANNER_SECONDS", 0.3)
    shown = launch(ScriptedChain(), Settings(port=0, index=str(tmp_path)), wait=False)
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    visit = context.new_page()
    visit.set_default_timeout(20_000)
    try:
        visit.goto(shown.local_url)
        visit.wait_for_selector("#chat .example")
        assert not visit.locator("#banner").is_visible(), "no room is taken while there is nothing to tell"
        with writing(tmp_path) as note:
            for done, percent in ((2, 40), (4, 80)):
                note("vectors", done, 5)
                visit.wait_for_selector(f"#banner >> text=正在更新索引：向量已完成 {percent}%，旧索引照常回答")
            assert visit.locator(".banner .en").is_hidden()
            assert visit.evaluate("document.documentElement.scrollWidth <= innerWidth")
            reloaded = context.new_page()
            reloaded.goto(shown.local_url)
            reloaded.wait_for_selector("#banner >> text=已完成 80%")
        visit.wait_for_selector(".banner", state="detached")
        assert visit.locator("#masthead .paper").is_visible()
    finally:
        context.close()
        shown.close()
