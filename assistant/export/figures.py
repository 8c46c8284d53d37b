"""All figures about a topic as a table: each with its sentence, its article and its day."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from assistant.export.citation_styles import gbt7714, headline
from assistant.export.documents import table_docx
from assistant.language.dating import chinese_date
from assistant.language.quantities import numbers
from assistant.language.text import fold, sentences
from assistant.schema import Article

ROWS = 500
"""Figures of one table; nobody reads more."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its measure word: `article.text[start:end]`, in the sentence `article.text[left:right]`."""

    article: Article
    start: int
    end: int
    left: int
    right: int
    value: float

    @property
    def written(self) -> str:
        """The figure as it is printed."""
        return self.article.text[self.start:self.end]

    @property
    def sentence(self) -> str:
        """The sentence that holds it."""
        return self.article.text[self.left:self.right]


def figures(articles: Iterable[Article], topic: str) -> list[Figure]:
    """The figures of the sentences that hold a word of the topic, in the order of the articles, ROWS at most.

    A sentence belongs, too, where the title holds a word of the topic. Dates and figures without a measure word
    are none.
    """
    wanted = [fold(word) for word in topic.split()]
    found: list[Figure] = []
    for article in articles:
        titled = any(word in fold(article.title or "") for word in wanted)
        for left, right in sentences(article.text):
            sentence = article.text[left:right]
            if not wanted or titled or any(word in fold(sentence) for word in wanted):
                found += (Figure(article, left + a, left + b, left, right, value) for a, b, value in _measured(sentence))
        if len(found) >= ROWS:
            break
    return found[:ROWS]


def as_csv(rows: Sequence[Figure]) -> str:
    """The table for a spreadsheet: date, figure, sentence, title, newspaper, page, id. No cell is a formula."""
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(("date", "figure", "sentence", "title", "newspaper", "page", "article"))
    for row in rows:
        article = row.article
        cells = (article.date, row.written, row.sentence, headline(article), article.newspaper, article.page, article.id)
        sheet.writerow([f"'{cell}" if cell and cell.startswith(_FORMULA) else cell for cell in cells])
    return "\ufeff" + out.getvalue()


def as_docx(rows: Sequence[Figure], heading: str, seen: date) -> bytes:
    """The table as a Word document, the source of each figure in GB/T 7714 as `seen` that day."""
    cells = [(chinese_date(row.article.date), row.written, row.sentence, gbt7714(row.article, seen)) for row in rows]
    return table_docx(heading, ("日期", "数字", "原句", "出处"), cells)


def _measured(sentence: str) -> Iterator[tuple[int, int, float]]:
    """The (start, end, value) of each number with its measure word; dates are none."""
    for number in numbers(sentence):
        if number.measure or number.unit == "%":
            yield number.start, max(number.end, number.right), float(number.value)
