"""The poller: devices go silent and come back, histories go away and come back, nothing acknowledged is lost."""

import asyncio
import contextlib
import datetime as dt
import math
import random
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.devices import Layout
from ingest.demo.devices.bacnet import BacnetDevices
from ingest.demo.devices.lorawan import chirpstack_uplink
from ingest.demo.devices.modbus import ModbusDevices
from ingest.driver import Line, Register
from ingest.line_state import Backoff, OverrideChange, OverrideSeen
from ingest.outbox import Outbox
from ingest.poller import Poller, _next_due
from ingest.quality import Plausibility
from ingest.uplinks import decode_uplink
from ontology.entity import Entity
from ontology.errors import Conflict, NotFound, OutOfSpace, Unavailable
from ontology.history import Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store.memory_history import MemoryHistory
from ontology.time import UTC, Span

QUICK = Backoff(first_s=0.05, most_s=0.2)
EVER = Span(dt.datetime(2020, 1, 1, tzinfo=UTC), dt.datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    box = await Outbox.open(tmp_path / "outbox.db")
    yield box
    await box.close()


async def until(holds: Callable[[], bool], seconds: float = 8.0) -> None:
    """Wait for the world to reach a state; fail when it does not."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  (the world sets no events)
            await asyncio.sleep(0.02)


def meter(port: int, every_s: float = 0.2, device: int = 1) -> Line:
    name = f"meter-{device}"
    return Line(
        name, "modbus", "127.0.0.1", port, device, every_s=every_s, timeout_s=0.5,
        registers=(Register(Ref(f"{name}.power"), "input:0:float32"),
                   Register(Ref(f"{name}.voltage"), "input:2:float32")),
    )  # fmt: skip


async def test_a_polled_meter_reaches_the_history(plant, outbox, free_port) -> None:
    plant.values = {"meter-1.power": 310.5}
    line, history = meter(free_port()), MemoryHistory()
    async with (
        ModbusDevices([line], plant, line.host, line.port),
        Poller([line], outbox, history) as poller,
    ):
        await until(lambda: poller.forwarding.moved > 0)
    latest = await history.latest()
    assert latest[Ref("meter-1.power")].value == 310.5
    assert latest[Ref("meter-1.power")].status is Status.GOOD
    state = poller.states["meter-1"]
    assert (state.health, state.failures, state.faults) == ("good", 0, 0)
    assert outbox.rows == 0


async def test_a_silent_device_backs_off_is_marked_stale_and_recovers_by_itself(
    plant, outbox, free_port
) -> None:
    line, history = meter(free_port(), every_s=0.1), MemoryHistory()
    async with Poller([line], outbox, history, backoff=QUICK) as poller:
        await until(lambda: poller.states["meter-1"].failures >= 3)
        state = poller.states["meter-1"]
        assert state.health == "silent"
        assert "no connection" in state.error
        assert state.hint
        assert state.next_try is not None
        await until(lambda: poller.states["meter-1"].stale)
        async with ModbusDevices([line], plant, line.host, line.port):
            await until(lambda: poller.states["meter-1"].polls > 2)
            assert poller.states["meter-1"].health == "good"
            assert not poller.states["meter-1"].stale
        await until(lambda: poller.states["meter-1"].health == "silent")
        async with ModbusDevices([line], plant, line.host, line.port):
            await until(lambda: poller.states["meter-1"].health == "good")
    raw = await history.raw(Ref("meter-1.power"), EVER)
    stale = raw.value[raw.status == Status.STALE]
    assert len(raw) > 0
    assert all(math.isnan(value) for value in stale)


async def test_stale_is_written_once_and_is_unknown_not_zero(outbox, free_port) -> None:
    line, history = meter(free_port(), every_s=0.1), MemoryHistory()
    async with Poller([line], outbox, history, backoff=QUICK) as poller:
        await until(lambda: poller.states["meter-1"].stale)
        await asyncio.sleep(0.5)
    latest = (await history.latest())[Ref("meter-1.voltage")]
    assert latest.status is Status.STALE
    assert math.isnan(latest.value)
    assert len(await history.raw(Ref("meter-1.voltage"), EVER)) == 1


async def test_one_dead_device_does_not_hold_up_its_sisters(plant, outbox, free_port) -> None:
    port = free_port()
    dead, alive = meter(port, device=1), meter(port, device=2)
    plant.silent = {"meter-1.power", "meter-1.voltage"}
    async with (
        ModbusDevices([dead, alive], plant, "127.0.0.1", port),
        Poller([dead, alive], outbox, backoff=QUICK) as poller,
    ):
        await until(lambda: poller.states["meter-2"].polls >= 3)
        assert poller.states["meter-1"].health == "silent"
        plant.silent = set()
        await until(lambda: poller.states["meter-1"].health == "good")


class Breaking:
    """A driver with a bug."""

    def __init__(self, line: Line) -> None:
        self.line = line

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self, registers):
        raise ZeroDivisionError("a bug in a driver")


async def test_a_bug_in_a_driver_does_not_kill_its_line(outbox, caplog) -> None:
    line = meter(1, every_s=0.05)
    async with Poller([line], outbox, open_line=Breaking, backoff=QUICK) as poller:
        await until(lambda: poller.states["meter-1"].failures >= 3)
        assert poller.states["meter-1"].health == "failing"
        assert poller.states["meter-1"].error == "a bug in a driver"


async def test_an_implausible_value_is_a_fault_in_the_history(plant, outbox, free_port) -> None:
    plant.values = {"IAQ-1.power": 1.0}
    power = Entity(
        {"id": Ref("meter-1.power"), "point": 1, "elec": 1, "active": 1, "power": 1, "sensor": 1}
    )
    plant.values = {"meter-1.power": 9e9}
    line, history = meter(free_port()), MemoryHistory()
    async with (
        ModbusDevices([line], plant, line.host, line.port),
        Poller([line], outbox, history, plausibility=Plausibility([power])) as poller,
    ):
        await until(lambda: poller.forwarding.moved > 0)
        assert poller.states["meter-1"].faults == 1
    assert (await history.latest())[Ref("meter-1.power")].status is Status.FAULT


class Away(MemoryHistory):
    """A history that can be away."""

    away = True

    async def write(self, samples: Samples) -> None:
        if self.away:
            raise Unavailable("the history is away", hint="")
        await super().write(samples)


async def test_the_forwarder_waits_for_a_history_that_is_away_and_loses_nothing(
    plant, outbox, free_port
) -> None:
    line, history = meter(free_port(), every_s=0.2), Away()
    async with (
        ModbusDevices([line], plant, line.host, line.port),
        Poller([line], outbox, history, backoff=QUICK) as poller,
    ):
        await until(lambda: poller.forwarding.failures >= 2 and outbox.rows >= 6)
        assert poller.forwarding.error == "the history is away"
        history.away = False
        await until(lambda: poller.forwarding.moved >= 6 and poller.forwarding.error == "")
    assert outbox.rows == 0


async def test_an_operator_taking_and_releasing_a_valve_is_told_once_each(
    plant, outbox, free_port
) -> None:
    port = free_port(socket.SOCK_DGRAM)
    lines = Layout.of_riverside_tower().at("127.0.0.1", port, 0).bacnet
    ahu = replace(next(line for line in lines if line.name == "AHU-2"), every_s=0.2)
    told: list[OverrideChange] = []
    refuse = True

    async def on_override(changes) -> None:
        nonlocal refuse
        if refuse:  # the first time the records are locked
            refuse = False
            raise Conflict("records are busy", hint="")
        told.extend(changes)

    valve = "AHU-2.cooling-valve"
    async with (
        BacnetDevices([ahu], plant, "127.0.0.1", port),
        Poller([ahu], outbox, on_override=on_override) as poller,
    ):
        await until(lambda: poller.states["AHU-2"].polls >= 1)
        assert poller.overrides == {}
        plant.levels, plant.values = {valve: 8}, {valve: 100.0}
        await until(lambda: len(told) == 1)
        seen = poller.overrides[valve]
        assert (seen.level, seen.value) == (8, 100.0)
        polls = poller.states["AHU-2"].polls
        await until(lambda: poller.states["AHU-2"].polls > polls + 1)
        assert poller.overrides[valve].since == seen.since
        plant.levels = {}
        await until(lambda: len(told) == 2)
        assert valve not in poller.overrides
    taken, released = told
    assert (taken.before, taken.after and taken.after.level) == (None, 8)
    assert (released.before and released.before.level, released.after) == (8, None)


async def test_an_override_known_from_before_keeps_its_since(plant, outbox, free_port) -> None:
    port = free_port(socket.SOCK_DGRAM)
    lines = Layout.of_riverside_tower().at("127.0.0.1", port, 0).bacnet
    ahu = replace(next(line for line in lines if line.name == "AHU-2"), every_s=0.2)
    since = dt.datetime(2026, 11, 17, tzinfo=UTC)
    valve = Ref("AHU-2.cooling-valve")
    plant.levels = {valve.id: 8}
    async with (
        BacnetDevices([ahu], plant, "127.0.0.1", port),
        Poller([ahu], outbox, overrides=[OverrideSeen(valve, 8, 100.0, since)]) as poller,
    ):
        await until(lambda: poller.states["AHU-2"].polls >= 2)
        assert poller.overrides[valve.id].since == since


SENSOR = replace(Layout.of_riverside_tower().lorawan[0], every_s=0.2)


def frame(f_cnt: int, co2: float = 700.0):
    now = dt.datetime.now(UTC)
    return decode_uplink(chirpstack_uplink(SENSOR, {"co2": co2}, f_cnt, now))


async def test_an_uplink_is_on_disk_before_it_is_acknowledged(outbox) -> None:
    async with Poller([SENSOR], outbox) as poller:
        assert await poller.accept(frame(7)) == 1
        assert outbox.rows == 1
        assert outbox.counters[f"f_cnt:{SENSOR.options['dev_eui']}"] == 7


async def test_lost_frames_are_recorded_over_a_restart(outbox) -> None:
    async with Poller([SENSOR], outbox) as poller:
        await poller.accept(frame(10))
        await poller.accept(frame(13))
        assert poller.states[SENSOR.name].lost == 2
    async with Poller([SENSOR], outbox) as poller:
        assert poller.states[SENSOR.name].lost == 2
        await poller.accept(frame(15))
        assert poller.states[SENSOR.name].lost == 3


async def test_a_sensor_that_stops_sending_is_stale_and_recovers(outbox) -> None:
    history = MemoryHistory()
    async with Poller([SENSOR], outbox, history) as poller:
        await poller.accept(frame(1))
        await until(lambda: poller.states[SENSOR.name].stale)
        assert poller.states[SENSOR.name].health == "silent"
        await asyncio.sleep(1)  # another second, so that the next sample is a newer one
        await poller.accept(frame(2, co2=650.0))
        assert poller.states[SENSOR.name].health == "good"
    co2 = Ref(f"{SENSOR.name}.zone-air-co2")
    assert (await history.latest())[co2].value == 650.0


async def test_a_sensor_nobody_set_up_is_named(outbox) -> None:
    async with Poller([], outbox) as poller:
        with pytest.raises(NotFound, match=SENSOR.options["dev_eui"]) as error:
            await poller.accept(frame(1))
        assert "[[line]]" in error.value.hint


async def test_uplinks_from_a_broker_that_comes_and_goes_are_accepted(outbox) -> None:
    opened = 0

    @contextlib.asynccontextmanager
    async def flaky():
        nonlocal opened
        opened += 1

        async def frames():
            yield frame(opened)
            raise Unavailable("the broker went away", hint="")

        yield frames()

    async with Poller([SENSOR], outbox, uplinks=flaky, backoff=QUICK) as poller:
        await until(lambda: poller.states[SENSOR.name].samples >= 3)
    assert opened >= 3


async def test_a_full_disk_fails_the_line_and_not_the_process(plant, tmp_path, free_port) -> None:
    box = await Outbox.open(tmp_path / "small.db", most_pages=20)
    with contextlib.suppress(OutOfSpace):
        for n in range(10_000):
            await box.put(Samples.of([Sample(Ref(f"filler-{n}"), EVER.start, random.random())]))
    line = meter(free_port(), every_s=0.05)
    async with (
        ModbusDevices([line], plant, line.host, line.port),
        Poller([line], box, backoff=QUICK) as poller,
    ):
        await until(lambda: poller.states["meter-1"].health == "failing")
        assert "no space" in poller.states["meter-1"].error
        assert await box.drain(MemoryHistory()) > 0
        await until(lambda: poller.states["meter-1"].health == "good")
    await box.close()


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_waiting_after_failures_grows_and_is_bounded(failures: int, seed: int) -> None:
    delay = Backoff().delay_s(failures, random.Random(seed))
    full = min(60.0, 2.0 ** (failures - 1))
    assert 0.7 * full <= delay <= full


@given(st.floats(0, 1e6), st.floats(0.05, 3600), st.floats(0, 1e5))
def test_the_next_poll_keeps_the_beat_and_is_not_in_the_past(
    due: float, every_s: float, late: float
) -> None:
    following = _next_due(due, every_s, due + late)
    assert following >= due + late - 1e-6 * max(1.0, due)
    assert following - due == pytest.approx(every_s * round((following - due) / every_s), rel=1e-6)
