"""HTML elements → lines of text."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from assistant.corpus.tables import table_lines

if TYPE_CHECKING:
    from lxml.html import HtmlElement

CELL_CHARACTERS = 200
"""A longer cell is a column of a page, not of a table."""
_BLOCKS = ("p", "div", "section", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol", "blockquote", "figure", "figcaption",
           "tr", "dd", "dt", "founder-content", "article", "center")


def drop_hidden(tree: HtmlElement) -> None:
    """Takes scripts, styles and templates out of a tree."""
    for hidden in tree.xpath("//script | //style | //noscript | //template"):
        hidden.drop_tree()


def one_line(node: HtmlElement) -> str:
    """The text of an element with its lines, and those that <br> breaks, parted by a blank."""
    return " ".join(" ".join(block_lines(node)).split())


def write_tables(tree: HtmlElement) -> None:
    """Puts the rows of tables in their place as lines of text. A table that arranges a page is none: it holds other
    tables, links, long cells, or rows of as many cells only by chance."""
    from lxml import etree

    for table in list(tree.iter("table")):
        rows = [[" ".join(cell.text_content().split()) for cell in row.xpath("./td | ./th")] for row in table.iter("tr")]
        rows = [row for row in rows if any(row)]
        widths = {len(row) for row in rows}
        if table is tree or len(rows) < 2 or min(widths, default=0) < 2 or len(widths) > 2 or table.xpath(".//table | .//a[@href]"):
            continue
        if max(len(cell) for row in rows for cell in row) > CELL_CHARACTERS:
            continue
        for child in list(table):
            table.remove(child)
        table.tag, table.text = "div", None
        for line in table_lines(rows):
            etree.SubElement(table, "p").text = line


def block_lines(node: HtmlElement) -> list[str]:
    """The lines of an element in order, without outer and empty ones: a paragraph or <br> ends one, tables are tables."""
    node = copy.deepcopy(node)
    node.tail = None
    write_tables(node)
    for element in node.iter("br", *_BLOCKS):
        if element.tag != "br":
            element.text = "\n" + (element.text or "")
        element.tail = "\n" + (element.tail or "")
    for comment in node.xpath(".//comment()"):
        comment.drop_tree()
    return [line for line in (part.strip(" \t\r\u3000\xa0") for part in node.text_content().split("\n")) if line]
