"""Guarded SQL on PostgreSQL: a role that may read what is published and nothing else, stopped in time.

The role has grants on the published views only: those hold whatever a statement says, where settings
such as `statement_timeout` could be undone by another SET. A query that is late is cancelled from
another connection.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from ontology.errors import PlantroomError, Unavailable
from ontology.graph import Building
from ontology.store.arrow_kinds import of_rows
from ontology.store.dialect_kinds import Backend
from ontology.store.guard import Guarded
from ontology.store.pg_history import PgHistory
from ontology.store.pg_views import PUBLISHED
from ontology.store.sql_door import opened
from ontology.store.sql_engine import AT_ONCE, Ran, Reads, TooLate, TooMuch, Turns, WrongQuery
from ontology.store.views import wide_views

_GRACE_S: Final = 0.2
_SETTLE: Final = """
SET LOCAL search_path = ''; SET LOCAL statement_timeout = '{ms}ms';
SET LOCAL work_mem = '64MB'; SET LOCAL DateStyle = 'ISO'; SET LOCAL max_parallel_workers_per_gather = 1
"""
_CANCELLED, _MEMORY = "57014", "53"


class PgSql:
    """Runs guarded SQL over the published views, two queries at a time."""

    backend = Backend.POSTGRES
    schema = PUBLISHED

    def __init__(self, history: PgHistory, building: Building) -> None:
        self._history = history
        self._building = building
        self._engine: sa.Engine | None = None
        self._turns = Turns()

    async def run(self, query: Guarded, *, timeout_s: float) -> Ran:
        """The rows. Raises TooLate, TooMuch, WrongQuery or Unavailable."""
        engine = self._engine or await self._opened()
        async with self._turns.one():
            running = _Running(engine, query, timeout_s)
            job = asyncio.ensure_future(asyncio.to_thread(running))
            try:
                return await asyncio.shield(job)
            except asyncio.CancelledError:
                await asyncio.to_thread(running.cancel)
                await asyncio.wait({job}, timeout=5)
                if job.done() and not job.cancelled():
                    job.exception()  # told: nobody waits for it
                raise

    async def warm(self) -> None:
        """Publish the views and make the role."""
        if self._engine is None:
            await self._opened()

    async def reads(self, relations: Sequence[str]) -> list[Reads]:
        """How much each relation is, roughly: the rows of its points."""
        kept = await self._history.kept()
        points = max(kept.points, 1)
        views = {view.name: view for view in wide_views(self._building)}
        found = []
        for relation in relations:
            view = views.get(relation)
            mine = len({p for c in view.columns for p in c.points}) if view else points
            rows = points if relation in {"points", "latest"} else kept.rows * mine // points
            found.append(Reads(relation, mine, rows))
        return found

    async def close(self) -> None:
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)

    async def _opened(self) -> sa.Engine:
        """Connections as the role that sees what is published, and nothing else."""
        await self._history.publish(self._building)
        url = await self._history.reader_url()
        self._engine = opened(url, pool_size=AT_ONCE + 1, max_overflow=0, pool_timeout=30)
        return self._engine


class _Running:
    """One query in a read-only transaction, and how to stop it."""

    def __init__(self, engine: sa.Engine, query: Guarded, timeout_s: float) -> None:
        self._engine = engine
        self._query = query
        self._timeout_s = timeout_s
        self._pid: int | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Ran:
        alarm = threading.Timer(self._timeout_s + _GRACE_S, self.cancel)
        alarm.daemon = True
        try:
            with self._engine.connect() as db:
                self._pid = int(db.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
                db.rollback()
                alarm.start()
                try:
                    return self._rows(db)
                finally:
                    with self._lock:  # what is cancelled from here on would be somebody else's
                        self._pid = None
        except sa.exc.DBAPIError as cause:
            raise _told(cause) from cause
        finally:
            alarm.cancel()

    def cancel(self) -> None:
        """Say stop from another connection. Does nothing when it is done."""
        with self._lock:
            if self._pid is not None:
                with self._engine.connect() as other:
                    other.exec_driver_sql(f"SELECT pg_cancel_backend({self._pid})")

    def _rows(self, db: sa.Connection) -> Ran:
        began = time.perf_counter()
        db.exec_driver_sql("SET TRANSACTION READ ONLY")
        db.exec_driver_sql(_SETTLE.format(ms=int(self._timeout_s * 1000)))
        found = db.exec_driver_sql(self._query.bounded)
        rows = found.fetchall()
        db.rollback()
        try:
            return Ran(of_rows(rows, self._query.kinds), time.perf_counter() - began)
        except ValueError as cause:
            raise WrongQuery(str(cause)) from cause


def _told(cause: sa.exc.DBAPIError) -> PlantroomError:
    """The database's words as ours."""
    said = cause.orig.args[0] if cause.orig is not None and cause.orig.args else str(cause)
    code = said.get("C", "") if isinstance(said, dict) else ""
    text = str(said.get("M", "")) if isinstance(said, dict) else str(said)
    if code == _CANCELLED:
        return TooLate()
    if code.startswith(_MEMORY):
        return TooMuch()
    if not code:
        return Unavailable(f"the database does not answer: {text:.200}", hint="start it, then ask again")  # fmt: skip
    return WrongQuery(text)
