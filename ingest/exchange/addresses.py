"""BACnet objects as point lists write them: "AI:3", "analog-input,3", or type and number in columns of their own."""

from __future__ import annotations

import re
from typing import Final

from ingest.exchange.headings import letters

_TYPES: Final = {
    "ai": "analog-input", "ao": "analog-output", "av": "analog-value", "bi": "binary-input", "bo": "binary-output",
    "bv": "binary-value", "di": "binary-input", "do": "binary-output", "dv": "binary-value", "mi": "multi-state-input",
    "mo": "multi-state-output", "mv": "multi-state-value", "msi": "multi-state-input", "mso": "multi-state-output",
    "msv": "multi-state-value", "analoginput": "analog-input", "analogoutput": "analog-output",
    "analogvalue": "analog-value", "binaryinput": "binary-input", "binaryoutput": "binary-output",
    "binaryvalue": "binary-value", "digitalinput": "binary-input", "digitaloutput": "binary-output",
    "multistateinput": "multi-state-input", "multistateoutput": "multi-state-output",
    "multistatevalue": "multi-state-value", "analogeingang": "analog-input", "analogausgang": "analog-output",
    "analogwert": "analog-value", "binareingang": "binary-input", "binarausgang": "binary-output",
    "binarwert": "binary-value", "entreeanalogique": "analog-input", "sortieanalogique": "analog-output",
    "valeuranalogique": "analog-value", "entreebinaire": "binary-input", "sortiebinaire": "binary-output",
    "valeurbinaire": "binary-value", "entreelogique": "binary-input", "sortielogique": "binary-output",
}  # fmt: skip
_NUMBERS: Final = {
    # BACnetObjectType of ASHRAE 135, clause 21
    "0": "analog-input", "1": "analog-output", "2": "analog-value", "3": "binary-input", "4": "binary-output",
    "5": "binary-value", "13": "multi-state-input", "14": "multi-state-output", "19": "multi-state-value",
}  # fmt: skip
_OBJECT: Final = re.compile(r"(?:([^\W\d_][^\d,:#]*?)[\s:,#._\-]*)?(\d{1,7})")


def object_of(type_said: str, address: str, instance: str) -> tuple[str, str]:
    """Type and instance of an object in the list's own words; "" for what none of its columns says.

    >>> object_of("AI", "3", ""), object_of("", "analog-input,3", ""), object_of("0", "", "7")
    (('AI', '3'), ('analog-input', '3'), ('analog-input', '7'))
    """
    kind, number = _parts(address)
    typed, typed_number = _parts(_NUMBERS.get(type_said, type_said))
    better = kind and not (typed and letters(typed) in _TYPES)
    return (kind if better else typed), (instance or number or typed_number)


def object_type(said: str) -> str:
    """BACnet's name of a type: "AI" is "analog-input"; a word that is none comes back as it is."""
    return _TYPES.get(letters(said), said)


def _parts(text: str) -> tuple[str, str]:
    found = _OBJECT.fullmatch(text.strip("()[] "))
    return ((found.group(1) or "").strip(" -_."), found.group(2)) if found else (text, "")
