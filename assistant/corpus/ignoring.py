"""Which files of a corpus are to be left alone: corpus/.ignore, written as a .gitignore is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistant.corpus.formats.source import clean, decode
from assistant.errors import CorpusError, UnreadableFile

IGNORE_FILE = ".ignore"
LINES = 10_000


def ignored(folder: Path) -> Callable[[str], bool]:
    """Whether a name in the corpus (a folder's ends with "/") is to be left alone.

    Raises CorpusError where the file cannot be read or holds no patterns.
    """
    path = folder / IGNORE_FILE
    if not path.is_file():
        return lambda name: False
    import pathspec

    try:
        lines = clean(decode(path.read_bytes())).split("\n")[:LINES]
        spec = pathspec.GitIgnoreSpec.from_lines(lines)
    except (OSError, UnreadableFile, ValueError) as error:
        reason = error.english if isinstance(error, UnreadableFile) else error
        raise CorpusError(f"{path} 读不了（{reason}）。请改正它，或删掉它。",
                          f"Cannot read {path} ({reason}). Correct it, or delete it.") from error
    return spec.match_file
