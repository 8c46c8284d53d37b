"""Lines of type in their places on a page → the articles of the page, whatever put the lines there (a PDF, a scan).

What a newspaper's page says by its look: type larger than the body's is a headline; a headline stands above the
columns of its article; rules, frames and other headlines part articles; a column without a headline of its own goes
on from the column to its left. Lengths are in one unit of any size, measured from the page's top left corner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from assistant.corpus.bylines import ends_with_credit, is_byline
from assistant.corpus.typeset import HEADLINE, Line, Rect, Sheet, body_size, join_runs, joined

SIDE_LINE = 1.08
"""Type between this and HEADLINE above or below a headline is a kicker's or a subtitle's."""
PITCH = 1.15
"""Lines of a block are at most this many sizes apart, from the foot of one to the head of the next."""
INDENT = 1.2
"""A line that begins this many characters to the right of its column opens a paragraph; printers take two."""
CAPTION_LINES = 4
"""Lines of a caption, at most."""
FRAME_SHARE = 0.75
"""A frame around more of the page than this is the page's own."""


@dataclass(slots=True)
class Piece:
    """An article of the page: the lines of its kicker, title and subtitle, its paragraphs and its captions, and where it stands."""

    kicker: list[str] = field(default_factory=list)
    title: list[str] = field(default_factory=list)
    subtitle: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    places: list[Rect] = field(default_factory=list)


@dataclass(slots=True)
class _Block:
    """Lines of a column without a break, or (`head`) the lines of a headline."""

    lines: list[Line]
    head: bool = False
    owner: int = -1

    @property
    def left(self) -> float:
        return min(line.left for line in self.lines)

    @property
    def right(self) -> float:
        return max(line.right for line in self.lines)

    @property
    def top(self) -> float:
        return min(line.top for line in self.lines)

    @property
    def bottom(self) -> float:
        return max(line.bottom for line in self.lines)

    @property
    def rect(self) -> Rect:
        return Rect(self.left, self.top, self.right, self.bottom)


def read_sheet(sheet: Sheet) -> list[Piece]:
    """The articles of a page, those within frames after the others; every line is in one of them."""
    lines = [line for line in sheet.lines if line.text.strip()]
    if not lines:
        return []
    body = body_size(lines)
    lines = join_runs(lines, body, 1 + sheet.same_size)
    pieces: list[Piece] = []
    whole = FRAME_SHARE * sheet.width * sheet.height
    for frame in sorted(sheet.frames, key=lambda rect: rect.area):
        inside = [line for line in lines if frame.holds(line, body / 2)]
        if frame.area > whole or len(inside) < 2 or len(inside) == len(lines):
            continue
        lines = [line for line in lines if line not in inside]
        pieces += _articles(inside, sheet, body, [rule for rule in sheet.rules if frame.holds(rule, -body / 4)])
    frames = [frame for frame in sheet.frames if frame.area <= whole]
    walls = [Rect(f.left, edge, f.right, edge) for f in frames for edge in (f.top, f.bottom)]
    walls += [Rect(edge, f.top, edge, f.bottom) for f in frames for edge in (f.left, f.right)]
    return _articles(lines, sheet, body, [*sheet.rules, *walls]) + pieces if lines else pieces


# ---- blocks


def _articles(lines: list[Line], sheet: Sheet, body: float, rules: Sequence[Rect]) -> list[Piece]:
    """The articles of some lines of a page."""
    heads = _heads(lines, body, rules, measured=sheet.same_size > 0.1)
    used = {id(line) for head in heads for line in head.lines}
    blocks = _columns([line for line in lines if id(line) not in used], body, rules, sheet.same_size)
    captions = []
    for block in blocks:
        if count := _caption(block, sheet.pictures, body):
            captions.append(_Block(block.lines[:count]))
            block.lines = block.lines[count:]
    blocks = [block for block in blocks if block.lines]
    _assign(blocks, heads, rules, body)
    pieces = [_piece(head, [block for block in blocks if block.owner == number], body) for number, head in enumerate(heads)]
    orphans = sorted({block.owner for block in blocks if block.owner >= len(heads)})
    pieces += [_piece(None, [block for block in blocks if block.owner == number], body) for number in orphans]
    for caption in captions:
        _give_caption(caption, pieces, body)
    return pieces


def _overlap(one: Line | _Block | Rect, other: Line | _Block | Rect) -> float:
    """How much of the narrower's width both have in common."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared / max(1e-6, min(one.right - one.left, other.right - other.left))


def _ruled(rules: Sequence[Rect], left: float, right: float, top: float, bottom: float, share: float = 0.5) -> bool:
    """Whether a horizontal rule crosses this share of [left, right] between two heights."""
    return any(top - 1 <= (rule.top + rule.bottom) / 2 <= bottom + 1 and rule.right - rule.left > 3 * (rule.bottom - rule.top)
               and min(rule.right, right) - max(rule.left, left) >= share * (right - left) for rule in rules)


def _walled(rules: Sequence[Rect], left: float, right: float, top: float, bottom: float) -> bool:
    """Whether a vertical rule stands between two columns over at least half of [top, bottom]."""
    return any(left - 1 <= (rule.left + rule.right) / 2 <= right + 1 and rule.bottom - rule.top > 3 * (rule.right - rule.left)
               and min(rule.bottom, bottom) - max(rule.top, top) >= 0.5 * (bottom - top) for rule in rules)


def _heads(lines: Sequence[Line], body: float, rules: Sequence[Rect], *, measured: bool) -> list[_Block]:
    """The headlines: large lines that stand together, with the kicker and the subtitle beside them in smaller type.

    Where sizes are `measured` in a picture, a line that begins or ends with the line above or below it is of a column.
    """
    large = sorted((line for line in lines if line.size >= HEADLINE * body), key=lambda line: (line.top, line.left))
    heads: list[_Block] = []
    for line in large:
        home = next((head for head in reversed(heads) if _belongs(line, head, body, rules)), None)
        if home:
            home.lines.append(line)
        else:
            heads.append(_Block([line], head=True))
    least = (SIDE_LINE + 0.05 * measured) * body
    beside = [line for line in lines if least <= line.size < HEADLINE * body and not is_byline(line.text)]
    for line in sorted(beside, key=lambda line: line.top):
        if measured and _in_column(line, lines, body):
            continue
        home = next((head for head in heads if _belongs(line, head, body, rules)), None)
        if home:
            home.lines.append(line)
    for head in heads:
        head.lines.sort(key=lambda line: (round(line.top / max(1.0, line.size)), line.left))
        head.lines.sort(key=lambda line: line.top)
    return heads


def _in_column(line: Line, lines: Sequence[Line], body: float) -> bool:
    return any(other is not line and other.size < HEADLINE * body and not is_byline(other.text) and _overlap(line, other) > 0.5
               and -body / 2 < max(other.top - line.bottom, line.top - other.bottom) < PITCH * body
               and min(abs(other.left - line.left), abs(other.right - line.right)) <= 0.6 * body for other in lines)


def _belongs(line: Line, head: _Block, body: float, rules: Sequence[Rect]) -> bool:
    """Whether a large line is part of a headline: above or below it without a rule between, or on one height."""
    near = min(head.lines, key=lambda other: max(other.top - line.bottom, line.top - other.bottom))
    gap = max(near.top - line.bottom, line.top - near.bottom)
    size = max(line.size, near.size)
    if gap > 0.9 * size:
        return False
    if gap < -0.5 * min(line.size, near.size):  # side by side: of two headlines, as one line was joined before
        return False
    top, bottom = sorted((max(line.top, near.top), min(line.bottom, near.bottom)))
    return _overlap(line, head) > 0.5 and not _ruled(rules, max(line.left, near.left), min(line.right, near.right), top, bottom)


def _columns(lines: Sequence[Line], body: float, rules: Sequence[Rect], same: float) -> list[_Block]:
    """The blocks of the columns: lines of one size (but for the share `same`) under each other, with nothing between."""
    blocks: list[_Block] = []
    open_blocks: list[_Block] = []
    for line in sorted(lines, key=lambda line: (line.top, line.left)):
        best = None
        for block in open_blocks:
            last = block.lines[-1]
            if len(block.lines) == 1 and is_byline(last.text):
                continue
            gap = line.top - last.bottom
            if not -0.5 * body <= gap <= PITCH * body or abs(line.size - last.size) > same * max(line.size, last.size):
                continue
            if abs(gap) < 0.5 * body and line.top < last.top + 0.5 * last.size:
                continue
            left = min(other.left for other in block.lines)
            if _overlap(line, block) < 0.6 or line.left - left > 3.2 * body and line.right < block.right - body:
                continue
            if line.left < left - 2.6 * body or line.right > block.right + 2.6 * body and len(block.lines) > 1:
                continue
            if _ruled(rules, max(line.left, block.left), min(line.right, block.right), last.bottom - 1, line.top + 1):
                continue
            if best is None or _overlap(line, block) > _overlap(line, best):
                best = block
        if best:
            best.lines.append(line)
        else:
            best = _Block([line])
            blocks.append(best)
            open_blocks.append(best)
        open_blocks = [block for block in open_blocks if line.top - block.lines[-1].bottom <= PITCH * body]
    return blocks


# ---- which block belongs to which headline


def _assign(blocks: list[_Block], heads: list[_Block], rules: Sequence[Rect], body: float) -> None:
    """Gives every block the number of its headline, or a number of its own beyond those."""
    gutter = 3.2 * body
    orphans = len(heads)
    for row in _rows(blocks, heads, rules, gutter, body):
        above = [_above(block, blocks, heads, rules, body) for block in row]
        firsts = sorted({number for kind, number in above if kind == "head"}, key=lambda number: heads[number].left)
        firsts = [n for n in firsts if _reaches(heads[n], row, body)]
        if firsts:  # what stands above the headlines of a row does not part its columns from them
            top = min(heads[n].top for n in firsts) + body / 2
            above = [("none", -1) if kind == "block" and blocks[n].bottom <= top or kind == "head" and n not in firsts
                     and heads[n].bottom <= top else (kind, n) for kind, n in above]
        if firsts and all(kind in ("head", "none") for kind, _ in above):
            for block, number in zip(row, _shared_out(row, [heads[n] for n in firsts])):
                block.owner = firsts[number]
            continue
        for i, block in enumerate(row):
            kind, number = above[i]
            if kind == "head":
                block.owner = number
            elif kind == "block":
                block.owner = blocks[number].owner
            elif i and row[i - 1].owner >= 0:
                block.owner = row[i - 1].owner
            else:
                block.owner = _to_the_left(block, blocks, rules, gutter)
            if block.owner < 0:
                block.owner, orphans = orphans, orphans + 1


def _rows(blocks: list[_Block], heads: Sequence[_Block], rules: Sequence[Rect], gutter: float, body: float) -> list[list[_Block]]:
    """Blocks that begin at one height, next to each other with nothing between: the columns under one or more headlines.

    From the top of the page down, each from left to right.
    """
    rows: list[list[_Block]] = []
    for block in sorted(blocks, key=lambda block: (block.top, block.left)):
        for row in reversed(rows):
            level = abs(block.top - row[0].top) <= 1.2 * body
            sides = [other for other in row if abs(max(block.left - other.right, other.left - block.right)) <= gutter]
            if level and any(not _walled(rules, min(block.right, other.right, max(block.left, other.left)),
                                         max(block.left, other.left, min(block.right, other.right)),
                                         max(block.top, other.top), min(block.bottom, other.bottom)) for other in sides):
                row.append(block)
                break
        else:
            rows.append([block])
    for row in rows:
        row.sort(key=lambda block: block.left)
    return sorted(rows, key=lambda row: min(block.top for block in row))


def _above(block: _Block, blocks: Sequence[_Block], heads: Sequence[_Block], rules: Sequence[Rect],
           body: float) -> tuple[str, int]:
    """The nearest thing above a block: ("head" or "block", its number), or ("none", -1) where a rule or nothing is."""
    best, kind, number = -1.0, "none", -1
    for what, others in (("head", heads), ("block", blocks)):
        for i, other in enumerate(others):
            if other is block or other.bottom > block.top + body / 2 or other.bottom <= best:
                continue
            if _overlap(block, other) > (0.1 if what == "head" else 0.3):
                best, kind, number = other.bottom, what, i
    if kind != "none" and _ruled(rules, block.left, block.right, best - 1, block.top + 1):
        return "none", -1
    return kind, number


def _reaches(head: _Block, row: Sequence[_Block], body: float) -> bool:
    """Whether a headline stands right above a row, and not somewhere higher up."""
    return min(block.top for block in row) - head.bottom <= 6 * body


def _shared_out(row: Sequence[_Block], heads: Sequence[_Block]) -> list[int]:
    """For every column of a row the number of its headline: the cut of the row into as many runs of columns as there
    are headlines that puts each headline best over the middle, or the left end, of its run."""
    if len(heads) == 1:
        return [0] * len(row)
    if len(heads) > len(row):
        return [min(range(len(heads)), key=lambda n: -_overlap(heads[n], block)) for block in row]
    best: tuple[float, list[int]] | None = None
    for cuts in combinations(range(1, len(row)), len(heads) - 1):
        ends = (0, *cuts, len(row))
        cost = 0.0
        for head, start, end in zip(heads, ends, ends[1:]):
            left, right = row[start].left, row[end - 1].right
            cost += min(abs((head.left + head.right - left - right) / 2), abs(head.left - left))
            cost += 4 * (max(0.0, left - head.left) + max(0.0, head.right - right))
        if best is None or cost < best[0]:
            best = cost, [n for n, (start, end) in enumerate(zip(ends, ends[1:])) for _ in range(start, end)]
    assert best is not None  # there is a cut, as there are no more headlines than columns
    return best[1]


def _to_the_left(block: _Block, blocks: Sequence[_Block], rules: Sequence[Rect], gutter: float) -> int:
    """The owner of the column to the left that a column without a headline goes on from, or -1."""
    sides = [other for other in blocks if other.owner >= 0 and 0 <= block.left - other.right <= gutter
             and min(other.bottom, block.bottom) > max(other.top, block.top)
             and not _walled(rules, other.right, block.left, max(block.top, other.top), min(block.bottom, other.bottom))]
    return max(sides, key=lambda other: other.bottom).owner if sides else -1


# ---- pieces


def _piece(head: _Block | None, blocks: Sequence[_Block], body: float) -> Piece:
    piece = Piece(places=[block.rect for block in blocks] + ([head.rect] if head else []))
    if head:
        piece.kicker, piece.title, piece.subtitle = _headline(head)
    for order in (sorted(_order(blocks, body), key=lambda some: -_flow(some, body)) or [[]])[:1]:
        piece.paragraphs = _paragraphs(order, body)
    return piece


def _headline(head: _Block) -> tuple[list[str], list[str], list[str]]:
    """The lines of kicker, title and subtitle: the largest lines are the title, smaller ones above and below it the others."""
    # the size of a few characters is measured badly in a picture
    largest = max((line.size for line in head.lines if len(line.text) > 3), default=max(line.size for line in head.lines))
    rows: list[list[Line]] = []
    for line in head.lines:
        if rows and line.top < rows[-1][0].top + 0.5 * rows[-1][0].size:
            rows[-1].append(line)
        else:
            rows.append([line])
    texts = [" ".join(line.text for line in sorted(row, key=lambda line: line.left)) for row in rows]
    sizes = [max(line.size for line in row) / largest for row in rows]
    main = [i for i, size in enumerate(sizes) if size >= 0.82]
    first, last = main[0], main[-1]
    while last + 1 < len(rows) and len(texts[last + 1]) <= 5 and sizes[last + 1] >= 0.7:
        last += 1
    return texts[:first], texts[first:last + 1], texts[last + 1:]


def _order(blocks: Sequence[_Block], body: float) -> list[list[_Block]]:
    """The orders in which the blocks of an article may be read: column by column, and (where something divides it)
    band by band."""
    first = [block for block in blocks if len(block.lines) == 1 and is_byline(block.lines[0].text)]
    blocks = sorted((block for block in blocks if block not in first), key=lambda block: block.top)
    while len(blocks) > 1 and len(blocks[0].lines) < 3 and blocks[0].bottom <= blocks[1].top + body / 3:
        first.append(blocks.pop(0))  # a byline across the columns
    columns: list[list[_Block]] = []
    for block in sorted(blocks, key=lambda block: block.left):
        home = next((column for column in columns if _overlap(column[0], block) > 0.5), None)
        home.append(block) if home else columns.append([block])
    by_column = [block for column in columns for block in sorted(column, key=lambda block: block.top)]
    bands: list[list[_Block]] = []
    for block in sorted(blocks, key=lambda block: block.top):
        if bands and block.top < max(other.bottom for other in bands[-1]) - body:
            bands[-1].append(block)
        else:
            bands.append([block])
    by_band = [block for band in bands for block in sorted(band, key=lambda block: (block.left, block.top))]
    return [first + order for order in ([by_column] if by_band == by_column else [by_column, by_band])]


def _flow(blocks: Sequence[_Block], body: float) -> int:
    """How well blocks go on from one another: one that stops in mid-sentence before one that opens no paragraph."""
    score = 0
    for before, after in zip(blocks, blocks[1:]):
        ended = _ends(before.lines[-1], before, body)
        score += 1 if ended == _indented(after.lines[0], after, body) else -1
    return score


def _ends(line: Line, block: _Block, body: float) -> bool:
    return line.right < block.right - 1.5 * body or bool(re.search(r"[。！？”）)]$", line.text))


def _indented(line: Line, block: _Block, body: float) -> bool:
    return line.left - block.left > INDENT * body


def _paragraphs(blocks: Sequence[_Block], body: float) -> list[str]:
    """The text of blocks in order, lines joined to paragraphs: one opens where a line is indented, or where the one
    before ended short of its column."""
    paragraphs: list[str] = []
    short = True
    for before, block in zip((None, *blocks), blocks):
        below = before is not None and _overlap(before, block) > 0.5 and block.top > before.bottom + 1.5 * body
        opens = before is not None and below and bool(re.search(r"[。！？”）)]$", before.lines[-1].text))  # below a picture
        wide = block.right - block.left > 6 * body
        for i, line in enumerate(block.lines):
            text = line.text.strip()
            if not paragraphs or _indented(line, block, body) and (wide or short) or (short if i else opens):
                paragraphs.append(text)
            else:
                paragraphs[-1] = joined(paragraphs[-1], text)
            short = line.right < block.right - 1.5 * body
        if len(block.lines) == 1:
            short = bool(re.search(r"[。！？”）)]$", block.lines[0].text)) or len(blocks) == 1
    return paragraphs


# ---- captions


def _caption(block: _Block, pictures: Sequence[Rect], body: float) -> int:
    """How many of a block's first lines are a caption: the few that stand right below a picture in its width, up to the
    one that says who took it; 0 where there is none.

    Below a picture nothing stands above its caption; so far the picture may reach, where its foot was not made out.
    """
    def beneath(picture: Rect) -> bool:
        within = block.left >= picture.left - body and block.right <= picture.right + body
        return within and -body / 2 <= block.top - picture.bottom <= max(1.6 * body, 1.5 * (picture.bottom - picture.top))

    if not any(map(beneath, pictures)):
        return 0
    credited = next((i for i, line in enumerate(block.lines[:CAPTION_LINES], 1) if ends_with_credit(line.text)), 0)
    return credited or (len(block.lines) if len(block.lines) <= CAPTION_LINES else 0)


def _give_caption(caption: _Block, pieces: list[Piece], body: float) -> None:
    """Adds a caption to the article that stands around its picture, or makes it a piece of its own."""
    text = "".join(_paragraphs([caption], body))

    def distance(piece: Piece) -> float:
        return min((max(0.0, place.left - caption.right, caption.left - place.right)
                    + max(0.0, place.top - caption.bottom, caption.top - place.bottom) for place in piece.places), default=1e9)

    home = min(pieces, key=distance, default=None)
    if home is not None and distance(home) < 4 * body:
        home.captions.append(text)
        home.places.append(caption.rect)
    else:
        pieces.append(Piece(captions=[text], places=[caption.rect]))
