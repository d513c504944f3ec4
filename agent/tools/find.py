"""The verb `find`: equipment, spaces and points by what they do, where they are or by filter."""

from __future__ import annotations

from typing import Any, Final

from agent.evidence import ToolResult, Trust
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox, inside
from ontology.defs import EQUIP_KINDS, ROLE
from ontology.entity import Entity
from ontology.errors import BadRequest

KIND_WORDS: Final = {
    "pump": ("chilled-water-pump", "condenser-water-pump"),
    "meter": ("elec-meter",),
    "tower": ("cooling-tower",),
    "plant": ("chilled-water-plant",),
    "fan-coil": ("fcu",),
    "sensor": ("iaq-sensor", "weather-station"),
}
"""Words of the trade for several kinds or for a shorter name."""
MAX_RANGED: Final = 3_000
"""Ids kept to tell a long list as floors and runs of numbers; the whole demo has as many points."""


async def find(
    box: Toolbox,
    *,
    function: str | None = None,
    place: str | None = None,
    filter: str | None = None,
    kind: str | None = None,
    count: int = 20,
) -> ToolResult:
    """Everything that meets all conditions given; the first `count` are listed."""
    building = box.building
    found = building.find(filter) if filter else [e for e in building if "site" not in e]
    if kind:
        kinds = _kinds(kind)
        found = [e for e in found if e.kind in kinds]
    if kind and function in ROLE:
        found = [e for e in found if building.point(e.ref, function)]
    elif function:
        found = _doing(found, function)
    elif not filter:
        found = [e for e in found if not e.is_point]
    if place:
        whole = building.get(place).id
        others = [e for e in found if e.id != whole]
        served = inside(building, whole) | {e.id for e, _ in building.feeds(whole)}
        found = [e for e in others if _owner(e) in served]
        if not found:  # "the condenser pump of CH-3" stands before it, not inside
            before = {e.id for e, _, hops in building.upstream(whole) if hops == 1}
            found = [e for e in others if _owner(e) in before]
    return _told(box, found, count, [x for x in (function, kind, filter, place) if x])


def _owner(entity: Entity) -> str:
    """The equipment of a point; anything else is its own."""
    ref = entity.get_ref("equipRef") if entity.is_point else None
    return ref.id if ref else entity.id


def _told(box: Toolbox, found: list[Entity], count: int, words: list[str]) -> ToolResult:
    draft = Draft("find")
    cite = draft.cite("ontology", " / ".join(words) or "everything", trust=Trust.ONTOLOGY)
    draft.facts |= {
        "total": draft.figure("found", len(found), "", cite),
        "listed": draft.figure("listed", min(count, len(found)), "", cite),
        "words": words,
        "ids": [e.id for e in found[:MAX_RANGED]],
    }
    draft.lines.append(f"{len(found)} found [{cite}]")
    for entity in found[:count]:
        where = [p.dis for p in box.building.place(entity.ref) if p.is_space]
        row = {
            "id": entity.id,
            "dis": entity.dis,
            "kind": entity.kind or _role(entity),
            "place": where,
        }
        draft.rows.append(row)
        draft.lines.append(
            f"{entity.id}: {entity.dis} ({row['kind']}) in {', '.join(where) or '-'}"
        )
    return draft.done()


def _role(entity: Entity) -> str:
    return entity.role.name if entity.role else "point"


def _kinds(word: str) -> tuple[str, ...]:
    name = word.lower().strip().replace(" ", "-").removesuffix("s")
    if name in EQUIP_KINDS:
        return (name,)
    if name in KIND_WORDS:
        return KIND_WORDS[name]
    raise BadRequest(f"no kind is called {word!r:.60}", hint=f"kinds: {', '.join(EQUIP_KINDS)}")


def _doing(found: list[Entity], function: str) -> list[Entity]:
    """By kind, by role, else by all words of the name; `ahu` beats points that mention it."""
    name = function.lower().strip().replace(" ", "-")
    kinds = {name, name.removesuffix("s")} & (set(EQUIP_KINDS) | set(KIND_WORDS))
    if kinds:
        wanted = _kinds(kinds.pop())
        return [e for e in found if e.kind in wanted]
    if name in ROLE:
        return [e for e in found if e.role is not None and e.role.name == name]
    words = function.lower().split()
    named = [e for e in found if all(w in _words(e) for w in words)]
    return [e for e in named if not e.is_point] or named


def _words(entity: Entity) -> str:
    marks: dict[str, Any] = dict(entity.tags)
    return f"{entity.id} {entity.dis} {entity.kind or ''} {' '.join(marks)}".lower()


TOOL = Tool(
    "find",
    "List equipment, spaces or points by function, place, kind or Haystack filter.",
    (
        Arg("function", "text", "a role (zone-air-temp), a kind (ahu, chiller, pump ...) or words of the name"),
        Arg("place", "text", "id of a space or equipment it must be in, part of, or fed by"),
        Arg("filter", "text", "Haystack filter, such as: equip and ahu and not doas"),
        Arg("kind", "text", "kind of equipment or space: " + ", ".join(EQUIP_KINDS)),
        Arg("count", "integer", "how many to list", high=200),
    ),
    find,
)  # fmt: skip
