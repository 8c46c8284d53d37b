"""Who holds an office now, which offices somebody has held, and names spelled in Latin letters in questions about them."""

from __future__ import annotations

import pytest

from assistant.language.aliases import Aliases
from assistant.question.english import in_chinese
from assistant.reading.offices import holders, office_asked, offices_asked, offices_of
from assistant.schema import Article

OLD = Article("1", "市公共交通公司经理马征说，开了新线。副镇长周卫东到场。", date="2024-03-01")
NEW = Article("2", "市公共交通公司经理罗国平说，换了新车。周卫东当选镇长。", date="2025-03-01")
LAST = Article("3", "县医院院长马征到会。会议决定任命周卫东为青屏县副县长。", date="2025-06-01")


@pytest.mark.parametrize(("question", "office"), [
    ("市公交公司现在的经理叫什么？", "市公交公司经理"), ("现任市水务局局长是谁", "市水务局局长"), ("目前谁是青屏县县长？", "青屏县县长"),
    ("市公交公司经理是谁", ""), ("现在有几条线？", ""), ("现在办证叫什么名字", ""),
])
def test_the_office_of_which_the_holder_is_asked_for(question: str, office: str) -> None:
    assert office_asked(question) == office


def test_the_newest_article_tells_who_holds_an_office() -> None:
    assert [one.name for one in holders("市公交公司经理", [OLD, LAST, NEW], Aliases())] == ["罗国平", "马征"]
    assert [one.name for one in holders("县医院院长", [OLD, LAST, NEW], Aliases())] == ["马征"]
    assert holders("市公安局局长", [OLD, LAST, NEW], Aliases()) == []


@pytest.mark.parametrize(("question", "name"), [
    ("周卫东先后担任过哪些职务？", "周卫东"), ("周卫东历任什么职务", "周卫东"), ("周卫东现在任什么职务？", ""), ("先后有哪些职务空缺？", "")])
def test_whose_offices_are_asked_for(question: str, name: str) -> None:
    assert offices_asked(question) == name


def test_the_offices_of_somebody_are_told_in_order() -> None:
    told = [(one.role, one.quote.article.id, one.quote.text) for one in offices_of("周卫东", [LAST, OLD, NEW])]
    assert told == [("副镇长", "1", "副镇长周卫东到场。"), ("镇长", "2", "周卫东当选镇长。"),
                    ("青屏县副县长", "3", "会议决定任命周卫东为青屏县副县长。")]


@pytest.mark.parametrize(("question", "chinese"), [
    ("What post did Zhou Weidong hold before he became mayor?", "周卫东此前任什么职务"), ("Who is Zhou Weidong?", "周卫东是谁"),
    ("Did Weidong say why?", ""),
])
def test_a_spelled_name_is_found_wherever_it_stands(question: str, chinese: str) -> None:
    assert in_chinese(question, lambda spelling: "周卫东" * (spelling == "zhouweidong")) == chinese
