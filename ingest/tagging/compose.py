"""What the words of one point add up to: tags, the reasons, and how well each part was understood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ingest.tagging.kinds import NUMBERED, traits_of
from ingest.tagging.lexicon import LETTERS, LEXICON
from ingest.tagging.rules import HALF, RULES
from ingest.tagging.words import meaning_of, words_of
from ontology.units import UNITS, symbol

_KIND_OF_UNIT: Final = {unit.symbol: unit.kind for unit in reversed(UNITS)} | {
    "Hz": "freq", "kvar": "reactive", "kVA": "apparent", "m³": "volume", "%": "percent", "L": "volume", "rpm": "speed",
    "Δ°C": "temp", "Δ°F": "temp",
}  # fmt: skip
_BACNET_UNITS: Final = {
    "degreescelsius": "°C", "degreesfahrenheit": "°F", "percentrelativehumidity": "%RH", "inchesofwater": "inH₂O",
    "partspermillion": "ppm", "kilowatts": "kW", "kilowatthours": "kWh", "cubicfeetperminute": "cfm", "pascals": "Pa",
    "kilopascals": "kPa", "litersperssecond": "L/s", "literspersecond": "L/s", "cubicmetersperhour": "m³/h", "hertz": "Hz",
    "amperes": "A", "volts": "V", "usgallonsperminute": "gpm", "poundsforcepersquareinch": "psi", "nounits": "",
    "m3": "m³", "kva": "kVA", "kvar": "kvar", "hz": "Hz", "inwg": "inH₂O", "ftm": "ft/min", "watts": "W",
}  # fmt: skip
"""BACnet's unit names and everyday spellings that `ontology.units` does not know."""

_MEASURES: Final = {
    "temp": "temp", "temp-difference": "temp", "pressure": "pressure", "flow": "flow", "power": "power", "energy": "energy",
    "humidity": "humidity", "co2": "co2", "current": "current", "voltage": "volt", "freq": "freq", "duration": "duration",
    "volume": "volume", "reactive": "power", "apparent": "power", "percent": "percent",
}  # fmt: skip
_FITS: Final = {
    "temp": "temp", "pressure": "pressure", "flow": "flow", "power": "power", "energy": "energy", "humidity": "humidity percent",
    "co2": "co2", "co": "co2", "current": "current", "volt": "volt", "freq": "freq", "speed": "percent freq", "load": "percent",
    "level": "percent", "duration": "duration", "volume": "volume", "damper": "percent", "valve": "percent",
}  # fmt: skip
"""Tag -> kinds of unit it can be measured in."""

_ONE_OF: Final = frozenset(
    [
        "temp",
        "humidity",
        "pressure",
        "flow",
        "co2",
        "co",
        "power",
        "energy",
        "current",
        "volt",
        "freq",
        "level",
        "enthalpy",
    ]
)
"""Quantities of which a point measures one."""
_SECTIONS: Final = frozenset(
    ["discharge", "return", "mixed", "outside", "exhaust", "zone", "entering", "leaving", "supply"]
)
_FUNCTIONS: Final = frozenset({"sensor", "cmd", "sp"})
_SAID: Final = frozenset(
    [
        "sensor",
        "cmd",
        "sp",
        "status",
        "alarm",
        "fault",
        "feedback",
        "output",
        "enable",
        "startstop",
        "position",
        "trip",
    ]
)
MAX_REASONS: Final = 6


@dataclass(frozen=True, slots=True)
class Sense:
    """Tags (without `point`) with the evidence for them.

    `known` is the share of the point's letters that were understood, `pieces` how many words were
    read in pieces or as misspellings; `told` 1 if a word says the function, `typed` 1 if the object
    type does; `fits` +1, 0 or -1: the unit fits, is missing or contradicts; `agree` the same for
    name and description read alone; `guesses` how often a rule had to assume something.
    """

    tags: frozenset[str]
    reasons: tuple[str, ...]
    known: float
    pieces: int
    told: float
    typed: float
    fits: float
    agree: float
    guesses: int


NOTHING: Final = Sense(
    frozenset(), ("nothing in the name is known",), 0.0, 0, 0.0, 0.0, 0.0, 0.0, 0
)


def canonical_unit(text: str) -> str:
    """The unit's symbol; "" if blank, and the text itself if it is no unit we know.

    >>> canonical_unit("degrees-celsius"), canonical_unit("inWC"), canonical_unit("furlong")
    ('°C', 'inH₂O', 'furlong')
    """
    text = text[:40].strip()
    letters = "".join(char for char in text.lower() if char.isalnum())
    return _BACNET_UNITS[letters] if letters in _BACNET_UNITS else symbol(text)


@dataclass(frozen=True, slots=True)
class Told:
    """All that is said of a point. `unit` and `object_type` canonical; `kind` of its equipment, or ""."""

    point: tuple[str, ...]
    description: str = ""
    unit: str = ""
    object_type: str = ""
    kind: str = ""
    context: tuple[str, ...] = ()


@lru_cache(maxsize=100_000)
def sense_of(of: Told) -> Sense:
    """Read one point: name and description together, settled by the rules."""
    point = of.point
    words = (*of.context, *point)
    facts = _facts(of.unit, of.object_type, of.kind)
    told = [word.text for word in words_of(of.description[:200]) if not word.number]
    said, heard = _meanings(words), _meanings(told) - {"config"}
    if not said and not heard:
        return NOTHING
    tags, reasons, guesses = _settle(_merged(said, heard), facts)
    alone = (_settle(said, facts)[0], _settle(heard, facts)[0]) if told and heard else None
    known, pieces = _understood(point)
    return Sense(
        tags=tags,
        reasons=(*_words_read(words), *reasons)[:MAX_REASONS],
        known=known,
        pieces=pieces,
        told=float(not _SAID.isdisjoint(said | heard)),
        typed=float(of.object_type.endswith((" in", " out"))),
        fits=_fits(tags, _measure(of.unit)),
        agree=0.0 if alone is None else (1.0 if alone[0] == alone[1] or tags in alone else -1.0),
        guesses=guesses,
    )


def _facts(unit: str, object_type: str, kind: str) -> frozenset[str]:
    facts = {f"type:{word}" for word in object_type.split()}
    if measure := _measure(unit):
        facts.add(f"unit:{measure}")
    return frozenset(facts | traits_of(kind))


def _measure(unit: str) -> str:
    return _MEASURES.get(_KIND_OF_UNIT.get(unit, ""), "")


def _meanings(words: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for word in words:
        meaning = meaning_of(word)
        if meaning.how and (word in LEXICON or word in LETTERS or word not in NUMBERED):
            found.update(meaning.of)
    return found


def _merged(said: set[str], heard: set[str]) -> set[str]:
    """Name and description together; where they name different sections, the plain words win."""
    if (heard & _SECTIONS) and (said & _SECTIONS):
        said = said - _SECTIONS
    return said | heard


def _settle(
    meanings: set[str], facts: frozenset[str]
) -> tuple[frozenset[str], tuple[str, ...], int]:
    """Tags, why, and how many of the reasons are guesses."""
    if "config" in meanings or not meanings:
        why = ("a setting of the controller, not a point of the building",) if meanings else ()
        return frozenset(), why, 0
    known = set(meanings) | facts
    reasons: list[str] = []
    guesses = 0
    for rule in RULES:
        if rule.fires(known):
            changes = not (rule.adds <= known and rule.drops.isdisjoint(known))
            if rule.says and (changes or rule.guess):
                reasons.append(rule.says)
                guesses += rule.guess
            known = (known - rule.drops) | rule.adds
    tags = frozenset(known - facts - HALF)
    if len(tags & _ONE_OF) > 1:
        guesses += 1
        reasons.append(f"more than one quantity is named: {', '.join(sorted(tags & _ONE_OF))}")
    whole = _FUNCTIONS & tags and tags - _FUNCTIONS
    return (tags if whole else frozenset()), tuple(reasons), guesses


def _understood(point: tuple[str, ...]) -> tuple[float, int]:
    letters = sum(map(len, point))
    hows = [(word, meaning_of(word).how or ("word" if word in NUMBERED else "")) for word in point]
    known = sum(len(word) for word, how in hows if how)
    return (known / letters if letters else 0.0), sum(how in ("pieces", "near") for _, how in hows)


def _words_read(point: tuple[str, ...]) -> tuple[str, ...]:
    plain = [
        (word, [m for m in meaning_of(word).of if not m.startswith("letter-")]) for word in point
    ]
    read = [f"{word}: {' '.join(meant)}" for word, meant in plain if meant]
    unread = [word for word in point if not meaning_of(word).how and word not in NUMBERED]
    told = ("; ".join(read),) if read else ()
    return (*told, f"not understood: {', '.join(unread)}") if unread else told


def _fits(tags: frozenset[str], measure: str) -> float:
    if not measure:
        return 0.0
    able = {kind for tag in tags & _FITS.keys() for kind in _FITS[tag].split()}
    if not able:
        return 0.0 if measure == "percent" else -1.0
    return 1.0 if measure in able else -1.0
