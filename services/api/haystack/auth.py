"""Who may call: HELLO, SCRAM and bearer tokens, all bounded in number and time."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ingest.haystack.scram import Said, pack, read_header, unpack_text
from ontology.errors import BadRequest, Corrupt
from services.api.haystack.scram import HASH, Account, Handshake, WrongProof, refused

HANDSHAKE_S: Final = 60.0
MAX_HANDSHAKES: Final = 256
"""Logins on their way. A new one is never turned away: one of the address with the most gives way."""
MAX_OF_PEER: Final = 32
"""Logins one address may have on their way; one of its user with the most gives way."""
TOKEN_S: Final = 3_600.0
"""A token ends an hour after its last use, and after a day in any case."""
DAY_S: Final = 86_400.0
MAX_SESSIONS: Final = 256
MAX_FAILURES: Final = 10
"""Wrong passwords for one user from one address within a minute, after which that pair waits."""
WAIT_S: Final = 60.0
MAX_GUESSERS: Final = 1_024
"""Pairs of address and user whose wrong passwords are remembered."""
MAX_USER: Final = 128


@dataclass
class Session:
    """One login. `zinc2`: its client (pyhaystack) cannot read symbols and nested grids."""

    user: str
    opened: float
    seen: float
    zinc2: bool = False
    key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Reply:
    """What the login says itself, before any op: a status and at most one header."""

    status: int
    header: str = ""
    value: str = field(default="", repr=False)


@dataclass(frozen=True)
class _Pending:
    handshake: Handshake
    peer: str
    ends: float

    @property
    def user(self) -> str:
        return self.handshake.user


_Guesses = OrderedDict[tuple[str, str], list[float]]
"""Address and user -> when the last wrong passwords came."""


class Auth:
    """Logins and sessions of one account. `now` counts seconds."""

    def __init__(
        self,
        account: Account,
        *,
        now: Callable[[], float] = time.monotonic,
        token_s: float = TOKEN_S,
    ) -> None:
        self._account, self._now, self._token_s = account, now, token_s
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        # of strangers (False) apart from those of the user: made-up names must not push those out
        self._guesses: tuple[_Guesses, _Guesses] = (OrderedDict(), OrderedDict())

    def answer(self, header: str | None, peer: str) -> Session | Reply:
        """The session of a bearer token, or the next message of a login on any path."""
        said = next(iter(read_header(header or "")), Said(""))
        if said.scheme == "bearer":
            return self._session(said.given.get("authtoken") or said.token) or Reply(403)
        if said.scheme not in ("hello", "scram"):
            return Reply(401, "WWW-Authenticate", f"SCRAM hash={HASH}")
        try:
            return self._hello(said, peer) if said.scheme == "hello" else self._scram(said, peer)
        except (BadRequest, Corrupt):
            return Reply(403)

    def close(self, session: Session) -> None:
        """The token of this session is worth nothing from now on."""
        self._sessions.pop(session.key, None)

    def _session(self, token: str) -> Session | None:
        key, now = hashlib.sha256(token.encode()).digest(), self._now()
        session = self._sessions.get(key)
        if session is None:
            return None
        if now - session.seen > self._token_s or now - session.opened > DAY_S:
            self.close(session)
            return None
        session.seen = now
        self._sessions.move_to_end(key)
        return session

    def _hello(self, said: Said, peer: str) -> Reply:
        user = unpack_text(said["username"])
        if not 1 <= len(user) <= MAX_USER:
            raise refused()
        if self._blocked(peer, user):
            return _WAIT
        self._make_room(peer)
        name = secrets.token_hex(16)
        self._pending[name] = _Pending(
            Handshake(self._account, user), peer, self._now() + HANDSHAKE_S
        )
        # the order matters: pyhaystack goes by position
        return Reply(401, "WWW-Authenticate", f"SCRAM handshakeToken={name}, hash={HASH}")

    def _scram(self, said: Said, peer: str) -> Reply:
        name = said["handshakeToken"]
        pending = self._pending.get(name)
        if pending is None or pending.ends < self._now():
            raise refused()
        if self._blocked(peer, pending.user):
            return _WAIT
        if not pending.handshake.challenged:
            first = pack(pending.handshake.challenge(said))
            value = f"SCRAM data={first}, handshakeToken={name}, hash={HASH}"
            return Reply(401, "WWW-Authenticate", value)
        del self._pending[name]  # one attempt for each handshake
        try:
            closing = pack(pending.handshake.finish(said))
        except WrongProof:
            self._fail(peer, pending.user)
            raise
        token = self._open(pending.handshake)
        # authToken is not last: a client reads it up to the next comma
        value = f"authToken={token}, hash={HASH}, data={closing}"
        return Reply(200, "Authentication-Info", value)

    def _open(self, handshake: Handshake) -> str:
        token, now = secrets.token_hex(24), self._now()
        key = hashlib.sha256(token.encode()).digest()
        while len(self._sessions) >= MAX_SESSIONS:
            self._sessions.popitem(last=False)  # the longest unused
        self._sessions[key] = Session(handshake.user, now, now, handshake.zinc2, key)
        return token

    def _make_room(self, peer: str) -> None:
        """Drop logins whose time is over, then the oldest of whoever has the most on their way."""
        now = self._now()
        for name in [name for name, each in self._pending.items() if each.ends < now]:
            del self._pending[name]
        own = [name for name, each in self._pending.items() if each.peer == peer]
        if len(own) >= MAX_OF_PEER:
            self._drop_one(own)
        elif len(self._pending) >= MAX_HANDSHAKES:
            peers = Counter(each.peer for each in self._pending.values())
            most = max(peers, key=peers.__getitem__)
            self._drop_one([name for name, each in self._pending.items() if each.peer == most])

    def _drop_one(self, names: Sequence[str]) -> None:
        """Of these logins, the oldest of the user with the most of them."""
        users = Counter(self._pending[name].user for name in names)
        most = max(users, key=users.__getitem__)
        del self._pending[next(name for name in names if self._pending[name].user == most)]

    def _fail(self, peer: str, user: str) -> None:
        """A guess. What is no whole login is none, and holds up nobody behind the same proxy."""
        guesses = self._guesses[self._account.knows(user)]
        recent = guesses.setdefault((peer, user), [])
        recent.append(self._now())
        del recent[:-MAX_FAILURES]
        guesses.move_to_end((peer, user))
        while len(guesses) > MAX_GUESSERS:
            guesses.popitem(last=False)

    def _blocked(self, peer: str, user: str) -> bool:
        recent = self._guesses[self._account.knows(user)].get((peer, user), [])
        return len(recent) >= MAX_FAILURES and self._now() - recent[0] < WAIT_S


_WAIT: Final = Reply(429, "Retry-After", f"{WAIT_S:.0f}")
