"""Passages → the stretches of text that answer, with the short answer in them; or a refusal.

The weights are fitted by `assistant fit-reader` on natural questions and ship as JSON in models/reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

from assistant.reading import answerability
from assistant.models.boosted_trees import Logistic, Trees
from assistant.models.embedding import Embedding, load_embedding
from assistant.errors import SettingsError
from assistant.index.words import LexicalIndex, rareness
from assistant.language.named import PREMISES, Known
from assistant.question.analysis import Question
from assistant.reading.features import (NAMES, Idf, RememberedWords, Sentence, Vectors, Weighed, asked_spans, candidates,
                                       features)
from assistant.schema import Article, Passage
from assistant.language.text import fold, sentences

SHIPPED = Path(__file__).parent.parent / "models" / "reader"
PASSAGES = 8
"""Passages read: some sentence of the best eight holds the answer for 91 % of natural_dev."""
QUOTED_CHARACTERS, QUOTED_OF_LISTS = 170, 220
"""At most so much is quoted, and more where several things are asked for: 158 characters on average on natural_dev,
where 160 for all gave 138 and five points less."""
WORTH_QUOTING = 0.1
"""A stretch less probable than this share of the best is not quoted: 130 instead of 139 characters for 0.2 points
of natural_train, cross-validated."""
CLAUSE_ENDS = "，。；,;！？"
COUNTED_ONLY_BY = frozenset(("号码", "元", "岁", "%", "点"))
"""Measures that an attribute always has (票价 元, 电话 号码): where no passage holds one, it is not there."""
SURE = 0.5
WORTH_QUOTING_BESIDE_A_SURE_ONE = 0.3
"""Beside a stretch that answers more likely than not, only a strong rival is worth the reader's time."""
NEIGHBOUR = 1.5
"""Answers run on. Instead of 1.3, on the same characters: the sample 92.2 instead of 90.5 %, CMRC and natural_dev
as they were."""
MARKED = ("number", "date", "person", "title")
SURE_OF_ONE, NEAR_ENOUGH, STANDS_OUT = 0.7, 0.5, 0.2
"""A short answer is marked where the reading is so sure, the span so near to the question's words, and so much nearer
than the next. It is then the right one for 93 % of the sample's questions, 86 % of CMRC's and 64 % of a quarter of
natural_train; marked wherever a question asks for a span it was for 67, 48 and 46 %. Places and bodies were for one in
seven."""
_BYLINE = re.compile(r"[（(][^（）()]*(?:记者|通讯员|摄)[^（）()]*[）)]")
_ASKS_THE_DAY = re.compile(r"几号|几日|哪一?天")
_NAMES_A_DAY = re.compile(r"[日号]")
_ROUND = re.compile(r"[近超约逾上成数几]*[十百千万亿]+[余多来]?\D{0,2}")
"""百余场, 数十人: what an article says before or after it tells how many."""
UNSEEN = 30
"""Chunks in which a word is taken to stand that the background table leaves out (it lists those in 100 or more)."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of an article, `article.text[start:end]`; `emphasis` is the short answer's place in it."""

    article: Article
    start: int
    end: int
    emphasis: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        return self.article.text[self.start:self.end]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader found: quotes in reading order (the one with the short answer first), how probable it
    is that they answer, whether to refuse, and what the question names that the best article does not."""

    quotes: tuple[Quote, ...] = ()
    probability: float = 0.0
    refused: bool = True
    unknown: tuple[str, ...] = ()


class Reader:
    """Reads passages with fitted weights.

    `background` gives a word's chunk frequency among `of` news chunks. `vectors` tells which words mean
    nearly the same: always the shipped table's, which the weights were fitted with.
    """

    def __init__(self, ranker: Trees, judge: Logistic, background: dict[str, int], of: int, vectors: Vectors) -> None:
        self.ranker, self.judge, self.background, self.of, self.vectors = ranker, judge, background, of, vectors

    @classmethod
    def from_folder(cls, folder: Path = SHIPPED, shipped: Embedding | None = None) -> Reader:
        """The reader whose weights lie in `folder`; `shipped` is the shipped embedding where it is loaded already."""
        ranker, judge, background = (json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
                                     for name in ("ranker", "judge", "background"))
        if tuple(ranker["features"]) != NAMES or tuple(judge["columns"]) != answerability.NAMES:
            raise SettingsError(
                f"{folder} 里的摘句权重与本版程序不合。请重新安装本程序，或运行 assistant fit-reader。",
                f"The reader's weights in {folder} do not fit this version. Install it again, or run: assistant fit-reader")
        frequency = {word: count for count, line in background["words"].items() for word in line.split(" ")}
        return cls(Trees.from_json(ranker), Logistic.from_json(judge), {w: int(c) for w, c in frequency.items()},
                   background["chunks"], RememberedWords((shipped or load_embedding()).encode))

    def idf(self, index: LexicalIndex) -> Idf:
        """How rare a word is in the archive and in news at large, whichever is less: ten articles alone
        cannot tell a rare word from a common one, and their own subject is not rare among them."""
        def rarity(word: str) -> float:
            return min(index.rareness(word), rareness(self.background.get(word, UNSEEN), self.of))
        return rarity

    def read(self, question: Question, passages: Sequence[Passage], idf: Idf) -> Reading:
        """The quotes that answer, at most QUOTED_CHARACTERS (QUOTED_OF_LISTS) in all but for a single longer stretch.

        Without passages, or where no word of the question stands in them, a refusal without quotes.
        """
        with _matrix_threads().limit(limits=1):
            return self._read(question, passages[:PASSAGES], idf)

    def _read(self, question: Question, passages: Sequence[Passage], idf: Idf) -> Reading:
        rows = candidates(passages)
        weighed = Weighed(question, idf, self.vectors)
        if not rows:
            return Reading()
        table = features(weighed, rows)
        if not table[:, NAMES.index("characters")].any():
            return Reading()
        asked = _bare(question.search)
        repeats = [_bare(row.text) in asked for row in rows]  # a page may be stuffed with the question itself
        probabilities = np.where(repeats, 0.0, self.ranker.probability(table))
        row = answerability.row(weighed, passages, rows, table, probabilities)
        probability = self.judge.probability(row)
        order = np.argsort(-probabilities, kind="stable")
        room = QUOTED_OF_LISTS if question.wants == "list" else QUOTED_CHARACTERS
        quotes = _whole_sentences(_joined(_choose(rows, probabilities, room)), room)
        quotes = _with_short_answer(question, weighed, quotes, probability)
        known = Known(rows[order[0]].article)
        unknown = tuple(thing.text for thing in weighed.named if thing.kind in PREMISES and not known.knows(thing))
        lacking = question.measure in COUNTED_ONLY_BY and not any(asked_spans(question, row.text) for row in rows)
        refused = probability < self.judge.threshold or bool(unknown) or lacking
        return Reading(tuple(quotes), probability, refused, unknown)


@cache
def _matrix_threads() -> ThreadpoolController:
    """numpy's own threads. On matrices as small as a reading's a second one only spins: it takes twice the processor
    (benchmarks/speed.py, CPU ms) for the same milliseconds, which the next visitor lacks."""
    return ThreadpoolController().select(user_api="blas")


def _bare(text: str) -> str:
    """The folded text without blanks and punctuation."""
    return re.sub(r"\W", "", fold(text))


def _choose(rows: Sequence[Sentence], probabilities: np.ndarray, room: int) -> list[Sentence]:
    """The most probable stretches, best first, in `room` characters; what adjoins a chosen one counts NEIGHBOUR
    times as much."""
    at = {(row.article.id, row.place): i for i, row in enumerate(rows)}
    worth, best = probabilities.copy(), float(probabilities.max())
    least = best * (WORTH_QUOTING if best < SURE else WORTH_QUOTING_BESIDE_A_SURE_ONE)
    chosen: list[int] = []
    length = 0
    while (i := int(worth.argmax())) not in chosen:
        length += rows[i].end - rows[i].start
        if chosen and (length > room or worth[i] < least):
            break
        chosen.append(i)
        worth[i] = -1
        for beside in (at.get((rows[i].article.id, rows[i].place + step)) for step in (-1, 1)):
            if beside is not None and beside not in chosen:
                worth[beside] = max(worth[beside], NEIGHBOUR * probabilities[beside])
    return [rows[i] for i in chosen]


def _joined(chosen: Sequence[Sentence]) -> list[Quote]:
    """Quotes in order of their article's first choice and then of their place, neighbours made one."""
    articles = list(dict.fromkeys(row.article.id for row in chosen))
    quotes: list[Quote] = []
    for row in sorted(chosen, key=lambda row: (articles.index(row.article.id), row.start)):
        last = quotes[-1] if quotes else None
        if last and last.article.id == row.article.id and not last.article.text[last.end:row.start].strip():
            quotes[-1] = replace(last, end=row.end)
        else:
            quotes.append(Quote(row.article, row.start, row.end))
    return quotes


def _whole_sentences(quotes: list[Quote], room: int) -> list[Quote]:
    """The quotes grown to whole sentences as far as `room` characters in all allow, first quotes first."""
    room -= sum(quote.end - quote.start for quote in quotes)
    grown: list[Quote] = []
    for quote in quotes:
        around = [span for span in sentences(quote.article.text) if span[0] < quote.end and span[1] > quote.start]
        start, end = min(quote.start, around[0][0]), max(quote.end, around[-1][1])
        more = end - start - (quote.end - quote.start)
        if more <= room:
            room -= more
            quote = replace(quote, start=start, end=end)
        last = grown[-1] if grown else None
        if last and last.article.id == quote.article.id and quote.start < last.end:
            grown[-1] = replace(last, end=max(last.end, quote.end))
        else:
            grown.append(quote)
    return grown


def _with_short_answer(question: Question, weighed: Weighed, quotes: list[Quote], probability: float) -> list[Quote]:
    """The quotes with the short answer marked, its quote first; as they are where none stands out (see MARKED)."""
    if question.wants not in MARKED or probability < SURE_OF_ONE:
        return quotes
    found = sorted(((_nearness(question, weighed, fold(quote.text), span), -number, span)
                    for number, quote in enumerate(quotes)
                    for span in asked_spans(question, quote.text) if _may_be_asked_for(question, quote, span)),
                   reverse=True)
    if not found or found[0][0] < NEAR_ENOUGH or len(found) > 1 and found[0][0] - found[1][0] < STANDS_OUT:
        return quotes
    _, number, emphasis = found[0]
    return [replace(quotes[-number], emphasis=emphasis), *quotes[:-number], *quotes[1 - number:]]


def _may_be_asked_for(question: Question, quote: Quote, span: tuple[int, int]) -> bool:
    """Whether a span of the kind asked for is more than who signs, a date without the day, a round number."""
    text = quote.text[slice(*span)]
    signs = text in quote.article.authors or any(m.start() <= span[0] < m.end() for m in _BYLINE.finditer(quote.text))
    misses_the_day = (question.wants == "date" and _ASKS_THE_DAY.search(question.search)
                      and not _NAMES_A_DAY.search(text))
    return not (signs or misses_the_day or question.wants == "number" and _ROUND.fullmatch(text))


def _nearness(question: Question, weighed: Weighed, folded: str, span: tuple[int, int]) -> float:
    """How much of the question stands around a span: in its clause, right beside it, in its sentence; and its measure."""
    start, end = span
    left = max(0, start - 20, *(folded.rfind(comma, 0, start) + 1 for comma in CLAUSE_ENDS))
    right = min(end + 20, *(at for at in (folded.find(comma, end) for comma in CLAUSE_ENDS) if at >= 0), len(folded))
    stop = folded.find("。", end)
    sentence = folded[max(0, folded.rfind("。", 0, start)):stop if stop > 0 else len(folded)]
    measured = bool(question.measure) and folded[start:end].endswith(question.measure)
    return (weighed.share_of_bigrams(folded[left:right]) + 0.3 * measured + 0.5 * weighed.share_of_bigrams(sentence)
            + weighed.share_of_bigrams(folded[max(left, start - 2):min(right, end + 8)]))
