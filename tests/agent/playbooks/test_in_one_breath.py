"""Several quantities in one breath, groups told by state, and what is ranked without being named."""

from __future__ import annotations

import datetime as dt

import pytest

from agent.plan import Plan, Question
from agent.playbooks.planner import PlaybookPlanner
from ingest.demo.model import riverside_tower
from ontology.graph import Building

NOW = dt.datetime.fromisoformat("2026-11-20T14:30+07:00")
PLANNER = PlaybookPlanner(Building(riverside_tower()))


def ask(text: str) -> Plan:
    return PLANNER.plan(Question(text, NOW))


@pytest.mark.parametrize(
    ("text", "quantities"),
    [
        ("rm 1412 temp n rh", ["zone-air-temp", "zone-air-humidity"]),
        ("1203 setpt vs actual", ["zone-air-temp-sp", "zone-air-temp"]),
        ("ahu2 supply and return temp", ["discharge-air-temp", "return-air-temp"]),
        ("co2, temp and humidity lobby", ["zone-air-co2", "zone-air-temp", "zone-air-humidity"]),
        ("ch-1 and ch-2 kw", ["power"]),
    ],
)
def test_each_quantity_said_is_asked_for_and_the_first_leads(
    text: str, quantities: list[str]
) -> None:
    plan = ask(text)
    assert [step.args["quantity"] for step in plan.steps] == quantities
    assert plan.quantity == quantities[0]


def test_rooms_told_by_a_state_are_those_in_it() -> None:
    for text in ("which rooms on 12 are occupied", "rooms on 12 w/ a card in"):
        (step,) = ask(text).steps
        assert step.args["condition"] == {"op": "==", "value": 1}, text
        assert step.args["stat"] == "list"
        assert step.args["of"] == [f"room-12{n:02d}" for n in range(1, 13)]


def test_a_temperature_said_of_many_rooms_is_one_to_reach() -> None:
    (step,) = ask("temp 80f rooms?").steps
    assert step.args["condition"] == {"op": ">=", "value": 80.0}
    assert step.args["unit"] == "°F"


def test_a_rank_finds_the_equipment_that_has_the_quantity() -> None:
    (step,) = ask("highest filter dp").steps
    assert step.args["of"] == ["AHU-1", "AHU-2", "AHU-3", "AHU-4", "DOAS-1", "DOAS-2"]
    assert step.args["rank"] == "highest"
    assert ask("lowest battery").steps[0].args["rank"] == "lowest"
    assert ask("tower approach now").entities == ("CT-1", "CT-2", "CT-3")


def test_what_energy_cost_is_asked_as_money() -> None:
    (step,) = ask("how much did the plant cost us yesterday").steps
    assert step.args["quantity"] == "energy-cost"
    assert ask("plant kwh yesterday").steps[0].args["quantity"] == "energy-use"


def test_what_wastes_most_is_ranked_by_cost() -> None:
    assert ask("what wastes the most now?").steps[0].args["rank"] == "cost"
    assert ask("any faults").steps[0].args["rank"] == "severity"


def test_duct_pressure_in_inches_is_shown_in_inches() -> None:
    for text in ("static ahu 4 inwc", "duct static ahu 4 in. wg"):
        assert ask(text).steps[0].args["unit"] == "inH₂O", text
