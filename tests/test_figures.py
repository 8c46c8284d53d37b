"""Figures of one thing in several articles: which disagree, how they changed, which is the newest."""

from __future__ import annotations

from assistant.question.terms import Terms
from assistant.reading.changes import answering, asks_for_change, by_time, changes
from assistant.reading.figures import disagree, figures, rival
from assistant.reading.reader import Quote
from assistant.schema import Article, Chunk, Passage
from benchmarks.disagreements import MADE, OLDER, made

PRECISION, RECALL = 0.85, 0.25
"""Of the made pairs, older and newer, development and held out together; benchmarks/disagreements.py tells them apart."""
OLD = Article("old", "本报讯 全市公交线路由40条增至44条，日均客运17万人次。", date="2024-04-10")
NEW = Article("new", "去年全市公交线路达到47条，其中夜班线路5条。", date="2025-01-10")
YEARS = Article("years", "2021年、2022年和2023年，全市公交线路分别达到38条、39条和40条。", date="2024-02-01")


def terms(question: str) -> Terms:
    return Terms.of(question, lambda _: 1.0)


def passages(*articles: Article) -> list[Passage]:
    return [Passage(Chunk(one.id, 0, 0, len(one.text), one.text), one, 1.0) for one in articles]


def test_pairs_that_disagree_are_told_from_those_that_do_not() -> None:
    pairs = made(OLDER) + made(MADE)
    said = [label for label, one, other in pairs if disagree(one, other)]
    wanted = sum(label for label, *_ in pairs)
    hits = said.count(1)
    assert (hits / len(said) >= PRECISION, hits / wanted >= RECALL) == (True, True), (hits, len(said), wanted)


def rival_of(mine: str, theirs: str) -> str:
    """The figure of the second text that disagrees with the first one of the first; "" for none."""
    one = next(figures(Article("a", mine, date="2025-03-04")))
    other = rival(one, [Article("b", theirs, date="2025-03-05")])
    return other.quote.text[slice(*other.quote.emphasis or (0, 0))] if other else ""


def test_a_report_that_has_the_same_value_too_does_not_disagree() -> None:
    assert rival_of("白鹭河大桥全长1286米，双向四车道。", "白鹭河大桥全长1268米，双向四车道。") == "1268米"
    assert rival_of("白鹭河大桥全长1286米，双向四车道。", "白鹭河大桥全长1268米，双向四车道。原先的图纸上是1286米。") == ""


def test_the_same_words_of_another_thing_hour_or_an_end_of_a_range_do_not_disagree() -> None:
    assert rival_of("白鹭河大桥全长1286米，男子组有320名选手。", "白鹭河大桥全长1286米，女子组有180名选手。") == ""
    assert rival_of("白鹭镇转移群众230人，截至18时仍在继续。", "白鹭镇转移群众310人，截至20时仍在继续。") == ""
    assert rival_of("白鹭河水位上涨2米，流速加快。", "白鹭河水位上涨3米到5米，流速加快。") == ""


def test_a_value_printed_with_fewer_digits_rounds_the_other() -> None:
    assert rival_of("白鹭镇粮食产量增长2%，创新高。", "白鹭镇粮食产量增长2.17%，创新高。") == ""
    assert rival_of("白鹭镇粮食产量增长2%，创新高。", "白鹭镇粮食产量增长7%，创新高。") == "7%"


def test_how_a_figure_changed_is_a_row_a_date_with_its_source() -> None:
    rows = changes(terms("全市公交线路数量有什么变化"), passages(NEW, OLD))
    assert [(row.day, row.quote.article.id, row.quote.text[slice(*row.quote.emphasis or (0, 0))]) for row in rows] == [
        ("2024-04-10", "old", "40条增至44条"), ("2025-01-10", "new", "47条")]


def test_years_told_apart_in_one_sentence_are_rows_of_their_own() -> None:
    rows = changes(terms("历年全市公交线路有多少条"), passages(YEARS))
    assert [(row.day, row.quote.text[slice(*row.quote.emphasis or (0, 0))]) for row in rows] == [
        ("2021", "38条"), ("2022", "39条"), ("2023", "40条")]


def test_one_value_is_no_change() -> None:
    assert changes(terms("夜班线路以前有多少条"), passages(NEW)) == []
    assert asks_for_change("图书馆分馆是怎么变化的") and not asks_for_change("图书馆有几个分馆")


def test_the_newest_figure_comes_first_and_the_same_value_once() -> None:
    question = terms("全市公交线路有多少条")
    again = Article("again", "全市公交线路达到47条。", date="2025-03-01")
    anchor = answering(Quote(OLD, 0, len(OLD.text)), question)
    assert anchor is not None
    assert [one.article.id for one in by_time(anchor, question, passages(OLD, NEW, again))] == ["again", "old"]
    alone = passages(OLD, Article("bus", "全市出租车达到900辆。", date="2025-03-01"))
    assert by_time(anchor, question, alone) == [anchor]


def test_the_figure_of_another_place_is_not_set_beside_the_one_asked_for() -> None:
    asked = "丰田镇水稻收割机投入多少台"
    here = Article("here", "丰田镇今年水稻收割机投入140台。", date="2025-06-03")
    there = Article("there", "杏溪镇水稻收割机投入95台。", date="2024-06-03")
    both = Article("both", "丰田镇开镰早，杏溪镇水稻收割机投入90台。", date="2023-06-03")
    before = Article("before", "去年丰田镇水稻收割机投入120台。", date="2024-06-10")
    for question in (terms(asked), terms("水稻收割机投入多少台")):
        anchor = answering(Quote(here, 0, len(here.text)), question)
        assert anchor is not None
        told = by_time(anchor, question, passages(here, there, both, before))
        assert [one.article.id for one in told] == ["here", "before"]
    assert [row.quote.article.id for row in changes(terms("丰田镇以前水稻收割机投入多少台"), passages(here, there, both, before))] == ["before", "here"]
