"""A typed shortlist: how many, by which filter, the first of them, and how to narrow or mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from agent.evidence import ToolResult, Trust
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity

MAX_RANGED: Final = 3_000
"""Ids kept to tell a long list as floors and runs of numbers; a large building has as many of one kind."""
MAX_GROUPS: Final = 4
"""Groups offered for narrowing; more would be a list of its own."""


def shortlist(
    box: Toolbox,
    tool: str,
    filter: str,
    found: Sequence[Entity],
    *,
    count: int,
    words: Sequence[str],
) -> ToolResult:
    """Rows of {id, dis, kind, unit, place}. `words` are what was asked for, as people would say it."""
    draft = Draft(tool)
    cite = draft.cite("ontology", filter, " / ".join(words), Trust.ONTOLOGY, filter=filter)
    draft.facts |= {
        "total": draft.figure("found", len(found), "", cite),
        "listed": draft.figure("listed", min(count, len(found)), "", cite),
        "words": [word for word in words if word] or ["everything"],
        "filter": filter,
        "ids": [entity.id for entity in found[:MAX_RANGED]],
        "names": [e.dis for e in found[:MAX_RANGED]],
    }
    draft.lines.append(f"{len(found)} found by filter: {filter} [{cite}]")
    hint = _narrow(box, draft, found, cite) if len(found) > count else ""
    hint = hint if found else killer(box, filter)
    draft.facts["hint"] = hint
    if hint:
        draft.lines.append(hint)
    for entity in found[:count]:
        row = _row(box, entity)
        draft.rows.append(row)
        unit = f", {row['unit']}" if row["unit"] else ""
        draft.lines.append(
            f"{entity.id}: {entity.dis} ({row['kind']}{unit}) in {', '.join(row['place']) or '-'}"
        )
    return draft.done()


def kind_of(entity: Entity) -> str:
    """Kind of equipment or place, role of a point; "point" or "record" where none is known."""
    if entity.is_point:
        return entity.role.name if entity.role else "point"
    return entity.kind or "record"


def killer(box: Toolbox, filter: str) -> str:
    """Which part of a filter leaves nothing over; "" when no single part does."""
    why = box.building.index.explain(filter)
    if why.killer is None:
        return "nothing here matches; ask `vocab` for the words this model uses"
    without = next((term.without for term in why.terms if term.text == why.killer), 0)
    return f"`{why.killer}` leaves nothing over: {without} match without it"


def _row(box: Toolbox, entity: Entity) -> dict[str, Any]:
    place = [p.dis for p in box.building.place(entity.ref) if p.is_space]
    return {
        "id": entity.id, "dis": entity.dis, "kind": kind_of(entity), "unit": entity.unit, "place": place,
    }  # fmt: skip


def _narrow(box: Toolbox, draft: Draft, found: Sequence[Entity], cite: str) -> str:
    """What would make the list shorter: its largest kinds and places, each with its count."""
    kinds = Counter(kind_of(entity) for entity in found)
    floors = Counter(
        next((p.id for p in box.building.place(e.ref) if p.kind == "floor"), "") for e in found
    )
    floors.pop("", None)
    offers = []
    for name, groups in (("role" if found[0].is_point else "kind", kinds), ("place", floors)):
        if len(groups) > 1:
            shown = [
                f"{key} {int(draft.figure(f'{name}.{key}', n, '', cite).value or 0)}"
                for key, n in groups.most_common(MAX_GROUPS)
            ]
            offers.append(
                f"{name} ({', '.join(shown)}{' ...' if len(groups) > MAX_GROUPS else ''})"
            )
    return f"narrow by {' or '.join(offers)}" if offers else "ask for more with `count`"
