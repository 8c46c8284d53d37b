"""What a machine must have for a server to run well, looked at one by one; nothing is changed."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.api.accounts import read_users
from assistant.errors import AssistantError
from assistant.generation.chat_model import load_chat_model
from assistant.generation.connection import LOOPBACK
from assistant.index.snapshot import Index
from assistant.settings import Settings

FREE_BYTES = 2 << 30
"""A refresh builds the new index beside the old one."""
DESCRIPTORS = 1024
"""One a visitor at a time, and some forty for the index."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found, whether it is well, and what to do where it is not."""

    what: str
    well: bool
    remedy: str = ""


def examined(settings: Settings) -> list[Finding]:
    """The findings on this machine with these settings."""
    return [*_machine(settings), _index(settings), _model(settings), *_server(settings)]


def _machine(settings: Settings) -> Iterator[Finding]:
    yield Finding(f"Python {sys.version.split()[0]}, {sys.platform}", sys.version_info >= (3, 11) and sys.platform != "win32",
                  "请用 Python 3.11 以上，Linux、macOS 或 WSL。 Use Python 3.11 or newer on Linux, macOS or WSL.")
    place = next(path for path in (Path(settings.index).absolute(), *Path(settings.index).absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    yield Finding(f"磁盘剩余 free disk: {free >> 20} MB ({place})", free >= FREE_BYTES,
                  "请腾出空间，或用 --index 换一个盘。 Free some space, or name another disk with --index.")
    index = Path(settings.index).absolute()
    yield Finding(f"能写 writable: {place}", os.access(place, os.W_OK),
                  f"请运行 Run: sudo mkdir -p {index} && sudo chown -R $USER {index}")
    if sys.platform != "win32":
        import resource

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        yield Finding(f"可开文件数 open files: {most}", most >= DESCRIPTORS, f"请运行 Run: ulimit -n {DESCRIPTORS}")


def _index(settings: Settings) -> Finding:
    try:
        manifest = Index(Path(settings.index)).current().manifest
    except AssistantError as fault:
        return Finding(f"索引 index: {settings.index}", False, str(fault).replace("\n", " "))
    return Finding(f"索引 index: {manifest.articles} 篇 articles, {manifest.created}", True)


def _model(settings: Settings) -> Finding:
    try:
        model = load_chat_model(settings)
    except AssistantError as fault:
        return Finding(f"语言模型 language model: {settings.llm}", False, str(fault).replace("\n", " "))
    return Finding(f"语言模型 language model: {settings.llm if model else '无（只引原文）none, quotes only'}", True)


def _server(settings: Settings) -> Iterator[Finding]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
        free = True
    except OSError:
        free = False
    yield Finding(f"端口 port: {settings.host}:{settings.port}", free,
                  f"已被占用（也许服务正开着）。 It is taken (perhaps by the server itself). assistant chat --port {settings.port + 1}")
    if settings.users:
        try:
            users = read_users(Path(settings.users))
            yield Finding(f"账户 accounts: {len(users)} ({settings.users})", bool(users),
                          f"请运行 Run: assistant user --users {settings.users} add NAME")
        except AssistantError as fault:
            yield Finding(f"账户 accounts: {settings.users}", False, str(fault).replace("\n", " "))
    elif settings.host not in LOOPBACK:
        yield Finding(f"对外开放 open to others: {settings.host}", False,
                      "谁都可以用。请加账户：assistant user add NAME，并设 ASSISTANT_USERS=users.json，前面放 HTTPS。 "
                      "Everybody may use it: run assistant user add NAME, set ASSISTANT_USERS=users.json, and put HTTPS before it.")
