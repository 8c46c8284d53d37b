"""What a question names, and whether an article knows it."""

from __future__ import annotations

import pytest

from assistant.language.named import Known, Named, named
from assistant.schema import Article

ARTICLE = Article("a.md", "11月18日，甲街道聘用56名骑手，投入3000万元。馆长张建国朗诵了《春天的路》。", title="骑手进社区",
                  date="2025-11-20", newspaper="某市日报", section="社区", authors=("李小明",))


@pytest.mark.parametrize(("question", "thing"), [
    ("王忠殿是哪年牺牲的？", Named("person", "王忠殿")), ("解放区有多少个网格？", Named("place", "解放区")),
    ("解放区有586个网格吗？", Named("number", "586个")), ("2025年11月21日有什么演出？", Named("date", "2025年11月21日")),
    ("《我是一个哨兵》是谁写的？", Named("quoted", "我是一个哨兵")), ("“小哥”是什么人？", Named("quoted", "小哥")),
    ("解放區有多少個網格？", Named("place", "解放区")), ("张苗写了什么？", Named("person", "张苗")),
])
def test_a_question_names_things(question: str, thing: Named) -> None:
    assert thing in named(question)


@pytest.mark.parametrize("question", ["", "为什么？", "有多少个网格？", "他是哪年牺牲的？", "qwxyz"])
def test_a_question_may_name_nothing(question: str) -> None:
    assert named(question) == []


def test_each_thing_is_named_once() -> None:
    things = named("王忠殿和王忠殿，586个和586个，“小哥”和“小哥”")
    assert len(things) == len(set(things))
    assert {Named("person", "王忠殿"), Named("quoted", "小哥")} <= set(things)


@pytest.mark.parametrize("thing", [
    Named("name", "张建国"), Named("name", "李小明"), Named("place", "甲街道"),
    Named("number", "五十六"), Named("number", "0.3亿"), Named("number", "56"),
    Named("date", "11月18日"), Named("date", "2025年11月18日"), Named("quoted", "春天的路"), Named("name", "某市日报"),
])
def test_an_article_knows_what_it_says_and_what_it_is(thing: Named) -> None:
    assert Known(ARTICLE).knows(thing)


@pytest.mark.parametrize("thing", [
    Named("name", "王建国"), Named("place", "乙街道"), Named("number", "57名"), Named("number", "3000亿元"),
    Named("date", "11月19日"), Named("date", "2024年11月18日"), Named("quoted", "秋天的路"),
])
def test_an_article_does_not_know_another_thing(thing: Named) -> None:
    assert not Known(ARTICLE).knows(thing)


def test_a_number_that_counts_what_is_asked_for_presumes_nothing() -> None:
    assert named("哪两家单位联合？") == []
    assert named("第二场演出在哪天？") == [Named("number", "二场")]


def test_a_school_is_named_with_its_place() -> None:
    assert Named("place", "朝阳路小学") in named("朝阳路小学来了多少人？")
    assert named("焦作一中门口怎么样？") == [Named("place", "焦作一中")]


@pytest.mark.parametrize("question", ["在哪个城市演出？", "分布在什么地区？", "农村的孩子学了什么？", "跑去哪个小区义诊？"])
def test_a_word_that_only_ends_like_a_place_is_none(question: str) -> None:
    assert not [thing for thing in named(question) if thing.kind == "place"]


def test_a_school_or_an_office_is_known_by_its_other_name() -> None:
    article = Article("a.md", "云河市第一中学和南桥区人力资源和社会保障局签约。", newspaper="云河日报")
    known = [name for name in ("云河一中", "市一中", "南桥区人社局", "云河二中", "北桥区人社局") if Known(article).knows(Named("place", name))]
    assert known == ["云河一中", "市一中", "南桥区人社局"]


def test_a_place_is_known_where_the_larger_one_is_said_elsewhere() -> None:
    article = Article("a.md", "云河市南桥区的花园街社区，云河市人民医院。")
    assert Known(article).knows(Named("place", "云河花园街社区"))
    assert not Known(article).knows(Named("place", "南桥区人民医院"))


@pytest.mark.parametrize("thing", [
    Named("place", "乙街道小学"), Named("person", "王先知"), Named("place", "马村区"), Named("person", "李建国")])
def test_another_place_or_person_stays_unknown(thing: Named) -> None:
    assert not Known(Article("a.md", "中站区甲街道小学的张建国和李明来了。")).knows(thing)
