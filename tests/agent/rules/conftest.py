"""Riverside Tower with its twelve faults and its fault-free twin, simulated once for all tests here."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from agent.detect import detect
from agent.diagnosis import Detection
from agent.faultbook import FaultBook
from ingest.demo.model import riverside_tower
from ingest.demo.simulate import TruthEvent, simulate
from ingest.demo.story import DEFAULT_STORY
from ontology.graph import Building
from ontology.store.memory_records import MemoryRecords
from ontology.time import Span
from tests.agent.rules.recorded import RecordedHistory

NOW = dt.datetime(2026, 11, 20, 15, 30, tzinfo=ZoneInfo("Asia/Bangkok"))
SEED = 7
STEP_S = 450
"""Longer than the demo's step, to simulate in less time; half of the rules' own step."""


@dataclass(frozen=True)
class Simulated:
    """A month of the building, what was detected in it, and the truth."""

    building: Building
    history: RecordedHistory
    detection: Detection
    faults: FaultBook
    truth: tuple[TruthEvent, ...]
    now: dt.datetime = NOW


def simulated(*, with_faults: bool) -> Simulated:
    story = DEFAULT_STORY if with_faults else ()
    recording = simulate(NOW, seed=SEED, step_s=STEP_S, story=story)
    building = Building(riverside_tower())
    history = RecordedHistory(recording.points, recording.ts, recording.values, recording.status)
    faults = FaultBook(MemoryRecords(), building)

    async def found() -> Detection:
        span = Span.last(dt.timedelta(days=30), now=NOW)
        detection = await detect(building, history, span, now=NOW)
        await faults.replace(detection.findings, now=NOW)
        return detection

    return Simulated(building, history, asyncio.run(found()), faults, recording.truth.events)


@pytest.fixture(scope="session")
def story() -> Simulated:
    return simulated(with_faults=True)


@pytest.fixture(scope="session")
def twin() -> Simulated:
    return simulated(with_faults=False)
