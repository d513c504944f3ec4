"""What counts as dead, told second by second; and the small parsers around it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.box import Watch
from services.llm.launch.backends import Counters, samples
from services.llm.launch.causes import cause_of
from services.llm.launch.group import Program, leftovers, lives, members, titled
from services.llm.launch.keeper import below
from services.llm.launch.log import BoundedLog
from services.llm.launch.watchdog import Look, Watchdog
from services.llm.traffic import Seen, Turn
from tests.services.llm.test_launch_supervisor import runs

WATCH = Watch()


def counters(steps: float) -> Counters:
    return Counters((steps,), 1.0, 0.0, None)


def seen(quiet_s: float | None, in_flight: int = 1) -> Seen:
    return Seen(Turn.READY, in_flight, quiet_s)


def died_at(looks: dict[float, Look], *, answers: bool, watch: Watch = WATCH) -> float | None:
    """When the watchdog gives up, looking once a second and asking canaries as a patrol does."""
    dog, asked = Watchdog(watch, 0.0), None
    for at, look in sorted(looks.items()):
        if dog.look(look):
            return at
        if asked is not None and answers:
            dog.answered(at)
            asked = None
        elif asked is not None and at - asked >= watch.canary_s:
            if dog.unanswered(asked, at):
                return at
            asked = None
        if asked is None and dog.wants_canary(at):
            asked = at
    return None


def test_an_idle_replica_whose_canaries_are_answered_lives_for_ever() -> None:
    looks = {float(s): Look(float(s), True, counters(7), seen(None, 0)) for s in range(600)}
    assert died_at(looks, answers=True) is None


@pytest.mark.parametrize("health", [True, None], ids=["health says 200", "health is silent"])
def test_an_idle_replica_that_froze_is_known_within_15_s(health: bool | None) -> None:
    looks = {float(s): Look(float(s), health, counters(7), seen(None, 0)) for s in range(60)}
    assert (died_at(looks, answers=False) or 99) <= 15


def test_a_busy_replica_that_froze_is_known_within_15_s() -> None:
    looks = {float(s): Look(float(s), True, counters(min(s, 30)), seen(max(0.0, s - 30.0))) for s in range(60)}  # fmt: skip
    assert 30 < (died_at(looks, answers=False) or 99) <= 45


def test_clients_that_come_and_go_do_not_hide_a_frozen_replica() -> None:
    """Each leaves after three seconds without an answer: the gateway's silence never gets long."""
    looks = {float(s): Look(float(s), True, counters(7), seen(float(s % 3))) for s in range(60)}
    assert (died_at(looks, answers=False) or 99) <= 15


def test_a_slow_reader_does_not_make_an_idle_engine_look_frozen() -> None:
    """The engine is done, the client does not take its bytes: canaries are answered."""
    looks = {float(s): Look(float(s), True, counters(7), seen(float(s))) for s in range(120)}
    assert died_at(looks, answers=True) is None


@given(st.lists(st.integers(1, 9), min_size=30, max_size=60))
def test_while_counters_move_within_the_quiet_time_silence_at_the_gateway_is_work(gaps: list[int]) -> None:  # fmt: skip
    looks, at = {}, 0.0
    for step, gap in enumerate(gaps):
        for second in range(gap):
            looks[at + second] = Look(at + second, True, counters(step), seen(at + second))
        at += gap
    assert died_at(looks, answers=False) is None


def test_one_503_is_a_moment_and_two_are_a_dead_engine() -> None:
    dog = Watchdog(WATCH, 0.0)
    assert dog.look(Look(1.0, healthy=False, counters=counters(1))) == ""
    assert dog.look(Look(2.0, healthy=True, counters=counters(2))) == ""
    assert dog.look(Look(3.0, healthy=False, counters=counters(2))) == ""
    assert dog.look(Look(4.0, healthy=None, counters=None)) == ""
    assert "503" in dog.look(Look(5.0, healthy=False, counters=counters(2)))


def test_a_server_without_counters_lives_by_the_bytes_it_sends() -> None:
    looks = {float(s): Look(float(s), None, None, seen(0.5)) for s in range(60)}
    assert died_at(looks, answers=False) is None


@given(st.text())
def test_no_text_of_metrics_breaks_the_reader(text: str) -> None:
    assert all(isinstance(value, float) for value in samples(text).values())


@given(st.dictionaries(st.from_regex(r"[a-z_:]{1,20}", fullmatch=True), st.floats(allow_nan=False, allow_infinity=False)))  # fmt: skip
def test_metrics_are_read_as_they_were_written(told: dict[str, float]) -> None:
    text = "".join(
        f'# HELP {k} of it\n{k}{{engine="0",le="x}} y"}} {v!r}\n' for k, v in told.items()
    )
    assert samples(text) == pytest.approx(told)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`", "cache"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "ran out of memory"),
        ("OSError: [Errno 98] Address already in use", "port is taken"),
        ("ValueError: Total number of attention heads (28) must be divisible by tensor parallel size (8).", "heads"),
        ("User-specified max_model_len (999999) is greater than the derived max_model_len", "context"),
        ("RuntimeError: NCCL error: unhandled system error", "NCCL"),
        ("safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered", "weights"),
        ("api_server.py: error: unrecognized arguments: --swap-space 4", "argument"),
        ("cannot start vllm: No such file or directory", "program is not there"),
    ],
)  # fmt: skip
def test_the_last_lines_tell_the_cause(line: str, says: str) -> None:
    cause = cause_of(["INFO started", line, "INFO bye"])
    assert cause is not None
    assert says in cause.says
    assert cause.hint


def test_what_nobody_knows_has_no_cause() -> None:
    assert cause_of(["INFO all is well", "Traceback (most recent call last):"]) is None


def test_a_log_does_not_grow_without_end(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "a.log", most_bytes=10_000)
    for number in range(10_000):
        log.write(f"line {number}\n".encode())
    assert log.last(1) == ["line 9999"]
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["a.log", "a.log.1", "a.log.2", "a.log.3"]
    assert sum(file.stat().st_size for file in files) <= 40_100
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_a_log_that_cannot_be_begun_anew_keeps_its_old_file(tmp_path: Path) -> None:
    """Its number, closed, would soon be a socket's: the engine's words would go there."""
    folder = tmp_path / "logs"
    folder.mkdir()
    log = BoundedLog(folder / "a.log", most_bytes=10)
    log.write(b"first\n")
    folder.rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        log.write(b"second line\n")
    (tmp_path / "away").rename(folder)
    log.write(b"third line\n")
    log.close()
    assert (folder / "a.log").read_text() == "third line\n"
    assert (folder / "a.log.1").read_text() == "first\n"


# Who kills the supervisor kills the engine: the keeper sees the pipe close.

ENGINE = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True); print('up', flush=True); time.sleep(60)"
SUPERVISOR = f"""
import asyncio, pathlib, sys
from services.llm.launch.group import Group
from services.llm.launch.log import BoundedLog

async def main():
    folder = pathlib.Path(sys.argv[1])
    group = await Group.begin([sys.executable, "-c", {ENGINE!r}], {{}}, BoundedLog(folder / "a.log"), folder / "a.json")
    await asyncio.sleep(1.0)
    print(*[one.pid for one in group.look()], flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_nothing_outlives_a_supervisor_that_was_killed_not_even_what_left_its_session(tmp_path: Path) -> None:  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:  # fmt: skip
        assert child.stdout is not None
        pids = [int(pid) for pid in child.stdout.readline().split()]
        assert len(pids) == 3  # keeper, engine, and its worker in a session of its own
        child.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(runs(pid) for pid in pids):
        assert time.monotonic() < deadline, [pid for pid in pids if runs(pid)]
        time.sleep(0.05)


def test_a_later_run_finds_what_an_earlier_one_left_and_nobody_else(tmp_path: Path) -> None:
    note = tmp_path / "a.json"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"]) as child:
        (mine,) = members(child.pid)
        note.write_text(
            f'{{"boot": "{boot}", "programs": [[{child.pid}, {mine.born}], [{os.getpid()}, 1]]}}'
        )
        assert leftovers(note) == [Program(child.pid, mine.born)]
        note.write_text(f'{{"boot": "another", "programs": [[{child.pid}, {mine.born}]]}}')
        assert leftovers(note) == []
        assert child.pid in below(os.getpid())
        child.kill()


def test_a_worker_is_known_by_its_title_and_missed_at_once() -> None:
    with subprocess.Popen(
        ["VLLM::Worker_TP0", "-c", "read line"], stdin=subprocess.PIPE, executable="/bin/sh"
    ) as child:
        (worker,) = titled([one for one in members(child.pid) if one.pid == child.pid], "VLLM::")
        assert lives(worker)
        child.kill()
        child.wait()
        assert not lives(worker)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"boot": 1}', '{"boot": "", "programs": 3}', '{"boot": "", "programs": [[1]]}'])  # fmt: skip
def test_a_broken_note_is_no_note(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    assert leftovers(tmp_path / "a.json") == []
