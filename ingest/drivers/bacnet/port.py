"""One BACnet application on one local UDP address, shared by every line that uses it.

bacpypes3 carries the packets: links, routing, segments, invoke ids. What services say is read and
written by `services`, because its object model costs more than the network does.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar, Final
from weakref import WeakKeyDictionary

from bacpypes3.apdu import ComplexAckPDU, ConfirmedRequestPDU, SimpleAckPDU
from bacpypes3.app import Application
from bacpypes3.appservice import ApplicationServiceAccessPoint
from bacpypes3.comm import ServiceAccessPoint, bind
from bacpypes3.errors import ServicesError
from bacpypes3.ipv4.bvll import Result
from bacpypes3.ipv4.link import ForeignLinkLayer, NormalLinkLayer
from bacpypes3.local.device import DeviceObject
from bacpypes3.netservice import NetworkServiceAccessPoint, NetworkServiceElement
from bacpypes3.pdu import Address, IPv4Address

from ingest.drivers.bacnet.services import (
    DEVICE,
    Notification,
    ObjectId,
    Property,
    notification_of,
)
from ingest.drivers.bacnet.tags import Malformed, read_tags
from ontology.errors import Conflict, DeviceSilent, Refused

APDU_BYTES: Final = 1_476
"""Largest APDU of BACnet/IP; an option `max_apdu` says less (MS/TP: 480)."""
_OWN_INSTANCE: Final = 3_999_001
"""Our own device instance on the wire; only has to differ from the building's."""
_GIVE_UP_MS: Final = 20_000
"""When bacpypes3 forgets a request; a line's `timeout_s` ends the waiting before that."""
_SEGMENTS: Final = 64
"""Segments of one answer we take: an object list of 20,000 objects."""
_IN_FLIGHT: Final = 8
"""Requests on the wire at once over all lines of one port: keeps socket buffers from overflowing."""
_REGISTER_S: Final = 5.0
"""How long a BBMD may take to answer a registration."""
_UNCONFIRMED_COV: Final = b"\x10\x02"
"""How an unconfirmed COV notification begins: its PDU type and service choice."""

Hear = Callable[[Address, Notification], None]


@dataclass(frozen=True, slots=True)
class Arrival:
    """An I-Am: a device says that it is there."""

    instance: int
    vendor: int
    source: Address
    max_apdu: int
    segments: bool
    """Whether it can send answers in segments."""


class _Access(ApplicationServiceAccessPoint):  # type: ignore[misc]
    """Hands answers and unconfirmed COV notifications up as the bytes they are."""

    hear: Callable[[Address, bytes], None]

    async def sap_response(self, apdu: Any) -> None:
        if isinstance(apdu, ComplexAckPDU):
            await ServiceAccessPoint.sap_response(self, apdu)
        else:
            await super().sap_response(apdu)

    async def confirmation(self, pdu: Any) -> None:
        if pdu.pduData[:2] == _UNCONFIRMED_COV:
            self.hear(pdu.pduSource, bytes(pdu.pduData[2:]))
        else:
            await super().confirmation(pdu)


class _Application(Application):  # type: ignore[misc]
    """Our side of the wire: asks, and tells those who listen of notifications and arrivals."""

    def __init__(self) -> None:
        super().__init__()
        self.subscribers: dict[int, Hear] = {}
        self.watchers: set[Callable[[Arrival], None]] = set()

    def hear(self, source: Address, octets: bytes) -> None:
        """An unconfirmed notification; those for nobody and those that make no sense are passed over."""
        try:
            said = notification_of(octets)
        except Malformed:
            return
        if said.process in self.subscribers:
            self.subscribers[said.process](source, said)

    async def do_ConfirmedCOVNotificationRequest(self, apdu: Any) -> None:  # noqa: N802  (bacpypes3's name)
        subscriber = self.subscribers.get(apdu.subscriberProcessIdentifier)
        if subscriber is None:
            raise ServicesError(errorCode="unknownSubscription")
        subscriber(apdu.pduSource, _notification(apdu))
        await self.response(SimpleAckPDU(context=apdu))

    async def do_IAmRequest(self, apdu: Any) -> None:  # noqa: N802  (bacpypes3's name)
        await super().do_IAmRequest(apdu)
        arrival = Arrival(
            instance=apdu.iAmDeviceIdentifier[1],
            vendor=int(apdu.vendorID),
            source=apdu.pduSource,
            max_apdu=int(apdu.maxAPDULengthAccepted),
            segments=int(apdu.segmentationSupported) in {0, 1},  # both, transmit
        )
        for watcher in tuple(self.watchers):
            watcher(arrival)


def _notification(apdu: Any) -> Notification:
    """What bacpypes3 has already taken apart."""
    target = ObjectId(*map(int, apdu.monitoredObjectIdentifier))
    return Notification(
        process=int(apdu.subscriberProcessIdentifier),
        device=ObjectId(DEVICE, apdu.initiatingDeviceIdentifier[1]),
        object=target,
        remaining_s=int(apdu.timeRemaining),
        values=tuple(
            Property(
                target,
                int(element.propertyIdentifier),
                None,
                list(read_tags(bytes(element.value.tagList.encode().pduData))),
            )
            for element in apdu.listOfValues
        ),
    )


class _Foreign(ForeignLinkLayer):  # type: ignore[misc]
    """The link of a foreign device; after a BBMD has refused once it may still accept later."""

    _registration_handle: asyncio.Handle | None

    def __init__(self, address: IPv4Address) -> None:
        super().__init__(address)
        self.answered = asyncio.Event()

    async def confirmation(self, lpdu: Any) -> None:
        if isinstance(lpdu, Result) and self._registration_handle is None:
            self._registration_handle = self._reregistration_timeout_handle
        await super().confirmation(lpdu)
        if isinstance(lpdu, Result) and lpdu.pduSource == self.bbmdAddress:
            self.answered.set()

    async def leave(self) -> None:
        """Tell the BBMD that we go."""
        self._stop_tracking_registration()
        await self._stop_registration(self.bbmdAddress)


class BacnetPort:
    """One BACnet application on one local UDP address (and BBMD), counted by use."""

    _open: ClassVar[
        WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], BacnetPort]]
    ] = WeakKeyDictionary()

    def __init__(self, local: str, bbmd: str = "", ttl_s: int = 300) -> None:
        self.local = local
        self.bbmd = bbmd
        self.users = 0
        self.slots = asyncio.Semaphore(_IN_FLIGHT)
        self._ttl_s = ttl_s
        self._processes = count(1)
        self._ready: asyncio.Task[None] | None = None
        self.app: _Application = _assemble(
            _Application(),
            _Access,
            DeviceObject(
                objectIdentifier=("device", _OWN_INSTANCE),
                objectName="plantroom",
                vendorIdentifier=999,
                maxApduLengthAccepted=APDU_BYTES,
                maxSegmentsAccepted=_SEGMENTS,
                apduTimeout=_GIVE_UP_MS,
                numberOfApduRetries=0,  # the poller asks again, and it alone
            ),
        )
        self.app.asap.hear = self.app.hear
        self.link = new_link(local, foreign=bool(bbmd))
        self.app.nsap.bind(self.link, address=IPv4Address(local))

    @classmethod
    async def take(cls, local: str, bbmd: str = "", ttl_s: int = 300) -> BacnetPort:
        """The application of this local address in the running loop; give it back with `release`.

        Raises DeviceSilent where the BBMD does not answer, Refused where it does not take us.
        """
        ports = cls._open.setdefault(asyncio.get_running_loop(), {})
        key = (local, bbmd)
        if key not in ports:
            ports[key] = cls(local, bbmd, ttl_s)
        port = ports[key]
        await port.enter()
        return port

    async def enter(self) -> None:
        """Count one more user; returns when packets can be sent. Raises as `take` does."""
        self.users += 1
        try:
            if self._ready is None:
                self._ready = asyncio.ensure_future(self._start())
            await asyncio.shield(self._ready)
        except BaseException:
            await self.release()
            raise

    async def _start(self) -> None:
        await ready(self.link)
        if not self.bbmd:
            return
        self.link.register(IPv4Address(self.bbmd), self._ttl_s)
        try:
            async with asyncio.timeout(_REGISTER_S):
                await self.link.answered.wait()
        except TimeoutError as cause:
            raise DeviceSilent(
                f"bacnet: the BBMD {self.bbmd} does not answer our registration",
                hint="check its address and that UDP passes the firewall both ways",
            ) from cause
        if self.link.bbmdRegistrationStatus != 0:
            raise Refused(
                f"bacnet: the BBMD {self.bbmd} does not take foreign devices",
                hint="allow foreign devices there, or name a BBMD that does in `bbmd`",
            )

    async def release(self) -> None:
        """Close the socket when the last line has gone."""
        self.users -= 1
        if self.users:
            return
        ports = self._open[asyncio.get_running_loop()]
        ports.pop((self.local, self.bbmd), None)
        try:
            if self._ready is not None and not self._ready.done():
                self._ready.cancel()
                await ready(self.link)
            if self.bbmd:
                await self.link.leave()
        finally:
            self.link.close()

    async def route(self, host: str, port: int, networks: Iterable[int]) -> None:
        """Reach these networks through the router at host and port."""
        await self.app.nsap.update_router_references(
            None, Address(f"{host}:{port}"), list(networks)
        )

    def process(self) -> int:
        """A subscriber process identifier that nobody else on this port has."""
        return next(self._processes)

    async def request(self, address: Address, service: int, octets: bytes) -> bytes:
        """The bytes of the answer, b"" for a simple acknowledgement; raises as bacpypes3 does."""
        request = ConfirmedRequestPDU(service, destination=address)
        request.put_data(octets)
        answer = await self.app.request(request)
        return bytes(answer.pduData) if isinstance(answer, ComplexAckPDU) else b""


def local_for(host: str) -> str:
    """The address to speak from: loopback to loopback, else any interface; the system picks the port."""
    return "127.0.0.1:0" if host.startswith("127.") else "0.0.0.0:0"


def application(device: DeviceObject) -> Application:
    """An application with its service layers, not yet bound to a network."""
    return _assemble(Application(), ApplicationServiceAccessPoint, device)


def _assemble(app: Any, access: type[ApplicationServiceAccessPoint], device: DeviceObject) -> Any:
    app.asap = access(device, app.device_info_cache)
    app.nsap = NetworkServiceAccessPoint()
    app.nse = NetworkServiceElement()
    bind(app.nse, app.nsap)
    bind(app, app.asap, app.nsap)
    app.add_object(device)
    return app


def new_link(local: str, *, foreign: bool = False) -> Any:
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
    # with a mask there is a broadcast socket too, which bacpypes3 must open itself
    if foreign or "/" in local:
        probe.close()
        return _Foreign(address) if foreign else NormalLinkLayer(address)
    probe.setblocking(False)  # noqa: FBT003  (the socket API takes no keyword)
    return NormalLinkLayer(address, bind_socket=probe)


async def ready(link: Any) -> None:
    """Wait until the link's socket is open; closed any earlier, it would leak."""
    await link.server._local_transport_ready.wait()  # noqa: SLF001  (bacpypes3 shows it nowhere else)
