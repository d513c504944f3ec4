"""The outbox's file: one SQLite database (WAL, synchronous=FULL), owned by one process, used from one thread.

What waits is kept in the order it came. What cannot go on is kept aside with the reason. Both are bounded.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ingest.packed import merged, pack, unpack
from ontology.errors import Conflict, Corrupt, NotFound, OutOfSpace, Unavailable
from ontology.history import Samples

_BUSY_MS: Final = 200
_BODY_ROWS: Final = 5_000
"""Puts that arrive together share a row of the file up to this size; each further one costs a little more."""
_KNOWN_BATCHES: Final = 100_000
"""Ids of delivered batches remembered: a box that sends one a second may repeat itself a day later."""
_WHY_CHARS: Final = 500
_WAL_BYTES: Final = 64 * 2**20
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waiting (id INTEGER PRIMARY KEY AUTOINCREMENT, rows INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS aside (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, rows INTEGER NOT NULL,
    source TEXT NOT NULL, why TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS batch (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
"""


@dataclass(frozen=True, slots=True)
class Aside:
    """Samples kept out of the history, from where, and why."""

    samples: Samples
    why: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A batch kept aside, as listed: `at` is when, in unix seconds; `points` are at most three of its points."""

    id: int
    at: int
    rows: int
    source: str
    why: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Put:
    """What becomes durable together: samples, samples kept aside, counters, and the id of the sender's batch."""

    samples: Samples | None
    counters: Mapping[str, int] = field(default_factory=dict)
    asides: Sequence[Aside] = ()
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait and how much may be kept aside; beyond, the oldest is dropped and counted."""

    rows: int
    bytes: int
    aside_rows: int
    pages: int = 0
    """SQLite pages of 4 KiB the file may have; 0 leaves that to the disk."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row of the queue."""

    id: int
    rows: int
    body: bytes


class OutboxFile:
    """Every method is one transaction: all or nothing, also when the disk is full in the middle."""

    def __init__(self, path: Path, bounds: Bounds) -> None:
        """Open or create. Raises Conflict where another process owns it, Corrupt where it is no outbox."""
        self._path = path
        self._bounds = bounds
        self.rows = self.bytes = self.aside_rows = 0
        self.counters: dict[str, int] = {}
        try:
            self._connect()
        except sqlite3.Error as cause:
            raise self.meaning(cause) from cause

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def meaning(self, cause: sqlite3.Error) -> Unavailable | Conflict | Corrupt:
        """SQLite's errors in our words."""
        name = self._path.name
        match getattr(cause, "sqlite_errorcode", 0) & 0xFF:  # without the extension of the code
            case sqlite3.SQLITE_FULL:
                return OutOfSpace(
                    f"no space left for the outbox {name}",
                    hint="free disk space; polling goes on by itself, and what was acknowledged is kept",
                )
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return Conflict(f"another process owns the outbox {name}", hint="stop it first")
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                return Corrupt(f"{name} is not a readable outbox", hint="move the file away")
        if _read_only(cause, self._path):
            return Unavailable(
                f"the outbox {name} cannot be written: the disk or the file is read-only ({cause})",
                hint="mount the disk for writing (a failing disk turns read-only by itself) and check the rights",
            )
        return Unavailable(f"outbox {name}: {cause}", hint="check the disk and file rights")

    def put(self, puts: Sequence[Put]) -> list[bool]:
        """Store several puts with one sync; for each, whether its batch was new."""
        with self._transaction() as change:
            fresh = [self._is_new(put.batch) for put in puts]
            new = [put for put, is_new in zip(puts, fresh, strict=True) if is_new]
            for put in new:
                change.counters |= put.counters
                for aside in put.asides:
                    self._insert_aside(change, aside)
            for body_rows, body in _bodies([put.samples for put in new if put.samples]):
                self._insert(change, body_rows, body)
            self._hold_bounds(change)
        return fresh

    def newest(self) -> int:
        """The id of the last row that waits; 0 where none does."""
        ((newest,),) = self._db.execute("SELECT coalesce(max(id), 0) FROM waiting")
        return int(newest)

    def oldest(self, newest: int, most_rows: int) -> list[Waiting]:
        """The next rows to hand over, none later than `newest`: at least one, then up to `most_rows`."""
        found: list[Waiting] = []
        rows = 0
        query = "SELECT id, rows, body FROM waiting WHERE id <= ? ORDER BY id LIMIT 1000"
        for id, count, body in self._db.execute(query, (newest,)):
            if found and rows + count > most_rows:
                break
            found.append(Waiting(id, count, body))
            rows += count
        return found

    def forget(self, last: int, asides: Sequence[Aside] = ()) -> None:
        """What waited up to `last` was delivered, except what is kept aside."""
        with self._transaction() as change:
            self._remove(change, last)
            for aside in asides:
                self._insert_aside(change, aside)
            if asides:
                refused = sum(len(aside.samples) for aside in asides)
                change.counters["refused"] = self.counters.get("refused", 0) + refused
                self._hold_bounds(change)

    def set_aside(self, waiting: Waiting, why: str) -> None:
        """Keep a row that cannot even be read out of the way of the others, as it is."""
        with self._transaction() as change:
            self._db.execute("DELETE FROM waiting WHERE id = ?", (waiting.id,))
            change.rows -= waiting.rows
            change.bytes -= len(waiting.body)
            self._keep_aside(change, waiting.rows, "outbox", why, waiting.body)
            change.counters["refused"] = self.counters.get("refused", 0) + waiting.rows
            self._hold_bounds(change)

    def quarantine(self, limit: int) -> list[Quarantined]:
        """What is kept aside, newest first."""
        query = "SELECT id, at, rows, source, why, body FROM aside ORDER BY id DESC LIMIT ?"
        return [
            Quarantined(id, at, rows, source, why, _some_points(body))
            for id, at, rows, source, why, body in self._db.execute(query, (limit,))
        ]

    def kept_aside(self, id: int) -> Samples:
        """The samples of one batch kept aside. Raises NotFound."""
        for (body,) in self._db.execute("SELECT body FROM aside WHERE id = ?", (id,)):
            return unpack(body)
        raise NotFound(f"nothing is kept aside as {id}", hint="see the list of the quarantine")

    def retry(self, ids: Sequence[int] | None) -> int:
        """Let batches kept aside (all: None) wait again, oldest first; returns their samples."""
        chosen = self._chosen(ids)
        with self._transaction() as change:
            for id, rows, body in chosen:
                self._db.execute("DELETE FROM aside WHERE id = ?", (id,))
                change.aside_rows -= rows
                self._insert(change, rows, body)
        return sum(rows for _, rows, _ in chosen)

    def discard(self, ids: Sequence[int] | None) -> int:
        """Forget batches kept aside (all: None), as a person decided; returns their samples, which stay counted."""
        chosen = self._chosen(ids)
        with self._transaction() as change:
            for id, rows, _ in chosen:
                self._db.execute("DELETE FROM aside WHERE id = ?", (id,))
                change.aside_rows -= rows
            gone = sum(rows for _, rows, _ in chosen)
            change.counters["discarded"] = self.counters.get("discarded", 0) + gone
        return gone

    def _connect(self) -> None:
        db = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        try:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA journal_size_limit={_WAL_BYTES}")
            if self._bounds.pages:
                db.execute(f"PRAGMA max_page_count={int(self._bounds.pages)}")
            db.executescript(_SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            _adopt_refused(db)
            db.execute("COMMIT")  # the write lock is ours from here on: nobody else can open it
            self._count(db)
        except sqlite3.Error:
            db.close()
            raise
        self._db = db

    def _count(self, db: sqlite3.Connection) -> None:
        sums = "SELECT coalesce(sum(rows), 0), coalesce(sum(length(body)), 0) FROM waiting"
        ((self.rows, self.bytes),) = db.execute(sums)
        ((self.aside_rows,),) = db.execute("SELECT coalesce(sum(rows), 0) FROM aside")
        self.counters = dict(db.execute("SELECT name, value FROM counter"))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db, self)

    def _is_new(self, batch: str) -> bool:
        """Note the id of a batch; False where it is known: its samples are here or were delivered."""
        if not batch:
            return True
        done = self._db.execute("INSERT OR IGNORE INTO batch (id) VALUES (?)", (batch,))
        if done.rowcount and done.lastrowid:
            self._db.execute("DELETE FROM batch WHERE n <= ?", (done.lastrowid - _KNOWN_BATCHES,))
        return bool(done.rowcount)

    def _insert(self, change: _Change, rows: int, body: bytes) -> None:
        self._db.execute("INSERT INTO waiting (rows, body) VALUES (?, ?)", (rows, body))
        change.rows += rows
        change.bytes += len(body)

    def _insert_aside(self, change: _Change, aside: Aside) -> None:
        body = pack(aside.samples)
        self._keep_aside(change, len(aside.samples), aside.source, aside.why, body)

    def _keep_aside(self, change: _Change, rows: int, source: str, why: str, body: bytes) -> None:
        self._db.execute(
            "INSERT INTO aside (at, rows, source, why, body) VALUES (?, ?, ?, ?, ?)",
            (int(time.time()), rows, source, why[:_WHY_CHARS], body),
        )
        change.aside_rows += rows

    def _hold_bounds(self, change: _Change) -> None:
        """Drop the oldest, in whole rows of the file, until the bounds hold again."""
        limits = self._bounds
        last = gone = freed = 0
        over_rows = self.rows + change.rows - limits.rows
        over_bytes = self.bytes + change.bytes - limits.bytes
        if over_rows > 0 or over_bytes > 0:
            query = "SELECT id, rows, length(body) FROM waiting ORDER BY id"
            for id, rows, size in self._db.execute(query):
                last, gone, freed = id, gone + rows, freed + size
                if gone >= over_rows and freed >= over_bytes:
                    break
            self._remove(change, last)
            change.counters["dropped"] = self.counters.get("dropped", 0) + gone
        over = self.aside_rows + change.aside_rows - limits.aside_rows
        if over > 0:
            self._drop_asides(change, over)

    def _drop_asides(self, change: _Change, over: int) -> None:
        last = gone = 0
        for id, rows in self._db.execute("SELECT id, rows FROM aside ORDER BY id"):
            last, gone = id, gone + rows
            if gone >= over:
                break
        self._db.execute("DELETE FROM aside WHERE id <= ?", (last,))
        change.aside_rows -= gone
        change.counters["aside_dropped"] = self.counters.get("aside_dropped", 0) + gone

    def _remove(self, change: _Change, last: int) -> None:
        sums = "SELECT coalesce(sum(rows), 0), coalesce(sum(length(body)), 0) FROM waiting WHERE id <= ?"
        ((rows, size),) = self._db.execute(sums, (last,))
        self._db.execute("DELETE FROM waiting WHERE id <= ?", (last,))
        change.rows -= rows
        change.bytes -= size

    def _chosen(self, ids: Sequence[int] | None) -> list[tuple[int, int, bytes]]:
        query = "SELECT id, rows, body FROM aside"
        if ids is None:
            return list(self._db.execute(query + " ORDER BY id"))
        found = [
            row
            for id in sorted(set(ids))
            for row in self._db.execute(query + " WHERE id = ?", (id,))
        ]
        missing = set(ids) - {row[0] for row in found}
        if missing:
            raise NotFound(
                f"nothing is kept aside as {min(missing)}", hint="see the list of the quarantine"
            )
        return found


@dataclass(slots=True)
class _Change:
    """What a transaction changes in the counts, true only once it is committed."""

    rows: int = 0
    bytes: int = 0
    aside_rows: int = 0
    counters: dict[str, int] = field(default_factory=dict)


class _Transaction:
    """All or nothing; the counts in memory follow the commit."""

    def __init__(self, db: sqlite3.Connection, file: OutboxFile) -> None:
        self._db = db
        self._file = file
        self._change = _Change()

    def __enter__(self) -> _Change:
        self._db.execute("BEGIN IMMEDIATE")
        return self._change

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        try:
            if kind is None:
                self._store()
                self._db.execute("COMMIT")
                self._accept()
        finally:
            if self._db.in_transaction:  # failed, or the commit did
                self._db.execute("ROLLBACK")

    def _store(self) -> None:
        self._db.executemany(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            self._change.counters.items(),
        )

    def _accept(self) -> None:
        file, change = self._file, self._change
        file.rows += change.rows
        file.bytes += change.bytes
        file.aside_rows += change.aside_rows
        file.counters = {**file.counters, **change.counters}


def _bodies(puts: Sequence[Samples]) -> list[tuple[int, bytes]]:
    """Puts as rows of the file: neighbours share one while they are small."""
    groups: list[list[Samples]] = []
    rows = 0
    for samples in puts:
        if not groups or rows + len(samples) > _BODY_ROWS:
            groups.append([])
            rows = 0
        groups[-1].append(samples)
        rows += len(samples)
    together = [merged(group) for group in groups]
    return [(len(samples), pack(samples)) for samples in together if len(samples)]


def _read_only(cause: sqlite3.Error, path: Path) -> bool:
    """Whether writing is what failed; SQLite calls a disk that turned read-only an I/O error."""
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return True
    try:
        return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _some_points(body: bytes) -> tuple[str, ...]:
    try:
        return tuple(point.id for point in unpack(body).points[:3])
    except Corrupt:
        return ()


def _adopt_refused(db: sqlite3.Connection) -> None:
    """Outboxes once kept what a history refused in a table without time and source."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "refused" in tables:
        db.execute(
            "INSERT INTO aside (at, rows, source, why, body) SELECT 0, rows, 'history', why, body FROM refused"
        )
        db.execute("DROP TABLE refused")
