"""The maintenance log: every row becomes a record or a reported problem."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.model import riverside_tower
from ingest.demo.worklog import WorkOrder, work_orders, write_worklog
from ingest.documents.worklog import WorkLog, read_worklog
from ontology.errors import BadRequest, Corrupt, NotFound
from ontology.kinds import MARKER, Number, Ref

BANGKOK = ZoneInfo("Asia/Bangkok")
NOW = dt.datetime(2026, 11, 21, 14, 30, tzinfo=BANGKOK)
HEADER = [
    "WO number",
    "Opened",
    "Closed",
    "Equipment ID",
    "Type",
    "Description",
    "Hours",
    "Cost THB",
]
EQUIP = [str(entity["id"].id) for entity in riverside_tower() if "equip" in entity]


def log(path: Path, *rows: list[Any], header: list[Any] = HEADER) -> WorkLog:
    book = openpyxl.Workbook()
    for row in [["Log"], [], header, *rows]:
        book.active.append(row)
    book.save(path)
    book.close()
    return read_worklog(path, zone=BANGKOK, equip_ids=EQUIP)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.xlsx"


def test_a_row_becomes_a_record_with_units(path: Path) -> None:
    opened = dt.datetime(2026, 11, 3, 9, 15)
    (order,) = log(
        path, ["WO-26-1", opened, None, "fcu 1203", "CM", "rm too  cold", 1.5, "3,400 THB"]
    ).orders
    assert order["id"] == Ref("wo-26-1")
    assert order["workOrder"] is MARKER
    assert order["opened"] == dt.datetime(2026, 11, 3, 2, 15, tzinfo=dt.UTC)
    assert order["equipRef"] == Ref("FCU-1203")
    assert order["description"] == "rm too cold"
    assert (order["hours"], order["cost"]) == (Number(1.5, "h"), Number(3400.0, "THB"))
    assert "closed" not in order


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("03/11/2026 09:15", "2026-11-03T02:15+00:00"),
        ("03/11/2569", "2026-11-02T17:00+00:00"),
        ("2026-11-03", "2026-11-02T17:00+00:00"),
        (dt.datetime(2026, 11, 3, 9, 15), "2026-11-03T02:15+00:00"),
    ],
    ids=["day first", "Buddhist year", "ISO", "a date cell"],
)
def test_dates_are_read_as_technicians_write_them(path: Path, written: Any, utc: str) -> None:
    (order,) = log(path, ["1", written, None, "CH-1", "PM", "oil", 1, 1]).orders
    assert order["opened"] == dt.datetime.fromisoformat(utc)


def test_bad_rows_are_reported_by_their_number_in_the_sheet(path: Path) -> None:
    good = ["WO-1", "2026-01-01", "2026-01-02", "CH-1", "PM", "oil", 1, 100]
    read = log(
        path,
        good,
        ["WO-2", "yesterday", "", "CH-1", "PM", "no date", 1, 1],
        [None] * 8,
        ["WO-3", "2026-01-01", "2025-01-01", "BOILER-9", "XX", "odd", "many", -5],
        ["WO-1", "2026-01-03", "", "CH-1", "PM", "twin", 1, 1],
        ["", "2026-01-03", "", "CH-1", "PM", "", 1, 1],
    )
    assert [order["woNum"] for order in read.orders] == ["WO-1", "WO-3"]
    assert read.orders[1]["equipName"] == "BOILER-9"
    assert not {"closed", "equipRef", "woType", "hours", "cost"} & read.orders[1].keys()
    assert [(p.row, p.kept) for p in read.problems] == [
        (5, False), (7, True), (7, True), (7, True), (7, True), (7, True), (8, False), (9, False),
    ]  # fmt: skip
    assert read.left_out == 3
    assert "number and description" in read.problems[-1].message


def test_a_log_without_column_names_is_refused(path: Path) -> None:
    with pytest.raises(BadRequest, match="column names") as refused:
        log(path, ["x"], header=["a", "b"])
    assert "WO number" in refused.value.hint


def test_what_is_no_workbook_is_corrupt_and_what_is_not_there_not_found(path: Path) -> None:
    path.write_bytes(b"no zip")
    with pytest.raises(Corrupt):
        read_worklog(path, zone=BANGKOK)
    with pytest.raises(NotFound):
        read_worklog(path.with_name("none.xlsx"), zone=BANGKOK)


@pytest.fixture(scope="module")
def three_years(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[WorkOrder], WorkLog]:
    path = write_worklog(tmp_path_factory.mktemp("log") / "log.xlsx", now=NOW)
    return work_orders(NOW), read_worklog(path, zone=BANGKOK, equip_ids=EQUIP)


def test_every_work_order_of_riverside_tower_is_read_back(
    three_years: tuple[list[WorkOrder], WorkLog],
) -> None:
    written, read = three_years
    assert read.problems == ()
    assert [order["woNum"] for order in read.orders] == [order.wo_number for order in written]
    for order, row in zip(read.orders, written, strict=True):
        assert order["opened"] == row.opened.replace(tzinfo=BANGKOK)
        assert order["equipRef"].id == row.equipment
        assert order["cost"].value == row.cost
        assert ("closed" in order) == (row.closed is not None)


@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=20), st.integers(), st.floats(), st.dates()),
        min_size=8,
        max_size=8,
    )
)
def test_no_cell_breaks_the_reading_and_no_row_is_dropped_in_silence(cells: list[Any]) -> None:
    from ingest.documents import worklog

    row = dict(
        zip(
            ("woNum", "opened", "closed", "equipRef", "woType", "description", "hours", "cost"),
            cells,
            strict=True,
        )
    )
    problems: list[worklog.Problem] = []
    order = worklog._order(row, 9, problems, BANGKOK, lambda _text: ())
    assert (order is None) == any(not problem.kept for problem in problems)
