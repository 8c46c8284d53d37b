"""Numbers and dates in every form a Chinese newspaper uses."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.quantities import (
    codes,
    date_stands,
    dates,
    figures_by_date,
    meanings,
    numbers,
    quantities,
    same,
)


@pytest.mark.parametrize(("text", "value", "unit"), [
    ("三千万", 30_000_000, ""), ("3000万", 30_000_000, ""), ("0.3亿", 30_000_000, ""), ("30,000,000", 30_000_000, ""),
    ("３０００万元", 30_000_000, "元"), ("三仟萬圓", 30_000_000, ""), ("98%", 98, "%"), ("百分之九十八", 98, "%"),
    ("９８％", 98, "%"), ("98 percent", 98, "%"), ("百分之百", 100, "%"), ("百分之三点五", Fraction(7, 2), "%"),
    ("6.5‰", Fraction(13, 20), "%"), ("七成", 70, "%"), ("三分之一", Fraction(100, 3), "%"), ("1.5万", 15000, ""),
    ("一万五", 15000, ""), ("一万五千人", 15000, "人"), ("两千零五", 2005, ""), ("二〇二五", 2025, ""), ("1亿2000万", 120_000_000, ""),
    ("2.4万亿元", 2_400_000_000_000, "元"), ("十余万名", 100_000, "人"), ("10余万名", 100_000, "人"), ("10多万人", 100_000, "人"),
    ("千余次", 1000, "次"), ("百名", 100, "人"), ("两个", 2, ""), ("第三届", 3, "届"), ("三点五亿", 350_000_000, ""),
    ("5公里", 5, "米"), ("24.55 trillion yuan", 24_550_000_000_000, "元"), ("周六", 6, "星期"), ("63年", 63, "年"),
    ("8 万人", 80_000, "人"), ("5千米", 5, "米"), ("十亿千瓦时", 10**9, "千瓦时"), ("造成十五人受伤", 15, "人"),
])
def test_one_number(text: str, value: int | Fraction, unit: str) -> None:
    (found,) = numbers(text)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize("text", [
    "十几个", "几十人", "数百人", "三四个人", "五六百人", "一个", "一起", "统一", "万一", "十分重要", "百姓", "千家万户", "三亚", "四川",
    "九牛二虎", "成百上千", "红十字会", "三门县", "长三角", "五角大楼", "再三对他说", "某十字路口", "零部件", "11月18日", "二〇二五年", "今年5月", "2025-11-18", "A4纸与Q2",
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
    ("25年11月", [(2025, 11, None)]), ("“11·18”火灾", [(None, 11, 18)]), ("民国三十七年", [(1948, None, None)]),
    ("光绪三十三年九月", [(1907, None, None)]), ("宣统元年", [(1909, None, None)]), ("康熙二年", [(1663, None, None)]),
    ("农历八月十五", []), ("说明天气", []), ("以前年度", []), ("云政〔2019〕8号", []),
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


ROWS = [(line.split("\t") + [""] * 3)[:7] for line in (Path(__file__).parent / "language/quantities.tsv")
        .read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def test_every_written_form_has_its_value_unit_and_measure_word() -> None:
    wrong = []
    for text, stretch, value, unit, measure, rough, change in ROWS:
        one = quantities(text)[0]
        said = (text[one.left:one.right], one.value, one.unit, one.measure, one.rough, one.change)
        if said != (stretch, Fraction(value), unit, measure, rough == "~", {"+": 1, "-": -1}.get(change, 0)):
            wrong.append((text, said))
    assert wrong == []


MEASURES = ("名", "家", "万元", "吨", "公里", "平方米", "个", "%", "岁")


@given(st.integers(min_value=2, max_value=10**8), st.sampled_from(MEASURES), st.sampled_from(("digits", "commas", "spoken", "wide")),
       st.sampled_from(("", "近", "约", "超过")), st.sampled_from(("共有", "，", "新增", "")), st.sampled_from(("。", "企业", "吗？", "")))
def test_every_quantity_is_read_back_whatever_its_form(n: int, measure: str, form: str, rough: str, before: str, after: str) -> None:
    written = {"digits": str(n), "commas": f"{n:,}", "spoken": _spoken(n),
               "wide": str(n).translate(str.maketrans("0123456789", "０１２３４５６７８９"))}[form]
    if form == "spoken" and (measure == "%" or n in (10**4, 10**8)):
        written = str(n)
    text = before + rough + written + measure + after
    [found] = numbers(text)
    assert found.value * found.factor == n * {"万元": 10**4, "吨": 10**6, "公里": 1000}.get(measure, 1)
    assert text[found.left:found.right] == rough + written + measure
    assert found.rough is bool(rough)


@pytest.mark.parametrize(("text", "names"), [
    ("根据云政〔2019〕8号文件", ["云政〔2019〕8号"]), ("云政办[2021]15号", ["云政办〔2021〕15号"]), ("（2021）豫08民终15号", []),
    ("咨询热线12345，电话：0391-3912345。", ["12345", "03913912345"]), ("手机13812345678", ["13812345678"]), ("共12345人", []),
])
def test_codes_have_one_form_and_are_no_numbers_or_days(text: str, names: list[str]) -> None:
    assert [code.name for code in codes(text)] == names
    assert not names or numbers(text) == dates(text) == []


@pytest.mark.parametrize(("text", "figures"), [
    ("2021—2024年，全市产量分别为52.1、54.6、57.3、60.2万吨。", [(2021, 521_000), (2022, 546_000), (2023, 573_000), (2024, 602_000)]),
    ("2021年、2022年和2023年，产值分别增长3.1%、4.2%和5.3%。", [(2021, Fraction(31, 10)), (2022, Fraction(21, 5)), (2023, Fraction(53, 10))]),
    ("2021年和2022年，三个县分别为5家、6家、7家。", []), ("分别表彰了5人和6人。", []),
])
def test_each_year_has_its_figure(text: str, figures: list[tuple[int, int | Fraction]]) -> None:
    assert [(date.year, number.value) for date, number in figures_by_date(text)] == figures


def test_a_time_of_day_is_one_number_whatever_its_form() -> None:
    half_past_three = numbers("15:30")[0]
    assert all(same(half_past_three, numbers(text)[0]) for text in ("下午3点半", "下午三点半", "15时30分", "下午3:30"))
    assert [number.value for number in numbers("下午3点到5点")] == [15, 17]
