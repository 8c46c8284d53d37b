"""/issues, /issues/DATE, /issues/DATE/PAGE: the paper as it appeared."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assistant.schema import Article
from assistant.web.site import Site

LEADS = 200
"""Articles on one page of the list; a day's news may be thousands."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar. `weeks` has 7 (day, count) each, Monday first, day 0 outside the month; `whole`
    counts the articles that are dated to the month and no finer."""

    name: str
    articles: int
    weeks: tuple[tuple[tuple[int, int], ...], ...]
    whole: int


def router(site: Site) -> APIRouter:
    """The pages of the issues."""
    pages = APIRouter()

    @pages.get("/issues")
    def issues(request: Request) -> Response:
        counts = Counter(site.snapshot().dates.values())
        undated = counts.pop("", 0)
        years = sorted({date[:4] for date in counts}, reverse=True)
        shown = request.query_params.get("year", "")
        shown = shown if shown in years else max(years, key=lambda year: (_of(counts, year), year), default="")
        return site.page(request, "issues.html.j2", years=[(year, _of(counts, year)) for year in years], shown=shown,
                         months=months_of(counts, shown), undated=undated, whole_year=counts.get(shown, 0))

    @pages.get("/issues/{date}")
    def issue(request: Request, date: str) -> Response:
        articles = site.snapshot().articles.of_date(date) if re.fullmatch(r"\d{4}(-\d\d){0,2}", date) else []
        if not articles:
            return site.missing(request, "报库里没有这一天的文章。", "The archive has no article of that day.")
        found = pages_of(articles)
        return _issue(site, request, date, found, found)

    @pages.get("/issues/{date}/{page}")
    def issue_page(request: Request, date: str, page: str) -> Response:
        articles = site.snapshot().articles.of_date(date) if re.fullmatch(r"\d{4}(-\d\d){0,2}", date) else []
        found = pages_of(articles)
        shown = [(number, those) for number, those in found if number == page]
        if not shown:
            return site.missing(request, "报库里没有这一版的文章。", "The archive has no article of that page.")
        return _issue(site, request, date, found, shown)

    return pages


def _issue(site: Site, request: Request, date: str, pages: list[tuple[str, list[Article]]],
           shown: list[tuple[str, list[Article]]]) -> Response:
    days = sorted(filter(None, set(site.snapshot().dates.values())))
    at = days.index(date)
    return site.page(request, "issue.html.j2", date=date, pages=pages, shown=shown, leads=LEADS,
                     one_page=shown[0][0] if shown is not pages else None, issue_address=issue_address,
                     before=days[at - 1] if at else "", after=days[at + 1] if at + 1 < len(days) else "")


def issue_address(date: str, page: str | None = None) -> str:
    """The address of a day's paper, or of one page of it."""
    return f"/issues/{date}" + (f"/{quote(page, safe='')}" if page else "")


def pages_of(articles: Iterable[Article]) -> list[tuple[str, list[Article]]]:
    """The (page, its articles) of an issue in order; those without a page come last, as ""."""
    pages: dict[str, list[Article]] = {}
    for article in sorted(articles, key=lambda one: (_page_order(one), natural(one.id))):
        pages.setdefault(article.page or "", []).append(article)
    return list(pages.items())


def months_of(counts: Counter[str], year: str) -> list[Month]:
    """The months of a year that have articles, by the count of articles of each date."""
    months = []
    for name in sorted({date[:7] for date in counts if date[:4] == year and len(date) > 4}):
        number = int(name[5:7])
        weeks = calendar.Calendar().monthdayscalendar(int(year), number) if 1 <= number <= 12 and int(year) else []
        days = tuple(tuple((day, counts.get(f"{name}-{day:02d}", 0)) for day in week) for week in weeks)
        months.append(Month(name, _of(counts, name), days, counts.get(name, 0)))
    return months


def _of(counts: Counter[str], prefix: str) -> int:
    return sum(count for date, count in counts.items() if date.startswith(prefix))


def _page_order(article: Article) -> tuple[int, list[tuple[int, int | str]]]:
    return (0, natural(article.page)) if article.page else (1, [])


def natural(name: str) -> list[tuple[int, int | str]]:
    """A key by which a2 comes before a10."""
    return [(0, int(part)) if part.isdecimal() and part.isascii() else (1, part)
            for part in re.split(r"([0-9]+)", name) if part]
