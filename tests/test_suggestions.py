"""Questions that are offered: made of the archive's own sentences, and every one of them is answered."""

from __future__ import annotations

from threading import Event

import pytest

from assistant.chain import AnswerChain
from assistant.chat.starters import Starters
from assistant.schema import Answer, Article, Ask, Turn
from assistant.suggestions import FOLLOW_UPS, follow_ups, gist_question, number_questions, starters

ASKED = ("解放区有多少个网格？", "王忠殿是哪年牺牲的？", "张苗写了哪些报道？", "你好")


def test_a_counted_thing_is_asked_for_where_the_clause_names_a_place_or_body() -> None:
    article = Article("a.md", "解放区网格优化为586个。截至目前，全部建立共享项目765项。")
    assert list(number_questions(article)) == ["解放区网格优化为多少个？"]


@pytest.mark.parametrize("text", [
    "其中老年居民有30名。", "该街道网格有586个。", "共办结诉求652项。", "他去年读完图书12份。", "没有数字的句子。", "短有3个。", "",
])
def test_what_points_elsewhere_or_counts_nothing_is_not_asked(text: str) -> None:
    assert list(number_questions(Article("a.md", text))) == []


def test_the_gist_is_asked_of_a_titled_article_only() -> None:
    assert gist_question(Article("a.md", "文。", title="骑手进社区")) == "《骑手进社区》讲了什么？"
    assert gist_question(Article("a.md", "文。")) == ""


def test_every_starter_is_answered_with_a_source(sample_chain: AnswerChain) -> None:
    offered = sample_chain.starters(6)
    assert len(offered) == len(set(offered)) == 6
    for question in offered:
        answer = sample_chain.invoke(question)
        assert not answer.refused and answer.citations, question


def test_the_first_starters_are_a_figure_a_list_a_timeline_and_an_author(sample_chain: AnswerChain) -> None:
    figure, listed, dated, author, *_ = sample_chain.starters(6)
    assert "多少" in figure and listed.startswith("提到") and dated.endswith("的时间线") and author.endswith("写了哪些报道？")
    assert len(sample_chain.invoke(dated).emphasis) >= 2


@pytest.mark.parametrize("question", ASKED)
def test_every_follow_up_stands_by_itself_and_is_answered(sample_chain: AnswerChain, question: str) -> None:
    first = sample_chain.invoke(question)
    assert 0 < len(first.follow_ups) <= FOLLOW_UPS
    assert question not in first.follow_ups
    for offered in first.follow_ups:
        alone = sample_chain.invoke(offered)
        clicked = sample_chain.invoke(Ask(offered, (Turn(first.question, first.text),)))
        for answer in (alone, clicked):
            assert not answer.refused and answer.citations, offered
        assert clicked.citations == alone.citations, offered


def test_only_what_is_answered_is_offered(sample_chain: AnswerChain) -> None:
    snapshot = sample_chain.index.current()
    answer = sample_chain.invoke("解放区有多少个网格？")
    assert starters(snapshot, lambda _: False, 6) == [] == follow_ups(snapshot, answer, lambda _: False)
    authors = starters(snapshot, lambda question: "写了哪些" in question, 6)
    assert len(authors) == 6 and all(question.endswith("写了哪些报道？") for question in authors)


def test_nothing_is_offered_beside_an_answer_without_sources(sample_chain: AnswerChain) -> None:
    assert follow_ups(sample_chain.index.current(), Answer("问题"), lambda _: True) == []


def test_no_more_is_tried_than_is_offered(sample_chain: AnswerChain) -> None:
    tried: list[str] = []
    found = starters(sample_chain.index.current(), lambda question: tried.append(question) or True, 2)
    assert len(found) == 2 and set(tried) <= {*found, *(one for one in tried if "多少" in one)} and len(tried) <= 5


def test_what_is_offered_untried_is_answered_too(sample_chain: AnswerChain) -> None:
    offered = sample_chain.untried_starters(4)
    assert len(set(offered)) == 4 and all(not sample_chain.invoke(question).refused for question in offered)


def test_a_page_waits_for_no_trial(sample_chain: AnswerChain, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = Event()
    monkeypatch.setattr(sample_chain, "starters", lambda n: (go_on.wait(60), ["甲？", "乙？"])[1])
    page = Starters(sample_chain, 2)
    assert page.now() == sample_chain.untried_starters(2)
    go_on.set()
    assert page.now() == ["甲？", "乙？"]


def test_no_more_starters_than_asked_for(sample_chain: AnswerChain) -> None:
    assert sample_chain.starters(2) == sample_chain.starters(6)[:2]
    assert sample_chain.starters(0) == []


def test_the_figures_of_the_sample_are_asked_in_words_of_their_clause(sample_chain: AnswerChain) -> None:
    article = sample_chain.index.current().articles.article("jiefang/01-xiaoge-hehuoren.md")
    assert article and "解放区把全区的网格优化为多少个？" in list(number_questions(article))
