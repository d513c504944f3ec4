"""The fault book keeps findings, and what people said about them, over every new detection."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agent.diagnosis import Cause, Family, Finding, Impact, Proof, Severity, State
from agent.faultbook import FaultBook
from ingest.demo.model import riverside_tower
from ontology.errors import Corrupt, NotFound
from ontology.graph import Building
from ontology.kinds import Ref
from ontology.store.memory_records import MemoryRecords
from ontology.time import UTC, Span

NOW = dt.datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DAY = dt.timedelta(days=1)
SPAN = Span(NOW - DAY, NOW)


def a_finding(equip: str = "CH-2", **changes: object) -> Finding:
    whole = Finding(
        id=f"CHW-08:{equip}:2026-11-10", rule="CHW-08", family=Family.PLANT, equip=equip, start=NOW - 10 * DAY,
        end=None, severity=Severity.RISK, says=f"{equip} condenses too hot",
        proofs=(Proof(f"{equip}.condenser-refrig-temp", SPAN, "mean", 37.2, "°C", "averaged 37.2 °C"),
                Proof(f"{equip}.load", SPAN, "mean", None, "%", "unknown")),
        causes=(Cause("tubes-fouled", "tubes are fouled", 0.7, "brush", equip="CH-2"), Cause("air", "air", 0.3, "purge")),
        next_check="read the pressure drop", impact=Impact(120.5, 506.1, None, "2.5 % per K"), confidence=0.9,
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]


async def book(*findings: Finding) -> FaultBook:
    faults = FaultBook(MemoryRecords(), Building(riverside_tower()))
    await faults.replace(findings, now=NOW)
    return faults


@pytest.mark.parametrize("finding", [
    a_finding(), a_finding(end=NOW, status=State.CLOSED), a_finding(parent="CHW-01:CHW-PLANT:2026-11-10"),
    a_finding(point="CH-2.load"), a_finding(impact=Impact(), proofs=(), causes=()),
], ids=["open", "closed", "child", "about a point", "bare"])  # fmt: skip
def test_a_finding_comes_back_from_its_record_unchanged(finding: Finding) -> None:
    assert Finding.from_tags(finding.to_tags()) == finding


def test_a_broken_record_is_said_to_be_broken() -> None:
    tags = a_finding().to_tags()
    del tags["severity"]
    with pytest.raises(Corrupt, match="not a fault record"):
        Finding.from_tags(tags)


async def test_a_finding_that_goes_on_keeps_its_id_and_its_start() -> None:
    faults = await book(a_finding())
    later = a_finding(id="CHW-08:CH-2:2026-11-12", start=NOW - 8 * DAY)
    await faults.replace([later], now=NOW + DAY)
    (one,) = await faults.open_faults()
    assert one.id == "CHW-08:CH-2:2026-11-10"
    assert one.start == NOW - 10 * DAY


async def test_a_finding_not_seen_again_is_closed() -> None:
    faults = await book(a_finding())
    await faults.replace([], now=NOW + DAY)
    assert await faults.open_faults() == []
    (one,) = await faults.all()
    assert (one.status, one.end) == (State.CLOSED, NOW + DAY)


async def test_a_fault_that_returns_after_weeks_is_a_new_one() -> None:
    faults = await book(a_finding(end=NOW - 9 * DAY, status=State.CLOSED))
    again = a_finding(id="CHW-08:CH-2:2026-11-20", start=NOW)
    await faults.replace([again], now=NOW + DAY)
    assert {f.id for f in await faults.all()} == {
        "CHW-08:CH-2:2026-11-10",
        "CHW-08:CH-2:2026-11-20",
    }


async def test_a_closed_finding_that_opens_again_loses_its_end() -> None:
    faults = await book(a_finding(end=NOW - DAY, status=State.CLOSED))
    await faults.replace([a_finding()], now=NOW)
    assert (await faults.get("CHW-08:CH-2:2026-11-10")).end is None


async def test_what_people_said_outlives_a_new_detection() -> None:
    faults = await book(a_finding())
    await faults.acknowledge("CHW-08:CH-2:2026-11-10", "somchai", note="brushes ordered")
    await faults.snooze("CHW-08:CH-2:2026-11-10", NOW + 3 * DAY, "somchai")
    await faults.replace([a_finding(says="CH-2 condenses far too hot")], now=NOW + DAY)
    one = await faults.get("CHW-08:CH-2:2026-11-10")
    assert one.says == "CH-2 condenses far too hot"
    assert one.acknowledged_by == "somchai"
    assert await faults.open_faults(now=NOW + DAY) == []
    assert len(await faults.open_faults(now=NOW + 4 * DAY)) == 1


async def test_children_follow_their_parent_to_its_known_id() -> None:
    faults = await book(a_finding())
    renamed = a_finding(id="CHW-08:CH-2:2026-11-12", start=NOW - 8 * DAY)
    child = a_finding(id="CHW-09:CH-2:2026-11-12", rule="CHW-09", parent=renamed.id)
    await faults.replace([renamed, child], now=NOW)
    (found,) = await faults.children("CHW-08:CH-2:2026-11-10")
    assert found.rule == "CHW-09"


async def test_only_what_is_below_a_place_is_listed() -> None:
    room = a_finding("FCU-807", severity=Severity.COMFORT)
    box = a_finding("VAV-2-07", severity=Severity.WASTE)
    faults = await book(a_finding(), room, box)
    assert [f.equip for f in await faults.open_faults("floor-8")] == ["FCU-807"]
    assert [f.equip for f in await faults.open_faults("AHU-4")] == ["VAV-2-07"]
    assert [f.equip for f in await faults.open_faults("CHW-PLANT")] == ["CH-2"]
    assert len(await faults.open_faults("riverside-tower")) == 3


async def test_the_gravest_and_costliest_come_first() -> None:
    cheap = a_finding("CH-1", impact=Impact(1, 4.2, None, ""))
    mild = a_finding("AHU-3", severity=Severity.WASTE, impact=Impact(900, 3780, None, ""))
    faults = await book(mild, cheap, a_finding())
    assert [f.equip for f in await faults.open_faults()] == ["CH-2", "CH-1", "AHU-3"]
    assert [f.equip for f in await faults.open_faults(limit=1)] == ["CH-2"]


async def test_findings_are_listed_by_the_time_they_touch() -> None:
    old = a_finding("CH-1", end=NOW - 5 * DAY, status=State.CLOSED)
    faults = await book(old, a_finding())
    assert [f.equip for f in await faults.all(Span(NOW - DAY, NOW))] == ["CH-2"]
    assert len(await faults.all(Span(NOW - 9 * DAY, NOW))) == 2


async def test_a_record_that_is_no_fault_is_not_one() -> None:
    faults = FaultBook(MemoryRecords(riverside_tower()))
    with pytest.raises(NotFound, match="not a finding"):
        await faults.get("CH-2")
    with pytest.raises(NotFound):
        await faults.get(Ref("nothing").id)
