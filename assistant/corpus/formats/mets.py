"""METS: an issue whose logical divisions are its articles; their text lies in the pages in ALTO that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from assistant.corpus.formats.alto import Alto, parse_xml, read_alto, xml_text
from assistant.corpus.formats.source import FILE_BYTES, Row, Source, failure
from assistant.corpus.masthead import iso_date
from assistant.corpus.typeset import joined
from assistant.errors import UnreadableFile
from assistant.schema import Failure

if TYPE_CHECKING:
    from lxml.etree import _Element

_PARTS = {"kicker": ("OVERLINE", "KICKER"), "title": ("HEADLINE", "HEADING", "TITLE", "MAINTITLE", "MAIN_TITLE"),
          "subtitle": ("SUBHEADLINE", "SUBTITLE", "SUB_TITLE"), "authors": ("AUTHOR", "BYLINE"),
          "captions": ("CAPTION", "ILLUSTRATION", "PICTURE")}
"""The types of divisions, as digitisation systems name them; all others in an article are its text."""


def is_mets(root: _Element) -> bool:
    """Whether a document is the structure of an issue."""
    return str(root.tag).rpartition("}")[2].lower() == "mets"


def read_mets(root: _Element, source: Source) -> Iterator[Row | Failure]:
    """The articles of an issue in its own order; a page that is missing or damaged is a Failure under its number.

    Raises UnreadableFile where no division is an article.
    """
    articles = [node for node in root.xpath("//*[local-name()='structMap']//*[local-name()='div']")
                if "ARTICLE" in _type(node) and not any("ARTICLE" in _type(above) for above in node.iterancestors())]
    if not articles:
        raise UnreadableFile("METS 里没有标出文章", "no division of the METS is an article")
    pages, missing = _pages(root, source)
    yield from missing
    edition = _edition(root)
    for number, node in enumerate(articles, 1):
        fields = _fields(root, node, pages)
        if fields.get("text"):
            yield Row({**edition, **fields}, number)


def _type(node: _Element) -> str:
    return (node.get("TYPE") or "").upper()


def _pages(root: _Element, source: Source) -> tuple[dict[str, tuple[str, Alto, str | None]], list[Failure]]:
    """Of each file of ALTO by its id: the page's number, the page, and the name of its picture; and what is missing."""
    names = {node.get("ID"): str(place[0]).removeprefix("file://") for node in root.xpath("//*[local-name()='file']")
             if (place := node.xpath("./*[local-name()='FLocat']/@*[local-name()='href']"))}
    pages: dict[str, tuple[str, Alto, str | None]] = {}
    missing = []
    divisions = [node for node in root.xpath("//*[local-name()='div']") if _type(node) == "PAGE"]
    for order, node in enumerate(divisions, 1):
        written = node.get("ORDERLABEL") or node.get("ORDER") or str(order)
        files = [file for file in node.xpath(".//@FILEID") if file in names]
        picture = next((place for file in files if names[file].lower().endswith((".jpg", ".jpeg", ".png", ".tif", ".tiff"))
                        and source.find(place := _beside(source, names[file]))), None)
        for file in files:
            if not names[file].lower().endswith(".xml"):
                continue
            path = source.find(_beside(source, names[file]))
            try:
                if path is None or path.stat().st_size > FILE_BYTES:
                    raise UnreadableFile(f"找不到 {names[file]}", f"{names[file]} is not there")
                pages[file] = written, read_alto(parse_xml(path.read_bytes())), picture
            except UnreadableFile as error:
                missing.append(failure(source.name, order, f"第 {written} 版：{error.chinese}", f"page {written}: {error.english}"))
    return pages, missing


def _beside(source: Source, href: str) -> str:
    """The name in the corpus of what a METS refers to from its own folder."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source.name), href.lstrip("/")))


def _edition(root: _Element) -> dict[str, str | None]:
    """The newspaper and the day, as the description of the issue says them."""
    issues = [node.get("DMDID") for node in root.xpath("//*[local-name()='div']") if _type(node) in ("ISSUE", "NEWSPAPER", "TITLE_SECTION")]
    wanted = {name for names in issues if names for name in names.split()}
    told = [node for node in root.xpath("//*[local-name()='dmdSec']") if node.get("ID") in wanted]
    date = next((text for node in told for date in node.xpath(".//*[local-name()='dateIssued']") if (text := iso_date(xml_text(date)))), None)
    paper = next((text for node in told for path in (".//*[local-name()='relatedItem'][@type='host']//*[local-name()='title']",
                                                     ".//*[local-name()='title']") for title in node.xpath(path) if (text := xml_text(title))), None)
    return {"newspaper": paper, "date": date, "dated_by": "field" if date else None}


def _fields(root: _Element, article: _Element, pages: dict[str, tuple[str, Alto, str | None]]) -> dict[str, Any]:
    """What an article's divisions and its own description hold, in the order of the divisions."""
    parts: dict[str, list[str]] = {name: [] for name in (*_PARTS, "text")}
    boxes: list[dict[str, Any]] = []
    first: tuple[str, str | None] | None = None
    for area in article.xpath(".//*[local-name()='area' or local-name()='fptr'][@FILEID]"):
        file, block = area.get("FILEID"), area.get("BEGIN")
        if file not in pages or not block:
            continue
        number, page, picture = pages[file]
        kinds = [_type(node) for node in area.iterancestors() if article is node or article in node.iterancestors()]
        name = next((name for kind in kinds for name, types in _PARTS.items() if kind in types), "text")
        lines = page.lines(block)
        parts[name] += [reduce(joined, lines)] if lines else []
        boxes += [{"page": number, **box} for box in page.boxes(block)]
        first = first or (number, picture)
    described = [node for node in root.xpath("//*[local-name()='dmdSec']") if node.get("ID") in (article.get("DMDID") or "").split()]
    for node in described:
        parts["title"] = parts["title"] or [xml_text(title) for title in node.xpath(".//*[local-name()='title']")[:1]]
        parts["authors"] = parts["authors"] or [xml_text(name) for name in node.xpath(".//*[local-name()='name']/*[local-name()='namePart']")]
    title = _one(parts["title"]) or article.get("LABEL")
    return {"title": title, "kicker": _one(parts["kicker"]), "subtitle": _one(parts["subtitle"]), "authors": parts["authors"] or None,
            "text": "\n".join(parts["text"] + parts["captions"]) or title, "boxes": boxes,
            "page": first and first[0], "image": first and first[1]}


def _one(lines: Sequence[str]) -> str | None:
    return " ".join(filter(None, lines)) or None
