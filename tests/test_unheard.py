"""Places and bodies of which no article tells are not answered by what another has."""

from __future__ import annotations

import pytest

from assistant.chain import AnswerChain
from assistant.language.aliases import Aliases
from assistant.unheard import unheard_of

PAPER = ("汀兰市第三中学新校区启用。枫桥区有3个街道，柳浪镇的霞浦桥社区有260户。市图书馆有分馆26个，云台公园展出菊花310个品种。"
         "市人力资源和社会保障局在银川通福家园办招聘会。")
COMMON = frozenset("公园 街道 图书馆 招聘会 机场 食堂 小区 社区 菊花".split())


@pytest.mark.parametrize(("question", "names"), [
    ("火星上有多少个街道？", ["火星"]), ("木星镇有多少户人？", ["木星镇"]), ("月亮湾小区有几户？", ["月亮湾小区"]), ("汀兰五中占地多少亩？", ["汀兰五中"]),
    ("汀兰机场什么时候通航？", ["汀兰机场"]), ("枫桥区木星镇有几个社区？", ["木星镇"])])
def test_what_stands_nowhere(question: str, names: list[str]) -> None:
    assert list(unheard_of(question, Aliases("汀兰市"), PAPER.__contains__, COMMON.__contains__)) == names


@pytest.mark.parametrize("question", [
    "枫桥区有几个街道？", "云河省枫桥区有几个街道？", "汀兰三中什么时候启用？", "市人社局办了什么？", "食堂里有几个窗口？", "公园里有多少菊花？",
    "银川通福社区有多少户？", "有多少人参加？", "霞浦桥小区有多少户？", "我市有多少个分馆？", "张三有几本书？"])
def test_what_may_be_meant(question: str) -> None:
    assert list(unheard_of(question, Aliases("汀兰市"), PAPER.__contains__, COMMON.__contains__)) == []


def test_a_city_is_not_asked_of_mars(sample_chain: AnswerChain) -> None:
    answer = sample_chain.invoke("火星上有多少个街道？")
    assert answer.refused and "都没有提到“火星”" in answer.text and answer.citations
    assert not sample_chain.invoke("解放区有多少个街道？").refused
