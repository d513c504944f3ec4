"""Every line as last seen, and its points marked STALE once when it has been silent for three periods."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from ingest.driver import Line, Reading
from ingest.intake import Intake, Taken
from ingest.line_state import LineState
from ontology.errors import DeviceSilent, PlantroomError
from ontology.history import Samples, Status

log = logging.getLogger(__name__)

STALE_PERIODS: Final = 3
"""A device silent for this many of its periods has no current values any more."""
_TICK_S: Final = 5.0


class Watch:
    """Told by all who hear from devices; read by all who show them."""

    def __init__(self, lines: Iterable[Line], intake: Intake) -> None:
        self.lines = {line.name: line for line in lines}
        self.intake = intake
        self._states = {
            line.name: LineState(line.name, line.protocol, len(line.registers))
            for line in self.lines.values()
        }
        self._heard: dict[str, float] = {}

    @property
    def states(self) -> Mapping[str, LineState]:
        """Every line by name, as last seen."""
        return dict(self._states)

    def state(self, line: str) -> LineState:
        """One line as last seen."""
        return self._states[line]

    def begin(self) -> None:
        """From now on silence counts."""
        self._heard = dict.fromkeys(self.lines, asyncio.get_running_loop().time())

    def update(self, line: str, **what: Any) -> None:
        """Change fields of a line's state."""
        self._states[line] = replace(self._states[line], **what)

    def took(self, line: str, taken: Taken) -> None:
        """Count what was kept aside."""
        if taken.aside:
            self.update(line, aside=self._states[line].aside + taken.aside)

    def good(
        self, line: Line, found: Sequence[Reading], *, took_s: float = 0.0, lag_s: float = 0.0
    ) -> None:
        """A poll or an uplink came: the line is well."""
        now = asyncio.get_running_loop().time()
        state = self._states[line.name]
        since_s = now - self._heard.get(line.name, now)
        self._hear(
            line,
            polls=state.polls + 1,
            samples=state.samples + len(found),
            faults=sum(reading.status is Status.FAULT for reading in found),
            failures=0,
            rate=len(found) / since_s if since_s > 0 else 0.0,
            took_s=took_s,
            lag_s=lag_s,
            error="",
            hint="",
            next_try=None,
        )

    def changed(self, line: Line, found: Sequence[Reading]) -> None:
        """The device reported changes by itself."""
        state = self._states[line.name]
        self._hear(
            line, samples=state.samples + len(found), changes=state.changes + len(found), listening=True
        )  # fmt: skip

    def stumbled(self, line: Line, error: Exception, wait_s: float) -> None:
        """A poll failed; the next try comes after `wait_s`."""
        state = self._states[line.name]
        silent = isinstance(error, DeviceSilent)
        if not isinstance(error, PlantroomError):
            log.error("%s: the driver failed", line.name, exc_info=error)
        self.update(
            line.name,
            health="silent" if silent else "failing",
            failures=state.failures + 1,
            error=str(error) or type(error).__name__,
            hint=getattr(error, "hint", ""),
            next_try=self.intake.clock.now() + dt.timedelta(seconds=wait_s),
        )

    async def mark_stale(self) -> None:
        """Look at the silence of every line, for ever; waits by the steady clock alone."""
        loop = asyncio.get_running_loop()
        tick_s = min((line.every_s / 4 for line in self.lines.values()), default=_TICK_S)
        while True:
            await asyncio.sleep(min(_TICK_S, tick_s))
            self.intake.clock.now()  # notes jumps also where nothing is polled
            for line in self.lines.values():
                silent_s = loop.time() - self._heard[line.name]
                if silent_s > STALE_PERIODS * line.every_s and not self._states[line.name].stale:
                    await self._mark(line)

    def _hear(self, line: Line, **what: Any) -> None:
        self._heard[line.name] = asyncio.get_running_loop().time()
        seen = self.intake.clock.now()
        self.update(line.name, health="good", last_seen=seen, stale=False, **what)

    async def _mark(self, line: Line) -> None:
        unknown = [Reading(r.point, math.nan, Status.STALE) for r in line.registers]
        try:
            await self.intake.take(columns(unknown, self.intake.clock.now()), source=line.name)
        except PlantroomError as error:
            log.warning("%s: not marked stale, will try again: %s", line.name, error)
            return
        state = self._states[line.name]
        health = "silent" if state.health in ("starting", "good") else state.health
        self.update(line.name, stale=True, health=health)


def columns(found: Sequence[Reading], at: dt.datetime) -> Samples:
    """All readings of one instant as columns."""
    return Samples(
        points=tuple(reading.point for reading in found),
        index=np.arange(len(found), dtype=np.int32),
        ts=np.full(len(found), int(at.timestamp()), dtype=np.int64),
        value=np.array([reading.value for reading in found], dtype=np.float64),
        status=np.array([reading.status for reading in found], dtype=np.uint8),
    )
