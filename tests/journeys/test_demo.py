"""The one command, as a stranger runs it: from nothing to a cited answer of a building that is really polled."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

pytestmark = pytest.mark.timeout(280)

WARM_START_S = 20.0


def busy() -> float:
    """How many times longer it may take beside other work; `plantroom bench start` measures it alone."""
    return max(2.0, 2.0 * os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("riverside") / "home"


@contextmanager
def demo(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running demo and its URL, once it has answered its first question."""
    process = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "demo", "--home", str(home), "--port", "0"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process, _url(process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if match := re.search(r"is running: (http://\S+)", line):
            return match.group(1)
    raise AssertionError(f"the demo ended: {said}")


def gone(pid: str, seconds: float = 8) -> bool:
    """Whether the process ends within the time (a zombie has ended)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def status(url: str) -> dict[str, object]:
    found: dict[str, object] = httpx2.get(f"{url}/api/status", timeout=20).json()
    return found


def test_a_clean_start_ends_in_a_cited_answer_from_polled_devices(home: Path) -> None:
    with demo(home) as (_, url):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            devices = status(url)["devices"]
            polled = [d for d in devices if d["protocol"] != "lorawan"]  # type: ignore[attr-defined]
            if polled and all(d["state"] == "ok" for d in polled):
                break
            time.sleep(1)
        assert {d["protocol"] for d in polled} == {"bacnet", "modbus"}
        assert all(d["state"] == "ok" for d in polled), polled
        asked = subprocess.run(
            [sys.executable, "-m", "services.cli", "ask", "why is 807 hot?", "--json", "--home", str(home)],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        answer = json.loads(asked.stdout)
    assert "DOAS-1" in answer["answer"]
    assert answer["mode"] == "playbook"
    assert answer["evidence"]
    assert answer["elapsed_s"] < 5


def test_a_killed_demo_starts_again_and_keeps_what_it_had(home: Path) -> None:
    """After the first test: kill -9 while it polls, then a warm start on the same files."""
    with demo(home) as (process, url):
        time.sleep(3)
        devices = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        assert devices
        assert all(gone(pid) for pid in devices)
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{url}/health", timeout=2)
    begun = time.monotonic()
    with demo(home) as (_, url):
        took_s = time.monotonic() - begun
        assert status(url)["open_findings"]
    assert took_s < WARM_START_S * busy()
