"""How good the answers are without a language model: one table, beside two plain ways to answer.

    python benchmarks/answers.py [--sets natural_report sample] [--limit 200] [--index NEWS_INDEX] [--json FILE]
                                 [--assembled MODEL_FOLDER]

What answers: the chain that ships; the best chunk of the shipped retrieval; the sentence of its best chunks with the most
idf of the question's tokens; with --assembled also the best chunk that LangChain with Chroma finds by the vectors of a
sentence-transformers model, which is what one would assemble with the encoder that the reader was made from (a model of its
size embeds some ten chunks a second: small archives only). These never refuse.

- right: the answer holds the gold strings, over answerable questions; a refusal holds none. Of a question about
  the archive without strings: the articles cited are all those wanted and no other. 95 % bootstrap interval.
- characters: quoted, the mean over the answers given; ≤ 80 / 120 / 160: right with no more characters than these.
- article: one of the gold articles, or one that prints the same text, is the first, among the first five, ten that are
  listed with the answer.
- first: the gold strings stand in the stretch that the reader puts first.
- evidence: F1 of the characters quoted against the shortest that answer, where a set has them.
- EM / F1: the short answer, or where there is none the whole answer, as CMRC 2018 scores it, over all answerable.
- false refusals; refused: of the unanswerable, those without the attribute asked / with a false premise.
- refused at 2 / 5 / 10 / 20 %: of the unanswerable, when a threshold on the confidence alone refuses so many of the
  answerable; AUROC of that confidence. The reader's probability; the chunk's BM25; the sentence's share of idf.
- verbatim: quotes that equal the article's text character by character.
- ms: from question to answer, median and 95th percentile; CPU ms: the processor's, steady on a busy machine.

benchmarks/README.md says which set was fitted on, which chosen on, and which reports.
"""

from __future__ import annotations

import json
import math
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from peers import PEERS
from question_sets import (
    QuestionSet,
    about_the_archive,
    archives_of,
    arguments_of,
    crud,
    follow_ups,
    natural,
    paragraphs,
    printed,
    renamed,
    report,
    sample,
    share,
    told,
)

from assistant.chain import AnswerChain
from assistant.evaluation import metrics
from assistant.evaluation.questions import GoldQuestion
from assistant.index.words import LexicalIndex
from assistant.language.text import query_tokens, search_tokens, sentences
from assistant.models.embedding import load_embedding
from assistant.reading.reader import Reader, Reading
from assistant.reading.windows import PASSAGES
from assistant.schema import Ask, Passage, Turn

SETS: dict[str, Callable[[Path], QuestionSet] | None] = {
    "natural_report": lambda _: report("natural_report"), "plain_report": lambda _: report("plain_report"),
    "natural_dev": lambda data: natural("natural_dev", data),
    "cmrc": lambda data: paragraphs("cmrc", data, odd=True), "crud": crud, "sample": sample, "follow-ups": follow_ups,
    "archive": None,
}
"""archive: made from the sample newspaper itself."""
FALSE_REFUSALS = (0.02, 0.05, 0.10, 0.20)
SPACE = (80, 120, 160)
KINDS = {"why, how": {"why", "how"}, "lists, parts": {"list", "multi"}}
"""Kinds of questions that get a row of their own."""
COLUMNS = ("set", "n", "answers by", "right %", "characters", "right in 80 / 120 / 160 %", "article 1 / 5 / 10 %", "first %", "evidence F1 %",
           "EM / F1 %", "false refusals %", "refused: attribute / premise %", "refused at 2 / 5 / 10 / 20 %", "AUROC",
           "verbatim %", "ms p50 / p95", "CPU ms p50 / p95")


@dataclass(frozen=True)
class Said:
    """One answer to one question; `cited` are ids of articles, `seconds` wall and processor seconds.

    `ranked` are the stretches (or chunks), best first; None where none were read. `found` are the ids of the articles listed,
    best first, each with those that print the same text. `quoted` are (article, start, end).
    """

    text: str
    characters: int
    seconds: tuple[float, float]
    ranked: Sequence[str] | None = None
    short: str = ""
    refused: bool = False
    confidence: float | None = None
    cited: frozenset[str] = frozenset()
    quoted: tuple[tuple[str, int, int], ...] = ()
    verbatim: tuple[bool, ...] = ()
    found: Sequence[frozenset[str]] = ()


Answerer = Callable[[Ask], Said]


class Clock:
    """Wall and processor time since it was made."""

    def __init__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def seconds(self) -> tuple[float, float]:
        return time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]


class Listener:
    """Stands in for a reader, and keeps what it last read."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self.reading = reader, Reading()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def read(self, *given: Any) -> Reading:
        """What the reader reads."""
        self.reading = self._reader.read(*given)
        return self.reading


def by_chain(chain: AnswerChain) -> Answerer:
    """The chain as it ships; its reader must be a Listener."""
    articles, listener = chain.index.current().articles, chain.reader

    def answer(ask: Ask) -> Said:
        listener.reading = None
        clock = Clock()
        given = chain.invoke(ask)
        seconds = clock.seconds()
        verbatim = tuple(articles.article(one.article_id).text[one.start:one.end] == one.quote
                         for one in given.citations)
        read = listener.reading
        return Said(given.text, sum(len(one.quote) for one in given.citations), seconds,
                    [quote.text for quote in read.ranked] if read else None,
                    "、".join(dict.fromkeys(given.text[start:end] for start, end in given.emphasis)), given.refused,
                    read.probability if read else None, frozenset(one.article_id for one in given.citations),
                    tuple((one.article_id, one.start, one.end) for one in given.citations), verbatim, articles_of(given.passages))

    return answer


def by_best_chunk(chain: AnswerChain) -> Answerer:
    """The best passage as a whole."""
    words = chain.index.current().words

    def answer(ask: Ask) -> Said:
        clock = Clock()
        passages = chain.retriever.passages(ask.question)
        seconds = clock.seconds()
        texts = [passage.chunk.text for passage in passages]
        score = next((score for _, score in words.search(ask.question, 1)), 0.0)
        cited = frozenset(passage.article.id for passage in passages[:1])
        quoted = tuple((one.article.id, one.chunk.start, one.chunk.end) for one in passages[:1])
        return Said("".join(texts[:1]), len("".join(texts[:1])), seconds, texts, confidence=score, cited=cited, quoted=quoted,
                    found=articles_of(passages))

    return answer


def by_best_sentence(chain: AnswerChain) -> Answerer:
    """The sentence of the best passages with the largest share of the idf of the question's tokens."""
    words = chain.index.current().words

    def answer(ask: Ask) -> Said:
        clock = Clock()
        passages = chain.retriever.passages(ask.question)[:PASSAGES]
        found = [(passage.article.id, passage.chunk.start + start, passage.chunk.start + end, passage.chunk.text[start:end])
                 for passage in passages for start, end in sentences(passage.chunk.text)]
        idf = {token: idf_of(token, words) for token in query_tokens(ask.question)}
        scores = [sum(idf[token] for token in idf.keys() & set(search_tokens(text))) for *_, text in found]
        order = sorted(range(len(found)), key=lambda i: -scores[i])
        seconds = clock.seconds()
        ranked = [found[i][3] for i in order]
        return Said("".join(ranked[:1]), len("".join(ranked[:1])), seconds, ranked,
                    confidence=max(scores, default=0.0) / (sum(idf.values()) or 1.0),
                    cited=frozenset(found[i][0] for i in order[:1]), quoted=tuple(found[i][:3] for i in order[:1]))

    return answer


def idf_of(token: str, words: LexicalIndex) -> float:
    """BM25's idf (Robertson and Zaragoza 2009)."""
    held, chunks = words.document_frequency(token), words.count()
    return math.log(1 + (chunks - held + 0.5) / (held + 0.5))


def assembled(model: Path, cache: Path) -> Callable[[AnswerChain], Answerer]:
    """Makes what answers with the best chunk of LangChain's Chroma over the vectors of a model's folder."""
    peer, embedding = PEERS[0], load_embedding(str(model))

    def by_chroma(chain: AnswerChain) -> Answerer:
        store = chain.index.current().articles
        chunks = {chunk.id: chunk for article in store.articles() for chunk in store.chunks_of(article)}
        find = peer.open(peer.made(cache / model.name, chain.index.path, str(model)), embedding)

        def answer(ask: Ask) -> Said:
            clock = Clock()
            found = [chunks[name] for name in find(ask.question, PASSAGES)]
            seconds = clock.seconds()
            best = found[0]
            return Said(best.text, len(best.text), seconds, [one.text for one in found], cited=frozenset([best.article_id]),
                        quoted=((best.article_id, best.start, best.end),))

        return answer

    return by_chroma


def articles_of(passages: Sequence[Passage]) -> list[frozenset[str]]:
    """The articles of a ranking of passages, each once, with those that print the same text."""
    return list(dict.fromkeys(frozenset(one.id for one in (passage.article, *passage.reprints)) for passage in passages))


ANSWERERS: dict[str, Callable[[AnswerChain], Answerer]] = {
    "the default": by_chain, "best chunk": by_best_chunk, "best sentence by overlap": by_best_sentence}


def right(gold: GoldQuestion, said: Said) -> bool:
    """Whether the answer holds the gold strings, or where there are none cites just the gold articles."""
    if gold.answers:
        return metrics.accurate(said.text, gold.answers, gold.need, said.refused)
    return not said.refused and said.cited == set(gold.articles)


def refusal_curve(answerable: Sequence[float], unanswerable: Sequence[float]) -> list[float]:
    """The share of the unanswerable below the thresholds under which FALSE_REFUSALS of the answerable lie."""
    return [float(np.mean(np.array(unanswerable) < np.quantile(answerable, allowed))) for allowed in FALSE_REFUSALS]


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """How often an answerable question has the higher confidence, ties as a half (Hanley and McNeil 1982)."""
    lower = np.array(answerable)[:, None] - np.array(unanswerable)
    return float(np.mean(lower > 0) + np.mean(lower == 0) / 2)


def row_of(asked: QuestionSet, name: str, answers: Sequence[tuple[GoldQuestion, Said]]) -> list[str]:
    """One row of the table, along COLUMNS."""
    answerable = [(gold, said) for gold, said in answers if not gold.unanswerable]
    with_strings = [(gold, said) for gold, said in answerable if gold.answers]
    unanswerable = [(gold, said) for gold, said in answers if gold.unanswerable]
    sure, unsure = ([said.confidence for _, said in group if said.confidence is not None]
                    for group in (answerable, unanswerable))
    space = [[float(right(gold, said) and said.characters <= most) for gold, said in answerable] for most in SPACE]
    first = [float(metrics.accurate(said.ranked[0], gold.answers, gold.need))
             for gold, said in with_strings if said.ranked]
    evidence = [0.0 if said.refused else overlap(said.quoted, asked.evidence[gold.id])
                for gold, said in answerable if gold.id in asked.evidence]
    listed = [(said.found, set(gold.articles)) for gold, said in answerable if gold.articles and said.found]
    articles = [[float(any(held & wanted for held in found[:k])) for found, wanted in listed] for k in (1, 5, 10)]
    short = [[0.0 if said.refused else score(said.short or said.text, gold.answers) for gold, said in with_strings]
             for score in (metrics.exact_match, metrics.f1)]
    lengths = [said.characters for _, said in answerable if not said.refused]
    wall, cpu = ([1000 * said.seconds[which] for _, said in answers] for which in (0, 1))
    return [
        asked.name, str(len(answers)), name,
        share([float(right(gold, said)) for gold, said in answerable], interval=True),
        f"{np.mean(lengths):.0f}" if lengths else "–", " / ".join(map(share, space)),
        " / ".join(map(share, articles)), share(first), share(evidence),
        " / ".join(map(share, short)), share([float(said.refused) for _, said in answerable]),
        " / ".join(share([float(said.refused) for gold, said in unanswerable if (gold.id in asked.premises) is premise])
                   for premise in (False, True)),
        " / ".join(f"{100 * one:.0f}" for one in refusal_curve(sure, unsure)) if sure and unsure else "–",
        f"{auroc(sure, unsure):.2f}" if sure and unsure else "–",
        share([float(whole) for _, said in answers for whole in said.verbatim]),
        *(" / ".join(f"{metrics.percentile(taken, part):.0f}" for part in (0.5, 0.95)) for taken in (wall, cpu)),
    ]


def overlap(quoted: Iterable[tuple[str, int, int]], gold: Iterable[tuple[str, int, int]]) -> float:
    """F1 of the characters quoted against those of the gold evidence; of another article's none are right."""
    said, wanted = (Counter((article, at) for article, start, end in set(spans) for at in range(start, end))
                    for spans in (quoted, gold))
    common = sum((said & wanted).values())
    return 2 * common / (sum(said.values()) + sum(wanted.values())) if common else 0.0


def rows(asked: QuestionSet, chain: AnswerChain, answerers: Mapping[str, Callable[[AnswerChain], Answerer]]) -> Iterable[list[str]]:
    """The rows of one question set, one for each of the answerers; of the chain's also one for each of KINDS."""
    default = by_chain(chain)
    before = {name: (Turn(question, default(Ask(question)).text),) for name, question in asked.before.items()}
    asks = [Ask(gold.question, before.get(gold.id, ())) for gold in asked.questions]
    for name, make in answerers.items():
        told(f"{asked.name}: {name}")
        answerer = make(chain)
        answerer(asks[0])  # the first question of all loads dictionaries
        answers = [(gold, answerer(ask)) for gold, ask in zip(asked.questions, asks)]
        yield row_of(asked, name, answers)
        for group, kinds in KINDS.items() if make is by_chain else ():
            if some := [(gold, said) for gold, said in answers if asked.kinds.get(gold.id) in kinds and not gold.unanswerable]:
                yield row_of(replace(asked, name=f"{asked.name}: {group}"), name, some)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--limit", type=int, help="so many questions of each set")
    parser.add_argument("--reader", default="", help="a reader's folder; the shipped one by default")
    parser.add_argument("--json", type=Path, help="also into this file, with the commit")
    parser.add_argument("--assembled", type=Path, help="a sentence-transformers folder, beside a plain LangChain + Chroma")
    given = parser.parse_args(arguments)
    archives = archives_of(given)
    answerers = {**ANSWERERS, **({f"LangChain + Chroma, {given.assembled.name}": assembled(given.assembled, archives.cache)}
                                 if given.assembled else {})}
    reader = Reader.from_folder(given.reader)
    table: list[list[str]] = []
    for name in given.sets:
        make = SETS[name]
        asked = make(given.data) if make else None
        chain = AnswerChain(archives.retriever(asked.archive if asked else "sample"), Listener(reader), suggest=False)
        store = chain.index.current().articles
        asked = about_the_archive(store) if asked is None else renamed(asked, store)
        table += rows(asked.some(given.limit), chain, answerers)
    print(printed(COLUMNS, table))
    if given.json:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        given.json.write_text(json.dumps({"commit": commit, "rows": [dict(zip(COLUMNS, row)) for row in table]},
                                         ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
