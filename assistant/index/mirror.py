"""Folders as the stores need them, where they are not so: Chroma and tantivy open for writing what they only read,
and take a path for UTF-8 whatever the locale says.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

COPIED = {".sqlite3", ".json"}
"""Files that a store opens for writing."""


def opened_at(folder: Path) -> tuple[Path, Callable[[], None]]:
    """(where a store can open a finished folder to read it, what to call when it has been closed).

    That is the folder itself, or links to its files in a temporary one: where it may not be written, as on a
    read-only mount, or has a name that is not the same in UTF-8.
    """
    if os.access(folder, os.W_OK):
        return made_at(folder)
    beside, forget = _temporary()
    beside.mkdir()
    for path in folder.iterdir():
        if path.suffix in COPIED:
            shutil.copyfile(path, beside / path.name)
        elif path.suffix != ".lock":
            (beside / path.name).symlink_to(path.absolute())
    return beside, forget


def made_at(folder: Path) -> tuple[Path, Callable[[], None]]:
    """The same for a folder that is to be written: itself, or a link to it in a temporary one."""
    with suppress(UnicodeEncodeError):  # bytes that the locale has no characters for
        if os.fsencode(folder) == str(folder).encode():
            return folder, lambda: None
    link, forget = _temporary()
    link.symlink_to(folder.absolute())
    return link, forget


def _temporary() -> tuple[Path, Callable[[], None]]:
    folder = tempfile.mkdtemp(prefix="assistant-")
    return Path(folder, "store"), partial(shutil.rmtree, folder, ignore_errors=True)
