"""The outbox: samples are on disk before anything else happens to them, and leave it only for the history.

Puts that come together are synced together. When the history has been away for so long that the bounds
are reached, the oldest are dropped and counted; until then nothing is. What can never be delivered is kept
aside in the same file with the reason, so that it blocks nobody and is not lost.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self, TypeVar

from ingest.outbox_file import Aside, Bounds, OutboxFile, Put, Quarantined, Waiting
from ingest.packed import merged, rows_of, unpack
from ingest.sink import Sink
from ontology.errors import BadRequest, Corrupt, PlantroomError
from ontology.history import Samples

MOST_ROWS: Final = 10_000_000
"""55 hours of 3,000 points a minute: longer than a weekend without the history."""
MOST_BYTES: Final = 4 * 2**30
"""Compressed samples take 3 to 12 bytes, so rows bound first; noise on a small disk may meet this."""
MOST_ASIDE: Final = 1_000_000
"""Rows kept aside: enough to see what is wrong with a device for days."""
_BATCH_ROWS: Final = 20_000
"""Rows handed to the history at once: large enough that its commit costs little a row."""
_INTAKE_ROWS: Final = 200_000
"""Rows that may be on their way to the disk; further puts wait for room (about 10 MB)."""
_GROUP: Final = 2_000
"""Puts synced together at most."""
_SINGLED_OUT: Final = 64
"""Writes spent on finding the samples of one batch that a history refuses; the rest goes aside with them."""
_Result = TypeVar("_Result")


class Outbox:
    """A durable queue in front of a Sink; open it with `Outbox.open`."""

    def __init__(self, path: Path, bounds: Bounds) -> None:
        if bounds.rows < 1:
            raise BadRequest(f"an outbox of {bounds.rows} rows holds nothing", hint="use 1 or more")
        self._path = path
        self._bounds = bounds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._coming: list[tuple[Put, asyncio.Future[bool]]] = []
        self._coming_rows = 0
        self._committing: asyncio.Task[None] | None = None
        self.moved = 0

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        most_rows: int = MOST_ROWS,
        most_bytes: int = MOST_BYTES,
        most_aside: int = MOST_ASIDE,
        most_pages: int = 0,
    ) -> Self:
        """Open or create; raises Conflict where another process owns it, Corrupt where it is no outbox.

        `most_pages` bounds the file in SQLite pages of 4 KiB; 0 leaves that to the disk.
        """
        outbox = cls(path, Bounds(most_rows, most_bytes, most_aside, most_pages))
        try:
            outbox._file = await outbox._run(lambda: OutboxFile(path, outbox._bounds))
        except BaseException:
            outbox._thread.shutdown()
            raise
        return outbox

    _file: OutboxFile
    moved: int
    """Samples handed over since it was opened."""

    @property
    def rows(self) -> int:
        """Samples that wait for the history."""
        return self._file.rows

    @property
    def bytes(self) -> int:
        """What waits, compressed."""
        return self._file.bytes

    @property
    def dropped(self) -> int:
        """Samples ever dropped because more than the bounds allow were waiting."""
        return self.counters.get("dropped", 0)

    @property
    def refused(self) -> int:
        """Samples the history ever refused for good; they were kept aside."""
        return self.counters.get("refused", 0)

    @property
    def aside(self) -> int:
        """Samples kept aside now."""
        return self._file.aside_rows

    @property
    def counters(self) -> Mapping[str, int]:
        """Every counter as last committed."""
        return self._file.counters

    async def put(
        self,
        samples: Samples | None,
        counters: Mapping[str, int] | None = None,
        *,
        asides: Sequence[Aside] = (),
        batch: str = "",
    ) -> bool:
        """Durable when it returns, all of it together; raises OutOfSpace with nothing stored.

        False where this `batch` of a sender was put before: nothing of it is stored again. Waits while
        more is on its way to the disk than it can take.
        """
        there = samples if samples is not None and len(samples) else None
        if there is None and not counters and not asides and not batch:
            return True
        while self._coming_rows >= _INTAKE_ROWS:
            self._room.clear()
            await self._room.wait()
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._coming.append((Put(there, dict(counters or {}), tuple(asides), batch), done))
        self._coming_rows += len(there) if there else 0
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit(), name="outbox commit")
        return await done

    async def drain(self, sink: Sink) -> int:
        """Hand everything waiting now to the sink, then forget it; returns the rows moved.

        At least once: what was written but not yet forgotten is written again, which changes nothing.
        """
        self._filled.clear()
        moved = 0
        newest = await self._run(self._file.newest)
        while batches := await self._run(lambda: self._file.oldest(newest, _BATCH_ROWS)):
            rows, asides = await self._deliver(sink, batches)
            await self._run(
                lambda last=batches[-1].id, asides=asides: self._file.forget(last, asides)  # type: ignore[misc]
            )
            moved += rows
            self.moved += rows
        return moved

    async def filled(self) -> None:
        """Return when something is waiting."""
        if self.rows == 0:
            await self._filled.wait()

    async def quarantine(self, limit: int = 100) -> list[Quarantined]:
        """What is kept aside, newest first."""
        return await self._run(lambda: self._file.quarantine(limit))

    async def kept_aside(self, id: int) -> Samples:
        """The samples of one batch kept aside. Raises NotFound."""
        return await self._run(lambda: self._file.kept_aside(id))

    async def retry(self, ids: Sequence[int] | None = None) -> int:
        """Send what is kept aside (all: None) once more, as it is; returns its samples. Raises NotFound."""
        count = await self._run(lambda: self._file.retry(ids))
        self._filled.set()
        return count

    async def discard(self, ids: Sequence[int] | None) -> int:
        """Forget batches kept aside (all: None), because a person said so. Raises NotFound."""
        return await self._run(lambda: self._file.discard(ids))

    async def close(self) -> None:
        """Finish what is being put, then give the file back."""
        if self._committing is not None:
            await self._committing
        await self._run(self._file.close)
        self._thread.shutdown()

    async def _commit(self) -> None:
        """Sync what has come, group after group, until nothing is left; ends by itself."""
        while self._coming:
            group, self._coming = self._coming[:_GROUP], self._coming[_GROUP:]
            self._coming_rows -= sum(len(put.samples) for put, _ in group if put.samples)
            self._room.set()
            puts = [put for put, _ in group]
            try:
                fresh = await self._run(lambda puts=puts: self._file.put(puts))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001  (it belongs to those who put, and is raised there)
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
                continue
            self._filled.set()
            for (_, done), is_new in zip(group, fresh, strict=True):
                if not done.done():
                    done.set_result(is_new)

    async def _deliver(self, sink: Sink, batches: Sequence[Waiting]) -> tuple[int, list[Aside]]:
        """Write the batches as one; returns the rows written, and what the sink refuses for good."""
        whole: list[Samples] = []
        try:
            whole = [unpack(batch.body) for batch in batches]
            await sink.write(merged(whole))
        except (BadRequest, Corrupt) as error:
            why = error
        else:
            return sum(batch.rows for batch in batches), []
        if len(batches) > 1:
            parts = [await self._deliver(sink, [batch]) for batch in batches]
            return sum(rows for rows, _ in parts), [a for _, asides in parts for a in asides]
        if not whole:  # not even readable
            await self._run(lambda: self._file.set_aside(batches[0], str(why)))
            return 0, []
        asides = await _single_out(sink, whole[0], why)
        return batches[0].rows - sum(len(aside.samples) for aside in asides), asides

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        """In the outbox's own thread: SQLite waits for the disk, the event loop does not."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._speak(work)
        )

    def _speak(self, work: Callable[[], _Result]) -> _Result:
        """Do it, with SQLite's errors in our words; a failed transaction leaves no trace."""
        try:
            return work()
        except sqlite3.Error as cause:
            raise self._file.meaning(cause) from cause


async def _single_out(sink: Sink, refused: Samples, why: PlantroomError) -> list[Aside]:
    """Write a refused batch in ever smaller parts: what remains refused comes back."""
    asides: list[Aside] = []
    parts: list[tuple[Samples, PlantroomError]] = [(refused, why)]
    tries = _SINGLED_OUT
    while parts:
        part, said = parts.pop()
        if len(part) <= 1 or tries <= 0:
            asides.append(Aside(part, str(said), "history"))
            continue
        middle = len(part) // 2
        for half in (rows_of(part, slice(middle)), rows_of(part, slice(middle, None))):
            tries -= 1
            try:
                await sink.write(half)
            except (BadRequest, Corrupt) as cause:
                parts.append((half, cause))
    return asides
