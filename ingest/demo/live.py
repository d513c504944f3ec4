"""The building at wall-clock time: goes on from a recording, a few hours in advance, and interpolates.

Deterministic: going on in pieces gives the same values as one longer simulation.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.demo import bms
from ingest.demo.columns import columns
from ingest.demo.simulate import Recording
from ingest.demo.world import World, given
from ontology.errors import BadRequest, NotFound, Unavailable
from ontology.history import Status
from ontology.time import UTC

PIECE_S: Final = 6 * 3600
"""Simulated at a time: about 50 ms of work."""
KEPT_S: Final = 2 * 86_400
"""How far back values stay available."""
LONGEST_SLEEP: Final = dt.timedelta(days=45)
"""After a longer pause it is quicker to simulate the history anew."""


def wall_clock() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(UTC)


class LivePlant:
    """Values of all points at any instant from the end of the recording on; None means now.

    `clock` tells the time; the recording should end near the moment it shows.
    """

    def __init__(
        self, recording: Recording, *, clock: Callable[[], dt.datetime] = wall_clock
    ) -> None:
        going_on = recording.state
        self._clock = clock
        self._seed, self._step_s, self._story = going_on.seed, going_on.step_s, going_on.story
        self._world = World(self._step_s, self._story, going_on.world.copy())
        self._sensors = copy.deepcopy(going_on.sensors)
        self._ts: NDArray[np.int64] = recording.ts[-2:].copy()
        self._values: NDArray[np.float32] = recording.values[-2:].copy()
        self._status: NDArray[np.uint8] = recording.status[-2:].copy()
        roles = columns().roles
        # commands, setpoints, counts and states hold their value between steps
        self._steady = np.array(
            [
                role.is_bool or bool(role.tags & {"cmd", "sp"}) or role.quantity == "count"
                for role in roles
            ]
        )

    def value(self, point_id: str, at: dt.datetime | None = None) -> float:
        """The reading in the role's canonical unit, between steps interpolated; NaN where silent."""
        column = _column(point_id)
        ts = self._instant(at)
        row = self._row(ts)
        before, after = float(self._values[row, column]), float(self._values[row + 1, column])
        if self._steady[column] or np.isnan(after):
            return before
        share = (ts - float(self._ts[row])) / self._step_s
        return before + share * (after - before)

    def values(self, at: dt.datetime | None = None) -> dict[str, float]:
        """All readings at once."""
        ts = self._instant(at)
        row = self._row(ts)
        before, after = self._values[row], self._values[row + 1]
        share = (ts - float(self._ts[row])) / self._step_s
        between = before + np.float32(share) * (after - before)
        seen = np.where(self._steady | np.isnan(after), before, between)
        return dict(zip(columns().points, seen.tolist(), strict=True))

    def status(self, point_id: str, at: dt.datetime | None = None) -> Status:
        """How far the reading can be trusted."""
        row = self._row(self._instant(at))  # before the array: it may grow
        return Status(int(self._status[row, _column(point_id)]))

    def override_level(self, point_id: str, at: dt.datetime | None = None) -> int | None:
        """The BACnet priority (8: manual operator) that holds this point; None when automatic."""
        _column(point_id)
        return bms.override_level(self._story, point_id, self._instant(at))

    def is_silent(self, point_id: str, at: dt.datetime | None = None) -> bool:
        """Whether the device of this point sends nothing at this instant."""
        row = self._row(self._instant(at))
        return bool(np.isnan(self._values[row, _column(point_id)]))

    def _instant(self, at: dt.datetime | None) -> float:
        moment = at or self._clock()
        if moment.tzinfo is None:
            raise BadRequest(f"{moment} has no time zone", hint="give an aware datetime")
        return moment.timestamp()

    def _row(self, ts: float) -> int:
        """The row at or before this instant, with at least one row after it."""
        if ts < self._ts[0]:
            raise BadRequest(
                f"the live building begins at {dt.datetime.fromtimestamp(int(self._ts[0]), UTC)}",
                hint="read earlier values from the history",
            )
        if ts - float(self._ts[-1]) > LONGEST_SLEEP.total_seconds():
            raise Unavailable(
                f"the live building would have to catch up more than {LONGEST_SLEEP.days} days",
                hint="start the demo again: it simulates its history up to now",
            )
        while ts >= self._ts[-1]:
            self._extend()
        return int((ts - int(self._ts[0])) // self._step_s)

    def _extend(self) -> None:
        steps = PIECE_S // self._step_s
        ts = int(self._ts[-1]) + self._step_s * np.arange(1, steps + 1, dtype=np.int64)
        truth = self._world.run(given(ts, self._seed))
        values, status = self._sensors.observe(ts, truth)
        keep = self._ts > int(ts[-1]) - KEPT_S
        self._ts = np.concatenate([self._ts[keep], ts])
        self._values = np.concatenate([self._values[keep], values])
        self._status = np.concatenate([self._status[keep], status])


def _column(point_id: str) -> int:
    place = columns().place.get(point_id)
    if place is None:
        raise NotFound(
            f"the demo building has no point {point_id}", hint="use an id such as CH-2.power"
        )
    return place
