"""ALTO: a page's recognised text in blocks and lines with their places; and XML without entities, for all who read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.errors import UnreadableFile

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class Alto:
    """A page of ALTO: its elements by their ids, its width and height (1 where they are not said)."""

    elements: dict[str, _Element]
    width: float
    height: float

    def lines(self, block: str) -> list[str]:
        """The lines of a block, or of what blocks it is composed of, or of a line."""
        node = self.elements.get(block)
        return [] if node is None else [line for line in map(line_text, node.xpath("descendant-or-self::*[local-name()='TextLine']")) if line]

    def boxes(self, block: str) -> Iterator[dict[str, float]]:
        """The place of a block as fractions of the page; nothing where it is not said."""
        node = self.elements.get(block)
        try:
            left, top, wide, tall = (float(node.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")) if node is not None else [0.0] * 4
        except (TypeError, ValueError):
            return
        if wide and tall and self.width > 1:
            yield {"left": left / self.width, "top": top / self.height, "right": (left + wide) / self.width, "bottom": (top + tall) / self.height}


def read_alto(root: _Element) -> Alto:
    """The page of an ALTO document."""
    page: Any = next(iter(root.xpath("//*[local-name()='Page']")), None)
    try:
        width, height = (float(page.get(name)) for name in ("WIDTH", "HEIGHT"))
    except (AttributeError, TypeError, ValueError):
        width = height = 1.0
    return Alto({node.get("ID"): node for node in root.xpath("//*[@ID]")}, width, height)


def alto_blocks(root: _Element) -> Iterator[str]:
    """The text of every block in order, one line of print a line."""
    for block in root.xpath("//*[local-name()='TextBlock']"):
        if text := "\n".join(filter(None, map(line_text, block.xpath(".//*[local-name()='TextLine']")))):
            yield text


def line_text(line: _Element) -> str:
    """The text of a line: a String is a word, SP a blank."""
    return "".join(node.get("CONTENT", "") if node.tag.endswith("String") else " " if node.tag.endswith("SP") else ""
                   for node in line if isinstance(node.tag, str)).strip()


def xml_text(node: Any) -> str:
    """The text of an element on one line."""
    return " ".join("".join(node.itertext()).split())


def parse_xml(raw: bytes) -> _Element:
    """The root of an XML document. Raises UnreadableFile where it is none, or would grow by its entities."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, recover=False)
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableFile("不是 XML", f"not XML: {error.msg}") from error
