"""The review goes through a spreadsheet and comes back; what is wrong in it is told by row and column."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.tagging import RawName, entities_of, propose, read_names, read_review, write_review
from ingest.tagging.review import COLUMNS, harmless, restored
from ontology.errors import BadRequest, Corrupt
from ontology.graph import Building
from ontology.kinds import MARKER, Ref

NAMES = [
    RawName("AHU-1.SAT", "Supply air temp", "°C", "AI", "NAE1"),
    RawName("AHU-1.SF-C", "Supply fan command", "", "BO", "NAE1"),
    RawName("AHU-1.WOBBLE", "", "", "AV"),
]


@pytest.fixture
def review(tmp_path: Path) -> Path:
    path = tmp_path / "review.csv"
    write_review(path, propose(NAMES))
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def edited(path: Path, row: int, **cells: str) -> Path:
    """The review after a person changed cells of one row (2 is the first below the headings)."""
    rows = rows_of(path)
    rows[row - 2] |= cells
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return path


def test_only_sure_rows_come_out_accepted(review: Path) -> None:
    proposals = propose(NAMES)
    assert [row["accept"] for row in rows_of(review)] == [
        "yes" if p.sure else "?" for p in proposals
    ]
    assert rows_of(review)[2]["accept"] == "?"
    assert [row.name for row in read_review(review)] == [p.raw.name for p in proposals if p.sure]


@pytest.mark.parametrize("word", ["", "?", "no", "N", "nein", " ? "])
def test_a_row_nobody_said_yes_to_is_not_applied(review: Path, word: str) -> None:
    assert "AHU-1.SAT" not in [row.name for row in read_review(edited(review, 2, accept=word))]


@pytest.mark.parametrize("word", ["yes", "Y", " x ", "TRUE", "1", "ja", "ใช่"])
def test_a_row_a_person_said_yes_to_is_applied(review: Path, word: str) -> None:
    edited(review, 4, accept=word, tags="zone air temp sensor", kind="Number", unit="degC")
    row = read_review(review)[-1]
    assert (row.name, row.tags, row.unit) == (
        "AHU-1.WOBBLE",
        {"point", "zone", "air", "temp", "sensor"},
        "°C",
    )


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"accept": "maybe"}, "row 2, column accept: 'maybe'"),
        (
            {"tags": "dischrge air temp sensor"},
            "row 2, column tags: unknown tag 'dischrge', nearest 'discharge'",
        ),
        ({"tags": "air temp"}, "row 2, column tags: one of sensor, cmd or sp"),
        ({"tags": "air temp sensor sp"}, "row 2, column tags: one of sensor, cmd or sp"),
        ({"id": "AHU 1"}, "row 2, column id"),
        ({"id": ""}, "row 2, column id"),
        ({"equip_kind": "spaceship"}, "row 2, column equip_kind: unknown kind 'spaceship'"),
        ({"equip": ""}, "row 2, column equip"),
        ({"kind": "Float"}, "row 2, column kind"),
        ({"id": "AHU-1.SF-C"}, "row 3, column id: 'AHU-1.SF-C' is accepted in row 2 already"),
        ({"equip_kind": "vav"}, "row 3, column equip_kind: 'AHU-1' is ahu here and vav in row 2"),
    ],
)
def test_a_fault_is_told_by_row_and_column(review: Path, cells: dict[str, str], says: str) -> None:
    edited(review, 3, accept="yes")
    edited(review, 2, **({"accept": "yes"} | cells))
    with pytest.raises(BadRequest) as refused:
        read_review(review)
    assert says in str(refused.value)
    assert "nothing was applied" in refused.value.hint


def test_all_faults_are_told_at_once(review: Path) -> None:
    edited(review, 2, accept="yes", tags="frobnicate sensor")
    edited(review, 3, accept="perhaps")
    with pytest.raises(BadRequest, match=r"row 2, column tags.*row 3, column accept"):
        read_review(review)


def test_a_tag_of_the_site_is_accepted_when_it_is_declared(review: Path) -> None:
    edited(review, 2, accept="yes", tags="frobnicate sensor")
    assert "frobnicate" in read_review(review, also=["frobnicate"])[0].tags


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("equip_kind", "kind of equip", "lacks the column equip_kind"),
        ("confidence", "id", "has the column id twice"),
    ],
)
def test_changed_headings_are_refused(review: Path, old: str, new: str, says: str) -> None:
    body = review.read_text(encoding="utf-8-sig").replace(old, new, 1)
    review.write_text(body, encoding="utf-8-sig")
    with pytest.raises(BadRequest, match=says):
        read_review(review)


def test_a_german_spreadsheet_saves_it_with_semicolons(review: Path) -> None:
    edited(review, 2, accept="ja")
    rows = [list(COLUMNS), *(list(row.values()) for row in rows_of(review))]
    with review.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    assert read_review(review)[0].name == "AHU-1.SAT"


def test_columns_may_move_and_be_added(review: Path) -> None:
    edited(review, 2, accept="yes")
    rows = rows_of(review)
    with review.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["my notes", *reversed(COLUMNS)], restval="look again")
        table.writeheader()
        table.writerows(rows)
    assert read_review(review)[0].name == "AHU-1.SAT"


@pytest.mark.parametrize("body", [b"", b"\x00\x01\x02\xff", b'accept,name\n"yes,x'])
def test_a_file_that_is_no_review_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "review.csv"
    path.write_bytes(body)
    with pytest.raises((BadRequest, Corrupt)):
        read_review(path)


FORMULAS = [
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-2+3|cmd",
    "@SUM(A1)",
    "  =1",
    "'=x",
    "''",
    "＝1",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_name_that_is_a_formula_comes_out_harmless_and_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / "review.csv"
    write_review(path, propose([RawName(name, name, "°C", "AI", name)]))
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@", "＝"))]
    edited(path, 2, accept="yes", tags="temp sensor", id="p", equip="", equip_kind="")
    row = read_review(path)[0]
    assert (row.name, row.device) == (" ".join(name.split()), " ".join(name.split()))


@given(st.text(max_size=40))
def test_a_harmless_cell_is_restored(text: str) -> None:
    one_line = (
        "".join(" " if c in "\r\n\v\f\x00\u2028\u2029" else c for c in text)
        .encode("utf-8", "replace")
        .decode()
    )
    assert restored(harmless(text)) == one_line
    assert not harmless(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6))
def test_any_names_make_a_review_that_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    path = tmp_path_factory.mktemp("r") / "review.csv"
    write_review(path, propose([RawName(name) for name in names]))
    assert len(read_review(path)) <= len(names)


def test_a_failed_write_leaves_the_old_review(review: Path) -> None:
    before = review.read_bytes()
    with pytest.raises(AttributeError):
        write_review(review, [None])  # type: ignore[list-item]
    assert review.read_bytes() == before
    assert [p.name for p in review.parent.iterdir()] == ["review.csv"]


def test_accepted_rows_become_equipment_and_points(review: Path) -> None:
    edited(review, 2, accept="yes")
    edited(review, 3, accept="yes")
    accepted = read_review(review)
    building = Building(entities_of(accepted, site=Ref("tower")))
    assert [e.id for e in building.find("equip and ahu")] == ["AHU-1"]
    assert [e.id for e in building.points("AHU-1")] == ["AHU-1.SAT", "AHU-1.SF-C"]
    assert building.point("AHU-1", "discharge-air-temp") is not None
    assert [e.id for e in building.find("writable and cmd")] == ["AHU-1.SF-C"]
    again = entities_of(
        accepted, known=Building([{"id": Ref("AHU-1"), "equip": MARKER, "ahu": MARKER}])
    )
    assert len(again) == 2


def test_a_list_of_names_is_read_with_or_without_headings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Object Name,Units,Object Type\nAHU-1.SAT,degC,AI\n,,\n", encoding="utf-8"
    )
    assert read_names(tmp_path / "a.csv") == [RawName("AHU-1.SAT", unit="degC", object_type="AI")]
    (tmp_path / "b.csv").write_text("AHU-1.SAT\nAHU-1.RAT\n", encoding="utf-8")
    assert [raw.name for raw in read_names(tmp_path / "b.csv")] == ["AHU-1.SAT", "AHU-1.RAT"]
    (tmp_path / "c.csv").write_text("alpha,beta\n1,2\n", encoding="utf-8")
    with pytest.raises(BadRequest, match="no column holds"):
        read_names(tmp_path / "c.csv")
