"""Words that mean a date by the article's date."""

from __future__ import annotations

import pytest

from assistant.language.dating import chinese_date, cite, dated_note, day_words
from assistant.schema import Article


def dated(text: str, date: str | None) -> list[tuple[str, str]]:
    """Every dated word of an article with what it means."""
    return [(text[start:end], day) for start, end, day in day_words(Article("a", text, date=date))]


@pytest.mark.parametrize(("date", "text", "found"), [
    ("2025-11", "今年5月实现全覆盖。", [("今年5月", "2025-05")]),
    ("2025-11", "近日开展宣传，日前结束。", [("近日", "2025-11"), ("日前", "2025-11")]),
    ("2025", "近日开展宣传，本月结束。", [("近日", "2025")]),
    ("2025-11-18", "昨日举行，今天结束，明天再来。", [("昨日", "2025-11-17"), ("今天", "2025-11-18"), ("明天", "2025-11-19")]),
    ("2025-11", "昨日举行，今天结束。", []),
    ("2025-11-20", "18日举行。", [("18日", "2025-11-18")]),
    ("2025-11", "于11月18日举行，19日结束。", [("11月18日", "2025-11-18"), ("19日", "2025-11-19")]),
    ("2025-11", "全国上半年增长5%，下半年还看四季度。", [("上半年", "2025-01/2025-06"), ("下半年", "2025-07/2025-12"), ("四季度", "2025-10/2025-12")]),
    ("2025-02", "去年上半年好，下半年如何？", [("去年上半年", "2024-01/2024-06")]),
    ("2025-11", "2023年上半年增长。", [("2023年上半年", "2023-01/2023-06")]),
    ("2025-11", "从本月下旬持续到明年元月。", [("本月下旬", "2025-11-21/2025-11-30"), ("明年元月", "2026-01")]),
    ("2025-01", "上月和去年。", [("上月", "2024-12"), ("去年", "2024")]),
    ("2025-01", "12月举行。", []),  # of 2024 or of 2025
    ("2025-11", "1962年11月牺牲。11月18日纪念。", [("1962年11月", "1962-11")]),  # the day is of either year
    ("2025-11-18", "请在30日内联系，住在甲路11号，看“今日某报”。", []),
    ("2025-11-18", "63年来，5年间。", []),
    ("2026-08-01", "29日，暴雨。", [("29日", "2026-07-29")]),  # not what is still to come
    ("2026-08-01", "大赛将于29日举行。", [("29日", "2026-08-29")]),
    ("2026-08-01", "出现说明天气很好，以前年度、目前天气一样，今日本队获胜。", []),
    ("2026-11-20", "上周三开会，本周五结束。", [("上周三", "2026-11-11"), ("本周五", "2026-11-20")]),
    ("2025-11", "国庆期间游客多，国庆路不堵。", [("国庆期间", "2025-10-01/2025-10-07")]),
    ("2025-11", "民国三十七年建校，光绪三十三年改名。", [("民国三十七年", "1948"), ("光绪三十三年", "1907")]),
    (None, "今年5月和近日、昨日、18日、上半年。", []),
])
def test_what_a_word_means(date: str | None, text: str, found: list[tuple[str, str]]) -> None:
    assert dated(text, date) == found


def test_a_citation_carries_what_its_quote_leaves_to_the_reader_and_keeps_the_quote() -> None:
    article = Article("a", "去年没有。2024年开始，今年5月全覆盖。", date="2025-11")
    citation = cite(1, article, 5, len(article.text), (0, 5))
    assert citation.quote == "2024年开始，今年5月全覆盖。" and citation.emphasis == (0, 5)
    assert citation.dated == ((8, 12, "2025-05"),)
    assert dated_note([citation, citation]) == "（“今年5月”即2025年5月）"
    assert (dated_note([citation], "另一句"), dated_note([citation], citation.quote)) == ("", "（“今年5月”即2025年5月）")


def test_a_note_explains_four_words_at_most() -> None:
    article = Article("a", "".join(f"{month}月开会。" for month in range(1, 8)), date="2025-11")
    assert dated_note([cite(1, article, 0, len(article.text))]) == (
        "（“1月”即2025年1月；“2月”即2025年2月；“3月”即2025年3月；“4月”即2025年4月）")


@pytest.mark.parametrize(("date", "written"), [
    ("2025-11-08", "2025年11月8日"), ("2025-11", "2025年11月"), ("2025", "2025年"), ("2025-01/2025-06", "2025年1月至6月"),
    ("2025-10-01/2025-10-07", "2025年10月1日至7日"), ("2025-12/2026-02", "2025年12月至2026年2月"), (None, ""),
    ("", ""), ("近日", "")])
def test_dates_are_written_as_the_paper_writes_them(date: str | None, written: str) -> None:
    assert chinese_date(date) == written
