"""One simulated BACnet controller: its objects, its services, and its manners, good and bad."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest.demo.devices.bacnet_logs import Log, answer, date_octets, stamp, time_octets, wish
from ingest.demo.devices.bacnet_things import (
    COV_SUBSCRIPTION_FAILED,
    INVALID_ARRAY_INDEX,
    OBJECT_IDENTIFIER,
    UNKNOWN_OBJECT,
    UNKNOWN_PROPERTY,
    Fails,
    Thing,
)
from ingest.drivers.bacnet.services import (
    DATABASE_REVISION,
    DAYLIGHT,
    DEVICE,
    LOCAL_DATE,
    LOCAL_TIME,
    LOGGED_PROPERTY,
    OBJECT_LIST,
    OBJECT_NAME,
    PRESENT_VALUE,
    READ_MULTIPLE,
    READ_PROPERTY,
    READ_RANGE,
    RECORD_COUNT,
    RESTART_TIME,
    STATUS_FLAGS,
    SUBSCRIBE_COV,
    SYSTEM_STATUS,
    TOTAL_RECORD_COUNT,
    UTC_OFFSET,
    WRITE_PROPERTY,
    ObjectId,
)
from ingest.drivers.bacnet.tags import (
    DATE,
    TIME,
    Malformed,
    Reader,
    application,
    boolean,
    characters,
    closing,
    context_object,
    context_unsigned,
    enumerated,
    identifier,
    object_id,
    opening,
    signed,
    unsigned,
    whole,
)

VENDOR: Final = 999
_BUFFER_SIZE: Final = 126
_HEADER_BYTES: Final = 3
_UNRECOGNIZED_SERVICE: Final = 9
_SEGMENTED_BOTH: Final = 0
_NO_SEGMENTS: Final = 3


class Rejects(Exception):
    """The device rejects the request: its reason (clause 18.9)."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"reject {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Manners:
    """What a controller can do, and how it misbehaves."""

    max_apdu: int = 1_476
    segments: bool = True
    multiple: bool = True
    """Knows ReadPropertyMultiple."""
    half: bool = False
    """Answers only the first half of the objects asked for at once."""
    late_s: float = 0.0
    ghosts: tuple[ObjectId, ...] = ()
    """Objects it lists and does not have."""
    hidden: tuple[ObjectId, ...] = ()
    """Objects it has and does not list."""
    cov_most: int = 10_000
    """Subscriptions it can hold."""
    tells_restart: bool = True
    """Has the properties time-of-device-restart and database-revision."""
    by_time: bool = True
    """Knows ReadRange by time."""
    zone: str = "UTC"
    """Of its clock."""
    tells_zone: bool = True
    """Has the properties utc-offset and daylight-savings-status."""
    clock_off_s: float = 0.0


@dataclass(slots=True)
class Subscription:
    """One COV subscription: to whom, until when, and what was last said."""

    peer: Any
    process: int
    confirmed: bool
    until: float
    said: tuple[float, int] | None = None


class Controller:
    """A BACnet device without its network: requests in, answers out."""

    def __init__(
        self,
        instance: int,
        name: str,
        things: Iterable[Thing],
        *,
        logs: Mapping[ObjectId, Log] | None = None,
        manners: Manners | None = None,
        now: Callable[[], float] = time.time,
        mute: Callable[[], bool] = lambda: False,
    ) -> None:
        self.instance = instance
        self.name = name
        self.things = {thing.id: thing for thing in things}
        self.logs = dict(logs or {})
        self.manners = manners or Manners()
        self.subscriptions: dict[tuple[Any, int, ObjectId], Subscription] = {}
        self.requests = 0
        self.off_until = 0.0
        self._now = now
        self._mute = mute
        self._restarted = now()
        self._revision = 1
        self._listed: bytes | None = None
        self._services = {
            READ_PROPERTY: self._read_property,
            READ_MULTIPLE: self._read_multiple,
            WRITE_PROPERTY: self._write_property,
            READ_RANGE: self._read_range,
            SUBSCRIBE_COV: self._subscribe,
        }

    @property
    def silent(self) -> bool:
        """Whether it hears nothing now."""
        return self._now() < self.off_until or self._mute()

    def behave(self, changes: Mapping[str, Any]) -> None:
        """Change its manners."""
        self.manners = dataclasses.replace(self.manners, **changes)
        self._listed = None

    def restart(self, off_s: float) -> None:
        """Forget all subscriptions, and be away for a while."""
        self.subscriptions.clear()
        self.off_until = self._now() + off_s
        self._restarted = self.off_until

    def i_am(self) -> bytes:
        """The service data of I-Am."""
        segmentation = _SEGMENTED_BOTH if self.manners.segments else _NO_SEGMENTS
        said = identifier(DEVICE, self.instance) + whole(self.manners.max_apdu)
        return said + enumerated(segmentation) + whole(VENDOR)

    def serve(self, service: int, octets: bytes, peer: Any, room: int) -> bytes:
        """The acknowledgement's service data, b"" for a simple one; raises Fails, Rejects and Malformed."""
        self.requests += 1
        known = service in self._services
        if not known or (service == READ_MULTIPLE and not self.manners.multiple):
            raise Rejects(_UNRECOGNIZED_SERVICE)
        return self._services[service](octets, peer, room)

    def local(self) -> dt.datetime:
        """Its clock, with the zone it keeps."""
        ts = self._now() + self.manners.clock_off_s
        return dt.datetime.fromtimestamp(ts, ZoneInfo(self.manners.zone))

    def due(self) -> Iterable[tuple[Subscription, Thing]]:
        """Subscriptions whose object has changed enough since it was last told."""
        now = self._now()
        for key, each in list(self.subscriptions.items()):
            if now >= each.until:
                del self.subscriptions[key]
                continue
            thing = self.things[key[2]]
            value, flags = thing.source.value(), thing.source.flags()
            if each.said is not None and each.said[1] == flags:
                moved = abs(value - each.said[0])
                if not moved >= thing.increment:  # nor where both are NaN
                    continue
            each.said = (value, flags)
            yield each, thing

    def notification(self, each: Subscription, thing: Thing) -> bytes:
        """The service data of a COV notification."""
        left = max(0, int(each.until - self._now()))
        value, flags = thing.read(PRESENT_VALUE, None), thing.read(STATUS_FLAGS, None)
        return (
            context_unsigned(0, each.process) + context_object(1, DEVICE, self.instance)
            + context_object(2, *thing.id) + context_unsigned(3, left) + opening(4)
            + context_unsigned(0, PRESENT_VALUE) + opening(2) + value + closing(2)
            + context_unsigned(0, STATUS_FLAGS) + opening(2) + flags + closing(2) + closing(4)
        )  # fmt: skip

    def _read(self, target: ObjectId, name: int, index: int | None) -> bytes:
        if target.type == DEVICE:
            return self._own(name, index)
        if target in self.logs:
            return self._log(self.logs[target], target, name)
        if target not in self.things:
            raise Fails(*UNKNOWN_OBJECT)
        return self.things[target].read(name, index)

    def _own(self, name: int, index: int | None) -> bytes:
        if name == OBJECT_LIST:
            return self._list(index)
        restart = {
            DATABASE_REVISION: lambda: whole(self._revision),
            RESTART_TIME: lambda: opening(2) + self._restart_stamp() + closing(2),
        }
        zone = {
            UTC_OFFSET: lambda: signed(-int(self._standard().total_seconds() // 60)),
            DAYLIGHT: lambda: boolean(bool(self.local().dst())),
        }
        answers: dict[int, Callable[[], bytes]] = {
            OBJECT_IDENTIFIER: lambda: identifier(DEVICE, self.instance),
            OBJECT_NAME: lambda: characters(self.name),
            SYSTEM_STATUS: lambda: enumerated(0),
            LOCAL_DATE: lambda: application(DATE, date_octets(self.local())),
            LOCAL_TIME: lambda: application(TIME, time_octets(self.local())),
        }
        answers |= restart if self.manners.tells_restart else {}
        answers |= zone if self.manners.tells_zone else {}
        if name not in answers:
            raise Fails(*UNKNOWN_PROPERTY)
        return answers[name]()

    def _restart_stamp(self) -> bytes:
        zone = ZoneInfo(self.manners.zone)
        return stamp(dt.datetime.fromtimestamp(self._restarted, zone))

    def _standard(self) -> dt.timedelta:
        local = self.local()
        return (local.utcoffset() or dt.timedelta()) - (local.dst() or dt.timedelta())

    def _list(self, index: int | None) -> bytes:
        """Its object list, as far as it is honest."""
        if self._listed is None:
            real = [ObjectId(DEVICE, self.instance), *self.things, *self.logs]
            shown = [each for each in real if each not in self.manners.hidden]
            self._listed = b"".join(identifier(*each) for each in (*shown, *self.manners.ghosts))
        count = len(self._listed) // 5
        if index is None:
            return self._listed
        if index == 0:
            return whole(count)
        if index > count:
            raise Fails(*INVALID_ARRAY_INDEX)
        return self._listed[5 * (index - 1) : 5 * index]

    def _log(self, log: Log, target: ObjectId, name: int) -> bytes:
        answers = {
            OBJECT_IDENTIFIER: lambda: identifier(*target),
            OBJECT_NAME: lambda: characters(f"log of {log.records_of}"),
            RECORD_COUNT: lambda: whole(len(log)),
            TOTAL_RECORD_COUNT: lambda: whole(log.total),
            _BUFFER_SIZE: lambda: whole(log.size),
            LOGGED_PROPERTY: lambda: (
                context_object(0, *log.records_of) + context_unsigned(1, PRESENT_VALUE)
            ),
        }
        if name not in answers:
            raise Fails(*UNKNOWN_PROPERTY)
        return answers[name]()

    def _read_property(self, octets: bytes, _peer: Any, _room: int) -> bytes:
        reader = Reader(octets)
        target = ObjectId(*object_id(reader.context(0)))
        name = unsigned(reader.context(1))
        place = reader.optional(2)
        index = None if place is None else unsigned(place)
        value = self._read(target, name, index)
        return octets + opening(3) + value + closing(3)

    def _read_multiple(self, octets: bytes, _peer: Any, _room: int) -> bytes:
        reader = Reader(octets)
        said: list[bytes] = []
        while reader.more:
            target = ObjectId(*object_id(reader.context(0)))
            reader.open(1)
            parts = [context_object(0, *target), b"\x1e"]
            while not reader.closes(1):
                name = unsigned(reader.context(0))
                place = reader.optional(1)
                parts.append(self._result(target, name, None if place is None else unsigned(place)))
            parts.append(b"\x1f")
            said.append(b"".join(parts))
        if self.manners.half and len(said) > 1:
            said = said[: len(said) // 2]
        return b"".join(said)

    def _result(self, target: ObjectId, name: int, index: int | None) -> bytes:
        where = context_unsigned(2, name)
        if index is not None:
            where += context_unsigned(3, index)
        try:
            return where + b"\x4e" + self._read(target, name, index) + b"\x4f"
        except Fails as error:
            return where + b"\x5e" + enumerated(error.group) + enumerated(error.code) + b"\x5f"

    def _write_property(self, octets: bytes, _peer: Any, _room: int) -> bytes:
        reader = Reader(octets)
        target = ObjectId(*object_id(reader.context(0)))
        name = unsigned(reader.context(1))
        reader.optional(2)
        reader.open(3)
        tags = reader.inside(3)
        priority = reader.optional(4)
        if target not in self.things:
            raise Fails(*UNKNOWN_OBJECT)
        if len(tags) != 1:
            raise Malformed("one value expected")
        self.things[target].write(name, tags[0], 16 if priority is None else unsigned(priority))
        return b""

    def _read_range(self, octets: bytes, _peer: Any, room: int) -> bytes:
        try:
            asked = wish(octets)
        except ValueError as cause:
            raise Rejects(7) from cause  # parameter out of range
        if asked.target not in self.logs:
            raise Fails(*UNKNOWN_OBJECT)
        if asked.by == 7 and not self.manners.by_time:
            raise Rejects(_UNRECOGNIZED_SERVICE)
        return answer(self.logs[asked.target], asked, room - _HEADER_BYTES)

    def _subscribe(self, octets: bytes, peer: Any, _room: int) -> bytes:
        reader = Reader(octets)
        process = unsigned(reader.context(0))
        target = ObjectId(*object_id(reader.context(1)))
        confirmed, lifetime = reader.optional(2), reader.optional(3)
        key = (peer, process, target)
        if confirmed is None and lifetime is None:
            self.subscriptions.pop(key, None)
            return b""
        if target not in self.things:
            raise Fails(*UNKNOWN_OBJECT)
        if key not in self.subscriptions and len(self.subscriptions) >= self.manners.cov_most:
            raise Fails(*COV_SUBSCRIPTION_FAILED)
        until = self._now() + (unsigned(lifetime) if lifetime else 0)
        self.subscriptions[key] = Subscription(peer, process, confirmed == b"\x01", until)
        return b""
