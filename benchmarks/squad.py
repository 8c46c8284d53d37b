"""Questions in SQuAD form (CMRC 2018, DRCD) as a question file for `assistant train-reader`, `fit-reader` and `evaluate`.

    python benchmarks/squad.py ../shared/data/cmrc2018_dev.json --paragraphs even --into FOLDER > questions.jsonl
    python benchmarks/squad.py ../shared/data/drcd_dev.json --simplified --every 2 --into FOLDER >> questions.jsonl

Each paragraph becomes an article: FOLDER gets a file NAME.jsonl for each NAME.json, and the questions name its lines.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from question_sets import squad


def main() -> None:
    """Prints every so-manieth question with its article's id, and writes the articles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=1, help="every so-manieth question")
    parser.add_argument("--paragraphs", choices=["all", "even", "odd"], default="all", help="counted from 0")
    parser.add_argument("--simplified", action="store_true", help="turn traditional characters into simplified ones")
    parser.add_argument("--into", type=Path, required=True)
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    converted = _simplifying() if given.simplified else str
    taken = {"all": (0, 1), "even": (0,), "odd": (1,)}[given.paragraphs]
    for file in given.files:
        told = [(converted(text), asked) for text, asked in squad(file)]
        with (given.into / f"{file.stem}.jsonl").open("w", encoding="utf-8") as articles:
            articles.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text, _ in told)
        asked = [(number + 1, question) for number, (_, questions) in enumerate(told) if number % 2 in taken
                 for question in questions]
        for line, question in asked[::given.every]:
            print(converted(json.dumps({"id": question["id"], "question": question["question"],
                                        "answers": list(dict.fromkeys(answer["text"] for answer in question["answers"])),
                                        "articles": [f"{file.stem}.jsonl#{line}"]}, ensure_ascii=False)))


def _simplifying() -> Callable[[str], str]:
    import opencc

    return opencc.OpenCC("t2s").convert


if __name__ == "__main__":
    main()
