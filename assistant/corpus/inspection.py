"""Show your reading: what a file or a folder gives, what is doubtful about it, and a page to check it by eye."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from assistant.corpus.copies import merged
from assistant.corpus.files import CorpusFile, corpus_files, read_corpus, read_file
from assistant.corpus.joining import is_torn, join
from assistant.corpus.page_images import page_image
from assistant.errors import CorpusError, UnreadableFile
from assistant.schema import Article, Box, Failure

TITLE_CHARACTERS = 60
NAME_CHARACTERS = 4
SHORT_TEXT = 20
_ENDS = re.compile(r"[。！？!?…；：”’」』）)》\]|]$|摄$|图$|文$")
IMAGES = 60
"""Pages whose pictures are put into one HTML file; at some 300 KB each."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was read: articles (halves joined), what failed and what was passed over, under the folder `corpus`."""

    corpus: Path
    articles: tuple[Article, ...]
    failed: tuple[Failure, ...]
    skipped: tuple[Failure, ...]


def inspect(path: Path) -> Inspection:
    """What a file or a folder gives, as a refresh would read it. Raises CorpusError where there is none."""
    if not path.exists():
        raise CorpusError(f"没有 {path}。请给出文件或文件夹。", f"There is no {path}. Name a file or a folder.")
    if path.is_dir():
        pieces, skipped, corpus = list(read_corpus(path)), corpus_files(path)[1], path
        whole = {piece.id: piece for piece in merged(piece for piece in pieces if isinstance(piece, Article))}
    else:
        skipped, corpus = [], path.parent
        try:
            pieces = list(read_file(CorpusFile(path, path.name)))
        except UnreadableFile as error:
            pieces = [Failure(path.name, None, f"{error.chinese} / {error.english}")]
        whole = {piece.id: piece for piece in join(p for p in pieces if isinstance(p, Article))}
    pieces = [whole[p.id] if isinstance(p, Article) else p for p in pieces if isinstance(p, Failure) or p.id in whole]
    articles = tuple(piece for piece in pieces if isinstance(piece, Article))
    return Inspection(corpus, articles, tuple(piece for piece in pieces if isinstance(piece, Failure)), tuple(skipped))


def doubts(article: Article) -> list[str]:
    """What a person should look at: fields that are missing, or are not as such fields are. Chinese, then English."""
    found = []
    if not article.title:
        found.append("没有标题 no title")
    elif len(article.title) > TITLE_CHARACTERS:
        found.append("标题太长 a very long title")
    if not article.date:
        found.append("没有日期 no date")
    if article.boxes and not article.page:
        found.append("没有版次 no page number")
    if odd := [name for name in article.authors if len(name.split("·")[0]) > NAME_CHARACTERS or len(name) < 2]:
        found.append(f"署名可疑 doubtful names: {'、'.join(odd)}")
    if len(article.text) < SHORT_TEXT:
        found.append("正文太短 a very short text")
    elif not _ENDS.search(article.text):
        found.append("正文没有收尾 the text breaks off")
    if is_torn(article):
        found.append("转版没有接上，或是导读 a half without the other, or a teaser")
    if "\ufffd" in article.text:
        found.append("有认不出的字 illegible characters")
    return found


def told(inspection: Inspection) -> str:
    """The report as text: each article with its fields and its doubts, then what failed and what was passed over."""
    lines = []
    for article in inspection.articles:
        people = "、".join(f"{name}（{role}）" if role else name
                          for name, role in zip(article.authors, article.roles or [""] * len(article.authors)))
        pages = "、".join(dict.fromkeys(box.page for box in article.boxes)) or article.page
        page = pages and f"第{pages}版" + (f" {article.page_name}" if article.page_name else "")
        dated = article.date and f"{article.date}（{article.dated_by}）"
        lines += [article.id, *(f"    引题 {article.kicker}" for _ in [0] if article.kicker), f"    {article.title or '——'}"]
        lines += [f"    副题 {article.subtitle}"] if article.subtitle else []
        lines += ["    " + " · ".join(filter(None, (article.newspaper, dated, page, people, f"{len(article.text)} 字 characters")))]
        lines += [f"    另见 also in {'、'.join(article.copies)}"] if article.copies else []
        lines += [f"    ？{doubt}" for doubt in doubts(article)]
    lines += [f"失败 failed {row}" for row in inspection.failed]
    lines += [f"跳过 skipped {row}" for row in inspection.skipped]
    doubtful = sum(bool(doubts(article)) for article in inspection.articles)
    lines.append(f"{len(inspection.articles)} 篇 articles，{doubtful} 篇可疑 doubtful，{len(inspection.failed)} 处失败 failed，"
                 f"{len(inspection.skipped)} 处跳过 skipped")
    return "\n".join(lines)


def page_html(inspection: Inspection) -> str:
    """One HTML file: every page's picture with the articles' boxes on it, and their texts beside. It needs no network."""
    import jinja2

    sheets: dict[str, list[Article]] = {}
    for article in inspection.articles:
        sheets.setdefault(article.image or article.id.partition("#")[0], []).append(article)
    drawn = [{"name": name, "picture": _picture(inspection.corpus, articles) if number < IMAGES else None,
              "articles": [{"article": article, "doubts": doubts(article), "boxes": _on_page(article)} for article in articles]}
             for number, (name, articles) in enumerate(sheets.items())]
    template = resources.files(__package__).joinpath("inspection.html.j2").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(template).render(
        sheets=drawn, failed=inspection.failed, skipped=inspection.skipped)


def _picture(corpus: Path, articles: Sequence[Article]) -> str | None:
    """The picture of the articles' page as a data: address, where there is one that can be read."""
    try:
        drawn = page_image(corpus, articles[0].image) if articles[0].image else None
    except UnreadableFile:
        return None  # the texts are shown without it
    return "data:image/png;base64," + base64.b64encode(drawn).decode() if drawn else None


def _on_page(article: Article) -> list[Box]:
    """The boxes of an article on the page of its first half."""
    page = article.boxes[0].page if article.boxes else None
    return [box for box in article.boxes if box.page == page and (box.left, box.top, box.right, box.bottom) != (0, 0, 1, 1)]
