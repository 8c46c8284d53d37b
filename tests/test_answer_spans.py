"""Where in a sentence the thing asked for stands: the exact stretches."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.reading.answer_spans import fits_measure, holds_speech, spans
from assistant.question.analysis import understand
from assistant.schema import Ask

KINDS = ("number", "date", "person", "place", "organisation", "title")


def found(sentence: str, kind: str, measure: str = "") -> list[str]:
    return [sentence[start:end] for start, end in spans(sentence, kind, measure)]


@pytest.mark.parametrize(("sentence", "measure", "expected"), [
    ("全区有56名骑手、586个网格、25家企业，满意度98%以上。", "", ["56名", "586个", "25家", "98%"]),
    ("全区有56名骑手、586个网格、25家企业，满意度98%以上。", "家", ["25家"]),
    ("全区有56名骑手、586个网格、25家企业，满意度98%以上。", "人", ["56名", "586个"]),  # words that count people alike
    ("同比增长2.5个百分点。", "", ["2.5个百分点"]),
    ("贷款370万元，总额24.55万亿元。", "元", ["370万元", "24.55万亿元"]),
    ("11月18日有30人参加。", "", ["30人"]),  # a day is no number
    ("1962年11月18日牺牲，年仅18岁。", "岁", ["18岁"]),
    ("从2022年起已有3年。", "年", ["2022年", "3年"]),
    ("约３００人、1,584个、60余场、5000余人次、近两万件。", "", ["约３００人", "1,584个", "60余场", "5000余人次", "近两万件"]),
    ("接待10余万名、十余万名观众。", "人", ["10余万名", "十余万名"]),
    ("长12.5公里。", "公里", ["12.5公里"]),
    ("第三届运动会。", "", ["第三届"]),
    ("甲街道的公园。", "", []),
    ("", "", []),
    ("占百分之八十五点三。", "", ["百分之八十五点三"]),
])
def test_numbers(sentence: str, measure: str, expected: list[str]) -> None:
    assert found(sentence, "number", measure) == expected


@pytest.mark.parametrize(("question", "sentence", "expected"), [
    ("有多少名骑手", "全区有56名骑手、25家企业。", ["56名"]),
    ("受益的有多少人次", "受益5000余人次，办了60余场。", ["5000余人次"]),
    ("发放了多少万元", "2家银行发放370万元。", ["370万元"]),
    ("增长了多少个百分点", "同比增长2.5个百分点。", ["2.5个百分点"]),
    ("排练了几个小时", "排练历时3个小时。", ["3个小时"]),
    ("运动会是第几届", "第三届运动会开幕。", ["第三届"]),
])
def test_the_number_that_the_question_counts(question: str, sentence: str, expected: list[str]) -> None:
    asked = understand(Ask(question), lambda _: False, lambda _: False, date(2025, 11, 25))
    assert found(sentence, asked.wants, asked.measure) == expected


@pytest.mark.parametrize(("number", "measure", "fits"), [
    ("56名", "人", True), ("586个", "位", True), ("25家", "人", False), ("3万", "人", True), ("56", "家", True),
    ("370万元", "钱", True), ("5块", "元", True), ("5天", "元", False), ("25家", "家", True), ("25家", "项", False),
])
def test_fits_measure(number: str, measure: str, fits: bool) -> None:
    assert fits_measure(number, measure) is fits


@pytest.mark.parametrize(("sentence", "expected"), [
    ("1962年11月18日牺牲。", ["1962年11月18日"]),
    ("今年5月实现全覆盖。", ["今年5月"]),
    ("从本月下旬持续到明年元月。", ["本月下旬", "明年元月"]),
    ("11月21日晚上7点半开演。", ["11月21日", "晚上7点半"]),
    ("11月18日至25日展出。", ["11月18日至25日"]),
    ("近日，2025年底完工，90年代动工。", ["近日", "2025年底", "90年代"]),
    ("早上8:00到下午3时开放，周末除外。", ["早上8:00", "下午3时", "周末"]),
    ("3月5名学生参加。", ["3月"]),
    ("有30个座位。", []),
    ("每周一放学高峰拥堵。", ["每周一"]),
    ("二〇二五年十一月。", ["二〇二五年十一月"]),
    ("2025-11-18发布。", ["2025-11-18"]),
])
def test_dates(sentence: str, expected: list[str]) -> None:
    assert found(sentence, "date") == expected


@pytest.mark.parametrize(("sentence", "expected"), [
    ("馆长陈海霞是烈士的外甥女。", ["陈海霞"]),
    ("外卖骑手王明路说：“好。”", ["王明路"]),
    ("王忠殿烈士牺牲。", ["王忠殿"]),
    ("负责人何苗介绍，甲街道主任赵六表示赞成。", ["何苗", "赵六"]),
    ("在读者看来，公园不远。", []),
    ("", []),
    ("张三、李四和王五参加。", ["张三", "李四", "王五"]),
    ("（记者詹长松 通讯员张涛）", ["詹长松", "张涛"]),
    ("记者张三 通讯员李四", ["张三", "李四"]),
    ("他走来，高兴地说：“好。”", []),
])
def test_people(sentence: str, expected: list[str]) -> None:
    assert found(sentence, "person") == expected


@pytest.mark.parametrize(("sentence", "expected"), [
    ("活动在王忠殿事迹陈列馆举行。", ["王忠殿事迹陈列馆"]),
    ("演出在焦作地理信息产业报告厅举行。", ["焦作地理信息产业报告厅"]),
    ("位于乙区丙路的丁广场。", ["乙区", "丙路", "丁广场"]),
    ("甲街道新建公园。", ["甲街道", "新建公园"]),
    ("内容很丰富。", []),
])
def test_places(sentence: str, expected: list[str]) -> None:
    assert found(sentence, "place") == expected


@pytest.mark.parametrize(("sentence", "expected"), [
    ("解放区人社局发放资料。", ["解放区人社局"]),
    ("与河南理工大学共建。", ["河南理工大学"]),
])
def test_organisations(sentence: str, expected: list[str]) -> None:
    assert found(sentence, "organisation") == expected


@pytest.mark.parametrize(("sentence", "expected"), [
    ("舞蹈《盛世国乐》和戏曲《梨园芳华》。", ["《盛世国乐》", "《梨园芳华》"]),
    ("“战斗英雄”荣誉称号、「甲」、\"乙\"。", ["“战斗英雄”", "「甲」", "\"乙\""]),
    ("“”《》", []),
])
def test_titles(sentence: str, expected: list[str]) -> None:
    assert found(sentence, "title") == expected


@pytest.mark.parametrize(("question", "expected"), [
    ("用了多久？", ["15分钟", "3天"]), ("走了多远？", ["2公里"]), ("运来的菜有多重？", ["5吨"]), ("占地面积是多少？", ["800平方米"]),
])
def test_a_quantity_is_counted_by_its_units(question: str, expected: list[str]) -> None:
    asked = understand(Ask(question), lambda _: False, lambda _: False, date(2025, 11, 20))
    sentence = "3天里走了2公里，用15分钟把5吨菜运到800平方米的市场，来了30人。"
    assert sorted(sentence[a:b] for a, b in spans(sentence, asked.wants, asked.measure)) == sorted(expected)


@pytest.mark.parametrize("kind", ["what", "why", "how", "yesno", "list", ""])
def test_a_kind_without_a_form_has_no_spans(kind: str) -> None:
    assert spans("11月18日，馆长陈海霞说：“来了56人。”", kind) == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
       | st.text("张三李四记者说、，。（）12年月日个名区街道馆在由《》“” \n\u3000百之第", max_size=40))
@example("\x00甲\r\n乙𠀀\u200b")
def test_spans_are_stretches_in_order_and_none_lies_in_another(sentence: str) -> None:
    for kind in KINDS:
        where = spans(sentence, kind)
        assert all(0 <= start < end <= len(sentence) for start, end in where)
        assert where == sorted(set(where))
        assert not any(a != b and b[0] <= a[0] and a[1] <= b[1] for a in where for b in where)


def test_a_span_ends_with_the_sentence_at_the_latest() -> None:
    assert all(end <= 3 for _, end in spans("记者李", "person"))


@pytest.mark.parametrize(("sentence", "speaks"), [
    ("他说，公园不远。", True), ("居民張三稱：“好。”", True), ("她表示感谢。", True), ("公园建成。", False), ("", False),
])
def test_holds_speech(sentence: str, speaks: bool) -> None:
    assert holds_speech(sentence) is speaks
