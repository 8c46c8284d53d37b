"""Article → chunks that end at sentence borders."""

from __future__ import annotations

import hashlib
import re

from assistant.language.text import sentences
from assistant.schema import Article, Chunk

CHUNKING_VERSION = "2"
"""Changes whenever the borders, `embedding_text` or the tokens of `text` change, so that an index knows it is out
of date."""
CHUNK_CHARACTERS = 300
"""Aimed at; chunks of 260 characters found best on CMRC and the news, and a paragraph of a paper has as many."""
CHUNK_LIMIT = 350
_SOFT_BORDER = re.compile(r"[，,、：:\s]")


def chunk_article(article: Article) -> list[Chunk]:
    """The chunks of an article in order, about 250-350 characters each; [] where it has no text.

    Sentences are packed evenly, so that the last chunk is not a scrap. A sentence longer than
    CHUNK_LIMIT is cut at a comma, or hard where it has none.
    """
    pieces = [piece for span in sentences(article.text) for piece in _short_enough(article.text, *span)]
    if not pieces:
        return []
    length = pieces[-1][1] - pieces[0][0]
    parts = max(1, round(length / CHUNK_CHARACTERS))
    while len(borders := _packed(pieces, parts)) > parts:
        parts += 1
    return [Chunk(article.id, i, a, b, article.text[a:b]) for i, (a, b) in enumerate(borders)]


def _packed(pieces: list[tuple[int, int]], parts: int) -> list[tuple[int, int]]:
    """The pieces in about `parts` stretches of like length, none longer than CHUNK_LIMIT unless one piece is."""
    first, length = pieces[0][0], pieces[-1][1] - pieces[0][0]
    borders: list[tuple[int, int]] = []
    start = last = first
    for begin, end in pieces:
        aim = first + length * (len(borders) + 1) / parts
        if last > start and (end - start > CHUNK_LIMIT or end - aim > aim - last):
            borders.append((start, last))
            start = begin
        last = end
    return [*borders, (start, last)]


def embedding_text(article: Article, chunk: Chunk) -> str:
    """What is embedded for a chunk: its text under the article's title, which often names the thing."""
    return f"{article.title}\n{chunk.text}" if article.title else chunk.text


def text_hash(text: str) -> bytes:
    """A digest of a text that is embedded."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _short_enough(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces = []
    while end - start > CHUNK_LIMIT:
        soft = [match.end() for match in _SOFT_BORDER.finditer(text, start + CHUNK_LIMIT // 2, start + CHUNK_LIMIT)]
        cut = soft[-1] if soft else start + CHUNK_LIMIT
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, end)]
