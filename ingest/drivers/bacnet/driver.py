"""The BACnet driver: one line's device behind the ports of `ingest.driver`.

Lines on one local address share one BACnet application, because a host port can be bound only
once. A line behind a router names its `network` and `mac` in the options; the router is the
line's host and port.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Self

from bacpypes3.pdu import Address

from ingest.addresses import BacnetAddress, bacnet_address
from ingest.driver import Line, Reading, Register
from ingest.drivers.bacnet.changes import Subscriptions
from ingest.drivers.bacnet.commands import command
from ingest.drivers.bacnet.port import APDU_BYTES, BacnetPort, local_for
from ingest.drivers.bacnet.remote import Asked, Remote
from ingest.drivers.bacnet.seen import Seen, cost, object_of, see
from ingest.drivers.bacnet.services import (
    PRESENT_VALUE,
    PRIORITY_ARRAY,
    STATUS_FLAGS,
    Notification,
    ObjectId,
)
from ingest.drivers.bacnet.trends import trends
from ontology.history import Samples
from ontology.time import Span

_TTL_S = "300"
_LIFETIME_S = "300"


class Bacnet:
    """A BACnet device. It never retries and never sleeps; DeviceSilent only when nothing answers."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._addresses: dict[str, BacnetAddress] = {}
        self._plain: set[BacnetAddress] = set()
        network, mac = line.options.get("network"), line.options.get("mac", "")
        where = f"{network}:{mac}" if network else f"{line.host}:{line.port}"
        self._remote = Remote(
            Address(where),
            f"bacnet {line.host}:{line.port} device {line.device}",
            timeout_s=line.timeout_s,
            max_apdu=int(line.options.get("max_apdu", APDU_BYTES)),
        )

    async def __aenter__(self) -> Self:
        line = self._line
        port = await BacnetPort.take(
            line.options.get("local", local_for(line.host)),
            line.options.get("bbmd", ""),
            int(line.options.get("ttl", _TTL_S)),
        )
        self._remote.port = port
        network = line.options.get("network")
        if network:
            await port.route(line.host, line.port, [int(network)])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        port, self._remote.port = self._remote.port, None
        if port is not None:
            await port.release()

    async def read(self, registers: Sequence[Register]) -> list[Reading]:
        """One reading per register, in order. Raises DeviceSilent when nothing answers."""
        places = [self._address(register) for register in registers]
        seen = await self._look(places)
        return [seen[place].reading(r) for r, place in zip(registers, places, strict=True)]

    async def changes(self, registers: Sequence[Register]) -> AsyncGenerator[list[Reading]]:
        """Readings as the device reports them (COV), without end; see `changes` for how they are kept alive.

        Objects it takes no subscription for are named in the log; they are seen when polled. Raises
        DeviceSilent when the device is gone.
        """
        objects = {object_of(self._address(register)): register for register in registers}
        subscriptions = Subscriptions(
            self._remote,
            self._line.device,
            list(objects),
            lifetime_s=int(self._line.options.get("cov", _LIFETIME_S)),
            confirmed=self._line.options.get("notify") == "confirmed",
        )
        async with aclosing(subscriptions.notifications()) as told:
            async for batch in told:
                readings = await self._reported(batch, objects)
                if readings:
                    yield readings

    async def _reported(
        self, batch: Sequence[Notification], objects: dict[ObjectId, Register]
    ) -> list[Reading]:
        """What notifications say; commandable objects are read, because none tells who holds them."""
        readings: list[Reading] = []
        held: dict[BacnetAddress, Register] = {}
        for said in batch:
            register = objects[said.object]
            place = self._address(register)
            if place.commandable is not False and place not in self._plain:
                held[place] = register
                continue
            seen = Seen()
            for each in said.values:
                seen.take(each.property, each.values)
            readings.append(seen.reading(register))
        if held:
            seen_now = await self._look(list(held))
            readings += [seen_now[place].reading(register) for place, register in held.items()]
        return readings

    async def trend(self, registers: Sequence[Register], span: Span) -> AsyncGenerator[Samples]:
        """What the device's trend logs have within the range, log by log, each oldest first.

        Registers without a log are passed over. Raises DeviceSilent, BadRequest where nothing says how the
        device's clock stands to UTC, and, when all others are read, Refused for the logs that cannot be.
        """
        zone = self._line.options.get("zone", "")
        async with aclosing(
            trends(self._remote, self._line.device, registers, span, zone)
        ) as found:
            async for samples in found:
                yield samples

    async def command(self, register: Register, value: float | None, *, priority: int) -> Reading:
        """Write the canonical value at a priority (1 to 16), or with None give that slot back.

        Returns what the device says afterwards. Raises Refused where it does not take or keep it, and
        DeviceSilent.
        """
        await command(self._remote, self._address(register), register, value, priority)
        (reading,) = await self.read([register])
        return reading

    async def _look(self, places: Sequence[BacnetAddress]) -> dict[BacnetAddress, Seen]:
        """The objects as they are now; learns which have no priority array."""
        asked = {place: self._asked(place) for place in places}
        answers = await self._remote.many(asked.values(), cost)
        found: dict[BacnetAddress, Seen] = {}
        for place, item in asked.items():
            seen = found[place] = see(answers, item)
            gone = answers.get((item[0], PRESENT_VALUE, None)) is None
            if not seen.has_array and not gone and place.commandable is None:
                self._plain.add(place)
        return found

    def _asked(self, place: BacnetAddress) -> Asked:
        """Present value and flags, and the priority array unless the object is known to have none."""
        wanted = [(PRESENT_VALUE, None), (STATUS_FLAGS, None)]
        if place.commandable is not False and place not in self._plain:
            wanted.append((PRIORITY_ARRAY, None))
        return object_of(place), wanted

    def _address(self, register: Register) -> BacnetAddress:
        """The register's address, read once."""
        if register.address not in self._addresses:
            self._addresses[register.address] = bacnet_address(register.address)
        return self._addresses[register.address]
