"""The clock of the machine is set back and forth while devices are polled: no poll is late, no sample is lost."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from ingest.driver import Line, Reading, Register
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.wall_clock import WallClock
from ingest.watch import columns
from ontology.history import Samples
from ontology.kinds import Ref
from ontology.store.memory_history import MemoryHistory
from ontology.time import UTC

JUMPS_H = (1, -1, 3, -5, 26, -24, -24 * 365 * 50, 24 * 365 * 50)
"""Summer time done wrong, a time zone mistaken for UTC, a day, and a machine that starts in the 1970s."""
_EVERY_S = 0.05


class Counter:
    """A device that counts its polls."""

    count = 0

    def __init__(self, line: Line) -> None:
        self._line = line

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    async def read(self, registers: tuple[Register, ...]) -> list[Reading]:
        Counter.count += 1
        return [Reading(register.point, float(Counter.count)) for register in registers]


class Hands:
    """A wall clock that can be set."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta(0)

    def now(self) -> dt.datetime:
        return dt.datetime.now(UTC) + self.ahead


async def set_and_reset(folder: Path, pause_s: float) -> dict[str, float]:
    """After each jump polls must keep their beat; what is stamped impossibly is kept aside, not lost."""
    line = Line(
        "clocked", "modbus", "h", 1, every_s=_EVERY_S, registers=(Register(Ref("p"), "input:0"),)
    )
    hands, worst_s = Hands(), 0.0
    outbox = await Outbox.open(folder / "outbox.db")
    Counter.count = 0
    loop = asyncio.get_running_loop()
    try:
        async with Poller([line], outbox, open_line=Counter, clock=WallClock(hands.now)) as poller:
            for hours in JUMPS_H:
                await asyncio.sleep(pause_s)
                hands.ahead += dt.timedelta(hours=hours)
                began, before = loop.time(), poller.states["clocked"].polls
                async with asyncio.timeout(60):
                    while poller.states["clocked"].polls < before + 2:  # noqa: ASYNC110  (no event)
                        await asyncio.sleep(0.005)
                worst_s = max(worst_s, loop.time() - began)
            polls = poller.states["clocked"].polls
            jumps = (await poller.status()).clock["jumps"]
            kept = outbox.rows + outbox.aside
    finally:
        await outbox.close()
    return {
        "clock_jumps": float(len(JUMPS_H)),
        "clock_jumps_told": float(jumps),
        "clock_polls_lost": float(max(0, polls - kept)),
        "clock_next_polls_s": worst_s,
        "dst_samples_lost": await _through_summer_time(),
    }


async def _through_summer_time() -> float:
    """Two hours round both changes of the clocks of Berlin, each minute written once and found once."""
    zone, lost = ZoneInfo("Europe/Berlin"), 0
    for month, day in ((3, 29), (10, 25)):
        history, start = MemoryHistory(), dt.datetime(2026, month, day, 0, 0, tzinfo=UTC)
        batches: list[Samples] = []
        for minute in range(120):
            local = (start + dt.timedelta(minutes=minute)).astimezone(zone)
            batches.append(columns([Reading(Ref("p"), float(minute))], local))
        for batch in batches:
            await history.write(batch)
        ts = np.unique(np.concatenate([batch.ts for batch in batches]))
        lost += 120 - len(ts)
    return float(lost)
