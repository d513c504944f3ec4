"""Conversations on disk: each run with its events, in one SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ontology.errors import Corrupt, NotFound, OutOfSpace, Unavailable

KEEP_RUNS: Final = 2_000
"""Runs kept on disk: about a year of a busy shift; the oldest go first."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS run (
    id TEXT PRIMARY KEY, thread TEXT NOT NULL, question TEXT NOT NULL, asked_at TEXT NOT NULL,
    state TEXT NOT NULL, answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS run_thread ON run (thread, asked_at);
CREATE TABLE IF NOT EXISTS event (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE, seq INTEGER NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;
"""

RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True)
class RunRow:
    """A run without its events. `state`: running, done, failed, cancelled or interrupted."""

    id: str
    thread: str
    question: str
    asked_at: str
    state: str = RUNNING
    answer: str = ""


@dataclass(frozen=True)
class Thread:
    """A conversation: its first question, and when it was last used."""

    id: str
    title: str
    runs: int
    last_at: str


class RunLog:
    """Thread-safe; a call takes about a millisecond. `path` None keeps it in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with _as_ours():
            self._db = sqlite3.connect(path or ":memory:", check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def add(self, row: RunRow) -> None:
        """A new run; the oldest beyond KEEP_RUNS are forgotten."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO run (id, thread, question, asked_at, state, answer) VALUES (?,?,?,?,?,?)",
                (row.id, row.thread, row.question, row.asked_at, row.state, row.answer),
            )
            db.execute(
                "DELETE FROM run WHERE id IN "
                "(SELECT id FROM run ORDER BY asked_at DESC LIMIT -1 OFFSET ?)",
                (KEEP_RUNS,),
            )

    def append(self, run: str, first_seq: int, events: Sequence[str]) -> None:
        """Events from `first_seq` on; writing the same again changes nothing."""
        rows = [(run, first_seq + n, event) for n, event in enumerate(events)]
        with self._writing() as db:
            db.executemany("INSERT OR REPLACE INTO event (run, seq, json) VALUES (?,?,?)", rows)

    def finish(self, run: str, state: str, answer: str) -> None:
        with self._writing() as db:
            db.execute("UPDATE run SET state = ?, answer = ? WHERE id = ?", (state, answer, run))

    def get(self, run: str) -> RunRow:
        """One run; raises NotFound."""
        rows = self._select("WHERE id = ?", (run,))
        if not rows:
            raise NotFound(f"no question {run!r:.60} was asked here", hint="ask it again")
        return rows[0]

    def events(self, run: str) -> list[str]:
        """Every event of a run in order, as JSON text."""
        with self._reading() as db:
            found = db.execute("SELECT json FROM event WHERE run = ? ORDER BY seq", (run,))
            return [json for (json,) in found]

    def of_thread(self, thread: str, *, limit: int) -> list[RunRow]:
        """The newest runs of a thread, oldest first."""
        rows = self._select("WHERE thread = ? ORDER BY asked_at DESC LIMIT ?", (thread, limit))
        return rows[::-1]

    def unfinished(self) -> list[RunRow]:
        """Runs that a server was working on when it ended."""
        return self._select("WHERE state = ?", (RUNNING,))

    def threads(self, *, limit: int) -> list[Thread]:
        """Conversations, last used first; questions asked outside of any (a script's) are none."""
        with self._reading() as db:
            found = db.execute(
                "SELECT thread, (SELECT question FROM run AS first WHERE first.thread = run.thread "
                "ORDER BY asked_at LIMIT 1), count(*), max(asked_at) AS last FROM run "
                "WHERE thread <> '' GROUP BY thread ORDER BY last DESC LIMIT ?",
                (limit,),
            )
            return [Thread(*row) for row in found]

    def _select(self, where: str, values: tuple[str | int, ...]) -> list[RunRow]:
        with self._reading() as db:
            found = db.execute(
                f"SELECT id, thread, question, asked_at, state, answer FROM run {where}",  # noqa: S608  (`where` is a constant of this class)
                values,
            )
            return [RunRow(*row) for row in found]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _as_ours(), self._db:
            yield self._db

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _as_ours():
            yield self._db


def finished(row: RunRow, state: str, answer: str) -> RunRow:
    """The same run, over."""
    return replace(row, state=state, answer=answer)


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as cause:
        if "full" in str(cause):
            raise OutOfSpace("the disk is full", hint="free some space; nothing is lost") from cause
        raise Unavailable(
            f"the conversation log cannot be used: {cause}", hint="check the data folder"
        ) from cause
    except sqlite3.DatabaseError as cause:
        raise Corrupt(
            f"the conversation log runs.db cannot be read: {cause}",
            hint="move the file away: conversations begin anew, all else is kept",
        ) from cause
