"""Scans: PNG, JPEG and TIFF pictures of pages (and pages of a PDF without text) by optical character recognition.

The recogniser is rapidocr with the models that lie in its wheel; columns and reading order are our own (see layout).
"""

from __future__ import annotations

import io
import math
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING, Any

from assistant.corpus.formats.source import PAGES, Row, Source, failure
from assistant.corpus.sheets import sheet_rows
from assistant.corpus.typeset import Line, Rect, Sheet
from assistant.errors import UnreadableFile
from assistant.language.text import HAN
from assistant.schema import Failure

if TYPE_CHECKING:
    import numpy as np

PIXELS = 120_000_000
"""A larger picture is not opened; a broadsheet of 40 by 55 cm at 400 dots an inch has 55 million."""
SIDE = 4000
"""Pixels of the longer side of what is read; larger pictures are made smaller, as type of 9 points is then 25 high."""
DETECTED = 2400
"""Pixels of the longer side in which lines are looked for; they are read at full size."""
SURE = 0.5
"""The recogniser's own confidence from which a line is text; it is rapidocr's default."""
SKEW = 12.0
"""Degrees of skew that are set right; a page laid more askew is scanned again."""
CELL = 16
"""Pixels of the squares in which the ground of a page is told from tints and pictures."""


def read_scan(source: Source) -> Iterator[Row | Failure]:
    """The articles of a picture of a page, or of the pages of a TIFF; a page that cannot be read is a Failure."""
    from PIL import Image, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(source.bytes()))
        frames = getattr(picture, "n_frames", 1)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableFile("图片已损坏", f"the picture is damaged: {error}") from error
    number = 0
    for index in range(frames):
        if index >= PAGES:
            yield failure(source.name, index + 1, f"多于 {PAGES} 页，其余不读", f"more than {PAGES} pages; the rest is not read")
            return
        try:
            sheet = read_picture(pixels(picture, index))
        except UnreadableFile as error:
            yield failure(source.name, index + 1, f"第 {index + 1} 页：{error.chinese}", f"page {index + 1}: {error.english}")
            continue
        for fields in sheet_rows(sheet, index + 1, frames):
            number += 1
            yield Row({**fields, "image": source.name if frames == 1 else f"{source.name}#page={index + 1}"}, number)


def read_picture(grey: np.ndarray) -> Sheet:
    """The lines of type of a page's picture (rows of grey pixels), its rules, frames and pictures, set upright.

    Raises UnreadableFile where the recogniser is not installed, and for a picture without any text.
    """
    import cv2
    import numpy as np

    if max(grey.shape) > SIDE:
        scale = SIDE / max(grey.shape)
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = _recognised(grey)
    upright = [quad for quad, _ in found if np.ptp(quad[:, 0]) >= np.ptp(quad[:, 1])]
    if found and len(upright) < len(found) / 2:  # the page lies on its side
        turned = [(np.rot90(grey, turn), turn) for turn in (1, 3)]
        grey, found = max(((np.ascontiguousarray(page), _recognised(page)) for page, _ in turned),
                          key=lambda one: sum(len(text) for _, text in one[1]))
    if not found:
        raise UnreadableFile("图片上没有认出文字", "no text was found in the picture")
    angle = _skew([quad for quad, text in found if len(text) >= 6])
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    lines = [_line(quad @ turn[:, :2].T + turn[:, 2], text) for quad, text in found]
    ground = int(np.percentile(grey, 80))
    grey = cv2.warpAffine(grey, turn, (width, height), borderValue=ground) if abs(angle) > 0.02 else grey
    frames, pictures = _grounds(grey, lines)
    return Sheet(lines, float(width), float(height), _rules(grey), frames, pictures, same_size=0.2)


@lru_cache(maxsize=1)
def _engine() -> Any:
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise UnreadableFile("这是扫描件，要先装文字识别：pip install \"newspaper-assistant[scan]\"",
                             'a scan; install text recognition first: pip install "newspaper-assistant[scan]"') from error
    return RapidOCR(params={"Global.max_side_len": SIDE + 1, "Global.use_cls": False, "Global.log_level": "error",
                            "Global.text_score": SURE, "Det.limit_type": "max", "Det.limit_side_len": DETECTED,
                            "Det.max_candidates": 5000})


def _recognised(grey: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """The four corners and the text of every line that was found, from the top left one clockwise."""
    import numpy as np

    result = _engine()(np.stack([grey] * 3, axis=-1))
    if result.boxes is None:
        return []
    return [(np.asarray(quad, dtype=float), _printed(text)) for quad, text in zip(result.boxes, result.txts)]


def _printed(text: str) -> str:
    """The text with the marks beside Chinese characters as a newspaper prints them; the recogniser gives half of them narrow."""
    return re.sub(rf"(?<=[{HAN}”》）。\d])[,:;!?()](?!\d)|[()](?=[{HAN}“《])|(?<=[{HAN}])[,:;!?](?=\d)",
                  lambda mark: chr(ord(mark[0]) + 0xFEE0), unicodedata.normalize("NFC", text))


def pixels(picture: Any, index: int) -> np.ndarray:
    """A frame of a picture in grey, as its camera meant it to stand. Raises UnreadableFile where it is too large or broken."""
    import numpy as np
    from PIL import Image, ImageOps

    try:
        picture.seek(index)
        if picture.width * picture.height > PIXELS:
            raise UnreadableFile(f"图片大于 {PIXELS // 1_000_000} 百万像素", f"a picture of more than {PIXELS // 1_000_000} megapixels")
        return np.asarray(ImageOps.exif_transpose(picture).convert("L"))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise UnreadableFile("图片已损坏", f"the picture is damaged: {error}") from error


def _skew(quads: list[np.ndarray]) -> float:
    """Degrees by which lines of type fall to the right; 0 where hardly any are known."""
    angles = [math.degrees(math.atan2(quad[1][1] - quad[0][1], quad[1][0] - quad[0][0])) for quad in quads]
    angle = median(angles) if len(angles) >= 5 else 0.0
    return angle if abs(angle) <= SKEW else 0.0


def _line(quad: np.ndarray, text: str) -> Line:
    """A line upright; the size of its type is its width by its characters, a half-width one counting half.

    The detector draws its boxes larger than the ink, so a line's height is not the size of its type.
    """
    left, right = float((quad[0][0] + quad[3][0]) / 2), float((quad[1][0] + quad[2][0]) / 2)
    top, bottom = float((quad[0][1] + quad[1][1]) / 2), float((quad[2][1] + quad[3][1]) / 2)
    wide = sum(1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.55 for character in text)
    tall = 0.78 * (bottom - top)
    size = (right - left - 0.22 * (bottom - top)) / wide if wide >= 4 else tall
    size = min(max(size, 0.75 * tall), 1.15 * tall)
    middle = (top + bottom) / 2
    return Line(text.strip(), left, middle - size / 2, right, middle + size / 2, size)


def _rules(grey: np.ndarray) -> list[Rect]:
    """Thin dark strokes of at least 120 pixels, upright and flat."""
    import cv2

    dark = cv2.adaptiveThreshold(cv2.medianBlur(grey, 3), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    rules = []
    for kernel in ((120, 1), (1, 120)):
        strokes = cv2.morphologyEx(cv2.dilate(dark, cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))), cv2.MORPH_OPEN,
                                   cv2.getStructuringElement(cv2.MORPH_RECT, kernel))
        _, _, boxes, _ = cv2.connectedComponentsWithStats(strokes)
        for x, y, wide, tall, _ in boxes[1:].tolist():
            if min(wide, tall) <= 14 and max(wide, tall) >= 120:
                rules.append(Rect(x, y, x + wide, y + tall))
    return rules


def _grounds(grey: np.ndarray, lines: list[Line]) -> tuple[list[Rect], list[Rect]]:
    """The areas whose ground is darker than the page's: frames where they hold lines of type, else pictures."""
    import cv2
    import numpy as np

    rows, columns = grey.shape[0] // CELL, grey.shape[1] // CELL
    cells = grey[:rows * CELL, :columns * CELL].reshape(rows, CELL, columns, CELL).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    light = np.percentile(cells, 95, axis=2)
    tinted = (light < np.percentile(light, 70) - 9).astype("uint8")
    tinted = cv2.morphologyEx(tinted, cv2.MORPH_CLOSE, np.ones((3, 3), "uint8"))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(tinted, cv2.MORPH_OPEN, np.ones((4, 4), "uint8")))
    frames, pictures = [], []
    for x, y, wide, tall, area in boxes[1:].tolist():
        if area < 40 or min(wide, tall) < 4 or area < 0.75 * wide * tall:
            continue
        rect = Rect(x * CELL, y * CELL, (x + wide) * CELL, (y + tall) * CELL)
        touched = [line for line in lines if line.left < rect.right and rect.left < line.right
                   and line.top < rect.bottom and rect.top < line.bottom]
        if not touched:
            pictures.append(rect)
        elif min(wide, tall) >= 12 and sum(rect.holds(line, CELL) for line in touched) >= 3:  # not heavy type alone
            frames.append(rect)
    return frames, pictures
