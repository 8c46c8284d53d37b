"""/briefing: all figures about a topic in a period as a table, to sort and to take along."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assistant.export.figures import ROWS, Figure, as_csv, as_docx, figures
from assistant.schema import Filters
from assistant.web.search import Query, find
from assistant.web.site import Site, download
from assistant.web.taking_along import WORD

ARTICLES = 200
"""Articles read for one table, the most relevant of those found."""
ORDERS = ("date", "figure", "article")


def router(site: Site) -> APIRouter:
    """The briefing page, its CSV and its Word document."""
    pages = APIRouter()

    @pages.get("/briefing")
    def briefing(request: Request) -> Response:
        snapshot, query = site.snapshot(), Query.of(request)
        topic = " ".join(request.query_params.get("topic", "").split())[:100]
        chosen = request.query_params.getlist("article")[:ARTICLES]
        order = request.query_params.get("order", "")
        order = order if order in ORDERS else "date"
        ids = chosen or (find(snapshot, replace(query, words=topic, sort="best")).ids if topic else ())
        articles = [article for article in map(snapshot.articles.article, ids[:ARTICLES]) if article]
        rows = ordered(figures(articles, topic), order)
        heading = f"关于“{topic}”的数字" if topic else "所选报道里的数字"
        kind = request.query_params.get("format")
        if kind == "csv":
            return download(as_csv(rows), "figures.csv", "text/csv; charset=utf-8")
        if kind == "docx":
            return download(as_docx(rows, heading, date.today()), "figures.docx", WORD)
        return site.page(request, "briefing.html.j2", topic=topic, filters=query.filters, rows=rows, chosen=chosen,
                         order=order, articles=len(articles), more=len(ids) > ARTICLES or len(rows) == ROWS,
                         address=lambda **changes: _address(topic, query.filters, chosen, order, **changes))

    return pages


def ordered(rows: list[Figure], order: str) -> list[Figure]:
    """The figures by date, by the figure (largest first), or article by article."""
    if order == "figure":
        return sorted(rows, key=lambda row: -row.value)
    return sorted(rows, key=lambda row: row.article.date or "9999") if order == "date" else rows


def _address(topic: str, filters: Filters, chosen: list[str], order: str, /, **changes: str) -> str:
    pairs = {"topic": topic, "from": filters.date_from, "to": filters.date_to, "section": filters.section,
             "newspaper": filters.newspaper, "order": order, **changes}
    known = [(name, value) for name, value in pairs.items() if value]
    return "/briefing?" + urlencode(known + [("article", article_id) for article_id in chosen])
