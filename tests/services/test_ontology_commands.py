"""An integrator at the command line: what each command does to the home, says, and exits with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest.demo.model import riverside_tower
from ingest.exchange.files import read_entities, write_entities
from ontology.kinds import MARKER, Ref
from services.folder import DEMO
from tests.services.told import Run

SAMPLES = Path(__file__).parents[1] / "ingest" / "exchange" / "samples"


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    """The first floors of Riverside Tower with its plant, as a Zinc file."""
    path = tmp_path / "tower.zinc"
    whole = [e for e in riverside_tower() if not e["id"].id.startswith(("FCU-", "IAQ-", "room-"))]
    write_entities(path, whole)
    return path


def test_a_file_comes_into_an_empty_home_and_again_changes_nothing(run: Run, tower: Path) -> None:
    first = run("import", tower, "--json").json
    assert (first["added"], first["version"]) == (len(list(read_entities(tower))), 1)
    again = run("import", tower, "--json").json
    assert (again["added"], again["changed"], again["version"]) == (0, 0, None)


def test_a_dry_run_writes_nothing_at_all(run: Run, tower: Path, tmp_path: Path) -> None:
    told = run("import", tower, "--dry-run")
    assert told.code == 0
    assert "would be added" in told.out
    assert "this was a dry run" in told.out
    assert not (tmp_path / "home").exists()


def test_replacing_removes_what_the_source_lacks_and_merging_does_not(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    run("import", tower)
    part = [e for e in read_entities(tower) if not e["id"].id.startswith("CT-3")]
    write_entities(tmp_path / "part.trio", part)
    assert run("import", tmp_path / "part.trio", "--json").json["removed"] == 0
    gone = run("import", tmp_path / "part.trio", "--replace", "--json").json
    assert (gone["removed"], gone["added"], gone["changed"]) == (7, 0, 0)
    assert run("find", "id==@CT-3", "--json").json["count"] == 0


def test_replacing_leaves_what_plantroom_wrote_itself(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    run("import", tower)
    write_entities(tmp_path / "fault.zinc", [{"id": Ref("fault.1"), "fault": MARKER, "dis": "hot"}])
    run("import", tmp_path / "fault.zinc")
    assert run("import", tower, "--replace", "--json").json["removed"] == 0
    assert run("find", "fault and not point", "--json").json["count"] == 1


def test_a_broken_file_names_its_place_and_leaves_the_home_as_it_was(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    run("import", tower)
    broken = tmp_path / "broken.zinc"
    broken.write_text(tower.read_text()[:20_000])
    told = run("import", broken, "--replace", "--json")
    assert told.code == 1
    assert "broken.zinc: line " in told.json["error"]["message"]
    assert run("import", tower, "--json").json["version"] is None


def test_an_id_that_stands_twice_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "twice.trio"
    path.write_text("id:@a\nsite\n---\nid:@a\nsite\n")
    told = run("import", path)
    assert told.code == 1
    assert "@a is entity 1 and 2" in told.err
    assert not (tmp_path / "home").exists()


def test_a_ref_to_nothing_is_told_and_one_into_the_home_is_not(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    extra = tmp_path / "extra.trio"
    extra.write_text(
        'id:@AHU-9\ndis:"AHU-9"\nequip\nahu\nsiteRef:@riverside-tower\nspaceRef:@attic\n'
    )
    run("import", tower)
    notes = run("import", extra, "--json").json["notes"]
    assert [note["says"] for note in notes] == ["spaceRef names @attic, which is not there"]


def test_the_home_of_the_demo_is_named_as_such(run: Run, tower: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / DEMO).touch()
    assert "is the demo building" in run("import", tower).out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("import", "none.zinc"), 4, "no file none.zinc"),
        (("import", "http://127.0.0.1:9/api", "--user", "su"), 2, "PLANTROOM_HAYSTACK_PASSWORD"),
        (("import", "http://127.0.0.1:9/api"), 5, "127.0.0.1:9"),
        (("import", "http://127.0.0.1:9/", "--kind", "skyspark"), 2, "skyspark needs project"),
        (("import", "http://su:pw@127.0.0.1:9/"), 2, "the address holds a user"),
        (("export", "model.ttl"), 4, "no building in"),
        (("import", "a.zinc", "--user", "su"), 2, "--user is for servers"),
        (("find", "ahu"), 4, "no building in"),
        (("tag",), 2, "give either raw names or --accept"),
        (("import-defs", "nowhere"), 4, "no folder nowhere"),
    ],
)
def test_a_mistake_ends_with_its_own_exit_code_and_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, says: str
) -> None:
    monkeypatch.delenv("PLANTROOM_HAYSTACK_PASSWORD", raising=False)
    told = run(*words)
    assert (told.code, says in told.err) == (code, True), told.err
    assert len(told.err.splitlines()) == 2


def test_a_filter_shows_a_table_for_people_and_rows_for_machines(run: Run, tower: Path) -> None:
    people = run("find", "ahu and not doas", "--file", tower)
    assert people.out.splitlines()[0].split() == ["id", "dis", "is", "at"]
    assert "4 of " in people.err
    machines = run("find", "ahu and not doas", "--file", tower, "--limit", "2", "--json").json
    assert (machines["count"], len(machines["rows"])) == (4, 2)
    assert machines["rows"][0]["id"]["_kind"] == "ref"


def test_columns_are_those_asked_for(run: Run, tower: Path) -> None:
    told = run("find", "chiller", "--file", tower, "--columns", "id, coolingCapacity,chiller")
    assert told.out.splitlines()[1].split() == ["@CH-1", "500", "RT", "✓"]


def test_a_filter_without_result_says_which_part_leaves_nothing(run: Run, tower: Path) -> None:
    told = run("find", "chiller and coolingCapacity > 900RT", "--file", tower)
    assert told.code == 0
    assert "nothing is left because of: coolingCapacity > 900RT" in told.out
    near = run("find", "point and disharge", "--file", tower, "--json").json
    assert near["unknown"] == {"disharge": ["discharge"]}


def test_a_filter_that_cannot_be_read_names_the_column(run: Run, tower: Path) -> None:
    told = run("find", "ahu and and", "--file", tower)
    assert told.code == 2
    assert "column 9" in told.err


def test_relations_are_followed_from_the_command_line(run: Run, tower: Path) -> None:
    found = run("related", "AHU-4", "--file", tower, "--json").json
    assert {"id": "VAV-2-01", "dis": "VAV-2-01", "medium": "air"} in found["feeds"]
    assert [s["id"] for s in found["located_in"]] == ["floor-2", "riverside-tower"]
    up = run("related", "AHU-4", "--relation", "upstream", "--file", tower, "--json").json[
        "upstream"
    ]
    assert {"id": "CT-1", "medium": "condenser-water"}.items() <= next(
        u for u in up if u["id"] == "CT-1"
    ).items()


def test_the_way_between_two_machines_names_what_flows(run: Run, tower: Path) -> None:
    told = run("related", "vav-2-01", "--to", "CH-1", "--file", tower).out
    assert told.splitlines()[1].split()[:3] == ["fed", "by", "(air)"]
    assert "(chilled-water)  @CH-1" in told


def test_an_unknown_id_names_the_nearest(run: Run, tower: Path) -> None:
    told = run("related", "AHU-44", "--file", tower)
    assert told.code == 4
    assert "AHU-4" in told.err


def test_a_sound_model_passes_the_check_and_a_broken_one_fails(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    sound = run("check", "--file", tower, "--json")
    assert (sound.code, sound.json["error"]) == (0, 0)
    rows = [e for e in read_entities(tower) if e["id"].id != "riverside-tower"]
    write_entities(tmp_path / "headless.zinc", rows)
    broken = run("check", "--file", tmp_path / "headless.zinc")
    assert broken.code == 1
    assert "✗ no-site" in broken.out


def test_the_check_says_which_rules_a_missing_point_stops(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    rows = [e for e in read_entities(tower) if e["id"].id != "AHU-3.mixed-air-temp"]
    write_entities(tmp_path / "less.zinc", rows)
    problems = run("check", "--file", tmp_path / "less.zinc", "--json").json["problems"]
    said = [p["says"] for p in problems if p["entity"] == "AHU-3" and p["code"] == "missing-point"]
    assert any("no mixed air temp" in says and "rules cannot run" in says for says in said)


@pytest.mark.parametrize("format", ["zinc", "trio", "json", "csv"])
def test_an_export_goes_to_standard_output_in_any_format(
    run: Run, tower: Path, format: str
) -> None:
    told = run("export", "-", "--file", tower, "--filter", "chiller", "--format", format)
    assert told.code == 0
    assert "CH-3" in told.out


def test_an_export_holds_the_model_and_not_what_plantroom_wrote(
    run: Run, tower: Path, tmp_path: Path
) -> None:
    run("import", tower)
    write_entities(tmp_path / "fault.zinc", [{"id": Ref("fault.1"), "fault": MARKER}])
    run("import", tmp_path / "fault.zinc")
    assert run("export", tmp_path / "out.json", "--json").json["entities"] == len(
        list(read_entities(tower))
    )


def test_names_become_tags_only_where_a_person_said_yes(run: Run, tmp_path: Path) -> None:
    names, review = tmp_path / "names.csv", tmp_path / "review.csv"
    names.write_text(
        "name,unit,object_type\nAHU-1.SAT,°F,AI\nAHU-1.RAT,°F,AI\nAHU-1.SFST,,BI\nQX77,,AV\n"
    )
    proposed = run("tag", names, "-o", review, "--json").json
    assert (proposed["names"], proposed["sure"] + proposed["doubtful"]) == (4, 4)
    rows = review.read_text("utf-8-sig").splitlines()
    kept = [
        rows[0],
        *(
            "yes" + r[r.index(",") :] if ",AHU-1.SAT," in r else "no" + r[r.index(",") :]
            for r in rows[1:]
        ),
    ]
    review.write_text("\r\n".join(kept), "utf-8-sig")
    assert run("tag", "--accept", review, "--json").json["examples"]["added"] == [
        "AHU-1",
        "AHU-1.SAT",
    ]
    assert (
        run("find", "discharge and air and temp and sensor and equipRef->ahu", "--json").json[
            "count"
        ]
        == 1
    )


def test_tags_land_on_the_points_a_list_brought_before(run: Run, tmp_path: Path) -> None:
    names, review = tmp_path / "names.csv", tmp_path / "review.csv"
    names.write_text("name,unit,object_type,equipment\nAHU-1.SAT,°F,AI,North unit\n")
    run("import", names, "--site", "School")
    run("tag", names, "-o", review)
    review.write_text(review.read_text("utf-8-sig").replace("\n?", "\nyes"), "utf-8-sig")
    found = run("tag", "--accept", review, "--json").json
    assert (found["added"], sorted(found["examples"]["changed"])) == (
        0,
        ["AHU-1.SAT", "North-unit"],
    )
    assert (
        run("find", "temp and equipRef==@North-unit and equipRef->ahu", "--json").json["count"] == 1
    )


def test_definitions_of_a_folder_are_known_to_filters_from_then_on(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "defs"
    folder.mkdir()
    (folder / "rink.trio").write_text("def: ^iceMaker\nis: ^chiller\n---\n")
    write_entities(tmp_path / "rink.zinc", [
        {"id": Ref("s"), "site": MARKER, "dis": "Rink"},
        {"id": Ref("ice-1"), "equip": MARKER, "iceMaker": MARKER, "siteRef": Ref("s")},
    ])  # fmt: skip
    run("import", tmp_path / "rink.zinc")
    assert run("find", "^chiller", "--json").json["count"] == 0
    told = run("import-defs", folder, "--json").json
    assert (told["defs"], told["new"]) == (1, 1)
    assert run("find", "^chiller", "--json").json["count"] == 1


def test_a_broken_folder_of_definitions_leaves_those_there_were(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "defs"
    folder.mkdir()
    (folder / "rink.trio").write_text("def: ^iceMaker\nis: ^chiller\n---\n")
    run("import-defs", folder)
    before = (tmp_path / "home" / "definitions.json").read_bytes()
    (folder / "rink.trio").write_text("def: [\n")
    assert run("import-defs", folder).code == 1
    assert (tmp_path / "home" / "definitions.json").read_bytes() == before


def test_a_brick_model_and_a_point_list_come_in_beside_each_other(run: Run, tmp_path: Path) -> None:
    for name in ("lakeside.ttl", "points.csv"):
        shutil.copy(SAMPLES / name, tmp_path / name)
    assert "brick:Quux" in run("import", tmp_path / "lakeside.ttl").out
    merged = run("import", tmp_path / "points.csv", "--site", "Lakeside Clinic", "--json").json
    assert (merged["same"], merged["changed"]) == (2, 0)  # AHU-1 and VAV-101 keep their names
    assert run("find", "point and equipRef==@AHU-1", "--json").json["count"] == 6
    assert run("find", "site", "--json").json["count"] == 1
