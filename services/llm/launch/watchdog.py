"""Whether a ready replica still lives, judged by its work: bytes, counters and canaries, never by /health's word.

A busy server proves life by counters that only its engine's steps move, so that a long prompt or a long queue is not
taken for death, however late it answers. Where nothing has moved for `canary_every_s` one token is asked; a replica is
frozen when that is not answered in `canary_s` and nothing else has moved meanwhile, or when the gateway has waited
`quiet_s` for a byte and the counters have stood still as long. So an idle replica counts as frozen after at most
canary_every_s + canary_s and one look, a busy one after quiet_s.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ontology.errors import ModelSilent, PlantroomError
from services.llm.box import Replica, Watch
from services.llm.launch.backends import Backend, Busy, Counters, WrongAnswer
from services.llm.launch.group import Program, lives
from services.llm.traffic import Seen, Traffic, Turn

ILL_LOOKS = 2
"""Looks at which /health says 503 or nobody listens, with no 200 between them: once may be a moment's."""
WRONG_CANARIES = 2


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at `at` (monotonic seconds). None: could not be told."""

    at: float
    healthy: bool | None = None
    counters: Counters | None = None
    seen: Seen | None = None


class Watchdog:
    """Pure: told what was seen, it says what is wrong. Time comes with what it is told."""

    def __init__(self, watch: Watch, at: float) -> None:
        self._watch = watch
        self.life_at = at
        """When it last proved life."""
        self._progress: tuple[float, ...] | None = None
        self._ill = self._wrong = 0

    def look(self, look: Look) -> str:
        """Why it counts as dead; "" while it lives."""
        self._note_life(look)
        self._ill = 0 if look.healthy else self._ill + (look.healthy is False)
        if self._ill >= ILL_LOOKS:
            return "its engine is dead: /health says 503, or nobody listens, while its API program lives on"
        quiet = look.seen.quiet_s if look.seen else None
        if look.seen is None or quiet is None:
            return ""
        still = look.at - self.life_at
        if min(quiet, still) >= self._watch.quiet_s:
            return (
                f"frozen: {look.seen.in_flight} requests in flight, no byte for {quiet:.0f} s, "
                f"its counters have not moved for {still:.0f} s"
            )
        return ""

    def wants_canary(self, at: float) -> bool:
        """Nothing proves life any more: ask. A server that works is never asked."""
        return at - self.life_at >= self._watch.canary_every_s

    def answered(self, at: float) -> None:
        """A canary came back, or was refused by a server that is alive."""
        self.life_at = at
        self._wrong = 0

    def unanswered(self, asked_at: float, at: float) -> str:
        """A canary was not answered in time. Why it counts as dead; "" where something else has moved meanwhile."""
        if self.life_at > asked_at or at - self.life_at < self._watch.quiet_s:
            return ""
        return f"frozen: one token asked and not given in {at - asked_at:.0f} s, nothing has moved for {at - self.life_at:.0f} s"  # fmt: skip

    def answered_wrongly(self, why: str) -> str:
        """A canary failed with an error or nonsense. Why it counts as dead; "" for the first."""
        self._wrong += 1
        return f"{self._wrong} canaries failed: {why}" if self._wrong >= WRONG_CANARIES else ""

    def _note_life(self, look: Look) -> None:
        if look.counters is not None:
            if self._progress not in (None, look.counters.progress):
                self.life_at = look.at
            self._progress = look.counters.progress
        elif self._progress is None and look.seen is not None and look.seen.quiet_s is not None and look.seen.quiet_s < self._watch.quiet_s:  # fmt: skip
            # it has never told counters: bytes through the gateway must do
            self.life_at = max(self.life_at, look.at - look.seen.quiet_s)


@dataclass(slots=True)
class Patrol:
    """Looks at one replica until it is dead. `latest` is for whoever asks how it does."""

    replica: Replica
    watch: Watch
    backend: Backend
    traffic: Traffic | None
    vital: Mapping[Program, str] = field(default_factory=dict)
    """Programs of its group that must not end, with their titles: vLLM tells of a lost worker only seconds later."""
    latest: Look | None = None
    _away: bool = False

    async def until_dead(self) -> str:
        """Returns why."""
        dog = Watchdog(self.watch, time.monotonic())
        canary: asyncio.Task[str] | None = None
        try:
            while True:
                began = time.monotonic()
                if lost := [title for one, title in self.vital.items() if not lives(one)]:
                    return f"a program of its engine is gone: {', '.join(lost)} (killed, or it crashed)"
                self.latest = await self.look()
                if why := dog.look(self.latest):
                    return why
                if canary is not None and canary.done():
                    if why := canary.result():
                        return why
                    canary = None
                if canary is None and dog.wants_canary(self.latest.at):
                    canary = asyncio.create_task(self._canary(dog))
                await asyncio.sleep(max(0.05, began + self.watch.look_every_s - time.monotonic()))
        finally:
            if canary is not None:
                canary.cancel()

    async def look(self) -> Look:
        """One look at everything that can be asked without a GPU."""
        healthy, counters, seen = await asyncio.gather(
            self.backend.healthy(), self.backend.counters(), self._seen()
        )
        return Look(time.monotonic(), healthy, counters, seen)

    async def _seen(self) -> Seen | None:
        """A gateway that was away has forgotten what it was told, and is told again."""
        if self.traffic is None:
            return None
        try:
            seen = await self.traffic.seen(self.replica.name)
            if self._away:
                await self.traffic.turn(self.replica.name, Turn.READY, "the gateway came back")
        except PlantroomError:
            self._away = True  # it restarts, or refuses us; canaries and counters go on without it
            return None
        self._away = False
        return seen

    async def _canary(self, dog: Watchdog) -> str:
        """One token, past the gateway."""
        asked_at = time.monotonic()
        within = self.watch.canary_s
        try:
            await self.backend.complete(within)
        except Busy:
            pass
        except WrongAnswer as error:
            return dog.answered_wrongly(str(error))
        except ModelSilent as error:
            now = time.monotonic()
            if now - asked_at < within * 0.9:  # refused or broken off, not waited for
                return dog.answered_wrongly(str(error))
            return dog.unanswered(asked_at, now)
        dog.answered(time.monotonic())
        return ""
