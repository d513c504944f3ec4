"""Transactions on SQLite or PostgreSQL, and their failures in the words of this house."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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


def opened(url: str, **options: object) -> sa.Engine:
    """An engine for the URL; nothing is connected yet. Raises BadRequest for a URL nothing can serve.

    `options` are those of SQLAlchemy's `create_engine`, over what each driver needs.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+pg8000")
        engine = sa.create_engine(parsed, **{**_OPTIONS.get(parsed.drivername, {}), **options})
    except (sa.exc.ArgumentError, ValueError):  # their own words repeat the URL with its secret
        raise BadRequest(f"not a database URL: {without_secret(url)!r:.60}", hint=_HINT) from None
    except ModuleNotFoundError as cause:
        raise BadRequest(
            f"the driver {cause.name} of {parsed.drivername} is not installed",
            hint='install it, such as `pip install "plantroom[postgres]"`',
        ) from cause
    if engine.dialect.name not in {"sqlite", "postgresql"}:
        raise BadRequest(f"records in {engine.dialect.name} are not supported", hint=_HINT)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "do_connect", _connected)
        sa.event.listen(engine, "begin", _begin)
    return engine


def without_secret(url: str) -> str:
    """A URL, or what was meant as one, as it may be shown: nothing of user and password.

    >>> without_secret("postgresql://plant:s3cret@db/riverside")
    'postgresql://db/riverside'
    """
    scheme, mark, rest = url.partition("//")
    place = (rest if mark else url).rpartition("@")[2].partition("?")[0]
    return f"{scheme}{mark}{place}" if mark else place


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
        raise _told(cause, _where(engine)) from cause


def is_read_only(db: sa.Connection) -> bool:
    """Whether this is a SQLite file that may only be read."""
    if db.dialect.name != "sqlite":
        return False
    return bool(db.exec_driver_sql("PRAGMA query_only").scalar())


def _where(engine: sa.Engine) -> str:
    """The file of the records, which a person can look at; a server's URL may hold a secret."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    return f"records in {file}" if file else "records"


def _told(cause: sa.exc.DBAPIError, where: str) -> PlantroomError:
    given = cause.orig.args[0] if cause.orig and cause.orig.args else ""
    code = str(given.get("C", "")) if isinstance(given, dict) else ""
    text = str(given.get("M", "")) if isinstance(given, dict) else str(cause.orig)
    lost = isinstance(cause, (sa.exc.OperationalError, sa.exc.InterfaceError))
    if code == _DISK_FULL or (lost and "full" in text):
        return OutOfSpace(f"{where}: {text}", hint="free some disk space")
    if lost and "readonly" in text:
        return Unavailable(
            f"{where} may only be read",
            hint="mend the rights of the file and its folder, or choose another folder",
        )
    if lost or cause.connection_invalidated or code.startswith(_UNAVAILABLE):
        return Unavailable(f"{where}: {text}", hint="check the database and its URL")
    return Corrupt(
        f"the {where} cannot be read: {text}",
        hint="restore them from a backup; a demo is built anew by `plantroom demo --fresh`",
    )


def _connected(dialect: sa.Dialect, _record: object, args: list[Any], given: dict[str, Any]) -> Any:
    """SQLite: a file nobody here may write to is opened for reading, with nothing written beside it."""
    named = Path(args[0]) if args and not given.get("uri") else None
    file = named if named is not None and named.is_file() else None
    if file is None or _may_write(file):
        plain: Any = dialect.connect(*args, **given)
        try:
            return _durable(plain)
        except sqlite3.Error:
            plain.close()
            if file is None or _may_write(file.parent):
                raise
    return _reading(dialect, file.resolve(), given)


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=_EFFECTIVE)


_EFFECTIVE: Final = os.access in os.supports_effective_ids


def _durable(connection: Any) -> Any:
    """Readers beside one writer, and a commit that survives a power cut."""
    connection.isolation_level = None  # the driver would begin only at the first write
    for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _reading(dialect: sa.Dialect, file: Path, given: dict[str, Any]) -> Any:
    """A connection that writes nothing, not even a lock.

    SQLite reads a log beside the file only with an index of it that it could write; where there is no
    log, all is in the file. A log that cannot be read holds commits: then this fails rather than tell
    an older truth.
    """
    log = file.with_name(f"{file.name}-wal")
    alone = not (log.exists() and log.stat().st_size)
    address = f"{file.as_uri()}?{'immutable=1' if alone else 'mode=ro'}"
    connection: Any = dialect.connect(address, **{**given, "uri": True})
    connection.isolation_level = None
    for pragma in ("busy_timeout=5000", "query_only=1"):
        connection.execute(f"PRAGMA {pragma}")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as cause:
        connection.close()
        raise sqlite3.OperationalError(
            f"{cause}: commits lie in {log.name}, which is read only where it may be written"
            if not alone
            else str(cause)
        ) from cause
    return connection


def _begin(db: sa.Connection) -> None:
    """A writer takes the lock at once: one that read first could not be let through any more."""
    db.exec_driver_sql("BEGIN IMMEDIATE" if db.get_execution_options().get("writes") else "BEGIN")
