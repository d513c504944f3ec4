"""A model's mistakes are told so that an engineer can mend them."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from ingest.demo.model import riverside_tower
from ontology.check import MAX_PER_CODE, Need, Problem, check
from ontology.definitions import STANDARD, Def, Definitions
from ontology.defs import markers
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.kinds import Number, Ref, Tags

SITE: Tags = {"id": Ref("s"), "dis": "Site", **markers(["site"]), "tz": "Bangkok"}
ROOM: Tags = {"id": Ref("room"), "dis": "Room", **markers(["space", "room"]), "siteRef": Ref("s")}


def equip(id: str, kind: str = "ahu", **tags: object) -> Tags:
    place = {"siteRef": Ref("s"), "spaceRef": Ref("room")}
    return {"id": Ref(id), "dis": id, **markers(["equip", kind]), **place, **tags}


def point(id: str, names: str = "discharge air temp sensor", **tags: object) -> Tags:
    given = {"equipRef": Ref("AHU-3"), "kind": "Number", "unit": "°C"} | tags
    kept = {tag: value for tag, value in given.items() if value is not None}
    return {
        "id": Ref(id),
        "dis": id,
        **markers(["point", *names.split()]),
        "siteRef": Ref("s"),
        **kept,
    }


def found(*entities: Tags, needs: Iterable[Need] = ()) -> list[Problem]:
    return check(Building([SITE, ROOM, equip("AHU-3"), *entities]), list(needs))


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, [f"{p.code}: {p.says}" for p in problems]
    assert problems[0].says
    assert problems[0].hint
    return problems[0]


def test_nothing_is_wrong_with_the_tower() -> None:
    assert check(Building(riverside_tower())) == []


def test_nothing_is_wrong_with_a_small_whole_model() -> None:
    assert found(point("t")) == []


def test_a_ref_to_nothing_is_told_with_its_tag() -> None:
    problem = only(found(point("t", equipRef=Ref("AHU-33"))))
    assert (problem.code, problem.entity, problem.severity) == ("dangling-ref", "t", "error")
    assert "equipRef of t names @AHU-33" in problem.says


def test_one_lost_ref_in_a_list_is_told_and_an_unimportant_one_is_a_warning() -> None:
    lost = only(found(equip("VAV", "vav", airRef=[Ref("AHU-3"), Ref("AHU-9")])))
    assert "@AHU-9" in lost.says
    assert only(found(equip("VAV", "vav", weatherStationRef=Ref("w")))).severity == "warning"


def test_the_name_of_a_spec_is_no_lost_ref() -> None:
    assert found(equip("VAV", "vav", spec=Ref("ph.equips::Vav"))) == []


@pytest.mark.parametrize(
    ("entity", "says"),
    [
        (equip("B", siteRef=Ref("AHU-3")), "siteRef of B names @AHU-3, which is equipment, not a site"),
        (equip("B", equipRef=Ref("t")), "equipRef of B names @t, which is a point, not equipment"),
        (point("u", spaceRef=Ref("AHU-3")), "spaceRef of u names @AHU-3, which is equipment, not a space"),
        (equip("B", floorRef=Ref("s")), "floorRef of B names @s, which is a site, not a space"),
        (point("u", equipRef=Ref("room")), "equipRef of u names @room, which is a space, not equipment"),
        (equip("B", airRef=[Ref("AHU-3"), Ref("t")]), "airRef of B names @t, which is a point, not what"),
        (point("u", equipRef=Ref("note")), "equipRef of u names @note, which is none, not equip"),
    ],
)  # fmt: skip
def test_a_ref_to_the_wrong_sort_of_thing_is_an_error(entity: Tags, says: str) -> None:
    problem = only(found(entity, point("t"), {"id": Ref("note"), "dis": "Note"}))
    assert (problem.code, problem.severity) == ("wrong-ref", "error")
    assert says in problem.says


def test_the_rooms_and_floors_of_older_servers_are_places() -> None:
    place = {
        "id": Ref("f"),
        "dis": "Floor 4",
        **markers(["floor"]),
        "siteRef": Ref("s"),
    }
    assert found(place, equip("B", spaceRef=Ref("f"))) == []
    old = {tag: v for tag, v in equip("B", floorRef=Ref("f")).items() if tag != "spaceRef"}
    assert found(place, old) == []


def test_what_is_site_equip_and_point_at_once_is_an_error() -> None:
    odd = {**equip("odd"), **markers(["site", "point", "sensor"]), "equipRef": Ref("AHU-3")}
    (problem,) = (p for p in found(odd) if p.code == "many-sorts")
    assert problem.says == "odd is a site and equipment and a point at once"
    assert problem.severity == "error"


@pytest.mark.parametrize(
    ("kind", "near"), [("Nmber", "Number"), ("number", "Number"), ("Boolean", "Bool"), ("x", "Bool, ")]
)  # fmt: skip
def test_a_kind_nobody_knows_is_an_error(kind: str, near: str) -> None:
    problem = only(found(point("t", kind=kind)))
    assert (problem.code, problem.severity) == ("unknown-kind", "error")
    assert near in problem.hint


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (Number(30, "°C"), Number(10, "°C"), "minVal of t is 30 °C, above its maxVal 10 °C"),
        (Number(30), Number(10), "minVal of t is 30, above its maxVal 10"),
        (Number(10, "°C"), Number(86, "°F"), "maxVal of t is in °F, its values in °C"),
        (Number(90, "°F"), None, "minVal of t is in °F, its values in °C"),
    ],
)  # fmt: skip
def test_limits_that_contradict_are_errors(low: Number, high: Number | None, says: str) -> None:
    problem = only(found(point("t", minVal=low, maxVal=high)))
    assert (problem.code, problem.severity) == ("wrong-limit", "error")
    assert problem.says == says


def test_limits_that_agree_are_fine() -> None:
    assert found(point("t", minVal=Number(10, "°C"), maxVal=Number(10))) == []
    assert found(point("t", minVal=Number(float("nan")), maxVal=Number(10))) == []


def test_a_point_without_equipment_is_told() -> None:
    assert only(found(point("t", equipRef=None))).code == "no-equip"


def test_equipment_that_stands_nowhere_is_told() -> None:
    codes = {
        p.code for p in check(Building([SITE, {"id": Ref("p"), "dis": "P", **markers(["equip"])}]))
    }
    assert codes == {"no-site", "no-place"}
    assert only(check(Building([]))).says == "no entity is the site"


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        ("discharge air temp sensor", "kW"),
        ("discharge air temp sensor", "Δ°C"),
        ("elec active power sensor", "kWh"),
        ("elec energy sensor", "kW"),
        ("discharge air flow sensor", "Pa"),
        ("steam flow sensor", "°C"),
        ("fan speed cmd", "°F"),
    ],
)
def test_a_unit_that_contradicts_what_the_point_measures_is_an_error(names: str, unit: str) -> None:
    problem = next(p for p in found(point("t", names, unit=unit)) if p.code == "wrong-unit")
    assert problem.severity == "error"
    assert unit in problem.says


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        ("discharge air temp sensor", "°F"),
        ("discharge air temp sensor", "celsius"),
        ("discharge air flow sensor", "cfm"),
        ("return air humidity sensor", "%"),
        ("elec active power sensor", "hp"),
        ("discharge air pressure sensor", "inH₂O"),
        ("elec pf sensor", "%"),
        ("steam flow sensor", "lb/h"),
    ],
)
def test_any_unit_of_the_right_kind_is_accepted(names: str, unit: str) -> None:
    assert not [p for p in found(point("t", names, unit=unit)) if "unit" in p.code]


def test_an_unknown_unit_is_told_with_the_nearest_ones_and_a_missing_one_with_the_usual() -> None:
    unknown = only(found(point("t", unit="celsus")))
    assert (unknown.code, "°C" in unknown.hint) == ("unknown-unit", True)
    missing = only(found(point("t", unit=None)))
    assert (missing.code, "°C" in missing.hint) == ("no-unit", True)


def test_two_points_of_one_machine_with_one_name_are_told_and_those_of_two_machines_not() -> None:
    pair = (point("t1", dis="Supply temp"), point("t2", dis="supply TEMP"))
    assert "@t1, @t2" in only(found(*pair)).says
    apart = (point("t1", dis="Temp"), point("t2", dis="Temp", equipRef=Ref("B")), equip("B", "fcu"))
    assert found(*apart) == []


def test_things_inside_themselves_are_told_once_each() -> None:
    loop = [
        equip("a", spaceRef=None, equipRef=Ref("b")),
        equip("b", spaceRef=Ref("z"), equipRef=None),
        {
            "id": Ref("z"),
            "dis": "z",
            **markers(["space"]),
            "siteRef": Ref("s"),
            "equipRef": Ref("a"),
        },
        equip("self", spaceRef=None, equipRef=Ref("self")),
        equip("under", spaceRef=None, equipRef=Ref("a")),
    ]
    loops = [p for p in found(*loop) if p.code == "loop"]
    assert sorted(p.says for p in loops) == [
        "contains itself: @a in @b in @z in @a",
        "contains itself: @self in @self",
    ]


def test_a_chain_of_ten_thousand_wholes_is_followed_without_recursion() -> None:
    chain = [equip(f"e{n}", equipRef=Ref(f"e{n + 1}"), spaceRef=None) for n in range(10_000)]
    problems = found(*chain, equip("e10000"))
    assert not [p for p in problems if p.code == "loop"]


def test_a_misspelt_tag_is_told_with_the_right_one_and_tags_of_ones_own_are_only_counted() -> None:
    typo = only(found(point("t", dischage="M")))
    assert (typo.code, typo.severity, "'discharge'" in typo.hint) == (
        "unknown-tag",
        "warning",
        True,
    )
    own = only(found(point("t", zyxIdentity="7", qqMaintenanceKlass="A")))
    assert (own.severity, own.says[:6]) == ("info", "2 tags")


def test_a_tag_of_imported_definitions_is_known() -> None:
    mine = STANDARD.merged(Definitions([Def("zyxIdentity")]))
    building = Building([SITE, ROOM, equip("AHU-3"), point("t", zyxIdentity="7")])
    assert check(building, defs=mine) == []


def test_ids_that_differ_by_case_or_come_twice_are_told() -> None:
    assert only(found(point("t1"), point("T1", dis="other"))).code == "id-case"
    assert only(found(point("t1"), point("t1"))).code == "repeated-id"


def test_points_without_a_function_or_a_role_are_summarised() -> None:
    odd = found(*(point(f"p{n}", "alarm", unit=None, kind="Bool") for n in range(30)))
    assert [p.code for p in odd] == ["point-function", "no-role"]
    assert "30 of 30 points" in odd[0].says
    assert "and 25 more" in odd[1].says


def test_equipment_without_a_point_names_the_rules_that_cannot_run() -> None:
    needs = [Need(f"rule-{n}", "ahu", ("mixed-air-temp", "discharge-air-temp")) for n in range(7)]
    problem = only(found(point("t"), needs=needs))
    assert problem.says == (
        "AHU-3 has no mixed air temp: these 7 rules cannot run: "
        "rule-0, rule-1, rule-2, rule-3, rule-4 and 2 more"
    )
    assert "mixed" in problem.hint
    with pytest.raises(BadRequest):
        found(needs=[Need("broken", "ahu and", ())])


def test_a_thousand_problems_of_one_kind_are_twenty_and_a_count() -> None:
    problems = found(*(point(f"t{n}", equipRef=None) for n in range(1_000)))
    assert len(problems) == MAX_PER_CODE + 1
    assert "980 more of this kind (1000 in all)" in problems[-1].says


def test_errors_come_first() -> None:
    problems = found(point("a", unit="kW"), point("b", equipRef=None), point("c", dis="A"))
    assert [p.severity for p in problems] == sorted(
        (p.severity for p in problems), key=["error", "warning", "info"].index
    )
    assert problems[0].code == "wrong-unit"


def test_a_large_model_full_of_mistakes_is_checked_in_seconds() -> None:
    points = [
        point(f"p{n}", equipRef=Ref("gone"), **{f"tag{n % 500}x": "1"}) for n in range(20_000)
    ]
    start = time.perf_counter()
    assert found(*points)
    assert time.perf_counter() - start < 10  # 1 s on an idle machine
