"""The article store on real SQLite files."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import IndexDamaged
from assistant.index.articles import ArticleStore, StoredFile
from assistant.index.chunking import chunk_article
from assistant.index.layers import merge_layers
from assistant.schema import Article, Failure, Filters

WATER = Article("甲/供水", "某市供水管网改造。甲街道先行。", title="供水改造", date="2025-11-18", newspaper="某市日报",
                section="要闻", authors=("张三", "李四"), kind="news", page="03")
BUS = Article("甲/公交", "公交线路调整。", title="公交調整", date="2025-11", section="民生", authors=("张三",))
YEAR = Article("乙/年鉴", "全年工作回顾。", date="2024", section="要闻")
UNDATED = Article("乙/漫画", "一幅漫画。", kind="caption")
EDITED = replace(BUS, text="公交线路再次调整。")
MOVED = replace(UNDATED, id="丙/漫画")


def put(store: ArticleStore, file: str, *articles: Article, whole: bool = True) -> None:
    store.put_articles(file, [(article, b"") for article in articles], whole=lambda: whole)


def filled(path: Path, *articles: Article) -> ArticleStore:
    """A store, of one layer, that holds each article in a file named like its id."""
    store = ArticleStore.create(path)
    for article in articles:
        put(store, f"{article.id}.md", article)
    store.settle(0)
    store.close()
    return ArticleStore.open(path)


@pytest.fixture
def store(tmp_path: Path) -> ArticleStore:
    return filled(tmp_path / "articles.db", UNDATED, YEAR, BUS, WATER)


def test_articles_come_back_as_they_were(store: ArticleStore) -> None:
    assert store.article("甲/供水") == WATER
    assert store.article("甲/没有") is None
    assert store.ids() == {"甲/供水", "甲/公交", "乙/年鉴", "乙/漫画"}


def test_articles_are_newest_first_and_undated_last(store: ArticleStore) -> None:
    assert list(store.articles()) == [WATER, BUS, YEAR, UNDATED]


def test_dates_are_newest_first_and_those_of_a_date_are_found_by_it(store: ArticleStore) -> None:
    assert list(store.dates().items()) == [("甲/供水", "2025-11-18"), ("甲/公交", "2025-11"), ("乙/年鉴", "2024"), ("乙/漫画", "")]
    assert [store.of_date(date) for date in ("2025-11-18", "2025-11", "2025")] == [[WATER], [BUS], []]


@pytest.mark.parametrize(("filters", "found"), [
    (Filters(date_from="2025-11-19"), [BUS]),
    (Filters(date_from="2025-11-19", date_to="2025-11-30"), [BUS]),
    (Filters(date_to="2025-11-18"), [WATER, BUS, YEAR]),
    (Filters(date_from="2024", date_to="2024"), [YEAR]),
    (Filters(date_from="2025"), [WATER, BUS]),
    (Filters(date_to="2025-10"), [YEAR]),
    (Filters(author="张三"), [WATER, BUS]),
    (Filters(author="张"), []),
    (Filters(section="要闻"), [WATER, YEAR]),
    (Filters(section="要聞"), [WATER, YEAR]),
    (Filters(section="要闻", newspaper="某市日报"), [WATER]),
    (Filters(kind="caption"), [UNDATED]),
    (Filters(page="3"), [WATER]),
    (Filters(page="4"), []),
])
def test_filters(store: ArticleStore, filters: Filters, found: list[Article]) -> None:
    assert list(store.articles(filters)) == found


def test_chunks_are_cut_from_the_text(store: ArticleStore) -> None:
    chunks = chunk_article(WATER)
    assert store.chunks_of(WATER) == chunks
    assert store.chunks(["甲/供水@0", "甲/供水@9"]) == {"甲/供水@0": chunks[0]}
    assert list(store.chunks(["乙/年鉴@0", "没有@0", "没有", "甲/供水@0"])) == ["乙/年鉴@0", "甲/供水@0"]
    assert store.chunk_ids() == {"甲/供水@0", "甲/公交@0", "乙/年鉴@0", "乙/漫画@0"}


def test_coverage(store: ArticleStore) -> None:
    coverage = store.coverage()
    assert (coverage.articles, coverage.chunks) == (4, 4)
    assert (coverage.first_date, coverage.last_date) == ("2024", "2025-11-18")
    assert coverage.newspapers == ("某市日报",)
    assert coverage.sections == ("要闻", "民生")


def test_an_empty_store_is_a_store(tmp_path: Path) -> None:
    store = filled(tmp_path / "articles.db")
    assert list(store.articles()) == [] and store.ids() == set() and store.files() == {}
    assert store.coverage().articles == 0 and store.coverage().first_date == ""


def test_hostile_ids_and_texts(tmp_path: Path) -> None:
    odd = Article("a@0'; DROP TABLE articles; --\n", "正文\0里有 {0} %s 和 𠮷。", title="“引号”")
    nested = Article("a@0", "另一篇。")
    store = filled(tmp_path / "articles ?#%.db", odd, nested)
    assert store.article(odd.id) == odd
    assert store.chunks(["a@0@0"])["a@0@0"].article_id == "a@0"


def test_the_first_file_publishes_a_repeated_id(tmp_path: Path) -> None:
    first, second = Article("编号", "甲文。"), Article("编号", "乙文。")
    store = ArticleStore.create(tmp_path / "one.db")
    put(store, "b.md", second)
    put(store, "a.md", first)
    assert store.settle(0).added == ("编号",)
    assert list(map(str, store.failures())) == [
        "b.md: 编号 编号 在 a.md 里已经用过 / the id 编号 is used in a.md already"]
    store.close()
    assert list(ArticleStore.open(tmp_path / "one.db").articles()) == [first]

    store = ArticleStore.create(tmp_path / "two.db", [tmp_path / "one.db"])
    store.remove_file("a.md")
    assert store.settle(1).changed == ("编号",)
    assert store.article("编号") == second and store.failures() == ()
    store.close()
    assert list(ArticleStore.open(tmp_path / "one.db", tmp_path / "two.db").articles()) == [second]


@pytest.fixture
def layers(tmp_path: Path, store: ArticleStore) -> list[Path]:
    """One article edited, one moved to another id, and one deleted, over the store."""
    new = ArticleStore.create(tmp_path / "new.db", [tmp_path / "articles.db"])
    put(new, f"{BUS.id}.md", EDITED)
    put(new, "丙/漫画.md", MOVED)
    new.remove_file("乙/漫画.md")
    changes = new.settle(7)
    assert (changes.added, changes.changed, changes.deleted) == (("丙/漫画",), ("甲/公交",), ("乙/漫画",))
    assert (changes.lost, new.own_chunk_count(), new.before("甲/公交")[0]) == (2, 2, BUS)
    new.close()
    return [tmp_path / "articles.db", tmp_path / "new.db"]


def test_a_layer_holds_what_changed_and_speaks_for_it(layers: list[Path], store: ArticleStore) -> None:
    both = ArticleStore.open(*layers)
    assert list(both.articles()) == [WATER, EDITED, YEAR, MOVED] and both.article("乙/漫画") is None
    assert (both.article_count(), both.chunk_count(), both.coverage().articles) == (4, 4, 4)
    assert both.spoken_for(1) == {"丙/漫画", "甲/公交", "乙/漫画"} and both.born()["甲/公交"] == 7
    assert list(store.articles()) == [WATER, BUS, YEAR, UNDATED], "what lies below is not changed"


@pytest.mark.parametrize("lowest", [True, False])
def test_merged_layers_say_what_they_said(layers: list[Path], tmp_path: Path, lowest: bool) -> None:
    merge_layers(tmp_path / "one.db", layers, lowest=lowest, settled=False)
    one, both = ArticleStore.open(tmp_path / "one.db"), ArticleStore.open(*layers)
    assert list(one.articles()) == list(both.articles()) and one.chunk_hashes() == both.chunk_hashes()
    assert one.files() == both.files() and one.born() == both.born()
    assert UNDATED.text.encode() in layers[0].read_bytes(), "it is that of the moved one too"
    assert BUS.text.encode() not in (tmp_path / "one.db").read_bytes()


def test_a_stray_date_does_not_stretch_the_span(tmp_path: Path) -> None:
    """Of 300 articles of one summer one is dated 1944; of 12 one a month, all count."""
    summer = [Article(f"夏{n}", "一则。", date=f"2023-0{7 + n % 2}-{n % 28 + 1:02}") for n in range(300)]
    coverage = filled(tmp_path / "a.db", *summer, Article("误", "一则。", date="1944-04-30")).coverage()
    assert (coverage.first_date, coverage.last_date) == ("2023-07-01", "2023-08-28")
    assert coverage.months == (("1944-04", 1), ("2023-07", 150), ("2023-08", 150))
    year = [Article(f"月{n}", "一则。", date=f"2023-{n:02}-01") for n in range(1, 13)]
    coverage = filled(tmp_path / "b.db", *year).coverage()
    assert (coverage.first_date, coverage.last_date) == ("2023-01-01", "2023-12-01")


def test_a_file_that_breaks_off_keeps_what_did_not_come_again(tmp_path: Path) -> None:
    store = ArticleStore.create(tmp_path / "articles.db")
    put(store, "a.jsonl", Article("一", "旧文。"), Article("二", "另文。"))
    put(store, "a.jsonl", Article("三", "加文。"), Article("一", "新文。"), whole=False)
    store.settle(0)
    assert {article.id: article.text for article in store.articles()} == {"一": "新文。", "二": "另文。", "三": "加文。"}
    assert store.failures() == ()
    put(store, "a.jsonl", Article("一", "新文。"))
    assert store.ids() == {"一"}
    store.close()


def test_deleted_text_is_in_no_byte_of_the_file(tmp_path: Path) -> None:
    secret = "撤稿内容" * 2000
    filled(tmp_path / "articles.db", Article("撤", secret), WATER).close()
    store = ArticleStore.create(tmp_path / "new.db", [tmp_path / "articles.db"])
    store.remove_file("撤.md")
    store.settle(1)
    store.close()
    merge_layers(tmp_path / "one.db", [tmp_path / "articles.db", tmp_path / "new.db"], lowest=True, settled=True)
    assert "撤稿".encode() not in (tmp_path / "one.db").read_bytes()


def test_files_are_remembered(tmp_path: Path) -> None:
    file = StoredFile("a.jsonl", 10, 1_700_000_000_000_000_001, "ab", (Failure("a.jsonl", 3, "坏行"),))
    store = ArticleStore.create(tmp_path / "articles.db")
    store.put_file(file)
    store.close()
    store = ArticleStore.open(tmp_path / "articles.db")
    assert store.files() == {"a.jsonl": file}
    assert store.failures() == (Failure("a.jsonl", 3, "坏行"),)


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 1000])
def test_a_damaged_store_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "articles.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IndexDamaged, match=r"articles\.db"):
        ArticleStore.open(path)


MANY_READERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from assistant.index.articles import ArticleStore
from assistant.schema import Filters

store = ArticleStore.open(Path(sys.argv[1]))

def read(turn):
    if turn % 2:
        return store.article("甲/供水").id
    return [article.id for article in store.articles(Filters(author="张三"))]

with ThreadPoolExecutor(6) as threads:
    assert list(threads.map(read, range(4000))) == [["甲/供水", "甲/公交"], "甲/供水"] * 2000
"""


def test_threads_that_read_one_store_never_wait_for_each_other(tmp_path: Path) -> None:
    """In a process of its own: threads that wait for each other's locks here would stop every other test."""
    filled(tmp_path / "articles.db", UNDATED, YEAR, BUS, WATER).close()
    subprocess.run([sys.executable, "-c", MANY_READERS, str(tmp_path / "articles.db")], check=True, timeout=120)
