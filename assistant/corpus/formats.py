"""The formats of corpus files: bytes → rows of fields, one for each article.

`READERS` is the door for other formats: a suffix, and a function from the open file to its rows.
"""

from __future__ import annotations

import io
import json
import lzma
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import dropwhile
from typing import Any, BinaryIO

from assistant.errors import UnreadableFile
from assistant.corpus.masthead import iso_date, masthead
from assistant.corpus.page import is_page, read_article, read_page
from assistant.schema import Failure
from assistant.language.text import squeeze

FILE_BYTES = 64 * 2**20
"""A larger .md, .txt or .html file is no article; the longest novels have 30 MB."""
LINE_BYTES = 16 * 2**20
"""A longer line of a .jsonl file is not read."""
UNPACKED_TIMES = 200
"""An archive that unpacks to more than FILE_BYTES and this many times its size is a bomb; news unpacks to 4 times."""
FRONT_MATTER_CHARACTERS = 2**16

_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_HAN = re.compile("[㐀-䶿一-鿿\ue000-\uf8ff\U00020000-\U0003ffff]")
_FIELD_LINE = re.compile(r"([A-Za-z_]+)\s*:")
_HEADING = re.compile(r"\s*#\s+(?P<title>[^\n]+?)[ \t#]*(?:\n|$)")
_JSON = json.JSONDecoder(strict=False)
_DATED_PATH = re.compile(r"(?:^|[/_-])((?:19|20)\d{2})[-/]?(\d{2})[-/]?(\d{2})(?=[/_.-]|$)")


@dataclass(frozen=True, slots=True)
class Row:
    """What a file says of one article, before it is checked.

    `number` is its place in a file of several, `line` where it stands, `lines` where its fields stand.
    """

    fields: Mapping[str, Any]
    number: int | None = None
    line: int | None = None
    lines: Mapping[str, int] = field(default_factory=dict)


Reader = Callable[[BinaryIO, str], Iterator[Row | Failure]]


def clean(text: str) -> str:
    """The text in NFC with \\n as its only line break, without control characters and byte order marks."""
    return unicodedata.normalize("NFC", _CONTROL.sub("", _LINE_BREAK.sub("\n", text)))


def failure(name: str, line: int | None, chinese: str, english: str) -> Failure:
    """A Failure with its reason in both languages."""
    return Failure(name, line, f"{chinese} / {english}")


# ---- bytes


def _whole(stream: BinaryIO) -> str:
    """The text of a file, cleaned. Raises UnreadableFile where it is too large, binary or undecodable."""
    raw = stream.read(FILE_BYTES + 1)
    if len(raw) > FILE_BYTES:
        raise UnreadableFile(f"大于 {FILE_BYTES >> 20} MB", f"larger than {FILE_BYTES >> 20} MB")
    return clean(decode(raw))


def decode(raw: bytes) -> str:
    """The text of `raw`: UTF-8, UTF-16 with a byte order mark, GB18030 or Big5.

    What is not UTF-8 counts as Chinese only where its characters are the common ones: of 3,000 articles at
    least 90 % are level 1 of GB 2312 (44 % in traditional characters), of Big5 or cut UTF-8 read as
    GB18030 at most 43 %. Raises UnreadableFile for anything else and for NUL.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = _decoded(raw, "utf-16")
    else:
        text = _decoded(raw, "utf-8-sig")
        text = _decoded_chinese(raw) if text is None else text
    if text is None:
        raise UnreadableFile("不是 UTF-8、UTF-16、GB18030 或 Big5 的文本", "no text in UTF-8, UTF-16, GB18030 or Big5")
    if "\0" in text:
        raise UnreadableFile("是二进制文件", "binary, not text")
    return text


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _decoded_chinese(raw: bytes) -> str | None:
    for encoding, least in (("gb18030", 0.75), ("big5", 0.8), ("gb18030", 0.5)):
        text = _decoded(raw, encoding)
        han = _HAN.findall(text[:20_000]) if text else []
        if han and sum(character in _common(encoding) for character in han) >= least * len(han):
            return text
    return None


@cache
def _common(encoding: str) -> frozenset[str]:
    """The characters of the first level of GB 2312 (3,755) or Big5 (5,401)."""
    charset, first, last = ("gb2312", 0xB0, 0xD7) if encoding == "gb18030" else ("big5", 0xA4, 0xC6)
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    return frozenset(character for pair in pairs if len(character := pair.decode(charset, "ignore")) == 1
                     and "一" <= character <= "鿿")


# ---- formats


def _read_text(stream: BinaryIO, name: str) -> Iterator[Row]:
    """An article, or the pieces of a printed page."""
    text = _whole(stream)
    if is_page(text):
        for number, piece in enumerate(read_page(text), 1):
            yield Row(asdict(piece), number)
    else:
        yield Row(asdict(read_article(text)))


def _read_markdown(stream: BinaryIO, name: str) -> Iterator[Row | Failure]:
    """One article with YAML front matter. Every scalar is taken as it is written: a date stays a string."""
    import frontmatter
    import yaml

    text = _whole(stream).strip()
    handler, fields, body, head = frontmatter.YAMLHandler(), None, text, ""
    if handler.detect(text):
        try:
            head, rest = handler.split(text)
            if len(head) > FRONT_MATTER_CHARACTERS:
                raise UnreadableFile("文件头太长", "its front matter is too long")
            fields = yaml.load(head, Loader=yaml.BaseLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", None) or "no YAML"
            line = mark.line + 1 if mark else None
            yield failure(name, line, "文件头不是 YAML", f"its front matter is not YAML: {reason}")
            return
        except RecursionError:
            raise UnreadableFile("文件头套得太深", "its front matter is nested too deeply") from None
        except ValueError:  # a rule of dashes, and no second one
            fields = None
        if isinstance(fields, dict):
            body = rest.strip()
    fields = {key: None if value in ("", "~", "null") else value for key, value in (
        fields if isinstance(fields, dict) else {}).items() if isinstance(key, str)}
    lines = {match[1]: n for n, line in enumerate(head.split("\n"), 1) if (match := _FIELD_LINE.match(line))}
    yield Row(_with_heading(fields, body), lines=lines)


def _with_heading(fields: dict[str, Any], body: str) -> dict[str, Any]:
    """The fields with the body. Its "# heading" is the title where there is none; a repeated title is dropped."""
    heading = _HEADING.match(body)
    if heading and not fields.get("title"):
        fields = {**fields, "title": heading["title"]}
    elif heading and squeeze(str(fields["title"])) != squeeze(heading["title"]):
        heading = None
    return {**fields, "text": body[heading.end():] if heading else body}


def _read_html(stream: BinaryIO, name: str) -> Iterator[Row]:
    """The article of an e-paper page.

    Its date stands in the path (…/html/2020-01/21/content_1.htm) or in the edition's line, never in the body.
    """
    import trafilatura
    from lxml import etree, html

    try:
        # bytes, because lxml refuses a string that declares an encoding
        tree = html.document_fromstring(_whole(stream).encode(), parser=html.HTMLParser(encoding="utf-8"))
    except etree.ParserError as error:
        raise UnreadableFile("不是网页", f"no HTML: {error}") from error
    for hidden in tree.xpath("//script | //style | //noscript | //template"):
        hidden.drop_tree()
    headings = [" ".join(node.text_content().split()) for tag in ("h1", "h2", "h3", "title") for node in tree.iter(tag)]
    title = next((heading for heading in headings if heading and not masthead(heading)), None)
    url = next(iter(tree.xpath("//link[@rel='canonical']/@href")), None)
    edition = _edition(tree)
    if dated := _DATED_PATH.search(name):
        edition["date"] = iso_date("-".join(dated.groups())) or edition.get("date", "")
    # trafilatura breaks the lines of a short page at every tag within a sentence
    etree.strip_tags(tree, "b", "strong", "em", "i", "u", "span", "font")
    # a short body is told from what stands around it only by the mark of the e-paper system
    for body in tree.xpath("//founder-content | //*[@id='ozoom'] | //*[@id='articleContent']")[:1]:
        etree.strip_tags(body, "a")
        tree = html.document_fromstring(f"<html><body>{html.tostring(body, encoding='unicode')}</body></html>")
    document = trafilatura.bare_extraction(tree, include_comments=False)
    lines = _block_lines(document.body) if document is not None else []
    if title in lines[:len(lines) // 2 + 1]:
        lines = lines[lines.index(title) + 1:]
    piece = read_article("\n".join(dropwhile(headings.__contains__, lines)))
    yield Row({**asdict(piece), **edition, "title": title or piece.title, "url": url})


def _edition(tree: Any) -> dict[str, str]:
    """Date, page, section and newspaper as the lines around an e-paper's article say them.

    A lone date may be of anything. Links lead to other pages as well: they count where they name only one.
    """
    plain: dict[str, str] = {}
    linked: dict[str, set[str]] = {}
    for node in tree.xpath("//body//text()[normalize-space()]"):
        said = masthead(node.strip())
        for kind, value in said.items() if len(said) > 1 or "date" not in said else ():
            if kind not in ("date", "page", "section", "newspaper"):
                continue
            if node.getparent().xpath("ancestor-or-self::a"):
                linked.setdefault(kind, set()).add(value)
            else:
                plain.setdefault(kind, value)
    return {kind: min(values) for kind, values in linked.items() if len(values) == 1} | plain


def _block_lines(body: Any) -> list[str]:
    """The paragraphs of what trafilatura extracted, blanks around them and between them left out."""
    for node in body.iter("p", "head", "item", "list", "row", "cell", "quote", "lb"):
        node.tail = "\n" + (node.tail or "")
    return [line for line in map(str.strip, "".join(body.itertext()).split("\n")) if line]


def _read_jsonl(stream: BinaryIO, name: str, limit: float = math.inf) -> Iterator[Row | Failure]:
    """One article a line; a line that is none is a Failure, and the next is read. At most `limit` bytes are read."""
    for number, raw in enumerate(_bounded_lines(stream, limit), 1):
        if raw is None:
            yield failure(name, number, f"一行大于 {LINE_BYTES >> 20} MB", f"a line larger than {LINE_BYTES >> 20} MB")
            continue
        if not raw.strip():
            continue
        try:
            fields = _JSON.decode(decode(raw))
        except UnreadableFile as error:
            yield failure(name, number, error.chinese, error.english)
        except RecursionError:
            yield failure(name, number, "JSON 套得太深", "JSON nested too deeply")
        except ValueError as error:
            yield failure(name, number, "不是 JSON", f"not JSON: {error}")
        else:
            if isinstance(fields, dict):
                yield Row(fields, number, number)
            else:
                yield failure(name, number, "不是 JSON 对象", "not a JSON object")


def _read_packed_jsonl(stream: BinaryIO, name: str) -> Iterator[Row | Failure]:
    """The same out of an .xz archive, unpacked as it is read."""
    limit = max(FILE_BYTES, UNPACKED_TIMES * stream.seek(0, io.SEEK_END))
    stream.seek(0)
    try:
        with lzma.open(stream) as unpacked:
            yield from _read_jsonl(unpacked, name, limit)
    except (lzma.LZMAError, EOFError, MemoryError) as error:
        raise UnreadableFile("压缩包已损坏", f"the archive is damaged: {error}") from error


def _bounded_lines(stream: BinaryIO, limit: float) -> Iterator[bytes | None]:
    """The lines of a stream in order, in UTF-8 where it was UTF-16; None for one longer than LINE_BYTES.

    Raises UnreadableFile after `limit` bytes, and for UTF-16 that is none.
    """
    wide = stream.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff")
    lines = io.TextIOWrapper(stream, "utf-16", newline="\n") if wide else stream
    done, whole = 0, True
    while True:
        try:
            line = lines.readline(LINE_BYTES)
        except UnicodeDecodeError as error:
            raise UnreadableFile("不是 UTF-16 文本", f"no text in UTF-16: {error}") from error
        if not line:
            return
        raw = line.encode() if wide else line
        done += len(raw)
        if done > limit:
            raise UnreadableFile("压缩包解开后大得离谱", "the archive unpacks to an absurd size")
        ends = raw.endswith(b"\n") or len(line) < LINE_BYTES
        if ends:
            yield raw if whole else None
        whole = ends


READERS: dict[str, Reader] = {
    ".md": _read_markdown,
    ".txt": _read_text,
    ".html": _read_html,
    ".htm": _read_html,
    ".jsonl": _read_jsonl,
    ".jsonl.xz": _read_packed_jsonl,
}
"""What can be read, by suffix. A reader takes the open file and its name in the corpus."""
