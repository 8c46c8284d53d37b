"""Matching form, sentences and search tokens, with the real segmenter."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.language.text import (
    QUESTION_WORDS,
    content,
    fold,
    pieces,
    query_tokens,
    search_tokens,
    sentences,
    squeeze,
    words,
)

NEWS = st.text(st.sampled_from("甲乙街道公园路有12.,，：。！？；…\n \u3000”」)Aa\u200b"), max_size=80)
ASKED = st.lists(st.sampled_from([*"甲街道公园有多少几何名的了哪叫A1", *QUESTION_WORDS]), max_size=9).map("".join)
quick = settings(max_examples=60, deadline=None, derandomize=True)



def cut(text: str, spans: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in spans]


def covers(text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether the spans follow each other, none empty, and hold all of `text` that is not blank."""
    in_order = all(start < end for start, end in spans) and all(a[1] <= b[0] for a, b in zip(spans, spans[1:]))
    return in_order and squeeze("".join(cut(text, spans))) == squeeze(text)


@pytest.mark.parametrize(("text", "folded"), [
    ("ＡＢＣ　１２３％", "abc 123%"),
    ("，（甲）：！？", ",(甲):!?"),
    ("臺灣發展後裏", "台湾发展后里"),
    ("㎡…①Ⅳ", "㎡…①Ⅳ"),  # what would grow or is no form of something else stays
    ("“《甲》”。", "“《甲》”。"),
    ("İßΣÀ", "İßσà"),
])
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_fold_keeps_the_length_of_every_character() -> None:
    assert len(fold("".join(map(chr, range(sys.maxunicode + 1))))) == sys.maxunicode + 1


@quick
@given(st.text())
def test_fold_folds_character_by_character(text: str) -> None:
    assert fold(text) == "".join(map(fold, text))


def test_squeeze_removes_every_blank() -> None:
    assert squeeze(" 甲\u3000街\n道\t1 \xa0") == "甲街道1"


@pytest.mark.parametrize(("text", "expected"), [
    ("", []),
    (" \n\u3000", []),
    ("甲街道", ["甲街道"]),
    ("“甲说好。”他走了！（完。）", ["“甲说好。”", "他走了！", "（完。）"]),
    ("甲…乙……丙？！丁；戊", ["甲…", "乙……", "丙？！", "丁；", "戊"]),
    ("　　首段。\n\n  次段没有句号\n末段", ["首段。", "次段没有句号", "末段"]),
    ("增长3.5%，约1,200人。", ["增长3.5%，约1,200人。"]),
    ("。。。", ["。。。"]),
])
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text, sentences(text)) == expected


@quick
@given(NEWS | st.text())
def test_sentences_cover_the_text_and_begin_and_end_without_blanks(text: str) -> None:
    spans = sentences(text)
    assert covers(text, spans)
    assert all(piece == piece.strip() for piece in cut(text, spans))


@pytest.mark.parametrize(("text", "limit", "expected"), [
    ("甲街道，乙街道，丙街道。", 20, ["甲街道，乙街道，丙街道。"]),
    ("甲街道，乙街道，丙街道，丁街道。", 10, ["甲街道，乙街道，", "丙街道，丁街道。"]),
    ("他说：“甲街道，”然后又到了乙街道。", 10, ["他说：“甲街道，”", "然后又到了乙街道。"]),
    ("甲" * 30, 10, ["甲" * 30]),
    ("短句。" + "长句，" * 4, 6, ["短句。", "长句，长句，", "长句，长句，"]),
])
def test_pieces(text: str, limit: int, expected: list[str]) -> None:
    assert cut(text, pieces(text, limit)) == expected


@quick
@given(NEWS, st.integers(1, 40))
def test_pieces_cover_the_text_and_are_parts_of_sentences(text: str, limit: int) -> None:
    spans, whole = pieces(text, limit), sentences(text)
    assert covers(text, spans)
    assert all(any(start <= a and b <= end for start, end in whole) for a, b in spans)
    short = [span for span in whole if span[1] - span[0] <= limit]
    assert set(short) <= set(spans)


def test_a_sentence_with_commas_is_never_left_longer_than_the_limit() -> None:
    text = "甲，" * 11 + "。"
    assert max(end - start for start, end in pieces(text, 20)) <= 20


@pytest.mark.parametrize(("question", "left"), [
    ("请问甲街道有多少名网格员？", "甲街道有名网格员?"),
    ("公园什么时候开放", "公园开放"),
    ("公园是什么时候开放的", "公园是开放的"),
    ("馆长叫什么名字", "馆长"),
    ("为什么呢", ""),
])
def test_content_is_the_question_without_the_words_that_only_ask(question: str, left: str) -> None:
    assert squeeze(content(question)) == left


def test_what_stood_around_a_question_word_does_not_grow_together() -> None:
    assert query_tokens("甲多少乙") == ["甲", "乙"]


@pytest.mark.parametrize(("text", "expected"), [
    ("", []),
    ("，。！ \u200b", []),
    ("某市公交线路调整", ["某市", "公交线路", "调整"]),
    ("98.5%的居民，共1,584人", ["98.5", "的", "居民", "共", "1584", "人"]),
    ("ＡＩ和iPhone15", ["ai", "和", "iphone", "15"]),
    ("㸆鱼很好吃", ["㸆", "鱼", "很", "好吃"]),
])
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("", []),
    ("图书馆", ["图", "书", "馆", "图书", "书馆", "图书馆"]),
    ("圖書館", ["图", "书", "馆", "图书", "书馆", "图书馆"]),
    ("公公", ["公", "公", "公公"]),
    ("共1,584人2.5", ["共", "1584", "人", "2.5"]),
    ("App在２０２５年", ["app", "在", "2025", "年"]),
    ("\x00；\n", []),
])
def test_search_tokens(text: str, expected: list[str]) -> None:
    assert search_tokens(text) == expected


@pytest.mark.parametrize(("one", "other", "shared"), [
    ("3.5万人", "35000人", "35000"),
    ("３.５万人", "35,000人", "35000"),
    ("1.25亿元", "125000000元", "125000000"),
    ("二〇二五年", "2025年", "2025"),
    ("三名骑手", "3名骑手", "3"),
    ("第六届", "第6届", "6"),
    ("两家企业", "2家企业", "2"),
    ("十一月十八日", "11月18日", "18"),
    ("二十五个", "25个", "25"),
    ("百分之三十", "30%", "30"),
    ("一百二十七点五万吨", "127.5万吨", "1275000"),
    ("民国三十七年", "1948年", "1948"),
    ("25年11月", "2025年11月", "2025"),
])
def test_numbers_meet_whatever_their_form(one: str, other: str, shared: str) -> None:
    assert shared in {*search_tokens(one)} & {*search_tokens(other)} & {*query_tokens(one)} & {*query_tokens(other)}


@pytest.mark.parametrize("text", ["万一下雨", "不三不四", "四川省", "一个人", "七上八下"])
def test_numerals_inside_words_are_no_numbers(text: str) -> None:
    assert not [token for token in search_tokens(text) if token.isascii()]


@pytest.mark.parametrize(("question", "expected"), [
    ("公园的路", ["公", "园", "路", "公园", "园的", "的路"]),  # a lone function word is dropped, its bigrams stay
    ("公园公园", ["公", "园", "公园", "园公"]),
    ("请问是什么呢？", []),
    ("的", []),
    ("", []),
])
def test_query_tokens(question: str, expected: list[str]) -> None:
    assert query_tokens(question) == expected


@quick
@given(ASKED)
@example("什什么么怎么样")
def test_query_tokens_hold_no_question_word_and_each_token_once(question: str) -> None:
    tokens = query_tokens(question)
    assert [token for token in tokens if any(word in token for word in QUESTION_WORDS)] == []
    assert len(tokens) == len(set(tokens))


@quick
@given(st.text() | NEWS)
def test_tokens_are_folded_and_hold_no_blank(text: str) -> None:
    for token in {*search_tokens(text), *query_tokens(text), *words(text)}:
        assert token == fold(token) and token and not re.search(r"\s", token)


@quick
@given(st.text(st.characters(exclude_categories=()), max_size=20))
@example("甲\ud800街道")
@example("\udfff")
def test_no_text_is_too_odd_to_be_cut(text: str) -> None:
    assert covers(text, sentences(text))
    for token in (*search_tokens(text), *query_tokens(text), *words(text)):
        token.encode()  # a lone surrogate is no token


@pytest.mark.parametrize("word", ["한글", "\ue000", "ꀀ"])
def test_only_han_characters_count_as_han(word: str) -> None:
    assert search_tokens(word) == []
