"""Questions about one building: a phrasing with a thing, a quantity and a time of it, beside its plain form."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent.playbooks.entities import Linker
from ontology.entity import Entity
from ontology.graph import Building
from services.llm.domain.family import Family
from services.llm.domain.phrasings import NOUNS, PARTS, PLURALS, TASKS, TOPICS
from services.llm.domain.quantities import QUANTITIES, TOTALS, Said
from services.llm.domain.times import PAIRS, TIMES, filled

_THAI_KINDS: Final = {
    "chiller": "ชิลเลอร์",
    "room": "ห้อง",
    "cooling-tower": "คูลลิ่งทาวเวอร์",
    "floor": "ชั้น",
}
_UNITS: Final = (
    ("-temp", "°F", ("°F", "F", "fahrenheit", "deg F")),
    ("cooling-power", "RT", ("RT", "tons", "refrigeration tons", "TR")),
    ("-flow", "gpm", ("gpm", "GPM", "gallons per minute")),
)
"""Ends of quantities, another unit than they are kept in, and how it is said."""
_LOOSE: Final = 0.35
"""Share of questions typed in a hurry: without capitals, marks, or with a slip of the finger."""


@dataclass(frozen=True)
class Asked:
    """`said` is asked, `plain` means the same; `ids` are what both are about, `quantity` what of them."""

    said: str
    plain: str
    ids: tuple[str, ...] = ()
    quantity: str = ""


@dataclass(frozen=True)
class _Thing:
    id: str
    plain: str
    said: str


class Asker:
    """Asks about one building."""

    def __init__(self, building: Building, topics: Sequence[str] = (*TOPICS, *TASKS)) -> None:
        """`topics`: what manuals are asked about."""
        self._building, self._topics = building, topics
        linker = Linker(building)
        self._members: Mapping[str, Sequence[Entity]] = {
            **{kind: linker.members(kind) for kind in (*QUANTITIES, "floor")},
            "space": [e for e in building if e.is_space and e.kind is None and "site" not in e],
            "weather": building.of_kind("weather-station"),
        }
        rooms = {e.get_ref("spaceRef") for e in self._members["room"]}
        self._lived = [e for e in self._members["floor"] if e.ref in rooms]

    def ask(self, family: Family, form: str, rng: random.Random) -> Asked | None:
        """One question in this form of the family; None where the building lacks what it is about."""
        thai = re.search("[\u0e00-\u0e7f]", form) is not None
        kind = rng.choice(family.about.split()) if family.about else ""
        plain, said = dict[str, str](), dict[str, str]()
        ids: list[str] = []
        for slot in ("s", "s2"):
            if "{" + slot + "}" in family.plain:
                thing = self._thing(kind, rng, thai=thai)
                if thing is None or thing.id in ids:
                    return None
                ids.append(thing.id)
                plain[slot], said[slot] = thing.plain, thing.said
        quantity = self._quantity(family, kind, rng, plain, said, thai=thai)
        if quantity is None:
            return None
        if "{f}" in family.plain:
            floor = rng.choice(self._lived)
            ids.append(floor.id)
            plain["f"] = said["f"] = floor.dis.lower()
            said["f"] = rng.choice((floor.dis, floor.dis.lower(), floor.id))
        if kind in PLURALS:
            plain["one"], plain["k"] = said["one"], said["k"] = PLURALS[kind]
        _when(rng, plain, said, thai=thai)
        for slot, words in (("d", self._topics), ("p", PARTS), ("x", NOUNS)):
            plain[slot] = said[slot] = rng.choice(words)
        text = _put(form, said)
        return Asked(text if thai else _typed(text, said, rng), _put(family.plain, plain), tuple(ids), quantity)  # fmt: skip

    def named(self, kind: str, rng: random.Random) -> str:
        """The id of one thing of the kind, or of any chiller where there is none."""
        return rng.choice(self._members.get(kind) or self._members["chiller"]).id

    def _thing(self, kind: str, rng: random.Random, *, thai: bool) -> _Thing | None:
        members = self._members.get(kind, ())
        if kind == "floor":
            members = self._lived
        if not members:
            return None
        entity = rng.choice(members)
        return _Thing(entity.id, _plain_name(entity, kind), _spoken(entity, kind, rng, thai=thai))

    def _quantity(
        self, family: Family, kind: str, rng: random.Random, plain: dict[str, str], said: dict[str, str], *, thai: bool
    ) -> str | None:  # fmt: skip
        """Puts {q} and {n}; the quantity, "" where none is asked, None where the form does not fit."""
        if "{n}" in family.plain and "{q}" not in family.plain:
            plain["n"] = said["n"] = str(rng.randrange(22, 31))
        if "{q}" not in family.plain:
            return ""
        choice = _sayable(kind, thai=thai, limited="{n}" in family.plain)
        if "{pair}" in family.plain and kind in {"chiller", "elec-meter"} and rng.random() < 0.5:
            choice = [each for each in TOTALS if each.thai or not thai]
        if not choice:
            return None
        one = rng.choice(choice)
        plain["q"] = one.plain
        said["q"] = rng.choice(one.thai) if thai else rng.choice((one.plain, *one.loose))
        if "{u}" in family.plain:
            units = [each for each in _UNITS if one.quantity.endswith(each[0])]
            if not units:
                return None
            plain["u"], said["u"] = units[0][1], rng.choice(units[0][2])
        if one.limits:
            plain["n"] = said["n"] = str(rng.choice(one.limits))
        return one.quantity


def _sayable(kind: str, *, thai: bool, limited: bool) -> list[Said]:
    return [
        each
        for each in QUANTITIES.get(kind, ())
        if (each.thai or not thai) and (each.limits or not limited)
    ]


def _when(rng: random.Random, plain: dict[str, str], said: dict[str, str], *, thai: bool) -> None:
    """Puts {w} and {pair}, with the same numbers on both sides."""
    numbers = filled(rng)
    if thai:
        when = rng.choice([each for each in TIMES if each[2]])
        held = rng.choice([each for each in PAIRS if each[3]])
        said["w"], said["pair"] = _put(when[2], numbers), _put(held[3], numbers)
    else:
        when, held = rng.choice(TIMES), rng.choice(PAIRS)
        said["w"] = _put(rng.choice(when[1]), numbers)
        said["pair"] = _put(rng.choice(held[2]), numbers)
    plain["w"] = _put(when[0], numbers)
    plain["pair"] = _put(f"{held[0]} with {held[1]}", numbers)


def _put(form: str, values: Mapping[str, str]) -> str:
    text = re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), form)
    return re.sub(r"\s+([?:])", r"\1", " ".join(text.split()).strip(" ,:"))


def _plain_name(entity: Entity, kind: str) -> str:
    """What is linked without fail."""
    if kind in {"room", "floor"}:
        return entity.dis.lower()
    if kind == "weather":
        return "weather station"
    if kind == "chilled-water-plant":
        return "chilled water plant"
    if kind == "space":
        return entity.dis.lower()
    return entity.id


def _spoken(entity: Entity, kind: str, rng: random.Random, *, thai: bool) -> str:
    """The thing as somebody on shift types it."""
    number = "".join(re.findall(r"\d+$", entity.id))
    if thai and kind in _THAI_KINDS:
        return f"{_THAI_KINDS[kind]} {number}"
    if kind == "room":
        return rng.choice(
            (f"room {number}", f"Room {number}", f"rm {number}", number, f"guest room {number}")
        )
    if kind == "chilled-water-plant":
        return rng.choice(
            (
                "the plant",
                "the chiller plant",
                "chilled water plant",
                "the chilled water plant",
                "CHW plant",
            )
        )
    if kind == "weather":
        return rng.choice(("the weather station", "weather station", "outside"))
    if kind in {"space", "floor"}:
        return rng.choice(
            (
                entity.dis,
                entity.dis.lower(),
                f"the {entity.dis.lower()}" if kind == "space" else entity.id,
            )
        )
    forms = [
        entity.id,
        entity.id,
        entity.id.lower(),
        entity.id.lower().replace("-", " "),
        re.sub(r"-(?=0*\d+$)", "", entity.id),
    ]
    if kind in PLURALS and number and not re.search(r"\d-\d", entity.id):
        forms += [
            f"{PLURALS[kind][0]} {int(number)}",
            f"{PLURALS[kind][0].lower()} no. {int(number)}",
        ]
    return rng.choice(forms)


def _typed(text: str, said: Mapping[str, str], rng: random.Random) -> str:
    """As typed: some in a hurry. Names and numbers are never misspelt, only the words around them."""
    text = text[0].upper() + text[1:] if rng.random() < 0.3 else text
    if rng.random() > _LOOSE:
        return text if rng.random() < 0.6 else text.rstrip("?") + "?"
    text = text.lower().rstrip("?")
    words = text.split()
    kept = {word for value in said.values() for word in value.lower().split()}
    long = [
        n for n, word in enumerate(words) if len(word) > 5 and word.isalpha() and word not in kept
    ]
    if long and rng.random() < 0.3:
        n = rng.choice(long)
        at = rng.randrange(1, len(words[n]) - 2)
        word = words[n]
        words[n] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)
