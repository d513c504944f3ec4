"""The forwarder: moves the outbox into the history, here or far away, for ever; either may go and come back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from dataclasses import replace
from typing import Final

from ingest.line_state import Backoff, ForwardState
from ingest.outbox import Outbox
from ingest.sink import Sink
from ingest.wall_clock import WallClock
from ontology.errors import PlantroomError

log = logging.getLogger(__name__)

GATHER_S: Final = 0.5
"""Pause before forwarding: lines polled in the same breath share one write to the history."""
STOP_S: Final = 5.0
"""How long stopping waits for the last samples to reach the history; the rest waits in the outbox."""


class Forwarder:
    """Between one outbox and one sink."""

    def __init__(
        self, outbox: Outbox, sink: Sink, *, backoff: Backoff, clock: WallClock, to: str = "history"
    ) -> None:
        """`to` says for people where samples go."""
        self._outbox = outbox
        self._sink = sink
        self._backoff = backoff
        self._clock = clock
        self._chance = random.Random()  # noqa: S311  (jitter, not secrets)
        self._state = ForwardState(to=to)

    @property
    def state(self) -> ForwardState:
        """How it goes, now."""
        box = self._outbox
        return replace(
            self._state, moved=box.moved, waiting=box.rows, waiting_bytes=box.bytes,
            dropped=box.dropped, refused=box.refused, aside=box.aside,
        )  # fmt: skip

    async def run(self) -> None:
        """Forward for ever."""
        while True:
            before = self._outbox.moved
            try:
                await self._outbox.filled()
                await asyncio.sleep(GATHER_S)
                await self._outbox.drain(self._sink)
            except Exception as error:  # noqa: BLE001  (the forwarder outlives any history)
                if self._outbox.moved > before:
                    self._well()  # some went through: the way was open for a while
                await self._stumble(error)
            else:
                self._well()

    async def finish(self) -> None:
        """Hand over what waits, for at most STOP_S; what stays is in the outbox."""
        with contextlib.suppress(TimeoutError, PlantroomError):
            async with asyncio.timeout(STOP_S):
                await self._outbox.drain(self._sink)

    def _well(self) -> None:
        self._state = ForwardState(to=self._state.to, last_moved=self._clock.now())

    async def _stumble(self, error: Exception) -> None:
        state = self._state
        failures = state.failures + 1
        if not isinstance(error, PlantroomError):
            log.error("forwarding failed", exc_info=error)
        self._state = replace(
            state,
            failures=failures,
            failing_since=state.failing_since or self._clock.now(),
            error=str(error) or type(error).__name__,
            hint=getattr(error, "hint", ""),
        )
        waiting = self._outbox.rows
        log.warning("%s not written, %d samples wait: %s", state.to, waiting, error)
        await asyncio.sleep(self._backoff.delay_s(failures, self._chance))
