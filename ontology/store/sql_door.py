"""Transactions on SQLite or PostgreSQL, and their failures in the words of this house."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from ontology.errors import BadRequest, Corrupt, OutOfSpace, PlantroomError, Unavailable

_UNAVAILABLE: Final = ("08", "28", "3D", "53", "57")
"""SQLSTATE classes: no connection, not let in, no such database, out of resources, stopped by an operator."""
_DISK_FULL: Final = "53100"

_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    # a server that was started again is found again; one that hangs is given up after a minute
    "postgresql+pg8000": {"pool_pre_ping": True, "connect_args": {"timeout": 60}},
}


def opened(url: str) -> sa.Engine:
    """An engine for the URL; nothing is connected yet. Raises BadRequest for a URL nothing can serve."""
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+pg8000")
        engine = sa.create_engine(parsed, **_OPTIONS.get(parsed.drivername, {}))
    except sa.exc.ArgumentError as cause:
        raise BadRequest(f"not a database URL: {url!r:.60}", hint=_HINT) from cause
    except ModuleNotFoundError as cause:
        raise BadRequest(
            f"the driver {cause.name} of {parsed.drivername} is not installed",
            hint='install it, such as `pip install "plantroom[postgres]"`',
        ) from cause
    if engine.dialect.name not in {"sqlite", "postgresql"}:
        raise BadRequest(f"records in {engine.dialect.name} are not supported", hint=_HINT)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _durable)
        sa.event.listen(engine, "begin", _begin)
    return engine


_HINT: Final = "such as sqlite:////var/records.db or postgresql://user:password@host/name"


@contextmanager
def door(engine: sa.Engine, *, writes: bool = False) -> Iterator[sa.Connection]:
    """One transaction: a reader sees one moment of the database, a writer is alone or waits."""
    options: dict[str, Any] = {"writes": writes}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "READ COMMITTED" if writes else "REPEATABLE READ"
    try:
        with engine.connect().execution_options(**options) as db, db.begin():
            yield db
    except sa.exc.DBAPIError as cause:
        raise _told(cause) from cause


def _told(cause: sa.exc.DBAPIError) -> PlantroomError:
    given = cause.orig.args[0] if cause.orig and cause.orig.args else ""
    code = str(given.get("C", "")) if isinstance(given, dict) else ""
    text = str(given.get("M", "")) if isinstance(given, dict) else str(cause.orig)
    lost = isinstance(cause, (sa.exc.OperationalError, sa.exc.InterfaceError))
    if code == _DISK_FULL or (lost and "full" in text):
        return OutOfSpace(f"records: {text}", hint="free some disk space")
    if lost or cause.connection_invalidated or code.startswith(_UNAVAILABLE):
        return Unavailable(f"records: {text}", hint="check the database and its URL")
    return Corrupt(
        f"the records cannot be read: {text}",
        hint="restore them from a backup; a demo is built anew by `plantroom demo --fresh`",
    )


def _durable(connection: Any, _record: object) -> None:
    """SQLite: readers beside one writer, and a commit that survives a power cut."""
    connection.isolation_level = None  # the driver would begin only at the first write
    for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(db: sa.Connection) -> None:
    """A writer takes the lock at once: one that read first could not be let through any more."""
    db.exec_driver_sql("BEGIN IMMEDIATE" if db.get_execution_options().get("writes") else "BEGIN")
