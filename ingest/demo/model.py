"""Riverside Tower as an ontology: a 20-floor hotel in Bangkok, about 3,000 points.

Ids are the names people use: @CH-2, @VAV-2-07, @room-807, @FCU-807. A point's id is its
equipment and role: @CH-2.power.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ontology.defs import ROLE, markers
from ontology.kinds import Coord, Number, Ref

SITE = "riverside-tower"
GUEST_FLOORS = tuple(range(5, 21))
ROOMS = tuple(f"{floor}{n:02d}" for floor in GUEST_FLOORS for n in range(1, 13))
IAQ_ROOMS = tuple(f"{floor}{n:02d}" for floor in GUEST_FLOORS for n in (7,)) + tuple(
    f"{floor}02" for floor in GUEST_FLOORS[::2]
)
VAVS = tuple(f"VAV-2-{n:02d}" for n in range(1, 13))
PUBLIC_AREAS = {
    # space -> (floor, name people use, AHU that serves it)
    "lobby": (1, "Lobby", "AHU-1"),
    "ballroom": (3, "Ballroom", "AHU-2"),
    "restaurant": (3, "Restaurant", "AHU-3"),
    "offices": (2, "Offices L2", "AHU-4"),
}
METERS = {
    # meter -> (name, what it measures)
    "meter-main": ("Main electricity meter", None),
    "meter-plant": ("Chilled-water plant meter", "CHW-PLANT"),
    "meter-CH-1": ("CH-1 meter", "CH-1"),
    "meter-CH-2": ("CH-2 meter", "CH-2"),
    "meter-CH-3": ("CH-3 meter", "CH-3"),
}

CHILLER = [
    "enable-cmd",
    "run",
    "load",
    "chilled-water-leaving-temp",
    "chilled-water-leaving-temp-sp",
    "chilled-water-entering-temp",
    "chilled-water-flow",
    "condenser-water-entering-temp",
    "condenser-water-leaving-temp",
    "condenser-water-flow",
    "evaporator-refrig-temp",
    "condenser-refrig-temp",
    "cooling-power",
    "power",
    "isolation-valve",
]
PUMP = ["run-cmd", "run", "speed", "power", "pump-pressure"]
TOWER = [
    "run-cmd",
    "run",
    "speed",
    "power",
    "condenser-water-leaving-temp",
    "condenser-water-entering-temp",
]
PLANT = [
    "chilled-water-leaving-temp",
    "chilled-water-leaving-temp-sp",
    "chilled-water-entering-temp",
    "primary-flow",
    "secondary-flow",
    "decoupler-flow",
    "chilled-water-pressure",
    "chilled-water-pressure-sp",
    "condenser-water-entering-temp",
    "condenser-water-leaving-temp",
    "condenser-water-entering-temp-sp",
    "cooling-power",
]
AHU = [
    "outside-air-temp",
    "outside-air-humidity",
    "return-air-temp",
    "return-air-humidity",
    "return-air-co2",
    "mixed-air-temp",
    "discharge-air-temp",
    "discharge-air-temp-sp",
    "discharge-air-pressure",
    "discharge-air-pressure-sp",
    "discharge-air-flow",
    "filter-pressure",
    "outside-damper",
    "cooling-valve",
    "coil-leaving-water-temp",
    "fan-cmd",
    "fan-run",
    "fan-speed",
    "fan-power",
    "occupied-sp",
]
DOAS = [
    "outside-air-temp",
    "outside-air-humidity",
    "discharge-air-temp",
    "discharge-air-temp-sp",
    "discharge-air-humidity",
    "discharge-air-pressure",
    "discharge-air-pressure-sp",
    "discharge-air-flow",
    "filter-pressure",
    "outside-damper",
    "cooling-valve",
    "coil-leaving-water-temp",
    "fan-cmd",
    "fan-run",
    "fan-speed",
    "fan-power",
]
VAV = [
    "zone-air-temp",
    "zone-air-temp-sp",
    "discharge-air-temp",
    "discharge-air-flow",
    "discharge-air-flow-sp",
    "damper",
    "cooling-requests",
    "occupied-sp",
]
FCU = [
    "zone-air-temp",
    "zone-air-temp-sp",
    "zone-air-temp-effective-sp",
    "zone-air-humidity",
    "occupied",
    "rented",
    "window-open",
    "fan-cmd",
    "fan-run",
    "fan-speed",
    "cooling-valve",
    "cooling-valve-position",
    "discharge-air-temp",
]
IAQ = ["zone-air-co2", "zone-air-temp", "zone-air-humidity", "battery"]
METER = ["power", "energy", "power-factor", "current", "voltage"]
WEATHER = ["outside-air-temp", "outside-air-humidity", "outside-air-wet-bulb", "outside-air-co2"]

_COMMANDABLE = frozenset({"cmd", "sp"})


def riverside_tower() -> list[dict[str, Any]]:
    """Every entity of the building: site, spaces, equipment, points."""
    entities = [
        {
            "id": Ref(SITE, "Riverside Tower"), "dis": "Riverside Tower", **markers(("site",)),
            "tz": "Bangkok", "geoCity": "Bangkok", "geoCountry": "TH",
            "geoCoord": Coord(13.7235, 100.5144), "area": Number(38_000, "m²"),
            "primaryFunction": "Hotel", "yearBuilt": Number(2009),
        }
    ]  # fmt: skip
    entities += _spaces()
    entities += _plant()
    entities += _air()
    entities += _rooms()
    entities += _meters_and_weather()
    return entities


def _spaces() -> Iterable[dict[str, Any]]:
    for floor in range(1, 21):
        yield _space(f"floor-{floor}", f"Floor {floor}", "floor", None, floorNum=Number(floor))
    for area, (floor, dis, ahu) in PUBLIC_AREAS.items():
        yield _space(area, dis, "zone hvacZone", f"floor-{floor}", airRef=Ref(ahu))
    for room in ROOMS:
        yield _space(
            f"room-{room}", f"Room {room}", "room hvacZone guestRoom", f"floor-{room[:-2]}",
            airRef=Ref(doas_of(room)), roomNum=room,
        )  # fmt: skip


def _plant() -> Iterable[dict[str, Any]]:
    yield from _equip(
        "CHW-PLANT",
        "Chilled-water plant",
        "chilledWaterPlant plant",
        PLANT,
        spaceRef=Ref("floor-4"),
    )
    loop = {"equipRef": Ref("CHW-PLANT"), "spaceRef": Ref("floor-4")}
    for n in (1, 2, 3):
        drive = "variableSpeed" if n == 3 else "constantSpeed"
        yield from _equip(
            f"CH-{n}", f"Chiller {n}", f"chiller waterCooled centrifugal {drive}", CHILLER, **loop,
            coolingCapacity=Number(500, "RT"),
            chilledWaterRef=Ref(f"CHWP-{n}"), condenserWaterRef=Ref(f"CWP-{n}"),
            elecRef=Ref(f"meter-CH-{n}"),
        )  # fmt: skip
        yield from _equip(
            f"CHWP-{n}",
            f"Primary chilled-water pump {n}",
            "pump chilled water primary",
            PUMP,
            **loop,
        )
        yield from _equip(
            f"CWP-{n}", f"Condenser-water pump {n}", "pump condenser water", PUMP, **loop,
            condenserWaterRef=Ref(f"CT-{n}"),
        )  # fmt: skip
        yield from _equip(
            f"CT-{n}",
            f"Cooling tower {n}",
            "coolingTower",
            TOWER,
            **loop | {"spaceRef": Ref("floor-20")},
        )
    for n in (1, 2):
        yield from _equip(
            f"SCHWP-{n}", f"Secondary chilled-water pump {n}", "pump chilled water secondary", PUMP, **loop,
            chilledWaterRef=[Ref(f"CH-{m}") for m in (1, 2, 3)],
        )  # fmt: skip


def _air() -> Iterable[dict[str, Any]]:
    served = {ahu: area for area, (_, _, ahu) in PUBLIC_AREAS.items()}
    water = [Ref("SCHWP-1"), Ref("SCHWP-2")]
    for ahu, area in served.items():
        floor, dis, _ = PUBLIC_AREAS[area]
        yield from _equip(
            ahu, f"{ahu} {dis}", "ahu singleDuct chilledWaterCooling variableAirVolume", AHU,
            spaceRef=Ref(f"floor-{floor}"), chilledWaterRef=water,
        )  # fmt: skip
    for n, floors in ((1, "5 to 12"), (2, "13 to 20")):
        yield from _equip(
            f"DOAS-{n}", f"DOAS-{n} guest floors {floors}", "ahu doas chilledWaterCooling", DOAS,
            spaceRef=Ref("floor-4" if n == 1 else "floor-20"), chilledWaterRef=water,
        )  # fmt: skip
    for vav in VAVS:
        yield from _equip(
            vav,
            vav,
            "vav airTerminalUnit singleDuct coolingOnly",
            VAV,
            spaceRef=Ref("offices"),
            airRef=Ref("AHU-4"),
        )
    for n, (area, (_, dis, _ahu)) in enumerate(PUBLIC_AREAS.items(), 1):
        for k in (1, 2):
            yield from _equip(
                f"IAQ-{area}-{k}",
                f"{dis} air quality {k}",
                "iaqSensor",
                IAQ,
                spaceRef=Ref(area),
                sort=Number(n),
            )


def _rooms() -> Iterable[dict[str, Any]]:
    for room in ROOMS:
        space = Ref(f"room-{room}")
        yield from _equip(
            f"FCU-{room}", f"FCU {room}", "fcu chilledWaterCooling", FCU, spaceRef=space,
            chilledWaterRef=[Ref("SCHWP-1"), Ref("SCHWP-2")], airRef=Ref(doas_of(room)),
        )  # fmt: skip
        if room in IAQ_ROOMS:
            yield from _equip(
                f"IAQ-{room}", f"Room {room} air quality", "iaqSensor", IAQ, spaceRef=space
            )


def _meters_and_weather() -> Iterable[dict[str, Any]]:
    for meter, (dis, of) in METERS.items():
        extra: dict[str, Any] = {"spaceRef": Ref("floor-4")}
        if of:
            extra["submeterOf"] = Ref("meter-plant" if of.startswith("CH-") else "meter-main")
            extra["meterOf"] = Ref(of)
        yield from _equip(meter, dis, "elec meter", METER, **extra)
    yield from _equip(
        "weather", "Weather station (roof)", "weatherStation", WEATHER, spaceRef=Ref("floor-20")
    )


def doas_of(room: str) -> str:
    """The dedicated outdoor-air system whose riser serves a guest room."""
    return "DOAS-1" if int(room[:-2]) <= 12 else "DOAS-2"


def _space(id: str, dis: str, kind: str, inside: str | None, **extra: Any) -> dict[str, Any]:
    place = {"spaceRef": Ref(inside)} if inside else {}
    return {
        "id": Ref(id, dis),
        "dis": dis,
        "siteRef": Ref(SITE),
        **place,
        **markers(["space", *kind.split()]),
        **extra,
    }


def _equip(
    id: str, dis: str, kind: str, roles: Iterable[str], **extra: Any
) -> Iterable[dict[str, Any]]:
    yield {
        "id": Ref(id, dis),
        "dis": dis,
        "siteRef": Ref(SITE),
        **markers(["equip", *kind.split()]),
        **extra,
    }
    for name in roles:
        role = ROLE[name]
        tags: dict[str, Any] = {
            "id": Ref(f"{id}.{name}", f"{dis} {role.dis}"), "dis": f"{dis} {role.dis}",
            "siteRef": Ref(SITE), "equipRef": Ref(id), **markers(["point", "his", *sorted(role.tags)]),
            "kind": "Bool" if role.is_bool else "Number",
        }  # fmt: skip
        if role.unit:
            tags["unit"] = role.unit
        if role.tags & _COMMANDABLE:
            tags |= markers(("writable",))
        if "spaceRef" in extra:
            tags["spaceRef"] = extra["spaceRef"]
        yield tags
