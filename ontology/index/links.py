"""One tag's refs as a column of slots: a hop along them is an array gather."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

import numpy as np
from pyroaring import BitMap

from ontology.entity import refs_in
from ontology.index.sets import EMPTY, NOWHERE, Ints, Slots, flags_of, grown, numbers_of, slots_of
from ontology.index.table import Table
from ontology.kinds import Ref

_ID = attrgetter("id")


class Links:
    """Where each entity's tag leads: `one` slot, or several for a list of refs.

    `odd` holds the entities whose value a path can enter although it is no ref: dicts and DateTimes.
    """

    def __init__(
        self,
        tag: str,
        table: Table,
        present: Slots,
        read: Sequence[tuple[Ints, Sequence[str]]] = (),
    ) -> None:
        """`read` are refs that need not be looked up in the table: slots, and the ids they lead to."""
        self._table = table
        self.odd: Slots = BitMap()
        self._many: dict[int, tuple[int, ...]] = {}
        self._edges: tuple[Ints, Ints] | None = None
        self._one: Ints = np.full(len(table), NOWHERE, np.int32)
        if tag == "id":
            slots = numbers_of(present)
            self._one[slots] = slots
            return
        rest = present.copy() if read else present
        for slots, ids in read:
            self._lead(slots, ids)
            rest -= slots_of(slots)
        found = table.values(tag, rest)
        if set(map(type, found)) <= {Ref}:
            self._lead(numbers_of(rest), list(map(_ID, found)))
        else:
            for slot, value in zip(rest, found, strict=True):
                self.put(slot, value)

    def _lead(self, slots: Ints, ids: Sequence[str]) -> None:
        """One ref each."""
        heads = list(map(self._table.slot_of.get, ids))
        if None in heads:
            self._one[slots] = list(map(self._table.slot, ids))
        else:
            self._one[slots] = cast("list[int]", heads)

    def put(self, slot: int, value: Any) -> None:
        """Follow a value that is new, changed or gone (None)."""
        self._one = grown(self._one, slot + 1, NOWHERE)
        self._one[slot] = NOWHERE
        self.odd.discard(slot)
        if self._many.pop(slot, None) is not None:
            self._edges = None
        if isinstance(value, Ref):
            self._one[slot] = self._table.slot(value.id)
        elif isinstance(value, (Mapping, dt.datetime)):
            self.odd.add(slot)
        elif refs := refs_in(value):
            self._many[slot] = tuple(self._table.slot(ref.id) for ref in refs)
            self._edges = None

    def from_to(self, base: Slots) -> tuple[Ints, Ints]:
        """All hops that start in `base`: two arrays of equal length, origins and targets."""
        origins = numbers_of(base)
        targets = self._one[origins]
        led = targets >= 0
        if not led.all():
            origins, targets = origins[led], targets[led]
        owners, ends = self._forks(base)
        if len(owners):
            return np.concatenate((origins, owners)), np.concatenate((targets, ends))
        return origins, targets

    def leading_to(self, id: str, base: Slots) -> Slots:
        """Those of `base` of whose refs at least one is this."""
        target = self._table.slot_of.get(id)
        if target is None:
            return BitMap()
        origins, targets = self.from_to(base)
        return slots_of(origins[targets == target])

    def leading_only_to(self, id: str, base: Slots) -> Slots:
        """Those of `base` of whose refs, one or more, each is this."""
        target = self._table.slot_of.get(id, NOWHERE)
        origins, targets = self.from_to(base)
        return slots_of(origins[targets == target]) - slots_of(origins[targets != target])

    def _forks(self, base: Slots) -> tuple[Ints, Ints]:
        """The hops of ref lists that start in `base`."""
        if not self._many:
            return EMPTY, EMPTY
        if self._edges is None:
            counts = [len(targets) for targets in self._many.values()]
            owners = np.repeat(np.fromiter(self._many, np.int32, len(counts)), counts)
            ends = [target for targets in self._many.values() for target in targets]
            self._edges = owners, np.array(ends, np.int32)
        owners, targets = self._edges
        kept = flags_of(base, len(self._table))[owners]
        return owners[kept], targets[kept]
