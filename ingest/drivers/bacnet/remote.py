"""One BACnet device as it is asked: many properties in one request, fewer where it cannot, one value never lost to another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bacpypes3.apdu import AbortPDU, AbortReason, ErrorRejectAbortNack, RejectPDU, RejectReason
from bacpypes3.pdu import Address

from ingest.drivers.bacnet.port import APDU_BYTES, BacnetPort
from ingest.drivers.bacnet.services import (
    READ_MULTIPLE,
    READ_PROPERTY,
    ObjectId,
    Values,
    properties_of,
    property_of,
    read_multiple,
    read_property,
)
from ingest.drivers.bacnet.tags import Malformed
from ontology.errors import DeviceSilent

HEADER_BYTES: Final = 16
"""Of an APDU that no property can use: its header, and room for a longer tag."""
_BUDGET_LEAST: Final = 24
"""Of the answer: one object with present value and flags."""
_TOO_BIG: Final = {
    AbortReason.bufferOverflow,
    AbortReason.segmentationNotSupported,
    AbortReason.apduTooLong,
    AbortReason.outOfResources,
}
_NO_ANSWER: Final = {AbortReason.noResponse, AbortReason.tsmTimeout, AbortReason.serverTimeout}

Place = tuple[int, int | None]
"""A property of an object and its array index, None for all of it."""
Asked = tuple[ObjectId, Sequence[Place]]
Answers = dict[tuple[ObjectId, int, int | None], Values]


class Nack(Exception):
    """The device answered, and not with what was asked."""

    def __init__(self, said: ErrorRejectAbortNack) -> None:
        super().__init__(str(said))
        reason = getattr(said, "apduAbortRejectReason", None)
        self.too_big = isinstance(said, AbortPDU) and reason in _TOO_BIG
        self.no_such_service = (
            isinstance(said, RejectPDU) and reason == RejectReason.unrecognizedService
        )


class Remote:
    """A device at an address of a port; knows what it has learnt of its limits. Never retries."""

    def __init__(
        self, address: Address, name: str, *, timeout_s: float, max_apdu: int = APDU_BYTES
    ) -> None:
        self.address = address
        self.port: BacnetPort | None = None
        self.budget = max_apdu - HEADER_BYTES
        """Bytes of an answer that properties may take."""
        self._name = name
        self._timeout_s = timeout_s
        self._one_by_one = False

    async def ask(self, service: int, octets: bytes) -> bytes:
        """The answer to one confirmed request; raises DeviceSilent or Nack."""
        if self.port is None:
            raise self.silent("the line is not open")
        async with self.port.slots:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self.port.request(self.address, service, octets)
            except TimeoutError as cause:
                raise self.silent(f"no answer within {self._timeout_s:g} s") from cause
            except ErrorRejectAbortNack as said:
                if isinstance(said, AbortPDU) and said.apduAbortRejectReason in _NO_ANSWER:
                    raise self.silent("no answer") from said
                raise Nack(said) from said

    def silent(self, why: str) -> DeviceSilent:
        """The error to raise where the device does not answer."""
        return DeviceSilent(
            f"{self._name}: {why}",
            hint="check power, address, network number and that UDP passes the firewall",
        )

    async def read(self, target: ObjectId, name: int, index: int | None = None) -> Values:
        """One property; None where the device says an error. Raises DeviceSilent, and Nack where too big."""
        try:
            said = property_of(await self.ask(READ_PROPERTY, read_property(target, name, index)))
        except Nack as nack:
            if nack.too_big:
                raise
            return None
        except Malformed:
            return None
        if (said.object, said.property, said.index) != (target, name, index):
            return None  # a late answer to a question of long ago
        return said.values

    async def many(self, asked: Iterable[Asked], cost: Callable[[Asked], int]) -> Answers:
        """Every property asked for, None where the device gave an error or nothing.

        `cost` says how many bytes of an answer an object takes. Raises DeviceSilent.
        """
        found: Answers = {}
        for chunk in self._chunks(asked, cost):
            found |= await self._chunk(chunk)
        return found

    def _chunks(
        self, asked: Iterable[Asked], cost: Callable[[Asked], int]
    ) -> Iterable[list[Asked]]:
        """Runs of objects whose answer fits into one unsegmented APDU."""
        chunk: list[Asked] = []
        size = 0
        for item in asked:
            more = cost(item)
            if chunk and size + more > self.budget:
                yield chunk
                chunk, size = [], 0
            chunk.append(item)
            size += more
        if chunk:
            yield chunk

    async def _chunk(self, chunk: list[Asked]) -> Answers:
        """Everything in one request; in halves, then one by one, where the device refuses."""
        if self._one_by_one:
            return await self._singles(chunk)
        try:
            octets = await self.ask(READ_MULTIPLE, read_multiple(chunk))
        except Nack as nack:
            return await self._smaller(chunk, nack)
        found = _answers(octets)
        missing = [
            (target, wanted)
            for target, wanted in chunk
            if any((target, name, index) not in found for name, index in wanted)
        ]
        if len(missing) == len(chunk):
            return found | await self._singles(missing)
        return found | await self._chunk(missing) if missing else found

    async def _smaller(self, chunk: list[Asked], nack: Nack) -> Answers:
        if nack.no_such_service:
            self._one_by_one = True
        if nack.no_such_service or len(chunk) == 1:
            return await self._singles(chunk)
        if nack.too_big:
            self.budget = max(self.budget // 2, _BUDGET_LEAST)
        middle = len(chunk) // 2
        first = await self._chunk(chunk[:middle])
        return first | await self._chunk(chunk[middle:])

    async def _singles(self, chunk: Sequence[Asked]) -> Answers:
        """Property by property, for devices without ReadPropertyMultiple."""
        found: Answers = {}
        for target, wanted in chunk:
            missing = False
            for name, index in wanted:
                found[target, name, index] = (
                    None if missing else await self._one(target, name, index)
                )
                # an object without its first property is not asked for the others
                missing = missing or found[target, wanted[0][0], wanted[0][1]] is None
        return found

    async def _one(self, target: ObjectId, name: int, index: int | None) -> Values:
        try:
            return await self.read(target, name, index)
        except Nack:
            return None


def _answers(octets: bytes) -> Answers:
    """What a ReadPropertyMultiple answer says, as far as it makes sense."""
    found: Answers = {}
    try:
        for said in properties_of(octets):
            found[said.object, said.property, said.index] = said.values
    except Malformed:
        return found
    return found
