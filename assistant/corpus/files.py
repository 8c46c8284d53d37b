"""The files of a corpus folder → articles.

What a file gives depends on its name and its bytes alone; file_formats.READERS says what can be read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from assistant.errors import CorpusError, UnreadableFile
from assistant.corpus.formats import READERS, Reader, Row, clean, failure
from assistant.corpus.masthead import iso_date
from assistant.corpus.page import split_names
from assistant.schema import Article, Failure

QUESTIONS = ("questions.jsonl", "questions.jsonl.xz")
"""Question sets may lie beside the articles; they are never read as such."""
ID_CHARACTERS = 500

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
    and files of unknown type. Question sets are passed over in silence. Raises CorpusError where the
    folder is missing.
    """
    if not folder.is_dir():
        raise CorpusError(
            f"找不到文章文件夹 {folder}。请用 --corpus 文件夹 指明文章在哪里。",
            f"There is no corpus folder {folder}. Say where the articles are: --corpus FOLDER",
        )
    root = os.path.realpath(folder)
    files, skipped, folders = [], [], [""]
    while folders:
        above = folders.pop()
        try:
            entries = list(os.scandir(os.path.join(root, above)))
        except OSError as error:
            skipped.append(failure(above.rstrip("/"), None, "打不开", f"cannot be opened: {error.strerror}"))
            continue
        for entry in entries:
            name = above + entry.name
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
    if _reader(entry.name) is None:
        return f"不认识的类型，跳过（能读 {' '.join(READERS)}）", f"unknown type, skipped (known are {' '.join(READERS)})"
    return None


def _reader(name: str) -> Reader | None:
    return next((reader for suffix, reader in READERS.items() if name.lower().endswith(suffix)), None)


# ---- files


def read_corpus(folder: Path) -> Iterator[Article | Failure]:
    """Every article of the folder, file by file, and every failure; of articles with one id the first.

    Raises CorpusError where the folder is missing.
    """
    places: dict[str, str] = {}
    for file in corpus_files(folder)[0]:
        try:
            yield from _without_repeats(_read(file), file.name, places)
        except UnreadableFile as error:
            yield failure(file.name, None, error.chinese, error.english)
        except OSError as error:
            yield failure(file.name, None, "打不开", f"cannot be opened: {error.strerror or error}")


def read_file(file: CorpusFile, through: Callable[[BinaryIO], BinaryIO] = lambda stream: stream,
              ) -> Iterator[Article | Failure]:
    """The articles of one file in order, each made as it is asked for, and its failures between them.

    What is read is what `through` makes of the open file: that may leave lines out.
    Raises UnreadableFile (its two sentences are the bare reason) where the file as a whole cannot be read,
    which may be after some articles, and OSError where it cannot be opened.
    """
    return _without_repeats(_read(file, through), file.name, {})


def _read(file: CorpusFile, through: Callable[[BinaryIO], BinaryIO] = lambda stream: stream,
          ) -> Iterator[tuple[Article | Failure, int | None]]:
    """What a file holds, with the line of each."""
    reader = _reader(file.name)
    if reader is None:
        raise UnreadableFile("不认识的类型", f"unknown type; known are {' '.join(READERS)}")
    with file.path.open("rb") as stream:
        for row in reader(through(stream), file.name):
            if isinstance(row, Failure):
                yield row, row.line
                continue
            try:
                yield _article(row, file.name), row.line
            except _Unusable as fault:
                line = row.lines.get(fault.at, row.line)
                yield Failure(file.name, line, str(fault)), line


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
    """The article of a row. Raises _Unusable for wrong types, absurd dates and a missing text."""
    fields = row.fields
    text = _string(fields, "text")
    if text is None:
        raise _Unusable("没有正文", "it has no text", "text")
    default_id = name if row.number is None else f"{name}#{row.number}"
    article_id = _string(fields, "id", numbers=True) or default_id
    if len(article_id) > ID_CHARACTERS or "\n" in article_id:
        raise _Unusable("编号太长或不止一行", "its id is too long, or more than one line", "id")
    title, newspaper, section, kind = (_one_line(_string(fields, name)) for name in
                                       ("title", "newspaper", "section", "kind"))
    page = _one_line(_string(fields, "page", numbers=True))
    return Article(id=article_id, text=text, title=title, date=_date(fields), newspaper=newspaper, page=page,
                   section=section, authors=_authors(fields.get("authors")), kind=kind,
                   url=_url(_string(fields, "url")))


def _string(fields: Mapping[str, Any], name: str, *, numbers: bool = False) -> str | None:
    """The field cleaned; None where it is absent, null or blank."""
    value = fields.get(name)
    if numbers and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Unusable(f"{name} 不是文字", f"{name} is not a string", name)
    if _SURROGATE.search(value):
        raise _Unusable(f"{name} 里有残缺的字符", f"{name} holds half a character (a lone surrogate)", name)
    return clean(value).strip() or None


def _one_line(value: str | None) -> str | None:
    return value and re.sub(r"\s*\n\s*", " ", value)


def _date(fields: Mapping[str, Any]) -> str | None:
    written = _string(fields, "date", numbers=True)
    if written is None:
        return None
    if (iso := iso_date(written)) is None:
        raise _Unusable(f"没有 {written[:40]} 这样的日期", f"there is no date {written[:40]}", "date")
    return iso


def _authors(value: Any) -> tuple[str, ...]:
    """The names in a list, or in a string separated by 、，, or blanks."""
    written = [value] if isinstance(value, str) else value or []
    if not isinstance(written, (list, tuple)):
        raise _Unusable("authors 不是名字的列表", "authors is not a list of names", "authors")
    bylines = [_one_line(_string({"authors": name}, "authors")) for name in written]
    return tuple(dict.fromkeys(name for byline in bylines if byline for name in split_names(byline) or (byline,)))


def _url(url: str | None) -> str | None:
    """The address where it is http or https; None for one that would do anything else."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc and not re.search(r"\s", url) else None
