"""Ops that would change a building. None does: a person approves, and nothing is wired here by default."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ontology.errors import BadRequest, Refused
from ontology.kinds import NA, Grid, Number, Ref
from ontology.time import UTC
from services.api.haystack.media import argument, refs

LEVELS: Final = 17
"""Of the priority array; 17 is the default value."""
MAX_DURATION_S: Final = 366 * 86_400.0
"""A longer duration is cut to a year."""
_DURATION_S: Final = {"": 60.0, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3_600.0, "hr": 3_600.0}


@dataclass(frozen=True)
class Slot:
    """One level of a point's priority array; `value` None is auto."""

    level: int
    value: Any = None
    who: str = ""


@dataclass(frozen=True)
class PointWrite:
    """One value for one level of one point; None gives the level back."""

    point: Ref
    level: int
    value: Any
    who: str
    duration_s: float | None = None


Sample = tuple[dt.datetime, Any]


class Writes(Protocol):
    """What takes writes in. Nothing in the product does; a dry run records them."""

    async def slots(self, point: Ref) -> Sequence[Slot]:
        """The levels of a point that are known."""

    async def write(self, order: PointWrite) -> None:
        """Set or release a level."""

    async def keep(self, point: Ref, samples: Sequence[Sample]) -> None:
        """Store samples of a point."""

    async def act(self, entity: Ref, action: str, given: Mapping[str, Any]) -> Grid:
        """Do a named action on an entity."""


def offered(writes: Writes | None, what: str) -> Writes:
    """The taker of writes; Refused where there is none."""
    if writes is None:
        raise Refused(
            f"{what} is not done: this server is read-only",
            hint="Plantroom writes nothing to a BMS on its own; a person changes it at the BMS",
        )
    return writes


async def point_write(writes: Writes, grid: Grid, user: str) -> Grid:
    """`pointWrite`: the priority array of a point, or one level written. Raises BadRequest."""
    points = refs(grid)
    if len(points) != 1:
        raise BadRequest(f"{len(points)} points to write", hint="send one row with an id")
    level = argument(grid, "level")
    if level is None:
        return array_grid(await writes.slots(points[0]))
    if not isinstance(level, Number) or level.value not in range(1, LEVELS + 1):
        raise BadRequest(f"level is {level}", hint=f"1 to {LEVELS}")
    who = str(argument(grid, "who") or user)[:100]
    duration = argument(grid, "duration")
    order = PointWrite(
        points[0], int(level.value), argument(grid, "val"), who, seconds_of(duration)
    )
    await writes.write(order)
    return Grid(("empty",))


def seconds_of(duration: Any) -> float | None:
    """Seconds of a duration; a number without a unit counts minutes. None for none."""
    if duration is None:
        return None
    known = isinstance(duration, Number) and duration.unit in _DURATION_S
    if not known or not 0 <= duration.value < math.inf:  # NaN is neither
        raise BadRequest(f"duration is {duration}", hint="such as 30min")
    return float(min(duration.value * _DURATION_S[duration.unit], MAX_DURATION_S))


def array_grid(slots: Sequence[Slot]) -> Grid:
    """All 17 levels with what is known of each."""
    known = {slot.level: slot for slot in slots}
    rows = []
    for level in range(1, LEVELS + 1):
        slot = known.get(level, Slot(level))
        name = "default" if level == LEVELS else f"level {level}"
        row = {"level": Number(level), "levelDis": name, "val": slot.value, "who": slot.who}
        rows.append({tag: value for tag, value in row.items() if value not in (None, "")})
    return Grid(("level", "levelDis", "val", "who"), tuple(rows))


async def his_write(writes: Writes, grid: Grid) -> Grid:
    """`hisWrite` of one point (`id` in the meta) or of several (`id` in the meta of each column)."""
    owners = _owners(grid)
    samples: dict[str, list[Sample]] = {column: [] for column in owners}
    for i, row in enumerate(grid.rows, 1):
        at = row.get("ts")
        if not isinstance(at, dt.datetime):
            raise BadRequest(f"row {i}: ts is {at!r:.60}", hint="a DateTime with its time zone")
        for column in owners:
            if row.get(column) is not None and row[column] is not NA:
                samples[column].append((at.astimezone(UTC), row[column]))
    for column, point in owners.items():
        await writes.keep(point, samples[column])
    return Grid(("empty",))


def _owners(grid: Grid) -> dict[str, Ref]:
    """Column of values -> its point."""
    owners = {name: tags.get("id") for name, tags in grid.column_meta.items() if "id" in tags}
    if isinstance(id := grid.meta.get("id"), Ref):
        owners["val"] = id
    if not owners or not all(isinstance(each, Ref) for each in owners.values()):
        raise BadRequest(
            "no point to write to", hint="id:@point in the meta of the grid or of each column"
        )
    return {column: id for column, id in owners.items() if isinstance(id, Ref)}


async def invoke_action(writes: Writes, grid: Grid) -> Grid:
    """`invokeAction`: entity and action in the meta, parameters in the only row."""
    entity, action = grid.meta.get("id"), grid.meta.get("action")
    if not isinstance(entity, Ref) or not isinstance(action, str) or len(grid.rows) > 1:
        raise BadRequest("no action to do", hint="meta id:@entity action:name, and one row at most")
    return await writes.act(entity, action, grid.rows[0] if grid.rows else {})
