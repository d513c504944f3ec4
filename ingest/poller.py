"""The poller: one task a line that never dies, readings to the outbox, the outbox to the history.

Drivers never retry and never sleep; all waiting, backing off and coming back is here.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ingest.backfill import Backfill, has_logs
from ingest.driver import Adviser, Driver, Line
from ingest.forwarder import Forwarder
from ingest.intake import Intake
from ingest.line_state import Backoff, ForwardState, LineState, OverrideSeen
from ingest.lines import POLLED, check_lines, open_driver
from ingest.listening import Listening
from ingest.outbox import Outbox
from ingest.overrides import OnOverride, Overrides
from ingest.pushed import SenderState
from ingest.quality import Plausibility
from ingest.radio import OpenUplinks, Radio
from ingest.sink import Sink
from ingest.status import IngestStatus, keep_written, line_status
from ingest.tasks import stop_all
from ingest.uplinks import Uplink
from ingest.wall_clock import WallClock
from ingest.watch import Watch, columns

_BACKFILLS: Final = 4
"""Lines backfilled at once: after an outage of ours a whole building wants its gap filled."""
_SPREAD_S: Final = 5.0
"""First polls are spread over this long, or a tenth of the period."""


class Poller:
    """Polls its lines while entered as an async context manager."""

    def __init__(
        self,
        lines: Iterable[Line],
        outbox: Outbox,
        history: Sink | None = None,
        *,
        plausibility: Plausibility | None = None,
        overrides: Iterable[OverrideSeen] = (),
        on_override: OnOverride | None = None,
        uplinks: OpenUplinks | None = None,
        open_line: Callable[[Line], Driver] = open_driver,
        backoff: Backoff | None = None,
        clock: WallClock | None = None,
        to: str = "history",
        status: Path | None = None,
        senders: Callable[[], Sequence[SenderState]] = tuple,
    ) -> None:
        """`overrides` are those known from before, so that "since" survives a restart.

        `to` says for people where samples go; `status` is the file that says how it goes, `senders` who
        pushes into the same outbox.
        """
        self._lines = {line.name: line for line in lines}
        check_lines(tuple(self._lines.values()), "lines")
        self._outbox = outbox
        self._intake = Intake(outbox, clock=clock)
        self._plausibility = plausibility or Plausibility(())
        self._overrides = Overrides(overrides, on_override)
        self._uplinks = uplinks
        self._open_line = open_line
        self._backoff = backoff or Backoff()
        self._chance = random.Random()  # noqa: S311  (jitter, not secrets)
        self._watch = Watch(self._lines.values(), self._intake)
        self._polled = [line for line in self._lines.values() if line.protocol in POLLED]
        sending = [line for line in self._lines.values() if line.protocol not in POLLED]
        self._radio = Radio(sending, self._watch, self._plausibility)
        self._forwarder: Forwarder | None = None
        if history is not None:
            self._forwarder = Forwarder(
                outbox, history, backoff=self._backoff, clock=self._intake.clock, to=to
            )
        self._listening: dict[str, Listening] = {}
        self._backfills: dict[str, Backfill] = {}
        self._status = status
        self._senders = senders
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def states(self) -> Mapping[str, LineState]:
        """Every line by name, as last seen."""
        return self._watch.states

    @property
    def overrides(self) -> Mapping[str, OverrideSeen]:
        """Points in hand now, by point id."""
        return self._overrides.seen

    @property
    def forwarding(self) -> ForwardState:
        """How the way to the history is doing."""
        if self._forwarder is not None:
            return self._forwarder.state
        box = self._outbox
        return ForwardState(
            to="", waiting=box.rows, waiting_bytes=box.bytes, dropped=box.dropped, refused=box.refused, aside=box.aside
        )  # fmt: skip

    async def status(self) -> IngestStatus:
        """Everything about ingest, for people."""
        return IngestStatus.of(
            self._intake.clock.now(),
            lines=[line_status(state) for state in self.states.values()],
            forward=self.forwarding,
            clock=self._intake.clock.state,
            quarantine=await self._outbox.quarantine(limit=20),
            senders=self._senders(),
            rejects=list(self._radio.rejects),
        )

    async def accept(self, uplink: Uplink) -> int:
        """Store what a sensor sent; durable when it returns the number of samples.

        Raises NotFound for a sensor without a line, Corrupt where the payload is not of its codec.
        """
        return await self._radio.accept(uplink)

    async def __aenter__(self) -> Self:
        self._radio.remember()
        self._watch.begin()
        now = asyncio.get_running_loop().time()
        turns = asyncio.Semaphore(_BACKFILLS)
        for n, line in enumerate(self._polled):
            wait_s = min(_SPREAD_S, line.every_s / 10) * n / len(self._polled)
            self._attend(line, turns)
            self._start(self._follow(line, now + wait_s), f"line {line.name}")
        self._start(self._watch.mark_stale(), "stale watch")
        if self._forwarder is not None:
            self._start(self._forwarder.run(), "forwarder")
        if self._uplinks is not None:
            self._start(self._radio.listen(self._uplinks, self._backoff), "uplinks")
        if self._status is not None:
            self._start(keep_written(self._status, self.status), "status file")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stop_all(self._tasks)
        self._tasks.clear()
        if self._forwarder is not None:
            await self._forwarder.finish()

    def _start(self, work: Any, name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def _attend(self, line: Line, turns: asyncio.Semaphore) -> None:
        """Beside the polls: listen to the device and read its log, where the line says so."""
        own = (line, self._open_line, self._watch, self._plausibility, self._backoff)
        if line.options.get("cov"):
            listening = self._listening[line.name] = Listening(*own)
            self._start(listening.run(), f"changes of {line.name}")
        if has_logs(line):
            backfill = self._backfills[line.name] = Backfill(*own, turns=turns)
            self._start(backfill.run(), f"log of {line.name}")

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
                failures = self._watch.state(line.name).failures + 1
                wait_s = self._backoff.delay_s(failures, self._chance)
                self._watch.stumbled(line, error, wait_s)
                await asyncio.sleep(wait_s)
                due = loop.time()

    async def _poll(self, line: Line, driver: Driver, due: float) -> None:
        loop = asyncio.get_running_loop()
        began, at = loop.time(), self._intake.clock.now()
        found = [self._plausibility.judge(r) for r in await driver.read(line.registers)]
        backfill = self._backfills.get(line.name)
        counters = backfill.heard(at) if backfill else None
        taken = await self._intake.take(columns(found, at), counters, source=line.name)
        was_away = self._watch.state(line.name).failures > 0
        self._watch.took(line.name, taken)
        self._watch.good(line, found, took_s=loop.time() - began, lag_s=max(0.0, began - due))
        if isinstance(driver, Adviser):
            self._watch.update(line.name, remark=driver.advice)
        if was_away and line.name in self._listening:
            self._listening[line.name].renew()
        self._overrides.note(found, at)
        await self._overrides.tell()


def _next_due(due: float, every_s: float, now: float) -> float:
    """The next beat of the period that is not past: polls that were missed are not made up for."""
    return due + every_s * max(1, math.ceil((now - due) / every_s))
