"""Questions, their articles and what retrieval finds for them → the windows that the reader is trained on.

A window is a run of sentences (a long one cut at commas) like those that are read at query time. Each pass over the
questions draws other windows and other negatives, so that four passes are no repetition.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from assistant.evaluation.questions import read_questions
from assistant.index.snapshot import Snapshot
from assistant.language.text import clauses, pieces, sentences
from assistant.question.terms import Terms
from assistant.reading.reader import Reader
from assistant.reading.windows import LONGEST_SENTENCE, lead
from assistant.reading.windows import windows as cut_windows
from assistant.retrieval import HybridRetriever
from assistant.schema import Article, Passage
from assistant.training.swapped import Swaps

Span = tuple[int, int]
Progress = Callable[[str, int, int | None], None]

SIZES = (24, 210)
"""Characters of a training window, drawn evenly: whatever is chosen at query time, the reader has seen it. With 90 as the
least, whatever answered was long, and the reader took a short report for one that does not answer."""
CLAUSES, CLAUSES_OF_A_PART = 34, 12
"""An answer without annotated evidence is quoted with its clauses, to at least so many characters; each of several
parts of an answer to fewer."""
JOINED = 25
"""Parts of an answer that stand no further apart are one piece of evidence."""
ALIKE = 0.5
"""Share of the evidence's trigrams from which another article's window is taken to say the same."""
HELD_OUT = 10
"""Every so-manieth article is never trained on; the questions on it fit what orders and refuses."""
PASSAGES, READ = 12, 8
"""Found passages of a question that negatives are drawn from, and windows of them that the start's reader reads."""
SUREST, TAKEN = 0.5, 3
"""Share of the negatives that are among so many windows of which the start is surest that they answer (as the negatives of
Xiong et al., 2021); the reader's card has what a run with them gained."""
ELSEWHERE, SAME_ARTICLE, UNANSWERED_ELSEWHERE = 0.75, 0.9, 0.75
"""Shares of the questions that get a window of another article, of the same one without the answer, and, where nothing
answers, a further one: with the same article at 0.6 the reader took another sentence of it more often."""
SWAPPED = 0.5
"""Share of the answerable questions that are asked again of the same window with one thing put wrong, where it names one."""
NAMING = 4000
"""Questions whose things are put for others'."""
TITLED, REDATED, YEARS, TITLE = 0.4, 0.5, (2015, 2027), (8, 30)
"""Shares of the windows whose article gets a title of so many characters, out of its beginning, and another year: not every
archive is without titles and of one year, as that of the questions is."""
WEAK = 0.5
"""What evidence counts that is only guessed from the answer's place."""
SHORT = 0.7
"""What the short answer counts: annotators cut it less alike than evidence."""
KEPT_EVERY = 200
"""Searches after which what was found is written down."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to learn from. `found` are the (article id, start, end) that retrieval found, best first; `read` windows of
    them, those first of which the start is surest that they answer."""

    question: str
    articles: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    all_needed: bool = False
    answerable: bool = True
    evidence: tuple[str, ...] = ()
    premise: str = ""
    found: tuple[tuple[str, int, int], ...] = ()
    read: tuple[tuple[str, int, int], ...] = ()

    @property
    def held_out(self) -> bool:
        """Whether one of its articles is never trained on."""
        return any(map(held_out, self.articles))

    def to_json(self) -> dict[str, Any]:
        """The question as a line of a question file; without its id, which another file may have too."""
        return {"question": self.question, "answers": self.answers, "need": "all" if self.all_needed else "any",
                "articles": self.articles, "unanswerable": not self.answerable}


@dataclass(frozen=True, slots=True)
class Example:
    """A question with one window and its lead: whether it answers, and where. Spans are of `window`, none where it does not.

    `all_needed`: every span is wanted, not any of them. `weights` are of whether it answers, evidence, short answer.
    """

    question: str
    lead: str
    window: str
    answers: bool
    evidence: tuple[Span, ...] = ()
    short: tuple[Span, ...] = ()
    all_needed: bool = False
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)


def held_out(article_id: str) -> bool:
    """Whether an article is one of those that are never trained on: the same ones for every run and machine."""
    return crc32(article_id.encode()) % HELD_OUT == 0


def read(path: Path) -> list[Asked]:
    """The questions of a question file, with its further fields `evidence` (the shortest stretches of the article that
    answer, verbatim) and `premise` (what a false question presumes wrongly, as the article has it).

    Malformed lines are left out. Raises QuestionsError where the file cannot be read or is empty.
    """
    questions = read_questions(path)
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    rows = ((one, json.loads(lines[one.line - 1])) for one in questions if not one.error)
    return [Asked(one.question, one.articles, one.answers, one.need == "all", not one.unanswerable,
                  tuple(filter(_is_text, row.get("evidence") or ())), row["premise"] if _is_text(row.get("premise")) else "")
            for one, row in rows]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


# What retrieval finds

def with_passages(questions: Sequence[Asked], retriever: HybridRetriever, reader: Reader | None, kept: Path,
                  progress: Progress) -> list[Asked]:
    """The questions with what is found for them in articles that may be trained on, and the windows of it as the reader takes
    them; none where there is no reader.

    What was found is written to `kept`, so that the same questions on the same snapshot are not searched again.
    """
    snapshot = retriever.index.current()
    known: dict[str, dict[str, list[list[Any]]]] = {}
    if kept.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))
        known = before["known"] if before["snapshot"] == snapshot.manifest.id else {}

    def keep() -> None:
        text = json.dumps({"snapshot": snapshot.manifest.id, "known": known}, ensure_ascii=False)
        beside = kept.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(kept)

    for done, asked in enumerate(questions, 1):
        if asked.question not in known:
            passages = retriever.passages(asked.question, k=PASSAGES, snapshot=snapshot)[:PASSAGES]
            new = [one for one in passages if not {other.id for other in one.reprints} & set(asked.articles)]
            known[asked.question] = {"found": [[one.article.id, one.chunk.start, one.chunk.end] for one in new],
                                     "read": _surest_first(asked.question, new, reader, snapshot) if reader else []}
            if done % KEPT_EVERY == 0:
                keep()
        progress("questions", done, len(questions))
    keep()

    def learnt(rows: Sequence[Sequence[Any]]) -> tuple[tuple[str, int, int], ...]:
        return tuple((one, start, end) for one, start, end in rows if not held_out(one))

    return [replace(asked, found=learnt(known[asked.question]["found"]), read=learnt(known[asked.question]["read"]))
            for asked in questions]


def _surest_first(question: str, passages: Sequence[Passage], reader: Reader, snapshot: Snapshot) -> list[list[Any]]:
    """Windows of the passages as (article id, start, end), those first that the reader most takes for an answer."""
    terms = Terms.of(question, reader.rareness(snapshot.words), snapshot.aliases, snapshot.holds)
    taken = cut_windows(terms, passages)[:READ]
    judged = reader.encoder.read([(question, window.lead, window.text) for window in taken])
    order = sorted(range(len(taken)), key=lambda i: -judged[i].answers)
    return [[taken[i].article.id, taken[i].start, taken[i].end] for i in order]


def articles_of(questions: Sequence[Asked], snapshot: Snapshot) -> dict[str, Article]:
    """The questions' articles and those found for them, by id; what the index does not hold is left out."""
    ids = {one for asked in questions for one in (*asked.articles[:1], *(article for article, _, _ in (*asked.found, *asked.read)))}
    articles = (snapshot.articles.article(one) for one in sorted(ids))
    return {article.id: article for article in articles if article}


# Windows

def around(text: str, span: Span, size: int, dice: random.Random) -> Span:
    """A run of pieces that holds the span, of about `size` characters, grown to random sides."""
    runs = pieces(text, LONGEST_SENTENCE)
    held = [i for i, (a, b) in enumerate(runs) if a < span[1] and b > span[0]]
    if not held:
        return max(0, span[0] - size // 2), min(len(text), span[1] + size // 2)
    lo, hi = held[0], held[-1]
    left = dice.random()
    while runs[hi][1] - runs[lo][0] < size and (lo > 0 or hi < len(runs) - 1):
        if lo > 0 and (dice.random() < left or hi == len(runs) - 1):
            lo -= 1
        elif hi < len(runs) - 1:
            hi += 1
        if runs[hi][1] - runs[lo][0] > size + LONGEST_SENTENCE // 2:
            break
    return runs[lo][0], runs[hi][1]


def windows(text: str, span: Span, size: int) -> Iterator[Span]:
    """All runs of pieces of `text` inside `span` of at most `size` characters, each as long as it can be."""
    runs = [(max(a, span[0]), min(b, span[1])) for a, b in pieces(text, LONGEST_SENTENCE) if a < span[1] and b > span[0]]
    last = -1
    for lo in range(len(runs)):
        hi = lo
        while hi + 1 < len(runs) and runs[hi + 1][1] - runs[lo][0] <= size:
            hi += 1
        if hi > last:
            yield runs[lo][0], runs[hi][1]
            last = hi


def _nearest(asked: Asked, text: str, span: Span, dice: random.Random) -> Span:
    """A window of the stretch: mostly one of those that share most with the question, sometimes any."""
    found = list(windows(text, span, dice.randint(*SIZES)))
    if not found:
        return span[0], min(span[1], span[0] + SIZES[1])
    wanted = _bigrams(asked.question)
    found.sort(key=lambda one: -len(wanted & _bigrams(text[slice(*one)])))
    return dice.choice(found[:2]) if dice.random() < 0.75 else dice.choice(found)


def _bigrams(text: str) -> frozenset[str]:
    """The pairs of neighbouring letters or digits."""
    return frozenset(a + b for a, b in zip(text, text[1:]) if a.isalnum() and b.isalnum())


def _trigrams(text: str) -> frozenset[str]:
    return frozenset(text[i:i + 3] for i in range(len(text) - 2))


# Evidence

def evidence_of(asked: Asked, text: str) -> list[Span]:
    """The stretches of the article that answer: as annotated, or else the clauses of the answer's likeliest place.

    [] where they do not stand in it, or not all that are needed.
    """
    if asked.evidence:
        return [found[0] for stretch in asked.evidence if (found := _occurrences(text, stretch))]
    wanted = _bigrams(asked.question)

    def likely(span: Span) -> float:
        near, wide = text[max(0, span[0] - 40):span[1] + 40], text[max(0, span[0] - 120):span[1] + 120]
        return len(wanted & _bigrams(near)) + 0.5 * len(wanted & _bigrams(wide))

    places = [_occurrences(text, answer) for answer in asked.answers]
    every = [span for found in places for span in found]
    if not every or (asked.all_needed and not all(places)):
        return []
    first = max(every, key=likely)
    if not asked.all_needed or len(places) == 1:
        return [_with_its_clauses(text, first, CLAUSES)]
    nearest = [min(found, key=lambda span: abs(span[0] - first[0])) for found in places]
    spans = sorted(_with_its_clauses(text, span, CLAUSES_OF_A_PART) for span in nearest)
    joined = spans[:1]
    for start, end in spans[1:]:
        if start - joined[-1][1] <= JOINED:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _occurrences(text: str, string: str) -> list[Span]:
    return [match.span() for match in re.finditer(re.escape(string), text)]


def _with_its_clauses(text: str, span: Span, least: int) -> Span:
    """The clauses of its sentence around the span, more of them to at least `least` characters where there are more."""
    held = [one for one in sentences(text) if one[0] < span[1] and one[1] > span[0]]
    runs = clauses(text, held[0][0], held[-1][1]) if held else [span]
    inside = [i for i, (a, b) in enumerate(runs) if a < span[1] and b > span[0]]
    lo, hi = inside[0], inside[-1]
    while runs[hi][1] - runs[lo][0] < least and (lo > 0 or hi < len(runs) - 1):
        if lo > 0:  # what is spoken of stands before
            lo -= 1
        else:
            hi += 1
    return runs[lo][0], runs[hi][1]


# Examples

def examples(questions: Sequence[Asked], articles: Mapping[str, Article], seed: int) -> list[Example]:
    """The examples of one pass over the questions, in random order."""
    dice = random.Random(seed)
    swaps = Swaps(one.question for one in dice.sample(questions, min(NAMING, len(questions))))
    found = [example for asked in questions for example in
             (_answerable(asked, articles, swaps, dice) if asked.answerable else _unanswerable(asked, articles, dice))]
    dice.shuffle(found)
    return found


def _unanswerable(asked: Asked, articles: Mapping[str, Article], dice: random.Random) -> Iterator[Example]:
    """A window of its own article, at times around what the question presumes wrongly, and one that was found."""
    if own := articles.get(asked.articles[0]) if asked.articles else None:
        at = _occurrences(own.text, asked.premise) if asked.premise else []
        taken = _taken(asked, lambda article: article == own.id, dice)
        yield _without(asked.question, own, around(own.text, at[0], dice.randint(*SIZES), dice) if at and dice.random() < 0.5
                       else taken[0][1:] if taken else _nearest(asked, own.text, (0, len(own.text)), dice), dice)
    found = asked.found[:6]
    if found and dice.random() < UNANSWERED_ELSEWHERE:
        article, start, end = dice.choice(found[:3] if dice.random() < 0.7 else found)
        yield _without(asked.question, articles[article], _nearest(asked, articles[article].text, (start, end), dice), dice)


def _answerable(asked: Asked, articles: Mapping[str, Article], swaps: Swaps, dice: random.Random) -> Iterator[Example]:
    """A window with evidence, the same asked wrongly, one of another article that was found, and one of the same article
    without the evidence."""
    own = articles.get(asked.articles[0]) if asked.articles else None
    evidence = evidence_of(asked, own.text) if own else []
    if not own or not evidence:
        return
    held = around(own.text, dice.choice(evidence), dice.randint(*SIZES), dice)
    yield _labelled(asked, own, held, evidence, dice)
    if dice.random() < SWAPPED and (wrong := swaps.of(asked.question, own.text[slice(*held)], own.text, dice)):
        yield _without(wrong, own, held, dice)
    said = frozenset().union(*(_trigrams(own.text[a:b]) for a, b in evidence))
    others = [one for one in asked.found if one[0] not in asked.articles][:5]
    drawn = [(article, _nearest(asked, articles[article].text, (start, end), dice))
             for article, start, end in dice.sample(others, min(3, len(others)))]
    taken = [(article, (start, end)) for article, start, end in _taken(asked, lambda article: article not in asked.articles, dice)]
    for article, window in [*taken, *drawn] if dice.random() < ELSEWHERE else []:
        text = articles[article].text
        if not _holds(asked, text[slice(*window)]) and len(said & _trigrams(text[slice(*window)])) < ALIKE * len(said):
            yield _without(asked.question, articles[article], window, dice)
            break
    inside = [_nearest(asked, own.text, (0, len(own.text)), dice) for _ in range(3)]
    sure = [(start, end) for _, start, end in _taken(asked, lambda article: article == own.id, dice)]
    for start, end in [*sure, *inside] if dice.random() < SAME_ARTICLE else []:
        if not _holds(asked, own.text[start:end]) and not any(own.text[a:b] in own.text[start:end] for a, b in evidence):
            yield _without(asked.question, own, (start, end), dice)
            break


def _taken(asked: Asked, wanted: Callable[[str], bool], dice: random.Random) -> list[tuple[str, int, int]]:
    """At times the windows that the start takes for an answer, of the articles that are wanted, in random order."""
    surest = [one for one in asked.read if wanted(one[0])][:TAKEN] if dice.random() < SUREST else []
    return dice.sample(surest, len(surest))


def _without(question: str, article: Article, window: Span, dice: random.Random) -> Example:
    """A window that does not answer."""
    return Example(question, lead(_printed(article, question, dice), window[0]), article.text[slice(*window)], False)


def _printed(article: Article, question: str, dice: random.Random) -> Article:
    """The article at times under a title, or in another year where the question speaks of none."""
    if not article.title and dice.random() < TITLED:
        runs = (article.text[start:end].strip("，。：；、！？ ") for start, end in clauses(article.text, *sentences(article.text)[0]))
        if titles := [one for one in runs if TITLE[0] <= len(one) <= TITLE[1]]:
            article = replace(article, title=dice.choice(titles))
    if article.date and "年" not in question and dice.random() < REDATED:
        article = replace(article, date=f"{dice.randint(*YEARS)}{article.date[4:]}")
    return article


def _holds(asked: Asked, window: str) -> bool:
    return any(answer in window for answer in asked.answers)


def _labelled(asked: Asked, article: Article, window: Span, evidence: Sequence[Span], dice: random.Random) -> Example:
    """The window with the evidence and the short answers that stand in it."""
    (start, end), text = window, article.text
    inside = tuple((a - start, b - start) for a, b in evidence if a >= start and b <= end)
    short: list[Span] = []
    for answer in asked.answers:
        found = _occurrences(text[start:end], answer)
        within = [span for span in found if any(a <= span[0] and span[1] <= b for a, b in inside)]
        short += (within or found)[:1] if asked.all_needed else within or found
    return Example(asked.question, lead(_printed(article, asked.question, dice), start), text[start:end], bool(inside), inside, tuple(short),
                   asked.all_needed and (len(inside) > 1 or len(short) > 1),
                   (1.0, 1.0 if asked.evidence else WEAK, SHORT if short else 0.0))
