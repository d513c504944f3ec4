"""What is said beside a number: the sum of machines side by side, whose hand, what a fault wastes, whose share."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from agent.answers import tell
from agent.diagnosis import Family
from agent.grounding import Bound, unbound
from agent.plan import Intent, Plan, Step
from agent.tools import call
from agent.tools.beside import adds_up
from ontology.kinds import MARKER, Ref
from tests.agent.tower import BUILDING, NOW, finding, tower

TODAY = {"start": "2026-11-20T00:00+07:00", "end": "2026-11-20T14:30+07:00"}


async def asked(tool: str, args: dict[str, Any], question: str = "?", **more: Any) -> str:
    result = await call(await tower(**more), tool, args)
    assert not result.error, result.summary
    plan = Plan("playbook", Intent.LIVE_VALUE, (), None, None, (Step(tool, args),))
    text = tell(question, plan, [result], BUILDING, NOW).text
    assert unbound(text, Bound.of(BUILDING, plan, [result], now=NOW)) == []
    return text


@pytest.mark.parametrize(
    ("machines", "kind", "sums"),
    [
        (("CWP-1", "CWP-2", "CT-1"), "power", True),
        (("AHU-1", "DOAS-1"), "power", True),
        (("VAV-2-01", "VAV-2-02"), "air-flow", True),
        (("AHU-4", "VAV-2-01"), "air-flow", False),  # the same air twice
        (("meter-main", "meter-plant"), "power", False),  # one measures the other too
        (("CHW-PLANT", "CH-1"), "power", False),
        (("CH-1", "CH-2"), "temp", False),
    ],
)
def test_only_what_stands_side_by_side_adds_up(
    machines: tuple[str, ...], kind: str, sums: bool
) -> None:
    assert adds_up([BUILDING.get(id) for id in machines], kind) is sums


async def test_the_power_of_several_machines_is_told_together() -> None:
    text = await asked("history", {"of": ["CH-1", "CH-2"], "quantity": "power"})
    assert "595 kW together over 2" in text


async def test_two_temperatures_are_told_apart_not_averaged() -> None:
    args = {"of": ["room-807", "room-806"], "quantity": "zone-air-temp"}
    text = await asked("history", args)
    assert "3.0 K apart" in text
    assert "average" not in text


async def test_the_combined_temperature_of_one_pipe_is_its_reading() -> None:
    args = {"of": ["CH-2"], "quantity": "chilled-water-entering-temp", "stat": "sum"}
    assert "12.5 °C" in await asked("history", args)


async def test_a_held_point_says_since_when() -> None:
    held = finding("OVR-01:AHU-2:1", "AHU-2", "held by hand", rule="OVR-01", family=Family.OVERRIDE,
                   point="AHU-2.cooling-valve", start=NOW - dt.timedelta(days=3))  # fmt: skip
    args = {"of": ["AHU-2"], "quantity": "cooling-valve"}
    text = await asked("history", args, findings=(held,))
    assert "held by hand since Tue 17 Nov 14:30 (3 days)" in text
    assert "held by hand [" in await asked("history", args)


async def test_the_energy_of_a_machine_comes_with_what_its_fault_wastes_and_its_share() -> None:
    text = await asked("history", {"of": ["CH-2"], "quantity": "energy-use", **TODAY})
    assert "27% of the whole building" in text
    assert "**4,321 kWh** (18,000 THB)" in text
    last_week = {"start": "2026-11-19T00:00+07:00", "end": "2026-11-19T12:00+07:00"}
    text = await asked("history", {"of": ["CH-2"], "quantity": "energy-use", **last_week})
    assert "4,321" not in text


async def test_the_main_meter_has_no_share_of_itself() -> None:
    text = await asked("history", {"of": ["meter-main"], "quantity": "energy-use", **TODAY})
    assert "whole building" not in text


async def test_the_condenser_pump_of_a_chiller_is_found_before_it() -> None:
    text = await asked("find_equip", {"kind": "condenser-water-pump", "place": "CH-3"})
    assert "CWP-3" in text
    assert "CWP-1" not in text


async def test_a_long_list_is_told_whole_as_floors_not_by_its_first_page() -> None:
    text = await asked("find_equip", {"place": "DOAS-1", "count": 50})
    assert "Floor 5 to Floor 12 (FCU-501 to FCU-1212)" in text
    assert "Floor 5 to Floor 20" in await asked("find_equip", {"kind": "room", "count": 50})


async def test_the_log_says_who_did_it_and_what_is_still_open() -> None:
    opened = NOW - dt.timedelta(days=2)
    order = {"id": Ref("wo-1"), "workOrder": MARKER, "woNum": "WO-1", "opened": opened, "equipRef": Ref("AHU-4"),
             "description": "VFD fault", "technician": "Prasert N."}  # fmt: skip
    done = order | {"id": Ref("wo-2"), "woNum": "WO-2", "closed": NOW - dt.timedelta(days=1)}
    text = await asked("worklog", {"of": ["AHU-4"]}, extra=[order, done])
    assert "**2 work orders**, 1 still open" in text
    assert "Prasert N." in text
