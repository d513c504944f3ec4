"""The demo building's devices on loopback: real BACnet/IP, Modbus TCP and LoRaWAN uplinks."""

from __future__ import annotations

import contextlib
import socket
from types import TracebackType
from typing import Self

from ingest.demo.devices.bacnet import BacnetDevices
from ingest.demo.devices.layout import Layout, is_serial
from ingest.demo.devices.lorawan import LorawanSensors
from ingest.demo.devices.modbus import ModbusDevices
from ingest.demo.devices.plant_values import PlantValues
from ingest.driver import Line
from ingest.drivers.lorawan import Broker

__all__ = ["DemoDevices", "Layout", "PlantValues", "free_port"]


class DemoDevices:
    """Every device of Riverside Tower, served while entered; `lines` is how to poll them.

    A port of 0 takes a free one. Raises Conflict where a port is taken.
    """

    def __init__(
        self,
        plant: PlantValues,
        host: str = "127.0.0.1",
        bacnet_port: int = 0,
        modbus_port: int = 0,
        rtu_port: int = 0,
        *,
        webhook: str | None = None,
        secret: str | None = None,
        broker: Broker | None = None,
        hands: bool = False,
    ) -> None:
        """`hands`: BACnet outputs and commandable values take commands."""
        self.host = host
        self.bacnet_port = bacnet_port or free_port(host, socket.SOCK_DGRAM)
        self.modbus_port = modbus_port or free_port(host, socket.SOCK_STREAM)
        self.rtu_port = rtu_port or free_port(host, socket.SOCK_STREAM)
        self.layout = Layout.of_riverside_tower().at(
            host, self.bacnet_port, self.modbus_port, self.rtu_port
        )
        self._plant = plant
        self._hands = hands
        self._sensors = LorawanSensors(
            self.layout.lorawan, plant, webhook=webhook, secret=secret, broker=broker
        )
        self._open = contextlib.AsyncExitStack()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that poll these devices."""
        return self.layout.lines

    async def __aenter__(self) -> Self:
        tcp = [line for line in self.layout.modbus if not is_serial(line)]
        serial = [line for line in self.layout.modbus if is_serial(line)]
        async with contextlib.AsyncExitStack() as opening:
            for device in (
                BacnetDevices(
                    self.layout.bacnet, self._plant, self.host, self.bacnet_port, hands=self._hands
                ),
                ModbusDevices(tcp, self._plant, self.host, self.modbus_port),
                ModbusDevices(serial, self._plant, self.host, self.rtu_port, serial=True),
                self._sensors,
            ):
                await opening.enter_async_context(device)
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()


def free_port(host: str, kind: socket.SocketKind) -> int:
    """A port of this host that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
