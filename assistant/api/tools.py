"""MCP: the archive as tools for a language model's program, all of them reading only.

Spoken over standard input and output (`assistant mcp`), or at /mcp of the server (streamable HTTP, without sessions).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from assistant.api.desk import QUESTION_CHARACTERS, AskedFilters, Desk, answer_json, article_json
from assistant.errors import AssistantError
from assistant.retrieval import distinct_articles
from assistant.schema import Ask, Filters

if TYPE_CHECKING:
    from mcp.server.fastmcp import FastMCP

    from assistant.index.snapshot import Snapshot

ARTICLE_CHARACTERS = 20_000
"""Of a longer article a tool gives so much at a time."""
LISTED = 100
"""Articles in one list."""

Words = Annotated[str, Field(max_length=QUESTION_CHARACTERS)]


def tools(desk: Desk, retriever: Any) -> FastMCP:
    """The MCP server over the archive."""
    from mcp.server.fastmcp import FastMCP
    from mcp.server.fastmcp.exceptions import ToolError
    from mcp.server.transport_security import TransportSecuritySettings
    from mcp.types import ToolAnnotations

    # which names the server answers to is settled for all doors at once, before this one
    names = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server = FastMCP("newspaper", stateless_http=True, json_response=True, streamable_http_path="/", log_level="WARNING",
                     transport_security=names,
                     instructions="A newspaper's archive in Chinese. Every statement of an answer is cited as [n].")
    reads = server.tool(annotations=ToolAnnotations(readOnlyHint=True, idempotentHint=True, openWorldHint=False))

    @reads
    async def ask(question: Words) -> dict[str, Any]:
        """Answer a question from the newspaper's own articles, with citations. `refused` where they do not say."""
        try:
            answer = await desk.answer(Ask(question), "mcp")
        except AssistantError as fault:
            raise ToolError("The archive cannot answer right now; try again later.") from fault
        return {name: value for name, value in answer_json(answer).items() if name not in ("passages", "steps")}

    @reads
    def search(words: Words, filters: AskedFilters = AskedFilters(),
               limit: Annotated[int, Field(ge=1, le=LISTED)] = 10) -> list[dict[str, Any]]:
        """The articles for some words, best first, each with the passage that was found."""
        found = distinct_articles(retriever.passages(words, filters.filters(), k=4 * limit))[:limit]
        return [{**article_json(passage.article), "passage": passage.chunk.text} for passage in found]

    @reads
    def read_article(id: Annotated[str, Field(max_length=1000)], start: Annotated[int, Field(ge=0)] = 0) -> dict[str, Any]:
        """An article's text from the character `start` on; `next` says where it goes on, if it does."""
        article = desk.snapshot().articles.article(id)
        if article is None:
            raise ToolError("There is no such article; find its id with search or list_articles.")
        text, end = article.text[start:start + ARTICLE_CHARACTERS], start + ARTICLE_CHARACTERS
        return {**article_json(article), "text": text, **({"next": end} if end < len(article.text) else {})}

    @reads
    def list_articles(filters: AskedFilters = AskedFilters(), skip: Annotated[int, Field(ge=0)] = 0,
                      limit: Annotated[int, Field(ge=1, le=LISTED)] = 20) -> list[dict[str, Any]]:
        """The articles of a time, section or author, newest first."""
        from itertools import islice

        articles = desk.snapshot().articles.articles(filters.filters())
        return [article_json(article) for article in islice(articles, skip, skip + limit)]

    @reads
    def coverage() -> dict[str, Any]:
        """What the archive holds: counts, the span of its dates, its newspapers and sections."""
        return asdict(desk.chain.coverage())

    @reads
    def count(filters: AskedFilters = AskedFilters()) -> int:
        """How many articles there are of a time, section or author."""
        return counted(desk.snapshot(), filters.filters())

    return server


def counted(snapshot: Snapshot, filters: Filters) -> int:
    """How many articles are as the filters say."""
    return sum(1 for _ in snapshot.articles.articles(filters))
