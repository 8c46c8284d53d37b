"""The chat page in a real browser: Debian's chromium, driven by Playwright, over the scripted chain."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from scripted_chain import ANSWERS, ATTACK, BOOKS, HOURS, LISTED, NOTHING, READ, ScriptedChain
from scripted_llm import Reply, ScriptedServer, scripted_server

from assistant.chain import AnswerChain
from assistant.chat import mount
from assistant.generation import chat_model as llm
from assistant.settings import Settings
from assistant.web import launch

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here (Debian: apt-get install chromium)")

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@dataclass
class Visit:
    """A visitor's page, with every address it asked for and every dialog it opened."""

    page: sync_api.Page
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def ask(self, question: str, turn: int) -> None:
        self.page.fill("#box textarea", question)
        self.page.press("#box textarea", "Enter")
        self.answered(turn)

    def answered(self, turn: int) -> None:
        """Waits until the answer is whole and the page takes the next question."""
        self.page.wait_for_selector(f"#answer-{turn} .copy")
        self.page.wait_for_selector("#box .submit-button")
        self.page.wait_for_timeout(100)  # Gradio takes the next question a moment after the last message

    def hosts(self) -> set[str | None]:
        return {urlsplit(address).hostname for address in self.requests if not address.startswith(("data:", "blob:"))}

    def in_view(self, selector: str) -> bool:
        """Whether the top of an element lies within the window, once scrolling has come to rest."""
        place = self.page.locator(selector)
        before = None
        for _ in range(50):
            box = place.bounding_box()
            if box == before:
                break
            before = box
            self.page.wait_for_timeout(100)
        return box is not None and -1 <= box["y"] < self.page.viewport_size["height"] - 40


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chain() -> ScriptedChain:
    return ScriptedChain(faults={"坏了吗？": RuntimeError("/srv/secret broke")})


@pytest.fixture(scope="module")
def thumbs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chat") / "thumbs.jsonl"


@pytest.fixture(scope="module")
def address(chain: ScriptedChain, thumbs: Path) -> Iterator[str]:
    page = launch(chain, Settings(port=0, feedback=str(thumbs), shared=str(thumbs.parent / "shared")), wait=False)
    yield page.local_url
    page.close()


def opened(browser: sync_api.Browser, address: str, **options: object) -> Visit:
    """The page in a new browser profile."""
    context = browser.new_context(**{"viewport": DESK, "locale": "zh-CN", "reduced_motion": "reduce"} | options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit = Visit(context.new_page())
    visit.page.set_default_timeout(40_000)
    visit.page.on("request", lambda asked: visit.requests.append(asked.url))
    visit.page.on("dialog", lambda dialog: (visit.dialogs.append(dialog.message), dialog.dismiss()))
    visit.page.on("console", lambda said: visit.complaints.append(said.text) if said.type == "error" else None)
    visit.page.goto(address)
    visit.page.wait_for_selector("#chat .example")
    return visit


@pytest.fixture(scope="module")
def desk(browser: sync_api.Browser, address: str) -> Iterator[Visit]:
    visit = opened(browser, address)
    yield visit
    visit.page.context.close()


@pytest.fixture
def visit(desk: Visit) -> Visit:
    """The page of a Chinese reader at a desk, with no conversation on it."""
    if desk.page.locator(".question").count():
        desk.page.click("#clear")
    desk.page.wait_for_selector("#chat .example")
    desk.page.fill("#box textarea", "")
    return desk


def test_question_is_answered_and_a_citation_leads_to_its_card(visit: Visit) -> None:
    visit.ask(BOOKS.question, 1)
    said = visit.page.locator("#answer-1 .said")
    assert visit.page.inner_text("#answer-1 .speaker") == "报纸原文"
    assert said.inner_text() == BOOKS.text
    assert said.locator("strong").inner_text() == "36000册"
    assert visit.page.locator("#sources .card:not(.found) .title").all_inner_texts() == ["甲街道图书馆周末开放到晚上九点", "乙公交线路改道"]
    assert visit.page.locator("#source-1-1 .meta").inner_text() == "某市晚报 · 2025年11月18日 · 社区 · 张三、李四"
    assert visit.page.locator("#source-1-1 .passage mark").inner_text() == "图书馆馆长王五说，馆里有36000册图书和120个座位。"
    visit.page.click("#answer-1 a.cite >> text=[2]")
    assert visit.page.locator(".lit").get_attribute("id") == "source-1-2"
    assert visit.in_view("#source-1-2")
    assert visit.page.evaluate("document.activeElement.id") == "source-1-2"
    assert visit.hosts() == {"127.0.0.1"} and visit.complaints == []


def test_on_a_phone_a_source_opens_as_a_sheet_that_back_closes(browser: sync_api.Browser, address: str) -> None:
    visit = opened(browser, address, viewport=PHONE)
    visit.ask(BOOKS.question, 1)
    visit.ask(HOURS.question, 2)
    assert visit.in_view("#answer-2") and not visit.page.locator("#sources").is_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    box = visit.page.locator("#box").bounding_box()
    assert box["y"] + box["height"] <= PHONE["height"]
    visit.page.click("#answer-2 a.cite")
    assert visit.page.locator(".lit").get_attribute("id") == "source-2-1" and visit.in_view("#source-2-1")
    visit.page.go_back()
    visit.page.wait_for_selector("#sources", state="hidden")
    assert visit.page.url == address and visit.in_view("#answer-2")
    assert visit.page.evaluate("document.activeElement.className") == "cite"
    visit.page.click("#answer-2 a.cite")
    visit.page.click("#sources .shut")
    visit.page.wait_for_selector("#sources", state="hidden")
    visit.page.context.close()


def test_on_a_phone_a_listed_article_has_its_newspaper_on_one_line(browser: sync_api.Browser, address: str) -> None:
    visit = opened(browser, address, viewport=PHONE)
    visit.ask(LISTED.question, 1)
    row, about = (visit.page.locator(f"#answer-1 .listed {part}").first.bounding_box() for part in ("li", ".about"))
    assert about["height"] < 40 and about["width"] > row["width"] / 2
    visit.page.context.close()


@pytest.mark.parametrize("size", [(820, 1180), (844, 390)])
def test_a_tablet_and_a_phone_on_its_side_have_one_column(browser: sync_api.Browser, address: str, size: tuple[int, int]) -> None:
    visit = opened(browser, address, viewport={"width": size[0], "height": size[1]})
    visit.ask(BOOKS.question, 1)
    talk = visit.page.locator("#talk").bounding_box()
    assert talk["width"] > 0.9 * size[0] and visit.in_view("#answer-1")
    visit.page.context.close()


def test_citation_of_an_earlier_answer_opens_its_folded_sources(visit: Visit) -> None:
    visit.ask(BOOKS.question, 1)
    visit.ask(HOURS.question, 2)
    assert not visit.page.locator("#source-1-2").is_visible()
    visit.page.click("#answer-1 a.cite >> text=[2]")
    assert visit.page.locator("#source-1-2").is_visible() and visit.in_view("#source-1-2")


def test_citation_and_card_are_reached_by_keyboard_and_escape_leads_back(visit: Visit) -> None:
    visit.ask(BOOKS.question, 1)
    visit.page.locator("#answer-1 a.cite").first.focus()
    visit.page.keyboard.press("Enter")
    assert visit.page.locator(".lit").get_attribute("id") == "source-1-1"
    fold = visit.page.locator("#source-1-1 .whole summary")
    assert fold.inner_text().strip() == "展开全文"
    for _ in range(3):  # the number that leads back, the title, then the fold
        visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    assert visit.page.locator("#source-1-1 .whole mark").inner_text() == "图书馆馆长王五说，馆里有36000册图书和120个座位。"
    assert visit.page.locator("#source-1-1 .whole p").count() == 3
    assert not visit.page.locator("#source-1-1 .passage").is_visible()
    assert fold.inner_text().strip() == "收起"
    visit.page.keyboard.press("Escape")
    assert visit.page.locator(".lit").count() == 0
    assert visit.page.evaluate("document.activeElement.textContent") == "[1]"
    visit.page.click("#answer-1 a.cite >> text=[2]")
    visit.page.click("#source-1-2 a.number")
    assert visit.page.evaluate("document.activeElement.textContent") == "[2]"


def test_starter_and_follow_up_are_asked_with_the_conversation_so_far(visit: Visit, chain: ScriptedChain) -> None:
    assert visit.page.locator("#chat .example").all_inner_texts() == [answer.question for answer in ANSWERS]
    visit.page.click(f"#chat .example >> text={BOOKS.question}")
    visit.answered(1)
    assert visit.page.locator("#chat .option").all_inner_texts() == list(BOOKS.follow_ups)
    visit.page.click(f"#chat .option >> text={HOURS.question}")
    visit.answered(2)
    assert [turn.question for turn in chain.asked[-1].history] == [BOOKS.question]
    assert chain.asked[-1].history[0].answer == BOOKS.text
    visit.page.click("#answer-2 .how summary")
    assert "理解为：甲街道图书馆周末开放到几点？" in visit.page.inner_text("#answer-2 .how")
    assert visit.page.inner_text("#answer-2 .note") == "语言模型没有回答，下面是原文摘句。"


def test_refusal_shows_the_nearest_articles(visit: Visit) -> None:
    visit.ask(NOTHING.question, 1)
    assert visit.page.inner_text("#sources .label") == "可能相关"
    assert visit.page.locator("#sources .card").count() == 2


def test_reload_keeps_the_conversation_until_it_is_cleared(visit: Visit) -> None:
    visit.ask(BOOKS.question, 1)
    visit.ask(NOTHING.question, 2)
    before = visit.page.locator(".answer").all_inner_texts()
    visit.page.reload()
    visit.page.wait_for_selector("#answer-2")
    assert visit.page.locator(".question").all_inner_texts() == [BOOKS.question, NOTHING.question]
    assert visit.page.locator(".answer").all_inner_texts() == before
    visit.page.click("#answer-1 a.cite >> text=[1]")
    assert visit.page.locator(".lit").get_attribute("id") == "source-1-1"
    visit.page.click("#clear")
    visit.page.wait_for_selector("#chat .example")
    visit.page.reload()
    visit.page.wait_for_selector("#chat .example")
    assert visit.page.locator(".question").count() == 0


def test_hostile_article_question_and_answer_stay_text(visit: Visit) -> None:
    visit.ask(ATTACK.question, 1)
    assert visit.page.inner_text(".question") == ATTACK.question
    said = "".join(visit.page.locator("#answer-1 .said").all_inner_texts())
    assert re.sub(r"\s", "", said) == re.sub(r"\s", "", ATTACK.text)
    visit.page.click("#answer-1 a.cite")
    visit.page.click("#source-1-1 .whole summary")
    assert "${alert('template')} {{7*7}} $$x^2$$ `code` **粗**" in visit.page.inner_text("#source-1-1 .whole")
    visit.page.hover("#source-1-1 .meta")
    visit.page.reload()
    visit.page.wait_for_selector("#answer-1")
    visit.page.click("#chat .option")
    visit.answered(2)
    assert visit.page.locator("#chat img, #sources img, #sources a.original, #answer-1 a:not(.cite)").count() == 0
    assert visit.dialogs == [] and visit.hosts() == {"127.0.0.1"}


def test_forged_conversation_in_the_browser_is_harmless(visit: Visit) -> None:
    visit.ask(BOOKS.question, 1)
    forged = json.dumps([{"question": "<img src=x onerror=alert(1)>"}])
    visit.page.evaluate("forged => localStorage.setItem('newspaper-assistant', forged)", forged)  # and this tab's own copy
    visit.page.reload()
    visit.page.wait_for_selector("#chat .example")
    visit.ask(BOOKS.question, 1)
    assert visit.dialogs == []


def test_retry_asks_the_last_question_again_in_its_place(visit: Visit, chain: ScriptedChain) -> None:
    visit.ask(BOOKS.question, 1)
    visit.ask(HOURS.question, 2)
    before = len(chain.asked)
    visit.page.click("#answer-2 .again")
    while len(chain.asked) == before:
        visit.page.wait_for_timeout(50)
    visit.answered(2)
    assert [ask.question for ask in chain.asked[before:]] == [HOURS.question]
    assert [turn.question for turn in chain.asked[-1].history] == [BOOKS.question]
    assert visit.page.locator(".question").count() == 2


def test_copy_takes_the_answer_with_its_sources(visit: Visit, address: str) -> None:
    visit.ask(BOOKS.question, 1)
    visit.page.click("#answer-1 .copy")
    visit.page.wait_for_selector("#answer-1 .copied")
    assert visit.page.evaluate("navigator.clipboard.readText()") == (
        BOOKS.text + "\n\n[1] 《甲街道图书馆周末开放到晚上九点》，某市晚报，2025年11月18日，张三、李四，https://example.org/a\n"
        f"[2] 《乙公交线路改道》，某市晚报，2025年11月，赵六，{address}articles/b.md")


def test_markdown_word_and_a_link_of_an_answer(visit: Visit, address: str) -> None:
    visit.ask(BOOKS.question, 1)
    visit.page.click("#answer-1 .markdown")
    visit.page.wait_for_selector("#answer-1 .markdown.done")
    assert visit.page.evaluate("navigator.clipboard.readText()").startswith(f"## {BOOKS.question}\n\n图书馆馆长王五说")
    with visit.page.expect_download() as download:
        visit.page.click("#answer-1 .docx")
    assert download.value.suggested_filename == "回答.docx" and download.value.path().read_bytes()[:2] == b"PK"
    with visit.page.expect_download() as download:
        visit.page.click("#fine .all-docx")
    assert download.value.suggested_filename == "对话.docx"
    visit.page.click("#answer-1 .share")
    visit.page.wait_for_selector("#answer-1 .share.done")
    link = visit.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{address}answers/")
    other = visit.page.context.new_page()
    other.goto(link)
    assert other.inner_text("h1") == BOOKS.question and other.inner_text(".said") == BOOKS.text
    other.close()


def test_a_thumb_asks_why_survives_a_reload_can_be_taken_back_and_ends_with_a_retry(visit: Visit, thumbs: Path) -> None:
    visit.ask(NOTHING.question, 1)

    def pressed() -> list[str]:
        return visit.page.locator("#answer-1 [aria-pressed=true]").all_inner_texts()

    def click(selector: str) -> None:
        with visit.page.expect_response("**/feedback"):
            visit.page.click(selector)
        visit.page.wait_for_timeout(50)

    click("#answer-1 .down")
    click("#answer-1 .reason.outdated")
    assert pressed() == ["不好", "已经过时"]
    visit.page.reload()
    visit.page.wait_for_selector("#answer-1 .copy")
    assert pressed() == ["不好", "已经过时"]
    click("#answer-1 .down")
    assert pressed() == [] and not visit.page.locator("#answer-1 .why").is_visible()
    click("#answer-1 .up")
    visit.page.click("#answer-1 .again")
    visit.page.wait_for_selector("#answer-1 .up[aria-pressed=true]", state="detached")
    rows = [json.loads(line) for line in thumbs.read_text(encoding="utf-8").splitlines()]
    assert [(row["question"], row["liked"], row["reason"]) for row in rows] == [
        (NOTHING.question, False, ""), (NOTHING.question, False, "outdated"), (NOTHING.question, None, ""),
        (NOTHING.question, True, "")]
    assert len({row["answer_id"] for row in rows}) == 1
    visit.answered(1)


def test_fault_is_told_in_a_sentence_in_the_language_of_the_browser(visit: Visit) -> None:
    visit.ask("坏了吗？", 1)
    assert visit.page.inner_text("#answer-1 .said") == "这会儿答不上来，请稍后再问一次。"
    assert "/srv" not in visit.page.content()


def test_enter_that_picks_a_word_in_an_input_method_does_not_send(visit: Visit) -> None:
    keyboard = visit.page.context.new_cdp_session(visit.page)
    visit.page.focus("#box textarea")
    keyboard.send("Input.imeSetComposition", {"text": "tushuguan", "selectionStart": 9, "selectionEnd": 9})
    enter = {"type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229}
    keyboard.send("Input.dispatchKeyEvent", enter)
    keyboard.send("Input.insertText", {"text": "图书馆"})
    # Safari tells of the end of the composition first, and then of an Enter that looks like any other.
    visit.page.evaluate("""() => {
        const box = document.querySelector("#box textarea"), enter = { key: "Enter", bubbles: true, cancelable: true };
        box.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
        box.dispatchEvent(new KeyboardEvent("keydown", { ...enter, isComposing: true }));
        box.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
        box.dispatchEvent(new KeyboardEvent("keydown", enter));
    }""")
    visit.page.wait_for_timeout(300)
    assert visit.page.input_value("#box textarea") == "图书馆" and visit.page.locator(".question").count() == 0


def test_enter_on_an_empty_box_does_nothing(visit: Visit, chain: ScriptedChain) -> None:
    before = len(chain.asked)
    for typed in ("", "  "):
        visit.page.fill("#box textarea", typed)
        visit.page.press("#box textarea", "Enter")
    visit.page.fill("#box textarea", "")
    visit.page.click("#box .submit-button")
    visit.page.wait_for_timeout(400)
    assert visit.page.locator(".question").count() == 0 and len(chain.asked) == before


def test_a_new_question_stands_at_the_top_also_when_one_had_scrolled_up(visit: Visit) -> None:
    for turn, answer in enumerate((BOOKS, HOURS, NOTHING), 1):
        visit.ask(answer.question, turn)
    visit.page.evaluate("document.querySelector('#chat .panel-wrap').scrollTop = 0")
    visit.ask(BOOKS.question, 4)
    visit.page.wait_for_timeout(200)
    pane = visit.page.locator("#chat .panel-wrap").bounding_box()["y"]
    assert -2 <= visit.page.locator("#chat .question").last.bounding_box()["y"] - pane < 40


def test_two_tabs_keep_two_conversations(visit: Visit) -> None:
    other = visit.page.context.new_page()
    other.goto(visit.page.url)
    other.wait_for_selector("#chat .example")
    second = Visit(other)
    visit.ask(BOOKS.question, 1)
    second.ask(HOURS.question, 1)
    for tab, question in ((visit, BOOKS.question), (second, HOURS.question)):
        tab.page.reload()
        tab.page.wait_for_selector("#answer-1")
        assert tab.page.locator(".question").all_inner_texts() == [question]
    other.close()


def test_a_question_is_changed_a_turn_deleted_and_both_undone(visit: Visit, chain: ScriptedChain) -> None:
    def questions() -> list[str]:
        return visit.page.locator(".question").all_inner_texts()

    visit.ask(BOOKS.question, 1)
    visit.ask(NOTHING.question, 2)
    visit.page.hover("#chat .asked >> nth=0")
    visit.page.locator("#chat .asked .delete").first.click()
    visit.page.wait_for_selector("#answer-2", state="detached")
    assert questions() == [NOTHING.question]
    visit.page.click("#undo .undo")
    visit.page.wait_for_selector("#answer-2")
    assert questions() == [BOOKS.question, NOTHING.question]
    visit.page.hover("#chat .asked >> nth=0")
    visit.page.locator("#chat .asked .edit").first.click()
    assert visit.page.input_value("#box textarea") == BOOKS.question
    visit.page.fill("#box textarea", HOURS.question)
    visit.page.press("#box textarea", "Enter")
    visit.page.wait_for_selector("#answer-2", state="detached")
    visit.answered(1)
    assert questions() == [HOURS.question] and chain.asked[-1].history == ()
    visit.page.click("#undo .undo")
    visit.page.wait_for_selector("#answer-2")
    visit.page.click("#clear")
    visit.page.wait_for_selector("#chat .example")
    visit.page.click("#undo .undo")
    visit.page.wait_for_selector("#answer-2")
    assert questions() == [BOOKS.question, NOTHING.question]


def test_counts_stay_as_they_were_after_a_reload(visit: Visit) -> None:
    visit.ask(BOOKS.question, 1)
    before = visit.page.inner_text("#answer-1 .how summary"), visit.page.inner_text("#sources .others summary")
    visit.page.reload()
    visit.page.wait_for_selector("#answer-1 .copy")
    assert (visit.page.inner_text("#answer-1 .how summary"), visit.page.inner_text("#sources .others summary")) == before


def test_filters_go_with_the_question_and_are_kept(visit: Visit, chain: ScriptedChain) -> None:
    visit.page.click(".under summary")
    visit.page.fill("[data-under=date_from]", "2025-11")
    visit.page.fill("[data-under=author]", "张三")
    visit.ask(BOOKS.question, 1)
    assert (chain.asked[-1].filters.date_from, chain.asked[-1].filters.author) == ("2025-11", "张三")
    assert visit.page.inner_text(".under .set") == "：2025-11 · 张三"
    visit.page.click(".under .unfilter")
    visit.ask(HOURS.question, 2)
    assert not chain.asked[-1].filters
    visit.page.click(".under summary")


def test_what_was_read_from_a_question_stands_above_and_is_taken_off(visit: Visit, chain: ScriptedChain) -> None:
    visit.ask(READ.question, 1)
    assert visit.page.locator(".taken button").all_inner_texts() == ["张三署名 ×", "2025年11月 ×", "按我写的检索"]
    visit.page.click(".taken .author")
    visit.answered(1)
    assert chain.asked[-1].aside == {"author"} and chain.asked[-1].history == ()
    visit.page.click(".taken .as_typed")
    visit.answered(1)
    assert chain.asked[-1].aside == {"author", "as_typed"}
    visit.ask(BOOKS.question, 2)
    assert chain.asked[-1].aside == frozenset() and visit.page.locator(".taken button").count() == 0


def test_print_holds_the_whole_conversation_without_controls(visit: Visit) -> None:
    visit.ask(BOOKS.question, 1)
    visit.ask(HOURS.question, 2)
    visit.page.emulate_media(media="print")
    for selector in ("#answer-1 .said", "#answer-2 .said", "#source-2-1", "#source-1-1 .passage"):
        assert visit.page.locator(selector).first.is_visible(), selector
    shown = [selector for selector in ("#box", "#clear", "#answer-1 .acts", ".asked .acts", ".how", "#under", ".masthead nav")
             if visit.page.locator(selector).first.is_visible()]
    pane = visit.page.evaluate("""() => { const pane = document.querySelector("#chat .panel-wrap");
        return [pane.scrollHeight <= pane.clientHeight + 1, document.querySelector("#answer-2").getBoundingClientRect().bottom]; }""")
    visit.page.emulate_media(media="screen")
    assert shown == [] and pane[0]


def test_a_lost_connection_and_a_restarted_server_recover_and_the_draft_survives(browser: sync_api.Browser, tmp_path: Path) -> None:
    served = launch(ScriptedChain(), settings := Settings(port=0, feedback=str(tmp_path / "thumbs.jsonl")), wait=False)
    address = served.local_url
    visit = opened(browser, address)
    visit.ask(BOOKS.question, 1)
    visit.page.fill("#box textarea", "写了一半")
    for restart in (False, True):
        if restart:
            served.close()
        else:
            visit.page.context.set_offline(True)
        visit.page.wait_for_selector(".toast-wrap >> text=正在重新连接，写了一半的问题还在。")
        with visit.page.expect_navigation():
            if restart:
                served = launch(ScriptedChain(), replace(settings, port=int(address.split(":")[-1].strip("/"))), wait=False)
            else:
                visit.page.context.set_offline(False)
        visit.page.wait_for_selector("#answer-1 .copy")
        assert visit.page.locator(".question").all_inner_texts() == [BOOKS.question]
        visit.page.wait_for_function("document.querySelector('#box textarea').value === '写了一半'")
    visit.ask(HOURS.question, 2)
    visit.page.context.close()
    served.close()


NAMES = """() => [...document.querySelectorAll("button, input, textarea, select, [role=log], aside, nav")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[hidden]"))
    .map((one) => one.getAttribute("aria-label") || one.labels?.[0]?.innerText
        || (one.getAttribute("aria-labelledby") && document.getElementById(one.getAttribute("aria-labelledby")).innerText)
        || one.innerText || "")"""


def test_every_control_is_named_in_the_language_of_the_page(visit: Visit, browser: sync_api.Browser, address: str) -> None:
    english = opened(browser, address, locale="en-GB")
    for shown, foreign in ((visit, r"^(?!Markdown|Word)[A-Za-z ]+$"), (english, r"^[\u4e00-\u9fff]+$")):
        shown.ask(BOOKS.question, 1)
        names = shown.page.evaluate(NAMES)
        assert "" not in names and [name for name in names if re.search(foreign, name.strip()) and name not in
                                    (*BOOKS.follow_ups,)] == []
        assert shown.page.locator("#chat h2.question").count() == 1
        assert shown.page.locator("aside").count() == 1
    english.page.context.close()


def colours(visit: Visit) -> tuple[int, int]:
    """How bright, from 0 to 255, the paper and the ink are."""
    shown = visit.page.evaluate("""['backgroundColor', 'color'].map((name, i) =>
        getComputedStyle(i ? document.querySelector('.card .title') : document.body)[name])""")
    paper, ink = (int(re.findall(r"\d+", colour)[0]) for colour in shown)
    return paper, ink


def test_page_is_chinese_and_light_or_english_and_dark_as_the_browser_is(
        visit: Visit, browser: sync_api.Browser, address: str) -> None:
    english = opened(browser, address, locale="en-GB", color_scheme="dark")
    for shown, name, headline, hint in (
            (visit, "问报", "想知道报上说了什么？", "问一问报上的事……"),
            (english, "Ask the paper", "What did the paper say?", "Ask about anything in the paper…")):
        assert shown.page.inner_text("#masthead .product") == name
        assert shown.page.inner_text(".headline") == headline
        assert shown.page.get_attribute("#box textarea", "placeholder") == hint
    (paper, ink), (night, chalk) = colours(visit), colours(english)
    assert paper > 220 and ink < 60 and night < 60 and chalk > 200
    english.page.context.close()


GRIDS = "解放区有多少个网格？"
WRITTEN = "解放区把全区的网格优化为586个[1]。"


@pytest.fixture
def with_ollama(sample_chain: AnswerChain, monkeypatch: pytest.MonkeyPatch,
                tmp_path: Path) -> Iterator[tuple[str, ScriptedServer]]:
    """The page over the sample newspaper on a machine whose Ollama has two models; the page's address, the Ollama."""
    with scripted_server(Reply([WRITTEN]), models=["qwen3:8b", "glm4:9b"]) as ollama:
        monkeypatch.setattr(llm, "OLLAMA_ADDRESS", ollama.ollama)
        served = launch(sample_chain, Settings(port=0, feedback=str(tmp_path / "thumbs.jsonl")), wait=False)
        yield served.local_url, ollama
        served.close()


def test_a_model_of_this_machine_answers_once_it_is_chosen(browser: sync_api.Browser,
                                                           with_ollama: tuple[str, ScriptedServer]) -> None:
    address, ollama = with_ollama
    visit = opened(browser, address)
    assert visit.page.input_value("#model input") == "不用语言模型（只引原文） · No model"
    visit.ask(GRIDS, 1)
    assert ollama.asked == []
    visit.page.click("#model input")
    assert [offered.lstrip("✓\n") for offered in visit.page.locator("#model [role=option]").all_inner_texts()] == [
        "不用语言模型（只引原文） · No model", "ollama:glm4:9b", "ollama:qwen3:8b"]
    with visit.page.expect_response("**/run/predict**"):
        visit.page.click("#model [role=option] >> text=ollama:qwen3:8b")
    visit.ask(GRIDS, 2)
    assert visit.page.inner_text("#answer-2 .said") == WRITTEN
    assert [body["model"] for _, body in ollama.asked] == ["qwen3:8b"]
    visit.page.reload()
    visit.page.wait_for_selector("#answer-2 .copy")
    visit.page.wait_for_function("document.querySelector('#model input').value === 'ollama:qwen3:8b'")
    other = opened(browser, address)
    assert other.page.input_value("#model input") == "不用语言模型（只引原文） · No model"
    assert ollama.looked_up == 1
    for seen in (visit, other):
        assert seen.hosts() == {"127.0.0.1"} and seen.complaints == []
        seen.page.context.close()


def test_on_a_phone_the_choice_of_models_stays_within_the_page(browser: sync_api.Browser,
                                                               with_ollama: tuple[str, ScriptedServer]) -> None:
    visit = opened(browser, with_ollama[0], viewport=PHONE)
    box = visit.page.locator("#model").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    visit.page.context.close()


def test_without_an_ollama_there_is_no_choice(visit: Visit) -> None:
    assert visit.page.locator("#model").count() == 0


def test_stop_ends_the_answer_and_a_full_queue_says_busy(
        browser: sync_api.Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("assistant.chat.page.ANSWERS_AT_ONCE", 1)
    monkeypatch.setattr(mount, "QUEUE", 1)
    chain = ScriptedChain(pause=1.0)
    served = launch(chain, Settings(port=0, feedback=str(tmp_path / "thumbs.jsonl")), wait=False)
    context = browser.new_context(locale="zh-CN")
    pages = [context.new_page() for _ in range(3)]
    for page in pages:
        page.goto(served.local_url)
        page.wait_for_selector("#chat .example")
    for page in pages:  # the first is answered, the second waits, the third is one too many
        with page.expect_response("**/queue/join**"):
            page.fill("#box textarea", BOOKS.question)
            page.press("#box textarea", "Enter")
        page.wait_for_timeout(300)
    pages[2].wait_for_selector(".toast-wrap >> text=现在提问的人太多，请稍后再试。")
    pages[0].wait_for_selector("#answer-1 .said")
    pages[0].click("#box .stop-button")
    pages[0].wait_for_selector("#answer-1 .note >> text=已停止。")
    pages[0].wait_for_selector("#box .submit-button")
    said = pages[0].inner_text("#answer-1 .said")
    assert said and BOOKS.text.startswith(said) and said != BOOKS.text
    pages[1].wait_for_selector("#answer-1 .said")
    assert BOOKS.question in chain.broken_off
    context.close()
    served.close()
