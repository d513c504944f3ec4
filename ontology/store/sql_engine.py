"""What runs guarded SQL: a sandboxed DuckDB or a restricted PostgreSQL role, behind one protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from ontology.errors import BadRequest, Unavailable
from ontology.store.dialect_kinds import Backend
from ontology.store.guard import Guarded

AT_ONCE = 2
"""Queries that run together; more wait their turn, so that polling keeps its share of the machine."""
WAITING = 64
_NARROW = "narrow the time range, use an equipment's view instead of samples, or fewer joins"


@dataclass(frozen=True)
class Reads:
    """What a relation is made of: about so many rows of so many points."""

    relation: str
    points: int
    rows: int

    def among(self, points: int) -> Reads:
        """The share of so many points, at most."""
        mine = min(points, self.points)
        return Reads(self.relation, mine, self.rows * mine // max(self.points, 1))

    def __str__(self) -> str:
        size = f"{self.rows / 1e6:.1f} M" if self.rows >= 1_000_000 else f"{self.rows:,}"
        return f"{self.relation}: {size} rows of {self.points:,} points"


@dataclass(frozen=True)
class Ran:
    """An Arrow table with columns c0, c1 ... of the query's kinds, and how long the engine was at it."""

    arrow: Any
    elapsed_s: float


class Turns:
    """Two queries run; a bounded number waits."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A turn. Raises Unavailable when too many wait already."""
        if self._waiting >= WAITING:
            raise Unavailable(f"{WAITING} queries wait already", hint="ask again in a minute")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


_HINTS = (
    ("GROUP BY", "name every column that is not aggregated in GROUP BY, or write GROUP BY ALL"),
    ("onvert string", "TRY_CAST gives NULL where a text is no number"),
    ("input syntax", "TRY_CAST gives NULL where a text is no number"),
    ("out of range", "CAST a side to DOUBLE first"),
    ("verflow", "CAST a side to DOUBLE first"),
)
"""What engines say, and what to do."""


class TooLate(BadRequest):
    """The query was stopped because its time was up."""

    code = "query-too-slow"

    def __init__(self) -> None:
        super().__init__("the query took too long and was stopped", hint=_NARROW)


class TooMuch(BadRequest):
    """The query was stopped because it wanted more memory than it may have."""

    code = "query-too-large"

    def __init__(self) -> None:
        super().__init__(
            "the query needs more memory than it may have",
            hint="narrow the time range, select fewer columns, or aggregate with bucket(ts, 60)",
        )


class WrongQuery(BadRequest):
    """The engine could not run it."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"the query cannot run: {said.split('Error: ', 1)[-1]:.300}",
            hint=next((hint for word, hint in _HINTS if word in said), "see docs/reference-sql.md"),
        )


class SqlEngine(Protocol):
    """Runs what the guard let through."""

    backend: Backend
    schema: str

    async def run(self, query: Guarded, *, timeout_s: float) -> Ran:
        """The rows. Raises TooLate, TooMuch, WrongQuery or Unavailable."""

    async def reads(self, relations: Sequence[str]) -> list[Reads]:
        """What the relations are made of."""

    async def warm(self) -> None:
        """Be ready for the first question."""

    async def close(self) -> None:
        """Give processes and connections back."""
