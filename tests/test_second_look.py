"""What the article around a chunk adds to the chunk's own score."""

from __future__ import annotations

import pytest

from assistant.question.terms import Terms
from assistant.schema import Article
from assistant.second_look import look_again

ARTICLES = {
    "whole": Article("whole", "甲街道的老人食堂开张了。许多居民来吃饭。\n食堂每天供应三十种菜。"),
    "part": Article("part", "乙街道的食堂每天供应二十种菜。"),
    "titled": Article("titled", "每天供应四十种菜。", title="甲街道老人食堂"),
}
QUESTION = "甲街道老人食堂每天供应多少种菜？"


def looked(scores: dict[str, float], *again: str) -> dict[str, float]:
    return look_again(Terms.of(QUESTION, lambda _: 1.0), scores, again or scores, ARTICLES.__getitem__)


def test_a_chunk_whose_article_knows_the_rest_of_the_question_comes_first() -> None:
    scores = looked({"whole@1": 9.0, "part@0": 10.0})
    assert scores["whole@1"] > scores["part@0"]


def test_the_title_belongs_to_the_article() -> None:
    scores = looked({"titled@0": 5.0, "part@0": 5.0})
    assert scores["titled@0"] > scores["part@0"]


def test_scores_lie_between_0_and_1_and_equal_articles_keep_their_order() -> None:
    scores = looked({"whole@1": 10.0, "whole@0": 5.0, "part@0": 0.1})
    assert 1 >= scores["whole@1"] > scores["whole@0"] > scores["part@0"] > 0


def test_what_is_not_looked_at_keeps_its_share_and_what_has_no_score_gets_one() -> None:
    scores = looked({"part@0": 10.0, "titled@0": 5.0}, "whole@0")
    assert scores["part@0"] == pytest.approx(2 * scores["titled@0"]) and scores["whole@0"] > scores["part@0"]


def test_a_question_without_a_word_adds_nothing() -> None:
    assert look_again(Terms.of("？", lambda _: 1.0), {}, ["whole@0"], ARTICLES.__getitem__) == {"whole@0": 0.0}
