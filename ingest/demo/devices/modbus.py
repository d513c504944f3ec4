"""Real Modbus on one port, TCP or RTU frames: chillers and meters as units of a gateway, live from the plant.

A silent unit is answered by the gateway's own exception, as gateways do.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from ingest.addresses import ModbusAddress, modbus_address
from ingest.demo.devices.plant_values import PlantValues
from ingest.driver import Line, Register
from ingest.words import encode
from ontology.errors import Conflict

_TABLE: Final = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
"""Function code of a read -> table."""
_WORD_BITS: Final = 16


class _Unit:
    """One Modbus unit: fills its registers from the plant whenever they are asked for."""

    def __init__(self, line: Line, plant: PlantValues) -> None:
        self._plant = plant
        self._points = [register.point.id for register in line.registers]
        self._tables: dict[str, list[tuple[ModbusAddress, Register]]] = {}
        for register in line.registers:
            address = modbus_address(register.address)
            self._tables.setdefault(address.table, []).append((address, register))
        self.device = SimDevice(
            id=line.device,
            simdata=(
                [self._bits("coil")],
                [self._bits("discrete")],
                [self._words("holding")],
                [self._words("input")],
            ),
            action=self._answer,
        )

    def _bits(self, table: str) -> SimData:
        end = max((address.end for address, _ in self._tables.get(table, [])), default=1)
        count = -(-end // _WORD_BITS) * _WORD_BITS
        return SimData(0, count=count, values=False, datatype=DataType.BITS, readonly=True)

    def _words(self, table: str) -> SimData:
        members = [address for address, _ in self._tables.get(table, [])]
        if not members:
            return SimData(0, count=1, datatype=DataType.INVALID)
        start = min(address.start for address in members)
        count = max(address.end for address in members) - start
        return SimData(start, count=count, values=0, datatype=DataType.REGISTERS, readonly=True)

    async def _answer(self, function_code: int, start_address: int, *rest: Any) -> ExcCodes | None:
        """Refresh the asked table in place; pymodbus calls it before it reads the registers."""
        _address, _count, current_registers, _set_values = rest
        if all(map(self._plant.is_silent, self._points)):
            return ExcCodes.GATEWAY_NO_RESPONSE
        if function_code in _TABLE and _TABLE[function_code] not in self._tables:
            return ExcCodes.ILLEGAL_FUNCTION
        for place, register in self._tables.get(_TABLE.get(function_code, ""), []):
            raw = (self._plant.value(register.point.id) - register.offset) / register.scale
            if place.type == "bool":
                _set_bit(current_registers, place.start, on=raw >= 0.5)
            elif place.type == "bits":
                word = place.start - start_address
                if 0 <= word < len(current_registers):
                    _set_bit(current_registers, word * _WORD_BITS + place.low, on=raw >= 0.5)
            else:
                at = place.start - start_address
                current_registers[at : at + place.count] = encode(raw, place.type, place.order)
        return None


def _set_bit(words: list[int], bit: int, *, on: bool) -> None:
    mask = 1 << (bit % _WORD_BITS)
    word = words[bit // _WORD_BITS]
    words[bit // _WORD_BITS] = word | mask if on else word & ~mask


class ModbusDevices:
    """Modbus units behind one TCP port of this host: Modbus TCP, or RTU frames as a serial gateway passes them."""

    def __init__(
        self,
        lines: Sequence[Line],
        plant: PlantValues,
        host: str,
        port: int,
        *,
        serial: bool = False,
    ) -> None:
        self._framer = FramerType.RTU if serial else FramerType.SOCKET
        self._units = [_Unit(line, plant) for line in lines]
        self._host, self._port = host, port

    async def __aenter__(self) -> Self:
        _require_free(self._host, self._port)
        self._server = ModbusTcpServer(
            [unit.device for unit in self._units],
            framer=self._framer,
            address=(self._host, self._port),
        )
        await self._server.serve_forever(background=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.shutdown()  # type: ignore[no-untyped-call]


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as cause:
            raise Conflict(
                f"Modbus devices cannot use {host}:{port}: {cause.strerror}",
                hint="another program owns this TCP port: stop it or choose another",
            ) from cause
