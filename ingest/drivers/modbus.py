"""Modbus TCP: neighbouring registers in one request, and one dead register never costs its neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from ingest.addresses import ModbusAddress, modbus_address
from ingest.driver import Line, Reading, Register
from ingest.words import decode, implausible
from ontology.errors import DeviceSilent
from ontology.history import Status

_REGISTERS_MAX: Final = 125
_BITS_MAX: Final = 2_000
"""Most registers and bits in one request (Modbus application protocol 1.1b3, 6.1 and 6.3)."""
_GAP: Final = 8
"""Unused registers worth reading over: cheaper than another request, few enough to be harmless."""
_NO_DEVICE: Final = (ExcCodes.GATEWAY_PATH_UNAVIABLE, ExcCodes.GATEWAY_NO_RESPONSE)
"""A gateway's word for "the device behind me is silent"."""


@dataclass(frozen=True, slots=True)
class Block:
    """Registers read in one request: `count` from `start` of one table, and who lives there."""

    table: str
    start: int
    count: int
    members: tuple[ModbusAddress, ...]


def plan(addresses: Iterable[ModbusAddress], *, gap: int = _GAP) -> list[Block]:
    """The fewest requests that read all addresses, each within the protocol's limit.

    >>> [(b.start, b.count) for b in plan([modbus_address("input:100"), modbus_address("input:103")])]
    [(100, 4)]
    """
    blocks: list[Block] = []
    run: list[ModbusAddress] = []
    for address in sorted(set(addresses), key=lambda a: (a.table, a.start, a.count, a.order)):
        if run and not _fits(run, address, gap):
            blocks.append(_block(run))
            run = []
        run.append(address)
    if run:
        blocks.append(_block(run))
    return blocks


def _fits(run: Sequence[ModbusAddress], address: ModbusAddress, gap: int) -> bool:
    most = _BITS_MAX if address.table in ("coil", "discrete") else _REGISTERS_MAX
    end = max(member.end for member in run)
    return (
        address.table == run[0].table
        and address.start - end <= gap
        and max(end, address.end) - run[0].start <= most
    )


def _block(run: Sequence[ModbusAddress]) -> Block:
    end = max(member.end for member in run)
    return Block(run[0].table, run[0].start, end - run[0].start, tuple(run))


class Modbus:
    """A Modbus TCP unit. It never retries and never sleeps; DeviceSilent when the unit does not answer."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._client = AsyncModbusTcpClient(
            line.host, port=line.port, timeout=line.timeout_s, retries=0, reconnect_delay=0
        )

    async def __aenter__(self) -> Self:
        if not await self._client.connect():
            self._client.close()
            raise self._silent("no connection")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    async def read(self, registers: Sequence[Register]) -> list[Reading]:
        """One reading per register, in order. Raises DeviceSilent when nothing answers."""
        asked = [(register, modbus_address(register.address)) for register in registers]
        raw: dict[ModbusAddress, float] = {}
        for block in plan(address for _, address in asked):
            raw |= await self._read_block(block)
        return [_reading(register, raw.get(address, math.nan)) for register, address in asked]

    async def _read_block(self, block: Block) -> Mapping[ModbusAddress, float]:
        """Raw numbers of a block; where the device refuses it, its members one by one."""
        answer = await self._ask(block)
        if not answer.isError():
            return {member: _raw(member, block.start, answer) for member in block.members}
        if len(block.members) == 1 and block.count == block.members[0].count:
            return {}
        raw: dict[ModbusAddress, float] = {}
        for member in block.members:
            raw |= await self._read_block(_block([member]))
        return raw

    async def _ask(self, block: Block) -> ModbusPDU:
        read = {
            "coil": self._client.read_coils,
            "discrete": self._client.read_discrete_inputs,
            "holding": self._client.read_holding_registers,
            "input": self._client.read_input_registers,
        }[block.table]
        try:
            answer = await read(block.start, count=block.count, device_id=self._line.device)
        except ModbusException as cause:
            raise self._silent(f"{block.table} {block.start} gave no answer") from cause
        if answer.isError() and answer.exception_code in _NO_DEVICE:
            raise self._silent("the gateway says it does not answer")
        return answer

    def _silent(self, why: str) -> DeviceSilent:
        line = self._line
        return DeviceSilent(
            f"modbus {line.host}:{line.port} unit {line.device}: {why}",
            hint="check power, address and unit number at the device",
        )


def _raw(address: ModbusAddress, start: int, answer: ModbusPDU) -> float:
    at = address.start - start
    if address.type == "bool":
        return float(answer.bits[at]) if at < len(answer.bits) else math.nan
    words = answer.registers[at : at + address.count]
    if len(words) != address.count:  # the device sent fewer registers than it was asked for
        return math.nan
    return decode(words, address.type, address.order)


def _reading(register: Register, raw: float) -> Reading:
    """The canonical value; what only a wrong word order can produce is a fault and no value."""
    if not math.isfinite(raw) or implausible(raw):
        return Reading(register.point, math.nan, Status.FAULT)
    return Reading(register.point, raw * register.scale + register.offset)
