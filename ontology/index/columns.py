"""The tags of all entities by column: who has a tag, where it leads, what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, Final

from pyroaring import BitMap

from ontology.errors import BadRequest
from ontology.index.arrivals import Arrivals
from ontology.index.links import Links
from ontology.index.sets import Slots
from ontology.index.table import Table
from ontology.index.values import SPARE, Values
from ontology.kinds import Ref, Tags

SLACK: Final = 1_000
"""Slots without a row before a smaller table is worth building."""


class Columns:
    """A table of entities with a bitmap for each tag; links and values of a tag at their first use."""

    def __init__(self, entities: Iterable[Tags] = ()) -> None:
        self._building = Lock()
        self._load(Arrivals(entities))

    def present(self, tag: str) -> Slots:
        """Who has the tag. Not a copy: read only."""
        return self.by_tag.get(tag) or BitMap()

    def links(self, tag: str) -> Links:
        """Where the tag leads."""
        found = self._links.get(tag)
        if found is None:
            with self._building:  # two readers at once must not give a slot to two ids
                found = self._links[tag] = Links(tag, self.table, self.present(tag))
        return found

    def values(self, tag: str, asked: int | None = None) -> Values | None:
        """What the tag says; None while comparing the `asked` entities one by one costs less than a column.

        The column is built once the entities asked about add up to those that have the tag.
        """
        found = self._values.get(tag)
        if found is None:
            self._asked[tag] += len(self.table) if asked is None else asked
            if self._asked[tag] < len(self.present(tag)):
                return None
            found = self._values[tag] = Values(tag, self.table, self.present(tag))
        return found

    def apply(self, changes: Mapping[str, Tags | None]) -> None:
        """Put, replace or (None) remove whole entities by id: all or, when it raises BadRequest, nothing."""
        for id, tags in changes.items():
            _check(id, tags)
        if len(changes) > max(SLACK, len(self.table.live)):
            self._load(Arrivals(self.table.after(changes)))
            return
        for id, tags in changes.items():
            if tags is not None:
                self._put(self.table.slot(id), tags)
            elif id in self.table.slot_of:
                self._drop(self.table.slot_of[id])
        if self.table.empty > SLACK + len(self.table.live):
            self._load(Arrivals(self.table.after({})))

    def _load(self, arrivals: Arrivals) -> None:
        self.table = Table(arrivals.rows, arrivals.ids)
        self.by_tag = arrivals.bitmaps()
        self._values: dict[str, Values] = {}
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._links = {
            tag: Links(tag, self.table, self.by_tag[tag], arrivals.refs(tag))
            for tag in arrivals.leading()
        }

    def _put(self, slot: int, tags: Tags) -> None:
        before = self.table.row(slot) or {}
        self.table.put(slot, tags)
        for tag in before.keys() - tags.keys():
            self._forget(tag, slot)
        for tag, value in tags.items():
            if tag not in before:
                self.by_tag.setdefault(tag, BitMap()).add(slot)
            elif value is before[tag]:
                continue
            self._follow(tag, slot, value)

    def _drop(self, slot: int) -> None:
        before = self.table.row(slot) or {}
        self.table.drop(slot)
        for tag in before:
            self._forget(tag, slot)

    def _forget(self, tag: str, slot: int) -> None:
        self._follow(tag, slot, None)
        have = self.by_tag[tag]
        have.discard(slot)
        if not have:
            del self.by_tag[tag]

    def _follow(self, tag: str, slot: int, value: Any) -> None:
        """Bring the columns that exist up to date; one full of values of the past is given up."""
        links = self._links.get(tag)
        if links is not None:
            links.put(slot, value)
        values = self._values.get(tag)
        if values is not None:
            values.put(slot, value)
            if len(values) > SPARE + 2 * len(self.present(tag)):
                del self._values[tag]
                self._asked[tag] = 0


def _check(id: str, tags: Tags | None) -> None:
    ref = tags.get("id") if tags is not None else None
    if tags is not None and not (isinstance(ref, Ref) and ref.id == id):
        raise BadRequest(f"the entity @{id} says that its id is {ref}", hint="ids never change")
