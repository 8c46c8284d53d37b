"""Questions about the archive and questions that name where something was reported."""

from __future__ import annotations

from datetime import date

import pytest

from assistant.question.filters import Archive, date_filter, described_filters, listing, sources_named
from assistant.question.analysis import Question, understand
from assistant.schema import Ask, Filters, Turn

TODAY = date(2025, 11, 25)
KNOWN = {
    "author": {"詹长松", "张涛", "翟倩倩", "张苗", "筠溪", "漆义", "南海春", "郭剑"},
    "section": {"解放区", "聚焦", "锐评", "画中话", "世说新语"},
    "newspaper": {"焦作日报"}, "kind": {"news", "comment", "caption"},
}
ARCHIVE = Archive(lambda field, name: name in KNOWN[field], TODAY, "2025-11")
PHRASINGS = (
    ("articles", "张苗写了哪些报道", {"author": "张苗"}),
    ("articles", "张苗都写过什么稿子？", {"author": "张苗"}),
    ("articles", "詹长松的报道", {"author": "詹长松"}),
    ("articles", "请列出詹长松写的所有文章", {"author": "詹长松"}),
    ("articles", "记者翟倩倩有哪些作品", {"author": "翟倩倩"}),
    ("articles", "署名漆义的文章有哪些？", {"author": "漆义"}),
    ("articles", "郭剑发表过哪些评论", {"author": "郭剑", "kind": "comment"}),
    ("articles", "帮我找一下张苗采写的稿件", {"author": "张苗"}),
    ("articles", "南海春的漫画有哪些", {"author": "南海春", "kind": "caption"}),
    ("articles", "2025年11月的评论有哪些", {"date_from": "2025-11", "date_to": "2025-11", "kind": "comment"}),
    ("articles", "2025年11月都登了哪些文章", {"date_from": "2025-11", "date_to": "2025-11"}),
    ("articles", "最近有什么新闻", {}),
    ("articles", "最新的报道是哪些", {}),
    ("articles", "最近登了什么？", {}),
    ("articles", "哪些报道提到网格", {"topic": "网格"}),
    ("articles", "有没有关于养老的报道", {"topic": "养老"}),
    ("articles", "有关于青少年心理健康的文章吗？", {"topic": "青少年心理健康"}),
    ("articles", "找几篇讲文旅的文章", {"topic": "文旅"}),
    ("articles", "报纸上写过骑手吗", {"topic": "骑手"}),
    ("articles", "有哪些关于科普的报道？", {"topic": "科普"}),
    ("articles", "关于王忠殿的报道", {"topic": "王忠殿"}),
    ("articles", "涉及中站区的文章有哪些", {"topic": "中站区"}),
    ("articles", "哪几篇文章谈到了校园周边拥堵", {"topic": "校园周边拥堵"}),
    ("articles", "搜一下护学体系的报道", {"topic": "护学体系"}),
    ("articles", "给我看看跟工会有关的新闻", {"topic": "工会"}),
    ("articles", "锐评有哪些文章", {"section": "锐评"}),
    ("articles", "锐评栏目都有什么", {"section": "锐评"}),
    ("articles", "“世说新语”栏目的文章", {"section": "世说新语"}),
    ("articles", "聚焦版登过哪些文章", {"section": "聚焦"}),
    ("articles", "解放区版面上有哪些新闻", {"section": "解放区"}),
    ("articles", "有哪些评论", {"kind": "comment"}),
    ("articles", "报纸有哪些社论", {"kind": "comment"}),
    ("articles", "詹长松写过关于科普的报道吗", {"author": "詹长松", "topic": "科普"}),
    ("articles", "列出所有报道", {}),
    ("articles", "资料库里都有哪些文章？", {}),
    ("articles", "焦作日报报道过冬游活动没有", {"topic": "冬游活动", "newspaper": "焦作日报"}),
    ("articles", "想看社保政策方面的报道", {"topic": "社保政策"}),
    ("articles", "关于网格的报道有几篇", {"topic": "网格"}),
    ("articles", "张苗写了几篇", {"author": "张苗"}),
    ("articles", "一共有多少篇报道？", {}),
    ("articles", "詹长松写了多少篇稿子", {"author": "詹长松"}),
    ("articles", "评论有几篇", {"kind": "comment"}),
    ("articles", "锐评栏目有多少篇文章", {"section": "锐评"}),
    ("articles", "2025年11月登了多少篇文章", {"date_from": "2025-11", "date_to": "2025-11"}),
    ("articles", "有几篇文章提到王忠殿？", {"topic": "王忠殿"}),
    ("articles", "提到中站区的报道有多少", {"topic": "中站区"}),
    ("articles", "总共收录了多少文章", {}),
    ("gist", "这篇报道讲了什么", {}),
    ("gist", "这篇文章的主要内容是什么", {}),
    ("gist", "《让热线“热”起来治理“活”起来》讲了什么？", {}),
    ("gist", "《焦北街道关注青少年心理健康》这篇报道说了啥", {}),
    ("gist", "概括一下《解放区人社局开展政策宣传活动》", {}),
    ("gist", "总结一下王忠殿那篇报道", {}),
    ("gist", "介绍一下关于三叠加的那篇报道", {}),
    ("gist", "护学那篇评论主要说了什么", {}),
    ("byline", "王忠殿那篇报道是谁写的", {}),
    ("byline", "《让热线“热”起来治理“活”起来》的作者是谁", {}),
    ("byline", "写网格员那篇的记者是谁？", {}),
    ("byline", "校园周边不再堵是谁写的评论", {}),
    ("timeline", "王忠殿的生平时间线", {"topic": "王忠殿"}),
    ("timeline", "王忠殿事迹陈列馆的经过", {"topic": "王忠殿事迹陈列馆"}),
    ("timeline", "按时间顺序说说解放区科协做了什么", {"topic": "解放区科协"}),
    ("timeline", "冬游活动有哪些时间节点", {"topic": "冬游活动"}),
    ("timeline", "按时间先后梳理王忠殿的事迹", {"topic": "王忠殿"}),
    ("timeline", "科普工作的大事记", {"topic": "科普工作"}),
    ("timeline", "网格治理的来龙去脉", {"topic": "网格治理"}),
    ("timeline", "请给出民呼必应的时间表", {"topic": "民呼必应"}),
    ("fact", "解放区有多少个网格", {}),
    ("fact", "兼职网格员有几名", {}),
    ("fact", "王忠殿是哪年牺牲的", {}),
    ("fact", "首场演出在哪里举行", {}),
    ("fact", "陈列馆馆长是谁", {}),
    ("fact", "《我是一个哨兵》是谁写的", {}),
    ("fact", "《黄河飞龙》是谁表演的", {}),
    ("fact", "发放了多少份宣传资料", {}),
    ("fact", "解放区科协有哪些活动", {}),
    ("fact", "11月18日解放区举行了什么活动", {}),
    ("fact", "最近的网格员招聘有多少人", {}),
    ("fact", "文化活动的第一场演出有哪些节目", {}),
    ("fact", "第二项清单是什么", {}),
    ("fact", "王忠殿写了哪首诗", {}),
    ("fact", "《等待》讲了什么故事", {}),
    ("fact", "作者认为校园周边拥堵怎么治", {}),
    ("fact", "评论里说文旅市场怎样由一时热变一直热", {"kind": "comment"}),
    ("fact", "詹长松写的报道里，网格员有多少名", {"author": "詹长松"}),
    ("fact", "11月以来解放区人社局发放了多少资料", {"date_from": "2025-11"}),
    ("fact", "焦作日报上说的冬游主题是什么", {"newspaper": "焦作日报"}),
    ("fact", "2024年世界机器人总决赛得了什么奖", {}),
    ("fact", "2025年的报道里满意度是多少", {"date_from": "2025", "date_to": "2025"}),
)
"""As a resident, an official or a journalist would ask the sample newspaper; written before the rules were.
88 of 89 kinds and all filters were understood at first."""


def understood(question: str, *history: Turn, today: date = TODAY) -> Question:
    """The question as the sample newspaper's archive understands it."""
    return understand(Ask(question, history), KNOWN["author"].__contains__, KNOWN["section"].__contains__, today,
                      knows=lambda field, name: name in KNOWN[field], newest="2025-11")


@pytest.mark.parametrize(("kind", "question", "wanted"), PHRASINGS)
def test_a_phrasing_is_understood(kind: str, question: str, wanted: dict[str, str]) -> None:
    found = understood(question)
    filters = {name: value for name, value in wanted.items() if name != "topic"}
    assert (found.kind, found.filters) == (kind, Filters(**filters))
    if kind in ("articles", "timeline"):
        assert found.topic == wanted.get("topic", "")


@pytest.mark.parametrize("question", [
    "2023年举办的马拉松有多少人参加", "2024年世界机器人总决赛得了什么奖", "解放区有多少个网格", "张苗是谁", "新闻发布会什么时候开",
    "评论区里网友怎么说", "评论员是谁", "11月18日的活动在哪里举行", "解放区科协上半年有哪些活动", "焦作日报社在哪里", "去年有多少人参加",
])
def test_a_question_for_a_fact_gets_no_filter(question: str) -> None:
    assert (understood(question).kind, understood(question).filters, understood(question).understood) == ("fact", Filters(), "")


@pytest.mark.parametrize(("question", "filters", "sources"), [
    ("詹长松写的报道里，网格员有多少名", Filters(author="詹长松"), "詹长松署名"),
    ("张苗采写的稿件里谁参加了演出", Filters(author="张苗"), "张苗署名"),
    ("评论里说文旅市场怎样变热", Filters(kind="comment"), "评论"),
    ("锐评栏目里说护学体系由谁主导", Filters(section="锐评"), "“锐评”栏目"),
    ("焦作日报上说的冬游主题是什么", Filters(newspaper="焦作日报"), "焦作日报"),
    ("2025年的报道里满意度是多少", Filters(date_from="2025", date_to="2025"), "2025年"),
    ("11月以来人社局发放了多少资料", Filters(date_from="2025-11"), "2025年11月以来"),
    ("自2025年10月以来办了几场演出", Filters(date_from="2025-10"), "2025年10月以来"),
])
def test_where_a_fact_was_reported_is_a_filter_that_is_shown(question: str, filters: Filters, sources: str) -> None:
    found = understood(question)
    assert (found.kind, found.filters, found.understood) == ("fact", filters, f"{question}（只看{sources}）")


def test_given_filters_stay_and_are_not_told_as_understood() -> None:
    given = Filters(author="张苗")
    assert sources_named("首场演出在哪里举行", given, ARCHIVE) == given
    assert listing("锐评有哪些文章", given, ARCHIVE) == (Filters(author="张苗", section="锐评"), "")
    assert listing("解放区有多少个网格", given, ARCHIVE) is None


@pytest.mark.parametrize(("filters", "said"), [
    (Filters(), ""), (Filters(author="张三", section="要闻"), "张三署名、“要闻”栏目"), (Filters(date_to="2025-03"), "2025年3月以前"),
    (Filters(newspaper="某市日报", kind="caption", date_from="2025-01", date_to="2025-06"), "某市日报、图片和漫画、2025年1月至2025年6月"),
])
def test_filters_are_told_in_words(filters: Filters, said: str) -> None:
    assert described_filters(filters) == said


@pytest.mark.parametrize(("phrase", "today", "first", "last"), [
    ("2025年11月", TODAY, "2025-11", "2025-11"),
    ("2024年", TODAY, "2024", "2024"),
    ("3月", TODAY, "2025-03", "2025-03"),
    ("12月", TODAY, "2024-12", "2024-12"),
    ("今年", TODAY, "2025", "2025"),
    ("去年", TODAY, "2024", "2024"),
    ("前年", TODAY, "2023", "2023"),
    ("本月", TODAY, "2025-11", "2025-11"),
    ("上个月", TODAY, "2025-10", "2025-10"),
    ("上月", date(2026, 1, 3), "2025-12", "2025-12"),
    ("昨天", date(2026, 1, 1), "2025-12-31", "2025-12-31"),
    ("2025年3月以来", TODAY, "2025-03", None),
    ("今年以来", TODAY, "2025", None),
    ("去年11月", TODAY, "2024-11", "2024-11"),
    ("2025年11月18日", TODAY, "2025-11-18", "2025-11-18"),
    ("今年上半年", TODAY, "2025-01", "2025-06"),
    ("2025年3月到5月", TODAY, "2025-03", "2025-05"),
])
def test_date_filter(phrase: str, today: date, first: str, last: str | None) -> None:
    found = date_filter(phrase, today) or {}
    assert (found.get("date_from"), found.get("date_to")) == (first, last)


def test_a_month_without_a_year_is_the_last_one_that_the_archive_can_hold() -> None:
    assert date_filter("11月", date(2026, 11, 20), "2025-11") == {"date_from": "2025-11", "date_to": "2025-11"}
    assert date_filter("12月", date(2026, 11, 20), "2025-11-30") == {"date_from": "2024-12", "date_to": "2024-12"}
    assert date_filter("2025年3月以前", TODAY) == {"date_to": "2025-03"}


@pytest.mark.parametrize("phrase", ["", "最近", "三个月", "甲街道", "13月"])
def test_a_phrase_without_a_date(phrase: str) -> None:
    assert date_filter(phrase, TODAY) is None


LIST = Turn("解放区有哪些报道", "“解放区”栏目的报道有 12 篇，最近的 10 篇是：\n" + "\n".join(
    f"《第{n}篇报道》，焦作日报，2025年11月[{n}]" for n in range(1, 10)) + "\n“没有题目的一篇开头写道一二三四…”，焦作日报[10]")
MORE = Turn("还有呢", "“解放区”栏目的报道有 12 篇，第 11 至 12 篇是：\n" + "\n".join(f"《第{n + 10}篇报道》[{n}]" for n in range(1, 11)))


@pytest.mark.parametrize(("question", "history", "kind", "search"), [
    ("第二篇讲了什么", (LIST,), "gist", "《第2篇报道》讲了什么"),
    ("第3条说了什么", (LIST,), "gist", "《第3篇报道》说了什么"),
    ("第二篇", (LIST,), "gist", "《第2篇报道》讲了什么"),
    ("那第一篇的主要内容", (LIST,), "gist", "《第1篇报道》的主要内容"),
    ("最后一篇说的是什么", (LIST,), "gist", "《没有题目的一篇开头写道一二三四》说的是什么"),
    ("第二篇的记者是谁", (LIST, MORE), "byline", "《第12篇报道》的记者是谁"),
    ("它是谁写的", (LIST, Turn("第二篇讲了什么", "《第2篇报道》，开头是：\n甲。[1]")), "byline", "《第2篇报道》 它是谁写的"),
    ("第二届是哪年办的", (LIST,), "fact", "第二届是哪年办的"),
])
def test_an_article_is_picked_from_the_list_just_given(question: str, history: tuple[Turn, ...], kind: str, search: str) -> None:
    found = understood(question, *history)
    assert (found.kind, found.search) == (kind, search)


@pytest.mark.parametrize("question", ["还有呢", "还有吗？", "还有别的吗", "继续", "下一页", "还有哪些", "更多"])
def test_a_list_goes_on(question: str) -> None:
    for history, offset in (((LIST,), 10), ((LIST, MORE), 20)):
        found = understood(question, *history)
        assert (found.kind, found.search, found.offset, found.filters) == ("articles", "解放区有哪些报道", offset, Filters(section="解放区"))


def test_nothing_goes_on_where_no_list_was_given() -> None:
    assert understood("还有呢", Turn("解放区有多少个网格", "586个。[1]")).kind == "fact"
    assert understood("第二篇讲了什么").search == "第二篇讲了什么"


@pytest.mark.parametrize(("question", "filters", "topic"), [
    ("那詹长松呢", Filters(author="詹长松"), ""), ("那锐评呢", Filters(section="锐评"), ""),
    ("10月呢", Filters(date_from="2025-10", date_to="2025-10"), ""), ("关于骑手的呢", Filters(), "骑手"),
])
def test_the_same_list_is_asked_for_of_another(question: str, filters: Filters, topic: str) -> None:
    found = understood(question, Turn("张苗写了几篇", "张苗署名的报道有 2 篇：\n《甲》[1]\n《乙》[2]"))
    assert (found.kind, found.filters, found.topic, found.completed) == ("articles", filters, topic, True)
