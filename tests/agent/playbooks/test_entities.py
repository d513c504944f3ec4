"""Any spelling of an id links to its equipment; what is not there is never linked to something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.playbooks.entities import Linked, Linker
from agent.playbooks.normalise import read_text
from ingest.demo.model import riverside_tower
from ontology.graph import Building

BUILDING = Building(riverside_tower())
LINKER = Linker(BUILDING)
IDS = [e.id for e in BUILDING if not e.is_point and "site" not in e and e.id != "weather"]


def link(text: str) -> Linked:
    return LINKER.link(read_text(text).plain)


SPELLINGS = [
    lambda name: name,
    lambda name: name.lower(),
    lambda name: name.upper(),
    lambda name: name.replace("-", " "),
    lambda name: name.replace("-", "_"),
    lambda name: name.lower().replace("-", "", 1),
    lambda name: f"what is {name.lower()} doing",
    lambda name: f"({name})?",
]


@given(id=st.sampled_from(IDS), spell=st.sampled_from(SPELLINGS))
def test_every_id_links_to_itself_in_any_spelling(id: str, spell: object) -> None:
    assert callable(spell)
    text = spell(id)
    if "-" in id and id.lower().replace("-", "", 1) == text and not id[id.index("-") + 1].isdigit():
        return  # two words run together ("metermain") are no spelling anybody uses
    assert link(text).ids == (id,)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("chiller 3", "CH-3"), ("chiler three", "CH-3"), ("CH-02", "CH-2"), ("ch2", "CH-2"), ("no. 1 chiller", "CH-1"),
        ("the 2nd chiller", "CH-2"), ("ch 1 and 2", "CH-1 CH-2"), ("chillers 1-3", "CH-1 CH-2 CH-3"),
        ("ahu 3 restaurant", "AHU-3"), ("restaurant ahu", "AHU-3"), ("the AHU serving the lobby", "AHU-1"),
        ("cwp3", "CWP-3"), ("condenser pump 3", "CWP-3"), ("sec pump 1", "SCHWP-1"), ("chw pump 2", "CHWP-2"),
        ("primary pump 2", "CHWP-2"), ("PAU 1", "DOAS-1"), ("tower 1", "CT-1"), ("cooling twr 2", "CT-2"),
        ("vav 2-7", "VAV-2-07"), ("vav 2 07", "VAV-2-07"), ("vav207", "VAV-2-07"), ("2-07", "VAV-2-07"),
        ("room 807", "room-807"), ("rm807", "room-807"), ("807", "room-807"), ("ห้อง 807", "room-807"),
        ("ห้อง๘๐๗", "room-807"), ("fcu 807", "FCU-807"), ("807 fcu", "FCU-807"), ("the fcu in room 807", "FCU-807"),
        ("floor 8", "floor-8"), ("8th floor", "floor-8"), ("L8", "floor-8"), ("8/F", "floor-8"), ("ชั้น 8", "floor-8"),
        ("level eight", "floor-8"), ("rooms 805, 806 and 807", "room-805 room-806 room-807"),
        ("main meter", "meter-main"), ("ch-2 meter", "meter-CH-2"), ("the plant", "CHW-PLANT"),
        ("the lobby", "lobby"), ("ล็อบบี้", "lobby"), ("resturant", "restaurant"), ("ชิลเลอร์ 2", "CH-2"),
        ("ปั๊มคอนเดนเซอร์ 3", "CWP-3"), ("คูลลิ่งทาวเวอร์ 1", "CT-1"), ("lobby iaq 1", "IAQ-lobby-1"),
    ],
)  # fmt: skip
def test_what_technicians_call_it_is_linked(text: str, ids: str) -> None:
    assert link(text).ids == tuple(ids.split())


@pytest.mark.parametrize(
    "text",
    [
        "24 degrees",
        "above 900 ppm",
        "at 14:00",
        "20 Nov",
        "at 11:05",
        "set to 807 kw",
        "12.5",
        "E12",
        "1203 kw",
        "2026-11-12",
    ],
)
def test_values_times_and_dates_are_not_rooms(text: str) -> None:
    assert link(text).ids == ()


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("chiller 7", "CH-"),
        ("room 2313", "room-"),
        ("AHU-9", "AHU-"),
        ("vav 2-15", "VAV-2-"),
        ("floor 25", "floor-"),
    ],
)
def test_unknown_equipment_has_nearest_candidates_of_its_kind(text: str, near: str) -> None:
    found = link(text)
    assert found.ids == ()
    (unknown,) = found.of("unknown")
    candidates = LINKER.nearest(unknown)
    assert candidates
    assert all(id.startswith(near) for id in candidates)


def test_pump_3_could_be_two_pumps() -> None:
    (several,) = link("pump 3").of("several")
    assert several.ids == ("CHWP-3", "CWP-3")


def test_another_building_brings_its_own_names() -> None:
    small = Building(
        [
            {**riverside_tower()[0]},
            *({**tags} for tags in riverside_tower() if tags["id"].id in {"CH-1", "CT-2"}),
        ]
    )
    linker = Linker(small)
    assert linker.link("ch-1 and ct-2").ids == ("CH-1", "CT-2")
    assert linker.link("ch-2").ids == ()
