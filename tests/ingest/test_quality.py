"""Plausibility: values no sensor can mean are faults; silence stays silence."""

import math

import pytest

from ingest.demo.model import riverside_tower
from ingest.driver import Reading
from ingest.quality import QUANTITY, ROLE, Plausibility
from ontology.defs import ROLES
from ontology.entity import Entity
from ontology.history import Status
from ontology.kinds import Ref

plausibility = Plausibility(point for point in map(Entity, riverside_tower()) if point.is_point)


@pytest.mark.parametrize(
    ("point", "value", "status"),
    [
        ("FCU-807.zone-air-temp", 23.4, Status.GOOD),
        ("FCU-807.zone-air-temp", 850.0, Status.FAULT),
        ("CH-1.evaporator-refrig-temp", 4.5, Status.GOOD),
        ("IAQ-807.zone-air-co2", 0.0, Status.FAULT),
        ("FCU-807.fan-run", 2.0, Status.FAULT),
        ("CH-2.power", 2.3e-41, Status.GOOD),  # in range: the driver catches denormals
        ("meter-main.power", math.nan, Status.FAULT),
        ("somebody.else", 1e9, Status.GOOD),
    ],
)
def test_a_reading_outside_what_its_sensor_can_show_is_a_fault(
    point: str, value: float, status: Status
) -> None:
    assert plausibility.judge(Reading(Ref(point), value)).status is status


def test_a_reading_in_hand_keeps_its_status_and_its_level() -> None:
    held = Reading(Ref("AHU-2.cooling-valve"), 100.0, Status.OVERRIDDEN, override_level=8)
    assert plausibility.judge(held) == held


def test_every_quantity_of_the_ontology_has_bounds() -> None:
    missing = {(r.quantity, r.unit) for r in ROLES} - QUANTITY.keys()
    assert not missing


def test_every_role_with_its_own_bounds_is_a_role() -> None:
    assert ROLE.keys() <= {role.name for role in ROLES}
