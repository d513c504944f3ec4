"""The first look at a whole export: what decides day or month first, comma or point, and which way time runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from ingest.trends.cells import Dialect
from ingest.trends.instants import Reader, Survey, Unread
from ingest.trends.rows import Cell, Row
from ingest.trends.shape import Layout
from ontology.errors import BadRequest

MOST_SERIES: Final = 200_000
_EVIDENCE: Final = 500
"""Cells with a point alone that are counted; cells with a comma always are."""
_TELL: Final = 50_000


@dataclass(slots=True)
class Seen:
    """What the first look found."""

    times: Survey = field(default_factory=Survey)
    dialects: dict[str, Dialect] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)
    """Of a long table, how many rows each series has."""
    rows: int = 0
    _ends: dict[str, list[Cell]] = field(default_factory=dict)

    @property
    def whole(self) -> Dialect:
        """All columns together."""
        total = Dialect()
        for one in self.dialects.values():
            total.add(one)
        return total

    def falling(self, reader: Reader) -> bool:
        """Whether the newest rows come first, in most series."""
        votes = 0
        for first, last in self._ends.values():
            try:
                away = reader.read(last).seconds - reader.read(first).seconds
            except Unread:
                continue
            votes += (away > 0) - (away < 0)
        return votes < 0


def survey(
    rows: Iterable[Row], layout: Layout, progress: Callable[[int], None] | None = None
) -> Seen:
    """Look at every row once. Raises BadRequest for a long table of too many series."""
    seen = Seen()
    columns = [(at, layout.headings[at]) for at in layout.values] if not layout.long else []
    for row in rows:
        if row.number <= layout.header:
            continue
        seen.rows += 1
        if progress is not None and not seen.rows % _TELL:
            progress(seen.rows)
        if row.fault or len(row.cells) <= layout.time:
            continue
        seen.times.see(row.cells[layout.time])
        if layout.long:
            _see_long(seen, row.cells, layout)
        else:
            _note_end(seen, "", row.cells[layout.time])
            for at, name in columns:
                if at < len(row.cells):
                    _see_value(seen, name, row.cells[at])
    return seen


def _see_long(seen: Seen, cells: Sequence[Cell], layout: Layout) -> None:
    name = text_at(cells, layout.point)
    if not name:
        return
    seen.names[name] += 1
    if len(seen.names) > MOST_SERIES:
        raise BadRequest(
            f"more than {MOST_SERIES:,} names in the column of points",
            hint="name the columns in the map: point, value",
        )
    _note_end(seen, name, cells[layout.time])
    if layout.value is not None and layout.value < len(cells):
        _see_value(seen, name, cells[layout.value])


def _note_end(seen: Seen, name: str, cell: Cell) -> None:
    ends = seen._ends.setdefault(name, [cell, cell])  # noqa: SLF001  (this module's own)
    if cell not in (None, ""):
        ends[1] = cell


def _see_value(seen: Seen, name: str, cell: Cell) -> None:
    if not isinstance(cell, str):
        return
    comma = "," in cell
    if comma or "." in cell:
        dialect = seen.dialects.get(name)
        if dialect is None:
            dialect = seen.dialects[name] = Dialect()
        if comma or dialect.point < _EVIDENCE:
            dialect.see(cell)


def text_at(cells: Sequence[Any], at: int | None) -> str:
    """The trimmed text of a cell; "" where there is none."""
    if at is None or at >= len(cells) or cells[at] is None:
        return ""
    return _trimmed(str(cells[at])[:500])


@lru_cache(maxsize=20_000)
def _trimmed(text: str) -> str:
    """Names of points repeat from row to row."""
    return " ".join(text.split())
