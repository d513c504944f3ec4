"""An edge box in front of a real server: what a meter says there is in the server's history, through an outage."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import httpx2
import pytest

from ingest.demo.devices.modbus import ModbusDevices
from ingest.demo.model import riverside_tower
from ingest.driver import Line, Register
from ontology.errors import BadRequest
from ontology.kinds import Ref
from ontology.records import replace_all
from ontology.store.sql_records import SqlRecords
from services.edge_box import forwarding, server_of
from services.serving import claimed_port, served, url_of
from services.settings import Forward, Settings
from services.wire import open_system

POWER = Ref("meter-CH-1.power")


class Meter:
    """A plant of one meter."""

    kw = 310.5

    def value(self, point_id: str) -> float:
        return self.kw

    def override_level(self, point_id: str) -> int | None:
        return None

    def is_silent(self, point_id: str) -> bool:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until_latest(history, value: float) -> None:
    async with asyncio.timeout(30):
        while True:
            found = await history.latest([POWER])
            if found and found[POWER].value == value:
                return
            await asyncio.sleep(0.1)


async def test_a_box_forwards_to_the_server_before_and_after_an_outage(tmp_path: Path) -> None:
    home, box = tmp_path / "server", tmp_path / "box"
    home.mkdir()
    box.mkdir()
    records = SqlRecords(f"sqlite:///{home / 'records.db'}")
    await replace_all(records, riverside_tower())
    await records.close()
    there = Settings(home=home, port=free_port(), webhook_secret="s3cret")
    line = Line(
        "meter", "modbus", "127.0.0.1", free_port(), 1, every_s=0.2,
        registers=(Register(POWER, "input:0:float32"), Register(Ref("meter-of-nobody"), "input:2:float32")),
    )  # fmt: skip
    here = Settings(
        home=box,
        forward=Forward(url=f"http://127.0.0.1:{there.port}", secret="s3cret", box="box-b2"),
    )
    plant = Meter()
    async with (
        ModbusDevices([line], plant, line.host, line.port),
        forwarding(here, [line], server_of(here)) as poller,
    ):
        for kw in (310.5, 290.25):
            async with asyncio.timeout(30):
                while poller.forwarding.failures < 1:  # noqa: ASYNC110  (no event tells)
                    await asyncio.sleep(0.05)
            plant.kw = kw
            with claimed_port(there) as claimed:
                async with (
                    open_system(there) as system,
                    served(system, claimed, (), "s3cret"),
                    httpx2.AsyncClient(base_url=url_of(claimed), trust_env=False) as client,
                ):
                    await until_latest(system.history, kw)
                    told = (await client.get("/api/ingest/status")).json()
                    assert told["senders"][0]["name"] == "box-b2"
                    assert told["quarantine"][0]["why"] == "no such point in the model"
                    assert told["quarantine"][0]["points"] == ["meter-of-nobody"]
        assert poller.forwarding.aside == 0
    written = json.loads((box / "status.json").read_text())
    assert written["forward"]["to"] == f"http://127.0.0.1:{there.port}"


@pytest.mark.parametrize(
    ("forward", "says"),
    [(Forward(), "no server"), (Forward(url="https://plantroom.example"), "secret is not set")],
)
def test_a_box_without_address_or_secret_is_told_which_setting(forward: Forward, says: str) -> None:
    with pytest.raises(BadRequest, match=says) as told:
        server_of(Settings(forward=forward))
    assert "PLANTROOM_FORWARD__" in told.value.hint
