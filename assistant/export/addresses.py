"""Where things are found on the reading room's server."""

from __future__ import annotations

from urllib.parse import quote


def article_address(article_id: str, span: tuple[int, int] | None = None) -> str:
    """The path of an article's page; with a `span` of its text marked."""
    marked = f"#p={span[0]}-{span[1]}" if span else ""
    return f"/articles/{quote(article_id, safe='/')}{marked}"
