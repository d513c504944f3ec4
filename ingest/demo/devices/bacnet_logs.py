"""Trend logs of simulated controllers: records in a ring, and the device's side of ReadRange.

A record is stamped with the device's local clock as it was then, so clocks that jump leave their
traces. Sequence numbers count from 1 and begin again after 2^32 - 1 (ASHRAE 135, clause 12.25).
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ingest.drivers.bacnet.services import LOG_BUFFER, ObjectId
from ingest.drivers.bacnet.tags import (
    CONTEXT,
    DATE,
    INTEGER,
    TIME,
    UNSIGNED,
    Reader,
    application,
    bit_octets,
    closing,
    context_object,
    context_unsigned,
    header,
    opening,
    unsigned,
)

SEQUENCE_MAX: Final = 2**32 - 1
_ANSWER_BYTES: Final = 22
"""Of a ReadRange answer around its records."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its number, the device's local clock then, and its datum and flags as they go on the wire."""

    sequence: int
    local: dt.datetime
    datum: bytes
    flags: int | None = 0
    """Status flags as their octet; None for records that carry none."""

    def octets(self) -> bytes:
        """A BACnetLogRecord."""
        said = opening(0) + stamp(self.local) + closing(0) + opening(1) + self.datum + closing(1)
        if self.flags is not None:
            said += header(2, CONTEXT, 2) + bytes([4, self.flags])
        return said


class Log(Protocol):
    """What ReadRange needs of a log: how many records there are, and each by its place."""

    records_of: ObjectId
    size: int

    @property
    def total(self) -> int:
        """Records ever logged, modulo 2^32."""

    def __len__(self) -> int: ...

    def record(self, place: int) -> Record:
        """The record at a place, 0 the oldest kept."""

    def local(self, place: int) -> dt.datetime:
        """When the record at a place was made, by the device's clock."""


class StoredLog:
    """A ring of records that were put in: what a controller with bad habits might have."""

    def __init__(self, records_of: ObjectId, size: int, *, first: int = 1) -> None:
        self.records_of = records_of
        self.size = size
        self._kept: deque[Record] = deque(maxlen=size)
        self._next = first

    @property
    def total(self) -> int:
        return self._next - 1 or SEQUENCE_MAX

    def __len__(self) -> int:
        return len(self._kept)

    def record(self, place: int) -> Record:
        return self._kept[place]

    def local(self, place: int) -> dt.datetime:
        return self._kept[place].local

    def put(self, local: dt.datetime, datum: bytes, flags: int | None = 0) -> None:
        """Add a record; the oldest goes where the ring is full."""
        self._kept.append(Record(self._next, local, datum, flags))
        self._next = self._next % SEQUENCE_MAX + 1


class PeriodicLog:
    """A log at fixed intervals whose values can be told for any instant: nothing is kept."""

    def __init__(
        self,
        records_of: ObjectId,
        datum: Callable[[int], tuple[bytes, int]],
        *,
        size: int,
        every_s: int,
        since: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.records_of = records_of
        self.size = size
        self._every_s = every_s
        self._now = now
        self._before = int(since) // every_s
        self._datum = datum

    @property
    def total(self) -> int:
        return int(self._now()) // self._every_s - self._before

    def __len__(self) -> int:
        return min(self.size, self.total)

    def record(self, place: int) -> Record:
        number = self._number(place)
        return Record(number, self.local(place), *self._datum(self._ts(place)))

    def local(self, place: int) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._ts(place), dt.UTC).replace(tzinfo=None)

    def _ts(self, place: int) -> int:
        return (self._before + self._number(place)) * self._every_s

    def _number(self, place: int) -> int:
        return self.total - len(self) + 1 + place


def stamp(local: dt.datetime) -> bytes:
    """A date and a time as application tags."""
    return application(DATE, date_octets(local)) + application(TIME, time_octets(local))


def date_octets(local: dt.datetime) -> bytes:
    """Year since 1900, month, day, weekday from Monday = 1 (clause 20.2.12)."""
    return bytes([local.year - 1900, local.month, local.day, local.isoweekday()])


def time_octets(local: dt.datetime) -> bytes:
    """Hour, minute, second, hundredths (clause 20.2.13)."""
    return bytes([local.hour, local.minute, local.second, local.microsecond // 10_000])


@dataclass(frozen=True, slots=True)
class Wish:
    """A ReadRange request: by position, sequence number or time."""

    target: ObjectId
    by: int
    """3 position, 6 sequence number, 7 time (clause 15.8.1.1.4)."""
    reference: int
    later_than: dt.datetime | None
    count: int


def wish(octets: bytes) -> Wish:
    """A request read; raises Malformed, or ValueError for what no log can answer."""
    reader = Reader(octets)
    both = unsigned(reader.context(0))
    target = ObjectId(both >> 22, both & 0x3FFFFF)
    if unsigned(reader.context(1)) != LOG_BUFFER:
        raise ValueError("only log buffers have ranges")
    reader.optional(2)
    by = next((kind for kind in (3, 6, 7) if reader.opens(kind)), 3)
    tags = reader.inside(by) if reader.more else []
    later_than, reference = None, 1
    if by == 7:
        date, time = (tag.content for tag in tags if tag.number in {DATE, TIME})
        later_than = dt.datetime(  # noqa: DTZ001  (a device's own clock)
            1900 + date[0], date[1], date[2], time[0], time[1], time[2], time[3] * 10_000
        )
    elif tags:
        reference = next(unsigned(tag.content) for tag in tags if tag.number == UNSIGNED)
    counts = [tag.content for tag in tags if tag.number == INTEGER]
    count = int.from_bytes(counts[0], "big", signed=True) if counts else 1 << 15
    return Wish(target, by, reference, later_than, count)


def answer(log: Log, asked: Wish, room: int) -> bytes:
    """The ReadRange answer: as many of the records asked for as fit into `room` bytes."""
    first = _place(log, asked)
    places: Sequence[int] = range(0)
    if first is not None and asked.count > 0:
        places = range(first, min(len(log), first + asked.count))
    elif first is not None:
        places = range(max(0, first + asked.count + 1), first + 1)
    said: list[bytes] = []
    used = _ANSWER_BYTES
    for place in places:
        octets = log.record(place).octets()
        if used + len(octets) > room:
            break
        said.append(octets)
        used += len(octets)
    return _range(log, asked, places, said)


def _range(log: Log, asked: Wish, places: Sequence[int], said: list[bytes]) -> bytes:
    begins = bool(said) and places[0] == 0
    ends = bool(said) and places[len(said) - 1] == len(log) - 1
    flags = bit_octets([begins, ends, len(said) < len(places)])
    octets = context_object(0, *asked.target) + context_unsigned(1, LOG_BUFFER)
    octets += header(3, CONTEXT, len(flags)) + flags + context_unsigned(4, len(said))
    octets += opening(5) + b"".join(said) + closing(5)
    if said and asked.by != 3:
        octets += context_unsigned(6, log.record(places[0]).sequence)
    return octets


def _place(log: Log, asked: Wish) -> int | None:
    """Where the records asked for begin; None where there are none."""
    if not len(log):
        return None
    if asked.by == 3:
        return asked.reference - 1 if 1 <= asked.reference <= len(log) else None
    if asked.by == 6:
        oldest = log.record(0).sequence
        place = (asked.reference - oldest) % SEQUENCE_MAX
        return place if place < len(log) else None
    later_than = asked.later_than
    if later_than is None:
        return None
    return next((i for i in range(len(log)) if log.local(i) > later_than), None)
