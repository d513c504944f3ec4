"""How each line is doing, as values: what people see of the poller."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Literal

from ontology.kinds import Ref
from ontology.time import Span

Health = Literal["starting", "good", "silent", "failing"]
"""silent: the device does not answer; failing: it does, and something here is wrong."""


@dataclass(frozen=True, slots=True)
class LineState:
    """One line as last seen."""

    name: str
    protocol: str
    points: int
    health: Health = "starting"
    last_seen: dt.datetime | None = None
    polls: int = 0
    samples: int = 0
    faults: int = 0
    """Readings of the last poll that cannot be trusted."""
    failures: int = 0
    """Polls that failed in a row."""
    rate: float = 0.0
    """Samples per second between the last two polls."""
    took_s: float = 0.0
    lag_s: float = 0.0
    """How long after it was due the last poll began."""
    stale: bool = False
    """Silent for three periods: its points are marked STALE."""
    lost: int = 0
    """LoRaWAN frames that never arrived, from gaps in the frame counter."""
    listening: bool = False
    """The device reports changes by itself; polls go on as the safety net."""
    changes: int = 0
    """Samples that came as changes."""
    backfilled: int = 0
    """Samples fetched from the device's own log after outages."""
    gap: Span | None = None
    """What is still to be fetched from there."""
    aside: int = 0
    """Samples of this line kept aside since the start."""
    remark: str = ""
    """What its driver makes of the set-up, such as a byte order that does not fit."""
    error: str = ""
    hint: str = ""
    next_try: dt.datetime | None = None

    @property
    def advice(self) -> str:
        """What a person should do about this line; empty when nothing."""
        if self.error:
            return self.hint or "see the log"
        if self.remark:
            return self.remark
        if self.faults:
            return f"{self.faults} of {self.points} readings cannot be trusted: check their addresses and scales"
        if self.aside:
            return "samples are kept aside: see the quarantine, and check the device's clock"
        if self.stale:
            return "nothing heard for three periods: check power, battery and reception"
        return ""


@dataclass(frozen=True, slots=True)
class OverrideSeen:
    """A point in hand: who holds it (priority slot 1 to 8), at what value, since when it was seen so."""

    point: Ref
    level: int
    value: float
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class OverrideChange:
    """A point taken in hand (`before` is None), released (`after` is None), or taken in another slot."""

    point: Ref
    before: OverrideSeen | None
    after: OverrideSeen | None


@dataclass(frozen=True, slots=True)
class ForwardState:
    """The way from the outbox to the history, here or on a server."""

    to: str = "history"
    moved: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    """On disk, compressed."""
    dropped: int = 0
    refused: int = 0
    aside: int = 0
    """Samples kept aside now, in quarantine."""
    failures: int = 0
    failing_since: dt.datetime | None = None
    error: str = ""
    hint: str = ""
    last_moved: dt.datetime | None = None

    @property
    def advice(self) -> str:
        """What a person should do; empty when nothing."""
        if self.error:
            return self.hint or "see the log; what waits is safe on this disk"
        if self.aside:
            return f"{self.aside} samples are kept aside: plantroom ingest quarantine tells why, sends them again or forgets them"
        if self.dropped:
            return "samples were dropped in the past because the way on was closed too long"
        return ""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting times after failures: doubling from `first_s` to `most_s`, shortened by up to `jitter`.

    Jitter keeps lines that failed together (a switch restarted) from coming back together.
    """

    first_s: float = 1.0
    most_s: float = 60.0
    jitter: float = 0.3

    def delay_s(self, failures: int, chance: random.Random) -> float:
        """Seconds to wait after this many failures in a row (1 or more)."""
        doublings = min(failures - 1, 30)
        full = min(self.most_s, self.first_s * float(2**doublings))
        return full * (1.0 - self.jitter * chance.random())
