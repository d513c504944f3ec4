"""What people call equipment and places, and the markers that mean it in the ontology."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A word for equipment or places: `markers` all present, `without` all absent.

    `numbered` words are followed by a number or name of theirs ("chiller 2"), `family` joins
    words that share default quantities (see `quantities`).
    """

    name: str
    words: tuple[str, ...]
    markers: frozenset[str]
    family: str
    without: frozenset[str] = frozenset()


def _kind(name: str, words: str, markers: str, family: str, *, without: str = "") -> Kind:
    return Kind(
        name,
        tuple(word.strip() for word in words.split("|")),
        frozenset(markers.split()),
        family,
        frozenset(without.split()),
    )


KINDS: tuple[Kind, ...] = (
    _kind("chilled-water-plant",
          "chilled water plant|chiller plant|cooling plant|central plant|plant room|plantroom|chilled water system|"
          "chilled water loop|cooling system|chiller room|plant",
          "equip chilledWaterPlant", "plant"),
    _kind("chiller", "chiller machine|chiller unit|chiller", "equip chiller", "chiller"),
    _kind("primary-pump",
          "primary chilled water pump|primary pump|chilled water primary pump|chilled water pump|pchwp|chwp|chp|pump primary",
          "equip pump primary", "pump"),
    _kind("secondary-pump",
          "secondary chilled water pump|chilled water secondary pump|secondary pump|schwp|schp|scwp|pump secondary",
          "equip pump secondary", "pump"),
    _kind("condenser-water-pump",
          "condenser water pump|condenser pump|condensing pump|cdwp|cwp|cdp|pump condenser", "equip pump condenser", "pump"),
    _kind("pump", "water pump|pump", "equip pump", "pump"),
    _kind("cooling-tower", "cooling tower fan|cooling tower|tower fan|tower", "equip coolingTower", "tower"),
    _kind("doas", "doas unit|doas", "equip doas", "air"),
    _kind("ahu", "ahu unit|ahu", "equip ahu", "air", without="doas"),
    _kind("vav", "vav box|vav unit|vav terminal|vav", "equip vav", "zone"),
    _kind("fcu", "fcu unit|fcu", "equip fcu", "zone"),
    _kind("elec-meter", "electricity meter|power meter|energy meter|kwh meter|sub-?meter|meter", "equip meter elec", "meter"),
    _kind("iaq-sensor", "iaq sensor|iaq|air quality sensor|air quality unit", "equip iaqSensor", "zone"),
    _kind("room", "guest room number|room number|guest room|guestroom|hotel room|bedroom|suite|room|guest in", "space room", "zone"),
    _kind("floor", "floor number|floor|level|storey|story", "space floor", "zone"),
)  # fmt: skip

ONLY_NUMBERED: dict[str, str] = {
    # words that mean equipment only when a number follows: "ch 2", "secondary 1"
    "chiller": "ch|chill|machine", "cooling-tower": "ct", "vav": "box|zone", "secondary-pump": "secondary",
    "primary-pump": "primary", "room": "guest in|guest", "floor": "lv|l", "iaq-sensor": "co2 sensor|lorawan sensor|sensor",
}  # fmt: skip
BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}

SPACE_WORDS: dict[str, str] = {
    # id of a space in the ontology -> other words for it
    "lobby": "lobby|reception|front desk|foyer|lobbies",
    "ballroom": "ballroom|ball room|banquet hall|banquet|function room|function hall",
    "restaurant": "restaurant|dining room|dining hall|dining|resto",
    "offices": "offices|office floor|office area|office",
}
SITE_WORDS = (
    "riverside tower|whole building|entire building|the building|building|whole hotel|hotel|"
    "property|whole site|the site|site"
)
MAIN_METER_WORDS = (
    "main electricity meter|main electric meter|main power meter|main meter|main incomer|incomer|"
    "utility meter|building meter|mdb|main board"
)
PLANT_METER_WORDS = "plant meter|plant electricity meter|chiller plant meter|meter plant"
WEATHER_WORDS = "weather station|roof weather station|outdoor sensor|outdoor weather"
