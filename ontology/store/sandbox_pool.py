"""SQL workers as the server sees them: warm, at the newest snapshot, killed and replaced when they overrun."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ontology.errors import BadRequest, PlantroomError, Unavailable
from ontology.graph import Building
from ontology.store.arrow_kinds import checked, unstreamed
from ontology.store.dialect_kinds import Backend
from ontology.store.frames import receive, send
from ontology.store.guard import Guarded
from ontology.store.sandbox_views import Views
from ontology.store.snapshot import Snapshot
from ontology.store.sql_engine import AT_ONCE, Ran, Reads, TooLate, TooMuch, Turns, WrongQuery

GRACE_S = 0.3
"""After its time a query is asked to stop; so much later its process is killed."""
LOAD_S = 60.0
MAX_BYTES = 256_000_000
"""Of one result; an export of 1,000,000 rows of a view has less."""
_AGAIN = 3
_ROOT = Path(__file__).parents[2]


class Snapshots(Protocol):
    """A history that other processes may read."""

    async def snapshot(self, known: int = -1) -> Snapshot | None: ...


class Sandbox:
    """Runs guarded SQL in workers, two at a time; one more is kept ready."""

    backend = Backend.DUCKDB
    schema = "main"

    def __init__(self, history: Snapshots, building: Building) -> None:
        """No process is started before the first query, or `warm`."""
        self._history = history
        self._views = Views(building)
        self._newest: Snapshot | None = None
        self._numbers: dict[str, int] = {}
        self._points = b""
        self._known: tuple[str, ...] | None = None
        self._crew = _Crew()
        self._turns = Turns()
        self._rows = 0
        weakref.finalize(self, self._crew.close)

    async def run(self, query: Guarded, *, timeout_s: float) -> Ran:
        """The rows. Raises TooLate, TooMuch, WrongQuery or Unavailable."""
        async with self._turns.one():
            for _ in range(_AGAIN):
                snapshot = await self._refreshed()
                found = await self._tried(query, snapshot, timeout_s)
                if found is not None:
                    return found
        raise Unavailable("the history changes too fast to be read", hint="ask again")

    async def warm(self) -> None:
        """Start a worker and load it, so that the first question does not wait."""
        async with self._turns.one():
            snapshot = await self._refreshed()
            await self._with_worker(lambda worker: self._load(worker, snapshot))

    async def reads(self, relations: Sequence[str]) -> list[Reads]:
        """How much each relation is, roughly: the rows of its points."""
        await self.warm()
        points = max(len(self._numbers), 1)
        found = []
        for relation in relations:
            mine = self._views.reads(relation, points)
            samples = relation not in {"points", "latest"}
            found.append(Reads(relation, mine, self._rows * mine // points if samples else points))
        return found

    def pids(self) -> list[int]:
        """The processes that wait for work."""
        return self._crew.pids()

    async def close(self) -> None:
        """End the workers."""
        await asyncio.to_thread(self._crew.close)

    async def _refreshed(self) -> Snapshot:
        """The newest snapshot."""
        known = self._newest.version if self._newest is not None else -1
        newer = await self._history.snapshot(known)
        if newer is not None:
            self._newest = newer
        if self._newest is None:
            raise Unavailable("the history gives no snapshot", hint="ask again")
        if self._newest.points != self._known:
            self._known = self._newest.points
            self._numbers = {id: n for n, id in enumerate(self._known)}
            self._points = await asyncio.to_thread(self._views.points, self._known)
        return self._newest

    async def _tried(self, query: Guarded, snapshot: Snapshot, timeout_s: float) -> Ran | None:
        """The result; None when a segment went away meanwhile, so that a newer snapshot is needed."""
        head = {
            "do": "run", "sql": query.bounded, "timeout_s": timeout_s, "most_bytes": MAX_BYTES,
            "kinds": [kind.value for kind in query.kinds],
            "relations": self._views.defined(query.relations, self._numbers, query.bounds),
        }  # fmt: skip

        def work(worker: _Worker) -> Ran | None:
            if not self._load(worker, snapshot):
                return None
            began = time.perf_counter()
            told, blobs = worker.ask(head, (), timeout_s + GRACE_S)
            if "error" in told:
                raise _explained(str(told["error"]), str(told.get("says", "")))
            took = time.perf_counter() - began
            try:
                return Ran(checked(unstreamed(blobs[0]), query.kinds), took)
            except (IndexError, OSError, ValueError) as cause:
                worker.kill()
                raise Unavailable("the SQL worker told nonsense", hint="ask again") from cause

        found: Ran | None = await self._with_worker(work)
        return found

    def _unwanted(self, taking: asyncio.Future[_Worker]) -> None:
        """A worker that came when nobody waited for it any more waits for the next question."""
        if not taking.cancelled() and taking.exception() is None:
            self._crew.give(taking.result())

    def _load(self, worker: _Worker, snapshot: Snapshot) -> bool:
        """Bring the worker to the snapshot; False when a segment of it is gone."""
        if worker.version == snapshot.version:
            return True
        head = {
            "do": "load", "segments": [str(path) for path in snapshot.segments],
            "hourly": [str(path) for path in snapshot.hourly], "corrects": snapshot.corrects,
        }  # fmt: skip
        told, _ = worker.ask(head, (snapshot.fresh, snapshot.latest, self._points), LOAD_S)
        if told.get("error") == "gone":
            self._newest = None
            return False
        if "error" in told:
            raise Unavailable(f"the history cannot be read: {told['says']}", hint="see `plantroom check`")  # fmt: skip
        worker.version = snapshot.version
        self._rows = int(told["rows"])
        return True

    async def _with_worker(self, work: Callable[[_Worker], Any]) -> Any:
        """Do the work with a worker in a thread; one that failed, or that nobody waits for, is ended."""
        taking = asyncio.ensure_future(asyncio.to_thread(self._crew.take))
        try:
            worker = await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(self._unwanted)
            raise
        job = asyncio.ensure_future(asyncio.to_thread(work, worker))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            worker.kill()
            await asyncio.wait({job}, timeout=5)
            if job.done() and not job.cancelled():
                job.exception()  # told: nobody waits for it
            raise
        finally:
            self._crew.give(worker)


class _Worker:
    """One process. Calls come from one thread at a time; `kill` from any."""

    def __init__(self) -> None:
        self.version = -1
        self._late = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ontology.store.sandbox"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=_ROOT, env=_environment(), start_new_session=True,
        )  # fmt: skip

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(
        self, head: Mapping[str, Any], blobs: Sequence[bytes], within_s: float
    ) -> tuple[dict[str, Any], list[bytes]]:
        """The answer. A worker that is late or broken is killed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise Unavailable("the SQL worker has no pipes", hint="ask again")
        watch = threading.Timer(within_s, self._overdue)
        watch.daemon = True
        watch.start()
        try:
            send(stdin, head, blobs)
            told, found = receive(stdout, most=2 * MAX_BYTES)
        except (EOFError, OSError, ValueError) as cause:
            self.kill()
            if self._late:
                raise TooLate from cause
            raise TooMuch from cause  # the system ended it: that is how memory runs out
        finally:
            watch.cancel()
        if told.get("error") in {"memory", "broken"}:
            self.kill()  # what it holds is not given back for certain
        return told, found

    def kill(self) -> None:
        """End it now. Twice is once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was not read any more
                    continue

    def _overdue(self) -> None:
        self._late = True
        self._process.kill()


class _Crew:
    """Workers that wait for work. From any thread."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def take(self) -> _Worker:
        """A live worker, the last one used first; another is started in its place."""
        with self._lock:
            if self._closed:
                raise Unavailable("SQL is closed", hint="start Plantroom again")
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    break
                worker.kill()
            else:
                worker = _started()
            if not self._idle:
                self._idle.insert(0, _started())
            return worker

    def give(self, worker: _Worker) -> None:
        with self._lock:
            if worker.alive and not self._closed and len(self._idle) < AT_ONCE:
                self._idle.append(worker)
                return
        worker.kill()

    def pids(self) -> list[int]:
        with self._lock:
            return [worker.pid for worker in self._idle]

    def close(self) -> None:
        with self._lock:
            self._closed = True
            workers, self._idle = self._idle, []
        for worker in workers:
            worker.kill()


def _started() -> _Worker:
    try:
        return _Worker()
    except OSError as cause:
        raise Unavailable(f"no SQL worker can be started: {cause.strerror}", hint="free memory or processes") from cause  # fmt: skip


def _environment() -> dict[str, str]:
    """No secrets: only what Python needs to find our package."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT") if key in os.environ}  # fmt: skip
    return kept | {
        "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "2",
    }  # fmt: skip


def _explained(error: str, says: str) -> PlantroomError:
    if error == "late":
        return TooLate()
    if error == "memory":
        return TooMuch()
    if error == "large":
        return BadRequest(f"the result has {says}", hint="aggregate with bucket(ts, 60), or export fewer columns")  # fmt: skip
    if error == "broken":
        return Unavailable(f"the SQL worker failed: {says}", hint="ask again")
    return WrongQuery(says)
