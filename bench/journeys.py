"""An engineer's questions against the demo building: right, wrong, and how fast. No language model."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from agent.events import to_json
from agent.plan import Question
from bench.report import finish
from ingest.demo.worklog import work_orders
from services.demo import build
from services.settings import load_settings
from services.wire import open_system
from tests.journeys.bank import JOURNEYS, Journey
from tests.journeys.grade import Answer, Verdict
from tests.journeys.truth import Truth
from tests.journeys.unseen import UNSEEN

NOW = dt.datetime.fromisoformat("2026-11-20T14:30:00+07:00")
"""A Friday afternoon: the offices are open, the sun is on the west rooms."""


@dataclass(frozen=True)
class Asked:
    """A journey with its answer and the verdict of each check."""

    journey: Journey
    answer: Answer
    verdicts: tuple[Verdict, ...]
    elapsed_s: float

    @property
    def right(self) -> bool:
        return all(verdict.holds for verdict in self.verdicts)

    @property
    def lies(self) -> bool:
        return any(verdict.lies for verdict in self.verdicts)


async def ask_all(home: Path, journeys: Sequence[Journey]) -> list[Asked]:
    """Build Riverside Tower as of NOW in an empty folder and ask it everything."""
    settings = load_settings(home=home, llm={})
    recording = await build(settings, now=NOW, console=Console(stderr=True))
    truth = Truth(recording, NOW, [{"equip": o.equipment, **asdict(o)} for o in work_orders(NOW)])
    del recording
    async with open_system(settings, clock=lambda: NOW) as system:
        return [await _ask(system.engineer, journey, truth) for journey in journeys]


async def _ask(engineer: object, journey: Journey, truth: Truth) -> Asked:
    begun = time.perf_counter()
    answer: Answer = {"answer": "", "evidence": [], "charts": []}
    async for event in engineer.run(Question(journey.question, NOW)):  # type: ignore[attr-defined]
        told = to_json(event)
        if told["type"] in {"answer", "failed"}:
            answer = (
                told
                if told["type"] == "answer"
                else {**answer, "answer": f"{told['message']} {told['hint']}"}
            )
    elapsed_s = time.perf_counter() - begun
    return Asked(
        journey, answer, tuple(check(answer) for check in journey.checks(truth)), elapsed_s
    )


def figures(asked: Sequence[Asked]) -> dict[str, float]:
    """What the targets are about."""
    return {
        "questions": len(asked),
        "right_share": round(sum(a.right for a in asked) / len(asked), 4),
        "wrong_numbers": sum(a.lies for a in asked),
        "p50_s": round(statistics.median(a.elapsed_s for a in asked), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument(
        "--quick", action="store_true", help="accepted; this bench has only one length"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plantroom-journeys-") as home:
        asked = asyncio.run(ask_all(Path(home) / "home", [*JOURNEYS, *UNSEEN]))
    for one in asked:
        if not one.right or not options.json:
            mark = "ok   " if one.right else "LIES " if one.lies else "WRONG"
            print(
                f"{mark} {one.elapsed_s:5.2f} s  {one.journey.family:11} {one.journey.question}",
                file=sys.stderr,
            )
        if not one.right:
            for verdict in one.verdicts:
                if not verdict.holds:
                    print(f"        wanted: {verdict.says}", file=sys.stderr)
            print(f"        answer: {one.answer['answer']!r:.400}", file=sys.stderr)
    for name, journeys in (("first bank", JOURNEYS), ("unseen bank", UNSEEN)):
        print(f"{name}: {figures([a for a in asked if a.journey in journeys])}", file=sys.stderr)
    finish("journeys", figures(asked))


if __name__ == "__main__":
    main()
