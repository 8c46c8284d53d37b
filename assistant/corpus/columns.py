"""What the columns of exports are called: 标题, 肩标题, 版次 and their like, as the fields of an article."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.corpus.bylines import split_names
from assistant.corpus.masthead import iso_date
from assistant.language.text import HAN

_NAMES = {
    "id": "编号 稿件编号 文章编号 id articleid article_id docid guid",
    "title": "标题 主标题 主题 题目 篇名 新闻标题 文章标题 稿件标题 正标题 title headline",
    "kicker": "引题 肩标题 肩题 眉题 引标题 introtitle kicker intro_title",
    "subtitle": "副题 副标题 subtitle sub_title",
    "date": "日期 见报日期 发布日期 出版日期 发表日期 刊发日期 时间 发布时间 见报时间 date pubdate pub_date publish_date "
            "publishdate publish_time published pubtime",
    "page": "版次 版号 版面号 版面 page pagenum page_no pageno page_number",
    "page_name": "版名 版面名称 版面名 page_name pagename",
    "section": "栏目 专栏 栏目名称 频道 section column channel",
    "authors": "作者 记者 署名 作者姓名 作者署名 author authors byline reporter",
    "newspaper": "报纸 报名 报纸名称 报刊 报刊名称 媒体 媒体名称 来源 newspaper papername paper media source",
    "url": "网址 链接 原文链接 地址 url link page_url",
    "kind": "体裁 类型 kind genre",
    "text": "正文 内容 全文 文章内容 稿件内容 正文内容 content text body article_text content_text",
}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names.split()}
_HEADER_SHARE = 0.5
"""At least half of a header's cells are known names; of a first article's cells hardly one is."""
_BODY = 40
"""The column whose cells are longest, and at least this long on the average, is the text."""


def field_of(column: str) -> str | None:
    """The field of Article that a column of an export holds, or None."""
    return _FIELDS.get(re.sub(r"[\s《》\[\]【】:：\ufeff]", "", column).lower())


def is_header(cells: Sequence[str]) -> bool:
    """Whether the cells name columns, a text or a title among them, and are no article themselves."""
    known = [field_of(cell) for cell in cells if cell.strip()]
    return len(known) > 0 and sum(name is not None for name in known) >= _HEADER_SHARE * len(known) and bool(
        {"text", "title"} & set(known))


def fields_by_content(rows: Sequence[Sequence[str]]) -> list[str | None]:
    """The fields of columns without a header, told by what their cells are like; None for those that are not clear.

    The longest is the text; dates, pages (01, A03, 第2版) and names say what they are; the title is the longest other
    column, and what stands between page and title is the page's name.
    """
    width = max(map(len, rows), default=0)
    columns = [[row[i].strip() for row in rows if i < len(row) and row[i].strip()] for i in range(width)]
    found: list[str | None] = [None] * width
    lengths = [sum(map(len, cells)) / len(cells) if cells else 0 for cells in columns]
    if not lengths or max(lengths) < _BODY:
        return found
    found[lengths.index(max(lengths))] = "text"
    for i, cells in enumerate(columns):
        if found[i] or not cells:
            continue
        if "date" not in found and all(len(cell) >= 8 and iso_date(cell) for cell in cells):
            found[i] = "date"
        elif "page" not in found and all(re.fullmatch(r"第?[A-Za-z]?\d{1,3}版?", cell) for cell in cells):
            found[i] = "page"
    rest = [i for i, cells in enumerate(columns) if cells and not found[i]]
    title = max(rest, key=lambda i: lengths[i], default=-1)
    for i in rest:
        if i == title:
            found[i] = "title"
        elif i < title and found[i - 1] == "page" and lengths[i] <= 6:
            found[i] = "page_name"
        elif i > title and "authors" not in found and all(_is_name(cell) for cell in columns[i]):
            found[i] = "authors"
    return found


def _is_name(cell: str) -> bool:
    names = split_names(cell)
    return bool(names) and all(re.fullmatch(rf"[{HAN}·]{{2,8}}", name) for name in names) and len(cell) <= 40
