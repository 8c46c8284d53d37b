"""axe-core (fetched with npm into a cache of its own) finds nothing serious on any page, in either language or light."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_chain import BOOKS, NOTHING, ScriptedChain
from test_browser import CHROMIUM, DESK, FLAGS, PHONE, Visit

from assistant.chain import AnswerChain
from assistant.settings import Settings
from assistant.web import launch
from assistant.web.server import Served

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here (Debian: apt-get install chromium)")
AXE = "axe-core@4.14.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "newspaper-assistant-tests"
PAGES = ["/articles/jiefang/01-xiaoge-hehuoren.md", "/issues", "/issues/2025-11", "/search?q=%E9%AA%91%E6%89%8B&author=x", "/search?q=%E8%A7%A3%E6%94%BE",
         "/people", "/bodies?initial=J", "/people/%E7%8E%8B%E5%BF%A0%E6%AE%BF", "/places/%E8%A7%A3%E6%94%BE%E5%8C%BA", "/people/none",
         "/briefing?topic=%E7%BD%91%E6%A0%BC", "/articles/none"]


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    archive = CACHE / f"{AXE.replace('@', '-')}.tgz"
    if not archive.exists():
        if shutil.which("npm") is None:
            pytest.skip("no npm here to fetch axe-core with (Debian: apt-get install npm)")
        CACHE.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "pack", AXE, "--silent"], cwd=CACHE, capture_output=True, text=True, timeout=120)
        if done.returncode:
            pytest.skip(f"npm could not fetch {AXE}: {done.stderr.strip()[-200:]}")
    with tarfile.open(archive) as packed:
        return packed.extractfile("package/axe.min.js").read().decode()  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def room(sample_chain: AnswerChain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The reading room over the sample newspaper."""
    folder = tmp_path_factory.mktemp("room")
    served = launch(sample_chain, Settings(port=0, feedback=str(folder / "thumbs.jsonl"), shared=str(folder)), wait=False)
    yield served
    served.close()


def serious(page: sync_api.Page, axe: str) -> list[str]:
    """What axe finds that is serious or critical, each with the place."""
    page.evaluate(axe)  # not add_script_tag: the pages let no foreign script in
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{one['id']}: {node['target']} {node['html'][:120]}" for one in found["violations"] if one["impact"] in ("serious", "critical")
            for node in one["nodes"]]


def test_a_passage_is_marked_across_the_links_in_it(browser: sync_api.Browser, room: Served) -> None:
    page = browser.new_page()
    page.goto(room.local_url.rstrip("/") + PAGES[0] + "#p=0-40")
    whole = page.evaluate("document.querySelector('#body p').textContent")
    marked = "[...document.querySelectorAll('#body mark')].map((mark) => mark.textContent).join('')"
    links = page.evaluate("[...document.querySelectorAll('#body a')].map((link) => link.textContent)")
    assert page.evaluate(marked) == whole[:40] and page.evaluate("document.activeElement.tagName") == "MARK"
    assert page.evaluate("document.querySelectorAll('#body mark').length") > 1 and "解放区" in links  # in pieces, around the links
    page.evaluate("new Promise((done) => { addEventListener('hashchange', () => setTimeout(done)); location.hash = '#p=3-8'; })")
    assert page.evaluate(marked) == whole[3:8] and page.evaluate("document.querySelector('#body p').textContent") == whole
    assert page.evaluate("[...document.querySelectorAll('#body a')].map((link) => link.textContent)") == links
    page.close()


VIEWS = [{"viewport": DESK, "locale": "zh-CN", "color_scheme": "light"}, {"viewport": PHONE, "locale": "en-GB", "color_scheme": "dark"}]


@pytest.mark.parametrize("view", VIEWS, ids=["desk", "phone"])
def test_nothing_serious_on_the_pages(browser: sync_api.Browser, room: Served, axe: str, view: dict) -> None:
    context = browser.new_context(**view, reduced_motion="reduce")
    page, faults = context.new_page(), []
    for path in PAGES:
        page.goto(room.local_url.rstrip("/") + path)
        faults += [f"{path} {fault}" for fault in serious(page, axe)]
        if page.evaluate("document.documentElement.scrollWidth") > view["viewport"]["width"]:
            faults.append(f"{path} scrolls sideways")
    context.close()
    assert faults == []


@pytest.mark.parametrize("view", VIEWS, ids=["desk", "phone"])
def test_nothing_serious_on_the_chat(browser: sync_api.Browser, axe: str, view: dict, tmp_path: Path) -> None:
    served = launch(ScriptedChain(), Settings(port=0, feedback=str(tmp_path / "thumbs.jsonl")), wait=False)
    context = browser.new_context(**view, reduced_motion="reduce")
    visit = Visit(context.new_page())
    visit.page.goto(served.local_url)
    visit.page.wait_for_selector("#chat .example")
    visit.page.wait_for_timeout(500)
    faults = serious(visit.page, axe)
    for turn, answer in enumerate((BOOKS, NOTHING), 1):
        visit.ask(answer.question, turn)
    faults += serious(visit.page, axe)
    visit.page.click("#answer-1 a.cite >> nth=0")
    visit.page.wait_for_timeout(300)
    faults += serious(visit.page, axe)
    context.close()
    served.close()
    assert faults == []
