"""Who is called what, and who of one name are two."""

from __future__ import annotations

import pytest

from assistant.index.name_index import Occurrence
from assistant.language.aliases import completed, one_name
from assistant.language.introductions import namings
from assistant.reading.namesakes import namesakes


def told(text: str) -> list[tuple[str, str, int | None]]:
    """(name, role, age) of each person."""
    return [(text[one.start:one.end], text[slice(*one.role)] if one.role else "", one.age) for one in namings(text) if one.kind == "person"]


@pytest.mark.parametrize(("text", "people"), [
    ("青屏县人民医院院长孙志远介绍，就诊的人多了。", [("孙志远", "青屏县人民医院院长", None)]),
    ("外卖骑手马征、罗国平被评为先进。", [("马征", "外卖骑手", None), ("罗国平", "外卖骑手", None)]),
    ("云河市教育局党组书记、局长周卫东到会。", [("周卫东", "云河市教育局党组书记、局长", None)]),
    ("周卫东任青屏县副县长，另有任用。", [("周卫东", "青屏县副县长", None)]),
    ("会议决定任命周卫东为青屏县县长，免去马征的县长职务。", [("周卫东", "青屏县县长", None), ("马征", "", None)]),
    ("大家认周卫东为老师。", [("周卫东", "", None)]),
    ("听了周卫东教授的课。", [("周卫东", "教授", None)]),
    ("欧阳慧今年八十一岁。", [("欧阳慧", "", 81)]),
    ("35岁的骑手马征说，路不远。", [("马征", "骑手", 35)]),
    ("周卫东是市中心医院护士长，从业三十年。", [("周卫东", "市中心医院护士长", None)]),
    ("周卫东是在医院门口等人的记者。", [("周卫东", "", None)]),
    ("他说，马征走了3岁孩子走的路。", [("马征", "", None)]),
    ("马征任期内的财政局局长到会。", [("马征", "", None)]),
    ("陈女士和刘某都来了。", []),
])
def test_what_stands_against_a_name_says_who_it_is(text: str, people: list[tuple[str, str, int | None]]) -> None:
    assert told(text) == people


@pytest.mark.parametrize(("text", "tells"), [
    ("青石桥建于光绪三十三年。", True), ("青石桥是云河上最老的桥。", True), ("青石桥是在去年修的。", False), ("他走过青石桥。", False)])
def test_what_follows_a_name_says_what_it_is(text: str, tells: bool) -> None:
    assert [one.tells for one in namings(text) if text[one.start:one.end] == "青石桥"] == [tells]


@pytest.mark.parametrize(("name", "kind", "city", "form"), [
    ("云河市南桥区人力资源和社会保障局", "body", "云河市", "南桥区人社局"), ("市一中", "body", "云河市", "云河一中"), ("市一中", "body", "", ""),
    ("公安局", "body", "云河市", ""), ("区教体局", "body", "", ""), ("我市", "place", "", ""), ("镇江市", "place", "", "镇江"), ("云河市", "place", "云河市", "云河")])
def test_a_name_stands_for_one_thing_or_for_none(name: str, kind: str, city: str, form: str) -> None:
    assert one_name(name, kind, city) == form


def test_a_bare_body_is_that_of_the_place_named_last() -> None:
    assert completed("区教体局", ["青屏区", "云河市", "南桥区"]) == "南桥区教体局"
    assert completed("区教体局", ["云河市"]) == "区教体局" and completed("青禾集团", ["南桥区"]) == "青禾集团"


def occurrence(number: int, *roles: str, born: int | None = None) -> Occurrence:
    return Occurrence(str(number), f"2031-01-{number:02d}", roles, bool(roles), born)


def grouped(*occurrences: Occurrence) -> list[list[int]]:
    """The articles of each person, then those of nobody in particular."""
    people, unsaid = namesakes(occurrences)
    return [[int(one.article_id) for one in person.occurrences] for person in people] + [[int(one.article_id) for one in unsaid]]


def test_roles_that_one_article_gives_are_one_persons() -> None:
    assert grouped(occurrence(1, "教育局局长"), occurrence(2, "副市长"), occurrence(3, "居民")) == [[1], [2], [3], []]
    assert grouped(occurrence(1, "教育局局长"), occurrence(2, "副市长"), occurrence(4, "副市长", "教育局局长"), occurrence(3, "居民"))[0] == [4, 2, 1]


def test_roles_at_one_body_are_one_persons_and_a_bare_one_is_not_guessed() -> None:
    university, hospital = occurrence(1, "云河大学教授"), occurrence(3, "石岭医院教授")
    assert grouped(university, occurrence(2, "云河大学副校长"), hospital) == [[2, 1], [3], []]
    assert grouped(university, occurrence(2, "教授"), occurrence(4, "居民")) == [[2, 1], [4], []]
    assert grouped(university, hospital, occurrence(2, "教授")) == [[1], [3], [2]]


def test_an_office_told_at_greater_length_is_the_same() -> None:
    assert grouped(occurrence(1, "石岭市长"), occurrence(2, "青河省石岭市市长"), occurrence(3, "居民"))[0] == [2, 1]
    assert grouped(occurrence(1, "石岭市长"), occurrence(2, "柳湾市长")) == [[1], [2], []]


def test_ages_keep_people_apart_whom_the_paper_calls_alike() -> None:
    assert grouped(occurrence(1, "居民", born=1950), occurrence(2, "居民", born=1995), occurrence(3, "居民", born=1951)) == [[3, 1], [2], []]


def test_of_one_person_every_article_is_theirs() -> None:
    assert grouped(occurrence(1, "居民"), occurrence(2)) == [[2, 1], []] and grouped(occurrence(1), occurrence(2)) == [[2, 1]]
    assert grouped() == [[]]
