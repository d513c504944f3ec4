"""Who is who: each entity's slot, its tags, and the order in which entities arrived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import numpy as np
from pyroaring import BitMap

from ontology.errors import Corrupt
from ontology.index.sets import Ints, Slots, grown, numbers_of
from ontology.kinds import Ref, Tags


class Table:
    """Rows by slot.

    An id that is only referred to has a slot as well, with no row: when its entity arrives, the refs to
    it need no repair. A removed entity leaves such a slot behind.
    """

    def __init__(self, entities: Iterable[Tags] = ()) -> None:
        rows = list(entities)
        ids = _ids(rows)
        self.rows: list[Tags | None] = [*rows]
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
        return len(self.rows)

    @property
    def empty(self) -> int:
        """How many slots have no row."""
        return len(self.rows) - len(self.live)

    def get(self, id: str) -> Tags | None:
        slot = self.slot_of.get(id)
        return None if slot is None else self.rows[slot]

    def slot(self, id: str) -> int:
        """The slot of an id, given out at its first mention."""
        found = self.slot_of.get(id)
        if found is None:
            found = self.slot_of[id] = len(self.rows)
            self.rows.append(None)
            self.ids.append(id)
        return found

    def put(self, slot: int, tags: Tags) -> None:
        """Set the row; a row that is new takes the last place in the order of arrival."""
        if self.rows[slot] is None:
            self.live.add(slot)
            self._in_order = self._in_order and slot >= self._last
            self._last = max(self._last, slot + 1)
            self._arrival = grown(self._arrival, slot + 1, 0)
            self._arrival[slot] = self._arrived
            self._arrived += 1
        self.rows[slot] = tags

    def drop(self, slot: int) -> None:
        """Take the row away; the slot stays for those who refer to it."""
        self.rows[slot] = None
        self.live.discard(slot)

    def in_order(self, slots: Slots) -> Ints:
        """Slots with a row, first arrived first."""
        numbers = numbers_of(slots)
        return numbers if self._in_order else numbers[np.argsort(self._arrival[numbers])]

    def tags(self, slots: Slots, limit: int | None = None) -> list[Tags]:
        """The rows of these slots, which all have one, first arrived first."""
        chosen = self.in_order(slots)[:limit].tolist()
        return cast("list[Tags]", list(map(self.rows.__getitem__, chosen)))

    def after(self, changes: Mapping[str, Tags | None]) -> list[Tags]:
        """All rows as they will be, first arrived first."""
        stored = {self.ids[slot]: self.rows[slot] for slot in self.in_order(self.live).tolist()}
        return [tags for tags in {**stored, **changes}.values() if tags is not None]


def _ids(rows: Sequence[Tags]) -> list[str]:
    """Each row's id. Raises Corrupt naming the row that has none."""
    refs = [tags.get("id") for tags in rows]
    for number, ref in enumerate(refs if set(map(type, refs)) - {Ref} else (), 1):
        if not isinstance(ref, Ref):
            raise Corrupt(
                f"entity {number} has no id but {ref!r:.40}: {dict(rows[number - 1])!r:.80}",
                hint="give each entity an `id` tag, such as @ahu-2",
            )
    return [ref.id for ref in refs if ref is not None]


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
