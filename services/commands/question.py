"""What the model answers: find by filter, follow relations, check. Values here are ready for JSON."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.rules.table import RULES
from ingest.exchange.files import read_source
from ontology.check import Need, check
from ontology.codec import hayson, zinc
from ontology.definitions import Definitions
from ontology.entity import PLACES, Entity
from ontology.errors import BadRequest, NotFound
from ontology.filter import parse
from ontology.graph import Building
from ontology.index import EntityIndex, Explanation
from ontology.kinds import MARKER, Number, Ref, Tags, Uri
from services.commands.hints import hints, nearest_tags, unknown_tags
from services.home import definitions_of, index_of
from services.settings import Settings

COLUMNS: Final = ("id", "dis", "is", "unit", "at")
"""Columns for people; `is` are the markers, `at` what it belongs to."""
_NEAREST: Final = 5
_BELONGS: Final = ("equipRef", *PLACES, "siteRef")
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
    return (await index_of(settings)).find(filter)


async def index(settings: Settings, file: Path | None) -> EntityIndex:
    """A file's entities, or all records of the home, as an index. Raises NotFound, BadRequest, Corrupt."""
    if file is None:
        return await index_of(settings)
    return EntityIndex(read_source(file).entities, defs=definitions_of(settings))


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


def find(index: EntityIndex, defs: Definitions, filter: str, *, limit: int, explain: bool) -> Found:
    """Entities that match, and why so few where none does or it is asked.

    Raises BadRequest with the column of what was not understood.
    """
    node = parse(filter)
    rows = index.find(filter, limit=limit)
    why: dict[str, Any] = {}
    if explain or not rows:
        why = _explained(index.explain(filter)) | {
            "unknown": unknown_tags(node, index),
            "hints": hints(node, index, defs),
        }
    return Found(str(node), index.count(filter), len(index), rows, why)


def no_such_columns(columns: Sequence[str], index: EntityIndex) -> dict[str, list[str]]:
    """Columns that no entity could fill -> the nearest tags."""
    return nearest_tags([name for name in columns if name not in {"id", "dis", *_SPECIAL}], index)


def shown(tags: Tags, columns: Sequence[str]) -> list[str]:
    """One row of a table for people."""
    return [_cell(tags, column) for column in columns]


def related(building: Building, id: str, relation: str) -> dict[str, Any]:
    """What stands in one relation to an entity, or in each of the short ones. Raises NotFound, BadRequest."""
    entity = named(building, id)
    if relation and relation not in RELATIONS:
        raise BadRequest(f"no relation {relation!r}", hint=f"one of: {', '.join(RELATIONS)}")
    names = (relation,) if relation else SHORT
    return {
        "id": entity.id,
        "dis": entity.dis,
        **{n: RELATIONS[n](building, entity) for n in names},
    }


def named(building: Building, name: str) -> Entity:
    """The entity of this id, else the only one of this name; either in any letter case.

    Raises NotFound with the nearest ids, BadRequest where several have the name.
    """
    wanted = name.removeprefix("@")
    if wanted in building:
        return building.get(wanted)
    ids = {entity.id.casefold(): entity for entity in building}
    if wanted.casefold() in ids:
        return ids[wanted.casefold()]
    called = [entity for entity in building if entity.dis.casefold() == wanted.casefold()]
    if len(called) > 1:
        some = ", ".join(f"@{entity.id}" for entity in called[:_NEAREST])
        raise BadRequest(f"{len(called)} entities are called {name!r}", hint=f"give the id: {some}")
    if not called:
        raise NotFound(f"nothing here is called {name!r}", hint=_nearest(wanted.casefold(), ids))
    return called[0]


def _nearest(wanted: str, ids: Mapping[str, Entity]) -> str:
    """Ids that look like a name, or that belong to names which do."""
    names = {**{entity.dis.casefold(): entity for entity in ids.values()}, **ids}
    near = difflib.get_close_matches(wanted, names, n=_NEAREST, cutoff=0.5)
    found = dict.fromkeys(f"@{names[text].id}" for text in near)
    if not found:
        return "see what there is: plantroom ontology find equip"
    return f"nearest: {', '.join(found)}"


def way(building: Building, start: str, end: str) -> dict[str, Any]:
    """The shortest way from one to another, hop by hop with what flows. Raises NotFound for unknown ids."""
    first, last = named(building, start), named(building, end)
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
    defs = definitions_of(settings)
    problems = check(Building(entities, defs=defs), needs(), defs=defs)
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
    """A value in a table: texts and numbers as people write them, all else as in Zinc."""
    if value is None:
        return ""
    if value is MARKER:
        return "✓"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Uri):
        return value.uri
    return str(value) if isinstance(value, (str, Number, Ref)) else zinc.encode_value(value)


_SPECIAL: Final[Mapping[str, Callable[[Tags], str]]] = {"is": _markers, "at": _at}
