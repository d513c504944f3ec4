"""Hourly roll-ups: what stays of samples when they are forgotten, the same in every history."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ontology.history import Floats
from ontology.store.columns import Columns, Ints, Steps
from ontology.time import UTC

HOUR_S = 3600
_SHIFT = 32
"""Unix seconds below 2100 fit in 32 bits, so `point << 32 | hour` sorts by point, then by time."""


@dataclass(frozen=True)
class Hours:
    """Hours of points sorted by (point, hour), each pair once: of the samples that count in averages."""

    point: NDArray[np.int32]
    hour: Ints
    """The unix second it begins at."""
    mean: Floats
    min: Floats
    max: Floats
    count: Ints

    def __len__(self) -> int:
        return len(self.hour)

    def __getitem__(self, which: NDArray[np.bool_] | Ints) -> Hours:
        return Hours(
            self.point[which], self.hour[which], self.mean[which],
            self.min[which], self.max[which], self.count[which],
        )  # fmt: skip

    @property
    def key(self) -> Ints:
        """One number for each (point, hour)."""
        return (self.point.astype(np.int64) << _SHIFT) | self.hour


def horizon(now: dt.datetime, kept: dt.timedelta | None) -> int | None:
    """Samples before this unix second are to be forgotten: a whole hour of UTC. None: none are."""
    if kept is None:
        return None
    return int((now - kept).astimezone(UTC).timestamp()) // HOUR_S * HOUR_S


def hours_of(rows: Columns) -> Hours:
    """The hours of sorted samples. Samples that do not count leave no trace; an hour of none has no row."""
    rows = rows[rows.counts()]
    hour = rows.ts - rows.ts % HOUR_S
    key = (rows.point.astype(np.int64) << _SHIFT) | hour
    starts = np.flatnonzero(np.append(True, np.diff(key) != 0))[: len(rows)]
    count = np.diff(np.append(starts, len(rows)))
    if not len(rows):
        return Hours(rows.point, hour, rows.value, rows.value, rows.value, hour)
    return Hours(
        rows.point[starts],
        hour[starts],
        np.add.reduceat(rows.value, starts) / count,
        np.minimum.reduceat(rows.value, starts),
        np.maximum.reduceat(rows.value, starts),
        count.astype(np.int64),
    )


def with_hours(old: Hours, new: Hours) -> Hours:
    """Both; an hour that was rolled up once stays as it was, so that samples delivered again change nothing."""
    new = new[~np.isin(new.key, old.key)]
    both = Hours(
        *(np.concatenate([getattr(old, n), getattr(new, n)]) for n in Hours.__annotations__)
    )
    return both[np.argsort(both.key)]


def serves(steps: Steps) -> bool:
    """Whether roll-ups may answer a read: only for steps of whole hours."""
    return steps.step_us % (HOUR_S * 1_000_000) == 0


def means(steps: Steps, rows: Columns, hours: Hours, row_of: Ints, count: int) -> Floats:
    """Means of samples and hours together, shape (count, steps.count); `row_of[point]` is the row.

    An hour falls into the step that its middle is in.
    """
    if not len(hours):
        return steps.means(row_of, rows.point, rows.ts, rows.value, count)
    return steps.means(
        row_of,
        np.concatenate([rows.point, hours.point]),
        np.concatenate([rows.ts, hours.hour + HOUR_S // 2]),
        np.concatenate([rows.value, hours.mean]),
        count,
        weight=np.concatenate([np.ones(len(rows)), hours.count.astype(np.float64)]),
    )


def middles(steps: Steps) -> tuple[int, int]:
    """The hours whose middle is inside: `first <= hour < end`, unix seconds."""
    return steps.first - HOUR_S // 2, steps.end - HOUR_S // 2
