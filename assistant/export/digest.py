"""A digest of a day, a week or a month: one cited line an article, grouped by section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from assistant.export.citation_styles import headline, plain
from assistant.language.dating import chinese_date
from assistant.language.text import sentences
from assistant.schema import Answer, Article, Citation

LEAD = 90
"""Characters of an article's first sentence that a line shows."""
NO_SECTION = "未分栏目"
_DATELINE = re.compile(r"^(?:本报讯|[^，。]{0,14}(?:讯|电))\s*(?:[（(][^）)]{0,40}[）)])?\s*")


def days_before(last: str, days: int) -> tuple[str, str]:
    """The (first, last) ISO day of so many days that end with `last`; a month or a year is itself."""
    if days <= 1 or len(last) < 10:
        return last, last
    return (date.fromisoformat(last) - timedelta(days - 1)).isoformat(), last


def digest(articles: Iterable[Article], first: str, last: str) -> Answer:
    """The articles of a period as a list to take along: a heading for each section, a line for each article."""
    sections: dict[str, list[Article]] = {}
    for article in articles:
        sections.setdefault(article.section or NO_SECTION, []).append(article)
    lines: list[str] = []
    citations: list[Citation] = []
    for section, those in sections.items():
        lines.append(f"【{section}】" if len(sections) > 1 else "")
        for article in those:
            start, end = lead(article)
            cut = "……" if end < len(article.text) and article.text[end - 1] not in "。！？”" else ""
            citations.append(Citation.of(len(citations) + 1, article, start, end))
            title = f"{headline(article)}：" if article.title else ""
            lines.append(f"{title}{article.text[start:end]}{cut}[{len(citations)}]")
    period = chinese_date(first) if first == last else f"{chinese_date(first)}至{chinese_date(last)}"
    return Answer(f"{period}摘要", "\n".join(filter(None, lines)), "articles", citations=tuple(citations))


def lead(article: Article) -> tuple[int, int]:
    """The (start, end) of the article's first sentence behind its dateline, cut to LEAD characters."""
    start, end = (sentences(article.text) or [(0, 0)])[0]
    if dateline := _DATELINE.match(article.text[start:end]):
        start += dateline.end() if dateline.end() < end - start else 0
    return start, min(end, start + LEAD)


def as_text(told: Answer, articles: Sequence[Article]) -> str:
    """The digest for a terminal: its lines, then its sources."""
    notes = [f"[{n}] {plain(article)}" for n, article in enumerate(articles, 1)]
    return "\n".join([told.question, "", told.text, "", *notes])
