"""One tag's values as columns: numbers as floats beside a unit code, all else by a dictionary."""

from __future__ import annotations

import datetime as dt
import operator
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from ontology.filter import holds
from ontology.index.sets import NOWHERE, Flags, Ints, Slots, grown, numbers_of, slots_of
from ontology.index.table import Table
from ontology.kinds import MARKER, NA, Coord, Number, Ref, Symbol, Uri, XStr

_SCALARS: Final = frozenset({
    bool, str, Ref, Symbol, Uri, Coord, XStr, dt.date, dt.time, dt.datetime, type(MARKER), type(NA),
})  # fmt: skip
"""Kinds of which equal values share a code. Lists, dicts and grids are compared one by one."""
_OPS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_NEVER: Final = -2
"""A code nothing has."""
SPARE: Final = 1_000
"""Codes of values that nobody has any more, before a column is worth building anew."""


class Values:
    """A column that follows each change in O(1): sorting nothing is what makes `curVal` cheap.

    A number's code stands for its unit, so one comparison of codes settles the unit.
    """

    def __init__(self, tag: str, table: Table, present: Slots) -> None:
        self._tag = tag
        self._table = table
        self._code_of: dict[tuple[type, Any], int] = {}
        self._known: list[Any] = []
        self._codes: Ints = np.full(len(table), NOWHERE, np.int32)
        self._floats: NDArray[np.float64] = np.zeros(len(table))
        self.odd: Slots = BitMap()
        for slot, value in zip(present, table.values(tag, present), strict=True):
            self.put(slot, value)

    def __len__(self) -> int:
        """How many different values it has met; more than SPARE above the entities calls for a new one."""
        return len(self._known)

    def put(self, slot: int, value: Any) -> None:
        """Follow a value that is new, changed or gone (None)."""
        if slot >= len(self._codes):
            self._codes = grown(self._codes, slot + 1, NOWHERE)
            self._floats = grown(self._floats, slot + 1, 0.0)
        if self.odd:
            self.odd.discard(slot)
        kind = type(value)
        self._floats[slot] = value.value if kind is Number else 0.0
        if kind is Number:
            self._codes[slot] = self._code(kind, value.unit)
        elif kind in _SCALARS:
            self._codes[slot] = self._code(kind, value)
        else:
            self._codes[slot] = NOWHERE
            if value is not None:
                self.odd.add(slot)

    def where(self, op: str, wanted: Any, base: Slots) -> Slots:
        """Those of `base`, which all have the tag, whose value stands in this relation to a literal."""
        plain = base - self.odd if self.odd else base
        slots = numbers_of(plain)
        hit = ~self._flags("==", wanted, slots) if op == "!=" else self._flags(op, wanted, slots)
        found = slots_of(slots[hit])
        if self.odd:
            found |= one_by_one(self._tag, op, wanted, base & self.odd, self._table)
        return found

    def common(self, present: Slots, limit: int) -> list[tuple[Any, int]]:
        """The most frequent values with their counts; an element of a list counts as a value."""
        slots = numbers_of(present - self.odd)
        codes, floats = self._codes[slots], self._floats[slots]
        counts: Counter[Any] = Counter()
        for code, count in zip(*_frequent(codes, limit), strict=True):
            known = self._known[code]
            if type(known) is not _Unit:
                counts[known] = count
                continue
            for number, of_it in zip(*_frequent(floats[codes == code], limit), strict=True):
                counts[Number(number, str(known))] = of_it
        for slot in self.odd & present:
            tags = self._table.row(slot) or {}
            items = tags[self._tag] if isinstance(tags[self._tag], (list, tuple)) else ()
            counts.update(item for item in items if type(item) in _SCALARS or type(item) is Number)
        return counts.most_common(limit)

    def _flags(self, op: str, wanted: Any, slots: Ints) -> Flags:
        codes = self._codes[slots]
        if isinstance(wanted, Number):
            right: Flags = _OPS[op](self._floats[slots], wanted.value)
            return right & np.equal(codes, self._code_of.get((Number, wanted.unit), _NEVER))
        if op == "==":
            return np.equal(codes, self._code_of.get((type(wanted), wanted), _NEVER))
        different, at = np.unique(codes, return_inverse=True)
        right = np.array([self._stands(code, op, wanted) for code in different.tolist()], np.bool_)
        return right[at]

    def _stands(self, code: int, op: str, wanted: Any) -> bool:
        known = self._known[code]
        return type(known) is not _Unit and holds(known, op, wanted)

    def _code(self, kind: type, value: Any) -> int:
        key = (kind, value)
        code = self._code_of.get(key)
        if code is None:
            code = self._code_of[key] = len(self._known)
            self._known.append(_Unit(value) if kind is Number else value)
        return code


class _Unit(str):
    """Stands for all numbers of one unit."""

    __slots__ = ()


def _frequent(column: NDArray[Any], limit: int) -> tuple[list[Any], list[int]]:
    """The most frequent members of a column, and how often each is there."""
    members, counts = np.unique(column, return_counts=True)
    best = np.argsort(-counts, kind="stable")[:limit]
    return members[best].tolist(), counts[best].tolist()


def one_by_one(tag: str, op: str, wanted: Any, base: Slots, table: Table) -> Slots:
    """The same as `Values.where`, without a column: for few entities, and for lists and dicts."""
    return BitMap([slot for slot in base if holds((table.row(slot) or {})[tag], op, wanted)])
