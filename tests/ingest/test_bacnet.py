"""BACnet/IP against real controllers: ours behind a router, and stock bacpypes3 ones with bad manners."""

import contextlib
import math
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from bacpypes3.apdu import AbortReason, ErrorRejectAbortNack, RejectReason
from bacpypes3.app import Application
from bacpypes3.basetypes import PriorityValue, PropertyIdentifier, StatusFlags
from bacpypes3.errors import AbortException, RejectException
from bacpypes3.local.analog import AnalogInputObject, AnalogValueObjectCmd
from bacpypes3.local.binary import BinaryInputObject
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.multistate import MultiStateInputObject
from bacpypes3.pdu import Address, IPv4Address
from bacpypes3.primitivedata import Real

from ingest.demo.devices.bacnet import BacnetDevices
from ingest.demo.devices.layout import Layout
from ingest.driver import Line, Register
from ingest.drivers.bacnet import Bacnet, BacnetPort
from ingest.drivers.bacnet.discover import discover
from ingest.drivers.bacnet.port import application, new_link, ready
from ontology.errors import Conflict, DeviceSilent
from ontology.history import Status
from ontology.kinds import Ref


@pytest.fixture
async def building(plant, free_port) -> AsyncIterator[dict[str, Line]]:
    """Three controllers of the demo building behind their router, by name."""
    port = free_port(socket.SOCK_DGRAM)
    lines = {
        line.name: line for line in Layout.of_riverside_tower().at("127.0.0.1", port, 0).bacnet
    }
    chosen = {name: lines[name] for name in ("plant", "AHU-2", "floor-8-rooms")}
    async with BacnetDevices(list(chosen.values()), plant, "127.0.0.1", port):
        yield chosen


async def read(line: Line) -> dict[str, tuple[float, Status, int | None]]:
    async with Bacnet(line) as driver:
        found = await driver.read(line.registers)
    assert [r.point for r in found] == [r.point for r in line.registers]
    return {r.point.id: (r.value, r.status, r.override_level) for r in found}


async def test_a_floor_of_rooms_is_read_with_every_value(plant, building) -> None:
    plant.values = {"FCU-807.zone-air-temp": 26.5, "FCU-807.fan-run": 1.0, "FCU-807.rented": 0.0}
    seen = await read(building["floor-8-rooms"])
    assert len(seen) == 156
    assert seen["FCU-807.zone-air-temp"] == (26.5, Status.GOOD, None)
    assert seen["FCU-807.fan-run"] == (1.0, Status.GOOD, None)
    assert seen["FCU-807.rented"] == (0.0, Status.GOOD, None)


async def test_a_valve_held_by_the_operator_shows_its_slot(plant, building) -> None:
    plant.values = {"AHU-2.cooling-valve": 100.0}
    plant.levels = {"AHU-2.cooling-valve": 8, "AHU-2.fan-cmd": 1, "AHU-2.discharge-air-temp-sp": 7}
    seen = await read(building["AHU-2"])
    assert seen["AHU-2.cooling-valve"] == (100.0, Status.OVERRIDDEN, 8)
    assert seen["AHU-2.fan-cmd"] == (1.0, Status.OVERRIDDEN, 1)
    assert seen["AHU-2.discharge-air-temp-sp"] == (1.0, Status.OVERRIDDEN, 7)
    assert seen["AHU-2.outside-damper"] == (1.0, Status.GOOD, None)


async def test_a_broken_sensor_is_a_fault_and_costs_no_other(plant, building) -> None:
    plant.values = {"AHU-2.return-air-temp": math.nan}
    seen = await read(building["AHU-2"])
    value, status, _ = seen.pop("AHU-2.return-air-temp")
    assert math.isnan(value)
    assert status is Status.FAULT
    assert {status for _, status, _ in seen.values()} == {Status.GOOD}


async def test_a_controller_that_is_off_is_silent_and_its_sisters_are_not(plant, building) -> None:
    off = building["AHU-2"]
    plant.silent = {register.point.id for register in off.registers}
    impatient = replace(off, timeout_s=0.2)
    with pytest.raises(DeviceSilent, match="device 260003"):
        await read(impatient)
    assert len(await read(building["plant"])) == 74


async def test_an_object_that_does_not_exist_is_a_fault_among_good_ones(building) -> None:
    line = building["AHU-2"]
    ghost = Register(Ref("ghost"), "analog-input,4711")
    seen = await read(replace(line, registers=(*line.registers[:3], ghost, *line.registers[3:])))
    assert seen.pop("ghost")[1] is Status.FAULT
    assert {status for _, status, _ in seen.values()} == {Status.GOOD}


async def test_who_is_finds_the_router_and_everything_behind_it(building) -> None:
    line = building["AHU-2"]
    found = await discover(line.host, line.port, wait_s=0.3)
    assert [device.instance for device in found] == [260_000, 260_001, 260_003, 260_012]
    ahu = found[2]
    assert (ahu.network, ahu.mac) == (2001, "3")


async def test_lines_of_one_local_address_share_one_socket(building) -> None:
    async with Bacnet(building["AHU-2"]), Bacnet(building["plant"]):
        port = await BacnetPort.take("127.0.0.1:0")
        assert port.users == 3
        await port.release()
    assert port.users == 0


async def test_a_taken_udp_port_is_said_at_once(plant, building) -> None:
    line = building["plant"]
    with pytest.raises(Conflict, match=str(line.port)):
        async with BacnetDevices([line], plant, line.host, line.port):
            pass


class Stock(Application):
    """A stock bacpypes3 controller that may refuse ReadPropertyMultiple, always or when it is too much."""

    most = 1_000_000
    requests = 0

    async def do_ReadPropertyMultipleRequest(self, apdu) -> None:  # noqa: N802  (bacpypes3's name)
        Stock.requests += 1
        if self.most == 0:
            raise RejectException(RejectReason.unrecognizedService)
        if len(apdu.listOfReadAccessSpecs) > self.most:
            raise AbortException(AbortReason.segmentationNotSupported)
        await super().do_ReadPropertyMultipleRequest(apdu)


class Flagged(AnalogInputObject):
    """An input with status flags (bacpypes3 0.0.110 forgets those given to the constructor)."""

    async def read_property(self, attr, index=None):
        if attr == PropertyIdentifier.statusFlags:
            return StatusFlags(self._bits)
        return await super().read_property(attr, index)


@contextlib.asynccontextmanager
async def stock(port: int, most: int) -> AsyncIterator[Line]:
    device = DeviceObject(objectIdentifier=("device", 7), objectName="stock", vendorIdentifier=999)
    app = application(device)
    app.__class__ = Stock
    app.most = most
    link = new_link(f"127.0.0.1:{port}")
    await ready(link)
    app.nsap.bind(link, address=IPv4Address(f"127.0.0.1:{port}"))
    held = AnalogValueObjectCmd(
        objectIdentifier=("analog-value", 1), objectName="held", presentValue=21.0,
        statusFlags=[0, 0, 0, 0], eventState="normal", outOfService=False, units="degreesCelsius",
    )  # fmt: skip
    held.priorityArray[7] = PriorityValue(real=Real(19.5))
    held.priorityArray[15] = PriorityValue(real=Real(22.0))
    flags = {"plain": [0, 0, 0, 0], "hand": [0, 0, 1, 0], "out": [0, 0, 0, 1], "bad": [0, 1, 0, 0]}
    things = [held]
    for n, (name, bits) in enumerate(flags.items()):
        things.append(Flagged(
            objectIdentifier=("analog-input", n), objectName=name, presentValue=20.0 + n,
            statusFlags=[0, 0, 0, 0], eventState="normal", outOfService=False, units="degreesCelsius",
        ))  # fmt: skip
        things[-1]._bits = bits
    things.append(
        BinaryInputObject(
            objectIdentifier=("binary-input", 1), objectName="run", presentValue="active",
            statusFlags=[0, 0, 0, 0], eventState="normal", outOfService=False, polarity="normal",
        )
    )  # fmt: skip
    things.append(
        MultiStateInputObject(
            objectIdentifier=("multi-state-input", 1), objectName="mode", presentValue=3,
            statusFlags=[0, 0, 0, 0], eventState="normal", outOfService=False, numberOfStates=4,
        )
    )  # fmt: skip
    for thing in things:
        app.add_object(thing)
    registers = tuple(
        Register(Ref(str(thing.objectName)), "{},{}".format(*thing.objectIdentifier))
        for thing in things
    )
    try:
        yield Line("stock", "bacnet", "127.0.0.1", port, 7, timeout_s=2.0, registers=registers)
    finally:
        link.close()


@pytest.mark.parametrize("most", [1_000_000, 3, 1, 0], ids=["any size", "3", "1", "no RPM"])
async def test_a_stock_controller_is_read_whatever_it_can_answer_at_once(free_port, most) -> None:
    async with stock(free_port(socket.SOCK_DGRAM), most) as line:
        seen = await read(line)
    assert seen == {
        "held": (19.5, Status.OVERRIDDEN, 8),
        "plain": (20.0, Status.GOOD, None),
        "hand": (21.0, Status.OVERRIDDEN, None),
        "out": (22.0, Status.OUT_OF_SERVICE, None),
        "bad": (23.0, Status.FAULT, None),
        "run": (1.0, Status.GOOD, None),
        "mode": (3.0, Status.GOOD, None),
    }


async def test_a_small_controller_is_asked_too_much_only_once(free_port) -> None:
    async with stock(free_port(socket.SOCK_DGRAM), 3) as line, Bacnet(line) as driver:
        await driver.read(line.registers)
        Stock.requests = 0
        for _ in range(2):
            await driver.read(line.registers)
        learned = Stock.requests
    assert learned < 2 * len(line.registers)


async def test_a_write_from_the_network_is_refused_by_the_simulated_plant(building) -> None:
    line = building["AHU-2"]
    controller = Address(f"2001:{line.options['mac']}")
    async with Bacnet(line) as driver:
        with pytest.raises(ErrorRejectAbortNack, match="write-access-denied"):
            await driver._remote.port.app.write_property(
                controller, "analog-output,1", "present-value", Real(0.0)
            )
