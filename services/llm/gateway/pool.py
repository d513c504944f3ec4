"""The replicas and who is with them: places, the queue before them, turns. No HTTP here.

A place at a replica is taken and given back through one context manager; every number comes from the places that are
out, so none can be lost. Who finds no place waits in one queue, first come first served, bounded in length and time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ontology.errors import NotFound
from services.llm.box import Box, Replica
from services.llm.gateway.breaker import Breaker
from services.llm.gateway.errors import NobodyReady, QueueFull
from services.llm.gateway.prefixes import Blocks, Prefixes
from services.llm.gateway.routing import Candidate, choose
from services.llm.traffic import Seen, Turn


@dataclass(slots=True)
class Place:
    """A request's place at a replica, from before it is sent until its last byte or its end.

    `until` is the deadline the request is running under while it is there; `lost` says why the replica ended it.
    """

    replica: Replica
    share: float
    beat: Callable[[], None]
    until: asyncio.Timeout | None = None
    lost: str = ""

    def end(self, reason: str) -> None:
        """Its replica goes: whatever waits under the deadline wakes up now."""
        self.lost = reason
        if self.until is not None and not self.until.expired():
            self.until.reschedule(_clock())


@dataclass(slots=True, eq=False)
class _Standing:
    """A replica as the pool knows it. `last`: clock of the last byte, or of the end of its idleness."""

    replica: Replica
    turn: Turn
    reason: str
    told: bool = False
    breaker: Breaker = field(default_factory=Breaker)
    places: OrderedDict[int, Place] = field(default_factory=OrderedDict)
    last: float = 0.0
    asked: int = 0

    def beat(self, now: float) -> None:
        self.last = now


@dataclass(slots=True, eq=False)
class _Waiter:
    blocks: Blocks
    session: str
    not_at: frozenset[str]
    got: asyncio.Future[tuple[_Standing, Place]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A replica for people and for metrics."""

    name: str
    url: str
    turn: Turn
    reason: str
    in_flight: int
    quiet_s: float | None
    breaker_open: bool
    cached_blocks: int


class Pool:
    """Implements `Traffic`. Belongs to one event loop; nothing here awaits between reading and changing.

    `at_start`: the turn of all replicas before anybody has told; a supervisor's are DOWN until their gate has passed.
    """

    def __init__(self, box: Box, *, at_start: Turn = Turn.DOWN) -> None:
        self.box = box
        self._all = {
            r.name: _Standing(r, at_start, "" if at_start is Turn.READY else "not seen ready yet")
            for r in box.replicas
        }
        self._prefixes = Prefixes([replica.name for replica in box.replicas])
        self._queue: deque[_Waiter] = deque()
        self._in_flight = 0
        self._numbers = 0
        self._wakers: set[asyncio.TimerHandle] = set()

    # Traffic

    async def seen(self, replica: str) -> Seen:
        """As the contract says. A request whose answer comes in one piece gives no byte before its end."""
        standing = self._named(replica)
        return Seen(standing.turn, len(standing.places), self._quiet_s(standing))

    async def turn(self, replica: str, to: Turn, reason: str = "") -> None:
        """As the contract says. DOWN ends what is in flight there; what has not begun to stream is asked elsewhere."""
        standing = self._named(replica)
        standing.told = True
        self._turned(standing, to, reason)

    def turn_unless_told(self, replica: str, to: Turn, reason: str) -> None:
        """The same from somebody who only looks from outside: who watches the engine knows better."""
        standing = self._named(replica)
        if not standing.told and standing.turn is not to:
            self._turned(standing, to, reason)

    # What is seen of it

    @property
    def in_flight(self) -> int:
        """Requests that have a place."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """Requests that have none yet."""
        return len(self._queue)

    @property
    def ready(self) -> bool:
        """Whether at least one replica gets requests."""
        return any(one.turn is Turn.READY for one in self._all.values())

    def listed(self) -> list[Listed]:
        """All replicas, in the order of the box."""
        now = _clock()
        return [
            Listed(
                name, one.replica.base, one.turn, one.reason, len(one.places), self._quiet_s(one),
                not one.breaker.admits(now), self._prefixes.held(name),
            )
            for name, one in self._all.items()
        ]  # fmt: skip

    # Places

    @asynccontextmanager
    async def place(
        self, blocks: Blocks, session: str, wait_s: float, not_at: frozenset[str] = frozenset()
    ) -> AsyncIterator[Place]:
        """A place at the best replica, kept until the block ends; waits at most `wait_s`.

        `not_at`: replicas that failed this request already, asked again only where no other is ready.
        Raises QueueFull at once and NobodyReady after the wait.
        """
        standing, place = await self._taken(blocks, session, wait_s, not_at)
        try:
            yield place
        finally:
            self._give_back(standing, place)

    def ready_beside(self, names: Container[str]) -> bool:
        """Whether a replica is ready that is none of these."""
        return any(one.turn is Turn.READY and name not in names for name, one in self._all.items())

    def answered(self, place: Place) -> None:
        """The replica of this place is alive; its breaker closes."""
        self._named(place.replica.name).breaker.succeeded()

    def failed(self, place: Place, *, refused: bool = False) -> None:
        """The replica of this place did not answer. `refused`: nobody listens."""
        breaker = self._named(place.replica.name).breaker
        breaker.failed(_clock(), refused=refused)
        self._wake_at(breaker.open_until)

    def unknown(self, place: Place) -> None:
        """The client left before the replica had answered."""
        self._named(place.replica.name).breaker.gave_up()

    async def _taken(
        self, blocks: Blocks, session: str, wait_s: float, not_at: frozenset[str]
    ) -> tuple[_Standing, Place]:
        waiter = _Waiter(blocks, session, not_at, asyncio.get_running_loop().create_future())
        if not self._queue and self._seat(waiter):
            return waiter.got.result()
        if len(self._queue) >= self.box.gateway.most_waiting:
            raise QueueFull(f"{len(self._queue)} requests are waiting already", hint="try again later, or add a replica")  # fmt: skip
        self._queue.append(waiter)
        self._wake()
        try:
            async with asyncio.timeout(wait_s):
                return await asyncio.shield(waiter.got)
        except TimeoutError as cause:
            if waiter.got.done():  # it came in the same moment
                return waiter.got.result()
            self._queue.remove(waiter)
            raise NobodyReady(self._why_nobody(wait_s), hint=self._what_then()) from cause
        except asyncio.CancelledError:
            if waiter.got.done():
                self._give_back(*waiter.got.result())
            else:
                self._queue.remove(waiter)
            raise

    def _seat(self, waiter: _Waiter) -> bool:
        """Give a waiter a place if one is free."""
        if self._in_flight >= self.box.gateway.most_in_flight:
            return False
        now = _clock()
        ready = [one for one in self._all.values() if one.turn is Turn.READY]
        fresh = [one for one in ready if one.replica.name not in waiter.not_at]
        open_ = [one for one in fresh or ready if one.breaker.admits(now)]
        if not open_:
            return False
        shares = {one.replica.name: self._prefixes.share(one.replica.name, waiter.blocks) for one in open_}  # fmt: skip
        chosen = choose(
            [Candidate(name, len(self._all[name].places), share, self._all[name].asked) for name, share in shares.items()],
            waiter.session,
        )  # fmt: skip
        standing = self._all[chosen.name]
        waiter.got.set_result((standing, self._sit(standing, chosen.share, now)))
        self._prefixes.remember(chosen.name, waiter.blocks)
        return True

    def _sit(self, standing: _Standing, share: float, now: float) -> Place:
        self._numbers += 1
        if not standing.places:
            standing.last = now
        place = Place(standing.replica, share, lambda: standing.beat(_clock()))
        standing.places[id(place)] = place
        standing.asked = self._numbers
        standing.breaker.sent()
        self._in_flight += 1
        return place

    def _give_back(self, standing: _Standing, place: Place) -> None:
        del standing.places[id(place)]
        self._in_flight -= 1
        self._wake()

    def _wake(self) -> None:
        """Seat who can be seated, in order. Who is too picky for what is free does not hold up the others."""
        if self._in_flight >= self.box.gateway.most_in_flight or not self.ready:
            return
        for waiter in list(self._queue):
            if self._seat(waiter):
                self._queue.remove(waiter)
            elif self._in_flight >= self.box.gateway.most_in_flight:
                return

    def _wake_at(self, when: float | None) -> None:
        """When a breaker may be tried again, nobody else would wake the queue."""
        if when is None:
            return
        loop = asyncio.get_running_loop()

        def now() -> None:
            self._wakers.discard(handle)
            self._wake()

        handle = loop.call_at(when, now)
        self._wakers.add(handle)

    # Turns

    def _turned(self, standing: _Standing, to: Turn, reason: str) -> None:
        if to is Turn.READY and standing.turn is not Turn.READY:
            standing.breaker.reset()
        if to is Turn.DOWN:
            self._prefixes.forget(standing.replica.name)
            for place in standing.places.values():
                place.end(reason or "it was taken down")
        standing.turn, standing.reason = to, reason
        self._wake()

    def _named(self, replica: str) -> _Standing:
        try:
            return self._all[replica]
        except KeyError:
            raise NotFound(f"the gateway has no replica {replica!r}", hint=f"it has: {', '.join(self._all)}") from None  # fmt: skip

    def _quiet_s(self, standing: _Standing) -> float | None:
        return max(0.0, _clock() - standing.last) if standing.places else None

    def _why_nobody(self, wait_s: float) -> str:
        turns = ", ".join(f"{name} {one.turn}" for name, one in self._all.items())
        return f"no replica was free within {wait_s:g} s ({turns}; {self._in_flight} in flight)"

    def _what_then(self) -> str:
        if self.ready:
            return "try again later; raise gateway.most_in_flight or add a replica if this stays"
        return "see `plantroom llm status` for why none is ready"


def _clock() -> float:
    return asyncio.get_running_loop().time()
