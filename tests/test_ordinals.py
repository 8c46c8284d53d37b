"""Which one of a row is asked of: an article about another one of it is no answer."""

from __future__ import annotations

import pytest

from assistant.language.ordinals import ordinals
from assistant.reading.premises import of_another, of_that_one
from assistant.schema import Article

WORKS = Article("a", text="本报讯 9月1日，甲市第二水厂三期工程竣工，日供水8万吨。", title="二水厂三期竣工")
RACE = Article("b", text="第三届青石山越野赛昨日举行。市第十七届人大第五次会议同日闭幕。")
BUSES = Article("c", text="| 22路 | 火车站 |\n| 23路 | 高新区 |", title="公交增至24条")


@pytest.mark.parametrize(("text", "found"), [
    ("第四届运动会", [(4, "届")]), ("25路公交", [(25, "路")]), ("二期和３期", [(2, "期"), (3, "期")]), ("地铁2号线", [(2, "号线")]),
    ("开了三次会，第三次", [(3, "次")]), ("两期展览", []), ("3路人马", []), ("中山路25号", []), ("第1.5期", []),
])
def test_the_ones_of_a_row_that_a_text_names(text: str, found: list[tuple[int, str]]) -> None:
    assert [(one.number, one.row) for one in ordinals(text)] == found


@pytest.mark.parametrize(("question", "article", "presumed", "reported"), [
    ("二水厂四期什么时候竣工？", WORKS, "四期", "三期"),
    ("第四届青石山越野赛冠军是谁？", RACE, "第四届", "第三届"),
    ("25路公交车首班几点？", BUSES, "25路", None),
])
def test_an_article_about_another_one_of_a_row(question: str, article: Article, presumed: str, reported: str | None) -> None:
    found = of_another(question, article)
    assert found is not None
    assert found[0] == presumed
    assert (found[1].reported if found[1] else None) == reported


@pytest.mark.parametrize(("question", "article"), [
    ("二水厂三期什么时候竣工？", WORKS), ("第三届越野赛冠军是谁？", RACE), ("这届越野赛比第一届多了什么？", RACE),
    ("第四届茶文化节在哪里？", RACE), ("22路首班几点？", BUSES),
])
def test_an_article_that_is_not_about_another_one(question: str, article: Article) -> None:
    assert of_another(question, article) is None


def test_the_article_about_the_one_asked_of_is_read_and_those_about_others_are_not() -> None:
    second = Article("d", text="甲市第二水厂二期工程昨日投用。")
    plain = Article("e", text="甲市第二水厂昨日停水。")
    assert of_that_one("二水厂二期什么时候投用？", [WORKS, second, plain]) == [second, plain]
    assert of_that_one("二水厂五期什么时候投用？", [WORKS, second, plain]) == [WORKS, second, plain]
