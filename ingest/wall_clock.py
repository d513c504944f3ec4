"""The wall clock, watched against one that only runs forward: jumps are noted, and nothing waits by it."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ontology.time import UTC

log = logging.getLogger(__name__)

JUMP_S: Final = 5.0
"""A clock that moves this much against the steady one between two looks was set; NTP slews far slower."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """How often the wall clock was set while we ran, and the last time: by how many seconds, at what new time."""

    jumps: int = 0
    jumped_s: float = 0.0
    jumped_at: dt.datetime | None = None


def _utc_now() -> dt.datetime:
    return dt.datetime.now(UTC)


class WallClock:
    """Now, in UTC, for stamping samples. Daylight saving does not exist here."""

    def __init__(
        self,
        wall: Callable[[], dt.datetime] = _utc_now,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._offset = wall().timestamp() - steady()
        self.state = ClockState()

    def now(self) -> dt.datetime:
        """The time; a jump since the last look is noted."""
        now = self._wall()
        offset = now.timestamp() - self._steady()
        moved = offset - self._offset
        self._offset = offset
        if abs(moved) >= JUMP_S:
            self.state = ClockState(self.state.jumps + 1, moved, now)
            log.warning("the clock of this machine was set by %+.0f s, it is now %s", moved, now)
        return now
