"""A page as it was found, before anybody reads it: lines of type, rules, frames and pictures in their places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

HEADLINE = 1.28
"""Type of this many times the body's size is a headline's; the smallest headlines of daily papers are set in 1.4."""
COLUMN_LINES = 2
"""More runs that begin at one place across the page show a column there."""


@dataclass(slots=True)
class Line:
    """A line of type: its text, its box, and the size of its type."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @property
    def width(self) -> float:
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Rect:
    """A rule, a frame or a picture by its bounds."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)

    def holds(self, line: Line | Rect, slack: float = 0.0) -> bool:
        """Whether a line or another rectangle lies within."""
        return (self.left - slack <= line.left and line.right <= self.right + slack
                and self.top - slack <= line.top and line.bottom <= self.bottom + slack)


@dataclass(slots=True)
class Sheet:
    """A page as it was found: lines of type, rules, frames, pictures, and its size."""

    lines: list[Line]
    width: float
    height: float
    rules: list[Rect] = field(default_factory=list)
    frames: list[Rect] = field(default_factory=list)
    pictures: list[Rect] = field(default_factory=list)
    same_size: float = 0.07
    """The share by which sizes of one type may differ: none in a file, more where they are measured in a picture."""
    turned: int = 0
    """By how many quarters the page was turned to the left to be read: one of vertical type by one, so that its lines go
    from left to right and follow each other downwards."""
    doubt: tuple[str, str] | None = None
    """What a person should be told of how the page was read, in Chinese and in English."""


def body_size(lines: Iterable[Line]) -> float:
    """The size of type that most characters have."""
    counts: Counter[float] = Counter()
    for line in lines:
        counts[round(line.size * 2) / 2] += len(line.text)
    most = max(counts, key=lambda size: sum(counts[size + near] for near in (-0.5, 0, 0.5)))
    near = [line.size for line in lines if abs(line.size - most) <= 0.75 for _ in range(len(line.text))]
    return median(near) if near else most


def join_runs(runs: Sequence[Line], body: float, blank: float) -> list[Line]:
    """The lines out of runs of type on one height: a gap within a line is at most `blank` sizes wide, which is a
    full-width space and what measuring adds, and no column begins behind it. In a picture, where `blank` is more than
    1.1, a box may reach over the space between two columns: there a column may begin behind any gap."""
    measured = blank > 1.1

    def column_begins(last: Line, run: Line) -> bool:
        slack = body / (2 if measured else 4)
        edges = sorted((run.left, last.right)) if run.size >= HEADLINE * body or run.left < last.right else (run.left, run.left)
        if measured and run.left < last.right + slack and run.size < HEADLINE * body:
            edges = (edges[0], edges[1] + body)
        near = (other for other in runs if edges[0] - slack <= other.left <= edges[1] + slack
                and abs(other.top - run.top) < 14 * body and other.size < HEADLINE * body)
        return sum(1 for _ in near) > (1 if measured else COLUMN_LINES)

    lines: list[Line] = []
    for run in sorted(runs, key=lambda run: (round((run.top + run.bottom) / body), run.left)):
        large = run.size >= HEADLINE * body
        alike = 0.12 if not measured else 0.3 if large else blank - 1  # quotes make a headline's box higher
        last = next((line for line in reversed(lines[-12:]) if abs(line.bottom - run.bottom) <= 0.3 * run.size
                     and abs(line.size - run.size) <= alike * run.size and -run.size <= run.left - line.right), None)
        gap = run.left - last.right if last else 0.0
        near = gap >= 0 or (-0.9 * run.size <= gap if measured else not large)
        adjacent = near and gap <= 0.45 * run.size and (large or not measured)
        if last and (adjacent or gap <= blank * run.size and not column_begins(last, run)):
            ours, theirs = len(last.text), len(run.text)
            last.size = (ours * last.size + theirs * run.size) / (ours + theirs)
            last.text += (" " if gap > 0.17 * run.size else "") + run.text
            last.right, last.top, last.bottom = max(last.right, run.right), min(last.top, run.top), max(last.bottom, run.bottom)
        else:
            lines.append(replace(run))
    return lines


def joined(before: str, after: str) -> str:
    """Two lines as one: Latin words keep a blank between them, a word broken by a hyphen does not."""
    if re.search(r"[A-Za-z]-$", before) and re.match("[a-z]", after):
        return before[:-1] + after
    latin = before[-1:].isascii() and before[-1:].isalpha() and after[:1].isascii() and after[:1].isalpha()
    return before + (" " if latin else "") + after
