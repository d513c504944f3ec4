"""Change-of-value reports: subscriptions of one line, kept alive over lifetimes, lost packets and restarts.

A device forgets its subscriptions when it restarts and tells nobody. So every subscription is
renewed at half its lifetime, and in between one cheap read asks whether the device is still the
one it was: when it restarted, which revision its database has, or, where it tells neither, whether
it was away. An I-Am only hastens that read, because devices also say it to anybody who asks.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from typing import Final

from bacpypes3.pdu import Address

from ingest.drivers.bacnet.port import Arrival
from ingest.drivers.bacnet.remote import Nack, Remote
from ingest.drivers.bacnet.services import (
    DATABASE_REVISION,
    DEVICE,
    RESTART_TIME,
    SUBSCRIBE_COV,
    SYSTEM_STATUS,
    Notification,
    ObjectId,
    Values,
    subscribe,
    unsubscribe,
)
from ontology.errors import DeviceSilent

_LOG = logging.getLogger(__name__)

_BEAT_S: Final = 30.0
"""How often the device is asked whether it is still the one it was; sooner where lifetimes are short."""
_BEATS: Final = 8
"""At least so often within a lifetime."""
_SILENT_MOST: Final = 2
"""Requests without an answer, one after another, before the device is called silent."""
_REFUSED_SHOWN: Final = 8
_IDENTITY: Final = ((SYSTEM_STATUS, None), (DATABASE_REVISION, None), (RESTART_TIME, None))
_IDENTITY_BYTES: Final = 60
KEPT_LEAST: Final = 1_024


class Subscriptions:
    """The subscriptions of one line's objects; `notifications` waits for what they bring."""

    def __init__(
        self,
        remote: Remote,
        device: int,
        objects: Sequence[ObjectId],
        *,
        lifetime_s: int,
        confirmed: bool = False,
    ) -> None:
        self._remote = remote
        self._device = ObjectId(DEVICE, device)
        self._lifetime_s = lifetime_s
        self._confirmed = confirmed
        self._beat_s = min(_BEAT_S, max(0.2, lifetime_s / _BEATS))
        self._due: dict[ObjectId, float] = dict.fromkeys(objects, 0.0)
        self.refused: set[ObjectId] = set()
        """Objects whose device takes no subscription for them: they are polled."""
        self._next_beat = 0.0
        self._identity: Mapping[int, Values] | None = None
        self._away = False
        self._misses = 0
        self._news = False
        self._kept: deque[Notification] = deque(maxlen=max(KEPT_LEAST, 4 * len(objects)))
        self.lost = 0
        """Notifications dropped because nobody took them in time."""
        self._woken = asyncio.Event()
        self._process = 0

    async def notifications(self) -> AsyncGenerator[list[Notification]]:
        """Notifications in the order they came, without end. Raises DeviceSilent when the device is gone."""
        port = self._remote.port
        if port is None:
            raise self._remote.silent("the line is not open")
        self._process = port.process()
        port.app.subscribers[self._process] = self._hear
        port.app.watchers.add(self._arrived)
        try:
            while True:
                await self._look_after()
                if self._kept:
                    taken = list(self._kept)
                    self._kept.clear()
                    yield taken
                    continue
                await self._wait()
        finally:
            port.app.subscribers.pop(self._process, None)
            port.app.watchers.discard(self._arrived)
            await self._leave()

    def _hear(self, source: Address, said: Notification) -> None:
        if source != self._remote.address or said.object not in self._due:
            return  # another device's, or an object of a life before
        if len(self._kept) == self._kept.maxlen:
            self.lost += 1
            if self.lost == 1:
                _LOG.warning("%s sends more COV reports than are taken", self._name)
        self._kept.append(said)
        self._woken.set()

    def _arrived(self, arrival: Arrival) -> None:
        if arrival.source == self._remote.address:
            self._next_beat = 0.0
            self._away = self._away or not self._tells_restart
            self._woken.set()

    async def _look_after(self) -> None:
        """The one thing that is due most, if any: a sign of life, or one subscription."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_beat:
            self._next_beat = now + self._beat_s
            await self._guarded(self._ask_identity())
            return
        target = min(self._due, key=self._due.__getitem__, default=None)
        if target is not None and now >= self._due[target]:
            self._due[target] = now + self._lifetime_s / 8  # where this packet is lost
            await self._guarded(self._subscribe(target))
        elif self._news:
            self._news = False
            self._tell_refused()

    async def _guarded(self, asking: Awaitable[None]) -> None:
        """One lost packet is not the end; several in a row are."""
        try:
            await asking
        except DeviceSilent:
            self._away = True
            self._misses += 1
            if self._misses >= _SILENT_MOST:
                raise
        else:
            self._misses = 0

    async def _subscribe(self, target: ObjectId) -> None:
        octets = subscribe(self._process, target, self._lifetime_s, confirmed=self._confirmed)
        now = asyncio.get_running_loop().time()
        try:
            await self._remote.ask(SUBSCRIBE_COV, octets)
        except Nack:
            self._news = self._news or target not in self.refused
            self.refused.add(target)
            self._due[target] = (
                now + self._lifetime_s
            )  # a device short of memory may have some later
        else:
            self.refused.discard(target)
            self._due[target] = now + self._lifetime_s / 2

    async def _ask_identity(self) -> None:
        """Subscribe anew where the device is not the one it was, or was away and cannot tell."""
        answers = await self._remote.many([(self._device, _IDENTITY)], lambda _: _IDENTITY_BYTES)
        identity = {name: values for (_, name, _), values in answers.items()}
        if all(values is None for values in identity.values()):
            identity = {}
        before, self._identity = self._identity, identity
        marks = (DATABASE_REVISION, RESTART_TIME)
        restarted = before is not None and any(before.get(m) != identity.get(m) for m in marks)
        if restarted or (self._away and not self._tells_restart):
            _LOG.info("%s has restarted: subscribing to it anew", self._name)
            self._due = dict.fromkeys(self._due, 0.0)
        self._away = False

    @property
    def _tells_restart(self) -> bool:
        return self._identity is not None and self._identity.get(RESTART_TIME) is not None

    @property
    def _name(self) -> str:
        return f"bacnet device {self._device.instance}"

    def _tell_refused(self) -> None:
        some = [f"{kind},{instance}" for kind, instance in sorted(self.refused)[:_REFUSED_SHOWN]]
        more = len(self.refused) - len(some)
        _LOG.warning(
            "%s reports no changes of %d objects, which are polled: %s%s",
            self._name, len(self.refused), " ".join(some), f" and {more} more" if more else "",
        )  # fmt: skip

    async def _wait(self) -> None:
        """Until a notification comes or something is due."""
        due = min([self._next_beat, *self._due.values()])
        wait_s = due - asyncio.get_running_loop().time()
        if wait_s <= 0:
            return
        self._woken.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _leave(self) -> None:
        """Give the device its memory back, as far as it answers quickly."""
        try:
            async with asyncio.timeout(1.0):
                for target in self._due.keys() - self.refused:
                    if self._due[target]:
                        await self._remote.ask(SUBSCRIBE_COV, unsubscribe(self._process, target))
        except (DeviceSilent, Nack, TimeoutError):
            return
