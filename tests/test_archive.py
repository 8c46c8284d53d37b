"""Questions about the archive, answered from the sample newspaper."""

from __future__ import annotations

import pytest

from assistant.chain import AnswerChain
from assistant.schema import Answer, Ask, Turn


def cited(answer: Answer) -> list[str]:
    """The numbers of the sample's articles that an answer cites, in order."""
    return list(dict.fromkeys(citation.article_id.removeprefix("jiefang/")[:2] for citation in answer.citations))


def talk(chain: AnswerChain, *questions: str) -> Answer:
    """The answer to the last of several questions of one conversation."""
    history: tuple[Turn, ...] = ()
    for question in questions:
        answer = chain.invoke(Ask(question, history))
        history += (Turn(question, answer.text),)
    return answer


@pytest.mark.parametrize(("question", "opening", "articles"), [
    ("张苗写了几篇", "张苗署名的报道有 2 篇：", ["04", "06"]),
    ("2025年11月的评论有哪些", "评论、2025年11月的报道有 3 篇：", ["07", "08", "10"]),
    ("关于网格的报道有几篇", "提到“网格”的报道有 2 篇：", ["01", "10"]),
    ("“世说新语”栏目的文章", "“世说新语”栏目的报道有 1 篇：", ["10"]),
    ("詹长松写过关于科普的报道吗", "詹长松署名的提到“科普”的报道有 1 篇：", ["05"]),
    ("南海春的漫画有哪些", "南海春署名、图片和漫画的报道有 1 篇：", ["09"]),
    ("总共收录了多少文章", "报道有 10 篇", [f"{n:02d}" for n in range(1, 11)]),
])
def test_lists_and_counts(sample_chain: AnswerChain, question: str, opening: str, articles: list[str]) -> None:
    answer = sample_chain.invoke(question)
    assert (answer.kind, answer.refused, answer.text.splitlines()[0], sorted(cited(answer))) == ("articles", False, opening, articles)
    assert answer.text.splitlines()[0][slice(*answer.emphasis[0])] == f"{len(articles)} 篇"


@pytest.mark.parametrize(("question", "scope"), [
    ("2024年的评论", "（只看评论、2024年）"), ("去年10月有哪些报道", "（只看"), ("有没有关于养老院的报道", ""),
])
def test_an_empty_list_is_a_refusal_that_says_what_was_looked_at(sample_chain: AnswerChain, question: str, scope: str) -> None:
    answer = sample_chain.invoke(question)
    assert answer.refused and answer.text.startswith(f"在 10 篇报道（焦作日报，2025年11月）里{scope}")
    assert "没有找到这样的报道。" in answer.text and len(cited(answer)) == 3


def test_the_second_of_a_list_is_told_and_its_author(sample_chain: AnswerChain) -> None:
    listed = talk(sample_chain, "詹长松写了哪些报道")
    second = cited(listed)[1]
    gist = talk(sample_chain, "詹长松写了哪些报道", "第二篇讲了什么")
    assert (cited(gist), gist.citations[0].start, gist.refused) == ([second], 0, False)
    author = talk(sample_chain, "詹长松写了哪些报道", "第二篇讲了什么", "它是谁写的")
    assert cited(author) == [second] and author.text.startswith("署名：詹长松。")


def test_the_piece_without_a_title_is_picked_by_its_opening(sample_chain: AnswerChain) -> None:
    assert cited(talk(sample_chain, "南海春的漫画有哪些", "第一篇讲了什么")) == ["09"]


def test_a_list_that_is_told_has_no_more(sample_chain: AnswerChain) -> None:
    answer = talk(sample_chain, "最近有什么新闻", "还有呢")
    assert (answer.text, answer.refused, answer.citations) == ("报道有 10 篇，已经全部列出。", False, ())


def test_a_work_that_was_written_about_is_no_article(sample_chain: AnswerChain) -> None:
    answer = sample_chain.invoke("《等待》的主要内容是什么")
    assert "开头是" not in answer.text and cited(answer)[0] == "06"
    assert "科研工作扎根戈壁" in answer.text
    assert sample_chain.invoke("《不存在的文章》讲了什么？").refused


def test_this_piece_is_asked_back_where_none_was_named(sample_chain: AnswerChain) -> None:
    answer = sample_chain.invoke("这篇报道讲了什么")
    assert (answer.kind, answer.refused, answer.citations) == ("hint", False, ())
    assert cited(talk(sample_chain, "王忠殿是哪年牺牲的", "这篇报道讲了什么")) == ["02"]


def test_the_sources_that_a_question_names_are_searched_and_shown(sample_chain: AnswerChain) -> None:
    answer = sample_chain.invoke("詹长松写的报道里，网格员有多少名")
    assert "56名" in answer.text and answer.understood.endswith("（只看詹长松署名）")
    assert {passage.article.authors[0] for passage in answer.passages} == {"詹长松"}


def test_where_those_sources_say_nothing_the_rest_is_searched_with_a_note(sample_chain: AnswerChain) -> None:
    answer = sample_chain.invoke("锐评栏目里说王忠殿事迹陈列馆馆长是谁")
    assert answer.notes == ("只看“锐评”栏目没有找到答案，下面来自其他报道。",)
    assert "陈海霞" in answer.text and cited(answer)[0] == "02"
