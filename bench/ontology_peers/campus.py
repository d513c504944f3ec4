"""A campus of 100,960 entities, the same ones on every run: sites, floors, rooms, plant, terminal units, meters, points."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from random import Random
from typing import Any, Final

from ontology.kinds import MARKER, Coord, Number, Ref, Uri

ENTITIES: Final = 100_960
"""The size every figure of `docs/decisions/0011-ontology.md` speaks of; the last site is cut off in the middle of a floor."""
SAMPLE: Final = 1_950
"""Entities of the small campus that filters are compared on: one whole site less its upper floors."""

Tags = dict[str, Any]

CITIES: Final = (
    ("Bangkok", "Bangkok", "TH", 13.7235, 100.5144), ("Zürich", "Zurich", "CH", 47.3769, 8.5417),
    ("São Paulo", "Sao_Paulo", "BR", -23.5505, -46.6333), ("Richmond", "New_York", "US", 37.5407, -77.4360),
    ("東京", "Tokyo", "JP", 35.6762, 139.6503), ("Reykjavík", "Reykjavik", "IS", 64.1466, -21.9426),
)  # fmt: skip
FLOORS: Final = 10
ROOMS: Final = 20
"""A floor; every fourth room has a fan coil unit, the others a VAV box."""


@dataclass(frozen=True)
class PointKind:
    """A point every unit of a kind has: its markers, unit ("" for none), kind and the range of its value."""

    name: str
    dis: str
    markers: str
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    kind: str = "Number"


_VAV: Final = (
    PointKind("dat", "Discharge air temperature", "discharge air temp sensor", "°C", 12, 32),
    PointKind("flow", "Discharge air flow", "discharge air flow sensor", "m³/h", 0, 900),
    PointKind("flow-sp", "Air flow setpoint", "discharge air flow sp writable", "m³/h", 80, 900),
    PointKind("dmp", "Damper", "damper cmd writable", "%", 0, 100),
    PointKind("zat", "Room temperature", "zone air temp sensor", "°C", 18, 29),
    PointKind("zat-sp", 'Room setpoint, "effective"', "zone air temp effective sp", "°C", 20, 26),
    PointKind("co2", "CO₂", "zone air co2 concentration sensor", "ppm", 390, 1500),
    PointKind("occ", "Occupied", "zone occupied sensor", kind="Bool"),
)
_FCU: Final = (
    PointKind("dat", "Leaving air temperature", "discharge air temp sensor", "°C", 11, 30),
    PointKind("zat", "Room temperature", "zone air temp sensor", "°C", 18, 29),
    PointKind("zat-sp", "Room setpoint", "zone air temp sp writable", "°C", 20, 26),
    PointKind("vlv", "Cooling valve, 2-way", "cool water valve cmd writable", "%", 0, 100),
    PointKind("fan", "Fan run", "fan run cmd", kind="Bool"),
    PointKind("mode", "Mode", "unitMode cmd", kind="Str"),
)
_AHU: Final = (
    PointKind("dat", "Discharge air temperature", "discharge air temp sensor", "°C", 10, 22),
    PointKind("dat-sp", "Discharge air setpoint", "discharge air temp sp writable", "°C", 12, 18),
    PointKind("rat", "Return air temperature", "return air temp sensor", "°C", 20, 27),
    PointKind("mat", "Mixed air temperature", "mixed air temp sensor", "°C", 15, 27),
    PointKind("oat", "Outside air temperature", "outside air temp sensor", "°F", 50, 100),
    PointKind("dap", "Duct static pressure", "discharge air pressure sensor", "Pa", 100, 450),
    PointKind("sf-run", "Supply fan run", "discharge fan run cmd", kind="Bool"),
    PointKind("sf-spd", "Supply fan speed", "discharge fan speed cmd writable", "%", 0, 100),
    PointKind("sf-kw", "Supply fan power", "discharge fan elec power sensor", "kW", 0, 30),
    PointKind("rf-run", "Return fan run", "return fan run cmd", kind="Bool"),
    PointKind("flt", "Filter pressure drop", "air filter delta pressure sensor", "Pa", 20, 320),
    PointKind("clg", "Cooling valve", "cool water valve cmd writable", "%", 0, 100),
    PointKind("htg", "Heating valve", "heat water valve cmd writable", "%", 0, 100),
    PointKind("oad", "Outside air damper", "outside air damper cmd writable", "%", 0, 100),
    PointKind("rah", "Return air humidity", "return air humidity sensor", "%RH", 25, 75),
    PointKind("state", "Operating state", "state sensor", kind="Str"),
)
_CHILLER: Final = (
    PointKind("lwt", "Leaving chilled water", "leaving chilled water temp sensor", "°C", 5, 9),
    PointKind("ewt", "Entering chilled water", "entering chilled water temp sensor", "°C", 10, 15),
    PointKind("kw", "Power", "elec power sensor", "kW", 0, 420),
    PointKind("flow", "Chilled water flow", "chilled water flow sensor", "L/s", 0, 95),
    PointKind("run", "Run", "run cmd", kind="Bool"),
)
_PUMP: Final = (
    PointKind("run", "Run", "pump run cmd", kind="Bool"),
    PointKind("spd", "Speed", "pump speed cmd writable", "%", 0, 100),
    PointKind("kw", "Power", "elec power sensor", "kW", 0, 37),
)
_METER: Final = (
    PointKind("kwh", "Energy", "elec energy sensor", "kWh", 1000, 2_000_000),
    PointKind("kw", "Power, active", "elec active power sensor", "kW", 0, 900),
    PointKind("v", "Voltage", "elec volt sensor", "V", 215, 240),
)
_STATES: Final = ("off", "cool", "heat, then off", 'mode "eco"', "fault\\latched")
_DAY: Final = dt.date(2009, 3, 1)


def campus(entities: int = ENTITIES) -> Iterator[Tags]:
    """The first so many entities; whatever is referred to comes earlier, so that no cut leaves a dangling ref."""
    return islice((tags for number in count(1) for tags in _Site(number).entities()), entities)


class _Site:
    def __init__(self, number: int) -> None:
        self._number = number
        self._chance = Random(number)
        self._site = Ref(f"s{number}")
        self.city, self.tz, self.country, self._lat, self._lng = CITIES[number % len(CITIES)]

    def entities(self) -> Iterator[Tags]:
        name = f"{self.city} Campus, Building {self._number}"
        yield {
            "id": Ref(self._site.id, name), "dis": name, "site": MARKER, "tz": self.tz,
            "geoCity": self.city, "geoCountry": self.country, "geoCoord": Coord(self._lat, self._lng),
            "area": Number(9_000 + 750 * self._number, "m²"), "yearBuilt": Number(1960 + self._number),
            "primaryFunction": "Office" if self._number % 3 else "Hospital", "weekStart": "mon",
            "plans": Uri(f"http://drawings.example/{self._number}?set=as built&rev=`C`"),
            "opens": dt.time(6 + self._number % 3, 30),
        }  # fmt: skip
        yield from self._meters()
        yield from self._plant()
        for floor in range(1, FLOORS + 1):
            yield from self._floor(floor)

    def _meters(self) -> Iterator[Tags]:
        for index in range(4):
            above: Tags = {"submeterOf": self._id("meter-0")} if index else _markers("siteMeter")
            tags = _markers("elec meter ac") | above
            yield from self._equip(f"meter-{index}", f"Meter {index}", tags, None, _METER)

    def _plant(self) -> Iterator[Tags]:
        tags = _markers("plant chilled water")
        yield from self._equip("plant", 'Plant room "B1"', tags, None, ())
        above = {"equipRef": self._id("plant"), "elecRef": self._id("meter-1")}
        for index in (1, 2, 3):
            tags = _markers("chiller") | {"coolingCapacity": Number(350 * index, "kW")} | above
            yield from self._equip(f"ch-{index}", f"Chiller {index}", tags, None, _CHILLER)
        for index in range(1, 5):
            tags = _markers("pump motor chilled water") | above
            tags["chilledWaterRef"] = [self._id("ch-1"), self._id("ch-2")]
            yield from self._equip(f"chwp-{index}", f"CHW pump {index}", tags, None, _PUMP)

    def _floor(self, floor: int) -> Iterator[Tags]:
        here = self._id(f"f{floor}")
        yield {
            "id": here, "dis": f"Floor {floor}", "space": MARKER, "floor": MARKER, "siteRef": self._site,
            "floorNum": Number(floor), "area": Number(640.5 + floor, "m²"), "tz": self.tz,
            "evacuated": bool(floor % 5 == 0),
        }  # fmt: skip
        tags = _markers("ahu vavZone" if floor % 4 else "ahu vavZone doas")
        tags |= {"elecRef": self._id("meter-2"), "chilledWaterRef": self._id("plant")}
        yield from self._equip(f"ahu-{floor}", f"AHU-{floor}", tags, here, _AHU)
        for room in range(1, ROOMS + 1):
            yield from self._room(floor, room, here)

    def _room(self, floor: int, room: int, above: Ref) -> Iterator[Tags]:
        number = f"{floor}{room:02d}"
        names = (f"Room {number}", f"Büro {number}, Ost", f'Lab "{number}"', f"会議室 {number}")
        here, air = self._id(f"r{number}"), self._id(f"ahu-{floor}")
        yield {
            "id": Ref(here.id, names[room % 4]), "dis": names[room % 4], "space": MARKER, "room": MARKER,
            "hvacZone": MARKER, "siteRef": self._site, "spaceRef": above, "airRef": air,
            "area": Number(round(12 + 60 * self._chance.random(), 1), "m²"), "roomNum": number,
            "occupancyMax": Number(2 + room % 9),
        }  # fmt: skip
        if room % 4 == 0:
            tags = _markers("fcu") | {"chilledWaterRef": self._id("plant")}
            yield from self._equip(f"fcu-{number}", f"FCU-{number}", tags, here, _FCU)
            return
        # a room at the core gets air from its own floor's unit and from the one below
        shared = [air, self._id(f"ahu-{floor - 1}")] if room % 7 == 0 and floor > 1 else air
        tags = _markers("vav hotWaterReheat") | {"airRef": shared}
        yield from self._equip(f"vav-{number}", f"VAV-{number}", tags, here, _VAV)

    def _equip(
        self,
        name: str,
        dis: str,
        tags: Mapping[str, Any],
        space: Ref | None,
        points: tuple[PointKind, ...],
    ) -> Iterator[Tags]:
        id, chance = self._id(name), self._chance
        put_in = _DAY + dt.timedelta(days=int(5_000 * chance.random()))
        placed = {"spaceRef": space} if space else {}
        yield {
            "id": Ref(id.id, dis), "dis": dis, "equip": MARKER, **tags, "siteRef": self._site, **placed,
            "installed": put_in, "model": f"MX-{int(90 * chance.random())}",
            "serial": f"{self._number:02d}/{int(1e6 * chance.random()):06d}", "critical": chance.random() < 0.2,
        }  # fmt: skip
        yield from (self._point(kind, id, dis) for kind in points)

    def _point(self, kind: PointKind, equip: Ref, dis: str) -> Tags:
        tags: Tags = {
            "id": Ref(f"{equip.id}.{kind.name}"), "dis": f"{dis} {kind.dis}", "point": MARKER,
            **_markers(kind.markers), "siteRef": self._site, "equipRef": equip,
            "kind": kind.kind, "tz": self.tz, "his": MARKER, "cur": MARKER,
        }  # fmt: skip
        if kind.unit:
            tags["unit"] = kind.unit
        if self._chance.random() < 0.03:
            return tags | {"curStatus": "stale"}
        return tags | {"curVal": self._value(kind)}

    def _value(self, kind: PointKind) -> Any:
        if kind.kind == "Bool":
            return self._chance.random() < 0.6
        if kind.kind == "Str":
            return _STATES[int(len(_STATES) * self._chance.random())]
        value = kind.low + (kind.high - kind.low) * self._chance.random()
        return Number(round(value, 1), kind.unit)

    def _id(self, name: str) -> Ref:
        return Ref(f"{self._site.id}.{name}")


def _markers(names: str) -> Tags:
    return dict.fromkeys(names.split(), MARKER)
