"""Hayson and Haystack 3's JSON as the standard writes them, whole and through a window."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.codec import hayson, json3, json_rows, lines, zinc
from ontology.codec.instants import write_instant
from ontology.errors import Corrupt
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr
from tests.ontology.values import exactly, grids

SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
EACH = pytest.mark.parametrize("codec", [hayson, json3], ids=["hayson", "json3"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123.45", Number(123.45)), ('{"_kind":"number","val":123.45}', Number(123.45)),
        ('{"_kind":"number","val":123,"unit":"m"}', Number(123, "m")),
        ('{"_kind":"number","val":"INF"}', Number(math.inf)), ('{"_kind":"number","val":"-INF"}', Number(-math.inf)),
        ('{"_kind":"number","val":"NaN"}', Number(math.nan)), ('{"_kind":"marker"}', MARKER),
        ('{"_kind":"remove"}', REMOVE), ('{"_kind":"na"}', NA), ('{"_kind":"ref","val":"abc-def"}', Ref("abc-def")),
        ('{"_kind":"ref","val":"a","dis":"Main Elec Meter"}', Ref("a", "Main Elec Meter")),
        ('{"_kind":"date","val":"2021-03-22"}', dt.date(2021, 3, 22)),
        ('{"_kind":"time","val":"17:19:23"}', dt.time(17, 19, 23)),
        ('{"_kind":"dateTime","val":"2021-03-22T17:56:05.411Z"}', dt.datetime(2021, 3, 22, 17, 56, 5, 411000, ZoneInfo("GMT"))),
        ('{"_kind":"dateTime","val":"2021-03-22T13:57:00.381-04:00","tz":"New_York"}',
         dt.datetime(2021, 3, 22, 13, 57, 0, 381000, ZoneInfo("America/New_York"))),
        ('{"_kind":"uri","val":"https://project-haystack.org"}', Uri("https://project-haystack.org")),
        ('{"_kind":"coord","lat":50.979603,"lng":10}', Coord(50.979603, 10)),
        ('{"_kind":"xstr","type":"Span","val":"today"}', XStr("Span", "today")),
        ('{"_kind":"symbol","val":"site"}', Symbol("site")), ("[]", []), ("{}", {}), ('{"_kind":"dict"}', {}),
        ('[true,123,"a string",null,{"site":{"_kind":"marker"}}]', [True, Number(123), "a string", None, {"site": MARKER}]),
        ('{"dis":"Kennedy Center","Ignore":"skipped, says the standard","n":null}', {"dis": "Kennedy Center"}),
    ],
)  # fmt: skip
def test_hayson_of_the_standard_is_read(text: str, value: Any) -> None:
    assert exactly(hayson.decode_value(text)) == exactly(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m:", MARKER), ("-:", REMOVE), ("z:", NA), ("n:45.5", Number(45.5)), ("n:73.2 °F", Number(73.2, "°F")),
        ("n:-INF", Number(-math.inf)), ("n:INF", Number(math.inf)), ("n:NaN", Number(math.nan)),
        ("n:5.4E+8 kW", Number(5.4e8, "kW")), ("r:abc-123", Ref("abc-123")), ("r:abc-123 RTU #3", Ref("abc-123", "RTU #3")),
        ("y:hot-water", Symbol("hot-water")), ("y:lib:ph", Symbol("lib:ph")), ("hello", "hello"), ("s:hello", "hello"),
        ("s:a:b", "a:b"), ("s:", ""), ("", ""), ("d:2014-01-03", dt.date(2014, 1, 3)), ("h:23:59", dt.time(23, 59)),
        ("t:2015-06-08T15:47:41-04:00 New_York", dt.datetime(2015, 6, 8, 15, 47, 41, 0, ZoneInfo("America/New_York"))),
        ("u:http://project-haystack.org/", Uri("http://project-haystack.org/")), ("c:37.545,-77.449", Coord(37.545, -77.449)),
        ("c: 37.5, -77.4", Coord(37.5, -77.4)), ("x:Type:val:ue", XStr("Type", "val:ue")), ("b:text/plain", XStr("Bin", "text/plain")),
        ("Alarm: high", "Alarm: high"), ("B: 2", "B: 2"),
    ],
)  # fmt: skip
def test_a_scalar_of_haystack_3_is_read(text: str, value: Any) -> None:
    assert exactly(json3.decode_value(json.dumps(text))) == exactly(value)


def test_a_grid_of_haystack_3_is_read() -> None:
    text = """{
      "meta": {"ver":"3.0", "projName":"test"},
      "cols":[{"name":"dis", "dis":"Equip Name"}, {"name":"equip"}, {"name":"siteRef"}, {"name":"val"}],
      "rows":[
        {"dis":"RTU-1", "equip":"m:", "siteRef":"r:153c-699a HQ", "val":["n:1", "n:2 kW"]},
        {"val":{"dis":"Dict!", "foo":"m:", "gone":null}},
        {"val":{"meta":{"ver":"2.0"}, "cols":[{"name":"b"},{"name":"a"}], "rows":[{"b":"n:20","a":"n:10"}]}}
      ]}"""
    grid = json3.decode(text)
    assert grid.meta == {"projName": "test"}
    assert grid.column_meta == {"dis": {"dis": "Equip Name"}}
    assert grid.columns == ("dis", "equip", "siteRef", "val")
    assert grid.rows[0]["val"] == [Number(1), Number(2, "kW")]
    assert grid.rows[1] == {"val": {"dis": "Dict!", "foo": MARKER}}
    assert grid.rows[2]["val"] == Grid(("b", "a"), ({"b": Number(20), "a": Number(10)},))


def as_json3(value: Any) -> Any:
    """The other half of Haystack 3's JSON, as the standard has it: we only read it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Grid):
        cols = [{"name": c} | as_json3(value.column_meta.get(c, {})) for c in value.columns]
        return {
            "meta": {"ver": "3.0"} | as_json3(value.meta), "cols": cols, "rows": as_json3(value.rows),
        }  # fmt: skip
    if isinstance(value, Mapping):
        return {name: as_json3(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json3(item) for item in value]
    if isinstance(value, Number):
        digits = zinc.encode_value(Number(value.value))
        return f"n:{digits} {value.unit}" if value.unit else f"n:{digits}"
    forms: dict[type, Any] = {
        str: lambda v: f"s:{v}", Ref: lambda v: f"r:{v.id} {v.dis}" if v.dis else f"r:{v.id}",
        Symbol: lambda v: f"y:{v.name}", Uri: lambda v: f"u:{v.uri}", XStr: lambda v: f"x:{v.type}:{v.text}",
        Coord: lambda v: f"c:{float(v.lat)!r},{float(v.lng)!r}", dt.date: lambda v: f"d:{v}", dt.time: lambda v: f"h:{v}",
        dt.datetime: lambda v: "t:" + " ".join(write_instant(v)),
        type(MARKER): lambda _: "m:", type(NA): lambda _: "z:", type(REMOVE): lambda _: "-:",
    }  # fmt: skip
    return forms[type(value)](value)


def without_names_and_grids_in_tags(value: Any) -> Any:
    """Haystack 3 puts a column's tags beside its name: a tag `name` has no place there."""
    if isinstance(value, Grid):
        tags = {
            c: {k: without_names_and_grids_in_tags(v) for k, v in m.items() if k != "name"}
            for c, m in value.column_meta.items()
        }
        return Grid(
            value.columns,
            tuple(without_names_and_grids_in_tags(row) for row in value.rows),
            without_names_and_grids_in_tags(value.meta),
            {c: m for c, m in tags.items() if m},
        )
    if isinstance(value, Mapping):
        # A dict with both keys would read as a grid.
        return {
            k: without_names_and_grids_in_tags(v)
            for k, v in value.items()
            if k not in {"cols", "meta"}
        }
    if isinstance(value, (list, tuple)):
        return [without_names_and_grids_in_tags(item) for item in value]
    return value


def reads_back_from_json3(grid: Grid) -> None:
    grid = without_names_and_grids_in_tags(grid)
    assert exactly(json3.decode(json.dumps(as_json3(grid)))) == exactly(grid)


@SOME
@given(grids())
def test_what_a_server_of_haystack_3_writes_is_read(grid: Grid) -> None:
    reads_back_from_json3(grid)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(grids())
def test_ten_thousand_grids_of_haystack_3_are_read(grid: Grid) -> None:
    reads_back_from_json3(grid)


@SOME
@given(grid=grids(), size=st.integers(1, 40))
def test_a_grid_cut_into_chunks_anywhere_reads_the_same(grid: Grid, size: int) -> None:
    class Slow(io.BytesIO):
        def read(self, n: int | None = -1) -> bytes:
            return super().read(size if n == lines.CHUNK else n)

    text = hayson.encode(grid).encode()
    assert exactly(hayson.read(Slow(text)).grid()) == exactly(grid)


@EACH
def test_rows_before_the_columns_are_read_too(codec: ModuleType) -> None:
    text = '{"rows":[{"a":"x"}],"cols":[{"name":"a"}],"meta":{"ver":"3.0","b":true}}'
    assert codec.decode(text) == Grid(("a",), ({"a": "x"},), {"b": True})


@EACH
def test_a_plain_list_of_dicts_counts_as_rows(codec: ModuleType) -> None:
    assert codec.decode('[{"dis":"x"},{"id":null}]') == Grid(("dis",), ({"dis": "x"}, {}))


GRID = '{"_kind":"grid","meta":{"ver":"3.0"},"cols":[{"name":"a"}],"rows":['


@EACH
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1: wanted a grid, found the end"),
        ('"text"', "line 1, column 1: wanted a grid, found '\"text\"'"),
        ("{", "line 1, column 2: wanted a key, found the end"),
        ('{"_kind":"grid"}', "an object, but no grid"),
        (GRID, "wanted a value, found the end"),
        (GRID + "\n{},\n{}", "line 3, column 3: wanted ], found the end"),
        (GRID + '\n{"a":1},\n{"a" 2}]}', "line 3, column 6: Expecting ':' delimiter"),
        (GRID + '\n{"a":"x}', "line 2, column 6: Unterminated string"),
        (GRID + "\n5]}", "line 2, column 1: in the value that starts here, no dict"),
        (GRID + "]} x", "wanted the end, found 'x'"),
        (GRID + '],"rows":[]}', "'rows' was already given"),
        (GRID + '{"a":NaN}]}', "NaN"),
        (GRID + "{}] ", "wanted }, found the end"),
        ("[" * 100_000, "nested too deep"),
        ('[{"a":' + "[" * 101 + "]" * 101 + "}]", "nested too deep"),
        ('[{"a":' * 100_000, "nested too deep"),
        ('{"cols":[{"name":"a"},{"name":"a"}],"rows":[]}', "'a' was already given"),
        ('{"cols":[{"name":"A B"}],"rows":[]}', "a column without a name"),
        ('{"cols":[5],"rows":[]}', "a column without a name"),
        ('{"cols":[],"meta":5,"rows":[]}', ""),
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_bad_json_is_refused_by_its_place(codec: ModuleType, text: str, says: str) -> None:
    with pytest.raises(Corrupt) as refused:
        codec.decode(text)
    wanted = says.replace("a column without a name", "a grid without readable columns")
    assert (wanted if codec is hayson else says) in str(refused.value)
    assert refused.value.hint
    # And as a file, through the window, the same words.
    with pytest.raises(Corrupt) as again:
        codec.read(io.BytesIO(text.encode())).grid()
    assert str(again.value) == str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"_kind":"bogus"}', '{"_kind":5}', '{"_kind":["ref"]}', '{"_kind":"ref"}', '{"_kind":"ref","val":5}',
        '{"_kind":"ref","val":[]}', '{"_kind":"ref","val":"a b"}', '{"_kind":"ref","val":"a","dis":{}}',
        '{"_kind":"number"}', '{"_kind":"number","val":"x"}', '{"_kind":"number","val":true}', '{"_kind":"number","val":1,"unit":5}',
        "1e999", "-1e999", '{"_kind":"uri","val":5}', '{"_kind":"symbol","val":"a b"}', '{"_kind":"date","val":"2026-02-30"}',
        '{"_kind":"date","val":[]}', '{"_kind":"time","val":"10:00Z"}', '{"_kind":"dateTime","val":"2026-01-01T00:00:00"}',
        '{"_kind":"dateTime","val":"2026-01-01T00:00:00Z","tz":"Atlantis"}', '{"_kind":"dateTime","val":"2026-01-01T00:00:00Z","tz":5}',
        '{"_kind":"coord","lat":91,"lng":0}', '{"_kind":"coord","lat":"1","lng":0}', '{"_kind":"xstr","type":"low","val":""}',
        '{"_kind":"grid","cols":{}}', '{"_kind":"grid","cols":[],"rows":[1]}', "nul", "{}{}", "[1,]",
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_with_the_form_it_should_have(text: str) -> None:
    with pytest.raises(Corrupt, match="line 1, column") as refused:
        hayson.decode_value(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    ["n:x", "n:", "n:1e999", "r:a/b", "r:", "m:x", "d:2026-02-30", "t:2026-01-01", "c:1", "x:Type", "x:low:v", "y:a b", "h:99:00",
     "t:2026-01-01T00:00:00Z Atlantis"],
)  # fmt: skip
def test_what_is_no_scalar_of_haystack_3_is_refused(text: str) -> None:
    with pytest.raises(Corrupt, match="not a value") as refused:
        json3.decode(json.dumps([{"a": text}]))
    assert str(refused.value).startswith("line 1, column 2")


def test_a_row_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "MAX_ROW", 2**20)
    body = io.BytesIO(GRID.encode() + b'{"a":"' + b"x" * (8 * 2**20))
    with pytest.raises(Corrupt, match="a value longer than 1 MB"):
        hayson.read(body).grid()
    assert body.tell() < 5 * 2**20


def test_equal_refs_are_one_object() -> None:
    text = '[{"id":{"_kind":"ref","val":"a","dis":"A"}},{"id":{"_kind":"ref","val":"a","dis":"A"}}]'
    first, second = hayson.decode(text)
    assert first["id"] is second["id"]


@pytest.mark.parametrize("tz", ["[5]", '{"a":1}', "7", '{"_kind":"marker"}'])
def test_a_time_zone_that_is_no_text_is_refused(tz: str) -> None:
    with pytest.raises(Corrupt, match="not a dateTime"):
        hayson.decode_value(f'{{"_kind":"dateTime","val":"2026-11-20T14:30:00Z","tz":{tz}}}')


def test_threads_that_read_thousands_of_names_lose_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hayson, "MAX_KNOWN", 50)

    def tags_kept(reader: int) -> int:
        row = ",".join(f'"k{reader}x{n}":{n}' for n in range(400))
        return min(len(hayson.decode_value("{" + row + "}")) for _ in range(20))

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(tags_kept, range(8))) == {400}


def test_long_texts_are_not_kept() -> None:
    before = len(hayson._READER._refs), len(hayson._READER._names)
    for n in range(20):
        long = f"{n}" + "x" * 500
        hayson.decode_value(f'{{"{"k" + long}":{{"_kind":"ref","val":"a","dis":"{long}"}}}}')
    assert (len(hayson._READER._refs), len(hayson._READER._names)) == before


@pytest.mark.parametrize("codec", [hayson, json3], ids=["hayson", "json3"])
@pytest.mark.parametrize("text", ["{}", ' {"a":1}', '\n{"_kind":"grid","cols":5}', '{"rows":[]}'])
def test_an_object_that_is_no_grid_is_refused_by_its_place(codec: ModuleType, text: str) -> None:
    line, column = text.count("\n") + 1, text.index("{") - text.rfind("\n", 0, text.index("{"))
    with pytest.raises(Corrupt, match=f"line {line}, column {column}: in the object"):
        codec.decode(text)
