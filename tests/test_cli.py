"""The command line as a stranger meets it: before anything is built, and with bad input."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOW = "2026-11-20T14:30+07:00"


def plantroom(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *words, "--home", str(home)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def planned(question: str, home: Path) -> dict[str, Any]:
    done = plantroom("ask", question, "--plan", "--json", "--now", NOW, home=home)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_question_is_understood_before_any_building_was_set_up(tmp_path: Path) -> None:
    plan = planned("why is 807 hot?", tmp_path)
    assert plan["mode"] == "playbook"
    assert plan["intent"] == "comfort_complaint"
    assert plan["entities"] == ["room-807"]
    assert plan["question_back"] is None
    assert plan["steps"]


def test_an_answer_without_a_building_says_how_to_get_one(tmp_path: Path) -> None:
    done = plantroom("ask", "why is 807 hot?", "--json", home=tmp_path)
    assert done.returncode == 4
    assert "plantroom demo" in json.loads(done.stdout)["error"]["hint"]


@pytest.mark.parametrize("now", ["yesterday", "2026-11-20T14:30", "2026-13-01T00:00Z"])
def test_a_time_that_is_none_is_refused_with_a_hint(now: str, tmp_path: Path) -> None:
    done = plantroom("ask", "chws temp", "--plan", "--now", now, home=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") <= 3


def test_the_doctor_says_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    done = plantroom("check", "--json", home=tmp_path)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0
    assert checks["building"]["state"] == "degraded"
    assert "plantroom demo" in checks["building"]["hint"]


def test_a_taken_port_is_named_before_anything_slow_begins(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = plantroom("demo", "--port", str(taken.getsockname()[1]), home=tmp_path)
    assert done.returncode == 1
    assert "is taken" in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_unknown_bench_is_not_found_and_names_those_there_are(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "bench", "nonsense"],
        capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 4
    assert "journeys" in done.stderr
