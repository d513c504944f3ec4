"""One DuckDB file, owned by one process: opened, guarded, and opened again after a full disk."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import duckdb

from ontology.errors import Conflict, Corrupt, OutOfSpace, PlantroomError, Unavailable

_FULL = ("no space left", "file too large", "quota exceeded", "could not write file")
_BROKEN = (
    "not a valid duckdb", "corrupt database file", "checksum", "could not read enough bytes",
    "serialization error", "newer version of duckdb", "failure while replaying wal",
)  # fmt: skip
_INVALID = "database has been invalidated"
Db = duckdb.DuckDBPyConnection
REOPEN_S = 3.0
"""How long reopening waits for readers of the broken instance to let go of it."""


class DuckFile:
    """Connections to the file. `cursor()` may be used from any thread, `transaction()` from one."""

    def __init__(self, path: Path, *, memory: str, beside: Path | None = None) -> None:
        """`beside`: the one folder whose files may be attached."""
        self.path = path
        self._memory = memory
        self._beside = beside
        self._attached: dict[str, Path] = {}
        self._con: duckdb.DuckDBPyConnection | None = None
        self._opening = threading.Lock()
        self._owner = _own(path)
        try:
            self._open()
        except BaseException:
            self._owner.close()
            raise

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own. DuckDB's failures of disk and file come out as our errors."""
        con = self._con
        if con is None:
            con = self._reopen()
        try:
            cursor = con.cursor()
            try:
                yield cursor
            finally:
                cursor.close()
        except duckdb.Error as cause:
            raise self._recovered(cause) from cause

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction: durable when the block ends, undone when it raises."""
        with self.cursor() as cursor:
            cursor.begin()
            try:
                yield cursor
            except BaseException:
                with suppress(duckdb.Error):  # the first error is the one to tell
                    cursor.rollback()
                raise
            cursor.commit()

    def attach(self, alias: str, path: Path) -> None:
        """Let SQL read another file, until `detach`; opening again after a failure attaches it again."""
        with self.cursor() as cursor:
            _attach(cursor, alias, path)
        self._attached[alias] = path

    def detach(self, alias: str) -> None:
        """Forget an attached file; transactions that began to read it may finish."""
        self._attached.pop(alias, None)
        if self._con is not None:
            with self.cursor() as cursor:
                cursor.execute(f"DETACH DATABASE IF EXISTS {alias}")

    def replace(self, by: Path) -> None:
        """Put another file in the place of this one, and open it. Attached files are detached."""
        with self.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        self._let_go()
        self._attached = {}
        if self.path.with_name(f"{self.path.name}.wal").exists():
            raise Unavailable(
                f"{self.path.name} still has a log",
                hint="start again; free some disk space if it stays",
            )
        by.replace(self.path)
        self._open()

    def bytes(self) -> int:
        """On disk, with its log."""
        files = (self.path, self.path.with_name(f"{self.path.name}.wal"))
        return sum(f.stat().st_size for f in files if f.exists())

    def close(self) -> None:
        """Give the file back. Twice is once."""
        self._let_go()
        self._owner.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            con = duckdb.connect(str(self.path), config=_config(self._memory))
            self._con = con
            if self._beside is not None:
                con.execute(f"SET allowed_directories = [{quoted_text(f'{self._beside}/')}]")
            for name in ("enable_external_access = false", "lock_configuration = true"):
                con.execute(f"SET {name}")
            for alias, path in self._attached.items():
                _attach(con, alias, path)
        except duckdb.Error as cause:
            self._let_go()
            raise translated(self.path, cause) from cause
        except PlantroomError:
            self._let_go()
            raise
        return con

    def _reopen(self) -> duckdb.DuckDBPyConnection:
        """A broken instance stays until its last reader lets go: try until it has."""
        if self._owner.closed:
            raise Unavailable(f"{self.path.name} is closed", hint="open the history again")
        until = time.monotonic() + REOPEN_S
        with self._opening:
            while True:
                try:
                    return self._con or self._open()
                except PlantroomError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.05)

    def _recovered(self, cause: duckdb.Error) -> PlantroomError:
        """The error to raise; an invalidated database is let go, so that the next use reopens it."""
        if isinstance(cause, duckdb.FatalException) or _INVALID in str(cause):
            self._let_go()
        return translated(self.path, cause)

    def _let_go(self) -> None:
        con, self._con = self._con, None
        if con is not None:
            with suppress(duckdb.Error):  # closing a broken database cannot fail usefully
                con.close()


def _attach(db: Db, alias: str, path: Path) -> None:
    try:
        db.execute(f"ATTACH {quoted_text(str(path))} AS {alias} (READ_ONLY)")
    except duckdb.IOException as cause:
        if not path.exists():
            raise Corrupt(
                f"{path.name} of the history is missing",
                hint="put it back, or restore the history from a backup",
            ) from cause
        raise translated(path, cause) from cause


def one(db: Db, text: str, given: object = None) -> Any:
    """The one row of a query, None when it has none. (A `fetchone` leaves the connection in use.)"""
    rows = db.execute(text, given).fetchall()
    return rows[0] if rows else None


def quoted_text(text: str) -> str:
    """A literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _config(memory: str) -> dict[str, str | bool | int | float | list[str]]:
    """Nothing outside the file and its segments can be read, written, loaded or configured by SQL."""
    return {
        "memory_limit": memory,
        "max_temp_directory_size": "4GB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
    }


def _own(path: Path) -> IO[str]:
    """A lock that also keeps this very process from opening the file twice; it holds the owner's pid."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        owner = path.with_name(path.name + ".owner").open("a+", encoding="ascii")
    except OSError as cause:
        raise Unavailable(
            f"cannot write in {path.parent}: {cause.strerror}",
            hint="choose a data directory that this user may write to",
        ) from cause
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        owner.seek(0)
        pid = owner.read().strip()
        owner.close()
        raise _owned(path, f"process {pid}" if pid else "another process") from cause
    owner.truncate(0)
    owner.write(str(os.getpid()))
    owner.flush()
    return owner


def _owned(path: Path, by: str) -> Conflict:
    return Conflict(
        f"{path.name} is already open in {by}",
        hint="one Plantroom owns a history: stop the other one, or give this one its own data directory",
    )


def disk_error(path: Path, cause: OSError) -> PlantroomError:
    """What the operating system said of a file of ours."""
    if cause.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return OutOfSpace(
            f"{path.name} cannot grow: {cause.strerror}",
            hint="free some disk space; what was acknowledged is kept, and writing goes on by itself",
        )
    return Unavailable(
        f"cannot write {path}: {cause.strerror}",
        hint="choose a data directory that this user may write to",
    )


def translated(path: Path, cause: duckdb.Error) -> PlantroomError:
    """DuckDB's failure in the words of this house."""
    text = str(cause)
    found = text.lower()
    if any(word in found for word in _FULL):
        return OutOfSpace(
            f"{path.name} cannot grow: {text.splitlines()[0]:.200}",
            hint="free some disk space; what was acknowledged is kept, and writing goes on by itself",
        )
    if "could not set lock" in found:
        return _owned(path, "another program")
    if any(word in found for word in _BROKEN):
        return Corrupt(
            f"{path.name} cannot be read: {text.splitlines()[0]:.200}",
            hint="restore it from a backup; or move the file and its folder of segments away: Plantroom then starts an empty history",
        )
    return Unavailable(
        f"{path.name}: {text.splitlines()[0]:.300}",
        hint="try again; if it stays, see the log and the file's permissions",
    )
