"""Guarded SQL over a history: a SELECT in, a small table out, in bounded time and memory."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Union

import duckdb

from ontology.errors import BadRequest, Unavailable
from ontology.graph import Building
from ontology.store.duck import DuckHistory
from ontology.store.guard import Guard, Guarded, nearest
from ontology.store.views import relations
from ontology.time import UTC

Cell = Union[None, bool, int, float, str]
AT_ONCE = 2
"""Queries that run together; more wait their turn, so that polling keeps its share of the machine."""
MAX_TIMEOUT_S = 60.0
_STUBBORN_S = 5.0
"""How long an interrupted query may take to notice (measured: 0.1 s)."""
_UNKNOWN_COLUMN = re.compile(
    r'(?:column|reference) named? ?"?([\w.]+)"?|column "([\w.]+)"', re.IGNORECASE
)


@dataclass(frozen=True)
class Table:
    """What a query gave. Times are site-local ISO text; an unknown value is None, never 0."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sql: str
    """The query as it ran, after the guard: show it, run it again."""
    elapsed_s: float
    truncated: bool
    """More rows exist than were asked for."""


class SqlReader:
    """Runs SELECTs of people and agent over the relations that `relations()` lists, read-only."""

    def __init__(
        self,
        history: DuckHistory,
        building: Building,
        *,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(UTC),
    ) -> None:
        """`clock` is what SQL's `now()` says; the building's views are published at the first query."""
        self._history = history
        self._building = building
        self._clock = clock
        self._relations = relations(building)
        self._guard = Guard(self._relations, building.zone)
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._published = False

    @property
    def relations(self) -> Mapping[str, Mapping[str, str]]:
        """Everything a query may name: relation -> column -> unit."""
        return self._relations

    async def run(self, text: str, *, limit: int = 200, timeout_s: float = 5.0) -> Table:
        """At most `limit` rows within `timeout_s`.

        Raises Refused for what is not allowed, BadRequest for what is wrong or too heavy; both
        carry a hint that helps to ask better.
        """
        if not 0 < timeout_s <= MAX_TIMEOUT_S:
            raise BadRequest(f"a time-out of {timeout_s} s", hint=f"up to {MAX_TIMEOUT_S:g} s")
        query = self._guard.check(text, limit=limit, now=self._clock())
        if not self._published:
            await self._history.publish(self._building)
            self._published = True
        async with self._turn:
            began = time.perf_counter()
            _, rows = await self._bounded(query, timeout_s)
            elapsed_s = time.perf_counter() - began
        return Table(
            columns=query.columns,
            rows=rows[: query.limit],
            sql=query.sql,
            elapsed_s=elapsed_s,
            truncated=len(rows) > query.limit,
        )

    async def _bounded(self, query: Guarded, timeout_s: float) -> _Rows:
        """Run in a thread; interrupt when the time is up, or when nobody waits any more."""
        run = _Run(self._history, query.bounded)
        job = asyncio.ensure_future(asyncio.to_thread(run))
        try:
            await asyncio.wait({job}, timeout=timeout_s)
            late = not job.done()
        finally:
            await _stopped(job, run)
        try:
            return job.result()
        except duckdb.InterruptException as cause:
            raise _too_slow(timeout_s) from cause
        except duckdb.Error as cause:
            raise _too_slow(timeout_s) if late else self._explained(cause, query) from cause

    def _explained(self, cause: duckdb.Error, query: Guarded) -> BadRequest:
        said = str(cause).splitlines()[0].split("Error: ", 1)[-1]
        if isinstance(cause, duckdb.OutOfMemoryException):
            return BadRequest(
                "the query needs more memory than it may have",
                hint="narrow the time range, select fewer columns, or aggregate with bucket(ts, 60)",
            )
        known = {c: "" for name in query.relations for c in self._relations[name]}
        missing = _UNKNOWN_COLUMN.search(said)
        word = (missing.group(1) or missing.group(2)).split(".")[-1] if missing else ""
        near = nearest(word, known) if word else []
        hint = f"nearest columns: {', '.join(near)}" if near else _columns_hint(query, known)
        return BadRequest(f"the query cannot run: {said:.300}", hint=hint)


_Rows = tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]


class _Run:
    """One query on a cursor of its own, in a read-only transaction. Lets DuckDB's errors through."""

    def __init__(self, history: DuckHistory, sql: str) -> None:
        self._history = history
        self._sql = sql
        self._cursor: duckdb.DuckDBPyConnection | None = None

    def __call__(self) -> _Rows:
        failed: duckdb.Error | None = None
        with self._history.cursor() as cursor:
            self._cursor = cursor
            try:
                cursor.execute("BEGIN TRANSACTION READ ONLY")
                cursor.execute(self._sql)
                columns = tuple(str(column[0]) for column in cursor.description or ())
                return columns, tuple(tuple(map(_cell, row)) for row in cursor.fetchall())
            except duckdb.FatalException:
                raise  # the file's own trouble: it reopens
            except duckdb.Error as error:
                failed = error
            finally:
                self._cursor = None
        raise failed

    def interrupt(self) -> None:
        """Say stop; DuckDB forgets it when the query has not begun yet, so say it again."""
        cursor = self._cursor
        if cursor is not None:
            cursor.interrupt()


async def _stopped(job: asyncio.Future[_Rows], run: _Run) -> None:
    until = time.monotonic() + _STUBBORN_S
    while not job.done():
        run.interrupt()
        if time.monotonic() > until:
            raise Unavailable(
                "a query does not stop", hint="restart Plantroom if the machine stays busy"
            )
        await asyncio.wait({job}, timeout=0.02)


def _too_slow(timeout_s: float) -> BadRequest:
    return BadRequest(
        f"the query took longer than {timeout_s:g} s and was stopped",
        hint="narrow the time range, use an equipment's view instead of samples, or fewer joins",
    )


def _columns_hint(query: Guarded, known: Mapping[str, str]) -> str:
    if not known:
        return "see docs/reference-sql.md"
    return f"{', '.join(query.relations)} have the columns {', '.join(list(known)[:30])}"


def _cell(value: object) -> Cell:
    """DuckDB's values as JSON has them; what is not finite is unknown."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    return str(value)
