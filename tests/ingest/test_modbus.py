"""Modbus TCP against real units on a real socket."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.addresses import ModbusAddress, modbus_address
from ingest.blocks import plan
from ingest.demo.devices.modbus import ModbusDevices
from ingest.driver import Line, Register
from ingest.drivers.modbus import Modbus
from ontology.errors import Conflict, DeviceSilent
from ontology.history import Status
from ontology.kinds import Ref


def unit(port: int, device: int = 1, **registers: str) -> Line:
    return Line(
        "unit",
        "modbus",
        "127.0.0.1",
        port,
        device,
        timeout_s=0.5,
        registers=tuple(Register(Ref(name), address) for name, address in registers.items()),
    )


CHILLER = {
    "run": "discrete:0",
    "valve": "discrete:17",
    "supply": "input:100:float32:ABCD",
    "return": "input:102:float32:CDAB",
    "power": "input:104:float32:BADC",
    "load": "input:106:float32:DCBA",
    "energy": "holding:0:uint32:CDAB",
    "angle": "holding:2:int16",
    "flow": "holding:200:uint16",
}


async def test_every_type_and_word_order_is_read_as_it_is(plant, free_port) -> None:
    truth = {
        "run": 1.0, "valve": 0.0, "supply": 6.7, "return": 12.4, "power": 310.5,
        "load": 63.25, "energy": 3_000_000_000.0, "angle": -12.0, "flow": 65_000.0,
    }  # fmt: skip
    plant.values = truth
    line = unit(free_port(), **CHILLER)
    async with ModbusDevices([line], plant, line.host, line.port), Modbus(line) as chiller:
        readings = await chiller.read(line.registers)
    assert {r.point.id: r.value for r in readings} == pytest.approx(truth, rel=1e-6)
    assert {r.status for r in readings} == {Status.GOOD}


async def test_the_wrong_word_order_is_a_fault_and_no_value(plant, free_port) -> None:
    plant.values = {"supply": 7.0, "return": 12.5}
    line = unit(free_port(), supply="input:0:float32:ABCD", **{"return": "input:2:float32:ABCD"})
    wrong = unit(line.port, supply="input:0:float32:CDAB", **{"return": "input:2:float32:ABCD"})
    async with ModbusDevices([line], plant, line.host, line.port), Modbus(wrong) as chiller:
        supply, back = await chiller.read(wrong.registers)
    assert supply.status is Status.FAULT
    assert math.isnan(supply.value)
    assert back.value == 12.5


async def test_scale_and_offset_give_the_canonical_value(plant, free_port) -> None:
    plant.values = {"voltage": 398.4}
    register = Register(Ref("voltage"), "holding:8:uint16", scale=0.1, offset=-1.0)
    line = Line("m", "modbus", "127.0.0.1", free_port(), 4, registers=(register,))
    async with ModbusDevices([line], plant, line.host, line.port), Modbus(line) as meter:
        (reading,) = await meter.read(line.registers)
    assert reading.value == pytest.approx(398.4)


async def test_one_dead_register_does_not_cost_its_neighbours(plant, free_port) -> None:
    plant.values = {"a": 1.5, "c": 2.5}
    line = unit(free_port(), a="input:0:float32", c="input:4:float32")
    asked = unit(line.port, a="input:0:float32", dead="input:6:float32", c="input:4:float32")
    async with ModbusDevices([line], plant, line.host, line.port), Modbus(asked) as device:
        a, dead, c = await device.read(asked.registers)
    assert (a.value, c.value) == (1.5, 2.5)
    assert dead.status is Status.FAULT
    assert math.isnan(dead.value)


async def test_a_meter_that_has_no_value_says_fault(plant, free_port) -> None:
    plant.values = {"energy": math.nan}
    line = unit(free_port(), energy="holding:0:uint32")
    async with ModbusDevices([line], plant, line.host, line.port), Modbus(line) as meter:
        (reading,) = await meter.read(line.registers)
    assert reading.status is Status.FAULT
    assert math.isnan(reading.value)


async def test_a_silent_unit_behind_a_gateway_is_silent_and_its_sister_is_not(
    plant, free_port
) -> None:
    port = free_port()
    dead, alive = unit(port, 1, p1="input:0:float32"), unit(port, 2, p2="input:0:float32")
    plant.silent = {"p1"}
    async with ModbusDevices([dead, alive], plant, "127.0.0.1", port):
        async with Modbus(dead) as device:
            with pytest.raises(DeviceSilent, match="unit 1"):
                await device.read(dead.registers)
        async with Modbus(alive) as device:
            assert [r.value for r in await device.read(alive.registers)] == [1.0]


async def test_nobody_at_the_address_is_silence(free_port) -> None:
    line = unit(free_port(), a="input:0:float32")
    with pytest.raises(DeviceSilent, match="no connection") as error:
        async with Modbus(line):
            pass
    assert error.value.hint


async def test_a_taken_port_is_said_at_once(plant, free_port) -> None:
    line = unit(free_port(), a="input:0:float32")
    async with ModbusDevices([line], plant, line.host, line.port):
        with pytest.raises(Conflict, match=str(line.port)):
            async with ModbusDevices([line], plant, line.host, line.port):
                pass


addresses = st.builds(
    lambda table, start, kind: ModbusAddress(
        table, start, "bool" if table in ("coil", "discrete") else kind
    ),
    st.sampled_from(["coil", "discrete", "holding", "input"]),
    st.integers(0, 3000),
    st.sampled_from(["int16", "uint16", "int32", "uint32", "float32"]),
)


@given(st.lists(addresses, max_size=80), st.integers(0, 20))
def test_blocks_cover_every_register_and_keep_the_limit(
    wanted: list[ModbusAddress], gap: int
) -> None:
    blocks = plan(wanted, gap=gap)
    assert sorted(m for b in blocks for m in map(repr, b.members)) == sorted(map(repr, set(wanted)))
    for block in blocks:
        assert block.count <= (2000 if block.table in ("coil", "discrete") else 125)
        for member in block.members:
            assert block.table == member.table
            assert block.start <= member.start
            assert member.end <= block.start + block.count


def test_a_chiller_of_thirteen_floats_takes_one_request() -> None:
    wanted = [modbus_address(f"input:{100 + 2 * n}:float32") for n in range(13)]
    assert [(b.start, b.count) for b in plan(wanted)] == [(100, 26)]
