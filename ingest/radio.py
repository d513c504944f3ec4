"""LoRaWAN uplinks: on disk before they are acknowledged, gaps of the frame counter counted with them, floods bounded."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np

from ingest.driver import Line, Reading
from ingest.frame_counts import FrameCounts, Step
from ingest.line_state import Backoff
from ingest.quality import Plausibility
from ingest.rejects import Rejects
from ingest.uplinks import Uplink, readings
from ingest.watch import STALE_PERIODS, Watch
from ontology.errors import Corrupt, NotFound, PlantroomError, Refused
from ontology.history import Samples
from ontology.kinds import Ref
from ontology.time import UTC

log = logging.getLogger(__name__)

OpenUplinks = Callable[[], AbstractAsyncContextManager[Any]]
"""Gives an async context manager over an async iterator of Uplink, such as `MqttUplinks`."""
_RATE_S: Final = 1.0
"""Uplinks a second, in the sensor's own time, that one sensor may send: radio rules allow far fewer."""
_BURST: Final = 1_000.0
"""How many it may send ahead of that: frames without a time of their own after a night without us."""


@runtime_checkable
class Batched(Protocol):
    """Uplinks many at once; asking for the next batch says that the one before is safe."""

    rejects: Rejects

    def batches(self) -> AsyncIterator[list[Uplink]]:
        """Without end; raises DeviceSilent when the broker is gone."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One uplink made out: whose, what it says, what its counter says."""

    line: Line
    uplink: Uplink
    step: Step
    found: list[Reading]


class Radio:
    """The sensors that send by themselves."""

    def __init__(self, lines: Iterable[Line], watch: Watch, plausibility: Plausibility) -> None:
        self._watch = watch
        self._plausibility = plausibility
        self._counts = FrameCounts()
        self._by_eui = {line.options.get("dev_eui", "").lower(): line for line in lines}
        self._tokens: dict[str, tuple[float, dt.datetime]] = {}
        self.rejects = Rejects()
        """What came and was turned away, by kind: for people to see."""

    def remember(self) -> None:
        """Frame counters and losses as the outbox kept them: gaps are seen over a restart too."""
        counters = self._watch.intake.outbox.counters
        for eui, line in self._by_eui.items():
            if f"f_cnt:{eui}" in counters:
                self._counts.highest[eui] = counters[f"f_cnt:{eui}"]
            self._watch.update(line.name, lost=counters.get(f"lost:{eui}", 0))

    async def accept(self, uplink: Uplink) -> int:
        """Store what a sensor sent; durable when it returns the number of samples.

        Raises NotFound for a sensor without a line, Corrupt where the payload is not of its codec,
        Refused where it sends more than a sensor can.
        """
        try:
            heard = self._hear(uplink)
        except PlantroomError as error:
            self._reject(uplink, error)
            raise
        return await self._store([heard])

    async def accept_all(self, uplinks: Iterable[Uplink]) -> int:
        """Store many with one sync of the disk; those that cannot be read are counted in `rejects`."""
        heard: list[_Heard] = []
        for uplink in uplinks:
            try:
                heard.append(self._hear(uplink))
            except PlantroomError as error:
                self._reject(uplink, error)
        return await self._store(heard) if heard else 0

    async def listen(self, open_uplinks: OpenUplinks, backoff: Backoff) -> None:
        """Accept uplinks from a broker for ever; what could not be stored is not acknowledged."""
        chance = random.Random()  # noqa: S311  (jitter, not secrets)
        failures = 0
        while True:
            try:
                async with open_uplinks() as uplinks:
                    if isinstance(uplinks, Batched):
                        uplinks.rejects = self.rejects
                    async for batch in _batches(uplinks):
                        await self.accept_all(batch)
                        failures = 0
            except Exception as error:  # noqa: BLE001  (listening outlives any broker)
                failures += 1
                log.warning("no uplinks: %s", error)
            await asyncio.sleep(backoff.delay_s(max(1, failures), chance))

    def _hear(self, uplink: Uplink) -> _Heard:
        line = self._by_eui.get(uplink.dev_eui)
        if line is None:
            raise NotFound(
                f"no line for the LoRaWAN device {uplink.dev_eui}",
                hint='add a [[line]] with protocol "lorawan" and this dev_eui',
            )
        self._spend(uplink)
        step = self._counts.see(uplink.dev_eui, uplink.f_cnt, uplink.at)
        judge = self._plausibility.judge
        return _Heard(line, uplink, step, [judge(reading) for reading in readings(line, uplink)])

    def _spend(self, uplink: Uplink) -> None:
        """Raise Refused where the sensor is ahead of what it may send."""
        left, since = self._tokens.get(uplink.dev_eui, (_BURST, uplink.at))
        earned = max(0.0, (uplink.at - since).total_seconds()) * _RATE_S
        left = min(_BURST, left + earned)
        self._tokens[uplink.dev_eui] = (max(0.0, left - 1.0), max(since, uplink.at))
        if left < 1.0:
            raise Refused(
                f"{uplink.dev_eui} sends more than a sensor can",
                hint="two senders use one EUI, or something replays: look into the network server",
            )

    async def _store(self, heard: Sequence[_Heard]) -> int:
        """Samples and counters together in one transaction; then what people see."""
        counters: dict[str, int] = {}
        for one in heard:
            eui, name = one.uplink.dev_eui, one.line.name
            lost = self._watch.state(name).lost
            if one.step.lost:
                lost = max(0, lost + one.step.lost)
                self._watch.update(name, lost=lost)
            counters[f"f_cnt:{eui}"] = self._counts.highest[eui]
            counters[f"lost:{eui}"] = lost
        samples = _columns(heard)
        source = heard[0].line.name if len(heard) == 1 else "LoRaWAN"
        taken = await self._watch.intake.take(samples, counters, source=source)
        for one in heard:
            if one.step.lost > 0:
                name, f_cnt = one.line.name, one.uplink.f_cnt
                log.info("%s: %d frames lost before frame %d", name, one.step.lost, f_cnt)
            self._heard_of(one)
        if len(heard) == 1:
            self._watch.took(source, taken)
        return len(samples)

    def _heard_of(self, one: _Heard) -> None:
        """The sensor is well, unless this is only what a broker kept of it: that may be days old."""
        age = self._watch.intake.clock.now() - one.uplink.at
        if age.total_seconds() <= STALE_PERIODS * one.line.every_s:
            self._watch.good(one.line, one.found)
            return
        count = self._watch.state(one.line.name).samples + len(one.found)
        self._watch.update(one.line.name, samples=count)

    def _reject(self, uplink: Uplink, error: PlantroomError) -> None:
        """Count it, and say at its line that what came could not be read."""
        line = self._by_eui.get(uplink.dev_eui)
        source = line.name if line else uplink.dev_eui
        why = str(error).replace(uplink.payload.hex(), "...") if uplink.payload else str(error)
        now = dt.datetime.now(UTC)
        if self.rejects.add(source, why, now, hint=error.hint, example=uplink.payload.hex()):
            log.warning("uplink of %s not stored: %s", source, why)
        if line is not None and isinstance(error, Corrupt):
            self._watch.update(line.name, health="failing", error=why, hint=error.hint)


async def _batches(uplinks: Any) -> AsyncIterator[list[Uplink]]:
    """From a source that gives many at once, or one by one."""
    if isinstance(uplinks, Batched):
        async for batch in uplinks.batches():
            yield batch
    else:
        async for uplink in uplinks:
            yield [uplink]


def _columns(heard: Sequence[_Heard]) -> Samples:
    """The readings of many uplinks as columns."""
    place: dict[Ref, int] = {}
    rows = [
        (place.setdefault(reading.point, len(place)), at, reading.value, reading.status)
        for one in heard
        for at in (int(one.uplink.at.timestamp()),)
        for reading in one.found
    ]
    index, ts, value, status = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Samples(
        points=tuple(place),
        index=np.array(index, dtype=np.int32),
        ts=np.array(ts, dtype=np.int64),
        value=np.array(value, dtype=np.float64),
        status=np.array(status, dtype=np.uint8),
    )
