"""SCRAM as Haystack carries it in HTTP headers: RFC 5802 and project-haystack.org/doc/docHaystack/Auth."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ontology.errors import Corrupt, Refused

HASHES: Final[Mapping[str, str]] = {"SHA-512": "sha512", "SHA-256": "sha256", "SHA-1": "sha1"}
"""Hash functions of the standard's registry -> Python's name, the strongest first."""
MAX_ITERATIONS: Final = 2_000_000
"""A second or two of our own time; a server that asks for more wants to keep us busy."""
MIN_ITERATIONS: Final = 1_000
"""RFC 5802 recommends 4,096; a tenth of nothing would give the password to whoever listens."""
MAX_HEADER: Final = 4_096
GS2: Final = "n,,"
"""The client's first words: no channel binding, no other identity."""

_PARAMETER = re.compile(r'\s*(?:([A-Za-z][\w\-]*)[ \t]+)?([A-Za-z][\w\-]*)\s*=\s*"?([^",]*)"?\s*')
_BARE = re.compile(r"\s*([A-Za-z][\w\-]*)(?:[ \t]+([^\s,=]+=*))?\s*")


@dataclass(frozen=True)
class Said:
    """One scheme of an authentication header with its parameters, names in lower case."""

    scheme: str
    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)

    def __getitem__(self, name: str) -> str:
        """A parameter; Corrupt when it is missing."""
        if name.lower() not in self.given:
            raise Corrupt(f"{self.scheme} without {name}", hint="see docHaystack/Auth for the form")
        return self.given[name.lower()]


def read_header(text: str) -> list[Said]:
    """The schemes of an Authorization, WWW-Authenticate or Authentication-Info header, in order.

    Names count in any letter case. Parameters before any scheme belong to the scheme "".

    >>> [said.scheme for said in read_header("SCRAM hash=SHA-256, handshakeToken=aa, PLAINTEXT")]
    ['scram', 'plaintext']
    """
    found: list[tuple[str, dict[str, str], str]] = []
    for item in text[:MAX_HEADER].split(","):
        if match := _PARAMETER.fullmatch(item):
            scheme, name, value = match.groups()
            if scheme or not found:
                found.append(((scheme or "").lower(), {}, ""))
            found[-1][1][name.lower()] = value.strip()
        elif match := _BARE.fullmatch(item):
            found.append((match.group(1).lower(), {}, match.group(2) or ""))
    return [Said(*parts) for parts in found]


def pack(text: str | bytes) -> str:
    """base64url without padding, as Haystack writes names and messages."""
    raw = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unpack(text: str) -> bytes:
    """Bytes of base64 or base64url, padded or not, with stray white space. Raises Corrupt."""
    bare = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError) as cause:
        raise Corrupt("a login message that is not base64", hint="see docHaystack/Auth") from cause


def unpack_text(text: str) -> str:
    """UTF-8 text out of base64. Raises Corrupt."""
    try:
        return unpack(text).decode()
    except UnicodeDecodeError as cause:
        raise Corrupt("a login message that is not UTF-8", hint="see docHaystack/Auth") from cause


@dataclass(frozen=True, repr=False)
class Keys:
    """What is derived from a password; a server keeps `stored` and `server` only."""

    client: bytes
    stored: bytes
    server: bytes


def derive(password: str, salt: bytes, iterations: int, hash: str) -> Keys:
    """The keys of RFC 5802 section 3. Slow on purpose: run it in a thread."""
    name = HASHES[hash]
    salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", name)
    return Keys(
        client, hashlib.new(name, client).digest(), hmac.digest(salted, b"Server Key", name)
    )


def xor(left: bytes, right: bytes) -> bytes:
    """Bytes of equal length, one upon the other."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def sign(key: bytes, message: str, hash: str) -> bytes:
    """HMAC of the exchange so far."""
    return hmac.digest(key, message.encode(), HASHES[hash])


def fields(message: str) -> dict[str, str]:
    """`r=..,s=..,i=..` as a dict; the first of two equal names wins.

    >>> fields("r=abc,s=QSXCR+Q6sek8bf92,i=4096")["i"]
    '4096'
    """
    found: dict[str, str] = {}
    for part in message.strip().split(","):
        name, _, value = part.partition("=")
        found.setdefault(name, value)
    return found


def strongest(offered: Iterable[str]) -> str | None:
    """The best hash both sides know; None if there is none."""
    names = {name.upper() for name in offered}
    return next((name for name in HASHES if name in names), None)


class Exchange:
    """The client's side of one login. `first`, then `final`, then `verify`."""

    def __init__(self, user: str, password: str, hash: str, *, nonce: str = "") -> None:
        self._password, self._hash = password, hash
        self._nonce = nonce or secrets.token_hex(16)
        # RFC 5802 section 5.1: a name may hold neither = nor , as they are
        name = user.replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={name},r={self._nonce}"
        self._signature = b""

    @property
    def first(self) -> str:
        """The client's first message."""
        return GS2 + self._bare

    def final(self, challenge: str) -> str:
        """The proof for a server's challenge. Raises Corrupt for one that cannot be right."""
        asked = fields(challenge)
        nonce, salt = asked.get("r", ""), unpack(asked.get("s", ""))
        if not nonce.startswith(self._nonce) or len(nonce) <= len(self._nonce):
            raise Corrupt("the login challenge does not continue ours", hint="log in again")
        if not asked.get("i", "").isdecimal():
            raise Corrupt("the login challenge names no iterations", hint="see RFC 5802, section 7")
        iterations = int(asked["i"][:12])
        if not MIN_ITERATIONS <= iterations <= MAX_ITERATIONS:
            raise Refused(
                f"the server asks for {iterations} rounds of hashing",
                hint=f"{MIN_ITERATIONS} to {MAX_ITERATIONS} are accepted; see the server's settings",
            )
        keys = derive(self._password, salt, iterations, self._hash)
        bare = f"c={base64.b64encode(GS2.encode()).decode()},r={nonce}"
        message = f"{self._bare},{challenge.strip()},{bare}"
        self._signature = sign(keys.server, message, self._hash)
        proof = xor(keys.client, sign(keys.stored, message, self._hash))
        return f"{bare},p={base64.b64encode(proof).decode()}"

    def verify(self, closing: str) -> None:
        """Raises Refused unless the server has shown that it knows the password, too."""
        given = unpack(fields(closing).get("v", ""))
        if not hmac.compare_digest(given, self._signature) or not self._signature:
            raise Refused(
                "the server could not prove that it knows the password",
                hint="somebody else may be answering under its address",
            )
