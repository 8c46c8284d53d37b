"""The articles of a printed page in its places → rows of fields, with bylines, edition and boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assistant.corpus.bylines import is_furniture, signed
from assistant.corpus.layout import Piece, read_sheet
from assistant.corpus.masthead import masthead
from assistant.corpus.page import read_article
from assistant.corpus.typeset import Line, Sheet
from assistant.language.text import words

MARGIN = 0.12
"""The share of a page's height at its top and bottom in which its masthead and its staff stand."""


def sheet_rows(sheet: Sheet, index: int, pages: int) -> Iterator[dict[str, Any]]:
    """The fields of every article of a page, the `index`-th of a file of `pages`, in the order of reading.

    The page's number is what its masthead says, else its place in a file of several.
    """
    edition, sheet.lines = _edition(sheet)
    page = edition.get("page") or (str(index) if pages > 1 else None)
    about = {"page": page, "page_name": edition.get("section"), "date": edition.get("date"),
             "newspaper": edition.get("newspaper"), "dated_by": "masthead" if edition.get("date") else None}
    for piece in sorted(read_sheet(sheet), key=lambda piece: min((place.top, place.left) for place in piece.places)):
        fields = _fields(piece)
        if fields["text"]:
            yield {**fields, **about, "boxes": _boxes(piece, sheet, page or str(index))}


def _edition(sheet: Sheet) -> tuple[dict[str, str], list[Line]]:
    """What the masthead says, and the lines without it and without the staff's."""
    edition: dict[str, str] = {}
    kept: list[Line] = []
    edge: list[Line] = []
    for line in sheet.lines:
        if is_furniture(line.text):
            continue
        near = line.top < MARGIN * sheet.height or line.bottom > (1 - MARGIN / 2) * sheet.height
        (edge if near else kept).append(line)
    while edge:
        row = [line for line in edge if abs(line.bottom - edge[0].bottom) <= 0.5 * min(line.size, edge[0].size)]
        edge = [line for line in edge if line not in row]
        row.sort(key=lambda line: line.left)
        said = masthead(whole := " ".join(line.text for line in row))
        if said or is_furniture(whole):
            edition |= {name: value for name, value in said.items() if not edition.get(name)}
            continue
        for line in row:
            said = masthead(line.text)
            edition |= {name: value for name, value in said.items() if not edition.get(name)}
            kept += [] if said or is_furniture(line.text) else [line]
    return edition, kept


def _heading(lines: list[str]) -> str:
    """The lines of a headline as one, parted by a blank where the break is none within a word."""
    text = ""
    for line in lines:
        seam = len(text)
        whole, at = text + line, 0
        for word in words(whole) if text else ():
            at = whole.find(word, at)
            if at < seam < at + len(word):
                break
            at += len(word)
        else:
            whole = whole if text[-1:] in "，、：；" else f"{text} {line}".strip()
        text = whole
    return text


def _fields(piece: Piece) -> dict[str, Any]:
    """Title, authors and text of a piece; paragraphs are marked as such, so that none is taken for a cut line."""
    paragraphs = [line for line in piece.paragraphs if not is_furniture(line)]
    captions = [caption for caption in piece.captions if caption]
    if not paragraphs and not captions:
        return {"title": None, "text": _heading([*piece.kicker, *piece.title, *piece.subtitle])}
    read = read_article("\n".join("　　" + line for line in paragraphs or captions), titled=bool(piece.title))
    people = dict(zip(read.authors, read.roles or [""] * len(read.authors)))
    for credit in (caption.rpartition("。")[2] for caption in captions):
        people |= {name: role for name, role in signed(credit) if "摄" in credit and name not in people}
    return {"kicker": _heading(piece.kicker), "title": _heading(piece.title) or read.title,
            "subtitle": _heading(piece.subtitle), "text": "\n".join((read.text, *(captions if paragraphs else ()))),
            "authors": list(people), "roles": list(people.values()), "kind": read.kind if paragraphs else "caption",
            "section": read.section}


def _boxes(piece: Piece, sheet: Sheet, page: str) -> list[dict[str, Any]]:
    """The places of a piece as fractions of the page as it is seen."""
    def box(left: float, top: float, right: float, bottom: float) -> dict[str, Any]:
        for _ in range(sheet.turned):  # back to the right
            left, top, right, bottom = 1 - bottom, left, 1 - top, right
        return {"page": page, "left": left, "top": top, "right": right, "bottom": bottom}

    return [box(place.left / sheet.width, place.top / sheet.height, place.right / sheet.width, place.bottom / sheet.height)
            for place in piece.places]
