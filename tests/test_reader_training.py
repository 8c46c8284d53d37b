"""Fitting the reader on a made-up archive: what comes out reads the questions it was fitted on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from assistant.index.chunking import chunk_article
from assistant.evaluation.questions import GoldQuestion
from assistant.index.words import LexicalIndex
from assistant.question.analysis import understand
from assistant.reading.reader import Reader
from assistant.training.reader import background, fit
from assistant.schema import Article, Ask, Passage

PLACES = [f"{first}{second}" for first in "甲乙丙丁戊己" for second in "东西南北中"]


def article(number: int, place: str) -> Article:
    text = (f"{place}街道昨日开会，商量冬天的供暖和道路的清扫。会议由街道主任主持，居民代表也来了。"
            f"{place}街道图书馆今年接待读者{100 + 7 * number}名，比去年多。馆里新添了桌椅，周末也开门。"
            f"下一步，{place}街道还要修一条通往公园的小路，让老人走得更稳。")
    return Article(f"news.jsonl#{number + 1}", text, date="2025-11")


def test_what_is_fitted_reads_what_it_was_fitted_on(tmp_path: Path) -> None:
    articles = [article(number, place) for number, place in enumerate(PLACES)]
    questions = []
    for number, place in enumerate(PLACES):
        ids = (articles[number].id,)
        questions += [
            GoldQuestion(1, f"a{number}", f"{place}街道图书馆接待了多少名读者？", (f"{100 + 7 * number}名",), "any", ids),
            GoldQuestion(2, f"u{number}", f"{place}街道图书馆的门票多少元？", (), "any", ids, True),
        ]
    stages: list[str] = []
    scores = fit(articles, questions, tmp_path / "reader", lambda stage, done, total: stages.append(stage))
    assert set(scores) == {"auroc", "false_refusals", "refused"} and scores["auroc"] > 0.9
    assert list(dict.fromkeys(stages)) == ["words", "reading", "cross-validating"]

    reader = Reader.from_folder(tmp_path / "reader")
    index = LexicalIndex.create(tmp_path / "words")
    for each in articles:
        index.add(each, chunk_article(each))
    index.commit()
    asked = understand(Ask("丙中街道图书馆接待了多少名读者？"), lambda _: False, lambda _: False, date(2025, 11, 30))
    by_id = {chunk.id: (chunk, each) for each in articles for chunk in chunk_article(each)}
    passages = [Passage(*by_id[chunk_id], score) for chunk_id, score in index.search(asked.search, 5)]
    reading = reader.read(asked, passages, reader.idf(index))
    assert f"{100 + 7 * PLACES.index('丙中')}名" in "".join(quote.text for quote in reading.quotes)


def test_background_counts_chunks_not_occurrences() -> None:
    chunks, counts = background([Article("a", "公园公园公园开门。"), Article("b", "公园关门。")])
    assert (chunks, counts["公园"], counts["开门"]) == (2, 2, 1)
