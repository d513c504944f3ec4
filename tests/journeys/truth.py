"""What the simulator knows: the values a perfect historian would give, computed without any of the code under test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from ingest.demo.simulate import Recording

BANGKOK = ZoneInfo("Asia/Bangkok")
KW_PER_RT = 3.51685
"""One refrigeration ton is 12,000 Btu/h."""


class Truth:
    """Plain arithmetic over the recording of the demo building, in local time."""

    def __init__(
        self, recording: Recording, now: dt.datetime, orders: Sequence[dict[str, Any]]
    ) -> None:
        self.now = now.astimezone(BANGKOK)
        self.orders = orders
        self._ts = np.asarray(recording.ts)
        self._values = recording.values
        self._column = {point: i for i, point in enumerate(recording.points)}

    @cached_property
    def midnight(self) -> dt.datetime:
        return self.now.replace(hour=0, minute=0, second=0, microsecond=0)

    def day(self, back: int = 0) -> tuple[dt.datetime, dt.datetime]:
        """The local day `back` days ago, up to now for today."""
        start = self.midnight - dt.timedelta(days=back)
        return start, min(start + dt.timedelta(days=1), self.now)

    def last(self, **ago: float) -> tuple[dt.datetime, dt.datetime]:
        return self.now - dt.timedelta(**ago), self.now

    def week(self, back: int = 0) -> tuple[dt.datetime, dt.datetime]:
        """Monday to Monday, up to now for this week."""
        start = self.midnight - dt.timedelta(days=self.midnight.weekday() + 7 * back)
        return start, min(start + dt.timedelta(days=7), self.now)

    def series(self, point: str, span: tuple[dt.datetime, dt.datetime]) -> np.ndarray:
        """The recorded values in the span."""
        start, end = (edge.timestamp() for edge in span)
        inside = (self._ts >= start) & (self._ts < end)
        return np.asarray(self._values[inside, self._column[point]], dtype=float)

    def latest(self, point: str) -> float:
        """The newest recorded value."""
        column = self._values[:, self._column[point]]
        return float(column[np.flatnonzero(np.isfinite(column))[-1]])

    def mean(self, point: str, span: tuple[dt.datetime, dt.datetime]) -> float:
        return float(np.nanmean(self.series(point, span)))

    def top(self, point: str, span: tuple[dt.datetime, dt.datetime]) -> float:
        return float(np.nanmax(self.series(point, span)))

    def low(self, point: str, span: tuple[dt.datetime, dt.datetime]) -> float:
        return float(np.nanmin(self.series(point, span)))

    def counter(self, point: str, span: tuple[dt.datetime, dt.datetime]) -> float:
        """How far a counter went: its last value minus its first, at the edges of the span."""
        start, end = (edge.timestamp() for edge in span)
        column = np.asarray(self._values[:, self._column[point]], dtype=float)
        return float(np.interp(end, self._ts, column) - np.interp(start, self._ts, column))

    def hours(self, point: str, span: tuple[dt.datetime, dt.datetime], above: float) -> float:
        """Hours in which the value was above a limit."""
        step_h = float(np.diff(self._ts[:2])[0]) / 3600
        return float(np.sum(self.series(point, span) > above) * step_h)

    def efficiency(self, power: str, cooling: str, span: tuple[dt.datetime, dt.datetime]) -> float:
        """kW/RT over a span: energy in, cooling out."""
        return float(
            np.nansum(self.series(power, span)) / np.nansum(self.series(cooling, span)) * KW_PER_RT
        )

    def highest(self, points: Sequence[str]) -> str:
        return max(points, key=self.latest)
