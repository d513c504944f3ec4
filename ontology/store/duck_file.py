"""One DuckDB file, owned by one process: opened, guarded, and opened again after a full disk."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import duckdb

from ontology.errors import Conflict, Corrupt, OutOfSpace, PlantroomError, Unavailable

_FULL = ("no space left", "file too large", "quota exceeded", "could not write file")
_BROKEN = (
    "not a valid duckdb", "corrupt database file", "checksum", "could not read enough bytes",
    "serialization error", "newer version of duckdb", "failure while replaying wal",
)  # fmt: skip
_INVALID = "database has been invalidated"
REOPEN_S = 3.0
"""How long reopening waits for readers of the broken instance to let go of it."""


class DuckFile:
    """Connections to the file. `cursor()` may be used from any thread, `transaction()` from one."""

    def __init__(self, path: Path, *, memory: str) -> None:
        self.path = path
        self._memory = memory
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

    def close(self) -> None:
        """Give the file back. Twice is once."""
        self._let_go()
        self._owner.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            self._con = duckdb.connect(str(self.path), config=_config(self._memory))
            self._con.execute("SELECT 1")
        except duckdb.Error as cause:
            self._let_go()
            raise _translated(self.path, cause) from cause
        return self._con

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
        return _translated(self.path, cause)

    def _let_go(self) -> None:
        con, self._con = self._con, None
        if con is not None:
            with suppress(duckdb.Error):  # closing a broken database cannot fail usefully
                con.close()


def _config(memory: str) -> dict[str, str | bool | int | float | list[str]]:
    """Nothing outside the file can be read, written, loaded or configured by SQL."""
    return {
        "memory_limit": memory,
        "max_temp_directory_size": "4GB",
        "enable_external_access": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
        "lock_configuration": True,
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


def _translated(path: Path, cause: duckdb.Error) -> PlantroomError:
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
            hint="restore it from a backup, or move it away: Plantroom then starts an empty history",
        )
    return Unavailable(
        f"{path.name}: {text.splitlines()[0]:.300}",
        hint="try again; if it stays, see the log and the file's permissions",
    )
