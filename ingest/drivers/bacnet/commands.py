"""Commands: a value into a slot of a priority array, the slot given back, and proof of it read afterwards."""

from __future__ import annotations

import math
from typing import Final

from ingest.addresses import BacnetAddress
from ingest.driver import Register
from ingest.drivers.bacnet.remote import Nack, Remote
from ingest.drivers.bacnet.seen import SLOTS, object_of
from ingest.drivers.bacnet.services import (
    PRESENT_VALUE,
    PRIORITY_ARRAY,
    WRITE_PROPERTY,
    application_only,
    write_property,
)
from ingest.drivers.bacnet.tags import NULL, Tag, application, enumerated, number, real, whole
from ontology.errors import BadRequest, Refused

_MINIMUM_ON_OFF: Final = 6
"""Slot of the device's own minimum on and off times: nobody else writes it (ASHRAE 135, clause 19.2.3)."""
_SLOT_BYTES: Final = 20
"""Answer bytes of one slot."""
_FLOAT32_SHARE: Final = 1e-6
"""What a Real may differ from the float it was made of."""


async def command(
    remote: Remote, place: BacnetAddress, register: Register, value: float | None, priority: int
) -> None:
    """Write, then look whether the slot holds what was written. Raises Refused, BadRequest, DeviceSilent."""
    if not 1 <= priority <= SLOTS or priority == _MINIMUM_ON_OFF:
        raise BadRequest(
            f"{register.point.id}: priority {priority}",
            hint="use 1 to 16, 8 for an operator; never 6",
        )
    octets = application(NULL) if value is None else _encoded(place, register, value)
    if place.commandable is False:
        raise Refused(
            f"{register.point.id}: {place.type},{place.instance} is an input",
            hint="command an output or a value",
        )
    target = object_of(place)
    if await _slots(remote, place) is None:
        raise Refused(
            f"{register.point.id}: {place.type},{place.instance} has no priority array",
            hint="the device's program owns it: change it there",
        )
    try:
        asked = write_property(target, PRESENT_VALUE, octets, priority)
        await remote.ask(WRITE_PROPERTY, asked)
    except Nack as nack:
        raise Refused(
            f"{register.point.id}: the device does not take it: {nack}",
            hint="check the value's range, and whether the device allows writing from the network",
        ) from nack
    slots = await _slots(remote, place)
    if slots is not None and not _holds(slots[priority - 1], octets):
        raise Refused(
            f"{register.point.id}: the device said yes, and its slot {priority} does not hold it",
            hint="its own program may write the same slot",
        )


async def _slots(remote: Remote, place: BacnetAddress) -> list[Tag] | None:
    """The priority array; None where there is none. Small devices are asked slot by slot."""
    target = object_of(place)
    try:
        tags = application_only(await remote.read(target, PRIORITY_ARRAY))
    except Nack:
        wanted = [(PRIORITY_ARRAY, index) for index in range(1, SLOTS + 1)]
        said = await remote.many([(target, [place]) for place in wanted], lambda _: _SLOT_BYTES)
        slots = [said.get((target, *place)) for place in wanted]
        tags = [tag for values in slots for tag in application_only(values)]
    return tags if len(tags) == SLOTS else None


def _holds(tag: Tag, octets: bytes) -> bool:
    """Whether a slot has what was written, as far as the device's numbers can tell."""
    if octets == application(NULL):
        return tag.number == NULL
    return tag.number != NULL and _close(number(tag), _value_of(octets))


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_FLOAT32_SHARE, abs_tol=_FLOAT32_SHARE)


def _value_of(octets: bytes) -> float:
    return number(Tag(0, octets[0] >> 4, octets[1:]))


def _encoded(place: BacnetAddress, register: Register, value: float) -> bytes:
    """The canonical value as the object takes it; the inverse of `raw * scale + offset`."""
    raw = (value - register.offset) / register.scale
    family = place.type.rpartition("-")[0]
    if not math.isfinite(raw) or abs(raw) > 3.4e38:  # of float32
        raise BadRequest(f"{register.point.id}: {value} is no value", hint="give a finite number")
    if family == "analog":
        return real(raw)
    state = round(raw)
    lowest, highest = (0, 1) if family == "binary" else (1, 2**32 - 1)
    if not lowest <= state <= highest or not _close(state, raw):
        raise BadRequest(
            f"{register.point.id}: {value} is no state of {place.type},{place.instance}",
            hint="0 or 1" if family == "binary" else "states count from 1",
        )
    return enumerated(state) if family == "binary" else whole(state)
