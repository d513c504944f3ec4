"""A point's role follows from its tags, in the words of Haystack 4 and of older models."""

from __future__ import annotations

import pytest

from ontology.defs import EQUIP_KINDS, ROLE, ROLES, kind_of, markers, role_of


@pytest.mark.parametrize(
    ("tags", "role"),
    [
        ("discharge air temp sensor", "discharge-air-temp"),
        ("cool valve cmd", "cooling-valve"),
        ("cooling valve cmd", "cooling-valve"),
        ("chilled water valve cmd", "cooling-valve"),
        ("heating valve cmd", "heating-valve"),
        ("hot water valve cmd", "heating-valve"),
        ("isolation chilled water valve cmd", "isolation-valve"),
        ("elec power sensor", "power"),
        ("elec active power sensor", "power"),
        ("elec energy sensor", "energy"),
        ("fan elec power sensor", "fan-power"),
        ("hot water leaving temp sensor", "hot-water-leaving-temp"),
        ("hot water supply temp sensor", "hot-water-leaving-temp"),
        ("chilled water return temp sensor", "chilled-water-entering-temp"),
        ("hot water differential pressure sensor", "hot-water-pressure"),
        ("water delta pressure sensor", "pump-pressure"),
        ("zone occupied sensor", "occupied"),
        ("discharge air temp setpoint", "discharge-air-temp-sp"),
    ],
)
def test_a_point_plays_the_role_its_tags_name(tags: str, role: str) -> None:
    found = role_of(markers(["point", *tags.split()]))
    assert found is not None
    assert found.name == role


@pytest.mark.parametrize(
    "tags",
    [
        "elec reactive power sensor",
        "elec apparent power sensor",
        "elec power phaseA sensor",
        "elec thermal power sensor",
        "reactive elec energy sensor",
        "temp sensor",
    ],
)
def test_a_point_that_measures_something_else_plays_no_role(tags: str) -> None:
    assert role_of(markers(["point", *tags.split()])) is None


def test_every_role_is_found_by_its_own_tags() -> None:
    assert [r.name for r in ROLES if role_of(markers(["point", *r.tags])) is not ROLE[r.name]] == []


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ("equip ahu rtu", "rtu"),
        ("equip ahu doas", "doas"),
        ("equip boiler hot water", "boiler"),
        ("equip pump motor hot water", "hot-water-pump"),
        ("equip plant hot water", "hot-water-plant"),
        ("equip heatExchanger", "heat-exchanger"),
        ("equip crac", "crac"),
        ("equip tank", None),
    ],
)
def test_the_most_specific_kind_of_equipment_counts(tags: str, kind: str | None) -> None:
    assert kind_of(markers(tags.split())) == kind
    assert kind is None or kind in EQUIP_KINDS
