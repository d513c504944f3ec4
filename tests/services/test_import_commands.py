"""Histories from elsewhere at the command line: a proposed map, an export imported twice, a server's log fetched."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.services.told import Run

sys.path.insert(0, str(Path(__file__).parent / "api"))
from haystack_house import PASSWORD, TEMP, USER, house_served

BERLIN = ZoneInfo("Europe/Berlin")
SITE = "name,description,unit,equipment\nSAT,supply air temperature,degC,AHU-3\nFAN,fan run,,AHU-3\nKW,power,kW,CH-1\n"


@pytest.fixture
def run(say: Run, home: Path, tmp_path: Path) -> Run:
    """`run("import", ...)` is `plantroom ingest import ... --home HOME`, in a home with three points."""
    (tmp_path / "site.csv").write_text(SITE)
    assert (
        say("ontology", "import", tmp_path / "site.csv", "--site", "Tower", "--home", home).code
        == 0
    )
    return lambda *words: say("ingest", *words, "--home", home)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two days of quarter hours over the end of summer time, with a gap, a torn row and an end line."""
    start = dt.datetime(2026, 10, 24, 12, tzinfo=dt.timezone.utc)  # noqa: UP017
    rows = ["Anlage;AHU-3", "", "Zeitstempel;AHU-3 SAT (°F);AHU3 Fan;Wetter"]
    for n in range(192):
        at = (start + n * dt.timedelta(minutes=15)).astimezone(BERLIN)
        if not 60 < n < 70:
            rows.append(f"{at:%d.%m.%Y %H:%M};{50 + n % 5},5;{'Ein' if n % 3 else 'Aus'};7,5")
    rows.insert(20, "kaputt;1;2;3")
    rows.append("**** Ende ****")
    file = tmp_path / "ahu3.csv"
    file.write_text("\r\n".join(rows), encoding="cp1252")
    return file


@pytest.fixture
def map_(run: Run, export: Path, tmp_path: Path) -> Path:
    """The proposed map, its open questions answered."""
    path = tmp_path / "ahu3.toml"
    told = run("import", export, "--propose", "-o", path, "--json").json
    assert (told["proposed"], told["unknown"]) == (2, ["Wetter"])
    path.write_text('zone = "Europe/Berlin"\n' + path.read_text())
    return path


def test_an_export_is_imported_once_however_often_it_is_given(
    run: Run, say: Run, home: Path, export: Path, map_: Path
) -> None:
    tried = run("import", export, "--map", map_, "--dry-run", "--json")
    first = run("import", export, "--map", map_, "--json")
    kept = say("history", "status", "--home", home, "--json").json
    again = run("import", export, "--map", map_, "--json")
    assert (tried.code, first.code, again.code) == (1, 1, 1)  # one row was set aside
    assert first.json["samples"] == tried.json["samples"] == 2 * (192 - 9)
    assert (first.json["set_aside"]["rows"], first.json["remarks"], first.json["gaps"]) == (1, 1, 2)
    assert first.json["first"] == "2026-10-24T12:00:00Z"
    assert (
        say("history", "status", "--home", home, "--json").json["rows"]
        == kept["rows"]
        == first.json["samples"]
    )
    listed = Path(first.json["set_aside"]["file"]).read_text("utf-8-sig").splitlines()
    assert listed[1].startswith("21,,no time: 'kaputt'")


def test_without_a_map_it_is_said_how_to_get_one_and_a_map_that_is_there_stays(
    run: Run, export: Path, map_: Path
) -> None:
    told = run("import", export)
    assert (told.code, "--propose" in told.err) == (2, True)
    before = map_.read_text()
    assert run("import", export, "--propose", "-o", map_).code == 3
    assert map_.read_text() == before


def test_a_map_is_wrong_by_key(run: Run, export: Path, map_: Path) -> None:
    for wrong, says in (
        ('dates = "american"', "dates is 'american'"), ('zone = "Mars"', "no time zone"), ("colour = 1", "unknown key 'colour'"),
        ('[[column]]\nname = "x"\npoint = "KW"\nunit = "furlong"', "no unit is called"),
    ):  # fmt: skip
        bad = map_.with_name("bad.toml")
        lines = [
            line for line in map_.read_text().splitlines() if not line.startswith(("dates", "zone"))
        ]
        bad.write_text("\n".join([*lines, wrong] if "[[" in wrong else [wrong, *lines]))
        told = run("import", export, "--map", bad)
        assert (told.code, says in told.err) == (2, True), told.err


@pytest.fixture
def server(run: Run, home: Path) -> Iterator[str]:
    """The server of this home, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        sys.executable,
        "-m",
        "services.cli",
        "serve",
        "--home",
        str(home),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(
        words,
        env={**os.environ, "PLANTROOM_WEBHOOK_SECRET": "s3cret"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 40
        while time.monotonic() < until:
            try:
                httpx2.get(f"http://127.0.0.1:{port}/health", trust_env=False)
                break
            except httpx2.HTTPError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.mark.long
def test_while_a_server_runs_the_export_goes_to_it(
    run: Run, server: str, export: Path, map_: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run("import", export, "--map", map_)
    assert (told.code, server in told.err, "secret" in told.err) == (2, True, True)
    monkeypatch.setenv("PLANTROOM_WEBHOOK_SECRET", "s3cret")
    assert run("import", export, "--map", map_, "--json").json["samples"] == 2 * (192 - 9)


def test_a_haystack_servers_log_is_fetched_for_the_days_named(
    run: Run, say: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWER_PASSWORD", PASSWORD)
    with house_served(writes=False) as house:
        lines = tmp_path / "lines.toml"
        lines.write_text(
            f'[[line]]\nname = "tower"\nprotocol = "haystack"\nhost = "{house.url}"\n'
            f'options = {{ user = "{USER}", password_env = "TOWER_PASSWORD" }}\n[line.registers]\n"SAT" = "@{TEMP.id} °C"\n'
        )
        words = (
            "backfill",
            "tower",
            "--from",
            "2026-11-19",
            "--to",
            "2026-11-19",
            "--lines",
            lines,
            "--json",
        )
        first = run(*words).json
        again = run(*words).json
    assert first == again
    # the day is the site's, which has no zone of its own here: UTC, 07:00 to 07:00 in Bangkok
    assert (first["samples"], first["silent"]) == (96, 0)
    assert say("history", "status", "--home", home, "--json").json["rows"] == 96


def test_a_line_without_a_log_is_said_to_have_none(run: Run, tmp_path: Path) -> None:
    lines = tmp_path / "lines.toml"
    lines.write_text(
        '[[line]]\nname = "m"\nprotocol = "modbus"\nhost = "127.0.0.1"\nport = 9\n[line.registers]\n"KW" = "input:1"\n'
    )
    told = run("backfill", "m", "--from", "2026-11-19", "--lines", lines)
    assert (told.code, "names a log" in told.err) == (2, True)
