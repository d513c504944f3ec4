"""The Records port: everything that is neither a time series nor a chunk of text.

A record is a dict of tags with an `id`: site, equipment, point, fault, decision, work order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ontology.entity import Entity
from ontology.kinds import Ref


class Records(Protocol):
    """Read by Haystack filter, commit whole diffs."""

    async def read(self, filter: str, *, limit: int = 10_000) -> list[Entity]:
        """Records that match the filter, by id. Raises BadRequest for a filter that does not parse."""

    async def get(self, id: Ref) -> Entity:
        """One record; raises NotFound."""

    async def commit(self, diffs: Mapping[Ref, Mapping[str, Any] | None]) -> int:
        """Merge tags into each record (REMOVE takes a tag away, None the whole record): all or nothing.

        A ref not yet present is added. Returns the new version of the store.
        """

    async def version(self) -> int:
        """Counts commits; equal versions mean equal content."""

    async def close(self) -> None:
        """Give files and connections back."""


async def replace_all(records: Records, entities: Sequence[Mapping[str, Any]]) -> int:
    """Commit whole entities by their `id` tag."""
    return await records.commit({entity["id"]: entity for entity in entities})
