"""A run is a task of the server that writes an event log; a reader is a cursor over that log.

So a run goes on when the reader's link is lost, and a reader that comes back with the number of the
last event it saw gets every later event exactly once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from agent.events import Answer, Done, Event, Failed, Note, Token, to_json
from agent.plan import Question
from ontology.errors import Conflict, NotFound, PlantroomError, Unavailable
from services.api.runlog import (
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    RunLog,
    RunRow,
    Thread,
    finished,
)
from services.api.system import Asks

MAX_EVENTS: Final = 10_000
"""Events of one run: a 4,000-token answer, twice, with room for its steps."""
MAX_ACTIVE: Final = 8
"""Runs at the same time: on two cores more would only make everyone wait longer."""
MAX_IN_MEMORY: Final = 64
"""Finished runs kept in memory for quick reloads; older ones come from disk."""
RUN_TIMEOUT_S: Final = 300.0
FLUSH_S: Final = 0.5
"""Events reach the disk at most this late; a server killed in between says the run was interrupted."""
PING_S: Final = 15.0

_log = logging.getLogger(__name__)


@dataclass
class Run:
    """One question being answered, or answered. Event `seq` counts from 1."""

    row: RunRow
    events: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None
    on_disk: int = 0

    @property
    def over(self) -> bool:
        return self.row.state != RUNNING


class Runner:
    """Starts, follows and stops runs. One per server; every method runs on the server's loop."""

    def __init__(self, engineer: Asks, log: RunLog, *, timeout_s: float = RUN_TIMEOUT_S) -> None:
        self._engineer = engineer
        self._log = log
        self._timeout_s = timeout_s
        self._runs: dict[str, Run] = {}

    async def start(self, id: str, question: Question) -> tuple[Run, bool]:
        """The run with this id, and whether this call began it. Raises Conflict for another question."""
        with contextlib.suppress(NotFound):
            await self.get(id)
        if run := self._runs.get(id):
            if (run.row.question, run.row.thread) != (question.text, question.thread):
                raise Conflict(f"{id} is another question's id", hint="use a fresh UUID")
            return run, False
        if sum(not run.over for run in self._runs.values()) >= MAX_ACTIVE:
            raise Unavailable(
                f"{MAX_ACTIVE} questions are being answered", hint="ask again in a minute"
            )
        row = RunRow(id, question.thread, question.text, question.now.isoformat())
        self._log.add(row)  # first: a full disk must not leave a run that nobody works on
        run = self._runs[id] = Run(row)
        self._forget_oldest()
        run.task = asyncio.create_task(self._work(run, question), name=f"run {id}")
        return run, True

    async def get(self, id: str) -> Run:
        """A run, from memory or disk; raises NotFound."""
        if id not in self._runs:
            row = await asyncio.to_thread(self._log.get, id)
            events = await asyncio.to_thread(self._log.events, id)
            # another request may have loaded it meanwhile: keep the one its readers wait on
            self._runs.setdefault(id, Run(row, events, on_disk=len(events)))
            self._forget_oldest(but=id)
        return self._runs[id]

    async def cancel(self, id: str) -> RunRow:
        """Stop a run; one that is over stays as it is."""
        run = await self.get(id)
        if run.task is not None and not run.over:
            run.task.cancel()
            await asyncio.wait([run.task])
        if not run.over:  # cancelled before it took its first step
            await self._end_early(run, Note("Stopped."))
            await self._finish(run, CANCELLED)
        return run.row

    async def follow(self, run: Run, after: int) -> AsyncIterator[tuple[int, str] | None]:
        """Events with `seq > after` as they come, to the end of the run; None every PING_S of silence."""
        seq = max(after, 0)
        while True:
            while seq < len(run.events):
                seq += 1
                yield seq, run.events[seq - 1]
            if run.over:
                return
            try:
                async with asyncio.timeout(PING_S), run.changed:
                    await run.changed.wait_for(lambda: seq < len(run.events) or run.over)  # noqa: B023  (awaited before the loop goes on)
            except TimeoutError:
                yield None

    async def of_thread(self, thread: str, *, limit: int) -> list[RunRow]:
        return await asyncio.to_thread(self._log.of_thread, thread, limit=limit)

    async def threads(self, *, limit: int) -> list[Thread]:
        return await asyncio.to_thread(self._log.threads, limit=limit)

    def recover(self) -> int:
        """Say on disk that runs of an earlier server were interrupted; how many there were."""
        rows = self._log.unfinished()
        for row in rows:
            seen = len(self._log.events(row.id))
            says = Failed(
                "interrupted", "the server was restarted while it was answering", "ask again"
            )
            self._log.append(row.id, seen + 1, [_encode(says), _encode(Done(0.0))])
            self._log.finish(row.id, INTERRUPTED, row.answer)
        return len(rows)

    async def close(self) -> None:
        """Stop what runs and put everything on disk."""
        tasks = [run.task for run in self._runs.values() if run.task and not run.over]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._log.close()

    def _forget_oldest(self, *, but: str = "") -> None:
        over = [id for id, run in self._runs.items() if run.over and id != but]
        for id in over[: max(0, len(self._runs) - MAX_IN_MEMORY)]:
            del self._runs[id]

    async def _work(self, run: Run, question: Question) -> None:
        """Run the engineer to its end, whatever happens, and leave the log complete."""
        state, flusher = FAILED, asyncio.create_task(self._flush_often(run))
        try:
            async with asyncio.timeout(self._timeout_s):
                state = await self._drain(run, question)
        except asyncio.CancelledError:
            state = CANCELLED
            await self._end_early(run, Note("Stopped."))
        except TimeoutError:
            says = f"no answer within {self._timeout_s:g} s"
            await self._end_early(run, Failed("timeout", says, "ask for less at a time"))
        except PlantroomError as error:
            await self._end_early(run, Failed(error.code, str(error), error.hint))
        except Exception:  # noqa: BLE001  (outermost loop of a run: no reader may wait for ever)
            _log.exception("run %s failed", run.row.id)
            bug = Failed("bug", "something went wrong in Plantroom itself", "see the server's log")
            await self._end_early(run, bug)
        finally:
            flusher.cancel()
            await self._finish(run, state)

    async def _drain(self, run: Run, question: Question) -> str:
        state = DONE
        async for event in self._engineer.run(question):
            if len(run.events) >= MAX_EVENTS:
                raise Unavailable(
                    f"the answer took over {MAX_EVENTS} events", hint="ask for less at a time"
                )
            if isinstance(event, Answer):
                run.row = finished(run.row, run.row.state, event.answer)
            if isinstance(event, Failed):
                state = FAILED
            await self._tell(run, event)
        return state

    async def _tell(self, run: Run, event: Event) -> None:
        run.events.append(_encode(event))
        async with run.changed:
            run.changed.notify_all()

    async def _end_early(self, run: Run, says: Event) -> None:
        await self._tell(run, says)
        await self._tell(run, Done(0.0))

    async def _finish(self, run: Run, state: str) -> None:
        answer = run.row.answer or _streamed(run.events)
        try:
            self._flush(run)
            self._log.finish(run.row.id, state, answer)
        except PlantroomError as error:
            _log.warning("run %s was not saved: %s", run.row.id, error)
        run.row = finished(run.row, state, answer)
        async with run.changed:
            run.changed.notify_all()

    async def _flush_often(self, run: Run) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                self._flush(run)
            except PlantroomError as error:
                _log.warning("run %s is not saved yet: %s", run.row.id, error)

    def _flush(self, run: Run) -> None:
        new = run.events[run.on_disk :]
        if new:
            self._log.append(run.row.id, run.on_disk + 1, new)
            run.on_disk += len(new)


def _encode(event: Event) -> str:
    return json.dumps(to_json(event), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _streamed(events: list[str]) -> str:
    """The text streamed so far, for a run that ended before its answer."""
    text = ""
    for event in map(_decode, events):
        if event["type"] == Token.type:
            text = event["text"] if event["restart"] else text + event["text"]
    return text


def _decode(event: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(event)
    return decoded
