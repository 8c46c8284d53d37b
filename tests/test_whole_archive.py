"""Questions answered from all articles of a small paper: counts, rankings, first and latest, what is covered, corrections,
rows of tables, two things at once."""

from __future__ import annotations

import json

import pytest

from assistant.catalogue import catalogue, matching
from assistant.chain import AnswerChain
from assistant.corrections import corrections
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import Embedding
from assistant.reading.reader import Reader
from assistant.reading.tables import asked_rows, tables
from assistant.retrieval import HybridRetriever
from assistant.schema import Answer, Article, Ask, Chunk, Filters, Passage, Turn

OPENING = "本报讯 3月2日，青屏镇泉水节在镇文化站开幕，来自各村的40支队伍参加，活动持续5天。"
ROWS = (
    {"id": "1", "date": "2025-03-03", "newspaper": "青屏时报", "page": "1", "authors": ["岑远"], "title": "泉水节开幕", "text": OPENING},
    {"id": "2", "date": "2025-03-04", "newspaper": "临江晚报", "page": "A3", "title": "青屏泉水节热闹开场", "text": OPENING},
    {"id": "3", "date": "2025-03-05", "newspaper": "青屏时报", "page": "2", "title": "更正",
     "text": "本报3月3日1版《泉水节开幕》一文中，“40支队伍”应为“44支队伍”。特此更正。"},
    {"id": "4", "date": "2025-03-05", "newspaper": "青屏时报", "page": "2", "authors": ["岑远", "闻静"], "section": "农事",
     "title": "茶农忙采摘", "text": "茶农冯大山在北坡种茶三十年，今年采摘鲜叶六百公斤，提高平均收入两成。"},
    {"id": "5", "date": "2025-03-07", "newspaper": "青屏时报", "page": "3", "authors": ["闻静"], "section": "农事",
     "title": "渔民换新船", "text": "渔民刘小河在临江渡口打鱼十二年，去年换了新船，年收入八万元。"},
    {"id": "6", "date": "2025-03-08", "newspaper": "青屏时报", "page": "4", "authors": ["岑远"], "title": "停电通知",
     "text": "因检修，下列村停电。\n\n| 村 | 停电日期 | 联系电话 |\n|---|---|---|\n| 河湾村 | 3月9日 | 6600101 |\n| 柳树村 | 3月12日 | 6600102 |\n| 槐荫村 | 3月10日 | 6600103 |"},
    {"id": "7", "date": "2025-03-08", "newspaper": "青屏时报", "page": "1", "title": "要闻导读", "text": "（详见3版）"},
)


@pytest.fixture(scope="module")
def chain(shipped_embedding: Embedding, shipped_reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> AnswerChain:
    """A chain on the paper of ROWS."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "corpus").mkdir()
    lines = (json.dumps(row, ensure_ascii=False) for row in ROWS)
    (folder / "corpus/paper.jsonl").write_text("\n".join(lines), encoding="utf-8")
    refresh(folder / "corpus", folder / "index", shipped_embedding)
    return AnswerChain(HybridRetriever(index=Index(folder / "index"), embedding=shipped_embedding), shipped_reader, suggest=False)


def cited(answer: Answer) -> list[str]:
    """The ids of the articles that an answer cites, in order."""
    return list(dict.fromkeys(citation.article_id for citation in answer.citations))


@pytest.mark.parametrize(("question", "said", "articles"), [
    ("哪些报道提到泉水节", "提到“泉水节”的报道有 2 篇", ["3", "1"]),
    ("青屏时报一共发了几篇", "青屏时报的报道有 5 篇", ["6", "5", "3", "4", "1"]),
    ("第2版有哪些文章", "第2版的报道有 2 篇", ["3", "4"]),
    ("农事栏目有哪些文章", "“农事”栏目的报道有 2 篇", ["5", "4"]),
    ("哪个记者写得最多", "最多的是岑远，3 篇", ["6", "4", "1", "3"]),
    ("按月统计岑远的报道", "| 2025年3月 | 3 篇 |", ["6", "4", "1", "3"]),
    ("最近一期报纸是哪天的", "最近一期报纸是 2025年3月8日", ["6"]),
    ("报库里最早的报道是哪一篇", "2025年3月3日", ["1", "3"]),
    ("最早报道茶农的是哪一篇", "提到“茶农”的最早的报道是 2025年3月5日", ["4"]),
    ("一共有多少篇文章", "其间没有报道的日子有 2 天：2025年3月4日、2025年3月6日", ["6", "5", "3", "4", "1"]),
])
def test_a_question_about_the_archive_is_answered_from_all_of_it(chain: AnswerChain, question: str, said: str,
                                                                 articles: list[str]) -> None:
    answer = chain.invoke(question)
    assert (said in answer.text, cited(answer), answer.refused) == (True, articles, False), answer.text


@pytest.mark.parametrize("question", ["哪些报道提到高平", "2019年有哪些报道", "第9版有哪些文章"])
def test_what_is_in_no_article_is_refused(chain: AnswerChain, question: str) -> None:
    assert chain.invoke(question).refused


def test_reprints_count_once_and_teasers_not_at_all(chain: AnswerChain) -> None:
    snapshot = chain.index.current()
    found = matching(snapshot, "泉水节", Filters())
    assert ([entry.id for entry in found.entries], found.reprints) == (["3", "1"], {"1": ("2",)})
    assert "7" not in catalogue(snapshot).by_id and "（同文另见临江晚报 2025年3月4日）" in chain.invoke("哪些报道提到泉水节").text


def test_a_topic_that_stands_nowhere_whole_is_looked_for_by_its_words(chain: AnswerChain) -> None:
    assert matching(chain.index.current(), "渔民新船", Filters()).parts == ("渔民", "新船")


def test_a_correction_stands_beside_every_answer_that_cites_what_it_corrects(chain: AnswerChain) -> None:
    found = corrections(chain.index.current())
    assert {(one.notice.id, one.corrects.id) for one in found} == {("3", "1"), ("3", "2")}
    answer = chain.invoke("泉水节有多少支队伍参加？")
    assert answer.text.rstrip("]").endswith("“40支队伍”应为“44支队伍”。”[2") and cited(answer)[-1] == "3"
    assert all(c.quote == c.quote.strip() for c in answer.citations)


@pytest.mark.parametrize(("question", "row", "emphasised"), [
    ("柳树村停电的联系电话是多少", "| 柳树村 | 3月12日 | 6600102 |", "6600102"),
    ("哪个村停电日期最晚", "| 柳树村 | 3月12日 | 6600102 |", "3月12日"),
    ("哪个村停电日期最早", "| 河湾村 | 3月9日 | 6600101 |", "3月9日"),
])
def test_a_row_is_told_under_its_header(chain: AnswerChain, question: str, row: str, emphasised: str) -> None:
    answer = chain.invoke(question)
    assert answer.text == f"| 村 | 停电日期 | 联系电话 |\n{row}[1]" and [answer.text[a:b] for a, b in answer.emphasis] == [emphasised]
    article = chain.index.current().articles.article("6")
    assert article and answer.citations[0].quote in article.text


def test_a_text_without_a_table_has_no_rows() -> None:
    article = Article("a", "甲|乙\n丙。")
    assert tables(article) == [] == asked_rows("丙是多少", [Passage(Chunk("a", 0, 0, 3, "甲|乙"), article, 1.0)])


def test_a_word_that_fills_a_cell_by_chance_names_no_row() -> None:
    text = "| 项目 | 地点 | 人数 |\n|---|---|---|\n| 检修 | 河湾村 | 12 |\n| 绿化 | 柳树村 | 待定 |"
    passages = [Passage(Chunk("a", 0, 0, len(text), text), Article("a", text), 1.0)]
    assert [row.cells[2].text for row in asked_rows("检修有多少人？", passages)] == ["12"]
    assert asked_rows("绿化有多少人？", passages) == []
    assert asked_rows("检修一共停了多少个地点？", passages) == []


@pytest.mark.parametrize("question", ["冯大山和刘小河分别是做什么的", "冯大山和刘小河分别做了多少年"])
def test_each_of_two_things_is_answered_with_its_source(chain: AnswerChain, question: str) -> None:
    answer = chain.invoke(question)
    assert "种茶三十年" in answer.text and "打鱼十二年" in answer.text and {"4", "5"} <= set(cited(answer))
    numbers = {citation.article_id: citation.n for citation in answer.citations}
    assert len(set(numbers.values())) == len(numbers) and all(f"[{n}]" in answer.text for n in numbers.values())


def test_a_part_that_is_not_found_is_said(chain: AnswerChain) -> None:
    answer = chain.invoke("冯大山和郝长顺分别是做什么的")
    assert "种茶三十年" in answer.text and "没有找到。" in answer.text


def test_a_name_in_latin_letters_is_found_by_its_spelling(chain: AnswerChain) -> None:
    answer = chain.invoke("How many articles did Cen Yuan write?")
    assert answer.understood.startswith("岑远")
    assert answer.notes[0].startswith("The newspaper is in Chinese")


@pytest.mark.parametrize(("question", "said"), [
    ("你是谁？", "我是报纸的问答助手"), ("写首诗", "这个我不会"), ("你答错了", "抱歉"), ("who are you", "I look answers up"),
])
def test_courtesy_never_quotes(chain: AnswerChain, question: str, said: str) -> None:
    answer = chain.invoke(question)
    assert (answer.text.startswith(said), answer.citations) == (True, ())


def test_a_list_is_narrowed_by_the_next_question(chain: AnswerChain) -> None:
    first = chain.invoke("哪些报道提到泉水节")
    answer = chain.invoke(Ask("只看3月3日的", (Turn(first.question, first.text),)))
    assert cited(answer)[:1] == ["1"] and answer.understood == "2025年3月3日的提到“泉水节”的报道有哪些"


def test_the_corrections_that_were_printed_are_listed_with_what_they_put_right(chain: AnswerChain) -> None:
    answer = chain.invoke("2025年报纸更正过哪些报道？")
    assert answer.text.startswith("2025年的报纸登过的更正有 1 则：\n《泉水节开幕》")
    assert "“40支队伍”应为“44支队伍”" in answer.text and "（2025年3月5日更正）" in answer.text
    assert cited(answer)[:2] == ["1", "3"]


def test_the_page_on_which_a_report_stands(chain: AnswerChain) -> None:
    answer = chain.invoke("渔民换新船的报道登在哪一版？")
    assert (answer.refused, cited(answer)) == (False, ["5"])
    assert answer.text.startswith("《渔民换新船》，青屏时报，2025年3月7日，农事，闻静，登在第3版。")
