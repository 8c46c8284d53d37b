"""Articles of WeChat accounts, as saved from mp.weixin.qq.com."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from assistant.corpus.formats.markup import block_lines, drop_hidden, one_line
from assistant.corpus.page import read_article

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_PUBLISHED = re.compile(r"\bvar\s+(?:ct|oriCreateTime)\s*=\s*[\"'](\d{9,10})[\"']")
_CHINA = timezone(timedelta(hours=8))


def is_wechat(tree: HtmlElement) -> bool:
    """Whether a page is an article of a WeChat account."""
    return bool(tree.xpath("//*[@id='js_content']"))


def wechat_fields(tree: HtmlElement) -> dict[str, Any]:
    """Its fields. The account is the newspaper; the day is that of China's time in `var ct`."""
    written = _PUBLISHED.search("\n".join(script.text or "" for script in tree.iter("script")))
    drop_hidden(tree)

    def at(path: str) -> str | None:
        found = tree.xpath(path)
        return (found[0].strip() if isinstance(found[0], str) else one_line(found[0])) or None if found else None

    date = str(datetime.fromtimestamp(int(written[1]), _CHINA).date()) if written else at("//*[@id='publish_time']")
    piece = read_article("\n".join(block_lines(tree.xpath("//*[@id='js_content']")[0])), titled=True)
    author = at("//*[@id='js_author_name']") or at("//meta[@name='author']/@content")
    return {"title": at("//*[@id='activity-name']") or at("//meta[@property='og:title']/@content"), "date": date,
            "newspaper": at("//*[@id='js_name']"), "url": at("//meta[@property='og:url']/@content"), "text": piece.text,
            "authors": author or piece.authors, "roles": () if author else piece.roles, "kind": piece.kind}
