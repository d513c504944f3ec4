"""What names mean inside one SELECT: its sources, their columns, and the aliases given on the way."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ontology.errors import BadRequest
from ontology.store.dialect_kinds import Kind, Piece, name

Columns = Mapping[str, Kind]
"""Column -> kind, in order; names in lower case."""
AT = "_at"
"""A column that published relations with a `ts` have besides those that queries may name: its unix seconds."""
_TWICE = "2 hours"
"""Rows of the hour that comes twice lie nearer to each other than their local times say."""
_KEYS = 32
_TIMES = ("year", "month", "week", "day", "hour", "minute", "second", "date")
"""Functions that are taken for columns."""


@dataclass
class Source:
    """One relation of FROM. `extras`: what the durations of its rows need, computed beside them."""

    alias: str
    inner: str
    columns: Columns
    extras: dict[str, str] = field(default_factory=dict)
    relation: str = ""
    """The published relation it reads, if it is one."""
    only: str = ""
    """The condition on rows that may be seen at all."""
    since: list[str] = field(default_factory=list)
    until: list[str] = field(default_factory=list)
    """What WHERE says of its time: rows beyond need not be read."""
    boundable: bool = True
    """Whether leaving out rows that WHERE leaves out changes nothing else."""
    looks_back: bool = False
    looks_ahead: bool = False
    """Whether the extras of a row need rows before it, or after it."""

    @property
    def bounds(self) -> tuple[str, ...]:
        """The conditions on time that may be applied where rows are read."""
        if not self.boundable:
            return ()
        told = [] if self.looks_back else [(">=", "-", when) for when in self.since]
        told += [] if self.looks_ahead else [("<=", "+", when) for when in self.until]
        return tuple(
            f"r.{name(ts)} {sign} {when} {way} CAST('{_TWICE}' AS INTERVAL)"
            for ts, kind in self.columns.items() if kind is Kind.TIME for sign, way, when in told
        )  # fmt: skip

    @property
    def order(self) -> str:
        """The order in which rows of one point came about. A clock that is put back does not confuse it."""
        if self.relation:
            return f"r.{name(AT)}"
        first = [column for column, kind in self.columns.items() if kind is Kind.TIME]
        some = dict.fromkeys([*first, *self.columns])
        return ", ".join(f"r.{name(column)}" for column in list(some)[:_KEYS])

    @property
    def sql(self) -> str:
        inner, bounds = self.inner, " AND ".join(self.bounds)
        if self.only:
            at = (AT,) if Kind.TIME in self.columns.values() else ()
            listed = ", ".join(name(column) for column in (*self.columns, *at))
            both = f"({self.only})" + (f" AND {bounds}" if bounds else "")
            # OFFSET 0 is a fence: what a query computes is computed of rows that may be seen, so that
            # not even an error tells of others
            inner = f"(SELECT {listed} FROM {inner} AS r WHERE {both} OFFSET 0)"  # noqa: S608  (written by us)
        if not self.extras:
            return f"{inner} AS {name(self.alias)}"
        more = ", ".join(f"{sql} AS {name(word)}" for word, sql in self.extras.items())
        where = f" WHERE {bounds}" if bounds and not self.only else ""
        return f"(SELECT r.*, {more} FROM {inner} AS r{where}) AS {name(self.alias)}"  # noqa: S608  (written by us)

    def beside(self, sql: str, *, back: bool = False) -> str:
        """A column computed over rows of the source and those after them (before them), by its name."""
        self.looks_back |= back
        self.looks_ahead |= not back
        for word, known in self.extras.items():
            if known == sql:
                return f"{name(self.alias)}.{name(word)}"
        word = f"_over_{len(self.extras)}"
        self.extras[word] = sql
        return f"{name(self.alias)}.{name(word)}"


@dataclass(frozen=True)
class Shared:
    """A column that USING made one: of which relation it is listed, and what it reads as."""

    source: Source
    sql: str


@dataclass
class Names:
    """The names of one SELECT, and those of the SELECT around it."""

    outer: Names | None = None
    sources: list[Source] = field(default_factory=list)
    shared: dict[str, Shared] = field(default_factory=dict)
    """Columns that USING made one."""
    aliases: dict[str, Piece] = field(default_factory=dict)
    windows: dict[str, str] = field(default_factory=dict)

    def add(self, source: Source) -> None:
        if any(known.alias == source.alias for known in self.sources):
            raise BadRequest(
                f"two relations are called {source.alias!r:.60}", hint="give one another alias"
            )
        self.sources.append(source)

    def source(self, alias: str) -> Source | None:
        return next((s for s in self.sources if s.alias == alias), None)

    def owner(self, column: str, table: str) -> Source | None:
        """Which source of this SELECT has the column. BadRequest where several have it."""
        if table:
            found = self.source(table)
            return found if found is not None and column in found.columns else None
        having = [s for s in self.sources if column in s.columns]
        if len(having) > 1 and column not in self.shared:
            some = " or ".join(f"{s.alias}.{column}" for s in having[:3])
            raise BadRequest(f"{column!r} is in several relations", hint=f"write {some}")
        return having[0] if having else None

    def column(
        self, column: str, table: str = "", *, alias_first: bool = False, meant: str = ""
    ) -> Piece:
        """What the name stands for: a column, or else the expression that was given the name.

        `meant`: the name where it stands as if a text was meant.
        """
        names: Names | None = self
        while names is not None:
            found = names.here(column, table, alias_first=alias_first and names is self)
            if found is not None:
                return found
            names = names.outer
        raise self._unknown(column, table, meant)

    def here(self, column: str, table: str, *, alias_first: bool) -> Piece | None:
        aliased = None if table else self.aliases.get(column)
        if alias_first and aliased is not None:
            return aliased
        owner = self.owner(column, table)
        if owner is None:
            return aliased
        shared = None if table else self.shared.get(column)
        sql = shared.sql if shared else f"{name(owner.alias)}.{name(column)}"
        return Piece(sql, owner.columns[column])

    def _unknown(self, column: str, table: str, meant: str) -> BadRequest:
        known = [c for s in self.sources for c in s.columns if not table or s.alias == table]
        near = difflib.get_close_matches(column, known, n=4, cutoff=0.5)
        if table and self.source(table) is None:
            near = []
            known = [s.alias for s in self.sources]
        hint = f"nearest columns: {', '.join(near)}" if near else f"there are: {', '.join(known[:30])}"  # fmt: skip
        if meant:
            hint += f"; a text stands in single quotes, such as '{meant:.40}'"
        elif column in _TIMES:
            hint = f"write {column}(ts)"
        whole = f"{table}.{column}" if table else column
        return BadRequest(f"the query cannot run: no column named {whole!r:.80}", hint=hint)
