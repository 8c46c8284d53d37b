"""What the publishing systems of newspapers write into their pages: Founder's e-papers (方正), the layouts of 人民日报
and 光明日报 made from it, and the sites of newspaper groups with known ids."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from assistant.corpus.formats.markup import block_lines, one_line
from assistant.corpus.formats.source import FILE_BYTES, Source, clean, decode
from assistant.corpus.masthead import masthead
from assistant.errors import UnreadableFile

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_PROPERTIES = {"title": "title", "subtitle": "subtitle", "introtitle": "kicker", "author": "authors", "date": "date",
               "pagenum": "page", "pagename": "page_name", "papername": "newspaper", "nodename": "section"}
_PROPERTY = re.compile(r"<(?:founder-)?(?P<name>[a-z]+)>(?P<value>.*?)</(?:founder-)?(?P=name)>", re.DOTALL)
_BODIES = ("//founder-content", "//*[contains(concat(' ', @class, ' '), ' newsdetatext ')]", "//*[@id='articleContent']", "//*[@id='ozoom']", "//*[@id='contentMain']",
           "//*[@id='rm_txt_zw']", "//*[@id='content' and contains(@class, 'content')]")
_KNOWN = {"title": "//*[@id='article_title'] | //*[@id='articleTitle']", "subtitle": "//*[@id='article_subtitle']",
          "date": "//*[@id='pubtime_baidu']", "newspaper": "//*[@id='source_baidu']", "authors": "//*[@id='author_baidu']"}
"""The ids that Baidu News asked publishers for, and those of Founder's web CMS."""
_INDEX_NAME = re.compile(r"(?:^|/)(?:node_|nbs\.)[^/]*\.html?$")
_SAID_IN_LINE = re.compile(r"《(?P<newspaper>[^《》]{2,12})》\s*[(（]\s*(?P<date>\d{4}年\d{1,2}月\d{1,2}日)\s*第?\s*(?P<page>\w{1,4})\s*版")
_DAY = re.compile(r"\d{4}(?:年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2})")
_SOURCE = re.compile(r"来源\s*[:：]\s*(?P<name>[^\s\d]{2,16})")
_LABELLED = re.compile(r"^(?:来源|作者|记者|编辑|责任编辑|责编)\s*[:：]\s*")


def is_index(tree: HtmlElement, name: str) -> bool:
    """Whether a page of an e-paper only leads to its articles."""
    if any(tree.xpath(path) for path in _BODIES[:5]):
        return False
    areas = tree.xpath("//area[contains(@href, 'content_') or contains(@href, 'nw.')]")
    return len(areas) > 1 or bool(_INDEX_NAME.search(name))


def published(tree: HtmlElement, source: Source) -> dict[str, Any]:
    """The fields that the system says, and the `lines` of the body where it marks one; {} for another page."""
    fields = _properties(tree)
    for name, path in _KNOWN.items():
        if value := next((text for node in tree.xpath(path) if (text := one_line(node))), None):
            fields.setdefault(name, _LABELLED.sub("", value))
    elsewhere = bool(tree.xpath(_KNOWN["date"]))  # a site's node is a column, an e-paper's is a page
    if not elsewhere and (node := fields.pop("section", None)):
        said = masthead(node)
        fields = {"page": said.get("page"), "page_name": said.get("section") if said else node} | fields
    body = next((found[0] for path in _BODIES if (found := tree.xpath(path))), None)
    if body is None:
        return fields
    _headlines(tree, body, fields)
    _detail(tree, fields)
    fields["lines"] = block_lines(body)
    if page := re.sub(r"\D", "", str(fields.get("page") or "")):
        fields |= _on_page(source, int(page))
    return {name: value for name, value in fields.items() if value}


def _properties(tree: HtmlElement) -> dict[str, Any]:
    """What the comment <!--enpproperty …/enpproperty--> says, in either of its spellings."""
    from lxml import html

    fields: dict[str, Any] = {}
    for comment in tree.xpath("//comment()[contains(., 'enpproperty')]"):
        for match in _PROPERTY.finditer(str(comment.text)):
            name = _PROPERTIES.get(match["name"])
            if name and name not in fields and (written := match["value"].strip()):
                fields[name] = one_line(html.fromstring(f"<div>{written}</div>"))
        comment.drop_tree()
    return fields


def _headlines(tree: HtmlElement, body: HtmlElement, fields: dict[str, Any]) -> None:
    """Adds what stands around an <h1>: the <h3> before it is its kicker, the <h2> after it its subtitle; and the line
    p.sec below it, which names authors, newspaper, date and page."""
    for heading in tree.iter("h1"):
        parent = heading.getparent()
        if fields.setdefault("title", one_line(heading)) != one_line(heading):
            continue
        for name, tag, before in (("kicker", "h3", True), ("subtitle", "h2", False)):
            near = [node for node in parent.iterchildren(tag) if (parent.index(node) < parent.index(heading)) == before]
            if near and not fields.get(name):
                fields[name] = one_line(near[0])
        break
    for line in tree.xpath("//p[contains(concat(' ', @class, ' '), ' sec ')]"):
        said = " ".join(line.text_content().split())
        if match := _SAID_IN_LINE.search(said):
            for name, value in match.groupdict().items():
                fields.setdefault(name, value)
            fields.setdefault("authors", said[:match.start()].strip())
        if body in line.iterancestors() or line in body.iterdescendants():
            line.drop_tree()


def _detail(tree: HtmlElement, fields: dict[str, Any]) -> None:
    """Adds what Founder's younger sites say in div.newsdetatit: <h3> is the title, the <p> before it the kicker, the one
    after it the subtitle, and a <p> of <span>s holds the author, the newspaper (来源：…) and the date."""
    for title in tree.xpath("//div[contains(concat(' ', @class, ' '), ' newsdetatit ')]//h3[normalize-space()]")[:1]:
        fields.setdefault("title", one_line(title))
        if fields["title"] != one_line(title):
            return
        lines = [(node, one_line(node)) for node in title.getparent().iterchildren("p")]
        for node, said in lines:
            spans = [one_line(span) for span in node.iter("span")]
            for span in filter(None, spans):
                said_date, source = _DAY.search(span), _SOURCE.search(span)
                if said_date:
                    fields.setdefault("date", said_date[0])
                if source:
                    fields.setdefault("newspaper", source["name"])
                if not said_date and not source:
                    fields.setdefault("authors", _LABELLED.sub("", span))
            if said and not spans:
                before = title.getparent().index(node) < title.getparent().index(title)
                fields.setdefault("kicker" if before else "subtitle", said)


def _on_page(source: Source, page: int) -> dict[str, Any]:
    """The image of the article's page and the article's boxes on it, out of the page's index beside it.

    Its <area> coordinates count pixels of the picture as it is shown, so they mean something only where its size is said.
    """
    from lxml import etree, html

    folder, own = posixpath.split(source.name)
    folders = (folder, f"/{folder}/".replace("/content/", "/layout/").strip("/"))
    places = [posixpath.join(at, f"node_{page:{width}}.{suffix}") for at in dict.fromkeys(folders)
              for width in ("", "02") for suffix in ("htm", "html")]
    place, path = next(((place, path) for place in places if (path := source.find(place))), ("", None))
    if path is None or path.stat().st_size > FILE_BYTES:
        return {}
    try:
        tree = html.document_fromstring(clean(decode(path.read_bytes())).encode(), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, UnreadableFile):
        return {}  # the index of a page is not needed to read its articles
    areas = [area for area in tree.xpath("//area[@href]") if posixpath.basename(area.get("href")) == own]
    pictures = tree.xpath("//img[@usemap]")
    if not areas or not pictures:
        return {}
    image = posixpath.normpath(posixpath.join(posixpath.dirname(place), pictures[0].get("src", "")))
    return {"image": image if source.find(image) else None, "boxes": _boxes(areas, pictures[0], str(page))}


def _boxes(areas: list[HtmlElement], picture: HtmlElement, page: str) -> list[dict[str, Any]]:
    """The bounds of every area as fractions of the picture; [] where its size is not said."""
    try:
        width, height = (float(re.sub(r"px$", "", picture.get(side, ""))) for side in ("width", "height"))
        boxes = []
        for area in areas:
            numbers = [float(number) for number in area.get("coords", "").split(",")]
            boxes.append({"page": page, "left": min(numbers[::2]) / width, "right": max(numbers[::2]) / width,
                          "top": min(numbers[1::2]) / height, "bottom": max(numbers[1::2]) / height})
    except (ValueError, ZeroDivisionError):
        return []
    return boxes
