"""How well questions are understood: kinds, slots and follow-ups, each beside what was held back from the fit.

    python benchmarks/questions.py [--data ../shared/data]

- kinds, slots: phrasings of intents_train.jsonl that the shipped model never saw (a fifth of them, by paper and matter),
  and of the tests' own archives; a slot counts where its name and its words are right (F1). "known": the archive
  knows the names of authors, sections and newspapers, as an archive does that holds them.
- facts taken for something else: of natural_dev, whose questions all ask for facts.
- follow-ups: whether a question depends on the turns before it; the words of the question that a person made of it
  that ours has (recall), and of ours that are hers (precision); exactly the same but for blanks and marks.
- ms: reading one question, median.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from question_sets import arguments_of, printed

from assistant.language.text import content, squeeze, words
from assistant.question import follow_up
from assistant.question.intent import Intent, IntentModel
from assistant.schema import Turn
from assistant.training.intent import Phrasing, Scores, held_back, read_phrasings, score

NAMES = ("author", "section", "newspaper")
TESTED = Path(__file__).resolve().parents[1] / "tests/phrasings.tsv"


def known_of(phrasings: list[Phrasing]) -> Callable[[str], Callable[[str], str]]:
    """For a question the names that its archive knows, as IntentModel.read takes them."""
    names = {one.text: {one.text[start:end]: name for name, start, end in one.slots if name in NAMES} for one in phrasings}
    return lambda question: lambda words: names[question].get(words, "")


def rows(data: Path, model: IntentModel) -> Iterator[list[str]]:
    """The rows of the table."""
    sets = {"held back": [one for one in read_phrasings(data / "intents_train.jsonl") if held_back(one)],
            "tests/phrasings.tsv": read_phrasings(TESTED)}
    for name, phrasings in sets.items():
        yield _row(f"{name}, known", score(_reads(model, known_of(phrasings)), phrasings))
        yield _row(f"{name}, unknown", score(model.read, phrasings))
    facts = _questions(data / "natural_dev.jsonl")
    kinds = [model.read(question).kind for question in facts]
    yield ["natural_dev, all facts", str(len(facts)), f"{100 * kinds.count('fact') / len(facts):.1f}", "–"]
    taken = []
    for question in facts:
        start = time.perf_counter()
        model.read(question)
        taken.append(1000 * (time.perf_counter() - start))
    yield ["ms to read a question", str(len(facts)), f"{statistics.median(taken):.1f}", "–"]


def _reads(model: IntentModel, known: Callable[[str], Callable[[str], str]]) -> Callable[[str], Intent]:
    return lambda question: model.read(question, known(question))


def follow_up_rows(data: Path, model: IntentModel) -> Iterator[list[str]]:
    """Depends right, recall and precision of words, exactly the same; for those fitted on and those held back."""
    lines = [json.loads(line) for line in (data / "followups_train.jsonl").read_text(encoding="utf-8").splitlines()]
    for name, some in (("fitted on", [row for row in lines if not _held(row)]), ("held back", [row for row in lines if _held(row)])):
        right, same, recall, precision = [], [], [], []
        for row in some:
            history = tuple(Turn(turn["question"], turn["answer"]) for turn in row["history"])
            question = follow_up.bare(row["question"])
            depends = follow_up.depends(question, history, model.read(question))
            right.append(depends == row["depends"])
            if row["depends"]:
                whole = follow_up.whole(question, history[-1].question, history, model, lambda _: "") if depends else question
                wanted, ours = _words(row["standalone"]), _words(whole)
                recall.append(len(wanted & ours) / max(1, len(wanted)))
                precision.append(len(wanted & ours) / max(1, len(ours)))
                same.append(squeeze(follow_up.bare(row["standalone"])) == squeeze(whole))
        yield [name, str(len(some)), *(f"{100 * statistics.mean(values):.1f}" for values in (right, recall, precision, same))]


def _held(row: dict) -> bool:
    return held_back(Phrasing(row["history"][0]["question"], "fact"))


def _words(question: str) -> set[str]:
    return {word for word in words(content(question)) if len(word) > 1}


def _questions(path: Path) -> list[str]:
    return [json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines()]


def _row(name: str, scores: Scores) -> list[str]:
    return [name, str(scores.of), f"{100 * scores.kinds:.1f}", f"{100 * scores.slots:.1f}"]


def main() -> None:
    given = arguments_of(__doc__).parse_args()
    model = IntentModel.from_folder()
    print(printed(("set", "n", "kinds right %", "slots F1 %"), rows(given.data, model)))
    print()
    print(printed(("follow-ups", "n", "depends right %", "words recall %", "precision %", "same %"),
                  follow_up_rows(given.data, model)))


if __name__ == "__main__":
    main()
