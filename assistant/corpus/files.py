"""The files of a corpus folder → articles.

What a file gives depends on its name and its bytes, and for a page of an e-paper on the index beside it;
formats.READERS says what can be read.
"""

from __future__ import annotations

import io
import os
import posixpath
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assistant.corpus.bylines import signed, without_furniture
from assistant.corpus.formats import READERS, belongs_to, suffix_of
from assistant.corpus.formats.source import FIELD_CHARACTERS, FIELD_PARTS, Row, Source, clean, failure
from assistant.corpus.formats.zip import packed_files
from assistant.corpus.ignoring import IGNORE_FILE, ignored
from assistant.corpus.joining import is_bare_teaser, is_torn, join, page_shown
from assistant.corpus.masthead import iso_date
from assistant.errors import CorpusError, UnreadableFile
from assistant.schema import Article, Box, Failure

QUESTIONS = ("questions.jsonl", "questions.jsonl.xz")
"""Question sets may lie beside the articles; they are never read as such."""
ID_CHARACTERS = 500

KINDS = (*READERS, ".zip")
"""The suffixes of what can be read."""

_DATED_PATH = re.compile(r"(?:^|[/_-])((?:19|20)\d{2})[-/]?(\d{2})[-/]?(\d{2})(?=[/_.-]|$)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ODD_NAME = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file to read. `name` is its path in the corpus, with '/'."""

    path: Path
    name: str


class _Unusable(Exception):
    """Why a row is no article, in Chinese and in English, and the field at fault."""

    def __init__(self, chinese: str, english: str, at: str = "") -> None:
        super().__init__(f"{chinese} / {english}")
        self.at = at


# ---- the folder


def corpus_files(folder: Path) -> tuple[list[CorpusFile], list[Failure]]:
    """The files to read, by name, and what is skipped, with the reason.

    Skipped are hidden files and folders, links to folders and out of the corpus, what is no regular file,
    and files of unknown type. Question sets, and what .ignore names, are passed over in silence. Raises
    CorpusError where the folder is missing or .ignore cannot be read.
    """
    if not folder.is_dir():
        raise CorpusError(
            f"找不到文章文件夹 {folder}。请用 --corpus 文件夹 指明文章在哪里。",
            f"There is no corpus folder {folder}. Say where the articles are: --corpus FOLDER",
        )
    root = os.path.realpath(folder)
    files, skipped, folders = [], [], [""]
    left_alone = ignored(folder)
    while folders:
        above = folders.pop()
        try:
            entries = list(os.scandir(os.path.join(root, above)))
        except OSError as error:
            skipped.append(failure(above.rstrip("/"), None, "打不开", f"cannot be opened: {error.strerror}"))
            continue
        for entry in entries:
            name = above + entry.name
            if name == IGNORE_FILE or left_alone(name + "/" if entry.is_dir(follow_symlinks=False) else name):
                continue
            if reason := _why_skipped(entry, root):
                skipped.append(failure(_ODD_NAME.sub("�", name), None, *reason))
            elif entry.is_dir():
                folders.append(name + "/")
            elif entry.name.lower() not in QUESTIONS:
                files.append(CorpusFile(Path(entry.path), name))
    return sorted(files, key=lambda file: file.name), sorted(skipped, key=lambda skip: skip.file)


def _why_skipped(entry: os.DirEntry[str], root: str) -> tuple[str, str] | None:
    """The reason, in Chinese and English, or None for a file to read and a folder to look into."""
    if entry.name.startswith("."):
        return "隐藏文件，跳过", "hidden, skipped"
    if _ODD_NAME.search(entry.name):
        return "文件名里有控制字符或乱码，跳过", "control characters in its name, skipped"
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        if os.path.commonpath((root, target)) != root:
            return "链接指向文件夹之外，跳过", "a link out of the corpus, skipped"
        if not os.path.isfile(target):
            return "链接指向文件夹或不存在的文件，跳过", "a link to a folder or to nothing, skipped"
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        return "打不开，跳过", f"cannot be opened, skipped: {error.strerror}"
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode):
        return "不是普通文件，跳过", "not a regular file, skipped"
    if _kind(entry.name) is None:
        return f"不认识的类型，跳过（能读 {' '.join(KINDS)}）", f"unknown type, skipped (known are {' '.join(KINDS)})"
    return None


def _kind(name: str) -> str | None:
    return ".zip" if name.lower().endswith(".zip") else suffix_of(name)


# ---- files


def read_corpus(folder: Path) -> Iterator[Article | Failure]:
    """Every article of the folder, file by file, and every failure; of articles with one id the first.

    Halves of articles on two pages come last, joined. Raises CorpusError where the folder is missing.
    """
    places: dict[str, str] = {}
    torn: list[Article] = []
    for file in corpus_files(folder)[0]:
        try:
            for piece in _without_repeats(_read(file), file.name, places):
                if isinstance(piece, Article) and is_torn(piece):
                    torn.append(piece)
                else:
                    yield piece
        except UnreadableFile as error:
            yield failure(file.name, None, error.chinese, error.english)
        except OSError as error:
            yield failure(file.name, None, "打不开", f"cannot be opened: {error.strerror or error}")
    yield from join(torn)


def read_file(file: CorpusFile, through: Callable[[io.BufferedReader], io.BufferedReader] = lambda stream: stream,
              ) -> Iterator[Article | Failure]:
    """The articles of one file in order, each made as it is asked for, and its failures between them.

    What is read is what `through` makes of the open file: that may leave lines out. Halves of articles are not
    joined yet (see joining), and what is only a page's number (（A04）) is no article.
    Raises UnreadableFile (its two sentences are the bare reason) where the file as a whole cannot be read,
    which may be after some articles, and OSError where it cannot be opened.
    """
    return _without_repeats(_read(file, through), file.name, {})


def _read(file: CorpusFile, through: Callable[[io.BufferedReader], io.BufferedReader] = lambda stream: stream,
          ) -> Iterator[tuple[Article | Failure, int | None]]:
    """What a file holds, with the line of each."""
    with file.path.open("rb") as stream:
        source = Source(through(stream), file.name, partial(_find, file))
        if _kind(file.name) == ".zip":
            yield from _unpacked(source)
        else:
            yield from _articles(source, stream.peek(8)[:8])


def _articles(source: Source, head: bytes) -> Iterator[tuple[Article | Failure, int | None]]:
    """The articles of an open file that begins with the bytes `head`."""
    kind = _kind(source.name)
    if kind is None:
        raise UnreadableFile("不认识的类型", f"unknown type; known are {' '.join(KINDS)}")
    if (fitting := belongs_to(head)) and kind not in fitting:
        raise UnreadableFile(f"内容是 {fitting[0]} 而名字是 {kind}；请改名", f"it holds {fitting[0]} under the name of {kind}; rename it")
    for row in READERS[kind](source):
        if isinstance(row, Failure):
            yield row, row.line
            continue
        try:
            article = _article(row, source.name)
            if not is_bare_teaser(article.text):
                yield article, row.line
        except _Unusable as fault:
            line = row.lines.get(fault.at, row.line)
            yield Failure(source.name, line, str(fault)), line


def _unpacked(source: Source) -> Iterator[tuple[Article | Failure, int | None]]:
    """The articles of the files in a ZIP archive; an article's line is its file's number, as a failure's is."""
    for number, (inner, content) in enumerate(packed_files(source.bytes()), 1):
        if suffix_of(inner) is None or posixpath.basename(inner).lower() in QUESTIONS:
            continue
        name = f"{source.name}/{inner}"
        try:
            for piece, _ in _articles(Source(io.BufferedReader(io.BytesIO(content)), name), content[:8]):
                yield (piece if isinstance(piece, Article) else Failure(source.name, number, f"{inner}: {piece.reason}")), number
        except UnreadableFile as error:
            yield failure(source.name, number, f"{inner}：{error.chinese}", f"{inner}: {error.english}"), number


def _find(file: CorpusFile, name: str) -> Path | None:
    """The path of another file of the corpus by its name there; None where it is none, or would lie outside."""
    name = posixpath.normpath(name)
    if name.startswith(("../", "/")) or not str(file.path).endswith(file.name):
        return None
    root = os.path.realpath(str(file.path)[:-len(file.name)] or ".")
    path = os.path.realpath(os.path.join(root, name))
    return Path(path) if os.path.commonpath((root, path)) == root and os.path.isfile(path) else None


def _without_repeats(pieces: Iterator[tuple[Article | Failure, int | None]], name: str,
                     places: dict[str, str]) -> Iterator[Article | Failure]:
    """The pieces with a Failure for every article whose id is in `places` already, which grows."""
    for piece, line in pieces:
        if isinstance(piece, Article):
            if first := places.get(piece.id):
                piece = failure(name, line, f"编号 {piece.id} 在 {first} 里已经用过",
                                f"the id {piece.id} is used in {first} already")
            else:
                places[piece.id] = name if line is None else f"{name}:{line}"
        yield piece


# ---- fields


def _article(row: Row, name: str) -> Article:
    """The article of a row. Raises _Unusable for wrong types, absurd dates or lengths and a missing text."""
    fields = row.fields
    text, original = without_furniture(_string(fields, "text") or "")
    text = text.strip()
    if all(unicodedata.category(character)[0] in "CZ" for character in text):
        raise _Unusable("没有正文", "it has no text", "text")
    default_id = name if row.number is None else f"{name}#{row.number}"
    article_id = _string(fields, "id", numbers=True) or default_id
    if len(article_id) > ID_CHARACTERS or "\n" in article_id:
        raise _Unusable("编号太长或不止一行", "its id is too long, or more than one line", "id")
    title, kicker, subtitle, newspaper, section, kind, page_name, image = (_one_line(_string(fields, field)) for field in (
        "title", "kicker", "subtitle", "newspaper", "section", "kind", "page_name", "image"))
    page = _one_line(_string(fields, "page", numbers=True))
    date, dated_by = _date(fields, name)
    authors, roles = _people(fields)
    return Article(id=article_id, text=text, title=title or original, date=date, newspaper=newspaper,
                   page=page and page_shown(page), section=section or page_name, authors=authors, kind=kind,
                   url=_url(_string(fields, "url")), kicker=kicker, subtitle=subtitle and subtitle.lstrip("—─ ") or None,
                   roles=roles, page_name=page_name, boxes=_boxes(fields.get("boxes")), image=image, dated_by=dated_by)


def _string(fields: Mapping[str, Any], name: str, *, numbers: bool = False) -> str | None:
    """The field cleaned; None where it is absent, null or blank."""
    value = fields.get(name)
    if numbers and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Unusable(f"{name} 不是文字", f"{name} is not a string", name)
    if name != "text" and len(value) > FIELD_CHARACTERS:
        raise _Unusable(f"{name} 长于 {FIELD_CHARACTERS} 字", f"{name} is longer than {FIELD_CHARACTERS} characters", name)
    if _SURROGATE.search(value):
        raise _Unusable(f"{name} 里有残缺的字符", f"{name} holds half a character (a lone surrogate)", name)
    return clean(value).strip().strip("\u200b\u2060") or None


def _one_line(value: str | None) -> str | None:
    return value and re.sub(r"\s*\n\s*", " ", value)


def _date(fields: Mapping[str, Any], name: str) -> tuple[str | None, str | None]:
    """The date as ISO, and what it was read from: the one given, that in the file's path, or a masthead's."""
    written, dated_by = _string(fields, "date", numbers=True), _one_line(_string(fields, "dated_by"))
    dated = _DATED_PATH.search(name) if written is None or dated_by == "masthead" else None
    if dated and (iso := iso_date("-".join(dated.groups()))):
        return iso, "path"
    if written is None:
        return None, None
    if (iso := iso_date(written)) is None:
        raise _Unusable(f"没有 {written[:40]} 这样的日期", f"there is no date {written[:40]}", "date")
    return iso, dated_by or "field"


def _people(fields: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names in a list, or in a string separated by 、，, or blanks, and their roles beside them where any is said."""
    value, given = fields.get("authors"), fields.get("roles") or ()
    written = [value] if isinstance(value, str) else value or []
    if not isinstance(written, (list, tuple)) or not isinstance(given, (list, tuple)) or len(written) > FIELD_PARTS:
        raise _Unusable("authors 不是名字的列表", "authors is not a list of names", "authors")
    bylines = [_one_line(_string({"authors": name}, "authors")) for name in written]
    people: dict[str, str] = {}
    for byline, role in zip(bylines, given if len(given) == len(bylines) else [""] * len(bylines)):
        for name, said in signed(byline or "") or ([(byline, "")] if byline else []):
            people[name] = people.get(name) or said or _one_line(_string({"roles": role}, "roles")) or ""
    return tuple(people), tuple(people.values()) if any(people.values()) else ()


def _boxes(value: Any) -> tuple[Box, ...]:
    """The places on pages; a row that is none, or lies off the page, is left out."""
    boxes = []
    for row in value[:FIELD_PARTS] if isinstance(value, (list, tuple)) else ():
        try:
            box = Box(str(row["page"]), *(min(1.0, max(0.0, float(row[side]))) for side in ("left", "top", "right", "bottom")))
        except (KeyError, TypeError, ValueError):
            continue
        if box.left < box.right and box.top < box.bottom:
            boxes.append(box)
    return tuple(boxes)


def _url(url: str | None) -> str | None:
    """The address where it is http or https; None for one that would do anything else."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if url and parts.scheme in ("http", "https") and parts.netloc and not re.search(r"\s", url) else None
