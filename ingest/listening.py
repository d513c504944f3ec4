"""Listening to devices that report changes by themselves, between polls; subscriptions come back with the device."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from ingest.driver import Driver, Line, Listener
from ingest.line_state import Backoff
from ingest.quality import Plausibility
from ingest.tasks import stop_all
from ingest.watch import Watch, columns

log = logging.getLogger(__name__)


class Listening:
    """One line's own reports of change. Polls of the line go on beside it as the safety net."""

    def __init__(
        self,
        line: Line,
        open_line: Callable[[Line], Driver],
        watch: Watch,
        plausibility: Plausibility,
        backoff: Backoff,
    ) -> None:
        self._line = line
        self._open_line = open_line
        self._watch = watch
        self._plausibility = plausibility
        self._backoff = backoff
        self._chance = random.Random()  # noqa: S311  (jitter, not secrets)
        self._failures = 0
        self._hearing: asyncio.Task[bool] | None = None

    def renew(self) -> None:
        """Subscribe anew at once: the device was away, and what restarted has forgotten its subscribers."""
        self._failures = 0
        if self._hearing is not None:
            self._hearing.cancel()

    async def run(self) -> None:
        """Listen for ever; ends only where the driver cannot listen at all."""
        able = True
        while able:
            hearing = self._hearing = asyncio.create_task(self._hear())
            try:
                await asyncio.wait({hearing})
            finally:
                await stop_all([hearing])
            self._watch.update(self._line.name, listening=False)
            able = await self._after(hearing)

    async def _after(self, hearing: asyncio.Task[bool]) -> bool:
        """Whether to listen again, once the waiting is over."""
        error = None if hearing.cancelled() else hearing.exception()
        if error is None:
            return hearing.cancelled() or hearing.result()
        self._failures += 1
        log.warning("%s: reports no changes now, polls go on: %s", self._line.name, error)
        await asyncio.sleep(self._backoff.delay_s(self._failures, self._chance))
        return True

    async def _hear(self) -> bool:
        """Take changes until the driver ends; False where it cannot listen."""
        async with self._open_line(self._line) as driver:
            if not isinstance(driver, Listener):
                log.warning("%s: %s cannot report changes", self._line.name, self._line.protocol)
                return False
            async for found in driver.changes(self._line.registers):
                self._failures = 0
                judged = [self._plausibility.judge(reading) for reading in found]
                samples = columns(judged, self._watch.intake.clock.now())
                taken = await self._watch.intake.take(samples, source=self._line.name)
                self._watch.took(self._line.name, taken)
                self._watch.changed(self._line, judged)
        await asyncio.sleep(self._backoff.first_s)  # a driver that ends at once must not spin
        return True
