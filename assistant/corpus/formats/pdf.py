"""PDF: pages with a text layer by the places of their characters, others as scans."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING, Any

from assistant.corpus.formats.scan import doubted, read_picture
from assistant.corpus.formats.source import PAGES, Row, Source, clean, failure
from assistant.corpus.sheets import sheet_rows
from assistant.corpus.typeset import Line, Rect, Sheet
from assistant.errors import UnreadableFile
from assistant.schema import Failure

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

CHARACTERS = 200_000
"""Characters of a page; a page of the densest broadsheet has some 15,000."""
OBJECTS = 50_000
"""Drawn objects of a page that are looked at for rules and frames."""
LEGIBLE = 0.8
"""With less of its characters mapped to text, a page is read as a scan."""
SCAN_DPI = 200
"""Dots an inch at which a page without text is drawn to be read; newspaper type of 9 points is then 25 dots high."""
LINE_ENDS = (0x0D, 0x0A, 0x02)
"""What PDFium puts between lines, and for a hyphen that it takes for one of a broken word."""
ASCENT = 0.88
"""The share of a character's size above its baseline, in nearly all Chinese fonts."""
RUN_GAP = 0.45
"""Characters farther apart than this share of their size are of two runs, which may yet be one line."""
VERTICAL = ("竖排的版面，请对照原版核对次序和标题", "vertical type; compare its order and headlines with the page")
RULE = 2.5
"""Points: a thinner drawn object is a rule."""


def read_pdf(source: Source) -> Iterator[Row | Failure]:
    """The articles of a PDF in the order of its pages; a page that cannot be read is a Failure under its number."""
    document = open_pdf(source.bytes())
    number = 0
    for index in range(len(document)):
        if index >= PAGES:
            yield failure(source.name, index + 1, f"多于 {PAGES} 页，其余不读", f"more than {PAGES} pages; the rest is not read")
            return
        try:
            page = page_of(document, index)
            sheet, legible = sheet_of(page)
            if not legible:
                sheet = read_picture(picture_of(page, SCAN_DPI))
        except UnreadableFile as error:
            yield failure(source.name, index + 1, f"第 {index + 1} 页：{error.chinese}", f"page {index + 1}: {error.english}")
            continue
        yield from doubted(source.name, index + 1, sheet)
        for fields in sheet_rows(sheet, index + 1, len(document)):
            number += 1
            yield Row({**fields, "image": f"{source.name}#page={index + 1}"}, number)


def open_pdf(raw: bytes) -> PdfDocument:
    """The document. Raises UnreadableFile for an encrypted or damaged one."""
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or b"/Encrypt" in raw[-4096:]:
            raise UnreadableFile("PDF 有密码；请先去掉密码", "the PDF is encrypted; take its password off first") from error
        raise UnreadableFile("PDF 已损坏", f"the PDF is damaged: {error}") from error


def page_of(document: PdfDocument, index: int) -> PdfPage:
    """A page of a document, counted from 0. Raises UnreadableFile for a damaged one."""
    import pypdfium2

    try:
        return document[index]
    except pypdfium2.PdfiumError as error:
        raise UnreadableFile("这一页已损坏", f"damaged: {error}") from error


def picture_of(page: PdfPage, dpi: int) -> Any:
    """The page drawn in grey, as an array of rows. A page too large to draw at this size is drawn smaller."""
    width, height = page.get_size()
    scale = min(dpi / 72, (100_000_000 / max(1.0, width * height)) ** 0.5)
    return page.render(scale=scale, grayscale=True).to_numpy().squeeze()


def sheet_of(page: PdfPage) -> tuple[Sheet, bool]:
    """The page's lines of type, rules, frames and pictures, and whether it has a text layer that can be read.

    A page of vertical type is laid on its side, so that its lines go from left to right and follow each other downwards.
    """
    width, height = page.get_size()
    characters = list(_characters(page, height))
    mapped = sum(1 for character in characters if character[0] not in "\ufffd\0" and not "\ue000" <= character[0] <= "\uf8ff")
    rules, frames, pictures = _drawn(page, width, height)
    if _is_vertical(characters):
        characters = [(text, top, width - right, bottom, width - left, size) for text, left, top, right, bottom, size in characters]
        rules, frames, pictures = ([Rect(rect.top, width - rect.right, rect.bottom, width - rect.left) for rect in some]
                                   for some in (rules, frames, pictures))
        sheet = Sheet(_runs(characters), height, width, rules, frames, pictures, turned=1, doubt=VERTICAL)
    else:
        sheet = Sheet(_runs(characters), width, height, rules, frames, pictures)
    return sheet, bool(characters) and mapped >= LEGIBLE * len(characters)


_Character = tuple[str, float, float, float, float, float]
"""Text, left, top, right, bottom, size."""


def _characters(page: PdfPage, height: float) -> Iterator[_Character]:
    """The characters of a page in the order of its file, without those that only part words."""
    import pypdfium2.raw as pdfium

    layer = page.get_textpage()
    count = pdfium.FPDFText_CountChars(layer)
    if count > CHARACTERS:
        raise UnreadableFile(f"多于 {CHARACTERS} 字", f"more than {CHARACTERS} characters")
    box, matrix, x, y = pdfium.FS_RECTF(), pdfium.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
    for i in range(count):
        code = pdfium.FPDFText_GetUnicode(layer, i)
        if code in LINE_ENDS or pdfium.FPDFText_IsGenerated(layer, i) == 1:
            continue
        pdfium.FPDFText_GetCharOrigin(layer, i, x, y)
        pdfium.FPDFText_GetMatrix(layer, i, matrix)
        pdfium.FPDFText_GetLooseCharBox(layer, i, box)
        size = pdfium.FPDFText_GetFontSize(layer, i) * math.hypot(matrix.c, matrix.d)
        text = "\ufffd" if not code or pdfium.FPDFText_HasUnicodeMapError(layer, i) == 1 else chr(code)
        foot = height - y.value
        wide = unicodedata.east_asian_width(text) in "WF" or text in "“”‘’—…"  # the box is the ink's, and narrower
        right = x.value + size * math.hypot(matrix.a, matrix.b) / math.hypot(matrix.c, matrix.d) if wide else box.right
        if size > 0 and abs(matrix.b) <= abs(matrix.d):  # type that lies on its side is an ornament
            yield text, x.value, foot - ASCENT * size, max(right, x.value), foot + size - ASCENT * size, size


def _is_vertical(characters: list[_Character]) -> bool:
    """Whether most characters that follow another one stand below it, and not to its right."""
    below = beside = 0
    for one, other in zip(characters, characters[1:]):
        size = one[5]
        if abs(other[1] - one[1]) <= 0.3 * size and 0.6 * size <= other[2] - one[2] <= 1.6 * size:
            below += 1
        elif abs(other[2] - one[2]) <= 0.3 * size and 0.3 * size <= other[1] - one[1] <= 1.6 * size:
            beside += 1
    return below > 20 and below > 2 * beside


def _runs(characters: list[_Character]) -> list[Line]:
    """The runs of type: characters next to each other on one height, with blanks where a gap is wide for its run."""
    runs: list[list[_Character]] = []
    for character in characters:
        text, left, _, _, bottom, size = character
        last = runs[-1][-1] if runs else None
        if last and abs(size - last[5]) <= 0.12 * max(size, last[5]) and abs(bottom - last[4]) <= 0.35 * size and (
                -1.6 * size <= left - last[3] <= RUN_GAP * size):  # a dash of two is one sign, written twice
            runs[-1].append(character)
        elif text.strip():
            runs.append([character])
    return [_run(run) for run in runs]


def _run(run: list[_Character]) -> Line:
    gaps = [after[1] - before[3] for before, after in zip(run, run[1:])]
    usual, size = median(gaps) if gaps else 0.0, median(character[5] for character in run)
    wide = max(0.17 * size, 2.5 * usual + 0.05 * size)
    text = run[0][0] + "".join((" " if gap > wide else "") + after[0] for gap, after in zip(gaps, run[1:]))
    return Line(re.sub(r" {2,}", " ", clean(text)).strip(), run[0][1], min(c[2] for c in run), max(c[3] for c in run),
                max(c[4] for c in run), size)


def _drawn(page: PdfPage, width: float, height: float) -> tuple[list[Rect], list[Rect], list[Rect]]:
    """The rules, the frames and tinted grounds, and the pictures of a page."""
    import pypdfium2.raw as pdfium

    rules, frames, pictures = [], [], []
    for count, drawn in enumerate(page.get_objects(max_depth=6)):
        if count > OBJECTS:
            break
        if drawn.type not in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE):
            continue
        left, bottom, right, top = drawn.get_bounds()
        rect = Rect(left, height - top, right, height - bottom)
        wide, tall = right - left, top - bottom
        if drawn.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            if min(wide, tall) > 20 and wide * tall < 0.8 * width * height:
                pictures.append(rect)
        elif min(wide, tall) <= RULE and max(wide, tall) > 20:
            rules.append(rect)
        elif wide > 60 and tall > 30 and _is_seen(drawn):
            frames.append(rect)
    return rules, [*frames, *_framed(rules)], pictures


def _is_seen(drawn: Any) -> bool:
    """Whether a path has a stroke, or a ground that is not white."""
    import pypdfium2.raw as pdfium

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(drawn, ctypes.byref(fill), ctypes.byref(stroke))
    if stroke.value:
        return True
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    pdfium.FPDFPageObj_GetFillColor(drawn, *map(ctypes.byref, (red, green, blue, alpha)))
    return bool(fill.value) and alpha.value > 8 and min(red.value, green.value, blue.value) < 250


def _framed(rules: list[Rect]) -> list[Rect]:
    """The frames that four rules make."""
    flat = [rule for rule in rules if rule.right - rule.left > rule.bottom - rule.top]
    upright = [rule for rule in rules if rule.right - rule.left <= rule.bottom - rule.top]
    frames = []
    for top in flat:
        for bottom in flat:
            if bottom.top - top.bottom < 30 or abs(top.left - bottom.left) > 3 or abs(top.right - bottom.right) > 3:
                continue
            sides = [rule for rule in upright if abs(rule.top - top.top) <= 3 and abs(rule.bottom - bottom.bottom) <= 3]
            if any(abs(rule.left - top.left) <= 3 for rule in sides) and any(abs(rule.right - top.right) <= 3 for rule in sides):
                frames.append(Rect(top.left, top.top, top.right, bottom.bottom))
    return frames


