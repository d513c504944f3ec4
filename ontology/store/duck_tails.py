"""What is not in a segment yet, in memory as well: a read asks SQL for segments alone, and waits for no write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from ontology.store import duck_layout
from ontology.store.columns import Columns, Ints, appended, empty, joined
from ontology.store.duck_file import Db
from ontology.store.duck_plan import Segment

_GROWTH: Final = 3
"""A run is merged with the one before unless that is so many times as long: a full tail of 200,000 rows
has some five runs, and each row is sorted some five times."""
_SHIFT: Final = 32


@dataclass(frozen=True)
class Run:
    """Sorted samples, and one number for each (point, ts) to find them by."""

    rows: Columns
    keys: Ints

    @classmethod
    def of(cls, rows: Columns) -> Run:
        return cls(rows, (rows.point.astype(np.int64) << _SHIFT) | rows.ts)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def message(self) -> pa.Buffer:
        """As the batch of an Arrow stream: made once, however many snapshots tell of it."""
        return duck_layout.batch(self.rows).serialize()

    def merged(self, other: Run) -> Run:
        """With other samples, none of which are here."""
        keys = np.concatenate([self.keys, other.keys])
        order = np.argsort(keys, kind="stable")  # of two sorted runs: a merge
        return Run(appended([self.rows, other.rows])[order], keys[order])

    def between(self, points: Ints, first: int, end: int) -> Columns:
        """Samples of these points with `first <= ts < end`, point after point."""
        base = points << _SHIFT
        low, high = np.searchsorted(self.keys, base + first), np.searchsorted(self.keys, base + end)
        length = high - low
        at = np.repeat(low - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
        return self.rows[at]


@dataclass(frozen=True)
class Tails:
    """The two tails (`ontology.store.duck_layout`) of one moment; about 30 bytes a row."""

    hot: tuple[Run, ...] = ()
    """A point's samples in one run are newer than in the runs before."""
    late: Run = field(default_factory=lambda: Run.of(empty()))

    @classmethod
    def read(cls, db: Db) -> Tails:
        """As the file has them."""
        hot, late = duck_layout.tail(db, "hot"), duck_layout.tail(db, "late")
        return cls((Run.of(hot),) if len(hot) else (), Run.of(late))

    def written(self, ahead: Columns, behind: Columns) -> Tails:
        """With what was added to hot and to late."""
        hot, late = list(self.hot), self.late
        if len(ahead):
            run = Run.of(ahead)
            while hot and len(hot[-1]) < _GROWTH * len(run):
                run = hot.pop().merged(run)
            hot.append(run)
        if len(behind):
            late = Run.of(joined([late.rows, behind]))
        return Tails(tuple(hot), late)

    def runs(self) -> tuple[Run, ...]:
        """All samples, late ones in the place of what they correct."""
        if not len(self.late):
            return self.hot
        return (Run.of(joined([*(run.rows for run in self.hot), self.late.rows])),)

    def of_points(self, points: Sequence[int], first: int, end: int) -> tuple[list[Columns], Columns]:  # fmt: skip
        """Rows of hot, older runs first, and the rows of late that win over them and over segments."""
        wanted = np.array(points, dtype=np.int64)
        found = [run.between(wanted, first, end) for run in self.hot]
        return [rows for rows in found if len(rows)], self.late.between(wanted, first, end)


@dataclass(frozen=True)
class Moment:
    """All that one read needs to know: it never changes; a change makes another."""

    segments: tuple[Segment, ...] = ()
    tails: Tails = field(default_factory=Tails)
    settled: Columns = field(default_factory=empty)
    """The newest sample of each point, as it was when the segments became these."""

    def written(self, ahead: Columns, behind: Columns) -> Moment:
        """After a write."""
        return replace(self, tails=self.tails.written(ahead, behind))

    def latest(self) -> Columns:
        """The newest sample of each point."""
        tails = self.tails
        return joined([self.settled, *(run.rows for run in tails.hot), tails.late.rows]).newest()
