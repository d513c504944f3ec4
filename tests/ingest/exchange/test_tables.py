"""Point lists as they come: spreadsheets of contractors, with titles, merged headings and other people's commas."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.exchange.sheets import csv_sheet, number_in
from ingest.exchange.tables import read_point_list, read_rows
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import MARKER, Number, Ref

SAMPLE = Path(__file__).parent / "samples" / "points.csv"


def listed(tmp_path: Path, text: str | bytes, name: str = "points.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def by_id(path: Path) -> Mapping[str, Mapping[str, Any]]:
    return {tags["id"].id: tags for tags in read_point_list(path).entities}


def book(tmp_path: Path, *sheets: tuple[str, list[list[Any]]], merged: str = "") -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets:
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for area in merged.split():
            sheet.merge_cells(area)
    path = tmp_path / "points.xlsx"
    workbook.save(path)
    return path


def test_a_list_below_its_titles_becomes_rooms_equipment_and_points() -> None:
    found = by_id(SAMPLE)
    assert list(found) == [
        "Plant",
        "101",
        "AHU-1",
        "VAV-101",
        "AHU1_SAT",
        "AHU1_SF_ST",
        "VAV101_ZNT",
    ]
    sat = found["AHU1_SAT"]
    assert sat["dis"] == "Supply air temperature"
    assert (sat["equipRef"], sat["spaceRef"]) == (Ref("AHU-1"), Ref("Plant"))
    assert (sat["bacnetObject"], sat["kind"], sat["unit"]) == ("analog-input,3", "Number", "°C")
    assert sat["curVal"] == Number(13.5, "°C")
    assert found["AHU1_SF_ST"]["kind"] == "Bool"
    assert found["101"]["room"] is MARKER


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_seen(tmp_path: Path, delimiter: str) -> None:
    text = "name,unit,equip\nSAT,°C,AHU-1\nRAT,°C,AHU-1\n".replace(",", delimiter)
    assert set(by_id(listed(tmp_path, text))) == {"AHU-1", "SAT", "RAT"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    found = by_id(listed(tmp_path, "name,unit\nKüche,°C\n".encode(encoding)))
    assert [tags["pointName"] for tags in found.values()] == ["Küche"]


def test_a_guessed_encoding_is_told(tmp_path: Path) -> None:
    notes = read_point_list(listed(tmp_path, "name,unit\nKüche,°C\n".encode("cp1252"))).notes
    assert ["Windows-1252" in note.says for note in notes] == [True]


def test_two_rows_of_headings_with_merged_cells_are_one(tmp_path: Path) -> None:
    rows = [["Point", None, "Device", None], ["Name", "Description", "Name", "Instance"],
            ["SAT", "Supply air", "DDC-1", 12]]  # fmt: skip
    found = by_id(book(tmp_path, ("AHUs", rows), merged="A1:B1 C1:D1"))
    assert found["SAT"]["bacnetDevice"] == "DDC-1"
    assert found["SAT"]["description"] == "Supply air"


def test_every_sheet_with_points_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    path = book(tmp_path, ("Cover", [["Lakeside", "2026"]]), ("AHU", [["Name", "Equip"], ["SAT", "AHU-1"]]),
                ("VAV", [["Name", "Equip"], ["ZNT", "VAV-1"]]))  # fmt: skip
    source = read_point_list(path)
    assert {"SAT", "ZNT"} <= {tags["id"].id for tags in source.entities}
    assert ["sheet Cover" in note.place for note in source.notes] == [True]


def test_the_same_name_twice_is_told_with_sheet_row_and_column(tmp_path: Path) -> None:
    rows = [["Equip", "Name"], ["AHU-1", "SAT"], ["AHU-1", "RAT"], ["AHU-1", "SAT"]]
    with pytest.raises(
        Corrupt, match=r"sheet AHUs, row 4, column B: .* stands in .*row 2, column B"
    ):
        read_point_list(book(tmp_path, ("AHUs", rows)))


def test_one_name_under_two_machines_is_two_points(tmp_path: Path) -> None:
    found = by_id(listed(tmp_path, "name,equip\nSAT,AHU-1\nSAT,AHU-2\n"))
    assert set(found) == {"AHU-1", "AHU-2", "AHU-1.SAT", "AHU-2.SAT"}
    assert found["AHU-2.SAT"]["pointName"] == "SAT"


def test_every_fault_of_a_list_is_told_at_once(tmp_path: Path) -> None:
    text = "name,equip,tags\nSAT,AHU-1,discharge air\n,AHU-1,temp\nRAT,AHU-1,Return-Air\n"
    with pytest.raises(
        Corrupt, match=r"(?s)row 4, column C.*found 'Return-Air'|row 3, column A"
    ) as caught:
        read_point_list(listed(tmp_path, text))
    assert "row 3, column A: wanted a name" in str(caught.value)
    assert "row 4, column C" in str(caught.value)


def test_tags_of_a_column_become_markers_and_never_another_kind(tmp_path: Path) -> None:
    found = by_id(listed(tmp_path, 'name,tags\nSAT,"discharge air temp sensor equip"\n'))
    markers = {tag for tag, value in found["SAT"].items() if value is MARKER}
    assert markers == {"point", "discharge", "air", "temp", "sensor"}


def test_a_column_without_meaning_is_noted(tmp_path: Path) -> None:
    notes = read_point_list(listed(tmp_path, "name,frobs\nSAT,1\n")).notes
    assert [note.says for note in notes] == ["columns not read: frobs"]


def test_a_name_no_ref_can_hold_gets_one_it_can(tmp_path: Path) -> None:
    found = by_id(listed(tmp_path, "name,unit\nห้อง 1/SAT (old),°C\nSAT (old),°C\n"))
    assert all(tags["pointName"] in ("ห้อง 1/SAT (old)", "SAT (old)") for tags in found.values())
    assert len(found) == 2


def test_a_list_without_names_is_refused_with_the_headings_to_use(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no points under a heading") as caught:
        read_point_list(listed(tmp_path, "a,b\n1,2\n"))
    assert "description" in caught.value.hint


@pytest.mark.parametrize(
    ("body", "name"),
    [(b'name,unit\n"SAT,C\n', "a.csv"), (b"name\x00unit\n", "b.csv"), (b"\xff\xfea", "c.csv"),
     (b"PK\x03\x04 half a workbook", "d.xlsx"), (b"name,unit", "e.xlsx")],
    ids=["open quote", "NUL", "half UTF-16", "half XLSX", "no XLSX"],
)  # fmt: skip
def test_a_broken_file_is_refused_by_name(tmp_path: Path, body: bytes, name: str) -> None:
    with pytest.raises(Corrupt, match=name):
        read_point_list(listed(tmp_path, body, name))


def test_a_workbook_that_unfolds_without_end_is_not_unfolded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.exchange.sheets.MAX_UNZIPPED", 100)
    with pytest.raises(BadRequest, match="unfolds to"):
        read_point_list(book(tmp_path, ("a", [["name"], ["SAT"]])))


@pytest.mark.parametrize(
    ("text", "comma", "number"),
    [("21,5", True, 21.5), ("21,5", False, 21.5), ("1.234,5", True, 1234.5), ("1,234.5", False, 1234.5),
     ("1,234", False, 1234.0), ("1,234", True, 1.234), ("-3", False, -3.0), ("off", False, None), ("", True, None),
     ("nan", False, None)],
)  # fmt: skip
def test_numbers_are_read_as_their_country_writes_them(
    text: str, comma: bool, number: float | None
) -> None:
    assert number_in(text, decimal_comma=comma) == number


@given(st.binary(max_size=400))
def test_any_bytes_are_a_sheet_or_refused(body: bytes) -> None:
    with contextlib.suppress(Corrupt):
        sheet = csv_sheet(body, "points.csv")
        assert all(isinstance(cell, str) for row in sheet.rows for cell in row)


def test_a_row_says_where_it_stands(tmp_path: Path) -> None:
    rows, _ = read_rows(listed(tmp_path, "unit,name\n°C,SAT\n"))
    assert [row.place for row in rows] == ["points.csv, row 2, column B"]
