"""How questions are understood: kinds, filters, the thing wanted, and follow-ups made whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.question.analysis import QUESTION_LIMIT, Question, complete, understand, wants
from assistant.schema import Ask, Filters, Turn

TODAY = date(2025, 11, 25)
RIDERS = (Turn("解放区办结了多少民生诉求？", "652项。"),)
HERO = (Turn("战斗英雄王忠殿的陈列馆馆长是谁？", "陈海霞。"),)


def understood(question: str, *history: Turn, filters: Filters = Filters()) -> Question:
    """The question as an archive understands it whose authors are 张三 and 李四 and whose sections 要闻 and 聚焦."""
    return understand(Ask(question, history, filters), {"张三", "李四"}.__contains__, {"要闻", "聚焦"}.__contains__, TODAY,
                      knows=lambda field, name: (field, name) in {("kind", "comment"), ("newspaper", "某市日报")})


@pytest.mark.parametrize(("kind", "questions"), [
    ("empty", ["", "  ", "？？？", "\x00\x1b", "😀", "\ud800", "……"]),
    ("greeting", ["你好", "您好！", "Hello", "你好啊", "早上好", "在吗？", "ｈｉ"]),
    ("thanks", ["谢谢", "谢谢你！", "非常感谢", "再见", "Thank you"]),
    ("help", ["你能做什么？", "您可以帮我做些什么", "你是谁", "怎么用", "help", "What can you do?"]),
    ("gist", ["这篇文章讲了什么", "《甲街道的春天》主要内容是什么", "公园那篇报道说了什么？", "画中话栏目讲了什么"]),
    ("byline", ["这篇报道是谁写的", "这幅漫画是谁画的", "聚焦专栏的作者是谁", "哪位记者采访了王五"]),
    ("fact", ["公园在哪里", "你好，公园在哪里？", "今年有多少名骑手", "谢谢参与活动的有多少人",
              "体育栏目有哪些文章", "王五写了哪些报道", "1", "a"]),
])
def test_kinds(kind: str, questions: list[str]) -> None:
    assert {question: understood(question).kind for question in questions} == dict.fromkeys(questions, kind)


@pytest.mark.parametrize(("question", "kind"), [
    ("骑手可以做什么？", "fact"),
    ("兼职网格员能干什么", "fact"),
    ("谢谢，那公园呢？", "fact"),
    ("感谢信是谁写的", "fact"),
    ("谁采写了公园的报道", "byline"),
    ("概括一下公园的报道", "gist"),
])
def test_what_a_pattern_takes_too_early(question: str, kind: str) -> None:
    assert understood(question).kind == kind


@pytest.mark.parametrize(("question", "filters"), [
    ("张三写了哪些报道？", Filters(author="张三")),
    ("张三都写了什么", Filters(author="张三")),
    ("张三的报道", Filters(author="张三")),
    ("记者张三写了几篇报道", Filters(author="张三")),
    ("通讯员李四的稿件有哪些", Filters(author="李四")),
    ("要闻栏目有哪些文章", Filters(section="要闻")),
    ("聚焦有什么报道", Filters(section="聚焦")),
    ("2025年11月有哪些报道", Filters(date_from="2025-11", date_to="2025-11")),
    ("１１月份登了哪些新闻", Filters(date_from="2025-11", date_to="2025-11")),
    ("12月有哪些报道", Filters(date_from="2024-12", date_to="2024-12")),
    ("上个月有哪些消息", Filters(date_from="2025-10", date_to="2025-10")),
    ("去年有什么新闻", Filters(date_from="2024", date_to="2024")),
    ("今年有哪些评论", Filters(date_from="2025", date_to="2025", kind="comment")),
    ("一共有多少篇文章", Filters()),
    ("最近有什么新闻", Filters()),
    ("去年11月有哪些报道", Filters(date_from="2024-11", date_to="2024-11")),
    ("今年以来有哪些报道", Filters(date_from="2025")),
])
def test_lists_of_articles_under_a_filter(question: str, filters: Filters) -> None:
    found = understood(question)
    assert (found.kind, found.topic, found.filters) == ("articles", "", filters)


@pytest.mark.parametrize(("question", "topic"), [
    ("哪些报道提到骑手？", "骑手"), ("有没有关于公园的报道", "公园"), ("关于公交的文章有哪些", "公交"), ("王五的报道", "王五"),
    ("找一下关于公园的新闻", "公园"), ("有多少篇关于公园的报道", "公园"), ("哪些文章写了张三", "张三"), ("提到骑手的报道有哪些", "骑手"),
])
def test_lists_of_articles_on_a_topic(question: str, topic: str) -> None:
    found = understood(question)
    assert (found.kind, found.topic, found.filters) == ("articles", topic, Filters())


@pytest.mark.parametrize(("question", "role"), [
    ("公园这篇报道的通讯员是谁", "通讯员"), ("这篇报道的记者叫什么", "记者"), ("哪位记者采访了王五", "记者"), ("这篇报道是谁写的", ""),
])
def test_a_byline_question_names_its_role(question: str, role: str) -> None:
    assert (understood(question).kind, understood(question).topic) == ("byline", role)


def test_filters_given_beside_the_question_stay_unless_the_question_has_its_own() -> None:
    given_filters = Filters(author="李四", date_from="2025-01")
    assert understood("公园在哪里", filters=given_filters).filters == given_filters
    assert understood("要闻有哪些报道", filters=given_filters).filters == replace(given_filters, section="要闻")
    assert understood("张三的报道", filters=given_filters).filters == replace(given_filters, author="张三")


def test_a_question_is_cleaned_and_shown_as_it_was_asked() -> None:
    assert understood(" 公園\x00在\n哪裏？ ") == Question("公園 在 哪裏？", "公園 在 哪裏？", "fact", "place")
    assert not understood("甲街道的公园在哪里？", *HERO).completed


def test_a_long_question_is_cut() -> None:
    found = understood("甲街道" * 33_000)
    assert (len(found.text), found.cut) == (QUESTION_LIMIT, True)
    assert not understood("甲" * QUESTION_LIMIT).cut


@pytest.mark.parametrize(("question", "expected"), [
    ("为什么要建公园", "why"), ("建公园的原因", "why"),
    ("公园什么时候开放", "date"), ("哪年牺牲的", "date"), ("几点开始", "date"),
    ("有哪些节目", "list"), ("是哪三项", "list"), ("参加的都有谁", "list"),
    ("谁是馆长", "person"), ("由哪位主持", "person"),
    ("有多少人参加", "number"), ("第几届", "number"), ("占比是百分之几", "number"), ("公园多大", "number"),
    ("公园在哪里", "place"), ("哪个社区先改造", "place"), ("在什么地方演出", "place"),
    ("哪个单位主办", "organisation"), ("由什么部门负责", "organisation"),
    ("节目叫什么", "title"), ("获得什么称号", "title"),
    ("怎么申领社保卡", "how"), ("采取了什么措施", "how"),
    ("居民满意吗？", "yesno"), ("是否免费", "yesno"), ("几乎都满意吗", "yesno"),
    ("公园是什么", "what"), ("甲街道", "what"), ("", "what"),
    ("多少人參加", "number"), ("為什麼", "why"),
    ("馆长叫什么名字", "person"),
])
def test_wants(question: str, expected: str) -> None:
    assert wants(question) == expected


@pytest.mark.parametrize(("question", "measure"), [
    ("有多少名骑手", "名"), ("参加的有几位", "位"), ("第几届", "届"), ("发放了多少万元贷款", "万元"),
    ("多少平方米", "平方米"), ("满意度是多少", ""), ("公园在哪里", ""),
    ("受益的有多少人次", "人次"),
])
def test_the_measure_word(question: str, measure: str) -> None:
    assert understood(question).measure == measure


@pytest.mark.parametrize(("question", "history", "whole"), [
    ("那满意度呢", RIDERS, "解放区 满意度呢"),
    ("他是哪年牺牲的", HERO, "王忠殿 他是哪年牺牲的"),
    ("还有呢", HERO, "战斗英雄王忠殿陈列馆馆长 还有呢"),
    ("为什么", RIDERS, "解放区办结民生诉求 为什么"),
    ("在哪里", HERO, "战斗英雄王忠殿陈列馆馆长 在哪里"),
    ("该馆建了几年", HERO, "王忠殿 该馆建了几年"),
    ("另外，骑手有多少", RIDERS, "解放区 骑手有多少"),
    ("那解放区呢", RIDERS, "办结民生诉求 解放区呢"),
    ("王忠殿是哪年牺牲的", HERO, "王忠殿是哪年牺牲的"),
    ("甲街道新建公园的面积有多大", RIDERS, "甲街道新建公园的面积有多大"),
    ("那满意度呢", (), "那满意度呢"),
    ("还有呢", (), "还有呢"),
    ("那公园呢", (Turn("？", ""),), "公园呢"),
    ("应该怎样申领电子社保卡", HERO, "应该怎样申领电子社保卡"),
    ("甲公园的其他设施有哪些", HERO, "甲公园的其他设施有哪些"),
    ("那些网格员呢", RIDERS, "解放区 那些网格员呢"),
])
def test_complete(question: str, history: tuple[Turn, ...], whole: str) -> None:
    assert complete(question, history) == whole


def test_only_the_last_turn_is_looked_at() -> None:
    assert complete("那满意度呢", HERO + RIDERS) == complete("那满意度呢", RIDERS)


@pytest.mark.parametrize(("question", "history", "kind", "wanted"), [
    ("那满意度呢？", RIDERS, "fact", "what"),
    ("他是哪年牺牲的？", HERO, "fact", "date"),
    ("还有呢？", HERO, "fact", "what"),
    ("多少人？", RIDERS, "fact", "number"),
])
def test_a_follow_up_is_searched_whole(question: str, history: tuple[Turn, ...], kind: str, wanted: str) -> None:
    found = understood(question, *history)
    assert (found.text, found.search, found.completed) == (question, complete(question.strip("？"), history), True)
    assert (found.kind, found.wants) == (kind, wanted)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(*[st.text(st.characters(exclude_categories=["Cs"])) | st.text("哪些有报道的关于张三年月12谁写《》那呢他你好？ ", max_size=60)] * 2)
def test_every_question_is_understood(question: str, before: str) -> None:
    found = understood(question, Turn(before, ""))
    assert found.kind in {"fact", "articles", "gist", "byline", "timeline", "greeting", "thanks", "help", "empty"}
    assert found.text == " ".join(found.text.split()) and len(found.text) <= QUESTION_LIMIT
