"""The chat page without a browser: its HTML, what it keeps, its thumbs, its doors."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from scripted_chain import (
    ATTACK,
    BOOKS,
    BUS,
    HOSTILE,
    HOURS,
    LIBRARY,
    NOTHING,
    PARK,
    PIECE,
    ScriptedChain,
    passage_of,
    quoted,
    said,
)

from assistant.chat import build_chat, cards, conversation, markup, page, reply
from assistant.chat import english as frames
from assistant.errors import AssistantError, IndexMissing
from assistant.generation import chat_model as llm
from assistant.schema import Answer, Article, Coverage, Filters, Turn
from assistant.settings import Settings
from assistant.web import guard, launch

find = ScriptedChain().articles.get


def two(chinese: str, english: str) -> str:
    return f'<span class="zh">{chinese}</span><span class="en" lang="en">{english}</span>'


# cards: exact HTML


def test_highlight_marks_overlapping_and_outlying_spans_once() -> None:
    marked = markup.highlight("一<二>三四", [(2, 4), (1, 3), (4, 99), (-5, 0)], "mark")
    assert marked == "一<mark>&lt;二</mark><mark>&gt;</mark><mark>三四</mark>"


def test_highlight_of_a_part_counts_in_the_whole_text() -> None:
    assert markup.highlight("甲乙丙丁", [(0, 2), (3, 4)], "mark", 1, 4) == "<mark>乙</mark>丙<mark>丁</mark>"


def test_paragraphs_mark_a_quote_that_runs_over_a_line_break() -> None:
    assert markup.paragraphs("甲乙\n\n丙丁", [(1, 5)], 0, 6) == "<p>甲<mark>乙</mark></p><p><mark>丙</mark>丁</p>"


@pytest.mark.parametrize(("date", "chinese", "english"), [
    ("2025-11-08", "2025年11月8日", "8 November 2025"),
    ("2025-11", "2025年11月", "November 2025"),
    ("2025", "2025年", "2025"),
    ("0000-00-00", "0年0月0日", "0000-00-00"),
    ("本月", "本月", "本月"),
])
def test_dates_are_said_at_their_precision(date: str, chinese: str, english: str) -> None:
    assert (markup.chinese_date(date), markup.english_date(date)) == (chinese, english)


def test_masthead_says_what_the_archive_holds_and_leads_to_the_other_pages() -> None:
    html = cards.masthead(Coverage(10, 24, "2025-11", "2025-11", ("某市晚报",)))
    assert html.startswith(
        '<header class="masthead"><h1><span class="paper">某市晚报</span><span class="product">'
        + two("问报", "Ask the paper")
        + '</span></h1><p class="coverage">'
        + two("10 篇文章 · 2025年11月", "10 articles · November 2025") + '</p><nav><a href="./search">')
    assert html.count("某市晚报") == 1


def test_masthead_leaves_stray_dates_out_of_its_span() -> None:
    coverage = Coverage(1000, 1, "1944-04-30", "2023-08-19")
    dates = ["1944-04-30", "2018", "2019-01-01", *["2023-07-05"] * 500, *["2023-08-05"] * 497]
    assert "1000 篇文章 · 2023年7月—2023年8月<" in cards.masthead(coverage, dates)
    assert "1000 篇文章 · 1944年4月30日—2023年8月19日<" in cards.masthead(coverage, dates[:100])


def test_masthead_of_several_papers_and_of_none() -> None:
    many = cards.masthead(Coverage(1, 1, "2023", "2025-11", ("甲报", "乙报", "丙报", "丁报")))
    assert "1 篇文章 · 2023年—2025年11月 · 甲报、乙报、丙报等 4 家<" in many
    assert "1 article · 2023 – November 2025 · 甲报, 乙报, 丙报 and 1 more<" in many
    assert 'class="paper"' not in many
    assert '<span class="zh">0 篇文章</span>' in cards.masthead(Coverage(0, 0))
    assert "/people" not in cards.masthead(Coverage(0, 0))
    assert '<a href="./people">' in cards.masthead(Coverage(0, 0), tagged=True)


def test_answer_links_its_numbers_and_emphasises_the_short_answer() -> None:
    answer = Answer("问", "有36000册。[1]还有[2]和[99]。\n完", citations=(quoted(1, LIBRARY, "36000册"), quoted(2, BUS, "丁路")),
                    emphasis=((1, 7),), notes=("注<意>\nNote",))
    html = reply.answer_html(answer, 3, find)
    assert html.startswith(
        '<div class="answer quotes" id="answer-3"><p class="note">' + two("注&lt;意&gt;", "Note") + '</p>'
        '<p class="speaker">' + two("报纸原文", "The paper&#x27;s own words").replace("&#x27;", "'") + "</p>"
        '<p class="said">有<strong>36000册</strong><span class="keep">。<a class="cite" href="#source-3-1">[1]</a></span>还'
        '<span class="keep">有<a class="cite" href="#source-3-2">[2]</a></span>和[99]。</p><p class="said">完</p>')
    assert ('<span class="clip" hidden>有36000册。[1]还有[2]和[99]。<br>完<br><br>'
            "[1] 《甲街道图书馆周末开放到晚上九点》，某市晚报，2025年11月18日，张三、李四，https://example.org/a<br>"
            f"[2] 《乙公交线路改道》，某市晚报，2025年11月，赵六，{reply.ORIGIN}/articles/b.md</span>") in html


def test_articles_are_a_list_with_dates_and_the_frame_is_in_both_languages() -> None:
    text = "报道有 2 篇：\n《甲街道图书馆周末开放到晚上九点》，某市晚报[1]\n“冬日的戊公园里”，某市晚报[2]"
    html = reply.answer_html(said("问", text, [quoted(1, LIBRARY, "36000册"), quoted(2, PARK, "冬日")], []).with_(kind="articles"), 1, find)
    assert two("报道有 2 篇：", "2 articles:") in html
    assert html.count("<li>") - html.count('<li><span class="name">') == 2
    start = LIBRARY.text.index("36000册")
    assert (f'<li><a class="title" href="./articles/a.md#p={start}-{start + 6}">甲街道图书馆周末开放到晚上九点</a>'
            '<span class="keep"><a class="cite" href="#source-1-1">[1]</a></span><span class="when">'
            + two("2025年11月18日", "18 November 2025") + "</span>") in html


def test_timeline_has_a_rail_and_another_report_stands_beside() -> None:
    rows = "报道里有日期的 2 件事，按时间先后：\n2025年11月：“为配合丙路施工”[1]\n2025年11月20日：“绕行丁路。”[1]"
    html = reply.answer_html(said("问", rows, [quoted(1, BUS, "绕行丁路。")], []), 1, find)
    assert '<ol class="timeline"><li><span class="when">' + two("2025年11月", "November 2025") + '</span><span class="told">为配合丙路施工<span class="keep">' in html
    other = "三月。[1]\n另一篇报道（2025年11月）的说法不同：“四月。”[2]"
    html = reply.answer_html(said("问", other, [quoted(1, BUS, "丁路"), quoted(2, PARK, "冬日")], []), 1, find)
    assert '<div class="compared"><div><p class="said">三月' in html and (
        '<div><p class="said">' + two("另一篇报道（2025年11月）的说法不同：", "Another article (November 2025) has it otherwise: ") + "“四月") in html


def test_a_date_left_to_the_reader_is_explained_on_the_word_and_the_obvious_is_not() -> None:
    article = Article("x", "昨日完工，11月20日起通车。", date="2025-11-18")
    html = reply.answer_html(said("问", article.text + "[1]", [quoted(1, article, article.text)], [article]), 1, find)
    assert '<abbr title="2025年11月17日" tabindex="0">昨日</abbr>' in html and html.count("<abbr") == 1


def test_what_no_source_bears_out_is_underlined_with_its_reason() -> None:
    html = reply.answer_html(said("问", "有600（未见于所引报道）个[1]。", [quoted(1, BUS, "丁路")], []).with_(kind="model"), 1, find)
    assert '有<u class="unsupported" title="所引报道里没有 · Not in the sources cited">600<small>' in html
    assert two("模型归纳", "Summed up by a model") in html


def test_fold_says_how_the_answer_was_found() -> None:
    html = reply.answer_html(HOURS, 1, find)
    assert ('<details class="how"><summary>'
            + two("检索过程 · 看了 2 篇 · 0.15 秒", "How this was found · 2 articles · 0.15 s")
            + '</summary><p class="understood">' + two("理解为", "Understood as") + "：甲街道图书馆周末开放到几点？</p>"
            '<ol><li><span class="name">理解</span><span class="detail"></span>'
            '<span class="time">0.001 s</span></li><li><span class="name">' + two("检索", "Search") + '</span><span class="detail">2 段</span>'
            '<span class="time">0.120 s</span></li>') in html


def test_answer_under_way_says_what_is_being_done() -> None:
    assert reply.answer_html(Answer("问", done=False), 1, find) == (
        '<div class="answer" id="answer-1"><p class="waiting">' + two("正在查找", "Searching") + "</p></div>")
    assert "正在读 2 篇报道" in reply.answer_html(Answer("问", passages=(passage_of(BUS), passage_of(PARK)), done=False), 1, find)
    assert reply.answer_html(Answer("问", "半", done=False), 1, find) == (
        '<div class="answer quotes growing" id="answer-1"><p class="said">半</p></div>')


def test_card_of_a_cited_article() -> None:
    html = cards.sources_html([said("问", "丁路站。[1]", [quoted(1, BUS, "乘客可以在丁路站上车。")], [BUS])], find)
    assert html == (
        '<aside aria-labelledby="sources-name"><h2 class="sr" id="sources-name">' + two("来源", "Sources")
        + '</h2><button type="button" class="shut">' + two("收起来源", "Close the sources") + "</button>"
        '<details class="turn" open><summary><span class="label">' + two("来源", "Sources") + "</span>"
        '<span class="asked">问</span></summary><article class="card" id="source-1-1" tabindex="-1"><h3>'
        '<a class="number" href="#answer-1" title="回到回答 · Back to the answer">1</a>'
        '<a class="title" href="./articles/b.md#p=42-53">乙公交线路改道</a></h3>'
        '<p class="meta">某市晚报 · ' + two("2025年11月", "November 2025") + ' · 出行 · 赵六</p><blockquote class="passage">'
        "<p>为配合丙路施工，乙公交线路自11月20日起改道，绕行丁路。</p><p>改道期间，图书馆站停用，<mark>乘客可以在丁路站上车。</mark></p></blockquote>"
        '<details class="whole"><summary><span class="unfold">' + two("展开全文", "Whole article")
        + '</span><span class="fold">' + two("收起", "Less") + "</span></summary>"
        "<p>为配合丙路施工，乙公交线路自11月20日起改道，绕行丁路。</p><p>改道期间，图书馆站停用，<mark>乘客可以在丁路站上车。</mark></p>"
        "</details></article></details></aside>"
    )


def test_one_card_per_article_in_order_of_number_newest_turn_first() -> None:
    second = Answer("二问", "[2][1][1]", citations=(
        quoted(2, BUS, "丁路站"), quoted(1, LIBRARY, "36000册"), quoted(1, LIBRARY, "120个座位")))
    html = cards.sources_html([BOOKS, second], find)
    places = [html.index(f'id="{anchor}"') for anchor in ("source-2-1", "source-2-2", "source-1-1", "source-1-2")]
    assert places == sorted(places) and html.count("<article") == 4
    assert html.count('<details class="turn" open>') == 1 and html.count('<details class="turn">') == 1
    assert "馆里有<mark>36000册</mark>图书和<mark>120个座位</mark>。" in html


def test_articles_found_but_not_cited_stay_in_a_fold() -> None:
    html = cards.sources_html([BOOKS], find)
    assert '<details class="others"><summary><span class="zh">另外找到 1 篇</span>' in html
    assert '<article class="card found"><h3><a class="title" href="./articles/c.md">冬日的戊公园里，老人在阳光下下棋，孩子们放起风筝…</a></h3>' in html


def test_refusal_shows_the_nearest_articles() -> None:
    html = cards.sources_html([NOTHING], find)
    assert '<span class="zh">可能相关</span>' in html and html.count("<article") == 2 and "<mark>" not in html


def test_a_greeting_has_no_sources() -> None:
    assert cards.sources_html([Answer("你好", "您好", kind="greeting")], find) == ""


def test_quote_of_an_article_that_is_gone_or_changed_is_shown_alone() -> None:
    gone = Answer("问", "[1]", citations=(quoted(1, BUS, "丁路站"),))
    for archive in ({}, {"b.md": Article("b.md", "全改了。")}):
        html = cards.sources_html([gone], archive.get)
        assert '<blockquote class="passage"><p><mark>丁路站</mark></p></blockquote></article>' in html


def test_card_opens_around_the_quote_in_a_very_long_article() -> None:
    article = Article("long", "甲" * 30_000 + "。找到。" + "乙" * 30_000)
    html = cards.sources_html([said("问", "[1]", [quoted(1, article, "找到。")], [article])], find)
    assert "甲<mark>" not in html and "。<mark>找到。</mark>乙" in html
    assert "全文 60004 字，这里是引文前后的 12000 字。" in html and len(html) < 14_000


@pytest.mark.parametrize("url", [
    "javascript:alert(1)", "data:text/html,x", "//example.org", "http:", "http://[", " ", "ftp://x/y", None])
def test_only_web_addresses_become_links(url: str | None) -> None:
    article = Article("a", "正文。", url=url)
    assert 'class="original"' not in cards.latest_html([article])


def test_a_web_address_is_escaped_and_opens_without_a_referrer() -> None:
    html = cards.latest_html([Article("a", "正文。", url='https://example.org/?a=1&b=">')])
    assert ('<a class="original" href="https://example.org/?a=1&amp;b=&quot;&gt;" target="_blank" '
            'rel="noopener noreferrer">' in html)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_article_question_and_answer_bring_no_tag_of_their_own() -> None:
    chat = page.messages([ATTACK], find)
    html = "".join([*(message["content"] for message in chat), cards.sources_html([ATTACK], find),
                    cards.latest_html([HOSTILE]),
                    cards.masthead(Coverage(1, 1, "<i>", "<i>", (HOSTILE.newspaper or "",)))])
    read = _Tags()
    read.feed(html)
    assert read.tags == {"div", "p", "span", "mark", "a", "details", "summary", "ol", "li", "button", "article", "aside", "h1",
                         "h2", "h3", "blockquote", "section", "header", "nav", "br"}
    assert read.attributes == {"class", "id", "href", "title", "tabindex", "type", "hidden", "lang", "open",
                               "aria-labelledby"}
    assert not any("\n" in message["content"] for message in chat)


# conversation: what a browser keeps


def test_conversation_comes_back_as_it_was() -> None:
    answers = [BOOKS, HOURS, NOTHING, ATTACK]
    saved = json.loads(json.dumps(conversation.save(answers)))
    back = conversation.restore(saved, find)
    assert page.messages(back, find) == page.messages(answers, find)
    assert cards.sources_html(back, find) == cards.sources_html(answers, find)
    assert "<" not in json.dumps(conversation.save([BOOKS]))


def test_history_for_the_chain_is_plain_and_without_hints() -> None:
    turns = conversation.history([NOTHING, Answer("", "请写一个问题。", kind="hint")])
    assert turns == (Turn("己广场何时建成？", "报库里没有找到能回答这个问题的报道。"),)


def test_quote_of_a_deleted_article_is_dropped_and_said() -> None:
    [back] = conversation.restore(conversation.save([BOOKS]), {"b.md": BUS}.get)
    assert [c.article_id for c in back.citations] == ["b.md"]
    assert back.notes == ("有的引文已不在报库里。\nSome of the quotes are no longer in the archive.",)
    html = reply.answer_html(back, 1, find)
    assert '<a class="cite" href="#source-1-2">[2]</a>' in html and ">[1]<" not in html


def test_quote_that_moved_within_its_article_is_found_again() -> None:
    moved = Article("b.md", "新的一句。" + BUS.text)
    saved = conversation.save([said("问", "[1]", [quoted(1, BUS, "丁路站")], [])])
    [back] = conversation.restore(saved, {"b.md": moved}.get)
    [citation] = back.citations
    assert moved.text[citation.start:citation.end] == citation.quote == "丁路站"


@pytest.mark.parametrize("change", [
    {"question": None}, {"question": 5}, {"text": ["x"]}, {"citations": [[1]]}, {"citations": 7},
    {"citations": [["1", "a.md", 0, "x"]]}, {"citations": [[1, "a.md", -1, "本"]]}, {"passages": [["a.md", "0", 1]]},
    {"emphasis": [[0]]}, {"emphasis": [["a", 1]]},
    {"steps": [["x", "y", "z"]]}, {"notes": [{}]}, {"follow_ups": None}, {"kind": {}},
])
def test_forged_turn_is_dropped_and_the_others_stay(change: dict) -> None:
    [good] = conversation.save([BUS_ANSWER])
    assert [a.question for a in conversation.restore([good | change, good], find)] == ["问"]


@pytest.mark.parametrize("saved", [None, 5, "x", {}, {"0": 1}, [None, 5, "x", [], {}]])
def test_forged_conversation_is_empty(saved: object) -> None:
    assert conversation.restore(saved, find) == []


def test_forged_quote_is_never_shown_as_the_paper_s() -> None:
    [good] = conversation.save([BUS_ANSWER])
    [back] = conversation.restore([good | {"citations": [[1, "b.md", 0, "报上没有的话"]]}], find)
    assert back.citations == () and "报上没有的话" not in cards.sources_html([back], find)


def test_a_forged_number_makes_no_card_of_its_own() -> None:
    [good] = conversation.save([BUS_ANSWER])
    rows = [[n, article, 0, quote] for n in range(20) for article, quote in (("b.md", "乙公交"), ("a.md", "甲街道"))]
    [back] = conversation.restore([good | {"citations": rows}], find)
    assert [(one.n, one.article_id) for one in back.citations] == [(0, "b.md")]


def test_a_forged_conversation_gets_no_flood_of_cards() -> None:
    library = {f"{n}.md": replace(LIBRARY, id=f"{n}.md", text="甲街道图书馆周末开放。" * 1500) for n in range(60)}
    [good] = conversation.save([BUS_ANSWER])
    turn = good | {"citations": [[n, f"{n}.md", 0, "甲街道"] for n in range(60)], "passages": []}
    answers = conversation.restore([turn] * conversation.TURNS, library.get)
    shown = cards.sources_html(answers, library.get)
    assert len(answers[0].citations) == 60 and len(shown) < 2.2 * cards.PANEL_CHARACTERS
    assert f'id="source-{conversation.TURNS}-0"' in shown and 'id="source-1-0"' not in shown
    assert "source-1-" in cards.sources_html([BOOKS] * conversation.TURNS, find), "an honest one is shown whole"


def test_conversation_is_bounded() -> None:
    long = BUS_ANSWER.with_(question="问" * 100_000, text="答" * 100_000,
                            notes=("注" * 9_999,) * 99, follow_ups=("问" * 9_999,) * 99,
                            citations=BUS_ANSWER.citations * 999, passages=BUS_ANSWER.passages * 999)
    saved = conversation.save([long] * 100)
    assert len(saved) == conversation.TURNS and len(json.dumps(saved[0])) < 200_000
    assert len(json.dumps(conversation.save([BOOKS] * conversation.TURNS))) < guard.BODY_BYTES / 10


BUS_ANSWER = said("问", "丁路站。[1]", [quoted(1, BUS, "丁路站")], [BUS])


# page: the desk behind it


def test_a_fault_becomes_a_sentence_without_path_or_trace(caplog: pytest.LogCaptureFixture) -> None:
    faults = {"一": RuntimeError("/srv/secret broke"), "二": IndexMissing("没有索引 /srv/secret", "no index at /srv/secret")}
    desk = page.Desk(ScriptedChain(faults=faults), Settings())
    for question in faults:
        [answer] = desk.answers(question, [])
        assert answer == Answer(question, page.UNAVAILABLE, kind="hint", refused=True)
    assert [record.exc_info is not None for record in caplog.records] == [True, False]


def offering(monkeypatch: pytest.MonkeyPatch, *names: str, **settings: str) -> tuple[page.Desk, ScriptedChain]:
    """A desk on a machine whose Ollama has these models."""
    monkeypatch.setattr(llm, "ollama_models", lambda address: names)
    chain = ScriptedChain()
    return page.Desk(chain, Settings(**settings)), chain


def test_where_no_ollama_answers_there_is_nothing_to_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    for settings in ({}, {"llm": "openai:qwen-plus"}):
        desk, _ = offering(monkeypatch, **settings)
        assert desk.models() == [] and desk.model("none") == ""


def test_the_default_is_no_model_unless_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    quotes = "不用语言模型（只引原文） · No model"
    assert offering(monkeypatch, "glm4", "qwen3")[0].models() == [
        (quotes, ""), ("ollama:glm4", "ollama:glm4"), ("ollama:qwen3", "ollama:qwen3")]
    assert offering(monkeypatch, "glm4", "qwen3", llm="ollama:qwen3")[0].models() == [
        ("ollama:qwen3", ""), (quotes, "none"), ("ollama:glm4", "ollama:glm4")]


@pytest.mark.parametrize("chosen", ["", "none", "ollama:other", "openai:qwen-plus", None, 3, ["ollama:glm4"], {"a": 1}])
def test_what_is_not_offered_is_the_default(monkeypatch: pytest.MonkeyPatch, chosen: object) -> None:
    desk, chain = offering(monkeypatch, "glm4")
    assert desk.model(chosen) == ""
    assert list(desk.answers(BOOKS.question, [], chosen))[-1].with_(stamp="") == BOOKS and chain.models == []


def test_the_chosen_model_is_made_once_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, chain = offering(monkeypatch, "glm4", llm="openai:qwen-plus", llm_api_key="sk-other")
    for chosen in ("ollama:glm4", "none", "ollama:glm4", ""):
        assert list(desk.answers(BOOKS.question, [], chosen))[-1].with_(stamp="") == BOOKS
    model, none = chain.models
    assert (model.model, model.base_url, none) == ("glm4", llm.OLLAMA_ADDRESS, None)


@pytest.mark.parametrize(("frame", "texts"), [(1000, 3), (0, 2 + len(range(PIECE, len(BOOKS.text), PIECE)) + 1)])
def test_pieces_that_follow_too_soon_are_shown_with_the_next(
        monkeypatch: pytest.MonkeyPatch, frame: float, texts: int) -> None:
    monkeypatch.setattr(page, "FRAME_SECONDS", frame)
    shown = list(page.Desk(ScriptedChain(), Settings()).answers(BOOKS.question, []))
    assert [len(answer.passages) for answer in shown[:3]] == [0, 3, 3]
    assert len(shown) == texts and shown[-1].with_(stamp="") == BOOKS


@pytest.mark.parametrize(("event", "typed", "question"), [
    (None, " 问 ", "问"), ({"index": 0, "value": {"text": "甲", "files": None}}, "", "甲"),
    ({"index": [0, 1], "value": "乙"}, "打了一半", "乙"),
    ({"value": ["x"]}, 5, ""), ("x", None, ""), ({}, "问", "问"), ({"value": {"text": 7}}, "问", ""),
])
def test_question_comes_from_the_click_or_the_box(event: object, typed: object, question: str) -> None:
    assert page.question_of(event, typed) == question


def test_filters_come_from_the_fields_and_nothing_else() -> None:
    assert page.filters_of({"date_from": "2025-11", "date_to": "gestern", "author": " 张三 ", "x": 1}) == Filters(
        date_from="2025-11", author="张三")
    assert page.filters_of({"newspaper": "某市晚报", "kind": "news"}) == Filters(newspaper="某市晚报", kind="news")
    for given in (None, [], "x", {"author": 7}):
        assert page.filters_of(given) == Filters()


def test_only_what_can_be_read_from_a_question_is_left_aside() -> None:
    assert page.aside_of({"aside": ["author", "as_typed", "text", 7]}) == {"author", "as_typed"}
    for given in (None, {}, {"aside": "author"}, {"aside": [["author"]]}):
        assert page.aside_of(given) == frozenset()


def test_the_bar_holds_the_filters_of_the_archive() -> None:
    bar = cards.filter_bar(Coverage(2, 2, newspapers=("甲报", "<乙报>"), sections=("社区",)), {"comment"})
    assert all(f'data-under="{name}"' in bar for name in ("newspaper", "section", "author", "kind", "date_from", "date_to"))
    assert "&lt;乙报&gt;" in bar and 'value="comment"' in bar and 'value="news"' not in bar
    alone = cards.filter_bar(Coverage(2, 2, newspapers=("甲报",)), ())
    assert 'data-under="newspaper"' not in alone and "<select" not in alone


def test_what_was_read_from_a_question_is_offered_to_be_taken_off_and_comes_back_from_the_browser() -> None:
    answer = said("上周<b>那陆青呢", "陆青的。[1]", [quoted(1, BUS, "丁路")], [BUS]).with_(
        understood="陆青<b>的报道（只看陆青署名）", read=Filters(date_from="2025-11-10", date_to="2025-11-16", author="<陆青>", kind="news"))
    html = reply.answer_html(answer, 1, find)
    for shown in ('<div class="read" hidden>', "“陆青&lt;b&gt;的报道”", '<button type="button" class="act aside author">'
                  + two("&lt;陆青&gt;署名", "by &lt;陆青&gt;"), two("2025年11月10日至2025年11月16日", "10 November 2025 – 16 November 2025"),
                  two("消息", "News"), 'class="act aside date_from date_to"', two("按我写的检索", "Search what I typed")):
        assert shown in html, shown
    assert conversation.restore(conversation.save([answer]), find)[0].read == answer.read
    assert 'class="read"' not in reply.answer_html(BOOKS, 1, find)


def test_rows_between_bars_are_a_table() -> None:
    text = "报道有 3 篇\n| 记者 | 篇数 |\n| 张<三> | 2 篇 |[1]\n| 李四 |  |\n完"
    html = reply.answer_html(said("问", text, [quoted(1, LIBRARY, "36000册")], [], bold="2 篇"), 1, find)
    assert ('<table class="rows"><thead><tr><th>' + two("记者", "Reporter") + "</th><th>" + two("篇数", "Articles") + '</th></tr></thead><tbody><tr><td>张&lt;三&gt;</td><td><strong>2 篇</strong>'
            '<span class="keep"><a class="cite" href="#source-1-1">[1]</a></span></td></tr><tr><td>李四</td><td></td></tr></tbody></table>') in html


@pytest.mark.parametrize(("text", "english"), [
    ("在 10 篇报道（某报，2025年11月）里（只看某署名）没有找到这样的报道。最接近的报道没有提到“甲”：",
     "Nothing in the 10 articles answers this. The nearest articles do not mention “甲”: "),
    ("10 篇报道（某报，2025年11月）里都没有提到“火星”。最接近的报道：", "None of the 10 articles mentions “火星”. Perhaps related:"),
    ("2025年4月的报道出自 5 期报纸：", "They are of 5:"), ("这 14 篇报道，最近的 10 篇是：", "Of these 14 articles the latest 10:"),
    ("报道中说的是3人，不是5人：", "The paper has 3人, not 5人: "),
    ("张三署名、2025年11月的提到“甲”的报道有 12 篇，最近的 10 篇是：", "12 articles – the latest 10:"),
    ("12 篇报道里，最多的是张三，7 篇：", "Of 12 articles most are of 张三: 7."),
    ("最近一期报纸是 2025年11月18日：", "The latest issue is of 18 November 2025:"),
    ("报纸另有更正（2025年11月）：“应为”", "The paper put it right (November 2025): "),
    ("报道里“张三”的职务，按时间先后：", "Offices of “张三” in the articles, earliest first:"),
    ("2025年的报纸登过的更正有 2 则：", "2 corrections were printed:"),
    ("《泉水节》，某报，登在第3版。", "《泉水节》，某报 stands on page 第3版. "),
    ("名字相近的有“张山”：", "One of nearly that name is “张山”: "),
    ("署名：张三。", "By 张三. "), ("某报：7 篇，2025年3月至4月", "某报: 7 articles, March 2025 to April"), ("三月完工。", ""),
])
def test_our_own_words_around_quotes_have_an_english(text: str, english: str) -> None:
    assert frames.frame(text, 0, len(text))[1] == english


def test_a_full_conversation_says_that_its_oldest_turn_left() -> None:
    desk = page.Desk(ScriptedChain(), Settings(), b"key")
    *_, few = desk.answers(BOOKS.question, [BOOKS] * (conversation.TURNS - 1))
    *_, full = desk.answers(BOOKS.question, [BOOKS] * conversation.TURNS)
    assert few.notes == () and full.notes == (page.LEFT,)


def test_a_stamped_answer_is_known_to_the_letter() -> None:
    [turn] = conversation.save([conversation.stamped(BOOKS, "2026-01-01", b"key")])
    [back] = conversation.save(conversation.restore([turn], find))
    assert conversation.is_stamped(back, b"key") and not conversation.is_stamped(back, b"other")
    for change in ({"text": "馆里有1册。[1]"}, {"stamp": "2026-01-02 " + turn["stamp"].split()[1]}, {"stamp": 7}, {"more": 1}):
        assert not conversation.is_stamped(turn | change, b"key")
    assert not conversation.is_stamped("x", b"key")
    [unsealed] = conversation.save([conversation.stamped(BOOKS, "2026-01-01", b"")])
    assert not conversation.is_stamped(unsealed, b"")


# server: its doors


def test_nothing_heavy_is_loaded_with_the_package() -> None:
    code = "import sys, assistant.chat; print(sorted({'gradio', 'starlette', 'torch', 'chromadb'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_port_in_use_is_one_sentence_with_what_to_type() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AssistantError) as error:
            launch(ScriptedChain(), Settings(port=port), wait=False)
    assert str(error.value) == (
        f"端口 {port} 已被别的程序占用，聊天页面打不开。请换一个端口：assistant chat --port {port + 1}\n"
        f"Port {port} is taken by another program, so the chat page cannot open. "
        f"Use another port: assistant chat --port {port + 1}"
    )


def test_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(AssistantError, match=r"assistant chat --host 127\.0\.0\.1 --port 7860") as error:
        launch(ScriptedChain(), Settings(host="192.0.2.1"), wait=False)
    assert error.value.__cause__.errno == errno.EADDRNOTAVAIL


def test_no_index_is_told_before_the_page_opens() -> None:
    class Empty(ScriptedChain):
        def coverage(self) -> Coverage:
            raise IndexMissing("还没有索引。", "There is no index.")

    with pytest.raises(IndexMissing):
        build_chat(Empty(), Settings())


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[str]]]:
    """The page on a free port, and the names that were looked up while it opened."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def watched(host: object, *args: object, **more: object) -> object:
        asked.append(host.decode() if isinstance(host, bytes) else str(host))
        return real(host, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", watched)
        opened = launch(ScriptedChain(), Settings(port=0), wait=False)
    yield opened.local_url.rstrip("/"), asked
    opened.close()


def test_opening_the_page_looks_nothing_up(served: tuple[str, list[str]]) -> None:
    assert set(served[1]) <= {"127.0.0.1", "localhost"}


@pytest.mark.parametrize(("method", "path", "headers", "body", "status"), [
    ("GET", "/", {}, None, 200),
    ("GET", "/theme.css", {}, None, 200),
    ("GET", "/gradio_api/file=/etc/passwd", {}, None, 404),
    ("GET", "/gradio_api/file=pyproject.toml", {}, None, 404),
    ("GET", "/gradio_api/file=..%2f..%2fetc%2fpasswd", {}, None, 404),
    ("GET", "/gradio_api/file=http://127.0.0.1:1/x", {}, None, 404),
    ("GET", "/gradio_api/proxy=http://127.0.0.1:1/x", {}, None, 404),
    ("GET", "/static/../../../../../../etc/passwd", {}, None, 403),
    ("GET", "/static/..%2f..%2f..%2f__init__.py", {}, None, 403),
    ("GET", "/gradio_api/app_id", {}, None, 200),
    ("GET", "/gradio_api/info", {}, None, 404),
    ("GET", "/monitoring", {}, None, 404),
    ("POST", "/gradio_api/upload", {}, b"x", 404),
    ("POST", "/gradio_api/call/asked", {}, b"{}", 404),
    ("GET", "/", {"Host": "paper.example"}, None, 403),
    ("GET", "/", {"Host": "localhost"}, None, 200),
    ("POST", "/gradio_api/queue/join", {"Origin": "http://paper.example"}, b"{}", 403),
    ("POST", "/gradio_api/queue/join", {"Origin": "null"}, b"{}", 403),
    ("POST", "/gradio_api/queue/join", {}, b"x" * (guard.BODY_BYTES + 1), 413),
    ("POST", "/gradio_api/queue/join", {}, b"{}", 422),
])
def test_doors(served: tuple[str, list[str]], method: str, path: str, headers: dict, body: bytes | None,
               status: int) -> None:
    address = served[0].removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    assert answer.status == status
    assert answer.headers["content-security-policy"].startswith(("default-src 'self'; ", "default-src 'none'; script-src 'self'; "))
    assert "Traceback" not in text and "site-packages" not in text
