"""What was read of an export, point by point: rows, range, repeats and gaps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ontology.history import Samples, Status
from ontology.time import UTC

GAP: Final = 3.0
"""Steps of silence, in the series' own usual step, that count as a gap: one or two rows are lost by any logger."""
_LEAST: Final = 4
"""Steps that make a usual one."""
_BELIEVED: Final = (int(Status.GOOD), int(Status.OVERRIDDEN), int(Status.ESTIMATED))


@dataclass(slots=True)
class Tally:
    """One point so far. Times are unix seconds."""

    rows: int = 0
    silent: int = 0
    """Rows that say there was no value to trust."""
    repeated: int = 0
    """Rows of a second that had one already; the last counts."""
    first: int = 0
    last: int = 0
    step: float = 0.0
    gaps: int = 0
    longest: tuple[int, int] = (0, 0)
    _newest: int | None = field(default=None, repr=False)

    def take(self, ts: NDArray[np.int64], status: NDArray[np.uint8]) -> None:
        """Count some more rows, in the order of the file, rising or falling."""
        if self.rows:
            self.first, self.last = min(self.first, int(ts.min())), max(self.last, int(ts.max()))
        else:
            self.first, self.last = int(ts.min()), int(ts.max())
        self.rows += len(ts)
        self.silent += int((~np.isin(status, _BELIEVED)).sum())
        joined = ts if self._newest is None else np.concatenate([[self._newest], ts])
        self._newest = int(ts[-1])
        ordered = np.sort(joined)
        steps = np.diff(ordered)
        self.repeated += int((steps == 0).sum())
        self._see_gaps(ordered[:-1][steps > 0], steps[steps > 0])

    def _see_gaps(self, starts: NDArray[np.int64], steps: NDArray[np.int64]) -> None:
        if not self.step and len(steps) >= _LEAST:
            self.step = float(np.median(steps))
        if not self.step:
            return
        wide = np.flatnonzero(steps > GAP * self.step)
        self.gaps += len(wide)
        if len(wide):
            at = int(wide[np.argmax(steps[wide])])
            if steps[at] > self.longest[1] - self.longest[0]:
                self.longest = (int(starts[at]), int(starts[at] + steps[at]))


@dataclass(slots=True)
class Ledger:
    """All points of an import."""

    series: dict[str, Tally] = field(default_factory=dict)

    def take(self, samples: Samples) -> None:
        """Count a batch whose rows of one point stand in the order of the file."""
        order = np.argsort(samples.index, kind="stable")
        index, ts, status = samples.index[order], samples.ts[order], samples.status[order]
        edges = np.flatnonzero(np.diff(index)) + 1
        for part in np.split(np.arange(len(index)), edges) if len(index) else ():
            point = samples.points[int(index[part[0]])].id
            self.series.setdefault(point, Tally()).take(ts[part], status[part])

    def to_json(self) -> dict[str, Any]:
        """Sums, and the points with most gaps; times as ISO 8601 in UTC, None where nothing was read."""
        all_ = self.series.values()
        gappy = sorted(
            (one for one in self.series.items() if one[1].gaps), key=lambda one: -one[1].gaps
        )
        return {
            "points": len(self.series), "samples": sum(one.rows for one in all_),
            "first": _iso(min((one.first for one in all_), default=None)),
            "last": _iso(max((one.last for one in all_), default=None)),
            "silent": sum(one.silent for one in all_), "repeated": sum(one.repeated for one in all_),
            "gaps": sum(one.gaps for one in all_),
            "longest_gaps": [
                {"point": point, "gaps": one.gaps, "from": _iso(one.longest[0]), "to": _iso(one.longest[1])}
                for point, one in gappy[:10]
            ],
        }  # fmt: skip


def _iso(seconds: int | None) -> str | None:
    return (
        None if seconds is None else f"{dt.datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    )
