"""One paper, not pieces: halves of an article on two pages become one, so do an article's copies in several files, and
teasers go to the article they announce."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.corpus.copies import merged
from assistant.language.pages import page_number
from assistant.language.text import squeeze
from assistant.schema import Article, Box

TEASER_CHARACTERS = 120
"""A longer text with a page's number at its end is an article of its own, which points to another."""
SHARED = 0.4
"""The least share of the shorter title's character pairs that two halves' titles have in common, where they differ:
a continued half is headed by an abridged title, and two titles of one page share 0.1 at most by chance."""

_PAGE = r"第?\s*(?P<page>[A-Za-z]?\d{1,2}|[一二三四五六七八九十]{1,3})\s*(?P<edition>版)?"
_NEXT = re.compile(rf"\s*[▶►→]?\s*(?P<open>[（(〔\[【])?\s*(?:下转|转接|转)\s*{_PAGE}[^()（）。]{{0,12}}?(?(open)[)）〕\]】])\s*$")
_BEFORE = re.compile(rf"^\s*[▶►◀]?\s*(?P<open>[（(〔\[【])?\s*(?:上接|紧接|续接)\s*{_PAGE}[^()（）。]{{0,30}}?(?(open)[)）〕\]】]|(?:\s|$))\s*")
_TEASER = re.compile(rf"(?P<open>[（(〔\[【])?\s*(?P<see>详见|详情见|全文见|报道见|见|详细报道见|更多内容见)?\s*{_PAGE}\s*(?(open)[)）〕\]】])\s*$")
_NUMERALS = {numeral: value for value, numeral in enumerate("一二三四五六七八九十", 1)}
_ENDS = re.compile(r"[。！？!?…；：][”’」』》）)]*$")


def page_shown(written: str) -> str:
    """A page as it is shown: 第三版, 03, 003 and 三 are 3; A03 stays A03."""
    bare = re.sub(r"^\s*第\s*|\s*版\s*$", "", written.strip())
    if re.fullmatch("[一二三四五六七八九十]{1,3}", bare):
        tens, ten, ones = bare.rpartition("十")
        return str((_NUMERALS.get(tens, 1) * 10 if ten else 0) + _NUMERALS.get(ones, 0))
    return bare.lstrip("0") or bare


def _same_page(one: str, other: str, *, letters: bool = True) -> bool:
    """Whether two ways of writing are one page; without `letters`, A04 is the page that a file calls 4."""
    first, second = (page_number(page_shown(page)).lstrip("" if letters else "abcdefgh") for page in (one, other))
    return first == second


def is_bare_teaser(text: str) -> bool:
    """Whether a text is nothing but where to read: （A04）, （详见4版）, （下转第三版）."""
    return len(text) <= 20 and any(match and not text[:match.start()].strip() for match in (
        _teaser(text), _NEXT.search(text)))


def is_continued(text: str) -> bool:
    """Whether a text ends with where it goes on: （下转第三版）."""
    return bool(_NEXT.search(text[-40:]))


def is_torn(article: Article) -> bool:
    """Whether an article may be a half, or announce another: what `join` has to see."""
    return bool(is_continued(article.text) or _before(article) or (
        len(article.text) <= TEASER_CHARACTERS and _teaser(article.text)))


def join(articles: Iterable[Article]) -> list[Article]:
    """The articles in their order: a half on a later page is part of the first one, a teaser is gone where the
    page it names holds its article, and what several files hold is one article (see copies).

    Only articles of one newspaper and day meet. What is not clear (two halves that would fit as well) stays apart.
    A joined article has the places of both halves; a place of which only the page is known is that whole page.
    """
    given = list(articles)
    issues: dict[tuple[str, str], list[Article]] = defaultdict(list)
    for article in given:
        issues[article.newspaper or "", article.date or posixpath.dirname(article.id.partition("#")[0])].append(article)
    second_of: dict[str, Article] = {}
    absorbed: set[str] = set()
    for issue in issues.values():
        for half in issue:
            if first := _first_of(half, [a for a in issue if a.id not in second_of]):
                second_of[first.id] = half
                absorbed.add(half.id)
        absorbed |= {article.id for article in issue if is_announcement(article, issue)}
    return merged(_whole(article, second_of, {article.id}) for article in given if article.id not in absorbed)


def _teaser(text: str) -> re.Match[str] | None:
    match = _TEASER.search(text.rstrip()[-40:] if len(text) > 40 else text.rstrip())
    return match if match and (match["see"] or match["open"] and (match["edition"] or match["page"][0].isalpha())) else None


def _before(article: Article) -> re.Match[str] | None:
    return _BEFORE.match(article.text[:60]) or (_BEFORE.match(article.title[:60]) if article.title else None)


def _first_of(half: Article, issue: Sequence[Article]) -> Article | None:
    """The one article that goes on with this half, by the pages that both name and by the title; None for none or many."""
    before = _before(half)
    scored = []
    for article in issue:
        forward = _NEXT.search(article.text[-40:])
        if article.id == half.id or not forward or article.page == half.page and article.page:
            continue
        there = not half.page or _same_page(forward["page"], half.page)
        back = before is not None and (not article.page or _same_page(before["page"], article.page))
        alike = _alike(article.title, _BEFORE.sub("", half.title or "", count=1))
        known = bool(half.page and article.page)
        if there and (back and (known or alike > 0) or before is None and alike == 1):
            scored.append((alike, article))
    best = max((score for score, _ in scored), default=None)
    found = [article for score, article in scored if score == best]
    return found[0] if len(found) == 1 else None


def _alike(one: str | None, other: str | None) -> float:
    """1 for the same title, down to SHARED for titles that share words, 0 where one is not known, -1 for others."""
    first, second = squeeze(one or ""), squeeze(other or "")
    if not first or not second:
        return 0
    if first == second or min(first, second, key=len) in max(first, second, key=len):
        return 1
    pairs, others = ({title[i:i + 2] for i in range(len(title) - 1)} for title in (first, second))
    share = len(pairs & others) / max(1, min(len(pairs), len(others)))
    return share if share >= SHARED else -1


def is_announcement(article: Article, issue: Sequence[Article]) -> bool:
    """Whether an article only points to another one of its issue, which stands on the page it names, by its title or by its text.

    Articles of other newspapers and days in `issue` are none of it.
    """
    match = _teaser(article.text) if len(article.text) <= TEASER_CHARACTERS else None
    return match is not None and any(
        other.id != article.id and (other.newspaper, other.date) == (article.newspaper, article.date) and other.page and _same_page(other.page, match["page"], letters=False)
        and len(other.text) > len(article.text)
        and max(_alike(article.title, other.title), _alike(article.text[:match.start()], other.title)) >= SHARED for other in issue)


def _whole(article: Article, second_of: dict[str, Article], seen: set[str]) -> Article:
    """An article with its second half, and that with its own."""
    half = second_of.get(article.id)
    if half is None or half.id in seen:
        return article
    half = _whole(half, second_of, seen | {half.id})
    start, rest = _NEXT.sub("", article.text).rstrip(), _BEFORE.sub("", half.text, count=1).lstrip()
    people = dict(zip(half.authors, half.roles or [""] * len(half.authors)))
    people |= dict(zip(article.authors, article.roles or [""] * len(article.authors)))
    authors = tuple(dict.fromkeys((*article.authors, *half.authors)))
    return replace(article, text=start + ("\n" if _ENDS.search(start) else "") + rest, authors=authors,
                   roles=tuple(people[name] for name in authors) if any(people.values()) else (),
                   boxes=(*_places(article), *_places(half)))


def _places(article: Article) -> tuple[Box, ...]:
    return article.boxes or ((Box(page_shown(article.page), 0.0, 0.0, 1.0, 1.0),) if article.page else ())
