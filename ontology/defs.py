"""What is a kind of what, and which roles a point can play.

Our own compact tables, written as facts from the Haystack 4 documentation
(https://project-haystack.org/doc/docHaystack). A *role* is the name the rest of the house
uses for "the point that does this job on its equipment": rules need roles, SQL views have
one column per role, people ask for them. A point's role follows from its tags alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ontology.kinds import MARKER, Tags


@dataclass(frozen=True)
class Role:
    """A job a point can do. `unit` is canonical (what History stores); empty for on/off and codes."""

    name: str
    tags: frozenset[str]
    quantity: str
    unit: str
    dis: str

    @property
    def is_bool(self) -> bool:
        return self.quantity == "state"

    @property
    def column(self) -> str:
        """The role's column in SQL views."""
        return self.name.replace("-", "_")


def _role(name: str, tags: str, quantity: str, unit: str = "", dis: str = "") -> Role:
    words = ["setpoint" if word == "sp" else word for word in name.split("-")]
    shown = dis or " ".join(words).capitalize()
    return Role(name, frozenset(tags.split()), quantity, unit, shown)


ROLES: tuple[Role, ...] = (
    # outdoors (weather station; also on air-handling equipment)
    _role("outside-air-temp", "outside air temp sensor", "temp", "°C"),
    _role("outside-air-humidity", "outside air humidity sensor", "humidity", "%RH"),
    _role("outside-air-wet-bulb", "outside air wetBulb temp sensor", "temp", "°C", "Outside wet bulb"),
    _role("outside-air-co2", "outside air co2 sensor", "co2", "ppm", "Outside air CO2"),
    # air-handling equipment
    _role("return-air-temp", "return air temp sensor", "temp", "°C"),
    _role("return-air-humidity", "return air humidity sensor", "humidity", "%RH"),
    _role("return-air-co2", "return air co2 sensor", "co2", "ppm", "Return air CO2"),
    _role("mixed-air-temp", "mixed air temp sensor", "temp", "°C"),
    _role("discharge-air-temp", "discharge air temp sensor", "temp", "°C"),
    _role("discharge-air-temp-sp", "discharge air temp sp", "temp", "°C"),
    _role("discharge-air-humidity", "discharge air humidity sensor", "humidity", "%RH"),
    _role("discharge-air-pressure", "discharge air pressure sensor", "pressure", "Pa"),
    _role("discharge-air-pressure-sp", "discharge air pressure sp", "pressure", "Pa"),
    _role("discharge-air-flow", "discharge air flow sensor", "air-flow", "L/s"),
    _role("discharge-air-flow-sp", "discharge air flow sp", "air-flow", "L/s"),
    _role("filter-pressure", "filter air delta pressure sensor", "pressure", "Pa", "Filter pressure drop"),
    _role("outside-damper", "outside damper cmd", "percent", "%"),
    _role("damper", "damper cmd", "percent", "%"),
    _role("cooling-valve", "cool valve cmd", "percent", "%"),
    _role("cooling-valve-position", "cool valve sensor", "percent", "%", "Cooling valve feedback"),
    _role("heating-valve", "heat valve cmd", "percent", "%"),
    _role("coil-leaving-water-temp", "coil chilled water leaving temp sensor", "temp", "°C"),
    _role("fan-cmd", "fan run cmd", "state", "", "Fan command"),
    _role("fan-run", "fan run sensor", "state", "", "Fan status"),
    _role("fan-speed", "fan speed cmd", "percent", "%"),
    _role("fan-power", "fan elec active power sensor", "power", "kW"),
    _role("cooling-requests", "cool request sensor", "count", "", "Cooling requests"),
    # zones and rooms
    _role("zone-air-temp", "zone air temp sensor", "temp", "°C", "Room temperature"),
    _role("zone-air-temp-sp", "zone air temp sp", "temp", "°C", "Room setpoint"),
    _role("zone-air-temp-effective-sp", "zone air temp effective sp", "temp", "°C", "Room effective setpoint"),
    _role("zone-air-humidity", "zone air humidity sensor", "humidity", "%RH", "Room humidity"),
    _role("zone-air-co2", "zone air co2 sensor", "co2", "ppm", "Room CO2"),
    _role("occupied", "occ sensor", "state", "", "Occupied (key card)"),
    _role("occupied-sp", "occ sp", "state", "", "Occupied schedule"),
    _role("rented", "rented sensor", "state", "", "Room sold (PMS)"),
    _role("window-open", "window sensor", "state", "", "Balcony door open"),
    _role("battery", "battery level sensor", "percent", "%", "Battery"),
    # chilled-water plant
    _role("enable-cmd", "enable cmd", "state", "", "Enable command"),
    _role("run-cmd", "run cmd", "state", "", "Run command"),
    _role("run", "run sensor", "state", "", "Run status"),
    _role("speed", "speed cmd", "percent", "%"),
    _role("load", "load sensor", "percent", "%", "Load"),
    _role("chilled-water-leaving-temp", "chilled water leaving temp sensor", "temp", "°C",
          "Chilled water supply temp"),
    _role("chilled-water-leaving-temp-sp", "chilled water leaving temp sp", "temp", "°C",
          "Chilled water supply setpoint"),
    _role("chilled-water-entering-temp", "chilled water entering temp sensor", "temp", "°C",
          "Chilled water return temp"),
    _role("chilled-water-flow", "chilled water flow sensor", "water-flow", "L/s"),
    _role("primary-flow", "primary chilled water flow sensor", "water-flow", "L/s", "Primary flow"),
    _role("secondary-flow", "secondary chilled water flow sensor", "water-flow", "L/s", "Secondary flow"),
    _role("decoupler-flow", "decoupler chilled water flow sensor", "water-flow", "L/s",
          "Decoupler flow (supply to return positive)"),
    _role("chilled-water-pressure", "chilled water delta pressure sensor", "pressure", "kPa",
          "Remote differential pressure"),
    _role("chilled-water-pressure-sp", "chilled water delta pressure sp", "pressure", "kPa",
          "Differential pressure setpoint"),
    _role("condenser-water-entering-temp", "condenser water entering temp sensor", "temp", "°C"),
    _role("condenser-water-leaving-temp", "condenser water leaving temp sensor", "temp", "°C"),
    _role("condenser-water-entering-temp-sp", "condenser water entering temp sp", "temp", "°C",
          "Condenser water supply setpoint"),
    _role("condenser-water-flow", "condenser water flow sensor", "water-flow", "L/s"),
    _role("evaporator-refrig-temp", "evaporator refrig temp sensor", "temp", "°C"),
    _role("condenser-refrig-temp", "condenser refrig temp sensor", "temp", "°C"),
    _role("cooling-power", "cooling thermal power sensor", "power", "kW", "Cooling output"),
    _role("isolation-valve", "isolation valve cmd", "state", "", "Isolation valve open"),
    _role("pump-pressure", "water delta pressure sensor", "pressure", "kPa", "Pump differential pressure"),
    # heating plant
    _role("hot-water-leaving-temp", "hot water leaving temp sensor", "temp", "°C", "Hot water supply temp"),
    _role("hot-water-leaving-temp-sp", "hot water leaving temp sp", "temp", "°C", "Hot water supply setpoint"),
    _role("hot-water-entering-temp", "hot water entering temp sensor", "temp", "°C", "Hot water return temp"),
    _role("hot-water-flow", "hot water flow sensor", "water-flow", "L/s"),
    _role("hot-water-pressure", "hot water delta pressure sensor", "pressure", "kPa",
          "Hot water differential pressure"),
    _role("hot-water-pressure-sp", "hot water delta pressure sp", "pressure", "kPa",
          "Hot water differential pressure setpoint"),
    _role("steam-pressure", "steam pressure sensor", "pressure", "kPa"),
    _role("heating-power", "heating thermal power sensor", "power", "kW", "Heating output"),
    # electricity
    _role("power", "elec active power sensor", "power", "kW"),
    _role("energy", "elec active energy sensor", "energy", "kWh", "Energy counter"),
    _role("power-factor", "elec pf sensor", "ratio", "", "Power factor"),
    _role("current", "elec current sensor", "current", "A"),
    _role("voltage", "elec volt sensor", "voltage", "V"),
)  # fmt: skip

ROLE: dict[str, Role] = {role.name: role for role in ROLES}

EQUIP_KINDS: dict[str, str] = {
    # our name -> Haystack filter; the first match wins, so the specific come first
    "chilled-water-plant": "equip and chilledWaterPlant",
    "chiller": "equip and chiller",
    "chilled-water-pump": "equip and pump and chilled",
    "condenser-water-pump": "equip and pump and condenser",
    "cooling-tower": "equip and coolingTower",
    "hot-water-plant": "equip and plant and hot and water",
    "hot-water-pump": "equip and pump and hot",
    "boiler": "equip and boiler",
    "heat-exchanger": "equip and heatExchanger",
    "crac": "equip and crac",
    "rtu": "equip and rtu",
    "doas": "equip and doas",
    "ahu": "equip and ahu",
    "vav": "equip and vav",
    "fcu": "equip and fcu",
    "elec-meter": "equip and elec and meter",
    "iaq-sensor": "equip and iaqSensor",
    "weather-station": "equip and weatherStation",
    "room": "space and room",
    "floor": "space and floor",
    "site": "site",
}

FEEDS: dict[str, str] = {
    # the tag on the consumer that names its supplier -> medium
    "airRef": "air",
    "chilledWaterRef": "chilled-water",
    "hotWaterRef": "hot-water",
    "condenserWaterRef": "condenser-water",
    "domesticWaterRef": "domestic-water",
    "steamRef": "steam",
    "naturalGasRef": "gas",
    "gasRef": "gas",
    "fuelOilRef": "fuel-oil",
    "refrigRef": "refrigerant",
    "elecRef": "electricity",
    # as Haystack 3 names them
    "ahuRef": "air",
    "vavRef": "air",
    "chilledWaterPlantRef": "chilled-water",
    "hotWaterPlantRef": "hot-water",
    "steamPlantRef": "steam",
    "elecMeterLoad": "electricity",
}

_ALSO: dict[str, tuple[str, ...]] = {
    # the same job in the words of other models: Haystack 4 where the role above is shorter, Haystack 3, SkySpark
    "power": ("elec power sensor",),
    "energy": ("elec energy sensor",),
    "fan-power": ("fan elec power sensor", "fan power sensor"),
    "cooling-valve": ("chilled water valve cmd",),
    "heating-valve": ("hot water valve cmd", "reheat valve cmd"),
    "isolation-valve": ("isolation chilled water valve cmd", "isolation condenser water valve cmd"),
    "filter-pressure": ("filter air pressure sensor", "filter delta pressure sensor"),
    "chilled-water-leaving-temp": ("chilled water supply temp sensor",),
    "chilled-water-leaving-temp-sp": ("chilled water supply temp sp",),
    "chilled-water-entering-temp": ("chilled water return temp sensor",),
    "hot-water-leaving-temp": ("hot water supply temp sensor",),
    "hot-water-leaving-temp-sp": ("hot water supply temp sp",),
    "hot-water-entering-temp": ("hot water return temp sensor",),
    "condenser-water-leaving-temp": ("condenser water return temp sensor",),
    "condenser-water-entering-temp": ("condenser water supply temp sensor",),
}
_SAME = {
    "cooling": "cool",
    "heating": "heat",
    "occupied": "occ",
    "setpoint": "sp",
    "differential": "delta",
}
"""Tags of Haystack 4 and of Haystack 3 (right) that say the same of a point."""
_ACTIVE_TOTALS = frozenset({"power", "energy", "fan-power"})
_NOT_ACTIVE_TOTAL = frozenset(
    {"reactive", "apparent", "thermal", "phase", "phaseA", "phaseB", "phaseC", "imbalance", "thd"}
)
"""With one of these an electric power or energy point is not the active total of its equipment."""

_BY_SIZE = sorted(
    [(role.tags, role) for role in ROLES]
    + [(frozenset(tags.split()), ROLE[name]) for name, sets in _ALSO.items() for tags in sets],
    key=lambda pair: -len(pair[0]),
)  # fmt: skip


_TELLING = frozenset().union(*(needs for needs, _ in _BY_SIZE), _SAME, _NOT_ACTIVE_TOTAL)
"""The tags that decide a role."""


def role_of(tags: Tags) -> Role | None:
    """The most specific role whose tags this point carries; None if it plays no role we know."""
    return _role_of(_TELLING.intersection(tags)) if "point" in tags else None


@lru_cache(maxsize=10_000)
def _role_of(names: frozenset[str]) -> Role | None:
    """A building has few different combinations of tags, whatever its size."""
    carried = names | {same for tag, same in _SAME.items() if tag in names}
    excluded = frozenset() if carried.isdisjoint(_NOT_ACTIVE_TOTAL) else _ACTIVE_TOTALS
    return next(
        (role for needs, role in _BY_SIZE if needs <= carried and role.name not in excluded), None
    )


def kind_of(tags: Tags) -> str | None:
    """Our name for the kind of equipment or space, by its marker tags; None if unknown."""
    for name, needs in EQUIP_KINDS.items():
        if all(tag in tags for tag in needs.split(" and ")):
            return name
    return None


def markers(names: Iterable[str]) -> dict[str, object]:
    """Marker tags by name."""
    return dict.fromkeys(names, MARKER)
