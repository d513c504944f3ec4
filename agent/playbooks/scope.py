"""What a question is about: named things, groups and places -> entities and the quantity on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.plan import Intent
from agent.playbooks.entities import Linked, Linker, Mention
from agent.playbooks.intents import ZONE_KINDS, Read
from agent.playbooks.words.kinds import BY_NAME
from ontology.entity import Entity
from ontology.graph import Building

_METERED = frozenset(
    {"power", "energy-use", "efficiency", "power-factor", "voltage", "current", "load"}
)
_SPREAD_GROUPS = frozenset(
    {
        Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY, Intent.WORKLOG_STATS,
        Intent.REPORT_REQUEST, Intent.DATA_QUALITY, Intent.OVERRIDE_STATUS, Intent.FAULTS_OPEN,
    }
)  # fmt: skip
_LARGEST_GROUP = 20
"""Bigger groups (192 rooms) are asked for in full but not named one by one in the plan."""


@dataclass(frozen=True)
class Scope:
    """`entities` are shown in the plan, `of` goes to the tools; they differ for big groups only."""

    entities: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    quantity: str | None = None
    family: str = ""
    named: bool = False
    spread: bool = False
    unknown: Mention | None = None
    several: Mention | None = None
    bare: Mention | None = None
    place_ids: tuple[str, ...] = ()
    group_kind: str = ""
    measurable: bool = False

    def about(self, building: Building, linker: Linker, ids: Sequence[str], read: Read) -> Scope:
        """The same question asked of other things."""
        kind = _kind_of(linker, building.get(ids[0]))
        family = family_of(kind)
        quantity = read.measure.of(family, kind)
        return replace(
            self, entities=tuple(ids), of=tuple(ids), quantity=quantity, family=family, bare=None,
            measurable=_measurable(building, ids, quantity),
        )  # fmt: skip


def family_of(kind: str) -> str:
    """The family of quantities of a kind of thing."""
    if kind in BY_NAME:
        return BY_NAME[kind].family
    return {
        "space": "zone",
        "site": "site",
        "weather": "weather",
        "weather-station": "weather",
    }.get(kind, "")


def scope_of(
    building: Building, linker: Linker, read: Read, signs: frozenset[str], intent: Intent | None
) -> Scope:
    """What is asked about, with the defaults of the trade where nothing is named."""
    linked = read.linked
    bare = next(iter(linked.of("kind")), None)
    scope = Scope(
        unknown=next(iter(linked.of("unknown")), None),
        several=next(iter(linked.of("several")), None),
        bare=bare,
    )
    sites = {m.ids[0] for m in linked.of("one") if m.kind == "site"}
    ones = tuple(id for id in linked.ids if id not in sites)
    places = tuple(
        id for id in ones if building.get(id).is_space and building.get(id).kind in {None, "floor"}
    )
    scope = replace(scope, place_ids=ones if intent is Intent.FIND_EQUIPMENT else places)
    grouped = _groups(building, linker, linked, places, intent, ones, signs)
    if grouped is not None:
        entities, of, kind = grouped
        rest = tuple(id for id in ones if id not in places) if kind not in ZONE_KINDS else ()
        scope = replace(scope, entities=(*rest, *entities), of=(*rest, *of), named=True, spread=True,
                        group_kind=kind, family=family_of(kind))  # fmt: skip
    elif ones:
        kind = _kind_of(linker, building.get(ones[0]))
        scope = replace(scope, entities=ones, of=ones, named=True, family=family_of(kind),
                        group_kind=kind, spread=kind == "floor")  # fmt: skip
    else:
        scope = _implied(building, linker, read, scope, bool(sites), intent, signs)
    kind = scope.group_kind
    family = scope.family or (family_of(bare.kind) if bare else "")
    if intent is Intent.FIND_EQUIPMENT:
        family = family or "zone"
    quantity = scope.quantity or read.measure.of(family, kind)
    return replace(scope, quantity=quantity, measurable=_measurable(building, scope.of, quantity))


def _groups(
    building: Building, linker: Linker, linked: Linked, places: tuple[str, ...],
    intent: Intent | None, ones: tuple[str, ...], signs: frozenset[str],
) -> tuple[tuple[str, ...], tuple[str, ...], str] | None:  # fmt: skip
    """Members of the groups named, inside the places named: (shown, asked, kind)."""
    if signs & {"rank", "stat"} and not ones and any(m.kind == "floor" for m in linked.mentions):
        linked = replace(
            linked,
            mentions=tuple(
                replace(m, kind="room", how="kind") if m.kind == "floor" else m
                for m in linked.mentions
            ),
        )
    groups = [m for m in linked.of("group") if m.kind != "floor"]
    bare = [m for m in linked.of("kind") if m.kind != "floor"]
    if (
        not groups
        and bare
        and (intent in _SPREAD_GROUPS or "all" in signs)
        and (not ones or (places and signs & {"rank", "stat", "count"}))
    ):
        groups = [replace(bare[0], ids=tuple(e.id for e in linker.members(bare[0].kind)))]
    if not groups or intent in {Intent.FIND_EQUIPMENT, Intent.MANUAL_LOOKUP}:
        return None
    if ones and set(ones) - set(places):
        return None
    shown: list[str] = []
    asked: list[str] = []
    for group in groups:
        ids = [id for id in group.ids if not places or _inside(building, id, places)]
        if group.kind in {"room", "fcu"}:
            shown.extend(places)
        elif len(ids) <= _LARGEST_GROUP:
            shown.extend(ids)
        asked.extend(ids)
    if not asked:
        return places, places, "floor"
    return tuple(dict.fromkeys(shown)), tuple(dict.fromkeys(asked)), groups[0].kind


def _inside(building: Building, id: str, places: tuple[str, ...]) -> bool:
    return any(p.id in places for p in building.place(id))


def _implied(
    building: Building, linker: Linker, read: Read, scope: Scope, site: bool,
    intent: Intent | None, signs: frozenset[str],
) -> Scope:  # fmt: skip
    """Nothing named: the plant's water, the weather outside, the building's meter."""
    base = read.measure.base
    if base in {"load", "cooling"} and site and base == "load":
        return _as(building, linker, scope, "site", read)
    if (
        site
        and base in {"temp", "humidity", "co2", "occupied", "rented", "window"}
        and "outside" not in read.measure.mods
    ):
        rooms = tuple(e.id for e in linker.members("room"))
        return replace(scope, of=rooms, family="zone", spread=True, named=True)
    implied = "site" if site and base in _METERED and base != "efficiency" else read.measure.implied
    money = signs & {"money", "energy"} and intent is Intent.ENERGY_EFFICIENCY
    if not implied and (money or (intent is Intent.COMPARE_PERIODS and "money" in signs)):
        scope = replace(scope, quantity=scope.quantity or "energy-use")
        implied = "site"
    if scope.bare is not None and implied and scope.bare.kind not in {"room", "cooling-tower"}:
        return scope
    return _as(building, linker, scope, implied, read) if implied else scope


def _as(building: Building, linker: Linker, scope: Scope, family: str, read: Read) -> Scope:
    meters = building.of_kind("elec-meter")
    found: Entity | None = {
        "plant": next(iter(building.of_kind("chilled-water-plant")), None),
        "weather": next(iter(building.of_kind("weather-station")), None),
        "site": next((m for m in meters if m.get_ref("submeterOf") is None), None),
    }[family]
    if found is None:
        return scope
    family = "meter" if family == "site" else family
    quantity = scope.quantity or read.measure.of(family)
    return replace(scope, entities=(found.id,), of=(found.id,), quantity=quantity, family=family)


def _kind_of(linker: Linker, entity: Entity) -> str:
    for name in BY_NAME:
        if entity in linker.members(name):
            return name
    return entity.kind or ("site" if "site" in entity else "space")


def _measurable(building: Building, ids: Sequence[str], quantity: str | None) -> bool:
    """Whether the first of them has a point for it, so that asking its history makes sense."""
    if not ids or quantity is None:
        return False
    return building.point(ids[0], quantity) is not None or quantity in {
        "efficiency", "delta-t", "condenser-approach", "energy-use", "power",
    }  # fmt: skip
