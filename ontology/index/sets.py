"""Sets of slots as roaring bitmaps, and as numpy arrays where arithmetic is due."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

Slots: TypeAlias = BitMap
"""A set of slots; a slot is the dense number of an entity."""
Ints: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]

NOWHERE: Final = -1
"""In a column of slots or codes: there is none."""
EMPTY: Final = np.empty(0, np.int32)


def slots_of(numbers: NDArray[Any]) -> Slots:
    """The set of these numbers, in any order. The detour by `array` is ten times faster than an iteration."""
    raw = array("I")
    raw.frombytes(np.ascontiguousarray(numbers, np.uint32).tobytes())
    return BitMap(raw)


def numbers_of(slots: Slots) -> Ints:
    """The members in ascending order."""
    return np.frombuffer(slots.to_array(), np.int32)


def flags_of(slots: Slots, size: int) -> Flags:
    """True at each member; shape (size,)."""
    flags = np.zeros(size, np.bool_)
    flags[numbers_of(slots)] = True
    return flags


def meet(sets: Iterable[Slots]) -> Slots:
    """What all of at least one set share, the smallest first."""
    first, *rest = sorted(sets, key=len)
    return BitMap.intersection(first, *rest) if rest else first.copy()


def grown(column: NDArray[Any], size: int, fill: float) -> NDArray[Any]:
    """The column, at least `size` long: it doubles, so that growing costs O(1) for each entity."""
    if size <= len(column):
        return column
    longer = np.full(max(size, 2 * len(column), 16), fill, column.dtype)
    longer[: len(column)] = column
    return longer
