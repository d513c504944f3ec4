"""How a BACnet device's own clock stands to UTC, record by record.

Devices stamp with local time and do not say in which offset. A zone decides, where one is given;
else the offset that the device has now; else the difference between its clock and ours, in
quarters of an hour.
"""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.drivers.bacnet.remote import Remote
from ingest.drivers.bacnet.services import (
    DAYLIGHT,
    DEVICE,
    LOCAL_DATE,
    LOCAL_TIME,
    UTC_OFFSET,
    ObjectId,
    application_only,
)
from ingest.drivers.bacnet.tags import number
from ontology.errors import BadRequest
from ontology.time import UTC

_CLOCK: Final = ((UTC_OFFSET, None), (DAYLIGHT, None), (LOCAL_DATE, None), (LOCAL_TIME, None))
_CLOCK_BYTES: Final = 48
_QUARTER: Final = dt.timedelta(minutes=15)
_OFFSET_MOST: Final = dt.timedelta(hours=15)
"""Zones reach from -12 to +14 hours."""
_UNSPECIFIED: Final = 255
_CHANGE: Final = dt.timedelta(hours=3)
"""Around a change of the offset, for what local times are ambiguous."""
_EARLIEST: Final = dt.datetime(1901, 1, 1, tzinfo=UTC)
_LATEST: Final = dt.datetime(2154, 1, 1, tzinfo=UTC)
"""A BACnet year is one octet from 1900."""


class DeviceClock:
    """Local times of one log, in the order of its records, to UTC."""

    def __init__(self, zone: dt.tzinfo) -> None:
        self._zone = zone
        self._last: dt.datetime | None = None

    def utc(self, local: dt.datetime) -> dt.datetime:
        """The instant. Of an hour that comes twice the second one, once the first has passed."""
        early = local.replace(tzinfo=self._zone, fold=0).astimezone(UTC)
        late = local.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        again = self._last is not None and early < self._last <= late
        self._last = late if again else early
        return self._last

    def moved(self) -> None:
        """Somebody set the clock: the next record follows from nothing."""
        self._last = None

    def before(self, instant: dt.datetime) -> dt.datetime:
        """The local time to ask from so that nothing after the instant is missed."""
        instant = min(max(instant, _EARLIEST), _LATEST)
        offsets = {
            (instant + shift).astimezone(self._zone).utcoffset()
            for shift in (-_CHANGE, dt.timedelta(), _CHANGE)
        }
        earlier = instant - (_CHANGE if len(offsets) > 1 else dt.timedelta(seconds=1))
        return earlier.astimezone(self._zone).replace(tzinfo=None, fold=0)


async def zone_of(remote: Remote, device: int, zone: str) -> dt.tzinfo:
    """The zone of a device's clock. Raises BadRequest where nothing tells, and DeviceSilent."""
    if zone:
        try:
            return ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as cause:
            raise BadRequest(
                f"no time zone {zone!r}", hint="use a name such as Asia/Bangkok"
            ) from cause
    own = ObjectId(DEVICE, device)
    answers = await remote.many([(own, _CLOCK)], lambda _: _CLOCK_BYTES)
    said = {name: application_only(values) for (_, name, _), values in answers.items()}
    if said.get(UTC_OFFSET):
        west = dt.timedelta(minutes=number(said[UTC_OFFSET][0]))
        summer = bool(said.get(DAYLIGHT)) and number(said[DAYLIGHT][0]) == 1
        offset = -west + dt.timedelta(hours=int(summer))
    else:
        date, time = said.get(LOCAL_DATE), said.get(LOCAL_TIME)
        local = local_time(date[0].content, time[0].content) if date and time else None
        offset = _OFFSET_MOST if local is None else _between(local)
    if abs(offset) >= _OFFSET_MOST:
        raise BadRequest(
            f"bacnet device {device} does not tell how its clock stands to UTC",
            hint="give the line the option zone, such as Asia/Bangkok; and check the device's clock",
        )
    return dt.timezone(offset)


def _between(local: dt.datetime) -> dt.timedelta:
    """A clock's distance to ours, in whole quarters of an hour."""
    apart = local - dt.datetime.now(UTC).replace(tzinfo=None)
    return round(apart / _QUARTER) * _QUARTER


def local_time(date: bytes, time: bytes) -> dt.datetime | None:
    """A BACnet date and time (clauses 20.2.12 and 20.2.13); None where any part is unspecified or impossible."""
    if len(date) != 4 or len(time) != 4 or _UNSPECIFIED in {*date[:3], *time[:3]}:
        return None
    hundredths = 0 if time[3] == _UNSPECIFIED else time[3]
    try:
        return dt.datetime(  # noqa: DTZ001  (a device's own clock)
            1900 + date[0], date[1], date[2], time[0], time[1], time[2], hundredths * 10_000
        )
    except ValueError:
        return None
