"""Siblings of the demo's building: other names and numbers, whole or a few floors of it.

Whoever trains on many small buildings learns to copy names from the question; one building would be learnt by heart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ingest.demo.model import GUEST_FLOORS, riverside_tower
from ontology.defs import ROLE
from ontology.graph import Building
from ontology.kinds import Ref

KINDS: Final = 4
"""Of every four numbers one is for training, one each for the two judges; the last is simulated whole."""
_FIRST: Final = (
    "harbour", "orchid", "northgate", "silom", "lakeside", "cedar", "airport", "station", "garden", "meridian", "hillview", "pier",
    "sathorn", "granary", "union", "bayfront", "market", "kings", "summit", "canal", "museum", "palm", "foundry", "water", "air",
    "tower", "central", "grand", "first", "old", "cool", "return", "high", "zone", "power", "supply", "main", "outer", "lotus",
    "east", "seven",
)  # fmt: skip
_SECOND: Final = (
    "court", "plaza", "hospital", "exchange", "campus", "house", "hotel", "square", "mall", "offices", "clinic", "place", "lofts",
    "library", "suites", "hall", "arcade", "labs", "wharf", "annex", "residence", "works", "tower", "waters", "plant", "point", "gate",
    "terrace", "springs", "park", "quarter", "rooms", "level", "school", "airfield", "yard", "view",
)  # fmt: skip
"""41 and 37 words: by the remainders of a number, 1,517 names. Words that quantities have too are names as well."""
_AREAS: Final = (
    ("atrium", "Atrium"), ("library", "Library"), ("gym", "Gym"), ("cafeteria", "Cafeteria"), ("auditorium", "Auditorium"),
    ("clinic", "Clinic"), ("showroom", "Showroom"), ("kitchen", "Kitchen"), ("laundry", "Laundry"), ("spa", "Spa"),
    ("lounge", "Lounge"), ("archive", "Archive"), ("studio", "Studio"), ("arcade", "Arcade"), ("workshop", "Workshop"),
    ("lobby", "Lobby"), ("restaurant", "Restaurant"), ("offices", "Offices"), ("ballroom", "Ballroom"),
)  # fmt: skip
_CHILLERS: Final = ("CH-{n}", "CHR-{n}", "CHILLER-{n}", "WCC-{n}", "CH-{n:02d}")
_TOWERS: Final = ("CT-{n}", "CT-R{n}", "TOWER-{n}", "CT-{n:02d}")
_AHUS: Final = ("AHU-{n}", "AHU-{n:02d}", "AHU-{floor}-{n}", "AHU-{letter}{n}")
_DOAS: Final = ("DOAS-{n}", "DOAS-{n:02d}", "DOAS-R{n}")
_VAVS: Final = ("VAV-{floor}-{n:02d}", "VAV-{floor}-{n}", "VAV-{n:03d}", "VAV-{letter}-{n}")
_FCUS: Final = ("FCU-{n}", "FC-{n}")
_FLOORS: Final = ("floor-{n}", "L{n}", "level-{n}")
_FLOOR_NAMES: Final = ("Floor {n}", "Level {n}")
_PUMPS: Final = {
    "CHWP": ("CHWP-{n}", "PCHWP-{n}"),
    "CWP": ("CWP-{n}", "CDWP-{n}"),
    "SCHWP": ("SCHWP-{n}", "SCHP-{n}"),
}
_MAINS: Final = ("meter-main", "MDB-1", "meter-incomer", "EM-01")
_STEP: Final = (1, 1, 1, 2, 3, 4)


@dataclass(frozen=True)
class Sibling:
    """A building made from the demo's. `names` maps the demo's ids to its own, for histories and records."""

    name: str
    building: Building
    names: Mapping[str, str]


def sibling(number: int, seed: int, *, whole: bool = False) -> Sibling:
    """The building of this number, the same for a seed; `whole` keeps all floors, so that it can be simulated."""
    rng = random.Random(f"{seed}/{number}")  # noqa: S311  (chance, no secret)
    kept = _demo() if whole else _part(_demo(), rng)
    site = site_name(number)
    names = _Names(rng, site)
    ids = {str(e["id"].id): names.of(str(e["id"].id), e) for e in kept if "point" not in e}
    if len(set(ids.values())) < len(ids):
        raise AssertionError("two things of a sibling share a name")
    entities = [_renamed(entity, ids, names.said) for entity in kept]
    points = {str(e["id"].id): _id(str(e["id"].id), ids) for e in kept if "point" in e}
    return Sibling(site, Building(entities), ids | points)


def site_name(number: int) -> str:
    """Another one for every number."""
    turn, _ = divmod(number, len(_FIRST) * len(_SECOND))
    name = f"{_FIRST[number % len(_FIRST)]}-{_SECOND[number % len(_SECOND)]}"
    return f"{name}-{turn + 1}" if turn else name


@cache
def _demo() -> Sequence[Mapping[str, Any]]:
    return tuple(riverside_tower())


def _part(entities: Sequence[Mapping[str, Any]], rng: random.Random) -> list[Mapping[str, Any]]:
    """Three guest floors with five rooms each, one corridor of boxes, and all of the plant."""
    floors = rng.sample(GUEST_FLOORS, 3)
    rooms = {f"{floor}{n:02d}" for floor in floors for n in rng.sample(range(1, 13), 5)}
    boxes = {f"VAV-2-{n:02d}" for n in rng.sample(range(1, 13), 5)}
    gone = {f"floor-{floor}" for floor in GUEST_FLOORS if floor not in {*floors, 20}}

    def stays(id: str) -> bool:
        head = id.partition(".")[0]
        room = re.fullmatch(r"(?:room|FCU|IAQ)-(\d+)", head)
        if room:
            return room[1] in rooms
        return head in boxes if head.startswith("VAV-") else head not in gone

    return [entity for entity in entities if stays(str(entity["id"].id))]


class _Names:
    """What things are called in one building: one style a kind, other numbers than the demo's."""

    def __init__(self, rng: random.Random, site: str) -> None:
        self._site = site
        self._style = {
            "CH": rng.choice(_CHILLERS), "CT": rng.choice(_TOWERS), "AHU": rng.choice(_AHUS), "DOAS": rng.choice(_DOAS),
            "VAV": rng.choice(_VAVS), "FCU": rng.choice(_FCUS), "floor": rng.choice(_FLOORS),
            **{kind: rng.choice(styles) for kind, styles in _PUMPS.items()},
        }  # fmt: skip
        self._floor_dis = rng.choice(_FLOOR_NAMES)
        self._up = rng.randrange(1, 22)
        self._shift = {kind: rng.choice(_STEP) - 1 + 3 * rng.randrange(2) for kind in self._style}
        self._letter = rng.choice("ABCDENSW")
        self._box = rng.randrange(2, 40)
        self._rooms = rng.choice((0, 10, 20, 30))
        self._main = rng.choice(_MAINS)
        areas = rng.sample(_AREAS, 4)
        demo = ("lobby", "ballroom", "restaurant", "offices")
        self._areas = dict(zip(demo, areas, strict=True))
        self.said: dict[str, str] = {}

    def of(self, id: str, entity: Mapping[str, Any]) -> str:
        """The new id; what people call the thing goes to `said`."""
        new, said = self._of(id, str(entity["dis"]), entity)
        self.said[id] = said
        return new

    def _of(self, id: str, dis: str, entity: Mapping[str, Any]) -> tuple[str, str]:
        if "site" in entity:
            return self._site, self._site.replace("-", " ").title()
        if id in self._areas:
            return self._areas[id]
        kind, _, rest = id.partition("-")
        if kind == "meter":
            return self._meter(rest, dis)
        if kind == "IAQ":
            return self._iaq(rest)
        if kind in {"room", "FCU"}:
            number = self._room(rest)
            new = f"room-{number}" if kind == "room" else self._style["FCU"].format(n=number)
            return new, f"Room {number}" if kind == "room" else new
        if kind == "floor":
            n = self._floor(int(rest))
            return self._style["floor"].format(n=n), self._floor_dis.format(n=n)
        if kind not in self._style:
            return id, dis
        return self._numbered(kind, rest, dis)

    def _numbered(self, kind: str, rest: str, dis: str) -> tuple[str, str]:
        number = int(rest.rpartition("-")[2]) + self._shift[kind]
        floor = self._box if kind == "VAV" else self._floor(2)
        new = self._style[kind].format(n=number, floor=floor, letter=self._letter)
        if kind in {"AHU", "VAV", "DOAS"}:
            return new, new
        return new, re.sub(r"\d+$", re.sub(r"^\D+", "", new), dis)

    def _floor(self, n: int) -> int:
        return n + self._up if n > 4 else n

    def _room(self, said: str) -> str:
        return f"{self._floor(int(said[:-2]))}{int(said[-2:]) + self._rooms:02d}"

    def _meter(self, rest: str, dis: str) -> tuple[str, str]:
        if rest == "main":
            return self._main, dis
        if rest == "plant":
            return "meter-plant", dis
        chiller, _ = self._numbered("CH", rest.removeprefix("CH-"), "")
        return f"meter-{chiller}", f"{chiller} meter"

    def _iaq(self, rest: str) -> tuple[str, str]:
        if rest.isdigit():
            number = self._room(rest)
            return f"IAQ-{number}", f"Room {number} air quality"
        area, _, n = rest.partition("-")
        id, dis = self._areas[area]
        return f"IAQ-{id}-{n}", f"{dis} air quality {n}"


def _id(id: str, ids: Mapping[str, str]) -> str:
    head, dot, role = id.partition(".")
    return ids.get(head, head) + dot + role


def _renamed(
    entity: Mapping[str, Any], ids: Mapping[str, str], said: Mapping[str, str]
) -> dict[str, Any]:
    """The entity with every reference moved, and references to what is gone left out."""
    old = str(entity["id"].id)
    head = old.partition(".")[0]
    role = str(entity["dis"]).removeprefix(_dis_of(entity)) if "point" in entity else ""
    dis = said[head] + role
    kept: dict[str, Any] = {}
    for name, value in entity.items():
        if isinstance(value, Ref) and name != "id":
            if value.id.partition(".")[0] in ids:
                kept[name] = Ref(_id(value.id, ids))
        elif isinstance(value, list):
            kept[name] = [Ref(_id(one.id, ids)) for one in value if one.id in ids]
        else:
            kept[name] = value
    if "roomNum" in kept:
        kept["roomNum"] = ids[old].rpartition("-")[2]
    if "floorNum" in kept:
        number = int(re.sub(r"\D", "", ids[old]))
        kept["floorNum"] = type(entity["floorNum"])(number)
    return kept | {"id": Ref(_id(old, ids), dis), "dis": dis}


def _dis_of(point: Mapping[str, Any]) -> str:
    """The equipment's name at the head of its point's: what stays is the role."""
    role = str(point["id"].id).partition(".")[2]
    return str(point["dis"]).removesuffix(ROLE[role].dis).rstrip()
