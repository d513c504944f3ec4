"""Modbus TCP and RTU over TCP: whole blocks in one request, and one dead register never costs its neighbours."""

from __future__ import annotations

import asyncio
import logging
import math
import struct
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Final, Self
from weakref import WeakKeyDictionary

from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse, ReadInputRegistersResponse

from ingest.addresses import ModbusAddress, modbus_address
from ingest.blocks import GAP, REGISTERS_MAX, Block, Learnt, plan
from ingest.driver import Line, Reading, Register
from ingest.register_image import RegisterImage
from ingest.word_order import word_order_advice
from ingest.words import encode
from ontology.errors import BadRequest, DeviceSilent, Refused

logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
"""What pymodbus would log of each silence and strange frame is raised here, and told once by the poller."""
_NO_DEVICE: Final = (ExcCodes.GATEWAY_PATH_UNAVIABLE, ExcCodes.GATEWAY_NO_RESPONSE)
"""A gateway's word for "the device behind me is silent"."""
_LATER: Final = (ExcCodes.ACKNOWLEDGE, ExcCodes.DEVICE_BUSY, ExcCodes.MEMORY_PARITY_ERROR)
"""Refusals that say nothing about the registers: the device has no time, or a passing fault."""
_MEANING: Final[Mapping[int, str]] = {
    ExcCodes.ILLEGAL_FUNCTION: "it has no such function",
    ExcCodes.ILLEGAL_ADDRESS: "it has no such register, or it is read-only",
    ExcCodes.ILLEGAL_VALUE: "it does not take this value",
    ExcCodes.DEVICE_FAILURE: "it failed to do so",
    ExcCodes.ACKNOWLEDGE: "it says it will do so later",
    ExcCodes.DEVICE_BUSY: "it is busy",
    ExcCodes.NEGATIVE_ACKNOWLEDGE: "it cannot do so now",
}
_SEEN_POLLS: Final = 60
"""The byte order is judged at the first poll, and again after this many."""
_UNITS_MAX: Final = 4_096
"""Units whose holes are remembered between connections."""


class _Link:
    """One connection to a gateway or device, shared by every line with its address; one request at a time."""

    def __init__(self, host: str, port: int, framer: FramerType) -> None:
        self._where = (host, port)
        self._framer = framer
        self._client: AsyncModbusTcpClient | None = None
        self._turn = asyncio.Lock()
        self._free_at = 0.0
        self.users = 0

    async def open(self, timeout_s: float) -> bool:
        """Connect where it is not connected; whether it is."""
        async with self._turn:
            return await self._connected(timeout_s) is not None

    async def ask(
        self,
        request: Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]],
        *,
        timeout_s: float,
        gap_s: float,
    ) -> ModbusPDU:
        """The answer to one request; raises ModbusException where none comes in time."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            if gap_s:
                await asyncio.sleep(max(0.0, self._free_at - loop.time()))
            client = await self._connected(timeout_s)
            if client is None:
                raise ModbusException("the connection is lost")
            try:
                return await request(client)
            except BaseException:
                if self._framer is FramerType.RTU:
                    self.close()  # no transaction numbers: a late answer would pass for the next one
                raise
            finally:
                self._free_at = loop.time() + gap_s

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self, timeout_s: float) -> AsyncModbusTcpClient | None:
        if self._client is None or not self._client.connected:
            self.close()
            self._client = AsyncModbusTcpClient(
                self._where[0], port=self._where[1], framer=self._framer,
                timeout=timeout_s, retries=0, reconnect_delay=0,
            )  # fmt: skip
            for answer in (_HoldingWords, _InputWords):
                self._client.register(answer)
            if not await self._client.connect():
                self.close()
                return None
        self._client.ctx.comm_params.timeout_connect = timeout_s  # lines that share it differ
        return self._client


class _HoldingWords(ReadHoldingRegistersResponse):
    """pymodbus's answer with its words taken out at once; a short one gives the words that came."""

    def decode(self, data: bytes) -> None:
        count = min(data[0], len(data) - 1) // 2
        self.registers = struct.unpack_from(f">{count}H", data, 1)


class _InputWords(_HoldingWords):
    """The same for input registers."""

    function_code = ReadInputRegistersResponse.function_code


_Key = tuple[str, int, FramerType]
_LINKS: MutableMapping[asyncio.AbstractEventLoop, dict[_Key, _Link]] = WeakKeyDictionary()
"""Open connections: many gateways take a single one, so lines with the same address share it."""
_LEARNT: Final[dict[tuple[str, int, int], Learnt]] = {}
"""What each unit refused, kept while the poller connects anew."""


class Modbus:
    """A Modbus unit. It never retries and never sleeps; DeviceSilent when the unit does not answer."""

    def __init__(self, line: Line) -> None:
        self._line = line
        options = line.options
        self._framer = FramerType.RTU if options.get("framer") == "rtu" else FramerType.SOCKET
        self._gap_s = int(options.get("gap_ms", 0)) / 1000
        self._gap = int(options.get("max_gap", GAP))
        self._most = int(options.get("max_registers", REGISTERS_MAX))
        if len(_LEARNT) >= _UNITS_MAX:
            _LEARNT.clear()
        self._learnt = _LEARNT.setdefault((line.host, line.port, line.device), Learnt())
        self._image: RegisterImage | None = None
        self._polls = 0
        self.advice = ""
        """What people should check in this line's set-up; "" while it looks right."""

    async def __aenter__(self) -> Self:
        links = _LINKS.setdefault(asyncio.get_running_loop(), {})
        self._key = (self._line.host, self._line.port, self._framer)
        self._link = links.setdefault(self._key, _Link(*self._key))
        self._link.users += 1
        connected = False
        try:
            connected = await self._link.open(self._line.timeout_s)
        finally:
            if not connected:
                self._release()
        if not connected:
            raise self._silent("no connection")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def _release(self) -> None:
        self._link.users -= 1
        if not self._link.users:
            self._link.close()
            _LINKS.get(asyncio.get_running_loop(), {}).pop(self._key, None)

    async def read(self, registers: Sequence[Register]) -> list[Reading]:
        """One reading per register, in order. Raises DeviceSilent when nothing answers."""
        self._learnt.tick()
        image = self._image
        if (
            image is None
            or image.registers is not registers
            or image.lesson != self._learnt.changes
        ):
            image = self._image = self._blank(registers)
        await self._fill(image)
        if self._polls % _SEEN_POLLS == 0:
            self.advice = word_order_advice(image.seen())
        self._polls += 1
        return image.readings()

    async def command(self, register: Register, value: float | None, *, priority: int) -> Reading:
        """Write the canonical value and read it back; Modbus knows no priorities.

        Raises Refused where the device does not take it, or where there is nothing to give back.
        """
        if value is None:
            raise Refused(
                f"{register.point.id} is a Modbus register: it has no priority {priority} to give back",
                hint="command the value it should have instead",
            )
        address = modbus_address(register.address)
        await self._write(register, address, (value - register.offset) / register.scale)
        image = self._blank((register,))
        await self._fill(image)
        return image.readings()[0]

    def _blank(self, registers: Sequence[Register]) -> RegisterImage:
        addresses = [modbus_address(register.address) for register in registers]
        blocks = plan(addresses, gap=self._gap, most=self._most, holes=self._learnt)
        return RegisterImage(registers, addresses, blocks, self._learnt.changes)

    async def _fill(self, image: RegisterImage) -> None:
        """Read every block. Raises DeviceSilent where all of them are put off."""
        image.known[:] = False
        answered = 0
        for block, offset in zip(image.blocks, image.offsets, strict=True):
            answered += await self._read_block(image, block, offset)
        if image.blocks and not answered:
            raise self._silent("it answers only that it is busy")

    async def _read_block(self, image: RegisterImage, block: Block, offset: int) -> bool:
        """Fill in the block; refused, its halves, and what is refused by itself is remembered.

        False where the device put it off.
        """
        answer = await self._ask(block)
        if not answer.isError():
            bits = block.table in ("coil", "discrete")
            came = answer.bits if bits else answer.registers
            if len(came) <= -(-block.count // 8) * 8 if bits else len(came) <= block.count:
                image.put(offset, block, came)  # more than was asked answers another question
            return True
        if answer.exception_code in _LATER:
            return False
        halves = None
        if answer.exception_code != ExcCodes.ILLEGAL_FUNCTION:
            halves = block.halves()
        if halves is None:
            self._learnt.refuse(block)
            return True
        self._learnt.part(*halves, too_many=answer.exception_code == ExcCodes.ILLEGAL_VALUE)
        for half in halves:
            await self._read_block(image, half, offset + half.start - block.start)
        return True

    async def _ask(self, block: Block) -> ModbusPDU:
        name = {
            "coil": "read_coils", "discrete": "read_discrete_inputs",
            "holding": "read_holding_registers", "input": "read_input_registers",
        }[block.table]  # fmt: skip
        asked = {"address": block.start, "count": block.count}
        return await self._speak(f"{block.table} {block.start}", name, asked)

    async def _speak(self, what: str, name: str, asked: Mapping[str, Any]) -> ModbusPDU:
        """One request by the name pymodbus gives it; raises DeviceSilent where no answer comes."""
        unit = self._line.device
        try:
            answer = await self._link.ask(
                lambda client: getattr(client, name)(device_id=unit, **asked),
                timeout_s=self._line.timeout_s,
                gap_s=self._gap_s,
            )
        except (ModbusException, OSError, TimeoutError) as cause:
            raise self._silent(f"{what} gave no answer") from cause
        if answer.isError() and answer.exception_code in _NO_DEVICE:
            raise self._silent("the gateway says it does not answer")
        return answer

    async def _write(self, register: Register, address: ModbusAddress, raw: float) -> None:
        """Write it in the multiple form, in the single form where the device knows only that."""
        for name, asked in _writes(address, raw):
            answer = await self._speak(f"writing {register.address}", name, asked)
            if not answer.isError():
                return
            if answer.exception_code != ExcCodes.ILLEGAL_FUNCTION:
                break
        code = answer.exception_code
        raise Refused(
            f"{self._line.name} refused {register.point.id} ({register.address}): "
            f"{_MEANING.get(code, f'exception {code}')}",
            hint="check in its manual whether and how the register can be written",
        )

    def _silent(self, why: str) -> DeviceSilent:
        line = self._line
        return DeviceSilent(
            f"modbus {line.host}:{line.port} unit {line.device}: {why}",
            hint="check power, address and unit number at the device",
        )


def _writes(address: ModbusAddress, raw: float) -> list[tuple[str, dict[str, Any]]]:
    """The requests that write the raw number, the best first; raises Refused, or BadRequest for a value."""
    at = address.start
    if address.table in ("input", "discrete"):
        raise Refused(f"{address.table} registers cannot be written", hint="use coil or holding")
    if not math.isfinite(raw):
        raise BadRequest(f"{raw} is no value to write", hint="give a number")
    if address.type in ("bool", "bits"):
        most = 1 if address.type == "bool" else (2 << (address.high - address.low)) - 1
        if raw != round(raw) or not 0 <= raw <= most:
            raise BadRequest(f"{raw:g} does not fit", hint=f"a whole number from 0 to {most}")
    if address.type == "bool":
        on = bool(raw)
        return [
            ("write_coils", {"address": at, "values": [on]}),
            ("write_coil", {"address": at, "value": on}),
        ]
    if (
        address.type == "bits"
    ):  # never by reading first: the device may change its other bits meanwhile
        mask = ((2 << (address.high - address.low)) - 1) << address.low
        masks = {"and_mask": 0xFFFF & ~mask, "or_mask": int(raw) << address.low}
        return [("mask_write_register", {"address": at, **masks})]
    words = encode(raw, address.type, address.order)
    several: tuple[str, dict[str, Any]] = ("write_registers", {"address": at, "values": words})
    if len(words) > 1:
        return [several]
    return [several, ("write_register", {"address": at, "value": words[0]})]
