"""The verb `find_equip`: equipment and places by kind, name or place."""

from __future__ import annotations

from agent.evidence import ToolResult
from agent.tools.clauses import KIND_WORDS, in_place, of_kind
from agent.tools.shortlist import shortlist
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Toolbox
from ontology.defs import EQUIP_KINDS
from ontology.entity import Entity


async def find_equip(
    box: Toolbox,
    *,
    kind: str | None = None,
    name: str | None = None,
    place: str | None = None,
    count: int = 20,
) -> ToolResult:
    """Everything that meets all conditions given; the first `count` are listed."""
    filter = of_kind(box.building, kind) if kind else "equip"
    if name and not kind:
        filter = "(equip or space)"
    clause = in_place(box.building, place, filter, points=False) if place else ""
    if place and not clause:
        clause = (
            f"spaceRef==@{box.building.get(place).id}"  # nothing: said by the filter that was run
        )
    filter = f"{filter} and {clause}" if clause else filter
    found = [e for e in box.building.find(filter) if not name or _called(e, name)]
    words = [w for w in (name, kind, place) if w]
    return shortlist(box, "find_equip", filter, found, count=count, words=words)


def _called(entity: Entity, name: str) -> bool:
    """Whether all words stand in its id, name or kind."""
    text = f"{entity.id} {entity.dis} {entity.kind or ''}".lower()
    return all(word in text for word in name.lower().split())


TOOL = Tool(
    "find_equip",
    "List equipment, rooms or floors by kind, name or place: count, ids, names, the filter used, how to narrow.",
    (
        Arg("kind", "text", "kind: " + ", ".join((*EQUIP_KINDS, *KIND_WORDS))),
        Arg("name", "text", "words of its id or name"),
        Arg("place", "text", "id of a space or equipment it must be in, part of, or fed by"),
        Arg("count", "integer", "how many to list", high=200),
    ),
    find_equip,
)
