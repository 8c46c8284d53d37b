"""The lexical index on real tantivy folders."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assistant.errors import IndexDamaged
from assistant.index.chunking import chunk_article
from assistant.index.words import LexicalIndex, day_range, rareness
from assistant.schema import Article, Filters

PARK = Article("园", "甲街道新建公园。公园里有健身步道。", title="甲街道的公园", date="2025-11-18", newspaper="某市日报",
               section="要闻", authors=("张三", "李四"), kind="news", page="A01")
BUS = Article("车", "乙街道公交线路调整，共1,584人受益。", title="公交調整", date="2025-11", section="民生", authors=("张三",), kind="news")
YEAR = Article("年", "全年工作回顾，满意度98.5%。", date="2024")
CARTOON = Article("画", "一幅漫画。", kind="caption")


def add(index: LexicalIndex, *articles: Article) -> None:
    for article in articles:
        index.add(article, chunk_article(article))


def names(hits: list[tuple[str, float]]) -> list[str]:
    return [name for name, _ in hits]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    """An index that no test changes."""
    index = LexicalIndex.create(tmp_path_factory.mktemp("words"))
    add(index, PARK, BUS, YEAR, CARTOON)
    index.commit()
    return index


@pytest.fixture
def own(tmp_path: Path) -> LexicalIndex:
    index = LexicalIndex.create(tmp_path / "words")
    add(index, PARK, BUS)
    index.commit()
    return index


@pytest.mark.parametrize(("question", "found"), [
    ("公园在哪里？", ["园@0", "车@0"]),  # 公交 shares a character
    ("公交是怎么调整的", ["车@0", "园@0"]),
    ("公交調整", ["车@0", "园@0"]),
    ("1584人", ["车@0"]),
    ("９８．５", ["年@0"]),
    ("李四", ["园@0"]),  # a byline is searched
    ("某市日报", ["园@0"]),
    ("步道", ["园@0", "车@0"]),  # 街道
])
def test_the_best_comes_first(index: LexicalIndex, question: str, found: list[str]) -> None:
    hits = index.search(question, 10)
    assert names(hits)[:len(found)] == found
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)


@pytest.mark.parametrize(("text", "found"), [
    ("公园", ["园@0"]), ("街道", ["园@0", "车@0"]), ("街道 调整", ["车@0"]), ("公交调整", ["车@0"]), ("甲街道 受益", []),
    ("1584", ["车@0"]), ("步", ["园@0"]), ("某市日报", []), ("", []), ("？", []),
])
def test_holding_wants_every_word(index: LexicalIndex, text: str, found: list[str]) -> None:
    assert sorted(names(index.best_holding(text, 10))) == sorted(found)


def test_holding_lies_under_filters_and_within_its_limit(index: LexicalIndex) -> None:
    assert names(index.best_holding("街道", 10, Filters(section="民生"))) == ["车@0"]
    assert len(index.best_holding("街道", 1)) == 1


def test_k_cuts_the_list(index: LexicalIndex) -> None:
    assert names(index.search("公园", 1)) == ["园@0"]


def test_none_wanted_none_found(index: LexicalIndex) -> None:
    assert index.search("公园", 0) == index.matching(Filters(kind="news"), 0) == []


@pytest.mark.parametrize("question", [
    "", "  ", "？！", "是什么呢", "的", "龘", "AND OR NOT", "9" * 100_000, "\x00\x1b[0m", "{0.__class__}",
])
def test_without_a_known_word_nothing_is_found(index: LexicalIndex, question: str) -> None:
    assert index.search(question, 10) == []


@pytest.mark.parametrize("question", [
    '"公交 AND (', "公交) OR body:*", "公交^2~ [a TO b]", "+公交 -线路 \\", "公交\x00线路", "公交" * 50_000, "\u202e公交\u200b",
])
def test_query_syntax_and_odd_characters_are_only_text(index: LexicalIndex, question: str) -> None:
    assert names(index.search(question, 10))[0] == "车@0"


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(st.characters(exclude_categories=["Cs"])) | st.text("甲街道公园\"'():*?~^[]{}\\+-&| ANDOR\t\n\x00"))
@example(question="".join(map(chr, range(0x4E00, 0x4E00 + 3_000))))
def test_no_question_is_too_odd(index: LexicalIndex, question: str) -> None:
    assert set(names(index.search(question, 10))) <= {"园@0", "车@0", "年@0", "画@0"}


@pytest.mark.parametrize("question", ["\ud800", "公\udfff交", "公交\ud83d"])
def test_a_lone_surrogate_is_only_text(index: LexicalIndex, question: str) -> None:
    assert names(index.search(question, 1)) == (["车@0"] if "公" in question else [])


@pytest.mark.parametrize(("filters", "found"), [
    (Filters(date_from="2025-11-18", date_to="2025-11-18"), {"园@0", "车@0"}),  # November is all of its days
    (Filters(date_from="2025-11-19"), {"车@0"}),
    (Filters(date_to="2025-11-17"), {"车@0", "年@0"}),
    (Filters(date_from="2025-11"), {"园@0", "车@0"}),
    (Filters(date_to="2025-10"), {"年@0"}),
    (Filters(date_from="2024", date_to="2024"), {"年@0"}),
    (Filters(date_from="2024-06-30", date_to="2024-06-30"), {"年@0"}),
    (Filters(date_from="2026"), set()),
    (Filters(author="张三"), {"园@0", "车@0"}),
    (Filters(author="李四"), {"园@0"}),
    (Filters(author="張三"), {"园@0", "车@0"}),
    (Filters(author="张"), set()),
    (Filters(section="要聞"), {"园@0"}),
    (Filters(newspaper="某市日报"), {"园@0"}),
    (Filters(kind="news", section="民生"), {"车@0"}),
    (Filters(kind="caption"), {"画@0"}),
    (Filters(author="张三", date_from="2025-11-19"), {"车@0"}),
    (Filters(page="a1"), {"园@0"}),
    (Filters(), {"园@0", "车@0", "年@0", "画@0"}),
])
def test_filters(index: LexicalIndex, filters: Filters, found: set[str]) -> None:
    assert set(index.matching(filters, 10)) == found
    assert len(index.matching(filters, 1)) == min(1, len(found))


def test_a_filter_leaves_the_scores_as_they_are(index: LexicalIndex) -> None:
    everywhere = index.search("公园公交", 10)
    assert index.search("公园公交", 10, Filters(kind="news")) == [hit for hit in everywhere if hit[0] in ("园@0", "车@0")]
    assert index.search("公园公交", 10, Filters(kind="caption")) == []


@pytest.mark.parametrize(("date", "days"), [
    ("2025", (20250101, 20251231)), ("2025-11", (20251101, 20251131)), ("2025-11-18", (20251118, 20251118)),
    (None, None), ("", None), ("2025-1", None), ("2025-11-18T08:00", None), ("十一月", None),
])
def test_day_range(date: str | None, days: tuple[int, int] | None) -> None:
    assert day_range(date) == days


@settings(max_examples=50, deadline=None, derandomize=True)
@given(first=st.dates(), second=st.dates())
def test_day_ranges_hold_each_other_and_keep_the_order_of_days(first, second) -> None:
    day, month, year = (day_range(first.isoformat()[:length]) for length in (10, 7, 4))
    assert year[0] <= month[0] <= day[0] == day[1] <= month[1] <= year[1]
    assert (first < second) == (day < day_range(second.isoformat()))


def test_changes_are_seen_after_commit_only(own: LexicalIndex) -> None:
    add(own, YEAR)
    assert own.count() == 2
    own.commit()
    assert own.chunk_ids() == {"园@0", "车@0", "年@0"}
    own.commit()  # with nothing to write


def test_an_index_that_grew_scores_as_one_made_from_nothing(own: LexicalIndex, tmp_path: Path) -> None:
    """What is replaced or deleted is not found, takes no one's place, and counts for nothing."""
    own.close()
    edited, garden = Article("园", "甲街道新建图书馆。", date="2025-12-01"), Article("园丁", "丙街道的园丁。" * 100)
    born = {"园": 1, "车": 1, "园丁": 1}
    with closing(LexicalIndex.grow(tmp_path / "words", tmp_path / "grown", born)) as grown:
        for gone in (PARK, BUS):
            grown.take_back(gone, chunk_article(gone))
        for article in (edited, garden):
            grown.add(article, chunk_article(article), 1)
        grown.commit()
        fresh = LexicalIndex.create(tmp_path / "fresh")
        add(fresh, edited, garden)
        fresh.commit()
        for question in ("图书馆", "街道", "园丁 街道", "公交", "健身步道", "张三"):
            assert grown.search(question, 1) == fresh.search(question, 1)
            assert grown.rareness(question[:2]) == fresh.rareness(question[:2])
        assert grown.chunk_ids() == fresh.chunk_ids() and grown.count() == fresh.count() == 3
        assert grown.matching(Filters(author="李四"), 5) == [] and not grown.has("车@0") and grown.has("园丁@1")
    before = LexicalIndex.open(tmp_path / "words")
    assert before.chunk_ids() == {"园@0", "车@0"} and names(before.search("步道", 1)) == ["园@0"]


def test_what_was_committed_is_there_when_opened_again(own: LexicalIndex, tmp_path: Path) -> None:
    add(own, YEAR)
    own.close()  # without a commit
    again = LexicalIndex.open(tmp_path / "words")
    assert again.chunk_ids() == {"园@0", "车@0"}
    assert names(again.search("公园", 1)) == ["园@0"]
    add(again, YEAR)
    again.commit()
    assert LexicalIndex.open(tmp_path / "words").count() == 3


def test_an_empty_index(tmp_path: Path) -> None:
    empty = LexicalIndex.create(tmp_path / "new" / "words")
    assert (empty.search("公园", 5), empty.matching(Filters(kind="news"), 5)) == ([], [])
    assert (empty.chunk_ids(), empty.count(), empty.document_frequency("公园")) == (set(), 0, 0)


def test_document_frequency_counts_chunks_by_their_text(index: LexicalIndex) -> None:
    assert [index.document_frequency(token) for token in ("街道", "公园", "公", "李四")] == [2, 1, 2, 0]


def test_a_folder_that_is_no_index_or_lacks_a_part_is_damaged(own: LexicalIndex, tmp_path: Path) -> None:
    own.close()
    with pytest.raises(IndexDamaged, match="assistant refresh --rebuild"):
        LexicalIndex.open(tmp_path / "nowhere")
    for number, part in enumerate(("meta.json", "*.store", "*.term", "*.idx")):
        copy = shutil.copytree(tmp_path / "words", tmp_path / str(number))
        next(copy.glob(part)).write_bytes(b"")
        with pytest.raises(IndexDamaged):
            LexicalIndex.open(copy)


def test_rareness_falls_from_1_to_0() -> None:
    values = [rareness(frequency, 1000) for frequency in (0, 1, 10, 100, 1000, 5000)]
    assert values == sorted(values, reverse=True) and values[0] == pytest.approx(1.0)
    assert 0 <= values[-1] < 0.01
