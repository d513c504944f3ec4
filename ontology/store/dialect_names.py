"""What names mean inside one SELECT: its sources, their columns, and the aliases given on the way."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ontology.errors import BadRequest
from ontology.store.dialect_kinds import Kind, Piece, name

Columns = Mapping[str, Kind]
"""Column -> kind, in order; names in lower case."""


@dataclass
class Source:
    """One relation of FROM. `extras`: what the durations of its rows need, computed beside them."""

    alias: str
    inner: str
    columns: Columns
    extras: dict[str, str] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        if not self.extras:
            return f"{self.inner} AS {name(self.alias)}"
        more = ", ".join(f"{sql} AS {name(word)}" for word, sql in self.extras.items())
        return f"(SELECT r.*, {more} FROM {self.inner} AS r) AS {name(self.alias)}"  # noqa: S608  (written by us)

    def beside(self, sql: str) -> str:
        """A column computed over all rows of the source, by its name."""
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

    def column(self, column: str, table: str = "", *, alias_first: bool = False) -> Piece:
        """What the name stands for: a column, or else the expression that was given the name."""
        names: Names | None = self
        while names is not None:
            found = names.here(column, table, alias_first=alias_first and names is self)
            if found is not None:
                return found
            names = names.outer
        raise self._unknown(column, table)

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

    def _unknown(self, column: str, table: str) -> BadRequest:
        known = [c for s in self.sources for c in s.columns if not table or s.alias == table]
        near = difflib.get_close_matches(column, known, n=4, cutoff=0.5)
        if table and self.source(table) is None:
            near = []
            known = [s.alias for s in self.sources]
        hint = f"nearest columns: {', '.join(near)}" if near else f"there are: {', '.join(known[:30])}"  # fmt: skip
        whole = f"{table}.{column}" if table else column
        return BadRequest(f"the query cannot run: no column named {whole!r:.80}", hint=hint)
