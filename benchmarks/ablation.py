"""What each part of the reader is worth: the encoder, the features beside it, its layers, its int8.

    python benchmarks/ablation.py HELD_OUT.jsonl [--fit-index INDEX] [--readers FOLDER ...] [--float] [--limit 200]
                                  [--index NEWS_INDEX] [--json FILE]

HELD_OUT.jsonl is what `assistant train-reader` leaves beside its weights, FIT_INDEX the index that it was trained over. On
these questions what orders the stretches is fitted anew for every row, by the features of the row alone:

- words: the question's words in a window, its passage's score, the window's worth, the stretch's length;
- encoder: whether the window answers, the span's log-odds, whether it is the window's best, the stretch's length;
- both: as it ships.

first, two: the gold strings stand in the stretch put first, in one of the first two, over the answerable questions of the
report sets. ms: one reading of at most six windows, median and 95th percentile; CPU ms: the processor's.
`--float` adds each reader's weights as they were trained, without int8.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from answers import Clock
from question_sets import archives_of, arguments_of, printed, renamed, report, share, told

from assistant.evaluation import metrics
from assistant.evaluation.questions import GoldQuestion, read_questions
from assistant.index.snapshot import Index
from assistant.models.encoder import SHIPPED, Judgement
from assistant.question.terms import Terms
from assistant.reading.reader import STRETCH_FEATURES, Linear, Reader
from assistant.retrieval import HybridRetriever
from assistant.training.judge import Example, example_of, fit_order

SETS = ("natural_report", "plain_report")
FEATURES = {"words": ("worth", "held", "score", "length"), "encoder": ("answers", "span", "first", "length"),
            "both": STRETCH_FEATURES}
FITTED = 300
"""Questions that an order is fitted on."""
COLUMNS = ("reader", "layers", "numbers", "order by", "set", "n", "first %", "two %", "ms p50 / p95", "CPU ms p50 / p95")


class Timed:
    """Stands in for an encoder, and keeps how long each reading took."""

    def __init__(self, encoder: object) -> None:
        self._encoder, self.seconds = encoder, list[tuple[float, float]]()

    def read(self, asked: Sequence[tuple[str, str, str]]) -> list[Judgement]:
        """What the encoder reads."""
        clock = Clock()
        judgements: list[Judgement] = self._encoder.read(asked)  # type: ignore[attr-defined]
        self.seconds.append(clock.seconds())
        return judgements


def examples_of(retriever: HybridRetriever, reader: Reader, questions: Iterable[GoldQuestion]) -> list[Example]:
    """The stretches of every answerable question for which any is found."""
    snapshot, found = retriever.index.current(), []
    for number, one in enumerate(questions):
        if one.answers:
            terms = Terms.of(one.question, reader.rareness(snapshot.words))
            found.append(example_of(reader, terms, retriever.passages(terms, snapshot=snapshot), one, True, number))
    return [one for one in found if one.stretches]


def rows_of(reader: Reader, fitted: Sequence[Example], retriever: HybridRetriever, limit: int | None) -> Iterator[list[str]]:
    """The last columns of one reader's rows, for each of SETS and of FEATURES."""
    encoder = reader.encoder
    for set_name in SETS:
        asked = renamed(report(set_name), retriever.index.current().articles).some(limit)
        timed = Timed(encoder)
        reader.encoder = timed  # type: ignore[assignment]
        tried = examples_of(retriever, reader, asked.questions)
        wall, cpu = ([1000 * taken[which] for taken in timed.seconds] for which in (0, 1))
        times = [" / ".join(f"{metrics.percentile(taken, part):.0f}" for part in (0.5, 0.95)) for taken in (wall, cpu)]
        for by, features in FEATURES.items():
            order = Linear.from_json(fit_order(fitted, features), STRETCH_FEATURES)
            right = [one.right[np.argsort(-order.probability(np.array([s.features for s in one.stretches])), kind="stable")] > 0.5
                     for one in tried]
            yield [by, set_name, str(len(tried)), share([float(one[0]) for one in right]),
                   share([float(one[:2].any()) for one in right]), *times]


def in_float(folder: Path, out: Path) -> Path:
    """A folder with the reader of `folder` as it was trained."""
    import onnx

    from assistant.training.reader import start_weights
    from assistant.training.reader_export import exported

    onnx.save(exported(start_weights(folder), {}, quantised=False), out / "model.onnx")
    for name in ("tokenizer.json", "background.json"):
        shutil.copyfile((folder if (folder / name).exists() else SHIPPED) / name, out / name)
    return out


def layers_in(folder: Path) -> str:
    """The layers of a reader's model."""
    from assistant.training.reader_export import layers_of, weights_of

    return str(layers_of(weights_of(folder / "model.onnx")))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("held_out", type=Path, help="questions that what orders is fitted on")
    parser.add_argument("--fit-index", type=Path, help="their index; --index by default")
    parser.add_argument("--readers", type=Path, nargs="+", default=[SHIPPED])
    parser.add_argument("--float", action="store_true")
    parser.add_argument("--limit", type=int, help="so many questions of each set")
    parser.add_argument("--json", type=Path, help="also into this file, with the commit")
    given = parser.parse_args(arguments)
    news = archives_of(given).retriever("news")
    fit = HybridRetriever(index=Index(given.fit_index), embedding=news.embedding) if given.fit_index else news
    questions = [one for one in read_questions(given.held_out) if not one.error and one.answers]
    table: list[list[str]] = []
    for folder in given.readers:
        with tempfile.TemporaryDirectory() as beside:
            for numbers, where in [("int8", folder), *([("float", in_float(folder, Path(beside)))] if given.float else [])]:
                told(f"{folder.name}, {numbers}")
                reader = Reader.from_folder(where, fitted=False)
                fitted = examples_of(fit, reader, questions[::max(1, len(questions) // FITTED)])
                table += [[folder.name, layers_in(folder), numbers, *row] for row in rows_of(reader, fitted, news, given.limit)]
                print(printed(COLUMNS, table[-len(SETS) * len(FEATURES):]), flush=True)
    if given.json:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        given.json.write_text(json.dumps({"commit": commit, "made": time.strftime("%F"),
                                          "rows": [dict(zip(COLUMNS, row)) for row in table]},
                                         ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
