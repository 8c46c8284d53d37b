"""XML: NITF, NewsML-G2 with NITF or XHTML inside, and ALTO (alone, or the pages of a METS)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assistant.corpus.formats.source import FILE_BYTES, Row, Source
from assistant.corpus.tables import table_lines
from assistant.errors import UnreadableFile

if TYPE_CHECKING:
    from lxml.etree import _Element


def read_xml(source: Source) -> Iterator[Row]:
    """The articles of a news item, or the text of a page of ALTO. Entities are not resolved and nothing is fetched."""
    root = parse_xml(source.bytes(FILE_BYTES))
    if stories := root.xpath("//*[local-name()='nitf']"):
        many = len(stories) > 1
        for number, story in enumerate(stories, 1):
            yield Row(_nitf(story), number if many else None)
    elif root.xpath("//*[local-name()='TextBlock']"):
        yield Row({"text": "\n".join(_alto_blocks(root))})
    elif bodies := root.xpath("//*[local-name()='inlineXML']//*[local-name()='body']"):
        headline = _first(root, "headline") or _first(root, "title")
        date = _first(root, "firstCreated", "versionCreated")
        for number, body in enumerate(bodies, 1):
            yield Row({"title": headline, "date": date and date[:10], "authors": _first(root, "by"),
                       "text": "\n".join(_paragraphs(body))}, number if len(bodies) > 1 else None)
    else:
        raise UnreadableFile("不是 NITF、NewsML-G2 或 ALTO", "neither NITF nor NewsML-G2 nor ALTO")


def parse_xml(raw: bytes) -> _Element:
    """The root of an XML document. Raises UnreadableFile where it is none, or would grow by its entities."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, recover=False)
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableFile("不是 XML", f"not XML: {error.msg}") from error


def _text(node: Any) -> str:
    return " ".join("".join(node.itertext()).split())


def _first(root: _Element, *names: str) -> str | None:
    """The text of the first element of the first of these names that has any."""
    for name in names:
        for node in root.xpath(f"//*[local-name()='{name}']"):
            if text := _text(node):
                return text
    return None


def _nitf(story: _Element) -> dict[str, Any]:
    def at(path: str) -> str | None:
        steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
        return next((text for node in story.xpath(f".//{steps}") if (text := _text(node))), None)

    dates = story.xpath(".//*[local-name()='date.issue']/@norm | .//*[local-name()='story.date']/@norm"
                        " | .//*[local-name()='pubdata']/@date.publication")
    pages = story.xpath(".//*[local-name()='pubdata']/@position.section | .//*[local-name()='pubdata']/@edition.area")
    bylines = [text for node in story.xpath(".//*[local-name()='byline']//*[local-name()='person']") if (text := _text(node))]
    content = story.xpath(".//*[local-name()='body.content']")
    return {"title": at("hedline/hl1"), "subtitle": at("hedline/hl2"), "date": _day(dates[0]) if dates else None,
            "authors": bylines or at("byline"), "section": pages[0] if pages else None,
            "newspaper": next(iter(story.xpath(".//*[local-name()='pubdata']/@name")), None),
            "text": "\n".join(_paragraphs(content[0])) if content else None}


def _day(norm: str) -> str:
    """20260718T060000+0800 → 2026-07-18; anything else as it is."""
    digits = norm[:8]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 and digits.isdigit() else norm


def _paragraphs(body: _Element) -> Iterator[str]:
    """The paragraphs of a body in order, tables as tables."""
    tables = {id(row) for table in body.xpath(".//*[local-name()='table']") for row in table.iter()}
    for node in body.iter():
        if not isinstance(node.tag, str):
            continue
        name = node.tag.rpartition("}")[2]
        if name == "table":
            rows = [[_text(cell) for cell in row if isinstance(cell.tag, str)] for row in node.xpath(".//*[local-name()='tr']")]
            yield from table_lines(rows)
        elif name in ("p", "hl2", "h1", "h2", "h3", "li", "block") and id(node) not in tables and (
                name != "block" or not len(node)) and (text := _text(node)):
            yield text


def _alto_blocks(root: _Element) -> Iterator[str]:
    """The text of every block in order: a String is a word, SP a blank, and lines are joined as Chinese is."""
    for block in root.xpath("//*[local-name()='TextBlock']"):
        lines = []
        for line in block.xpath(".//*[local-name()='TextLine']"):
            parts = [node.get("CONTENT", "") if node.tag.endswith("String") else
                     " " if node.tag.endswith("SP") else "" for node in line if isinstance(node.tag, str)]
            lines.append("".join(parts).strip())
        if text := "\n".join(filter(None, lines)):
            yield text
