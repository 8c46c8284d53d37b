"""People of one name told apart, and names that are nearly another's; the weather of a day."""

from __future__ import annotations

from datetime import date

import pytest

from assistant.language.mentions import whole_name
from assistant.question.analysis import Question
from assistant.question.on_the_day import on_the_day
from assistant.question.terms import Terms
from assistant.reading.persons import near_names, near_places, persons
from assistant.reading.reader import Quote, Reading
from assistant.reading.weather import weather_of
from assistant.same_name import with_the_other
from assistant.schema import Article, Chunk, Filters, Passage

TEACHER = Article("teacher", "石岭一中语文教师周敏今年31岁，带过六届毕业班。", date="2025-03-02")
NURSE = Article("nurse", "周敏是市中心医院护士长，今年52岁，从业三十年。", date="2025-04-02")
AGAIN = Article("again", "记者在石岭一中见到教师周敏时，她正在批改作文。", date="2025-05-02")
PAPER = Article("paper", "市气象台发布预报：今日晴，气温2℃至13℃；明日多云。昨日最高气温15℃。", date="2025-11-22")


def test_people_of_one_name_are_told_apart_by_age_and_by_what_they_are_called() -> None:
    one, other = persons("周敏", (TEACHER, NURSE, AGAIN))
    assert (one.articles, other.articles) == ({"teacher", "again"}, {"nurse"})
    assert (one.born, other.born) == ((1994,), (1973,)) and one.surely_other(other)
    assert one.is_meant("教师周敏带过几届毕业班") and not other.is_meant("教师周敏带过几届毕业班")


def test_the_same_person_a_year_later_is_one() -> None:
    later = Article("later", "教师周敏今年32岁。", date="2026-03-02")
    assert len(persons("周敏", (TEACHER, later))) == 1


@pytest.mark.parametrize(("asked", "found"), [("周民", ["周敏"]), ("周强", []), ("周敏", []), ("赵敏", [])])
def test_a_name_of_two_characters_is_near_one_that_sounds_the_same(asked: str, found: list[str]) -> None:
    assert [name for name, _ in near_names(asked, (TEACHER,))] == found


def test_a_name_of_three_is_near_one_of_the_same_surname() -> None:
    article = Article("a", "傩戏传承人廖德顺走进校园。")
    assert [name for asked in ("廖德舜", "廖文顺", "刘德顺", "廖德") for name, _ in near_names(asked, (article,))] == ["廖德顺", "廖德顺"]


@pytest.mark.parametrize(("day", "said"), [("2025-11-22", "今日晴，气温2℃至13℃"), ("2025-11-23", "明日多云"), ("2025-11-21", "昨日最高气温15℃"),
                                           ("2025-11-20", None)])
def test_the_weather_of_a_day_is_told_under_the_word_that_means_it(day: str, said: str | None) -> None:
    quote = weather_of(day, (PAPER,))
    assert (quote and quote.text[slice(*quote.emphasis or (0, 0))]) == said


def test_a_named_day_is_asked_of_the_papers_around_it() -> None:
    asked = on_the_day(Question("11月22日天气怎么样", "11月22日天气怎么样"), date(2025, 12, 1), "2025-11-30")
    assert [(one.question.search, one.question.filters.date_from, one.day) for one in asked] == [
        ("今日天气怎么样", "2025-11-22", "2025-11-22"), ("昨日天气怎么样", "2025-11-23", "2025-11-22"),
        ("明日天气怎么样", "2025-11-21", "2025-11-22")]
    for words, filters in (("11月天气", Filters()), ("11月22日天气", Filters(author="岑远"))):
        assert list(on_the_day(Question(words, words, filters=filters), date(2025, 12, 1), "")) == []


def test_a_topic_is_the_whole_name_that_it_was_cut_from() -> None:
    assert whole_name("哪些报道提到廖德顺", "廖德") == "廖德顺"
    assert whole_name("哪些报道提到停车场", "停车场") == "停车场"


def test_who_somebody_is_is_told_by_what_they_do_before_where_they_are_from() -> None:
    article = Article("a", text="昨晚，话剧演员周小雅主演的新戏首演。周小雅是石桥镇人，1998年进市话剧团。")
    [person] = persons("周小雅", [article])
    assert person.quotes[0].text.startswith("昨晚，话剧演员周小雅")


SCHOOL = Article("s", text="凤山小学在书院巷7号，创办于1932年。")
ANOTHER = Article("t", text="凤川小学今年招生270人。")


@pytest.mark.parametrize(("asked", "found"), [("凤川小学", ["凤山小学"]), ("凤山小学", []), ("凤山中学", [])])
def test_a_place_is_near_one_of_one_other_character(asked: str, found: list[str]) -> None:
    assert [name for name, _ in near_places(asked, [SCHOOL])] == found


def passage(article: Article) -> Passage:
    return Passage(Chunk(article.id, 0, 0, len(article.text), article.text), article, 1.0)


def test_what_belongs_to_one_of_nearly_that_name_is_no_answer_about_another() -> None:
    quote = Quote(ANOTHER, 0, len(ANOTHER.text))
    passages = [passage(ANOTHER), passage(SCHOOL)]
    found = with_the_other(Reading((quote,), 0.9, False), Terms.of("凤川小学在书院巷几号", lambda _: 0.5), passages)
    assert (found.refused, found.correction and found.correction.reported) == (True, "凤山小学")
    answered = Reading((quote,), 0.9, False)
    assert with_the_other(answered, Terms.of("凤川小学今年招生多少", lambda _: 0.5), passages) is answered
    refused = with_the_other(Reading((quote,), 0.1), Terms.of("凤川小学哪年创办", lambda _: 0.5), passages)
    assert refused.alike and refused.alike[0] == "凤山小学"
    both = with_the_other(answered, Terms.of("凤川小学和凤山小学各有多少人", lambda _: 0.5), passages)
    assert both is answered
