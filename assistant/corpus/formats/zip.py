"""ZIP archives of files of any kind that can be read."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator

from assistant.corpus.formats.source import BINARY_BYTES
from assistant.errors import UnreadableFile

FILES = 5_000
"""Files of an archive; a day of an e-paper site has some hundred."""
UNPACKED_BYTES = 2 * 2**30
"""What the files of an archive hold together."""
UNPACKED_TIMES = 200
"""A file that unpacks to this many times its size, beyond 1 MB, is a bomb."""


def check_members(raw: bytes) -> list[zipfile.ZipInfo]:
    """The files of a ZIP archive (a .docx and an .xlsx are one). Raises UnreadableFile for a damaged or encrypted one,
    and for one that would unpack to an absurd size."""
    try:
        members = [info for info in zipfile.ZipFile(io.BytesIO(raw)).infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise UnreadableFile("压缩包已损坏", f"the archive is damaged: {error}") from error
    if len(members) > FILES:
        raise UnreadableFile(f"压缩包里多于 {FILES} 个文件", f"more than {FILES} files in the archive")
    bomb = any(info.file_size > max(2**20, UNPACKED_TIMES * info.compress_size) for info in members)
    if bomb or sum(info.file_size for info in members) > UNPACKED_BYTES:
        raise UnreadableFile("压缩包解开后大得离谱", "the archive unpacks to an absurd size")
    if any(info.flag_bits & 1 for info in members):
        raise UnreadableFile("压缩包有密码；请解开后放进来", "the archive is encrypted; unpack it first")
    return members


def packed_files(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The names and the bytes of the files of an archive, by name; hidden files and names that lead out are left out.

    Raises UnreadableFile as `check_members` does, and where a file of it is damaged.
    """
    members = check_members(raw)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for info in sorted(members, key=_name):
            name = _name(info)
            if any(part in ("", "..", "__MACOSX") or part.startswith(".") for part in name.split("/")):
                continue
            try:
                with archive.open(info) as stream:
                    content = stream.read(BINARY_BYTES + 1)
            except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
                raise UnreadableFile(f"压缩包里的 {name} 已损坏", f"{name} in the archive is damaged: {error}") from error
            yield name, content


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a file; names that a Chinese Windows wrote are GBK, which zipfile reads as cp437."""
    name = info.filename
    if not info.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("gb18030")
        except UnicodeError:
            pass  # a name in UTF-8 without its flag, or in another page: it stays as it is
    return posixpath.normpath(name.replace("\\", "/")).removeprefix("/")
