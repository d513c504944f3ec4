"""Moving a history from one store to another, month by month; what is there already is not written again.

Each month is compared before and after: the number of samples of each point and a checksum of their
times, values and states. So a copy that was stopped goes on where it was, and one that ended is proven.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ontology.errors import Corrupt
from ontology.history import HistoryStore, Samples
from ontology.time import UTC, Span

_MIX: Final = (
    np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB),
)  # fmt: skip
"""Multipliers of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)."""
BLOCK_ROWS: Final = 2_000_000
"""Written at once: some 50 MB."""

Words = NDArray[np.uint64]


class Tally:
    """Samples and checksum of each point, in whatever order they come."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._sums: dict[str, int] = {}

    def add(self, samples: Samples) -> None:
        """Count a batch."""
        count = np.bincount(samples.index, minlength=len(samples.points))
        sums = np.zeros(len(samples.points), np.uint64)
        np.add.at(sums, samples.index, _mixed(samples))  # wraps around: the order does not matter
        for i in np.flatnonzero(count):
            id = samples.points[int(i)].id
            self.rows[id] = self.rows.get(id, 0) + int(count[i])
            self._sums[id] = (self._sums.get(id, 0) + int(sums[i])) % 2**64

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    def differs(self, other: Tally) -> list[str]:
        """Points whose samples are not the same in both."""
        ids = sorted(self.rows.keys() | other.rows.keys())
        return [id for id in ids if self._of(id) != other._of(id)]

    def _of(self, id: str) -> tuple[int, int]:
        return self.rows.get(id, 0), self._sums.get(id, 0)


@dataclass(frozen=True)
class Copied:
    """What a copy did: `written` samples, `found` that were there already, in `months`; all compared equal."""

    points: int
    written: int
    found: int
    months: int


async def copy(
    source: HistoryStore, target: HistoryStore, progress: Callable[[int], None] = lambda _done: None
) -> Copied:
    """Bring every sample of `source` into `target`; `progress` hears how many are dealt with.

    Raises Corrupt where the two differ afterwards, such as when `target` holds other samples of the same
    months. Roll-ups of forgotten hours stay where they are.
    """
    kept = await source.kept()
    points: set[str] = set()
    written = found = months = 0
    for month in _months(kept.first, kept.last):
        base = written + found
        wanted, wrote = await _month(source, target, month, lambda n, b=base: progress(b + n))  # type: ignore[misc]
        points |= wanted.rows.keys()
        months += bool(wanted.total)
        written += wanted.total if wrote else 0
        found += 0 if wrote else wanted.total
        progress(written + found)
    return Copied(len(points), written, found, months)


async def _month(
    source: HistoryStore, target: HistoryStore, month: Span, progress: Callable[[int], None]
) -> tuple[Tally, bool]:
    """What the source holds, and whether it had to be written."""
    there = await tally_of(target, month)
    if there.total:
        wanted = await tally_of(source, month)
        if not wanted.differs(there):
            return wanted, False
    wanted = Tally()
    block: list[Samples] = []
    async for batch in source.scan(month):
        wanted.add(batch)
        block.append(batch)
        if sum(map(len, block)) >= BLOCK_ROWS:
            await target.bulk(block)
            progress(wanted.total)
            block = []
    await target.bulk(block)
    there = await tally_of(target, month)
    wrong = wanted.differs(there)
    if wrong:
        raise Corrupt(
            f"{month.start:%Y-%m}: {len(wrong)} points differ after copying, such as {wrong[0]}:"
            f" {wanted.rows.get(wrong[0], 0)} samples here, {there.rows.get(wrong[0], 0)} there",
            hint="copy into an empty history, or one that holds nothing else of this time",
        )
    return wanted, True


async def tally_of(history: HistoryStore, span: Span) -> Tally:
    """Count what a history holds."""
    tally = Tally()
    async for batch in history.scan(span):
        tally.add(batch)
    return tally


def _mixed(samples: Samples) -> Words:
    """A word for each sample, of its time, value and status; every NaN is the same."""
    value = np.where(np.isnan(samples.value), np.nan, samples.value)
    word = samples.ts.astype(np.uint64) * _MIX[0]
    word ^= np.ascontiguousarray(value).view(np.uint64) + samples.status.astype(np.uint64) * _MIX[1]
    word = (word ^ (word >> np.uint64(30))) * _MIX[1]
    word = (word ^ (word >> np.uint64(27))) * _MIX[2]
    return word ^ (word >> np.uint64(31))


def _months(first: dt.datetime | None, last: dt.datetime | None) -> Iterator[Span]:
    """Calendar months of UTC from the first sample to the last."""
    if first is None or last is None:
        return
    start = first.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while start <= last:
        end = (start + dt.timedelta(days=32)).replace(day=1)
        yield Span(start, end)
        start = end
