"""The nouns of the assistant: frozen dataclasses that every module passes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

HEADING_CHARACTERS = 24
"""An article without a title is shown by this many of its opening characters."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where on a printed page something stands: fractions of the page's width and height from its top left corner."""

    page: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Article:
    """One piece of the newspaper, as it was read. `None` (or an empty tuple) means: not known.

    `date` is ISO with year, month or day precision ("2025", "2025-11", "2025-11-18"); `dated_by` says what it was
    read from ("field", "path", "masthead", "text"). `text` is in NFC with broken lines joined; every offset in this
    package counts its characters. `kicker` and `subtitle` are the lines above and below the title (引题, 副题),
    `roles` what each of the `authors` is (记者, 通讯员, 摄影), in their order, or empty. `page` is the number of the
    (first) page and `page_name` its name (民生); `boxes` are the article's places on its pages (a box of a whole page
    says only which page), and `image` is the picture of its first page: a file within the corpus, with `#page=2` where
    that holds several. `copies` are the ids under which other files hold the same article.
    """

    id: str
    text: str
    title: str | None = None
    date: str | None = None
    newspaper: str | None = None
    page: str | None = None
    section: str | None = None
    authors: tuple[str, ...] = ()
    kind: str | None = None
    url: str | None = None
    kicker: str | None = None
    subtitle: str | None = None
    roles: tuple[str, ...] = ()
    page_name: str | None = None
    boxes: tuple[Box, ...] = ()
    image: str | None = None
    dated_by: str | None = None
    copies: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The title, or the opening words of an article that has none."""
        if self.title:
            return self.title
        opening = " ".join(self.text.split())
        return opening if len(opening) <= HEADING_CHARACTERS else opening[:HEADING_CHARACTERS] + "…"

    @property
    def content_hash(self) -> str:
        """A digest of every field that is set but the id: it answers "did this article change?"."""
        content = {name: value for name, value in self.to_json().items() if name != "id" and value}
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {**{f.name: getattr(self, f.name) for f in fields(self)}, "authors": list(self.authors),
                "roles": list(self.roles), "boxes": [asdict(box) for box in self.boxes], "copies": list(self.copies)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Article:
        """The article that `to_json` wrote."""
        return cls(**{**row, "authors": tuple(row.get("authors") or ()), "roles": tuple(row.get("roles") or ()),
                      "boxes": tuple(Box(**box) for box in row.get("boxes") or ()), "copies": tuple(row.get("copies") or ())})


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of an article between sentence borders: `article.text[start:end] == text`."""

    article_id: str
    ordinal: int
    start: int
    end: int
    text: str

    @property
    def id(self) -> str:
        """The article's id and the chunk's place in it, counted from 0."""
        return f"{self.article_id}@{self.ordinal}"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the articles searched must be like; an empty field does not filter.

    Dates are ISO with year, month or day precision; both ends are included, and an article whose
    date is a month or a year counts as all of its days. `page` is as `page_number` writes it ("1", "a3").
    """

    date_from: str | None = None
    date_to: str | None = None
    newspaper: str | None = None
    section: str | None = None
    author: str | None = None
    kind: str | None = None
    page: str | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk found for a question, with its article and the articles that print the same text.

    `score` is the fused score, higher is better.
    """

    chunk: Chunk
    article: Article
    score: float
    reprints: tuple[Article, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """One quoted stretch of one article: `article.text[start:end] == quote`.

    `n` numbers the *article* in the order of first use; several quotes of an article share it.
    `emphasis` is the short answer's place inside `quote`, as (start, end), or None. `dated` are the words
    of the quote that mean a date by the article's (今年5月), as (start, end, ISO date or first/last month).
    """

    n: int
    article_id: str
    title: str
    newspaper: str | None
    date: str | None
    section: str | None
    authors: tuple[str, ...]
    url: str | None
    quote: str
    start: int
    end: int
    emphasis: tuple[int, int] | None = None
    dated: tuple[tuple[int, int, str], ...] = ()

    @classmethod
    def of(cls, n: int, article: Article, start: int, end: int, emphasis: tuple[int, int] | None = None) -> Citation:
        """The citation of `article.text[start:end]` under the number `n`."""
        return cls(n, article.id, article.heading, article.newspaper, article.date, article.section,
                   article.authors, article.url, article.text[start:end], start, end, emphasis)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and the plain text that answered it."""

    question: str
    answer: str


AS_TYPED = "as_typed"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with what was said before it and the filters given beside it.

    `aside` names what is not to be read from the question: fields of Filters, or AS_TYPED, with which it is looked for as
    it was typed, without the conversation.
    """

    question: str
    history: tuple[Turn, ...] = ()
    filters: Filters = Filters()
    aside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to an answer: its name, its time, and what it found."""

    name: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant says, and everything it stands on.

    `text` is plain text with [n] marks, no Markdown; `emphasis` are the (start, end) places in it
    that hold the short answer. `kind` is one of "quotes", "model", "articles" (a list of articles),
    "refusal", "greeting", "hint". `refused` is true whenever the thing asked is not answered, though
    nearest articles or a corrected premise may still be cited. `understood` is the question that was
    searched when it differs from the one asked (a follow-up made whole, filters read from it); `read` holds the
    filters that were read from it, beside those that were given.
    While an answer streams, `done` is false. `stamp` is the time at which a server gave it and that server's seal
    over it, "" where none did.
    """

    question: str
    text: str = ""
    kind: str = "quotes"
    refused: bool = False
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    emphasis: tuple[tuple[int, int], ...] = ()
    understood: str = ""
    read: Filters = Filters()
    notes: tuple[str, ...] = ()
    follow_ups: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    done: bool = True
    stamp: str = ""

    def with_(self, **changes: Any) -> Answer:
        """A copy with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an archive holds: counts, the span of its dates (ISO, "" where none), its names.

    `months` counts the articles of each month ("2025-11"; of a year, where an article has no more), in order.
    """

    articles: int
    chunks: int
    first_date: str = ""
    last_date: str = ""
    newspapers: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    months: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that could not be used: the file, the line (None for the whole file), and why."""

    file: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class RefreshSummary:
    """What a refresh did. The lists hold article ids; `seconds` is wall time; `notes` are sentences for a person.

    `known` are those of `failed` and `skipped` that the refresh before told of too and that never gave an article:
    nobody need be told again.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    deleted: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    skipped: tuple[Failure, ...] = ()
    known: tuple[Failure, ...] = ()
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0
    snapshot: str = ""
    dry_run: bool = False
    notes: tuple[str, ...] = ()
