"""What names in an answer's quotes mean where the question calls it otherwise, the quote leaves it to the article, or counts by
reigns: “我市”即云河市, “民国二十三年”即1934年."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.index.snapshot import Snapshot
from assistant.language.aliases import pointing
from assistant.language.dates import dates
from assistant.language.eras import is_named
from assistant.language.text import fold, squeeze
from assistant.question.analysis import Question
from assistant.question.terms import Terms
from assistant.schema import Answer, Citation

SHOWN = 4
"""Names explained under one answer; more would bury it."""


def with_names(answer: Answer, question: Question, terms: Terms, snapshot: Snapshot) -> Answer:
    """The answer with a note that says which names of its quotes mean what; itself where none needs it."""
    called = dict(terms.others)
    if question.topic and len(ways := snapshot.aliases.writings(question.topic)) > 1:
        called.setdefault(question.topic, ways[1:])
    said = dict.fromkeys(pair for citation in answer.citations for pair in (
        *_otherwise(citation, called), *((*_pointed(citation, snapshot), *_reigned(citation)) if answer.kind == "quotes" else ())))
    if not said or answer.refused:
        return answer
    note = "；".join(f"“{word.strip('“”')}”即{name}" for word, name in list(said)[:SHOWN])
    return answer.with_(notes=(*answer.notes, f"{note}。"))


def _otherwise(citation: Citation, called: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """(as the quote has it, as the question has it) of what the two call differently."""
    quote = squeeze(fold(citation.quote))
    for asked, names in called.items():
        held = [name for name in names if name in quote and name not in asked and asked not in name]
        if asked not in quote and held:
            yield max(held, key=len), asked


def _pointed(citation: Citation, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """(该区, the district that the article named before) for what the quote itself does not name."""
    article = snapshot.articles.held(citation.article_id)
    for one in pointing(article.text[:citation.end], start=citation.start):
        if one.name not in fold(citation.quote):
            yield article.text[one.start:one.end], one.name


def _reigned(citation: Citation) -> Iterator[tuple[str, str]]:
    """(乾隆二十三年, 1758年) for the years of reigns that the quote does not give otherwise."""
    for one in dates(citation.quote):
        if one.year and is_named(written := citation.quote[one.start:one.end]) and f"{one.year}年" not in citation.quote:
            yield written[:written.index("年") + 1], f"{one.year}年"
