"""Grids survive being written and read again, in every format that keeps all of a value."""

from __future__ import annotations

import datetime as dt
import io
import math
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.demo.model import riverside_tower
from ontology.codec import hayson, json3, trio, zinc
from ontology.codec.depth import MAX_DEPTH
from ontology.errors import Corrupt
from ontology.kinds import MARKER, Coord, Grid, Number, Ref, Symbol, Uri, XStr
from ontology.zones import city_of, zone_named
from tests.ontology.values import exactly, grids, instants, rows, values

CODECS = pytest.mark.parametrize("codec", [hayson, zinc], ids=["hayson", "zinc"])
EACH = pytest.mark.parametrize("codec", [hayson, zinc, trio], ids=["hayson", "zinc", "trio"])
MANY = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


def survives(codec: ModuleType, grid: Grid) -> None:
    text = codec.encode(grid)
    assert exactly(codec.decode(text)) == exactly(grid)
    # As UTF-8, through a file, row by row: the very same.
    assert exactly(codec.read(io.BytesIO(text.encode())).grid()) == exactly(grid)


@CODECS
@SOME
@given(grid=grids())
def test_a_grid_survives_being_written_and_read(codec: ModuleType, grid: Grid) -> None:
    survives(codec, grid)


@pytest.mark.long
@pytest.mark.timeout(3600)
@CODECS
@MANY
@given(grid=grids())
def test_ten_thousand_grids_survive(codec: ModuleType, grid: Grid) -> None:
    survives(codec, grid)


def records_survive(records: list[dict[str, Any]]) -> None:
    grid = Grid.of([record for record in records if record])
    survives(trio, grid)


@SOME
@given(st.lists(rows, max_size=3))
def test_records_survive_as_trio(records: list[dict[str, Any]]) -> None:
    records_survive(records)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(st.lists(rows, max_size=3))
def test_ten_thousand_lists_of_records_survive_as_trio(records: list[dict[str, Any]]) -> None:
    records_survive(records)


@CODECS
@SOME
@given(value=values)
def test_one_value_survives_alone(codec: ModuleType, value: Any) -> None:
    assert exactly(codec.decode_value(codec.encode_value(value))) == exactly(value)


@EACH
def test_a_grid_inside_a_grid_survives(codec: ModuleType) -> None:
    inner = Grid.of([{"a": Number(1, "kW"), "b": "x"}, {}])
    outer = Grid.of([{"id": Ref("x"), "table": inner, "list": [inner, [Number(2), {"g": inner}]]}])
    survives(codec, outer)


@EACH
def test_the_whole_demo_building_survives(codec: ModuleType) -> None:
    tower = Grid.of(riverside_tower())
    assert exactly(codec.decode(codec.encode(tower)).rows) == exactly(tower.rows)


@EACH
def test_a_grid_without_rows_has_the_column_empty(codec: ModuleType) -> None:
    assert codec.decode(codec.encode(Grid.of([]))) == Grid(("empty",))
    assert codec.decode(codec.encode(Grid(()))) == Grid(("empty",))


@CODECS
@pytest.mark.parametrize("columns", [("id",), ("id", "dis")])
def test_a_row_for_nothing_found_stays_in_its_place(
    codec: ModuleType, columns: tuple[str, ...]
) -> None:
    found = Grid(columns, ({}, {"id": Ref("a")}, {}))
    assert codec.decode(codec.encode(found)).rows == found.rows


@EACH
def test_a_null_is_an_absent_tag_and_stays_in_a_list(codec: ModuleType) -> None:
    grid = Grid(("a", "b"), ({"a": None, "b": [None, {"c": None, "d": MARKER}]},))
    assert codec.decode(codec.encode(grid)).rows == ({"b": [None, {"d": MARKER}]},)


@EACH
@pytest.mark.parametrize(
    "value",
    [
        Number(1, "m2"), Number(1, "kW h"), Symbol("hot water"), XStr("color", "red"), 5, b"x",
        {"Not A Tag": MARKER}, dt.datetime(2026, 1, 1), dt.time(1, 2, tzinfo=dt.UTC), pytest.param(object(), id="no value"),
    ],
    ids=str,
)  # fmt: skip
def test_what_nobody_could_read_is_not_written(codec: ModuleType, value: Any) -> None:
    if codec is hayson and isinstance(value, Number):
        pytest.skip("JSON has a place of its own for units")
    with pytest.raises(Corrupt) as refused:
        codec.encode(Grid.of([{"a": value}]))
    assert refused.value.hint


@EACH
def test_a_value_that_holds_itself_is_refused(codec: ModuleType) -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(Corrupt, match="nested too deep"):
        codec.encode(Grid.of([{"a": ring}]))


def _nested(form: str, levels: int) -> Any:
    value: Any = Number(5)
    for _ in range(levels):
        if form == "list":
            value = [value]
        elif form == "dict":
            value = {"a": value}
        else:
            value = Grid.of([{"a": value}])
    return value


@EACH
@pytest.mark.parametrize("form", ["list", "dict", "grid"])
def test_all_formats_nest_equally_deep(codec: ModuleType, form: str) -> None:
    survives(codec, Grid.of([{"a": _nested(form, MAX_DEPTH)}]))
    deeper = codec.encode(Grid.of([{"a": _nested(form, MAX_DEPTH + 1)}]))
    with pytest.raises(Corrupt, match="nested"):
        codec.decode(deeper)


def test_the_json_of_haystack_3_nests_as_deep_as_the_rest() -> None:
    def nested(levels: int) -> str:
        return '[{"a":' + "[" * levels + "5" + "]" * levels + "}]"

    survives(zinc, json3.decode(nested(MAX_DEPTH)))
    with pytest.raises(Corrupt, match="nested too deep"):
        json3.decode(nested(MAX_DEPTH + 1))
    grids = '{"meta":{},"cols":[{"name":"a"}],"rows":[{"a":'
    deep = grids * (MAX_DEPTH + 1) + "5" + "}]}" * (MAX_DEPTH + 1)
    survives(zinc, json3.decode(deep))


def test_trio_in_trio_nests_no_deeper_than_can_be_written() -> None:
    text = (
        "".join("  " * i + "a: Trio:\n" for i in range(30))
        + "  " * 30
        + "a: "
        + "[" * 20
        + "]" * 20
    )
    survives(zinc, trio.decode(text))
    with pytest.raises(Corrupt, match="line 1, column 4: wanted at most 50 nested levels"):
        trio.decode(text.replace("[]", "[[]]"))


@EACH
def test_two_halves_of_one_character_are_that_character(codec: ModuleType) -> None:
    (row,) = codec.decode(codec.encode(Grid.of([{"a": "\ud83d\ude00", "b": "\ude00\ud83d"}])))
    assert row == {"a": "😀", "b": "\ude00\ud83d"}


@pytest.mark.parametrize("name", sorted(available_timezones() - {"localtime"}))
def test_every_zone_of_the_world_comes_back(name: str) -> None:
    noon = dt.datetime(2026, 7, 1, 12, tzinfo=ZoneInfo(name))
    again = zinc.decode_value(zinc.encode_value(noon))
    assert again.isoformat() == noon.isoformat()
    assert again.tzinfo.key == (name if city_of(noon) != "UTC" else "UTC")


@SOME
@given(instants)
def test_an_instant_is_written_with_whole_minutes_of_offset(instant: dt.datetime) -> None:
    stamp, _, city = zinc.encode_value(instant).partition(" ")
    assert stamp.endswith("Z") or stamp[-6] in "+-"
    assert zone_named(city).utcoffset(dt.datetime(2026, 1, 1)) is not None
    assert dt.datetime.fromisoformat(stamp).timestamp() == pytest.approx(instant.timestamp())


@EACH
@pytest.mark.parametrize("hours", [-12, -3.5, 0, 5.75, 14, 15])
def test_a_fixed_offset_keeps_its_instant(codec: ModuleType, hours: float) -> None:
    instant = dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=hours)))
    (row,) = codec.decode(codec.encode(Grid.of([{"ts": instant}])))
    assert row["ts"].timestamp() == instant.timestamp()


@EACH
def test_the_first_and_the_last_instant_of_the_calendar_survive(codec: ModuleType) -> None:
    edges = [
        dt.datetime.min.replace(tzinfo=ZoneInfo("Etc/GMT-14")),
        dt.datetime.max.replace(tzinfo=ZoneInfo("Etc/GMT+12")),
        dt.datetime.min.replace(tzinfo=dt.UTC).astimezone(ZoneInfo("UTC")),
    ]
    survives(codec, Grid.of([{"ts": edge} for edge in edges]))


@EACH
def test_uris_keep_the_backslash_before_a_reserved_character(codec: ModuleType) -> None:
    survives(
        codec, Grid.of([{"u": Uri(text)} for text in (r"file \#2", "a\\b", "\\", "`", "\\\\:")])
    )


@EACH
def test_a_sign_and_every_digit_of_a_float_survive(codec: ModuleType) -> None:
    floats = [-0.0, 1e308, 5e-324, 0.1 + 0.2, 2.0**53 + 2, 1e15, 1e16, -123456.789]
    survives(codec, Grid.of([{"n": Number(value, "kW"), "m": Number(value)} for value in floats]))


@EACH
def test_infinities_and_not_a_number_survive(codec: ModuleType) -> None:
    (row,) = codec.decode(
        codec.encode(
            Grid.of([{"a": Number(math.nan), "b": Number(math.inf), "c": Number(-math.inf)}])
        )
    )
    assert [str(row[name].value) for name in "abc"] == ["nan", "inf", "-inf"]


@EACH
def test_a_coordinate_is_written_without_an_exponent(codec: ModuleType) -> None:
    survives(codec, Grid.of([{"c": Coord(1e-7, -180.0)}, {"c": Coord(-0.0, 5e-324)}]))
