"""Web pages: e-papers, a newspaper's site, WeChat, and any other page by trafilatura."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from assistant.corpus.formats.epaper import is_index, published
from assistant.corpus.formats.markup import drop_hidden, one_line, write_tables
from assistant.corpus.formats.source import Row, Source
from assistant.corpus.formats.wechat import is_wechat, wechat_fields
from assistant.corpus.masthead import masthead
from assistant.corpus.page import read_article
from assistant.errors import UnreadableFile
from assistant.language.text import squeeze

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def read_html(source: Source) -> Iterator[Row]:
    """The article of a page; nothing where the page only leads to articles, as the index of an e-paper's page does."""
    tree = _parsed(source.text())
    if is_wechat(tree):
        yield Row(wechat_fields(tree))
        return
    drop_hidden(tree)
    if is_index(tree, source.name):
        return
    known = published(tree, source)
    headings = [one_line(node) for tag in ("h1", "h2", "h3", "title") for node in tree.iter(tag)]
    title = known.get("title") or next((text for text in headings if text and not masthead(text)), None)
    lines = known.pop("lines", None)
    whole = lines is not None
    if not whole:
        lines = _main_lines(tree)
        if title in lines[:len(lines) // 2 + 1]:
            lines = lines[lines.index(title) + 1:]
        lines = list(dropwhile(headings.__contains__, lines))
    spoken = {squeeze(known.get(name) or "") for name in ("kicker", "title", "subtitle")}
    piece = read_article("\n".join(dropwhile(lambda line: squeeze(line) in spoken, lines)), titled=whole and bool(title))
    edition = {name: value for name, value in _edition(tree).items() if not known.get(name)}
    fields = {**asdict(piece), **edition, **{name: value for name, value in known.items() if value}}
    if known.get("authors"):
        fields["roles"] = ()
    if "section" in edition and not known.get("page_name"):
        fields["page_name"] = edition["section"]
    if "date" in edition or known.get("date"):
        fields["dated_by"] = "masthead" if "date" in edition else "field"
    canonical = next(iter(tree.xpath("//link[@rel='canonical']/@href")), None)
    yield Row({**fields, "title": title or piece.title, "url": known.get("url") or canonical})


def _parsed(text: str) -> HtmlElement:
    from lxml import etree, html

    try:
        # bytes, because lxml refuses a string that declares an encoding
        return html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8", huge_tree=False))
    except etree.ParserError as error:
        raise UnreadableFile("不是网页", f"no HTML: {error}") from error


def _edition(tree: HtmlElement) -> dict[str, str]:
    """Date, page, section and newspaper as the lines around an e-paper's article say them.

    A lone date may be of anything. Links lead to other pages as well: they count where they name only one.
    """
    plain: dict[str, str] = {}
    linked: dict[str, set[str]] = {}
    for node in tree.xpath("//body//text()[normalize-space()]"):
        said = masthead(node.strip())
        for kind, value in said.items() if len(said) > 1 or "date" not in said else ():
            if kind not in ("date", "page", "section", "newspaper"):
                continue
            if node.getparent().xpath("ancestor-or-self::a"):
                linked.setdefault(kind, set()).add(value)
            else:
                plain.setdefault(kind, value)
    return {kind: min(values) for kind, values in linked.items() if len(values) == 1} | plain


def _main_lines(tree: HtmlElement) -> list[str]:
    """The paragraphs of what trafilatura takes for the article, tables as tables."""
    import trafilatura
    from lxml import etree

    write_tables(tree)
    # trafilatura breaks the lines of a short page at every tag within a sentence
    etree.strip_tags(tree, "b", "strong", "em", "i", "u", "span", "font")
    document = trafilatura.bare_extraction(tree, include_comments=False)
    return _extracted(document.body) if document is not None else []  # type: ignore[union-attr]  # a dict only with as_dict


def _extracted(body: Any) -> list[str]:
    """The paragraphs of trafilatura's own markup, blanks around them and between them left out."""
    for node in body.iter("p", "head", "item", "list", "row", "cell", "quote", "lb"):
        node.tail = "\n" + (node.tail or "")
    return [line for line in map(str.strip, "".join(body.itertext()).split("\n")) if line]


