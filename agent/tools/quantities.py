"""Quantities people ask for: a role read from its point, or computed from several of them.

A *reading* names what must be read for one entity and how steps become the quantity.
Sources of the derived ones: ASHRAE Handbook HVAC Systems and Equipment (approach, range, kW/RT).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ontology.defs import ROLE
from ontology.entity import Entity
from ontology.errors import NotFound
from ontology.graph import Building
from ontology.history import Floats
from ontology.kinds import Ref
from ontology.units import KW_PER_RT

MIN_COOLING_KW: Final = 100.0
"""Below about 6 % of a 1,758 kW chiller its flow and temperature difference are noise: no efficiency."""


@dataclass(frozen=True)
class Reading:
    """How one entity gives a quantity. `value` maps step means of `points` to the quantity per step.

    fold: how steps become one number: "mean", "ratio" (sum over sum, first two points), "integral"
    (h times value), "counter" (last minus first), "hours" (share of steps on) or "starts" (rises).
    """

    entity: Entity
    points: tuple[Ref, ...]
    unit: str
    kind: str
    fold: str = "mean"
    value: Callable[[Sequence[Floats]], Floats] = lambda arrays: arrays[0]

    @property
    def source(self) -> str:
        return " / ".join(point.id for point in self.points)


def readings(building: Building, id: str, quantity: str) -> list[Reading]:
    """What to read for a quantity of an entity: itself, its meter, or every member that has it.

    Raises NotFound, with what can be asked of it, when neither it nor a member has the quantity.
    """
    entity = building.get(id)
    if entity.is_point:
        equip = building.equip_of(entity.ref) or entity
        return [_of_point(equip, entity)]
    direct = _direct(building, entity, quantity)
    if direct is not None:
        return [direct]
    found = [r for m in _members(building, entity) if (r := _direct(building, m, quantity))]
    if not found:
        able = quantities_of(building, entity)
        raise NotFound(
            f"{entity.id} has no {quantity}",
            hint=f"{entity.id} has: {', '.join(able)}" if able else "ask what it contains",
        )
    return list({reading.entity.id: reading for reading in found}.values())


def quantities_of(building: Building, entity: Entity) -> list[str]:
    """Roles and derived quantities that can be asked of an entity."""
    roles = dict.fromkeys(p.role.name for p in building.points(entity.ref) if p.role)
    return [*roles, *(name for name in DERIVED if DERIVED[name](building, entity))]


def _direct(building: Building, entity: Entity, quantity: str) -> Reading | None:
    derive = DERIVED.get(quantity)
    if derive is not None:
        return derive(building, entity)
    point = building.point(entity.ref, quantity)
    if point is None and quantity == "power":
        point = _power(building, entity)
    if point is None and quantity == "energy":
        meter = meter_of(building, entity)
        point = building.point(meter.ref, "energy") if meter else None
    return _of_point(entity, point) if point is not None else None


def _of_point(entity: Entity, point: Entity) -> Reading:
    role = point.role
    kind = role.quantity if role else ""
    unit = "on/off" if role and role.is_bool else point.unit or (role.unit if role else "")
    return Reading(entity, (point.ref,), unit, kind)


def _members(building: Building, entity: Entity) -> Iterator[Entity]:
    """Spaces and equipment inside a whole, then what it gives air to: not the pumps a chiller feeds."""
    front, seen = [entity], {entity.id}
    for _ in range(6):
        inside = [m for whole in front for m in building.contains(whole.ref) if m.id not in seen]
        front = list(dict.fromkeys(inside))
        seen.update(m.id for m in front)
        rooms = [m for m in front if m.kind == "room"]
        yield from rooms
        yield from (m for m in front if m.is_equip and not _in_room(building, m))
        front = [m for m in front if m.kind != "room"]
    yield from (user for user, medium in building.feeds(entity.ref) if medium == "air")


def _in_room(building: Building, equip: Entity) -> bool:
    space = equip.get_ref("spaceRef")
    return space is not None and space in building and building.get(space).kind == "room"


def meter_of(building: Building, entity: Entity) -> Entity | None:
    """The electricity meter that measures an entity; for the site, the one that is nobody's submeter."""
    if entity.kind == "elec-meter":
        return entity
    meters = building.of_kind("elec-meter")
    if "site" in entity:
        return next((m for m in meters if m.get_ref("submeterOf") is None), None)
    return next((m for m in meters if m.get_ref("meterOf") == entity.ref), None)


def _power(building: Building, entity: Entity) -> Entity | None:
    """The point that measures electric power: its own, its fan's, or its meter's."""
    if entity.is_space and "site" not in entity:
        return None
    for role in ("power", "fan-power"):
        if not entity.is_space and (point := building.point(entity.ref, role)):
            return point
    meter = meter_of(building, entity)
    return building.point(meter.ref, "power") if meter else None


def _efficiency(building: Building, entity: Entity) -> Reading | None:
    power = _power(building, entity)
    cooling = building.point(entity.ref, "cooling-power") if entity.is_equip else None
    if power is None or cooling is None:
        return None

    def value(arrays: Sequence[Floats]) -> Floats:
        kw, cooling_kw = arrays
        good = (cooling_kw >= MIN_COOLING_KW) & (kw > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(good, kw / (cooling_kw / KW_PER_RT), np.nan)

    return Reading(entity, (power.ref, cooling.ref), "kW/RT", "efficiency", "ratio", value)


Derive = Callable[[Building, Entity], Reading | None]


def _difference(high: str, low: str, *, low_on: str = "", only: str = "") -> Derive:
    """One temperature above another, K. `low_on`: the kind of equipment that carries the lower one."""

    def derive(building: Building, entity: Entity) -> Reading | None:
        if not entity.is_equip or (only and entity.kind != only):
            return None
        other = entity if not low_on else next(iter(building.of_kind(low_on)), None)
        top = building.point(entity.ref, high)
        bottom = building.point(other.ref, low) if other is not None else None
        if top is None or bottom is None:
            return None
        gate = _at_work(building, entity) if only != "cooling-tower" else None
        points = (top.ref, bottom.ref) if gate is None else (top.ref, bottom.ref, gate[0].ref)
        least = gate[1] if gate else 0.0
        return Reading(
            entity, points, "K", "temp-difference", value=lambda arrays: _minus(arrays, least)
        )

    return derive


def _at_work(building: Building, entity: Entity) -> tuple[Entity, float] | None:
    """The point, and its least value, that says a machine exchanges heat: standing water has no approach.

    A tower cools with its fan at rest too, so it is always at work.
    """
    for role, least in (("run", 0.5), ("fan-run", 0.5), ("cooling-power", MIN_COOLING_KW)):
        if point := building.point(entity.ref, role):
            return point, least
    return None


def _minus(arrays: Sequence[Floats], least: float) -> Floats:
    """The first above the second, while the third (where there is one) reaches `least`."""
    difference = arrays[0] - arrays[1]
    return np.where(arrays[2] >= least, difference, np.nan) if len(arrays) > 2 else difference


def _first(*options: Derive) -> Derive:
    def derive(building: Building, entity: Entity) -> Reading | None:
        return next((found for option in options if (found := option(building, entity))), None)

    return derive


def _energy_use(building: Building, entity: Entity) -> Reading | None:
    """A meter's counter where there is one (it misses nothing), else the integral of power."""
    meter = meter_of(building, entity)
    counter = building.point(meter.ref, "energy") if meter else None
    if counter is not None:
        return Reading(entity, (counter.ref,), "kWh", "energy", "counter")
    power = _power(building, entity)
    return Reading(entity, (power.ref,), "kWh", "energy", "integral") if power else None


def _cooling_energy(building: Building, entity: Entity) -> Reading | None:
    point = building.point(entity.ref, "cooling-power") if entity.is_equip else None
    return Reading(entity, (point.ref,), "kWh", "energy", "integral") if point else None


def _running(fold: str, unit: str, kind: str) -> Derive:
    def derive(building: Building, entity: Entity) -> Reading | None:
        if not entity.is_equip:
            return None
        for role in ("run", "fan-run"):
            if point := building.point(entity.ref, role):
                return Reading(entity, (point.ref,), unit, kind, fold)
        return None

    return derive


_WET_BULB = {"low": "outside-air-wet-bulb", "low_on": "weather-station"}

DERIVED: dict[str, Derive] = {
    "efficiency": _efficiency,
    "delta-t": _first(
        _difference("chilled-water-entering-temp", "chilled-water-leaving-temp"),
        _difference(
            "coil-leaving-water-temp", "chilled-water-leaving-temp", low_on="chilled-water-plant"
        ),
        _difference("condenser-water-entering-temp", "condenser-water-leaving-temp"),
    ),
    "condenser-approach": _difference("condenser-refrig-temp", "condenser-water-leaving-temp"),
    "evaporator-approach": _difference("chilled-water-leaving-temp", "evaporator-refrig-temp"),
    "tower-approach": _first(
        # A tower's own leaving water; for plant and chillers the water the towers send them.
        _difference("condenser-water-leaving-temp", only="cooling-tower", **_WET_BULB),
        _difference("condenser-water-entering-temp", **_WET_BULB),
    ),
    "energy-use": _energy_use,
    "cooling-energy": _cooling_energy,
    "runtime": _running("hours", "h", "duration"),
    "starts": _running("starts", "starts", "count"),
}

DERIVED_DIS: dict[str, str] = {
    "efficiency": "efficiency", "delta-t": "delta-T", "condenser-approach": "condenser approach",
    "evaporator-approach": "evaporator approach", "tower-approach": "tower approach",
    "energy-use": "energy use", "energy-cost": "energy cost", "cooling-energy": "cooling delivered", "runtime": "run time", "starts": "starts",
}  # fmt: skip


def quantity_dis(quantity: str) -> str:
    """What people call it."""
    role = ROLE.get(quantity)
    return DERIVED_DIS.get(quantity) or (role.dis if role else quantity.replace("-", " "))
