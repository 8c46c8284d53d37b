"""Precision and recall of two articles set side by side for their figures, on annotated pairs: one half fits, the other develops.

    python benchmarks/disagreements.py [PAIRS.jsonl --news INDEX] [--fit]

The pairs in tests/language/disagreements.tsv are made up. PAIRS.jsonl holds spans of articles of the news set: {"label",
"history", "a": [id, left, right, start, end], "b": …}. A pair is 1 where both tell of one thing at one time with other
values, 2 (or "history") where they tell of another time, 0 else. Odd lines fit; the even lines were looked at while
the features were chosen, so what they say is likely too good.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from assistant.index.snapshot import Index
from assistant.language.quantities import numbers
from assistant.reading import figures as model
from assistant.reading.figures import FEATURES, Figure, at_one_time, likeness, of_one_thing, same_value
from assistant.schema import Article

MADE = Path(__file__).parents[1] / "tests/language/disagreements.tsv"
Pair = tuple[int, Figure, Figure]


def made(path: Path = MADE) -> list[Pair]:
    """The made pairs: label, and the two figures marked 【】."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return [(int(label), _marked("a", first, one), _marked("b", second, other)) for label, first, one, second, other in rows]


def annotated(path: Path, index: Path) -> list[Pair]:
    """The pairs of the news set, from the index that holds its articles."""
    store = Index(index).current().articles
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [(2 if row["history"] else row["label"], _spanned(store.held(row["a"][0]), *row["a"][1:]),
             _spanned(store.held(row["b"][0]), *row["b"][1:])) for row in rows]


def disagree(one: Figure, other: Figure) -> bool:
    """Whether the two would be set side by side."""
    return of_one_thing(one, other) >= model.SAME_THING and at_one_time(one, other) and not same_value(one, other)


def rates(pairs: list[Pair]) -> str:
    """Precision and recall of disagreements, and of figures of one thing at any time."""
    told = []
    for name, truth, said in (("disagree", lambda label: label == 1, disagree),
                              ("one thing", lambda label: label > 0, lambda a, b: of_one_thing(a, b) >= model.SAME_THING)):
        hits = sum(truth(label) and said(a, b) for label, a, b in pairs)
        given, wanted = sum(said(a, b) for _, a, b in pairs), sum(truth(label) for label, *_ in pairs)
        told.append(f"{name}: precision {hits}/{given} = {hits / max(1, given):.1%}, recall {hits}/{wanted} = {hits / max(1, wanted):.1%}")
    return "; ".join(told)


def fit(pairs: list[Pair], penalty: float = 0.05) -> tuple[np.ndarray, float]:
    """Weights and bias of a logistic regression for `of_one_thing`, with an L2 penalty."""
    x = np.array([[*likeness(a, b), 1.0] for _, a, b in pairs])
    y = np.array([float(label > 0) for label, *_ in pairs])
    weights = np.zeros(x.shape[1])
    for _ in range(20_000):
        shares = 1 / (1 + np.exp(-x @ weights))
        weights -= 0.5 * (x.T @ (shares - y) / len(y) + penalty / len(y) * np.r_[weights[:-1], 0])
    return weights[:-1], float(weights[-1])


def main() -> None:
    """Prints the rates of both halves; with --fit the weights of the first half before."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="?", type=Path)
    parser.add_argument("--news", type=Path, help="index of the news set")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    pairs = made() + (annotated(options.pairs, options.news) if options.pairs else [])
    halves = pairs[::2], pairs[1::2]
    if options.fit:
        weights, bias = fit(halves[0])
        model.WEIGHTS, model.BIAS = tuple(map(float, weights)), bias
        print("weights", dict(zip(FEATURES, weights.round(2))), "bias", round(bias, 2))
        for threshold in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
            model.SAME_THING = threshold
            print(threshold, "fitted half ", rates(halves[0]))
            print(threshold, "development ", rates(halves[1])) if threshold == 0.5 else None
        return
    print(f"fitted half ({len(halves[0])}): {rates(halves[0])}")
    print(f"development half ({len(halves[1])}): {rates(halves[1])}")


def _marked(name: str, day: str, marked: str) -> Figure:
    start, end = marked.index("【"), marked.index("】") - 1
    text = marked.replace("【", "").replace("】", "")
    return _spanned(Article(name, text, date=day), 0, len(text), start, end)


def _spanned(article: Article, left: int, right: int, start: int, end: int) -> Figure:
    number = next(one for one in numbers(article.text[left:right]) if start < left + one.right and left + one.start < end)
    return Figure(article, left + number.start, left + max(number.end, number.right), left, right, number)


if __name__ == "__main__":
    main()
