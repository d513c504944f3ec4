"""Which byte order a device really uses, judged by the numbers its registers would mean in each order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.addresses import MODBUS_ORDERS, MODBUS_TYPES
from ingest.words import decode

SEEN_LEAST: Final = 4
"""Fewer numbers than this say nothing: one in eight passes in any order."""
_EVERYDAY: Final = (1e-3, 1e7)
"""What a measured float of a building lies between when it is not zero, from a leak in L/s to a meter in W.

That is 33 of the 254 exponents of a float32: words in the wrong order land there one time in eight.
"""
_SURE: Final = 0.8
"""Share of believable numbers from which an order is recommended."""
_MARGIN: Final = 0.3
"""By how much the recommended order must beat the one that is set."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The words of one register as they came over the wire, and how its line reads them."""

    kind: str
    order: str
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The order most numbers are believable in: `share` of `numbers`, and what the set order reaches."""

    order: str
    share: float
    set_share: float
    numbers: int


def believable(seen: Seen, order: str) -> float | None:
    """1.0 for a number of everyday size in this order, 0.0 for an absurd one, None where it says nothing.

    Zero, NaN and "not available" look the same in every order; of whole numbers the larger half
    must be the quiet one, which is judged by size.
    """
    if len(set(seen.words)) == 1 and seen.words[0] in (0, 0xFFFF):
        return None
    value = decode(seen.words, seen.kind, order)
    if not math.isfinite(value):
        return 0.0
    if seen.kind.startswith("float"):
        return float(value == 0.0 or _EVERYDAY[0] <= abs(value) <= _EVERYDAY[1])
    bits = MODBUS_TYPES[seen.kind] * 16
    return float(abs(value) < 2.0 ** (bits - 8))


def word_order(samples: Iterable[Seen]) -> Verdict | None:
    """The order that fits best; None where too little was seen or no order stands out.

    >>> swapped = [Seen("float32", "ABCD", (0x6666, word)) for word in (0x40D6, 0x4146, 0x41A6, 0x43C7)]
    >>> word_order(swapped).order
    'CDAB'
    """
    wide = [seen for seen in samples if MODBUS_TYPES[seen.kind] > 1]
    shares: dict[str, float] = {}
    numbers = 0
    for order in MODBUS_ORDERS:
        marks = [mark for seen in wide if (mark := believable(seen, order)) is not None]
        numbers = max(numbers, len(marks))
        shares[order] = sum(marks) / len(marks) if marks else 0.0
    if numbers < SEEN_LEAST:
        return None
    best = max(MODBUS_ORDERS, key=lambda order: shares[order])
    rivals = sorted(shares.values())[-2]
    if shares[best] < _SURE or shares[best] - rivals < _MARGIN:
        return None
    own = [believable(seen, seen.order) for seen in wide]
    marks = [mark for mark in own if mark is not None]
    return Verdict(best, shares[best], sum(marks) / len(marks) if marks else 0.0, numbers)


def word_order_advice(samples: Sequence[Seen]) -> str:
    """What to tell people about the order a line is set to; "" where it looks right or nothing is sure."""
    verdict = word_order(samples)
    if verdict is None or verdict.share - verdict.set_share < _MARGIN:
        return ""
    return (
        f"these registers look like {verdict.order}: {verdict.share:.0%} of {verdict.numbers} numbers "
        f"are believable so, {verdict.set_share:.0%} in the order that is set; "
        f"check the order of bytes and words in the device's manual"
    )
