"""Questions in SQuAD form (CMRC 2018, DRCD) as a question file for `assistant fit-reader` and `assistant evaluate`.

    python benchmarks/squad.py ../shared/data/cmrc2018_trial.json ../shared/data/drcd_dev.json --every 2 --into FOLDER \
        >> questions.jsonl

Each paragraph becomes an article: FOLDER gets a file NAME.jsonl for each NAME.json, and the questions name its lines.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def main() -> None:
    """Prints every so-manieth question with its article's id, and writes the articles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--into", type=Path, required=True)
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    for file in given.files:
        told = [part for one in json.loads(file.read_text(encoding="utf-8"))["data"] for part in one["paragraphs"]]
        with (given.into / f"{file.stem}.jsonl").open("w", encoding="utf-8") as articles:
            articles.writelines(json.dumps({"text": part["context"]}, ensure_ascii=False) + "\n" for part in told)
        asked = [(line, question) for line, part in enumerate(told, 1) for question in part["qas"]]
        for line, question in asked[::given.every]:
            print(json.dumps({"id": question["id"], "question": question["question"],
                              "answers": list(dict.fromkeys(answer["text"] for answer in question["answers"])),
                              "articles": [f"{file.stem}.jsonl#{line}"]}, ensure_ascii=False))


if __name__ == "__main__":
    main()
