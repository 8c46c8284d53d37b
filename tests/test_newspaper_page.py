"""Printed pages split into their pieces: one real page (where it is at hand) and made-up pages of other layouts."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.corpus.bylines import is_furniture, split_names
from assistant.corpus.files import read_corpus
from assistant.corpus.masthead import iso_date, masthead
from assistant.corpus.page import is_page, read_article, read_page
from assistant.language.text import squeeze
from assistant.schema import Article

ROOT = Path(__file__).parent.parent
REAL_PAGE = ROOT / "../shared/pages/000_b0fef3585fb1d04a.txt"

MORNING = """甲城日报　2025年11月25日　星期二　责任编辑：赵六　版式：孙七
第03版：甲街道
让老楼里的路更好走
甲街道为三百户居民加装扶手
——某市老旧小区改造见闻
　　本报讯（记者张三 李四　通讯员王五）近日，甲街道的
老楼里装上了新扶手。居民说，上楼有了依靠，下楼也放心。
　　“以前下雨天我不敢下楼。”八十岁的住户说。
施工分三步走
　　改造先看现场，再听意见，最后施工。
乙社区图书角开放
　　本报讯（通讯员 钱 九）乙社区图书角昨日开放，首批图书两千册。
　　图书角每天开放八小时。
　　居民在乙社区图书角看书。本报记者 周八 摄
民生谈
小扶手里有大学问
□ 本报评论员　吴十
　　一根扶手不贵，贵在有人想到了居民的难处。
"""

EVENING = """2025-11-25 乙城晚报 05版

丙公园的菊花开了

丙公园的菊花上周全部开放，共有四十个品种。公园延长开放到晚上九点。(记者 郑一)

丁路下月通车

丁路的桥面铺装完成，下月一日通车，全长三公里。(本报记者 冯二 通讯员 陈三)

戊学校办运动会

本报记者 褚四

戊学校的运动会有二十个项目，八百名学生参加。

学生在跑道上接力。

卫五 摄
责任编辑 蒋六 校对 沈七
"""

PILED = """己县修好村里的水渠
庚镇的夜校 教会老人用手机
本报讯(记者 韩一)己县的水渠用了三十年,今年秋天全部修好,清水又流进了每一块田,沿渠的村民说这是近年来办得最实在的一件
事。

水渠长十二公里。

新华社某地11月20日电(记者杨二)庚镇的夜校每周开两次课,专门教老人用手机挂号、打电话。

老人学得很认真。

辛社区添了长椅

本报11月21日讯 记者 朱三 通讯员 秦四 辛社区的路边添了二十把长椅。
"""


def pieces_of(text: str) -> list[tuple]:
    return [(p.title, p.authors, p.section, p.kind) for p in read_page(text)]


def assert_nothing_lost(page: str) -> None:
    """Each text is contiguous in the source, and each line stands in a piece, or is of the masthead or the staff."""
    source = "\n".join(line for line in unicodedata.normalize("NFC", page).splitlines() if not is_furniture(line))
    pieces = read_page(page)
    kept = [squeeze("".join(filter(None, (p.title, p.subtitle, p.section, *p.authors, p.text)))) for p in pieces]
    for piece in pieces:
        assert squeeze(piece.text) in squeeze(source)
        assert unicodedata.is_normalized("NFC", piece.text)
    for line in source.splitlines():
        bare = squeeze(line).lstrip("□").removeprefix("本报评论员").removeprefix("本报记者")
        assert any(bare in text for text in kept) or masthead(line.strip()), line


@pytest.fixture
def real_page() -> str:
    if not REAL_PAGE.exists():
        pytest.skip("the real page is not at hand")
    return REAL_PAGE.read_text(encoding="utf-8")


class TestRealPage:
    def test_gives_the_ten_pieces_of_the_sample_corpus(self, real_page: str) -> None:
        corpus = [article for article in read_corpus(ROOT / "corpus") if isinstance(article, Article)]
        labelled = ("comment", "caption")
        expected = [(a.title, a.authors, a.section if a.kind in labelled else None, a.kind) for a in corpus]
        assert is_page(real_page)
        assert len(expected) == 10
        assert sorted(pieces_of(real_page), key=str) == sorted(expected, key=str)

    def test_the_second_headline_gets_the_body_that_comes_much_later(self, real_page: str) -> None:
        first, second = read_page(real_page)[:2]
        assert "586" in first.text and "63周年" not in first.text
        assert "63周年" in second.text and "586" not in second.text

    def test_joins_broken_paragraphs_and_keeps_the_fragment_apart(self, real_page: str) -> None:
        paragraphs = [piece.text.count("\n") + 1 for piece in read_page(real_page)]
        assert paragraphs == [6, 4, 4, 2, 5, 4, 7, 6, 2, 4]
        assert all(text[-1] in "。！？!”)" for piece in read_page(real_page) for text in piece.text.split("\n"))

    def test_loses_nothing(self, real_page: str) -> None:
        assert_nothing_lost(real_page)


class TestMadeUpPages:
    def test_the_lines_of_a_headline_are_one_title_and_a_dash_opens_the_subtitle(self) -> None:
        assert pieces_of(MORNING) == [
            ("让老楼里的路更好走 甲街道为三百户居民加装扶手", ("张三", "李四", "王五"), "甲街道", "news"),
            ("乙社区图书角开放", ("钱九",), "甲街道", "news"),
            (None, ("周八",), "甲街道", "caption"),
            ("小扶手里有大学问", ("吴十",), "民生谈", "comment"),
        ]
        first = read_page(MORNING)[0]
        assert (first.subtitle, first.roles) == ("——某市老旧小区改造见闻", ("记者", "记者", "通讯员"))

    def test_the_masthead_gives_date_newspaper_and_page(self) -> None:
        assert {(p.date, p.newspaper, p.page) for p in read_page(MORNING)} == {("2025-11-25", "甲城日报", "3")}
        assert {(p.date, p.newspaper, p.page) for p in read_page(EVENING)} == {("2025-11-25", "乙城晚报", "5")}

    def test_a_cut_line_is_joined_and_a_subheading_is_not(self) -> None:
        assert read_page(MORNING)[0].text == (
            "本报讯（记者张三 李四　通讯员王五）近日，甲街道的老楼里装上了新扶手。居民说，上楼有了依靠，下楼也放心。\n"
            "“以前下雨天我不敢下楼。”八十岁的住户说。\n施工分三步走\n改造先看现场，再听意见，最后施工。")

    def test_signatures_and_headlines_right_above_their_bodies(self) -> None:
        assert pieces_of(EVENING) == [
            ("丙公园的菊花开了", ("郑一",), None, "news"),
            ("丁路下月通车", ("冯二", "陈三"), None, "news"),
            ("戊学校办运动会", ("褚四", "卫五"), None, "news"),
        ]

    def test_a_pile_of_headlines_is_given_out_by_shared_words(self) -> None:
        assert pieces_of(PILED) == [
            ("己县修好村里的水渠", ("韩一",), None, "news"),
            ("庚镇的夜校 教会老人用手机", ("杨二",), None, "news"),
            ("辛社区添了长椅", ("朱三", "秦四"), None, "news"),
        ]
        assert "最实在的一件事。\n水渠长" in read_page(PILED)[0].text

    def test_narrow_columns_are_joined(self) -> None:
        paragraphs = [f"本报讯（记者{name}）" + "壬桥昨天正式通车，两岸的居民从此不必再绕行十公里的远路过河只要三分钟" * 2 + "。"
                      for name in ("甘一", "钭二")]
        columns = ["\n".join(text[i:i + 13] for i in range(0, len(text), 13)) for text in paragraphs]
        page = f"壬桥通车了\n{columns[0]}\n癸渡口停运\n{columns[1]}"
        assert [(p.title, p.text) for p in read_page(page)] == [("壬桥通车了", paragraphs[0]), ("癸渡口停运", paragraphs[1])]

    def test_latin_words_keep_their_blank(self) -> None:
        page = f"甲馆办展\n本报讯（记者张三）{'展览' * 20}名为 The\nLong Road。\n乙馆办展\n本报讯（记者李四）开展。"
        assert read_page(page)[0].text.endswith("名为 The Long Road。")

    def test_a_headline_without_a_body_is_kept(self) -> None:
        page = "甲路封闭施工三天\n民生谈\n小扶手里有大学问\n□ 吴十\n扶手不贵。\n乙路通车了\n本报讯（记者张三）通车。"
        assert [(p.title, p.section, p.text) for p in read_page(page)] == [
            ("甲路封闭施工三天", None, "甲路封闭施工三天"), ("小扶手里有大学问", "民生谈", "扶手不贵。"),
            ("乙路通车了", None, "本报讯（记者张三）通车。")]

    @pytest.mark.parametrize("page", [MORNING, EVENING, PILED])
    def test_loses_nothing(self, page: str) -> None:
        assert is_page(page)
        assert_nothing_lost(page)

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.sampled_from([line for line in (MORNING + EVENING + PILED).splitlines() if line.strip()]
                                    + ["甲路", "短行没有句号", "标题 在这里", "e", "\u0301组合", "，", "□", "字" * 60]), max_size=25))
    def test_loses_nothing_in_any_order(self, lines: list[str]) -> None:
        assert_nothing_lost("\n".join(lines))


class TestArticle:
    @pytest.mark.parametrize("text", [
        "", "甲", "你好\n世界", "今天开会。" * 100,
        "乙社区图书角开放\n本报讯（记者张三）图书角开放。\n开放时间\n每天八小时。\n居民在看书。本报记者 周八 摄",
        "小扶手里有大学问\n□ 吴十\n一根扶手不贵。\n一、扶手\n扶手好。",
        "新华社某地11月20日电（记者张三）今天开会。\n（记者张三）",
    ])
    def test_a_plain_article_is_no_page(self, text: str) -> None:
        assert not is_page(text)

    def test_headline_source_line_and_byline_are_taken_off_its_top(self) -> None:
        piece = read_article("乙社区图书角开放\n2025-11-18 10:23　来源：甲城日报\n本报记者 张三\n\n　　图书角开放，首批图书\n两千册。\n　　居民来看书。")
        assert (piece.title, piece.date, piece.authors, piece.kind) == ("乙社区图书角开放", "2025-11-18", ("张三",), "news")
        assert piece.text == "图书角开放，首批图书两千册。\n居民来看书。"

    def test_a_notice_keeps_its_short_lines_and_its_date(self) -> None:
        piece = read_article("关于供暖检查的通知\n各社区：\n通知如下。\n一、时间\n十二月一日。\n甲街道办事处\n2025年11月18日")
        assert piece.title == "关于供暖检查的通知" and piece.date is None
        assert piece.text == "各社区：\n通知如下。\n一、时间\n十二月一日。\n甲街道办事处\n2025年11月18日"

    def test_short_lines_alone_are_text(self) -> None:
        assert (read_article("你好\n世界").title, read_article("你好\n世界").text) == (None, "你好\n世界")

    def test_ten_million_characters_without_punctuation(self) -> None:
        assert len(read_article("字" * 10_000_000).text) == 10_000_000


@pytest.mark.parametrize(("byline", "names"), [
    ("张三、李四", ("张三", "李四")),
    ("记者张三 通讯员 李四,王五", ("张三", "李四", "王五")),
    ("□ 筠 溪", ("筠溪",)),
    ("张　三　李小四", ("张三", "李小四")),
    ("张 三 李 四", ("张三", "李四")),
    ("本报记者 张三/文 李四/图", ("张三", "李四")),
    ("中青报·中青网记者 张三", ("张三",)),
    ("John Smith, 让·某某", ("John Smith", "让·某某")),
    ("", ()),
])
def test_names_of_a_byline(byline: str, names: tuple[str, ...]) -> None:
    assert split_names(byline) == names


@pytest.mark.parametrize(("written", "iso"), [
    ("2025-11-18", "2025-11-18"), ("2025年11月18日", "2025-11-18"), ("2025/1/8", "2025-01-08"), ("2025年11月", "2025-11"),
    ("2025-11", "2025-11"), ("2025", "2025"), ("2025年", "2025"), ("2025-11-18T08:00:00+08:00", "2025-11-18"),
    ("0000-00-00", None), ("2025-13", None), ("2025-02-30", None), ("2025-00", None),
    ("昨天", None), ("", None), ("12", None),
])
def test_iso_date(written: str, iso: str | None) -> None:
    assert iso_date(written) == iso


@pytest.mark.parametrize(("line", "said"), [
    ("2025年11月25日 星期二", {"date": "2025-11-25", "weekday": "星期二"}),
    ("第06版：要闻", {"page": "6", "section": "要闻"}),
    ("A03版", {"page": "A03"}),
    ("热线温暖民心", {}), ("编辑部搬到新楼", {}), ("市气象局发布高温预报", {}), ("2025年11月18日,甲街道开会", {}), ("", {}),
])
def test_masthead(line: str, said: dict[str, str]) -> None:
    found = masthead(line)
    assert {kind: found[kind] for kind in said} == said and bool(found) == bool(said)
