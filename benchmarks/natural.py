"""Natural questions as a question file for `assistant evaluate`, `assistant train-reader` and `assistant fit-reader`.

    python benchmarks/natural.py ../shared/data/natural_train.jsonl news-2023.jsonl.xz > questions.jsonl
    python benchmarks/natural.py benchmarks/reader_questions.jsonl.xz ../shared/data/news-2023.jsonl.xz > own.jsonl

Their `article` counts the lines of the news file from 0; an article's id counts them from 1. Evidence and premises that are given
by their place in the article, as in the files here, which hold no text of the news, are looked up in the news file.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIELDS = ("id", "question", "answers", "need", "unanswerable", "evidence", "premise")


def main(questions: str, news: Path) -> None:
    """Prints each question with its article's id in the corpus that holds the news file."""
    rows = [json.loads(line) for line in text_of(Path(questions)).splitlines()]
    placed = {row["article"] for row in rows if any(isinstance(one, list) for one in (row.get("premise"), *row.get("evidence", ())))}
    told = {number: json.loads(line)["text"] for number, line in enumerate(text_of(news).splitlines()) if number in placed} if placed else {}
    for row in rows:
        place = [f"{news.name}#{row['article'] + 1}"] if row.get("article") is not None else []
        kept = {name: row[name] for name in FIELDS if name in row}
        print(json.dumps({**kept, **verbatim(row, told), "articles": place}, ensure_ascii=False))


def verbatim(row: Mapping[str, Any], told: Mapping[int, str]) -> dict[str, Any]:
    """Evidence and premise of a row that are given by their place, in the article's words."""
    def said(place: Any) -> Any:
        return told[row["article"]][slice(*place)] if isinstance(place, list) else place

    return {**({"evidence": list(map(said, row["evidence"]))} if "evidence" in row else {}),
            **({"premise": said(row["premise"])} if "premise" in row else {})}


def text_of(path: Path) -> str:
    """A file's text, unpacked where it is an .xz archive."""
    return (lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()).decode()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
