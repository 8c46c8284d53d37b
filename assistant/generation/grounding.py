"""Every sentence of a model's answer checked against the articles it cites; no model is needed.

Each number, date, personal name, quoted string and address in a sentence must stand in the cited
passages, in whatever form (三千万 = 3000万, 百分之九十八 = 98%, 今年5月 = 2025年5月), and none may say 没有, 下降 or 全部
where they say the opposite (polarity). What does not is marked as 未见于所引报道; a sentence that cites nothing, or shares hardly a word with what it cites, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from assistant.generation.polarity import Polar, bound, turned
from assistant.generation.prompting import NO_ANSWER, THOUGHT_END, Renumbered, Source, marks, refuses, renumber, visible
from assistant.language.mentions import strangers
from assistant.language.quantities import Date, Form, Quantity, codes, date_stands, dates, meanings, numbers, same
from assistant.language.text import HAN, fold, search_tokens, sentences

NOT_IN_SOURCES = "（未见于所引报道）"
LEAST_OVERLAP = 0.25
"""Share of a sentence's character pairs that must stand in the cited passages. 157 sentences retold in other
words have 0.38 or more; of 1,000 that cite another article 1.7 % have 0.25 (benchmarks/grounding.py)."""
LONGEST_SENTENCE = 1000
"""A longer one is no sentence, and left out unread."""
LOOKED_AT = 400
"""Characters of a sentence that is still growing up to which each piece is looked at for its end; beyond, each fifth
more: so an answer without an end is read in linear time."""
LONGEST_THOUGHT_END = 60
"""Characters of the longest mark that ends a thought, and of the longest refusal."""
AGREEMENT_REACH = 6
LEAST_AGREEMENT = 4
AGREEMENT_MARGIN = 2
"""Another number is taken to stand in a number's very place where at least four characters around the two agree,
two more than around any equal one. Catches a changed number in 98.7 instead of 93.5 %, marks no true one more."""

_END = re.compile(r"(?:[。！？…]+|[!?]+(?=\s|$|[\[【［])"
                  # a full stop, but neither 3.5 nor Mr. nor No. 5
                  r"|(?<=[a-z\d\])%][a-z\d\])%])\.(?=\s+[^\s\d]|\s*[\[【［]|\s*$))[”’」』）)\"]*|\n+")
_ENDING = re.compile("[。！？…!?.\n]")
_QUOTED = re.compile(r"“([^“”]+)”|‘([^‘’]+)’|「([^「」]+)」|『([^『』]+)』|《([^《》]+)》|\"([^\"]+)\"")
_CODE = re.compile(r"(?<![A-Za-z\d])(?:[A-Za-z]+[-.]?\d[A-Za-z\d.-]*[A-Za-z\d]|[A-Za-z]+\d|\d+(?:\.\d+){2,})"
                   r"(?![A-Za-z\d])")
"""Q2, GB18030, 1.2.0: compared as they are."""
_LONG = re.compile(r"[\d０-９,.零〇一二三四五六七八九十百千万亿]{41,}")
"""More digits than a number has: compared as they are."""
_ADDRESS = re.compile(r"https?://[^\s，。；）)】\]]+|www\.[^\s，。；）)】\]]+")
_ENUMERATOR = re.compile(r"\s*(?:[（(]?\d{1,2}[.、）)]|[-*•])(?=\D)\s*")
_MARKDOWN = re.compile(rf"[\[【*`]{{0,4}}{NO_ANSWER}[\]】*`]{{0,4}}[\s，,。.：:]*|<\|[^|<>\n]{{0,40}}\|>"
                       r"|!?\[(?!\s{0,9}[\d^])(?P<text>[^\[\]\n。！？…]*)\]\([^()\s]*\)|\*\*|__|`+|^#+\s+|^[-*•]\s+",
                       re.MULTILINE)
"""What an answer is shown without: Markdown, links, a model's own tokens and the word that refuses."""
_RUN = re.compile(f"[{HAN}]+")

Place = tuple[str, Quantity | Date, bool]
"""A number or date of an article: the article's folded text, where it is, and whether it says the same."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the answer that does not stand in what it cites; `kind` is number, date, name, quote, address, or
    turned: it says the opposite of what stands there."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One sentence of the answer: `sentence` is its text from `start` to `end`, marks included.

    `citations` are the known numbers it cites, `removed` counts the others. `overlap` is the share of its
    character pairs that stand in the cited passages (1.0 for a sentence in another script, 0.0 for one without words).
    """

    sentence: str
    start: int
    end: int
    citations: tuple[int, ...] = ()
    unsupported: tuple[Span, ...] = ()
    removed: int = 0
    overlap: float = 0.0

    @property
    def supported(self) -> bool:
        """Whether it cites something and speaks of the same; single spans may still be unsupported."""
        return bool(self.citations) and self.overlap >= LEAST_OVERLAP


@dataclass(frozen=True, slots=True)
class Grounded:
    """A checked answer. `text` holds the supported sentences with [n] in order of first use and the marks of doubt.

    `order[n - 1]` is the number of the source shown as [n]. `sentences` are all the model wrote, also
    those left out. `refused`: the model says that the sources do not hold what was asked.
    """

    text: str = ""
    order: tuple[int, ...] = ()
    sentences: tuple[Checked, ...] = ()
    removed_marks: int = 0
    refused: bool = False

    @property
    def unsupported_count(self) -> int:
        """How many spans of the text shown are marked."""
        return sum(len(checked.unsupported) for checked in self.sentences if checked.supported)

    @property
    def dropped(self) -> int:
        """How many sentences were left out."""
        return sum(not checked.supported for checked in self.sentences)

    @property
    def sound(self) -> bool:
        """Whether nothing is marked and nothing left out; where only that will do, quotes come instead."""
        return bool(self.text) and not self.unsupported_count and not self.dropped


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source says, prepared once for all sentences."""

    text: str
    date: str | None
    numbers: tuple[Quantity, ...]
    dates: tuple[tuple[Date, frozenset[Form]], ...]
    codes: tuple[str, ...]
    pairs: frozenset[str]
    letters: str
    polar: Polar

    @classmethod
    def from_source(cls, source: Source) -> Evidence:
        """The evidence of a source: its passages and all that is printed around them (title, date, authors …)."""
        article = source.article
        head = (article.title, article.newspaper, article.section, "、".join(article.authors), article.date)
        text = "\n".join((source.text, *(part for part in head if part)))
        folded = fold(text)
        return cls(folded, article.date, tuple(numbers(text)), tuple(meanings(dates(text, article.date), article.date)),
                   tuple(code.name for code in codes(text)), frozenset(_pairs(folded)), _letters(folded), Polar.of(folded))


def ground(text: str, sources: Sequence[Source]) -> Grounded:
    """The model's whole answer, checked."""
    *_, grounded = ground_stream([text], sources)
    return grounded


def ground_stream(pieces: Iterable[str], sources: Sequence[Source]) -> Iterator[Grounded]:
    """The answer so far, after each sentence that is complete; the last is the whole and comes always.

    Each sentence is checked once. Texts only grow: a sentence and its numbers, once shown, stay; only the end of a
    thought that nothing marked as one takes back what was said before it.
    """
    evidence = {source.n: Evidence.from_source(source) for source in sources}
    growing = _Growing(evidence)
    for piece in pieces:
        growing.raw += visible(piece)
        if thoughts := [*THOUGHT_END.finditer(growing.raw, max(0, len(growing.raw) - len(piece) - LONGEST_THOUGHT_END))]:
            growing = _Growing(evidence, growing.raw[thoughts[-1].end():])
        yield from growing.check()
    yield from growing.check(whole=True)
    yield growing.so_far()


class _Growing:
    """An answer as it is read: up to the character `cut` it is checked, and that part is `plain` without Markdown."""

    def __init__(self, evidence: dict[int, Evidence], raw: str = "") -> None:
        self.raw = raw
        self._evidence, self._cut, self._plain, self._looked_at = evidence, 0, "", 0
        self._checked: list[Checked] = []
        self._shown = Renumbered("", (), 0)

    def check(self, whole: bool = False) -> Iterator[Grounded]:
        """The answer after each sentence that is complete now; of a `whole` one after each that is left."""
        growing = len(self.raw) - self._cut
        if not whole and (growing <= self._looked_at or not _ENDING.search(self.raw, self._cut)):
            return
        self._looked_at = growing if growing < LOOKED_AT else growing + growing // 5
        tail, places = _plain(self.raw, self._cut)
        text, done = self._plain + tail, len(self._plain)
        for start, end in _sentences(text, done) if whole else _complete(text, done):
            one = check(text[start:end], self._evidence, start)
            self._show(one, text[len(self._plain):start])
            self._plain, self._cut, self._looked_at = text[:end], places[end - done - 1] + 1, 0
            yield self.so_far()

    def _show(self, one: Checked, gap: str) -> None:
        """Adds a sentence to what is shown, if it is supported; `gap` is what stands before it."""
        self._checked.append(one)
        if one.supported:
            blank = "" if not self._shown.text else "\n" if "\n" in gap else " " if gap else ""
            new = renumber(blank + _marked(one), self._evidence.keys(), self._shown.order)
            self._shown = Renumbered(self._shown.text + new.text, new.order, 0)

    def so_far(self) -> Grounded:
        """The answer up to here."""
        return Grounded(self._shown.text, self._shown.order, tuple(self._checked),
                        sum(one.removed for one in self._checked), refuses(self.raw.lstrip()[:LONGEST_THOUGHT_END]))


def check(sentence: str, evidence: dict[int, Evidence], start: int = 0) -> Checked:
    """One sentence that begins at `start` of its text, checked against the sources that it cites."""
    found = marks(sentence)
    cited = tuple(dict.fromkeys(number for mark in found for number in mark.numbers if number in evidence))
    removed = sum(sum(number not in evidence for number in mark.numbers) if mark.numbers else 1 for mark in found)
    end = start + len(sentence)
    if not cited or len(sentence) > LONGEST_SENTENCE:
        return Checked(sentence, start, end, removed=removed)
    bare = sentence
    for mark in found:
        bare = bare[:mark.start] + " " * (mark.end - mark.start) + bare[mark.end:]
    if enumerator := _ENUMERATOR.match(bare):
        bare = " " * enumerator.end() + bare[enumerator.end():]
    held = [evidence[number] for number in cited]
    spans = tuple(Span(start + span.start, start + span.end, span.kind) for span in _apart(_unsupported(bare, held)))
    pairs = _pairs(fold(bare))
    standing = sum(any(pair in one.pairs for one in held) for pair in pairs)
    overlap = standing / len(pairs) if pairs else float(any(map(str.isalnum, bare)))
    return Checked(sentence, start, end, cited, spans, removed, overlap)


def best_quote(sentence: str, source: Source) -> tuple[int, int]:
    """The (start, end) in the source's article of the sentence among its passages that `sentence` shares most with."""
    asked = set(search_tokens(sentence))
    text = source.article.text
    spans = [(chunk.start + start, chunk.start + end) for chunk in source.chunks
             for start, end in sentences(chunk.text)]
    return max(spans, key=lambda span: len(asked & set(search_tokens(text[span[0]:span[1]]))))


def _unsupported(bare: str, held: Sequence[Evidence]) -> Iterator[Span]:
    """What of a sentence without its marks does not stand in the evidence."""
    together = "\n".join(one.text for one in held)
    yield from (Span(*match.span(), "address") for match in _ADDRESS.finditer(bare)
                if fold(match.group()) not in together)
    for match in _QUOTED.finditer(bare):
        said = [_letters(fold(part)) for part in re.split("…+|\\.{3,}", match[match.lastindex or 0])]
        if not all(any(part in one.letters for one in held) for part in said):
            yield Span(*match.span(), "quote")
    yield from (Span(*match.span(), "number") for match in _CODE.finditer(bare) if fold(match.group()) not in together)
    yield from (Span(*match.span(), "number") for match in _LONG.finditer(bare) if fold(match.group()) not in together)
    folded = fold(bare)
    yield from (Span(start, end, "name") for start, end in strangers(bare, together))
    yield from (Span(start, end, "turned") for start, end in turned(Polar.of(folded), [one.polar for one in held]))
    # the issuer of a document may be said or left out: 云政〔2019〕8号, 〔2019〕8号
    yield from (Span(code.start, code.end, "number") for code in codes(bare) if not any(
        other.endswith(code.name) or code.name.endswith(other) for one in held for other in one.codes))
    for number in numbers(bare):
        places: list[Place] = [(one.text, other, same(number, other)) for one in held for other in one.numbers]
        bounds = {bound(text, place.start, place.end) for text, place, says_same in places if says_same}
        if not number.unit:
            places += [(one.text, date, number.value == date.year) for one in held for date, _ in one.dates]
        if not _stands(bare, number, places) or bounds == {-bound(folded, number.start, number.end)} - {0}:
            yield Span(number.start, number.end, "number")
    # 今年 and the like mean another day in each article, so the sentence is read anew for each
    found: dict[tuple[int, int], list[Place]] = {}
    for one in held:
        for date in dates(bare, one.date):
            year = date.year if date.month is None and date.day is None else None
            found.setdefault((date.start, date.end), []).extend(
                [(one.text, other, date_stands(date, forms)) for other, forms in one.dates]
                + [(one.text, number, number.value == year) for number in one.numbers])
    yield from (Span(*place, "date") for place, places in found.items() if not _stands(bare, Date(*place), places))


def _stands(bare: str, asked: Quantity | Date, places: Sequence[Place]) -> bool:
    """Whether a number or date stands in the articles, and not another one in its very place.

    受聘的有2名 is not borne out by a 2 elsewhere when 受聘的有56名 is what the article says.
    """
    folded = fold(bare)
    same = [_agreement(folded, asked, text, place) for text, place, says_same in places if says_same]
    other = [_agreement(folded, asked, text, place) for text, place, says_same in places if not says_same]
    return bool(same) and not (max(other, default=0) >= max(LEAST_AGREEMENT, max(same) + AGREEMENT_MARGIN))


def _agreement(folded: str, asked: Quantity | Date, text: str, place: Quantity | Date) -> int:
    """How many characters right before and right after two places are the same, up to AGREEMENT_REACH on a side."""
    before = zip(reversed(folded[max(0, asked.start - AGREEMENT_REACH):asked.start]),
                 reversed(text[max(0, place.start - AGREEMENT_REACH):place.start]))
    after = zip(folded[asked.end:asked.end + AGREEMENT_REACH], text[place.end:place.end + AGREEMENT_REACH])
    return sum(sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], side)) for side in (before, after))


def _apart(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, without those that lie within or run into another; the longest of such stay."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start - span.end):
        if not any(span.start < other.end and other.start < span.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def _pairs(folded: str) -> set[str]:
    return {a + b for run in _RUN.findall(folded) for a, b in pairwise(run)}


def _letters(folded: str) -> str:
    """Letters and digits only: quotes are compared without punctuation and blanks."""
    return "".join(filter(str.isalnum, folded))


def _plain(raw: str, at: int) -> tuple[str, list[int]]:
    """The answer from `at` on without Markdown, links and the word that refuses, and where each character stood."""
    places: list[int] = []
    for match in (*_MARKDOWN.finditer(raw, at), None):
        places += range(at, match.start() if match else len(raw))
        if match:
            places += range(*match.span("text"))
            at = match.end()
    return "".join(raw[place] for place in places), places


def _sentences(text: str, at: int = 0) -> list[tuple[int, int]]:
    """The (start, end) of the sentences from `at` on; marks behind the full stop belong to the sentence before them.

    A full stop inside “…” ends none, a line break always.
    """
    following = {mark.start: mark.end for mark in marks(text, at)}
    spans, start = [], at
    for match in (*_END.finditer(text, at), None):
        end = match.end() if match else len(text)
        broken = match is None or match.group()[0] == "\n"
        while not broken and end in following:
            end = following[end]
        piece = text[start:end]
        if not broken and piece.count("“") > piece.count("”"):
            continue
        if piece.strip():
            spans.append((start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())))
        start = max(start, end)
    return spans


def _complete(text: str, at: int) -> list[tuple[int, int]]:
    """The sentences that what follows cannot change: all but the last, and one more before a mark's beginning."""
    spans = _sentences(text, at)
    begun = spans and text[spans[-1][0]] in "[【［〔（("
    return spans[:-2] if begun else spans[:-1]


def _marked(checked: Checked) -> str:
    """The sentence with a note behind each unsupported span; an unknown address gives way to the note."""
    pieces, at = [], 0
    for span in checked.unsupported:
        start, end = span.start - checked.start, span.end - checked.start
        pieces += [checked.sentence[at:start if span.kind == "address" else end], NOT_IN_SOURCES]
        at = end
    return "".join(pieces) + checked.sentence[at:]
