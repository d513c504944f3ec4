"""Entities as they arrive: their ids, who has which tag, and which tags lead on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from ontology.codec.rows import Batch, Rows
from ontology.entity import refs_in
from ontology.errors import Corrupt
from ontology.index.sets import Ints, Slots, slots_of
from ontology.kinds import Ref, Tags


class Waiting:
    """Entities in neighbouring slots that a codec makes into dicts when they are asked for."""

    def __init__(self, first: int, batch: Batch) -> None:
        self.first = first
        self._batch = batch

    def row(self, slot: int) -> Tags:
        """The tags of one of them."""
        return self._batch.row(slot - self.first)

    def column(self, tag: str) -> dict[int, object]:
        """What a tag says, by slot."""
        return {self.first + number: value for number, value in self._batch.column(tag).items()}


class Arrivals:
    """What a table and its columns need to know of entities, by slot: the number in which they came."""

    def __init__(self, entities: Iterable[Tags]) -> None:
        self.rows: list[Tags | Waiting | None] = []
        self._ids: list[str | None] = []
        self._having: defaultdict[str, list[Ints]] = defaultdict(list)
        self._shapes: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        self._refs: defaultdict[str, list[tuple[Ints, list[str]]]] = defaultdict(list)
        batches = entities.batches if isinstance(entities, Rows) else None
        if batches is None:
            self._take(entities)
        else:
            for batch in batches:
                self._take_batch(batch)
        self.ids = self._identified()

    def bitmaps(self) -> dict[str, Slots]:
        """Who has each tag."""
        having = defaultdict(list, {tag: [*parts] for tag, parts in self._having.items()})
        for shape, slots in self._shapes.items():
            members = np.array(slots, np.int32)
            for tag in shape:
                having[tag].append(members)
        return {
            tag: slots_of(np.sort(np.concatenate(parts), kind="stable"))
            for tag, parts in having.items()
        }

    def leading(self) -> set[str]:
        """Tags that lead to entities; of dicts, seen on one of each shape."""
        seen = (self.rows[slots[0]] for slots in self._shapes.values())
        plain = {
            tag
            for tags in seen
            if tags is not None and not isinstance(tags, Waiting)
            for tag, value in tags.items()
            if refs_in(value)
        }
        return (plain | self._refs.keys()) - {"id"}

    def refs(self, tag: str) -> Sequence[tuple[Ints, list[str]]]:
        """Slots that wait, and the ids to which the tag leads from them."""
        return self._refs.get(tag, ())

    def _take(self, entities: Iterable[Tags]) -> None:
        rows = list(entities)
        self.rows += rows
        self._ids += map(_id_of, rows)
        for slot, tags in enumerate(rows):
            self._shapes[tuple(tags)].append(slot)

    def _take_batch(self, batch: Batch) -> None:
        first = len(self.rows)
        self.rows += [Waiting(first, batch)] * len(batch)
        self._ids += [None] * len(batch)
        for tag, numbers in batch.having():
            self._having[tag].append(numbers + np.int32(first))
        for tag, numbers, ids in batch.refs():
            self._refs[tag].append((numbers + np.int32(first), ids))
            if tag == "id":
                self._ids[first:] = _spread(numbers, ids, len(batch))
        for number, tags in batch.made.items():
            slot = first + number
            self.rows[slot] = tags
            self._ids[slot] = _id_of(tags)
            self._shapes[tuple(tags)].append(slot)

    def _identified(self) -> list[str]:
        """Each one's id. Raises Corrupt naming the first that has none."""
        if None in self._ids:
            slot = self._ids.index(None)
            row = self.rows[slot]
            tags = dict(row.row(slot) if isinstance(row, Waiting) else row or {})
            raise Corrupt(
                f"entity {slot + 1} has no id but {tags.get('id')!r:.40}: {tags!r:.80}",
                hint="give each entity an `id` tag, such as @ahu-2",
            )
        return [id for id in self._ids if id is not None]


def _id_of(tags: Tags) -> str | None:
    ref = tags.get("id")
    return ref.id if isinstance(ref, Ref) else None


def _spread(numbers: Ints, ids: list[str], size: int) -> list[str | None]:
    """The ids at their rows."""
    if len(ids) == size:
        return [*ids]
    found: list[str | None] = [None] * size
    for number, id in zip(numbers.tolist(), ids, strict=True):
        found[number] = id
    return found
