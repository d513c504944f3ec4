"""One UDP socket in front of a virtual BACnet network: link (Annex J), router (clause 6), segments (clause 5).

Written against the standard and not with bacpypes3, so that driver and devices are two opinions.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, NamedTuple, Self

from ingest.demo.devices.bacnet_device import Controller, Rejects
from ingest.demo.devices.bacnet_things import Fails
from ingest.drivers.bacnet.services import CONFIRMED_COV, UNCONFIRMED_COV
from ingest.drivers.bacnet.tags import Malformed, Reader, enumerated, unsigned
from ontology.errors import Conflict

COV_EVERY_S: Final = 0.1
"""How often a controller looks whether its values changed."""
_I_AM: Final = 0
_WHO_IS: Final = 8
_BROADCAST: Final = 0xFFFF
_SIZES: Final = (50, 128, 206, 480, 1024, 1476)
"""Largest APDU a client takes, by its code in the request (clause 20.1.2.5)."""
_SEGMENTATION_NOT_SUPPORTED: Final = 4
_WINDOW: Final = 8
_ANSWERS_MAX: Final = 256
_FOREIGN_MAX: Final = 128
_GRACE_S: Final = 30
"""A BBMD waits this much longer for a foreign device than it promised (clause J.5.2.3)."""

Wire = tuple[str, int]


class Peer(NamedTuple):
    """A client: where its packets come from, and which network it named as its own."""

    wire: Wire
    source: bytes


@dataclass(slots=True)
class _Sending:
    """An answer on its way in segments."""

    parts: list[bytes]
    invoke: int
    service: int
    began: float


@dataclass
class BacnetNetwork:
    """Controllers behind one router on a UDP port; `front` is the device of the router itself.

    A BBMD takes foreign devices where `bbmd` is set.
    """

    host: str
    port: int
    network: int
    behind: Mapping[int, Controller]
    front: Controller | None = None
    bbmd: bool = False
    cov_every_s: float = COV_EVERY_S
    notified: int = 0
    foreign: dict[Wire, float] = field(default_factory=dict)
    _sending: dict[tuple[Peer, int, int], _Sending] = field(default_factory=dict)
    _invoke: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _socket: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        try:
            self._socket, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self._hear), local_addr=(self.host, self.port)
            )
        except OSError as cause:
            raise Conflict(
                f"BACnet cannot use {self.host}:{self.port}: {cause.strerror}",
                hint="another program owns this UDP port: stop it or choose another",
            ) from cause
        self.port = self._socket.get_extra_info("sockname")[1]
        self._tasks.add(asyncio.ensure_future(self._watch()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._socket is not None:
            self._socket.close()

    def announce(self, mac: int | None) -> None:
        """Broadcast a controller's I-Am to every foreign device (None: the front's)."""
        device = self.front if mac is None else self.behind[mac]
        if device is None:
            return
        npdu = self._npdu(mac, b"", bytes([0x10, _I_AM]) + device.i_am())
        own = bytes(map(int, self.host.split("."))) + self.port.to_bytes(2, "big")
        for wire in self._registered():
            self._link(0x04, own + npdu, wire)

    def tell_changes(self) -> None:
        """Send the notifications that are due now."""
        for mac, device in self._devices():
            if device.silent:
                continue
            for each, thing in device.due():
                octets = device.notification(each, thing)
                if each.confirmed:
                    self._invoke = (self._invoke + 1) % 256
                    apdu = bytes([0x00, 0x05, self._invoke, CONFIRMED_COV]) + octets
                else:
                    apdu = bytes([0x10, UNCONFIRMED_COV]) + octets
                self.notified += 1
                self._send(mac, each.peer, apdu)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.cov_every_s)
            self.tell_changes()

    def _devices(self) -> Iterator[tuple[int | None, Controller]]:
        if self.front is not None:
            yield None, self.front
        yield from self.behind.items()

    def _registered(self) -> list[Wire]:
        now = time.monotonic()
        self.foreign = {wire: until for wire, until in self.foreign.items() if until > now}
        return list(self.foreign)

    def _hear(self, packet: bytes, wire: Wire) -> None:
        """One datagram; what makes no sense is dropped, as devices do."""
        if len(packet) < 4 or packet[0] != 0x81:
            return
        kind, body = packet[1], packet[4:]
        with contextlib.suppress(Malformed, IndexError):
            if kind == 0x05:
                self._register(body, wire)
            elif kind == 0x09:
                self._distribute(body, wire)
            elif kind in {0x0A, 0x0B}:
                self._route(body, wire)

    def _register(self, body: bytes, wire: Wire) -> None:
        if not self.bbmd or len(self.foreign) >= _FOREIGN_MAX:
            self._link(0x00, b"\x00\x30", wire)
            return
        ttl = int.from_bytes(body[:2], "big")
        if ttl:
            self.foreign[wire] = time.monotonic() + ttl + _GRACE_S
        else:
            self.foreign.pop(wire, None)
        self._link(0x00, b"\x00\x00", wire)

    def _distribute(self, body: bytes, wire: Wire) -> None:
        if wire not in self._registered():
            self._link(0x00, b"\x00\x60", wire)
            return
        self._route(body, wire)

    def _route(self, npdu: bytes, wire: Wire) -> None:
        """To whom the packet is for: the router, one controller, or all of them."""
        control, at = npdu[1], 2
        net, mac, source = None, b"", b""
        if control & 0x20:
            net = int.from_bytes(npdu[at : at + 2], "big")
            mac = npdu[at + 3 : at + 3 + npdu[at + 2]]
            at += 3 + npdu[at + 2]
        if control & 0x08:
            length = 3 + npdu[at + 2]
            source, at = npdu[at : at + length], at + length
        if net is not None:
            at += 1  # hop count
        peer = Peer(wire, source)
        if control & 0x80:
            self._network_message(npdu[at:], peer)
            return
        for place, device in self._addressed(net, mac):
            if not device.silent:
                self._apdu(place, device, npdu[at:], peer)

    def _addressed(self, net: int | None, mac: bytes) -> list[tuple[int | None, Controller]]:
        if net == _BROADCAST or (net == self.network and not mac):
            everybody = list(self._devices())
            return everybody if net == _BROADCAST else [d for d in everybody if d[0] is not None]
        if net == self.network:
            place = int.from_bytes(mac, "big")
            return [(place, self.behind[place])] if place in self.behind else []
        return [(None, self.front)] if net is None and self.front is not None else []

    def _network_message(self, body: bytes, peer: Peer) -> None:
        if body[0] != 0x00 or not self.behind:  # Who-Is-Router-To-Network
            return
        asked = int.from_bytes(body[1:3], "big") if len(body) >= 3 else self.network
        if asked == self.network:
            said = b"\x01\x80\x01" + self.network.to_bytes(2, "big")
            self._link(0x0A, said, peer.wire)

    def _apdu(self, mac: int | None, device: Controller, apdu: bytes, peer: Peer) -> None:
        kind = apdu[0] >> 4
        if kind == 1 and apdu[1] == _WHO_IS:
            reader = Reader(apdu[2:])
            low, high = reader.optional(0), reader.optional(1)
            limits = (unsigned(low), unsigned(high)) if low and high else (0, 1 << 22)
            if limits[0] <= device.instance <= limits[1]:
                self._send(mac, peer, bytes([0x10, _I_AM]) + device.i_am())
        elif kind == 0 and not apdu[0] & 0x08:
            self._confirmed(mac, device, apdu, peer)
        elif kind == 4:
            self._continue(mac, device, apdu, peer)
        elif kind == 7:
            self._sending.pop((peer, device.instance, apdu[1]), None)

    def _confirmed(self, mac: int | None, device: Controller, apdu: bytes, peer: Peer) -> None:
        """Serve a request, at once or as late as the device is."""
        said = self._answer(device, apdu, peer)
        if not device.manners.late_s:
            self._send(mac, peer, said)
            return
        loop = asyncio.get_running_loop()
        loop.call_later(device.manners.late_s, self._send, mac, peer, said)

    def _answer(self, device: Controller, apdu: bytes, peer: Peer) -> bytes:
        invoke, service = apdu[2], apdu[3]
        room = min(device.manners.max_apdu, _SIZES[min(apdu[1] & 0x0F, 5)])
        try:
            if len(apdu) > device.manners.max_apdu:
                return bytes([0x71, invoke, 1])  # abort: buffer overflow
            octets = device.serve(service, apdu[4:], peer, room)
        except Fails as error:
            said = enumerated(error.group) + enumerated(error.code)
            return bytes([0x50, invoke, service]) + said
        except Rejects as error:
            return bytes([0x60, invoke, error.reason])
        except Malformed:
            return bytes([0x60, invoke, 4])  # invalid tag
        if not octets:
            return bytes([0x20, invoke, service])
        if len(octets) + 3 <= room:
            return bytes([0x30, invoke, service]) + octets
        takes_segments = bool(apdu[0] & 0x02) and device.manners.segments
        if not takes_segments or len(self._sending) >= _ANSWERS_MAX:
            return bytes([0x71, invoke, _SEGMENTATION_NOT_SUPPORTED])
        size = room - 5
        parts = [octets[at : at + size] for at in range(0, len(octets), size)]
        now = time.monotonic()
        self._sending = {k: v for k, v in self._sending.items() if now - v.began < 10}
        sending = _Sending(parts, invoke, service, now)
        self._sending[peer, device.instance, invoke] = sending
        return _segment(sending, 0)

    def _continue(self, mac: int | None, device: Controller, apdu: bytes, peer: Peer) -> None:
        """Send the segments after the one acknowledged, as many as the client's window takes."""
        invoke, number, window = apdu[1], apdu[2], max(1, apdu[3])
        sending = self._sending.get((peer, device.instance, invoke))
        if sending is None:
            return
        if number == len(sending.parts) - 1:
            del self._sending[peer, device.instance, invoke]
            return
        for n in range(number + 1, min(number + 1 + window, len(sending.parts))):
            self._send(mac, peer, _segment(sending, n))

    def _send(self, mac: int | None, peer: Peer, apdu: bytes) -> None:
        self._link(0x0A, self._npdu(mac, peer.source, apdu), peer.wire)

    def _npdu(self, mac: int | None, target: bytes, apdu: bytes) -> bytes:
        """With the controller's place as its source, and the client's network as its destination."""
        control = (0x20 if target else 0) | (0x08 if mac is not None else 0)
        head = bytes([0x01, control]) + target
        if mac is not None:
            head += self.network.to_bytes(2, "big") + bytes([1, mac])
        return head + (b"\xff" if target else b"") + apdu

    def _link(self, kind: int, body: bytes, wire: Wire) -> None:
        if self._socket is not None and not self._socket.is_closing():
            self._socket.sendto(
                bytes([0x81, kind]) + (len(body) + 4).to_bytes(2, "big") + body, wire
            )


def _segment(sending: _Sending, number: int) -> bytes:
    more = 0x04 if number < len(sending.parts) - 1 else 0
    head = bytes([0x38 | more, sending.invoke, number % 256, _WINDOW, sending.service])
    return head + sending.parts[number]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[bytes, Wire], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._hear(data, addr)
