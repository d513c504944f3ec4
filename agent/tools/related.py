"""The verb `related`: what feeds, contains or stands beside an entity."""

from __future__ import annotations

from typing import Final

from agent.evidence import ToolResult, Trust
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity
from ontology.graph import Building

RELATIONS: Final = ("feeds", "fed_by", "upstream", "contains", "located_in", "siblings")
MAX_LISTED: Final = 40


async def related(box: Toolbox, *, of: list[str], relation: str) -> ToolResult:
    """Rows of {of, id, dis, kind, medium, hops} over the ontology graph."""
    draft = Draft("related")
    draft.facts |= {"relation": relation, "of": [box.building.get(id).id for id in of]}
    for id in of:
        entity = box.building.get(id)
        cite = draft.cite("ontology", f"{entity.id} {relation}", trust=Trust.ONTOLOGY)
        found = _follow(box.building, entity, relation)
        total = draft.figure(f"{entity.id}.{relation}", len(found), "", cite)
        draft.facts.setdefault("totals", {})[entity.id] = total
        draft.lines.append(f"{entity.id} {relation}: {len(found)} [{cite}]")
        for other, medium, hops in found:
            row = {"of": entity.id, "id": other.id, "dis": other.dis, "kind": other.kind,
                   "medium": medium, "hops": hops, "evidence": cite}  # fmt: skip
            draft.rows.append(row)
        for other, medium, _ in found[:MAX_LISTED]:
            draft.lines.append(f"  {other.id} {other.dis}" + (f" ({medium})" if medium else ""))
        if len(found) > MAX_LISTED:
            more = len(found) - MAX_LISTED
            draft.lines.append(
                f"  and {more} more; find_equip with kind and place={entity.id} lists one kind"
            )
    return draft.done()


def _follow(building: Building, entity: Entity, relation: str) -> list[tuple[Entity, str, int]]:
    if relation == "feeds":
        return [(e, medium, 1) for e, medium in _feeds(building, entity)]
    if relation == "fed_by":
        return [(e, medium, hop) for e, medium, hop in building.upstream(entity.ref) if hop == 1]
    if relation == "upstream":
        return building.upstream(entity.ref)
    others = {
        "contains": building.contains,
        "located_in": building.place,
        "siblings": building.siblings,
    }[relation](entity.ref)
    return [(e, "", 1) for e in others]


def _feeds(building: Building, entity: Entity) -> list[tuple[Entity, str]]:
    """Direct users; a space and the equipment inside it count once, as the equipment."""
    users = building.feeds(entity.ref)
    spaces_of = {ref for e, _ in users if (ref := e.get_ref("spaceRef")) and e.is_equip}
    return [(e, medium) for e, medium in users if not (e.is_space and e.ref in spaces_of)]


TOOL = Tool(
    "related",
    "Follow air, water, power or place: what feeds it, what it feeds, what is inside, where it is.",
    (
        Arg("of", "ids", "entity ids", required=True),
        Arg("relation", "choice", "which way to follow", RELATIONS, required=True),
    ),
    related,
)
