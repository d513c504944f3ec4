"""An export as batches of samples: each row gets its instant, each cell its value, and what has none is set aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np

from ingest.intake import AHEAD, EARLIEST, LATEST
from ingest.trends.aside import Aside
from ingest.trends.cells import Unread as NoValue
from ingest.trends.cells import status_of
from ingest.trends.instants import Unread
from ingest.trends.ledger import Ledger
from ingest.trends.local import Doubled, resolve
from ingest.trends.plan import Plan
from ingest.trends.rows import Cell, Row
from ingest.trends.series import Series
from ingest.trends.survey import text_at
from ontology.errors import BadRequest
from ontology.history import Samples, Status

CELLS: Final = 50_000
"""Values in one batch, about: a few megabytes, whatever the shape of the table."""
_MOST_FOOTER: Final = 50
_TWICE: Final = "a time in the hour that comes twice, and the order of the rows does not tell which"


class _Placed(NamedTuple):
    ts: int
    number: int
    cells: Sequence[Cell]


@dataclass
class Reading:
    """Reads a plan once: iterate `batches`, then ask what became of the rows."""

    plan: Plan
    aside: Aside
    now: dt.datetime
    judge: Callable[[Samples], Samples] = lambda samples: samples
    progress: Callable[[int], None] | None = None
    ledger: Ledger = field(default_factory=Ledger)
    rows: int = 0
    """Rows below the headings, blank ones not counted."""
    remarks: int = 0
    """Lines after the last row that are no data, such as "End of report", and headings that come again."""
    _doubled: dict[str, Doubled[_Placed]] = field(default_factory=dict)
    _units: dict[tuple[str, str], Series | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._early = int(EARLIEST.timestamp())
        self._late = int(min(self.now + AHEAD, LATEST).timestamp())

    def batches(self) -> Iterator[Samples]:
        """Samples in the order of the file, believable or with a status that says they are not."""
        layout = self.plan.layout
        width = 1 if layout.long else max(1, len(self.plan.series))
        placed = self._placed()
        while chunk := list(islice(placed, max(1, CELLS // width))):
            parts = self._long(chunk) if layout.long else self._wide(chunk)
            samples = self.judge(_together(parts))
            if len(samples):
                self.ledger.take(samples)
                yield samples
            if self.progress is not None:
                self.progress(self.rows)

    # --- rows to instants -------------------------------------------------------------------------

    def _placed(self) -> Iterator[_Placed]:
        footer: list[tuple[Row, str]] = []
        for row in self.plan.opened.rows():
            if row.number <= self.plan.layout.header or self._says_nothing(row):
                continue
            self.rows += 1
            if row.fault:
                self.aside.row(row.number, row.fault)
                continue
            try:
                instant = self._instant(row)
            except Unread as cause:
                if (
                    sum(cell not in (None, "") for cell in row.cells) < 2
                    and len(footer) < _MOST_FOOTER
                ):
                    footer.append((row, str(cause)))
                else:
                    self.aside.row(row.number, str(cause), row.cells)
                continue
            for before, why in footer:  # rows follow: it was no footer
                self.aside.row(before.number, why, before.cells)
            footer.clear()
            yield from self._in_order(row, instant)
        for series in self._doubled.values():
            yield from self._settled(series)
        self.remarks += len(footer)

    def _says_nothing(self, row: Row) -> bool:
        """Blank lines, and the headings where they come again in the middle."""
        if row.fault:
            return False
        if not any(cell not in (None, "") for cell in row.cells):
            return True
        time, heading = self.plan.layout.time, self.plan.layout.headings[self.plan.layout.time]
        again = isinstance(row.cells[0], str) and text_at(row.cells, time) == heading
        self.remarks += again
        return again

    def _instant(self, row: Row) -> int | tuple[int, int]:
        layout = self.plan.layout
        if len(row.cells) <= layout.time:
            raise Unread("the row ends before its time")
        clock = (
            row.cells[layout.clock]
            if layout.clock is not None and layout.clock < len(row.cells)
            else None
        )
        return resolve(self.plan.times.read(row.cells[layout.time], clock), self.plan.map.zone)

    def _in_order(self, row: Row, instant: int | tuple[int, int]) -> Iterator[_Placed]:
        name = text_at(row.cells, self.plan.layout.point)
        series = self._doubled.get(name)
        if isinstance(instant, tuple):
            if series is None:
                series = self._doubled[name] = Doubled()
            series.hold(*instant, _Placed(0, row.number, row.cells))
            if series.full:
                yield from self._settled(series)
            return
        if series is not None and series.held:
            yield from self._settled(series)
        if why := self._doubt(instant):
            self.aside.row(row.number, why, row.cells)
        else:
            yield _Placed(instant, row.number, row.cells)

    def _settled(self, series: Doubled[_Placed]) -> Iterator[_Placed]:
        for ts, row in series.settle(falling=self.plan.falling):
            if ts is None:
                self.aside.row(row.number, _TWICE, row.cells)
            elif why := self._doubt(ts):
                self.aside.row(row.number, why, row.cells)
            else:
                yield row._replace(ts=ts)

    def _doubt(self, ts: int) -> str:
        if ts < self._early:
            return f"before {EARLIEST.year}: a clock that was never set"
        return "in the future: a clock that is wrong" if ts > self._late else ""

    # --- cells to values --------------------------------------------------------------------------

    def _wide(self, chunk: Sequence[_Placed]) -> Iterator[tuple[Series, Any, Any, Any]]:
        layout = self.plan.layout
        chunk, status = self._statuses(chunk)
        ts = np.array([row.ts for row in chunk], dtype=np.int64)
        numbers = [row.number for row in chunk]
        for at in layout.values:
            series = self.plan.series.get(layout.headings[at])
            if series is not None and chunk:
                cells = [row.cells[at] if at < len(row.cells) else None for row in chunk]
                yield series, *self._part(series, ts, numbers, cells, status)

    def _long(self, chunk: Sequence[_Placed]) -> Iterator[tuple[Series, Any, Any, Any]]:
        layout = self.plan.layout
        chunk, status = self._statuses(chunk)
        groups: dict[tuple[str, str], list[int]] = {}
        for at, row in enumerate(chunk):
            key = text_at(row.cells, layout.point), text_at(row.cells, layout.unit)
            groups.setdefault(key, []).append(at)
        for (name, unit), places in groups.items():
            series = self._series(name, unit)
            if series is None:
                self._refuse_unit(name, unit, [chunk[at] for at in places])
                continue
            rows = [chunk[at] for at in places]
            cells = [
                row.cells[layout.value or 0] if (layout.value or 0) < len(row.cells) else None
                for row in rows
            ]
            ts = np.array([row.ts for row in rows], dtype=np.int64)
            yield (
                series,
                *self._part(
                    series, ts, [row.number for row in rows], cells, [status[at] for at in places]
                ),
            )

    def _series(self, name: str, unit: str) -> Series | None:
        """The series of a name, its numbers in the unit that the row says."""
        series = self.plan.series.get(name)
        if series is None or not unit:
            return series
        if (name, unit) not in self._units:
            self._units[name, unit] = _in(series, unit)
        return self._units[name, unit]

    def _refuse_unit(self, name: str, unit: str, rows: Sequence[_Placed]) -> None:
        if name in self.plan.series:
            for row in rows:
                self.aside.row(row.number, f"{unit} cannot be the unit of this point", row.cells)

    def _statuses(self, chunk: Sequence[_Placed]) -> tuple[Sequence[_Placed], list[int]]:
        """The status that each row says for all its values; rows whose word nobody knows are set aside."""
        at = self.plan.layout.status
        if at is None:
            return chunk, [int(Status.GOOD)] * len(chunk)
        kept, found = [], []
        for row in chunk:
            try:
                found.append(int(status_of(row.cells[at] if at < len(row.cells) else None)))
                kept.append(row)
            except NoValue as cause:
                self.aside.row(row.number, str(cause), row.cells)
        return kept, found

    def _part(
        self,
        series: Series,
        ts: Any,
        numbers: Sequence[int],
        cells: Sequence[Cell],
        status: Sequence[int],
    ) -> tuple[Any, Any, Any]:
        """Times, values and statuses of the rows that have a value for this series."""
        values, own, there = series.values(numbers, cells, self.aside)
        keep = np.array(there, dtype=np.bool_)
        both = np.array(
            [mine or row for mine, row in zip(own, status, strict=True)], dtype=np.uint8
        )
        return ts[keep], values[keep], both[keep]


def _in(series: Series, unit: str) -> Series | None:
    """The series with its numbers in another unit; None where that cannot be the point's."""
    made = replace(series, unit=unit)
    try:
        made.check()
    except BadRequest:
        return None
    return made


def _together(parts: Iterator[tuple[Series, Any, Any, Any]]) -> Samples:
    """The parts of all series as one batch."""
    found = list(parts)
    places = {
        ref: at for at, ref in enumerate(dict.fromkeys(series.target.ref for series, *_ in found))
    }
    if not found:
        return Samples.of([])
    return Samples(
        points=tuple(places),
        index=np.concatenate(
            [np.full(len(ts), places[s.target.ref], np.int32) for s, ts, _, _ in found]
        ),
        ts=np.concatenate([ts for _, ts, _, _ in found]),
        value=np.concatenate([value for _, _, value, _ in found]),
        status=np.concatenate([status for _, _, _, status in found]),
    )
