"""The nouns: headings, hashes, ids, and the way to JSON and back."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.schema import Answer, Article, Box, Chunk, Citation, Failure, Filters

ARTICLE = Article("甲/公园", "甲街道新建公园。公园里有健身步道。", title="甲街道的公园", date="2025-11-18", newspaper="某市日报",
                  page="03", section="要闻", authors=("张三", "李四"), kind="news", url="https://example.org/1")


@pytest.mark.parametrize(("title", "text", "heading"), [
    ("题目", "正文。", "题目"),
    (None, "正文。", "正文。"),
    ("", "正文。", "正文。"),
    (None, " 第一行\n  第二行 ", "第一行 第二行"),
    (None, "甲" * 24, "甲" * 24),
    (None, "甲" * 25, "甲" * 24 + "…"),
    (None, "", ""),
])
def test_heading(title: str | None, text: str, heading: str) -> None:
    assert Article("a", text, title=title).heading == heading


@pytest.mark.parametrize("name", [f.name for f in fields(Article)])
def test_the_hash_changes_with_every_field_but_the_id(name: str) -> None:
    values = {"authors": ("王五",), "roles": ("记者",), "boxes": (Box("1", 0, 0, 0.5, 0.5),)}
    other = replace(ARTICLE, **{name: values.get(name, "另一个")})
    assert (other.content_hash == ARTICLE.content_hash) is (name == "id")


TEXT = st.text(max_size=20)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.builds(Article, id=TEXT, text=TEXT, title=st.none() | TEXT, date=st.none() | TEXT,
                 authors=st.lists(TEXT, max_size=3).map(tuple)))
def test_an_article_survives_json(article: Article) -> None:
    assert Article.from_json(json.loads(json.dumps(article.to_json()))) == article


def test_from_json_takes_absent_and_null_authors() -> None:
    row = {"id": "a", "text": "甲"}
    assert Article.from_json(row) == Article.from_json({**row, "authors": None}) == Article("a", "甲")


def test_a_chunk_is_named_by_its_article_and_place() -> None:
    assert Chunk("甲/公园#2", 3, 0, 1, "甲").id == "甲/公园#2@3"


@pytest.mark.parametrize("name", [f.name for f in fields(Filters)])
def test_filters_are_true_as_soon_as_one_filters(name: str) -> None:
    assert not Filters() and not Filters(**{name: ""})
    assert Filters(**{name: "2025"})


def test_a_citation_quotes_the_article() -> None:
    citation = Citation.of(2, ARTICLE, 8, 17, (6, 8))
    assert citation == Citation(2, "甲/公园", "甲街道的公园", "某市日报", "2025-11-18", "要闻", ("张三", "李四"), "https://example.org/1",
                                "公园里有健身步道。", 8, 17, (6, 8))
    assert citation.quote[slice(*citation.emphasis)] == "步道"
    assert Citation.of(1, Article("b", "没有题目的一篇。"), 0, 2).title == "没有题目的一篇。"


@pytest.mark.parametrize(("line", "said"), [(None, "甲.jsonl: 没有正文"), (3, "甲.jsonl:3: 没有正文")])
def test_a_failure_names_its_place(line: int | None, said: str) -> None:
    assert str(Failure("甲.jsonl", line, "没有正文")) == said


def test_an_answer_is_changed_by_copy() -> None:
    growing = Answer("公园在哪里？", done=False)
    assert growing.with_(text="在甲街道。[1]", done=True) == Answer("公园在哪里？", "在甲街道。[1]")
    assert growing == Answer("公园在哪里？", done=False)
    with pytest.raises(FrozenInstanceError):
        growing.text = "别的"
