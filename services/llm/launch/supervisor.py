"""The life of one replica: ground freed, started, gated, watched, ended as a whole, started again; until it is told to stop.

The gateway is told before anything is killed, and told READY only behind the gate. An external server is nobody's
child: it is gated and watched the same way, routed around while it is ill, and never started or stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ontology.errors import PlantroomError
from services.llm.box import Box, Replica
from services.llm.launch.backends import DIALECTS, Backend, WrongAnswer
from services.llm.launch.causes import cause_of
from services.llm.launch.command import command
from services.llm.launch.gate import pass_gate
from services.llm.launch.group import Group, free_the_ground, titled
from services.llm.launch.log import BoundedLog
from services.llm.launch.standing import SETTLED, Fall, Standing, State
from services.llm.launch.watchdog import Look, Patrol
from services.llm.traffic import Traffic, Turn

GRACE_S = 20.0
"""After SIGTERM where it is asked to stop; vLLM takes some seconds to free its GPUs."""
FROZEN_GRACE_S = 2.0
"""A frozen group does not hear SIGTERM, and each second is one without this replica."""
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 1.0, 60.0
NOTE_EVERY_S = 5.0
DRAIN_LOOK_S = 0.2
SHOWN_LINES = 12


class Supervisor:
    """`run` until `stop`; `restart` asks for a new life and waits until it is ready. One event loop, one caller each."""

    def __init__(
        self,
        box: Box,
        replica: Replica,
        folder: Path,
        traffic: Traffic | None = None,
        *,
        key: str = "",
        heard: Callable[[str, Standing], None] | None = None,
    ) -> None:
        self.replica = replica
        self._box, self._watch = box, box.watch
        self._traffic = traffic
        self._heard = heard
        self._log = BoundedLog(folder / f"{replica.name}.log")
        self._note = folder / f"{replica.name}.json"
        self._backend = Backend(box, replica, key=key)
        self._falls: deque[float] = deque(maxlen=1 + box.watch.most_restarts)
        self._wish = asyncio.Event()
        self._stopping = self._was_ready = False
        self._lives = 0
        self._changed = asyncio.Condition()
        self._patrol: Patrol | None = None
        self._group: Group | None = None
        self.standing = Standing(State.STOPPED, datetime.now(UTC))

    @property
    def log_path(self) -> Path:
        """Where the engine's own words are."""
        return self._log.path

    @property
    def latest(self) -> Look | None:
        """What the watchdog saw last; None while there is nothing to watch."""
        return self._patrol.latest if self._patrol else None

    def pids(self) -> list[int]:
        """Of everything that belongs to it now."""
        return [one.pid for one in self._group.look()] if self._group else []

    async def run(self) -> None:
        """Lives until `stop`. A replica that failed stays so until `restart`. Raises nothing but cancellation."""
        backoff = FIRST_BACKOFF_S
        try:
            async with self._backend:
                while not self._stopping:
                    backoff = await self._rest_after(await self._live(), backoff)
        finally:
            if self._group is not None:  # cancelled
                await self._group.end(grace_s=FROZEN_GRACE_S)
            await self._stand(State.STOPPED, doing="")
            self._log.close()

    def stop(self) -> None:
        """Ask `run` to end the group and return; drains nothing by itself."""
        self._stopping = True
        self._wish.set()

    async def drain(self, reason: str = "it is restarted") -> None:
        """No new requests, until none is in flight or `drain_s` is over."""
        if self.standing.state is not State.READY:
            return
        await self._stand(State.DRAINING, doing="waits for the answers in flight")
        await self._turn(Turn.DRAINING, reason)
        deadline = time.monotonic() + self._watch.drain_s
        while time.monotonic() < deadline and await self.in_flight():  # noqa: ASYNC110  (asked, not told)
            await asyncio.sleep(DRAIN_LOOK_S)

    async def in_flight(self) -> int:
        """Requests there now, as the gateway or else its own counters tell; 0 where nobody knows."""
        if self._traffic is not None:
            with contextlib.suppress(PlantroomError):
                return (await self._traffic.seen(self.replica.name)).in_flight
        counters = await self._backend.counters()
        return int((counters.running or 0) + (counters.waiting or 0)) if counters else 0

    async def restart(self) -> Standing:
        """Drain, end, start again; returns how it stands once it is ready or has fallen."""
        await self.drain()
        self._falls.clear()
        self._wish.set()
        return await self.settled(after=self._lives)

    async def settled(self, *, after: int = 0) -> Standing:
        """How it stands once it is ready, or has fallen, in a life later than number `after`."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self.standing.state in SETTLED and (self._lives > after or self._stopping)
            )
        return self.standing

    @property
    def _external(self) -> bool:
        return self._box.engine.kind == "external"

    async def _live(self) -> Fall:
        """One life, from start to end."""
        self._wish.clear()
        self._lives += 1
        self._was_ready = False
        await self._turn(Turn.DOWN, "it starts")
        try:
            await self._stand(State.STARTING, doing="frees its ground")
            if not self._external:
                self._group = await self._begin()
            fall = await self._until_fall()
        except PlantroomError as error:
            fall = Fall(str(error), error.hint)
        fall = self._explained(fall)
        await self._turn(Turn.DOWN, fall.reason)
        try:
            await self._end(fall)
        except PlantroomError as error:
            return Fall(f"{fall.reason}; {error}", error.hint, final=True)
        return fall

    async def _begin(self) -> Group:
        self._log.forget()
        made = command(self._box, self.replica)
        await free_the_ground(self._note, self.replica.host, self.replica.port, self._log)
        self._log.say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} starts {made.argv[0]}")
        return await Group.begin(made.argv, made.env, self._log, self._note)

    async def _until_fall(self) -> Fall:
        """Gate, then watch; whatever ends it first: the work, its programs, or a wish."""
        work = asyncio.create_task(self._gate_and_watch())
        ends = [asyncio.create_task(self._wish.wait())]
        if self._group is not None:
            ends.append(asyncio.create_task(self._group.exited.wait()))
        try:
            await asyncio.wait([work, *ends], return_when=asyncio.FIRST_COMPLETED)
            if self._wish.is_set():
                return Fall("it was asked to stop", wished=True)
            if self._group is not None and self._group.exited.is_set():
                return Fall(f"its program ended with {_code(self._group.code)}")
            return work.result()
        finally:
            for task in (work, *ends):
                task.cancel()
            await asyncio.gather(work, *ends, return_exceptions=True)
            self._patrol = None

    async def _gate_and_watch(self) -> Fall:
        try:
            await pass_gate(self._box, self._backend, self._say)
        except WrongAnswer as error:
            return Fall(str(error), error.hint, final=not self._external)
        dialect = DIALECTS.get(self._box.engine.kind)
        vital = titled(self._group.look(), dialect.vital) if self._group and dialect and dialect.vital else {}  # fmt: skip
        self._patrol = Patrol(self.replica, self._watch, self._backend, self._traffic, vital)
        self._was_ready = True
        await self._turn(Turn.READY)
        await self._stand(State.READY, doing="")
        noting = asyncio.create_task(self._keep_note())
        try:
            why = await self._patrol.until_dead()
        finally:
            noting.cancel()
        return Fall(why, "the log's last lines may say more", frozen=True)

    async def _keep_note(self) -> None:
        """Workers come late: the note that a later run finds leftovers by follows."""
        while self._group is not None:
            await asyncio.to_thread(self._group.look)
            await asyncio.sleep(NOTE_EVERY_S)

    def _explained(self, fall: Fall) -> Fall:
        """The cause that its last lines show, where it fell by itself."""
        cause = None if fall.wished or self._external else cause_of(self._log.last(400))
        if cause is None:
            return fall
        # one that was ready with this very box can be so again
        final = fall.final or (cause.final and not self._was_ready)
        return Fall(f"{fall.reason}: {cause.says}", cause.hint, final, frozen=fall.frozen)

    async def _end(self, fall: Fall) -> None:
        if self._group is None:
            return
        await self._stand(State.STOPPING, doing="ends its programs")
        self._log.say(f"ended: {fall.reason}")
        await self._group.end(grace_s=FROZEN_GRACE_S if fall.frozen else GRACE_S)
        self._group = None

    async def _rest_after(self, fall: Fall, backoff: float) -> float:
        """Out of service as long as its fall asks for; the seconds that the next rest takes."""
        if self._stopping or fall.wished:
            return FIRST_BACKOFF_S
        if self._is_hopeless(fall):
            await self._rest(State.FAILED, fall, None)
            self._falls.clear()
            return FIRST_BACKOFF_S
        if self._was_ready:
            backoff = FIRST_BACKOFF_S
        await self._rest(State.ILL if self._external else State.WAITING, fall, backoff)
        longest = self._watch.canary_every_s if self._external else LONGEST_BACKOFF_S
        return min(longest, backoff * 2)

    def _is_hopeless(self, fall: Fall) -> bool:
        """A cause that stays, or too many falls in too short a time."""
        if self._external:
            return False
        now = time.monotonic()
        self._falls.append(now)
        lately = sum(now - at <= self._watch.restarts_within_s for at in self._falls)
        return fall.final or lately > self._watch.most_restarts

    async def _rest(self, state: State, fall: Fall, seconds: float | None) -> None:
        """Out of service for so long, None: until somebody asks for a restart."""
        lines = tuple(self._log.last(SHOWN_LINES)) if state is State.FAILED else ()
        doing = f"tries again in {seconds:g} s" if seconds else "waits for `plantroom llm restart`"
        async with self._changed:
            self.standing = replace(self.standing, restarts=self.standing.restarts + (state is State.WAITING))  # fmt: skip
        await self._stand(state, doing=doing, reason=fall.reason, hint=fall.hint, lines=lines)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wish.wait(), seconds)

    async def _stand(self, state: State, *, doing: str, **more: object) -> None:
        async with self._changed:
            since = self.standing.since if state is self.standing.state else datetime.now(UTC)
            self.standing = replace(self.standing, state=state, since=since, doing=doing, **more)  # type: ignore[arg-type]
            self._changed.notify_all()
        self._tell()

    def _tell(self) -> None:
        if self._heard is not None:
            self._heard(self.replica.name, self.standing)

    def _say(self, doing: str) -> None:
        self.standing = replace(self.standing, doing=doing)
        self._tell()

    async def _turn(self, to: Turn, reason: str = "") -> None:
        """The gateway is told; one that is away must not hold up a restart, the patrol tells it later."""
        if self._traffic is not None:
            with contextlib.suppress(PlantroomError):
                await self._traffic.turn(self.replica.name, to, reason)


def _code(code: int | None) -> str:
    if code is not None and code > 128:
        return f"signal {code - 128}"
    return f"code {code}"
