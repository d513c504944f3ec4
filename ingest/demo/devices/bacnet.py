"""The demo building's BACnet controllers: a router on one UDP port, and 24 devices on the network behind it.

Objects read their value from the plant at the moment they are asked, report changes, and keep
trend logs. Where the devices have `hands`, outputs and commandable values keep what is written into
their priority arrays; the plant behind them does not feel it.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from ingest.addresses import BACNET_TYPES, bacnet_address, trend_address
from ingest.demo.devices.bacnet_device import Controller
from ingest.demo.devices.bacnet_logs import PeriodicLog
from ingest.demo.devices.bacnet_network import BacnetNetwork
from ingest.demo.devices.bacnet_things import (
    SLOTS,
    VALUE_OUT_OF_RANGE,
    WRITE_ACCESS_DENIED,
    Fails,
    Thing,
)
from ingest.demo.devices.layout import NETWORK, ROUTER_INSTANCE
from ingest.demo.devices.plant_values import PlantValues
from ingest.driver import Line, Register
from ingest.drivers.bacnet.services import TREND_LOG, ObjectId
from ingest.drivers.bacnet.tags import CONTEXT, header, real
from ontology.defs import ROLE
from ontology.time import UTC

LOG_EVERY_S: Final = 300
LOG_SIZE: Final = 2_016
"""Records of a trend log: a week."""
_COV_EVERY_S: Final = 1.0
_PROGRAM_SLOT: Final = 16
"""Where the controller's own program commands: the lowest priority (ASHRAE 135, clause 19.2)."""
_FAULT: Final = 0x40
_UNITS: Final = {
    # canonical unit -> its number (clause 21, BACnetEngineeringUnits) and COV increment
    "°C": (62, 0.1), "%RH": (29, 1.0), "ppm": (96, 10.0), "Pa": (53, 5.0), "kPa": (54, 1.0),
    "L/s": (87, 2.0), "%": (98, 1.0), "kW": (48, 0.5), "": (95, 0.1),
}  # fmt: skip
_NO_NUMBER: Final = header(7, CONTEXT, 0)
"""The datum of a record without a value: Null."""


class _FromPlant:
    """An object's value as the plant has it now, under what was written into its priority array."""

    def __init__(
        self, plant: PlantValues, point: str, *, commandable: bool, hands: bool, percent: bool
    ) -> None:
        self._plant = plant
        self._point = point
        self._commandable = commandable
        self._hands = hands
        self._percent = percent
        self._written: dict[int, float | None] = {}
        """Slot -> value; None: given back, also by the person of the story who held it."""

    def value(self) -> float:
        if not self._written:
            return self._plant.value(self._point)
        return next(slot for slot in self._array() if slot is not None)

    def flags(self) -> int:
        missing = math.isnan(self.value()) or self._plant.is_silent(self._point)
        return _FAULT if missing else 0

    def slots(self) -> list[float | None] | None:
        return self._array() if self._commandable else None

    def put(self, value: float | None, priority: int, /) -> None:
        if not (self._hands and self._commandable):
            raise Fails(*WRITE_ACCESS_DENIED)
        if value is not None and self._percent and not 0 <= value <= 100:
            raise Fails(*VALUE_OUT_OF_RANGE)
        self._written[priority] = value

    def _array(self) -> list[float | None]:
        """The program commands its slot at all times; above it a person of the story, and what was written."""
        array: list[float | None] = [None] * SLOTS
        now = self._plant.value(self._point)
        held = self._plant.override_level(self._point)
        if held is not None:
            array[held - 1] = now
        for slot, value in self._written.items():
            array[slot - 1] = value
        if array[_PROGRAM_SLOT - 1] is None:
            array[_PROGRAM_SLOT - 1] = now
        return array

    def logged(self, ts: int) -> tuple[bytes, int]:
        """What was logged at this second: a Real, or Null and a fault."""
        value = self._plant.value(self._point, dt.datetime.fromtimestamp(ts, UTC))
        if math.isnan(value):
            return _NO_NUMBER, _FAULT
        return header(2, CONTEXT, 4) + real(value)[1:], 0


class BacnetDevices:
    """All BACnet controllers of the building behind one router on a UDP port of this host."""

    def __init__(
        self,
        lines: Sequence[Line],
        plant: PlantValues,
        host: str,
        port: int,
        *,
        hands: bool = False,
    ) -> None:
        self._network = BacnetNetwork(
            host,
            port,
            NETWORK,
            behind={
                int(line.options["mac"]): _controller(line, plant, hands=hands) for line in lines
            },
            front=Controller(ROUTER_INSTANCE, "demo-router", ()),
            bbmd=True,
            cov_every_s=_COV_EVERY_S,
        )

    async def __aenter__(self) -> Self:
        await self._network.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._network.__aexit__(kind, error, trace)


def _controller(line: Line, plant: PlantValues, *, hands: bool) -> Controller:
    """The device of a line; mute while all its points are silent."""
    points = [register.point.id for register in line.registers]
    things = [_thing(register, plant, hands=hands) for register in line.registers]
    since = time.time()
    logs = {}
    for register, thing in zip(line.registers, things, strict=True):
        if register.log and isinstance(thing.source, _FromPlant):
            instance = trend_address(register.log).instance
            logs[ObjectId(TREND_LOG, instance)] = PeriodicLog(
                thing.id, thing.source.logged, size=LOG_SIZE, every_s=LOG_EVERY_S, since=since
            )
    return Controller(
        line.device, line.name, things, logs=logs, mute=lambda: all(map(plant.is_silent, points))
    )


def _thing(register: Register, plant: PlantValues, *, hands: bool) -> Thing:
    address = bacnet_address(register.address)
    measured_in = ROLE[register.point.id.partition(".")[2]].unit
    unit, increment = _UNITS[measured_in]
    source = _FromPlant(
        plant, register.point.id, commandable=address.commandable is not False,
        hands=hands, percent=measured_in == "%",
    )  # fmt: skip
    return Thing(
        ObjectId(BACNET_TYPES[address.type], address.instance),
        register.point.id,
        source,
        description=register.point.dis,
        units=unit,
        increment=increment,
    )
