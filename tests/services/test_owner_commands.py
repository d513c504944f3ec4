"""What the owner of a home does while its server runs: look, back up, and decide about what was kept aside."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import numpy as np
import pytest

from ingest.demo.model import riverside_tower
from ingest.outbox import Outbox
from ingest.outbox_file import Aside
from ontology.history import Samples
from ontology.kinds import Ref
from ontology.records import replace_all
from ontology.store.sql_records import SqlRecords
from services.commands import quarantine
from services.serving import claimed_port, served
from services.settings import Settings
from services.wire import open_system
from tests.services.told import Run

ROOT = Path(__file__).parents[2]
POINT = Ref("AHU-2.return-air-temp")


def some(rows: int, start: int = 1_780_000_000) -> Samples:
    ts = start + 60 * np.arange(rows)
    return Samples((POINT,), np.zeros(rows, np.int32), ts, np.full(rows, 23.5), np.zeros(rows, np.uint8))  # fmt: skip


async def beside(*words: str | Path) -> tuple[int, str]:
    """A command in a process of its own, as it runs beside a server: exit code and output."""
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", *map(str, words), stdout=subprocess.PIPE
    )
    said, _ = await command.communicate()
    return command.returncode or 0, said.decode()


async def built(home: Path) -> Settings:
    home.mkdir(exist_ok=True)  # noqa: ASYNC240  (a test)
    records = SqlRecords(f"sqlite:///{home / 'records.db'}")
    await replace_all(records, riverside_tower())
    await records.close()
    return Settings(home=home, port=0)


async def test_a_history_is_looked_at_and_backed_up_while_the_server_writes_it(
    home: Path, tmp_path: Path
) -> None:
    settings = await built(home)
    with claimed_port(settings) as claimed:
        async with open_system(settings) as system, served(system, claimed, [], "secret"):
            await system.history.write(some(500))
            code, told = await beside("history", "status", "--home", home, "--json")
            assert (code, json.loads(told)["rows"]) == (0, 500)
            order = ("history", "backup", tmp_path / "copy", "--home", home)
            assert (await beside(*order))[0] == 0
            assert (await beside(*order))[0] == 1  # not into a folder that holds something
            await system.history.write(some(500, 1_790_000_000))
    restored = await beside("history", "restore", tmp_path / "copy", "--home", tmp_path / "other", "--json")  # fmt: skip
    assert json.loads(restored[1])["rows"] == 500


async def test_only_who_can_read_the_home_may_have_it_backed_up_or_forget_samples(
    home: Path, tmp_path: Path
) -> None:
    settings = await built(home)
    with claimed_port(settings) as claimed:
        async with open_system(settings) as system, served(system, claimed, [], "secret"):
            card = home / "server.json"
            assert card.stat().st_mode & 0o077 == 0
            told = json.loads(card.read_text())
            asked = {"folder": str(tmp_path / "copy")}
            async with httpx2.AsyncClient(base_url=told["url"], trust_env=False) as client:
                for key in ("", "wrong", told["key"][:-1]):
                    shown = {"X-Plantroom-Owner": key}
                    for path, body in (
                        ("/api/history/backup", asked),
                        ("/api/ingest/quarantine/discard", {"ids": None}),
                    ):
                        answer = await client.post(path, json=body, headers=shown)
                        assert answer.status_code == 401
                shown = {"X-Plantroom-Owner": told["key"]}
                relative = await client.post("/api/history/backup", json={"folder": "x"}, headers=shown)  # fmt: skip
                assert relative.status_code == 400
            assert not (tmp_path / "copy").exists()


@pytest.fixture
def aside(home: Path) -> Path:
    """A home whose outbox keeps two batches aside."""

    home.mkdir()

    async def keep() -> None:
        outbox = await Outbox.open(home / "outbox.db")
        for rows, why in ((3, "in the future"), (4, "no such point in the model")):
            await outbox.put(None, asides=[Aside(some(rows), why, "box-b2")])
        await outbox.close()

    asyncio.run(keep())
    return home


def test_what_is_kept_aside_is_listed_with_its_reason_sent_again_or_forgotten(
    say: Run, aside: Path
) -> None:
    order = ("ingest", "quarantine", "--home", aside)
    listed = say(*order)
    assert "no such point in the model" in listed.out
    assert "7 samples kept aside" in listed.out
    newest, oldest = (batch["id"] for batch in say(*order, "--json").json["batches"])
    assert say(*order, "999").code == 4
    assert say(*order, "x", "--retry").code == 2
    assert say(*order, "--discard").code == 2  # never all of them by a slip
    assert say(*order, "--retry", "--discard", "all").code == 2
    assert "3 samples are forgotten" in say(*order, str(oldest), "--discard").out
    assert say(*order, str(newest), "--retry", "--json").json == {"retried": 4}
    assert "nothing is kept aside" in say(*order).out


async def test_what_is_kept_aside_is_forgotten_through_the_running_server(home: Path) -> None:
    settings = await built(home)
    with claimed_port(settings) as claimed:
        async with open_system(settings) as system:
            outbox = await Outbox.open(home / "outbox.db")
            await outbox.put(None, asides=[Aside(some(3), "in the future", "box-b2")])
            await outbox.close()
            async with served(system, claimed, [], "secret"):
                listed = await quarantine.listed(settings, None)
                assert [batch["rows"] for batch in listed["batches"]] == [3]
                assert listed["source"].startswith("http")
                assert await quarantine.discarded(settings, None) == {"discarded": 3}
                assert (await quarantine.listed(settings, None))["batches"] == []


def test_every_bench_is_named_in_the_help_of_bench(say: Run) -> None:
    there = {file.stem for file in (ROOT / "bench").glob("[a-z]*.py")} - {"targets", "report"}
    help_text = re.sub(r"[│\s]+", " ", say("bench", "--help").out)
    assert {name for name in there if name not in help_text} == set()


def test_hourly_means_are_not_to_end_before_their_samples(say: Run, home: Path) -> None:
    told = say("history", "retain", "--raw", "400d", "--hourly", "30d", "--home", home)
    assert (told.code, "at least as long" in told.err) == (2, True)
