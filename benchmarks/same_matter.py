"""Whether what an article's page calls other reports of the matter is that, on pairs that a person judged.

    python benchmarks/same_matter.py [--index NEWS_INDEX]

The pairs (same_matter.tsv) are lines of news-2023, drawn in six bands of the share of the score, so that the doubtful ones
are many: of all that a page shows, more is right.
"""

from __future__ import annotations

from pathlib import Path

from question_sets import Archives, archives_of, arguments_of, printed

from assistant.index.snapshot import Index
from assistant.web.articles import alike, shares_names

PAIRS = Path(__file__).with_name("same_matter.tsv")


def measured(archives: Archives) -> list[list[str]]:
    """A row for words alone and one for words and names: shown, of them right, of how many, precision, recall."""
    snapshot = Index(archives.index("news")).current()
    ids = {int(article_id.rpartition("#")[2]): article_id for article_id in snapshot.dates}
    judged = [tuple(map(int, line.split("\t"))) for line in PAIRS.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    found: dict[str, list[int]] = {"words": [], "words and names": []}
    for one, other, same in judged:
        article, second = snapshot.articles.article(ids[one]), snapshot.articles.article(ids[other])
        if article and second and second.id in alike(snapshot, article):
            found["words"].append(same)
            found["words and names"] += [same] if shares_names(article, second) else []
    every = sum(same for _, _, same in judged)
    return [[name, str(len(judged)), str(len(shown)), str(sum(shown)), f"{sum(shown) / len(shown):.2f}", f"{sum(shown) / every:.2f}"]
            for name, shown in found.items()]


if __name__ == "__main__":
    print(printed(("by", "pairs", "shown", "right", "precision", "recall"), measured(archives_of(arguments_of(__doc__).parse_args()))))
