"""Which segments there are, and which of them to merge: few files to read, each row rewritten few times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PERIOD_S = 10 * 86_400
"""No segment crosses from one ten-day period into the next: sorting over ten days is what makes cold
small and fast (3.2 bytes a row), and a read of a month opens four files."""
FAN_IN = 4
"""So many segments of one size become one of the next: at most three of each size stay."""
SEALED = 3
"""At most so many segments stay in a period that is over."""

Kind = Literal["cold", "hourly"]


@dataclass(frozen=True)
class Segment:
    """One immutable file of sorted rows. Times are unix seconds, points are numbers; ends included."""

    number: int
    kind: Kind
    rows: int
    first: int
    last: int
    low: int
    high: int
    bytes: int
    sha256: str

    @property
    def alias(self) -> str:
        """Its name in SQL."""
        return f"segment_{self.number}"

    @property
    def file_name(self) -> str:
        return f"{self.kind}-{self.number:08d}.duckdb"

    @property
    def period(self) -> int:
        return self.first // PERIOD_S

    def meets(self, first: int, end: int) -> bool:
        """Whether it may hold a row with `first <= ts < end`."""
        return self.first < end and self.last >= first


def folder_of(history: Path) -> Path:
    """Where the segments of a history lie: beside its file, by its name."""
    return history.with_name(f"{history.stem}.segments")


def due(segments: Sequence[Segment], unit: int) -> list[Segment]:
    """Segments to merge into one now; none when all is well. `unit`: rows of the smallest size.

    A row of a full period is written once as it leaves the hot tail, once for each size (four times as
    large as the one before), and once as its period ends: five or six times for 14 million rows.
    """
    periods: dict[int, list[Segment]] = defaultdict(list)
    for segment in segments:
        if segment.kind == "cold":
            periods[segment.period].append(segment)
    newest = max(periods, default=0)
    for period, some in sorted(periods.items()):
        found = _sealing(some) if period < newest else _crowded(some, unit)
        if len(found) > 1:
            return found
    return []


def _crowded(segments: list[Segment], unit: int) -> list[Segment]:
    """The smallest size with too many, and all that is smaller still."""
    sizes: dict[int, list[Segment]] = defaultdict(list)
    for segment in segments:
        sizes[_size(segment.rows, unit)].append(segment)
    crowded = [size for size, some in sizes.items() if len(some) >= FAN_IN]
    if not crowded:
        return []
    return [s for size, some in sizes.items() if size <= min(crowded) for s in some]


def _sealing(segments: list[Segment]) -> list[Segment]:
    """A period that is over becomes one segment; a little that came late may wait beside it."""
    total = sum(s.rows for s in segments)
    rest = total - max(s.rows for s in segments)
    return segments if len(segments) > SEALED or rest * 8 > total else []


def _size(rows: int, unit: int) -> int:
    size = 0
    while rows > unit:
        rows //= FAN_IN
        size += 1
    return size
