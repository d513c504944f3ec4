"""`plantroom history`: what it says, what it refuses, and that secrets stay where they are."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ontology.history import Samples
from ontology.kinds import Ref
from ontology.store.histories import open_history
from tests.postgres import Postgres
from tests.services.told import Run, Told

START = 1_780_000_000


@pytest.fixture
def filled(home: Path) -> Path:
    """A home with 5 points x 2,000 samples, long past."""
    ts = np.tile(START + 300 * np.arange(2_000), 5)
    index = np.repeat(np.arange(5, dtype=np.int32), 2_000)
    points = tuple(Ref(f"VAV-{i}.zone-temp") for i in range(5))
    samples = Samples(points, index, ts, 20 + index / 10, np.zeros(len(ts), np.uint8))

    async def fill() -> None:
        history = open_history(home / "history.duckdb")
        await history.bulk([samples])
        await history.close()

    asyncio.run(fill())
    return home


@pytest.fixture
def history(say: Run, home: Path) -> Run:
    return lambda *words: say("history", *words, "--home", home)


def refused(told: Told, code: int, *words: str) -> None:
    assert told.code == code
    for word in words:
        assert word in told.err


def test_the_history_says_how_much_it_holds(filled: Path, history: Run) -> None:
    found = history("status", "--json").json
    assert (found["points"], found["rows"]) == (5, 10_000)
    assert found["first"].startswith("2026-05-28")
    assert "10,000 samples of 5 points" in history("status").out


def test_a_home_without_a_history_gets_none_by_being_asked(home: Path, history: Run) -> None:
    for command in (["status"], ["retain", "--raw", "90d"], ["backup", str(home / "b")]):
        refused(history(*command), 4, "no history")
    assert not home.exists()


def test_a_history_moves_to_postgresql_and_back(
    filled: Path, history: Run, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTROOM_HISTORY_URL", postgres_server.fresh().replace("@", ":s3cret@"))
    moved = history("copy", "home", "url", "--json")
    assert (moved.json["written"], moved.json["found"]) == (10_000, 0)
    assert "s3cret" not in moved.out + moved.err
    assert history("copy", "home", "url", "--json").json["found"] == 10_000
    assert "postgresql://127.0.0.1" in history("status").out
    back = filled / "back.duckdb"
    assert "compared: equal" in history("copy", "url", str(back)).out
    refused(history("backup", str(filled / "b")), 3, "pg_dump --format=custom")


def test_a_history_in_use_is_not_copied_behind_its_owner_s_back(filled: Path, history: Run) -> None:
    owner = open_history(filled / "history.duckdb")
    try:
        refused(history("copy", "home", str(filled / "other.duckdb")), 1, "already open in process")
    finally:
        asyncio.run(owner.close())


def test_a_backup_comes_back_whole(filled: Path, history: Run, say: Run, tmp_path: Path) -> None:
    folder, other = tmp_path / "backup", tmp_path / "other"
    assert history("backup", str(folder), "--json").json["rows"] == 10_000
    assert say("history", "restore", folder, "--home", other, "--json").json["rows"] == 10_000
    refused(say("history", "restore", folder, "--home", other), 1, "holds samples already")


def test_what_is_old_is_forgotten_once(filled: Path, history: Run) -> None:
    assert history("retain", "--raw", "2d", "--json").json == {"forgotten": 10_000}
    assert history("retain", "--raw", "2d", "--json").json == {"forgotten": 0}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["retain"], "nothing to forget"),
        (["retain", "--raw", "soon"], "is no time"),
        (["retain", "--raw", "2h"], "too short"),
        (["copy", "home", "home"], "to itself"),
        (["copy", "home", "url"], "PLANTROOM_HISTORY_URL"),
        (["copy", "home", "mysql://plant:s3cret@db/x"], "no history can lie at mysql://db/x"),
    ],
)
def test_a_slip_of_the_keyboard_changes_nothing(
    filled: Path, history: Run, words: list[str], says: str
) -> None:
    told = history(*words)
    refused(told, 2, says)
    assert "s3cret" not in told.out + told.err
    assert history("status", "--json").json["rows"] == 10_000
