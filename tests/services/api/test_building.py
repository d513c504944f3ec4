"""What the API says about the building: equipment, histories, findings, documents, status."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from api_house import NOW, House

from ontology.history import Samples, Status
from ontology.kinds import Ref
from services.api.app import create_app

DOAS = "doas-under-delivers:DOAS-1:2026-11-15"


async def get(client: httpx2.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    answer.raise_for_status()
    return answer.json()


async def test_the_list_finds_equipment_by_id_name_and_place_with_findings_first(
    client: httpx2.AsyncClient,
) -> None:
    found = await get(client, "/api/equipment", search="chiller floor 4")
    first = found["items"][0]
    assert (first["id"], first["worst"]) == ("CH-2", 2)  # the one with a finding
    assert {item["id"] for item in found["items"]} >= {"CH-1", "CH-2", "CH-3"}
    rooms = await get(client, "/api/equipment", search="807", kind="room")
    assert [item["id"] for item in rooms["items"]] == ["room-807", "room-1807"]


async def test_an_equipment_page_has_values_with_units_neighbours_findings_and_documents(
    client: httpx2.AsyncClient,
) -> None:
    doas = await get(client, "/api/equipment/doas-1")
    by_role = {point["role"]: point for point in doas["points"]}
    assert by_role["discharge-air-temp"]["unit"] == "°C"
    assert by_role["discharge-air-temp"]["age_s"] == 40
    assert {link["id"] for link in doas["fed_by"]} == {"SCHWP-1", "SCHWP-2"}
    assert {link["id"] for link in doas["feeds"]} >= {"room-807", "FCU-807"}
    assert doas["findings"][0]["id"] == DOAS
    assert [one["document"] for one in doas["documents"]] == ["om-doas"]


async def test_a_silent_point_is_unknown_and_an_overridden_one_says_so(
    client: httpx2.AsyncClient,
) -> None:
    iaq = await get(client, "/api/equipment/IAQ-1407")
    assert {(p["value"], p["status"]) for p in iaq["points"]} == {(None, "silent")}
    ahu = await get(client, "/api/equipment/AHU-2")
    valve = next(p for p in ahu["points"] if p["role"] == "cooling-valve")
    assert valve["status"] == "overridden"


async def test_a_value_of_an_hour_ago_is_stale_and_not_in_the_status_line(
    client: httpx2.AsyncClient, house: House
) -> None:
    point, old = Ref("CHW-PLANT.chilled-water-leaving-temp"), NOW - dt.timedelta(hours=1)
    await house.history.write(
        Samples((point,), np.array([0], np.int32), np.array([int(old.timestamp())]),
                np.array([7.0]), np.array([Status.GOOD], np.uint8))
    )  # fmt: skip
    plant = await get(client, "/api/equipment/CHW-PLANT")
    assert next(p["status"] for p in plant["points"] if p["id"] == point.id) == "stale"
    status = await get(client, "/api/status")
    assert next(v["value"] for v in status["vitals"] if v["label"] == "CHW supply") is None


async def test_histories_are_aligned_and_null_where_silent(client: httpx2.AsyncClient) -> None:
    read = await get(
        client, "/api/histories", points="CH-2.power,IAQ-1407.zone-air-co2", hours=2, step_minutes=5
    )
    power, co2 = read["lines"]
    assert len(power["values"]) == len(co2["values"]) == 24
    assert read["start"] % 300 == 0
    assert set(co2["values"]) == {None}
    assert (power["dis"], power["unit"]) == ("CH-2 power", "kW")


async def test_thirty_days_are_drawn_in_a_bounded_number_of_steps(
    client: httpx2.AsyncClient,
) -> None:
    read = await get(client, "/api/histories", points="CH-2.power", hours=720)
    assert 200 <= len(read["lines"][0]["values"]) <= 500


async def test_the_status_line_tells_efficiency_in_kw_per_ton(client: httpx2.AsyncClient) -> None:
    status = await get(client, "/api/status")
    vitals = {vital["label"]: (vital["value"], vital["unit"]) for vital in status["vitals"]}
    plant = await get(client, "/api/equipment/CHW-PLANT")
    meter = await get(client, "/api/equipment/meter-plant")
    cooling = next(p["value"] for p in plant["points"] if p["role"] == "cooling-power")
    power = next(p["value"] for p in meter["points"] if p["role"] == "power")
    assert vitals["Plant efficiency"] == (pytest.approx(power / (cooling / 3.516853)), "kW/RT")
    assert status["open_findings"] == 4  # room 807 is explained by DOAS-1
    assert 4 <= len(status["examples"]) <= 6
    assert status["examples"][0] == "Why is room 807 uncomfortable?"
    assert [d["state"] for d in status["devices"]] == ["ok", "ok", "silent"]


async def test_findings_are_in_order_with_their_cost_per_day(client: httpx2.AsyncClient) -> None:
    found = await get(client, "/api/faults")
    assert [one["severity"] for one in found if not one["parent"]] == [3, 2, 2, 1]
    doas = next(one for one in found if one["id"] == DOAS)
    assert doas["cost_per_day"] == pytest.approx(1722 / 5)
    in_full = await get(client, f"/api/faults/{DOAS}")
    assert in_full["causes"][0]["check"].startswith("Read the pressure drop")
    assert await get(client, "/api/faults", under="CH-2") == [
        one for one in found if one["equip"]["id"] == "CH-2"
    ]


async def test_an_acknowledged_finding_stays_open_with_the_note(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        f"/api/faults/{DOAS}/ack", json={"note": "strainer ordered", "by": "Somchai"}
    )
    assert answer.json()["acknowledged"] == {"by": "Somchai", "note": "strainer ordered"}
    again = await get(client, "/api/faults")
    doas = next(one for one in again if one["id"] == DOAS)
    assert (doas["status"], doas["acknowledged"]["note"]) == ("open", "strainer ordered")


async def test_a_cited_passage_comes_with_the_text_around_it(client: httpx2.AsyncClient) -> None:
    cited = await get(client, "/api/passages/om-doas:0007")
    assert cited["page"] == 12
    assert cited["headings"][-1] == "4.3 Coil under-delivers"
    assert cited["before"].startswith("The unit is")
    assert cited["after"].startswith("After cleaning")


async def test_an_original_opens_in_the_browser_and_only_as_what_it_is(
    client: httpx2.AsyncClient, house: House
) -> None:
    (house.documents / "trick.html").write_text("<script>alert(1)</script>")
    listed = await get(client, "/api/documents")
    assert [one["document"] for one in listed] == ["om-doas"]
    file = await client.get("/api/documents/om-doas/file")
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["content-disposition"].startswith("inline")
    assert (await client.get("/api/documents/trick/file")).status_code == 404


async def test_rows_of_a_select_have_null_for_unknown(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/sql", json={"query": "SELECT ts, zone_air_temp FROM room_807"})
    assert [row[1] for row in answer.json()["rows"]] == [27.4, None]


async def test_without_built_pages_the_server_says_why(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "WHY_NOT_BUILT.txt").write_text("no Node <here>")
    page = await client.get("/")
    assert page.status_code == 200
    assert "no Node &lt;here&gt;" in page.text


def test_the_reference_page_lists_every_route_with_its_own_words(house: House) -> None:
    served = {
        f"{method.upper()} {path}": route["description"].splitlines()[0]
        for path, methods in create_app(house).openapi()["paths"].items()
        for method, route in methods.items()
    }
    page = (Path(__file__).parents[3] / "docs" / "reference-api.md").read_text("utf-8")
    rows = re.findall(r"^\| `((?:GET|POST) [^`]+)` \| (.+) \|$", page, re.MULTILINE)
    assert dict(rows) == served
