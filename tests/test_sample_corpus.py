"""The sample newspaper: every article as it was printed but for its sentences, and questions that it answers."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from assistant.corpus.files import read_corpus
from assistant.evaluation.metrics import accurate
from assistant.evaluation.questions import GoldQuestion, read_questions
from assistant.language.text import squeeze
from assistant.schema import Article

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "../shared/pages/000_b0fef3585fb1d04a.txt"
needs_page = pytest.mark.skipif(not PAGE.exists(), reason="the printed page is not beside this checkout")
COPIED = 30
"""So many characters in a row, blanks removed, are a sentence copied and not told anew."""


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    rows = list(read_corpus(ROOT / "corpus"))
    assert [row for row in rows if not isinstance(row, Article)] == []
    return {row.id: row for row in rows}


@pytest.fixture(scope="module")
def questions() -> list[GoldQuestion]:
    return read_questions(ROOT / "corpus" / "questions.jsonl")


def test_the_ten_articles_have_the_fields_of_the_page(articles: dict[str, Article]) -> None:
    assert [(article.section, article.kind, article.authors) for article in articles.values()] == [
        ("解放区", "news", ("詹长松", "张涛")),
        ("解放区", "news", ("詹长松",)),
        ("解放区", "news", ("翟倩倩",)),
        ("解放区", "news", ("张苗",)),
        ("解放区", "news", ("詹长松",)),
        ("解放区", "news", ("张苗",)),
        ("聚焦", "comment", ("筠溪",)),
        ("锐评", "comment", ("漆义",)),
        ("画中话", "caption", ("南海春",)),
        ("世说新语", "comment", ("郭剑",)),
    ]
    assert {(article.newspaper, article.date) for article in articles.values()} == {("焦作日报", "2025-11")}
    assert [article.kind for article in articles.values() if not article.title] == ["caption"]


def test_the_ids_are_the_paths(articles: dict[str, Article]) -> None:
    assert list(articles) == sorted(path.relative_to(ROOT / "corpus").as_posix()
                                    for path in (ROOT / "corpus").rglob("*.md"))


def test_the_questions_are_enough_and_well_formed(questions: list[GoldQuestion]) -> None:
    assert [question.error for question in questions if question.error] == []
    assert len(questions) >= 80 and sum(question.unanswerable for question in questions) >= 15
    assert len({squeeze(question.question) for question in questions}) == len(questions)


def test_every_answerable_question_has_gold_that_stands_in_its_articles(questions: list[GoldQuestion],
                                                                        articles: dict[str, Article]) -> None:
    for question in questions:
        if question.unanswerable:
            assert not question.answers, question.id
            continue
        assert question.articles and set(question.articles) <= articles.keys(), question.id
        texts = [squeeze(f"{article.title}{''.join(article.authors)}{article.section}{article.text}")
                 for article in map(articles.__getitem__, question.articles)]
        missing = [gold for gold in question.answers if not any(accurate(text, (gold,), "any") for text in texts)]
        assert question.answers and not missing, f"{question.id}: {missing} in {question.articles}"


def test_every_article_is_asked_about(questions: list[GoldQuestion], articles: dict[str, Article]) -> None:
    assert {article_id for question in questions for article_id in question.articles} == articles.keys()


@needs_page
def test_no_sentence_of_the_page_is_copied(articles: dict[str, Article]) -> None:
    page = squeeze(unicodedata.normalize("NFC", PAGE.read_text(encoding="utf-8")))
    for article in articles.values():
        text = squeeze(article.text)
        runs = [text[start:start + COPIED] for start in range(len(text) - COPIED + 1)]
        assert [run for run in runs if run in page] == [], article.id


@needs_page
def test_the_printed_page_gives_the_same_ten_articles(articles: dict[str, Article], tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_bytes(PAGE.read_bytes())
    printed = list(read_corpus(tmp_path))
    assert [getattr(article, "id", article) for article in printed] == [f"page.txt#{n}" for n in range(1, 11)]
    assert [squeeze(article.title or "") for article in printed] == [
        squeeze(article.title or "") for article in articles.values()]
    assert [(article.kind, article.authors) for article in printed] == [
        (article.kind, article.authors) for article in articles.values()]


@needs_page
def test_nothing_of_the_pages_figures_is_missing(articles: dict[str, Article]) -> None:
    """Digits of two places and more: counts, years, days, phone numbers."""
    page = unicodedata.normalize("NFKC", PAGE.read_text(encoding="utf-8"))
    told = unicodedata.normalize("NFKC", "".join(f"{a.title}{a.text}" for a in articles.values()))
    figures = set(re.findall(r"\d[\d.]+", squeeze(page))) - set(re.findall(r"\d[\d.]+", squeeze(told)))
    assert figures == set()
