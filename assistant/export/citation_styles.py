"""An article as a reference: GB/T 7714, BibTeX, plain text."""

from __future__ import annotations

import re
from datetime import date

from assistant.language.dating import chinese_date
from assistant.schema import Article

AUTHORS = 3
"""Authors that GB/T 7714-2015 (8.1.2) has written out before 等."""
_CALLED = re.compile(r"^(?:原?标题|原题)[:：]\s*")
_SPECIAL = {"\\": r"\textbackslash{}", **{mark: f"\\{mark}" for mark in "&%$#_{}"}, "~": r"\textasciitilde{}",
            "^": r"\textasciicircum{}"}
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


def headline(article: Article) -> str:
    """The article's heading on one line, without a 原标题： before it."""
    return _CALLED.sub("", " ".join(article.heading.split()))


def gbt7714(article: Article, seen: date) -> str:
    """The article as GB/T 7714-2015 has a newspaper article: 作者. 题名[N]. 报纸名, 2025-11-18(3).

    With an address of its own it is an online one, `seen` on that day.
    """
    authors = ", ".join(article.authors[:AUTHORS]) + (", 等" if len(article.authors) > AUTHORS else "")
    address = article.url or ""
    page = f"({article.page})" if article.page else ""
    where = ", ".join(filter(None, (article.newspaper, article.date))) + page
    ends = [authors, f"{headline(article)}[{'N/OL' if address else 'N'}]",
            where + (f"[{seen.isoformat()}]" if address else ""), address]
    return ". ".join(filter(None, ends)) + "."


def plain(article: Article, address: str = "") -> str:
    """The article in a line: 《title》，newspaper，date，page，authors，address; what is not known is left out."""
    page = article.page or ""
    page = f"第{page}版" if page.isascii() and page.isalnum() else page
    facts = (f"《{headline(article)}》", article.newspaper, chinese_date(article.date), page,
             "、".join(article.authors), article.url or address)
    return "，".join(filter(None, facts))


def bibtex(article: Article) -> str:
    """The article as a BibTeX entry; its key is made of its id."""
    year, month, day = match.groups() if (match := _DATE.fullmatch(article.date or "")) else (None, None, None)
    key = re.sub(r"[^A-Za-z0-9]+", "-", article.id).strip("-") or "article"
    fields = {"author": " and ".join(f"{{{_escaped(name)}}}" for name in article.authors),
              "title": f"{{{_escaped(headline(article))}}}", "journal": _escaped(article.newspaper or ""), "year": year,
              "month": month and str(int(month)), "day": day and str(int(day)), "pages": _escaped(article.page or ""),
              "url": article.url}
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@article{{{key},", *lines, "}"])


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
