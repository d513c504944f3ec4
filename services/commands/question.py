"""What the model answers: find by filter, follow relations, check. Values here are ready for JSON."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.rules.table import RULES
from ingest.exchange.files import read_source
from ontology.check import Need, check
from ontology.codec import hayson
from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.filter import And, Compare, Has, Missing, Node, Or, parse
from ontology.graph import Building
from ontology.index import EntityIndex, Explanation
from ontology.kinds import MARKER, Ref, Tags
from services.home import ALL, definitions_of, records_of, require_building
from services.settings import Settings

COLUMNS: Final = ("id", "dis", "is", "unit", "at")
"""Columns for people; `is` are the markers, `at` what it belongs to."""
EVERYTHING: Final = "id"
"""All records of a home, also those that Plantroom writes itself."""
_BELONGS: Final = ("equipRef", "spaceRef", "siteRef")
_TOLD: Final = ("equip", "point", "space", "site", "his", "cur", "writable", "hisCollectCov")
"""Markers that say least; left out of `is` where others say more."""

RELATIONS: Final[Mapping[str, Callable[[Building, Entity], list[dict[str, Any]]]]] = {
    "points": lambda b, e: [_item(p) for p in b.points(e.ref)],
    "contains": lambda b, e: [_item(inside) for inside in b.contains(e.ref)],
    "located_in": lambda b, e: [_item(place) for place in b.place(e.ref)],
    "feeds": lambda b, e: [_item(user, medium) for user, medium in b.feeds(e.ref)],
    "fed_by": lambda b, e: [_item(supplier, medium) for supplier, medium in b.fed_by(e.ref)],
    "upstream": lambda b, e: [_item(s, medium, hops) for s, medium, hops in b.upstream(e.ref)],
    "downstream": lambda b, e: [_item(s, medium, hops) for s, medium, hops in b.downstream(e.ref)],
    "siblings": lambda b, e: [_item(other) for other in b.siblings(e.ref)],
}
SHORT: Final = ("located_in", "contains", "points", "feeds", "fed_by", "siblings")
"""Shown where no relation is asked for; the others repeat these over several hops."""


async def entities_of(settings: Settings, file: Path | None, filter: str) -> list[Tags]:
    """A file's entities, or those of the home that match. Raises NotFound where there is no building."""
    if file is not None:
        return list(read_source(file).entities)
    require_building(settings)
    async with records_of(settings) as records:
        return [entity.tags for entity in await records.read(filter, limit=ALL)]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows that match, of how many that match, of how many there are. `why` is empty where it is plain."""

    filter: str
    count: int
    of: int
    rows: Sequence[Tags]
    why: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Rows as Hayson."""
        rows = [json.loads(hayson.encode_value(dict(tags))) for tags in self.rows]
        return {"filter": self.filter, "count": self.count, "of": self.of, "rows": rows, **self.why}


def find(
    settings: Settings, entities: Sequence[Tags], filter: str, *, limit: int, explain: bool
) -> Found:
    """Entities that match, and why so few where none does or it is asked.

    Raises BadRequest with the column of what was not understood.
    """
    node = parse(filter)
    index = EntityIndex(entities, defs=definitions_of(settings))
    rows = index.find(filter, limit=limit)
    why: dict[str, Any] = {}
    if explain or not rows:
        why = _explained(index.explain(filter)) | {"unknown": _unknown(node, index)}
    return Found(str(node), index.count(filter), len(index), rows, why)


def matching(settings: Settings, entities: Sequence[Tags], filter: str) -> list[Tags]:
    """The entities that match a filter. Raises BadRequest where it cannot be read."""
    return EntityIndex(entities, defs=definitions_of(settings)).find(filter)


def shown(tags: Tags, columns: Sequence[str]) -> list[str]:
    """One row of a table for people."""
    return [_cell(tags, column) for column in columns]


def related(building: Building, id: str, relation: str) -> dict[str, Any]:
    """What stands in one relation to an entity, or in each of the short ones. Raises NotFound, BadRequest."""
    entity = building.get(id)
    if relation and relation not in RELATIONS:
        raise BadRequest(f"no relation {relation!r}", hint=f"one of: {', '.join(RELATIONS)}")
    names = (relation,) if relation else SHORT
    return {
        "id": entity.id,
        "dis": entity.dis,
        **{n: RELATIONS[n](building, entity) for n in names},
    }


def way(building: Building, start: str, end: str) -> dict[str, Any]:
    """The shortest way from one to another, hop by hop with what flows. Raises NotFound for unknown ids."""
    first, last = building.get(start), building.get(end)
    hops = [
        {
            "direction": hop.direction,
            "medium": hop.medium,
            "id": hop.entity.id,
            "dis": hop.entity.dis,
        }
        for hop in building.path(first.ref, last.ref)
    ]
    return {"from": first.id, "to": last.id, "hops": hops}


def checked(settings: Settings, entities: Sequence[Tags]) -> dict[str, Any]:
    """Every problem of a model, the worst first, and how many of each severity."""
    problems = check(Building(entities), needs(), defs=definitions_of(settings))
    counts = {
        kind: sum(p.severity == kind for p in problems) for kind in ("error", "warning", "info")
    }
    rows = [
        {"severity": p.severity, "code": p.code, "entity": p.entity, "says": p.says, "hint": p.hint}
        for p in problems
    ]
    return {"ok": not counts["error"], "entities": len(entities), **counts, "problems": rows}


def needs() -> list[Need]:
    """What each fault rule cannot do without on the equipment it watches; points of others are left out.

    A rule of several rows tries one idea on several quantities: it needs none of them for sure.
    """
    rows_of = Counter(rule.id for rule in RULES)
    rows = [
        Need(rule.id, rule.equip, tuple(n for n in rule.needs if "." not in n and ":" not in n))
        for rule in RULES
        if rows_of[rule.id] == 1
    ]
    return [need for need in rows if need.roles]


def _item(entity: Entity, medium: str = "", hops: int = 0) -> dict[str, Any]:
    item: dict[str, Any] = {"id": entity.id, "dis": entity.dis}
    if medium:
        item["medium"] = medium
    if hops:
        item["hops"] = hops
    return item


def _explained(found: Explanation) -> dict[str, Any]:
    terms = [
        {"term": t.text, "alone": t.alone, "so_far": t.so_far, "without": t.without}
        for t in found.terms
    ]
    return {"terms": terms, "killer": found.killer}


def _unknown(node: Node, index: EntityIndex) -> dict[str, list[str]]:
    """Tags of the filter that nothing here has -> the nearest that something has."""
    counts = index.tag_counts()
    names = dict.fromkeys(name for name in _names(node) if name not in counts)
    return {name: difflib.get_close_matches(name, counts, n=3, cutoff=0.65) for name in names}


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, (And, Or)):
        for term in node.terms:
            yield from _names(term)
    elif isinstance(node, (Has, Compare)):
        yield from node.path
    elif isinstance(node, Missing):
        yield node.path[0]


def _cell(tags: Tags, column: str) -> str:
    if column == "dis" and "id" in tags:
        return Entity(tags).dis
    if column not in tags and column in _SPECIAL:
        return _SPECIAL[column](tags)
    return _text(tags.get(column))


def _markers(tags: Tags) -> str:
    marks = [tag for tag, value in tags.items() if value is MARKER]
    return " ".join([mark for mark in marks if mark not in _TOLD] or marks)


def _at(tags: Tags) -> str:
    return next((f"@{tags[tag].id}" for tag in _BELONGS if isinstance(tags.get(tag), Ref)), "")


def _text(value: Any) -> str:
    """A value in a table: short, without quotes."""
    if value is None:
        return ""
    if value is MARKER:
        return "✓"
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(item) for item in value)
    return f"{value.uri}" if hasattr(value, "uri") else str(value)


_SPECIAL: Final[Mapping[str, Callable[[Tags], str]]] = {"is": _markers, "at": _at}
