"""The days that words of time mean, for who asks today."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.periods import Period, asked_period, periods, whens

ROWS = [line.split("\t") for line in (Path(__file__).parent / "language/periods.tsv").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")]
TODAY = date(2026, 11, 30)


def test_what_is_meant_today() -> None:
    wrong = []
    for words, first, last in ROWS:
        found = asked_period(words, TODAY)
        if not found or (found.first, found.last) != (first, last):
            wrong.append((words, found))
    assert wrong == []


@pytest.mark.parametrize("text", ["", "最近的报道", "说明天气很好", "国庆路怎么走", "63年来", "三个月", "周边环境", "三五个人", "一五一十", "二十年代", "21世纪经济报道", "第十三五金店"])
def test_what_names_no_time(text: str) -> None:
    assert asked_period(text, TODAY) is None


def test_a_month_without_a_year_is_not_later_than_the_newest_article() -> None:
    assert asked_period("11月的报道", TODAY, newest="2025-11-25") == Period(0, 3, "2025-11", "2025-11")


@given(st.dates(date(1990, 1, 1), date(2049, 12, 31)), st.sampled_from((
    "{0.year}年{0.month}月{0.day}日", "{0.year} 年 {0.month} 月 {0.day} 日", "{0:%Y-%m-%d}", "{0.year}.{0.month}.{0.day}")))
def test_every_day_is_read_back(day: date, form: str) -> None:
    found = asked_period(form.format(day), TODAY)
    assert found and (found.first, found.last, found.days) == (day.isoformat(), day.isoformat(), (day.isoformat(),) * 2)


@given(st.dates(date(2000, 1, 1), date(2049, 12, 31)))
def test_a_day_of_an_article_is_never_in_its_future_by_mistake(day: date) -> None:
    yesterday = day - timedelta(1)
    [found] = periods(f"{yesterday.day}日，演出结束。", day.isoformat())
    assert found.first == yesterday.isoformat()


@given(st.text("今去前昨明年月日周三上下旬半季度到至—国庆期间近最10一天时点冬 。", max_size=30))
def test_times_are_stretches_in_order(text: str) -> None:
    for spans in (whens(text), [(one.start, one.end) for one in periods(text, "2025-11-20")]):
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert all(one[1] <= other[0] for one, other in zip(spans, spans[1:]))
