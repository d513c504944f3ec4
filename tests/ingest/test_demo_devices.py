"""The demo building's devices in their own process: all of it can be polled, and it dies with its parent."""

import asyncio
import contextlib
import datetime as dt
import itertools
import json
import os
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.demo.devices.layout import Layout
from ingest.demo.devices.lorawan import LorawanSensors
from ingest.demo.devices.process import DemoProcess
from ingest.demo.model import riverside_tower
from ingest.lines import check_lines
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.quality import Plausibility
from ontology.entity import Entity
from ontology.errors import Conflict
from ontology.history import Status
from ontology.kinds import Ref
from ontology.store.memory_history import MemoryHistory
from ontology.time import UTC

ROOT = Path(__file__).parents[2]
POINTS = [entity for entity in map(Entity, riverside_tower()) if entity.is_point]


def test_every_point_of_the_building_lives_in_exactly_one_device() -> None:
    layout = Layout.of_riverside_tower()
    check_lines(layout.lines)
    placed = [register.point for line in layout.lines for register in line.registers]
    assert sorted(placed) == sorted(point.ref for point in POINTS)
    assert [len(family) for family in (layout.bacnet, layout.modbus, layout.lorawan)] == [24, 8, 32]


async def test_the_whole_building_is_polled_from_its_own_process(tmp_path: Path) -> None:
    anchor = dt.datetime.now(UTC) - dt.timedelta(minutes=40)
    async with await DemoProcess.start(anchor=anchor, seed=7, days=0.25) as devices:
        assert devices.missed is not None
        missed = sum(len(samples) for samples in devices.missed())
        assert missed > 6 * 2_800
        lines = [replace(line, every_s=10.0) for line in devices.lines]
        polled = [line.name for line in lines if line.protocol != "lorawan"]
        outbox, history = await Outbox.open(tmp_path / "outbox.db"), MemoryHistory()
        async with Poller(lines, outbox, history, plausibility=Plausibility(POINTS)) as poller:
            async with asyncio.timeout(30):
                while any(poller.states[name].health != "good" for name in polled):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        await outbox.close()
        assert poller.overrides["AHU-2.cooling-valve"].level == 8
        latest = await history.latest()
        assert len(latest) == 2_848
        bad = [ref.id for ref, sample in latest.items() if sample.status is Status.FAULT]
        assert not bad
        assert latest[Ref("AHU-2.cooling-valve")].status is Status.OVERRIDDEN
        assert 5 < latest[Ref("CHW-PLANT.chilled-water-leaving-temp")].value < 12
        assert 15 < latest[Ref("FCU-1112.zone-air-temp")].value < 35
    assert not devices.alive


async def test_a_taken_port_is_said_by_the_process(free_port) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=str(port)):
            await DemoProcess.start(anchor=dt.datetime.now(UTC), seed=7, days=0.1, bacnet_port=port)


PARENT = """
import asyncio, datetime as dt
from ingest.demo.devices.process import DemoProcess

async def main():
    devices = await DemoProcess.start(anchor=dt.datetime.now(dt.timezone.utc), seed=7, days=0.1)
    print(devices._child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_devices_end_when_their_parent_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    with contextlib.suppress(ProcessLookupError):
        async with asyncio.timeout(10):
            while _runs(child):  # noqa: ASYNC110  (not our child: nobody tells)
                await asyncio.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether the process still runs; a zombie that nobody has collected does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def test_a_sensor_repeats_a_frame_until_the_webhook_takes_it(plant) -> None:
    line = Layout.of_riverside_tower().lorawan[0]
    asked: list[bytes] = []

    async def webhook(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        status = b"503 Service Unavailable" if len(asked) == 1 else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(webhook, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/api/ingest/lorawan"
        async with LorawanSensors([line], plant, webhook=url, secret="s3") as sensors:
            async with asyncio.timeout(10):
                while not sensors.sent:  # noqa: ASYNC110  (a counter)
                    await asyncio.sleep(0.05)
    assert len(asked) == 2
    assert b"POST /api/ingest/lorawan?event=up" in asked[0]
    assert b"x-plantroom-secret: s3" in asked[0].lower()


async def test_a_process_that_stood_still_sends_no_frame_counter_twice(plant) -> None:
    line = replace(Layout.of_riverside_tower().lorawan[0], every_s=0.05)
    counters: list[int] = []

    async def webhook(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        counters.append(json.loads(await reader.readexactly(length))["fCnt"])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(webhook, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with LorawanSensors([line], plant, webhook=url):
            async with asyncio.timeout(10):
                while len(counters) < 3:  # noqa: ASYNC110  (the webhook fills it)
                    await asyncio.sleep(0.01)
                time.sleep(0.5)  # noqa: ASYNC251  (the loop stands still)
                while len(counters) < 8:  # noqa: ASYNC110  (as above)
                    await asyncio.sleep(0.01)
    steps = [later - earlier for earlier, later in itertools.pairwise(counters)]
    assert min(steps) >= 1
    assert max(steps) >= 10, "the beats that were missed are gaps"


async def test_a_silent_sensor_sends_nothing(plant) -> None:
    line = Layout.of_riverside_tower().lorawan[0]
    plant.silent = {register.point.id for register in line.registers}
    assert LorawanSensors([line], plant)._fields(line) == {}
    plant.silent = set()
    plant.values = {f"{line.name}.zone-air-co2": float("nan")}
    assert set(LorawanSensors([line], plant)._fields(line)) == {
        "temperature",
        "humidity",
        "battery",
    }
