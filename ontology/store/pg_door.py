"""Transactions on a PostgreSQL history, COPY both ways, and their failures in the words of this house."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import sqlalchemy as sa

from ontology.errors import BadRequest, Corrupt, OutOfSpace, PlantroomError, Unavailable
from ontology.store.sql_door import opened

CONNECT_S: Final = 10.0
_SESSION: Final = (
    # acknowledged means on disk, whatever the server's default; a query of ours never waits for ever
    "SET synchronous_commit = on; SET TIME ZONE 'UTC'; SET client_min_messages = warning; SET jit = off;"
    " SET work_mem = '64MB';"
    " SET search_path = plantroom_store;"
    " SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '{idle_s:.0f}s'"
)
_LET_IN_HINT: Final = "check user, password and database name in PLANTROOM_HISTORY_URL"
_OUR_OWN: Final = "22"
"""SQLSTATE class of values that cannot be right."""


class Away(Unavailable):
    """The database does not answer: it may come back by itself."""


class Moved(Unavailable):
    """A table changed under a statement that was right when it began: try it once more."""


class PgDoor:
    """Connections to one database. Each transaction runs in the thread that opens it."""

    def __init__(self, url: str, *, timeout_s: float = 60.0, connections: int = 8) -> None:
        """`timeout_s`: a statement that is silent for longer is given up with its connection."""
        self._engine = opened(url, pool_size=connections, max_overflow=0, pool_timeout=timeout_s)
        if self._engine.dialect.name != "postgresql":
            raise BadRequest(
                f"a history in {self._engine.dialect.name} at a URL is not supported",
                hint="postgresql://user:password@host/name, or nothing for DuckDB in the home folder",
            )
        self._timeout_s = timeout_s
        sa.event.listen(self._engine, "do_connect", self._connect)
        sa.event.listen(self._engine, "connect", self._settle)

    @property
    def url(self) -> sa.URL:
        """Where it leads, with its secret: `str()` of it hides the password."""
        return self._engine.url

    @contextmanager
    def transaction(self, *, snapshot: bool = False) -> Iterator[Session]:
        """Committed when the block ends, undone when it raises. `snapshot`: sees one moment throughout."""
        try:
            with self._engine.connect() as db:
                try:
                    with db.begin():
                        if snapshot:
                            db.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                        yield Session(db)
                except (OSError, self._raw_error) as cause:
                    if not _said(cause):  # the line, not the server: nobody knows what is on it
                        db.invalidate()
                    raise
        except sa.exc.DBAPIError as cause:
            raise self._told(cause.orig or cause, lost=cause.connection_invalidated) from cause
        except (OSError, self._raw_error, sa.exc.TimeoutError) as cause:
            raise self._told(cause) from cause

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @property
    def _raw_error(self) -> type[Exception]:
        """What the driver raises where SQLAlchemy is not between (COPY)."""
        dbapi: Any = self._engine.dialect.dbapi
        error: type[Exception] = dbapi.Error
        return error

    def _connect(
        self, dialect: Any, _record: object, _args: list[Any], given: dict[str, Any]
    ) -> Any:
        """Batches are several small messages: without TCP_NODELAY each waits 40 ms for the last's receipt."""
        given["timeout"] = self._timeout_s
        if "unix_sock" in given:
            return None  # connected as any
        address = (given.get("host") or "localhost", int(given.get("port") or 5432))
        line = socket.create_connection(address, timeout=CONNECT_S)
        try:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            line.settimeout(self._timeout_s)
            return dialect.dbapi.Connection(**given, sock=line)
        except BaseException:
            line.close()
            raise

    def _settle(self, connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(_SESSION.format(idle_s=max(60.0, self._timeout_s)))
        cursor.close()
        connection.commit()

    def _told(self, cause: BaseException, *, lost: bool = False) -> PlantroomError:
        said = _said(cause)
        where = f"the history at {self.url.host or 'localhost'}"
        code, text = said.get("C", ""), said.get("M", "")
        if not said or lost:
            why = text or ("it does not answer" if isinstance(cause, TimeoutError) else str(cause))
            return Away(
                f"{where}: {why:.200}",
                hint="start the database or mend the network; what comes meanwhile is held in the outbox",
            )
        return _translated(where, code, text)


class Session:
    """One transaction."""

    def __init__(self, db: sa.Connection) -> None:
        self._db = db

    def run(self, statement: str, given: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement with `:names`; values never become text of it."""
        found = self._db.execute(sa.text(statement), dict(given or {}))
        return [tuple(row) for row in found] if found.returns_rows else []

    def script(self, statements: str) -> None:
        """Statements of our own, as they are: no values, no `:names`."""
        self._db.exec_driver_sql(statements.replace("%", "%%"))

    def value(self, statement: str, given: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row; None where there is none."""
        rows = self.run(statement, given)
        return rows[0][0] if rows else None

    def copy_in(self, table: str, data: bytes) -> None:
        """Load rows in COPY's binary format into `table (columns)`."""
        self._copy(f"COPY {table} FROM STDIN (FORMAT binary)", [data])

    def copy_out(self, select: str) -> bytes:
        """What a SELECT without values gives, in COPY's binary format."""
        found = io.BytesIO()
        self._copy(f"COPY ({select}) TO STDOUT (FORMAT binary)", found)
        return found.getvalue()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part that may fail without the rest."""
        with self._db.begin_nested():
            yield

    def _copy(self, statement: str, stream: io.BytesIO | list[bytes]) -> None:
        cursor: Any = self._db.connection.cursor()
        try:
            cursor.execute(statement, stream=stream)
        finally:
            with suppress(Exception):  # the first error is the one to tell
                cursor.close()


def _said(cause: BaseException) -> dict[str, str]:
    """The server's own words (https://www.postgresql.org/docs/15/protocol-error-fields.html), if it spoke."""
    given = cause.args[0] if cause.args else None
    return {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}


def sqlstate(cause: BaseException) -> str:
    """The code of the server's refusal under an error of ours; "" where it did not speak."""
    under: BaseException | None = cause
    while under is not None:
        found = _said(under.orig if isinstance(under, sa.exc.DBAPIError) and under.orig else under)
        if "C" in found:
            return found["C"]
        under = under.__cause__
    return ""


_AWAY: Final = ("08", "57P01", "57P02", "57P03", "53300", "53400")
"""No connection; shut down, crashed, starting; too many connections."""
_MOVED: Final = ("23514", "40001", "40P01", "42P01", "55P03")
"""No partition for a row, an overtaken transaction, a deadlock, a table gone, a lock not got in time."""


def _translated(where: str, code: str, text: str) -> PlantroomError:
    said = f"{where}: {text:.300}"
    if code.startswith(("28", "3D")):
        return Unavailable(said, hint=_LET_IN_HINT)
    if code.startswith(_AWAY):
        return Away(said, hint="wait for the database; what comes meanwhile is held in the outbox")
    if code in {"53100", "58030"}:
        return OutOfSpace(
            said, hint="free some disk space on the database server; nothing acknowledged is lost"
        )
    if code in _MOVED:
        return Moved(said, hint="try again")
    if code == "42501":
        return Unavailable(said, hint="grant it to this user; see docs/how-to/history.md")
    if code.startswith(("53", "57", "25006")):
        return Unavailable(said, hint="see the log of the database server")
    if code.startswith(_OUR_OWN):
        return BadRequest(said, hint="check the values")
    return Corrupt(said, hint="restore the database from its backup; see docs/how-to/history.md")
