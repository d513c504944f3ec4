"""The one door into the outbox: what no history can hold sensibly is kept aside with the reason.

Late samples and corrections pass: an older time is no fault. A time that cannot be true is one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.outbox import Outbox
from ingest.outbox_file import Aside
from ingest.packed import rows_of
from ingest.wall_clock import WallClock
from ontology.errors import BadRequest
from ontology.history import Samples, Status
from ontology.kinds import Ref
from ontology.time import UTC

EARLIEST: Final = dt.datetime(2000, 1, 1, tzinfo=UTC)
"""Clocks that were never set say 1970, 1980, 1984 or 1990; no building system logged before 2000 what we read."""
LATEST: Final = dt.datetime(2100, 1, 1, tzinfo=UTC)
"""Also a bound where our own clock is wrong: 2106 is where unsigned 32-bit seconds end."""
AHEAD: Final = dt.timedelta(days=1)
"""A device in another time zone that sends local time as UTC is up to 14 h ahead; beyond, its clock is wrong."""
LARGEST: Final = 1e300
"""Beyond it a number is the garbage of a wrong word order or format, and sums of a few of them are infinite."""
_BELIEVED: Final = (Status.GOOD, Status.OVERRIDDEN, Status.ESTIMATED)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of samples: stored for the history, kept aside, or known from before (`again`)."""

    stored: int
    aside: int
    again: bool = False


class Intake:
    """Puts samples into the outbox, sifted."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        clock: WallClock | None = None,
        known: Callable[[Ref], bool] | None = None,
    ) -> None:
        """`known` tells points of the model; without it every point is taken."""
        self.outbox = outbox
        self.clock = clock or WallClock()
        self._known = known

    async def take(
        self,
        samples: Samples,
        counters: Mapping[str, int] | None = None,
        *,
        source: str,
        batch: str = "",
    ) -> Taken:
        """Durable when it returns. `source` names the line or box for people; `batch` is the sender's id."""
        good, asides = sift(samples, self.clock.now(), source=source, known=self._known)
        new = await self.outbox.put(good, counters, asides=asides, batch=batch)
        if not new:
            return Taken(0, 0, again=True)
        return Taken(len(good), len(samples) - len(good))


def sift(
    samples: Samples, now: dt.datetime, *, source: str, known: Callable[[Ref], bool] | None = None
) -> tuple[Samples, list[Aside]]:
    """What may go on, and what is kept aside. Values that are no numbers go on as FAULT (unknown, not zero)."""
    if len(samples) and not 0 <= samples.index.min() <= samples.index.max() < len(samples.points):
        raise BadRequest(
            f"{source}: samples of points that are not listed", hint="check how it was made"
        )
    kept = np.ones(len(samples), dtype=np.bool_)
    asides: list[Aside] = []
    for why, bad in _doubts(samples, now, known):
        chosen = bad & kept
        if chosen.any():
            part = rows_of(samples, chosen)
            asides.append(Aside(part, why.format(_extreme(part)), source))
            kept &= ~chosen
    good = samples if kept.all() else rows_of(samples, kept)
    return _honest(good), asides


def _doubts(
    samples: Samples, now: dt.datetime, known: Callable[[Ref], bool] | None
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Reasons to keep rows aside, each with its rows."""
    latest = int(min(now + AHEAD, LATEST).timestamp())
    early, late = samples.ts < int(EARLIEST.timestamp()), samples.ts > latest
    doubts = [
        ("the clock of the device was never set: it says {}", early),
        (f"in the future: it says {{}}, here it was {now:%Y-%m-%dT%H:%M:%SZ}", late),
        ("a status that does not exist", samples.status > max(Status)),
    ]
    if known is not None:
        strange = np.array([not known(point) for point in samples.points], dtype=np.bool_)
        if strange.any():
            doubts.append(("no such point in the model", strange[samples.index]))
    return doubts


def _honest(samples: Samples) -> Samples:
    """NaN, infinities and what no sum can hold are faults without a value where they claim to be measurements."""
    none = ~(np.abs(samples.value) <= LARGEST)
    if not none.any():
        return samples
    lying = none & np.isin(samples.status, [int(status) for status in _BELIEVED])
    return replace(
        samples,
        value=np.where(none, np.nan, samples.value),
        status=np.where(lying, np.uint8(Status.FAULT), samples.status).astype(np.uint8),
    )


def _extreme(samples: Samples) -> str:
    """The first time of doubtful rows, as text; times no calendar holds as seconds."""
    try:
        return f"{dt.datetime.fromtimestamp(int(samples.ts[0]), UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{int(samples.ts[0])} s"
