"""CSV for spreadsheets: what a cell's look tells comes back, the rest stays text."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.codec import csv, zinc
from ontology.errors import Corrupt
from ontology.kinds import MARKER, NA, Coord, Grid, Number, Ref, Symbol, Uri, XStr
from tests.ontology.values import exactly, refs, values

STANDARD = (
    'ver:"3.0" projName:"test"\ndis dis:"Equip Name",equip,siteRef,installed\n'
    '"RTU-1",M,@153c600e-699a1886 "HQ",2005-06-01\n"RTU-2",M,@153c600e-699a1886 "HQ",1999-07-12\n'
)


def test_the_example_of_the_standard_is_written_and_read() -> None:
    text = csv.encode(zinc.decode(STANDARD))
    assert text == (
        "Equip Name,equip,siteRef,installed\r\n"
        "RTU-1,✓,@153c600e-699a1886 HQ,2005-06-01\r\nRTU-2,✓,@153c600e-699a1886 HQ,1999-07-12\r\n"
    )
    grid = csv.decode(text)
    assert grid.columns == ("equipName", "equip", "siteRef", "installed")
    assert grid.column_meta == {"equipName": {"dis": "Equip Name"}}
    assert exactly(grid.rows[0]) == exactly({
        "equipName": "RTU-1", "equip": MARKER, "siteRef": Ref("153c600e-699a1886", "HQ"),
        "installed": dt.date(2005, 6, 1),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("✓", MARKER), ("true", True), ("false", False), ("NA", NA), ("21.5°C", Number(21.5, "°C")), ("-3", Number(-3)),
        ("5_custom", Number(5, "_custom")), ("2026-01-01", dt.date(2026, 1, 1)), ("10:30:00", dt.time(10, 30)),
        ('"C(1,2)"', Coord(1, 2)), ("^ahu", Symbol("ahu")), ('"[1,@a ""A"",M]"', [Number(1), Ref("a", "A"), MARKER]),
        ('"{a b:5}"', {"a": MARKER, "b": Number(5)}), ('"Span(""today"")"', XStr("Span", "today")),
        # What stays text
        ("M", "M"), ("N", "N"), ("R", "R"), ("T", "T"), ("007", "007"), ("0.5", Number(0.5)), ("3rd floor", "3rd floor"),
        ("3rd", "3rd"), ("[see note]", "[see note]"), ("2026-13-01", "2026-13-01"), ("http://a/", "http://a/"), ("@ home", "@ home"),
        ('"C(91,0)"', "C(91,0)"), ("<none>", "<none>"),
    ],
)  # fmt: skip
def test_a_cell_is_read_by_its_look(cell: str, value: Any) -> None:
    grid = csv.decode(f"a,b\n{cell},\n")
    assert exactly(grid.rows[0]["a"]) == exactly(value)


def test_empty_cells_are_absent_and_may_be_left_out_at_the_end() -> None:
    assert csv.decode("a,b,c\n1,,\n,2\n\n,,3\n").rows == (
        {"a": Number(1)}, {"b": Number(2)}, {"c": Number(3)},
    )  # fmt: skip


def test_a_quoted_cell_holds_commas_quotes_and_lines() -> None:
    grid = Grid.of([{"a": 'x, "y"\nz', "b": Uri("a,b")}])
    assert csv.decode(csv.encode(grid)).rows == ({"a": 'x, "y"\nz', "b": "a,b"},)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), values), max_size=3))
def test_every_value_can_be_written_for_a_spreadsheet(rows: list[dict[str, Any]]) -> None:
    grid = Grid(("a", "b", "c", "d"), tuple(rows))
    assert len(csv.decode(csv.encode(grid)).rows) == len(rows)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(refs, st.booleans(), st.dates(), st.just(MARKER)), min_size=1))
def test_refs_dates_markers_and_booleans_come_back(cells: list[Any]) -> None:
    kept = [
        cell
        for cell in cells
        if not isinstance(cell, Ref) or not set(cell.dis) & set("\r\ud800\udfff")
    ]
    again = csv.decode(csv.encode(Grid(("a", "b"), tuple({"a": cell} for cell in kept))))
    assert exactly([row["a"] for row in again]) == exactly(kept)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1: wanted column names"),
        ("a,b\n1,2\n1,2,3\n", "line 3: wanted 2 cells, found 3"),
        ('a,b\n1,2\n"x\n', "line 3: wanted a row, found unexpected end of data"),
        ('a,b\n"x"y,2\n', "line 2: wanted a row, found ',' expected after '\"'"),
        ('a\n"' + "x" * 200_000 + '"\n', "line 2: wanted a row"),
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_bad_csv_is_refused_by_its_line(text: str, says: str) -> None:
    with pytest.raises(Corrupt) as refused:
        csv.decode(text)
    assert says in str(refused.value)
    assert refused.value.hint


def test_headers_of_people_become_tag_names() -> None:
    grid = csv.decode("Point Name,2nd Unit,°,BACnet ID\n1,2,3,4\n")
    assert grid.columns == ("pointName", "v2ndUnit", "col3", "bacnetID")
    assert grid.column_meta["col3"] == {"dis": "°"}


def test_columns_of_one_name_are_numbered_and_none_is_lost() -> None:
    (row,) = csv.decode("Room Temp,room_temp,roomTemp,a,a\n1,2,3,4,5\n").rows
    assert [number.value for number in row.values()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("unit", ["m", "gal/min", "m³/min", "kW", "$"])
def test_a_number_of_any_unit_of_the_standard_is_a_number_again(unit: str) -> None:
    grid = Grid(("a",), ({"a": Number(5, unit)},))
    assert csv.decode(csv.encode(grid)).rows == grid.rows


def test_half_a_character_is_shown_as_a_lost_one() -> None:
    assert csv.encode(Grid(("a",), ({"a": "x\ud800"},))).encode().decode().split() == ["a", "x?"]
