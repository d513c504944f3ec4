"""Finding one's way through the building: by name, by place, upstream and downstream."""

from __future__ import annotations

import pytest

from ingest.demo.model import ROOMS, riverside_tower
from ontology.errors import NotFound
from ontology.graph import Building


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
