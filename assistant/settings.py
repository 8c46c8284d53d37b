"""Settings: every default stands here once, and nothing else reads the environment."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assistant.errors import SettingsError

PREFIX = "ASSISTANT_"
SETTINGS_FILE = "assistant.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Each is `ASSISTANT_<NAME>` in the environment or `name = …` in assistant.toml."""

    corpus: str = "corpus"
    """Folder of the articles."""
    index: str = "index"
    """Folder of the index."""
    city: str = ""
    """The newspaper's city (云河市), which 我市 and 全市 mean; empty: the one that the newspaper's name tells."""
    vectors: str = ""
    """Address of a Chroma server that holds the vectors (http://127.0.0.1:8000); empty: they lie in the index."""
    ray: str = ""
    """Address of a Ray cluster (10.0.0.5:6379) for `refresh --engine ray`; empty: Ray is started on this machine."""
    embedding: str = ""
    """A sentence-transformers model by folder or name; empty: the one that ships with the package."""
    reranker: str = ""
    """A sentence-transformers CrossEncoder by folder or name, which reads the best passages again; empty: none."""
    reader: str = ""
    """Folder of the encoder that reads the passages; empty: the one that ships with the package."""
    llm: str = ""
    """A chat model as provider:model (openai:qwen-plus, ollama:qwen3); empty: answers are quotes."""
    llm_base_url: str = ""
    """Address of an OpenAI-compatible or Ollama endpoint; empty: the provider's own."""
    llm_api_key: str = field(default="", repr=False)
    """Key of that endpoint; never logged, never shown."""
    llm_timeout: float = 60.0
    """Seconds a language model has for a whole answer; then the quotes come instead."""
    llm_unsupported: str = "drop"
    """What becomes of a model's sentence that its sources do not bear out: `drop` leaves it out and marks single
    details, `quotes` gives the quotes in place of the whole answer."""
    host: str = "127.0.0.1"
    """Address the chat page binds to."""
    port: int = 7860
    """Port of the chat page."""
    public_url: str = ""
    """Address under which visitors reach the server through a proxy (https://paper.example.org/ask); empty: its own."""
    rate_limit: int = 60
    """Questions that one client may send a minute; twice as many after a pause; 0: any number."""
    users: str = ""
    """File of the accounts that may come in (`assistant user add`); empty: everybody may."""
    embed: str = ""
    """Sites that may show the pages in a frame, divided by blanks (https://www.example.org); empty: none."""
    log: str = "text"
    """How a server writes its log: `text`, or `json` with a line for every question's status and seconds."""
    trace: str = ""
    """File to which a server adds a line for every question, how it was answered and in which steps; empty: none."""
    feedback: str = "feedback.jsonl"
    """File to which thumbs are added, one JSON object a line."""
    desk: str = ""
    """File of the editors' desk (desk.db), for which `users` must be set; empty: there is no desk."""
    desk_days: int = 0
    """Days for which refused questions are kept for the desk, without who asked, then deleted; 0: none is kept."""
    shared: str = "shared"
    """Folder of the answers that somebody gave an address of their own, one JSON file each."""


def load_settings(environment: Mapping[str, str] | None = None, file: Path | None = None, **given: object) -> Settings:
    """The settings: `given` arguments win over the environment, that over the file, that over defaults.

    `None` among `given` means not given. Raises SettingsError for an unknown name in the file, a value
    of the wrong type, or a file that is not TOML.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(f"{PREFIX}SETTINGS", "")
    path = file or Path(named or SETTINGS_FILE)
    values: dict[str, object] = _read_file(path, required=bool(file or named))
    names = {f.name for f in fields(Settings)}
    if unknown := sorted(set(values) - names):
        raise SettingsError(
            f"{path} 里的设置 {unknown[0]} 不认识。可用的有：{'、'.join(sorted(names))}。",
            f"{path}: unknown setting {unknown[0]}. Known: {', '.join(sorted(names))}.",
        )
    values |= {name: environment[PREFIX + name.upper()] for name in names if PREFIX + name.upper() in environment}
    values |= {name: value for name, value in given.items() if value is not None}
    return Settings(**{name: _typed(name, value) for name, value in values.items()})


def _read_file(path: Path, required: bool) -> dict[str, object]:
    if not path.exists() and not required:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"设置文件 {path} 读不了（{error}）。请改正它，或不设 {PREFIX}SETTINGS。",
            f"Cannot read the settings file {path} ({error}). Correct it, or unset {PREFIX}SETTINGS.",
        ) from error


def _typed(name: str, value: Any) -> Any:
    kind: Any = type(next(f.default for f in fields(Settings) if f.name == name))
    try:
        typed = kind(value)
        if isinstance(value, bool) or kind is str and not isinstance(value, (str, os.PathLike)) or (
                kind is int and typed != float(value)):
            raise ValueError
        if (name == "port" and not 0 <= typed <= 65535) or (name == "llm_timeout" and not 0 < typed < math.inf):
            raise ValueError
        if name == "vectors" and typed and not _is_address(typed):
            raise ValueError
        if name == "public_url" and typed and not _is_address(urlsplit(typed)._replace(path="").geturl()):
            raise ValueError
        if name == "embed" and not all(_is_address(site) for site in typed.split()):
            raise ValueError
        if name in ("rate_limit", "desk_days") and typed < 0:
            raise ValueError
        if name == "log" and typed not in ("text", "json"):
            raise ValueError
        if name == "llm_unsupported" and typed not in ("drop", "quotes"):
            raise ValueError
    except (TypeError, ValueError) as error:
        shown = "…" if name == "llm_api_key" else repr(value)
        raise SettingsError(
            f"设置 {name} 的值 {shown} 不对。请改 {PREFIX}{name.upper()} 或 {SETTINGS_FILE}。",
            f"The setting {name} cannot be {shown}. Change {PREFIX}{name.upper()} or {SETTINGS_FILE}.",
        ) from error
    return typed


def _is_address(address: str) -> bool:
    """Whether it reads http(s)://host or http(s)://host:port, and nothing more. Raises ValueError for a wrong port."""
    parts = urlsplit(address)
    rest = (parts.path, parts.query, parts.fragment, parts.username)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not any(rest)
