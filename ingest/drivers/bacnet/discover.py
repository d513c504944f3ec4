"""Which BACnet devices there are, and which objects each says it has: the start of a lines.toml.

Devices are believed only as far as they answer: an object that is listed and does not exist is
left out, one that is listed twice counts once, and a device that stops answering keeps what it
gave so far.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bacpypes3.apdu import WhoIsRequest
from bacpypes3.basetypes import EngineeringUnits
from bacpypes3.pdu import Address

from ingest.addresses import BACNET_TYPES
from ingest.drivers.bacnet.port import APDU_BYTES, Arrival, BacnetPort, local_for
from ingest.drivers.bacnet.remote import Answers, Asked, Nack, Remote
from ingest.drivers.bacnet.services import (
    DESCRIPTION,
    DEVICE,
    LOGGED_PROPERTY,
    MODEL_NAME,
    OBJECT_LIST,
    OBJECT_NAME,
    PRESENT_VALUE,
    TREND_LOG,
    TREND_LOG_MULTIPLE,
    UNITS,
    VENDOR_NAME,
    ObjectId,
    Values,
    application_only,
)
from ingest.drivers.bacnet.tags import (
    CONTEXT,
    OBJECT,
    Malformed,
    Tag,
    number,
    object_id,
    text,
)
from ontology.errors import BadRequest, DeviceSilent

INSTANCE_MAX: Final = 4_194_303
OBJECTS_MAX: Final = 20_000
"""Of one device; larger lists are lies or need a tool of their own."""
DEVICES_MAX: Final = 10_000
AT_ONCE: Final = 8
"""Devices asked for their objects at the same time."""
_WORDS_BYTES: Final = 160
"""Answer bytes of one object with its name, description, unit and value, for planning only."""
_INDEX_BYTES: Final = 16
"""Answer bytes of one entry of an object list asked by index."""
_NAMES: Final = {number: name for name, number in BACNET_TYPES.items()}
_LOGS: Final = {TREND_LOG: "trend-log", TREND_LOG_MULTIPLE: "trend-log-multiple"}
_TTL_S: Final = 60


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered Who-Is; `network` and `mac` are None on the local network.

    `host` and `port` are where a line reaches it: its own, or those of the router in front of it.
    """

    instance: int
    vendor: int
    address: str
    network: int | None
    mac: str | None
    host: str = ""
    port: int = 47808
    max_apdu: int = APDU_BYTES
    segments: bool = True


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An object of a device: `type` as in lines.toml, `unit` in BACnet's words, `value` NaN where it has none.

    `log` is the trend log that records it ("trend-log,3"), "" where none does.
    """

    type: str
    instance: int
    name: str
    description: str = ""
    unit: str = ""
    value: float = math.nan
    log: str = ""

    @property
    def address(self) -> str:
        """As in lines.toml."""
        return f"{self.type},{self.instance}"


@dataclass(frozen=True, slots=True)
class Card:
    """What a device says of itself; "" for what it does not say."""

    name: str
    vendor: str
    model: str
    objects: list[FoundObject]
    whole: bool
    """Whether every object of its list was asked for; else there may be more."""


async def discover(
    host: str = "*",
    port: int = 47808,
    *,
    local: str = "",
    bbmd: str = "",
    low: int = 0,
    high: int = INSTANCE_MAX,
    wait_s: float = 2.0,
    tries: int = 2,
) -> list[Found]:
    """Who-Is to a device or router (or, with host "*", to everybody) and through its networks.

    UDP loses packets, so it asks `tries` times and waits `wait_s` each. Everybody needs `local`
    with its mask, such as "192.168.1.9/24:47808", or the `bbmd` ("host:port") of another network.
    Two devices with one instance number are both told, by their addresses. Raises BadRequest, Conflict, and
    DeviceSilent or Refused where a BBMD does not take us.
    """
    if not 0 <= low <= high <= INSTANCE_MAX:
        raise BadRequest(
            f"no device instances {low} to {high}", hint=f"choose from 0 to {INSTANCE_MAX}"
        )
    everybody = host == "*"
    if everybody and not bbmd and "/" not in local:
        raise BadRequest(
            "asking everybody needs an address with its mask, or a BBMD",
            hint="give --local 192.168.1.9/24:47808, or --bbmd 192.168.1.2:47808; or the address of a device or router",
        )
    async with _taken(local or local_for(bbmd if everybody else host), bbmd) as shared:
        router = None if everybody else Address(f"{host}:{port}")
        routes = await _routes(shared, router)
        targets = [Address("*:*") if everybody else router]
        if not everybody:
            targets += [Address(f"{network}:*") for network in routes]
        arrivals = await _who_is(shared, targets, (low, high), wait_s, tries)
    found = [_found(arrival, routes) for arrival in arrivals]
    return sorted(found, key=lambda device: (device.instance, device.address))


@asynccontextmanager
async def _taken(local: str, bbmd: str) -> AsyncIterator[BacnetPort]:
    shared = await BacnetPort.take(local, bbmd, _TTL_S)
    try:
        yield shared
    finally:
        await shared.release()


async def _routes(shared: BacnetPort, router: Address | None) -> dict[int, tuple[str, int]]:
    """Network number -> host and port of the router to it."""
    routes: dict[int, tuple[str, int]] = {}
    for _, answer in await shared.app.nse.who_is_router_to_network(destination=router):
        networks = [int(network) for network in answer.iartnNetworkList]
        host, _, port = str(answer.pduSource).partition(":")
        where = host, int(port or 47808)
        await shared.route(*where, networks)
        routes |= dict.fromkeys(networks, where)
    return routes


async def _who_is(
    shared: BacnetPort,
    targets: Sequence[Address | None],
    limits: tuple[int, int],
    wait_s: float,
    tries: int,
) -> list[Arrival]:
    """Everybody who says I-Am meanwhile, each address once."""
    heard: dict[str, Arrival] = {}
    low, high = limits

    def note(arrival: Arrival) -> None:
        if low <= arrival.instance <= high and len(heard) < DEVICES_MAX:
            heard[str(arrival.source)] = arrival

    shared.app.watchers.add(note)
    try:
        for _ in range(tries):
            for target in targets:
                asking = WhoIsRequest(destination=target)
                if (low, high) != (0, INSTANCE_MAX):
                    asking.deviceInstanceRangeLowLimit = low
                    asking.deviceInstanceRangeHighLimit = high
                shared.app.request(asking)
            await asyncio.sleep(wait_s)
    finally:
        shared.app.watchers.discard(note)
    return list(heard.values())


def _found(arrival: Arrival, routes: dict[int, tuple[str, int]]) -> Found:
    source = arrival.source
    network = source.addrNet
    own = str(source)
    if network is None:
        host, _, port = own.partition(":")
        where, mac = (host, int(port or 47808)), None
    else:
        where, mac = routes.get(network, ("", 47808)), own.partition(":")[2]
    return Found(
        instance=arrival.instance,
        vendor=arrival.vendor,
        address=own,
        network=network,
        mac=mac,
        host=where[0],
        port=where[1],
        max_apdu=arrival.max_apdu,
        segments=arrival.segments,
    )


async def objects(
    found: Found, *, local: str = "", bbmd: str = "", timeout_s: float = 3.0, limit_s: float = 300.0
) -> list[FoundObject]:
    """The objects of a device that a line can read, and which trend log records each.

    A device that falls silent on the way, or takes longer than `limit_s`, keeps what it gave so far; one
    that never answers raises DeviceSilent.
    """
    card = await card_of(found, local=local, bbmd=bbmd, timeout_s=timeout_s, limit_s=limit_s)
    return card.objects


async def card_of(
    found: Found, *, local: str = "", bbmd: str = "", timeout_s: float = 3.0, limit_s: float = 300.0
) -> Card:
    """The device's own names beside its objects, which are those of `objects`. Raises DeviceSilent."""
    async with _taken(local or local_for(found.host), bbmd) as shared:
        if found.network is not None and found.host:
            await shared.route(found.host, found.port, [found.network])
        remote = Remote(
            Address(found.address),
            f"bacnet device {found.instance} at {found.address}",
            timeout_s=timeout_s,
            max_apdu=found.max_apdu,
        )
        remote.port = shared
        asking = _Asking(remote, ObjectId(DEVICE, found.instance))
        try:
            async with asyncio.timeout(limit_s):
                await asking.run()
        except TimeoutError:
            return asking.card()
        except DeviceSilent:
            if not asking.answered:
                raise
        return asking.card()


async def objects_of_all(
    devices: Sequence[Found], *, local: str = "", bbmd: str = "", timeout_s: float = 3.0
) -> dict[Found, list[FoundObject] | DeviceSilent]:
    """The objects of many devices, a few at a time; of those that do not answer the reason."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(device: Found) -> list[FoundObject] | DeviceSilent:
        async with gate:
            try:
                return await objects(device, local=local, bbmd=bbmd, timeout_s=timeout_s)
            except DeviceSilent as silence:
                return silence

    answers = await asyncio.gather(*map(one, devices))
    return dict(zip(devices, answers, strict=True))


class _Asking:
    """The questions to one device, and what it has said so far."""

    def __init__(self, remote: Remote, device: ObjectId) -> None:
        self._remote = remote
        self._device = device
        self._said: Answers = {}
        self._listed: list[ObjectId] = []
        self._logs: dict[ObjectId, str] = {}
        self._words = ("", "", "")
        self.answered = False
        self._whole = False

    async def run(self) -> None:
        """Ask for the list, then for the words of each object, then for what the logs record."""
        self._listed = await self._list()
        self.answered = True
        self._words = await self._own_words()
        logs = [each for each in self._listed if each.type in _LOGS]
        for log in logs:
            asked: list[Asked] = [(log, [(LOGGED_PROPERTY, None)])]
            said = await self._remote.many(asked, lambda _: _WORDS_BYTES)
            self._note_log(log, said.get((log, LOGGED_PROPERTY, None)))
        points = [each for each in self._listed if each.type in _NAMES]
        # objects that a log records are there, whether the list says so or not
        points += [each for each in self._logs if each.type in _NAMES and each not in points]
        self._listed = list(dict.fromkeys(points))
        wanted = [(OBJECT_NAME, None), (PRESENT_VALUE, None), (UNITS, None), (DESCRIPTION, None)]
        for at in range(0, len(self._listed), 50):
            part: list[Asked] = [(each, wanted) for each in self._listed[at : at + 50]]
            self._said |= await self._remote.many(part, lambda _: _WORDS_BYTES)
        self._whole = True

    async def _own_words(self) -> tuple[str, str, str]:
        """Name, vendor and model; "" for those the device does not tell."""
        said = []
        for name in (OBJECT_NAME, VENDOR_NAME, MODEL_NAME):
            try:
                tags = application_only(await self._remote.read(self._device, name))
            except Nack:
                tags = []
            said.append(text(tags[0]) if tags else "")
        return said[0], said[1], said[2]

    async def _list(self) -> list[ObjectId]:
        """The object list: in one piece, or entry by entry where the device cannot."""
        try:
            values = await self._remote.read(self._device, OBJECT_LIST)
        except Nack:
            values = None
        if values is None:
            values = await self._list_by_index()
        listed = (_object(tag.content) for tag in application_only(values) if tag.number == OBJECT)
        return list(dict.fromkeys(each for each in listed if each is not None))[:OBJECTS_MAX]

    async def _list_by_index(self) -> Values:
        count = application_only(await self._remote.read(self._device, OBJECT_LIST, 0))
        length = number(count[0]) if count else 0.0
        entries = (
            range(1, int(min(length, OBJECTS_MAX)) + 1) if not math.isnan(length) else range(0)
        )
        batch = max(1, (self._remote.budget - _INDEX_BYTES) // _INDEX_BYTES)
        values = []
        for at in range(0, len(entries), batch):
            part = [(OBJECT_LIST, index) for index in entries[at : at + batch]]
            said = await self._remote.many([(self._device, part)], lambda _: 0)
            for _, index in part:
                values += said.get((self._device, OBJECT_LIST, index)) or []
        return values

    def _note_log(self, log: ObjectId, values: Values) -> None:
        """Remember what a log records; a log of many has a reference for each of its columns."""
        name = _LOGS[log.type]
        for column, (target, wanted, foreign) in enumerate(_references(values), start=1):
            if wanted != PRESENT_VALUE or (foreign is not None and foreign != self._device):
                continue
            where = f"{name},{log.instance}"
            if log.type == TREND_LOG_MULTIPLE:
                where += f",{column}"
            self._logs.setdefault(target, where)

    def card(self) -> Card:
        """All that was said so far."""
        return Card(*self._words, self.objects(), self._whole)

    def objects(self) -> list[FoundObject]:
        """Those that answered for their value, in the order of the list."""
        return [
            self._object(each)
            for each in self._listed
            if self._value(each, PRESENT_VALUE) is not None
        ]

    def _object(self, each: ObjectId) -> FoundObject:
        name, description = self._value(each, OBJECT_NAME), self._value(each, DESCRIPTION)
        unit, value = self._value(each, UNITS), self._value(each, PRESENT_VALUE)
        return FoundObject(
            type=_NAMES[each.type],
            instance=each.instance,
            name=text(name[0]) if name else "",
            description=text(description[0]) if description else "",
            unit=_unit(number(unit[0])) if unit else "",
            value=number(value[0]) if value else math.nan,
            log=self._logs.get(each, ""),
        )

    def _value(self, each: ObjectId, name: int) -> list[Tag] | None:
        values = self._said.get((each, name, None))
        return None if values is None else application_only(values)


def _object(content: bytes) -> ObjectId | None:
    try:
        found = ObjectId(*object_id(content))
    except Malformed:
        return None
    return found if found.instance < INSTANCE_MAX else None


Reference = tuple[ObjectId, int, ObjectId | None]


def _references(values: Values) -> list[Reference]:
    """The (object, property, device or None) of BACnetDeviceObjectPropertyReferences in a row."""
    found: list[Reference] = []
    target: ObjectId | None = None
    name, device = PRESENT_VALUE, None
    for tag in values or ():
        if tag.kind != CONTEXT or len(tag.content) not in range(1, 5):
            continue
        if tag.number == 0:
            if target is not None:
                found.append((target, name, device))
            target, name, device = _object(tag.content), PRESENT_VALUE, None
        elif tag.number == 1:
            name = int.from_bytes(tag.content, "big")
        elif tag.number == 3:
            device = _object(tag.content)
    if target is not None:
        found.append((target, name, device))
    return found


def _unit(code: float) -> str:
    """A unit in BACnet's words, such as "degrees-celsius"; "" for none, for private and unknown ones."""
    if math.isnan(code) or code == int(EngineeringUnits("no-units")):
        return ""
    said = str(EngineeringUnits(int(code)))
    return "" if said.isdecimal() else said
