"""Modbus units as they are found in buildings: behind one gateway, with holes, busy, half broken."""

import asyncio
import math
from dataclasses import replace

import pytest

from ingest.driver import Commander, Line, Register
from ingest.drivers.modbus import Modbus
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.words import encode
from ontology.errors import BadRequest, DeviceSilent, Refused
from ontology.history import Status
from ontology.kinds import Ref
from tests.ingest.odd_modbus import OddGateway, OddUnit


def line(port: int, addresses: list[str], device: int = 1, **options: str) -> Line:
    registers = tuple(Register(Ref(f"p{n}"), address) for n, address in enumerate(addresses))
    return Line(
        f"unit-{device}", "modbus", "127.0.0.1", port, device,
        timeout_s=0.3, registers=registers, options=options,
    )  # fmt: skip


async def values(line: Line) -> list[float]:
    async with Modbus(line) as unit:
        return [reading.value for reading in await unit.read(line.registers)]


async def test_meters_behind_a_serial_gateway_share_its_only_connection_and_its_pace(
    free_port,
) -> None:
    units = {n: OddUnit({0: n, 1: 10 * n}, late_s=0.005) for n in (1, 2, 3)}
    async with OddGateway(units, free_port(), rtu=True) as gateway:
        lines = [
            line(gateway.port, ["holding:0", "holding:1"], n, framer="rtu", gap_ms="20")
            for n in units
        ]
        assert await asyncio.gather(*map(values, lines)) == [[n, 10 * n] for n in units]
        assert gateway.most_together == 1
        pauses = [b - a for a, b in zip(gateway.times, gateway.times[1:], strict=False)]
        assert min(pauses) >= 0.02


async def test_a_silent_meter_does_not_silence_the_others_nor_answer_for_them(free_port) -> None:
    units = {1: OddUnit({0: 111}, late_s=0.5), 2: OddUnit({0: 222})}
    async with OddGateway(units, free_port(), rtu=True) as gateway:
        late = line(gateway.port, ["holding:0"], 1, framer="rtu")
        well = line(gateway.port, ["holding:0"], 2, framer="rtu")
        async with Modbus(late) as slow, Modbus(well) as quick:
            for _ in range(2):
                with pytest.raises(DeviceSilent, match="unit 1"):
                    await slow.read(late.registers)
                assert [r.value for r in await quick.read(well.registers)] == [222]


async def test_what_a_unit_refuses_is_asked_for_once_and_remembered(free_port) -> None:
    words = {at: at for at in range(100) if at not in (13, 14, 15, 60)}
    unit = OddUnit(words)
    async with OddGateway({1: unit}, free_port()) as gateway:
        asked = line(gateway.port, [f"input:{at}" for at in words] + ["input:60"])
        async with Modbus(asked) as driver:
            first = await driver.read(asked.registers)
            cost = len(unit.asked)
            second = await driver.read(asked.registers)
        async with Modbus(asked) as driver:
            unit.asked.clear()
            await driver.read(asked.registers)
        assert repr(first) == repr(second)
        assert [r.value for r in first][:-1] == [float(at) for at in words]
        assert first[-1].status is Status.FAULT
        assert len(unit.asked) <= 8 < cost
        assert all(at + count <= 60 or at > 60 for _, at, count in unit.asked)


async def test_a_register_that_comes_back_is_read_again_within_a_few_polls(free_port) -> None:
    unit = OddUnit({0: 1})
    async with OddGateway({1: unit}, free_port()) as gateway:
        asked = line(gateway.port, ["input:0", "input:1"])
        async with Modbus(asked) as driver:
            assert math.isnan((await driver.read(asked.registers))[1].value)
            unit.words[1] = 7
            polls = [(await driver.read(asked.registers))[1].value for _ in range(16)]
        assert polls[-1] == 7


async def test_a_small_device_is_asked_for_no_more_than_it_takes(free_port) -> None:
    unit = OddUnit(dict.fromkeys(range(200), 5), most=32)
    async with OddGateway({1: unit}, free_port()) as gateway:
        asked = line(gateway.port, [f"holding:{at}" for at in range(200)], max_registers="32")
        assert await values(asked) == [5.0] * 200
        assert max(count for _, _, count in unit.asked) == 32
        unit.asked.clear()
        untold = replace(asked, options={}, device=1, host="localhost")
        async with Modbus(untold) as driver:
            assert [r.value for r in await driver.read(untold.registers)] == [5.0] * 200
            unit.asked.clear()
            await driver.read(untold.registers)
        assert max(count for _, _, count in unit.asked) <= 32


@pytest.mark.parametrize("code", [5, 6, 8], ids=["acknowledge", "busy", "parity"])
async def test_a_busy_unit_is_silent_for_now_and_nothing_is_concluded(free_port, code: int) -> None:
    unit = OddUnit({0: 4, 1: 5}, refuses=code)
    async with OddGateway({1: unit}, free_port()) as gateway:
        asked = line(gateway.port, ["holding:0", "holding:1"])
        async with Modbus(asked) as driver:
            with pytest.raises(DeviceSilent, match="busy"):
                await driver.read(asked.registers)
            unit.refuses = 0
            assert [r.value for r in await driver.read(asked.registers)] == [4, 5]
        assert len(unit.asked) == 2


@pytest.mark.parametrize("code", [10, 11], ids=["no path", "no response"])
async def test_a_gateway_that_finds_no_unit_says_so(free_port, code: int) -> None:
    async with OddGateway({1: OddUnit(refuses=code)}, free_port()) as gateway:
        with pytest.raises(DeviceSilent, match="gateway says"):
            await values(line(gateway.port, ["holding:0"]))


async def test_an_answer_that_is_too_short_costs_only_what_it_lacks(free_port) -> None:
    async with OddGateway({1: OddUnit({0: 1, 1: 2, 2: 3}, short=True)}, free_port()) as gateway:
        one, two, three = await values(line(gateway.port, ["input:0", "input:1", "input:2"]))
    assert (one, two) == (1, 2)
    assert math.isnan(three)


async def test_an_answer_with_more_words_than_were_asked_is_no_answer(free_port) -> None:
    async with OddGateway({1: OddUnit({0: 1, 1: 2}, more=100)}, free_port()) as gateway:
        found = await values(line(gateway.port, ["input:0", "input:1"]))
    assert all(math.isnan(value) for value in found)


async def test_a_late_answer_is_never_taken_for_the_next_one(free_port) -> None:
    unit = OddUnit({0: 1, 50: 2}, late_s=0.35)
    async with OddGateway({1: unit}, free_port()) as gateway:
        asked = line(gateway.port, ["input:0"])
        other = line(gateway.port, ["input:50"])
        async with Modbus(asked) as driver:
            with pytest.raises(DeviceSilent):
                await driver.read(asked.registers)
            unit.late_s = 0.0
            assert [r.value for r in await driver.read(other.registers)] == [2]


async def test_a_connection_cut_in_the_middle_is_silence_and_the_next_poll_connects(
    free_port,
) -> None:
    unit = OddUnit({0: 9}, silent=True)
    async with OddGateway({1: unit}, free_port()) as gateway:
        asked = line(gateway.port, ["input:0"])
        async with Modbus(asked) as driver:
            with pytest.raises(DeviceSilent):
                await driver.read(asked.registers)
        unit.silent = False
        assert await values(asked) == [9]


async def test_bits_of_a_status_word_are_points_of_their_own(free_port) -> None:
    unit = OddUnit({10: 0b1010_0101_1100_1000})
    async with OddGateway({1: unit}, free_port()) as gateway:
        fields = [
            "holding:10:bit:3",
            "holding:10:bit:4",
            "holding:10:bits:6-9",
            "holding:10:bit:15",
        ]
        assert await values(line(gateway.port, fields)) == [1, 0, 0b0111, 1]
        assert len(unit.asked) == 1


async def test_a_setpoint_is_written_and_what_the_device_says_is_read_back(free_port) -> None:
    unit = OddUnit({0: 0, 1: 0, 5: 0b0001, 7: 3})
    async with OddGateway({1: unit}, free_port()) as gateway:
        asked = line(gateway.port, ["holding:0:float32:CDAB", "holding:5:bits:1-2", "holding:7"])
        setpoint, mode, plain = asked.registers
        async with Modbus(asked) as driver:
            assert isinstance(driver, Commander)
            half = replace(setpoint, scale=0.5, offset=1.0)
            reading = await driver.command(half, 7.75, priority=8)
            assert reading.value == 7.75
            assert [unit.words[0], unit.words[1]] == encode(13.5, "float32", "CDAB")
            assert (await driver.command(mode, 2, priority=8)).value == 2
            assert unit.words[5] == 0b0101
            unit.functions = frozenset({3, 6})
            assert (await driver.command(plain, 44, priority=8)).value == 44
            with pytest.raises(Refused, match="no such function"):
                await driver.command(setpoint, 1.0, priority=8)
            with pytest.raises(Refused, match="no priority 8"):
                await driver.command(plain, None, priority=8)
            with pytest.raises(BadRequest, match="does not fit"):
                await driver.command(mode, 4, priority=8)


async def test_a_line_set_to_the_wrong_order_is_told_the_right_one(free_port) -> None:
    words: dict[int, int] = {}
    for n in range(10):
        words |= dict(enumerate(encode(18.3 + 1.7 * n, "float32", "CDAB"), 2 * n))
    async with OddGateway({1: OddUnit(words)}, free_port()) as gateway:
        asked = line(gateway.port, [f"input:{2 * n}:float32:ABCD" for n in range(10)])
        async with Modbus(asked) as driver:
            await driver.read(asked.registers)
            assert "look like CDAB" in driver.advice
        right = line(gateway.port, [f"input:{2 * n}:float32:CDAB" for n in range(10)])
        async with Modbus(right) as driver:
            await driver.read(right.registers)
            assert driver.advice == ""


async def test_people_read_of_a_wrong_order_in_the_status(free_port, tmp_path) -> None:
    words: dict[int, int] = {}
    for n in range(10):
        words |= dict(enumerate(encode(18.3 + 1.7 * n, "float32", "CDAB"), 2 * n))
    outbox = await Outbox.open(tmp_path / "outbox.db")
    async with OddGateway({1: OddUnit(words)}, free_port()) as gateway:
        asked = line(gateway.port, [f"input:{2 * n}:float32:ABCD" for n in range(10)])
        async with asyncio.timeout(5), Poller([asked], outbox) as poller:
            while not poller.states["unit-1"].polls:  # noqa: ASYNC110  (a poll takes a millisecond)
                await asyncio.sleep(0.02)
            told = (await poller.status()).to_json()
    await outbox.close()
    assert "look like CDAB" in told["lines"][0]["advice"]
