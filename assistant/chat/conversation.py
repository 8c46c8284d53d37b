"""A conversation as the visitor's browser keeps it between visits.

What comes back from a browser may be anything. So it holds no HTML and no article text beyond the quotes:
articles are fetched from the archive again, and a quote that no longer stands in its article is dropped.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from assistant.export.documents import Find
from assistant.language.dating import cite
from assistant.retrieval import distinct_articles
from assistant.schema import Answer, Chunk, Citation, Filters, Passage, Step, Turn

TURNS = 50
"""Turns of a conversation that are kept; when an older one leaves the page, the page says so."""
QUESTION_CHARACTERS = 2_000
"""A longer question is kept, shown and reported cut to this."""
ANSWER_CHARACTERS = 20_000
QUOTES = 60
ARTICLES = 30
"""Articles found for a question that are kept, each by its best passage."""
LINES = 12
LINE_CHARACTERS = 300

Saved = list[dict[str, Any]]


def save(answers: Sequence[Answer]) -> Saved:
    """The last turns as JSON values."""
    return [_saved_turn(answer) for answer in answers[-TURNS:]]


def restore(saved: object, find: Find) -> list[Answer]:
    """The answers that `save` wrote, oldest first, with their articles fetched by `find`.

    A turn that is not as `save` writes it is dropped.
    """
    answers = []
    for turn in saved[-TURNS:] if isinstance(saved, list) else []:
        try:
            answers.append(_restored_turn(turn, find))
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return answers


def history(answers: Sequence[Answer]) -> tuple[Turn, ...]:
    """The conversation as the chain reads it: plain questions and plain answers, without our own hints."""
    return tuple(Turn(answer.question, answer.text) for answer in answers if answer.kind != "hint")


def stamped(answer: Answer, time: str, key: bytes) -> Answer:
    """The answer with the time at which it was given and the seal of the server that holds the key."""
    timed = answer.with_(stamp=time)
    return timed.with_(stamp=f"{time} {_seal(_saved_turn(timed), key)}")


def is_stamped(turn: object, key: bytes) -> bool:
    """Whether a turn that came back from a browser is, to the letter, an answer that this server gave; none is
    without a key."""
    if not key or not isinstance(turn, dict) or not isinstance(turn.get("stamp"), str):
        return False
    time, _, seal = turn["stamp"].partition(" ")
    return hmac.compare_digest(seal, _seal({**turn, "stamp": time}, key))


def _seal(turn: dict[str, Any], key: bytes) -> str:
    written = json.dumps(turn, ensure_ascii=True, sort_keys=True).encode()
    return hmac.new(key, written, hashlib.sha256).hexdigest()


def _saved_turn(answer: Answer) -> dict[str, Any]:
    return {
        "question": answer.question[:QUESTION_CHARACTERS],
        "text": answer.text[:ANSWER_CHARACTERS],
        "kind": answer.kind,
        "refused": answer.refused,
        "emphasis": [list(span) for span in answer.emphasis[:LINES]],
        "citations": [[c.n, c.article_id, c.start, c.quote] for c in answer.citations[:QUOTES]],
        "passages": [[p.article.id, p.chunk.start, p.chunk.end, *(twin.id for twin in p.reprints[:LINES])]
                     for p in distinct_articles(answer.passages)[:ARTICLES]],
        "understood": answer.understood[:QUESTION_CHARACTERS],
        "read": {one.name: value[:LINE_CHARACTERS] for one in fields(Filters) if (value := getattr(answer.read, one.name))},
        "notes": [note[:LINE_CHARACTERS] for note in answer.notes[:LINES]],
        "follow_ups": [question[:LINE_CHARACTERS] for question in answer.follow_ups[:LINES]],
        "steps": [[s.name[:LINE_CHARACTERS], s.seconds, s.detail[:LINE_CHARACTERS]] for s in answer.steps[:LINES]],
        "stamp": answer.stamp[:LINE_CHARACTERS],
    }


def _restored_turn(turn: dict[str, Any], find: Find) -> Answer:
    found = [_citation(*row, find=find) for row in turn["citations"][:QUOTES]]
    citations, notes = _numbered_once(filter(None, found)), _texts(turn["notes"])
    if None in found:
        notes += ("有的引文已不在报库里。\nSome of the quotes are no longer in the archive.",)
    passages = [_passage(*row, find=find) for row in turn["passages"][:ARTICLES]]
    return Answer(
        question=_text(turn["question"], QUESTION_CHARACTERS),
        text=_text(turn["text"], ANSWER_CHARACTERS),
        kind=_text(turn["kind"]),
        refused=turn["refused"] is True,
        citations=citations,
        passages=tuple(filter(None, passages)),
        emphasis=tuple((_count(start), _count(end)) for start, end in turn["emphasis"][:LINES]),
        understood=_text(turn["understood"], QUESTION_CHARACTERS),
        read=_filters(turn.get("read", {})),
        notes=notes,
        follow_ups=_texts(turn["follow_ups"]),
        steps=tuple(Step(_text(name), float(seconds), _text(detail))
                    for name, seconds, detail in turn["steps"][:LINES]),
        stamp=_text(turn.get("stamp", "")),
    )


def _citation(n: object, article_id: object, start: object, quote: object, *, find: Find) -> Citation | None:
    """The citation where its quote stands in the article now, or None."""
    article, quote, n, at = find(_text(article_id)), _text(quote, ANSWER_CHARACTERS), _count(n), _count(start)
    if article is None or not quote:
        return None
    if not article.text.startswith(quote, at):
        at = article.text.find(quote)
    return None if at < 0 else cite(n, article, at, at + len(quote))


def _numbered_once(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """Those whose number is their article's alone, as an answer numbers them: each number becomes a card."""
    articles: dict[int, str] = {}
    numbers: dict[str, int] = {}
    return tuple(one for one in citations if articles.setdefault(one.n, one.article_id) == one.article_id
                 and numbers.setdefault(one.article_id, one.n) == one.n)


def _passage(article_id: object, start: object, end: object, *reprints: object, find: Find) -> Passage | None:
    article, start, end = find(_text(article_id)), _count(start), _count(end)
    if article is None or not start < end <= len(article.text):
        return None
    twins = tuple(filter(None, (find(_text(twin)) for twin in reprints[:LINES])))
    return Passage(Chunk(article.id, 0, start, end, article.text[start:end]), article, 0.0, twins)


def _filters(given: dict[str, object]) -> Filters:
    known = {one.name for one in fields(Filters)}
    return Filters(**{name: _text(value) for name, value in given.items() if name in known})


def _text(value: object, length: int = LINE_CHARACTERS) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value[:length]


def _texts(values: list[object]) -> tuple[str, ...]:
    return tuple(_text(value) for value in values[:LINES])


def _count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 10**9:
        raise ValueError("a number of characters was expected")
    return value
