"""Equipment and spaces: a list to search, and everything about one of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from agent.diagnosis import Finding
from agent.events import plain
from ontology.defs import EQUIP_KINDS
from ontology.entity import Entity
from ontology.errors import NotFound
from ontology.kinds import MARKER, Number
from services.api.deps import options as options_of
from services.api.deps import system as system_of
from services.api.documents import DocumentLink, documents_about
from services.api.faults import lines
from services.api.shapes import FindingLine, Link, LivePoint, Named, live_point, named
from services.api.system import Options, System

router = APIRouter(prefix="/api/equipment", tags=["equipment"])
Wired = Annotated[System, Depends(system_of)]
Set = Annotated[Options, Depends(options_of)]


class Listed(Named):
    """A line of the list: where it is, and its open findings (`worst`: the highest severity, 0 none)."""

    place: str
    points: int
    findings: int
    worst: int


class Page(BaseModel):
    """A part of the list. `total` counts all that match; `kinds` counts them by kind."""

    total: int
    kinds: dict[str, int]
    items: list[Listed]


class Equipment(Named):
    """One equipment or space: tags, place from near to far, neighbours, live points, findings."""

    tags: dict[str, Any]
    place: list[Named]
    inside: list[Named]
    feeds: list[Link]
    fed_by: list[Link]
    points: list[LivePoint]
    findings: list[FindingLine]
    documents: list[DocumentLink]


@router.get("")
async def list_equipment(
    system: Wired,
    search: Annotated[str, Query(max_length=100, description="words of its id, name, place")] = "",
    kind: Annotated[str | None, Query(description="such as chiller, ahu, room")] = None,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 60,
) -> Page:
    """Equipment and spaces that match every word; those with findings first."""
    found = [e for e in system.building if _listed(e) and _matches(e, search, system)]
    kinds = Counter(e.kind for e in found if e.kind)
    if kind is not None:
        if kind not in EQUIP_KINDS:
            raise NotFound(f"no kind {kind!r:.40}", hint=f"kinds: {', '.join(EQUIP_KINDS)}")
        found = [e for e in found if e.kind == kind]
    open_now = await system.faultbook.open_faults(None, 1_000)
    worst, count = _worst(open_now), Counter(finding.equip for finding in open_now)
    # a hundred rooms that one air handler troubles must not stand before the air handler
    causes = _worst([finding for finding in open_now if finding.parent is None])
    found.sort(key=lambda e: (not _named_whole(e, search), -causes.get(e.id, 0), e.is_space))
    items = [
        Listed(
            **named(e).model_dump(),
            place=_place(e, system),
            points=len(system.building.points(e.ref)) if e.is_equip else 0,
            findings=count[e.id],
            worst=worst.get(e.id, 0),
        )
        for e in found[offset : offset + limit]
    ]
    return Page(total=len(found), kinds=dict(kinds.most_common()), items=items)


@router.get("/{id}")
async def one_equipment(id: str, system: Wired, options: Set) -> Equipment:
    """Everything about one equipment or space; an unknown id names the nearest."""
    building = system.building
    entity = building.get(id)
    if entity.is_point:
        entity = building.equip_of(entity.ref) or entity
    points = building.points(entity.ref)[:MAX_POINTS]
    latest = await system.history.latest([point.ref for point in points])
    now = options.clock()
    open_here = await system.faultbook.open_faults(entity.id, 50)
    return Equipment(
        **named(entity).model_dump(),
        tags=_plain_tags(entity),
        place=[named(e) for e in building.place(entity.ref)],
        inside=[named(e) for e in building.contains(entity.ref)][:MAX_NEIGHBOURS],
        feeds=_links(building.feeds(entity.ref)),
        fed_by=_links(building.fed_by(entity.ref)),
        points=[live_point(point, latest.get(point.ref), now) for point in points],
        findings=await lines(open_here, system, options),
        documents=await documents_about(system, entity.id),
    )


_WORDS = re.compile(r"[^\W_]+")
MAX_POINTS = 200
"""A floor has about 170 points; a page with more helps nobody."""
MAX_NEIGHBOURS = 250
"""The secondary pumps feed 200 fan-coil units."""


def _listed(entity: Entity) -> bool:
    return entity.kind is not None and "site" not in entity


def _matches(entity: Entity, search: str, system: System) -> bool:
    words = search.lower().split()
    if not words:
        return True
    text = f"{entity.id} {entity.dis} {entity.kind or ''} {_place(entity, system)}".lower()
    return all(word in text for word in words)


def _named_whole(entity: Entity, search: str) -> bool:
    """Whether each word is a whole word of its name: "807" is room 807 before room 1807."""
    whole = set(_WORDS.findall(f"{entity.id} {entity.dis}".lower()))
    return all(word in whole for word in _WORDS.findall(search.lower()))


def _place(entity: Entity, system: System) -> str:
    return next((e.dis for e in system.building.place(entity.ref) if e.is_space), "")


def _worst(findings: Sequence[Finding]) -> dict[str, int]:
    """The highest severity among the findings of each equipment."""
    worst: dict[str, int] = {}
    for finding in findings:
        worst[finding.equip] = max(worst.get(finding.equip, 0), int(finding.severity))
    return worst


def _links(pairs: list[tuple[Entity, str]]) -> list[Link]:
    return [Link(**named(e).model_dump(), medium=medium) for e, medium in pairs[:MAX_NEIGHBOURS]]


def _plain_tags(entity: Entity) -> dict[str, Any]:
    """Tags as JSON: a marker is true, a quantity "500 RT"."""
    shown = {tag: value for tag, value in entity.tags.items() if tag not in {"id", "dis"}}
    return {
        tag: True if value is MARKER else str(value) if isinstance(value, Number) else plain(value)
        for tag, value in shown.items()
    }
