"""One article that several files hold: one, with what each of them says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding

from assistant.corpus.copies import merged
from assistant.corpus.inspection import inspect, told
from assistant.index import verification
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.schema import Article, Box

TEXT = "霜桥区图书馆从十月一日起延长开放到晚上九点。馆里添了两百个座位，还设了老人阅览区，附近三个社区的居民都能走路到达。"
RECORD = "<REC>\n<日期>=2026.03.05\n<版次>=03\n<标题>=图书馆亮灯\n<作者>=本报记者 林小舟\n<正文>=　　{}\n"
PAGE = ("<html><body><!--enpproperty <founder-date>2026-03-05</founder-date><founder-introtitle>社区添了好去处</founder-introtitle>"
        "<founder-title>图书馆亮灯</founder-title><founder-pagenum>03</founder-pagenum><founder-pagename>街巷</founder-pagename>"
        "<founder-papername>霜桥晚报</founder-papername> /enpproperty--><founder-content><P>　　{}</P></founder-content></body></html>")
ONE = Article("a.trs#1", TEXT, "图书馆亮灯", "2026-03-05", page="3")


@pytest.fixture(autouse=True)
def examined_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.index.refresh.examine", lambda folder, deep: verification.examine_here(folder, deep))


@pytest.mark.parametrize(("other", "same"), [
    (replace(ONE, id="b.htm", text="本报讯（记者林小舟）" + TEXT, page=None), True), (replace(ONE, id="b.htm", page="A03"), True),
    (replace(ONE, id="b.htm", title="社区添了好去处 图书馆亮灯"), True),
    (replace(ONE, id="b.htm", page="B5"), False), (replace(ONE, id="b.htm", date="2026-03-06"), False),
    (replace(ONE, id="a.trs#2"), False), (replace(ONE, id="b.htm", text=TEXT[:20] + "座位要预约。"), False),
    (replace(ONE, id="b.htm", date="2026-03"), False),
])
def test_what_is_one_article(other: Article, same: bool) -> None:
    assert [one.copies for one in merged([ONE, other])] == ([("b.htm",)] if same else [(), ()])


def test_two_newspapers_print_one_text_and_are_two() -> None:
    papers = [replace(ONE, newspaper="霜桥晚报"), replace(ONE, id="b.htm", newspaper="柳岸日报"), replace(ONE, id="c.htm")]
    assert [one.id for one in merged(papers)] == ["a.trs#1", "b.htm"]


def test_typed_text_goes_before_print_and_takes_its_place_on_the_page() -> None:
    box = Box("3", 0.1, 0.1, 0.5, 0.5)
    scan = replace(ONE, id="a.png", text=TEXT.replace("座位", "坐位"), boxes=(box,), image="a.png", kicker="图书馆", page_name="街巷")
    whole, = merged([scan, replace(ONE, id="z.htm")])
    assert (whole.id, whole.text, whole.copies, whole.boxes, whole.image, whole.page_name) == (
        "z.htm", TEXT, ("a.png",), (box,), "a.png", "街巷")
    assert whole.kicker is None  # the title says it


def test_an_export_and_the_e_paper_are_one_whichever_changes(tmp_path: Path) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()

    def now() -> dict[str, Article]:
        refresh(corpus, index, BigramEmbedding())
        store = Index(index).current().articles
        return {chunk.partition("@")[0]: store.article(chunk.partition("@")[0]) for chunk in store.chunk_ids()}

    (corpus / "a.trs").write_text(RECORD.format(TEXT), encoding="gb18030")
    assert set(now()) == {"a.trs#1"}
    (corpus / "b.htm").write_text(PAGE.format(TEXT), encoding="utf-8")
    assert "另见 also in b.htm" in told(inspect(corpus)) and "1 篇 articles" in told(inspect(corpus))
    whole = now()["a.trs#1"]
    assert set(now()) == {"a.trs#1"}
    assert (whole.kicker, whole.title, whole.newspaper, whole.page, whole.page_name, whole.authors, whole.roles, whole.copies) == (
        "社区添了好去处", "图书馆亮灯", "霜桥晚报", "3", "街巷", ("林小舟",), ("记者",), ("b.htm",))
    (corpus / "b.htm").write_text(PAGE.format("北桥头的渡口停航三天，过河的居民可以改走新桥，工期不变。"), encoding="utf-8")
    assert {name: one.copies for name, one in now().items()} == {"a.trs#1": (), "b.htm": ()}
    (corpus / "b.htm").write_text(PAGE.format(TEXT), encoding="utf-8")
    assert set(now()) == {"a.trs#1"}
    (corpus / "a.trs").unlink()
    assert {name: one.kicker for name, one in now().items()} == {"b.htm": "社区添了好去处"}
    (corpus / "a.trs").write_text(RECORD.format(TEXT), encoding="gb18030")
    assert now()["a.trs#1"].copies == ("b.htm",)
    (corpus / "b.htm").unlink()
    assert now()["a.trs#1"].newspaper is None
