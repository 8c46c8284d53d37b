"""What the texts of articles name, each text tagged once: kept in a cache by the text's hash."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass

from assistant.index.articles import ArticleStore
from assistant.index.chunking import text_hash
from assistant.index.text_cache import TextCache
from assistant.language.aliases import Told, city_of, completed, one_name, told_names
from assistant.language.introductions import VERSION, Naming, namings
from assistant.language.text import fold, squeeze
from assistant.schema import Article

FINGERPRINT = f"mentions-{VERSION}"
MENTIONS = "mentions.db"
"""The cache's file in the index."""
BATCH = 32
"""Texts tagged and kept in the cache at once, a second's work: the most that a kill can lose."""
KINDS = ("person", "place", "body")
_MARKS = str.maketrans(dict.fromkeys("•・‧", "·"))


@dataclass(frozen=True, slots=True)
class Named:
    """`text[start:end]` of an article, written `name` but for blanks and what it leaves out (南桥区 of 区教体局), is what
    stands in the archive under `key`. The rest is as a Naming has it."""

    start: int
    end: int
    kind: str
    key: str
    name: str
    role: tuple[int, int] | None = None
    tells: bool = False
    age: int | None = None


@dataclass(frozen=True, slots=True)
class Tagged:
    """What one text names, in order."""

    namings: tuple[Naming, ...]

    @classmethod
    def of(cls, text: str) -> Tagged:
        """What the tagger finds in a text."""
        shorts = {told.other for told in told_names(text)}
        return cls(tuple(namings(text, (lambda name: "body" if name in shorts else "") if shorts else None)))

    def packed(self) -> bytes:
        """All of it as bytes."""
        rows = [[one.start, one.end, KINDS.index(one.kind), *(one.role or (0, 0)), int(one.tells), one.age]
                for one in self.namings]
        return zlib.compress(json.dumps(rows, separators=(",", ":")).encode())

    @classmethod
    def unpacked(cls, blob: bytes) -> Tagged:
        """What `packed` gave. Raises ValueError or zlib.error for anything else."""
        return cls(tuple(Naming(start, end, KINDS[kind], (left, right) if right else None, bool(tells), age)
                         for start, end, kind, left, right, tells, age in json.loads(zlib.decompress(blob))))


def tag(store: ArticleStore, article_ids: Sequence[str], cache: TextCache,
        tell: Callable[[int], None]) -> Iterator[tuple[Article, Tagged]]:
    """Each of the articles with what its text names, in their order; `tell` hears how many are done.

    What is not in the cache is tagged and kept there, BATCH texts at a time.
    """
    for start in range(0, len(article_ids), BATCH):
        tell(start)
        articles = [store.held(article_id) for article_id in article_ids[start:start + BATCH]]
        hashes = [text_hash(article.text) for article in articles]
        known = {digest: Tagged.unpacked(blob) for digest, blob in cache.get(list(set(hashes))).items()}
        new = {digest: Tagged.of(article.text) for digest, article in
               {digest: article for digest, article in zip(hashes, articles) if digest not in known}.items()}
        cache.put({digest: tagged.packed() for digest, tagged in new.items()})
        yield from zip(articles, ((known | new)[digest] for digest in hashes))
    tell(len(article_ids))


def named(article: Article, tagged: Tagged) -> list[Named]:
    """What an article names, each under its key in the archive, in order; what means nothing in particular is left out."""
    city = city_of([article.newspaper or ""], article.text.count)
    folded, found = fold(article.text), []
    places = [city] if city else []
    for one in tagged.namings:
        name, written = squeeze(folded[one.start:one.end]), squeeze(article.text[one.start:one.end])
        if one.kind == "body" and (whole := completed(name, places)) != name:
            name = written = whole
        if one.kind == "place":
            places.append(name)
        if key := name.translate(_MARKS) if one.kind == "person" else one_name(name, one.kind, city):
            found.append(Named(one.start, one.end, one.kind, key, written, one.role, one.tells, one.age))
    return found


def shortened(newspaper: str, told: Told) -> tuple[str, str] | None:
    """The (short or former, full) name in canonical form of what an article calls so; None where either means no one thing."""
    city = city_of([newspaper])
    short, full = one_name(told.other, "body", city), one_name(told.full, "body", city)
    return (short, full) if short and full and short != full else None


def packed(found: Sequence[Named]) -> bytes:
    """The rows as bytes."""
    return zlib.compress(json.dumps([astuple(one) for one in found], ensure_ascii=False, separators=(",", ":")).encode())


def unpacked(blob: bytes) -> list[Named]:
    """The rows that `packed` gave."""
    return [Named(start, end, kind, key, name, tuple(role) if role else None, tells, age)
            for start, end, kind, key, name, role, tells, age in json.loads(zlib.decompress(blob))]
