"""The History port: samples in, averaged arrays out.

Values are float64 in the point's canonical unit (on/off as 1.0/0.0), times whole unix seconds UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ontology.errors import BadRequest
from ontology.kinds import Ref
from ontology.time import Span

Floats = NDArray[np.float64]


class Status(IntEnum):
    """How far a sample can be trusted."""

    GOOD = 0
    STALE = 1
    FAULT = 2
    OVERRIDDEN = 3
    OUT_OF_SERVICE = 4
    ESTIMATED = 5


class Sample(NamedTuple):
    """One value of one point at one instant. (A tuple: five thousand are made in under a millisecond.)"""

    point: Ref
    at: dt.datetime
    value: float
    status: Status = Status.GOOD


@dataclass(frozen=True)
class Samples:
    """Many samples as columns of equal length: `points[index[i]]` had `value[i]` at `ts[i]`."""

    points: tuple[Ref, ...]
    index: NDArray[np.int32]
    ts: NDArray[np.int64]
    value: Floats
    status: NDArray[np.uint8]

    def __post_init__(self) -> None:
        lengths = {len(self.index), len(self.ts), len(self.value), len(self.status)}
        if len(lengths) != 1:
            raise BadRequest(
                f"columns of unequal length: {sorted(lengths)}", hint="align the columns"
            )

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Samples:
        """Columns from single samples."""
        rows = list(samples)
        points = tuple(dict.fromkeys(row.point for row in rows))
        place = {point: i for i, point in enumerate(points)}
        return cls(
            points=points,
            index=np.array([place[row.point] for row in rows], dtype=np.int32),
            ts=np.array([int(row.at.timestamp()) for row in rows], dtype=np.int64),
            value=np.array([row.value for row in rows], dtype=np.float64),
            status=np.array([row.status for row in rows], dtype=np.uint8),
        )

    def __len__(self) -> int:
        return len(self.ts)


class History(Protocol):
    """Time series of points. A sample is identified by (point, second): the last write wins."""

    async def write(self, samples: Samples) -> None:
        """Store durably; writing the same samples again changes nothing."""

    async def read(
        self, points: Sequence[Ref], span: Span, step: dt.timedelta
    ) -> dict[Ref, Floats]:
        """Mean of each step for each point: arrays of length `span.steps(step)`, NaN where silent.

        Samples that are not finite, and those with status FAULT, count as silence.
        """

    async def raw(self, point: Ref, span: Span, *, limit: int = 100_000) -> Samples:
        """The stored samples of one point in time order, at most the first `limit`."""

    async def latest(self, points: Sequence[Ref] | None = None) -> dict[Ref, Sample]:
        """The newest sample of each point (of all points when None); silent points are absent."""

    async def close(self) -> None:
        """Give files and connections back."""


@dataclass(frozen=True)
class Kept:
    """What a history holds: `first` and `last` are the oldest and newest sample, None where it is empty."""

    points: int
    rows: int
    bytes: int
    """On disk, with everything that belongs to it."""
    first: dt.datetime | None
    last: dt.datetime | None


@dataclass(frozen=True)
class Retention:
    """How long samples and their hourly roll-ups are kept; None: for ever."""

    raw: dt.timedelta | None = None
    hourly: dt.timedelta | None = None


class HistoryStore(History, Protocol):
    """A History that lasts: what moving, trimming and looking after it needs beside the port."""

    async def bulk(
        self, batches: Iterable[Samples], progress: Callable[[int], None] | None = None
    ) -> int:
        """Write many batches, fast; returns how many samples came. What `progress` heard of is durable."""

    def scan(self, span: Span | None = None) -> AsyncIterator[Samples]:
        """Every stored sample once, in batches of at most 500,000 rows, no batch older than the one before."""

    async def kept(self) -> Kept:
        """How much there is."""

    async def retain(self, retention: Retention, *, now: dt.datetime) -> int:
        """Roll up what grows old, then forget it; returns the samples forgotten. Twice is once."""
