"""Records in a dict: for tests, and as the working copy in front of a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ontology.entity import Entity
from ontology.errors import BadRequest, NotFound
from ontology.filter import parse_filter
from ontology.kinds import REMOVE, Ref

Diffs = Mapping[Ref, Mapping[str, Any] | None]


class MemoryRecords:
    """The Records port over a dict, in insertion order."""

    def __init__(self, entities: Iterable[Mapping[str, Any]] = ()) -> None:
        self._tags: dict[str, dict[str, Any]] = {tags["id"].id: dict(tags) for tags in entities}
        self._version = 0

    async def read(self, filter: str, *, limit: int = 10_000) -> list[Entity]:
        """See Records.read."""
        if limit < 1:
            raise BadRequest(f"a limit of {limit}", hint="ask for at least 1")
        matches = parse_filter(filter)
        found: list[Entity] = []
        for tags in self._tags.values():
            if matches(tags, lambda ref: self._tags.get(ref.id)):
                found.append(Entity(tags))
                if len(found) == limit:
                    break
        return found

    async def get(self, id: Ref) -> Entity:
        """See Records.get."""
        tags = self._tags.get(id.id)
        if tags is None:
            raise NotFound(f"no record {id}", hint="read with a filter to see what there is")
        return Entity(tags)

    async def commit(self, diffs: Diffs) -> int:
        """See Records.commit."""
        for ref, tags in merged(self._tags, diffs).items():
            if tags is None:
                self._tags.pop(ref, None)
            else:
                self._tags[ref] = tags
        self._version += 1
        return self._version

    async def version(self) -> int:
        """See Records.version."""
        return self._version

    async def close(self) -> None:
        """Nothing is held."""


def merged(
    stored: Mapping[str, Mapping[str, Any]], diffs: Diffs
) -> dict[str, dict[str, Any] | None]:
    """What each record becomes; None for one that goes. Raises BadRequest before anything changes."""
    result: dict[str, dict[str, Any] | None] = {}
    for ref, diff in diffs.items():
        if diff is None:
            result[ref.id] = None
            continue
        if "id" in diff and diff["id"] != ref:
            raise BadRequest(
                f"the diff of {ref} carries the id {diff['id']}", hint="ids never change"
            )
        tags = {"id": ref, **stored.get(ref.id, {}), **diff}
        result[ref.id] = {k: v for k, v in tags.items() if v is not REMOVE and v is not None}
    return result
