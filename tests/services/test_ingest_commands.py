"""Setting up a building's devices at the command line, against the demo's devices in a process of their own."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ingest.demo.devices.bacnet_site import BacnetSite
from ingest.demo.devices.process import DemoProcess
from ingest.driver import Line
from ingest.lines import read_lines, write_lines
from ontology.time import UTC
from tests.services.told import Run

ROOT = Path(__file__).parents[2]
Device = TypeVar("Device")


@contextmanager
def running(starting: Coroutine[Any, Any, Device]) -> Iterator[Device]:
    """A device while entered; its loop runs on a thread, as commands have their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    try:
        device = wait(starting)
        yield device
        wait(device.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def lines() -> Iterator[tuple[Line, ...]]:
    starting = DemoProcess.start(anchor=dt.datetime.now(UTC), seed=7, days=0.1, hands=True)
    with running(starting) as devices:
        yield devices.lines


@pytest.fixture
def run(say: Run, home: Path) -> Run:
    """`run("check")` is `plantroom ingest check --home HOME`."""
    return lambda *words: say("ingest", *words, "--home", home)


@pytest.fixture
def file(tmp_path: Path, lines: tuple[Line, ...]) -> Path:
    """A lines.toml of two controllers, kept by a person."""
    path = tmp_path / "lines.toml"
    write_lines(path, [line for line in lines if line.name in ("AHU-2", "DOAS-1")])
    return path


def router(lines: tuple[Line, ...]) -> str:
    return f"{lines[0].host}:{lines[0].port}"


# --- discover -----------------------------------------------------------------------------------


def test_a_scan_finds_every_controller_and_a_rescan_keeps_what_was_edited(
    run: Run, home: Path, lines: tuple[Line, ...]
) -> None:
    first = run(
        "discover", "bacnet", router(lines), "--wait", "0.5", "--devices", "260003-260005", "--json"
    )
    assert first.code == 0
    assert len(first.json["new_devices"]) == 3
    assert first.json["before"] is None
    path = home / "lines.toml"
    assert {line.device for line in read_lines(path)} == {260003, 260004, 260005}
    valve = next(
        register for line in read_lines(path) for register in line.registers
        if register.point.id == "AHU-2.cooling-valve"
    )  # fmt: skip
    assert valve.address == "analog-output,2"
    edited = path.read_text().replace(
        "device = 260003", "device = 260003  # by the lift\nevery_s = 7"
    )
    path.write_text(edited)
    again = run("discover", "bacnet", router(lines), "--wait", "0.5", "--devices", "260003-260006")
    assert again.code == 0
    assert "1 new device" in again.out
    assert "3 lines as you left them" in again.out
    assert path.read_text().startswith(edited.rstrip("\n"))
    assert (home / "lines.toml.bak").read_text() == edited


def test_a_rescan_shows_what_is_new_and_a_scan_that_nobody_answers_says_so_and_ends_with_5(
    run: Run, home: Path, lines: tuple[Line, ...]
) -> None:
    order = ("discover", "bacnet", router(lines), "--wait", "0.5", "--devices")
    assert "new point" in run(*order, "260003").out
    again = run(*order, "260003")
    assert "return-air-temp" not in again.out
    before = (home / "lines.toml").read_text()
    for extra in ((), ("--dry-run",)):
        silent = run(*order, "1000-1999", *extra)
        assert silent.code == 5
        assert "nobody answered: check address" in silent.out
        assert "plantroom ingest map" not in silent.out
    assert (home / "lines.toml").read_text() == before


def test_units_behind_a_gateway_are_found_and_a_type_set_by_hand_stays(
    run: Run, home: Path, lines: tuple[Line, ...]
) -> None:
    gateway = next(line for line in lines if line.options.get("framer") == "rtu")
    order = (
        "discover",
        "modbus",
        f"{gateway.host}:{gateway.port}",
        "--units",
        "4-5",
        "--framer",
        "rtu",
    )
    first = run(*order, "--json")
    assert len(first.json["new_devices"]) == 2
    path = home / "lines.toml"
    meter, _ = read_lines(path)
    assert meter.options["framer"] == "rtu"
    text = path.read_text()
    written = re.search(r'"[^"]+holding-2" = .*\n', text)
    assert written is not None
    mended = text.replace(written[0], '"meter.energy" = "holding:2:uint32:CDAB"\n')
    mended = re.sub(r'"[^"]+holding-3" = .*\n', "", mended, count=1)
    path.write_text(mended)
    again = run(*order)
    assert "0 new devices, 0 new registers, 0 no longer answer, 2 lines" in again.out
    assert path.read_text() == mended


def test_a_dry_run_writes_nothing(run: Run, home: Path, lines: tuple[Line, ...]) -> None:
    found = run(
        "discover", "bacnet", router(lines), "--wait", "0.5", "--devices", "260003", "--dry-run"
    )
    assert found.code == 0
    assert "1 new device" in found.out
    assert not (home / "lines.toml").exists()


def test_a_broken_file_is_told_before_anybody_is_asked(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lines.toml"
    path.write_text('[[line]]\nname = "a"\n')
    found = run("discover", "bacnet", "127.0.0.1:9", "-o", path)
    assert found.code == 2
    assert "protocol" in found.err
    assert path.read_text() == '[[line]]\nname = "a"\n'


@pytest.mark.parametrize(
    "words",
    [("bacnet", "host:port"), ("bacnet", "10.0.0.1", "--devices", "9-1"), ("bacnet",)],
    ids=["a port that is none", "a range that ends before it begins", "everybody without a mask"],
)
def test_what_cannot_be_asked_is_refused_with_a_hint(run: Run, words: tuple[str, ...]) -> None:
    found = run("discover", *words)
    assert found.code == 2
    assert len(found.err.splitlines()) == 2


# --- check --------------------------------------------------------------------------------------

WRONG = """\
[[line]]
name = "a"
protocol = "bacnet"
host = "10.0.0.1"
every_s = 0
colour = "red"
options = { cov = "never" }
[line.registers]
"p.one" = "analog-input,1"
"p.two" = "analog-inptu,2"

[[line]]
name = "a"
protocol = "modbus"
host = "10.0.0.2"
[line.registers]
"p.one" = "holding:1:float32"
"p.three" = "holding:2"
"""


def test_every_fault_is_told_with_its_line_and_key(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lines.toml"
    path.write_text(WRONG)
    found = run("check", path, "--json")
    assert found.code == 2
    told = [(fault["line"], fault["key"]) for fault in found.json["faults"]]
    assert told == [
        (5, "every_s"), (6, "colour"), (7, "options.cov"), (10, "registers.'p.two'"), (18, ""),
    ]  # fmt: skip
    shown = run("check", path)
    assert f"{path}:10: line 1 ('a'): registers.'p.two'" in shown.out
    assert shown.out.rstrip().endswith("5 faults")


def test_a_file_that_is_no_toml_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lines.toml"
    path.write_text('[[line]]\nname = "a\n')
    (fault,) = run("check", path, "--json").json["faults"]
    assert fault["line"] == 2


def test_a_good_file_says_what_it_would_poll(run: Run, file: Path) -> None:
    found = run("check", file)
    assert found.code == 0
    assert "2 lines" in found.out
    assert run("check", file.with_name("none.toml")).code == 4


# --- read and write -----------------------------------------------------------------------------


def test_a_point_is_read_with_value_status_and_who_holds_it(run: Run, file: Path) -> None:
    found = run(
        "read", "AHU-2", "AHU-2.return-air-temp", "AHU-2.cooling-valve", "--lines", file, "--json"
    )
    assert found.code == 0
    temp, valve = found.json["points"]
    assert 15 < temp["value"] < 35
    assert (temp["raw"], temp["status"], temp["address"]) == (
        temp["value"],
        "good",
        "analog-input,3",
    )
    assert valve["override_level"] == 8
    shown = run("read", "AHU-2", "AHU-2.cooling-valve", "--lines", file)
    assert "overridden" in shown.out
    assert "priority 8" in shown.out


def test_what_is_not_there_is_told_with_what_is(run: Run, file: Path) -> None:
    found = run("read", "AHU-9", "--lines", file)
    assert (found.code, "AHU-2" in found.err) == (4, True)
    found = run("read", "AHU-2", "return", "--lines", file)
    assert (found.code, "AHU-2.return-air-temp" in found.err) == (4, True)


def test_a_device_that_is_off_is_said_to_be_silent(
    run: Run, tmp_path: Path, free_udp_port: int
) -> None:
    path = tmp_path / "lines.toml"
    path.write_text(
        f'[[line]]\nname = "off"\nprotocol = "bacnet"\nhost = "127.0.0.1"\nport = {free_udp_port}\n'
        'device = 1\ntimeout_s = 0.2\n[line.registers]\n"p" = "analog-input,1"\n'
    )
    assert run("read", "off", "--lines", path).code == 5


def test_nothing_is_written_to_a_line_that_nobody_made_writable(
    run: Run, home: Path, file: Path
) -> None:
    found = run("write", "AHU-2", "AHU-2.cooling-valve", "40", "--lines", file)
    assert found.code == 3
    assert 'writable = "yes"' in found.err
    assert not (home / "writes.log").exists()


def test_nothing_is_written_without_a_person_who_types_the_points_id(
    run: Run, home: Path, file: Path
) -> None:
    file.write_text(file.read_text().replace("options = {", 'options = { writable = "yes",'))
    order = ("write", "AHU-2", "AHU-2.cooling-valve", "40", "--lines", file)
    assert run(*order).code == 3
    wrong = run(*order, "--i-approve", "AHU-1.cooling-valve")
    assert (wrong.code, "another point" in wrong.err) == (3, True)
    safety = run(*order, "--priority", "1", "--i-approve", "AHU-2.cooling-valve")
    assert (safety.code, "life safety" in safety.err) == (3, True)
    assert run("write", "AHU-2", "AHU-2.cooling-valve", "--lines", file).code == 2
    assert run("write", "AHU-2", "AHU-2.cooling-valve", "nan", "--lines", file).code == 2
    assert not (home / "writes.log").exists()


@pytest.fixture
def writable(tmp_path: Path) -> Iterator[Path]:
    """A lines.toml with a controller that takes commands, and a line that lets them through."""
    spec = {"devices": [{"instance": 7, "name": "ddc-7", "objects": [
        {"object": "analog-output,1", "name": "VALVE", "value": 20.0},
        {"object": "analog-input,2", "name": "TEMP", "value": 21.5, "units": 62},
    ]}]}  # fmt: skip
    with running(BacnetSite(spec).__aenter__()) as site:
        path = tmp_path / "lines.toml"
        path.write_text(
            f'[[line]]\nname = "ddc-7"\nprotocol = "bacnet"\nhost = "127.0.0.1"\nport = {site.port}\n'
            'device = 7\noptions = { writable = "yes" }\n[line.registers]\n"ddc-7.VALVE" = "analog-output,1"\n'
        )
        yield path


def test_a_valve_is_commanded_and_given_back_and_both_are_logged(
    run: Run, home: Path, writable: Path
) -> None:
    order = (
        "write",
        "ddc-7",
        "ddc-7.VALVE",
        "--i-approve",
        "ddc-7.VALVE",
        "--lines",
        writable,
        "--json",
    )
    told = run(*order, "40").json
    assert (told["before"]["value"], told["after"]["value"]) == (20, 40)
    assert told["after"]["override_level"] == 8
    back = run(*order, "--relinquish").json
    assert (back["before"]["value"], back["after"]["value"]) == (40, 20)
    entries = [json.loads(line) for line in (home / "writes.log").read_text().splitlines()]
    assert [(entry["what"], entry["wrote"]) for entry in entries] == [
        ("ordered", 40), ("done", 40), ("ordered", None), ("done", None),
    ]  # fmt: skip


def test_the_simulated_valve_in_hand_is_taken_over_and_given_back_to_its_program(
    run: Run, home: Path, file: Path
) -> None:
    file.write_text(file.read_text().replace("options = {", 'options = { writable = "yes",'))
    valve = "AHU-2.cooling-valve"
    order = ("write", "AHU-2", valve, "--lines", file, "--i-approve", valve, "--json")
    told = run(*order, "40").json
    assert (told["before"]["override_level"], told["before"]["value"]) == (8, 100)
    assert (told["after"]["override_level"], told["after"]["value"]) == (8, 40)
    assert run(*order, "120").code == 3
    (seen,) = run("read", "AHU-2", valve, "--lines", file, "--json").json["points"]
    assert (seen["value"], seen["status"]) == (40, "overridden")
    assert run(*order, "--relinquish").json["after"]["override_level"] is None
    sensor = "AHU-2.return-air-temp"
    assert run("write", "AHU-2", sensor, "21", "--lines", file, "--i-approve", sensor).code == 3
    whats = [json.loads(row)["what"] for row in (home / "writes.log").read_text().splitlines()]
    assert [what.partition(":")[0] for what in whats] == [
        "ordered", "done", "ordered", "failed", "ordered", "done", "ordered", "failed",
    ]  # fmt: skip


def test_a_person_at_a_terminal_types_the_points_id(run: Run, home: Path, writable: Path) -> None:
    order = ("ingest", "write", "ddc-7", "ddc-7.VALVE", "55", "--lines", writable, "--home", home)
    assert typed(order, "yes") == 3
    assert not (home / "writes.log").exists()
    assert typed(order, "ddc-7.VALVE") == 0
    assert run("read", "ddc-7", "--lines", writable, "--json").json["points"][0]["value"] == 55


def typed(words: Sequence[str | Path], answer: str) -> int:
    """The exit code of a command that asks at a terminal, and is answered."""
    ours, theirs = pty.openpty()
    process = plantroom(*words, stdin=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while b"approve" not in shown:
        shown += os.read(ours, 1_000)
    os.write(ours, answer.encode() + b"\n")
    process.communicate(timeout=30)
    os.close(ours)
    return process.returncode


def test_what_a_device_loses_and_gains_is_told_by_the_next_scan(
    run: Run, home: Path, writable: Path
) -> None:
    text = writable.read_text().replace("analog-output,1", "analog-output,9")
    writable.write_text(text)
    port = next(line for line in read_lines(writable)).port
    found = run("discover", "bacnet", f"127.0.0.1:{port}", "--wait", "0.3", "-o", writable)
    assert "0 new devices, 2 new registers, 1 no longer answers" in found.out
    assert re.search(r'"analog-output,9"  # no longer answers \(\d{4}-', writable.read_text())
    temp = next(r for r in read_lines(writable)[0].registers if r.address == "analog-input,2")
    assert temp.point.id == "ddc-7.TEMP"


# --- map ----------------------------------------------------------------------------------------

NAMES = """\
[[line]]
name = "ddc-7"   # third floor
protocol = "bacnet"
host = "10.0.0.1"
device = 7
[line.registers]
"ddc-7.a" = { address = "analog-input,1", name = "AHU-7 Return Air Temp", unit = "degrees-fahrenheit" }  # west
"ddc-7.b" = { address = "analog-output,2", name = "AHU-7 Cooling Valve", unit = "percent" }
"ddc-7.c" = { address = "analog-value,9", name = "XQ_77_ZZ" }
"""


def test_names_become_points_of_the_model_and_the_registers_follow(
    run: Run, home: Path, tmp_path: Path
) -> None:
    path, review = tmp_path / "lines.toml", tmp_path / "review.csv"
    path.write_text(NAMES)
    proposed = run("map", path, "-o", review, "--json").json
    assert (proposed["names"], proposed["sure"]) == (3, 2)
    assert path.read_text() == NAMES
    dry = run("map", path, "--accept", review, "--site", "Tower", "--dry-run")
    assert (dry.code, path.read_text(), home.exists()) == (0, NAMES, False)
    taken = run("map", path, "--accept", review, "--site", "Tower", "--json").json
    assert taken["renamed"] == {
        "ddc-7.a": "AHU-7.return-air-temp", "ddc-7.b": "AHU-7.cooling-valve",
    }  # fmt: skip
    assert taken["converted"] == {"AHU-7.return-air-temp": "°F to °C"}
    text = path.read_text()
    assert 'name = "ddc-7"   # third floor' in text
    assert '"ddc-7.c" = { address = "analog-value,9", name = "XQ_77_ZZ" }' in text
    assert "}  # west" in text
    (line,) = read_lines(path)
    temp = line.registers[0]
    assert 212 * temp.scale + temp.offset == pytest.approx(100)
    assert (tmp_path / "lines.toml.bak").read_text() == NAMES
    again = run("map", path, "--accept", review, "--json").json
    assert (again["renamed"], again["model"]["added"]) == ({}, 0)


def test_two_registers_cannot_become_one_point(run: Run, tmp_path: Path) -> None:
    path, review = tmp_path / "lines.toml", tmp_path / "review.csv"
    path.write_text(NAMES)
    run("map", path, "-o", review)
    review.write_text(review.read_text().replace("AHU-7.return-air-temp", "ddc-7.c"))
    found = run("map", path, "--accept", review, "--site", "Tower")
    assert (found.code, "ddc-7.c" in found.err) == (2, True)
    assert path.read_text() == NAMES


def test_rows_that_wait_for_a_person_are_counted_when_a_review_is_taken(
    run: Run, tmp_path: Path
) -> None:
    path, review = tmp_path / "lines.toml", tmp_path / "review.csv"
    path.write_text(NAMES)
    run("map", path, "-o", review)
    yes, *others = review.read_text().splitlines()[1:]
    head = review.read_text().splitlines()[0]
    rows = [f"yes,{yes.split(',', 1)[1]}", *(f"?,{row.split(',', 1)[1]}" for row in others)]
    review.write_text("\n".join([head, *rows]) + "\n")
    taken = run("map", path, "--accept", review, "--site", "Tower", "--dry-run")
    assert taken.code == 0
    assert re.search(rf"{len(others)} waits? for yes or no", taken.out)


# --- run, status, simulate ----------------------------------------------------------------------


def plantroom(*words: str | Path, **more: Any) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen(
        [sys.executable, "-m", "services.cli", *map(str, words)], cwd=ROOT, text=True, **pipes
    )  # fmt: skip


def stopped(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=30)


def test_lines_are_polled_without_a_web_server_until_ctrl_c(
    run: Run, home: Path, lines: tuple[Line, ...]
) -> None:
    run("discover", "bacnet", router(lines), "--wait", "0.5", "--devices", "260003-260004")
    path, review = home / "lines.toml", home.parent / "review.csv"
    path.write_text(re.sub(r"(device = \d+)", r"\1\nevery_s = 0.5", path.read_text()))
    run("map", "-o", review)
    assert run("map", "--accept", review, "--site", "Tower").code == 0
    process = plantroom("ingest", "run", "--home", home)
    try:
        told = _status_when(run, lambda told: told.get("forward", {}).get("moved", 0) > 100)
        assert {line["health"] for line in told["lines"]} == {"good"}
        assert told["running"]
        shown = run("status").out
        assert "2 lines" in shown
        assert "samples moved to history" in shown
        busy = run("run")
        assert (busy.code, "in use" in busy.err) == (1, True)
    finally:
        out, err = stopped(process)
    assert process.returncode == 0, err
    assert "2 lines are polled" in err
    assert out == ""


def _status_when(run: Run, holds) -> dict:
    for _ in range(160):
        found = run("status", "--json")
        if found.code in (0, 1) and "lines" in found.json and holds(found.json):
            return found.json
        threading.Event().wait(0.25)
    raise AssertionError(found)


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--to", "plantroom"), "no server's address"), (("--to", "http://127.0.0.1:9"), "PLANTROOM_FORWARD__SECRET")],
    ids=["no address", "no secret"],
)  # fmt: skip
def test_an_edge_box_needs_an_address_and_a_secret(
    run: Run, file: Path, words: tuple[str, ...], says: str
) -> None:
    found = run("run", *words, "--lines", file)
    assert found.code == 2
    assert says in found.err


def test_a_home_where_nothing_polls_says_so(run: Run, home: Path) -> None:
    assert run("status").code == 4
    home.mkdir()
    old = {
        "at": "2026-01-01T00:00:00+00:00",
        "pid": 4711,
        "lines": [],
        "forward": {},
        "quarantine": [],
    }
    (home / "status.json").write_text(json.dumps(old))
    found = run("status")
    assert (found.code, "nothing polls here" in found.out) == (1, True)
    assert run("status", "--json").json["running"] is False
    ahead = old | {"at": "2099-01-01T00:00:00+00:00"}  # written before the clock was set back
    (home / "status.json").write_text(json.dumps(ahead))
    assert run("status", "--json").json["running"] is False


def test_what_devices_say_cannot_command_the_terminal(run: Run, home: Path) -> None:
    home.mkdir()
    line = {"name": "a\x1b[2J", "health": "silent", "error": "\x1b]0;x\x07gone", "advice": "check"}
    now = dt.datetime.now(UTC).isoformat()
    (home / "status.json").write_text(json.dumps({"at": now, "pid": 1, "lines": [line]}))
    assert "\x1b" not in run("status").out


def test_the_demos_devices_run_alone_and_say_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "finished.toml"
    process = plantroom(
        "ingest", "simulate", "--bacnet-port", "0", "--modbus-port", "0", "--rtu-port", "0", "-o", path, "--json",
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        where = json.loads(process.stdout.readline())
        assert where["bacnet"]["devices"] == 24
        assert (where["modbus"]["units"], where["rtu"]["units"]) == ([1, 3], [4, 8])
        assert len(read_lines(path)) == 64
    finally:
        _, err = stopped(process)
    assert process.returncode == 0, err
