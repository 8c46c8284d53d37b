"""Two runs over the same questions, question by question: what was won, what was lost, and whether that is chance."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

from assistant.errors import QuestionsError
from assistant.evaluation import metrics
from assistant.evaluation.questions import GoldQuestion, read_questions
from assistant.evaluation.run import RESULTS, Judged, judge, write_whole

COMPARISON = "comparison.html"
SAMPLES = 2000
"""Resamples of the questions: the borders of the interval are then steady to a tenth of its width."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure of both runs over the same questions. `interval` is the 95 % interval of b - a; `p` is McNemar's
    exact two-sided probability that won and lost differ so by chance."""

    name: str
    a: float
    b: float
    of: int
    interval: tuple[float, float]
    won: int
    lost: int
    p: float


def mcnemar(won: int, lost: int) -> float:
    """The exact two-sided probability of so uneven a split of won and lost, if each were as likely (McNemar, 1947)."""
    n, least = won + lost, min(won, lost)
    return min(1.0, 2 * sum(comb(n, k) for k in range(least + 1)) / 2**n) if n else 1.0


def paired_interval(differences: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the mean difference by resampling the questions; the same for the same differences."""
    draw = random.Random(seed)
    means = [sum(draw.choices(differences, k=len(differences))) / len(differences) for _ in range(SAMPLES)]
    return metrics.ranked(means, 0.025), metrics.ranked(means, 0.975)


MEASURES: tuple[tuple[str, Callable[[Judged], float | None]], ...] = (
    ("正确 right", lambda one: None if one.outcome == "unjudged" else float(one.outcome == "right")),
    ("答案准确 accuracy", lambda one: float(one.accurate) if one.question.answers and not one.question.unanswerable else None),
    ("首篇命中 hit@1", lambda one: metrics.hit(one.ranked, one.question.articles, 1) if one.question.articles else None),
    ("拒答 refused", lambda one: float(not one.answered) if one.question.unanswerable else None),
    ("没有误拒 not refused by mistake", lambda one: float(one.answered) if not one.question.unanswerable else None),
)
"""What is compared, each 1 where it is well; None where a question does not count."""


def compare_runs(questions: Path, a: Path, b: Path, out: Path) -> str:
    """What differs between the results in the folders `a` and `b`, in a few lines; OUT gets the whole as HTML.

    Raises QuestionsError where a folder holds no results of these questions.
    """
    gold = [question for question in read_questions(questions) if not question.error]
    runs = [_judged(gold, folder) for folder in (a, b)]
    pairs = [(runs[0][question.id], runs[1][question.id]) for question in gold
             if question.id in runs[0] and question.id in runs[1]]
    if not pairs:
        raise QuestionsError(f"{a} 和 {b} 没有共同的题。请先各运行一次 assistant evaluate {questions} --out 文件夹。",
                             f"{a} and {b} share no question. Run assistant evaluate {questions} --out FOLDER for each.")
    differences = [one for name, measure in MEASURES if (one := _difference(name, measure, pairs))]
    out.mkdir(parents=True, exist_ok=True)
    changed = {title: [pair for pair in pairs if [one.outcome == "right" for one in pair] == right]
               for title, right in (("赢得 Won", [False, True]), ("失去 Lost", [True, False]))}
    import jinja2

    page = jinja2.Environment(loader=jinja2.PackageLoader("assistant.evaluation", "."), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True, undefined=jinja2.StrictUndefined).get_template("comparison.html.j2")
    write_whole(out / COMPARISON, page.render(a=str(a), b=str(b), differences=differences, changed=changed, of=len(pairs)))
    lines = [f"{one.name}: {one.a:.1%} → {one.b:.1%}（{one.of}），差 difference {one.b - one.a:+.1%} "
             f"[{one.interval[0]:+.1%}, {one.interval[1]:+.1%}]，赢 won {one.won}，输 lost {one.lost}，p {one.p:.3f}"
             for one in differences]
    return "\n".join([*lines, f"逐题 question by question: {out / COMPARISON}"])


def _difference(name: str, measure: Callable[[Judged], float | None],
                pairs: Sequence[tuple[Judged, Judged]]) -> Difference | None:
    measured = [(measure(one), measure(other)) for one, other in pairs]
    scores = [(one, other) for one, other in measured if one is not None and other is not None]
    if not scores:
        return None
    won, lost = sum(other > one for one, other in scores), sum(other < one for one, other in scores)
    return Difference(name, sum(one for one, _ in scores) / len(scores), sum(other for _, other in scores) / len(scores),
                      len(scores), paired_interval([other - one for one, other in scores]), won, lost, mcnemar(won, lost))


def _judged(gold: Sequence[GoldQuestion], folder: Path) -> dict[Any, Judged]:
    """The judged results of a folder by question id."""
    try:
        rows: list[Mapping[str, Any]] = [json.loads(line) for line in (folder / RESULTS).read_text("utf-8").splitlines()]
        by_id = {row["id"]: row for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise QuestionsError(f"{folder} 里没有评测结果（{error}）。请先运行 assistant evaluate 问题文件 --out {folder}。",
                             f"There are no results in {folder} ({error}). Run: assistant evaluate QUESTIONS --out {folder}"
                             ) from error
    return {question.id: judge(question, row, lambda _: None) for question in gold if (row := by_id.get(question.id))}
