"""What the BACnet services we use say: requests to bytes, answers to values (ASHRAE 135, clauses 13, 15 and 21)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ingest.drivers.bacnet.tags import (
    APPLICATION,
    CONTEXT,
    Malformed,
    Reader,
    Tag,
    application,
    closing,
    context_object,
    context_unsigned,
    header,
    object_id,
    opening,
    signed,
    unsigned,
    whole,
)

# service choices (clause 21, BACnetConfirmedServiceChoice and BACnetUnconfirmedServiceChoice)
CONFIRMED_COV: Final = 1
SUBSCRIBE_COV: Final = 5
READ_PROPERTY: Final = 12
READ_MULTIPLE: Final = 14
WRITE_PROPERTY: Final = 15
READ_RANGE: Final = 26
UNCONFIRMED_COV: Final = 2

# properties (clause 21, BACnetPropertyIdentifier)
DAYLIGHT: Final = 24
DESCRIPTION: Final = 28
LOCAL_DATE: Final = 56
LOCAL_TIME: Final = 57
MODEL_NAME: Final = 70
OBJECT_LIST: Final = 76
OBJECT_NAME: Final = 77
PRESENT_VALUE: Final = 85
PRIORITY_ARRAY: Final = 87
STATUS_FLAGS: Final = 111
SYSTEM_STATUS: Final = 112
UNITS: Final = 117
UTC_OFFSET: Final = 119
VENDOR_NAME: Final = 121
LOG_BUFFER: Final = 131
LOGGED_PROPERTY: Final = 132
RECORD_COUNT: Final = 141
TOTAL_RECORD_COUNT: Final = 145
DATABASE_REVISION: Final = 155
RESTART_TIME: Final = 203

DEVICE: Final = 8
TREND_LOG: Final = 20
TREND_LOG_MULTIPLE: Final = 27
OBJECT_TYPES: Final = 1 << 10
ANY_INSTANCE: Final = (1 << 22) - 1


class ObjectId(NamedTuple):
    """An object of a device by its numbers."""

    type: int
    instance: int


Values = list[Tag] | None
"""The tags of a property's value; None where the device gave an error instead."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property as a device answered it."""

    object: ObjectId
    property: int
    index: int | None
    values: Values


def read_property(target: ObjectId, wanted: int, index: int | None = None) -> bytes:
    """A ReadProperty request."""
    said = context_object(0, *target) + context_unsigned(1, wanted)
    return said if index is None else said + context_unsigned(2, index)


def read_multiple(asked: Iterable[tuple[ObjectId, Sequence[tuple[int, int | None]]]]) -> bytes:
    """A ReadPropertyMultiple request: of each object these (property, array index or None)."""
    parts = []
    for target, wanted in asked:
        parts += [context_object(0, *target), opening(1)]
        for name, index in wanted:
            parts.append(context_unsigned(0, name))
            if index is not None:
                parts.append(context_unsigned(1, index))
        parts.append(closing(1))
    return b"".join(parts)


def property_of(octets: bytes) -> Property:
    """A ReadProperty answer; raises Malformed."""
    reader = Reader(octets)
    target = ObjectId(*object_id(reader.context(0)))
    name = unsigned(reader.context(1))
    index = reader.optional(2)
    reader.open(3)
    return Property(target, name, None if index is None else unsigned(index), reader.inside(3))


def properties_of(octets: bytes) -> Iterator[Property]:
    """A ReadPropertyMultiple answer, property by property; raises Malformed where it stops making sense."""
    reader = Reader(octets)
    while reader.more:
        target = ObjectId(*object_id(reader.context(0)))
        reader.open(1)
        while not reader.closes(1):
            name = unsigned(reader.context(2))
            index = reader.optional(3)
            place = None if index is None else unsigned(index)
            if reader.opens(4):
                yield Property(target, name, place, reader.inside(4))
            else:
                reader.open(5)
                reader.inside(5)
                yield Property(target, name, place, None)


def write_property(target: ObjectId, name: int, value: bytes, priority: int | None) -> bytes:
    """A WriteProperty request; `value` is already tagged."""
    said = context_object(0, *target) + context_unsigned(1, name)
    said += opening(3) + value + closing(3)
    return said if priority is None else said + context_unsigned(4, priority)


def subscribe(process: int, target: ObjectId, lifetime_s: int, *, confirmed: bool) -> bytes:
    """A SubscribeCOV request."""
    return (
        context_unsigned(0, process)
        + context_object(1, *target)
        + header(2, CONTEXT, 1) + bytes([confirmed])
        + context_unsigned(3, lifetime_s)
    )  # fmt: skip


def unsubscribe(process: int, target: ObjectId) -> bytes:
    """A SubscribeCOV request that ends the subscription."""
    return context_unsigned(0, process) + context_object(1, *target)


@dataclass(frozen=True, slots=True)
class Notification:
    """A COV notification: which of our subscriptions it answers, and what the object is now."""

    process: int
    device: ObjectId
    object: ObjectId
    remaining_s: int
    values: tuple[Property, ...]


def notification_of(octets: bytes) -> Notification:
    """A COV notification, confirmed or not; raises Malformed."""
    reader = Reader(octets)
    process = unsigned(reader.context(0))
    device = ObjectId(*object_id(reader.context(1)))
    target = ObjectId(*object_id(reader.context(2)))
    remaining_s = unsigned(reader.context(3))
    reader.open(4)
    values = []
    while not reader.closes(4):
        name = unsigned(reader.context(0))
        index = reader.optional(1)
        reader.open(2)
        tags = reader.inside(2)
        reader.optional(3)
        values.append(Property(target, name, None if index is None else unsigned(index), tags))
    return Notification(process, device, target, remaining_s, tuple(values))


def range_by_position(target: ObjectId, first: int, count: int) -> bytes:
    """ReadRange of a log's buffer from a position; the oldest record is 1."""
    return _range(target) + opening(3) + whole(first) + signed(count) + closing(3)


def range_by_sequence(target: ObjectId, first: int, count: int) -> bytes:
    """ReadRange of a log's buffer from a sequence number."""
    return _range(target) + opening(6) + whole(first) + signed(count) + closing(6)


def range_by_time(target: ObjectId, date: bytes, time: bytes, count: int) -> bytes:
    """ReadRange of a log's buffer: records later than a date (4 octets) and time (4 octets)."""
    said = application(10, date) + application(11, time) + signed(count)
    return _range(target) + opening(7) + said + closing(7)


def _range(target: ObjectId) -> bytes:
    return context_object(0, *target) + context_unsigned(1, LOG_BUFFER)


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a log: its records still tagged, and where it lies in the log."""

    first: bool
    last: bool
    more: bool
    count: int
    records: bytes
    sequence: int | None
    """Sequence number of the first record; None where the device gives none (asked by position)."""


def range_of(octets: bytes) -> Range:
    """A ReadRange answer; raises Malformed."""
    reader = Reader(octets)
    object_id(reader.context(0))
    unsigned(reader.context(1))
    reader.optional(2)
    flags = reader.context(3)
    if len(flags) < 2:
        raise Malformed("result flags are missing")
    count = unsigned(reader.context(4))
    reader.open(5)
    records = reader.between(5)
    sequence = reader.optional(6)
    bits = flags[1]
    return Range(
        first=bool(bits & 0x80),
        last=bool(bits & 0x40),
        more=bool(bits & 0x20),
        count=count,
        records=records,
        sequence=None if sequence is None else unsigned(sequence),
    )


def application_only(values: Values) -> list[Tag]:
    """The application tags of a value; nothing where there is none."""
    return [tag for tag in values or () if tag.kind == APPLICATION]
