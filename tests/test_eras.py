"""Years and decades by their other names, and the years inside a range."""

from __future__ import annotations

from assistant.language.dates import dates
from assistant.language.eras import is_named, written_otherwise, years_between
from assistant.language.named import Known, Named
from assistant.schema import Article


def test_a_year_is_also_that_of_its_era() -> None:
    assert written_otherwise("1934年邮局迁到哪里") == [("1934年", ("民国二十三年", "民国23年"))]
    assert written_otherwise("民国二十三年") == [("民国二十三年", ("1934年",))]
    assert written_otherwise("1912年") == [("1912年", ("民国元年", "民国1年"))]
    assert written_otherwise("2024年") == []


def test_a_decade_and_a_plan_are_written_in_several_ways() -> None:
    [(written, ways)] = written_otherwise("上世纪八十年代")
    assert written == "上世纪八十年代" and {"20世纪80年代", "80年代", "上世纪80年代"} <= set(ways)
    assert written_otherwise("十三五期间")[0][1][0] == "“十三五”"


def test_what_has_a_name_and_what_has_a_number() -> None:
    assert is_named("“十三五”期间") and is_named("民国二十三年") and is_named("上世纪八十年代")
    assert not is_named("2019年到2021年")


def test_a_range_of_years_means_those_inside_it() -> None:
    text = "2021年至2024年，产值分别为6亿元、7亿元、8亿元、9亿元。"
    assert years_between(text, dates(text)) == {2022, 2023}
    known = Known(Article("a", text, date="2025-02-20"))
    assert known.knows(Named("date", "2022年")) and not known.knows(Named("date", "2025年12月"))
    assert not known.knows(Named("date", "2020年"))
