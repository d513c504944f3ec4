"""Bad days of a running building: things are killed, taken, full and misspelt; it says so and goes on."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from rich.console import Console

from services.demo import build
from services.folder import owned
from services.home import wall_clock
from services.settings import Settings

pytestmark = pytest.mark.timeout(280)

PLANTROOM = [sys.executable, "-m", "services.cli"]


class Demo:
    """A demo in a process of its own; what it says is read as it comes."""

    def __init__(self, home: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [*PLANTROOM, "demo", "--home", str(home), "--port", "0", *words],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        self.said = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    def wait_for(self, pattern: str, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if match := re.search(pattern, self.said):
                return match.group(match.lastindex or 0)
            if self.process.poll() is not None and not self._reader.is_alive():
                break
            time.sleep(0.1)
        raise AssertionError(f"never said {pattern!r}: {self.said[-800:]}")

    @property
    def devices(self) -> list[int]:
        """Process ids of its children."""
        task = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return [int(pid) for pid in Path(task).read_text().split()]

    def end(self, number: int, seconds: float = 30) -> int:
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        self.close()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self._reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()


@contextmanager
def demo(home: Path, *words: str) -> Iterator[Demo]:
    running = Demo(home, *words)
    try:
        yield running
    finally:
        running.close()


def ask(home: Path, *words: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PLANTROOM, "ask", *words, "--home", str(home)],
        capture_output=True, text=True, timeout=60, check=False, **how,  # type: ignore[call-overload]
    )  # fmt: skip


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Riverside Tower with a short past, built once for all of these days."""
    folder = tmp_path_factory.mktemp("bad-days") / "home"

    async def short() -> None:
        now = wall_clock().replace(microsecond=0)
        with owned(folder):
            await build(Settings(home=folder), now=now, console=Console(quiet=True), days=3)

    asyncio.run(short())
    return folder


def test_killed_devices_are_told_and_the_server_lives_on(home: Path) -> None:
    with demo(home) as running:
        url = running.wait_for(r"is running: (http://\S+)", 60)
        second = subprocess.run(
            [*PLANTROOM, "demo", "--fresh", "--home", str(home), "--port", "0"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        assert f"in use by process {running.process.pid}" in second.stderr
        (devices,) = running.devices
        os.kill(devices, signal.SIGKILL)
        assert "start it again" in running.wait_for(r"their process ended .*", 10)
        parts = httpx2.get(f"{url}/api/status", timeout=20).json()["parts"]
        assert next(p for p in parts if p["name"] == "demo devices")["state"] == "degraded"
        answer = json.loads(ask(home, "why is 807 hot?", "--json").stdout)
        assert "807" in answer["answer"]
        assert running.end(signal.SIGTERM) == 0


def test_a_build_that_is_stopped_ends_at_once_and_may_begin_again(tmp_path: Path) -> None:
    with demo(tmp_path / "home") as running:
        deadline = time.monotonic() + 60
        while not (tmp_path / "home" / "demo.mark").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        assert running.end(signal.SIGTERM, 25) == 130
        assert "Traceback" not in running.said
    assert not (tmp_path / "home" / "server.json").exists()
    assert (tmp_path / "home" / "demo.mark").exists()  # ours: the next start empties it


def test_a_disk_that_is_full_while_building_is_one_line(tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    done = subprocess.run(
        [*PLANTROOM, "demo", "--home", str(tmp_path / "home"), "--port", "0"],
        capture_output=True, text=True, timeout=90, check=False, preexec_fn=small_files,
    )  # fmt: skip
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert "free some" in done.stderr


def test_an_answer_into_a_closed_pipe_or_a_narrow_terminal_is_no_traceback(home: Path) -> None:
    piped = f"{sys.executable} -m services.cli ask 'why is 807 hot?' --home {home} | head -1"
    first = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
    assert "807" in first.stdout
    assert "Traceback" not in first.stderr
    narrow = ask(home, "why is 807 hot?", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert narrow.returncode == 0
    assert "807" in narrow.stdout


def test_broken_records_say_what_to_do_and_a_long_question_is_refused(home: Path) -> None:
    """Last of these days: it spoils the home's records."""
    long = ask(home, "why " * 20_000)
    assert long.returncode == 2
    assert "characters" in long.stderr
    for file in home.glob("records.db*"):
        file.unlink()
    (home / "records.db").write_bytes(b"garbage " * 5_000)
    done = ask(home, "any faults?")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--fresh" in done.stderr


def test_an_old_python_is_told_which_one_is_needed(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    setup = Path(__file__).parents[2] / "infra" / "setup"
    done = subprocess.run(
        [str(setup)], env={**os.environ, "PYTHON": str(old)}, capture_output=True, text=True,
        timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "3.11 or newer is needed, found Python 3.9.2" in done.stderr
