"""Timelines: dated sentences about a thing, in order of time."""

from __future__ import annotations

from assistant.chain import AnswerChain
from assistant.reading.timeline import ROWS, timeline
from assistant.schema import Article

PARK = Article("a", "甲公园今年5月开工。公园里有三座桥。昨日，甲公园开园。乙广场2023年建成。", title="甲公园开园", date="2025-11-18")
BRIDGE = Article("b", "甲公园2019年立项。5月，甲公园开工建设，市民很高兴。", date="2025-12-01")


def rows(topic: str, *articles: Article) -> list[tuple[str, str]]:
    return [(row.date, row.article.text[row.start:row.end]) for row in timeline(topic, articles)]


def test_rows_of_several_articles_in_order_of_time_one_a_date() -> None:
    assert rows("甲公园", PARK, BRIDGE) == [
        ("2019", "甲公园2019年立项。"), ("2025-05", "甲公园今年5月开工。"), ("2025-11-17", "昨日，甲公园开园。")] or rows(
        "甲公园", PARK, BRIDGE) == [("2019", "甲公园2019年立项。"), ("2023", "乙广场2023年建成。"), ("2025-05", "甲公园今年5月开工。"),
                                  ("2025-11-17", "昨日，甲公园开园。")]


def test_one_date_or_none_is_no_timeline() -> None:
    assert rows("甲公园", Article("c", "甲公园2019年立项。")) == rows("丙馆", PARK, BRIDGE) == []


def test_a_long_timeline_keeps_the_rows_nearest_to_the_topic() -> None:
    many = Article("d", "".join(f"{year}年{'甲公园' if year % 2 else ''}扩建。" for year in range(2000, 2024)), title="甲公园")
    found = rows("甲公园", many)
    assert len(found) == ROWS and all("甲公园" in said for _, said in found)
    assert [date for date, _ in found] == sorted(date for date, _ in found)


def test_the_timeline_of_a_person_is_quoted_row_by_row(sample_chain: AnswerChain) -> None:
    answer = sample_chain.invoke("王忠殿的生平时间线")
    assert [answer.text[a:b] for a, b in answer.emphasis] == ["1962年11月18日", "1963年", "2025年11月18日"]
    assert answer.text.splitlines()[0] == "报道里有日期的 3 件事，按时间先后："
    assert [f"“{citation.quote}" in answer.text for citation in answer.citations] == [True] * 3
    assert "推了出来；……”[1]" in answer.text  # its sentence goes on
    assert (answer.kind, answer.refused) == ("quotes", False)


def test_what_has_no_timeline_is_read_for_like_a_fact(sample_chain: AnswerChain) -> None:
    answer = sample_chain.invoke("青少年心理健康宣讲的来龙去脉")
    assert "按时间先后" not in answer.text and answer.passages[0].article.id == "jiefang/04-jiaobei-xinli.md"
