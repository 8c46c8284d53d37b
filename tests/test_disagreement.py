"""Two articles that tell the same thing with different values."""

from __future__ import annotations

from datetime import date

import pytest

from assistant import answers
from assistant.question.analysis import Question, understand
from assistant.question.filters import Archive
from assistant.reading.disagreement import disagreement
from assistant.reading.reader import Quote, Reading
from assistant.schema import Article, Ask, Chunk, Passage


def asked(question: str) -> Question:
    return understand(Ask(question), Archive(), date(2025, 11, 25))


def quoted(text: str, short: str, **fields: str) -> Quote:
    """The article's text quoted whole with its short answer."""
    return Quote(Article("one", text, **fields), 0, len(text), (text.index(short), text.index(short) + len(short)))


def other(text: str, **fields: str) -> Article:
    return Article("two", text, **fields)


def passages(*articles: Article) -> list[Passage]:
    return [Passage(Chunk(article.id, 0, 0, len(article.text), article.text), article, 1.0) for article in articles]


@pytest.mark.parametrize(("question", "text", "short", "rival", "value"), [
    ("甲街道聘了多少名骑手当网格员", "甲街道聘请56名骑手担任网格员。", "56名", "甲街道聘请65名骑手担任网格员，成效明显。", "65名"),
    ("丙图书馆新馆的馆长是谁", "丙图书馆新馆的馆长是张三。", "张三", "丙图书馆新馆的馆长是李四。", "李四"),
    ("丙图书馆新馆什么时候开放", "丙图书馆新馆2025年11月18日开放。", "2025年11月18日", "丙图书馆新馆2025年11月20日开放。", "2025年11月20日"),
    ("乙社区食堂开办投资多少万元", "乙社区食堂开办共投资30万元。", "30万元", "据介绍，乙社区食堂开办共投资35万元。", "35万元"),
])
def test_another_value_for_the_same_thing(question: str, text: str, short: str, rival: str, value: str) -> None:
    article = other(rival, date="2025-11-20")
    found = disagreement(asked(question), quoted(text, short, date="2025-11-18"), passages(article))
    assert found and not found.notice and found.quote.article == article
    assert found.quote.text[slice(*found.quote.emphasis or (0, 0))] == value


@pytest.mark.parametrize(("question", "text", "short", "rival"), [
    ("甲街道聘了多少名骑手当网格员", "甲街道聘请56名骑手担任网格员。", "56名", "甲街道聘请五十六名骑手担任网格员。"),  # the same value
    ("甲街道聘了多少名骑手当网格员", "甲街道聘请56名骑手担任网格员。", "56名", "乙街道聘请65名骑手担任网格员。"),  # another place
    ("甲街道聘了多少名骑手当网格员", "甲街道聘请56名骑手担任网格员。", "56名", "甲街道聘请65个骑手网格员看护车棚。"),  # another measure
    ("甲街道聘了多少名骑手当网格员", "2024年甲街道聘请56名骑手担任网格员。", "56名", "2025年甲街道聘请65名骑手担任网格员。"),  # another year
    ("甲街道聘了多少名骑手当网格员", "甲街道聘请56名骑手担任网格员。", "56名", "甲街道65名志愿者清扫街巷，骑手担任网格员。"),  # another noun
    ("甲街道聘了多少名骑手当网格员", "甲街道聘请56名骑手担任网格员。", "56名", "甲街道聘请65名骑手担任网格员，其中12名是党员，56名骑手留任。"),
    ("甲街道怎样聘请骑手当网格员", "甲街道聘请56名骑手担任网格员。", "56名", "甲街道聘请65名骑手担任网格员。"),  # no figure is asked for
])
def test_what_is_not_the_same_thing_is_no_disagreement(question: str, text: str, short: str, rival: str) -> None:
    assert disagreement(asked(question), quoted(text, short), passages(other(rival))) is None


def test_nothing_disagrees_with_itself_or_with_what_has_no_short_answer() -> None:
    quote = quoted("甲街道聘请56名骑手担任网格员。", "56名")
    assert disagreement(asked("甲街道聘了多少名骑手"), quote, passages(quote.article)) is None
    assert disagreement(asked("甲街道聘了多少名骑手"), Quote(quote.article, 0, 5), passages(other("甲街道聘请65名骑手担任网格员。"))) is None


def test_a_reprint_with_another_figure_is_looked_at_too() -> None:
    quote = quoted("甲街道聘请56名骑手担任网格员。", "56名", date="2025-11-18")
    twin = other("甲街道聘请65名骑手担任网格员。", date="2025-11-18")
    [shown] = passages(quote.article)
    found = disagreement(asked("甲街道聘了多少名骑手当网格员"), quote, [Passage(shown.chunk, shown.article, 1.0, (twin,))])
    assert found and found.quote.article == twin


@pytest.mark.parametrize("notice", [
    "更正：本报11月18日《骑手进社区》一文中“56名骑手”应为“65名骑手”，特此更正。",
    "更正：本报《骑手进社区》一文把65名骑手误写为56名，特此更正。",
])
def test_a_printed_correction_is_linked_to_the_original(notice: str) -> None:
    quote = quoted("甲街道聘请56名骑手担任网格员。", "56名", title="骑手进社区", date="2025-11-18")
    found = disagreement(asked("甲街道聘了多少名骑手当网格员"), quote, passages(quote.article, other(notice, date="2025-11-21")))
    assert found and found.notice and "65名" in found.quote.text
    answer = answers.quotes(asked("甲街道聘了多少名骑手当网格员"), Reading((quote,), 0.9, False), [], found)
    assert answer.text == f"甲街道聘请56名骑手担任网格员。[1]\n报纸另有更正（2025年11月21日）：“{notice}”[2]"


def test_a_correction_of_something_else_is_none() -> None:
    quote = quoted("甲街道聘请56名骑手担任网格员。", "56名", title="骑手进社区")
    for notice in ("更正：本报《公交改道》一文中“56名”应为“65名”。", "更正：本报《骑手进社区》一文中“甲街”应为“甲街道”。"):
        assert disagreement(asked("甲街道聘了多少名骑手当网格员"), quote, passages(other(notice))) is None


def test_both_are_shown_side_by_side_with_the_date() -> None:
    quote = quoted("甲街道聘请56名骑手担任网格员。", "56名", date="2025-11-18")
    found = disagreement(asked("甲街道聘了多少名骑手当网格员"), quote, passages(other("甲街道聘请65名骑手担任网格员。", date="2025-11-20")))
    answer = answers.quotes(asked("甲街道聘了多少名骑手当网格员"), Reading((quote,), 0.9, False), [], found)
    assert answer.text == "甲街道聘请56名骑手担任网格员。[1]\n另一篇报道（2025年11月20日）的说法不同：“甲街道聘请65名骑手担任网格员。”[2]"
    assert [answer.text[a:b] for a, b in answer.emphasis] == ["56名", "65名"]
