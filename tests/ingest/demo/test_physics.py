"""The pieces of physics, each against theory or a second implementation."""

from __future__ import annotations

import math

import numpy as np
import psychrolib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.demo import coils, moist_air, pumps, towers
from ingest.demo.air import FULL_FLOW, AirState, _fan
from ingest.demo.chilled_water import FULL_W, chiller_power
from ingest.demo.rooms import Inflow, Loads, N, Spaces, SpaceState

psychrolib.SetUnitSystem(psychrolib.SI)
temps = st.floats(12.0, 45.0)
humidities = st.floats(25.0, 99.0)


@settings(max_examples=60, deadline=None)
@given(temps, humidities)
def test_moist_air_agrees_with_psychrolib(temp: float, humidity: float) -> None:
    ratio = psychrolib.GetHumRatioFromRelHum(temp, humidity / 100, moist_air.PRESSURE_PA)
    ours = moist_air.humidity_ratio(np.array([temp]), np.array([humidity]))
    assert ours[0] == pytest.approx(ratio, rel=2e-3)
    assert moist_air.enthalpy(np.array([temp]), ours)[0] == pytest.approx(
        psychrolib.GetMoistAirEnthalpy(temp, ratio), rel=5e-3
    )
    bulb = psychrolib.GetTWetBulbFromHumRatio(temp, ratio, moist_air.PRESSURE_PA)
    assert moist_air.wet_bulb(np.array([temp]), ours)[0] == pytest.approx(bulb, abs=0.05)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(22, 34),
    st.floats(35, 95),
    st.floats(0.02, 1.2),
    st.floats(0.02, 1.2),
    st.floats(5, 10),
)
def test_a_coil_gives_the_water_exactly_what_it_takes_from_the_air(
    temp: float, humidity: float, air_share: float, water_share: float, water: float
) -> None:
    one = np.ones(1)
    size = coils.CoilSize.of(10.0 * one, 8.0 * one, 2.2 * one, 2.0 * one)
    air_temp, flow, water_flow = temp * one, 10.0 * air_share * one, 8.0 * water_share * one
    ratio = moist_air.humidity_ratio(air_temp, humidity * one)
    out = coils.cool(size, flow, air_temp, ratio, water_flow=water_flow, water_temp=water)
    lost = flow * (
        moist_air.enthalpy(air_temp, ratio) - moist_air.enthalpy(out.air_temp, out.air_ratio)
    )
    assert out.heat[0] == pytest.approx(lost[0], rel=1e-6)
    assert out.heat[0] == pytest.approx(
        water_flow[0] * coils.CP_WATER * (out.water_temp[0] - water), rel=1e-6
    )
    assert water - 1e-6 <= out.air_temp[0] <= temp + 1e-6
    assert out.water_temp[0] <= temp + 1e-6
    assert out.air_ratio[0] <= ratio[0] + 1e-12


def test_carbon_dioxide_decays_at_the_air_change() -> None:
    spaces, state = Spaces(300.0), SpaceState()
    state.co2 = np.full(N, 1500.0)
    zero = np.zeros(N)
    flow = spaces.built.volume * moist_air.AIR_KG_M3 * 2.0 / 3600.0  # two air changes an hour
    blown = Inflow(flow, np.full(N, 20.0), np.full(N, 0.01), np.full(N, 425.0))
    loads = Loads(zero, zero, zero, zero, zero, zero)
    above = []
    for _ in range(7):
        above.append(state.co2 - 425.0)
        spaces.step(state, (30.0, 0.016, 425.0), np.zeros(5), loads, blown)
    slope = -np.log(above[6] / above[0]) / 0.5  # per hour
    true = 2.0 + spaces.built.leak * 3600.0 / (spaces.built.volume * moist_air.AIR_KG_M3)
    assert np.allclose(slope, true, rtol=0.02)


def test_rooms_neither_make_nor_lose_heat() -> None:
    spaces, state = Spaces(300.0), SpaceState()
    rng = np.random.default_rng(1)
    for _ in range(20):
        watts = rng.uniform(0, 900, N)
        blown = Inflow(
            rng.uniform(0, 0.3, N), rng.uniform(12, 26, N), np.full(N, 0.009), np.full(N, 430.0)
        )
        loads = Loads(
            watts, np.ones(N), np.zeros(N), rng.uniform(0, 3000, N), np.zeros(N), np.zeros(N)
        )
        balance = spaces.step(state, (31.0, 0.017, 425.0), rng.uniform(0, 500, 5), loads, blown)
        assert balance.gained == pytest.approx(balance.stored, abs=1e-3 * watts.sum())


def test_one_kelvin_more_lift_costs_two_to_four_percent() -> None:
    cool, warm = (chiller_power(0, 0.8 * FULL_W, 6.7, ecwt) for ecwt in (28.0, 29.0))
    assert 0.02 <= warm / cool - 1.0 <= 0.04


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_sound_chiller_takes_half_to_seven_tenths_kilowatt_per_ton(n: int) -> None:
    for load in (0.5, 0.75, 1.0):
        kw_per_rt = chiller_power(n, load * FULL_W, 6.7, 29.0) / (load * FULL_W) * 3.517
        assert 0.50 <= kw_per_rt <= 0.70


def test_fan_power_rises_with_the_third_power_of_speed_or_a_little_less() -> None:
    powers = []
    for share in (0.5, 0.9):
        state = AirState()
        state.static = np.full(6, 320.0) * share**2
        speed, power = _fan(state, FULL_FLOW * share)
        powers.append((speed[0], power[0]))
    exponent = math.log(powers[1][1] / powers[0][1]) / math.log(powers[1][0] / powers[0][0])
    assert 2.5 <= exponent <= 3.0


def test_a_tower_cannot_cool_below_the_wet_bulb_and_needs_its_fan() -> None:
    assert towers.tower_heat(25.0, 25.0, 1.0) == pytest.approx(0.0, abs=1.0)
    assert towers.tower_heat(34.0, 25.0, 0.5) < towers.tower_heat(34.0, 25.0, 1.0)
    calm = towers.hold(1.9e6, 1, 25.0)
    assert calm.settled == pytest.approx(25.0 + towers.APPROACH_K)
    assert 0.3 < calm.speed < 1.0
    hopeless = towers.hold(3.5e6, 1, 25.0)
    assert hopeless.speed == 1.0
    assert hopeless.settled > calm.settled + 0.5


def test_the_pressure_loop_holds_its_setpoint_and_a_hand_speed_overshoots_it() -> None:
    state = pumps.PumpState()
    for _ in range(20):
        pumped = pumps.distribute(state, [math.nan, math.nan], 8.0, 0.0, 1.0)
    assert state.pressure == pytest.approx(state.pressure_sp, rel=0.05)
    assert pumped.flow == pytest.approx(8.0 * math.sqrt(state.pressure))
    for _ in range(20):
        over = pumps.distribute(state, [100.0, math.nan], 8.0, 0.0, 1.0)
    assert state.pressure > 1.3 * state.pressure_sp
    assert over.flow > 1.1 * pumped.flow


def test_an_equal_percentage_valve_is_shut_at_zero_and_open_at_hundred() -> None:
    opening = coils.valve_opening(np.array([0.0, 50.0, 100.0]))
    assert opening[0] == 0.0
    assert opening[2] == 1.0
    assert 0.05 < opening[1] < 0.25
