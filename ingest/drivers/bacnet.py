"""BACnet/IP: many properties in one request, smaller requests where a device cannot, never one value lost to another.

Lines on one local address share one BACnet application, because a host port can be bound only
once. A line behind a router names its `network` and `mac` in the options; the router is the
line's host and port.
"""

from __future__ import annotations

import asyncio
import math
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Final, Self
from weakref import WeakKeyDictionary

from bacpypes3.apdu import (
    AbortPDU,
    AbortReason,
    ErrorRejectAbortNack,
    ReadPropertyMultipleRequest,
    ReadPropertyRequest,
    RejectPDU,
    RejectReason,
)
from bacpypes3.app import Application
from bacpypes3.appservice import ApplicationServiceAccessPoint
from bacpypes3.basetypes import PropertyIdentifier, PropertyReference, ReadAccessSpecification
from bacpypes3.comm import bind
from bacpypes3.ipv4.link import NormalLinkLayer
from bacpypes3.local.device import DeviceObject
from bacpypes3.netservice import NetworkServiceAccessPoint, NetworkServiceElement
from bacpypes3.pdu import Address, IPv4Address
from bacpypes3.primitivedata import ObjectIdentifier, TagClass, TagNumber

from ingest.addresses import BACNET_TYPES, BacnetAddress, bacnet_address
from ingest.driver import Line, Reading, Register
from ontology.errors import Conflict, DeviceSilent
from ontology.history import Status

MANUAL_SLOT: Final = 8
"""Priority 8 is "Manual Operator"; 1 to 8 are people and safety, below them programs (ASHRAE 135, 19.2)."""
_SLOTS: Final = 16
_OWN_INSTANCE: Final = 3_999_001
"""Our own device instance on the wire; only has to differ from the building's."""
_APDU_BYTES: Final = 1_476
"""Largest APDU of BACnet/IP; an option `max_apdu` says less (MS/TP: 480)."""
_OBJECT_BYTES: Final = 24
"""Answer bytes of one object: identifier, present-value, status-flags and their tags."""
_ARRAY_BYTES: Final = 26
"""Answer bytes of a priority array: 16 slots of which few are filled, and its tags."""
_GIVE_UP_MS: Final = 20_000
"""When bacpypes3 forgets a request; a line's `timeout_s` ends the waiting before that."""
_IN_FLIGHT: Final = 8
"""Requests on the wire at once over all lines of one port: keeps socket buffers from overflowing."""

_PRESENT_VALUE = PropertyIdentifier("present-value")
_STATUS_FLAGS = PropertyIdentifier("status-flags")
_PRIORITY_ARRAY = PropertyIdentifier("priority-array")
_TOO_BIG = {
    AbortReason.bufferOverflow,
    AbortReason.segmentationNotSupported,
    AbortReason.apduTooLong,
    AbortReason.outOfResources,
}
_NO_ANSWER = {AbortReason.noResponse, AbortReason.tsmTimeout, AbortReason.serverTimeout}


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered Who-Is; `network` and `mac` are None on the local network."""

    instance: int
    vendor: int
    address: str
    network: int | None
    mac: str | None


class BacnetPort:
    """One BACnet application on one local UDP address, shared by every line that uses it."""

    _open: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, BacnetPort]]] = (
        WeakKeyDictionary()
    )

    def __init__(self, local: str) -> None:
        self.local = local
        self.users = 0
        self.slots = asyncio.Semaphore(_IN_FLIGHT)
        self.app = application(
            DeviceObject(
                objectIdentifier=("device", _OWN_INSTANCE),
                objectName="plantroom",
                vendorIdentifier=999,
                maxApduLengthAccepted=_APDU_BYTES,
                apduTimeout=_GIVE_UP_MS,
                numberOfApduRetries=0,  # the poller asks again, and it alone
            )
        )
        self.link = new_link(local)
        self.app.nsap.bind(self.link, address=IPv4Address(local))

    @classmethod
    async def take(cls, local: str) -> BacnetPort:
        """The application of this local address in the running loop; give it back with `release`."""
        ports = cls._open.setdefault(asyncio.get_running_loop(), {})
        if local not in ports:
            ports[local] = cls(local)
        port = ports[local]
        port.users += 1
        await ready(port.link)
        return port

    def release(self) -> None:
        """Close the socket when the last line has gone."""
        self.users -= 1
        if self.users == 0:
            self._open[asyncio.get_running_loop()].pop(self.local)
            self.link.close()

    async def route(self, host: str, port: int, networks: Iterable[int]) -> None:
        """Reach these networks through the router at host and port."""
        await self.app.nsap.update_router_references(
            None, Address(f"{host}:{port}"), list(networks)
        )


class Bacnet:
    """A BACnet device. It never retries and never sleeps; DeviceSilent only when nothing answers."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._budget = int(line.options.get("max_apdu", _APDU_BYTES)) - 16
        self._one_by_one = False
        self._plain: set[BacnetAddress] = set()
        self._port: BacnetPort | None = None
        network = line.options.get("network")
        mac = line.options.get("mac", "")
        where = f"{network}:{mac}" if network else f"{line.host}:{line.port}"
        self._address = Address(where)

    async def __aenter__(self) -> Self:
        line = self._line
        self._port = await BacnetPort.take(line.options.get("local", _local_for(line.host)))
        network = line.options.get("network")
        if network:
            await self._port.route(line.host, line.port, [int(network)])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._port is not None:
            self._port.release()
            self._port = None

    async def read(self, registers: Sequence[Register]) -> list[Reading]:
        """One reading per register, in order. Raises DeviceSilent when nothing answers."""
        asked = [(register, bacnet_address(register.address)) for register in registers]
        seen: dict[BacnetAddress, _Seen] = {}
        for chunk in self._chunks([address for _, address in asked]):
            seen.update(await self._read_chunk(chunk))
        return [seen.get(address, _Seen()).reading(register) for register, address in asked]

    def _wanted(self, address: BacnetAddress) -> list[PropertyIdentifier]:
        """Present value and flags, and the priority array unless the object is known to have none."""
        if address.commandable is False or address in self._plain:
            return [_PRESENT_VALUE, _STATUS_FLAGS]
        return [_PRESENT_VALUE, _STATUS_FLAGS, _PRIORITY_ARRAY]

    def _chunks(self, addresses: Sequence[BacnetAddress]) -> Iterable[list[BacnetAddress]]:
        """Runs of objects whose answer fits into one unsegmented APDU."""
        chunk: list[BacnetAddress] = []
        size = 0
        for address in addresses:
            cost = _OBJECT_BYTES + (len(self._wanted(address)) - 2) * _ARRAY_BYTES
            if chunk and size + cost > self._budget:
                yield chunk
                chunk, size = [], 0
            chunk.append(address)
            size += cost
        if chunk:
            yield chunk

    async def _read_chunk(self, chunk: list[BacnetAddress]) -> dict[BacnetAddress, _Seen]:
        """Everything in one request; in halves, then one by one, where the device refuses."""
        if self._one_by_one:
            return {address: await self._read_single(address) for address in chunk}
        try:
            answer = await self._ask(_many(chunk, self._wanted, self._address))
        except _Refused as refusal:
            if refusal.no_such_service:
                self._one_by_one = True
                return await self._read_chunk(chunk)
            if len(chunk) == 1:
                return {chunk[0]: await self._read_single(chunk[0])}
            if refusal.too_big:
                self._budget = max(self._budget // 2, _OBJECT_BYTES)
            middle = len(chunk) // 2
            first = await self._read_chunk(chunk[:middle])
            return first | await self._read_chunk(chunk[middle:])
        return self._inline(answer)

    def _inline(self, answer: Any) -> dict[BacnetAddress, _Seen]:
        """What a ReadPropertyMultiple answer says, errors inline."""
        result: dict[BacnetAddress, _Seen] = {}
        for access in answer.listOfReadAccessResults:
            kind, instance = access.objectIdentifier
            address = BacnetAddress(str(kind), instance)
            seen = result[address] = _Seen()
            for element in access.listOfResults:
                outcome = element.readResult
                tags = None if outcome.propertyAccessError else outcome.propertyValue.tagList
                seen.take(element.propertyIdentifier, tags)
            if not seen.has_array and address.commandable is None:
                self._plain.add(address)
        return result

    async def _read_single(self, address: BacnetAddress) -> _Seen:
        """Property by property, for devices without ReadPropertyMultiple."""
        seen = _Seen()
        for wanted in self._wanted(address):
            request = ReadPropertyRequest(
                objectIdentifier=_identifier(address),
                propertyIdentifier=wanted,
                destination=self._address,
            )
            try:
                answer = await self._ask(request)
            except _Refused:
                seen.take(wanted, None)
                if wanted is _PRESENT_VALUE:
                    return seen
            else:
                seen.take(wanted, answer.propertyValue.tagList)
        if not seen.has_array and address.commandable is None:
            self._plain.add(address)
        return seen

    async def _ask(self, request: Any) -> Any:
        """The answer to one confirmed request; raises DeviceSilent or _Refused."""
        if self._port is None:
            raise self._silent("the line is not open")
        async with self._port.slots:
            try:
                async with asyncio.timeout(self._line.timeout_s):
                    return await self._port.app.request(request)
            except TimeoutError as cause:
                raise self._silent(f"no answer within {self._line.timeout_s:g} s") from cause
            except ErrorRejectAbortNack as nack:
                if isinstance(nack, AbortPDU) and nack.apduAbortRejectReason in _NO_ANSWER:
                    raise self._silent("no answer") from nack
                raise _Refused(nack) from nack

    def _silent(self, why: str) -> DeviceSilent:
        line = self._line
        return DeviceSilent(
            f"bacnet {line.host}:{line.port} device {line.device}: {why}",
            hint="check power, address, network number and that UDP passes the firewall",
        )


class _Refused(Exception):
    """The device answered, and not with what was asked."""

    def __init__(self, nack: ErrorRejectAbortNack) -> None:
        super().__init__(str(nack))
        reason = getattr(nack, "apduAbortRejectReason", None)
        self.too_big = isinstance(nack, AbortPDU) and reason in _TOO_BIG
        self.no_such_service = (
            isinstance(nack, RejectPDU) and reason == RejectReason.unrecognizedService
        )


@dataclass(slots=True)
class _Seen:
    """What one object said about itself."""

    value: float = math.nan
    flags: int = 0
    slot: int | None = None
    has_array: bool = False

    def take(self, wanted: PropertyIdentifier, tags: Any) -> None:
        """Note one property; None where the device gave an error instead."""
        if tags is None:
            return
        tags = [tag for tag in tags if tag.tag_class == TagClass.application]
        if not tags:
            return
        if wanted == _PRESENT_VALUE:
            self.value = _number(tags[0])
        elif wanted == _STATUS_FLAGS:
            self.flags = tags[0].tag_data[1] if len(tags[0].tag_data) > 1 else 0
        elif wanted == _PRIORITY_ARRAY:
            self.has_array = True
            if len(tags) != _SLOTS:  # holds constructed values, which no point of a building does
                return
            filled = (i for i, tag in enumerate(tags, 1) if tag.tag_number != TagNumber.null)
            self.slot = next(filled, None)

    def reading(self, register: Register) -> Reading:
        level = self.slot if self.slot is not None and self.slot <= MANUAL_SLOT else None
        value = self.value * register.scale + register.offset
        return Reading(register.point, value, self._status(level), level)

    def _status(self, level: int | None) -> Status:
        if math.isnan(self.value) or self.flags & 0x40:  # bit 1: fault
            return Status.FAULT
        if self.flags & 0x10:  # bit 3: out of service
            return Status.OUT_OF_SERVICE
        if level is not None or self.flags & 0x20:  # bit 2: overridden at the device
            return Status.OVERRIDDEN
        return Status.GOOD


async def discover(
    host: str, port: int = 47808, *, local: str = "", wait_s: float = 2.0, tries: int = 2
) -> list[Found]:
    """Who-Is to a device or router (or, with host "*", to everybody) and through its networks.

    UDP loses packets, so it asks `tries` times and waits `wait_s` each. Broadcast needs `local`
    with its mask, such as "192.168.1.9/24:47808".
    """
    shared = await BacnetPort.take(local or _local_for(host))
    everybody = host == "*"
    found: dict[int, Found] = {}
    try:
        router = None if everybody else Address(f"{host}:{port}")
        targets = [Address("*:*") if everybody else router]
        routes = await shared.app.nse.who_is_router_to_network(destination=router)
        for _, answer in routes:
            networks = list(answer.iartnNetworkList)
            if router is not None:
                await shared.route(host, port, networks)
                targets += [Address(f"{network}:*") for network in networks]
        for _ in range(tries):
            for target in targets:
                for i_am in await shared.app.who_is(address=target, timeout=wait_s):
                    device = _found(i_am)
                    found[device.instance] = device
    finally:
        shared.release()
    return sorted(found.values(), key=lambda device: device.instance)


def _found(i_am: Any) -> Found:
    source = i_am.pduSource
    mac = str(source).partition(":")[2] if source.addrNet is not None else None
    return Found(i_am.iAmDeviceIdentifier[1], int(i_am.vendorID), str(source), source.addrNet, mac)


def _many(
    chunk: Sequence[BacnetAddress], wanted: Any, destination: Address
) -> ReadPropertyMultipleRequest:
    return ReadPropertyMultipleRequest(
        listOfReadAccessSpecs=[
            ReadAccessSpecification(
                objectIdentifier=_identifier(address),
                listOfPropertyReferences=[
                    PropertyReference(propertyIdentifier=name) for name in wanted(address)
                ],
            )
            for address in chunk
        ],
        destination=destination,
    )


def _identifier(address: BacnetAddress) -> ObjectIdentifier:
    return ObjectIdentifier((BACNET_TYPES[address.type], address.instance))


def _number(tag: Any) -> float:
    """The number in an application tag; NaN for Null and for anything that is no number."""
    data = bytes(tag.tag_data)
    match tag.tag_number:
        case TagNumber.boolean:
            return float(tag.tag_lvt)
        case TagNumber.unsigned | TagNumber.enumerated:
            return float(int.from_bytes(data, "big"))
        case TagNumber.integer:
            return float(int.from_bytes(data, "big", signed=True))
        case TagNumber.real if len(data) == 4:
            return float(struct.unpack(">f", data)[0])
        case TagNumber.double if len(data) == 8:
            return float(struct.unpack(">d", data)[0])
    return math.nan


def _local_for(host: str) -> str:
    """The address to speak from: loopback to loopback, else any interface; the system picks the port."""
    return "127.0.0.1:0" if host.startswith("127.") else "0.0.0.0:0"


def application(device: DeviceObject) -> Application:
    """An application with its service layers, not yet bound to a network."""
    app = Application()
    app.asap = ApplicationServiceAccessPoint(device, app.device_info_cache)
    app.nsap = NetworkServiceAccessPoint()
    app.nse = NetworkServiceElement()
    bind(app.nse, app.nsap)
    bind(app, app.asap, app.nsap)
    app.add_object(device)
    return app


def new_link(local: str) -> NormalLinkLayer:
    """The UDP link of a local address; raises Conflict at once where the port is taken."""
    address = IPv4Address(local)
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.bind(address.addrTuple)
    except OSError as cause:
        probe.close()
        raise Conflict(
            f"BACnet cannot use {local}: {cause.strerror}",
            hint="another program owns this UDP port: stop it or choose another `local`",
        ) from cause
    if (
        "/" in local
    ):  # with a mask there is a broadcast socket too, which bacpypes3 must open itself
        probe.close()
        return NormalLinkLayer(address)
    probe.setblocking(False)  # noqa: FBT003  (the socket API takes no keyword)
    return NormalLinkLayer(address, bind_socket=probe)


async def ready(link: NormalLinkLayer) -> None:
    """Wait until the link's socket is open; closed any earlier, it would leak."""
    await link.server._local_transport_ready.wait()  # noqa: SLF001  (bacpypes3 shows it nowhere else)
