"""The fault-free twin behaves like a sound hotel in Bangkok."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.demo.columns import columns
from ingest.demo.model import riverside_tower
from ingest.demo.simulate import Recording
from tests.ingest.demo.conftest import block, local_hour, settled

RT = 3.517


def test_every_point_of_the_ontology_has_its_history(twin: Recording) -> None:
    points = {entity["id"].id for entity in riverside_tower() if "point" in entity}
    assert set(twin.points) == points
    assert len(twin.points) == len(points) == 2976
    assert np.isfinite(twin.true_values).all()
    assert np.isfinite(twin.values).any(axis=0).all()


def test_heat_in_rooms_and_water_is_balanced_within_half_a_percent(
    twin: Recording, told: Recording
) -> None:
    for recording in (twin, told):
        book = recording.ledger
        assert abs(book.rooms_gained - book.rooms_stored) < 0.005 * book.rooms_moved
        water = book.coils + book.pumps - book.chillers - book.loop_stored
        assert abs(water) < 0.005 * book.coils


def test_the_plant_delivers_what_the_coils_take(twin: Recording) -> None:
    true = twin.true
    lift = true("CHW-PLANT.chilled-water-entering-temp") - true(
        "CHW-PLANT.chilled-water-leaving-temp"
    )
    carried = (true("CHW-PLANT.secondary-flow") * 4.187 * lift).mean()
    assert carried == pytest.approx(true("CHW-PLANT.cooling-power").mean(), rel=0.02)
    chillers = sum(true(f"CH-{n}.cooling-power") for n in (1, 2, 3))
    assert np.allclose(chillers, true("CHW-PLANT.cooling-power"), rtol=1e-4)
    balance = true("CHW-PLANT.primary-flow") - true("CHW-PLANT.secondary-flow")
    assert np.allclose(balance, true("CHW-PLANT.decoupler-flow"), atol=0.01)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_each_chiller_runs_daily_within_its_plausible_efficiency(twin: Recording, n: int) -> None:
    run = twin.true(f"CH-{n}.run") > 0
    starts = np.sum(np.diff(run.astype(int)) > 0)
    assert 0.2 < run.mean() < 0.85
    assert starts <= 3 * 3
    electric, cooling = (
        twin.true(f"CH-{n}.{role}")[run].sum() for role in ("power", "cooling-power")
    )
    assert 0.50 <= electric / cooling * RT <= 0.70


def test_the_plant_as_a_whole_is_plausible(twin: Recording) -> None:
    true = twin.true
    load = true("CHW-PLANT.cooling-power") / RT
    assert 0.65 <= true("meter-plant.power").sum() / load.sum() <= 0.90
    assert 820 <= load.max() <= 1150
    running = sum(true(f"CH-{n}.run") for n in (1, 2, 3))
    hour = local_hour(twin)
    assert np.median(running[(hour > 11) & (hour < 19)]) == 2
    assert np.median(running[hour < 5]) == 1
    lift = true("CHW-PLANT.chilled-water-entering-temp") - true(
        "CHW-PLANT.chilled-water-leaving-temp"
    )
    assert 5.0 <= lift.mean() <= 6.7
    assert 6.4 <= true("CHW-PLANT.chilled-water-leaving-temp").mean() <= 7.2
    assert 11.8 <= true("CHW-PLANT.chilled-water-entering-temp").mean() <= 13.6
    approach = true("CHW-PLANT.condenser-water-entering-temp") - true(
        "weather.outside-air-wet-bulb"
    )
    assert np.percentile(approach, 5) >= 3.0
    assert np.percentile(approach, 95) <= 5.0
    assert np.percentile(true("CHW-PLANT.decoupler-flow"), 2) > -5.0


def test_the_hotel_uses_as_much_energy_as_hotels_in_the_tropics_do(twin: Recording) -> None:
    year_kwh = twin.true("meter-main.power").mean() * 8760
    assert 200 <= year_kwh / 38_000 <= 400


def test_meters_contain_each_other(twin: Recording) -> None:
    main, plant = twin.true("meter-main.power"), twin.true("meter-plant.power")
    chillers = sum(twin.true(f"meter-CH-{n}.power") for n in (1, 2, 3))
    assert np.all(main > plant + 200)
    assert np.all(plant > chillers + 20)
    assert 0.2 < (plant / main).mean() < 0.6
    assert 0.65 < chillers.mean() / plant.mean() < 0.92
    energy = twin.true("meter-main.energy").astype(float)
    assert energy[-1] - energy[0] == pytest.approx(main[1:].sum() / 12.0, rel=1e-3)


def test_rooms_with_guests_are_within_a_kelvin_of_their_setpoint(twin: Recording) -> None:
    off = block(twin, "fcu", "zone-air-temp") - block(twin, "fcu", "zone-air-temp-effective-sp")
    calm = settled(twin)
    assert np.mean(np.abs(off[calm]) < 1.0) > 0.98
    humidity = block(twin, "fcu", "zone-air-humidity")[calm]
    assert np.percentile(humidity, 2) > 45.0
    assert np.percentile(humidity, 98) < 65.0


def test_air_handlers_reach_their_supply_setpoints(twin: Recording) -> None:
    on = block(twin, "air", "fan-run") > 0
    on[6:] &= on[:-6]  # not in the first half hour after a start
    over = block(twin, "air", "discharge-air-temp") - block(twin, "air", "discharge-air-temp-sp")
    wide = block(twin, "air", "cooling-valve") >= 99
    assert np.mean(on & wide & (over > 1.1)) < 0.002
    assert np.mean(np.abs(over[on]) < 1.0) > 0.97


def test_carbon_dioxide_stays_fresh(twin: Recording) -> None:
    co2 = block(twin, "iaq", "zone-air-co2")
    assert co2.min() > 380
    assert np.percentile(co2, 99) < 1000


def test_the_twin_shows_none_of_the_storys_signatures(twin: Recording) -> None:
    true = twin.true
    assert np.all(true("CWP-3.run") == true("CH-3.run"))
    assert np.all(true("AHU-4.fan-run") == true("AHU-4.occupied-sp"))
    assert true("DOAS-1.discharge-air-temp").max() < 15.5
    assert not twin.status.any()
    assert true("VAV-2-07.cooling-requests").mean() < 0.5
    assert len(twin.truth.events) == 0


def test_sensors_are_noisy_rounded_and_mostly_there(twin: Recording) -> None:
    layout = columns()
    temps = layout.block["fcu", "zone-air-temp"]
    error = twin.values[:, temps] - twin.true_values[:, temps]
    assert 0.03 < np.nanstd(error) < 0.15
    seen = twin.values[:, temps]
    tenths = seen[np.isfinite(seen)] * 10
    assert np.allclose(tenths, np.rint(tenths), atol=1e-3)
    assert 0.0 < np.isnan(twin.values).mean() < 0.01
    commands = layout.block["fcu", "zone-air-temp-sp"]
    assert np.nanmax(np.abs(twin.values[:, commands] - twin.true_values[:, commands])) < 0.011
