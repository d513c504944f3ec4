"""Runs ours and the peers, one fresh process a measurement, best of several: the machine's noise only ever adds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.ontology_peers.environments import Installed

ROOT: Final = Path(__file__).parents[2]
TIMEOUT_S: Final = 300.0
SENSORS: Final = "point and discharge and air and temp and sensor and equipRef->ahu"
TWO_HOPS: Final = 'point and temp and equipRef->siteRef->geoCity == "Bangkok"'
QUERIES: Final = {"sensors": SENSORS, "two_hops": TWO_HOPS}
CHANGED: Final = "s1.vav-101.dat"
"""The record that is committed changed."""


@dataclass(frozen=True)
class Program:
    """Something that takes a task and writes an answer."""

    name: str
    command: tuple[str, ...]
    folder: Path
    has_filter: bool = True

    @classmethod
    def ours(cls) -> Program:
        command = (sys.executable, "-m", "bench.ontology_peers.run_ours")
        return cls("plantroom", command, ROOT)

    @classmethod
    def of(cls, installed: Installed) -> Program:
        peer = installed.peer
        return cls(peer.name, installed.command, installed.folder, peer.has_filter)

    def answer(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """What it makes of the task; `{"error": ...}` where it stops."""
        try:
            done = subprocess.run(
                self.command, cwd=self.folder, input=json.dumps(task), capture_output=True, text=True,
                timeout=TIMEOUT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {TIMEOUT_S:.0f} s"}
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            return {"error": lines[-1][:300] if lines else f"exit code {done.returncode}"}
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def measured(
    programs: Sequence[Program], format: str, files: Sequence[Path], repeats: int
) -> list[dict[str, float] | str]:
    """Load seconds, peak megabytes and, where there is a filter, milliseconds of the queries: the best of some runs.

    The programs take turns, so that a busy minute of the machine is busy for all. A text says why one failed.
    """
    best: list[dict[str, float] | str] = [{} for _ in programs]
    for _ in range(repeats):
        for place, (program, file) in enumerate(zip(programs, files, strict=True)):
            found = best[place]
            if not isinstance(found, str):
                best[place] = _better(found, program.answer(_task(program, format, file)))
    return best


def _task(program: Program, format: str, file: Path) -> dict[str, Any]:
    task: dict[str, Any] = {"format": format, "file": str(file), "times": 15}
    return task | {"queries": QUERIES, "commit": CHANGED} if program.has_filter else task


def _better(best: Mapping[str, float], answer: Mapping[str, Any]) -> dict[str, float] | str:
    if "error" in answer:
        return str(answer["error"])
    figures = _figures(answer)
    return {name: min(value, best.get(name, value)) for name, value in figures.items()}


def _figures(answer: Mapping[str, Any]) -> dict[str, float]:
    found = {name: answer[name] for name in ("load_s", "peak_rss_mb", "entities")}
    if "commit_ms" in answer:
        found["commit_ms"] = answer["commit_ms"]
    for name, query in answer.get("queries", {}).items():
        found |= {f"{name}_{key}": value for key, value in query.items()}
    return found
