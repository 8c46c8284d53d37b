"""Word lists as data; each file opens with where its lines come from."""

from __future__ import annotations

from importlib import resources


def rows(name: str) -> list[list[str]]:
    """The lines of a list beside this module, cut at tabs, without blank lines and comments (#)."""
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line.strip() and not line.startswith("#")]


def words(name: str) -> list[str]:
    """Every word of a list, in order: lines without columns, several words on each."""
    return [word for row in rows(name) for word in row[-1].split()]
