"""The article store on real SQLite files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.index.articles import ArticleStore, StoredFile
from assistant.index.chunking import chunk_article
from assistant.errors import IndexDamaged
from assistant.schema import Article, Failure, Filters

WATER = Article("甲/供水", "某市供水管网改造。甲街道先行。", title="供水改造", date="2025-11-18", newspaper="某市日报",
                section="要闻", authors=("张三", "李四"), kind="news")
BUS = Article("甲/公交", "公交线路调整。", title="公交調整", date="2025-11", section="民生", authors=("张三",))
YEAR = Article("乙/年鉴", "全年工作回顾。", date="2024", section="要闻")
UNDATED = Article("乙/漫画", "一幅漫画。", kind="caption")


def put(store: ArticleStore, file: str, *articles: Article, whole: bool = True) -> None:
    store.put_articles(file, articles, whole=lambda: whole)


def filled(path: Path, *articles: Article, base: Path | None = None) -> ArticleStore:
    """A closed store that holds each article in a file named like its id."""
    store = ArticleStore.create(path, base)
    for article in articles:
        put(store, f"{article.id}.md", article)
        chunks = chunk_article(article)
        store.put_chunks(article.id, chunks, [chunk.text.encode() for chunk in chunks])
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
    assert store.changes().added == ("编号",)
    assert list(map(str, store.failures())) == [
        "b.md: 编号 编号 在 a.md 里已经用过 / the id 编号 is used in a.md already"]
    store.close()
    assert list(ArticleStore.open(tmp_path / "one.db").articles()) == [first]

    store = ArticleStore.create(tmp_path / "two.db", tmp_path / "one.db")
    store.remove_file("a.md")
    assert store.changes().changed == ("编号",)
    assert store.article("编号") == second and store.failures() == ()
    store.close()


def test_changes_beside_the_base(tmp_path: Path, store: ArticleStore) -> None:
    new = ArticleStore.create(tmp_path / "new.db", tmp_path / "articles.db")
    edited = Article(**{**BUS.to_json(), "text": "公交线路再次调整。", "authors": BUS.authors})
    moved = Article("丙/漫画", UNDATED.text, kind="caption")
    for article in (edited, moved):
        put(new, f"{article.id}.md", article)
        chunks = chunk_article(article)
        new.put_chunks(article.id, chunks, [chunk.text.encode() for chunk in chunks])
    new.remove_file("乙/漫画.md")
    changes = new.changes()
    assert (changes.added, changes.changed, changes.deleted) == (("丙/漫画",), ("甲/公交",), ("乙/漫画",))
    new.remove_chunks("乙/漫画")
    assert [row[:2] for row in new.new_chunks()] == [("丙/漫画", 0), ("甲/公交", 0)]
    assert len(new.new_chunks(beside_base=False)) == 4
    assert new.gone_chunks() == ["乙/漫画@0"]
    new.close()
    assert set(ArticleStore.open(tmp_path / "articles.db").ids()) == store.ids()


def test_a_file_that_breaks_off_keeps_what_did_not_come_again(tmp_path: Path) -> None:
    store = ArticleStore.create(tmp_path / "articles.db")
    put(store, "a.jsonl", Article("一", "旧文。"), Article("二", "另文。"))
    put(store, "a.jsonl", Article("三", "加文。"), Article("一", "新文。"), whole=False)
    assert {article.id: article.text for article in store.articles()} == {"一": "新文。", "二": "另文。", "三": "加文。"}
    assert store.failures() == ()
    put(store, "a.jsonl", Article("一", "新文。"))
    assert store.ids() == {"一"}
    store.close()


def test_deleted_text_is_in_no_byte_of_the_file(tmp_path: Path) -> None:
    secret = "撤稿内容" * 2000
    filled(tmp_path / "articles.db", Article("撤", secret), WATER).close()
    store = ArticleStore.create(tmp_path / "new.db", tmp_path / "articles.db")
    store.remove_file("撤.md")
    store.remove_chunks("撤")
    store.close()
    assert "撤稿".encode() not in (tmp_path / "new.db").read_bytes()


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
    with pytest.raises(IndexDamaged, match="articles.db"):
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
