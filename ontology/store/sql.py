"""Guarded SQL over a history: a SELECT in, a table or a file out, in bounded time and memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from ontology.errors import BadRequest, PlantroomError
from ontology.graph import Building
from ontology.store import sql_files
from ontology.store.guard import MAX_LIMIT, Guard, Guarded
from ontology.store.sql_engine import Reads, SqlEngine, TooLate, TooMuch
from ontology.store.sql_engines import engine_of
from ontology.store.sql_files import Format
from ontology.store.views import relations
from ontology.time import UTC

Cell = Union[None, bool, int, float, str]
MAX_TIMEOUT_S = 60.0
TIMEOUT_S = 2.5
"""Unless asked for more: a runaway is gone within 3 s, and what a person asks takes far less."""


@dataclass(frozen=True)
class Result:
    """What a query gave, as an Arrow table with columns c0, c1 ..."""

    columns: tuple[str, ...]
    arrow: Any
    sql: str
    """The query as it was understood, after the guard: show it, run it again."""
    elapsed_s: float
    """How long the engine was at it; waiting for one's turn does not count."""
    truncated: bool
    """More rows exist than were asked for."""

    def save(self, path: Path, format: Format) -> None:
        """Write a file of it."""
        sql_files.save(self.arrow, self.columns, path, format)


@dataclass(frozen=True)
class Table:
    """What a query gave. Times are site-local text, an unknown value is None, never 0."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sql: str
    elapsed_s: float
    truncated: bool
    result: Result | None = None
    """The same as columns, to save or sum up."""


@dataclass(frozen=True)
class Explained:
    """What a query would read."""

    sql: str
    engine: str
    engine_sql: str
    reads: Sequence[Reads]


class SqlReader:
    """Runs SELECTs of people and agent over the relations that `relations()` lists, read-only."""

    def __init__(
        self,
        history: object,
        building: Building,
        *,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(UTC),
        scope: Collection[str] | None = None,
    ) -> None:
        """`clock` is what SQL's `now()` says. `scope`: the points that may be seen, None for all."""
        self._clock = clock
        self._scope = scope
        self._relations = relations(building, scope)
        self._engine: SqlEngine = engine_of(history, building)
        self._guard = Guard(
            self._relations, building.zone, scope, self._engine.backend, self._engine.schema
        )

    @property
    def relations(self) -> Mapping[str, Mapping[str, str]]:
        """Everything a query may name: relation -> column -> unit."""
        return self._relations

    async def run(self, text: str, *, limit: int = 200, timeout_s: float = TIMEOUT_S) -> Table:
        """At most `limit` rows within `timeout_s`.

        Raises Refused for what is not allowed, BadRequest for what is wrong or too heavy; both
        carry a hint that helps to ask better.
        """
        found = await self.fetch(text, limit=limit, timeout_s=timeout_s)
        rows = tuple(sql_files.cells(found.arrow))
        return Table(found.columns, rows, found.sql, found.elapsed_s, found.truncated, found)

    async def fetch(self, text: str, *, limit: int, timeout_s: float = TIMEOUT_S) -> Result:
        """The same as columns."""
        query = self._checked(text, limit, timeout_s)
        try:
            ran = await self._engine.run(query, timeout_s=timeout_s)
        except (TooLate, TooMuch) as error:
            raise await self._explained(error, query, timeout_s) from error
        return Result(
            columns=query.columns,
            arrow=ran.arrow.slice(0, query.limit),
            sql=query.sql,
            elapsed_s=ran.elapsed_s,
            truncated=ran.arrow.num_rows > query.limit,
        )

    async def export(
        self,
        text: str,
        file: Path,
        format: Format,
        *,
        limit: int = MAX_LIMIT,
        timeout_s: float = MAX_TIMEOUT_S,
    ) -> Result:
        """All rows up to `limit` into a file, whole or not at all."""
        found = await self.fetch(text, limit=limit, timeout_s=timeout_s)
        found.save(file, format)
        return found

    async def explain(self, text: str, *, limit: int = 200) -> Explained:
        """What the query would read; it is not run."""
        query = self._checked(text, limit, TIMEOUT_S)
        reads = await self._reads(query)
        return Explained(query.sql, self._engine.backend.value, query.bounded, reads)

    async def warm(self) -> None:
        """Be ready for the first question."""
        await self._engine.warm()

    async def close(self) -> None:
        """Give processes and connections back."""
        await self._engine.close()

    def _checked(self, text: str, limit: int, timeout_s: float) -> Guarded:
        if not 0 < timeout_s <= MAX_TIMEOUT_S:
            raise BadRequest(f"a time-out of {timeout_s} s", hint=f"up to {MAX_TIMEOUT_S:g} s")
        return self._guard.check(text, limit=limit, now=self._clock())

    async def _reads(self, query: Guarded) -> Sequence[Reads]:
        """What the relations are made of, as far as one may see."""
        reads = await self._engine.reads(query.relations)
        if self._scope is None:
            return reads
        return [r.among(len(self._scope)) for r in reads]

    async def _explained(
        self, error: TooLate | TooMuch, query: Guarded, timeout_s: float
    ) -> BadRequest:
        """What it would have read, and how to ask for less."""
        try:
            reads = await self._reads(query)
        except PlantroomError:  # what went wrong is told; this was only a help
            reads = []
        large = "; ".join(str(each) for each in reads)
        hint = f"it reads {large}: {error.hint}" if large else error.hint
        if isinstance(error, TooLate):
            return BadRequest(
                f"the query took longer than {timeout_s:g} s and was stopped", hint=hint
            )
        return BadRequest(str(error), hint=hint)
