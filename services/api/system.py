"""What the HTTP layer needs of the rest of the house, and nothing more."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from agent.events import Event
from agent.faultbook import FaultBook
from agent.plan import Question
from agent.tools.toolbox import Selects
from edge.chunk import Chunk, Passage
from edge.index import EVERYTHING, Only
from ingest.intake import Taken
from ingest.status import IngestStatus
from ontology.graph import Building
from ontology.history import History, Kept, Samples
from ontology.records import Records
from ontology.time import UTC

MAX_BODY = 64 * 1024
"""Bytes of a request body. The longest question worth asking is a pasted page, about 8 KB."""


MAX_PUSH = 4 * 1024 * 1024
"""Bytes of a batch of samples, only for who shows the secret: 20,000 rows compressed are about 200 KB."""


class Asks(Protocol):
    """The engineer: a question in, events out. Ends with `Done`."""

    def run(self, question: Question) -> AsyncIterator[Event]: ...


class Library(Protocol):
    """Documents, found by words and by meaning."""

    def get(self, id: str) -> Chunk:
        """One chunk; raises NotFound."""

    def search(
        self, question: str, *, count: int = 5, only: Only = EVERYTHING
    ) -> Sequence[Passage]: ...


@dataclass(frozen=True)
class Part:
    """A part of the system and how it does: state is "ok", "degraded" or "off"."""

    name: str
    state: str
    says: str
    hint: str = ""


@dataclass(frozen=True)
class Device:
    """A field device: state is "ok", "late" or "silent"."""

    name: str
    protocol: str
    state: str
    last_seen: dt.datetime | None
    points: int


class System(Protocol):
    """The wired house, as the HTTP layer sees it."""

    @property
    def building(self) -> Building: ...
    @property
    def history(self) -> History: ...
    @property
    def records(self) -> Records: ...
    @property
    def sql(self) -> Selects: ...
    @property
    def library(self) -> Library: ...
    @property
    def faultbook(self) -> FaultBook: ...
    @property
    def engineer(self) -> Asks: ...
    @property
    def documents(self) -> Path:
        """The folder of the original files."""

    def parts(self) -> Sequence[Part]:
        """What works and what is degraded, now."""

    def devices(self) -> Sequence[Device]:
        """Field devices with when they last answered."""


Uplink = Callable[[Mapping[str, Any]], Awaitable[int]]
"""Decodes a network server's JSON, stores its values durably, and tells how many there were."""


class Ingests(Protocol):
    """Ingest, as the HTTP layer sees it."""

    async def take(self, samples: Samples, *, sender: str, batch: str) -> Taken:
        """Durable when it returns; the same batch again changes nothing."""

    async def status(self) -> IngestStatus:
        """How every line and the way to the history does, now."""

    async def retry(self, ids: Sequence[int] | None) -> int:
        """Send what is kept aside (all: None) once more; returns its samples."""

    async def discard(self, ids: Sequence[int] | None) -> int:
        """Forget what is kept aside (all: None); returns its samples."""


def _now() -> dt.datetime:
    return dt.datetime.now(UTC)


STATIC = Path(__file__).with_name("static")
"""Where `web/build.py` puts the web pages."""


@dataclass(frozen=True)
class Options:
    """How this server shows itself. The defaults serve one laptop."""

    runs: Path | None = None
    """SQLite file of the conversations; None keeps them in memory only."""
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    """Host names a browser may use for this server; others are refused (DNS rebinding)."""
    lorawan_secret: str = field(default="", repr=False)
    """Shared secret of the LoRaWAN webhook; empty closes the webhook."""
    uplink: Uplink | None = None
    ingest: Ingests | None = None
    owner_key: str = field(default="", repr=False)
    """Proves that a caller can read the home; empty closes the routes that are for its owner."""
    kept: Callable[[], Awaitable[Kept]] | None = None
    """What the history holds."""
    backup: Callable[[Path], Awaitable[Kept]] | None = None
    """Writes the history of this moment into a new folder; None: its database does that."""
    max_push: int = MAX_PUSH
    haystack_user: str = ""
    """Who may use the Haystack API; empty, or without a password, there is none."""
    haystack_password: str = field(default="", repr=False)
    currency: str = "THB"
    max_body: int = MAX_BODY
    static: Path = STATIC
    clock: Callable[[], dt.datetime] = _now
