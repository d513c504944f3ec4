"""What one BACnet object said about itself, and how far that can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingest.addresses import BACNET_TYPES, BacnetAddress
from ingest.driver import Reading, Register
from ingest.drivers.bacnet.remote import Asked
from ingest.drivers.bacnet.services import (
    PRESENT_VALUE,
    PRIORITY_ARRAY,
    STATUS_FLAGS,
    ObjectId,
    Values,
    application_only,
)
from ingest.drivers.bacnet.tags import NULL, number
from ontology.history import Status

MANUAL_SLOT: Final = 8
"""Priority 8 is "Manual Operator"; 1 to 8 are people and safety, below them programs (ASHRAE 135, 19.2)."""
SLOTS: Final = 16
_OBJECT_BYTES: Final = 24
"""Answer bytes of one object: identifier, present-value, status-flags and their tags."""
_ARRAY_BYTES: Final = 26
"""Answer bytes of a priority array: 16 slots of which few are filled, and its tags."""

# how a byte of status flags begins: in-alarm, fault, overridden, out of service (clause 21)
FAULT_FLAG: Final = 0x40
OVERRIDDEN_FLAG: Final = 0x20
OUT_OF_SERVICE_FLAG: Final = 0x10


@dataclass(slots=True)
class Seen:
    """One object as last seen: its value (NaN: none), its flags, the highest slot somebody holds."""

    value: float = math.nan
    flags: int = 0
    slot: int | None = None
    has_array: bool = False

    def take(self, wanted: int, values: Values) -> None:
        """Note one property; None where the device gave an error instead."""
        tags = application_only(values)
        if not tags:
            return
        if wanted == PRESENT_VALUE:
            self.value = number(tags[0])
        elif wanted == STATUS_FLAGS:
            self.flags = tags[0].content[1] if len(tags[0].content) > 1 else 0
        elif wanted == PRIORITY_ARRAY:
            self.has_array = True
            if len(tags) != SLOTS:  # holds constructed values, which no point of a building does
                return
            filled = (i for i, tag in enumerate(tags, 1) if tag.number != NULL)
            self.slot = next(filled, None)

    def reading(self, register: Register) -> Reading:
        """As the register's point reads."""
        level = self.slot if self.slot is not None and self.slot <= MANUAL_SLOT else None
        value = self.value * register.scale + register.offset
        return Reading(register.point, value, status_of(self.value, self.flags, level), level)


def status_of(value: float, flags: int, level: int | None = None) -> Status:
    """How far a value with these status flags, held in this slot, can be trusted."""
    if math.isnan(value) or flags & FAULT_FLAG:
        return Status.FAULT
    if flags & OUT_OF_SERVICE_FLAG:
        return Status.OUT_OF_SERVICE
    if level is not None or flags & OVERRIDDEN_FLAG:
        return Status.OVERRIDDEN
    return Status.GOOD


def object_of(address: BacnetAddress) -> ObjectId:
    """The address by its numbers."""
    return ObjectId(BACNET_TYPES[address.type], address.instance)


def see(answers: Mapping[tuple[ObjectId, int, int | None], Values], asked: Asked) -> Seen:
    """One object out of everything a device answered."""
    target, wanted = asked
    seen = Seen()
    for name, index in wanted:
        seen.take(name, answers.get((target, name, index)))
    return seen


def cost(asked: Asked) -> int:
    """Bytes of an answer that an object with its value, flags and perhaps priority array takes."""
    return _OBJECT_BYTES + (len(asked[1]) - 2) * _ARRAY_BYTES
