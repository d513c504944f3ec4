"""Xeto names are tags in CamelCase: `DischargeAirTempSensor` is discharge, air, temp and sensor."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|\d+")
_MAX_WORDS: Final = 16
_TAG_OF_WORD: Final = {"occupied": "occ", "unoccupied": "unocc"}
"""Words of Xeto names whose tag is spelt otherwise where the word itself is no tag."""


def plain_name(spec: str) -> str:
    """The name without its library.

    >>> plain_name("ph.points::DischargeAirTempSensor")
    'DischargeAirTempSensor'
    """
    return spec.rsplit("::", 1)[-1]


def lower_first(name: str) -> str:
    """`AirHandlingEquip` as the def `airHandlingEquip`."""
    return name[:1].lower() + name[1:]


def tags_of_spec(name: str, known: Collection[str]) -> tuple[str, ...]:
    """The known tags a plain spec name is made of, longest first; () where a word is no tag.

    >>> tags_of_spec("NaturalGasFlowSensor", {"naturalGas", "flow", "sensor", "gas"})
    ('naturalGas', 'flow', 'sensor')
    """
    words = _WORD.findall(name)
    if "".join(words) != name or len(words) > _MAX_WORDS:
        return ()
    tags: list[str] = []
    at = 0
    while at < len(words):
        for end in range(len(words), at, -1):
            tag = lower_first("".join(words[at:end]))
            tag = tag if tag in known else _TAG_OF_WORD.get(tag, tag)
            if tag in known or tag.lower() in known:
                tags.append(tag if tag in known else tag.lower())
                at = end
                break
        else:
            return ()
    return tuple(tags)
