"""/search: the plain list of articles, every filter in its address."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assistant.chat.cards import KINDS
from assistant.chat.markup import highlight
from assistant.export.addresses import article_address
from assistant.export.citation_styles import headline
from assistant.index.snapshot import Snapshot
from assistant.language.text import fold, sentences
from assistant.retrieval import owner
from assistant.schema import Article, Filters
from assistant.web.site import Site, base_address, download

SHOWN = 20
"""Articles on a page of the list."""
LOOKED_AT = 20_000
"""Chunks that a list goes through; where more hold the words the page says so."""
BARS = 48
"""Most bars; months give way to years, and few months to days."""
SNIPPET = 120
CSV_ROWS = 10_000
SORTS = ("best", "newest", "oldest")
_DAY = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words, filters, order, the page of the list from 1."""

    words: str = ""
    filters: Filters = field(default_factory=Filters)
    sort: str = "best"
    page: int = 1

    @classmethod
    def of(cls, request: Request) -> Query:
        """The query in an address; what is not understood there does not count."""
        given = {name: " ".join(value.split())[:100] for name, value in request.query_params.items()}
        dates = {limit: given.get(name, "") for limit, name in (("date_from", "from"), ("date_to", "to"))}
        named = {name: given.get(name) or None for name in ("newspaper", "section", "author", "kind")}
        filters = Filters(**{limit: day if _DAY.fullmatch(day) else None for limit, day in dates.items()}, **named)
        page = given.get("page", "")
        sort = given.get("sort", "")
        return cls(given.get("q", ""), filters, sort if sort in SORTS else "best" if given.get("q") else "newest",
                   min(int(page), 10**6) if page.isascii() and page.isdigit() and int(page) else 1)

    def address(self, **changes: Any) -> str:
        """The address of this list with some things changed; a change of anything else leads to its first page."""
        filters = {one.name: changes.pop(one.name) for one in fields(Filters) if one.name in changes}
        extra = changes.pop("format", None)
        query = replace(self, filters=replace(self.filters, **filters), **({"page": 1} | changes))
        pairs = {"q": query.words, "from": query.filters.date_from, "to": query.filters.date_to,
                 **{name: getattr(query.filters, name) for name in ("newspaper", "section", "author", "kind")},
                 "sort": query.sort if query.sort != "best" else "", "page": query.page if query.page > 1 else "",
                 "format": extra}
        return "/search?" + urlencode({name: value for name, value in pairs.items() if value})


@dataclass(frozen=True, slots=True)
class Found:
    """The ids of all articles in the order asked for, their dates, the bars, and whether there are still more."""

    ids: tuple[str, ...]
    bars: tuple[tuple[str, int], ...]
    more: bool


def router(site: Site) -> APIRouter:
    """The search page and its CSV."""
    pages = APIRouter()

    @pages.get("/search")
    def search(request: Request) -> Response:
        snapshot, query = site.snapshot(), Query.of(request)
        found = find(snapshot, query)
        if request.query_params.get("format") == "csv":
            articles = filter(None, map(snapshot.articles.article, found.ids[:CSV_ROWS]))
            return download(_csv(articles, base_address(request)), "articles.csv", "text/csv; charset=utf-8")
        start = SHOWN * (query.page - 1)
        shown = [article for article in map(snapshot.articles.article, found.ids[start:start + SHOWN]) if article]
        coverage = snapshot.coverage
        kinds = {kind: names for kind, names in KINDS.items() if snapshot.words.matching(Filters(kind=kind), 1)}
        return site.page(request, "search.html.j2", query=query, found=found, start=start,
                         rows=[(article, snippet(article, query.words)) for article in shown],
                         last_page=-(-len(found.ids) // SHOWN), newspapers=coverage.newspapers,
                         sections=coverage.sections, kinds=kinds, most=max((n for _, n in found.bars), default=1))

    return pages


def find(snapshot: Snapshot, query: Query) -> Found:
    """All articles that hold the words and lie under the filters, in the order asked for."""
    dates, undated = snapshot.dates, replace(query.filters, date_from=None, date_to=None)
    if query.words:
        hits = snapshot.words.best_holding(query.words, LOOKED_AT, undated)
        ids, more = list(dict.fromkeys(owner(chunk_id) for chunk_id, _ in hits)), len(hits) == LOOKED_AT
    elif undated:
        chunk_ids = snapshot.words.matching(undated, LOOKED_AT)
        ids, more = list(dict.fromkeys(map(owner, chunk_ids))), len(chunk_ids) == LOOKED_AT
    else:
        ids, more = list(dates), False
    bars = _bars(map(dates.__getitem__, ids))
    if query.filters.date_from or query.filters.date_to:
        days = {date for date in set(dates.values()) if _within(date, query.filters)}
        ids = [article_id for article_id in ids if dates[article_id] in days]
    if query.sort == "oldest":
        ids.sort(key=lambda article_id: dates[article_id] or "9999")
    elif query.words and query.sort == "newest" or undated and not query.words:
        ids.sort(key=dates.__getitem__, reverse=True)
    return Found(tuple(ids), bars, more)


def snippet(article: Article, words: str) -> str:
    """The sentence that holds most of the words as HTML, the words marked; the opening where none does."""
    folded, wanted = fold(article.text), [fold(word) for word in words.split()]
    spans = sentences(article.text) or [(0, 0)]
    start, end = max(spans, key=lambda span: sum(word in folded[slice(*span)] for word in wanted))
    first = min((at for word in wanted if (at := folded.find(word, start, end)) >= 0), default=start)
    start = max(start, first - SNIPPET // 3)
    end = min(len(article.text), max(end, start), start + SNIPPET) if wanted else min(len(article.text), start + SNIPPET)
    marks = [match.span() for word in wanted for match in re.finditer(re.escape(word), folded[:end]) if match.start() >= start]
    return " ".join(highlight(article.text, marks, "mark", start, end).split()) + ("…" if end < len(article.text) else "")


def _within(date: str, filters: Filters) -> bool:
    """Whether a date lies under the filters; a month or a year counts as all of its days, no date under neither."""
    if not (filters.date_from or filters.date_to):
        return True
    return bool(date) and date + "-12-31"[len(date) - 4:] >= (filters.date_from or "") and (
        not filters.date_to or date[:len(filters.date_to)] <= filters.date_to[:len(date)])


def _bars(dates: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """(month, count) of the dates, oldest first; days where they fill a few months only, years where many."""
    counts = Counter(dates)
    counts.pop("", None)
    for length in (10, 7, 4):
        by: Counter[str] = Counter()
        for date, count in counts.items():
            by[date[:length]] += count
        if len(by) <= BARS and all(len(date) == length for date in by):
            break
    return tuple(sorted(by.items()))[-BARS:]


def _csv(articles: Iterable[Article], base: str) -> str:
    """The articles as CSV for a spreadsheet, none of whose cells is a formula."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("title", "date", "newspaper", "page", "section", "authors", "kind", "id", "address"))
    for one in articles:
        cells = (headline(one), one.date, one.newspaper, one.page, one.section, "、".join(one.authors), one.kind, one.id,
                 base + article_address(one.id))
        rows.writerow([f"'{cell}" if cell and cell.startswith(_FORMULA) else cell for cell in cells])
    return "\ufeff" + out.getvalue()
