"""Drafts of evaluation questions out of an archive: its own sentences with a figure, a day or a name asked for.

They share the article's words, as a person's questions do not: mend them before they are used, or they flatter.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from assistant.language.mentions import people
from assistant.language.quantities import dates, numbers
from assistant.language.text import sentences
from assistant.schema import Article

LENGTHS = range(12, 61)
"""Characters of a sentence that makes a question: shorter ones say too little, longer ones ask too much."""
ENDS = "。！？；!?;"


def drafted(articles: Iterable[Article], number: int, seed: int = 0) -> list[dict[str, Any]]:
    """At most `number` drafts as lines of a question file, one an article, drawn at random; the same for the same archive."""
    draw = random.Random(seed)
    pool = list(articles)
    draw.shuffle(pool)
    rows: list[dict[str, Any]] = []
    for article in pool:
        if len(rows) == number:
            break
        if drafts := list(_drafts(article)):
            rows.append({"id": f"draft-{len(rows) + 1:04}", **draw.choice(drafts)})
    return rows


def _drafts(article: Article) -> Iterator[dict[str, Any]]:
    """Every question that the article's sentences make: of each the first date, figure and name."""
    if article.title:
        yield {"question": f"《{article.title}》讲了什么？", "answers": [], "articles": [article.id]}
    for start, end in sentences(article.text):
        said = article.text[start:end].rstrip(ENDS)
        if len(said) not in LENGTHS or "“" in said:
            continue
        asked = [(span.start, span.end, "什么时候") for span in dates(said)[:1]]
        asked += [(span.start, span.end, "百分之几" if said[span.end - 1] in "%％" else "多少") for span in numbers(said)[:1]]
        asked += [(*span, "谁") for span in people(said)[:1]]
        for first, last, word in asked:
            yield {"question": f"{said[:first]}{word}{said[last:]}？", "answers": [said[first:last]], "articles": [article.id]}
