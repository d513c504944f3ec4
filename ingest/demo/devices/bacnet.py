"""Real BACnet/IP on one UDP port: a router in front of a virtual network of controllers.

Objects read their value from the plant at the moment they are asked. Writing is refused: the
simulated plant has no hands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from bacpypes3.app import Application
from bacpypes3.basetypes import (
    BinaryPV,
    EngineeringUnits,
    PriorityArray,
    PriorityValue,
    PropertyIdentifier,
    StatusFlags,
)
from bacpypes3.errors import PropertyError
from bacpypes3.local.analog import AnalogInputObject, AnalogValueObject
from bacpypes3.local.binary import BinaryInputObject, BinaryValueObject
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.object import Object
from bacpypes3.object import AnalogOutputObject, BinaryOutputObject
from bacpypes3.pdu import IPv4Address, LocalBroadcast, LocalStation
from bacpypes3.primitivedata import Real, Unsigned
from bacpypes3.vlan import Network, Node

from ingest.addresses import BACNET_TYPES, bacnet_address
from ingest.demo.devices.layout import NETWORK, ROUTER_INSTANCE
from ingest.demo.devices.plant_values import PlantValues
from ingest.driver import Line, Register
from ingest.drivers.bacnet.port import application, new_link, ready
from ontology.defs import ROLE

_IP_NETWORK: Final = 2000
_ROUTER_MAC: Final = 254
_SLOTS: Final = 16
_PROGRAM_SLOT: Final = 16
"""Where the controller's own program commands: the lowest priority (ASHRAE 135, clause 19.2)."""
_UNITS: Final[Mapping[str, str]] = {
    "°C": "degreesCelsius", "%RH": "percentRelativeHumidity", "ppm": "partsPerMillion",
    "Pa": "pascals", "kPa": "kilopascals", "L/s": "litersPerSecond", "%": "percent",
    "kW": "kilowatts", "": "noUnits",
}  # fmt: skip
_PROPERTY: Final = {
    int(PropertyIdentifier.presentValue): "presentValue",
    int(PropertyIdentifier.statusFlags): "statusFlags",
    int(PropertyIdentifier.priorityArray): "priorityArray",
}


class _Live:
    """Turns any BACnet object into one that shows a point of the plant.

    The commandable ones build their priority array when asked, so they do without
    bacpypes3's own, which costs 3 ms an object to set up.
    """

    _plant: PlantValues
    _point: str
    _commandable = False

    async def read_property(self, attr: int | str, index: int | None = None) -> Any:
        """The property as it is now; raises PropertyError or AttributeError as BACnet objects do."""
        name = attr if isinstance(attr, str) else _PROPERTY.get(int(attr), "")
        match name:
            case "presentValue":
                return self._present()
            case "statusFlags":
                return self._flags()
            case "priorityArray" if self._commandable:
                return self._slots(index)
        return await super().read_property(attr, index)  # type: ignore[misc]

    async def write_property(self, *_args: Any, **_options: Any) -> None:
        raise PropertyError(errorCode="writeAccessDenied")

    def _present(self) -> Any:
        return Real(self._plant.value(self._point))

    def _choice(self) -> Any:
        return PriorityValue(real=self._present())

    def _flags(self) -> Any:
        missing = math.isnan(self._plant.value(self._point)) or self._plant.is_silent(self._point)
        return StatusFlags([0, int(missing), 0, 0])  # in-alarm, fault, overridden, out of service

    def _slots(self, index: int | None) -> Any:
        """The priority array: the hand's slot, or the program's while nobody holds the point."""
        slots = [_NULL] * _SLOTS
        slots[(self._plant.override_level(self._point) or _PROGRAM_SLOT) - 1] = self._choice()
        if index is None:
            return PriorityArray(slots)
        if not 0 <= index <= _SLOTS:
            raise PropertyError(errorCode="invalidArrayIndex")
        return slots[index - 1] if index else Unsigned(_SLOTS)


class _LiveBinary(_Live):
    def _present(self) -> Any:
        return BinaryPV("active" if self._plant.value(self._point) >= 0.5 else "inactive")

    def _choice(self) -> Any:
        return PriorityValue(enumerated=int(self._present()))


class _AnalogInput(_Live, AnalogInputObject):  # type: ignore[misc]
    pass


class _AnalogOutput(_Live, Object, AnalogOutputObject):  # type: ignore[misc]
    _commandable = True


class _AnalogValue(_Live, AnalogValueObject):  # type: ignore[misc]
    _commandable = True


class _BinaryInput(_LiveBinary, BinaryInputObject):  # type: ignore[misc]
    pass


class _BinaryOutput(_LiveBinary, Object, BinaryOutputObject):  # type: ignore[misc]
    _commandable = True


class _BinaryValue(_LiveBinary, BinaryValueObject):  # type: ignore[misc]
    _commandable = True


_NULL = PriorityValue(null=())
_CLASSES: Final = {
    "analog-input": _AnalogInput,
    "analog-output": _AnalogOutput,
    "analog-value": _AnalogValue,
    "binary-input": _BinaryInput,
    "binary-output": _BinaryOutput,
    "binary-value": _BinaryValue,
}


class _Controller:
    """One BACnet device on the virtual network; mute while all its points are silent."""

    def __init__(self, line: Line, plant: PlantValues, lan: Network) -> None:
        self._plant = plant
        self._points = [register.point.id for register in line.registers]
        self.app = application(_device(line.device, line.name))
        self._answer = self.app.indication
        self.app.indication = self._hear
        mac = LocalStation(int(line.options["mac"]))
        self.app.nsap.bind(Node(mac, lan), net=NETWORK, address=mac)
        for register in line.registers:
            self.app.add_object(_object(register, plant))

    async def _hear(self, request: Any) -> None:
        if not all(map(self._plant.is_silent, self._points)):
            await self._answer(request)


class BacnetDevices:
    """All BACnet controllers of the building behind one router on a UDP port of this host."""

    def __init__(self, lines: Sequence[Line], plant: PlantValues, host: str, port: int) -> None:
        self._lines = lines
        self._plant = plant
        self._address = f"{host}:{port}"
        self._controllers: list[_Controller] = []

    async def __aenter__(self) -> Self:
        address = IPv4Address(self._address)
        self._link = new_link(self._address)
        await ready(self._link)
        self._router: Application = application(_device(ROUTER_INSTANCE, "demo-router"))
        lan = Network(name="controllers", broadcast_address=LocalBroadcast())
        mac = LocalStation(_ROUTER_MAC)
        self._router.nsap.bind(self._link, net=_IP_NETWORK, address=address)
        self._router.nsap.bind(Node(mac, lan), net=NETWORK, address=mac)
        self._controllers = [_Controller(line, self._plant, lan) for line in self._lines]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._link.close()


def _device(instance: int, name: str) -> DeviceObject:
    return DeviceObject(
        objectIdentifier=("device", instance),
        objectName=name,
        vendorIdentifier=999,  # for samples and tests (bacpypes3)
        vendorName="Plantroom",
        modelName="Demo controller",
        maxApduLengthAccepted=1476,
        segmentationSupported="segmentedBoth",
    )


def _object(register: Register, plant: PlantValues) -> Any:
    address = bacnet_address(register.address)
    role = ROLE[register.point.id.partition(".")[2]]
    words: dict[str, Any] = {
        "objectIdentifier": (BACNET_TYPES[address.type], address.instance),
        "objectName": register.point.id,
        "description": register.point.dis,
        "presentValue": "inactive" if role.is_bool else 0.0,
        "statusFlags": [0, 0, 0, 0],
        "eventState": "normal",
        "outOfService": False,
    }
    if not role.is_bool:
        words["units"] = EngineeringUnits(_UNITS[role.unit])
        words["covIncrement"] = 0.1
    made = _CLASSES[address.type](**words)
    made._plant, made._point = plant, register.point.id  # noqa: SLF001  (BACnet objects refuse public names)
    return made
