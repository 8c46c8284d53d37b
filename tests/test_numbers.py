"""Numbers and dates in every form a Chinese newspaper uses."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.numbers import date_stands, dates, meanings, numbers, same


@pytest.mark.parametrize(("text", "value", "unit"), [
    ("三千万", 30_000_000, ""), ("3000万", 30_000_000, ""), ("0.3亿", 30_000_000, ""), ("30,000,000", 30_000_000, ""),
    ("３０００万元", 30_000_000, "元"), ("三仟萬圓", 30_000_000, ""), ("98%", 98, "%"), ("百分之九十八", 98, "%"),
    ("９８％", 98, "%"), ("98 percent", 98, "%"), ("百分之百", 100, "%"), ("百分之三点五", Fraction(7, 2), "%"),
    ("6.5‰", Fraction(13, 20), "%"), ("七成", 70, "%"), ("三分之一", Fraction(100, 3), "%"), ("1.5万", 15000, ""),
    ("一万五", 15000, ""), ("一万五千人", 15000, "人"), ("两千零五", 2005, ""), ("二〇二五", 2025, ""), ("1亿2000万", 120_000_000, ""),
    ("2.4万亿元", 2_400_000_000_000, "元"), ("十余万名", 100_000, "人"), ("10余万名", 100_000, "人"), ("10多万人", 100_000, "人"),
    ("千余次", 1000, "次"), ("百名", 100, "人"), ("两个", 2, ""), ("第三届", 3, "届"), ("三点五亿", 350_000_000, ""),
    ("5公里", 5, "米"), ("24.55 trillion yuan", 24_550_000_000_000, "元"), ("周六", 6, "星期"), ("63年", 63, "年"),
    ("8 万人", 80_000, "人"), ("5千米", 5, "米"), ("十亿千瓦时", 10**9, ""), ("造成十五人受伤", 15, "人"),
])
def test_one_number(text: str, value: int | Fraction, unit: str) -> None:
    (found,) = numbers(text)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize("text", [
    "十几个", "几十人", "数百人", "三四个人", "五六百人", "一个", "一起", "统一", "万一", "十分重要", "百姓", "千家万户", "三亚", "四川",
    "九牛二虎", "成百上千", "11月18日", "二〇二五年", "今年5月", "2025-11-18", "A4纸与Q2",
])
def test_what_has_no_single_value_is_left_alone(text: str) -> None:
    assert numbers(text) == []


def test_spans_are_the_texts_own() -> None:
    text = "受聘的有５６名，满意度98%，服务10余万人次。"
    assert [text[number.start:number.end] for number in numbers(text)] == ["５６", "98%", "10余万"]


def test_equal_worth_and_unlike_kinds() -> None:
    five, meters, people, things, bare = (numbers(text)[0] for text in ("5公里", "5000米", "5000人", "5000件", "5000"))
    assert same(five, meters) and same(meters, bare)
    assert not same(meters, people) and not same(people, things)


def _spoken(number: int) -> str:
    digits = "零一二三四五六七八九"
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if low and low < size // 10 else ""
            return _spoken(high) + name + (gap + _spoken(low) if low else "")
    said, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            said += ("零" if gap and said else "") + digits[digit] + name
        gap = not digit
    return said


@given(st.integers(min_value=10, max_value=10**11))
def test_every_number_is_read_back_from_its_chinese_form(number: int) -> None:
    (found,) = numbers(_spoken(number) + "元")
    assert found.value == number


@given(st.text(alphabet="零一二三四五六七八九十百千万亿两半几余多年月日号第百分之点成%0123456789.,/-:今去明昨本上周 a", max_size=40))
def test_any_text_gives_spans_in_order(text: str) -> None:
    found = numbers(text)
    assert all(0 <= one.start < one.end <= len(text) for one in (*found, *dates(text, "2025-11-20")))
    assert [one.start for one in found] == sorted(one.start for one in found)


@pytest.mark.parametrize(("text", "expected"), [
    ("2025年11月18日", [(2025, 11, 18)]), ("二〇二五年十一月十八日", [(2025, 11, 18)]), ("2025-11-18", [(2025, 11, 18)]),
    ("2025/11/18", [(2025, 11, 18)]), ("2025.11.18", [(2025, 11, 18)]), ("8 月 16 日", [(None, 8, 16)]),
    ("11月", [(None, 11, None)]), ("元月", [(None, 1, None)]), ("18日", [(None, None, 18)]), ("今年", [(2025, None, None)]),
    ("今年5月", [(2025, 5, None)]), ("去年12月3日", [(2024, 12, 3)]), ("明年元月", [(2026, 1, None)]),
    ("本月下旬", [(2025, 11, None)]), ("上个月", [(2025, 10, None)]), ("昨日", [(2025, 11, 19)]),
    ("11月18日至20日", [(None, 11, 18), (None, None, 20)]), ("8月1日-3日", [(None, 8, 1), (None, None, 3)]),
    ("3-5月", [(None, 3, None), (None, 5, None)]), ("2021—2023年", [(2021, None, None), (2023, None, None)]),
    ("November 18, 2025", [(2025, 11, 18)]), ("18 Nov 2025", [(2025, 11, 18)]), ("in May 2025", [(2025, 5, None)]),
    ("63年", []), ("90年代", []), ("12号楼", []), ("3个月", []), ("明日报", []), ("May I", []),
])
def test_dates(text: str, expected: list[tuple[int | None, int | None, int | None]]) -> None:
    assert [(date.year, date.month, date.day) for date in dates(text, "2025-11-20")] == expected


def test_words_like_today_need_the_articles_day() -> None:
    assert dates("昨日", "2025-11") == dates("昨日") == dates("今年") == []


@pytest.mark.parametrize(("asked", "stands"), [
    ("2025年11月18日", True), ("11月18日", True), ("18日", True), ("2025年", True),
    ("2024年12月28日", True), ("2025年11月20日", True),
    ("2025年11月19日", False), ("2024年11月18日", False), ("2026年", False), ("12月18日", False),
])
def test_a_date_stands_where_the_articles_date_completes_it(asked: str, stands: bool) -> None:
    said = meanings(dates("11月18日至20日举行，去年12月28日报名。", "2025-11-21"), "2025-11-21")
    (date,) = dates(asked)
    assert any(date_stands(date, forms) for _, forms in said) is stands
