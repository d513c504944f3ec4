"""A second point list in a building that has points already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingest.exchange.changes import changes
from ingest.exchange.settle import settled
from ingest.exchange.source import Source
from ingest.exchange.tables import read_point_list
from ontology.kinds import MARKER, Ref, Tags

SITES: tuple[Tags, ...] = (
    {"id": Ref("east"), "dis": "East", "site": MARKER},
    {"id": Ref("west"), "dis": "West", "site": MARKER},
)


def listed(tmp_path: Path, text: str) -> Source:
    path = tmp_path / "points.csv"
    path.write_text(text)
    return read_point_list(path)


def ids(source: Source) -> list[str]:
    return [tags["id"].id for tags in source.entities]


def point(id: str, **tags: Any) -> Tags:
    return {"id": Ref(id), "point": MARKER, "siteRef": Ref("east"), **tags}


def test_a_point_that_is_in_the_home_gets_no_second_copy(tmp_path: Path) -> None:
    stored = listed(tmp_path, "name,equip\nSAT,AHU-1\n").entities
    again = settled(listed(tmp_path, "name,equip,unit\nSAT,AHU-1,°C\nSAT,AHU-2,°C\n"), stored)
    assert ids(again) == ["AHU-1", "AHU-2", "SAT", "AHU-2.SAT"]
    assert changes(stored, again.entities, replace=False).added == ("AHU-2", "AHU-2.SAT")
    assert [(note.place, note.says) for note in again.notes][-1] == (
        "@AHU-1.SAT", "is in the home already, as @SAT: it keeps that id",
    )  # fmt: skip


def test_a_renamed_point_is_known_by_its_device_and_object(tmp_path: Path) -> None:
    stored = [point("p1", pointName="old", bacnetDeviceId="DDC-1", bacnetObject="analog-input,3")]
    text = "name,device,object id\nnew,DDC-1,AI:3\nother,DDC-2,AI:3\n"
    assert ids(settled(listed(tmp_path, text), stored)) == ["p1", "other"]


def test_refs_to_a_known_point_follow_it() -> None:
    source = Source((
        point("a.SAT", pointName="SAT", equipRef=Ref("a")),
        {"id": Ref("x"), "inputRefs": [Ref("a.SAT"), Ref("b")]},
    ))  # fmt: skip
    found = settled(source, [point("SAT", pointName="SAT", equipRef=Ref("a"))])
    assert found.entities[1]["inputRefs"] == [Ref("SAT"), Ref("b")]


@pytest.mark.parametrize(
    "stored",
    [
        [point("p", pointName="SAT")],
        [point("p", pointName="SAT", equipRef=Ref("AHU-9"))],
        [point("p", pointName="SAT", equipRef=Ref("AHU-1")), point("q", pointName="SAT", equipRef=Ref("AHU-1"))],
        [point("RAT", pointName="SAT", equipRef=Ref("AHU-1"))],
    ],
    ids=["no equipment", "another's", "two of them", "an id that the list uses otherwise"],
)  # fmt: skip
def test_a_point_that_may_be_another_is_not_taken_for_it(
    tmp_path: Path, stored: list[Tags]
) -> None:
    source = listed(tmp_path, "name,equip\nSAT,AHU-1\nRAT,AHU-1\n")
    assert ids(settled(source, stored)) == ["AHU-1", "SAT", "RAT"]


def test_points_between_two_sites_are_told_with_the_names_to_choose(tmp_path: Path) -> None:
    found = settled(listed(tmp_path, "name,equip\nSAT,AHU-1\n"), SITES)
    assert [note.to_json() for note in found.notes] == [{
        "place": "@AHU-1 and 1 more", "says": "without a site, and there are several",
        "hint": "name it with --site: East, West",
    }]  # fmt: skip


@pytest.mark.parametrize(
    "stored", [(), SITES[:1], (*SITES, point("SAT"))], ids=["no site", "one", "placed"]
)
def test_nothing_is_told_where_one_site_is_meant(tmp_path: Path, stored: tuple[Tags, ...]) -> None:
    assert settled(listed(tmp_path, "name\nSAT\n"), stored).notes == ()


@pytest.mark.parametrize(
    ("site", "wanted", "new"),
    [("West", "west", []), ("west", "west", []), ("Nörd", "Noerd", ["Noerd"])],
)
def test_a_list_belongs_to_the_site_it_is_given(
    tmp_path: Path, site: str, wanted: str, new: list[str]
) -> None:
    found = settled(listed(tmp_path, "name\nSAT\n"), SITES, site=site)
    assert ids(found) == [*new, "SAT"]
    assert found.entities[-1]["siteRef"] == Ref(wanted)


def test_a_new_site_never_becomes_a_machine_of_its_name(tmp_path: Path) -> None:
    stored = [point("AHU-1-2", equip=MARKER)]
    found = settled(listed(tmp_path, "name,equip\nSAT,AHU-1\n"), stored, site="AHU-1")
    assert ids(found) == ["AHU-1-3", "AHU-1", "SAT"]


def test_a_source_with_sites_gets_no_empty_one(tmp_path: Path) -> None:
    source = Source((SITES[0], point("a")))
    found = settled(source, (), site="Other")
    assert found.entities == source.entities
    assert [note.says for note in found.notes] == [
        "was not needed: every entity has a site already"
    ]
