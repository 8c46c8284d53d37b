"""Natural questions as a question file for `assistant evaluate`, `assistant train-reader` and `assistant fit-reader`.

    python benchmarks/natural.py ../shared/data/natural_train.jsonl news-2023.jsonl.xz > questions.jsonl

Their `article` counts the lines of the news file from 0; an article's id counts them from 1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FIELDS = ("id", "question", "answers", "need", "unanswerable", "evidence", "premise")


def main(questions: str, news: str) -> None:
    """Prints each question with its article's id in the corpus that holds the file `news`."""
    for line in Path(questions).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        place = [f"{news}#{row['article'] + 1}"] if row.get("article") is not None else []
        kept = {name: row[name] for name in FIELDS if name in row}
        print(json.dumps({**kept, "articles": place}, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
