"""Each rule on equipment that is sound, ill or silent."""

from __future__ import annotations

import numpy as np
import pytest

from agent.rules.arrays import DAY, At, Flags
from agent.rules.rule import Rule
from agent.rules.table import RULES
from tests.agent.rules.cases import CASES, Case, over_days

LOOKS_ELSEWHERE = {"SV-04", "OVR-01", "SYS-04"}
"""Judged from the newest samples or from other findings; tested in their own files."""
by_rule = pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)


def rule_of(case: Case) -> Rule:
    return next(r for r in RULES if r.id == case.rule and set(r.needs) <= {*case.sound, *case.ill})


def judged(rule: Rule, at: At) -> Flags:
    silent = np.full(next(v.shape for k, v in at.items() if not k.startswith("clock")), np.nan)
    assert rule.symptom is not None
    return rule.symptom(dict.fromkeys(rule.reads, silent) | dict(at))


@by_rule
def test_a_rule_sees_its_symptom(case: Case) -> None:
    assert judged(rule_of(case), case.at(case.ill))[0].mean() > 0.05


@by_rule
def test_only_the_ill_one_is_accused(case: Case) -> None:
    assert not judged(rule_of(case), case.at(case.ill))[1:].any()


@by_rule
def test_sound_equipment_raises_nothing(case: Case) -> None:
    assert not judged(rule_of(case), case.at({})).any()


@by_rule
def test_where_the_sensors_are_silent_the_rule_is_too(case: Case) -> None:
    silent = {k: np.full_like(v, np.nan) for k, v in case.at(case.ill).items() if "clock" not in k}
    assert not judged(rule_of(case), case.at({}) | silent).any()


def test_every_rule_has_been_tried() -> None:
    assert {rule.id for rule in RULES} == {case.rule for case in CASES} | LOOKS_ELSEWHERE


@by_rule
def test_every_gauge_of_a_rule_gives_numbers_or_unknown(case: Case) -> None:
    rule, at = rule_of(case), case.at(case.ill)
    shape = next(v.shape for k, v in at.items() if not k.startswith("clock"))
    full = {need: np.full(shape, np.nan) for need in rule.reads} | dict(at)
    for suspect in rule.causes:
        if suspect.support is not None:
            known = suspect.support(full)[np.isfinite(suspect.support(full))]
            assert ((known >= 0) & (known <= 1)).all(), suspect.id
    if rule.waste is not None:
        kw = np.asarray(rule.waste(full))
        assert (kw[np.isfinite(kw)] >= 0).all()


def test_a_setpoint_below_what_a_coil_is_built_for_does_not_accuse_the_coil() -> None:
    case = next(c for c in CASES if c.rule == "AHU-FC13")
    at = case.at({"cooling-valve": 100, "discharge-air-temp": 15.5, "discharge-air-temp-sp": 12})
    assert not judged(rule_of(case), at).any()


def test_a_guest_who_asks_for_21_degrees_on_a_hot_afternoon_proves_no_fault() -> None:
    case = next(c for c in CASES if c.rule == "ROOM-05")
    at = case.at({"zone-air-temp": 25, "zone-air-temp-effective-sp": 21})
    assert not judged(rule_of(case), at).any()


def test_when_all_rooms_are_damp_the_weather_is_not_blamed_on_one() -> None:
    case = next(c for c in CASES if c.rule == "FCU-04")
    assert not judged(rule_of(case), case.at({"zone-air-humidity": [73, 72, 74]})).any()


def test_a_fan_that_always_ran_at_night_is_not_out_of_hours() -> None:
    case = next(c for c in CASES if c.rule == "AHU-26")
    always = np.ones((1, case.days * DAY))
    assert not judged(rule_of(case), case.at({"fan-run": always, "occupied-sp": 1})).any()


def test_a_fan_that_runs_at_night_for_people_is_not_out_of_hours() -> None:
    case = next(c for c in CASES if c.rule == "AHU-26")
    at = case.at({**case.ill, "occupied-sp": 1, "return-air-co2": 800})
    assert not judged(rule_of(case), at).any()


def test_a_schedule_left_on_is_found_by_the_fans_own_habit() -> None:
    case = next(c for c in CASES if c.rule == "AHU-26")
    flags = judged(rule_of(case), case.at({**case.ill, "occupied-sp": 1}))
    assert flags[:, 24 * DAY :].any()
    assert not flags[:, : 24 * DAY].any()


def test_a_flat_room_at_night_is_sound_while_its_neighbours_rest_too() -> None:
    case = next(c for c in CASES if c.rule == "SV-02")
    assert not judged(rule_of(case), case.at({"zone-air-temp": [24.0, 24.3, 23.8]})).any()


def test_a_drift_smaller_than_a_sensors_tolerance_is_let_be() -> None:
    case = next(c for c in CASES if c.rule == "SV-06")
    small = over_days(lambda _, day: 24 + 0.02 * day)
    assert not judged(rule_of(case), case.at({"return-air-temp": small})).any()
