"""The same article of one day out of several files (an archive's export, the e-paper, the page in print): one article."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from assistant.corpus.reprints import is_reprint
from assistant.language.pages import page_number
from assistant.language.text import fold, squeeze
from assistant.schema import Article

OPENING = 16
"""Characters of the beginning by which articles with other titles are compared at all."""
_TOGETHER = (("title",), ("kicker",), ("subtitle",), ("newspaper",), ("page",), ("page_name",), ("section",),
             ("authors", "roles"), ("kind",), ("url",), ("boxes", "image"))
"""What is taken from one file together: the roles are those of these names, the places those on this picture."""


def merged(articles: Iterable[Article]) -> list[Article]:
    """The articles in their order, those that several files hold of one day and page as one.

    Its text and its fields are the file's that was typed rather than read off a page in print, else of the first by
    name; what that one leaves empty comes from the others, and `copies` names them.
    """
    given = list(articles)
    groups: list[list[Article]] = []
    met: dict[tuple[str, str], list[list[Article]]] = defaultdict(list)
    for article in sorted(given, key=lambda one: (_is_print(one), one.id)):
        keys = _keys(article)
        group = next((group for key in keys for group in met[key] if all(is_copy(article, one) for one in group)), None)
        if group is None:
            group = []
            groups.append(group)
            for key in keys:
                met[key].append(group)
        group.append(article)
    whole = {group[0].id: _one(group) for group in groups}
    return [whole[article.id] for article in given if article.id in whole]


def is_copy(one: Article, other: Article) -> bool:
    """Whether two files hold one article: the same day and text, and no other newspaper or page is said."""
    apart = one.id.partition("#")[0] != other.id.partition("#")[0]
    papers = not one.newspaper or not other.newspaper or fold(one.newspaper) == fold(other.newspaper)
    return apart and one.date == other.date and papers and _one_page(one.page, other.page) and is_reprint(one, other)


def _keys(article: Article) -> list[tuple[str, str]]:
    """What one of two copies has in common with the other at least; nothing for an article whose day is not known."""
    if len(article.date or "") != len("2025-11-18"):
        return []
    return [(article.date or "", key) for key in (squeeze(fold(article.title or "")), squeeze(fold(article.text))[:OPENING]) if key]


def _one_page(one: str | None, other: str | None) -> bool:
    """Whether two may be one page: 4 may be A4, but A4 is not B4."""
    if not one or not other:
        return True
    first, second = page_number(one), page_number(other)
    return first == second or (first.isdigit() or second.isdigit()) and first.lstrip("abcdefgh") == second.lstrip("abcdefgh")


def _is_print(article: Article) -> bool:
    """Whether an article was read off the picture of its page."""
    return article.image is not None and article.image.partition("#")[0] == article.id.partition("#")[0]


def _one(group: Sequence[Article]) -> Article:
    first = group[0]
    if len(group) == 1:
        return first
    fields: dict[str, Any] = {}
    for names in _TOGETHER:
        given = next((one for one in group if getattr(one, names[0])), first)
        if names[0] in ("kicker", "subtitle") and squeeze(getattr(given, names[0]) or "") in squeeze(first.title or ""):
            continue
        fields |= {name: getattr(given, name) for name in names}
    if not fields["roles"] and (same := next((one for one in group if one.roles and set(one.authors) == set(first.authors)), None)):
        fields |= {"authors": same.authors, "roles": same.roles}
    return replace(first, **fields, copies=tuple(dict.fromkeys(copy for one in group[1:] for copy in (one.id, *one.copies))))
