"""Tables as lines of an article's text: Markdown, one row a line, so that a later step knows a row and its header."""

from __future__ import annotations

import re
from collections.abc import Sequence

COLUMNS = 64
"""More columns are no table that a newspaper prints."""


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as `| cell | cell |`, with the rule of Markdown under the first one; rows without a word are left out.

    Short rows are filled up with empty cells; line breaks within a cell become blanks.
    """
    cells = [[re.sub(r"\s+", " ", cell).replace("|", "｜").strip() for cell in row[:COLUMNS]] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return []
    width = max(map(len, cells))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in cells]
    return [lines[0], "|" + "---|" * width, *lines[1:]]
