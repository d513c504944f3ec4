"""Files that bring a model, by their endings; and what a source would change."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.model import riverside_tower
from ingest.exchange.changes import changes
from ingest.exchange.files import FORMATS, is_grid_csv, read_entities, read_source, write_entities
from ingest.exchange.source import dangling, source_of
from ontology.errors import BadRequest, Corrupt, NotFound, Unavailable
from ontology.kinds import MARKER, REMOVE, Number, Ref
from ontology.store.memory_records import MemoryRecords

SAMPLES = Path(__file__).parent / "samples"


def ahu(id: str = "ahu-1", **tags: Any) -> dict[str, Any]:
    return {"id": Ref(id), "equip": MARKER, "ahu": MARKER, **tags}


@pytest.mark.parametrize("format", FORMATS)
def test_a_tower_written_is_the_tower_read(tmp_path: Path, format: str) -> None:
    tower = riverside_tower()[:900]
    write_entities(tmp_path / f"tower.{format}", tower)
    back = list(read_entities(tmp_path / f"tower.{format}"))
    if (
        format == "csv"
    ):  # CSV keeps no types of texts that look like values; ids and markers it does
        assert [e["id"] for e in back] == [e["id"] for e in tower]
        assert [{t for t in e if e[t] is MARKER} for e in back] == [
            {t for t in e if e[t] is MARKER} for e in tower
        ]
    else:
        assert back == tower


def test_a_file_that_cannot_be_written_says_which_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no folder .*nodir"):
        write_entities(tmp_path / "nodir" / "o.zinc", [ahu()])
    (tmp_path / "taken.zinc").mkdir()
    with pytest.raises(BadRequest, match=r"taken\.zinc is a folder"):
        write_entities(tmp_path / "taken.zinc", [ahu()])
    with pytest.raises(Unavailable, match="cannot be written: File name too long"):
        write_entities(tmp_path / f"{'x' * 300}.zinc", [ahu()])
    assert [path.name for path in tmp_path.iterdir()] == ["taken.zinc"]


def test_a_file_of_haystack_3_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(
        '{"meta":{"ver":"3.0"},"cols":[{"name":"id"},{"name":"ahu"}],"rows":[{"id":"r:a AHU","ahu":"m:"}]}'
    )
    assert list(read_entities(path)) == [{"id": Ref("a"), "ahu": MARKER}]


@pytest.mark.parametrize(
    ("text", "grid"),
    [("id,dis\n@a,AHU\n", True), ('"id","dis"\n"@a AHU, big","x"\n', True), ("id,name\n17,SAT\n", False),
     ("name,unit\nSAT,C\n", False), ("id\n", False), ("", False)],
)  # fmt: skip
def test_a_grid_and_a_point_list_are_told_apart(tmp_path: Path, text: str, grid: bool) -> None:
    path = tmp_path / "model.csv"
    path.write_text(text)
    assert is_grid_csv(path) is grid


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["points.csv", "points.txt", "points.tsv"])
def test_what_a_spreadsheet_calls_unicode_text_is_a_point_list(
    tmp_path: Path, encoding: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes("Name\tUnit\tEquip\nZuluft Küche\t°C\tAHU-1\n".encode(encoding))
    assert [tags["id"] for tags in read_source(path).entities] == [
        Ref("AHU-1"),
        Ref("Zuluft-Kueche"),
    ]


@pytest.mark.parametrize("format", ["zinc", "trio", "json", "csv"])
def test_values_of_the_moment_stay_in_the_file(tmp_path: Path, format: str) -> None:
    point = {
        "id": Ref("sat"),
        "point": MARKER,
        "curVal": Number(21.5, "°C"),
        "writeLevel": Number(8),
    }
    write_entities(tmp_path / f"t.{format}", [point, ahu()])
    source = read_source(tmp_path / f"t.{format}")
    assert source.entities == ({"id": Ref("sat"), "point": MARKER}, ahu())
    assert [note.says for note in source.notes] == [
        "curVal of 1 left out", "writeLevel of 1 left out",
    ]  # fmt: skip


def test_a_brick_model_and_a_point_list_come_in_by_their_endings() -> None:
    assert any("ahu" in e for e in read_entities(SAMPLES / "lakeside.ttl"))
    assert any("pointName" in e for e in read_entities(SAMPLES / "points.csv"))


def test_every_id_that_stands_twice_is_named_with_its_places() -> None:
    with pytest.raises(
        Corrupt, match=r"tower\.zinc: the same id twice: @a is entity 1 and 3"
    ) as caught:
        source_of([ahu("a"), ahu("b"), ahu("a")], "tower.zinc")
    assert "nothing was changed" in caught.value.hint


def test_an_entity_without_an_id_is_named_by_its_number() -> None:
    with pytest.raises(Corrupt, match="entity 2: wanted an id, found the tags equip"):
        source_of([ahu(), {"equip": MARKER}], "tower.zinc")


def test_a_ref_that_leads_nowhere_is_told_once_with_one_who_holds_it() -> None:
    notes = dangling([ahu("a", siteRef=Ref("s")), ahu("b", siteRef=Ref("s"))])
    assert [(note.place, note.says) for note in notes] == [
        ("@a and 1 more", "siteRef names @s, which is not there")
    ]
    assert dangling([ahu("a", siteRef=Ref("s"))], ["s"]) == []


@pytest.mark.parametrize(
    ("name", "error"), [("none.zinc", NotFound), ("model.docx", BadRequest), (".", BadRequest)]
)
def test_what_is_no_model_is_refused(tmp_path: Path, name: str, error: type[Exception]) -> None:
    (tmp_path / "model.docx").write_text("x")
    with pytest.raises(error):
        read_source(tmp_path / name)


def test_half_a_file_names_its_line(tmp_path: Path) -> None:
    write_entities(tmp_path / "t.zinc", [ahu("a", dis="A"), ahu("b", dis="B")])
    text = (tmp_path / "t.zinc").read_text()
    (tmp_path / "t.zinc").write_text(text[: text.rindex('"')])
    with pytest.raises(Corrupt, match=r"t\.zinc: line 4, column "):
        read_source(tmp_path / "t.zinc")


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "t.zinc"
    path.write_text("old")
    with pytest.raises(Corrupt):
        write_entities(path, [{"id": Ref("a"), "odd": object()}])
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["t.zinc"]


def test_a_brick_model_without_its_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "rdflib", None)
    monkeypatch.delitem(sys.modules, "ingest.exchange.brick", raising=False)
    with pytest.raises(Unavailable, match="Brick models needs rdflib") as caught:
        read_source(SAMPLES / "lakeside.ttl")
    assert "plantroom[brick]" in caught.value.hint


def test_nobody_writes_turtle(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="cannot write ttl"):
        write_entities(tmp_path / "t.ttl", [ahu()])


def test_merging_adds_and_overwrites_and_takes_nothing_away() -> None:
    found = changes(
        [ahu(a=Number(1), b=Number(2)), ahu("x")], [ahu(a=Number(3)), ahu("new")], replace=False
    )
    assert (found.added, found.changed, found.removed, found.same) == (("new",), ("ahu-1",), (), 0)
    assert found.diffs[Ref("ahu-1")] == {"a": Number(3)}


def test_replacing_leaves_exactly_the_source() -> None:
    found = changes([ahu(b=Number(2)), ahu("x")], [ahu()], replace=True)
    assert found.diffs == {Ref("ahu-1"): {"b": REMOVE}, Ref("x"): None}


_models = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]),
    st.dictionaries(st.sampled_from(["dis", "area", "list"]),
                    st.one_of(st.text(max_size=3), st.builds(Number, st.integers(0, 3)),
                              st.lists(st.builds(Ref, st.sampled_from("ab")), max_size=2))),
).map(lambda found: [{"id": Ref(id), **tags} for id, tags in found.items()])  # fmt: skip


@given(stored=_models, source=_models)
async def test_a_replaced_store_holds_the_source_and_changes_no_more(
    stored: Any, source: Any
) -> None:
    records = MemoryRecords(stored)
    await records.commit(changes(stored, source, replace=True).diffs)
    after = [dict(e.tags) for e in await records.read("id")]
    assert {e["id"].id: e for e in after} == {e["id"].id: e for e in source}
    assert changes(after, source, replace=True).diffs == {}
