"""Who may ask and who may turn replicas: bearer tokens from files that only their owner can read."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from ontology.errors import BadRequest, NotFound

MOST_BYTES = 4096
# 16 characters of random base64 are 96 bits.
LEAST_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """`client`: asked of those who ask for completions; `admin`: of those who turn replicas; `upstream`: shown to replicas.

    An empty client key lets everybody ask; an empty admin key lets nobody turn.
    """

    client: str = field(default="", repr=False)
    admin: str = field(default="", repr=False)
    upstream: str = field(default="", repr=False)


def admits(authorization: str | None, key: str) -> bool:
    """Whether an Authorization header carries this key; compared in constant time."""
    scheme, _, given = (authorization or "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(errors="replace"), key.encode())
    return same and scheme.lower() == "bearer"


def read_key(path: Path) -> str:
    """The key in a file of one line. Raises NotFound; BadRequest where others could read it too, or it is too short."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(MOST_BYTES + 1)
    except OSError as cause:
        raise NotFound(f"key file {path}: {cause.strerror}", hint="make one: (umask 077; openssl rand -base64 32 > FILE)") from cause  # fmt: skip
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadRequest(f"key file {path}: others can read it", hint=f"chmod 600 {path}")
    key = text.decode("ascii", errors="replace").strip()
    if not LEAST_CHARACTERS <= len(key) <= MOST_BYTES or not key.isprintable() or " " in key or not key.isascii():  # fmt: skip
        raise BadRequest(
            f"key file {path}: no key of {LEAST_CHARACTERS} or more characters in one line",
            hint="make one: (umask 077; openssl rand -base64 32 > FILE)",
        )
    return key


def key_kept(path: Path) -> str:
    """The key in a file, which is made with a random one, readable by its owner only, where it does not exist."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path)
    except OSError as cause:
        raise NotFound(f"key file {path}: {cause.strerror}", hint="give a folder you can write to") from cause  # fmt: skip
    with os.fdopen(file, "w") as out:
        out.write(secrets.token_urlsafe(32) + "\n")
    return read_key(path)
