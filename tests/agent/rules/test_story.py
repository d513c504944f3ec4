"""The twelve faults of Riverside Tower are found with their causes, and its sound twin is left in peace."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agent.comfort import explain_complaint
from agent.diagnosis import Finding, Proof, Severity, State
from agent.ladder import Verdict, reads_off
from ontology.errors import BadRequest, NotFound
from ontology.time import Span
from tests.agent.rules.conftest import NOW, Simulated
from tests.agent.tower import finding

STORY = (
    # truth id, rule that must see it, equipment, the true cause
    ("sensor-drift", "SV-06", "AHU-1", "sensor-drift"),
    ("sensor-flat", "SV-02", "VAV-2-05", "sensor-frozen"),
    ("valve-passing", "FCU-01", "FCU-1203", "valve-passes"),
    ("damper-stuck", "AHU-24", "AHU-3", "damper-stuck-open"),
    ("condenser-fouled", "CHW-08", "CH-2", "tubes-fouled"),
    ("override-left", "OVR-01", "AHU-2", "left-after-work"),
    ("fan-out-of-hours", "AHU-26", "AHU-4", "schedule-left-on"),
    ("low-delta-t", "CHW-01", "CHW-PLANT", "over-pumping"),
    ("rogue-zone", "VAV-08", "VAV-2-07", "setpoint-outlier"),
    ("complaint-upstream", "AHU-FC13", "DOAS-1", "coil-choked"),
    ("comms-gap", "SV-04", "IAQ-1407", "device-off"),
    ("pump-hand", "CMD-01", "CWP-3", "hand-switch"),
)


def the(story: Simulated, rule: str, equip: str) -> Finding:
    found = [
        f for f in story.detection.findings
        if (f.rule, f.equip) == (rule, equip) and f.status is State.OPEN
    ]  # fmt: skip
    assert len(found) == 1, f"{rule} on {equip}: {[f.id for f in found]}"
    return found[0]


def test_the_table_above_covers_the_whole_story(story: Simulated) -> None:
    assert {row[0] for row in STORY} == {event.id for event in story.truth}


@pytest.mark.parametrize(("truth", "rule", "equip", "cause"), STORY, ids=[row[0] for row in STORY])
def test_a_fault_of_the_story_is_open_on_the_right_equipment(
    story: Simulated, truth: str, rule: str, equip: str, cause: str
) -> None:
    onset = next(event.onset for event in story.truth if event.id == truth)
    found = the(story, rule, equip)
    assert cause in [c.id for c in found.causes[:2]]
    assert found.parent is None
    assert onset - dt.timedelta(hours=1) <= found.start <= onset + dt.timedelta(days=8)
    assert found.next_check
    assert found.proofs


def test_nothing_else_is_raised_to_people(story: Simulated) -> None:
    raised = {(f.rule, f.equip) for f in story.detection.findings
              if f.parent is None and f.severity >= Severity.WASTE and f.status is State.OPEN}  # fmt: skip
    assert raised - {(rule, equip) for _, rule, equip, _ in STORY} == set()


def test_the_sound_twin_is_left_in_peace(twin: Simulated) -> None:
    grave = [f.says for f in twin.detection.findings if f.severity >= Severity.WASTE]
    assert len(grave) <= 2, grave


def test_damp_rooms_hang_below_the_air_handler_that_makes_them_damp(story: Simulated) -> None:
    parent = the(story, "AHU-FC13", "DOAS-1")
    damp = [f for f in story.detection.findings if f.rule == "FCU-04" and f.parent == parent.id]
    assert len(damp) > 20
    assert damp[0].causes[0].equip == "DOAS-1"
    assert parent.impact.comfort_hours is not None
    assert parent.impact.comfort_hours > 100


def test_the_pump_held_by_hand_is_named_behind_the_low_temperature_difference(
    story: Simulated,
) -> None:
    parent = the(story, "CHW-01", "CHW-PLANT")
    assert parent.causes[0].equip == "SCHWP-1"
    assert the(story, "OVR-01", "SCHWP-1").parent == parent.id


def test_an_override_carries_the_cost_of_what_it_does(story: Simulated) -> None:
    override = the(story, "OVR-01", "AHU-2")
    assert override.impact.kwh is not None
    assert override.impact.kwh > 100
    assert "2.9 days" in override.says or "3.0 days" in override.says


def test_detection_of_a_month_gives_the_same_findings_again(story: Simulated) -> None:
    ids = [f.id for f in story.detection.findings]
    assert len(ids) == len(set(ids))


async def test_a_hot_guest_in_807_is_traced_to_the_air_handler(story: Simulated) -> None:
    answer = await explain_complaint(
        story.building, story.history, story.faults, "room-807", "hot", story.now
    )
    verdicts = {rung.step: rung.verdict for rung in answer.rungs}
    assert answer.confirmed
    assert answer.causes[0].equip == "DOAS-1"
    assert verdicts["air"] is Verdict.CULPRIT
    assert verdicts["terminal"] is Verdict.OK
    assert verdicts["sensor"] is Verdict.OK
    own, other = (proof.value for proof in answer.sisters)
    assert own is not None
    assert other is not None
    assert own > 3 * other


async def test_a_cold_guest_in_1203_is_traced_to_the_rooms_own_valve(story: Simulated) -> None:
    answer = await explain_complaint(
        story.building, story.history, story.faults, "room-1203", "cold", story.now
    )
    assert answer.causes[0].equip == "FCU-1203"
    assert "valve" in answer.causes[0].says


async def test_a_return_sensor_that_reads_high_overcools_and_heats_nobody(
    story: Simulated,
) -> None:
    verdicts, accused = {}, {}
    for complaint in ("hot", "cold"):
        answer = await explain_complaint(
            story.building, story.history, story.faults, "lobby", complaint, story.now
        )
        (rung,) = [rung for rung in answer.rungs if rung.step == "sensor"]
        verdicts[complaint] = rung.verdict
        accused[complaint] = "AHU-1" in {cause.equip for cause in answer.causes}
    assert verdicts == {"hot": Verdict.CLEARED, "cold": Verdict.CULPRIT}
    assert accused == {"hot": False, "cold": True}


@pytest.mark.parametrize(
    ("own", "beside", "off"),
    [(25.8, 24.0, 1.8), (22.0, 24.0, -2.0), (None, 24.0, None), (25.0, None, None)],
    ids=["reads high", "reads low", "silent", "nothing beside it"],
)
def test_the_error_of_a_sensor_has_a_sign(
    own: float | None, beside: float | None, off: float | None
) -> None:
    span = Span(NOW - dt.timedelta(days=2), NOW)
    proofs = tuple(
        Proof(point, span, "mean", value, "°C", point)
        for point, value in (("AHU-1.return-air-temp", own), ("IAQ-lobby-1.zone-air-temp", beside))
    )
    drift = finding("drift", "AHU-1", "drifts", rule="SV-06", point=proofs[0].point, proofs=proofs)
    assert reads_off(drift) == (None if off is None else pytest.approx(off))
    assert reads_off(replace(drift, rule="SV-02")) is None


@pytest.mark.parametrize(("place", "complaint", "equip"),
                         [("VAV-2-07", "cold", "VAV-2-07"), ("ballroom", "cold", "AHU-2")])  # fmt: skip
async def test_cold_people_in_offices_and_ballroom_lead_to_the_hand_that_did_it(
    story: Simulated, place: str, complaint: str, equip: str
) -> None:
    answer = await explain_complaint(
        story.building, story.history, story.faults, place, complaint, story.now
    )
    assert answer.causes[0].equip == equip


@pytest.mark.parametrize(
    "place", ["room-807", "room-1203", "room-1807", "lobby", "ballroom", "VAV-2-07", "offices"]
)
@pytest.mark.parametrize("complaint", ["hot", "cold", "humid", "stuffy", "noise"])
async def test_no_equipment_of_the_sound_twin_is_accused(
    twin: Simulated, place: str, complaint: str
) -> None:
    answer = await explain_complaint(
        twin.building, twin.history, twin.faults, place, complaint, twin.now
    )
    assert [c.id for c in answer.causes if c.id != "load"] == []
    assert all(rung.verdict is not Verdict.CULPRIT for rung in answer.rungs)


async def test_a_muggy_restaurant_leads_to_the_damper_though_its_sensors_stay_calm(
    story: Simulated,
) -> None:
    answer = await explain_complaint(
        story.building, story.history, story.faults, "restaurant", "hot", story.now
    )
    assert answer.causes[0].equip == "AHU-3"
    assert "outdoor" in answer.causes[0].says


async def test_a_complaint_about_no_place_is_answered_with_a_hint(story: Simulated) -> None:
    with pytest.raises(BadRequest, match="not a place"):
        await explain_complaint(
            story.building, story.history, story.faults, "CH-2", "hot", story.now
        )
    with pytest.raises(BadRequest, match="not a complaint"):
        await explain_complaint(
            story.building, story.history, story.faults, "room-807", "ugly", story.now
        )
    with pytest.raises(NotFound):
        await explain_complaint(
            story.building, story.history, story.faults, "room-9999", "hot", story.now
        )
