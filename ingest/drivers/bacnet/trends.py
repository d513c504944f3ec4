"""Trend logs read back: ReadRange in pieces that fit the device, records to samples, nothing invented.

A log is asked from a time on and followed by sequence number, because the ring may turn while it
is read and its clock may have jumped. Records of the log itself (switched off, emptied, clock set)
are no samples; a record of a failed reading is a FAULT without a value.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.addresses import TrendAddress, trend_address
from ingest.driver import Register
from ingest.drivers.bacnet.clock import DeviceClock, local_time, zone_of
from ingest.drivers.bacnet.remote import Nack, Remote
from ingest.drivers.bacnet.seen import status_of
from ingest.drivers.bacnet.services import (
    READ_RANGE,
    TREND_LOG,
    TREND_LOG_MULTIPLE,
    ObjectId,
    Range,
    range_by_position,
    range_by_sequence,
    range_by_time,
    range_of,
)
from ingest.drivers.bacnet.tags import CONTEXT, OPENING, Malformed, Reader, number
from ontology.errors import Refused
from ontology.history import Samples
from ontology.time import Span

_SEQUENCE_MAX: Final = 2**32 - 1
_AROUND_BYTES: Final = 34
"""Of a ReadRange answer beside its records."""
_RECORD_BYTES: Final = 26
"""A record with a Real, its stamp and flags, and a little more."""
_COLUMN_BYTES: Final = 6
_SAID: Final = 200
_RECORDS_MAX: Final = 2_000_000
"""Of one log in one go; the standard allows rings of 2^32, devices have thousands."""
_TURNS_MAX: Final = 8
"""How often the ring may overtake us before we give up on it."""
_OVERLAP: Final = 2
"""Records asked for again where a log has no sequence numbers and may turn meanwhile."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the device's local time (None: unspecified) and a value for each column; none for the log's own."""

    local: dt.datetime | None
    values: tuple[float, ...]
    flags: int
    moved: bool = False
    """Somebody set the device's clock."""


_Wanted = tuple[Register, TrendAddress]


async def trends(
    remote: Remote, device: int, registers: Sequence[Register], span: Span, zone: str
) -> AsyncGenerator[Samples]:
    """What the logs of these registers have within the range; logs one after another.

    Raises Refused at the end where some of them could not be read.
    """
    logs: dict[ObjectId, list[_Wanted]] = {}
    for register in registers:
        if register.log:
            place = trend_address(register.log)
            kind = TREND_LOG if place.type == "trend-log" else TREND_LOG_MULTIPLE
            logs.setdefault(ObjectId(kind, place.instance), []).append((register, place))
    if not logs:
        return
    own = await zone_of(remote, device, zone)
    unread: list[str] = []
    for log, wanted in logs.items():
        try:
            async for samples in _of_log(remote, log, wanted, DeviceClock(own), span):
                yield samples
        except (Nack, Malformed) as wrong:
            unread.append(f"log {log.type},{log.instance} cannot be read: {wrong}"[:_SAID])
    if unread:
        more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
        raise Refused(
            f"bacnet device {device}: {unread[0]}{more}",
            hint="check in the device that the log is there, and its name in lines.toml",
        )


async def _of_log(
    remote: Remote, log: ObjectId, wanted: Sequence[_Wanted], clock: DeviceClock, span: Span
) -> AsyncIterator[Samples]:
    async for rows in _rows(remote, log, clock.before(span.start)):
        stamped = list(_stamped(rows, clock, span))
        for register, place in wanted:
            samples = _samples(stamped, register, max(place.column - 1, 0))
            if len(samples):
                yield samples


async def _rows(remote: Remote, log: ObjectId, later_than: dt.datetime) -> AsyncIterator[list[Row]]:
    """All rows later than a local time, in the order they were logged. Raises Nack, Malformed, DeviceSilent."""
    pages = _Pages(remote, log)
    try:
        page = await pages.by_time(later_than)
    except Nack as nack:
        if nack.too_big:
            raise
        async for rows in _by_position(pages):
            yield rows
        return
    seen = turns = 0
    while page.count and page.sequence is not None and seen < _RECORDS_MAX:
        rows = list(rows_of(page.records, many=log.type == TREND_LOG_MULTIPLE))
        yield rows
        seen += page.count
        if page.last:
            return
        following = (page.sequence + page.count - 1) % _SEQUENCE_MAX + 1
        page = await pages.by_sequence(following)
        if not page.count and turns < _TURNS_MAX:  # the ring has overtaken us
            turns += 1
            times = [row.local for row in rows if row.local is not None]
            page = await pages.by_time(times[-1] if times else later_than)


async def _by_position(pages: _Pages) -> AsyncIterator[list[Row]]:
    """The whole log from its oldest record, for devices that know no other way."""
    position = 1
    while position < _RECORDS_MAX:
        page = await pages.by_position(position)
        if not page.count:
            return
        yield list(rows_of(page.records, many=pages.log.type == TREND_LOG_MULTIPLE))
        if page.last:
            return
        position += max(1, page.count - _OVERLAP)


class _Pages:
    """One log, asked for as many records at a time as the device can answer."""

    def __init__(self, remote: Remote, log: ObjectId) -> None:
        self.log = log
        self._remote = remote
        self._count = max(1, (remote.budget - _AROUND_BYTES) // _RECORD_BYTES)

    async def by_time(self, later_than: dt.datetime) -> Range:
        """Records later than a local time of the device."""
        date = bytes(
            [later_than.year - 1900, later_than.month, later_than.day, later_than.isoweekday()]
        )
        hundredths = later_than.microsecond // 10_000
        time = bytes([later_than.hour, later_than.minute, later_than.second, hundredths])
        return await self._ask(lambda count: range_by_time(self.log, date, time, count))

    async def by_sequence(self, first: int) -> Range:
        """Records from a sequence number on."""
        return await self._ask(lambda count: range_by_sequence(self.log, first, count))

    async def by_position(self, first: int) -> Range:
        """Records from a position on, 1 the oldest."""
        return await self._ask(lambda count: range_by_position(self.log, first, count))

    async def _ask(self, request: Callable[[int], bytes]) -> Range:
        while True:
            try:
                return range_of(await self._remote.ask(READ_RANGE, request(self._count)))
            except Nack as nack:
                if not nack.too_big or self._count == 1:
                    raise
                self._count //= 2


def rows_of(octets: bytes, *, many: bool) -> Iterator[Row]:
    """BACnetLogRecords, or (`many`) BACnetLogMultipleRecords; raises Malformed."""
    reader = Reader(octets)
    while reader.more:
        reader.open(0)
        date, time = reader.take(), reader.take()
        if not reader.closes(0):
            raise Malformed("a time stamp is longer than a date and a time")
        local = local_time(date.content, time.content)
        reader.open(1)
        row = _many(reader, local) if many else _one(reader, local)
        if not reader.closes(1):
            raise Malformed("a record has more than one datum")
        flags = None if many else reader.optional(2)
        yield row if not flags else Row(local, row.values, flags[-1], row.moved)


def _one(reader: Reader, local: dt.datetime | None) -> Row:
    """The datum of a record: 0 the log's own status, 9 a change of the clock, else a value."""
    kind = reader.peek().number
    value = _datum(reader, numbers={1, 2, 3, 4, 5}, anything=10)
    if kind in {0, 9}:
        return Row(local, (), 0, moved=kind == 9)
    return Row(local, (value,), 0)


def _many(reader: Reader, local: dt.datetime | None) -> Row:
    """The data of a record of many: 0 status, 1 a value for each column, 2 a change of the clock."""
    if not reader.opens(1):
        tag = reader.take()
        return Row(local, (), 0, moved=tag.number == 2)
    values = []
    while not reader.closes(1):
        values.append(_datum(reader, numbers={0, 1, 2, 3, 4}, anything=8))
    return Row(local, tuple(values), 0)


def _datum(reader: Reader, *, numbers: set[int], anything: int) -> float:
    """One choice of a log datum as a number; NaN for failures, Null and what is no number.

    `numbers` are the choices Boolean, Real, Enumerated, Unsigned and Integer, in this order.
    """
    tag = reader.take()
    if tag.kind == OPENING:
        inner = reader.inside(tag.number)
        return number(inner[0]) if tag.number == anything and len(inner) == 1 else math.nan
    if tag.kind != CONTEXT:
        raise Malformed(f"a datum without its choice: {tag}")
    if tag.number not in numbers or not tag.content:
        return math.nan
    choice = tag.number - min(numbers)
    if choice == 1:
        return struct.unpack(">f", tag.content)[0] if len(tag.content) == 4 else math.nan
    return float(int.from_bytes(tag.content, "big", signed=choice == 4))


def _stamped(rows: Sequence[Row], clock: DeviceClock, span: Span) -> Iterator[tuple[int, Row]]:
    """Rows with values within the range, and their unix seconds."""
    for row in rows:
        if row.moved:
            clock.moved()
        elif row.local is not None and row.values:
            at = clock.utc(row.local)
            if span.start <= at < span.end:
                yield int(at.timestamp()), row


def _samples(stamped: Sequence[tuple[int, Row]], register: Register, column: int) -> Samples:
    """One register's column in canonical units."""
    kept = [(ts, row.values[column], row.flags) for ts, row in stamped if column < len(row.values)]
    raw = np.array([value for _, value, _ in kept], dtype=np.float64)
    return Samples(
        points=(register.point,),
        index=np.zeros(len(kept), dtype=np.int32),
        ts=np.array([ts for ts, _, _ in kept], dtype=np.int64),
        value=raw * register.scale + register.offset,
        status=np.array([status_of(value, flags) for _, value, flags in kept], dtype=np.uint8),
    )
