"""Grids survive being written and read again, and bad text is refused by line and column."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.demo.model import riverside_tower
from ontology.codec import hayson, zinc
from ontology.errors import Corrupt
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr

CODECS = pytest.mark.parametrize("codec", [hayson, zinc], ids=["hayson", "zinc"])

texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.from_regex(r"[a-z][a-zA-Z0-9_]{0,8}", fullmatch=True)
units = st.sampled_from(["", "kW", "°C", "%", "L/s", "_custom", "ft²", "$"])
numbers = st.builds(Number, st.floats(allow_nan=False, allow_infinity=False), units)
zones = st.sampled_from(["UTC", "Asia/Bangkok", "Europe/London", "America/New_York"])
instants = st.builds(
    lambda naive, zone: naive.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)),
    st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2100, 1, 1)),
    zones,
)
scalars = st.one_of(
    st.sampled_from([MARKER, NA, REMOVE, True, False]),
    numbers,
    st.just(Number(math.inf)),
    texts,
    st.builds(Ref, st.from_regex(r"[a-zA-Z0-9_:\-.~]{1,12}", fullmatch=True), texts),
    st.builds(Symbol, st.from_regex(r"[a-z][a-zA-Z0-9\-]{0,10}", fullmatch=True)),
    st.builds(Uri, texts),
    st.builds(
        Coord,
        st.floats(-90, 90).map(lambda v: round(v, 6)),
        st.floats(-180, 180).map(lambda v: round(v, 6)),
    ),
    st.builds(
        XStr, st.from_regex(r"[A-Z][a-zA-Z]{1,6}", fullmatch=True).filter(lambda t: t != "C"), texts
    ),
    st.dates(dt.date(1900, 1, 1)),
    st.times(),
    instants,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=5,
)
rows = st.dictionaries(names.filter(lambda n: n != "ver"), values, min_size=1, max_size=4)
grids = st.lists(rows, min_size=1, max_size=4).map(Grid.of)


@CODECS
@settings(max_examples=60, deadline=None)
@given(grid=grids)
def test_a_grid_survives_being_written_and_read(codec: ModuleType, grid: Grid) -> None:
    again = codec.decode(codec.encode(grid))
    assert again.rows == grid.rows
    assert again.columns == grid.columns


@CODECS
def test_a_grid_inside_a_grid_survives(codec: ModuleType) -> None:
    inner = Grid.of([{"a": Number(1, "kW"), "b": "x"}])
    outer = Grid.of([{"id": Ref("x"), "table": inner, "list": [inner, [Number(2)]]}])
    assert codec.decode(codec.encode(outer)).rows == outer.rows


@CODECS
def test_the_whole_demo_building_survives(codec: ModuleType) -> None:
    tower = Grid.of(riverside_tower())
    assert codec.decode(codec.encode(tower)).rows == tower.rows


@CODECS
def test_not_a_number_stays_not_a_number(codec: ModuleType) -> None:
    (row,) = codec.decode(codec.encode(Grid.of([{"x": Number(math.nan)}]))).rows
    assert math.isnan(row["x"].value)


def test_an_underscore_parts_thousands_and_begins_a_custom_unit() -> None:
    assert zinc.decode_value("5_000_custom") == Number(5000, "_custom")
    assert zinc.decode_value("5_000kW") == Number(5000, "kW")


def test_zinc_written_by_the_standard_is_read() -> None:
    text = (
        'ver:"3.0" database:"test" dis:"Site Energy Summary"\n'
        'siteName dis:"Sites", val dis:"Value" unit:"kW"\n'
        '"Site 1", 356.214kW\n'
        '"Site 2", 463.028kW\n'
        '"Site \\u00b0 3",\n'
    )
    grid = zinc.decode(text)
    assert grid.meta == {"database": "test", "dis": "Site Energy Summary"}
    assert grid.column_meta["val"] == {"dis": "Value", "unit": "kW"}
    assert [row.get("val") for row in grid] == [Number(356.214, "kW"), Number(463.028, "kW"), None]
    assert grid.rows[2]["siteName"] == "Site ° 3"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1"),
        ('ver:"9.0"\nid\n', "line 1"),
        ('ver:"3.0"\nid,id\n', "line 2"),
        ('ver:"3.0"\nid,dis\n@a,"x"\n@b\n', "line 4, column 3"),
        ('ver:"3.0"\nid\n@a "unclosed\n', "line 3"),
        ('ver:"3.0"\nts\n2026-13-45\n', "line 3"),
        ('ver:"3.0"\nx\nBOGUS\n', "line 3"),
        ('ver:"3.0"\nx\n' + "[" * 100_000, "line 3"),
    ],
)
def test_bad_zinc_is_refused_by_its_place(text: str, place: str) -> None:
    with pytest.raises(Corrupt, match=place):
        zinc.decode(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"_kind":"bogus"}',
        '{"_kind":"ref"}',
        '{"_kind":"number","val":"x"}',
        "[" * 100_000,
        '{"_kind":"ref","val":"a b"}',
    ],
)
def test_bad_hayson_is_refused(text: str) -> None:
    with pytest.raises(Corrupt):
        hayson.decode_value(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_a_codec_crash(text: str) -> None:
    for decode in (zinc.decode, zinc.decode_value, hayson.decode):
        with contextlib.suppress(Corrupt):
            decode(text)
