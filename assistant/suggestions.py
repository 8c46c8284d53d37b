"""Questions to offer: made by rule from the archive's own sentences, and offered only once they are answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, zip_longest

from assistant.index.snapshot import Snapshot
from assistant.language.named import named
from assistant.language.quantities import numbers
from assistant.language.text import HAN, sentences, squeeze
from assistant.reading.timeline import timeline
from assistant.schema import Answer, Article

FOLLOW_UPS = 3
LOOKED_AT = 40
"""Newest articles from which starters are made."""
SUBJECTS = 12
"""Places, bodies and people of their titles that are tried."""
SEVERAL = 3
MENTIONS = 40
"""Chunks looked at for one of them."""
TITLE = 24
"""Characters of a title that stands well in a question."""
_BEFORE = re.compile(rf"(?:^|[，。；：])(?P<clause>[{HAN}“”《》·]{{4,18}})$")
_AFTER = re.compile(rf"[{HAN}]{{0,10}}(?=[，。；])")
_COUNTED = frozenset(("人", "次", "物", "元", ""))
"""Kinds of units that count things; what is measured makes no question that stands alone."""
_POINTING = re.compile(r"^(其中|此次|该|这|那|他|她|它|并|还|也|同时|目前|已|共|累计|今年|现场|全年|活动)|[的了]$")


def number_questions(article: Article) -> Iterator[str]:
    """Questions for a counted thing, made of a clause that counts it and names a place or body: it stands alone."""
    for start, end in sentences(article.text):
        sentence = article.text[start:end]
        for number in numbers(sentence):
            before, after = _BEFORE.search(sentence, 0, number.left), _AFTER.match(sentence, number.right)
            if not (before and after and number.measure and number.unit in _COUNTED):
                continue
            clause = before["clause"]
            if named(clause) and not _POINTING.search(clause) and not ("“" in clause and "”" not in clause):
                yield f"{clause}多少{number.measure}{after.group()}？"


def gist_question(article: Article) -> str:
    """A question for what a titled article says."""
    return f"《{article.title}》讲了什么？" if article.title else ""


def list_questions(snapshot: Snapshot, subjects: Iterable[str]) -> Iterator[str]:
    """Questions for the articles that mention a subject, where there are several."""
    for subject in subjects:
        if len(_mentioning(snapshot, subject)) >= SEVERAL:
            yield f"提到{subject}的报道有哪些？"


def timeline_questions(snapshot: Snapshot, subjects: Iterable[str]) -> Iterator[str]:
    """Questions for what happened to a subject when, where several dates are told."""
    for subject in subjects:
        if len(timeline(subject, _mentioning(snapshot, subject))) >= SEVERAL:
            yield f"{subject}的时间线"


def starters(snapshot: Snapshot, is_answered: Callable[[str], bool], n: int) -> list[str]:
    """At most `n` answered questions: a figure, a list, a timeline and an author by turns, then what a piece says."""
    newest = list(islice(snapshot.articles.articles(), LOOKED_AT))
    named_by = [dict.fromkeys(thing.text for article in newest for thing in named(article.title or article.text[:TITLE])
                              if thing.kind in kinds) for kinds in (("place", "name"), ("person",))]
    counted = (next(filter(is_answered, number_questions(article)), "") for article in newest)
    lists = list_questions(snapshot, islice(named_by[0], SUBJECTS))
    timelines = timeline_questions(snapshot, islice((*named_by[1], *named_by[0]), SUBJECTS))
    authors = (f"{name}写了哪些报道？" for name in dict.fromkeys(a.authors[0] for a in newest if a.authors))
    gists = (gist_question(article) for article in reversed(newest) if len(article.title or "") <= TITLE)
    first = (next(filter(is_answered, kind), "") for kind in (counted, lists, timelines, authors))
    turns = chain(first, (question for turn in zip_longest(counted, gists, authors, fillvalue="") for question in turn))
    return list(islice((question for question in _distinct(turns) if is_answered(question)), n))


def untried(snapshot: Snapshot, n: int) -> list[str]:
    """At most `n` questions for what the newest articles say and what their authors wrote."""
    newest = list(islice(snapshot.articles.articles(), LOOKED_AT))
    gists = (gist_question(article) for article in newest if len(article.title or "") <= TITLE)
    authors = (f"{article.authors[0]}写了哪些报道？" for article in newest if article.authors)
    return list(islice(_distinct(chain.from_iterable(zip_longest(gists, authors, fillvalue=""))), n))


def _distinct(questions: Iterable[str]) -> Iterator[str]:
    """Each question once, as it comes: what is not wanted any more is not made."""
    seen = {""}
    for question in questions:
        if question not in seen:
            seen.add(question)
            yield question


def _mentioning(snapshot: Snapshot, subject: str) -> list[Article]:
    """The articles that mention a subject; only some of very many."""
    ids = dict.fromkeys(chunk_id.rpartition("@")[0] for chunk_id, _ in snapshot.words.best_holding(subject, MENTIONS))
    return [article for article in map(snapshot.articles.article, ids) if article]


def follow_ups(snapshot: Snapshot, answer: Answer, is_answered: Callable[[str], bool]) -> list[str]:
    """At most FOLLOW_UPS answered questions on the articles cited: another figure, the gist, the author's pieces."""
    cited = dict.fromkeys(citation.article_id for citation in answer.citations)
    offered: list[str] = []
    for article in filter(None, map(snapshot.articles.article, list(cited)[:2])):
        offered += [question for question in islice(number_questions(article), 4)
                    if squeeze(question) != squeeze(answer.question)][:2]
        offered += [gist_question(article), *(f"{name}写了哪些报道？" for name in article.authors[:1])]
    asked = answer.question.rstrip("？?")
    unlike = (question for question in dict.fromkeys(offered) if question and question.rstrip("？") != asked)
    return list(islice(filter(is_answered, unlike), FOLLOW_UPS))
