"""How well questions are understood: kinds, slots and follow-ups, each beside what was held back from the fit.

    python benchmarks/questions.py [--data ../shared/data]

- kinds, slots: phrasings of intents_train.jsonl that the shipped model never saw (a fifth of them, by paper and matter),
  and of the tests' own archives; a slot counts where its name and its words are right (F1). "known": the archive
  knows the names of authors, sections and newspapers, as an archive does that holds them.
- facts taken for something else: of natural_dev, whose questions all ask for facts.
- follow-ups: whether a question depends on the turns before it; the words of the question that a person made of it
  that ours has (recall), and of ours that are hers (precision); exactly the same but for blanks and marks.
- article first: whether the article that answers comes first for the follow-up as it was made whole, on an index.
- by kind: kinds right and F1 of slots of each kind, of what was held back.
- ms: reading one question, median.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from question_sets import arguments_of, printed

from assistant.catalogue import known_names
from assistant.chain import AnswerChain, build_chain
from assistant.index.refresh import refresh
from assistant.language.text import content, squeeze, words
from assistant.models.embedding import load_embedding
from assistant.question import follow_up
from assistant.question.analysis import understand
from assistant.question.intent import KINDS, Intent, IntentModel
from assistant.question.terms import Terms
from assistant.schema import Ask, Filters, Turn
from assistant.settings import load_settings
from assistant.training.intent import OWN_FOLLOW_UPS, Phrasing, Scores, held_back, read_phrasings, score

NAMES = ("author", "section", "newspaper")
ROOT = Path(__file__).resolve().parents[1]
TESTED = ROOT / "tests/phrasings.tsv"
SAMPLE_FOLLOW_UPS = ROOT / "benchmarks/follow_ups.jsonl"
TODAY = date(2025, 11, 20)


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


def kind_rows(data: Path, model: IntentModel) -> Iterator[list[str]]:
    """The first row of the table for each kind by itself."""
    phrasings = [one for one in read_phrasings(data / "intents_train.jsonl") if held_back(one)]
    for kind in KINDS:
        if some := [one for one in phrasings if one.kind == kind]:
            yield _row(kind, score(_reads(model, known_of(some)), some))


def _reads(model: IntentModel, known: Callable[[str], Callable[[str], str]]) -> Callable[[str], Intent]:
    return lambda question: model.read(question, known(question))


def follow_up_rows(data: Path, model: IntentModel) -> Iterator[list[str]]:
    """Depends right, left alone, recall and precision of words, exactly the same; for those fitted on and those held back."""
    for file in (OWN_FOLLOW_UPS, data / "followups_train.jsonl"):
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for name, held in (("fitted on", False), ("held back", True)):
            some = [row for row in lines if _held(row) == held]
            yield [f"{file.name}, {name}", str(len(some)), *_of_follow_ups(some, model)]


def _of_follow_ups(some: list[dict], model: IntentModel) -> list[str]:
    right, alone, same, recall, precision = [], [], [], [], []
    for row in some:
        history = _history(row)
        question = follow_up.bare(row["question"])
        picked = follow_up.picked(question, history)
        depends = bool(picked) or follow_up.depends(question, history, model.read(question))
        right.append(depends == row["depends"])
        if not row["depends"]:
            alone.append(not depends)
            continue
        whole = follow_up.whole(question, history[-1].question, history, model, lambda _: "") if depends else question
        whole = picked or whole
        wanted, ours = _words(row["standalone"]), _words(whole)
        recall.append(len(wanted & ours) / max(1, len(wanted)))
        precision.append(len(wanted & ours) / max(1, len(ours)))
        same.append(squeeze(follow_up.bare(row["standalone"])) == squeeze(whole))
    return [f"{100 * statistics.mean(values):.1f}" for values in (right, alone, recall, precision, same)]


def article_rows(model: IntentModel) -> Iterator[list[str]]:
    """Whether the article that answers comes first for the follow-up as it was made whole, and for the question as a person
    wrote it, over the invented city of the tests and the sample newspaper."""
    own = [json.loads(line) for line in OWN_FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]
    sample = [{"history": [{"question": row["before"], "answer": ""}], "question": row["question"], "article": row["articles"][0]}
              for row in map(json.loads, SAMPLE_FOLLOW_UPS.read_text(encoding="utf-8").splitlines())]
    sets = (("tests/several, fitted on", ROOT / "tests/several/corpus", [row for row in own if not _held(row)]),
            ("tests/several, held back", ROOT / "tests/several/corpus", [row for row in own if _held(row)]),
            ("sample", ROOT / "corpus", sample))
    for name, corpus, some in sets:
        with TemporaryDirectory() as folder:
            refresh(corpus, Path(folder), load_embedding(load_settings().embedding))
            chain = build_chain(load_settings(index=folder))
            asked = [row for row in some if "article" in row]
            ours = [_first(chain, understand(Ask(row["question"], _history(row)), known_names(chain.index.current()),
                                             TODAY, model).search) == row["article"] for row in asked]
            hers = [_first(chain, row["standalone"]) == row["article"] for row in asked if "standalone" in row]
            yield [name, str(len(asked)), f"{100 * statistics.mean(ours):.1f}", f"{100 * statistics.mean(hers):.1f}" if hers else "–"]


def _first(chain: AnswerChain, question: str) -> str:
    """The article that is found first for a question."""
    snapshot = chain.index.current()
    terms = Terms.of(question, chain.reader.rareness(snapshot.words))
    return chain.retriever.passages(terms, Filters(), snapshot=snapshot)[0].article.id.rpartition("#")[2]


def _history(row: dict) -> tuple[Turn, ...]:
    return tuple(Turn(turn["question"], turn["answer"]) for turn in row["history"])


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
    print(printed(("held back, known, by kind", "n", "kinds right %", "slots F1 %"), kind_rows(given.data, model)))
    print()
    print(printed(("follow-ups", "n", "depends right %", "left alone %", "words recall %", "precision %", "same %"),
                  follow_up_rows(given.data, model)))
    print()
    print(printed(("follow-ups, article first", "n", "as made whole %", "as a person wrote it %"), article_rows(model)))


if __name__ == "__main__":
    main()
