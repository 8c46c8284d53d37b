"""What a question asks for, and which of its words say of whom, when and where: a small trained model in NumPy.

Two linear models over hashed features, trained by `assistant train-intent` and shipped in models/intent: a softmax
for the kind over character n-grams, and a linear chain (Lafferty et al. 2001) over characters for the slots.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from zlib import crc32

import numpy as np

from assistant.errors import SettingsError
from assistant.language.periods import asked_period, whens
from assistant.language.text import fold

SHIPPED = Path(__file__).parent.parent / "models" / "intent"
KINDS = ("fact", "list", "count", "gist", "byline", "timeline", "latest", "earliest", "ranking", "coverage", "compare",
         "greeting", "thanks", "help", "complaint", "chitchat")
SLOTS = ("topic", "author", "section", "newspaper", "page", "date", "title", "by")
TAGS = ("O", *(f"{place}-{slot}" for slot in SLOTS for place in "BI"))
BUCKETS = 2**15
"""Rows of either table. The training questions have 40,000 different features; twice as many rows change no figure."""
JOINTS = ("和", "与", "跟", "、", "及", "以及", "还是", "同", "，", ",", "and")
"""What stands between the things of a question about several."""
ABOUT_SOMETHING = ("fact", "timeline")
"""Kinds that are always about something: where no topic was found, the likeliest is taken."""
NAME_CHARACTERS = 10
LONG_WORD = 3
"""Shorter words are joined wrongly by the segmenter too often (过冬 in 报道过冬游活动)."""
NOUNS = ("n", "vn", "an", "b", "j", "l", "i", "s", "eng")
"""Begins of the segmenter's parts of speech that a row of nouns consists of."""
ASKS_FOR_PIECES = frozenset("报道 报导 文章 新闻 消息 稿子 稿件 稿 记者 作者 通讯员 评论 报纸 报上 贵报".split())
"""Nouns with which one asks for a newspaper's pieces, and which end a row of nouns."""
_MARKS = {"author": "Ａ", "section": "Ｓ", "newspaper": "Ｎ", "date": "Ｄ", "title": "Ｔ", "topic": "Ｘ", "page": "Ｐ", "by": "Ｂ"}

_ANY_DAY = date(2026, 1, 1)
"""Where a question names days, and not which, does not depend on the day of asking."""

Known = Callable[[str], str]
"""Which slot a folded string is a name of in the archive ("author", "section", "newspaper"); "" for none."""


@dataclass(frozen=True, slots=True)
class Slot:
    """`question[start:end]` fills the slot `name`."""

    name: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Intent:
    """The kind of a question with its probability, the probability that it is a fact, and its slots in order."""

    kind: str
    confidence: float
    fact: float
    slots: tuple[Slot, ...] = ()

    def first(self, name: str) -> str:
        """The words of the first slot of that name; "" for none."""
        return next((slot.text for slot in self.slots if slot.name == name), "")

    def all(self, name: str) -> list[str]:
        """The words of all slots of that name, in order."""
        return [slot.text for slot in self.slots if slot.name == name]


@dataclass(frozen=True, eq=False)
class IntentModel:
    """The weights: `kinds` (BUCKETS, KINDS) and `tags` (BUCKETS, TAGS), `steps` (TAGS, TAGS) from tag to tag."""

    kinds: np.ndarray
    bias: np.ndarray
    tags: np.ndarray
    steps: np.ndarray

    @classmethod
    def from_folder(cls, folder: Path = SHIPPED) -> IntentModel:
        """The weights that `assistant train-intent` wrote. Raises SettingsError where they cannot be read."""
        try:
            names = json.loads((folder / "intent.json").read_text(encoding="utf-8"))
            if (tuple(names["kinds"]), tuple(names["tags"])) != (KINDS, TAGS):
                raise ValueError("other kinds or slots")
            with np.load(folder / "intent.npz", allow_pickle=False) as stored:
                return cls(*(stored[name].astype(np.float32) for name in ("kinds", "bias", "tags", "steps")))
        except (OSError, ValueError, KeyError) as error:
            raise SettingsError(
                f"意图模型 {folder} 读不了（{error}）。请重新安装，或运行 assistant train-intent --out {folder}。",
                f"Cannot read the intent model in {folder} ({error}). Install again, or run: "
                f"assistant train-intent --out {folder}") from error

    def read(self, question: str, known: Known = lambda _: "") -> Intent:
        """The kind and the slots of a question; `known` tells the archive's names."""
        text = fold(question)
        marks = marked(text, known)
        spans = self.spans(text, marks)
        scores = self.bias + self.kinds[kind_features(text, marks, spans)].sum(axis=0)
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        best = int(shares.argmax())
        if KINDS[best] in ABOUT_SOMETHING and not any(name in ("topic", "title") for name, _, _ in spans):
            spans = [span for span in self.spans(text, marks, about="topic") if span[2] - span[1] > 1]
        slots = tuple(Slot(name, start, end, question[start:end]) for name, start, end in _one_matter(text, _with_known(spans, marks)))
        return Intent(KINDS[best], float(shares[best]), float(shares[KINDS.index("fact")]), slots)

    def spans(self, text: str, marks: Sequence[tuple[str, int, int]], about: str = "") -> list[tuple[str, int, int]]:
        """The (slot, start, end) of a folded question, in order; with at least one slot `about` where that is given."""
        if not text:
            return []
        emitted = self.tags[tag_features(text, marks)].sum(axis=1)
        if about:
            emitted = passing(emitted, self.steps, TAGS.index(f"B-{about}"))
        return _whole_words(text, spans_of([TAGS[tag] for tag in best_path(emitted, self.steps)]))


@cache
def shipped_model() -> IntentModel:
    """The model in the package, read once."""
    return IntentModel.from_folder()


_FIRST = np.array([-1e4 * tag.startswith("I") for tag in TAGS], dtype=np.float32)
_NEXT = np.array([[-1e4 * (tag[0] == "I" and before[1:] != tag[1:]) for tag in TAGS] for before in TAGS], dtype=np.float32)
"""What may come first, and what may follow what: 0, or a large negative number."""


def best_path(emitted: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The tags (n,) of the best path (Viterbi) through scores (n, TAGS), with `steps` from tag to tag."""
    moves = steps + _NEXT
    best, back = emitted[0] + _FIRST, np.zeros((len(emitted), len(TAGS)), dtype=np.int64)
    for at in range(1, len(emitted)):
        paths = best[:, None] + moves
        back[at] = paths.argmax(axis=0)
        best = paths.max(axis=0) + emitted[at]
    path = np.zeros(len(emitted), dtype=np.int64)
    path[-1] = best.argmax()
    for at in range(len(emitted) - 1, 0, -1):
        path[at - 1] = back[at, path[at]]
    return path


def passing(emitted: np.ndarray, steps: np.ndarray, tag: int) -> np.ndarray:
    """The scores (n, TAGS) with `tag` made certain where the best path that has it somewhere has it."""
    moves, n = steps + _NEXT, len(emitted)
    before, after = np.zeros_like(emitted), np.zeros_like(emitted)
    before[0] = emitted[0] + _FIRST
    for at in range(1, n):
        before[at] = (before[at - 1][:, None] + moves).max(axis=0) + emitted[at]
        after[n - 1 - at] = (moves + emitted[n - at] + after[n - at]).max(axis=1)
    certain = emitted.copy()
    certain[int((before + after)[:, tag].argmax()), tag] += 1e4
    return certain


def spans_of(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """The (slot, start, end) of a row of tags."""
    spans: list[tuple[str, int, int]] = []
    for at, tag in enumerate(tags):
        if tag[0] == "B":
            spans.append((tag[2:], at, at + 1))
        elif tag[0] == "I":
            spans[-1] = (*spans[-1][:2], at + 1)
    return spans


def _one_matter(text: str, spans: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The spans without topics that come after the first and are not joined to it (甲和乙): a question is about one matter."""
    kept: list[tuple[str, int, int]] = []
    last = -1
    for name, start, end in spans:
        if name == "topic":
            if text[start:end] in JOINTS or last >= 0 and text[last:start].strip(" “”\"") not in JOINTS:
                continue
            last = end
        kept.append((name, start, end))
    return kept


def _with_known(spans: list[tuple[str, int, int]], marks: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The spans with the archive's own names and 《titles》 in place of what lies within them or runs over from an author.

    A 《work》 that is taken whole for a topic stays one.
    """
    for name, start, end in marks:
        if name in ("author", "section", "newspaper", "title"):
            within = [span for span in spans if span[1] < end and start < span[2]]
            whole = (name, start, end) in within or name == "title" and ("topic", start, end) in within
            if all(start <= a and b <= end or name == slot == "author" for slot, a, b in within) and not whole:
                spans = [span for span in spans if span not in within] + [(name, start, end)]
    return sorted(spans, key=lambda span: span[1])


def _whole_words(text: str, spans: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The spans with topics that begin or end within a long word stretched to its border, where no other span stands."""
    import rjieba

    ends = list(accumulate(map(len, rjieba.cut(text)), initial=0))
    inside = [(left, right) for left, right in pairwise(ends) if right - left >= LONG_WORD]
    grown = []
    for n, (name, start, end) in enumerate(spans):
        if name == "topic":
            left = next((left for left, right in inside if left < start < right), start)
            right = next((right for left, right in inside if left < end < right), end)
            start = left if left >= (spans[n - 1][2] if n else 0) else start
            end = right if right <= (spans[n + 1][1] if n + 1 < len(spans) else len(text)) else end
        grown.append((name, start, end))
    return grown


def marked(text: str, known: Known) -> list[tuple[str, int, int]]:
    """Stretches of a folded question that are known: names of the archive (the longest first), dates, 《titles》."""
    taken = [False] * len(text)
    found: list[tuple[str, int, int]] = []

    def take(name: str, start: int, end: int) -> None:
        if start < end and not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append((name, start, end))

    opening = text.find("《")
    while opening >= 0 and (closing := text.find("》", opening)) > 0:
        take("title", opening + 1, closing)
        opening = text.find("《", closing)
    for length in range(NAME_CHARACTERS, 1, -1):
        for start in range(len(text) - length + 1):
            if name := known(text[start:start + length]):
                take(name, start, start + length)
    if first := asked_period(text, _ANY_DAY):
        take("date", first.start, first.end)
    for start, end in whens(text):
        take("date", start, end)
    return sorted(found, key=lambda mark: mark[1])


def _hashed(features: Iterable[str]) -> list[int]:
    return [crc32(feature.encode()) % BUCKETS for feature in features]


def kind_features(text: str, marks: Sequence[tuple[str, int, int]], spans: Sequence[tuple[str, int, int]]) -> list[int]:
    """The rows of the kind's table: n-grams of 1 to 4 of the question with its known names and its slots each as one
    sign, and n-grams of 1 to 3 of it as it is."""
    covered = _covered(text, [*spans, *(mark for mark in marks if not any(
        mark[1] < end and start < mark[2] for _, start, end in spans))])
    features = {f"m{gram}" for gram in _grams(f"^{covered}$", 4)} | {f"t{gram}" for gram in _grams(f"^{text}$", 3)}
    features.add(f"length{min(6, len(covered) // 3)}")
    return _hashed(features)


def _covered(text: str, spans: Iterable[tuple[str, int, int]]) -> str:
    for name, start, end in sorted(spans, key=lambda span: -span[1]):
        text = text[:start] + _MARKS[name] + text[end:]
    return "".join(text.split())


def _grams(text: str, longest: int) -> Iterable[str]:
    return (text[at:at + n] for n in range(1, longest + 1) for at in range(len(text) - n + 1))


def tag_features(text: str, marks: Sequence[tuple[str, int, int]]) -> list[list[int]]:
    """The rows of the tags' table for each character: it and its neighbours, the word it is in with its part of
    speech, the words around, and whether it is in something known."""
    import rjieba

    states = ["-"] * len(text)
    for name, start, end in marks:
        states[start:end] = [name + "B", *[name] * (end - start - 1)]
    cut = rjieba.tag(text)
    word_at = [n for n, (word, _) in enumerate(cut) for _ in word]
    starts = [sum(len(word) for word, _ in cut[:n]) for n in range(len(cut))]

    def char(at: int) -> str:
        return text[at] if 0 <= at < len(text) else "^" if at < 0 else "$"

    def state(at: int) -> str:
        return states[at] if 0 <= at < len(text) else "^$"

    def word(n: int) -> tuple[str, str]:
        return cut[n] if 0 <= n < len(cut) else ("^$", "^$")

    phrases = noun_phrases(cut)
    rows = []
    for at in range(len(text)):
        n = word_at[at]
        here, tag = cut[n]
        shape = "".join("a" if c.isascii() and c.isalpha() else "9" if c.isdigit() else "字" if c.isalpha() else "-" for c in here)
        place = "S" if len(here) == 1 else "B" if at == starts[n] else "E" if at == starts[n] + len(here) - 1 else "M"
        near = {step: char(at + step) for step in range(-3, 4)}
        first, end, nth = phrases[n]
        inside = ("" if first < 0 else "S" if end - first == 1 else "B" if n == first else "E" if n == end - 1 else "M") + place
        behind, before = (word(end)[0], word(first - 1)[0]) if first >= 0 else ("", "")
        rows.append(_hashed((
            *(f"c{step}{near[step]}" for step in range(-2, 3)),
            *(f"d{step}{near[step]}{near[step + 1]}" for step in range(-3, 3)),
            *(f"e{step}{near[step]}{near[step + 1]}{near[step + 2]}" for step in range(-3, 2)),
            f"w{place}{here}", f"p{place}{tag}", f"a{place}{word(n - 1)[0]}", f"b{place}{word(n + 1)[0]}",
            f"q{place}{word(n - 1)[1]}/{tag}/{word(n + 1)[1]}", f"f{place}{word(n - 2)[0]}/{word(n - 1)[0]}",
            f"g{place}{word(n + 1)[0]}/{word(n + 2)[0]}",
            f"h{place}{shape}", f"i{shape}/{word(n - 1)[0]}/{word(n + 1)[0]}",
            *(f"s{step}{state(at + step)}" for step in (-1, 0, 1)), f"x{state(at)}{near[1]}", f"y{state(at)}{near[-1]}",
            f"first{min(at, 2)}", f"last{min(len(text) - at, 3)}",
            f"j{inside}{nth}", f"k{inside}{behind}", f"l{inside}{before}", f"o{inside}{before}/{behind}",
            f"u{inside}{min(end - first, 4)}{word(n + 1)[1]}", f"v{inside}{word(end - 1)[0] if first >= 0 else ''}")))
    return rows


def noun_phrases(cut: Sequence[tuple[str, str]]) -> list[tuple[int, int, int]]:
    """For each word the (first, end) words of the unbroken row of nouns that it is in, and the how manieth row that is,
    from 0 to 2: topics are mostly one whole row. (-1, -1, -1) outside of one."""
    rows, nth = [(-1, -1, -1)] * len(cut), 0
    for noun, group in groupby(range(len(cut)), key=lambda n: cut[n][1].startswith(NOUNS) and cut[n][0] not in ASKS_FOR_PIECES):
        within = list(group)
        if noun:
            rows[within[0]:within[-1] + 1] = [(within[0], within[-1] + 1, min(nth, 2))] * len(within)
            nth += 1
    return rows
