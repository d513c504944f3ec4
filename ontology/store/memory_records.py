"""Records in an index in memory: for tests, and for what need not outlive the process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from ontology.definitions import STANDARD, Definitions
from ontology.entity import Entity
from ontology.errors import BadRequest, Conflict, NotFound
from ontology.index import EntityIndex
from ontology.kinds import REMOVE, Ref, Tags
from ontology.records import Changes
from ontology.store.storable import storable, storable_id

Diffs: TypeAlias = Mapping[Ref, Mapping[str, Any] | None]

REMEMBERED: Final = 100_000
"""Changed refs kept for `changed`: some 10 MB, and more than a watch falls behind between two polls."""


class MemoryRecords:
    """The Records port over an EntityIndex. Takes only what a database would give back."""

    def __init__(self, entities: Iterable[Tags] = (), *, defs: Definitions = STANDARD) -> None:
        own = (storable(getattr(tags.get("id"), "id", "?"), tags) for tags in entities)
        self._index = EntityIndex(own, defs=defs)
        self._version = 0
        self._forgotten = 0
        self._log: deque[tuple[int, frozenset[Ref]]] = deque()
        self._logged = 0

    async def read(self, filter: str, *, limit: int = 10_000) -> list[Entity]:
        """See Records.read."""
        return [Entity(tags) for tags in self._index.find(filter, limit=limit)]

    async def get(self, id: Ref) -> Entity:
        """See Records.get."""
        return known(self._index, id)

    async def commit(self, diffs: Diffs, *, expect: int | None = None) -> int:
        """See Records.commit."""
        expected(expect, self._version)
        self._index.apply(merged(self._index.get, diffs))
        self._version += 1
        self._log.append((self._version, frozenset(diffs)))
        self._logged += len(diffs)
        while self._logged > REMEMBERED:
            self._forgotten, refs = self._log.popleft()
            self._logged -= len(refs)
        return self._version

    async def version(self) -> int:
        """See Records.version."""
        return self._version

    async def changed(self, since: int) -> Changes:
        """See Records.changed."""
        remembered(since, oldest=self._forgotten, newest=self._version)
        touched = [refs for version, refs in self._log if version > since]
        return Changes(self._version, frozenset().union(*touched))

    async def close(self) -> None:
        """Nothing is held."""


def known(index: EntityIndex, id: Ref) -> Entity:
    """One record; raises NotFound."""
    tags = index.get(id.id)
    if tags is None:
        raise NotFound(f"no record {id}", hint="read with a filter to see what there is")
    return Entity(tags)


def merged(stored: Callable[[str], Tags | None], diffs: Diffs) -> dict[str, dict[str, Any] | None]:
    """What each record becomes, shared with nobody; None for one that goes.

    Raises BadRequest before anything changes, also for what could not be read again.
    """
    result: dict[str, dict[str, Any] | None] = {}
    for ref, diff in diffs.items():
        id = storable_id(ref)
        if diff is None:
            result[id] = None
            continue
        if "id" in diff and diff["id"] != ref:
            raise BadRequest(
                f"the diff of {ref} carries the id {diff['id']}", hint="ids never change"
            )
        tags = {"id": ref, **(stored(id) or {}), **diff}
        kept = {k: v for k, v in tags.items() if v is not REMOVE and v is not None}
        result[id] = storable(id, kept)
    return result


def expected(version: int | None, found: int) -> None:
    """Raises Conflict where a commit was made for another version of the store."""
    if version is not None and version != found:
        raise Conflict(
            f"the commit is for version {version} of the records, which are at {found}",
            hint="read again, then decide anew",
        )


def remembered(since: int, *, oldest: int, newest: int) -> None:
    """Raises where the changes after version `since` cannot be told."""
    if since > newest:
        raise BadRequest(
            f"changes since version {since} of records at {newest}",
            hint="ask with a version that this store has given",
        )
    if since < oldest:
        raise Conflict(
            f"changes since version {since} are forgotten: kept from {oldest} on",
            hint="read everything again",
        )
