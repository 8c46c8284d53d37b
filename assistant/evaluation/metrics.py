"""How good answers and rankings are: pure functions over strings and lists, no model and no judge.

Every score is between 0 and 1, higher is better. Nothing here decides over which questions a score
is averaged: `evaluation.Summary` says that for each of its numbers.
"""

from __future__ import annotations

import math
import random
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from difflib import SequenceMatcher

_MARK = re.compile(r"\[\d+\]")
_IDLE_POINT = re.compile(r"(?<!\d)\.|\.(?!\d)")

_CMRC_PUNCTUATION = str.maketrans("", "", "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
"""What cmrc2018_evaluate.py removes (its `sp_char`; "……" there is two characters and never matches one)."""
_HAN = "\u4e00-\u9fa5"
_SIGN = r"""()\[\]{}<>;@#$%&?!"–—"""
_CMRC_SEGMENT = re.compile(
    rf"[{_HAN}{_SIGN}]|\.{{2,}}"
    rf"|(?:[^\s{_HAN}{_SIGN},.']|,(?=\d)|\.(?=\s*[^\s{_HAN}{_SIGN}.])|'(?!s?(?![a-z])))+|[.,]|'s?")
"""A Chinese character, a sign, or a run of anything else as nltk's word_tokenize leaves it whole."""


# Answers against gold strings

def comparable(text: str) -> str:
    """`text` as accuracy compares it: NFKC, lower case, no blanks, no punctuation, no [n] marks.

    Percent and per-mille signs stay, and so does a point between two digits: 3.5% is not 35%.
    """
    folded = unicodedata.normalize("NFKC", _MARK.sub("", text)).lower()
    kept = _IDLE_POINT.sub("", folded).replace("~", "")
    return "".join(sign for sign in kept if sign in ".%‰" or unicodedata.category(sign)[0] not in "PZC")


def holds(text: str, gold: str) -> bool:
    """Whether the gold string stands in the text, both made comparable; an empty one never does."""
    return bool(wanted := comparable(gold)) and wanted in comparable(text)


def accurate(text: str, answers: Sequence[str], need: str = "any", refused: bool = False) -> bool:
    """Whether an answer holds one (`need` "any") or each ("all") of the gold strings; a refusal never does."""
    found = [holds(text, gold) for gold in answers]
    return not refused and bool(found) and (all(found) if need == "all" else any(found))


def exact_match(prediction: str, answers: Iterable[str]) -> float:
    """1.0 if the short answer equals a gold string but for case and punctuation, else 0.0 (CMRC 2018's EM)."""
    def bare(text: str) -> str:
        return text.lower().strip().translate(_CMRC_PUNCTUATION)

    return float(bare(prediction) in map(bare, answers))


def f1(prediction: str, answers: Iterable[str]) -> float:
    """CMRC 2018's F1 of a short answer, the best over the gold strings.

    Precision and recall are of the longest common *substring*, in Chinese characters and Latin words.
    """
    said = _segments(prediction)
    best = 0.0
    for gold in map(_segments, answers):
        common = SequenceMatcher(None, said, gold, autojunk=False).find_longest_match().size
        best = max(best, 2 * common / (len(said) + len(gold)) if common else 0.0)
    return best


def _segments(text: str) -> list[str]:
    return _CMRC_SEGMENT.findall(text.lower().strip().translate(_CMRC_PUNCTUATION))


# Rankings against gold articles

def grouped(article_ids: Iterable[str]) -> list[str]:
    """The articles of a ranking of passages, each once, at the place of its best passage."""
    return list(dict.fromkeys(article_ids))


def hit(ranked: Sequence[str], gold: Collection[str], k: int) -> float:
    """1.0 if one of the gold articles is among the first `k`, else 0.0."""
    return float(any(article in gold for article in ranked[:k]))


def reciprocal_rank(ranked: Sequence[str], gold: Collection[str], k: int = 10) -> float:
    """1 / the place (from 1) of the first gold article among the first `k`, 0.0 where there is none."""
    return next((1 / place for place, article in enumerate(ranked[:k], 1) if article in gold), 0.0)


def ndcg(ranked: Sequence[str], gold: Collection[str], k: int = 10) -> float:
    """Discounted gain of the gold articles among the first `k`, over that of the best order possible.

    Binary relevance with the discount 1 / log2(place + 1) (Järvelin and Kekäläinen, 2002).
    """
    gains = [1 / math.log2(place + 1) for place in range(1, k + 1)]
    gained = sum(gain for gain, article in zip(gains, ranked) if article in gold)
    return gained / sum(gains[:len(set(gold))]) if gold else 0.0


# Citations against gold articles and strings

def supports(article_id: str, quote: str, articles: Collection[str], answers: Iterable[str]) -> bool:
    """Whether a citation is right: it is of a gold article, or its quote holds a gold string."""
    return article_id in articles or any(holds(quote, gold) for gold in answers)


def recall(cited: Collection[str], articles: Collection[str]) -> float:
    """The share of the gold articles that are among the cited ones; there must be a gold one."""
    return sum(article in cited for article in articles) / len(articles)


# Over many questions

def mean(scores: Sequence[float]) -> float | None:
    """The mean, or None of nothing: a share of no questions is not 0."""
    return sum(scores) / len(scores) if scores else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank); None of nothing."""
    return ranked(values, share) if values else None


def ranked(values: Sequence[float], share: float) -> float:
    """`percentile` of at least one value."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def bootstrap_interval(scores: Sequence[float], samples: int = 1000, seed: int = 0) -> tuple[float, float] | None:
    """The 95 % interval of the mean by resampling the questions; the same for the same scores, None of nothing."""
    if not scores:
        return None
    draw = random.Random(seed)
    means = [sum(draw.choices(scores, k=len(scores))) / len(scores) for _ in range(samples)]
    return ranked(means, 0.025), ranked(means, 0.975)
