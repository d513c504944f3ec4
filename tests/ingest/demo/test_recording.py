"""Recordings hand out samples, go on live without a seam, and are made quickly."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pytest

from ingest.demo.live import LivePlant
from ingest.demo.simulate import Recording, simulate
from ontology.errors import BadRequest, NotFound, Unavailable
from ontology.history import Status
from tests.ingest.demo.conftest import NOW


def test_samples_leave_gaps_out_and_keep_time_order(told: Recording) -> None:
    chunks = list(told.samples(300_000))
    assert len(chunks) > 2
    assert sum(len(chunk) for chunk in chunks) == np.isfinite(told.values).sum()
    ts = np.concatenate([chunk.ts for chunk in chunks])
    assert np.all(np.diff(ts) >= 0)
    first = chunks[0]
    place = told.points.index("CH-2.power")
    mine = first.index == place
    assert np.allclose(first.value[mine], told.values[: mine.sum(), place])
    assert first.points[place].id == "CH-2.power"


def test_thirty_days_take_seconds() -> None:
    began = time.process_time()
    simulate(NOW, days=2)
    per_step = (time.process_time() - began) / (2 + 1.5) / 288
    # 30 days are 8,640 steps: 12 s on an idle machine are 1.4 ms a step; a loaded one gets four times that
    assert per_step < 0.0056


def test_progress_is_told_from_zero_to_one() -> None:
    heard: list[float] = []
    simulate(NOW, days=2.5, progress=heard.append)
    assert heard == sorted(heard)
    assert len(heard) == 3
    assert heard[-1] == 1.0


def test_going_on_live_equals_one_longer_simulation() -> None:
    later = NOW + dt.timedelta(hours=14)
    short, long = simulate(NOW, days=0.5, story=()), simulate(later, days=0.5 + 14 / 24, story=())
    plant = LivePlant(short, clock=lambda: NOW)
    for back in (100, 30, 2):
        at = dt.datetime.fromtimestamp(int(long.ts[-back]), dt.UTC)
        live = np.array([plant.values(at)[point] for point in long.points], dtype=np.float32)
        assert np.array_equal(live, long.values[-back], equal_nan=True)


@pytest.fixture(scope="module")
def plant(told: Recording) -> LivePlant:
    return LivePlant(told, clock=lambda: NOW + dt.timedelta(minutes=7))


def test_values_move_between_steps_but_states_do_not(plant: LivePlant) -> None:
    start = NOW + dt.timedelta(minutes=5)
    temps = [
        plant.value("DOAS-1.outside-air-temp", start + dt.timedelta(seconds=s))
        for s in (0, 150, 300)
    ]
    assert temps[1] == pytest.approx((temps[0] + temps[2]) / 2, abs=1e-3)
    states = {
        plant.value("FCU-807.occupied", start + dt.timedelta(seconds=s)) for s in (0, 60, 150, 299)
    }
    assert states <= {0.0, 1.0}
    assert plant.value("CH-2.power") == pytest.approx(plant.values()["CH-2.power"], rel=1e-6)


def test_the_live_plant_knows_what_is_in_hand_and_what_is_silent(plant: LivePlant) -> None:
    assert plant.override_level("AHU-2.cooling-valve") == 8
    assert plant.override_level("SCHWP-1.speed") == 8
    assert plant.override_level("AHU-1.cooling-valve") is None
    assert plant.status("AHU-2.cooling-valve") is Status.OVERRIDDEN
    assert plant.status("CH-1.power") is Status.GOOD
    assert plant.is_silent("IAQ-1407.zone-air-co2")
    assert np.isnan(plant.value("IAQ-1407.zone-air-co2"))
    assert not plant.is_silent("CH-1.power")


def test_reading_all_points_once_a_minute_costs_next_to_nothing(
    plant: LivePlant, told: Recording
) -> None:
    began = time.process_time()
    for point in told.points:
        plant.value(point)
    assert time.process_time() - began < 1.0


def test_the_live_plant_refuses_what_it_cannot_know(plant: LivePlant) -> None:
    with pytest.raises(NotFound):
        plant.value("CH-9.power")
    with pytest.raises(BadRequest, match="begins"):
        plant.value("CH-1.power", NOW - dt.timedelta(days=1))
    with pytest.raises(BadRequest, match="time zone"):
        plant.value("CH-1.power", NOW.replace(tzinfo=None))
    with pytest.raises(Unavailable):
        plant.value("CH-1.power", NOW + dt.timedelta(days=100))
