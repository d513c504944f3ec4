"""A Brick model of a clinic, read as the clinic's engineers would tag it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.exchange.brick import read_brick
from ingest.exchange.brick_terms import EQUIPS, SPACES, SYSTEMS, meaning_of, water_sides
from ingest.exchange.source import Source
from ontology.definitions import STANDARD
from ontology.defs import role_of
from ontology.errors import BadRequest, Corrupt
from ontology.graph import Building
from ontology.kinds import MARKER, Ref

SAMPLE = Path(__file__).parent / "samples" / "lakeside.ttl"
ROOT = Path(__file__).parents[3]
HEAD = "@prefix brick: <https://brickschema.org/schema/Brick#> .\n@prefix b: <urn:b#> .\n"


@pytest.fixture(scope="module")
def clinic() -> Source:
    return read_brick(SAMPLE)


@pytest.fixture(scope="module")
def tags(clinic: Source) -> Mapping[str, Mapping[str, Any]]:
    return {entity["id"].id: entity for entity in clinic.entities}


def marks(tags: Mapping[str, Any]) -> set[str]:
    return {tag for tag, value in tags.items() if value is MARKER}


def turtle(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "model.ttl"
    path.write_text(HEAD + body)
    return path


@pytest.mark.parametrize(
    ("id", "wanted"),
    [
        ("AHU-1", {"equip", "ahu"}),
        ("AHU-1.sf", {"equip", "fan", "discharge"}),
        ("VAV-OT", {"equip", "vav"}),
        ("lakeside", {"site"}),
        ("floor-1", {"space", "floor"}),
        ("room-102", {"space", "room"}),
        ("zone-1", {"space", "zone", "hvacZone"}),
        ("meter-1", {"equip", "meter", "elec"}),
    ],
)
def test_a_class_becomes_its_markers(
    tags: Mapping[str, Mapping[str, Any]], id: str, wanted: set[str]
) -> None:
    assert marks(tags[id]) == wanted


@pytest.mark.parametrize(
    ("point", "role"),
    [
        ("AHU-1.sat", "discharge-air-temp"),
        ("AHU-1.fan", "fan-run"),
        ("zone-1.temp", "zone-air-temp"),
        ("zone-1.sp", "zone-air-temp-sp"),
        ("CH-1.chwst", "chilled-water-leaving-temp"),
        ("CH-1.cwst", "condenser-water-entering-temp"),
        ("CT-1.cwst", "condenser-water-leaving-temp"),
    ],
)
def test_a_point_plays_the_role_that_rules_ask_for(
    tags: Mapping[str, Mapping[str, Any]], point: str, role: str
) -> None:
    found = role_of(tags[point])
    assert found is not None
    assert found.name == role


def test_supply_water_enters_the_coil_that_uses_it(tags: Mapping[str, Mapping[str, Any]]) -> None:
    assert {"entering", "chilled", "water"} <= marks(tags["AHU-1.chwst"])


def test_relations_become_refs_that_the_graph_follows(clinic: Source) -> None:
    building = Building(clinic.entities)
    assert [(s.id, medium) for s, medium, _ in building.upstream("zone-1")] == [
        ("VAV-101", "air"), ("AHU-1", "air"), ("CH-1", "chilled-water"), ("CT-1", "condenser-water"),
    ]  # fmt: skip
    assert [place.id for place in building.place("room-101")] == ["floor-1", "lakeside"]
    assert building.get("meter-1")["meterOf"] == Ref("CH-1")
    assert building.get("AHU-1.sf")["equipRef"] == Ref("AHU-1")


def test_everything_stands_in_the_only_building(clinic: Source) -> None:
    assert {e["siteRef"].id for e in clinic.entities if "site" not in e} == {"lakeside"}


def test_unit_history_and_field_device_of_a_point_are_kept(
    tags: Mapping[str, Mapping[str, Any]],
) -> None:
    sat = tags["AHU-1.sat"]
    assert (sat["unit"], sat["kind"]) == ("°C", "Number")
    assert (sat["timeseriesId"], sat["bacnetObject"]) == ("ts-17", "analog-input,3")
    assert sat["bacnetDeviceId"] == "device-12"
    assert sat["his"] is MARKER


@pytest.mark.parametrize(
    "said", ["Quux", "frobnication", "hasWarranty", "FURLONG", "@zone-1 is left out"]
)
def test_what_was_not_understood_is_listed(clinic: Source, said: str) -> None:
    assert [note for note in clinic.notes if said in note.place + note.says]


def test_a_point_of_a_class_nobody_knows_keeps_what_its_words_say(
    tags: Mapping[str, Mapping[str, Any]],
) -> None:
    assert marks(tags["AHU-1.odd"]) == {"point", "air", "temp", "sensor"}


def test_a_relation_to_something_missing_is_told(tmp_path: Path) -> None:
    found = read_brick(turtle(tmp_path, "b:a a brick:AHU ; brick:feeds b:ghost ."))
    assert [note.says for note in found.notes] == ["feeds ghost: ghost is not in the model"]


def test_two_things_with_one_local_name_get_refs_of_their_own(tmp_path: Path) -> None:
    body = "@prefix c: <urn:c#> .\nb:AHU a brick:AHU . c:AHU a brick:AHU ."
    found = read_brick(turtle(tmp_path, body))
    assert [e["id"].id for e in found.entities] == ["AHU", "AHU-2"]
    assert len(found.notes) == 1


def test_a_campus_site_is_no_second_site(tmp_path: Path) -> None:
    body = "b:campus a brick:Site ; brick:hasPart b:one . b:one a brick:Building ."
    found = read_brick(turtle(tmp_path, body))
    assert [e["id"].id for e in found.entities] == ["one"]
    assert "campus" in found.notes[0].place


def test_subclasses_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    body = (
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        "b:A rdfs:subClassOf b:B . b:B rdfs:subClassOf b:A . b:x a b:A . b:y a brick:Pump ."
    )
    assert [e["id"].id for e in read_brick(turtle(tmp_path, body)).entities] == ["y"]


def test_broken_turtle_names_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match=r"model\.ttl line 4, column \d+: "):
        read_brick(turtle(tmp_path, "b:a a brick:AHU .\nb:b a brick:AHU ; ; nonsense nonsense"))


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "b:a a " + "(" * 50_000, "b:a a brick:AHU", "\x00", "@prefix", '"""'],
    ids=["brackets", "lists", "no dot", "NUL", "half a prefix", "open text"],
)  # fmt: skip
def test_hostile_turtle_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(Corrupt):
        read_brick(turtle(tmp_path, body))


def test_a_value_in_a_model_is_no_present_value(clinic: Source) -> None:
    assert not any("curVal" in entity for entity in clinic.entities)
    assert [note.says for note in clinic.notes if "curVal" in note.says] == ["curVal of 1 left out"]


REC = "@prefix rec: <https://w3id.org/rec#> .\n"


def test_a_building_of_realestatecore_is_read_like_one_of_brick(tmp_path: Path) -> None:
    body = """
        b:campus a rec:Site ; rec:hasPart b:hq . b:hq a rec:Building ; rec:hasPart b:L2 .
        b:L2 a rec:Level . b:r201 a rec:Room ; rec:isPartOf b:L2 . b:z a rec:HVACZone ; rec:isPartOf b:L2 .
        b:ahu a brick:AHU ; rec:locatedIn b:r201 . b:t a brick:Zone_Air_Temperature_Sensor ; rec:isPointOf b:ahu ."""
    found = {e["id"].id: e for e in read_brick(turtle(tmp_path, REC + body)).entities}
    assert {id: marks(e) for id, e in found.items() if id not in ("ahu", "t")} == {
        "hq": {"site"}, "L2": {"space", "floor"}, "r201": {"space", "room"}, "z": {"space", "zone", "hvacZone"},
    }  # fmt: skip
    assert (found["ahu"]["spaceRef"], found["r201"]["spaceRef"]) == (Ref("r201"), Ref("L2"))
    assert (found["t"]["equipRef"], found["t"]["siteRef"]) == (Ref("ahu"), Ref("hq"))


def test_a_model_of_realestatecore_alone_has_its_site(tmp_path: Path) -> None:
    found = read_brick(
        turtle(tmp_path, REC + "b:s a rec:Site . b:r a rec:Room ; rec:locatedIn b:s .")
    )
    assert [e.get("siteRef") for e in found.entities] == [Ref("s"), None]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("b:g a brick:Quux ; brick:hasWarranty 'x' ; b:odd 1 .", {"brick:Quux", "brick:hasWarranty", "b:odd"}),
        ("b:a a brick:AHU , <urn:other#Fan> ; <urn:other#likes> b:a .", {"urn:other#Fan", "urn:other#likes"}),
        ("b:a a brick:AHU ; brick:hasTag b:t ; brick:value 3 .", {"brick:hasTag", "brick:value"}),
        ("b:x brick:hasUnit b:y ; rec:area 12 .", {"brick:hasUnit", "rec:area"}),
        ("b:a a brick:AHU ; brick:hasPoint b:p . b:p a b:Thing .", {"b:Thing"}),
        ("b:a a brick:AHU ; brick:hasPart [ a brick:Fan ] .", {"brick:Fan", "a"}),
        ("b:r a rec:Campus .", {"rec:Campus"}),
    ],
    ids=["subject without a class", "no prefix", "no point", "no class", "only pointed at", "no name", "rec"],
)  # fmt: skip
def test_every_class_and_predicate_left_out_is_named(
    tmp_path: Path, body: str, named: set[str]
) -> None:
    notes = read_brick(turtle(tmp_path, REC + body)).notes
    assert {note.place.removeprefix("model.ttl: ") for note in notes} == named


def test_notes_stand_in_the_same_order_whatever_order_the_graph_has() -> None:
    code = f"from pathlib import Path; from ingest.exchange.brick import read_brick; print(read_brick(Path({str(SAMPLE)!r})))"
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT, capture_output=True, check=True, timeout=60,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1] != b""


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("b:b", "line 4: the text ends within a statement"),
        ("b:b a", "line 4: the text ends within a statement"),
        ("b:b a brick:AHU", "line 4: the text ends within a statement"),
        ("b:b a <urn", "line 4: an IRI begins with < and has no >"),
        ('b:b a brick:AHU ; b:c "half', "line 4: a text has no closing quote"),
    ],
)
def test_half_a_model_is_refused_with_its_line(tmp_path: Path, end: str, says: str) -> None:
    with pytest.raises(Corrupt) as caught:
        read_brick(turtle(tmp_path, f"b:a a brick:AHU .\n{end}"))
    assert str(caught.value) == f"model.ttl {says}"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_model_saved_as_unicode_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "model.ttl"
    path.write_bytes((HEAD + "b:Lüftung a brick:AHU .").encode(encoding))
    assert [e["id"] for e in read_brick(path).entities] == [Ref("Lueftung")]


def test_a_name_of_its_own_comes_from_where_the_model_lies_not(tmp_path: Path) -> None:
    found = read_brick(turtle(tmp_path, "<AHU-9> a brick:AHU ."))
    assert [str(e["uri"].uri) for e in found.entities] == ["file:///AHU-9"]


def test_a_file_in_another_encoding_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "model.ttl"
    path.write_bytes((HEAD + 'b:a a brick:AHU ; b:x "Küche" .').encode("latin-1"))
    with pytest.raises(Corrupt, match="UTF-8 text at byte"):
        read_brick(path)


def test_a_file_beyond_the_bound_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.exchange.brick.MAX_TURTLE", 10)
    with pytest.raises(BadRequest, match="MB, at most"):
        read_brick(turtle(tmp_path, "b:a a brick:AHU ."))


def test_an_ontology_named_by_the_model_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_args: object, **_more: object) -> None:
        raise AssertionError("the reader opened a connection")

    monkeypatch.setattr("socket.socket.connect", no_network)
    body = "<urn:m> a <http://www.w3.org/2002/07/owl#Ontology> ; <http://www.w3.org/2002/07/owl#imports> <http://127.0.0.1:9/Brick.ttl> ."
    assert read_brick(turtle(tmp_path, body)).entities == ()


@pytest.mark.parametrize("name", [*EQUIPS, *SPACES, *SYSTEMS])
def test_every_row_of_the_tables_is_read_as_it_stands(name: str) -> None:
    found = meaning_of(name)
    assert found is not None
    assert found.unknown == ()


@pytest.mark.parametrize("name", [*EQUIPS, *SPACES, *SYSTEMS])
def test_every_marker_of_a_class_is_one_that_the_definitions_know(name: str) -> None:
    found = meaning_of(name)
    assert found is not None
    assert set(found.tags) <= STANDARD.tags


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_class_name_is_read_or_said_to_be_unknown(name: str) -> None:
    found = meaning_of(name)
    assert found is None or all(tag and tag[0].islower() and " " not in tag for tag in found.tags)


@given(st.sets(st.sampled_from(["ahu", "chiller", "coolingTower", "boiler"])))
def test_air_has_no_sides(owner: set[str]) -> None:
    tags = ("discharge", "air", "temp", "sensor")
    assert water_sides(tags, owner) == tags
