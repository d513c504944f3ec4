"""Who is who: each entity's slot, its tags, and the order in which entities arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from pyroaring import BitMap

from ontology.codec.rows import collector_paused
from ontology.errors import Corrupt
from ontology.index.arrivals import Waiting
from ontology.index.sets import Ints, Slots, grown, numbers_of
from ontology.kinds import Tags


class Table:
    """Rows by slot.

    An id that is only referred to has a slot as well, with no row: when its entity arrives, the refs to
    it need no repair. A removed entity leaves such a slot behind.
    """

    def __init__(self, rows: list[Tags | Waiting | None], ids: list[str]) -> None:
        self._rows = rows
        self.ids = ids
        self.slot_of = dict(zip(ids, range(len(ids)), strict=True))
        if len(self.slot_of) != len(ids):
            raise _twice(ids)
        self.live: Slots = BitMap(range(len(ids)))
        self._arrival = np.arange(len(ids), dtype=np.int64)
        self._arrived = self._last = len(ids)
        self._in_order = True

    def __len__(self) -> int:
        """How many slots there are, with and without a row."""
        return len(self._rows)

    @property
    def empty(self) -> int:
        """How many slots have no row."""
        return len(self._rows) - len(self.live)

    def row(self, slot: int) -> Tags | None:
        """The tags of a slot; those that waited are made, and kept."""
        row = self._rows[slot]
        if isinstance(row, Waiting):
            row = self._rows[slot] = row.row(slot)
        return row

    def get(self, id: str) -> Tags | None:
        slot = self.slot_of.get(id)
        return None if slot is None else self.row(slot)

    def values(self, tag: str, slots: Slots) -> list[Any]:
        """What a tag says at slots that all have it, ascending; whoever waits goes on waiting."""
        columns: dict[Waiting, Mapping[int, Any]] = {}
        found = []
        for slot in slots:
            row = self._rows[slot]
            if isinstance(row, Waiting):
                if row not in columns:
                    columns[row] = row.column(tag)
                found.append(columns[row][slot])
            else:
                found.append((row or {})[tag])
        return found

    def slot(self, id: str) -> int:
        """The slot of an id, given out at its first mention."""
        found = self.slot_of.get(id)
        if found is None:
            found = self.slot_of[id] = len(self._rows)
            self._rows.append(None)
            self.ids.append(id)
        return found

    def put(self, slot: int, tags: Tags) -> None:
        """Set the row; a row that is new takes the last place in the order of arrival."""
        if self._rows[slot] is None:
            self.live.add(slot)
            self._in_order = self._in_order and slot >= self._last
            self._last = max(self._last, slot + 1)
            self._arrival = grown(self._arrival, slot + 1, 0)
            self._arrival[slot] = self._arrived
            self._arrived += 1
        self._rows[slot] = tags

    def drop(self, slot: int) -> None:
        """Take the row away; the slot stays for those who refer to it."""
        self._rows[slot] = None
        self.live.discard(slot)

    def in_order(self, slots: Slots) -> Ints:
        """Slots with a row, first arrived first."""
        numbers = numbers_of(slots)
        return numbers if self._in_order else numbers[np.argsort(self._arrival[numbers])]

    def tags(self, slots: Slots, limit: int | None = None) -> list[Tags]:
        """The rows of these slots, which all have one, first arrived first."""
        chosen = self.in_order(slots)[:limit].tolist()
        found = list(map(self._rows.__getitem__, chosen))
        if Waiting in set(map(type, found)):
            with collector_paused():
                found = list(map(self.row, chosen))
        return cast("list[Tags]", found)

    def after(self, changes: Mapping[str, Tags | None]) -> list[Tags]:
        """All rows as they will be, first arrived first."""
        stored = {self.ids[slot]: self.row(slot) for slot in self.in_order(self.live).tolist()}
        return [tags for tags in {**stored, **changes}.values() if tags is not None]


def _twice(ids: Sequence[str]) -> Corrupt:
    first: dict[str, int] = {}
    for number, id in enumerate(ids, 1):
        earlier = first.setdefault(id, number)
        if earlier != number:
            return Corrupt(
                f"entity {number} has the id @{id}, which is the id of entity {earlier}",
                hint="an id names one entity: remove one of the two or give it another id",
            )
    raise AssertionError("no id comes twice")
