"""The pages of people, places and bodies, over a tagged index of an invented paper; without a browser."""

from __future__ import annotations

import html as markup
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from bigram_embedding import BigramEmbedding
from fastapi.testclient import TestClient
from scripted_chain import ScriptedChain

from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.settings import Settings
from assistant.web.app import make_app

ROWS = [
    {"id": "1", "title": "社区添了书屋", "date": "2031-03-02",
     "text": "南桥区人社局局长王建明昨日来到花园街社区。王建明说，书屋周末也开。花园街社区位于南桥区东部。"},
    {"id": "2", "title": "招聘会", "date": "2031-04-02",
     "text": "云河市南桥区人力资源和社会保障局在花园街社区办招聘会，南桥区人社局局长王建明到场。"},
    {"id": "3", "title": "新职", "date": "2031-06-01", "text": "王建明任南桥区副区长。此前，他是南桥区人社局局长王建明。"},
    {"id": "4", "title": "老人学琴", "date": "2031-05-01", "text": "81岁的退休教师王建明在<b>云河公园</b>拉琴，居民田桂花跟着唱。"},
    {"id": "5", "title": "无日期", "text": "王建明没有到场。"},
    {"id": "6", "title": "青禾", "date": "2031-05-03", "text": "青禾农业科技有限公司（以下简称“青禾农业”）在花园街社区招工。青禾农业说，工期三个月。"},
    {"id": "7", "title": "总商会", "date": "2031-05-04", "text": "云河市工商业联合会慰问花园街社区，市民陈女士也来了。区教体局到场。"},
    {"id": "8", "title": "另一区", "date": "2031-05-05", "text": "青屏区的区教体局说，青屏区有两所新校。市工商联参加。"},
]


LONG = "会上，" + "代表们谈了很多，" * 30 + "南桥区人社局也到场，" + "大家又谈了很久，" * 20 + "散会。"


def write(corpus: Path, rows: list[dict[str, str]]) -> None:
    corpus.mkdir(exist_ok=True)
    lines = [json.dumps({"newspaper": "云河晚报", **row}, ensure_ascii=False) for row in rows]
    (corpus / "paper.jsonl").write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    write(folder / "corpus", ROWS)
    refresh(folder / "corpus", folder / "index", BigramEmbedding(), tag=True)
    return folder / "index"


@pytest.fixture(scope="module")
def room(index: Path) -> Iterator[TestClient]:
    chain = ScriptedChain()
    chain.index = Index(index)
    app = make_app(chain, Settings())
    with TestClient(app, base_url="http://127.0.0.1:7860", headers={"accept-language": "zh-CN,zh;q=0.9"}) as client:
        yield client


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def section(html: str, heading: str) -> str:
    """The text of the part of a page under a heading."""
    return text_of(re.search(rf"<h2>{heading}.*?</section>", html, re.DOTALL)[0])  # type: ignore[index]


def shown(room: TestClient, path: str) -> str:
    answer = room.get(path)
    assert answer.status_code == 200, path
    return answer.text


def quotes(html: str) -> list[str]:
    """Every text that the page quotes, without the marks of what is left out."""
    found = re.findall(r"<blockquote[^>]*>(.*?)</blockquote>|<p class=\"snippet\"[^>]*>(.*?)</p>", html, re.DOTALL)
    return [markup.unescape(re.sub(r"<[^>]+>", "", one or other)).strip().removeprefix("……").removesuffix("……") for one, other in found]


def test_the_lists_have_the_most_named_first_and_every_name_under_its_letter(room: TestClient) -> None:
    html = shown(room, "/people")
    names = re.findall(r'<li><a href="/people/([^"]+)">.*?</a> <small>(\d+)</small>', html)
    assert [(unquote(name), int(n)) for name, n in names][:1] == [("王建明", 5)]
    assert 'href="/people?initial=W"' in html and "陈女士" not in html
    assert re.findall(r'<li><a href="/people/[^"]+">(.*?)</a>', shown(room, "/people?initial=T")) == ["田桂花"]
    assert next(unquote(name) for name in re.findall(r'<li><a href="/places/([^"]+)">', shown(room, "/places"))) == "花园街社区"
    for path in ("/people?initial=Q", "/people?page=x", "/people?page=99999999", "/bodies?initial=%22"):
        shown(room, path)


def test_a_person_is_told_in_the_papers_words_with_offices_and_dates(room: TestClient) -> None:
    html = shown(room, "/people/王建明")
    assert "<title>王建明 · 问报</title>" in html
    texts = [row["text"] for row in ROWS]
    assert len(quotes(html)) == 7 and all(any(quote in text for text in texts) for quote in quotes(html))
    part = section(html, "同名的人")
    assert "南桥区人社局局长 3 篇" in part and "2031年3月2日至2031年6月1日南桥区人社局局长" in part and "2031年6月1日南桥区副区长新职" in part
    assert "退休教师 1 篇，约 1950 年生" in part and "另有 1 篇没有说明是哪一位" in part
    days = re.findall(r'<p class="when">(.*?)</p>', html)
    assert days == ["2031年6月1日", "2031年5月1日", "2031年4月2日", "2031年3月2日", "没有日期"]
    assert 'href="/articles/2#p=0-' in html
    assert "花园街社区 2" in section(html, "一同提到的地方") and "南桥区人社局 3" in section(html, "一同提到的机构")
    assert 'href="/?q=%E7%8E%8B%E5%BB%BA%E6%98%8E%E6%98%AF%E8%B0%81%EF%BC%9F"' in html
    assert 'href="/search?q=%E7%8E%8B%E5%BB%BA%E6%98%8E"' in html


def test_one_of_two_people_of_a_name_can_be_looked_at_alone(room: TestClient) -> None:
    html = shown(room, "/people/王建明?as=退休教师")
    assert "<title>王建明（退休教师） · 问报</title>" in html
    assert re.findall(r'<p class="when">(.*?)</p>', html) == ["2031年5月1日"] and "副区长" not in html
    assert re.findall(r'<p class="when">(.*?)</p>', shown(room, "/people/王建明?as=<x>")) != ["2031年5月1日"]


def test_every_form_of_a_name_leads_to_one_page(room: TestClient) -> None:
    for path, page in (("/bodies/云河市南桥区人力资源和社会保障局", "/bodies/南桥区人社局"), ("/places/南桥区人社局", "/bodies/南桥区人社局"),
                       ("/bodies/云河市工商联", "/bodies/云河市工商业联合会"), ("/bodies/青禾农业", "/bodies/青禾农业科技有限公司")):
        answer = room.get(path + "?lang=zh")
        assert (answer.status_code, unquote(str(answer.url.path))) == (200, page), path
    html = shown(room, "/bodies/南桥区人社局")
    assert "也写作 云河市南桥区人力资源和社会保障局" in text_of(html) and "3 篇，新的在前" in html
    assert "青屏区教体局" in text_of(shown(room, "/bodies/青屏区教体局"))  # which the article calls 区教体局


def test_a_place_is_told_by_the_sentence_that_says_what_it_is(room: TestClient) -> None:
    assert quotes(shown(room, "/places/花园街社区"))[0] == "花园街社区位于南桥区东部。"


def test_of_a_long_sentence_the_clauses_around_the_name_are_quoted(tmp_path: Path) -> None:
    write(tmp_path / "corpus", [{"id": "long", "text": LONG, "date": "2031-01-01"}])
    refresh(tmp_path / "corpus", tmp_path / "index", BigramEmbedding(), tag=True)
    chain = ScriptedChain()
    chain.index = Index(tmp_path / "index")
    with TestClient(make_app(chain, Settings()), base_url="http://127.0.0.1:7860") as client:
        html = client.get("/bodies/南桥区人社局?lang=zh").text
    assert html.count("……") == 4
    assert all("南桥区人社局也到场，" in quote and len(quote) < 200 and quote in LONG for quote in quotes(html))


def test_names_in_an_article_lead_to_their_pages_and_its_text_stays(room: TestClient) -> None:
    html = shown(room, "/articles/2")
    body = re.search(r'<p data-start="0">(.*?)</p>', html)[1]  # type: ignore[index]
    assert markup.unescape(re.sub(r"</?a[^>]*>", "", body)) == ROWS[1]["text"]
    found = [unquote(link) for link in re.findall(r'<a href="(/[^"]+)"', body)]
    assert found == ["/bodies/南桥区人社局", "/places/花园街社区", "/people/王建明"]  # each name once
    assert "&lt;b&gt;" in shown(room, "/articles/4") and "<b>" not in shown(room, "/people/王建明")


def test_a_name_that_nobody_has_is_told(room: TestClient) -> None:
    for path, said in (("/people/李四", "报库里没有文章提到“李四”。"), ("/people/陈女士", "“陈女士”"), ("/places/<script>", "&lt;script&gt;"), ("/bodies/公安局", "“公安局”")):
        answer = room.get(path)
        assert answer.status_code == 404 and said in answer.text
    assert "No article of the archive names “李四”." in room.get("/people/李四?lang=en").text
    room.cookies.clear()


def test_the_frame_is_english_for_an_english_browser(room: TestClient) -> None:
    html = room.get("/people/王建明", headers={"accept-language": "en-GB"}).text
    for said in ('<html lang="en">', "In the paper&#39;s words", "People of this name", "5, newest first", "Named beside it: places"):
        assert said in html or said.replace("&#39;", "'") in html, said
    assert "Names" in html and "报道" not in text_of(html.partition("<main")[2]).replace("有哪些报道", "")


def test_behind_a_proxy_every_link_stays_under_its_path(room: TestClient) -> None:
    under = TestClient(room.app, base_url="http://127.0.0.1:7860", root_path="/ask", headers={"accept-language": "zh"}, follow_redirects=False)
    for path in ("/people", "/people/王建明", "/bodies?initial=N", "/articles/2"):
        links = re.findall(r'(?:href|src|action)="(/[^"]*)"', under.get(path).text)
        assert links and [link for link in links if not link.startswith("/ask/")] == [], path
    assert unquote(under.get("/places/南桥区人社局").headers["location"]) == "/ask/bodies/南桥区人社局"


def test_an_archive_that_is_not_tagged_says_how_it_becomes_so(tmp_path: Path) -> None:
    write(tmp_path / "corpus", ROWS)
    refresh(tmp_path / "corpus", tmp_path / "index", BigramEmbedding())
    chain = ScriptedChain()
    chain.index = Index(tmp_path / "index")
    with TestClient(make_app(chain, Settings()), base_url="http://127.0.0.1:7860", headers={"accept-language": "zh"}) as client:
        for path in ("/people", "/places/花园街社区"):
            answer = client.get(path)
            assert answer.status_code == 404 and "assistant refresh --tag" in answer.text
        html = client.get("/articles/1").text
        assert "/people" not in html and ROWS[0]["text"] in html
        assert "mentions" not in client.get("/api/articles/1").json()


def test_programs_get_the_mentions_of_an_article(room: TestClient) -> None:
    row = room.get("/api/articles/2").json()
    assert {"start": 27, "end": 33, "kind": "body", "name": "南桥区人社局"} in row["mentions"]
    assert all(0 <= one["start"] < one["end"] <= len(row["text"]) for one in row["mentions"])
