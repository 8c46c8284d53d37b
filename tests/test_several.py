"""Questions about several things, over the invented city of tests/several: each part is answered, or said not to be found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.chain import AnswerChain
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.language.dating import cite
from assistant.models.embedding import Embedding
from assistant.parts import answered
from assistant.question.analysis import Question
from assistant.question.intent import Intent, shipped_model
from assistant.question.parts import split
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever
from assistant.schema import Answer, Article, Chunk, Passage

SEVERAL = Path(__file__).with_name("several")
FLOOR = 0.85
"""The share of the cases that must be right."""


@pytest.fixture(scope="module")
def chain(shipped_embedding: Embedding, shipped_reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> AnswerChain:
    index = tmp_path_factory.mktemp("several") / "index"
    refresh(SEVERAL / "corpus", index, shipped_embedding)
    return AnswerChain(HybridRetriever(index=Index(index), embedding=shipped_embedding), shipped_reader, suggest=False)


def quotes_are_verbatim(answer: Answer, chain: AnswerChain) -> bool:
    articles = chain.index.current().articles
    held = [(articles.article(citation.article_id), citation) for citation in answer.citations]
    return all(article is not None and citation.quote in article.text for article, citation in held)


def test_each_thing_is_answered_by_itself_and_figures_are_told_together(chain: AnswerChain) -> None:
    cases = [json.loads(line) for line in (SEVERAL / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    faults = []
    for case in cases:
        answer = chain.invoke(case["question"])
        assert quotes_are_verbatim(answer, chain), case
        if missing := [words for words in case["holds"] if words not in answer.text]:
            faults.append(f"{case['question']}: {missing} not in\n{answer.text}\n")
    assert 1 - len(faults) / len(cases) >= FLOOR, "\n".join(faults)


def test_a_sum_is_told_as_computed_and_its_terms_stand_in_the_quotes(chain: AnswerChain) -> None:
    answer = chain.invoke("东泽区和西泽区一共改造多少个老旧小区")
    assert "合计（由上面的数算出）：46个 + 31个 = 77个。" in answer.text
    assert {citation.article_id.partition("#")[2] or citation.article_id for citation in answer.citations} == {"jiu1", "jiu2"}


@pytest.mark.parametrize(("question", "parts"), [
    ("茶农和渔民谁的收入高", ("茶农的收入多高", "渔民的收入多高")),
    ("云河一中和二中哪个先开学", ("云河一中什么时候开学", "云河二中什么时候开学")),
    ("灯会谁主办谁承办", ("灯会谁主办", "灯会谁承办")),
    ("今年灯会哪天开始、哪天结束", ("今年灯会哪天开始", "今年灯会哪天结束")),
    ("夜市从几点到几点", ()),
    ("市一中和实验中学今年录取线分别是多少", ("市一中今年录取线是多少", "实验中学今年录取线是多少")),
    ("大埔村和大浦村各靠什么挣钱", ("大埔村靠什么挣钱", "大浦村靠什么挣钱")),
    ("灯会男子和女子冠军各是谁", ("灯会男子冠军是谁", "灯会女子冠军是谁")),
    ("国庆假期青石山茶园和石门桥景区各来了多少游客，哪个多", ("国庆假期青石山茶园来了多少游客", "国庆假期石门桥景区来了多少游客")),
    ("市图书馆和市博物馆分别几点关门", ("市图书馆几点关门", "市博物馆几点关门")),
    ("冯大山与他儿子是什么关系", ()),
    ("电梯和水管谁来换", ()),
])
def test_a_question_is_split_by_its_things(question: str, parts: tuple[str, ...]) -> None:
    assert split(question, Intent("fact", 1.0, 1.0, shipped_model().read(question).slots)).questions == parts


def test_what_is_asked_of_each_is_compared_too() -> None:
    asked = "茶村和渔村各有多少人，哪个多"
    assert split(asked, Intent("fact", 1.0, 1.0, shipped_model().read(asked).slots)).together == "more"


def test_a_figure_that_is_told_before_the_thing_is_named_is_not_compared() -> None:
    text = "全市接待游客31万人次。青石山接待9万人次，石门桥接待6万人次。"
    article = Article("a", text=text)
    passage = Passage(Chunk("a", 0, 0, len(text), text), article, 1.0)
    parts = tuple(Question(f"{thing}接待多少游客", f"{thing}接待多少游客") for thing in ("青石山", "石门桥"))
    question = Question("哪个多", "哪个多", parts=parts, things=("青石山", "石门桥"), together="more")

    def told(quotes: dict[str, str]) -> str:
        found = answered(question, lambda part: Answer(part.text, quotes[part.text[:3]] + "[1]", "quotes", passages=(passage,),
                                                       citations=(cite(1, article, 0, len(text), None),)))
        return found.text if found else ""

    assert "比较（由上面的数算出）：青石山9万人次，石门桥6万人次，相差3万人次。" in told(
        {"青石山": "其中青石山接待9万人次", "石门桥": "全市接待游客31万人次，其中石门桥接待6万人次"})
    assert "比较" not in told({"青石山": "全市接待游客31万人次", "石门桥": "其中石门桥接待6万人次"})
