"""Tools say what the tower's hand-made day holds, and nothing else."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest

from agent.events import plain
from agent.evidence import ToolResult
from agent.tools import TOOLS, call, schemas
from agent.tools.toolbox import MAX_SUMMARY, Toolbox
from tests.agent.tower import NOW, N, samples_of, tower

YESTERDAY = {"start": "2026-11-19T00:00+07:00", "end": "2026-11-20T00:00+07:00"}


@pytest.fixture
async def box() -> Toolbox:
    return await tower()


def value(found: ToolResult, name: str) -> float | None:
    assert not found.error, found.summary
    return next(f.value for f in found.figures if f.name == name)


async def ask(box: Toolbox, of: str | list[str], quantity: str, **args: Any) -> ToolResult:
    return await call(box, "history", {"of": of, "quantity": quantity, **args})


@pytest.mark.parametrize(
    ("of", "quantity", "args", "wanted", "unit"),
    [
        ("CH-2", "power", {}, 325.0, "kW"),
        ("ch-2", "efficiency", {}, 0.65, "kW/RT"),
        ("CH-2", "efficiency", {"unit": "COP"}, 3.51685 / 0.65, "COP"),
        ("CH-2", "efficiency", YESTERDAY, 0.65, "kW/RT"),
        ("CHW-PLANT", "efficiency", {}, 700 / (3341.0075 / 3.51685), "kW/RT"),
        ("CH-2", "delta-t", {}, 5.5, "K"),
        ("CH-2", "delta-t", {"unit": "°F"}, 9.9, "°F"),
        ("CH-2", "condenser-approach", {}, 5.5, "K"),
        ("CT-1", "tower-approach", {}, 4.0, "K"),
        ("CH-2", "cooling-power", {"unit": "tons"}, 500.0, "RT"),
        ("room-807", "zone-air-temp", {"unit": "F"}, 80.6, "°F"),
        ("CH-2", "energy-use", YESTERDAY, 325 * 24, "kWh"),
        ("CH-2", "energy-use", {**YESTERDAY, "unit": "MWh"}, 7.8, "MWh"),
        ("riverside-tower", "energy-use", YESTERDAY, 28_800.0, "kWh"),
        ("AHU-1", "energy-use", YESTERDAY, 144.0, "kWh"),
        ("CH-1", "power", {**YESTERDAY, "stat": "sum"}, 270.0 * 24, "kWh"),
        ("AHU-4", "runtime", YESTERDAY, 12.0, "h"),
        ("AHU-4", "starts", YESTERDAY, 2.0, "starts"),
        ("CH-2", "cooling-energy", {**YESTERDAY, "unit": "RTh"}, 12_000.0, "RTh"),
        ("AHU-1", "return-air-temp", {**YESTERDAY, "stat": "duration", "condition": {"op": ">", "value": 0}}, 24.0, "h"),
    ],
)  # fmt: skip
async def test_a_quantity_is_what_the_day_holds(  # noqa: PLR0917  (a row of the table above)
    box: Toolbox, of: str, quantity: str, args: dict[str, Any], wanted: float, unit: str
) -> None:
    found = await ask(box, of, quantity, **args)
    assert not found.error, found.summary
    figure = found.rows[0]["value"]
    assert figure.value == pytest.approx(wanted, rel=1e-3)
    assert figure.unit == unit
    assert f"[{figure.evidence}]" in found.summary


async def test_a_chiller_that_is_off_has_no_efficiency(box: Toolbox) -> None:
    found = await ask(box, "CH-3", "efficiency", **YESTERDAY)
    assert found.rows[0]["value"].value is None
    assert "no data" in found.summary


async def test_standing_water_has_no_approach(box: Toolbox) -> None:
    for value in ("CH-3.condenser-refrig-temp", "CH-3.condenser-water-leaving-temp"):
        await box.history.write(samples_of(value, np.full(N, 30.0)))
    found = await ask(box, "CH-3", "condenser-approach", **YESTERDAY)
    assert found.rows[0]["value"].value is None


async def test_silence_is_said_and_never_zero(box: Toolbox) -> None:
    for args in ({}, YESTERDAY):
        found = await ask(box, "AHU-3", "discharge-air-temp", **args)
        assert found.rows[0]["value"].value is None
        assert "no data" in found.summary
    stale = await ask(box, "IAQ-1407", "zone-air-temp")
    assert "STALE" in stale.summary


async def test_the_hottest_room_of_a_floor_comes_first(box: Toolbox) -> None:
    found = await ask(box, "floor-8", "zone-air-temp", rank="highest", count=2)
    assert [row["id"] for row in found.rows] == ["room-807", "room-806"]
    assert value(found, "all.value") == pytest.approx((27 + 24 + 23) / 3)
    assert value(found, "all.silent") == 9
    hot = await ask(
        box, "floor-8", "zone-air-temp", condition={"op": ">", "value": 23.5}, stat="count"
    )
    assert value(hot, "all.matching") == 2


async def test_floors_are_compared_as_wholes(box: Toolbox) -> None:
    found = await ask(box, ["floor-8", "floor-9"], "zone-air-temp", **YESTERDAY)
    assert [row["id"] for row in found.rows] == ["floor-8", "floor-9"]
    assert found.rows[0]["value"].value == pytest.approx((27 + 24 + 23) / 3)
    assert found.rows[1]["value"].value is None
    assert found.charts[0].series[0].values[0] == pytest.approx((27 + 24 + 23) / 3)
    now = await ask(box, ["floor-8", "floor-9"], "zone-air-temp")
    assert now.rows[0]["value"].value == pytest.approx((27 + 24 + 23) / 3)


async def test_two_periods_are_compared_with_change_in_kelvin(box: Toolbox) -> None:
    found = await ask(
        box, "AHU-1", "return-air-temp", stat="mean", start="2026-11-20T00:00+07:00", end="2026-11-20T12:00+07:00",
        compare_start="2026-11-19T00:00+07:00", compare_end="2026-11-19T12:00+07:00",
    )  # fmt: skip
    row = found.rows[0]
    assert row["change"].value == pytest.approx(1.0)
    assert (row["change"].unit, row["change_pct"].value) == ("K", None)
    assert len(found.charts[0].series) == 2
    assert found.facts["doubts"][0]["point"] == "AHU-1.return-air-temp"


async def test_a_trend_gives_slope_extremes_and_a_chart_with_fault_bands(box: Toolbox) -> None:
    found = await ask(box, "CH-2", "power", stat="trend", **YESTERDAY)
    assert value(found, "CH-2.power.slope_per_day") == pytest.approx(0, abs=1e-6)
    assert found.charts[0].bands[0][2] == "condenser approach too high"
    assert all(len(s.ts) == len(s.values) <= 300 for s in found.charts[0].series)


@pytest.mark.parametrize(
    ("tool", "args", "hint"),
    [
        ("history", {"of": ["CH-2"], "quantity": "colour"}, "CH-2 has: "),
        ("history", {"of": ["CH-9"], "quantity": "power"}, "nearest: "),
        ("history", {"of": ["CH-2"], "quantity": "power", "wehn": 1}, "allowed: "),
        ("history", {"quantity": "power"}, "of: "),
        ("history", {"of": ["CH-2"], "quantity": "power", "stat": "median"}, "one of: latest"),
        ("history", {"of": ["CH-2"], "quantity": "power", "unit": "ppm"}, "possible: "),
        ("history", {"of": ["CH-2"], "quantity": "power", "start": "yesterday"}, "ISO 8601"),
        ("history", {"of": ["CH-2"], "quantity": "power", "start": "2030-01-01T00:00Z"}, "histories end now"),
        ("history", {"of": ["CH-2"], "quantity": "delta-t", "stat": "sum", **YESTERDAY}, "use stat mean"),
        ("history", {"of": ["CH-2"], "quantity": "power", "condition": {"op": "~", "value": 1}}, "op one of"),
        ("history", {"of": ["x"] * 3 + [""], "quantity": "power"}, "a list of entity ids"),
        ("read_filter", {"filter": "ahu and"}, "a filter looks like"),
        ("find_equip", {"kind": "unicorn"}, "kinds: "),
        ("find_equip", {"name": "x" * 3_000}, "use at most"),
        ("find_points", {"role": "colour"}, "vocab"),
        ("find_points", {"tags": "Temp; drop"}, "tag names, such as"),
        ("find_points", {"place": "room-9999"}, "nearest: "),
        ("related", {"of": ["CH-1"], "relation": "loves"}, "feeds"),
        ("faults", {"count": 0}, "a whole number from 1"),
        ("faults", {"cause": "yes"}, "true or false"),
        ("sql", {"query": "select 1"}, "history"),
        ("worklog", {}, "load its XLSX"),
        ("shell", {"cmd": "ls"}, "tools: overview"),
    ],
)  # fmt: skip
async def test_a_bad_call_comes_back_with_a_hint(
    box: Toolbox, tool: str, args: dict[str, Any], hint: str
) -> None:
    found = await call(box, tool, args)
    assert found.error
    assert hint in found.summary


async def test_what_feeds_a_room_and_what_a_pump_feeds(box: Toolbox) -> None:
    found = await call(box, "related", {"of": ["room-807"], "relation": "upstream"})
    assert {"DOAS-1", "SCHWP-1", "CH-2", "CT-2"} <= {row["id"] for row in found.rows}
    fed = await call(box, "related", {"of": ["DOAS-1"], "relation": "feeds"})
    assert value(fed, "DOAS-1.feeds") == 96
    assert "FCU-807" in {row["id"] for row in fed.rows}


async def test_the_site_at_a_glance(box: Toolbox) -> None:
    found = await call(box, "overview", {})
    assert value(found, "riverside-tower.chiller.running") == 2
    assert value(found, "riverside-tower.power") == 1200
    assert value(found, "riverside-tower.open") == 3
    one = await call(box, "overview", {"of": ["CH-2"]})
    assert value(one, "CH-2.efficiency") == pytest.approx(0.65)
    assert "CH-2" in one.summary


async def test_findings_carry_proof_causes_and_cost(box: Toolbox) -> None:
    found = await call(box, "faults", {"of": ["CH-2"], "cause": True})
    assert value(found, "found") == 1
    row = found.rows[0]
    assert row["causes"][0]["likelihood"].value == 70
    assert row["cost"].value == 18_000
    assert row["next_check"] == "brush one pass and compare"
    assert value(await call(box, "faults", {"kind": "sensor"}), "found") == 1
    upstream = await call(box, "faults", {"of": ["room-807"], "cause": True})
    assert "CH-2" in {row["equip"] for row in upstream.rows}
    ranked = await call(box, "faults", {"rank": "cost", "count": 1})
    assert ranked.rows[0]["equip"] == "CH-2"


async def test_a_complaint_is_followed_to_its_causes(box: Toolbox) -> None:
    found = await call(box, "comfort", {"of": ["room-807"], "complaint": "hot"})
    assert not found.error, found.summary
    (row,) = found.rows
    assert row["confirmed"] is True
    assert 0 < sum(c["likelihood"].value for c in row["causes"]) <= 102
    assert found.charts[0].series[0].unit == "°C"
    crowd = await call(box, "comfort", {"of": [f"room-{n}" for n in range(501, 506)]})
    assert crowd.error == "bad-request"


async def test_overrides_say_level_and_since_when(box: Toolbox) -> None:
    found = await call(box, "overrides", {})
    (row,) = found.rows
    assert (row["point"], row["value"].value, row["level"].value) == ("AHU-2.cooling-valve", 100, 8)
    assert row["since"] == NOW - dt.timedelta(days=3)
    assert found.facts["findings"][0]["equip"] == "CWP-3"
    assert value(await call(box, "overrides", {"of": ["AHU-1"]}), "overridden") == 0


async def test_quality_names_what_is_silent_or_stale(box: Toolbox) -> None:
    found = await call(box, "quality", {"of": ["IAQ-1407"]})
    assert {row["state"] for row in found.rows} == {"silent", "stale"}
    stale = next(row for row in found.rows if row["state"] == "stale")
    assert stale["silent_for"].value == pytest.approx(30, abs=0.1)


async def test_passages_are_cited_and_fenced(box: Toolbox) -> None:
    found = await call(box, "manuals", {"question": "clean condenser tubes approach", "of": None})
    assert found.evidence[0].source == "O&M chillers, Condenser, p. 4"
    assert found.evidence[0].trust == "document"
    assert found.summary.count("<<<document") == len(found.rows)


async def test_every_result_is_small_cited_and_json(box: Toolbox) -> None:
    for tool, args in (
        ("overview", {}), ("overview", {"of": ["floor-8", "CHW-PLANT", "room-807"]}), ("find_equip", {"kind": "room", "count": 200}),
        ("history", {"of": ["riverside-tower"], "quantity": "zone-air-temp"}), ("quality", {}), ("faults", {}),
    ):  # fmt: skip
        found = await call(box, tool, args)
        assert not found.error, found.summary
        assert len(found.summary) <= MAX_SUMMARY + 100
        assert {f.evidence for f in found.figures} <= {e.id for e in found.evidence}
        json.dumps(plain(found), allow_nan=False)


def test_schemas_are_strict() -> None:
    for schema in schemas():
        parameters = schema["function"]["parameters"]
        assert parameters["additionalProperties"] is False
        assert parameters["required"] == list(parameters["properties"])
        assert schema["function"]["name"] in TOOLS
    json.dumps(schemas())
