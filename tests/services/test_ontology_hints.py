"""What the command line says to somebody who is stuck: names, units, kinds, files and folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ingest.demo.model import riverside_tower
from ingest.exchange.files import read_entities, write_entities
from ontology.errors import Conflict
from ontology.index.columns import Columns
from ontology.kinds import MARKER, Ref, Tags
from ontology.store.sql_records import SqlRecords
from services import cli
from tests.services.told import Run


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    """A site in m², an AHU in the cold, and values of every kind."""
    path = tmp_path / "tower.trio"
    path.write_text("""id: @tower
dis: "The Tower"
site
area: 38000m²
---
id: @ahu-1
dis: "AHU 1"
equip
ahu
siteRef: @tower
setup: {stages: 2 note: "a b"}
modes: ["heat", "cool"]
---
id: @ahu-2
dis: "AHU 2"
equip
ahu
siteRef: @tower
---
id: @ahu-1.temp
dis: "Twin"
point
temp
sensor
unit: "°F"
minVal: 50°F
maxVal: 90°F
hisStart: 2026-01-01T00:00:00Z UTC
enabled: F
equipRef: @ahu-1
siteRef: @tower
---
id: @ahu-2.temp
dis: "Twin"
point
temp
sensor
equipRef: @ahu-2
siteRef: @tower
""")
    return path


def hint(run: Run, filter: str, tower: Path) -> str:
    """The only hint for a filter that nothing passes."""
    found = run("find", filter, "--file", tower, "--json").json
    assert found["count"] == 0
    (only,) = found["hints"]
    return str(only["says"])


# --- filters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filter", "says"),
    [
        ("^chilller", "no definition is called ^chilller; nearest: ^chiller"),
        ("ahu and ^nosuchthing", "no definition is called ^nosuchthing"),
        ("foo.bar::Nope", "no spec is called foo.bar::Nope"),
        ("ph::Chilller", "no spec is called ph::Chilller; nearest: Chiller"),
        ("area > 10000", "area is in m² here, and the filter names no unit"),
        ("site and (area > 10ft² or doas)", "area is in m² here, and the filter is in ft²"),
        ("minVal == 10°C", "minVal is in °F here, and the filter is in °C"),
        ("siteRef->area > 1", "area is in m² here, and the filter names no unit"),
        ("hisStart < 2026-06-01", "write hisStart->date < 2026-06-01"),
        ('minVal == "50"', "minVal is a Number here, such as 50°F; the filter compares with a Str"),
        ('enabled == "F"', "enabled is a Bool here"),
        ('dis == "AHU1"', 'no dis is "AHU1"; nearest: "AHU 1"'),
        ("equipRef == @ahu1", "no equipRef is @ahu1; nearest: @ahu-1"),
    ],
)  # fmt: skip
def test_a_filter_that_finds_nothing_for_its_names_units_or_kinds_says_so(
    run: Run, tower: Path, filter: str, says: str
) -> None:
    assert says in hint(run, filter, tower)
    assert says in run("find", filter, "--file", tower).out


@pytest.mark.parametrize(
    "filter", ["area > 90000m²", "^chiller", "minVal > 60°F", "hisStart->date < 2026-06-01"]
)
def test_what_is_asked_rightly_gets_no_hint(run: Run, tower: Path, filter: str) -> None:
    assert run("find", filter, "--file", tower, "--json").json.get("hints", []) == []


def test_the_way_out_that_a_hint_names_works(run: Run, tower: Path) -> None:
    way = hint(run, "hisStart < 2026-06-01", tower).rpartition("write ")[2]
    assert run("find", way, "--file", tower, "--json").json["count"] == 1


def test_lists_dicts_and_grids_are_shown_as_zinc(run: Run, tower: Path) -> None:
    told = run("find", "ahu", "--file", tower, "--columns", "id,modes,setup").out
    row = told.splitlines()[1]
    assert '["heat","cool"]' in row.replace(", ", ",")
    assert '{stages:2 note:"a b"}' in row
    assert "Number(" not in told


def test_a_column_nobody_has_is_told_beside_the_table(run: Run, tower: Path) -> None:
    told = run("find", "point", "--file", tower, "--columns", "id,minvall")
    assert told.out.splitlines() == ["id", "@ahu-1.temp", "@ahu-2.temp"]
    assert "nothing here has the tag minvall; nearest: minVal" in told.err
    assert "the tag" not in run("find", "point", "--file", tower).err


def test_a_home_is_indexed_once_for_a_question(
    run: Run, tower: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import", tower)
    built: list[int] = []

    def counting(self: Columns, entities: Iterable[Tags] = ()) -> None:
        rows = list(entities)
        built.append(len(rows))
        plain(self, rows)

    plain = Columns.__init__
    monkeypatch.setattr(Columns, "__init__", counting)
    assert run("find", "ahu", "--json").json["count"] == 2
    assert sorted(built) == [0, 5]  # an empty one when the store opens


# --- entities -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ahu-1", "@AHU-1", "AHU 1", "ahu 1"])
def test_an_entity_is_known_by_its_id_or_its_name_in_any_letter_case(
    run: Run, tower: Path, name: str
) -> None:
    assert run("related", name, "--file", tower, "--json").json["id"] == "ahu-1"
    assert (
        run("related", "The Tower", "--to", name, "--file", tower, "--json").json["to"] == "ahu-1"
    )


def test_a_name_of_two_entities_names_both_ids(run: Run, tower: Path) -> None:
    told = run("related", "Twin", "--file", tower)
    assert told.code == 2
    assert "@ahu-1.temp, @ahu-2.temp" in told.err


def test_an_unknown_name_names_the_nearest_ids_of_points_too(run: Run, tower: Path) -> None:
    told = run("related", "ahu-1.tmp", "--file", tower)
    assert told.code == 4
    assert "nearest: @ahu-1.temp" in told.err


# --- files and folders --------------------------------------------------------------------------


def test_a_missing_folder_is_named_and_no_draft_of_a_file(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    names, gone = tmp_path / "names.txt", tmp_path / "no" / "such"
    names.write_text("AHU-1.SAT\n")
    for told in (
        run("tag", names, "-o", gone / "rev.csv"),
        run("export", gone / "x.zinc", "--file", tower),
    ):
        assert (told.code, f"no folder {gone}\n" in told.err) == (4, True), told.err
        assert "--home" not in told.err


def test_an_export_that_matches_nothing_leaves_the_file_that_is_there(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    target = tmp_path / "kept.zinc"
    target.write_text("mine")
    told = run("export", target, "--filter", "nosuch", "--file", tower)
    assert (told.code, "0 match: nosuch" in told.err, target.read_text()) == (3, True, "mine")
    assert run("export", target, "--filter", "nosuch", "--file", tower, "--force").code == 0
    assert target.read_text() != "mine"


def test_an_export_of_a_part_follows_refs_into_the_rest_of_the_home(run: Run, tower: Path) -> None:
    run("import", tower)
    told = run("export", "-", "--filter", "point and equipRef->ahu", "--format", "csv")
    assert told.out.count("@ahu-") >= 2
    assert run("export", "-", "--filter", "point or or").err.count("column 10") == 1


def test_a_review_with_answers_is_not_written_over(run: Run, tmp_path: Path) -> None:
    names, review = tmp_path / "names.csv", tmp_path / "review.csv"
    names.write_text("name\nAHU-1.SAT\nQX77\n")
    assert run("tag", names, "-o", review).code == 0
    assert run("tag", names, "-o", review).code == 0  # nothing is lost: it says the same
    edited = review.read_text("utf-8-sig").replace("\n?", "\nno")
    review.write_text(edited, "utf-8-sig")
    told = run("tag", names, "-o", review)
    assert (told.code, "--force" in told.err) == (3, True)
    assert review.read_text("utf-8-sig") == edited
    assert run("tag", names, "-o", review, "--force").code == 0
    assert "\nno" not in review.read_text("utf-8-sig")


def test_what_people_accepted_here_teaches_the_next_review(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    review = tmp_path / "review.csv"
    first.write_text("name\nFCU-1.WOBBLE\nFCU-2.WOBBLE\n")
    second.write_text("name\nFCU-3.WOBBLE\n")
    assert run("tag", second, "-o", tmp_path / "before.csv", "--json").json["sure"] == 0
    run("tag", first, "-o", review)
    head, *rows = review.read_text("utf-8-sig").splitlines()
    columns = head.split(",")
    taught = []
    for row in rows:
        cells = row.split(",")
        cells[0], cells[columns.index("tags")] = "yes", "point sensor vibration"
        cells[columns.index("kind")] = "Number"
        taught.append(",".join(cells))
    review.write_text("\r\n".join([head, *taught]), "utf-8-sig")
    assert run("tag", "--accept", review, "--dry-run").code == 0
    assert run("tag", second, "-o", tmp_path / "dry.csv", "--json").json["taught"] == 0
    assert run("tag", "--accept", review).code == 0
    told = run("tag", second, "-o", tmp_path / "after.csv", "--json").json
    assert (told["sure"], told["taught"]) == (1, 2)
    assert "vibration" in (tmp_path / "after.csv").read_text("utf-8-sig")


# --- definitions --------------------------------------------------------------------------------


def test_folders_of_definitions_are_merged_and_replaced_only_when_asked(
    run: Run, tmp_path: Path, home: Path
) -> None:
    for name, kind in (("rink", "iceMaker"), ("pool", "waveMaker")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.trio").write_text(f"def: ^{kind}\nis: ^chiller\n---\n")
    run("import-defs", tmp_path / "rink")
    dry = run("import-defs", tmp_path / "pool", "--dry-run", "--json").json
    assert (dry["added"], dry["removed"], dry["file"]) == (1, 0, None)
    assert "waveMaker" not in (home / "definitions.json").read_text()
    told = run("import-defs", tmp_path / "pool")
    assert "1 added     waveMaker" in told.out
    assert "1 as they were" in told.out
    kept = (home / "definitions.json").read_text()
    assert "iceMaker" in kept
    assert "waveMaker" in kept
    (tmp_path / "pool" / "own.trio").write_text("def: ^waveMaker\nis: ^pump\n---\n")
    changed = run("import-defs", tmp_path / "pool", "--json").json
    assert (changed["changed"], changed["same"]) == (1, 1)
    gone = run("import-defs", tmp_path / "pool", "--replace", "--json").json
    assert (gone["removed"], gone["examples"]["removed"]) == (1, ["iceMaker"])
    assert "iceMaker" not in (home / "definitions.json").read_text()


def test_broken_definitions_of_a_home_can_be_replaced(run: Run, tmp_path: Path, home: Path) -> None:
    (tmp_path / "rink").mkdir()
    (tmp_path / "rink" / "own.trio").write_text("def: ^iceMaker\nis: ^chiller\n---\n")
    home.mkdir()
    (home / "definitions.json").write_text("{")
    told = run("import-defs", tmp_path / "rink")
    assert (told.code, "--replace" in told.err) == (1, True)
    assert run("import-defs", tmp_path / "rink", "--replace").code == 0


# --- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("ontology", "find", "ahu", "--limt", "3"),
        ("ontology", "find"),
        ("ontology", "find", "ahu", "--limit", "many"),
        ("ontology", "nosuch"),
        ("ask", ""),
        ("ask", "  "),
    ],
)
def test_a_mistyped_command_is_an_object_for_programs(say: Run, words: tuple[str, ...]) -> None:
    told = say(*words, "--json")
    assert told.code == 2
    assert told.json["error"]["code"] == "bad-request"
    assert told.json["error"]["hint"]
    assert told.json["error"]["message"] in told.err


def test_an_empty_question_is_no_question(say: Run) -> None:
    told = say("ask", "")
    assert (told.code, told.err.splitlines()[0]) == (2, "plantroom: the question is empty")


def test_an_address_of_another_kind_says_which_ones_can_be_read(run: Run) -> None:
    told = run("import", "ftp://10.0.0.5/model.zinc")
    assert told.code == 2
    assert "ftp:// is no address that can be read" in told.err
    assert "https://" in told.err


def test_a_home_without_a_building_names_both_ways_to_one(run: Run) -> None:
    told = run("find", "ahu")
    assert told.code == 4
    assert "plantroom ontology import" in told.err
    assert "plantroom demo" in told.err


def test_an_import_overtaken_by_another_says_what_to_do(
    run: Run, tower: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("import", tower)
    write_entities(tmp_path / "more.zinc", [{"id": Ref("ahu-3"), "equip": MARKER}])
    commit = SqlRecords.commit

    async def overtaken(self: SqlRecords, diffs: Any, *, expect: int | None = None) -> int:
        await commit(self, {Ref("ahu-9"): {"equip": MARKER}})
        return await commit(self, diffs, expect=expect)

    monkeypatch.setattr(SqlRecords, "commit", overtaken)
    told = run("import", tmp_path / "more.zinc", "--json")
    assert (told.code, told.json["error"]["code"]) == (1, Conflict.code)
    assert "somebody else changed the model meanwhile" in told.err
    assert "version" not in told.err
    assert run("find", "id==@ahu-3", "--json").json["count"] == 0


def test_one_of_a_kind_is_told_in_the_singular(run: Run, tmp_path: Path) -> None:
    write_entities(tmp_path / "one.zinc", [e for e in riverside_tower() if "site" in e][:1])
    assert len(list(read_entities(tmp_path / "one.zinc"))) == 1
    assert "1 entity: " in run("check", "--file", tmp_path / "one.zinc").out
    told = run("export", tmp_path / "two.zinc", "--file", tmp_path / "one.zinc")
    assert told.err == f"1 entity in {tmp_path / 'two.zinc'}\n"


def test_one_odd_point_and_one_tag_are_told_in_the_singular(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.trio"
    path.write_text(
        "id: @s\nsite\n---\nid: @p\npoint\nsensor\ncmd\nwobbliness\nequipRef: @e\nsiteRef: @s\n"
    )
    told = run("check", "--file", path).out
    assert "1 of 1 point is not exactly one of" in told
    assert "1 of 1 point plays no role" in told
    assert "1 tag is in no definition" in told


def test_the_help_of_bench_names_every_bench(say: Run) -> None:
    shown = say("bench", "--help").out
    benches = {path.stem for path in cli.BENCH.glob("[a-z]*.py")} - {"targets", "report"}
    assert [name for name in benches if name not in shown] == []
