"""Chunks: where their borders lie, and that nothing of the text is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.index.chunking import CHUNK_LIMIT, chunk_article, embedding_text
from assistant.language.text import sentences, squeeze
from assistant.schema import Article, Chunk

CORPUS = Path(__file__).parent.parent / "corpus"
SENTENCE = st.integers(0, 500).map(lambda n: "甲" * n + "。") | st.integers(1, 110).map(lambda n: "乙街道，" * n + "！")
TEXT = st.lists(SENTENCE | st.sampled_from(["\n", "\u3000", "  ", "”"]), max_size=8).map("".join)
quick = settings(max_examples=50, deadline=None, derandomize=True)


def chunked(text: str) -> list[Chunk]:
    return chunk_article(Article("甲", text))


def lengths(text: str) -> list[int]:
    return [len(chunk.text) for chunk in chunked(text)]


def twenty(sentences: int) -> str:
    """So many sentences of twenty characters."""
    return ("甲街道的公园里有一条新修的健身步道呢哦" + "。") * sentences


@pytest.mark.parametrize(("text", "expected"), [
    ("", []),
    (" \n\u3000", []),
    ("甲。", [2]),
    (twenty(15), [300]),
    (twenty(17), [340]),
    (twenty(23), [240, 220]),
    (twenty(30), [300, 300]),
    ("甲" * 349 + "。" + "乙" * 349 + "。", [350, 350]),
    ("甲" * 1000, [350, 350, 300]),
])
def test_lengths(text: str, expected: list[int]) -> None:
    assert lengths(text) == expected


def test_no_article_leaves_a_scrap() -> None:
    assert [count for count in range(13, 150) if min(lengths(twenty(count))) < 140] == []


def test_places_and_ids_count_from_the_articles_start() -> None:
    first, second = chunked("\n  " + twenty(15) + "\n\n" + twenty(15))
    assert (first.id, first.article_id, first.ordinal, first.start, first.end) == ("甲@0", "甲", 0, 3, 303)
    assert (second.id, second.article_id, second.ordinal, second.start, second.end) == ("甲@1", "甲", 1, 305, 605)


def test_a_long_sentence_is_cut_at_its_last_comma_within_the_limit() -> None:
    first, second = chunked("甲" * 299 + "，" + "乙" * 299 + "。")
    assert (first.text, second.text) == ("甲" * 299 + "，", "乙" * 299 + "。")


@quick
@given(TEXT)
def test_chunks_are_stretches_of_the_text_in_order_and_hold_all_of_it(text: str) -> None:
    chunks = chunked(text)
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.text == text[chunk.start:chunk.end] and 0 < len(chunk.text) <= CHUNK_LIMIT for chunk in chunks)
    assert all(a.end <= b.start for a, b in zip(chunks, chunks[1:]))
    assert squeeze("".join(chunk.text for chunk in chunks)) == squeeze(text)


@quick
@given(TEXT)
def test_a_sentence_within_the_limit_is_never_cut(text: str) -> None:
    chunks = chunked(text)
    for start, end in sentences(text):
        if end - start <= CHUNK_LIMIT:
            assert any(chunk.start <= start and end <= chunk.end for chunk in chunks)


def test_the_sample_corpus_is_cut_at_sentence_borders() -> None:
    for file in sorted(CORPUS.glob("*/*.md")):
        body = file.read_text(encoding="utf-8").split("---\n", 2)[2]
        for chunk in chunked(body):
            assert re.search(r"[。！？；…][”’）]*$", chunk.text), (file.name, chunk.text[-20:])


def test_three_hundred_thousand_characters_without_a_border() -> None:
    assert lengths("甲" * 300_000)[-2:] == [350, 300_000 % 350]


def test_what_is_embedded_stands_under_the_title() -> None:
    article = Article("甲", "公园开放。", title="甲街道的公园")
    assert embedding_text(article, chunk_article(article)[0]) == "甲街道的公园\n公园开放。"
    assert embedding_text(Article("甲", "公园开放。"), chunked("公园开放。")[0]) == "公园开放。"
