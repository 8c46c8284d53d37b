"""Precision and recall of two articles set side by side for their figures, on pairs labelled by hand.

    python benchmarks/disagreements.py [--data ../shared/data] [--fit]

A pair is 1 where both tell of one thing at one time with other values, 0 else.
- news: disagreements.jsonl, 410 pairs of reports of one matter in news-2023.jsonl.xz, as {"label", "held", "a": [line of the
  article, left and right of the sentence, start and end of the figure], "b": …}; their texts are read from --data, without
  which they are left out. They were drawn from reports that share rare words: half at random among likely ones by the rule
  that stood before, half among those where neither article has the other's value.
- made: disagreements_made.tsv, of invented places; every other line is held out.
- older: tests/language/disagreements.tsv, which was looked at while the features were chosen: development only.

The fit and the threshold come from the development pairs; those held out were labelled before and looked at by nobody since.
--fit prints weights and, cross-validated, precision and recall at several thresholds.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import numpy as np
from question_sets import arguments_of, printed

from assistant.language.quantities import numbers
from assistant.reading import figures as model
from assistant.reading.figures import FEATURES, Figure, disagree, likeness
from assistant.schema import Article

HERE = Path(__file__).parent
PAIRS = HERE / "disagreements.jsonl"
MADE = HERE / "disagreements_made.tsv"
OLDER = HERE.parent / "tests/language/disagreements.tsv"
THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8)
Pair = tuple[int, Figure, Figure]


def made(path: Path) -> list[Pair]:
    """Made pairs: label (a figure of another time is 0), and the two figures marked 【】."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return [(int(label == "1"), _marked("a", first, one), _marked("b", second, other))
            for label, first, one, second, other in rows]


def of_news(data: Path, held: bool) -> list[Pair]:
    """The labelled pairs of the news, development or held out; [] where the news is not there."""
    news = data / "news-2023.jsonl.xz"
    rows = [row for row in map(json.loads, PAIRS.read_text(encoding="utf-8").splitlines()) if row["held"] == held]
    if not news.exists():
        print(f"{news} is not there: the pairs of the news are left out.")
        return []
    wanted = {row[side][0] for row in rows for side in "ab"}
    with lzma.open(news, "rt", encoding="utf-8") as lines:
        articles = {n: json.loads(line) for n, line in enumerate(lines) if n in wanted}
    held_by = {n: Article(str(n), row["text"], date=row["date"]) for n, row in articles.items()}
    return [(row["label"], _spanned(held_by[row["a"][0]], *row["a"][1:]), _spanned(held_by[row["b"][0]], *row["b"][1:]))
            for row in rows]


def sets(data: Path) -> dict[str, list[Pair]]:
    """The pairs by what they are used for."""
    pairs = made(MADE)
    return {"news, development": of_news(data, False), "made, development": pairs[::2], "older, development": made(OLDER),
            "news, held out": of_news(data, True), "made, held out": pairs[1::2]}


def row(name: str, pairs: list[Pair]) -> list[str]:
    """The row of a set: pairs, disagreements among them, precision and recall of those named."""
    said = [disagree(one, other) for _, one, other in pairs]
    hits = sum(told and label for told, (label, *_) in zip(said, pairs))
    wanted = sum(label for label, *_ in pairs)
    return [name, str(len(pairs)), str(wanted), f"{hits}/{sum(said)}", f"{hits}/{wanted}"]


def fit(pairs: list[Pair], penalty: float = 1.0) -> tuple[np.ndarray, float]:
    """Weights and bias of a logistic regression with an L2 penalty over the pairs that no rule turns down."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1 / penalty, max_iter=1000).fit(
        [likeness(one, other) for _, one, other in pairs], [label for label, *_ in pairs])
    return fitted.coef_[0], float(fitted.intercept_[0])


def told_of_fit(development: list[Pair]) -> None:
    """Prints the fitted weights and what eight folds say of thresholds."""
    wanted = sum(label for label, *_ in development)
    model.WEIGHTS, model.BIAS, threshold = (0.0,) * len(FEATURES), 10.0, model.SAME_THING
    model.SAME_THING = 0.5
    pairs = [pair for pair in development if disagree(*pair[1:])]
    weights, bias = fit(pairs)
    print("weights", dict(zip(FEATURES, weights.round(2).tolist())), "bias", round(bias, 2))
    shares = np.zeros(len(pairs))
    for fold in range(8):
        weights, bias = fit([pair for n, pair in enumerate(pairs) if n % 8 != fold])
        for n in range(fold, len(pairs), 8):
            shares[n] = 1 / (1 + np.exp(-bias - weights @ likeness(*pairs[n][1:])))
    rows = [[f"{least}{' (shipped)' if least == threshold else ''}",
             f"{sum(p >= least and one[0] for p, one in zip(shares, pairs))}/{sum(shares >= least)}",
             f"{sum(p >= least and one[0] for p, one in zip(shares, pairs))}/{wanted}"] for least in THRESHOLDS]
    print(printed(("threshold", "precision", "recall"), iter(rows)))


def main() -> None:
    """Prints precision and recall of each set; with --fit the weights instead."""
    parser = arguments_of(__doc__)
    parser.add_argument("--fit", action="store_true")
    given = parser.parse_args()
    every = sets(given.data)
    if given.fit:
        told_of_fit([pair for name, pairs in every.items() if "development" in name for pair in pairs])
        return
    both = {name: [pair for key, pairs in every.items() if key.endswith(name) for pair in pairs] for name in ("development", "held out")}
    print(printed(("set", "pairs", "disagree", "precision", "recall"), (row(*one) for one in (every | both).items())))


def _marked(name: str, day: str, marked: str) -> Figure:
    start, end = marked.index("【"), marked.index("】") - 1
    text = marked.replace("【", "").replace("】", "")
    return _spanned(Article(name, text, date=day), 0, len(text), start, end)


def _spanned(article: Article, left: int, right: int, start: int, end: int) -> Figure:
    number = next(one for one in numbers(article.text[left:right]) if start < left + one.right and left + one.start < end)
    return Figure(article, left + number.start, left + max(number.end, number.right), left, right, number)


if __name__ == "__main__":
    main()
