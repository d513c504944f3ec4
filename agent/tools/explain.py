"""The verb `explain`: where a thing is, what feeds it, and its way to the plant with the medium of each step."""

from __future__ import annotations

from typing import Any, Final

from agent.evidence import ToolResult, Trust
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.graph import Building

MAX_ENTITIES: Final = 20
"""Ways followed in one call; more would not be read."""
MAX_USERS: Final = 8
"""Users listed; `related` has them all."""
PLANTS: Final = ("chilled-water-plant",)


async def explain(box: Toolbox, *, of: list[str]) -> ToolResult:
    """Rows of {id, dis, kind, place, fed_by, feeds, way}; `way` is empty where no plant is reached."""
    if len(of) > MAX_ENTITIES:
        raise BadRequest(f"{len(of)} entities at once", hint=f"name at most {MAX_ENTITIES}")
    draft = Draft("explain")
    for id in of:
        entity = box.building.get(id)
        row = _row(box.building, draft, entity)
        draft.rows.append(row)
        draft.lines += _lines(row)
    draft.facts |= {"of": [row["id"] for row in draft.rows]}
    return draft.done()


def _row(building: Building, draft: Draft, entity: Entity) -> dict[str, Any]:
    cite = draft.cite("ontology", f"{entity.id} place and system path", entity.dis, Trust.ONTOLOGY)
    users = [e for e, _ in building.feeds(entity.ref)]
    return {
        "id": entity.id, "dis": entity.dis, "kind": entity.kind, "evidence": cite,
        "place": [(e.id, e.dis) for e in building.place(entity.ref)],
        "fed_by": [(e.id, medium) for e, medium, hop in building.upstream(entity.ref) if hop == 1],
        "feeds": [e.id for e in users[:MAX_USERS]],
        "users": draft.figure(f"{entity.id}.feeds", len(users), "", cite),
        "way": _way(building, entity),
    }  # fmt: skip


def _way(building: Building, entity: Entity) -> list[dict[str, str]]:
    """The shortest way to a plant, step by step, each with what flows there."""
    plants = [plant for plant in building.of_kind(*PLANTS) if plant != entity]
    ways = [building.path(entity.ref, plant.ref) for plant in plants]
    best = min((way for way in ways if way), key=len, default=[])
    return [{"id": h.entity.id, "medium": h.medium, "direction": h.direction} for h in best]


def _lines(row: dict[str, Any]) -> list[str]:
    where = ", ".join(dis for _, dis in row["place"])
    lines = [f"{row['id']}: {row['dis']} ({row['kind'] or 'unknown kind'}) [{row['evidence']}]"]
    lines += [f"  in: {where}"] if where else []
    if row["fed_by"]:
        lines.append("  fed by: " + ", ".join(f"{id} ({medium})" for id, medium in row["fed_by"]))
    if row["feeds"]:
        more = int(row["users"].value or 0) - len(row["feeds"])
        lines.append(f"  feeds: {', '.join(row['feeds'])}" + (f" and {more} more" if more else ""))
    steps = [
        f"{s['direction']} {s['id']}" + (f" ({s['medium']})" if s["medium"] else "")
        for s in row["way"]
    ]
    lines.append("  to the plant: " + (", ".join(steps) if steps else "no way is known"))
    return lines


TOOL = Tool(
    "explain",
    "Where a thing is, what feeds it, and the shortest way to the plant with air, water or power named.",
    (Arg("of", "ids", "entity ids", required=True),),
    explain,
)
