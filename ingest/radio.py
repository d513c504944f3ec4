"""LoRaWAN uplinks: a frame is on disk before it is acknowledged, gaps of the frame counter are counted with it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from ingest.driver import Line
from ingest.frame_counts import FrameCounts
from ingest.line_state import Backoff
from ingest.quality import Plausibility
from ingest.tasks import stop_all
from ingest.uplinks import Uplink, readings
from ingest.watch import Watch, columns
from ontology.errors import NotFound, PlantroomError

log = logging.getLogger(__name__)

OpenUplinks = Callable[[], AbstractAsyncContextManager[Any]]
"""Gives an async context manager over an async iterator of Uplink, such as `MqttUplinks`."""
_IN_FLIGHT: Final = 512
"""Uplinks of a broker on their way to the disk at once: they share a sync, and a flood waits in the broker."""


class Radio:
    """The sensors that send by themselves."""

    def __init__(self, lines: Iterable[Line], watch: Watch, plausibility: Plausibility) -> None:
        self._watch = watch
        self._plausibility = plausibility
        self._counts = FrameCounts()
        self._by_eui = {line.options.get("dev_eui", "").lower(): line for line in lines}

    def remember(self) -> None:
        """Frame counters and losses as the outbox kept them: gaps are seen over a restart too."""
        counters = self._watch.intake.outbox.counters
        for eui, line in self._by_eui.items():
            if f"f_cnt:{eui}" in counters:
                self._counts.highest[eui] = counters[f"f_cnt:{eui}"]
            self._watch.update(line.name, lost=counters.get(f"lost:{eui}", 0))

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
        lost = max(0, self._watch.state(line.name).lost + step.lost)
        self._watch.update(line.name, lost=lost)
        counters = {
            f"f_cnt:{uplink.dev_eui}": self._counts.highest[uplink.dev_eui],
            f"lost:{uplink.dev_eui}": lost,
        }
        samples = columns(found, uplink.at)
        taken = await self._watch.intake.take(samples, counters, source=line.name)
        if step.lost > 0:
            log.warning("%s: %d frames lost before frame %d", line.name, step.lost, uplink.f_cnt)
        self._watch.took(line.name, taken)
        self._watch.good(line, found)
        return len(found)

    async def listen(self, open_uplinks: OpenUplinks, backoff: Backoff) -> None:
        """Accept uplinks from a broker for ever."""
        chance = random.Random()  # noqa: S311  (jitter, not secrets)
        failures = 0
        while True:
            try:
                async with open_uplinks() as uplinks:
                    failures = 0
                    await self._accept_all(uplinks)
            except Exception as error:  # noqa: BLE001  (listening outlives any broker)
                failures += 1
                log.warning("no uplinks: %s", error)
            await asyncio.sleep(backoff.delay_s(max(1, failures), chance))

    async def _accept_all(self, uplinks: AsyncIterator[Uplink]) -> None:
        """Many at once, so that they share the outbox's sync; no more than `_IN_FLIGHT`."""
        room = asyncio.Semaphore(_IN_FLIGHT)
        busy: set[asyncio.Task[None]] = set()
        try:
            async for uplink in uplinks:
                await room.acquire()
                task = asyncio.create_task(self._accept_one(uplink, room))
                busy.add(task)
                task.add_done_callback(busy.discard)
        finally:
            if busy:
                await asyncio.wait(busy, timeout=5.0)
            await stop_all(busy)

    async def _accept_one(self, uplink: Uplink, room: asyncio.Semaphore) -> None:
        try:
            await self.accept(uplink)
        except PlantroomError as error:
            log.warning("uplink of %s not stored: %s", uplink.dev_eui, error)
        finally:
            room.release()
