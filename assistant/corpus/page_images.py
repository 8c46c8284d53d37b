"""The picture of a printed page, drawn when somebody wants to see it: out of a PDF, a scan, or an e-paper's picture."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

from assistant.corpus.formats.pdf import open_pdf, page_of, picture_of
from assistant.corpus.formats.scan import pixels
from assistant.corpus.formats.source import BINARY_BYTES
from assistant.errors import UnreadableFile

SIDE = 1600
"""Pixels of a picture's longer side: headlines and body can be read on a screen."""
DPI = 110
_PLACE = re.compile(r"(?P<name>.+?)(?:#page=(?P<page>\d{1,4}))?")


def page_image(corpus: Path, image: str) -> bytes | None:
    """The picture that `Article.image` names, as PNG; None where it is not to be had any more.

    Raises UnreadableFile for a damaged one. Nothing outside the corpus is opened.
    """
    from PIL import Image

    place = _PLACE.fullmatch(image)
    root = os.path.realpath(corpus)
    if place is None:
        return None
    path = Path(os.path.realpath(os.path.join(root, place["name"])))
    if os.path.commonpath((root, path)) != root or not path.is_file() or path.stat().st_size > BINARY_BYTES:
        return None
    index = int(place["page"] or 1) - 1
    if path.suffix.lower() == ".pdf":
        document = open_pdf(path.read_bytes())
        if index >= len(document):
            return None
        grey = picture_of(page_of(document, index), DPI)
    else:
        try:
            grey = pixels(Image.open(path), index)
        except OSError as error:
            raise UnreadableFile("图片已损坏", f"the picture is damaged: {error}") from error
    picture = Image.fromarray(grey)
    picture.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
