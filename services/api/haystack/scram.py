"""The server's side of SCRAM-SHA-256, in the forms that real clients send it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from ingest.haystack.scram import Keys, Said, derive, fields, sign, unpack, unpack_text, xor
from ontology.errors import Refused

HASH: Final = "SHA-256"
ITERATIONS: Final = 50_000
"""About 20 ms of a client's time; who records a login needs as long for every guess (RFC 7677: at least 4,096)."""
_GS2: Final = ("n,,", "y,,")
_NO: Final = "look at user and password; a login must be finished within a minute"


def refused(says: str = "this login is not right") -> Refused:
    """One answer for a wrong name, a wrong password and a wrong message."""
    return Refused(says, hint=_NO)


class WrongProof(Refused):
    """A whole and well-formed login whose password is not the right one: a guess."""


class Account:
    """The one user who may log in. Keeps keys, not the password; strangers get a plausible challenge."""

    def __init__(self, user: str, password: str, *, iterations: int = ITERATIONS) -> None:
        self.user, self.iterations = user, iterations
        self._secret = secrets.token_bytes(32)
        self._keys = derive(password, self.salt(user), iterations, HASH)
        stranger = secrets.token_bytes(32)
        self._stranger = Keys(stranger, stranger, stranger)

    def salt(self, user: str) -> bytes:
        """The same for the same name, whoever it is; its base64 has neither + nor /.

        Two clients decode it as base64url, where those two characters differ.
        """
        for draw in range(1_000):
            found = hmac.digest(self._secret, f"{draw}:{user}".encode(), "sha256")[:15]
            if not set(base64.b64encode(found)) & set(b"+/"):
                return found
        raise refused()  # a chance of one in 10^200

    def keys(self, user: str) -> Keys:
        """Keys to check a proof with; a stranger's fit no password."""
        return self._keys if self.knows(user) else self._stranger

    def knows(self, user: str) -> bool:
        """Whether this is the user, found out in the same time for every name."""
        return hmac.compare_digest(user.encode(), self.user.encode())


@dataclass
class Handshake:
    """One login on its way. `challenge` for the client's first message, `finish` for its last."""

    account: Account
    user: str
    zinc2: bool = False
    """Whether the client is pyhaystack, known by a first message without the GS2 header."""
    _bare: str = field(default="", repr=False)
    _challenge: str = field(default="", repr=False)

    @property
    def challenged(self) -> bool:
        """Whether the server has sent its challenge."""
        return bool(self._challenge)

    def challenge(self, said: Said) -> str:
        """The server's first message. Raises Refused, Corrupt."""
        if self._bare:
            raise refused()
        first = unpack_text(said["data"])
        header = next((gs2 for gs2 in _GS2 if first.startswith(gs2)), "")
        self.zinc2 = not header
        self._bare = first[len(header) :]
        asked = fields(self._bare)
        name = asked.get("n", "").replace("=2C", ",").replace("=3D", "=")
        if name != self.user or not 1 <= len(asked.get("r", "")) <= 256:
            raise refused()
        nonce = asked["r"] + secrets.token_hex(16)
        salt = base64.b64encode(self.account.salt(self.user)).decode()
        self._challenge = f"r={nonce},s={salt},i={self.account.iterations}"
        return self._challenge

    def finish(self, said: Said) -> str:
        """The server's last message, which proves it in turn. Raises WrongProof, Refused, Corrupt."""
        final = unpack_text(said["data"]).strip()
        bare, _, proof = final.rpartition(",p=")
        asked, nonce = fields(bare), fields(self._challenge).get("r", "-")
        keys = self.account.keys(self.user)
        message = f"{self._bare},{self._challenge},{bare}"
        # pyhaystack loses leading zero bytes of its proof
        given = unpack(proof).rjust(len(keys.stored), b"\0")
        if not self._challenge or asked.get("r") != nonce or len(given) != len(keys.stored):
            raise refused()
        if unpack_text(asked.get("c", "")) not in _GS2:
            raise refused("channel binding is not offered")
        client = xor(given, sign(keys.stored, message, HASH))
        if not hmac.compare_digest(hashlib.sha256(client).digest(), keys.stored):
            raise WrongProof("this login is not right", hint=_NO)
        return f"v={base64.b64encode(sign(keys.server, message, HASH)).decode()}"
