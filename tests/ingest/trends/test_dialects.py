"""Trend exports as control systems write them: preambles, footers, dates, commas, units and words."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ingest.trends.aside import Aside, written_aside
from ingest.trends.cells import CellReader, Unread
from ingest.trends.plan import plan
from ingest.trends.reading import Reading
from ingest.trends.rows import MAX_LINE, open_export
from ingest.trends.series import Target
from ingest.trends.trendmap import parse_map
from ontology.errors import BadRequest, Corrupt, PlantroomError
from ontology.history import Status
from ontology.kinds import Ref
from ontology.time import UTC

NOW = dt.datetime(2026, 11, 21, tzinfo=UTC)
POINTS = {
    "sat": Target(Ref("sat"), "°C", "Number", "temp"),
    "kw": Target(Ref("kw"), "kW", "Number", "power"),
    "fan": Target(Ref("fan"), "", "Bool"),
}


class Brought:
    """What an import gave: samples by point, and what was set aside."""

    def __init__(self, reading: Reading, aside: Aside) -> None:
        self.reading, self.aside = reading, aside
        self.samples: dict[str, list[tuple[str, float, Status]]] = {}
        for batch in reading.batches():
            for i, ts, value, status in zip(
                batch.index, batch.ts, batch.value, batch.status, strict=True
            ):
                at = f"{dt.datetime.fromtimestamp(int(ts), UTC):%Y-%m-%d %H:%M:%S}"
                self.samples.setdefault(batch.points[i].id, []).append(
                    (at, float(value), Status(status))
                )

    def values(self, point: str) -> list[float]:
        return [round(value, 6) for _, value, _ in self.samples.get(point, [])]

    def times(self, point: str) -> list[str]:
        return [at for at, _, _ in self.samples.get(point, [])]

    def statuses(self, point: str) -> list[Status]:
        return [status for _, _, status in self.samples.get(point, [])]


def brought(
    file: Path, head: str = 'zone = "UTC"', refused: Path | None = None, **columns: str
) -> Brought:
    """Import a file; `columns` are point=heading."""
    tables = "".join(
        f'\n[[column]]\nname = "{name}"\npoint = "{point}"\n' for point, name in columns.items()
    )
    with written_aside(refused) as aside:
        opened = open_export(file)
        return Brought(
            Reading(plan(opened, parse_map(f"{head}\n{tables}"), POINTS, aside), aside, NOW), aside
        )


def csv(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "trend.csv"
    file.write_bytes(text.encode(encoding))
    return file


# --- dialects of control systems ------------------------------------------------------------------


def test_a_niagara_history_is_named_by_its_path_and_its_zone_by_its_abbreviation(
    tmp_path: Path,
) -> None:
    file = csv(
        tmp_path,
        "history:/Tower/AHU3_SAT\n\nTimestamp,Trend Flags,Status,Value (°F)\n"
        "25-Oct-26 2:15:00 AM EDT,{ },{ok},55.4\n1-Nov-26 1:30:00 AM EDT,{ },{ok},57.2\n"
        '1-Nov-26 1:30:00 AM EST,{ },"{fault,down}",59\n',
    )  # fmt: skip
    found = brought(file, 'zone = "America/New_York"', sat="Value (°F)")
    assert found.values("sat") == [13.0, 14.0, 15.0]
    assert found.times("sat") == [
        "2026-10-25 06:15:00",
        "2026-11-01 05:30:00",
        "2026-11-01 06:30:00",
    ]
    assert found.statuses("sat") == [Status.GOOD, Status.GOOD, Status.FAULT]


def test_a_siemens_report_has_a_key_above_two_time_columns_and_an_end(tmp_path: Path) -> None:
    file = csv(
        tmp_path,
        '"Key            Name:Suffix","Trend Definitions Used"\n"Point_1:","AHU3.SAT","","15 minutes"\n'
        '"Time Interval:","15 Minutes"\n"Date Range:","10/13/2026 00:00:00 - 10/14/2026 00:00:00"\n\n'
        '"<>Date","Time","Point_1"\n"10/13/2026","00:00:00","13.5"\n"10/13/2026","00:15:00","No Data"\n'
        '"10/13/2026","00:30:00","Data Loss"\n"10/13/2026","00:45:00","14.5"\n'
        '" ******************************** End of Report *********************************"\n',
    )  # fmt: skip
    found = brought(file, 'zone = "America/New_York"', sat="AHU3.SAT")
    assert found.times("sat")[0] == "2026-10-13 04:00:00"
    assert [v for v in found.values("sat") if not math.isnan(v)] == [13.5, 14.5]
    assert found.statuses("sat") == [Status.GOOD, Status.STALE, Status.FAULT, Status.GOOD]
    assert (found.reading.remarks, found.aside.anything) == (1, False)


def test_a_metasys_list_names_the_point_in_each_row(tmp_path: Path) -> None:
    file = csv(
        tmp_path,
        "Date / Time,Name Path Reference,Object Name,Object Value\n"
        "10/25/2026 1:15:00 PM,ADX:NAE1/AHU3.SAT,SAT,55.4 deg F\n10/25/2026 1:15:00 PM,ADX:NAE1/AHU3.FAN,FAN,On\n"
        "10/25/2026 1:30:00 PM,ADX:NAE1/AHU3.SAT,SAT,57.2 deg F\n10/25/2026 1:30:00 PM,ADX:NAE1/AHU3.FAN,FAN,Off\n",
    ).rename(tmp_path / "m.csv")  # fmt: skip
    file.write_text(file.read_text().replace("deg F", "°F"))
    found = brought(file, sat="ADX:NAE1/AHU3.SAT", fan="ADX:NAE1/AHU3.FAN")
    assert (found.values("sat"), found.values("fan")) == ([13.0, 14.0], [1.0, 0.0])
    assert found.times("sat") == ["2026-10-25 13:15:00", "2026-10-25 13:30:00"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252"]
)
def test_a_german_export_has_semicolons_decimal_commas_and_any_encoding(
    tmp_path: Path, encoding: str
) -> None:
    text = (
        "Anlage: Lüftung 3\r\n\r\nZeitstempel;Zuluft (°C);Leistung (kW);Lüfter\r\n"
        "13.10.2026 00:00;21,5;1.234,5;Ein\r\n13.10.2026 00:15;21,75;---;Aus\r\n"
    )
    found = brought(
        csv(tmp_path, text, encoding), sat="Zuluft (°C)", kw="Leistung (kW)", fan="Lüfter"
    )
    assert (found.values("sat"), found.values("kw")[0], found.values("fan")) == (
        [21.5, 21.75],
        1234.5,
        [1.0, 0.0],
    )
    assert (math.isnan(found.values("kw")[1]), found.statuses("kw")[1]) == (True, Status.STALE)


def test_units_may_stand_in_a_row_of_their_own(tmp_path: Path) -> None:
    text = "Time\tSupply\tPower\n\t°F\tW\n2026-10-13T00:00:00Z\t55.4\t2,500.5\n2026-10-13T00:15:00Z\t57.2\t500\n"
    found = brought(csv(tmp_path, text), "", sat="Supply", kw="Power")
    assert (found.values("sat"), found.values("kw")) == ([13.0, 14.0], [2.5005, 0.5])


def test_an_empty_cell_is_no_sample_and_no_zero(tmp_path: Path) -> None:
    found = brought(
        csv(tmp_path, "Time,A,B\n2026-10-13 00:00,,5\n2026-10-13 00:15,21,\n"), sat="A", kw="B"
    )
    assert (found.values("sat"), found.values("kw")) == ([21.0], [5.0])


@pytest.mark.parametrize(
    ("cells", "values"),
    [(["1,5", "1,234"], [1.5, 1.234]), (["1,234", "1,234.5"], [1234.0, 1234.5]), (["1.234", "1.234,5"], [1234.0, 1234.5]),
     (["1 234.5", "2"], [1234.5, 2.0]), (["1'234.5", "2"], [1234.5, 2.0]), (["1.234", "2.5"], [1.234, 2.5])],
)  # fmt: skip
def test_comma_or_point_is_decided_by_the_whole_column(
    tmp_path: Path, cells: list[str], values: list[float]
) -> None:
    text = "Time;A\n" + "".join(f"2026-10-13 00:{at:02};{cell}\n" for at, cell in enumerate(cells))
    assert brought(csv(tmp_path, text), kw="A").values("kw") == values


def test_a_number_that_may_be_a_thousand_or_a_fraction_is_asked_about(tmp_path: Path) -> None:
    file = csv(tmp_path, "Time;A\n2026-10-13 00:00;1,234\n2026-10-13 00:15;2,345\n")
    assert "decimal" in brought(file, kw="A").aside.columns["A"]
    assert brought(file, 'zone = "UTC"\ndecimal = ","', kw="A").values("kw") == [1.234, 2.345]


# --- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dates", "first"),
    [(["01/02/2026 10:00", "13/02/2026 10:00"], "2026-02-01 10:00:00"), (["01/02/2026 10:00", "01/13/2026 10:00"], "2026-01-02 10:00:00"),
     (["01-Feb-26 10:00 PM", "02-Feb-26 10:00 PM"], "2026-02-01 22:00:00"), (["1769940000", "1769940900"], "2026-02-01 10:00:00"),
     (["1769940000000", "1769940900000"], "2026-02-01 10:00:00"), (["2026-02-01T10:00:00+02:00", "2026-02-01T10:15:00+02:00"], "2026-02-01 08:00:00"),
     (["46054.416666666664", "46054.427083"], "2026-02-01 10:00:00"), (["03/03/2026 10:00", "04/04/2026 10:00"], "2026-03-03 10:00:00")],
)  # fmt: skip
def test_dates_are_read_as_the_whole_column_shows(
    tmp_path: Path, dates: list[str], first: str
) -> None:
    found = brought(
        csv(tmp_path, "Timestamp,A\n" + "".join(f"{date},5\n" for date in dates)), kw="A"
    )
    assert (found.times("kw")[0], len(found.times("kw"))) == (first, 2)


def test_dates_that_may_be_either_are_refused_until_a_person_says(tmp_path: Path) -> None:
    file = csv(tmp_path, "Time,A\n01/02/2026 10:00,5\n02/02/2026 10:00,5\n")
    with pytest.raises(BadRequest, match="day or month first") as asked:
        brought(file, kw="A")
    assert 'dates = "day-first"' in asked.value.hint
    assert (
        brought(file, 'zone = "UTC"\ndates = "month-first"', kw="A").times("kw")[0]
        == "2026-01-02 10:00:00"
    )


def test_dates_that_prove_both_orders_are_refused_and_the_misfits_set_aside_once_told(
    tmp_path: Path,
) -> None:
    file = csv(tmp_path, "Time,A\n25/02/2026 10:00,5\n02/25/2026 10:00,5\n")
    with pytest.raises(BadRequest, match="others only month first"):
        brought(file, kw="A")
    told = brought(file, 'zone = "UTC"\ndates = "day-first"', kw="A")
    assert (told.times("kw"), told.aside.rows) == (["2026-02-25 10:00:00"], 1)


def test_a_local_time_without_a_zone_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no offset from UTC"):
        brought(csv(tmp_path, "Time,A\n2026-10-13 00:00,5\n"), "", kw="A")


# --- clocks that change ---------------------------------------------------------------------------


def stamps(zone: str, start: dt.datetime, count: int) -> list[str]:
    """Quarter hours as the local clock shows them."""
    here = ZoneInfo(zone)
    return [
        f"{(start + n * dt.timedelta(minutes=15)).astimezone(here):%Y-%m-%d %H:%M}"
        for n in range(count)
    ]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("long", [False, True])
def test_the_hour_that_comes_twice_is_told_by_the_order_of_the_rows(
    tmp_path: Path, zone: str, *, falling: bool, long: bool
) -> None:
    start = (
        dt.datetime(2026, 4, 4, 12 if "Lord" in zone else 0, tzinfo=UTC)
        if "Lord" in zone
        else dt.datetime(
            2026, 10, 25 if "Berlin" in zone else 31, 22 if "Berlin" not in zone else 0, tzinfo=UTC
        )
        - dt.timedelta(hours=4 if "Berlin" in zone else 0)
    )
    rows = list(enumerate(stamps(zone, start, 80)))
    rows = rows[::-1] if falling else rows
    text = "Time,Point,Value\n" if long else "Time,A\n"
    for n, at in rows:
        text += f"{at},A,{n}\n{at},B,{n}\n" if long else f"{at},{n}\n"
    found = brought(csv(tmp_path, text), f'zone = "{zone}"', kw="A")
    wanted = [f"{start + n * dt.timedelta(minutes=15):%Y-%m-%d %H:%M:%S}" for n in range(80)]
    assert dict(zip(map(int, found.values("kw")), found.times("kw"), strict=True)) == dict(
        enumerate(wanted)
    )
    assert not found.aside.anything


def test_half_of_the_doubled_hour_alone_is_set_aside_and_the_missing_hour_named(
    tmp_path: Path,
) -> None:
    text = "Time,A\n2026-03-29 01:30,1\n2026-03-29 02:30,2\n2026-10-25 01:45,3\n2026-10-25 02:15,4\n2026-10-25 03:00,5\n"
    found = brought(csv(tmp_path, text), 'zone = "Europe/Berlin"', kw="A")
    assert found.values("kw") == [1.0, 3.0, 5.0]
    assert found.aside.rows == 2
    assert sorted(found.aside.reasons) == [
        "a time in the hour that comes twice, and the order of the rows does not tell which",
        "clocks in Europe/Berlin went forward, this time does not exist",
    ]


# --- bad files ------------------------------------------------------------------------------------


def test_three_formats_in_one_column_cost_only_the_rows_that_cannot_be_read(tmp_path: Path) -> None:
    refused = tmp_path / "trend.csv.refused.csv"
    text = (
        "Time,A\n2026-10-13 00:00,1\n13.10.2026 00:15,2\n45943.5,3\nyesterday noon,4\n1970-01-01 00:00,5\n"
        "2106-02-07 06:28,6\n2026-10-13 00:30,nan\n2026-10-13 00:45,inf\n2026-10-13 01:00,=cmd\n"
    )
    found = brought(csv(tmp_path, text), refused=refused, kw="A")
    assert found.statuses("kw") == [Status.GOOD, Status.GOOD, Status.STALE, Status.FAULT]
    assert (found.aside.rows, found.aside.cells) == (4, 1)
    assert found.reading.rows == len(found.samples["kw"]) + found.aside.rows + found.aside.cells
    listed = refused.read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in listed[1:]] == ["4", "5", "6", "7", "10"]
    assert "'=cmd" in listed[-1]


def test_a_column_of_two_units_is_read_by_its_cells_and_what_contradicts_the_point_is_set_aside(
    tmp_path: Path,
) -> None:
    text = "Time,A\n2026-10-13 00:00,55.4 °F\n2026-10-13 00:15,14 °C\n2026-10-13 00:30,3 kW\n"
    found = brought(csv(tmp_path, text), sat="A")
    assert (found.values("sat"), found.aside.cells) == ([13.0, 14.0], 1)


def test_a_unit_that_contradicts_the_quantity_refuses_the_column_and_no_other(
    tmp_path: Path,
) -> None:
    found = brought(
        csv(tmp_path, "Time,A (kW),B (kW)\n2026-10-13 00:00,5,6\n"), sat="A (kW)", kw="B (kW)"
    )
    assert ("A (kW)" in found.aside.columns, found.values("kw"), found.values("sat")) == (
        True,
        [6.0],
        [],
    )


def test_a_line_of_ten_megabytes_is_one_row_set_aside(tmp_path: Path) -> None:
    text = (
        "Time,A\n2026-10-13 00:00,1\n2026-10-13 00:15,"
        + "9" * (10 * MAX_LINE)
        + "\n2026-10-13 00:30,3\n"
    )
    found = brought(csv(tmp_path, text), kw="A")
    assert (found.values("kw"), found.aside.rows, found.times("kw")[1]) == (
        [1.0, 3.0],
        1,
        "2026-10-13 00:30:00",
    )


def test_an_open_quote_costs_one_row(tmp_path: Path) -> None:
    text = 'Time,A\n2026-10-13 00:00,1\n2026-10-13 00:15,"2\n' + "".join(
        f"2026-10-13 01:{n:02},3\n" for n in range(40)
    )
    found = brought(csv(tmp_path, text), kw="A")
    assert (len(found.values("kw")), found.aside.rows) == (41, 1)


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_file_that_breaks_off_is_said_to_be_damaged(tmp_path: Path, kind: str) -> None:
    whole = typed(
        tmp_path, kind, [dt.datetime(2026, 10, 13, n) for n in range(20)], list(range(20))
    )
    body = whole.read_bytes()
    whole.write_bytes(body[: len(body) * 2 // 3])
    with pytest.raises(Corrupt, match="not a readable"):
        brought(whole, kw="A")


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=300))
def test_no_bytes_end_it_with_anything_but_our_own_errors(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(b"Time,A\n2026-10-13 00:00,1\n" + body)
    try:
        brought(file, kw="A")
    except PlantroomError:
        return


# --- there and back -------------------------------------------------------------------------------


def typed(tmp_path: Path, kind: str, times: Sequence[dt.datetime], values: Iterable[float]) -> Path:
    """A file whose cells have types."""
    file = tmp_path / f"typed.{kind}"
    values = list(values)
    if kind == "parquet":
        parquet.write_table(
            pa.table(
                {"Time": pa.array(times, pa.timestamp("us")), "A": pa.array(values, pa.float64())}
            ),
            file,
        )
        return file
    book = openpyxl.Workbook()
    book.active.append(["Time", "A"])
    for at, value in zip(times, values, strict=True):
        book.active.append([at, value])
    book.save(file)
    return file


moments = st.lists(
    st.datetimes(dt.datetime(2001, 1, 1), dt.datetime(2026, 11, 1)).map(lambda at: at.replace(microsecond=0)), min_size=1, max_size=20, unique=True,
)  # fmt: skip
numbers = st.floats(-1e9, 1e9, allow_subnormal=False)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
@settings(max_examples=12, deadline=None)
@given(times=moments, value=numbers)
def test_numbers_and_instants_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, kind: str, times: list[dt.datetime], value: float
) -> None:
    folder = tmp_path_factory.getbasetemp()
    values = [value + n for n in range(len(times))]
    if kind == "csv":
        file = csv(
            folder,
            "Time,A\n"
            + "".join(
                f"{at:%Y-%m-%d %H:%M:%S},{v!r}\n" for at, v in zip(times, values, strict=True)
            ),
        )
    else:
        file = typed(folder, kind, times, values)
    found = brought(file, kw="A")
    wanted = (
        [pytest.approx(v, rel=1e-15) for v in values] if kind == "xlsx" else values
    )  # 16 digits there
    assert [v for _, v, _ in found.samples["kw"]] == wanted
    assert found.times("kw") == [f"{at:%Y-%m-%d %H:%M:%S}" for at in times]


@given(value=st.floats(-1e12, 1e12, allow_subnormal=False), decimals=st.integers(0, 6))
def test_a_number_written_in_german_or_english_is_the_same(value: float, decimals: int) -> None:
    english = f"{value:,.{decimals}f}"
    german = english.translate(str.maketrans(",.", ".,"))
    wanted = float(f"{value:.{decimals}f}")
    for text, sign in ((english, "."), (german, ",")):
        read = CellReader(sign).read(text)
        assert read is not None
        assert read.number == wanted


def test_what_is_no_number_in_the_columns_dialect_is_never_guessed() -> None:
    for text in ("1,5", "1.2.3", "12:30", "1_000", "0x10", "five"):
        with pytest.raises(Unread):
            CellReader(".").read(text)
