"""Which names of a made city mean one thing."""

from __future__ import annotations

import pytest

from assistant.language.aliases import Aliases, canonical, city_of, pointing, told_names
from assistant.schema import Article

CITY = Aliases("云河市")
PAPER = [
    Article("1", "本报讯 云河市人力资源和社会保障局昨日发布公告。我市新增岗位三千个。", newspaper="云河日报"),
    Article("2", "云河青禾农业科技有限公司（以下简称“青禾农科”）落户南桥区。青禾农科总经理说，该区服务好。", newspaper="云河日报"),
    Article("3", "云河市文化艺术中心（原云河市群众艺术馆）开放。云河师范学校更名为云河师范学院。", newspaper="云河日报"),
    Article("4", "石岭建设集团（以下简称“集团公司”）和白鹭建设集团（以下简称“集团公司”）签约。", newspaper="云河日报"),
]

ONE_THING = (
    ("云河市第一中学", "云河一中"), ("云河市第一中学", "市一中"), ("我市", "云河市"), ("本市", "云河"), ("全市", "云河市"),
    ("南桥区人力资源和社会保障局", "南桥区人社局"), ("云河市南桥区人社局", "南桥区人力资源社会保障局"), ("市卫健委", "云河市卫生健康委员会"),
    ("云河市住房和城乡建设局", "市住建局"), ("云河市市场监督管理局", "云河市场监管局"), ("青屏县", "青屏"), ("石岭建设有限责任公司", "石岭建设"),
    ("云河市第二人民医院", "市二院"), ("市政府", "云河市政府"), ("市委", "云河市委"), ("雲河市第一中學", "云河一中"),
)
TWO_THINGS = (
    ("云河一中", "云河二中"), ("南桥区人社局", "市人社局"), ("南桥区", "北桥区"), ("青屏县人民医院", "云河市人民医院"), ("全县", "云河市"),
    ("农贸市场", "农贸场"), ("市场监管局", "云河场监管局"), ("云河一中", "青屏一中"), ("市民中心", "云河民中心"),
)


def test_what_is_one_thing_and_what_is_two() -> None:
    assert [pair for pair in ONE_THING if not CITY.alike(*pair)] == []
    assert [pair for pair in TWO_THINGS if CITY.alike(*pair)] == []


def test_without_a_city_ours_is_nobodys() -> None:
    assert canonical("我市") == "我市" and canonical("云河市第一中学") == "云河一中"


def test_articles_tell_their_own_names_and_what_stands_for_two_is_left_out() -> None:
    table = Aliases.of((pair for article in PAPER for pair in told_names(article.text)), "云河市")
    assert table.alike("青禾农科", "云河青禾农业科技有限公司")
    assert table.alike("云河市群众艺术馆", "云河市文化艺术中心") and table.alike("云河师范学校", "云河师范学院")
    assert not table.alike("集团公司", "石岭建设集团")
    assert table.forms("云河文化艺术中心") == ["云河文化艺术中心", "云河群众艺术馆"]


@pytest.mark.parametrize(("paper", "text", "city"), [
    ("云河日报", "本报讯", "云河市"), ("青屏县报", "", "青屏县"), ("青屏日报", "青屏县举办。", "青屏县"), ("", "云河市", ""), ("晚报", "云河市", ""),
])
def test_the_city_by_the_papers_name(paper: str, text: str, city: str) -> None:
    assert city_of([paper], text.count) == city


@pytest.mark.parametrize(("name", "written"), [
    ("云河市第一中学", {"云河一中", "市一中", "市第一中学", "云河市第一中学"}), ("市人社局", {"云河市人力资源和社会保障局", "云河人社局", "市人社局"}),
    ("南桥区人社局", {"南桥区人力资源和社会保障局", "南桥区人力资源社会保障局"}), ("云河市", {"我市", "全市", "本市", "云河"}),
    ("云河市第一人民医院", {"市一院", "云河一院"}), ("图书馆", {"图书馆"}), ("青屏山", {"青屏山"}), ("群众艺术馆", {"云河市文化艺术中心"}),
])
def test_the_ways_in_which_a_name_is_written(name: str, written: set[str]) -> None:
    table = Aliases.of((pair for article in PAPER for pair in told_names(article.text)), "云河市")
    found = table.writings(name)
    assert found[0] == name and written <= set(found) and (len(written) > 1 or len(found) == 1 or name == "群众艺术馆")


def test_words_that_point_mean_the_name_before_them() -> None:
    text = "南桥区与青屏县签约。该县将供菜，该区供电，我市支持，该校不在其中。云河一中的学生来了，该校已建校百年。"
    assert [(text[one.start:one.end], one.name) for one in pointing(text, "云河市")] == [
        ("该县", "青屏县"), ("该区", "南桥区"), ("我市", "云河市"), ("该校", "云河一中")]
