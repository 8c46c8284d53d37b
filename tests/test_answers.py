"""Answers made of quotes: their text, numbers, emphasis and citations."""

from __future__ import annotations

import re

import pytest

from assistant import answers
from assistant.answers import OPENING, Listed
from assistant.question.analysis import Question
from assistant.reading.reader import Quote, Reading
from assistant.schema import Answer, Article, Chunk, Coverage, Filters, Passage

ONE = Article("1.md", "甲街道有56名骑手受聘。满意度在98%以上。张三说很好。", title="骑手进社区", newspaper="某市日报",
              date="2025-11-18", section="社区", authors=("张三", "李四"))
TWO = Article("2.md", "乙社区开办食堂。每餐收费10元。", newspaper="某市日报", date="2025-11")
COVERAGE = Coverage(2, 2, "2025-11", "2025-11-18", ("某市日报",), ("社区",))


def passage(article: Article, score: float = 1.0) -> Passage:
    return Passage(Chunk(article.id, 0, 0, len(article.text), article.text), article, score)


def question(text: str = "有多少名骑手？", kind: str = "fact", **fields: object) -> Question:
    return Question(text, text, kind, **fields)  # type: ignore[arg-type]


def check(answer: Answer, *articles: Article) -> None:
    """What holds for every answer: quotes are the articles' own, numbers are in order of first use, text is plain."""
    texts = {article.id: article.text for article in articles}
    for citation in answer.citations:
        assert citation.quote == texts[citation.article_id][citation.start:citation.end] != ""
        assert f"[{citation.n}]" in answer.text
    first_use = list(dict.fromkeys(citation.article_id for citation in answer.citations))
    assert [first_use.index(c.article_id) + 1 for c in answer.citations] == [c.n for c in answer.citations]
    assert [int(n) for n in re.findall(r"\[(\d+)\]", answer.text)] == [c.n for c in answer.citations]
    assert not re.search(r"\*\*|^#|^[-*] |`", answer.text, re.MULTILINE)
    assert all(0 <= start < end <= len(answer.text) for start, end in answer.emphasis)


def test_quotes_are_numbered_by_article_in_order_of_first_use() -> None:
    reading = Reading((Quote(TWO, 8, 16, (4, 7)), Quote(ONE, 0, 12), Quote(TWO, 0, 8)), 0.9, False)
    answer = answers.quotes(question(), reading, [passage(ONE), passage(TWO)])
    assert answer.text == "每餐收费10元。[1]\n甲街道有56名骑手受聘。[2]\n乙社区开办食堂。[1]"
    assert [(c.n, c.article_id, c.quote) for c in answer.citations] == [
        (1, "2.md", "每餐收费10元。"), (2, "1.md", "甲街道有56名骑手受聘。"), (1, "2.md", "乙社区开办食堂。")]
    assert [answer.text[a:b] for a, b in answer.emphasis] == ["10元"]
    assert (answer.kind, answer.refused, answer.done, len(answer.passages)) == ("quotes", False, True, 2)
    check(answer, ONE, TWO)


def test_emphasis_of_a_later_quote_is_counted_in_the_text() -> None:
    reading = Reading((Quote(TWO, 0, 8), Quote(ONE, 0, 12, (4, 7))), 0.9, False)
    answer = answers.quotes(question(), reading, [])
    assert [answer.text[a:b] for a, b in answer.emphasis] == ["56名"]
    assert [c.quote[slice(*c.emphasis)] for c in answer.citations if c.emphasis] == ["56名"]


def test_a_citation_carries_all_that_is_known_of_its_article() -> None:
    citation = answers.quotes(question(), Reading((Quote(ONE, 0, 12),), 0.9, False), []).citations[0]
    assert (citation.title, citation.newspaper, citation.date, citation.section, citation.authors) == (
        "骑手进社区", "某市日报", "2025-11-18", "社区", ("张三", "李四"))


def test_an_article_without_a_title_is_cited_by_its_opening_words() -> None:
    citation = answers.quotes(question(), Reading((Quote(TWO, 0, 8),), 0.9, False), []).citations[0]
    assert citation.title == "乙社区开办食堂。每餐收费10元。"


def test_a_refusal_says_what_was_searched_and_names_three_articles() -> None:
    more = [Article(f"{n}.md", f"丙公司第{n}次捐赠。", title=f"捐赠{n}") for n in range(3, 6)]
    passages = [passage(article) for article in (ONE, ONE, TWO, *more)]
    answer = answers.refusal(question("火星有多少名骑手？"), Reading(unknown=("火星",)), passages, COVERAGE)
    assert answer.text.splitlines()[0] == ("在 2 篇报道（某市日报，2025年11月至2025年11月18日）里没有找到能回答这个问题的内容。"
                                           "最接近的报道没有提到“火星”：")
    assert answer.text.splitlines()[1:] == ["《骑手进社区》，某市日报，2025年11月18日，社区，张三、李四[1]",
                                            "“乙社区开办食堂。每餐收费10元。”，某市日报，2025年11月[2]", "《捐赠3》[3]"]
    assert (answer.refused, answer.kind, len(answer.passages)) == (True, "refusal", 6)
    check(answer, ONE, TWO, *more)


def test_a_refusal_without_passages_names_no_article() -> None:
    answer = answers.refusal(question(), Reading(unknown=("火星",)), [], COVERAGE)
    assert (answer.text, answer.citations, answer.refused) == (
        "在 2 篇报道（某市日报，2025年11月至2025年11月18日）里没有找到能回答这个问题的内容。", (), True)


def test_a_list_of_articles_says_how_many_and_cites_each() -> None:
    asked = question("哪些报道提到骑手", "list", topic="骑手")
    answer = answers.articles(asked, Listed(1, (ONE,)), COVERAGE)
    assert answer.text == "提到“骑手”的报道有 1 篇：\n《骑手进社区》，某市日报，2025年11月18日，社区，张三、李四[1]"
    assert [answer.text[a:b] for a, b in answer.emphasis] == ["1 篇"]
    assert (answer.citations[0].quote, answer.kind, answer.refused) == ("甲街道有56名骑手受聘。", "articles", False)
    check(answer, ONE)


@pytest.mark.parametrize(("fields", "opening"), [
    ({"filters": Filters(author="张三")}, "张三署名的报道有 2 篇："),
    ({"filters": Filters(section="社区")}, "“社区”栏目的报道有 2 篇："),
    ({"filters": Filters(date_from="2025-11", date_to="2025-11")}, "2025年11月的报道有 2 篇："),
    ({"filters": Filters(author="张三"), "topic": "骑手"}, "张三署名的提到“骑手”的报道有 2 篇："), ({}, "报道有 2 篇："),
])
def test_a_list_says_by_what_it_was_chosen(fields: dict[str, object], opening: str) -> None:
    assert answers.articles(question(kind="list", **fields), Listed(2, (ONE, TWO)), COVERAGE).text.splitlines()[0] == opening


def test_a_long_list_shows_ten_and_counts_all() -> None:
    many = [Article(f"{n}.md", f"第{n}次捐赠。", title=f"捐赠{n}") for n in range(12)]
    answer = answers.articles(question(kind="list", topic="捐赠"), Listed(12, tuple(many[:10])), COVERAGE)
    assert answer.text.splitlines()[0] == "提到“捐赠”的报道有 12 篇，最近的 10 篇是："
    assert [citation.n for citation in answer.citations] == list(range(1, 11))
    check(answer, *many)


def test_the_gist_is_the_opening_in_whole_sentences() -> None:
    long = Article("3.md", "甲街道开会。" * 40, title="开会")
    answer = answers.gist(question("《开会》讲了什么？", "gist"), long, [passage(long)])
    assert answer.text == f"《开会》，开头是：\n{'甲街道开会。' * (OPENING // 6)}[1]"
    assert (answer.kind, answer.refused, answer.passages) == ("quotes", False, (passage(long),))
    check(answer, long)


def test_a_first_sentence_that_is_longer_is_quoted_whole() -> None:
    assert answers.opening(Article("3.md", "甲" * 200 + "。乙。")) == (0, 201)


def test_who_wrote_a_piece_is_answered_with_the_printed_byline() -> None:
    answer = answers.byline(question("谁写的这篇报道？", "byline"), ONE, [passage(ONE)], COVERAGE)
    assert answer.text == "署名：张三、李四。张三说很好。[1]"
    assert [answer.text[a:b] for a, b in answer.emphasis] == ["张三、李四"]
    check(answer, ONE)


@pytest.mark.parametrize(("article", "topic"), [(TWO, ""), (ONE, "通讯员")])
def test_nobody_named_is_a_refusal(article: Article, topic: str) -> None:
    answer = answers.byline(question(kind="byline", topic=topic), article, [passage(article)], COVERAGE)
    assert (answer.refused, answer.kind) == (True, "refusal")


@pytest.mark.parametrize(("kind", "shown", "opening"), [
    ("greeting", "greeting", "您好！我可以回答关于 2 篇报道（"), ("thanks", "greeting", "不客气！"),
    ("help", "greeting", "我是报纸的问答助手"), ("empty", "hint", "请输入一个问题。")])
def test_courtesy_says_what_can_be_asked(kind: str, shown: str, opening: str) -> None:
    answer = answers.courtesy(question("你好", kind), COVERAGE)
    assert answer.text.startswith(opening)
    assert "哪些报道提到某事" in answer.text
    assert (answer.kind, answer.refused, answer.citations) == (shown, False, ())


@pytest.mark.parametrize(("date", "written"), [("2025-11-08", "2025年11月8日"), ("2025-11", "2025年11月"), ("2025", "2025年"),
                                               (None, ""), ("", "")])
def test_dates_are_written_as_the_paper_writes_them(date: str | None, written: str) -> None:
    assert answers.chinese_date(date) == written


def test_an_archive_of_nothing_is_described_too() -> None:
    assert answers.described(Coverage(0, 0)) == "0 篇报道"


def test_a_follow_up_shows_what_was_searched() -> None:
    asked = Question("那满意度呢", "骑手 满意度呢")
    assert answers.quotes(asked, Reading((Quote(ONE, 0, 12),), 0.9, False), []).understood == "骑手 满意度呢"


@pytest.mark.parametrize("text", ["{0.__class__}", "{{7*7}}", "%s", "**粗** <script>"])
def test_braces_and_percent_signs_of_an_article_stay_as_they_are(text: str) -> None:
    article = Article("4.md", f"{text}。", title=text, authors=(text,))
    for answer in (answers.quotes(question(text), Reading((Quote(article, 0, len(text) + 1),), 0.9, False), []),
                   answers.refusal(question(text), Reading(unknown=(text,)), [passage(article)], COVERAGE),
                   answers.articles(question(text, "list", topic=text), Listed(1, (article,)), COVERAGE),
                   answers.gist(question(text, "gist"), article, []),
                   answers.byline(question(text, "byline"), article, [passage(article)], COVERAGE)):
        assert text in answer.text and answer.citations[0].quote == f"{text}。"
