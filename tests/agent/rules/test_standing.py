"""What the newest samples alone tell: silence, and points held by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np

from agent.rules.overrides import overrides_now
from agent.rules.silence import silences
from agent.rules.standing import override_findings, silent_findings
from ingest.demo.model import riverside_tower
from ontology.graph import Building
from ontology.history import Sample, Samples, Status
from ontology.kinds import MARKER, Number, Ref
from ontology.store.memory_history import MemoryHistory
from ontology.store.memory_records import MemoryRecords
from ontology.time import UTC

NOW = dt.datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
BUILDING = Building(riverside_tower())
VALVE = Ref("AHU-2.cooling-valve")


def everybody_talks(minutes_ago: float = 5) -> dict[Ref, Sample]:
    at = NOW - dt.timedelta(minutes=minutes_ago)
    return {e.ref: Sample(e.ref, at, 20.0) for e in BUILDING if e.is_point}


async def held_since(hours: float) -> MemoryHistory:
    """The ballroom's valve: two days of samples every 15 min, in hand for the last hours."""
    history = MemoryHistory()
    ts = int(NOW.timestamp()) - np.arange(192, 0, -1, dtype=np.int64) * 900
    status = np.where(ts >= NOW.timestamp() - hours * 3600, Status.OVERRIDDEN, Status.GOOD)
    await history.write(
        Samples((VALVE,), np.zeros(192, np.int32), ts, np.full(192, 100.0), status.astype(np.uint8))
    )
    return history


def test_a_building_that_talks_is_not_silent() -> None:
    assert silences(BUILDING, everybody_talks(), NOW) == []


def test_a_device_that_stopped_is_one_finding_not_one_for_each_point() -> None:
    newest = everybody_talks()
    for point in BUILDING.points("IAQ-1407"):
        newest[point.ref] = Sample(point.ref, NOW - dt.timedelta(hours=30), 20.0)
    (one,) = silent_findings(BUILDING, newest, NOW)
    assert (one.rule, one.equip, one.point) == ("SV-04", "IAQ-1407", "")
    assert one.start == NOW - dt.timedelta(hours=30)
    assert "30 h" in one.says


def test_a_single_silent_point_is_named_itself() -> None:
    newest = everybody_talks()
    del newest[Ref("CH-2.power")]
    (one,) = silent_findings(BUILDING, newest, NOW)
    assert one.point == "CH-2.power"
    assert one.severity == 1


def test_when_all_are_silent_the_reader_is_at_fault() -> None:
    (one,) = silences(BUILDING, everybody_talks(minutes_ago=300), NOW)
    assert one.equip == "riverside-tower"


async def test_an_override_is_found_by_the_status_of_the_newest_sample() -> None:
    (held,) = await overrides_now(BUILDING, await held_since(10), None, NOW)
    assert held.point.ref == VALVE
    assert held.since == NOW - dt.timedelta(hours=10)
    (one,) = override_findings(BUILDING, [held], NOW)
    assert "100 %" in one.says
    assert one.equip == "AHU-2"


async def test_an_override_of_an_hour_is_somebody_at_work() -> None:
    held = await overrides_now(BUILDING, await held_since(1), None, NOW)
    assert len(held) == 1
    assert override_findings(BUILDING, held, NOW) == []


async def test_an_override_older_than_we_look_back_has_no_beginning() -> None:
    (held,) = await overrides_now(BUILDING, await held_since(1000), None, NOW)
    assert held.since is None
    assert len(override_findings(BUILDING, [held], NOW)) == 1


async def test_the_pollers_record_tells_the_priority_and_the_history_the_beginning() -> None:
    since = NOW - dt.timedelta(hours=6)
    records = MemoryRecords([
        {"id": Ref("o1"), "override": MARKER, "pointRef": VALVE, "level": Number(8), "value": Number(100, "%"), "since": since}
    ])  # fmt: skip
    (held,) = await overrides_now(BUILDING, await held_since(10), records, NOW)
    assert (held.level, held.value, held.since) == (8, 100.0, NOW - dt.timedelta(hours=10))
    assert "slot 8" in override_findings(BUILDING, [held], NOW)[0].says


async def test_a_point_let_go_is_no_override() -> None:
    assert await overrides_now(BUILDING, await held_since(0), None, NOW) == []
