"""The poller: one task a line that never dies, readings to the outbox, the outbox to the history.

Drivers never retry and never sleep; all waiting, backing off and coming back is here.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from ingest.driver import Driver, Line, Reading
from ingest.line_state import (
    Backoff,
    ForwardState,
    LineState,
    OverrideChange,
    OverrideSeen,
)
from ingest.lines import POLLED, check_lines, open_driver
from ingest.outbox import Outbox
from ingest.quality import Plausibility
from ingest.tasks import stop_all
from ingest.uplinks import FrameCounts, Uplink, readings
from ontology.errors import DeviceSilent, NotFound, PlantroomError
from ontology.history import History, Samples, Status
from ontology.time import UTC

log = logging.getLogger(__name__)

STALE_PERIODS: Final = 3
"""A device silent for this many of its periods has no current values any more."""
_GATHER_S: Final = 0.5
"""Pause before forwarding: lines polled in the same breath share one write to the history."""
_STOP_S: Final = 5.0
"""How long stopping waits for the last samples to reach the history; the rest waits in the outbox."""
OnOverride = Callable[[Sequence[OverrideChange]], Awaitable[None]]
OpenUplinks = Callable[[], AbstractAsyncContextManager[Any]]
"""Gives an async context manager over an async iterator of Uplink, such as `MqttUplinks`."""


class Poller:
    """Polls its lines while entered as an async context manager."""

    def __init__(
        self,
        lines: Iterable[Line],
        outbox: Outbox,
        history: History | None = None,
        *,
        plausibility: Plausibility | None = None,
        overrides: Iterable[OverrideSeen] = (),
        on_override: OnOverride | None = None,
        uplinks: OpenUplinks | None = None,
        open_line: Callable[[Line], Driver] = open_driver,
        backoff: Backoff | None = None,
    ) -> None:
        """`overrides` are those known from before, so that "since" survives a restart."""
        self._lines = {line.name: line for line in lines}
        check_lines(tuple(self._lines.values()), "lines")
        self._outbox = outbox
        self._history = history
        self._plausibility = plausibility or Plausibility(())
        self._overrides = {seen.point.id: seen for seen in overrides}
        self._on_override = on_override
        self._untold: dict[str, OverrideChange] = {}
        self._uplinks = uplinks
        self._open_line = open_line
        self._backoff = backoff or Backoff()
        self._chance = random.Random()  # noqa: S311  (jitter, not secrets)
        self._counts = FrameCounts()
        self._by_eui = {
            line.options.get("dev_eui", "").lower(): line
            for line in self._lines.values()
            if line.protocol not in POLLED
        }
        self._states = {
            line.name: LineState(line.name, line.protocol, len(line.registers))
            for line in self._lines.values()
        }
        self._heard: dict[str, float] = {}
        self._forward_state = ForwardState()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def states(self) -> Mapping[str, LineState]:
        """Every line by name, as last seen."""
        return dict(self._states)

    @property
    def overrides(self) -> Mapping[str, OverrideSeen]:
        """Points in hand now, by point id."""
        return dict(self._overrides)

    @property
    def forwarding(self) -> ForwardState:
        """How the way to the history is doing."""
        box = self._outbox
        return replace(
            self._forward_state, waiting=box.rows, dropped=box.dropped, refused=box.refused
        )

    async def __aenter__(self) -> Self:
        self._remember_counters()
        now = asyncio.get_running_loop().time()
        self._heard = dict.fromkeys(self._lines, now)
        polled = [line for line in self._lines.values() if line.protocol in POLLED]
        for n, line in enumerate(polled):
            wait_s = min(5.0, line.every_s / 10) * n / len(polled)
            self._start(self._follow(line, now + wait_s), f"line {line.name}")
        self._start(self._watch(), "stale watch")
        if self._history is not None:
            self._start(self._forward(self._history), "forwarder")
        if self._uplinks is not None:
            self._start(self._listen(self._uplinks), "uplinks")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stop_all(self._tasks)
        self._tasks.clear()
        if self._history is not None:
            with contextlib.suppress(TimeoutError, PlantroomError):  # what stays is in the outbox
                async with asyncio.timeout(_STOP_S):
                    await self._outbox.drain(self._history)

    async def accept(self, uplink: Uplink) -> int:
        """Store what a sensor sent; durable when it returns the number of samples.

        Raises NotFound for a sensor without a line, Corrupt where the payload is not of its codec.
        """
        line = self._by_eui.get(uplink.dev_eui)
        if line is None:
            raise NotFound(
                f"no line for the LoRaWAN device {uplink.dev_eui}",
                hint='add a [[line]] with protocol "lorawan" and this dev_eui',
            )
        found = [self._plausibility.judge(reading) for reading in readings(line, uplink)]
        step = self._counts.see(uplink.dev_eui, uplink.f_cnt)
        lost = max(0, self._states[line.name].lost + step.lost)
        counters = {f"f_cnt:{uplink.dev_eui}": self._counts.highest[uplink.dev_eui]}
        counters[f"lost:{uplink.dev_eui}"] = lost
        await self._outbox.put(_samples(found, uplink.at), counters)
        if step.lost > 0:
            log.warning("%s: %d frames lost before frame %d", line.name, step.lost, uplink.f_cnt)
        self._note_good(line, found, lost=lost)
        return len(found)

    def _start(self, work: Any, name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def _remember_counters(self) -> None:
        """Frame counters and losses as the outbox kept them: gaps are seen over a restart too."""
        counters = self._outbox.counters
        for eui, line in self._by_eui.items():
            if f"f_cnt:{eui}" in counters:
                self._counts.highest[eui] = counters[f"f_cnt:{eui}"]
            lost = counters.get(f"lost:{eui}", 0)
            self._states[line.name] = replace(self._states[line.name], lost=lost)

    async def _follow(self, line: Line, due: float) -> None:
        """Poll one line for ever: on its period while it answers, backing off while it does not."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, due - loop.time()))
        while True:
            try:
                async with self._open_line(line) as driver:
                    while True:
                        await self._poll(line, driver, due)
                        due = _next_due(due, line.every_s, loop.time())
                        await asyncio.sleep(max(0.0, due - loop.time()))
            except Exception as error:  # noqa: BLE001  (the outermost loop of a line outlives any driver)
                await self._stumble(line, error)
                due = loop.time()

    async def _poll(self, line: Line, driver: Driver, due: float) -> None:
        loop = asyncio.get_running_loop()
        began, at = loop.time(), dt.datetime.now(UTC)
        found = [self._plausibility.judge(r) for r in await driver.read(line.registers)]
        await self._outbox.put(_samples(found, at))
        took_s = loop.time() - began
        self._note_good(line, found, took_s=took_s, lag_s=max(0.0, began - due))
        self._note_overrides(found, at)
        await self._tell_overrides()

    async def _stumble(self, line: Line, error: Exception) -> None:
        """Note the failure and wait before the next try."""
        state = self._states[line.name]
        failures = state.failures + 1
        silent = isinstance(error, DeviceSilent)
        if not isinstance(error, PlantroomError):
            log.error("%s: the driver failed", line.name, exc_info=error)
        wait_s = self._backoff.delay_s(failures, self._chance)
        self._states[line.name] = replace(
            state,
            health="silent" if silent else "failing",
            failures=failures,
            error=str(error) or type(error).__name__,
            hint=getattr(error, "hint", ""),
            next_try=dt.datetime.now(UTC) + dt.timedelta(seconds=wait_s),
        )
        await asyncio.sleep(wait_s)

    def _note_good(
        self,
        line: Line,
        found: Sequence[Reading],
        *,
        took_s: float = 0.0,
        lag_s: float = 0.0,
        lost: int = 0,
    ) -> None:
        now = asyncio.get_running_loop().time()
        state = self._states[line.name]
        since_s = now - self._heard.get(line.name, now)
        self._heard[line.name] = now
        self._states[line.name] = replace(
            state,
            health="good",
            last_seen=dt.datetime.now(UTC),
            polls=state.polls + 1,
            samples=state.samples + len(found),
            faults=sum(reading.status is Status.FAULT for reading in found),
            failures=0,
            rate=len(found) / since_s if since_s > 0 else 0.0,
            took_s=took_s,
            lag_s=lag_s,
            stale=False,
            lost=lost,
            error="",
            hint="",
            next_try=None,
        )

    def _note_overrides(self, found: Iterable[Reading], at: dt.datetime) -> None:
        """Compare the hands on the points with what was known; faulty readings say nothing."""
        for reading in found:
            if reading.status is Status.FAULT:
                continue
            id = reading.point.id
            before = self._overrides.get(id)
            after: OverrideSeen | None = None
            if reading.override_level is not None:
                same = before is not None and before.level == reading.override_level
                since = before.since if before is not None and same else at
                after = OverrideSeen(reading.point, reading.override_level, reading.value, since)
                self._overrides[id] = after
            else:
                self._overrides.pop(id, None)
            if (before and before.level) != (after and after.level):
                first = self._untold[id].before if id in self._untold else before
                self._untold[id] = OverrideChange(reading.point, first, after)

    async def _tell_overrides(self) -> None:
        """Tell of changes; what could not be told is kept for the next poll."""
        if self._on_override is None:
            self._untold.clear()
        if not self._untold or self._on_override is None:
            return
        changes, self._untold = self._untold, {}
        try:
            await self._on_override(tuple(changes.values()))
        except PlantroomError as error:
            log.warning("overrides not stored, will try again: %s", error)
            self._untold = changes | self._untold

    async def _watch(self) -> None:
        """Mark the points of a line STALE once, when it has been silent for three periods."""
        loop = asyncio.get_running_loop()
        tick_s = min((line.every_s / 4 for line in self._lines.values()), default=5.0)
        while True:
            await asyncio.sleep(min(5.0, tick_s))
            for line in self._lines.values():
                silent_s = loop.time() - self._heard[line.name]
                if silent_s > STALE_PERIODS * line.every_s and not self._states[line.name].stale:
                    await self._mark_stale(line)

    async def _mark_stale(self, line: Line) -> None:
        unknown = [Reading(r.point, math.nan, Status.STALE) for r in line.registers]
        try:
            await self._outbox.put(_samples(unknown, dt.datetime.now(UTC)))
        except PlantroomError as error:
            log.warning("%s: not marked stale, will try again: %s", line.name, error)
            return
        state = self._states[line.name]
        health = "silent" if state.health in ("starting", "good") else state.health
        self._states[line.name] = replace(state, stale=True, health=health)

    async def _forward(self, history: History) -> None:
        """Move the outbox into the history for ever; the history may go away and come back."""
        while True:
            state = self._forward_state
            try:
                await self._outbox.filled()
                await asyncio.sleep(_GATHER_S)
                moved = await self._outbox.drain(history)
                now = dt.datetime.now(UTC)
                self._forward_state = ForwardState(moved=state.moved + moved, last_moved=now)
            except Exception as error:  # noqa: BLE001  (the forwarder outlives any history)
                failures = state.failures + 1
                self._forward_state = replace(state, failures=failures, error=str(error))
                log.warning("history not written, %d samples wait: %s", self._outbox.rows, error)
                await asyncio.sleep(self._backoff.delay_s(failures, self._chance))

    async def _listen(self, open_uplinks: OpenUplinks) -> None:
        """Accept uplinks from a broker for ever."""
        failures = 0
        while True:
            try:
                async with open_uplinks() as uplinks:
                    failures = 0
                    await self._accept_all(uplinks)
            except Exception as error:  # noqa: BLE001  (listening outlives any broker)
                failures += 1
                log.warning("no uplinks: %s", error)
            await asyncio.sleep(self._backoff.delay_s(max(1, failures), self._chance))

    async def _accept_all(self, uplinks: AsyncIterator[Uplink]) -> None:
        async for uplink in uplinks:
            try:
                await self.accept(uplink)
            except PlantroomError as error:
                log.warning("uplink of %s not stored: %s", uplink.dev_eui, error)


def _next_due(due: float, every_s: float, now: float) -> float:
    """The next beat of the period that is not past: polls that were missed are not made up for."""
    return due + every_s * max(1, math.ceil((now - due) / every_s))


def _samples(found: Sequence[Reading], at: dt.datetime) -> Samples:
    """All readings of one instant as columns."""
    return Samples(
        points=tuple(reading.point for reading in found),
        index=np.arange(len(found), dtype=np.int32),
        ts=np.full(len(found), int(at.timestamp()), dtype=np.int64),
        value=np.array([reading.value for reading in found], dtype=np.float64),
        status=np.array([reading.status for reading in found], dtype=np.uint8),
    )
