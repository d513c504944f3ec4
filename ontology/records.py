"""The Records port: everything that is neither a time series nor a chunk of text.

A record is a dict of tags with an `id`: site, equipment, point, fault, decision, work order. A store takes
only what every later reader will be given back, and one damaged record never hides the others: reads leave
it out, the log names it, asking for it by its id raises Corrupt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.kinds import Ref


@dataclass(frozen=True, slots=True)
class Changes:
    """The version a store has come to, and whose records were added, changed or removed on the way."""

    version: int
    refs: frozenset[Ref]


class Records(Protocol):
    """Read by Haystack filter, commit whole diffs, hear what changed."""

    async def read(self, filter: str, *, limit: int = 10_000) -> list[Entity]:
        """Records that match the filter, first arrived first; those that cannot be read are left out.

        What is given belongs to the store: do not change it. Raises BadRequest for a filter that does not parse.
        """

    async def get(self, id: Ref) -> Entity:
        """One record. Raises NotFound; Corrupt for one that is stored and cannot be read."""

    async def commit(
        self, diffs: Mapping[Ref, Mapping[str, Any] | None], *, expect: int | None = None
    ) -> int:
        """Merge tags into each record (REMOVE takes a tag away, None the whole record): all or nothing.

        A ref not yet present is added. The store keeps copies of its own of all values. Returns its new
        version. With nothing changed it raises Conflict if it is not at the version `expect`; BadRequest
        naming record and tag for a value that could not be read again, and for a record of more than 16 MB;
        Corrupt for tags to be merged into a record that cannot be read. A diff with the `id` tag is a whole
        entity and takes the place of such a record.
        """

    async def version(self) -> int:
        """Counts commits; equal versions mean equal content."""

    async def changed(self, since: int) -> Changes:
        """What the commits after version `since` touched.

        Raises Conflict for a version so old that its changes are forgotten: read everything again.
        Raises BadRequest for one the store has not reached.
        """

    async def close(self) -> None:
        """Give files and connections back."""


async def replace_all(records: Records, entities: Sequence[Mapping[str, Any]]) -> int:
    """Commit whole entities by their `id` tag. Raises BadRequest, with nothing changed, if two share an id."""
    diffs: dict[Ref, Mapping[str, Any]] = {}
    number_of: dict[Ref, int] = {}
    for number, entity in enumerate(entities, 1):
        ref = entity.get("id")
        if not isinstance(ref, Ref):
            raise BadRequest(f"entity {number} has no id", hint="give each an `id` tag")
        if number_of.setdefault(ref, number) != number:
            raise BadRequest(
                f"entity {number} has the id {ref}, which is the id of entity {number_of[ref]}",
                hint="an id names one entity: remove one of the two or give it another id",
            )
        diffs[ref] = entity
    return await records.commit(diffs)
