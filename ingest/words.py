"""Modbus words to numbers and back, in all four byte orders; wrong orders are caught by their size."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Final

from ontology.errors import BadRequest

_FORMAT: Final[Mapping[str, str]] = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f",
}  # fmt: skip
_NOT_AVAILABLE: Final[Mapping[str, int]] = {
    # "not implemented" values of the SunSpec information model, used by most meters
    "int16": -0x8000, "uint16": 0xFFFF, "int32": -0x8000_0000, "uint32": 0xFFFF_FFFF,
}  # fmt: skip
LARGEST: Final = 1e12
"""No register of a building exceeds it (a 100 GWh counter in Wh is 1e11)."""
SMALLEST: Final = 1e-12
"""Below it, and not zero, is no measurement: rounding noise of a float32 is 1e-7 of its full scale."""


def decode(words: Sequence[int], kind: str, order: str = "ABCD") -> float:
    """The number in one or two 16-bit words; NaN when the device says "not available".

    >>> decode([0x40D6, 0x6666], "float32")
    6.699999809265137
    >>> decode([0x6666, 0x40D6], "float32", "CDAB")
    6.699999809265137
    """
    data = _ordered(b"".join(word.to_bytes(2, "big") for word in words), order)
    (value,) = struct.unpack(_FORMAT[kind], data)
    return math.nan if value == _NOT_AVAILABLE.get(kind) else float(value)


def encode(value: float, kind: str, order: str = "ABCD") -> list[int]:
    """The words of a number (NaN as "not available"); raises BadRequest where it does not fit."""
    try:
        if kind == "float32":
            data = struct.pack(">f", value)
        else:
            whole = _NOT_AVAILABLE[kind] if math.isnan(value) else round(value)
            data = struct.pack(_FORMAT[kind], whole)
    except (struct.error, OverflowError) as cause:
        raise BadRequest(f"{value} does not fit {kind}", hint="scale it or widen it") from cause
    data = _ordered(data, order)
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]


def implausible(value: float) -> bool:
    """True for the specks and giants that most float32 values turn into when read in the wrong order.

    About one value in three still looks like a number: the range of its quantity
    (`ingest.quality`) catches half of those, and the next poll another.
    """
    size = abs(value)
    return 0 < size < SMALLEST or size > LARGEST


def _ordered(data: bytes, order: str) -> bytes:
    """Bytes rearranged to or from "ABCD"; each of the four orders is its own inverse."""
    if len(data) == 2:
        return data[::-1] if order in ("BADC", "DCBA") else data
    return bytes(data["ABCD".index(letter)] for letter in order)
