"""The pages beside the chat, over a real index of an invented paper; without a browser."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding
from fastapi.testclient import TestClient
from scripted_chain import ScriptedChain

from assistant.chat.conversation import save, stamped
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.schema import Answer, Box, Citation
from assistant.settings import Settings
from assistant.web import app as application
from assistant.web import taking_along
from assistant.web.app import make_app

FLOOD = "云河水位8月3日升至21.4米，青屏区转移居民1200人。区里开放了6处安置点。"
ROWS = [
    {"id": "2031-08-03/01", "title": "云河水位升至21.4米", "date": "2031-08-03", "page": "1", "section": "要闻", "authors": ["林一"],
     "text": FLOOD + "\n“水还在涨。”区水务所说。"},
    {"id": "2031-08-03/02", "title": "青屏区开放安置点", "date": "2031-08-03", "page": "1", "section": "要闻", "authors": ["林一", "何二"],
     "text": "青屏区开放了6处安置点，云河水位升至21.4米后，转移居民1200人。"},
    {"id": "2031-08-03/03", "title": "菜价回落", "date": "2031-08-03", "page": "10", "section": "民生", "authors": ["何二"], "kind": "comment",
     "text": "青屏批发市场的黄瓜降到每斤2元。"},
    {"id": "2031-08-04/01", "title": "云河水位回落", "date": "2031-08-04", "page": "2", "section": "要闻", "text": "云河水位8月4日回落。"},
    {"id": "2031-08-05/01", "title": "更正", "date": "2031-08-05", "page": "2",
     "text": "本报8月3日《云河水位升至21.4米》中，转移居民应为1300人。"},
    {"id": "2031-09/01", "title": "秋季运动会报名", "date": "2031-09", "text": "秋季运动会开始报名，=1+1。"},
    {"id": "x/<b>", "title": "<script>alert(1)</script>", "text": "=HYPERLINK(\"http://example.org\") 无日期。", "url": "javascript:alert(1)"},
    {"id": "2031-08-04/02", "title": "云河水位升至21.4米", "date": "2031-08-04", "page": "3", "text": FLOOD + "\n“水还在涨。”区水务所说。"},
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("room")
    (folder / "corpus").mkdir()
    lines = [json.dumps({"newspaper": "云河晚报", **row}, ensure_ascii=False) for row in ROWS]
    (folder / "corpus" / "paper.jsonl").write_text("\n".join(lines), encoding="utf-8")
    refresh(folder / "corpus", folder / "index", BigramEmbedding())
    return Index(folder / "index")


@pytest.fixture(scope="module")
def room(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    chain, folder = ScriptedChain(), tmp_path_factory.mktemp("kept")
    chain.index = index
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application.secrets, "token_bytes", lambda size: b"key")
        app = make_app(chain, Settings(feedback=str(folder / "thumbs.jsonl"), shared=str(folder / "shared")))
    with TestClient(app, base_url="http://127.0.0.1:7860", headers={"accept-language": "zh-CN,zh;q=0.9"}) as client:
        yield client


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def links(html: str) -> list[str]:
    return re.findall(r'href="(/articles/[^"]+)"', html)


def section(html: str, heading: str) -> str:
    """The part of a page under a heading."""
    return re.search(rf"<h2>{heading}.*?</section>", html, re.DOTALL)[0]  # type: ignore[index]


# articles


def test_a_table_of_an_article_is_a_table_and_loses_no_line(index: Index, tmp_path: Path) -> None:
    rows = ["| 桥 | 水位（米） |", "|---|---|", "| 东桥 | 21.4 |", "| <b>西桥 | 19 |", "| 少一格 |"]
    text = "\n".join(["各桥水位如下。", *rows, "区水务所说。"])
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "paper.jsonl").write_text(json.dumps({"id": "a", "title": "各桥水位", "text": text}), encoding="utf-8")
    refresh(tmp_path / "corpus", tmp_path / "index", BigramEmbedding())
    chain = ScriptedChain()
    chain.index = Index(tmp_path / "index")
    with TestClient(make_app(chain, Settings()), base_url="http://127.0.0.1:7860") as client:
        html = client.get("/articles/a").text
    cells = re.findall(r'<(t[hd]) [^>]*data-start="(\d+)">(.*?)</t', html)
    assert [(tag, shown) for tag, _, shown in cells] == [
        ("th", "桥"), ("th", "水位（米）"), ("td", "东桥"), ("td", "21.4"), ("td", "&lt;b&gt;西桥"), ("td", "19")]
    assert all(text[int(start):].startswith(unescape(shown)) for _, start, shown in cells)
    assert re.findall(r"<p data-start[^>]*>(.*?)</p>", html) == ["各桥水位如下。", "| 少一格 |", "区水务所说。"]


def test_an_article_is_a_page_with_its_place_in_the_paper_and_ways_to_cite_it(room: TestClient) -> None:
    html = room.get("/articles/2031-08-03/02").text
    assert "<title>青屏区开放安置点 · 问报</title>" in html and '<html lang="zh-CN">' in html
    for shown in ('<a href="/search?author=%E6%9E%97%E4%B8%80">林一</a>', '<a href="/issues/2031-08-03/1">第 1 版</a>',
                  '<p data-start="0">青屏区开放了6处安置点',
                  "林一, 何二. 青屏区开放安置点[N]. 云河晚报, 2031-08-03(1).",
                  "《青屏区开放安置点》，云河晚报，2031年8月3日，第1版，林一、何二，http://127.0.0.1:7860/articles/2031-08-03/02",
                  "@article{2031-08-03-02,\n  author = {{林一} and {何二}},"):
        assert shown in html, shown
    assert links(section(html, "同版文章")) == ["/articles/2031-08-03/01"]
    assert re.findall(r'rel="(?:prev|next)" href="([^"]+)"', html) == ["/articles/2031-08-03/01", "/articles/2031-08-03/03"]


def test_other_reports_reprints_and_corrections_stand_apart(room: TestClient) -> None:
    html = room.get("/articles/2031-08-03/01").text
    assert links(section(html, "更正")) == ["/articles/2031-08-05/01"]
    assert links(section(html, "同文另见")) == ["/articles/2031-08-04/02"]
    assert links(section(html, "同一件事的其他报道")) == ["/articles/2031-08-03/02"]
    assert "同一件事的其他报道" not in room.get("/articles/2031-08-03/03").text


def test_kicker_subtitle_roles_and_the_printed_page_are_shown_where_the_input_gave_them(
        room: TestClient, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    store = index.current().articles
    corpus = Path(index.current().manifest.corpus)
    (corpus / "1.jpg").write_bytes(b"\xff\xd8\xff")
    given = {"kicker": "引题一行", "subtitle": "副题一行", "roles": ("记者", "摄影"), "page_name": "要闻", "image": "1.jpg",
             "boxes": (Box("1", .1, .2, .5, .6), Box("2", 0, 0, 1, 1))}
    article = replace(store.article("2031-08-03/02"), **given)
    monkeypatch.setattr(store, "article", lambda article_id: article)
    html = room.get("/articles/2031-08-03/02").text
    for shown in ("引题一行</p>", "副题一行</p>", "<small>摄影</small>", "第 1 版 要闻", 'href="/pictures/2031-08-03/02"'):
        assert shown in html, shown
    assert html.count("<rect") == 1 and 'x="10.0"' in html
    assert room.get("/pictures/2031-08-03/02").headers["content-type"] == "image/jpeg"
    for outside in ("../index/CURRENT", "/etc/passwd", "paper.jsonl"):
        article = replace(article, image=outside)
        assert room.get("/pictures/2031-08-03/02").status_code == 404


def test_hostile_articles_stay_text_and_pages_run_no_script_of_theirs(room: TestClient) -> None:
    answer = room.get("/articles/x/%3Cb%3E")
    assert "<script>alert(1)" not in answer.text and "&lt;script&gt;alert(1)" in answer.text
    assert "javascript:" not in answer.text
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
    for address in ("/search?q=%3Cscript%3E", "/search?author=%22%3E%3Cscript%3E", "/briefing?topic=%3Cscript%3E"):
        assert "<script>" not in room.get(address).text
    assert not re.search(r"\sstyle=|\son\w+=|<script(?! src)", answer.text + room.get("/search?q=云河").text + room.get("/issues").text)


def test_what_there_is_not_is_said_with_where_to_look(room: TestClient) -> None:
    for address in ("/articles/none", "/issues/2031-01-01", "/issues/2031-08-03/99", "/issues/x", "/answers/0123456789abcdef"):
        answer = room.get(address)
        assert answer.status_code == 404 and 'href="/search"' in answer.text, address


def test_pages_speak_the_language_of_the_browser_and_remember_a_choice(room: TestClient) -> None:
    for header, language in (("en-GB,en", "en"), ("zh-TW", "zh-CN"), ("fr", "en"), ("", "zh-CN")):
        assert f'<html lang="{language}">' in room.get("/issues", headers={"accept-language": header}).text, header
    assert '<html lang="en">' in room.get("/search?q=云河&lang=en").text
    assert "Search</h1>" in room.get("/search").text
    assert '<html lang="zh-CN">' in room.get("/search?lang=zh").text
    room.cookies.clear()


# issues


def test_the_calendar_counts_and_leads_to_the_days(room: TestClient) -> None:
    html = room.get("/issues").text
    assert '<a href="/issues/2031-08-03" aria-label="3日，3 篇">' in html
    assert '<a href="/issues/2031-09">只知道月份的 1 篇</a>' in html
    assert "另有 1 篇没有日期" in html


def test_an_issue_lists_its_pages_in_order_and_one_page_alone(room: TestClient) -> None:
    html = room.get("/issues/2031-08-03").text
    assert links(html) == ["/articles/2031-08-03/01", "/articles/2031-08-03/02", "/articles/2031-08-03/03"]
    assert re.findall("<h2>(第 .+?) <small>", html) == ["第 1 版", "第 10 版"]
    assert 'rel="next" href="/issues/2031-08-04"' in html
    assert links(room.get("/issues/2031-08-03/10").text) == ["/articles/2031-08-03/03"]


# search


@pytest.mark.parametrize(("query", "found"), [
    ("q=云河水位&sort=oldest", ["2031-08-03/01", "2031-08-03/02", "2031-08-04/01", "2031-08-04/02", "2031-08-05/01"]),
    ("q=云河 安置点&sort=oldest", ["2031-08-03/01", "2031-08-03/02", "2031-08-04/02"]),
    ("q=云河水位&from=2031-08-04&sort=newest", ["2031-08-05/01", "2031-08-04/01", "2031-08-04/02"]),
    ("q=云河&author=何二", ["2031-08-03/02"]),
    ("kind=comment", ["2031-08-03/03"]),
    ("section=民生", ["2031-08-03/03"]),
    ("from=2031-09-15&to=2031-09-20", ["2031-09/01"]),
    ("from=2031&to=nonsense&page=x&sort=y&author=", [row["id"] for row in sorted(
        (row for row in ROWS if "date" in row), key=lambda row: (row["date"], [-ord(c) for c in row["id"]]), reverse=True)]),
    ("q=没有这样的词", []),
])
def test_the_list_is_complete_under_its_filters_and_in_its_order(room: TestClient, query: str, found: list[str]) -> None:
    html = room.get(f"/search?{query}").text
    rows = [address.removeprefix("/articles/") for address in links(html)]
    assert (sorted(rows), len(rows)) == (sorted(found), len(found))
    if "sort" in query:
        assert [row.rpartition("/")[0] for row in rows] == [row.rpartition("/")[0] for row in found]


def test_filters_stand_in_the_address_and_are_taken_off(room: TestClient) -> None:
    html = room.get("/search?q=云河水位&from=2031-08-04&author=林一").text.replace("&amp;", "&")
    chips = re.findall('<a href="([^"]+)">([^<]+) <span aria-hidden', html)
    assert [label for _, label in chips] == ["从 2031-08-04", "林一"]
    assert [("from=" in address, "author=" in address) for address, _ in chips] == [(False, True), (True, False)]


def test_bars_count_by_time_and_lead_there(room: TestClient) -> None:
    html = room.get("/search?q=云河水位").text.replace("&amp;", "&")
    assert re.findall('title="([^"]+)"', html) == ["2031年8月3日：2", "2031年8月4日：2", "2031年8月5日：1"]
    assert "from=2031-08-03&to=2031-08-03" in html


def test_snippets_mark_the_words(room: TestClient) -> None:
    assert "<mark>黄瓜</mark>" in room.get("/search?q=黄瓜").text


def test_paging_reaches_every_article(room: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.search.SHOWN", 3)
    pages = [links(room.get(f"/search?page={page}").text) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [3, 3, 2, 0] and len({address for page in pages for address in page}) == 8


def test_the_csv_holds_the_list_and_no_formula(room: TestClient) -> None:
    answer = room.get("/search?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == len(ROWS) and answer.headers["content-type"].startswith("text/csv")
    assert {row["address"] for row in rows} >= {"http://127.0.0.1:7860/articles/2031-08-03/01"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


# briefings


def test_a_briefing_lists_every_figure_with_its_sentence(room: TestClient) -> None:
    html = room.get("/briefing?topic=云河").text
    figures = re.findall('<td class="value">([^<]+)</td>', html)
    assert figures.count("21.4米") >= 3 and "1200人" in figures and "6处" in figures and "8月" not in "".join(figures)
    largest = re.findall('<td class="value">([^<]+)</td>', room.get("/briefing?topic=云河&order=figure").text)
    assert largest[0] == "1300人"
    chosen = room.get("/briefing?article=2031-08-03/03").text
    assert re.findall('<td class="value">([^<]+)</td>', chosen) == ["2元"]
    assert "2031-08-03,2元," in room.get("/briefing?article=2031-08-03/03&format=csv").text
    assert room.get("/briefing?topic=云河&format=docx").content[:2] == b"PK"


# taking along


SHOWN = Answer("云河水位多少？", "云河水位8月3日升至21.4米，青屏区转移居民1200人。[1]", emphasis=((9, 14),), citations=(
    Citation(1, "2031-08-03/01", "云河水位升至21.4米", "云河晚报", "2031-08-03", "要闻", ("林一",), None,
             "云河水位8月3日升至21.4米，青屏区转移居民1200人。", 0, 28),))
TURN = save([stamped(SHOWN, "2031-08-06T00:00:00+00:00", b"key")])[0]


def test_an_answer_gets_an_address_only_when_it_is_shared_and_only_as_it_was_given(room: TestClient) -> None:
    forged = room.post("/answers", json={"turn": TURN | {"text": "云河水位升至99米。[1]"}})
    assert forged.status_code == 409 and "请再问一次" in forged.text
    address = room.post("/answers", json={"turn": TURN}).json()["address"]
    assert room.post("/answers", json={"turn": TURN}).json()["address"] == address
    html = room.get(address).text
    assert "<h1>云河水位多少？</h1>" in html and '<a class="cite" href="#source-0-1">[1]</a>' in html
    assert '<li id="source-0-1" lang="zh-CN">[1] <a href="/articles/2031-08-03/01">林一. 云河水位升至21.4米[N]' in html
    assert room.get(f"{address}.docx").content[:2] == b"PK"
    assert room.get(f"{address}.md").text.endswith(
        "[^1]: 《云河水位升至21.4米》，云河晚报，2031年8月3日，第1版，林一，http://127.0.0.1:7860/articles/2031-08-03/01\n")


def test_a_conversation_is_taken_along_as_markdown_and_word(room: TestClient) -> None:
    two = room.post("/export/markdown", json={"turns": [TURN, TURN]}).text
    assert two.count("## 云河水位多少？") == 2 and "[^1]" in two and "[^2]: 《" in two
    assert room.post("/export/docx", json={"turns": [TURN]}).content[:2] == b"PK"
    for body in ({}, {"turns": [7]}, {"turns": "x"}):
        assert room.post("/export/docx", json=body).status_code == 404
    assert room.post("/export/docx", content=b"[").status_code == 404


def test_a_thumb_is_a_line_and_a_forged_one_is_none(room: TestClient, tmp_path: Path) -> None:
    for body in ({}, {"turn": TURN, "liked": "yes"}, {"turn": 7, "liked": True}):
        assert room.post("/feedback", json=body).status_code == 422
    for change in ({"text": "云河水位升至99米。[1]"}, {"stamp": ""}, {"stamp": TURN["stamp"].replace("06T", "05T")}):
        refused = room.post("/feedback", json={"turn": TURN | change, "liked": True})
        assert refused.status_code == 409 and "请再问一次" in refused.text
    assert room.post("/feedback", json={"turn": TURN, "liked": False, "reason": "<x>"}).status_code == 200
    assert room.post("/feedback", json={"turn": TURN, "liked": False}, headers={"origin": "http://paper.example"}).status_code == 403


def test_behind_a_proxy_every_link_stays_under_its_path(room: TestClient) -> None:
    under = TestClient(room.app, base_url="http://127.0.0.1:7860", root_path="/ask", headers={"accept-language": "zh"})
    for path in ("/articles/2031-08-03/02", "/issues", "/issues/2031-08-03", "/search?q=云河", "/briefing?topic=云河", "/nothing/x"):
        html = under.get(path).text
        assert [link for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', html) if not link.startswith("/ask/")] == [], path


def test_the_thumbs_of_visitors_at_once_are_lines_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "thumbs.jsonl"
    file.write_text('{"answer_id": "earlier"}\n', encoding="utf-8")
    answer = "水位\n" * 20_000 + "\ud800"  # longer than a buffer, and with half a character

    def many(name: int) -> None:
        for _ in range(5):
            taking_along._append(file, {"answer_id": name, "answer": answer})

    visitors = [threading.Thread(target=many, args=(name,), daemon=True) for name in range(4)]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join(60)
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert rows[0] == {"answer_id": "earlier"}
    assert sorted(row["answer_id"] for row in rows[1:]) == sorted(list(range(4)) * 5)
    assert {row["answer"] for row in rows[1:]} == {"水位\n" * 20_000 + "?"}
