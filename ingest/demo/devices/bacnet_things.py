"""The objects of a simulated BACnet controller: inputs, outputs with their priority arrays, values."""

from __future__ import annotations

import math
from typing import Final, Protocol

from ingest.drivers.bacnet.services import (
    DESCRIPTION,
    OBJECT_NAME,
    PRESENT_VALUE,
    PRIORITY_ARRAY,
    STATUS_FLAGS,
    UNITS,
    ObjectId,
)
from ingest.drivers.bacnet.tags import (
    APPLICATION,
    NULL,
    Tag,
    application,
    characters,
    enumerated,
    identifier,
    number,
    real,
    whole,
)

SLOTS: Final = 16
NOTHING: Final = application(NULL)
OBJECT_IDENTIFIER: Final = 75
OBJECT_TYPE: Final = 79
_ANALOG: Final = frozenset({0, 1, 2})
_BINARY: Final = frozenset({3, 4, 5})
_NO_UNITS: Final = 95


class Fails(Exception):
    """The device answers with an error: its class and code (ASHRAE 135, clause 18)."""

    def __init__(self, group: int, code: int) -> None:
        super().__init__(f"error class {group} code {code}")
        self.group, self.code = group, code


UNKNOWN_OBJECT: Final = (1, 31)
UNKNOWN_PROPERTY: Final = (2, 32)
VALUE_OUT_OF_RANGE: Final = (2, 37)
WRITE_ACCESS_DENIED: Final = (2, 40)
INVALID_ARRAY_INDEX: Final = (2, 42)
INVALID_DATA_TYPE: Final = (2, 9)
NOT_AN_ARRAY: Final = (2, 50)
COV_SUBSCRIPTION_FAILED: Final = (5, 43)


class Source(Protocol):
    """Where an object's value comes from, and where commands go."""

    def value(self) -> float:
        """NaN where the instrument gives nothing."""

    def flags(self) -> int:
        """Status flags as their octet."""

    def slots(self) -> list[float | None] | None:
        """The priority array; None for objects without one."""

    def put(self, value: float | None, priority: int, /) -> None:
        """Take a command (None: give the slot back); raises Fails."""


class HandSource:
    """A value that is set by hand, and a priority array that takes commands."""

    def __init__(
        self, value: float, *, commandable: bool = False, flags: int = 0, states: int | None = None
    ) -> None:
        self.default = value
        self.said_flags = flags
        self.states = states
        self.array: list[float | None] | None = [None] * SLOTS if commandable else None

    def value(self) -> float:
        held = (slot for slot in self.array or () if slot is not None)
        return next(held, self.default)

    def flags(self) -> int:
        return self.said_flags | (0x40 if math.isnan(self.value()) else 0)

    def slots(self) -> list[float | None] | None:
        return self.array

    def put(self, value: float | None, priority: int) -> None:
        if self.array is None:
            raise Fails(*WRITE_ACCESS_DENIED)
        if value is not None and self.states is not None and not 1 <= value <= self.states:
            raise Fails(*VALUE_OUT_OF_RANGE)
        self.array[priority - 1] = value


class Thing:
    """An object: answers for its properties in bytes."""

    def __init__(
        self,
        id: ObjectId,
        name: str,
        source: Source,
        *,
        description: str = "",
        units: int | None = None,
        increment: float = 0.1,
    ) -> None:
        self.id = id
        self.name = name
        self.source = source
        self.increment = increment
        self._fixed = {
            OBJECT_IDENTIFIER: identifier(*id),
            OBJECT_NAME: characters(name),
            OBJECT_TYPE: enumerated(id.type),
            DESCRIPTION: characters(description),
        }
        if id.type in _ANALOG:
            self._fixed[UNITS] = enumerated(_NO_UNITS if units is None else units)

    def read(self, name: int, index: int | None) -> bytes:
        """A property tagged; raises Fails."""
        if name == PRIORITY_ARRAY:
            return self._array(index)
        if index is not None:
            raise Fails(*NOT_AN_ARRAY)
        if name == PRESENT_VALUE:
            return self.tagged(self.source.value())
        if name == STATUS_FLAGS:
            return bytes([0x82, 4, self.source.flags()])
        if name not in self._fixed:
            raise Fails(*UNKNOWN_PROPERTY)
        return self._fixed[name]

    def write(self, name: int, tag: Tag, priority: int) -> None:
        """Take a command; raises Fails."""
        if name != PRESENT_VALUE:
            raise Fails(*WRITE_ACCESS_DENIED)
        if tag.kind == APPLICATION and tag.number == NULL:
            self.source.put(None, priority)
            return
        value = number(tag)
        if math.isnan(value) or tag.number != (self.tagged(1.0)[0] >> 4):
            raise Fails(*INVALID_DATA_TYPE)
        self.source.put(value, priority)

    def tagged(self, value: float) -> bytes:
        """A value of this object as it goes on the wire."""
        if self.id.type in _ANALOG:
            return real(value)
        if self.id.type in _BINARY:
            return b"\x91\x01" if value >= 0.5 else b"\x91\x00"
        return whole(1 if math.isnan(value) else max(1, int(value)))

    def _array(self, index: int | None) -> bytes:
        slots = self.source.slots()
        if slots is None:
            raise Fails(*UNKNOWN_PROPERTY)
        if index == 0:
            return whole(SLOTS)
        if index is not None and not 1 <= index <= SLOTS:
            raise Fails(*INVALID_ARRAY_INDEX)
        chosen = slots if index is None else [slots[index - 1]]
        return b"".join(NOTHING if slot is None else self.tagged(slot) for slot in chosen)
