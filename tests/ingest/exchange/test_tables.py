"""Point lists as they come: spreadsheets of contractors, with titles, merged headings and other people's commas."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.exchange.sheets import csv_sheet
from ingest.exchange.source import id_of
from ingest.exchange.tables import read_point_list, read_rows
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import MARKER, Ref

SAMPLE = Path(__file__).parent / "samples" / "points.csv"


def listed(tmp_path: Path, text: str | bytes, name: str = "points.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def by_id(path: Path) -> Mapping[str, Mapping[str, Any]]:
    return {tags["id"].id: tags for tags in read_point_list(path).entities}


def book(tmp_path: Path, *sheets: tuple[str, Any], merged: str = "") -> Path:
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
    assert found["AHU1_SF_ST"]["kind"] == "Bool"
    assert found["101"]["room"] is MARKER


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_seen(tmp_path: Path, delimiter: str) -> None:
    text = "name,unit,equip\nSAT,°C,AHU-1\nRAT,°C,AHU-1\n".replace(",", delimiter)
    assert set(by_id(listed(tmp_path, text))) == {"AHU-1", "SAT", "RAT"}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
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
    assert found["SAT"]["bacnetDeviceId"] == "DDC-1"
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


def test_a_column_is_called_as_its_heading_is_not_as_the_title_above(tmp_path: Path) -> None:
    notes = read_point_list(listed(tmp_path, "Lakeside,,\nname,unit,frobs\nSAT,°C,1\n")).notes
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
    "value", ["1.234,5", "1,234.5", "12.000", "21,5 °C", "Ein", "active", "on/off", "2"]
)
def test_a_present_value_of_a_list_is_counted_and_never_stored(tmp_path: Path, value: str) -> None:
    source = read_point_list(
        listed(tmp_path, f"name;unit;present value\nSAT;°C;{value}\nRAT;°C;\n")
    )
    assert not any("curVal" in tags for tags in source.entities)
    assert [(note.place, note.says) for note in source.notes] == [
        ("points.csv", "curVal of 1 left out")
    ]


@pytest.mark.parametrize(
    ("columns", "row", "wanted"),
    [
        ("Object Type;Object ID", "AI;3", "analog-input,3"),
        ("Object Type;Instance", "BO;4", "binary-output,4"),
        ("Object Type;Instance", "2;17", "analog-value,17"),
        ("Type;Object ID", "Sensor;AI:3", "analog-input,3"),
        ("Object ID", "(analog-input, 3)", "analog-input,3"),
        ("Object ID", "AV_12", "analog-value,12"),
        ("Objekttyp;Objektadresse", "Binäreingang;5", "binary-input,5"),
        ("Type d'objet;Numéro d'instance", "Entrée analogique;6", "analog-input,6"),
        ("Object ID", "trend-log 9", "trend-log,9"),
    ],
)
def test_type_and_number_of_an_object_are_one_address(
    tmp_path: Path, columns: str, row: str, wanted: str
) -> None:
    found = by_id(listed(tmp_path, f"name;{columns}\nSAT;{row}\n"))
    assert found["SAT"]["bacnetObject"] == wanted


def test_points_without_an_instance_have_no_address_and_that_is_told(tmp_path: Path) -> None:
    source = read_point_list(listed(tmp_path, "name;object type\nSAT;AI\nRAT;AI\n"))
    assert not any("bacnetObject" in tags for tags in source.entities)
    assert {tags["kind"] for tags in source.entities} == {"Number"}
    assert [note.says for note in source.notes] == [
        "points with an object type and no instance: 2, such as 'SAT', which says 'AI' alone"
    ]


def test_points_that_share_an_address_are_told(tmp_path: Path) -> None:
    rows = "".join(f"P{n};AI:1;DDC-1\n" for n in range(13))
    notes = read_point_list(listed(tmp_path, f"name;object id;device\n{rows}Q;AI:1;DDC-2\n")).notes
    assert [note.says for note in notes] == [
        "points with an address that others have: 13, such as the 13 with analog-input,1 of DDC-1"
    ]


def test_equipment_merged_over_its_rows_goes_for_each_of_them(tmp_path: Path) -> None:
    rows = [["Equipment", "Name"], ["AHU-1", "SAT"], [None, "RAT"], [None, "MAT"], ["AHU-2", "OAT"], [None, "loose"]]  # fmt: skip
    found = by_id(book(tmp_path, ("AHUs", rows), merged="A2:A4"))
    assert {id: tags.get("equipRef") for id, tags in found.items() if "point" in tags} == {
        "SAT": Ref("AHU-1"), "RAT": Ref("AHU-1"), "MAT": Ref("AHU-1"), "OAT": Ref("AHU-2"), "loose": None,
    }  # fmt: skip


def test_a_title_merged_over_the_columns_is_no_point(tmp_path: Path) -> None:
    rows = [["Lakeside", None], ["Name", "Equip"], ["Roof", None], ["SAT", "Roof"]]
    found = by_id(book(tmp_path, ("AHUs", rows), merged="A1:B1 A3:B3"))
    assert list(found) == ["Roof", "SAT"]


def test_headings_merged_over_two_rows_are_headings_once(tmp_path: Path) -> None:
    rows = [["Name", "Unit"], [None, None], ["SAT", "°C"]]
    assert list(by_id(book(tmp_path, ("AHUs", rows), merged="A1:A2 B1:B2"))) == ["SAT"]


@pytest.mark.parametrize(
    ("headings", "row", "wanted"),
    [
        ("Name;Bezeichnung;Einheit;Anlage;Gerät;Objekttyp;Instanz;Aktueller Wert", "B1;Zuluft;°C;Lüftung;DDC;AI;3;21",
         {"description": "Zuluft", "unit": "°C", "equipRef": Ref("Lueftung"), "bacnetDeviceId": "DDC", "bacnetObject": "analog-input,3"}),
        ("Bezeichnung;Beschreibung;Geräte-ID;Objekt-ID;Istwert", "B1;Zuluft;7;AI 3;21",
         {"description": "Zuluft", "bacnetDeviceId": "7", "bacnetObject": "analog-input,3"}),
        ("Name;Gerätenummer;Objektadresse", "B1;7;AI 3", {"bacnetDeviceId": "7", "bacnetObject": "analog-input,3"}),
        ("Nom;Désignation;Unité;Équipement;Type objet;Instance;Appareil;Local;Valeur", "B1;Soufflage;°C;CTA-1;AI;3;UTL;Étage;21",
         {"description": "Soufflage", "unit": "°C", "equipRef": Ref("CTA-1"), "bacnetDeviceId": "UTL", "spaceRef": Ref("Etage")}),
        ("De\u0301signation;UNITE\u0301", "B1;kW", {"unit": "kW"}),
        ("ชื่อจุด;คำอธิบาย;หน่วย;อุปกรณ์", "B1;อุณหภูมิ;°C;AHU-1", {"description": "อุณหภูมิ", "equipRef": Ref("AHU-1")}),
    ],
    ids=["German", "German ids", "German numbers", "French", "accents apart", "Thai"],
)  # fmt: skip
def test_headings_are_read_in_the_languages_of_the_lists(
    tmp_path: Path, headings: str, row: str, wanted: Mapping[str, Any]
) -> None:
    source = read_point_list(listed(tmp_path, f"{headings}\n{row}\n"))
    point = next(tags for tags in source.entities if "point" in tags)
    assert point["pointName"] == "B1"
    assert {tag: point.get(tag) for tag in wanted} == wanted
    assert not [note for note in source.notes if "not read" in note.says]


def test_units_come_in_by_their_symbols(tmp_path: Path) -> None:
    found = by_id(listed(tmp_path, "name,unit\nA,degreesCelsius\nB,kilowatt-hours\nC,no-units\n"))
    assert [found[id].get("unit") for id in "ABC"] == ["°C", "kWh", None]


def test_a_name_that_stands_at_several_machines_is_told(tmp_path: Path) -> None:
    notes = read_point_list(listed(tmp_path, "name,equip\nSAT,AHU-1\nSAT,AHU-2\n")).notes
    assert [note.says for note in notes] == ["names at several machines: 1, such as 'SAT'"]
    assert "AHU-1.SAT" in notes[0].hint


@pytest.mark.parametrize(
    ("name", "id"),
    [("Lüftung", "Lueftung"), ("Lu\u0308ftung", "Lueftung"), ("Größe", "Groesse"), ("Débit", "Debit"),
     ("ÖL", "OeL"), ("ห้อง 1", "1"), ("a b", "a-b")],
)  # fmt: skip
def test_an_id_keeps_the_letters_of_its_name(name: str, id: str) -> None:
    assert id_of(name, "point") == id


@given(st.text(min_size=1))
def test_any_name_gives_the_text_of_a_ref_and_always_the_same(name: str) -> None:
    with contextlib.suppress(UnicodeEncodeError):  # half a surrogate is no text
        assert re.fullmatch(r"[a-zA-Z0-9_:\-.~]+", id_of(name, "point"))
        assert id_of(name, "point") == id_of(name, "point")


def test_two_thai_names_are_told_apart() -> None:
    assert id_of("ห้องเครื่อง", "room") != id_of("ห้องน้ำ", "room")
    assert id_of("ห้องเครื่อง", "room").startswith("room-")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_sheet_or_refused(body: bytes) -> None:
    with contextlib.suppress(Corrupt):
        sheet = csv_sheet(body, "points.csv")
        assert all(isinstance(cell, str) for row in sheet.rows for cell in row)


def test_a_row_says_where_it_stands(tmp_path: Path) -> None:
    rows, _ = read_rows(listed(tmp_path, "unit,name\n°C,SAT\n"))
    assert [row.place for row in rows] == ["points.csv, row 2, column B"]
