"""Printed page text → the pieces on it: headline, byline, section label and body of each.

Text that comes out of a paper's system holds the lines of a page without their type sizes: headlines
may stand in a pile before the first body, columns break paragraphs in mid-sentence, and one printed
line is one line here. What tells pieces apart is the newspaper's own convention: how a report begins
(本报讯（记者…）, 新华社…电), how an author signs (□ 某某, 某某 摄), and a short line without a full stop.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.corpus.bylines import ISSUED, PEOPLE, ROLE, is_byline, is_furniture, signed
from assistant.corpus.joining import is_continued
from assistant.corpus.masthead import masthead
from assistant.language.text import HAN

HEADLINE_CHARACTERS = 45
"""A line without a full stop of up to this length may be a headline; a longer one was cut by its column."""
HEADLINES = 4
"""Kicker, headline in two lines and subtitle: more short lines than these over a body are no headline."""
ENDING = 80
"""A signature stands in this many characters at the end of a paragraph."""
KICKER = 5
"""A label of so many characters that its article's first lines repeat is a kicker; a section is named by two to four."""
CAPTION_LINES = 3
"""A picture's caption and its credit have this many lines at most."""
NEAR = 40
"""A body without a headline looks for one among this many pieces on either side of it."""
SHARED = 0.2
"""The least share of a headline's character pairs that a body far from it must hold."""

_LEAD = re.compile(
    rf"(?:本报|本刊)?讯(?=[\s(（:：]|记者)|[{HAN}]{{2,8}}[报网]讯(?=[\s(（:：])|本报[^\s,，。(（]{{0,14}}[讯电](?=[\s(（:：])"
    r"|本报\s*[(（](?=[^()（）]*(?:记者|通讯员))|(?:据)?新华社[^\s,，。(（]{2,14}电"
    rf"|[【(（]?(?!据)[{HAN}]{{2,10}}(?:网|社|报|台|端|新闻)(?:[{HAN}]{{0,6}}\d{{1,2}}月\d{{1,2}}日(?:电|讯|消息|报道)|(?:消息|讯|报道)[:：】])"
    r"|[(（](?:本报)?记者[^()（）]+[)）](?=.)|[(（]上接第?[^()（）]{1,4}版[^()（）]{0,12}[)）]")
_LEAD_NAMES = re.compile(
    r"[^()（）。]{0,30}?[(（](?P<inside>[^()（）]*(?:记者|通讯员)[^()（）]*)[)）]"
    rf"|\S{{1,14}}讯\s*(?P<open>(?:(?:记者|通讯员)\s*(?:[{HAN}]{{2,4}}\s+)+)+)")
_CREDIT = re.compile(
    rf"[(（]{ROLE}[^()（）。]+[)）]"
    rf"|{ROLE}?\s*(?:{PEOPLE}|[{HAN}]\s+[{HAN}])\s+(?:作|摄|绘|供图|文/图|图/文|摄影报道){ISSUED}?")
_PHOTO = re.compile(rf"[。！？”]\s*[(（]?(?P<names>{ROLE}?\s*{PEOPLE}\s*摄(?:影报道)?){ISSUED}?[)）]?$")
_SIGNED = re.compile(
    rf"[(（](?P<names>{ROLE}[^()（）。]+|(?<=[。！？”][(（])(?![^)）]*[续完据载供转版社网电讯])\s*{PEOPLE}\s*)[)）]$")
_LABEL = re.compile(rf"[{HAN}]{{2,6}}")

_FINISHED = re.compile(r"(?:[。！？!?…；;：:—][”’」』\"》〉]*|[)）】〕\]|]|[a-z]\.[”\"]?)$")
_PROSE = re.compile(r"[。；;]|[，,、：:]$")
"""What no headline has: a full stop, or an open end."""
_NEVER_FIRST = "，。、；：！？”’）》"
"""What no line opens with, but where the one before it was cut."""
_INDENT = re.compile(r"(?:　　|    |\t)\S")
_ABOVE = ("masthead", "label", "headline", "byline")
"""The roles of lines that stand above a body."""


@dataclass(frozen=True, slots=True)
class PagePiece:
    """One piece of a page.

    `text` keeps 本报讯（记者…） and the credit line of a picture; an author's line under the headline and
    the section label are only in `authors` and `section`. A headline that opens with —— is the `subtitle`.

    `kind` is "news", "comment", "caption" or None. `date` (ISO), `newspaper`, `page` and `page_name`
    come from the masthead and are the same for all pieces of a page.
    """

    title: str | None
    authors: tuple[str, ...]
    section: str | None
    kind: str | None
    text: str
    roles: tuple[str, ...] = ()
    subtitle: str | None = None
    date: str | None = None
    newspaper: str | None = None
    page: str | None = None
    page_name: str | None = None
    dated_by: str | None = None


@dataclass(slots=True)
class _Line:
    """A line of the page, what it is, and whether the column cut it in mid-sentence."""

    text: str
    indented: bool
    role: str = "body"
    cut: bool = False


@dataclass(slots=True)
class _Block:
    """The lines of one piece; `bylines` stand above its body, `signatures` are lines of it."""

    label: str | None = None
    headlines: list[str] = field(default_factory=list)
    bylines: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    body: list[_Line] = field(default_factory=list)

    @property
    def has_lead(self) -> bool:
        return bool(self.body) and self.body[0].role == "lead"

    @property
    def signed(self) -> bool:
        """Whether it begins or ends as the articles of a newspaper do; a picture's credit does not count."""
        return bool(self.body) and bool(self.has_lead or self.bylines or _SIGNED.search(self.body[-1].text[-ENDING:]))


def is_page(text: str) -> bool:
    """Whether the text is a printed page: at least two pieces that begin or end as newspaper pieces do."""
    return sum(block.signed for block in _blocks(_lines(text))) > 1


def read_page(text: str) -> list[PagePiece]:
    """The pieces of a printed page in the order of their bodies.

    Each piece's text is a contiguous part of the NFC source when the blanks of both are left out. Every
    line of the page is in some piece, but those of the masthead and the staff.
    """
    lines = _lines(text)
    blocks = _blocks(lines)
    _give_headlines(blocks)
    edition = _edition(lines)
    return [_piece(block, edition) for block in blocks]


def read_article(text: str, *, titled: bool = False) -> PagePiece:
    """The text as one article: headlines and byline off its top, broken lines joined.

    Where its title is known already (`titled`), short lines on top are text.
    """
    lines = _lines(text)
    above_text = ("masthead", "byline") if titled else _ABOVE
    begin = next((i for i, line in enumerate(lines) if line.role not in above_text), 0)
    above = {role: [line.text for line in lines[:begin] if line.role == role] for role in _ABOVE}
    signatures = [line.text for line in lines[begin:] if line.role in ("byline", "credit")]
    body = [line for line in lines[begin:] if line.role != "byline" or not line.text.startswith("【")]
    block = _Block(next(iter(above["label"]), None), above["headline"], above["byline"], signatures, body)
    return _piece(block, _edition(lines[:begin]))


# ---- lines


def _split(text: str) -> list[_Line]:
    """The lines that are not blank, in NFC, and which of them a column cut in mid-sentence."""
    raw = [line for line in unicodedata.normalize("NFC", text).splitlines() if line.strip()]
    lines = [_Line(line.strip(), bool(_INDENT.match(line))) for line in raw if not is_furniture(line)]
    wrap = _wrap(lines)
    for line, after in zip(lines, (*lines[1:], None)):
        if not _FINISHED.search(line.text) and not _photographer(line.text):
            full = len(line.text) > HEADLINE_CHARACTERS or abs(_width(line.text) - wrap) <= 4
            prose = bool(_PROSE.search(line.text) or _LEAD.match(line.text))
            runs_on = line.indented and after is not None and not after.indented and not _LEAD.match(after.text)
            line.cut = full or prose or runs_on or after is not None and after.text[0] in _NEVER_FIRST
    return lines


def _lines(text: str) -> list[_Line]:
    """The lines with their roles: masthead, label, headline, byline, lead (a report's first line), credit or body."""
    lines = _split(text)
    for line in lines:
        line.role = _own_role(line)
    _settle_mastheads(lines)
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].role == "short":
            end += 1
        if end > start:
            _settle_short(lines, start, end)
        start = end + 1
    return lines


def _width(text: str) -> int:
    """Columns that the text takes, a half-width character being one."""
    return sum(1 if character.isascii() else 2 for character in text)


def _wrap(lines: Sequence[_Line]) -> int:
    """The width at which the text was wrapped; far from any width where it was not."""
    widths = Counter(_width(line.text) for line in lines if len(line.text) <= HEADLINE_CHARACTERS)
    if len(lines) < 5 or not widths:
        return -9
    commonest = max(widths, key=lambda width: sum(widths[width + near] for near in range(-4, 1)))
    full = sum(widths[commonest + near] for near in range(-4, 1))
    return commonest if commonest >= 16 and full > len(lines) / 2 else -9


def _own_role(line: _Line) -> str:
    """What a line is by itself; "short" may turn out a headline, a label or a subheading."""
    text = line.text
    if text.startswith("|"):  # a row of a table
        return "body"
    if _LEAD.match(text):
        return "lead"
    if len(text) > 2 * HEADLINE_CHARACTERS:
        return "body"
    if masthead(text):
        return "masthead"
    if len(text) > HEADLINE_CHARACTERS:
        return "body"
    if _CREDIT.fullmatch(text):
        return "credit"
    if is_byline(text):
        return "byline"
    return "body" if line.cut or _PROSE.search(text) or _SIGNED.search(text) else "short"


def _neighbour(lines: Sequence[_Line], at: int, step: int) -> _Line | None:
    """The nearest line from `at` on, going by `step`, that is not of the masthead."""
    while 0 <= at < len(lines):
        if lines[at].role != "masthead":
            return lines[at]
        at += step
    return None


def _settle_mastheads(lines: Sequence[_Line]) -> None:
    """A lone date, time or name is a masthead above the first body only, and none stands within a body."""
    after: _Line | None = None
    followers = []
    for line in reversed(lines):
        followers.append(after)
        after = after if line.role == "masthead" else line
    top = True
    for i, (line, after) in enumerate(zip(lines, reversed(followers))):
        if line.role != "masthead":
            top = top and line.role in ("short", "byline")
            continue
        kinds = masthead(line.text)
        inside = after is not None and after.role == "body" and i > 0 and lines[i - 1].role in ("body", "lead")
        if inside or not (top or len(kinds) > 1 or "staff" in kinds):
            line.role = "body" if inside or after is None else "short"


def _settle_short(lines: Sequence[_Line], start: int, end: int) -> None:
    """Headlines, a label, or lines of the body: decided for a run of short lines by what stands around it.

    They are headlines before a report's first line or a byline, on top of the page, and after a signature.
    Elsewhere they are subheadings and stay in their article.
    """
    before, after = _neighbour(lines, start - 1, -1), _neighbour(lines, end, 1)
    follower = after.role if after else "end"
    labelled = bool(_LABEL.fullmatch(lines[start].text)) and (end - start > 1 or _is_caption(lines, end))
    above = _neighbour(lines, start - 2, -1)
    signed_off = before is not None and (before.role == "credit" or bool(_signature(before.text)) or is_continued(before.text) or (
        before.role == "byline" and (above is None or above.role != "headline")))
    on_top = (before is None or signed_off) and follower != "end" and end - start <= HEADLINES
    cut = before is not None and before.cut
    opens = follower in ("lead", "byline") or (labelled or on_top) and not cut
    for i in range(start, end):
        lines[i].role = "headline" if opens else "body"
        followed = i + 1 < end and not lines[i + 1].text.startswith("—") or i == start and labelled
        if opens and followed and (i == start or follower == "byline") and _LABEL.fullmatch(lines[i].text):
            lines[i].role = "label"


def _is_caption(lines: Sequence[_Line], start: int) -> bool:
    """Whether what begins at `start` is a few lines that end with a picture's credit."""
    for line in lines[start:start + CAPTION_LINES]:
        if line.role == "credit" or _photographer(line.text):
            return True
        if line.role != "body":
            return False
    return False


# ---- pieces


def _blocks(lines: Sequence[_Line]) -> list[_Block]:
    """The lines gathered to pieces, in the order of the page."""
    blocks = [_Block()]
    for i, line in enumerate(lines):
        following = lines[i + 1].role if i + 1 < len(lines) else "end"
        if _opens(blocks[-1], line, following):
            blocks.append(_Block())
        block = blocks[-1]
        if line.role == "label":
            block.label = line.text
        elif line.role == "headline":
            block.headlines.append(line.text)
        elif line.role == "byline" and not block.body:
            block.bylines.append(line.text)
        elif line.role != "masthead":
            if line.role in ("byline", "credit"):
                block.signatures.append(line.text)
            block.body.append(line)
    return [part for block in blocks if block != _Block() for part in _parted(block)]


def _parted(block: _Block) -> list[_Block]:
    """The block, or two where it is signed by two: on top and, by others, at its end. Two signatures are two articles;
    the second one's headline is then the longest run of short lines between them."""
    top = [name for byline in _bylines(_Block(bylines=block.bylines, body=block.body[:1])) for name, _ in signed(byline)]
    end = [name for name, _ in signed(_signature(block.body[-1].text))] if len(block.body) > 2 else []
    if not top or not end or set(top) & set(end) or _photographer(block.body[-1].text):
        return [block]
    runs: list[tuple[int, int]] = []
    for i, line in enumerate(block.body[1:-1], 1):
        if _own_role(line) == "short" and not block.body[i - 1].cut:
            runs.append((runs.pop()[0] if runs and runs[-1][1] == i else i, i + 1))
    if not runs:
        return [block]
    start, stop = max(runs, key=lambda run: sum(len(line.text) for line in block.body[run[0]:run[1]]))
    second = _Block(headlines=[line.text for line in block.body[start:stop]], body=block.body[stop:])
    return [replace(block, body=block.body[:start]), second]


def _opens(block: _Block, line: _Line, following: str) -> bool:
    """Whether a line begins another piece than the one at hand."""
    if line.role == "label":
        return bool(block.label or block.headlines or block.body)
    if not block.body:
        return False
    if line.role == "byline":
        return following in ("body", "lead")
    if line.role == "body":
        # a picture's caption with its credit, between two pieces
        inside = block.body[-1].cut or following in ("body", "credit", "byline")
        return not inside and bool(_photographer(line.text))
    return line.role in ("headline", "lead", "masthead")


def _give_headlines(blocks: Sequence[_Block]) -> None:
    """Gives bodies that begin without a headline the spare ones that share most words with them.

    A headline is spare in a pile of several, or where no body follows it. It goes only to a body that
    shares more of its words than the body below it does.
    """
    homeless = [i for i, block in enumerate(blocks) if block.has_lead and not block.headlines]
    pairs = [_pairs("".join(line.text for line in block.body)) for block in blocks] if homeless else []
    offers = []
    for i in homeless:
        for j in range(max(0, i - NEAR), min(len(blocks), i + NEAR)):
            for headline in blocks[j].headlines if len(blocks[j].headlines) > bool(blocks[j].body) else ():
                wanted = _pairs(headline)
                here, there = (len(wanted & pairs[k]) / max(1, len(wanted)) for k in (i, j))
                if here >= SHARED and here > there:
                    offers.append((here, i, j, headline))
    for _, i, j, headline in sorted(offers, reverse=True):
        spare = len(blocks[j].headlines) > bool(blocks[j].body)
        if not blocks[i].headlines and spare and headline in blocks[j].headlines:
            blocks[j].headlines.remove(headline)
            blocks[i].headlines.append(headline)


def _photographer(paragraph: str) -> str:
    """Who took the picture that a paragraph describes (…。某某 摄), or ""."""
    match = _PHOTO.search(paragraph[-ENDING:])
    return match["names"] if match else ""


def _signature(paragraph: str) -> str:
    """Who signed at the end of a paragraph (…。（记者某某）), or whose picture it describes; "" for nobody."""
    match = _SIGNED.search(paragraph[-ENDING:])
    return match["names"] if match else _photographer(paragraph)


def _pairs(text: str) -> set[str]:
    plain = re.sub(r"\W", "", text)
    return {plain[i:i + 2] for i in range(len(plain) - 1)}


def _edition(lines: Sequence[_Line]) -> dict[str, str]:
    """What the masthead says."""
    edition: dict[str, str] = {}
    for line in lines:
        if line.role == "masthead":
            edition = masthead(line.text) | edition
    return edition


def _piece(block: _Block, edition: Mapping[str, str]) -> PagePiece:
    people: dict[str, str] = {}
    for name, role in (person for byline in _bylines(block) for person in signed(byline)):
        people[name] = people.get(name) or role
    if block.label and len(block.label) >= KICKER and block.body and block.label in block.body[0].text:
        block.headlines.insert(0, block.label)  # of this one article, and no section's name
        block.label = None
    subtitles = [line for line in block.headlines[1:] if line.startswith("—")]
    return PagePiece(
        title=" ".join(line for line in block.headlines if line not in subtitles) or None,
        subtitle=" ".join(subtitles) or None,
        authors=tuple(people),
        roles=tuple(people.values()) if any(people.values()) else (),
        section=block.label or edition.get("section"),
        kind=_kind(block),
        # a headline, byline or label that no body follows is a piece of its own
        text=_paragraphs(block.body) or next(iter((*block.headlines, *block.bylines, block.label or ""))),
        page_name=edition.get("section"),
        dated_by="masthead" if edition.get("date") else None,
        **{name: edition.get(name) or None for name in ("date", "newspaper", "page")},
    )


def _bylines(block: _Block) -> Iterator[str]:
    """Everything in a piece that names its authors."""
    if block.has_lead and (match := _LEAD_NAMES.match(block.body[0].text)):
        yield match["inside"] or match["open"]
    yield from (*block.bylines, *block.signatures)
    if block.body:
        yield _signature(block.body[-1].text)
        if len(block.body) > 1 and _photographer(block.body[-1].text):  # a caption below the article's end
            yield _signature(block.body[-2].text)


def _kind(block: _Block) -> str | None:
    reporter = re.compile("记者|通讯员")
    if block.has_lead or any(map(reporter.search, block.bylines)):
        return "news"
    if len(block.body) <= CAPTION_LINES and block.body and (
            block.body[-1].role == "credit" or _photographer(block.body[-1].text)):
        return "caption"
    if any(map(reporter.search, _bylines(block))):
        return "news"
    return "comment" if block.bylines or block.signatures else None


def _paragraphs(lines: Sequence[_Line]) -> str:
    """The lines as paragraphs, one a line, those that a column cut joined again."""
    text: list[str] = []
    for before, line in zip((None, *lines), lines):
        if before is not None:
            text.append(_seam(before, line))
        text.append(line.text)
    return "".join(text)


def _seam(before: _Line, after: _Line) -> str:
    """What stands between two lines: nothing or a blank where a sentence was cut, else a line break."""
    last, first = before.text[-1], after.text[0]
    if not before.cut or after.indented or first == "|" or after.role in ("lead", "credit", "byline"):
        return "\n"
    if not unicodedata.is_normalized("NFC", last + first):
        return "\n"
    return " " if last.isascii() and first.isascii() and first.isalpha() and not last.isdigit() else ""
