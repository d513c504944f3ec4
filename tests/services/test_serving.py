"""The server over a real home: uplinks from a real broker, ports, cards and broken files."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.demo.devices.layout import Layout
from ingest.demo.devices.lorawan import LorawanSensors
from ingest.demo.model import riverside_tower
from ingest.drivers.lorawan import Broker
from ontology.errors import Corrupt, Unavailable
from ontology.kinds import Ref
from ontology.records import replace_all
from ontology.store.sql_records import SqlRecords
from services.home import running_server
from services.serving import broker_of, claimed_port, served
from services.settings import Mqtt, Settings
from services.wire import open_system


class SteadyPlant:
    """Every sensor measures the same."""

    def value(self, point_id: str) -> float:
        return 21.5 if point_id.endswith("temp") else 50.0

    def override_level(self, point_id: str) -> int | None:
        return None

    def is_silent(self, point_id: str) -> bool:
        return False


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A real mosquitto on a free port."""
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    server = subprocess.Popen([mosquitto, "-c", str(config)], stderr=subprocess.DEVNULL)
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            break
    yield Broker("127.0.0.1", port)
    server.terminate()
    server.wait(5)


async def built(home: Path) -> None:
    """The ontology alone, as a site has it before its first poll."""
    home.mkdir()  # noqa: ASYNC240  (a test)
    records = SqlRecords(f"sqlite:///{home / 'records.db'}")
    await replace_all(records, riverside_tower())
    await records.close()


async def test_uplinks_come_from_the_broker_that_is_set(broker: Broker, tmp_path: Path) -> None:
    await built(tmp_path / "home")
    settings = Settings(
        home=tmp_path / "home", port=0, mqtt=Mqtt(host=broker.host, port=broker.port)
    )
    assert broker_of(settings) == broker
    line = Layout.of_riverside_tower().lorawan[0]
    temp = Ref(f"{line.name}.zone-air-temp")
    with claimed_port(settings) as claimed:
        async with (
            open_system(settings) as system,
            served(system, claimed, [line], "secret"),
            LorawanSensors([line], SteadyPlant(), broker=broker),
            asyncio.timeout(20),
        ):
            assert await running_server(settings)
            while not (found := await system.history.latest([temp])):  # noqa: ASYNC110  (no event tells)
                await asyncio.sleep(0.1)
            assert np.isclose(found[temp].value, 21.5)
            assert [device.state for device in system.devices()] == ["ok"]
    assert await running_server(settings) is None


@pytest.mark.parametrize("file", ["runs.db", "outbox.db", "history.duckdb", "records.db"])
async def test_a_broken_file_is_named_with_what_to_do(file: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    await built(home)
    (home / file).write_bytes(b"garbage " * 10_000)
    settings = Settings(home=home, port=0)
    with claimed_port(settings) as claimed, pytest.raises(Corrupt) as told:
        async with open_system(settings) as system, served(system, claimed, (), "secret"):
            pass
    assert told.value.hint


async def test_a_building_opens_beside_damaged_records_and_says_which(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await built(home)
    settings = Settings(home=home, port=0)
    async with open_system(settings) as system:
        assert "records" not in {part.name for part in system.parts()}
        entities = len(system.building)
    with contextlib.closing(sqlite3.connect(home / "records.db")) as db, db:
        db.execute("UPDATE records SET tags = '{' WHERE id = 'AHU-1'")
    async with open_system(settings) as system:
        said = next(part for part in system.parts() if part.name == "records")
        assert len(system.building) == entities - 1
    assert said.state == "degraded"
    assert said.says == "1 unreadable, left out: @AHU-1"


@pytest.mark.parametrize(
    "card",
    ["", "[]", '"x"', '{"url": []}', '{"url": "http://[::bad"}', '{"url": "file:///etc/passwd"}',
     '{"url": "http://127.0.0.1:9", "pid": 1}', "\ufffd"],
)  # fmt: skip
async def test_a_card_that_leads_nowhere_means_no_server(card: str, tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text(card)
    assert await running_server(Settings(home=tmp_path)) is None


def test_an_address_of_another_machine_is_not_called_taken() -> None:
    with pytest.raises(Unavailable, match="cannot serve on") as told:  # noqa: SIM117
        with claimed_port(Settings(host="192.0.2.1", port=0)):
            pass
    assert "PLANTROOM_HOST" in told.value.hint
