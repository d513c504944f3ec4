"""Each fault of the default story is visible in the points that a rule would read."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest

from ingest.demo.faults import Fault
from ingest.demo.model import ROOMS
from ingest.demo.simulate import Recording, simulate
from ingest.demo.story import DEFAULT_STORY
from ontology.errors import BadRequest
from ontology.history import Status
from tests.ingest.demo.conftest import NOW, block, local_hour, settled

LAST_DAY = slice(-288, None)


def test_the_story_tells_its_truth(told: Recording) -> None:
    events = {event.id: event for event in told.truth.events}
    assert len(events) == 12
    for event in events.values():
        assert event.root_cause
        assert event.says
        assert event.onset < NOW
        assert set(event.affected) <= set(told.points)
    assert events["complaint-upstream"].equip == "DOAS-1"
    assert events["comms-gap"].onset == NOW - dt.timedelta(hours=30)


def test_the_return_air_sensor_of_ahu_1_has_drifted_by_two_and_a_half_kelvin(
    told: Recording,
) -> None:
    point = "AHU-1.return-air-temp"
    drift = told.column(point) - told.true(point)
    assert np.nanmean(drift[LAST_DAY]) == pytest.approx(2.45, abs=0.1)
    assert np.nanmean(drift[LAST_DAY]) > np.nanmean(drift[:288])


def test_the_zone_sensor_of_vav_2_05_is_a_constant_while_the_zone_lives(told: Recording) -> None:
    assert np.nanstd(told.column("VAV-2-05.zone-air-temp")) == 0.0
    assert np.std(told.true("VAV-2-05.zone-air-temp")) > 0.1


def test_room_1203_is_overcooled_with_its_valve_shut(told: Recording, twin: Recording) -> None:
    fan = told.true("FCU-1203.fan-run") > 0
    shut = fan & (told.true("FCU-1203.cooling-valve") <= 2.0)
    assert shut.mean() > 0.8
    cold = told.true("FCU-1203.zone-air-temp") - told.true("FCU-1203.discharge-air-temp")
    assert np.median(cold[shut]) > 3.0
    assert (
        np.median(told.true("FCU-1203.zone-air-temp"))
        < np.median(twin.true("FCU-1203.zone-air-temp")) - 1.0
    )


def test_the_mixed_air_of_ahu_3_follows_the_outdoor_air_whatever_the_command(
    told: Recording, twin: Recording
) -> None:
    for recording, low, high in ((told, 0.7, 0.9), (twin, 0.2, 0.45)):
        true = recording.true
        gap = true("AHU-3.outside-air-temp") - true("AHU-3.return-air-temp")
        fair = (true("AHU-3.fan-run") > 0) & (gap > 4.0)
        share = (true("AHU-3.mixed-air-temp") - true("AHU-3.return-air-temp"))[fair] / gap[fair]
        assert low < np.median(share) < high
        assert true("AHU-3.outside-damper")[fair].max() < 50.0


def test_the_fouled_condenser_of_ch_2_shows_in_approach_and_efficiency(told: Recording) -> None:
    def approach(n: int) -> float:
        loaded = told.true(f"CH-{n}.load") >= 60
        lift = told.true(f"CH-{n}.condenser-refrig-temp") - told.true(
            f"CH-{n}.condenser-water-leaving-temp"
        )
        return float(np.mean(lift[loaded]))

    def kw_per_rt(n: int) -> float:
        loaded = told.true(f"CH-{n}.load") >= 60
        return float(
            told.true(f"CH-{n}.power")[loaded].sum()
            / told.true(f"CH-{n}.cooling-power")[loaded].sum()
            * 3.517
        )

    assert approach(2) - approach(1) == pytest.approx(3.5, abs=0.6)
    assert 1.07 < kw_per_rt(2) / kw_per_rt(1) < 1.16
    assert told.true("CH-2.run").mean() > 0.5
    assert told.true("CH-2.run")[-1] == 1.0


def test_the_valve_of_ahu_2_is_held_by_hand(told: Recording) -> None:
    point = "AHU-2.cooling-valve"
    day = told.column(point)[LAST_DAY]
    assert np.all(day == 100.0)
    column = told.points.index(point)
    assert np.all(told.status[LAST_DAY, column] == Status.OVERRIDDEN)
    on = told.true("AHU-2.fan-run")[LAST_DAY] > 0
    below = told.true("AHU-2.discharge-air-temp-sp") - told.true("AHU-2.discharge-air-temp")
    assert np.mean(below[LAST_DAY][on]) > 2.0


def test_ahu_4_runs_at_night_against_its_calendar(told: Recording) -> None:
    night = told.true("AHU-4.occupied-sp") == 0
    assert night.mean() > 0.4
    assert np.all(told.true("AHU-4.fan-run")[night] == 1)
    assert np.all(told.true("AHU-4.fan-cmd")[night] == 1)


def test_water_comes_back_too_cold_while_too_much_flows(told: Recording, twin: Recording) -> None:
    def by_day(recording: Recording, values: np.ndarray) -> float:
        hour = local_hour(recording)
        return float(np.mean(values[(hour > 9) & (hour < 21)]))

    lift, flow = [], []
    for recording in (told, twin):
        true = recording.true
        lift.append(
            by_day(
                recording,
                true("CHW-PLANT.chilled-water-entering-temp")
                - true("CHW-PLANT.chilled-water-leaving-temp"),
            )
        )
        flow.append(by_day(recording, true("CHW-PLANT.secondary-flow")))
    assert 2.8 < lift[0] < 4.2
    assert lift[1] > 5.0
    assert flow[0] > 1.3 * flow[1]
    assert np.all(told.column("SCHWP-1.speed") == 100.0)
    assert np.all(told.status[:, told.points.index("SCHWP-1.speed")] == Status.OVERRIDDEN)
    over = told.true("CHW-PLANT.chilled-water-pressure") - told.true(
        "CHW-PLANT.chilled-water-pressure-sp"
    )
    assert np.percentile(over, 75) > 10.0


def test_the_rogue_zone_makes_most_requests_and_drives_its_air_handler(
    told: Recording, twin: Recording
) -> None:
    requests = block(told, "vav", "cooling-requests")
    busy = (told.true("AHU-4.occupied-sp") > 0) & (local_hour(told) > 9)
    assert requests[busy, 6].sum() > 0.5 * requests[busy].sum()
    assert np.mean(told.true("VAV-2-07.damper")[busy] > 95) > 0.9
    assert told.true("VAV-2-07.zone-air-temp-sp").max() == 19.0
    sp = "AHU-4.discharge-air-temp-sp"
    assert np.median(told.true(sp)[busy]) < np.median(twin.true(sp)[busy]) - 1.0


def test_room_807_is_hot_and_humid_because_its_riser_air_is_warm(
    told: Recording, twin: Recording
) -> None:
    now = {role: float(told.true(f"FCU-807.{role}")[-1]) for role in (
        "zone-air-temp", "zone-air-temp-effective-sp", "zone-air-humidity", "cooling-valve", "fan-speed",
        "discharge-air-temp", "rented", "occupied",
    )}  # fmt: skip
    assert now["rented"] == now["occupied"] == 1.0
    assert 26.0 < now["zone-air-temp"] < 28.5
    assert now["zone-air-temp-effective-sp"] == 23.5
    assert 60.0 < now["zone-air-humidity"] < 75.0
    assert now["cooling-valve"] == now["fan-speed"] == 100.0
    assert now["zone-air-temp"] - now["discharge-air-temp"] > 4.0
    assert 22.0 < told.true("DOAS-1.discharge-air-temp")[-1] < 24.5
    assert told.true("DOAS-1.cooling-valve")[-1] == 100.0
    assert told.true("DOAS-1.discharge-air-humidity")[-1] > 85.0
    assert 13.0 < told.true("DOAS-2.discharge-air-temp")[-1] < 15.0
    assert abs(twin.true("FCU-807.zone-air-temp")[-1] - 23.5) < 0.8


def test_the_corner_rooms_of_the_lower_floors_suffer_most(told: Recording) -> None:
    afternoon = (local_hour(told) > 13) & (local_hour(told) < 18)
    off = block(told, "fcu", "zone-air-temp") - block(told, "fcu", "zone-air-temp-effective-sp")
    lived = settled(told)
    corner = np.array([room.endswith("07") for room in ROOMS])
    lower = np.array([int(room[:-2]) <= 12 for room in ROOMS]) & (np.array(ROOMS) != "1203")

    def typical(rooms: np.ndarray) -> float:
        return float(np.median(off[:, rooms][lived[:, rooms] & afternoon[:, None]]))

    assert typical(corner & lower) > 2.0
    assert typical(corner & ~lower) < 1.0
    assert typical(~corner & lower) < 1.0
    assert abs(typical(~corner & ~lower)) < 0.5


def test_iaq_1407_has_been_silent_for_thirty_hours(told: Recording) -> None:
    for role in ("zone-air-co2", "zone-air-temp", "zone-air-humidity", "battery"):
        heard = np.isfinite(told.column(f"IAQ-1407.{role}"))
        last = told.ts[heard][-1]
        assert 30 * 3600 - 300 <= NOW.timestamp() - last < 31 * 3600


def test_cwp_3_turns_without_command_while_its_chiller_rests(told: Recording) -> None:
    recent = told.ts > NOW.timestamp() - 2 * 86_400
    lonely = recent & (told.true("CWP-3.run") == 1) & (told.true("CH-3.run") == 0)
    assert lonely.sum() > 0.4 * recent.sum()
    assert np.all(told.true("CWP-3.run")[recent] == 1)
    assert np.all(told.true("CWP-3.run-cmd")[lonely] == 0)
    assert lonely[-1]


def test_the_same_arguments_give_the_same_recording() -> None:
    once, again = (simulate(NOW, days=0.1) for _ in range(2))
    assert np.array_equal(once.values, again.values, equal_nan=True)
    other = simulate(NOW, days=0.1, seed=8)
    assert not np.array_equal(once.values, other.values, equal_nan=True)


def test_a_fault_that_has_ended_leaves_no_trace_of_override() -> None:
    fault = next(f for f in DEFAULT_STORY if f.id == "override-left")
    ended = dataclasses.replace(fault, onset_days_before_now=0.2, lasts_days=0.1)
    recording = simulate(NOW, days=0.25, story=(ended,))
    held = recording.status[:, recording.points.index("AHU-2.cooling-valve")] == Status.OVERRIDDEN
    assert 20 <= held.sum() <= 40
    assert not held[-1]


def test_a_fault_of_unknown_kind_or_target_is_refused() -> None:
    with pytest.raises(BadRequest, match="unknown kind"):
        simulate(NOW, days=0.1, story=(Fault("x", "gremlins", "CH-1", 1.0, 1.0),))
    with pytest.raises(BadRequest, match="unknown target"):
        simulate(NOW, days=0.1, story=(Fault("x", "condenser-fouled", "CH-9", 1.0, 1.0),))


@pytest.mark.parametrize(
    ("now", "days", "step_s"),
    [(NOW.replace(tzinfo=None), 1, 300), (NOW, 0, 300), (NOW, 4000, 300), (NOW, 1, 7)],
    ids=["no time zone", "no days", "too many days", "too fine a step"],
)
def test_senseless_arguments_are_refused(now: dt.datetime, days: float, step_s: int) -> None:
    with pytest.raises(BadRequest):
        simulate(now, days=days, step_s=step_s)
