"""/people, /places, /bodies: whom and what the articles name, each with a page of what the paper says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assistant.index.name_index import NameIndex, Occurrence
from assistant.index.snapshot import Snapshot
from assistant.index.tagging import Named
from assistant.language.text import pieces, sentences
from assistant.reading.namesakes import Office, Person, namesakes
from assistant.schema import Article
from assistant.web.site import Site

FOLDERS = {"person": "people", "place": "places", "body": "bodies"}
HEADINGS = {"person": ("人物", "People"), "place": ("地方", "Places"), "body": ("机构", "Bodies")}
LISTED = 120
"""Names on a page of a list."""
ROWS = 20
"""Articles on a page of a name."""
OFFICES = 12
"""Offices shown of one person; more are counted."""
PEOPLE = 12
"""People of one name that are shown; more are counted."""
FORMS = 8
INTRODUCED = 2
"""Sentences that say who or what it is."""
BESIDE = 300
"""Newest articles in which is counted who and what is named beside it."""
MATES = 12
"""Names of each kind that are shown beside it."""
QUOTED = 160
"""Characters of a sentence that is quoted whole; of a longer one the clauses around the name."""
UNTAGGED = ("这个报库还没有标出人名、地名和机构名。要有这些页面，请运行 assistant refresh --tag。",
            "The names in this archive have not been found yet. For these pages, run: assistant refresh --tag")


@dataclass(frozen=True, slots=True)
class Quote:
    """`article.text[start:end]`, in which the name stands at `name`; `cut` says whether the sentence goes on at either end."""

    article: Article
    start: int
    end: int
    name: tuple[int, int]
    cut: tuple[bool, bool]

    @property
    def parts(self) -> tuple[str, str, str]:
        """The text before the name, the name, and the text behind it."""
        text, (left, right) = self.article.text, self.name
        return text[self.start:left], text[left:right], text[right:self.end]


def router(site: Site) -> APIRouter:
    """The lists of names and the pages of each."""
    pages = APIRouter()
    for kind, folder in FOLDERS.items():
        _add(pages, site, kind, folder)
    return pages


def name_address(kind: str, name: str, **query: str) -> str:
    """The address of the page of a name."""
    return f"/{FOLDERS[kind]}/{quote(name, safe='')}" + (f"?{urlencode(query)}" if query else "")


def linked(article: Article, names: NameIndex, root: str, texts: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """The (start, HTML) of each (start, text) of an article, in which the first mention of each name leads to its page."""
    rows = []
    first: dict[tuple[str, str], Named] = {}
    for one in names.found(article.id):
        first.setdefault((one.kind, names.means(one.kind, one.key)), one)
    addresses = {one: root + name_address(kind, names.name(kind, key)) for (kind, key), one in first.items()}
    for start, text in texts:
        html, at = "", start
        for one, address in addresses.items():
            if at <= one.start and one.end <= start + len(text):
                html += f'{escape(article.text[at:one.start])}<a href="{escape(address)}">{escape(article.text[one.start:one.end])}</a>'
                at = one.end
        rows.append((start, html + escape(article.text[at:start + len(text)])))
    return rows


def _add(pages: APIRouter, site: Site, kind: str, folder: str) -> None:
    @pages.get(f"/{folder}")
    def names(request: Request) -> Response:
        if (known := site.snapshot().names) is None:
            return site.missing(request, *UNTAGGED)
        initials = known.initials(kind)
        initial = request.query_params.get("initial", "")
        initial = initial if initial in initials else ""
        total, number = initials[initial] if initial else sum(initials.values()), _number(request)
        rows = known.listed(kind, LISTED * (number - 1), LISTED, initial)
        return site.page(request, "names.html.j2", kind=kind, folder=folder, headings=HEADINGS, folders=FOLDERS, rows=rows,
                         initials=initials, initial=initial, total=total, number=number, last_page=-(-total // LISTED),
                         name_address=name_address, address=lambda **query: f"/{folder}" + (f"?{urlencode(query)}" if query else ""))

    @pages.get(f"/{folder}/{{name:path}}")
    def one(request: Request, name: str) -> Response:
        snapshot = site.snapshot()
        if (known := snapshot.names) is None:
            return site.missing(request, *UNTAGGED)
        name = name[:100]
        found = next(((one, key) for one in (kind, *FOLDERS) if (key := known.key(one, name))), None)
        if found is None:
            return site.missing(request, f"报库里没有文章提到“{name}”。", f"No article of the archive names “{name}”.")
        title = known.name(*found)
        if (found[0] != kind or title != name) and known.key(found[0], title) == found[1]:
            query = f"?{request.query_params}" if request.query_params else ""
            return RedirectResponse(request.scope.get("root_path", "").rstrip("/") + name_address(found[0], title) + query, 302)
        return _page(site, request, snapshot, known, kind, found[1])


def _page(site: Site, request: Request, snapshot: Snapshot, names: NameIndex, kind: str, key: str) -> Response:
    found, title = names.occurrences(kind, key), names.name(kind, key)
    people, unsaid = namesakes(found) if kind == "person" else ([], [])
    chosen = request.query_params.get("as", "")
    only = next((person for person in people if len(people) > 1 and chosen and person.label == chosen), None)
    shown, number = only.occurrences if only else found, _number(request)
    quotes = (_quote(snapshot, names, kind, key, one) for one in shown[ROWS * (number - 1):ROWS * number])
    mates = _mates(names, names.beside(kind, key, [one.article_id for one in shown[:BESIDE]]))
    return site.page(request, "name.html.j2", kind=kind, name=title, heading=HEADINGS[kind], folder=FOLDERS[kind], headings=HEADINGS,
                     forms=[form for form in names.forms(kind, key) if form != title][:FORMS],
                     people=[(person, _offices(snapshot, person)) for person in people[:PEOPLE]], more_people=len(people) - PEOPLE,
                     only=only, unsaid=len(unsaid), total=len(shown),
                     introductions=_introductions(snapshot, names, kind, key, shown), rows=[quote for quote in quotes if quote],
                     start=ROWS * (number - 1) + 1, mates=mates, counted=min(len(shown), BESIDE), number=number,
                     last_page=-(-len(shown) // ROWS), name_address=name_address,
                     address=lambda **query: name_address(kind, title, **({"as": only.label} if only else {}), **query))


def _number(request: Request) -> int:
    page = request.query_params.get("page", "")
    return max(1, min(int(page), 10**6)) if page.isascii() and page.isdigit() else 1


def _offices(snapshot: Snapshot, person: Person) -> list[tuple[Office, Article, Article]]:
    """The offices with the first and the last article that gives them, the latest first."""
    offices = sorted(person.offices[:OFFICES], key=lambda office: office.occurrences[0].date, reverse=True)
    return [(office, snapshot.articles.held(office.occurrences[-1].article_id), snapshot.articles.held(office.occurrences[0].article_id))
            for office in offices]


def _introductions(snapshot: Snapshot, names: NameIndex, kind: str, key: str, found: Sequence[Occurrence]) -> list[Quote]:
    """The sentences that say who or what it is: those that tell of it, else those with a role, else the first that names it."""
    oldest = sorted(found, key=lambda one: one.date or "9999")
    told = [one for one in oldest if one.tells] or [one for one in oldest if one.roles] or oldest[:1]
    quotes = (_quote(snapshot, names, kind, key, one) for one in told[:INTRODUCED])
    return [quote for quote in quotes if quote]


def _quote(snapshot: Snapshot, names: NameIndex, kind: str, key: str, where: Occurrence) -> Quote | None:
    """The sentence of an article that names it: the one that tells of it, else one with a role, else the first."""
    article = snapshot.articles.article(where.article_id)
    those = [one for one in names.found(where.article_id) if one.kind == kind and names.means(kind, one.key) == key]
    if article is None or not those:
        return None
    best = next((one for one in those if one.tells), None) or next((one for one in those if one.role), those[0])
    start, end = next(span for span in sentences(article.text) if span[0] <= best.start < span[1])
    left, right = start, end
    if end - start > QUOTED:
        cuts = [(start + a, start + b) for a, b in pieces(article.text[start:end], QUOTED // 2)]
        left = max(a for a, _ in cuts if a <= best.start)
        right = min((b for _, b in cuts if b >= best.end), default=end)
    return Quote(article, left, max(right, best.end), (best.start, best.end), (left > start, right < end))


def _mates(names: NameIndex, counts: Counter[tuple[str, str]]) -> list[tuple[str, list[tuple[str, int]]]]:
    """The most counted names of each kind, as they are mostly written, with their counts."""
    return [(kind, [(names.name(kind, key), n) for (one, key), n in counts.most_common(50 * MATES) if one == kind][:MATES])
            for kind in FOLDERS]
