"""Scans: PNG, JPEG and TIFF pictures of pages (and pages of a PDF without text) by optical character recognition.

The recogniser is rapidocr with the models that lie in its wheel; columns and reading order are our own (see layout).
"""

from __future__ import annotations

import io
import math
import os
import re
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
DETECTED = 14
"""Pixels that the body's type is high where lines are looked for; they are read at full size. On six made pages 8 lose
one character in a hundred, 10 one in 200, 14 as few as 20, which take twice the time."""
NARROWED = 0.7
"""Lines are read at this share of their width: time goes by width, and no line was read otherwise down to 0.55."""
SURE = 0.5
"""The recogniser's own confidence from which a line is text; it is rapidocr's default."""
TYPE_OF_BOX = 0.73
"""The height of type as a share of the detector's box around it."""
GUTTER = 1.35
"""Heights of type without ink between two columns, at least; a blank as wide as a character, or ，“, is a little less."""
CLEAR = 0.8
"""A line that the recogniser is less sure of is read badly."""
BADLY = 0.25
"""With more of its lines read badly a page is told of; on six made pages at 200 dots an inch none were."""
FAINT = ("许多字认得不准（太淡、太小或手写），请对照原图核对",
         "much of it is read badly (faint, small, or written by hand); compare it with the picture")
SKEW = 12.0
"""Degrees of skew that are set right; a page laid more askew is scanned again."""
CELL = 16
"""Pixels of the squares in which the ground of a page is told from tints and pictures."""
HIGH = 48
"""Pixels to which the recogniser's model wants a line's picture to be high."""
READERS = 4
"""Lines are read by so many at once at most; each takes 20 MB."""
SAMPLE = 12
"""The longest lines, by which it is told how a page lies."""
UPRIGHT = 0.85
"""The mean confidence of those lines from which nobody turns the page: upright ones reach 0.99, others 0.4."""

_OPENING, _CLOSING = tuple("“‘（《〈【「『"), tuple("”’）》〉】」』，。、；：！？")


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
        yield from doubted(source.name, index + 1, sheet)
        for fields in sheet_rows(sheet, index + 1, frames):
            number += 1
            yield Row({**fields, "image": source.name if frames == 1 else f"{source.name}#page={index + 1}"}, number)


def doubted(name: str, page: int, sheet: Sheet) -> Iterator[Failure]:
    """The sentence that says how a page was read, where that is in doubt; its articles are taken all the same."""
    if sheet.doubt:
        yield failure(name, page, f"第 {page} 页：{sheet.doubt[0]}", f"page {page}: {sheet.doubt[1]}")


def read_picture(grey: np.ndarray) -> Sheet:
    """The lines of type of a page's picture (rows of grey pixels), its rules, frames and pictures, set upright.

    Raises UnreadableFile where the recogniser is not installed, and for a picture without any text.
    """
    import cv2
    import numpy as np

    if max(grey.shape) > SIDE:
        scale = SIDE / max(grey.shape)
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey, quads, turned = _upright(grey, _looked_for(grey))
    quads = _parted(grey, quads)
    read = _read(_crops(grey, quads))
    found = [(quad, text) for quad, (text, sure) in zip(quads, read) if sure >= SURE and text]
    if not found:
        raise UnreadableFile("图片上没有认出文字", "no text was found in the picture")
    angle = _skew([quad for quad, text in found if len(text) >= 6])
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    lines = [_line(quad @ turn[:, :2].T + turn[:, 2], text) for quad, text in found]
    ground = int(np.percentile(grey, 80))
    grey = cv2.warpAffine(grey, turn, (width, height), borderValue=ground) if abs(angle) > 0.02 else grey
    frames, pictures = _grounds(grey, lines)
    rules = [rule for rule in _rules(grey) if not any(picture.holds(rule, CELL) for picture in pictures)]  # none of a picture's edges
    doubt = FAINT if sum(sure < CLEAR for _, sure in read) > BADLY * len(read) else None
    return Sheet(lines, float(width), float(height), rules, frames, pictures, same_size=0.2, turned=turned, doubt=doubt)


@lru_cache(maxsize=1)
def _engine() -> Any:
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise UnreadableFile("这是扫描件，要先装文字识别：pip install \"newspaper-assistant[scan]\"",
                             'a scan; install text recognition first: pip install "newspaper-assistant[scan]"') from error
    # one thread to a model, which would wait for others by turning; lines are read side by side instead (see _read)
    return RapidOCR(params={
        "Global.max_side_len": 2 * SIDE, "Global.min_side_len": 1, "Global.use_cls": False, "Global.log_level": "error",
        "Det.limit_type": "max", "Det.limit_side_len": 2 * SIDE, "Det.max_candidates": 5000,
        "Rec.rec_batch_num": 1, "Rec.rec_img_shape": [3, 48, 48], "EngineConfig.onnxruntime.intra_op_num_threads": 1})


def _type_height(grey: np.ndarray) -> float:
    """Pixels that most of the page's type is high, by what is dark and hangs together: most of a Chinese character does."""
    import cv2
    import numpy as np

    _, _, spots, _ = cv2.connectedComponentsWithStats(_dark(grey))
    sides = spots[1:, 2:4].max(axis=1)
    sides = sides[(sides >= 6) & (sides <= 100) & (spots[1:, 4] >= 12)]
    return float(np.percentile(sides, 75)) if len(sides) >= 20 else DETECTED


def _looked_for(grey: np.ndarray) -> np.ndarray:
    """The four corners of every line, from the top left one clockwise: an array of lines x 4 x 2."""
    import cv2
    import numpy as np

    scale = min(1.0, DETECTED / _type_height(grey))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    boxes = _engine()(np.stack([small] * 3, axis=-1), use_det=True, use_rec=False).boxes
    return np.zeros((0, 4, 2)) if boxes is None else np.asarray(boxes, dtype=float) / scale


def _crops(grey: np.ndarray, quads: np.ndarray) -> list[np.ndarray]:
    """The pictures of lines, lying flat; of what is higher than wide, turned to the left."""
    import numpy as np

    crops: list[np.ndarray] = _engine().crop_text_regions(np.stack([grey] * 3, axis=-1), quads.astype(np.float32))
    return crops


def _parted(grey: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """The lines cut where nothing is printed over GUTTER heights of type: the detector takes lines of two columns for one."""
    import numpy as np

    parted, gutter = [], GUTTER * _type_height(grey)
    for quad, crop in zip(quads, _crops(grey, quads)):
        high, wide = crop.shape[:2]
        inked = np.flatnonzero((_dark(np.ascontiguousarray(crop[:, :, 0])) > 0)[high // 5:high - high // 5].sum(axis=0) > 1)
        blank = np.diff(inked) > max(gutter, GUTTER * TYPE_OF_BOX * high)
        ends: list[int] = np.flatnonzero(blank).tolist() if wide > 4 * high else []
        edge = 0.15 * high
        starts = [0.0, *((inked[end + 1] - edge) / wide for end in ends)]
        stops = [*((inked[end] + edge) / wide for end in ends), 1.0]
        along = quad[1] - quad[0], quad[2] - quad[3]
        parted += [np.array([quad[0] + a * along[0], quad[0] + b * along[0], quad[3] + b * along[1], quad[3] + a * along[1]])
                   for a, b in zip(starts, stops)]
    return np.array(parted).reshape(-1, 4, 2)


def _read(crops: list[np.ndarray]) -> list[tuple[str, float]]:
    """The text of every line and how sure the recogniser is of it, from 0 to 1."""
    import cv2

    def one(crop: np.ndarray) -> tuple[str, float]:
        width = max(16, round(HIGH * NARROWED * crop.shape[1] / max(1, crop.shape[0])))
        result = _engine()(cv2.resize(crop, (width, HIGH)), use_det=False, use_rec=True)
        return (_printed(result.txts[0]), float(result.scores[0])) if result.txts else ("", 0.0)

    with ThreadPoolExecutor(min(READERS, os.cpu_count() or 1)) as pool:
        return list(pool.map(one, crops))


def _upright(grey: np.ndarray, quads: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The picture and its lines as they are read, and by how many quarters it was turned to the left for that.

    Vertical type is read as well as type that lies on its side: a page of it is turned, so that its lines go from left
    to right and follow each other downwards.
    """
    import numpy as np

    wide, tall = np.ptp(quads[:, :, 0], axis=1), np.ptp(quads[:, :, 1], axis=1)
    lies = bool(len(quads)) and float(np.median(tall - wide)) > 0
    longest = np.argsort(-np.maximum(wide, tall))[:SAMPLE]
    crops = _crops(grey, quads[longest])

    def sure(turned: int) -> float:
        return sum(sure for _, sure in _read([np.ascontiguousarray(np.rot90(crop, turned)) for crop in crops])) / max(1, len(crops))

    turn = int(lies)
    if (first := sure(0)) < UPRIGHT and sure(2) > first:
        turn += 2
    if not turn:
        return grey, quads, 0
    grey = np.ascontiguousarray(np.rot90(grey, turn))
    return grey, _looked_for(grey), turn


def _printed(text: str) -> str:
    """The text with the marks beside Chinese characters as a newspaper prints them; the recogniser gives half of them narrow."""
    text = text.replace("☑", " ")  # what it makes of a blank as wide as a character
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
    wide -= 0.5 * (text[:1] in _OPENING) + 0.5 * (text[-1:] in _CLOSING)  # the half of them without ink is in no box
    tall = TYPE_OF_BOX * (bottom - top)
    size = (right - left - 0.27 * (bottom - top)) / wide if wide >= 4 else tall
    most = 1.06 if wide >= 10 else 1.25  # long lines of a column are spread to its width
    size = min(max(size, 0.8 * tall), most * tall)
    middle = (top + bottom) / 2
    return Line(text.strip(), left, middle - size / 2, right, middle + size / 2, size)


def _dark(grey: np.ndarray) -> np.ndarray:
    """Where a picture is darker than around: 255, else 0."""
    import cv2

    dark: np.ndarray = cv2.adaptiveThreshold(cv2.medianBlur(grey, 3), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    return dark


def _rules(grey: np.ndarray) -> list[Rect]:
    """Thin dark strokes of at least 120 pixels, upright and flat."""
    import cv2

    dark = _dark(grey)
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
