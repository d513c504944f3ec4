"""What the ops work on, and one call of one op."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from ontology.codec.names import UNIT
from ontology.definitions import STANDARD, Definitions
from ontology.entity import Entity
from ontology.errors import NotFound
from ontology.history import History, Sample, Status
from ontology.kinds import Grid, Number, Ref, Tags
from ontology.records import Records
from services.api.haystack.auth import Session
from services.api.haystack.writes import Writes

MAX_READ: Final = 250_000
"""Entities in one answer: two and a half large campuses."""
MAX_LIVE: Final = 5_000
"""Points in one answer that carry their current value; larger answers are models, not readings."""

LIVE: Final = frozenset({"curVal", "curStatus", "curErr"})
"""Tags that say how things are now: they come from a sample, never from what is stored."""

_STATUS: Final = {
    Status.STALE: "stale", Status.FAULT: "fault", Status.OUT_OF_SERVICE: "disabled",
}  # fmt: skip


@dataclass(frozen=True)
class Served:
    """The house, as far as a Haystack client sees it."""

    records: Records
    history: History
    clock: Callable[[], dt.datetime]
    zone: ZoneInfo
    name: str
    version: str
    started: dt.datetime
    writes: Writes | None = None
    defs: Definitions = STANDARD

    async def entity(self, id: Ref) -> Entity | None:
        """One record; None where there is none."""
        try:
            return await self.records.get(id)
        except NotFound:
            return None

    async def rows(self, entities: Sequence[Entity | None]) -> list[Tags]:
        """Rows in the given order, points with `curVal` and `curStatus`; an empty row for a miss."""
        points = [each.ref for each in entities if each is not None and each.is_point]
        if not 0 < len(points) <= MAX_LIVE:
            return [{} if each is None else stored(each) for each in entities]
        now = await self.history.latest(points)
        return [{} if each is None else with_value(each, now.get(each.ref)) for each in entities]


def with_value(entity: Entity, sample: Sample | None) -> Tags:
    """The tags of a point and its newest value; no `curVal` where the value is unknown."""
    if sample is None:
        return stored(entity)
    live: dict[str, Any] = {"curStatus": _STATUS.get(sample.status, "ok")}
    if math.isfinite(sample.value) and sample.status is not Status.FAULT:
        live["curVal"] = value_of(entity, sample.value)
    return {**stored(entity), **live}


def stored(entity: Entity) -> Tags:
    """The tags without a present value: one that came in with a file was true in another hour."""
    tags = entity.tags
    if LIVE.isdisjoint(tags):
        return tags
    return {tag: value for tag, value in tags.items() if tag not in LIVE}


def value_of(point: Entity, value: float) -> bool | Number:
    """A stored number as the point's kind says: a Bool, or a Number with the point's unit.

    A unit like "W/(L/s)" stands in the point's `unit` only: no format has a place for it in a number.
    """
    if point.tags.get("kind") == "Bool":
        return value > 0.5
    return Number(value, point.unit if UNIT.fullmatch(point.unit) else "")


@dataclass(frozen=True)
class Call:
    """One call: who, with which arguments."""

    served: Served
    session: Session
    grid: Grid
