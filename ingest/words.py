"""Modbus words to numbers and back, in all four byte orders; wrong orders are caught by their size."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ontology.errors import BadRequest

Floats = NDArray[np.float64]
Words = NDArray[np.uint16]

_FORMAT: Final[Mapping[str, str]] = {
    "int16": ">i2", "uint16": ">u2", "int32": ">i4", "uint32": ">u4", "float32": ">f4",
    "int64": ">i8", "uint64": ">u8", "float64": ">f8",
}  # fmt: skip
_STRUCT: Final[Mapping[str, str]] = {
    ">i2": ">h", ">u2": ">H", ">i4": ">i", ">u4": ">I", ">f4": ">f",
    ">i8": ">q", ">u8": ">Q", ">f8": ">d",
}  # fmt: skip
_NOT_AVAILABLE: Final[Mapping[str, int]] = {
    # "not implemented" values of the SunSpec information model, used by most meters
    "int16": -0x8000, "uint16": 0xFFFF, "int32": -0x8000_0000, "uint32": 0xFFFF_FFFF,
    "int64": -0x8000_0000_0000_0000, "uint64": 0xFFFF_FFFF_FFFF_FFFF,
}  # fmt: skip
LARGEST: Final = 1e12
"""No register of a building exceeds it (a 100 GWh counter in Wh is 1e11)."""
SMALLEST: Final = 1e-12
"""Below it, and not zero, is no measurement: rounding noise of a float32 is 1e-7 of its full scale."""


def decode(words: Sequence[int], kind: str, order: str = "ABCD") -> float:
    """The number in one, two or four 16-bit words; NaN when the device says "not available".

    >>> decode([0x40D6, 0x6666], "float32")
    6.699999809265137
    >>> decode([0x6666, 0x40D6], "float32", "CDAB")
    6.699999809265137
    """
    return float(numbers(np.array(words, np.uint16), np.zeros(1, np.intp), kind, order)[0])


def numbers(words: Words, starts: NDArray[np.intp], kind: str, order: str = "ABCD") -> Floats:
    """The numbers of one kind that begin at `starts`; shape (len(starts),), NaN for "not available".

    Whole numbers above 2**53 lose their last digits: histories keep float64.
    """
    format = np.dtype(_FORMAT[kind])
    places = np.arange(format.itemsize // 2)
    if order in ("CDAB", "DCBA"):
        places = places[::-1]
    taken = words[starts[:, np.newaxis] + places]
    if order in ("BADC", "DCBA"):
        taken = taken.byteswap()
    raw = np.ascontiguousarray(taken, ">u2").view(format).reshape(-1)
    with np.errstate(invalid="ignore"):  # a signalling NaN of a device is a NaN
        values: Floats = raw.astype(np.float64)
    if kind in _NOT_AVAILABLE:
        values[raw == _NOT_AVAILABLE[kind]] = np.nan
    return values


def encode(value: float, kind: str, order: str = "ABCD") -> list[int]:
    """The words of a number (NaN as "not available"); raises BadRequest where it does not fit."""
    format = _STRUCT[_FORMAT[kind]]
    try:
        if kind.startswith("float"):
            data = struct.pack(format, value)
        else:
            data = struct.pack(format, _NOT_AVAILABLE[kind] if math.isnan(value) else round(value))
    except (struct.error, OverflowError) as cause:
        raise BadRequest(f"{value} does not fit {kind}", hint="scale it or widen it") from cause
    words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
    if order in ("BADC", "DCBA"):
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    return words[::-1] if order in ("CDAB", "DCBA") else words


def implausible(value: float) -> bool:
    """True for the specks and giants that most float32 values turn into when read in the wrong order.

    About one value in three still looks like a number: the range of its quantity
    (`ingest.quality`) catches half of those, and the next poll another.
    """
    size = abs(value)
    return 0 < size < SMALLEST or size > LARGEST
