"""Finding one's way through the building: by name, by place, upstream and downstream."""

from __future__ import annotations

import pytest

from ingest.demo.model import ROOMS, riverside_tower
from ontology.defs import markers
from ontology.entity import refs_of
from ontology.errors import NotFound
from ontology.graph import Building, Hop
from ontology.kinds import Ref, Tags


@pytest.fixture(scope="module")
def tower() -> Building:
    return Building(riverside_tower())


def test_every_point_of_the_tower_plays_the_role_its_id_names(tower: Building) -> None:
    wrong = [
        p.id for p in tower if p.is_point and (p.role is None or p.role.name != p.id.split(".")[1])
    ]
    assert wrong == []


def test_the_tower_has_about_three_thousand_points_and_192_rooms(tower: Building) -> None:
    assert 2_900 <= sum(e.is_point for e in tower) <= 3_100
    assert len(tower.of_kind("room")) == len(ROOMS) == 192


def test_a_name_is_found_in_any_case_and_a_wrong_one_suggests_the_nearest(tower: Building) -> None:
    assert tower.get("ch-2").id == "CH-2"
    with pytest.raises(NotFound) as missing:
        tower.get("CH-7")
    assert "CH-1" in missing.value.hint


def test_air_and_water_are_followed_upstream_from_a_room(tower: Building) -> None:
    found = {supplier.id: (medium, hops) for supplier, medium, hops in tower.upstream("room-807")}
    assert found["DOAS-1"] == ("air", 1)
    assert found["SCHWP-1"] == ("chilled-water", 1)
    assert found["CH-1"] == ("chilled-water", 2)
    assert found["CT-1"][0] == "condenser-water"


def test_what_an_air_handler_feeds_is_its_boxes_and_its_zone(tower: Building) -> None:
    fed = {entity.id for entity, medium in tower.feeds("AHU-4") if medium == "air"}
    assert fed == {f"VAV-2-{n:02d}" for n in range(1, 13)} | {"offices"}


def test_a_room_answers_with_the_points_of_its_equipment(tower: Building) -> None:
    point = tower.point("room-807", "zone-air-temp")
    assert point is not None
    assert point.id == "FCU-807.zone-air-temp"
    assert tower.point("room-807", "power") is None


def test_places_lead_from_room_to_floor_to_site(tower: Building) -> None:
    assert [e.id for e in tower.place("FCU-807")] == ["room-807", "floor-8", "riverside-tower"]
    assert len(tower.contains("floor-8")) == 12
    assert {e.id for e in tower.siblings("CH-1")} == {"CH-2", "CH-3"}


def test_the_site_tells_its_time_zone(tower: Building) -> None:
    assert tower.zone.key == "Asia/Bangkok"


def _thing(id: str, names: str, **refs: object) -> Tags:
    return {"id": Ref(id), "dis": id, **markers(names.split()), **refs}


def _told(hops: list[Hop]) -> list[str]:
    return [f"{hop.direction} {hop.medium} {hop.entity.id}".replace("  ", " ") for hop in hops]


def test_the_way_from_a_cooling_tower_to_a_box_names_the_medium_of_each_hop(
    tower: Building,
) -> None:
    assert _told(tower.path("CT-1", "VAV-2-07")) == [
        "feeds condenser-water CWP-1",
        "feeds condenser-water CH-1",
        "feeds chilled-water SCHWP-1",
        "feeds chilled-water AHU-4",
        "feeds air VAV-2-07",
    ]
    assert _told(tower.path("VAV-2-07", "AHU-4")) == ["fed by air AHU-4"]


def test_a_chiller_is_joined_to_the_main_meter_through_its_submeters(tower: Building) -> None:
    assert _told(tower.path("CH-1", "meter-main")) == [
        "fed by electricity meter-CH-1",
        "fed by electricity meter-plant",
        "fed by electricity meter-main",
    ]


def test_where_nothing_flows_the_way_leads_through_the_place(tower: Building) -> None:
    assert _told(tower.path("IAQ-807", "FCU-807")) == ["in room-807", "contains FCU-807"]
    assert _told(tower.path("CH-1", "CH-1.power")) == ["contains CH-1.power"]
    assert tower.path("CH-1", "CH-1") == []


def test_steam_gas_and_hot_water_are_followed_and_so_are_the_refs_of_haystack_3() -> None:
    plant = Building(
        [
            _thing("gas-main", "equip naturalGas flow meter"),
            _thing("boiler", "equip boiler steam", naturalGasRef=Ref("gas-main")),
            _thing("hx", "equip heatExchanger", steamRef=Ref("boiler")),
            _thing("ahu", "equip ahu", hotWaterRef=[Ref("hx"), Ref("nowhere")]),
            _thing("vav", "equip vav", ahuRef=Ref("ahu"), airRef=Ref("ahu")),
            _thing("island", "equip tank"),
        ]
    )
    assert _told(plant.path("vav", "gas-main")) == [
        "fed by air ahu",
        "fed by hot-water hx",
        "fed by steam boiler",
        "fed by gas gas-main",
    ]
    assert [(e.id, m) for e, m in plant.feeds("ahu")] == [("vav", "air")]
    assert [(e.id, hops) for e, _, hops in plant.downstream("boiler")] == [
        ("hx", 1), ("ahu", 2), ("vav", 3),
    ]  # fmt: skip
    assert plant.path("vav", "island") == []


def test_loops_of_refs_end() -> None:
    ring = Building(
        [
            _thing("a", "equip", equipRef=Ref("b"), airRef=Ref("b")),
            _thing("b", "equip", equipRef=Ref("a"), airRef=Ref("a")),
            _thing("odd", "equip space", spaceRef=Ref("odd")),
            _thing("t", "point temp sensor", equipRef=Ref("odd"), spaceRef=Ref("odd")),
        ]
    )
    assert [e.id for e in ring.place("a")] == ["b"]
    assert {e.id for e, _, _ in ring.upstream("a")} == {"b"}
    assert _told(ring.path("a", "b")) == ["feeds air b"]
    assert [p.id for p in ring.points("odd")] == ["t"]


def test_nothing_is_in_itself_or_feeds_itself() -> None:
    ring = Building(
        [
            _thing("a", "equip", equipRef=Ref("a"), spaceRef=Ref("b"), airRef=[Ref("a"), Ref("b")]),
            _thing("b", "space", spaceRef=Ref("a"), siteRef=Ref("s"), airRef=Ref("a")),
            _thing("s", "site", siteRef=Ref("s")),
        ]
    )
    for id in ("a", "b", "s"):
        near = [*ring.place(id), *ring.contains(id), *ring.equips_in(id), *ring.siblings(id)]
        direct = [*ring.feeds(id), *ring.fed_by(id)]
        followed = [*ring.upstream(id), *ring.downstream(id)]
        assert id not in {e.id for e in near}
        assert id not in {e.id for e, _ in direct} | {e.id for e, _, _ in followed}
    assert [e.id for e in ring.place("a")] == ["b", "s"]
    assert [e.id for e in ring.contains("b")] == ["a"]


def test_the_floors_and_rooms_of_older_servers_are_places() -> None:
    tower = Building(
        [
            _thing("s", "site"),
            _thing("f4", "floor", siteRef=Ref("s")),
            _thing("r", "room", floorRef=Ref("f4"), siteRef=Ref("s")),
            _thing("ahu", "ahu equip", floorRef=Ref("f4"), siteRef=Ref("s")),
            _thing("vav", "vav equip", roomRef=Ref("r"), floorRef=Ref("f4"), siteRef=Ref("s")),
            _thing("t", "point temp sensor", equipRef=Ref("ahu"), siteRef=Ref("s")),
            _thing("lost", "vav equip", roomRef=Ref("gone"), siteRef=Ref("s")),
        ]
    )
    assert [e.id for e in tower.place("vav")] == ["r", "f4", "s"]
    assert [e.id for e in tower.place("t")] == ["ahu", "f4", "s"]
    assert [e.id for e in tower.place("lost")] == ["s"]
    assert {e.id for e in tower.contains("f4")} == {"r", "ahu"}
    assert [e.id for e in tower.contains("r")] == ["vav"]
    assert [e.id for e in tower.contains("s")] == ["f4"]
    assert [e.id for e in tower.equips_in("f4")] == ["ahu"]
    assert [p.id for p in tower.points("f4")] == ["t"]
    assert tower.get("f4").kind == "floor"
    assert _told(tower.path("ahu", "r")) == ["in f4", "contains r"]


def test_refs_of_an_entity_are_those_that_lead_to_others() -> None:
    tags = _thing(
        "a", "equip", siteRef=Ref("s"), airRef=[Ref("b"), Ref("c")], spec=Ref("ph.equips::Ahu"), of=Ref("ph::Vav")
    )  # fmt: skip
    assert list(refs_of(tags)) == [
        ("siteRef", Ref("s")),
        ("airRef", Ref("b")),
        ("airRef", Ref("c")),
    ]


def test_an_id_that_comes_twice_is_told_and_the_later_one_counts() -> None:
    twice = Building([_thing("x", "equip ahu"), _thing("x", "equip vav"), _thing("y", "equip")])
    assert twice.repeated_ids == ("x",)
    assert twice.get("x").kind == "vav"
