"""The outbox: samples are on disk before anything else happens to them, and leave it only for the history.

One SQLite file (WAL, synchronous=FULL), owned by one process. When the history has been away for
so long that `most_rows` are waiting, the oldest are dropped and counted; until then nothing is.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self, TypeVar

import numpy as np

from ontology.errors import BadRequest, Conflict, Corrupt, OutOfSpace, Unavailable
from ontology.history import History, Samples
from ontology.kinds import Ref

MOST_ROWS: Final = 10_000_000
"""55 hours of 3,000 points a minute: longer than a weekend without the history."""
_BATCH_ROWS: Final = 20_000
"""Rows handed to the history at once: large enough that its commit costs little a row."""
_BUSY_MS: Final = 200
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waiting (id INTEGER PRIMARY KEY AUTOINCREMENT, rows INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS refused (id INTEGER PRIMARY KEY, rows INTEGER NOT NULL, why TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_Result = TypeVar("_Result")


class Outbox:
    """A durable queue in front of a History; open it with `Outbox.open`."""

    def __init__(self, path: Path, *, most_rows: int = MOST_ROWS, most_pages: int = 0) -> None:
        """`most_pages` bounds the file in SQLite pages of 4 KiB; 0 leaves that to the disk."""
        if most_rows < 1:
            raise BadRequest(f"an outbox of {most_rows} rows holds nothing", hint="use 1 or more")
        self._path = path
        self._most_rows = most_rows
        self._most_pages = most_pages
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._filled = asyncio.Event()
        self._rows = 0
        self._counters: dict[str, int] = {}

    @classmethod
    async def open(cls, path: Path, *, most_rows: int = MOST_ROWS, most_pages: int = 0) -> Self:
        """Open or create; raises Conflict where another process owns it, Corrupt where it is no outbox."""
        outbox = cls(path, most_rows=most_rows, most_pages=most_pages)
        try:
            await outbox._run(outbox._connect)
        except BaseException:
            outbox._thread.shutdown()
            raise
        return outbox

    @property
    def rows(self) -> int:
        """Samples that wait for the history."""
        return self._rows

    @property
    def dropped(self) -> int:
        """Samples ever dropped because more than `most_rows` were waiting."""
        return self._counters.get("dropped", 0)

    @property
    def refused(self) -> int:
        """Samples the history refused for good; they are kept aside in the file."""
        return self._counters.get("refused", 0)

    @property
    def counters(self) -> Mapping[str, int]:
        """Every counter as last committed."""
        return self._counters

    async def put(self, samples: Samples, counters: Mapping[str, int] | None = None) -> None:
        """Durable when it returns, together with the counters; raises OutOfSpace with nothing stored."""
        if len(samples) or counters:
            await self._run(lambda: self._put(samples, dict(counters or {})))
            self._filled.set()

    async def drain(self, history: History) -> int:
        """Hand everything waiting now to the history, then forget it; returns the rows moved.

        At least once: what was written but not yet forgotten is written again, which changes nothing.
        """
        self._filled.clear()
        moved = 0
        newest = await self._run(self._newest)
        while batches := await self._run(lambda: self._oldest(newest)):
            rows = await self._deliver(history, batches)
            await self._run(lambda last=batches[-1][0]: self._forget(last))  # type: ignore[misc]
            moved += rows
        return moved

    async def filled(self) -> None:
        """Return when something is waiting."""
        if self._rows == 0:
            await self._filled.wait()

    async def close(self) -> None:
        """Give the file back."""
        await self._run(self._disconnect)
        self._thread.shutdown()

    async def _deliver(self, history: History, batches: Sequence[tuple[int, int, bytes]]) -> int:
        """Write the batches as one; a batch the history refuses for good is put aside alone."""
        try:
            await history.write(_merged([_unpack(body) for _, _, body in batches]))
        except (BadRequest, Corrupt) as cause:
            if len(batches) == 1:
                why = str(cause)
                await self._run(lambda: self._set_aside(batches[0], why))
                return 0
            return sum([await self._deliver(history, [batch]) for batch in batches])
        return sum(rows for _, rows, _ in batches)

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
            raise self._meaning(cause) from cause

    def _meaning(self, cause: sqlite3.Error) -> Unavailable | Conflict | Corrupt:
        match getattr(cause, "sqlite_errorcode", 0) & 0xFF:  # without the extension of the code
            case sqlite3.SQLITE_FULL:
                return OutOfSpace(
                    f"no space left for the outbox {self._path.name}", hint="free disk space"
                )
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return Conflict(
                    f"another process owns the outbox {self._path.name}", hint="stop it first"
                )
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                return Corrupt(
                    f"{self._path.name} is not a readable outbox", hint="move the file away"
                )
        return Unavailable(
            f"outbox {self._path.name}: {cause}", hint="check the disk and file rights"
        )

    def _connect(self) -> None:
        self._db = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        try:
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            if self._most_pages:
                self._db.execute(f"PRAGMA max_page_count={int(self._most_pages)}")
            self._db.executescript(_SCHEMA)
            self._db.execute("BEGIN IMMEDIATE")
            self._count_waiting()
            self._db.execute(
                "COMMIT"
            )  # the write lock is ours from here on: nobody else can open it
            self._counters = dict(self._db.execute("SELECT name, value FROM counter"))
        except sqlite3.Error:
            self._db.close()
            raise

    def _disconnect(self) -> None:
        self._db.close()

    def _put(self, samples: Samples, counters: dict[str, int]) -> None:
        gone = 0
        with _Transaction(self._db):
            if len(samples):
                self._db.execute(
                    "INSERT INTO waiting (rows, body) VALUES (?, ?)",
                    (len(samples), _pack(samples)),
                )
            over = self._rows + len(samples) - self._most_rows
            if over > 0:
                gone = self._drop_oldest(over)
                counters["dropped"] = self.dropped + gone
            self._store(counters)
        self._counters = {**self._counters, **counters}
        self._rows += len(samples) - gone

    def _drop_oldest(self, rows: int) -> int:
        """Drop whole batches from the oldest until `rows` are gone; returns how many went."""
        gone = last = 0
        for id, count in self._db.execute("SELECT id, rows FROM waiting ORDER BY id"):
            last, gone = id, gone + count
            if gone >= rows:
                break
        self._db.execute("DELETE FROM waiting WHERE id <= ?", (last,))
        return gone

    def _store(self, counters: Mapping[str, int]) -> None:
        self._db.executemany(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            counters.items(),
        )

    def _newest(self) -> int:
        ((newest,),) = self._db.execute("SELECT coalesce(max(id), 0) FROM waiting")
        return int(newest)

    def _oldest(self, newest: int) -> list[tuple[int, int, bytes]]:
        """The next batches to hand over, none later than `newest`."""
        batches: list[tuple[int, int, bytes]] = []
        rows = 0
        query = "SELECT id, rows, body FROM waiting WHERE id <= ? ORDER BY id LIMIT 1000"
        for batch in self._db.execute(query, (newest,)):
            if batches and rows + batch[1] > _BATCH_ROWS:
                break
            batches.append(batch)
            rows += batch[1]
        return batches

    def _forget(self, last: int) -> None:
        with _Transaction(self._db):
            self._db.execute("DELETE FROM waiting WHERE id <= ?", (last,))
        self._count_waiting()

    def _set_aside(self, batch: tuple[int, int, bytes], why: str) -> None:
        id, rows, body = batch
        counters = {"refused": self.refused + rows}
        with _Transaction(self._db):
            self._db.execute("INSERT INTO refused VALUES (?, ?, ?, ?)", (id, rows, why, body))
            self._db.execute("DELETE FROM waiting WHERE id = ?", (id,))
            self._store(counters)
        self._counters = {**self._counters, **counters}

    def _count_waiting(self) -> None:
        ((self._rows,),) = self._db.execute("SELECT coalesce(sum(rows), 0) FROM waiting")


class _Transaction:
    """All or nothing, also when the disk is full in the middle."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is None:
            try:
                self._db.execute("COMMIT")
            finally:
                self._roll_back()
        else:
            self._roll_back()

    def _roll_back(self) -> None:
        """Undo what is still open; nothing after a commit."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")


def _pack(samples: Samples) -> bytes:
    """Ids as JSON, columns as little-endian bytes, the whole compressed lightly."""
    head = json.dumps([point.id for point in samples.points]).encode()
    columns = [
        samples.index.astype("<i4").tobytes(),
        samples.ts.astype("<i8").tobytes(),
        samples.value.astype("<f8").tobytes(),
        samples.status.astype("u1").tobytes(),
    ]
    return zlib.compress(b"".join([len(head).to_bytes(4, "little"), head, *columns]), 1)


def _unpack(body: bytes) -> Samples:
    try:
        data = zlib.decompress(body)
        start = 4 + int.from_bytes(data[:4], "little")
        points = tuple(Ref(id) for id in json.loads(data[4:start]))
        count, rest = divmod(len(data) - start, 21)
        if rest:
            raise Corrupt("a batch of the outbox has a torn end", hint="check the disk")
        ends = [start + count * width for width in (0, 4, 12, 20)]
        return Samples(
            points=points,
            index=np.frombuffer(data, "<i4", count, ends[0]).astype(np.int32),
            ts=np.frombuffer(data, "<i8", count, ends[1]).astype(np.int64),
            value=np.frombuffer(data, "<f8", count, ends[2]).astype(np.float64),
            status=np.frombuffer(data, "u1", count, ends[3]).astype(np.uint8),
        )
    except (zlib.error, ValueError) as cause:
        raise Corrupt("a batch of the outbox cannot be read", hint="check the disk") from cause


def _merged(batches: Sequence[Samples]) -> Samples:
    """Several batches as one, in the order they were put."""
    place: dict[Ref, int] = {}
    indexes = []
    for batch in batches:
        of_batch = [place.setdefault(point, len(place)) for point in batch.points]
        indexes.append(np.array(of_batch, dtype=np.int32)[batch.index])
    return Samples(
        points=tuple(place),
        index=np.concatenate(indexes),
        ts=np.concatenate([batch.ts for batch in batches]),
        value=np.concatenate([batch.value for batch in batches]),
        status=np.concatenate([batch.status for batch in batches]),
    )
