"""The IRIs of a Brick model as words: which vocabulary a term is of, and how others say what Brick says.

Names as facts from https://ontology.brickschema.org and RealEstateCore 4 (https://w3id.org/rec).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final

_VOCABULARIES: Final = (
    ("brick", re.compile(r"https?://brickschema\.org/schema/(?:[\d.]+/)?Brick#(.+)")),
    ("ref", re.compile(r"https?://brickschema\.org/schema/(?:[\d.]+/)?Brick/ref#(.+)")),
    ("rec", re.compile(r"https?://w3id\.org/rec(?:/core)?[#/](.+)")),
    ("bacnet", re.compile(r"https?://data\.ashrae\.org/bacnet/(?:\d+)?#(.+)")),
    ("rdfs", re.compile(r"https?://www\.w3\.org/2000/01/rdf-schema#(.+)")),
    ("schema", re.compile(r"https?://www\.w3\.org/(?:1999/02/22-rdf-syntax-ns|2002/07/owl|ns/shacl)#(.+)")),
)  # fmt: skip
"""Vocabularies by their prefix; `schema` are those that speak of vocabularies, never of a building."""

INVERSE: Final[Mapping[str, str]] = {
    # relation -> the same said the other way round
    "isPointOf": "hasPoint", "isFedBy": "feeds", "isPartOf": "hasPart", "isLocationOf": "hasLocation",
    "isMeteredBy": "meters", "hasSubMeter": "isSubMeterOf",
}  # fmt: skip
RELATIONS: Final = ("hasPoint", "feeds", "hasPart", "hasLocation", "meters", "isSubMeterOf")
UNIT: Final = ("brick:hasUnit",)
VALUE: Final = ("brick:value", "brick:lastKnownValue")
REFERENCE: Final = ("brick:timeseries", "ref:hasExternalReference")
READ: Final = frozenset([
    "brick:hasTimeseriesId", "ref:hasTimeseriesId", "bacnet:object-identifier", "bacnet:objectOf",
    "ref:TimeseriesReference", "ref:BACnetReference", "rdfs:label", "rdfs:subClassOf", "rdfs:Class", "rdfs:Resource",
])  # fmt: skip
"""Words that are read or say nothing besides those; `UNIT`, `VALUE` and `REFERENCE` are read of points."""

_REC_RELATIONS: Final[Mapping[str, str]] = {
    "locatedIn": "hasLocation", "feeds": "feeds", "hasPart": "hasPart", "hasPoint": "hasPoint",
    "isPartOf": "isPartOf", "isPointOf": "isPointOf", "isFedBy": "isFedBy", "isLocationOf": "isLocationOf",
    "hasLocation": "hasLocation", "includes": "hasPart",
}  # fmt: skip
_REC_CLASSES: Final[Mapping[str, str]] = {
    # RealEstateCore class -> Brick's; others differ only in their underscores
    "Level": "Floor", "BasementLevel": "Basement", "RoofLevel": "Rooftop", "HVACZone": "HVAC_Zone",
    "OutdoorSpace": "Outdoor_Area", "Architecture": "Space", "SubBuilding": "Wing", "Apartment": "Space",
    "MeetingRoom": "Conference_Room", "Corridor": "Hallway", "Stairs": "Stairwell",
}  # fmt: skip
_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@functools.lru_cache(4096)
def word_of(iri: str) -> tuple[str, str] | None:
    """Vocabulary and name of an IRI; None for vocabularies nobody listed."""
    for vocabulary, pattern in _VOCABULARIES:
        if found := pattern.fullmatch(iri):
            return vocabulary, found.group(1)
    return None


def class_of(iri: str) -> str | None:
    """The Brick class an IRI means; None for no class of Brick's or RealEstateCore's.

    >>> class_of("https://w3id.org/rec#HVACZone"), class_of("https://w3id.org/rec#TreatmentRoom")
    ('HVAC_Zone', 'Treatment_Room')
    """
    match word_of(iri):
        case "brick", name:
            return name
        case "rec", name:
            return _REC_CLASSES.get(name) or _CAPITAL.sub("_", name)
        case _:
            return None


def relation_of(iri: str) -> str | None:
    """The relation a predicate means, one of `RELATIONS` or of `INVERSE`; None for no relation."""
    match word_of(iri):
        case "brick", name if name in RELATIONS or name in INVERSE:
            return name
        case "rec", name:
            return _REC_RELATIONS.get(name)
        case _:
            return None
