"""Chinese newspaper text: matching form, sentences, and the tokens that the lexical index holds.

Nothing here changes what is shown: articles are quoted as they were read, and `fold` is for comparing.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

from assistant.language import lexicon
from assistant.language.quantities import dates, numbers

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f々〇"
QUESTION_WORDS = tuple(lexicon.words("question_words.txt"))
"""Words that ask without saying about what; dropped from a query. The longest match wins."""

_PARTICLES = r"(?:吗|呢|(?<![酒网水])吧|啊|呀|嘛|么)(?=\W|$)|几(?![乎何])|哪(?!吒)"
"""Single characters that ask only at the end, or are part of a word elsewhere (酒吧, 几乎)."""
_QUESTION = re.compile("|".join((*sorted(map(re.escape, QUESTION_WORDS), key=len, reverse=True), _PARTICLES)))
_FUNCTION_CHARACTERS = frozenset("的了是有在和与及或就都也很把被给让为于以从到对将又还这那个之其等着过我你您他她它们")
_RUN = re.compile(rf"[{HAN}]+|[a-zA-Z]+|[0-9]+(?:[.,][0-9]+)*")
_DIGITS = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_SENTENCE_END = re.compile(r"(?:[。！？!?；;]|…+|\n)+[”’」』）)】》]*\s*")
_CLAUSE_END = re.compile(r"[，,：:][”’」』）)】》]*")
_BLANKS = re.compile(r"\s+")


@cache
def _matching_form() -> np.ndarray:
    """The matching form of every code point: one character to one, so that offsets survive folding.

    Width and compatibility forms by NFKC, case by lower(), traditional to simplified by OpenCC's
    character table. What NFKC would expand (㎡, …) stays as it is.
    """
    import opencc

    simplified = {}
    table = Path(opencc.__file__).parent / "dictionary" / "TSCharacters.txt"
    for line in table.read_text(encoding="utf-8").splitlines():
        traditional, _, candidates = line.partition("\t")
        if len(traditional) == 1 and candidates:
            simplified[traditional] = candidates.split(" ")[0]
    forms = np.arange(sys.maxunicode + 1, dtype="<u4")
    latin_and_width = (*range(0x41, 0x250), *range(0x370, 0x530), *range(0x2160, 0x2180), *range(0xF900, 0xFB00),
                       *range(0xFF01, 0xFFEF), 0x3000, 0x2F00, *range(0x2F00, 0x2FD6))
    for point in {*latin_and_width, *map(ord, simplified)}:
        folded = unicodedata.normalize("NFKC", chr(point)).lower()
        folded = simplified.get(folded, folded)
        if len(folded) == 1:
            forms[point] = ord(folded)
    return forms


def fold(text: str) -> str:
    """The matching form of `text`, of the same length: half width, lower case, simplified characters."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")  # five times as fast as str.translate
    folded: np.ndarray = _matching_form()[points]
    return folded.tobytes().decode("utf-32-le", "surrogatepass")


def squeeze(text: str) -> str:
    """`text` without any blanks."""
    return _BLANKS.sub("", text)


def sentences(text: str) -> list[tuple[int, int]]:
    """The (start, end) of each sentence of `text` in order, without surrounding blanks.

    A sentence ends after 。！？；… or a line break, with the closing quotes behind it. Together the
    spans hold every character of `text` that is not blank.
    """
    spans, start = [], 0
    for end in (*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)):
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if right > left:
            spans.append((left, right))
        start = end
    return spans


def pieces(text: str, limit: int) -> list[tuple[int, int]]:
    """The (start, end) of each sentence, those longer than `limit` cut at commas into even stretches.

    A stretch may still be longer than `limit` where a sentence has no comma.
    """
    spans: list[tuple[int, int]] = []
    for start, end in sentences(text):
        commas = [match.end() for match in _CLAUSE_END.finditer(text, start, end)]
        parts = max(2, round((end - start) / (0.8 * limit))) if end - start > limit else 1
        aims = [start + (end - start) * i / parts for i in range(1, parts)]
        cuts = sorted({min(commas, key=lambda comma: abs(comma - aim)) for aim in aims} - {end}) if commas else []
        spans.extend(zip((start, *cuts), (*cuts, end)))
    return spans


def clauses(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The (start, end) of the clauses between two places: they end after a comma or colon, or where a sentence does."""
    ends = {match.end() for pattern in (_CLAUSE_END, _SENTENCE_END) for match in pattern.finditer(text, start, end)}
    borders = sorted({start, end} | ends)
    return [(left, right) for left, right in zip(borders, borders[1:]) if text[left:right].strip()]


def content(question: str) -> str:
    """The folded question with every word that only asks replaced by a blank."""
    return _QUESTION.sub(" ", fold(question))


def words(text: str) -> list[str]:
    """The words of the folded `text` in order: rjieba words, numbers and Latin runs; no punctuation."""
    import rjieba

    found: list[str] = []
    for run in _RUN.findall(fold(text)):
        found.extend([run.replace(",", "")] if run.isascii() else rjieba.cut(run))
    return found


def search_tokens(text: str) -> list[str]:
    """The tokens of `text` for the lexical index, repeats kept.

    Characters, character bigrams, and rjieba words of three characters or more (a shorter word is a
    character or a bigram already); numbers and Latin runs whole; and in digits what is written otherwise
    (3.5万, 三名, 二〇二五年). Words and bigrams together find the right passage more often than either
    (95.2 against 92.7 and 94.1 % on CMRC among 50,000 chunks of news).
    """
    return list(_tokens(fold(text)))


def query_tokens(question: str) -> list[str]:
    """The tokens to look for, each once, in order; question words and lone function words dropped.

    A question that consists of question words only has none.
    """
    tokens = dict.fromkeys(_tokens(content(question)))
    return [token for token in tokens if token not in _FUNCTION_CHARACTERS]


def _tokens(folded: str) -> Iterator[str]:
    import rjieba

    for run in _RUN.findall(folded):
        if run[0].isascii():
            yield run.replace(",", "")
            continue
        yield from run
        yield from (run[i:i + 2] for i in range(len(run) - 1))
        yield from (word for word in rjieba.cut(run) if len(word) > 2)
    yield from _in_digits(folded)


def _in_digits(folded: str) -> Iterator[str]:
    """The numbers and dates that are written in another form than plain digits, in digits."""
    for number in numbers(folded):
        written = folded[number.start:number.end].rstrip("%‰")
        if not _DIGITS.fullmatch(written) and (value := _decimal(number.value)) != written:
            yield value
    for date in dates(folded):
        written = folded[date.start:date.end]
        yield from (str(part) for part in (date.year, date.month, date.day) if part and str(part) not in written)


def _decimal(value: Fraction) -> str:
    """0.3亿 as 30000000, a third of a hundred as 33.33."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".") if value.denominator > 1 else str(value.numerator)
