"""JSON of an issue (pages → articles) or of a list of articles, in the shapes that newspapers' systems put out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.corpus.columns import field_of
from assistant.corpus.formats.jsonl import known_fields, parsed
from assistant.corpus.formats.source import Row, Source
from assistant.errors import UnreadableFile

DEPTH = 8
"""Objects within objects that are looked into: issue → pages → page → articles → article leaves some to spare."""
ARTICLES = 100_000
"""More articles in one file are no issue; a large archive is .jsonl, which is read line by line."""
_INHERITED = ("date", "newspaper", "page", "page_name", "section")
"""What an issue or a page says of all its articles."""


def read_issue(source: Source) -> Iterator[Row]:
    """One row for each object that holds a text, in order, with what the objects around it say of date and page."""
    for number, fields in enumerate(_articles(parsed(source.text()), {}, DEPTH), 1):
        if number > ARTICLES:
            raise UnreadableFile(f"多于 {ARTICLES} 篇，请改用 .jsonl", f"more than {ARTICLES} articles; make it a .jsonl file")
        yield Row(fields, number)


def _articles(node: Any, above: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from _articles(item, above, depth - 1) if depth else ()
    elif isinstance(node, Mapping):
        fields = known_fields(node)
        if isinstance(fields.get("text"), str):
            yield {**above, **{name: value for name, value in fields.items() if value not in ("", None)}}
            return
        said = {name: fields[name] for name in _INHERITED if isinstance(fields.get(name), (str, int))}
        if field_of("source") == "newspaper" and "newspaper" not in node and "papername" not in node:
            said.pop("newspaper", None)  # an issue's "source" is the program that wrote it
        for value in node.values():
            if isinstance(value, (list, Mapping)) and depth:
                yield from _articles(value, above | said, depth - 1)
