"""The relations people and agent write SQL on: one wide view per equipment, room and public area."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ontology.entity import Entity
from ontology.graph import Building
from ontology.kinds import Number
from ontology.store.dialect_kinds import Kind

TS_COLUMN = "ts"
BASE_RELATIONS: dict[str, dict[str, str]] = {
    # relation -> column -> unit ("" where it has none)
    "points": dict.fromkeys(
        ("point", "equip", "equip_kind", "place", "floor", "role", "unit", "dis"), ""
    ),
    "samples": dict.fromkeys(("point", "ts", "value", "status"), ""),
    "latest": dict.fromkeys(("point", "ts", "value", "status"), ""),
    "rollup_hourly": dict.fromkeys(("point", "ts", "mean", "min", "max", "count"), ""),
}
_KINDS = {
    **dict.fromkeys(("value", "mean", "min", "max"), Kind.NUMBER),
    **dict.fromkeys(("floor", "count"), Kind.WHOLE),
}


@dataclass(frozen=True)
class ViewColumn:
    """A role's value each minute: the mean of these points (mostly one)."""

    name: str
    unit: str
    points: tuple[str, ...]


@dataclass(frozen=True)
class WideView:
    """One row per minute in which any of its points spoke: `ts` in site-local time, then columns."""

    name: str
    of: str
    dis: str
    columns: tuple[ViewColumn, ...]


@dataclass(frozen=True)
class PointRow:
    """A row of the relation `points`."""

    point: str
    equip: str | None
    equip_kind: str | None
    place: str | None
    floor: int | None
    role: str | None
    unit: str
    dis: str


def view_name(id: str) -> str:
    """The name in SQL: lower case, `_` for `-` and other signs.

    >>> view_name("VAV-2-07")
    'vav_2_07'
    """
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in id.lower())
    return f"_{name}" if name[:1].isdigit() else name


def wide_views(building: Building) -> list[WideView]:
    """One view per equipment and per space (floors excepted) that has points; names are unique."""
    found: dict[str, WideView] = {}
    for entity in building:
        if not (entity.is_equip or (entity.is_space and entity.kind != "floor")):
            continue
        points = building.points(entity.ref)
        name = view_name(entity.id)
        if points and name not in found and name not in BASE_RELATIONS:
            found[name] = WideView(name, entity.id, entity.dis, _columns(building, points))
    return list(found.values())


def relations(
    building: Building, scope: Collection[str] | None = None
) -> dict[str, dict[str, str]]:
    """Every relation that may be named in SQL: its columns with their units.

    `scope`: the points one may see. A column is there when all of its points are in scope, a view when
    one of its columns is.
    """
    found = {name: dict(columns) for name, columns in BASE_RELATIONS.items()}
    for view in wide_views(building):
        seen = [c for c in view.columns if scope is None or all(p in scope for p in c.points)]
        if seen:
            found[view.name] = {TS_COLUMN: "", **{c.name: c.unit for c in seen}}
    return found


def points_of(building: Building, whole: str) -> frozenset[str]:
    """The points of a site, space or equipment and of all that is in it: the scope of who may see it."""
    inside, front = set[str](), [building.get(whole)]
    while front:
        entity = front.pop()
        if entity.id not in inside:
            inside.add(entity.id)
            front.extend(building.contains(entity.ref))
    owned = (p.id for id in inside for p in building.points(building.get(id).ref))
    return frozenset(owned) | {id for id in inside if building.get(id).is_point}


def kind_of(relation: str, column: str) -> Kind:
    """What a column of a published relation holds."""
    if column == TS_COLUMN:
        return Kind.TIME
    return _KINDS.get(column, Kind.TEXT) if relation in BASE_RELATIONS else Kind.NUMBER


def point_rows(building: Building) -> list[PointRow]:
    """What each point is and where, for the relation `points`."""
    places = {e.id: building.place(e.ref) for e in building if e.is_equip}
    rows = []
    for entity in building:
        if entity.is_point:
            equip = building.equip_of(entity.ref)
            around = places[equip.id] if equip else building.place(entity.ref)
            rows.append(_row(entity, equip, around))
    return rows


def _row(entity: Entity, equip: Entity | None, around: Sequence[Entity]) -> PointRow:
    floors = (e["floorNum"] for e in around if isinstance(e.tags.get("floorNum"), Number))
    return PointRow(
        point=entity.id,
        equip=equip.id if equip else None,
        equip_kind=equip.kind if equip else None,
        place=next((e.id for e in around if e.is_space), None),
        floor=next((int(number.value) for number in floors), None),
        role=entity.role.name if entity.role else None,
        unit=entity.unit,
        dis=entity.dis,
    )


def _columns(building: Building, points: Sequence[Entity]) -> tuple[ViewColumn, ...]:
    """One column per role. Where several points play it, the column is the mean of those on the first
    kind of equipment (a room's thermostat rather than its air-quality sensor), and each has its own too.
    """
    by_role: dict[str, list[Entity]] = defaultdict(list)
    for point in points:
        by_role[point.role.column if point.role else view_name(point.id)].append(point)
    shared: list[ViewColumn] = []
    single: list[ViewColumn] = []
    for role, players in by_role.items():
        equips = [building.equip_of(p.ref) for p in players]
        kinds = [equip.kind if equip else None for equip in equips]
        main = [p.id for p, kind in zip(players, kinds, strict=True) if kind == kinds[0]]
        shared.append(ViewColumn(role, players[0].unit, tuple(main)))
        if len(players) > 1:
            single += [
                ViewColumn(f"{view_name(equip.id)}_{role}", p.unit, (p.id,))
                for p, equip in zip(players, equips, strict=True)
                if equip
            ]
    return _unique([*shared, *single])


def _unique(columns: Sequence[ViewColumn]) -> tuple[ViewColumn, ...]:
    """The first of each name; `ts` is taken."""
    kept: Mapping[str, ViewColumn] = {c.name: c for c in reversed(columns) if c.name != TS_COLUMN}
    return tuple(c for c in columns if kept.get(c.name) is c)
