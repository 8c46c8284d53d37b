"""Tables in an article's text (| cell | cell | lines): the row a question asks for, and the ends of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from assistant.language.borders import is_mentioned
from assistant.language.quantities import dates, numbers
from assistant.language.text import content, fold, words
from assistant.question.wanted import wants
from assistant.reading.figures import measure_asked
from assistant.schema import Article, Passage

ENDS = {"最晚": -1, "最迟": -1, "最多": -1, "最高": -1, "最大": -1, "最长": -1, "最贵": -1, "最远": -1, "最后": -1,
        "最早": 1, "最先": 1, "最少": 1, "最低": 1, "最小": 1, "最短": 1, "最便宜": 1, "最近": 1}
"""Which end of a column a question asks for: 1 the least, -1 the most."""
_DIALLED = ("电话", "号码", "热线", "邮编")
"""What is asked for with 多少 and counts nothing."""
FEWEST_SHARED = 2
"""Characters that a question and a cell or header share to be of one thing."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`article.text[start:end]` is this cell."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table of an article: its header and rows, all of the header's length."""

    article: Article
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table with the column that is asked for, None where the whole row is."""

    table: Table
    cells: tuple[Cell, ...]
    column: int | None


def tables(article: Article) -> list[Table]:
    """The tables of an article, in order: two or more lines between bars, the first of them the header."""
    found: list[list[tuple[Cell, ...]]] = [[]]
    at = 0
    for line in article.text.splitlines(keepends=True):
        if line.strip().startswith("|") and line.strip().endswith("|") and line.count("|") > 2:
            if line.strip("|-: \n"):
                found[-1].append(_cells(line, at))
        elif found[-1]:
            found.append([])
        at += len(line)
    return [Table(article, lines[0], tuple(row for row in lines[1:] if len(row) == len(lines[0])))
            for lines in found if len(lines) > 1]


def _cells(line: str, at: int) -> tuple[Cell, ...]:
    cells, start = [], line.index("|") + 1
    while (end := line.find("|", start)) >= 0:
        text = line[start:end].strip()
        left = at + start + len(line[start:end]) - len(line[start:end].lstrip())
        cells.append(Cell(text, left, left + len(text)))
        start = end + 1
    return tuple(cells)


def asked_rows(question: str, passages: Sequence[Passage]) -> list[Row]:
    """The rows of the first table that a question asks of: the one that it names (2911003是哪个街道的电话), or the least or
    most of the column that it names (哪个街道恢复最晚). [] where it asks of none, or how many and the row has no number for it: a
    word of the question that fills a cell by chance names no row."""
    asked = fold(question)
    how_many = wants(question) == "number" and not any(word in asked for word in _DIALLED)
    measure = measure_asked(question) if how_many else None
    articles = {passage.article.id: passage.article for passage in passages}
    for table in (table for article in articles.values() for table in tables(article)):
        end = next((sign for word, sign in ENDS.items() if word in asked), 0)
        counted = [n for n, cell in enumerate(table.header) if measure and fold(cell.text).startswith(measure.measure)]
        column = counted[0] if len(counted) == 1 else _column(asked, table)
        valued = [n for n in range(len(table.header)) if end and _at_the_end(table, n, end)]
        if valued and (at := _column(asked, table, valued)) is not None and (row := _at_the_end(table, at, end)):
            return [Row(table, row, at)]
        named = [(row, n) for row in table.rows for n, cell in enumerate(row) if len(cell.text) > 1 and is_mentioned(asked, cell.text)]
        if named and len({id(row) for row, _ in named}) <= FEWEST_SHARED:
            rows = {id(row): Row(table, row, _asked_column(asked, table, n, column)) for row, n in named}
            if all(row.column is not None and (not how_many or _value(row.cells[row.column].text)) for row in rows.values()):
                return list(rows.values())
    return []


def _asked_column(asked: str, table: Table, known: int, column: int | None) -> int | None:
    """The column asked for beside the one that the question knows a cell of."""
    if column is not None and column != known:
        return column
    kinds = [n for n, cell in enumerate(table.header) if n != known and _shared(fold(table.rows[0][n].text), asked)]
    return kinds[0] if kinds else None


def _column(asked: str, table: Table, among: Sequence[int] = ()) -> int | None:
    """The column (of those `among`, all for none) whose header shares most with a question, words before single characters (招几个班, 招生班数); None where
    none shares a word, nor half of its characters."""
    columns = among or range(len(table.header))
    shared = [_shared(fold(cell.text), asked) * (n in columns) for n, cell in enumerate(table.header)]
    best = max(range(len(shared)), key=shared.__getitem__)
    if shared[best] >= FEWEST_SHARED:
        return best
    signs = [sum(sign in asked for sign in set(fold(cell.text))) * (n in columns) for n, cell in enumerate(table.header)]
    best = max(range(len(signs)), key=signs.__getitem__)
    return best if signs[best] >= max(FEWEST_SHARED, len(table.header[best].text) / 2) else None


def _shared(one: str, asked: str) -> int:
    """Characters of the words of `one`, of two characters or more, that stand in a question."""
    return sum(len(word) for word in words(content(one)) if word in asked and len(word) > 1)


def _at_the_end(table: Table, column: int, sign: int) -> tuple[Cell, ...] | None:
    """The row of the least (1) or most (-1) value of a column of dates or numbers; None where a cell has no value."""
    values = [_value(row[column].text) for row in table.rows]
    if any(value is None for value in values) or len(values) < 2:
        return None
    best = (min if sign > 0 else max)(range(len(values)), key=lambda n: values[n])  # type: ignore[arg-type,return-value]
    return table.rows[best]


def _value(cell: str) -> tuple[Fraction | int, ...] | None:
    """What a cell is ordered by: its month, day and time, or its number."""
    named = dates(cell)
    times = [Fraction(number.value) for number in numbers(cell)]
    if named:
        rest = cell[named[-1].end:]
        hours, _, minutes = rest.partition(":")
        clock = Fraction(int(hours)) + Fraction(int(minutes[:2] or 0), 60) if hours.strip().isdigit() else Fraction(0)
        return named[0].year or 0, named[0].month or 0, named[0].day or 0, clock
    return (times[0],) if times else None
