"""One mapped column and its point: cells of many rows at once to values in the point's own unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.trends.aside import Aside
from ingest.trends.cells import CellReader, Unread, Value
from ingest.trends.rows import Cell
from ontology.errors import BadRequest
from ontology.history import Floats, Status
from ontology.kinds import Ref
from ontology.units import convert, symbol

_PLAIN: Final = re.compile(r"[\d\s.+\-eE,\x1f]*")


@dataclass(frozen=True, slots=True)
class Target:
    """A point of the model as an import sees it. `quantity` is its role's, where it has one."""

    ref: Ref
    unit: str = ""
    kind: str = ""
    """Haystack's: "Bool", "Number" or "Str"; "" where unknown."""
    quantity: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Reads the cells of one series."""

    name: str
    target: Target
    unit: str
    """The unit of numbers without one of their own; "" where nothing says it: that of the point."""
    reader: CellReader

    def check(self) -> None:
        """Raises BadRequest where the unit cannot be that of the point."""
        if self.unit:
            self._convert(1.0, self.unit)

    def values(
        self, numbers: Sequence[int], cells: Sequence[Cell], aside: Aside
    ) -> tuple[Floats, list[int], list[bool]]:
        """Values in the point's unit, status of each, and whether there is one at all."""
        fast = self._fast(cells)
        if fast is not None:
            return fast, [0] * len(cells), [True] * len(cells)
        values = np.full(len(cells), np.nan)
        status, there = [0] * len(cells), [False] * len(cells)
        for at, cell in enumerate(cells):
            try:
                found = self.reader.read(cell)
                if found is None:
                    continue
                values[at], status[at], there[at] = self._in_unit(found), int(found.status), True
            except (Unread, BadRequest) as cause:
                aside.cell(numbers[at], self.name, str(cause), cell)
        return values, status, there

    def _in_unit(self, found: Value) -> float:
        if found.status is not Status.GOOD:
            return found.number
        unit = found.unit or self.unit
        return self._convert(found.number, unit) if unit else found.number

    def _fast(self, cells: Sequence[Cell]) -> Floats | None:
        """The same for plain numbers, ten times faster; None where a cell is anything else."""
        try:
            if isinstance(cells[0], str):
                text = "\x1f".join(cells)
                if not _PLAIN.fullmatch(text) or (
                    "," in text if self.reader.decimal == "." else "." in text
                ):
                    return None
                values = np.array(text.replace(",", ".").split("\x1f"), dtype=np.float64)
            elif all(type(cell) is float or type(cell) is int for cell in cells):
                values = np.array(cells, dtype=np.float64)
            else:
                return None
        except (TypeError, ValueError, OverflowError):
            return None
        if not np.isfinite(values).all():
            return None
        if not self.unit or symbol(self.unit) == symbol(self.target.unit):
            return values
        return np.array([self._convert(value, self.unit) for value in values.tolist()])

    def _convert(self, value: float, unit: str) -> float:
        target = self.target
        if symbol(unit) == symbol(target.unit):
            return value
        if not target.unit:
            raise BadRequest(
                f"{unit} for a point without a unit",
                hint=f"give @{target.ref.id} its unit in the model",
            )
        try:
            return convert(value, unit, target.unit, target.quantity)
        except BadRequest as cause:
            raise BadRequest(
                f"{unit} cannot be the unit of @{target.ref.id}, which has {target.unit}",
                hint=cause.hint,
            ) from cause
