"""XML: NITF, NewsML-G2 with NITF or XHTML inside, METS with its pages in ALTO, and ALTO alone."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assistant.corpus.formats.alto import alto_blocks, parse_xml, xml_text
from assistant.corpus.formats.mets import is_mets, read_mets
from assistant.corpus.formats.source import FILE_BYTES, Row, Source
from assistant.corpus.tables import table_lines
from assistant.errors import UnreadableFile
from assistant.schema import Failure

if TYPE_CHECKING:
    from lxml.etree import _Element


def read_xml(source: Source) -> Iterator[Row | Failure]:
    """The articles of a news item or of an issue, or the text of a page of ALTO; nothing for a page that a METS beside it
    or above it names. Entities are not resolved and nothing is fetched."""
    root = parse_xml(source.bytes(FILE_BYTES))
    if is_mets(root):
        yield from read_mets(root, source)
    elif stories := root.xpath("//*[local-name()='nitf']"):
        many = len(stories) > 1
        for number, story in enumerate(stories, 1):
            yield Row(_nitf(story), number if many else None)
    elif root.xpath("//*[local-name()='TextBlock']"):
        if not _is_of_mets(source):
            yield Row({"text": "\n".join(alto_blocks(root))})
    elif bodies := root.xpath("//*[local-name()='inlineXML']//*[local-name()='body']"):
        headline = _first(root, "headline") or _first(root, "title")
        date = _first(root, "firstCreated", "versionCreated")
        for number, body in enumerate(bodies, 1):
            yield Row({"title": headline, "date": date and date[:10], "authors": _first(root, "by"),
                       "text": "\n".join(_paragraphs(body))}, number if len(bodies) > 1 else None)
    else:
        raise UnreadableFile("不是 NITF、NewsML-G2、METS 或 ALTO", "neither NITF nor NewsML-G2 nor METS nor ALTO")


def _is_of_mets(source: Source) -> bool:
    """Whether a METS in the page's folder, or in the one above, names the page."""
    path = source.find(source.name)
    if path is None:
        return False
    own = posixpath.basename(source.name).encode()
    above = [path.parent, path.parent.parent] if "/" in source.name else [path.parent]
    beside = (other for folder in above for other in sorted(folder.glob("*.[xX][mM][lL]")) if "mets" in other.name.lower())
    return any(other.stat().st_size <= FILE_BYTES and own in other.read_bytes() for other in beside if other != path)


def _first(root: _Element, *names: str) -> str | None:
    """The text of the first element of the first of these names that has any."""
    for name in names:
        for node in root.xpath(f"//*[local-name()='{name}']"):
            if text := xml_text(node):
                return text
    return None


def _nitf(story: _Element) -> dict[str, Any]:
    def at(path: str) -> str | None:
        steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
        return next((text for node in story.xpath(f".//{steps}") if (text := xml_text(node))), None)

    dates = story.xpath(".//*[local-name()='date.issue']/@norm | .//*[local-name()='story.date']/@norm"
                        " | .//*[local-name()='pubdata']/@date.publication")
    pages = story.xpath(".//*[local-name()='pubdata']/@position.section | .//*[local-name()='pubdata']/@edition.area")
    bylines = [text for node in story.xpath(".//*[local-name()='byline']//*[local-name()='person']") if (text := xml_text(node))]
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
            rows = [[xml_text(cell) for cell in row if isinstance(cell.tag, str)] for row in node.xpath(".//*[local-name()='tr']")]
            yield from table_lines(rows)
        elif name in ("p", "hl2", "h1", "h2", "h3", "li", "block") and id(node) not in tables and (
                name != "block" or not len(node)) and (text := xml_text(node)):
            yield text
