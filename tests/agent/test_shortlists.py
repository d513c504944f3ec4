"""Typed shortlists: what is found is what the echoed filter finds, and every answer is short and says how to go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.evidence import ToolResult
from agent.tools import call
from agent.tools.clauses import in_place, of_kind, of_role
from agent.tools.toolbox import MAX_SUMMARY, Toolbox, inside
from ontology.defs import EQUIP_KINDS, ROLE
from ontology.graph import Building
from ontology.kinds import MARKER, Ref
from tests.agent.tower import BUILDING, tower

ANSWERED = MAX_SUMMARY
"""Characters of an answer: 1,500 tokens at three characters each."""


@pytest.fixture
async def box() -> Toolbox:
    return await tower()


def number(found: ToolResult, name: str) -> float | None:
    assert not found.error, found.summary
    return next(f.value for f in found.figures if f.name == name)


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        ({"kind": "chiller"}, 3), ({"kind": "pumps"}, 8), ({"kind": "primary-pump"}, 3), ({"kind": "ahu"}, 4),
        ({"place": "floor-8", "kind": "fcu"}, 12), ({"kind": "vav", "place": "AHU-4"}, 12), ({"kind": "sensors"}, 33),
        ({"kind": "chiller", "place": "CHW-PLANT"}, 3), ({"kind": "room", "place": "riverside-tower"}, 192),
        ({"name": "weather"}, 1), ({"kind": "condenser-water-pump", "place": "CH-3"}, 1), ({"place": "DOAS-1"}, 96),
        ({"kind": "ahu", "place": "lobby"}, 1), ({"kind": "cooling-tower", "place": "room-807"}, 0),
    ],
)  # fmt: skip
async def test_equipment_is_found_by_kind_name_and_place(
    box: Toolbox, args: dict[str, Any], wanted: int
) -> None:
    found = await call(box, "find_equip", args)
    assert number(found, "found") == wanted
    if "name" not in args:
        assert len(BUILDING.find(found.facts["filter"])) == wanted


@pytest.mark.parametrize(
    ("args", "wanted", "filter"),
    [
        ({"role": "zone-air-co2", "place": "room-807"}, 1,
         "point and zone and air and co2 and sensor and spaceRef==@room-807"),
        ({"role": "fan-power", "of": "ahu"}, 4,
         "point and fan and power and active and elec and sensor and equipRef->ahu and not equipRef->doas"),
        ({"role": "run"}, 14, "point and run and sensor and not fan"),
        ({"tags": "discharge temp sensor", "of": "ahu"}, 4,
         "point and discharge and temp and sensor and equipRef->ahu and not equipRef->doas"),
        ({"unit": "ppm"}, 37, 'point and unit=="ppm"'),
        ({"place": "CH-2"}, 15, "point and equipRef==@CH-2"),
        ({"role": "zone-air-temp", "place": "AHU-4"}, 12,
         "point and zone and air and temp and sensor and equipRef->airRef==@AHU-4"),
        ({"role": "power", "of": "sensor"}, 0,
         "point and power and active and elec and sensor and not fan and (equipRef->iaqSensor or equipRef->weatherStation)"),
    ],
)  # fmt: skip
async def test_points_come_with_the_exact_filter_that_found_them(
    box: Toolbox, args: dict[str, Any], wanted: int, filter: str
) -> None:
    found = await call(box, "find_points", args)
    assert number(found, "found") == wanted
    assert found.facts["filter"] == filter
    assert filter in found.summary.splitlines()[0]
    again = await call(box, "read_filter", {"filter": filter})
    assert again.facts["ids"] == found.facts["ids"]


def test_the_filter_of_a_role_finds_its_points_and_no_others() -> None:
    for name in ROLE:
        own = {e.id for e in BUILDING if e.role is not None and e.role.name == name}
        assert {e.id for e in BUILDING.find(of_role(name))} == own, of_role(name)


def test_the_filter_of_a_kind_finds_that_kind_and_no_other() -> None:
    for kind in EQUIP_KINDS:
        own = {e.id for e in BUILDING.of_kind(kind)}
        assert {e.id for e in BUILDING.find(of_kind(BUILDING, kind))} == own, kind


@pytest.mark.parametrize(
    "place", ["floor-8", "floor-4", "room-807", "CHW-PLANT", "riverside-tower"]
)
def test_a_place_holds_what_the_ontology_says_is_inside_it(place: str) -> None:
    clause = in_place(BUILDING, place, "equip", points=False)
    own = {id for id in inside(BUILDING, place) - {place} if BUILDING.get(id).is_equip}
    assert {e.id for e in BUILDING.find(f"equip and {clause}")} - {place} == own
    points = in_place(BUILDING, place, "point", points=True)
    of_them = {e.id for e in BUILDING.find(f"point and {points}")}
    assert of_them >= {p.id for id in own for p in BUILDING.points(id)}


async def test_a_long_list_says_by_what_it_can_be_narrowed(box: Toolbox) -> None:
    found = await call(box, "find_points", {"unit": "°C", "count": 5})
    assert "narrow by role (zone-air-temp 236" in found.summary.splitlines()[1]
    assert "floor-5" in found.summary.splitlines()[1]
    assert number(found, "role.zone-air-temp") == 236
    assert len(found.rows) == 5
    assert found.rows[0].keys() >= {"id", "dis", "kind", "unit", "place"}


async def test_an_empty_list_says_which_condition_emptied_it(box: Toolbox) -> None:
    found = await call(box, "find_points", {"role": "zone-air-co2", "of": "chiller"})
    assert number(found, "found") == 0
    assert "`equipRef->chiller` leaves nothing over" in found.facts["hint"]


async def test_a_filter_is_checked_part_by_part(box: Toolbox) -> None:
    found = await call(box, "validate", {"filter": "zone and co2 and equipRef->chiller"})
    assert number(found, "found") == 0
    assert found.facts["killer"] == "equipRef->chiller"
    counts = {
        row["text"]: [row[k].value for k in ("alone", "so_far", "without")] for row in found.rows
    }
    assert counts["co2"] == [37, 32, 0]
    assert counts["equipRef->chiller"] == [len(BUILDING.find("equipRef->chiller")), 0, 32]
    wrong = await call(box, "validate", {"filter": "point and and co2"})
    assert not wrong.error
    assert "column" in wrong.facts["wrong"]
    assert wrong.rows == ()


@pytest.mark.parametrize(
    ("word", "of", "known", "near"),
    [
        ("gas", None, False, ""), ("boiler", None, False, ""), ("oil pressure", ["CH-2"], False, ""),
        ("heating valve", ["AHU-1"], False, "cooling-valve"), ("water meter", None, False, "elec-meter"),
        ("humidity", None, True, "zone-air-humidity"), ("supply temperature", None, True, "discharge-air-temp"),
        ("chilled water pumps", None, True, "chilled-water-pump"), ("lobby", None, True, ""),
        ("humidty", None, False, "zone-air-humidity"), ("co2", ["room-807"], True, "zone-air-co2"),
    ],
)  # fmt: skip
async def test_words_are_looked_up_in_this_model(
    box: Toolbox, word: str, of: list[str] | None, known: bool, near: str
) -> None:
    found = await call(box, "vocab", {"word": word} | ({"of": of} if of else {}))
    assert found.facts["known"] is known
    assert ("there is none here" in found.summary) is not known
    assert not near or near in {row["word"] for row in found.rows}
    for row in found.rows:
        assert row["count"].value > 0


async def test_counts_of_words_are_those_of_the_model(box: Toolbox) -> None:
    found = await call(box, "vocab", {"word": "humidity"})
    counts = {(row["sort"], row["word"]): row["count"].value for row in found.rows}
    assert counts["tags", "humidity"] == len(BUILDING.find("humidity"))
    assert counts["roles", "zone-air-humidity"] == len(BUILDING.find(of_role("zone-air-humidity")))


async def test_a_noun_is_found_in_a_model_that_has_it(box: Toolbox) -> None:
    gas = {"id": Ref("meter-gas"), "equip": MARKER, "meter": MARKER, "naturalGas": MARKER,
           "siteRef": Ref("riverside-tower"), "dis": "Gas meter"}  # fmt: skip
    with_gas = Building([*(e.tags for e in BUILDING), gas])
    found = await call(replace(box, building=with_gas), "vocab", {"word": "gas"})
    assert found.facts["known"] is True
    assert ("tags", "naturalGas") in {(row["sort"], row["word"]) for row in found.rows}


async def test_the_way_from_a_room_to_the_plant_names_what_flows(box: Toolbox) -> None:
    (row,) = (await call(box, "explain", {"of": ["room-807"]})).rows
    assert [id for id, _ in row["place"]] == ["floor-8", "riverside-tower"]
    assert ("DOAS-1", "air") in row["fed_by"]
    assert row["way"][-1]["id"] == "CHW-PLANT"
    assert {step["medium"] for step in row["way"]} >= {"chilled-water"}
    (plant,) = (await call(box, "explain", {"of": ["CHW-PLANT"]})).rows
    assert plant["way"] == []


async def test_every_answer_about_the_model_stays_within_its_tokens(box: Toolbox) -> None:
    rooms = [e.id for e in BUILDING.of_kind("room")]
    for tool, args in (
        ("find_equip", {"count": 200}), ("find_points", {"count": 200}), ("read_filter", {"filter": "id", "count": 200}),
        ("vocab", {"word": "temp", "count": 20}), ("vocab", {"word": "x" * 300, "of": rooms}), ("explain", {"of": rooms[:20]}),
        ("related", {"of": rooms, "relation": "upstream"}), ("related", {"of": ["riverside-tower"], "relation": "contains"}),
        ("validate", {"filter": " and ".join(["temp"] * 200)}), ("find_points", {"role": "zone-air-temp", "place": "riverside-tower"}),
    ):  # fmt: skip
        found = await call(box, tool, args)
        assert not found.error, found.summary
        assert len(found.summary) <= ANSWERED + 100, tool
