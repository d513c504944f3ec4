"""Backfill: what a device logged by itself while the way to it was broken or we were away.

The gap is noted in the outbox together with the first sample after it, so it survives any end of ours. It is
asked for in windows over a connection of its own, oldest first, each remembered when it is on disk.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
import zlib
from collections.abc import Callable
from typing import Final

from ingest.driver import Driver, Line, TrendReader
from ingest.line_state import Backoff
from ingest.quality import Plausibility
from ingest.watch import Watch
from ontology.errors import Refused
from ontology.time import UTC, Span

log = logging.getLogger(__name__)

MOST_GAP: Final = dt.timedelta(days=30)
"""How far back a device is asked: buffers of controllers hold days to weeks."""
GAP_PERIODS: Final = 2
"""A poll that is missing may be late; two are a gap."""
_LEAST_S: Final = 2.0
"""Times are whole seconds: less cannot be told from a beat."""
_WINDOW: Final = dt.timedelta(hours=6)
"""Asked for at once: what is fetched again after a crash in the middle."""
_WINDOW_S: Final = 600.0
"""A device that needs longer for six hours of its log is given up on and asked again later."""
_TRIES: Final = 8
"""How often a window is asked for whose log a device refuses: one that restarts does so for a while. With the
waits between, about two minutes."""
_PAUSE_S: Final = 0.05
"""Between answers, so that a slow device has time for its polls."""


class Backfill:
    """One line's gap, if any. What is between `_from` and `_to` (unix seconds) is still missing."""

    def __init__(
        self,
        line: Line,
        open_line: Callable[[Line], Driver],
        watch: Watch,
        plausibility: Plausibility,
        backoff: Backoff,
        *,
        turns: asyncio.Semaphore,
    ) -> None:
        """`turns` bounds how many lines are backfilled at once."""
        self._line = line
        self._open_line = open_line
        self._watch = watch
        self._plausibility = plausibility
        self._backoff = backoff
        self._turns = turns
        self._chance = random.Random()  # noqa: S311  (jitter, not secrets)
        self._logged = tuple(register for register in line.registers if register.log)
        self._refusals = 0
        self._missing = ""
        self._wake = asyncio.Event()
        counters = watch.intake.outbox.counters
        self._from = counters.get(f"gap_from:{line.name}", 0)
        self._to = counters.get(f"gap_to:{line.name}", 0)
        self._show()

    def heard(self, at: dt.datetime) -> dict[str, int]:
        """Counters to store with a poll of this time: when the line was heard, and the gap before it, if any."""
        now, line = int(at.timestamp()), self._line.name
        counters = self._watch.intake.outbox.counters
        kept = {f"heard:{line}": now}
        mark = _mark(self._line)
        before = counters.get(f"heard:{line}", now)
        if (
            counters.get(f"logs:{line}") != mark
        ):  # set up for the first time, or otherwise than before
            before = 0
        if now - before > max(_LEAST_S, GAP_PERIODS * self._line.every_s):
            self._widen(before, now)
            kept |= {
                f"gap_from:{line}": self._from,
                f"gap_to:{line}": self._to,
                f"logs:{line}": mark,
            }
        return kept

    async def run(self) -> None:
        """Fill gaps for ever, as they come; a device that fails is asked again later."""
        failures = 0
        while True:
            await self._wake.wait()
            try:
                async with self._turns, self._open_line(self._line) as driver:
                    await self._fill(driver)
                failures = 0
            except Exception as error:  # noqa: BLE001  (backfilling outlives any driver)
                failures += 1
                log.warning("%s: log not read, will try again: %s", self._line.name, error)
                await asyncio.sleep(self._backoff.delay_s(failures, self._chance))

    async def _fill(self, driver: Driver) -> None:
        if not isinstance(driver, TrendReader):
            log.warning("%s: %s has no logs to read", self._line.name, self._line.protocol)
            await self._filled_to(self._to, self._from)
            return
        while self._from < self._to:
            begun = self._from
            end = min(begun + int(_WINDOW.total_seconds()), self._to)
            try:
                async with asyncio.timeout(_WINDOW_S):
                    await self._fetch(driver, Span(_instant(begun), _instant(end)))
            except Refused as refused:
                if not self._gives_up(refused):
                    raise
            else:
                self._refusals = 0
                self._remark("")
            await self._filled_to(end, begun)

    def _gives_up(self, refused: Refused) -> bool:
        """Whether to go on without what is refused: after some tries, and at once where it is known from before."""
        self._refusals += 1
        if str(refused) != self._missing and self._refusals < _TRIES:
            return False
        self._refusals = 0
        self._remark(str(refused))
        return True

    def _remark(self, missing: str) -> None:
        """What people see of it, until a window could be read whole."""
        if missing != self._missing:
            self._missing = missing
            said = (
                f"{missing}: what it holds of our absence is not in the history" if missing else ""
            )
            self._watch.update(self._line.name, remark=said)

    async def _fetch(self, driver: TrendReader, span: Span) -> None:
        line = self._line.name
        async for samples in driver.trend(self._logged, span):
            judged = self._plausibility.judge_all(samples)
            taken = await self._watch.intake.take(judged, source=f"{line} log")
            self._watch.took(line, taken)
            count = self._watch.state(line).backfilled + taken.stored
            self._watch.update(line, backfilled=count)
            await asyncio.sleep(_PAUSE_S)

    async def _filled_to(self, end: int, begun: int) -> None:
        """Remember how far it is, unless the gap has grown at its beginning meanwhile."""
        if self._from == begun:
            self._from = end
        line = self._line.name
        counters = {f"gap_from:{line}": self._from, f"gap_to:{line}": self._to}
        await self._watch.intake.outbox.put(None, counters)
        self._show()

    def _widen(self, start: int, end: int) -> None:
        oldest = end - int(MOST_GAP.total_seconds())
        begin = self._from if self._from < self._to else start
        self._from = max(oldest, min(start, begin))
        self._to = end
        self._show()

    def _show(self) -> None:
        open_gap = self._from < self._to
        gap = Span(_instant(self._from), _instant(self._to)) if open_gap else None
        self._watch.update(self._line.name, gap=gap)
        if open_gap:
            self._wake.set()
        else:
            self._wake.clear()


def has_logs(line: Line) -> bool:
    """Whether any register of the line names a log."""
    return any(register.log for register in line.registers)


def _mark(line: Line) -> int:
    """Says which points are logged where: a new log is read from its beginning."""
    text = ";".join(sorted(f"{r.point.id}={r.log}" for r in line.registers if r.log))
    return zlib.crc32(text.encode())


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, UTC)
