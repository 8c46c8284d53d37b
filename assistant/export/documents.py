"""Answers as plain text, as Markdown, and as a Word document with footnotes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from html import escape
from itertools import groupby
from typing import Any

from assistant.answers import cells_of, table_line
from assistant.export.addresses import article_address
from assistant.export.citation_styles import gbt7714, plain
from assistant.schema import Answer, Article, Citation

Find = Callable[[str], Article | None]
"""The archive: an article by its id, None where there is none."""

_MARK = re.compile(r"\[(\d{1,4})\]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$])")
_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_FOOTNOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


def sources(answer: Answer, find: Find) -> dict[int, Article]:
    """The articles cited, by their number in order; what the citation tells where the archive has one no more."""
    cited = {citation.n: citation for citation in answer.citations}
    return {n: find(cited[n].article_id) or _article_of(cited[n]) for n in sorted(cited)}


def as_text(answer: Answer, find: Find, base: str) -> str:
    """The answer's text and a line for each source; `base` is the address of the server."""
    lines = [f"[{n}] {plain(article, base + article_address(article.id))}" for n, article in sources(answer, find).items()]
    return "\n".join([answer.text, *([""] if lines else []), *lines])


def as_markdown(answers: Sequence[Answer], find: Find, base: str) -> str:
    """A conversation in Markdown, a question a heading, the sources as footnotes numbered through.

    Without a `base` a source is told without its address on a server.
    """
    blocks, notes, before = [], [], 0
    for answer in answers:
        known = sources(answer, find)
        text = "\n\n".join(_blocks(answer.text, known, before))
        blocks += [f"## {_plain_markdown(answer.question)}", text]
        notes += [f"[^{before + n}]: {_plain_markdown(plain(article, base and base + article_address(article.id)))}"
                  for n, article in known.items()]
        before += max(known, default=0)
    return "\n\n".join([*blocks, "\n".join(notes)]).rstrip() + "\n"


def as_docx(answers: Sequence[Answer], find: Find, seen: date) -> bytes:
    """A conversation as a Word document: every mark [n] a footnote with its source in GB/T 7714, as `seen` that day."""
    import docx

    document = docx.Document()
    document.core_properties.author = document.core_properties.comments = ""
    _in_chinese_type(document)
    notes: list[str] = []
    for answer in answers:
        document.add_heading(answer.question, 1)
        known = {n: gbt7714(article, seen) for n, article in sources(answer, find).items()}
        at, table = 0, None
        for line in answer.text.split("\n"):
            end = at + len(line)
            cells = cells_of(answer.text, at, end)
            if cells:
                table = table if table is not None else document.add_table(rows=0, cols=len(cells), style="Table Grid")
                for cell, span in zip(table.add_row().cells, cells):
                    _add_line(cell.paragraphs[0], answer, *span, known, notes)
                _add_line(cell.paragraphs[0], answer, at + line.rindex("|") + 1, end, known, notes)
            else:
                table = None
                _add_line(document.add_paragraph(), answer, at, end, known, notes)
            at = end + 1
    if notes:
        _add_footnotes(document, notes)
    return _saved(document)


def table_docx(heading: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A table under a heading as a Word document."""
    import docx

    document = docx.Document()
    document.core_properties.author = document.core_properties.comments = ""
    _in_chinese_type(document)
    document.add_heading(heading, 1)
    table = document.add_table(rows=1, cols=len(header), style="Table Grid")
    for line, texts in ((table.rows[0], header), *((table.add_row(), row) for row in rows)):
        for cell, text in zip(line.cells, texts):
            cell.text = _printable(text)
    return _saved(document)


def _saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _add_line(paragraph: Any, answer: Answer, start: int, end: int, known: dict[int, str], notes: list[str]) -> None:
    """A stretch of the answer's text, its short answer bold, its marks footnotes."""
    at = start
    for mark in [*_MARK.finditer(answer.text, start, end), None]:
        stop = mark.start() if mark else end
        _add_text(paragraph, answer, at, stop)
        if mark and (note := known.get(int(mark[1]))):
            notes.append(note)
            _add_reference(paragraph, len(notes))
        elif mark:
            paragraph.add_run(mark[0])
        at = mark.end() if mark else end


def _add_text(paragraph: Any, answer: Answer, start: int, end: int) -> None:
    for left, right in sorted(answer.emphasis):
        left, right = max(left, start), min(right, end)
        if left < right:
            paragraph.add_run(_printable(answer.text[start:left]))
            paragraph.add_run(_printable(answer.text[left:right])).bold = True
            start = right
    paragraph.add_run(_printable(answer.text[start:end]))


def _add_reference(paragraph: Any, number: int) -> None:
    """A footnote's mark; python-docx has no footnotes of its own."""
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    run = paragraph.add_run()
    run.font.superscript = True
    reference = OxmlElement("w:footnoteReference")
    reference.set(qn("w:id"), str(number))
    run._r.append(reference)


def _add_footnotes(document: Any, notes: Sequence[str]) -> None:
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    lines = "".join(f'<w:footnote w:type="{kind}" w:id="{i}"><w:p><w:r><w:{kind}/></w:r></w:p></w:footnote>'
                    for i, kind in ((-1, "separator"), (0, "continuationSeparator")))
    small = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    for number, note in enumerate(notes, 1):
        lines += (f'<w:footnote w:id="{number}"><w:p><w:r>{small}<w:footnoteRef/></w:r><w:r><w:rPr><w:sz w:val="18"/></w:rPr>'
                  f'<w:t xml:space="preserve"> {escape(_printable(note))}</w:t></w:r></w:p></w:footnote>')
    xml = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:footnotes {_SPACE}>{lines}</w:footnotes>'
    part = Part(PackURI("/word/footnotes.xml"), _FOOTNOTES, xml.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)


def _in_chinese_type(document: Any) -> None:
    """Song for the text and Hei for the headings: Word would pick a Japanese face for Chinese."""
    from docx.oxml.ns import qn

    for name, face in (("Normal", "宋体"), ("Heading 1", "黑体")):
        style = document.styles[name]
        style.font.name = "Times New Roman"
        style.element.rPr.rFonts.set(qn("w:eastAsia"), face)


def _article_of(citation: Citation) -> Article:
    return Article(citation.article_id, citation.quote, citation.title, citation.date, citation.newspaper,
                   section=citation.section, authors=citation.authors, url=citation.url)


def _blocks(text: str, known: dict[int, Article], before: int) -> Iterator[str]:
    """The paragraphs of an answer in Markdown, lines of a table as one."""
    for is_table, lines in groupby(filter(None, text.splitlines()), lambda line: bool(cells_of(line, 0, len(line)))):
        if not is_table:
            yield from (_footnoted(line, known, before) for line in lines)
            continue
        rows = []
        for line in lines:
            cells = [_plain_markdown(line[left:right]) for left, right in cells_of(line, 0, len(line))]
            cells[-1] += _footnoted(line[line.rindex("|") + 1:], known, before)
            rows.append(table_line(cells))
        yield "\n".join([rows[0], table_line(["---"] * (rows[0].count(" | ") + 1)), *rows[1:]])


def _footnoted(line: str, known: dict[int, Article], before: int) -> str:
    pieces, at = [], 0
    for mark in _MARK.finditer(line):
        if int(mark[1]) in known:
            pieces += [_plain_markdown(line[at:mark.start()]), f"[^{before + int(mark[1])}]"]
            at = mark.end()
    return "".join([*pieces, _plain_markdown(line[at:])])


def _plain_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _printable(text: str) -> str:
    """Without what no XML may hold."""
    return "".join(c for c in text if c in "\t\n" or c.isprintable() or c == "\u3000")
