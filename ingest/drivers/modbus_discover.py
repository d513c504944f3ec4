"""What answers behind a Modbus address: units, their tables and registers, who made them, which byte order fits."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from ingest.addresses import MODBUS_TABLES
from ingest.word_order import Seen, word_order
from ontology.errors import BadRequest, DeviceSilent

logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
"""Silence is what a scan expects of most units: nothing to log."""
UNITS: Final = range(1, 248)
"""Unit numbers of a serial line (Modbus over serial line 1.02, 2.2)."""
SPAN: Final = range(10_000)
"""Registers that are looked through: few makers go beyond, and those say so in their manual."""
_BLOCK: Final = 100
_ISLAND: Final = 10
"""Fewer neighbouring registers than this, alone among a hundred that are refused, may be overlooked."""
_PROBES: Final = (0, 1, 100, 1_000, 3_000, 4_000)
"""Registers that are asked for to find out whether a unit is there at all."""
_CLEARLY: Final = 0.25
_REQUESTS: Final = 20_000
_SECONDS: Final = 600.0
"""Bounds of a whole scan."""
_TEXTS: Final = ("vendor", "product", "version", "url", "product_name", "model", "application")
"""Objects 0 to 6 of a device identification (Modbus application protocol 1.1b3, 6.21)."""
_TEXT: Final = 100
_READ: Final = {
    "coil": "read_coils", "discrete": "read_discrete_inputs",
    "holding": "read_holding_registers", "input": "read_input_registers",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A unit that answered."""

    host: str
    port: int
    unit: int
    framer: str
    tables: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Table -> ranges `[start, end)` that can be read."""
    identity: dict[str, str] = field(default_factory=dict)
    """What it says of itself, where it does: vendor, product, version ... untrusted text."""
    order: str = ""
    """The byte order in which pairs of registers are most often believable floats; "": no telling."""
    evidence: str = ""
    complete: bool = True
    """False where the bounds of the scan ended before its registers did."""


async def scan(
    host: str,
    port: int = 502,
    *,
    units: Iterable[int] = UNITS,
    framer: str = "tcp",
    span: range = SPAN,
    tables: Iterable[str] = MODBUS_TABLES,
    timeout_s: float = 0.5,
    gap_s: float = 0.0,
) -> list[FoundUnit]:
    """The units that answer, in order; reads only, never writes.

    A gateway asks the serial line for each unit in turn: 247 silent ones take `timeout_s` each. Raises
    DeviceSilent where nothing listens at the address, BadRequest for a framer that does not exist.
    """
    if framer not in ("tcp", "rtu"):
        raise BadRequest(
            f"no framer {framer!r}", hint="tcp, or rtu for a transparent serial gateway"
        )
    look = _Look(host, port, framer, timeout_s, gap_s)
    found = []
    try:
        await look.connect()
        for unit in dict.fromkeys(units):
            if look.spent:
                break
            if await look.answers(unit):
                found.append(await look.at(unit, span, tuple(tables)))
    finally:
        look.close()
    return found


class _Look:
    """One connection, and how much of the scan's bounds is left."""

    def __init__(self, host: str, port: int, framer: str, timeout_s: float, gap_s: float) -> None:
        self._host, self._port, self._framer = host, port, framer
        self._timeout_s, self._gap_s = timeout_s, gap_s
        self._client: AsyncModbusTcpClient | None = None
        self._requests = 0
        self._until = time.monotonic() + _SECONDS

    @property
    def spent(self) -> bool:
        """Whether the bounds are reached."""
        return self._requests >= _REQUESTS or time.monotonic() > self._until

    async def connect(self) -> AsyncModbusTcpClient:
        """A live connection. Raises DeviceSilent."""
        if self._client is None or not self._client.connected:
            self.close()
            kind = FramerType.RTU if self._framer == "rtu" else FramerType.SOCKET
            self._client = AsyncModbusTcpClient(
                self._host, port=self._port, framer=kind,
                timeout=self._timeout_s, retries=0, reconnect_delay=0,
            )  # fmt: skip
            if not await self._client.connect():
                raise DeviceSilent(
                    f"modbus {self._host}:{self._port}: no connection",
                    hint="check the address; many gateways take one connection: stop other masters",
                )
        return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def answers(self, unit: int) -> bool:
        """Whether anything comes back under this unit number, a refusal included."""
        for table in ("holding", "input"):
            for at in _PROBES:
                answer = await self._ask(unit, _READ[table], address=at, count=1)
                if answer is None:
                    return False
                code = answer.exception_code if answer.isError() else None
                if code in (ExcCodes.GATEWAY_NO_RESPONSE, ExcCodes.GATEWAY_PATH_UNAVIABLE):
                    return False
                if code not in (ExcCodes.DEVICE_BUSY, ExcCodes.ACKNOWLEDGE):
                    return True
        return False

    async def at(self, unit: int, span: range, tables: tuple[str, ...]) -> FoundUnit:
        """Everything about a unit that is there."""
        ranges: dict[str, list[tuple[int, int]]] = {}
        words: dict[str, dict[int, int]] = {}
        complete = True
        for table in tables:
            came = words[table] = {}
            complete &= await self._table(unit, table, span, came)
            if came:
                ranges[table] = _ranges(came)
        order, evidence = _order([words[table] for table in ("holding", "input") if table in words])
        identity = await self._identity(unit)
        return FoundUnit(
            self._host, self._port, unit, self._framer, ranges, identity, order, evidence, complete
        )

    async def _table(self, unit: int, table: str, span: range, came: dict[int, int]) -> bool:
        """Read one table block by block, refused ones in halves; whether it came to the end."""
        waiting = [
            (start, min(start + _BLOCK, span.stop))
            for start in range(span.start, span.stop, _BLOCK)
        ][::-1]
        while waiting:
            if self.spent:
                return False
            start, end = waiting.pop()
            answer = await self._ask(unit, _READ[table], address=start, count=end - start)
            if answer is None:
                return False
            if not answer.isError():
                bits = table in ("coil", "discrete")
                taken = (answer.bits if bits else answer.registers)[: end - start]
                came |= {start + n: int(value) for n, value in enumerate(taken)}
            elif answer.exception_code == ExcCodes.ILLEGAL_FUNCTION:
                return True
            elif end - start > 1 and (
                end - start < _BLOCK or await self._edge(unit, table, start, end, came)
            ):
                middle = (start + end) // 2
                waiting += [(middle, end), (start, middle)]
        return True

    async def _edge(
        self, unit: int, table: str, start: int, end: int, came: dict[int, int]
    ) -> bool:
        """Whether a refused whole block is worth halving: its left neighbour answered, or one in ten of it does."""
        if start - 1 in came:
            return True
        for at in (start, *range(start + 1, end, _ISLAND)):
            answer = await self._ask(unit, _READ[table], address=at, count=1)
            if answer is not None and not answer.isError():
                return True
        return False

    async def _identity(self, unit: int) -> dict[str, str]:
        """What the unit tells by function 43/14; {} where it does not know it."""
        answer: Any = await self._ask(unit, "read_device_information", read_code=1, object_id=0)
        if answer is None or answer.isError():
            return {}
        texts: dict[str, str] = {}
        for number, text in getattr(answer, "information", {}).items():
            if 0 <= number < len(_TEXTS):
                raw = text if isinstance(text, bytes) else str(text).encode()
                shown = raw[:_TEXT].decode("utf-8", "replace")
                texts[_TEXTS[number]] = "".join(c for c in shown if c.isprintable()).strip()
        return texts

    async def _ask(self, unit: int, name: str, **asked: Any) -> ModbusPDU | None:
        """The answer, None where none comes in time."""
        self._requests += 1
        if self._gap_s:
            await asyncio.sleep(self._gap_s)
        client = await self.connect()
        try:
            answer: ModbusPDU = await getattr(client, name)(device_id=unit, **asked)
        except (ModbusException, OSError, TimeoutError):
            if self._framer == "rtu":
                self.close()  # no transaction numbers: a late answer would pass for the next one
            return None
        return answer


def _ranges(came: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbouring registers as ranges `[start, end)`.

    >>> _ranges([1, 2, 3, 7])
    [(1, 4), (7, 8)]
    """
    ranges: list[tuple[int, int]] = []
    for at in sorted(came):
        if ranges and ranges[-1][1] == at:
            ranges[-1] = (ranges[-1][0], at + 1)
        else:
            ranges.append((at, at + 1))
    return ranges


def _order(tables: list[dict[int, int]]) -> tuple[str, str]:
    """The byte order floats would have, with the evidence; a guess.

    Words in swapped order, paired one register too late, look like words in order: so pairs are taken
    from the start of each range, and one register later only where that is clearly better.
    """
    best, evidence, share = "", "", 0.0
    for late in (0, 1):
        seen = [
            Seen("float32", "ABCD", (words[at], words[at + 1]))
            for words in tables
            for start, end in _ranges(words)
            for at in range(start + late, end - 1, 2)
            if words[at] != words[at + 1]
        ]
        verdict = word_order(seen)
        if verdict is None or verdict.share < share + _CLEARLY * late:
            continue
        best, share = verdict.order, verdict.share
        where = "the second register" if late else "the first register"
        evidence = (
            f"{share:.0%} of {verdict.numbers} pairs counted from {where} of each range are "
            f"believable float32 in {best}"
        )
    return best, evidence
