"""/articles/ID: an article to read, with what stands beside it in the paper and what else tells of the matter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from assistant.corpus.reprints import is_reprint
from assistant.export.addresses import article_address
from assistant.export.citation_styles import bibtex, gbt7714, plain
from assistant.index.snapshot import Snapshot
from assistant.language.mentions import mentions
from assistant.language.text import fold
from assistant.reading.tables import tables
from assistant.retrieval import owner
from assistant.schema import Article
from assistant.web.issues import issue_address, natural, pages_of
from assistant.web.names import linked
from assistant.web.site import Site, base_address, paragraphs

CANDIDATES = 60
"""Chunks looked through for other reports, by words and by vectors."""
SAME_MATTER = 0.4
"""Of the BM25 score that an article has for its own opening, what another report of the matter has at least."""
NAMED = 0.4
"""Of the names of its opening, how many another report has too. On 84 pairs of the news of 2023 23 of 25 reports of the same
matter have the share, and 19 others; 22 have the names as well, and 9 others (benchmarks/same_matter.py)."""
OPENING = 100
"""Characters of the text that stand for what an article is about, beside its title."""
REPORTS = 6
_NOTICE = re.compile(r"更正|勘误|订正")
Pieces = list[tuple[int, str]]
_PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Related:
    """What else the archive has: reports of the matter, oldest first, the same text elsewhere, what was put right."""

    reports: tuple[Article, ...]
    reprints: tuple[Article, ...]
    corrections: tuple[Article, ...]


def router(site: Site) -> APIRouter:
    """The pages of the articles."""
    pages = APIRouter()

    @pages.get("/articles/{article_id:path}")
    def article(request: Request, article_id: str) -> Response:
        snapshot = site.snapshot()
        found = snapshot.articles.article(article_id)
        if found is None:
            return site.missing(request, "报库里没有这篇文章，也许已经撤下。", "The archive has no such article; it may have been withdrawn.")
        return site.page(request, "article.html.j2", article=found, blocks=_blocks(request, snapshot, found),
                         related=related(snapshot, found), beside=_beside(snapshot, found),
                         picture=_picture_address(site, snapshot, found),
                         boxes=[box for box in found.boxes if box.page == (found.page or box.page)],
                         byline=_byline(found), issue_address=issue_address, web_address=web_address(found.url),
                         citations=_citations(found, base_address(request) + article_address(found.id)))

    @pages.get("/pictures/{article_id:path}")
    def picture(article_id: str) -> Response:
        snapshot = site.snapshot()
        found = snapshot.articles.article(article_id)
        file = _picture(snapshot, found) if found else None
        return FileResponse(file, media_type=_PICTURES[file.suffix.lower()]) if file else PlainTextResponse("", 404)

    return pages


def _blocks(request: Request, snapshot: Snapshot, article: Article) -> list[list[Pieces]]:
    """The paragraphs and tables, each as its rows of (start, HTML) pieces; a paragraph is one row of one piece.

    The names in them are links where the archive is tagged.
    """
    shaped = _shaped(article)
    pieces = [piece for block in shaped for row in block for piece in row]
    root = request.scope.get("root_path", "").rstrip("/")
    html = iter([(start, escape(text)) for start, text in pieces] if snapshot.names is None
                else linked(article, snapshot.names, root, pieces))
    return [[[next(html) for _ in row] for row in block] for block in shaped]


def _shaped(article: Article) -> list[list[Pieces]]:
    """The paragraphs and tables of an article's text, as `_blocks` without the HTML."""
    rows = {article.text.rfind("\n", 0, row[0].start) + 1: (n, row)
            for n, table in enumerate(tables(article)) for row in (table.header, *table.rows)}
    blocks: list[list[Pieces]] = []
    at = None  # the table that the last block is
    for start, text in paragraphs(article):
        table, row = rows.get(article.text.rfind("\n", 0, start) + 1, (None, ()))
        if row:
            blocks += [[]] if table != at else []
            blocks[-1].append([(cell.start, cell.text) for cell in row])
        elif at is not None and not text.strip("|-: "):
            continue  # the rule under the header
        else:
            blocks.append([[(start, text)]])
        at = table
    return blocks


def related(snapshot: Snapshot, article: Article) -> Related:
    """What else the archive has on the matter of an article."""
    shares = alike(snapshot, article)
    ids = [chunk.id for chunk in snapshot.articles.chunks_of(article)]
    mean = snapshot.vectors.vectors(ids).mean(0) if ids else np.zeros(1)
    near = _best(snapshot.vectors.search(mean / np.linalg.norm(mean), CANDIDATES)) if np.any(mean) else {}
    ranked = sorted(shares, key=lambda other: -(shares[other] + near.get(other, 0.0)))
    others = [other for other in map(snapshot.articles.article, ranked[:3 * REPORTS]) if other]
    reprints = tuple(other for other in others if is_reprint(article, other))
    corrections = _corrections(snapshot, article)
    apart = {other.id for other in (*reprints, *corrections)}
    reports = [other for other in others if other.id not in apart and shares_names(article, other)][:REPORTS]
    return Related(tuple(sorted(reports, key=lambda one: (one.date or "", one.id))), reprints, corrections)


def alike(snapshot: Snapshot, article: Article) -> dict[str, float]:
    """The ids of the articles with SAME_MATTER of the score for an article's opening, with their share, best first."""
    words = _best(snapshot.words.search(_opening(article), CANDIDATES))
    own = max(words.values(), default=1.0)
    return {other: score / own for other, score in words.items() if other != article.id and score >= SAME_MATTER * own}


def shares_names(article: Article, other: Article) -> bool:
    """Whether the other article has NAMED of the names in an article's opening; false where there is none."""
    names = {fold(mention.name) for mention in mentions(_opening(article))}
    whole = fold(f"{other.title or ''}{other.text}")
    return bool(names) and sum(name in whole for name in names) >= NAMED * len(names)


def _opening(article: Article) -> str:
    return " ".join(filter(None, (article.title, article.text[:OPENING])))


def web_address(url: str | None) -> str:
    """The address where it is one of the web; "" for any other."""
    return url if url and re.match(r"https?://[^/\s]", url) else ""


def _corrections(snapshot: Snapshot, article: Article) -> tuple[Article, ...]:
    """The notices that name the article by its title."""
    if not article.title:
        return ()
    found = map(snapshot.articles.article, _best(snapshot.words.best_holding(f"更正 {article.title}", CANDIDATES)))
    return tuple(other for other in found if other and other.id != article.id
                 and _NOTICE.search(other.heading) and article.title in other.text)


def _best(hits: list[tuple[str, float]]) -> dict[str, float]:
    """The score of each article's best chunk, best first."""
    scores: dict[str, float] = {}
    for chunk_id, score in hits:
        scores.setdefault(owner(chunk_id), score)
    return scores


def _beside(snapshot: Snapshot, article: Article) -> dict[str, Any]:
    """The articles of the same page of the paper, with the ones before and after this in their order."""
    if article.page and article.date:
        issue = [one for _, page in pages_of(snapshot.articles.of_date(article.date)) for one in page]
        ids = [one.id for one in issue]
        page = [one for one in issue if one.page == article.page and one.id != article.id]
    else:  # a day of a paper without pages may have thousands of articles: they stay unread
        ids = sorted((one for one, date in snapshot.dates.items() if date == (article.date or "")), key=natural)
        page = []
    at = ids.index(article.id) if article.id in ids and article.date else None
    before, after = (None, None) if at is None else (ids[at - 1] if at else None, next(iter(ids[at + 1:at + 2]), None))
    return {"page": page, **{name: one and snapshot.articles.article(one) for name, one in (("before", before), ("after", after))}}


def _byline(article: Article) -> list[tuple[str, str]]:
    """The (name, role) of each author, the role "" where it is not known."""
    roles = article.roles if len(article.roles) == len(article.authors) else ("",) * len(article.authors)
    return list(zip(article.authors, roles))


def _citations(article: Article, address: str) -> list[tuple[str, str]]:
    """The (name, text) of each style in which the article can be cited."""
    return [("GB/T 7714", gbt7714(article, date.today())), ("text", plain(article, address)),
            ("BibTeX", bibtex(article))]


def _picture(snapshot: Snapshot, article: Article) -> Path | None:
    """The file of the printed page, where the corpus has it."""
    if not article.image or not snapshot.manifest.corpus:
        return None
    corpus = Path(snapshot.manifest.corpus).resolve()
    file = (corpus / article.image).resolve()
    inside = file.is_relative_to(corpus) and file.suffix.lower() in _PICTURES
    return file if inside and file.is_file() else None


def _picture_address(site: Site, snapshot: Snapshot, article: Article) -> str:
    return article_address(article.id).replace("/articles/", "/pictures/", 1) if _picture(snapshot, article) else ""
