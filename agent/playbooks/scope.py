"""What a question is about: named things, groups and places -> entities and the quantity on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.plan import Intent
from agent.playbooks.entities import Linker, Mention
from agent.playbooks.intents import Read
from agent.playbooks.measure import together
from agent.playbooks.words.kinds import BY_NAME
from ontology.entity import Entity
from ontology.graph import Building

_METERED = frozenset({"power", "energy-use", "power-factor", "voltage", "current", "load"})
_ROOM_WIDE = frozenset({"temp", "humidity", "co2", "occupied", "rented", "window"})
_SPREAD_GROUPS = frozenset(
    {
        Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY, Intent.WORKLOG_STATS,
        Intent.REPORT_REQUEST, Intent.DATA_QUALITY, Intent.OVERRIDE_STATUS, Intent.FAULTS_OPEN,
    }
)  # fmt: skip
"""Intents for which a kind without a number means all of that kind."""
ONE_OF = re.compile(r"\b(?:is|was|has|does) (?:the|that|this|our) ")
"""One of several is meant, and it is not said which: "is the pump ok"."""
_UNIMPLIED = frozenset({Intent.FAULTS_OPEN, Intent.OVERRIDE_STATUS, Intent.WORKLOG_STATS})
_LARGEST_GROUP = 20
"""Bigger groups (192 rooms) are asked for in full but not named one by one in the plan."""
_MEASURED_ON: dict[str, tuple[str, ...]] = {
    # what is ranked, of what nobody needs to say -> the kinds that have it
    "filter": ("ahu", "doas"), "battery": ("iaq-sensor",), "requests": ("vav",), "approach": ("chiller",),
    "co2": ("iaq-sensor",), "temp": ("room",), "humidity": ("room",),
}  # fmt: skip
_COMPUTED = frozenset({"efficiency", "delta-t", "condenser-approach", "energy-use", "power"})


@dataclass(frozen=True)
class Scope:
    """`entities` are shown in the plan, `of` goes to the tools; they differ for big groups only."""

    entities: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    quantity: str | None = None
    family: str = ""
    kind: str = ""
    named: bool = False
    spread: bool = False
    measurable: bool = False
    unknown: Mention | None = None
    several: Mention | None = None
    bare: Mention | None = None
    place_ids: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Quantities asked beside the first, where each has a point."""


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


class Scoper:
    """Decides what one question is about. Made anew for each question."""

    def __init__(
        self, building: Building, linker: Linker, read: Read, signs: frozenset[str], *, intent: Intent | None
    ) -> None:  # fmt: skip
        self._building = building
        self._linker = linker
        self._read = read
        self._signs = signs
        self._intent = intent

    def scope(self) -> Scope:
        """With the defaults of the trade where nothing is named."""
        linked = self._read.linked
        sites = [m for m in linked.of("one") if m.kind == "site"]
        ones = tuple(id for id in linked.ids if id not in {m.ids[0] for m in sites})
        places = tuple(id for id in ones if self._is_place(id))
        finding = self._intent is Intent.FIND_EQUIPMENT
        scope = Scope(
            unknown=next(iter(linked.of("unknown")), None),
            several=next(iter(linked.of("several")), None),
            bare=next(iter(linked.of("kind")), None),
            place_ids=ones if finding else places,
        )
        grouped = self._grouped(scope, ones, places)
        if grouped is not None:
            scope = grouped
        elif ones:
            scope = self._of_things(scope, ones)
        else:
            scope = self._implied(scope, site=bool(sites))
        family = scope.family or (family_of(scope.bare.kind) if scope.bare else "")
        quantity = scope.quantity or self._read.measure.of(
            family or ("zone" if finding else ""), scope.kind
        )
        said = together(self._read.masked, family, scope.kind, quantity) if quantity else ()
        said = tuple(each for each in said if self._measurable(scope.of, each))
        quantity, also = (said[0], said[1:]) if said else (quantity, ())
        return replace(
            scope, quantity=quantity, also=also, measurable=self._measurable(scope.of, quantity)
        )

    def about(self, scope: Scope, ids: Sequence[str]) -> Scope:
        """The same question asked of other things."""
        moved = self._of_things(replace(scope, bare=None), tuple(ids))
        quantity = self._read.measure.of(moved.family, moved.kind)
        return replace(
            moved, named=False, quantity=quantity, measurable=self._measurable(ids, quantity)
        )

    def _of_things(self, scope: Scope, ids: tuple[str, ...]) -> Scope:
        kind = self._kind_of(self._building.get(ids[0]))
        return replace(
            scope, entities=ids, of=ids, named=True, family=family_of(kind), kind=kind, spread=kind == "floor"
        )  # fmt: skip

    def _grouped(
        self, scope: Scope, ones: tuple[str, ...], places: tuple[str, ...]
    ) -> Scope | None:
        """Members of the groups named, inside the places named."""
        groups = self._groups(ones, places)
        if not groups or set(ones) - set(places):
            return None
        shown: list[str] = []
        asked: list[str] = []
        for group in groups:
            ids = [id for id in group.ids if not places or self._inside(id, places)]
            if group.kind in {"room", "fcu"}:
                shown.extend(places)
            elif len(ids) <= _LARGEST_GROUP:
                shown.extend(ids)
            asked.extend(ids)
        kind = groups[0].kind if asked else "floor"
        entities, of = (shown, asked) if asked else (places, places)
        return replace(
            scope, entities=tuple(dict.fromkeys(entities)), of=tuple(dict.fromkeys(of)), named=True,
            spread=True, kind=kind, family=family_of(kind),
        )  # fmt: skip

    def _groups(self, ones: tuple[str, ...], places: tuple[str, ...]) -> list[Mention]:
        """Groups named, or a kind without a number where the intent means all of them."""
        if self._intent in {Intent.FIND_EQUIPMENT, Intent.MANUAL_LOOKUP}:
            return []
        mentions = list(self._read.linked.mentions)
        if self._signs & {"rank", "stat"} and not ones:
            mentions = [
                replace(m, kind="room", how="kind") if m.kind == "floor" else m for m in mentions
            ]
        groups = [m for m in mentions if m.how == "group" and m.kind != "floor"]
        bare = [m for m in mentions if m.how == "kind" and m.kind != "floor"]
        meant = self._intent in _SPREAD_GROUPS or "all" in self._signs
        if self._intent is Intent.FAULTS_OPEN and ONE_OF.search(self._read.masked):
            meant = False
        if self._read.measure.base == "approach" and any(m.kind == "cooling-tower" for m in bare):
            meant = True  # "tower approach": of each tower, for the word names the quantity
        ranked = bool(places) and bool(self._signs & {"rank", "stat", "count"})
        if groups or not bare or not meant or (ones and not ranked):
            return groups
        return [replace(bare[0], ids=tuple(e.id for e in self._linker.members(bare[0].kind)))]

    def _implied(self, scope: Scope, *, site: bool) -> Scope:
        """Nothing named: the plant's water, the weather outside, the building's meter."""
        measure = self._read.measure
        if self._intent in _UNIMPLIED:
            return scope
        if site and self._intent is Intent.EXPLAIN_EQUIPMENT:
            id = self._building.site.id
            return replace(scope, entities=(id,), of=(id,), named=True)
        if site and measure.base in _ROOM_WIDE and "outside" not in measure.mods:
            rooms = tuple(e.id for e in self._linker.members("room"))
            return replace(scope, of=rooms, family="zone", spread=True, named=True)
        implied = "site" if site and measure.base in _METERED else measure.implied
        costs = {Intent.ENERGY_EFFICIENCY, Intent.COMPARE_PERIODS}
        if not implied and self._signs & {"money", "energy"} and self._intent in costs:
            scope = replace(scope, quantity=scope.quantity or "energy-use")
            implied = "site"
        if scope.bare is not None and scope.bare.kind not in {"room", "cooling-tower"}:
            return scope
        return self._as(scope, implied) if implied else self._ranked(scope)

    def _ranked(self, scope: Scope) -> Scope:
        """ "Highest filter pressure": all that have one."""
        measure = self._read.measure
        kinds = _MEASURED_ON.get(measure.base, ())
        ranks = self._intent is Intent.AGGREGATE and bool(self._signs & {"max", "min", "rank"})
        if not kinds or not ranks or scope.bare is not None or self._read.when.span is not None:
            return scope
        ids = tuple(e.id for kind in kinds for e in self._linker.members(kind))
        shown = ids if len(ids) <= _LARGEST_GROUP else ()
        family = family_of(kinds[0])
        return replace(scope, entities=shown, of=ids, family=family, kind=kinds[0], spread=True)

    def _as(self, scope: Scope, family: str) -> Scope:
        """The one thing of the building that a family stands for."""
        meters = self._building.of_kind("elec-meter")
        found: Entity | None = {
            "plant": next(iter(self._building.of_kind("chilled-water-plant")), None),
            "weather": next(iter(self._building.of_kind("weather-station")), None),
            "site": next((m for m in meters if m.get_ref("submeterOf") is None), None),
        }[family]
        if found is None:
            return scope
        family = "meter" if family == "site" else family
        quantity = scope.quantity or self._read.measure.of(family)
        return replace(
            scope, entities=(found.id,), of=(found.id,), quantity=quantity, family=family
        )

    def _is_place(self, id: str) -> bool:
        entity = self._building.get(id)
        return entity.is_space and entity.kind in {None, "floor"}

    def _inside(self, id: str, places: tuple[str, ...]) -> bool:
        return any(place.id in places for place in self._building.place(id))

    def _kind_of(self, entity: Entity) -> str:
        for name in BY_NAME:
            if entity in self._linker.members(name):
                return name
        return entity.kind or ("site" if "site" in entity else "space")

    def _measurable(self, ids: Sequence[str], quantity: str | None) -> bool:
        """Whether the first of them has a point for it, so that asking its history makes sense."""
        if not ids or quantity is None:
            return False
        return quantity in _COMPUTED or self._building.point(ids[0], quantity) is not None
