"""Who may come in, in a file of one's own: names, roles, hashed passwords and hashed keys. There is no default account."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.errors import SettingsError

Role = Literal["reader", "editor"]
ROLES: tuple[Role, ...] = ("reader", "editor")
LEAST_PASSWORD = 10
"""Characters of a password; NIST SP 800-63B asks for length, not for signs."""
_COST = {"n": 1 << 15, "r": 8, "p": 1}
"""scrypt with 32 MB, 0.1 s: the interactive setting of RFC 7914's author, doubled."""
_MEMORY = 64 << 20
_NAME = re.compile(r"[\w.-]{1,40}")


@dataclass(frozen=True, slots=True)
class User:
    """One account. `password` is "salt$hash" (scrypt, hex), `keys` are SHA-256 of what programs send."""

    name: str
    role: Role
    password: str
    keys: tuple[str, ...] = ()


def read_users(file: Path) -> dict[str, User]:
    """The accounts by name; {} where the file does not exist yet. Raises SettingsError for a file that is none."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        users = [User(row["name"], row["role"], row["password"], tuple(row["keys"])) for row in rows]
        if not all(user.role in ROLES for user in users):
            raise ValueError("role")
        return {user.name: user for user in users}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"账户文件 {file} 读不了（{error}）。请改正它，或删掉后用 assistant user add 重建。",
                            f"Cannot read the accounts in {file} ({error}). Correct it, or remove it and run: "
                            "assistant user add NAME") from error


def write_users(file: Path, users: Mapping[str, User]) -> None:
    """Writes the accounts as a whole or not at all, readable by their owner only."""
    beside = file.with_name(file.name + ".new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump([asdict(user) for user in users.values()], out, ensure_ascii=False, indent=1)
    os.replace(beside, file)


def new_user(name: str, role: Role, password: str) -> User:
    """An account with a password. Raises SettingsError for a name or password that will not do."""
    if not _NAME.fullmatch(name):
        raise SettingsError("名字只能用字母、数字、汉字和 . - _，不超过 40 个。",
                            "A name is of letters, digits and . - _, at most 40.")
    if len(password) < LEAST_PASSWORD:
        raise SettingsError(f"密码至少要 {LEAST_PASSWORD} 个字。", f"A password has at least {LEAST_PASSWORD} characters.")
    salt = secrets.token_bytes(16)
    return User(name, role, f"{salt.hex()}${_hash(password, salt)}")


def with_key(user: User) -> tuple[User, str]:
    """(the account with one more key, the key itself, which is kept nowhere)."""
    key = f"np-{secrets.token_urlsafe(32)}"
    return replace(user, keys=(*user.keys, _digest(key))), key


def password_is_right(user: User | None, password: str) -> bool:
    """Whether the password is the user's; takes as long for nobody, so that names cannot be guessed."""
    salt, _, expected = (user.password if user else f"{'00' * 16}$").partition("$")
    return hmac.compare_digest(_hash(password, bytes.fromhex(salt)), expected) and user is not None


def user_of_key(users: Mapping[str, User], key: str) -> User | None:
    """Whose key it is."""
    digest = _digest(key)
    return next((user for user in users.values() if digest in user.keys), None)


def _hash(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, maxmem=_MEMORY, **_COST).hex()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
