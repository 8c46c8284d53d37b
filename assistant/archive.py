"""Questions about the archive itself: lists and counts of articles, what a piece says, who wrote it, timelines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant import answers
from assistant.question.filters import PIECES
from assistant.question.analysis import Question
from assistant.reading.reader import Reading
from assistant.schema import Answer, Article, Coverage, Passage
from assistant.index.snapshot import Snapshot
from assistant.language.text import fold, squeeze, words
from assistant.reading.timeline import timeline

MENTIONS = 2000
"""Chunks looked through for a topic; a list of articles needs no more."""
_SOME_PIECE = re.compile(rf"^(?:请|帮我)?(?:概括|总结|介绍)?(?:一下)?(?:这|那|该|上述)(?:篇|则|条|个|幅)?(?:{PIECES}|$)")


def about_archive(question: Question, passages: Sequence[Passage], snapshot: Snapshot,
                  coverage: Coverage) -> Answer | None:
    """The answer to a question about the archive; None where it asks for a fact, or must be read for like one."""
    if question.kind == "articles":
        listed = matching_articles(snapshot, question)
        return (answers.articles(question, listed, coverage) if listed
                else answers.refusal(question, Reading(), passages, coverage)).with_(passages=tuple(passages))
    if question.kind == "timeline":
        rows = timeline(question.topic, matching_articles(snapshot, question))
        return answers.timeline(question, rows).with_(passages=tuple(passages)) if rows else None
    if question.kind not in ("gist", "byline"):
        return None
    if not question.completed and _SOME_PIECE.match(squeeze(question.search)):
        return answers.which_piece(question)
    return _about_piece(question, passages, coverage)


def matching_articles(snapshot: Snapshot, question: Question) -> list[Article]:
    """The articles under the question's filters that hold every word of its topic, newest first."""
    if not question.topic:
        return list(snapshot.articles.articles(question.filters))
    parts = [word for word in words(question.topic) if len(word) > 1] or [fold(question.topic)]
    found = dict.fromkeys(chunk_id.rpartition("@")[0] for chunk_id, _ in
                          snapshot.words.search(question.topic, MENTIONS, question.filters))
    articles = [article for article in map(snapshot.articles.article, found)
                if article and all(part in fold(f"{article.title or ''}\n{article.text}") for part in parts)]
    return sorted(articles, key=lambda article: (article.date or "", article.id), reverse=True)


def _about_piece(question: Question, passages: Sequence[Passage], coverage: Coverage) -> Answer | None:
    """The gist or byline of the article that the question names by its title, else of the best found.

    None where a 《title》 is no article's but stands in one: it is a work that was written about. A refusal
    where it is nowhere.
    """
    asked = squeeze(fold(question.search))
    piece = next((passage.article for passage in passages if _is_named(passage.article, asked)), None)
    if piece is None and (title := re.search(r"《(.+?)》", asked)):
        if any(title[1] in squeeze(fold(f"{passage.article.title}{passage.article.text}")) for passage in passages):
            return None
    elif piece is None and passages:
        piece = passages[0].article
    if piece is None:
        return answers.refusal(question, Reading(), passages, coverage)
    if question.kind == "gist":
        return answers.gist(question, piece, passages)
    return answers.byline(question, piece, passages, coverage)


def _is_named(article: Article, asked: str) -> bool:
    """Whether a folded, squeezed question holds the article's title, a line of it, or the opening in its place."""
    heading = fold(article.heading.rstrip("…"))
    return squeeze(heading) in asked or any(len(part) > 3 and part in asked for part in heading.split())
