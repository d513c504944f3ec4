"""Zinc as the standard writes it, refused by its place where it is wrong, and read fast the same way."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ontology.codec import zinc
from ontology.codec.lines import lines_in
from ontology.codec.rows import Batch
from ontology.errors import Corrupt
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr
from tests.ontology.values import exactly, grids

SOME = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("N", None), ("M", MARKER), ("R", REMOVE), ("NA", NA), ("T", True), ("F", False),
        ("1", Number(1)), ("-34", Number(-34)), ("10_000", Number(10_000)), ("5.4e-45", Number(5.4e-45)),
        ("9.23kg", Number(9.23, "kg")), ("74.2°F", Number(74.2, "°F")), ("4min", Number(4, "min")),
        ("5.4E+8kW", Number(5.4e8, "kW")), ("1_0.2_5e1_0%", Number(10.25e10, "%")),
        ("INF", Number(math.inf)), ("-INF", Number(-math.inf)), ("NaN", Number(math.nan)),
        ("5_000_custom", Number(5000, "_custom")), ("5_000kW", Number(5000, "kW")),
        ('"hello"', "hello"), (r'"foo\nbar\""', 'foo\nbar"'), (r'"\b\f\n\r\t\"\\\$"', '\b\f\n\r\t"\\$'),
        (r'"\u00b0\ud83d\ude00\ud800"', "°😀\ud800"),
        ("`http://project-haystack.com/`", Uri("http://project-haystack.com/")),
        (r"`file \#2`", Uri(r"file \#2")), (r"`\``", Uri("`")),
        ("@17eb0f3a-ad607713", Ref("17eb0f3a-ad607713")), ('@xyz "Display Name"', Ref("xyz", "Display Name")),
        ("@p:demo:r:a.b~c_d", Ref("p:demo:r:a.b~c_d")), ("^hot-water", Symbol("hot-water")),
        ("^lib:ph", Symbol("lib:ph")), ("2010-03-13", dt.date(2010, 3, 13)), ("08:12:05", dt.time(8, 12, 5)),
        ("08:12:05.123456789", dt.time(8, 12, 5, 123456)), ("C(37.55,-77.45)", Coord(37.55, -77.45)),
        ('Type("value")', XStr("Type", "value")), ('C("value")', XStr("C", "value")),
        ("Bin(text/plain)", XStr("Bin", "text/plain")), ("[1, 2, 3]", [Number(1), Number(2), Number(3)]),
        ("[]", []), ("[1,]", [Number(1)]), ("[ N ,[M] ]", [None, [MARKER]]), ("{}", {}),
        ('{dis:"Building" site area:35000ft²}', {"dis": "Building", "site": MARKER, "area": Number(35000, "ft²")}),
        ('{dis:"B", site, n:N,}', {"dis": "B", "site": MARKER}),
    ],
)  # fmt: skip
def test_a_literal_of_the_standard_is_read(text: str, value: Any) -> None:
    assert exactly(zinc.decode_value(text)) == exactly(value)


@pytest.mark.parametrize(
    ("text", "iso", "zone"),
    [
        ("2010-11-28T07:23:02.773-08:00 Los_Angeles", "2010-11-28T07:23:02.773000-08:00", "America/Los_Angeles"),
        ("2010-11-28T23:19:29.741+08:00 Taipei", "2010-11-28T23:19:29.741000+08:00", "Asia/Taipei"),
        ("2010-11-28T18:21:58+03:00 GMT-3", "2010-11-28T18:21:58+03:00", "Etc/GMT-3"),
        ("2010-11-28T12:22:27-03:00 GMT+3", "2010-11-28T12:22:27-03:00", "Etc/GMT+3"),
        ("2010-01-08T05:00:00Z UTC", "2010-01-08T05:00:00+00:00", "UTC"),
        ("2010-01-08T05:00:00Z", "2010-01-08T05:00:00+00:00", "UTC"),
        ("2026-11-01T01:30:00-04:00 New_York", "2026-11-01T01:30:00-04:00", "America/New_York"),
        ("2026-11-01T01:30:00-05:00 New_York", "2026-11-01T01:30:00-05:00", "America/New_York"),
        ("2026-07-01T12:00:00Z New_York", "2026-07-01T08:00:00-04:00", "America/New_York"),
        ("2026-07-01T12:00:00-05:00", "2026-07-01T12:00:00-05:00", "Etc/GMT+5"),
    ],
)  # fmt: skip
def test_an_instant_is_read_in_its_zone(text: str, iso: str, zone: str) -> None:
    instant = zinc.decode_value(text)
    assert (instant.isoformat(), instant.tzinfo.key) == (iso, zone)


def test_a_grid_of_the_standard_is_read() -> None:
    grid = zinc.decode(
        'ver:"3.0" database:"test" dis:"Site Energy Summary"\n'
        'siteName dis:"Sites", val dis:"Value" unit:"kW"\n'
        '"Site 1", 356.214kW\n"Site 2", 463.028kW\n"Site \\u00b0 3",\n'
    )
    assert grid.meta == {"database": "test", "dis": "Site Energy Summary"}
    assert grid.column_meta == {
        "siteName": {"dis": "Sites"}, "val": {"dis": "Value", "unit": "kW"},
    }  # fmt: skip
    assert [row.get("val") for row in grid] == [Number(356.214, "kW"), Number(463.028, "kW"), None]
    assert grid.rows[2]["siteName"] == "Site ° 3"


def test_both_ways_to_leave_a_cell_empty_mean_the_same() -> None:
    grid = zinc.decode('ver:"3.0"\na,b,c,d,e,f\n"a",N,2,N,N,"z"\n"a",,2,,,"z"\n , N ,2, ,, "z"\n')
    assert grid.rows[0] == grid.rows[1] == {"a": "a", "c": Number(2), "f": "z"}
    assert grid.rows[2] == {"c": Number(2), "f": "z"}


@pytest.mark.parametrize(
    "nested",
    [
        '<<\n  ver:"2.0"\n  a,b\n  1,2\n  3,4\n  >>',
        '<<ver:"3.0"\na,b\n1,2\n3,4>>',
        '<<\n\nver:"3.0"\na,b\n1,2\n3,4\n\n>>',
    ],
    ids=["indented", "closed on its last row", "blank lines"],
)
def test_nested_grids_are_read_in_all_shapes_they_are_written_in(nested: str) -> None:
    grid = zinc.decode(f'ver:"3.0"\ntype,val\n"grid",{nested}\n"scalar","simple string"\n')
    inner = grid.rows[0]["val"]
    assert inner == Grid(
        ("a", "b"), ({"a": Number(1), "b": Number(2)}, {"a": Number(3), "b": Number(4)})
    )
    assert grid.rows[1] == {"type": "scalar", "val": "simple string"}


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n\r\n", "\n  \n"], ids=repr)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_line_ends_and_marks_of_other_programs_are_read(mark: str, newline: str, end: str) -> None:
    text = mark + newline.join(['ver:"2.0"', "id,dis", '@a "A","x\\r"', '@b,"y"']) + end
    assert zinc.decode(text).rows == ({"id": Ref("a"), "dis": "x\r"}, {"id": Ref("b"), "dis": "y"})


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("", "line 1, column 1", "found the end"),
        ('ver:"9.0"\nid\n', "line 1, column 5", "9.0"),
        ('ver:"3.0" ver:"3.0"\nid\n', "line 1, column 10", "one version"),
        ('ver:"3.0"\n', "line 2, column 1", "column names"),
        ('ver:"3.0"\nid,id\n', "line 2, column 4", "already given"),
        ('ver:"3.0" a:1 a:2\nid\n', "line 1, column 15", "already given"),
        ('ver:"3.0"\nid Dis\n', "line 2, column 4", "'Dis'"),
        ('ver:"3.0"\nid,dis\n@a,"x"\n@b\n', "line 4, column 3", "2 cells, not 1"),
        ('ver:"3.0"\nid,dis\n@a,"x",M\n', "line 3, column 7", "2 cells and no more"),
        ('ver:"3.0"\nid\n@a "unclosed\n', "line 3, column 13", "begins in column 4"),
        ('ver:"3.0"\nid\n"a\\qb"\n', "line 3, column 4", "an escape"),
        ('ver:"3.0"\nid\n"\\u12g4"\n', "line 3, column 4", "four hexadecimal digits"),
        ('ver:"3.0"\nts\n2026-13-45\n', "line 3, column 1", "a date or time that exists"),
        ('ver:"3.0"\nts\n2026-01-01T25:00:00Z\n', "line 3, column 1", "no such time"),
        ('ver:"3.0"\nts\n2026-01-01T10:00:00Z Atlantis\n', "line 3, column 1", "Atlantis"),
        ('ver:"3.0"\nx\nBOGUS\n', "line 3, column 1", "BOGUS"),
        ('ver:"3.0"\nx\n1e999\n', "line 3, column 1", "1.8e308"),
        ('ver:"3.0"\nx\n٣\n', "line 3, column 1", "a value"),
        ('ver:"3.0"\nx\nC(91,0)\n', "line 3, column 1", "latitude"),
        ('ver:"3.0"\nx\n@\n', "line 3, column 1", "a ref"),
        ('ver:"3.0"\nx\n[1 2]\n', "line 3, column 4", ", or ]"),
        ('ver:"3.0"\nx\n<<ver:"3.0"\na\n1\n', "line 6, column 1", ">>"),
        ('ver:"3.0"\nx\n1\n\n2\n', "line 5, column 1", "the end of the grid"),
        ('ver:"3.0"\nx\n' + "[" * 100_000, "line 3, column 51", "50 nested levels"),
        ('ver:"3.0"\nx\n' + "{a:" * 100_000, "line 3", "50 nested levels"),
        ('ver:"3.0"\nx\n' + '<<ver:"3.0"\na\n' * 1000, "line 103", "50 nested levels"),
        ('ver:"3.0"\nx\n[' + "1," * 600_000, "line 3", "500000 values"),
        ('ver:"3.0"\n' + ",".join(f"c{i}" for i in range(20_001)), "line 2", "at most 20000"),
    ],
    ids=lambda text: text[:24] if isinstance(text, str) else None,
)  # fmt: skip
def test_bad_zinc_is_refused_by_its_place(text: str, place: str, found: str) -> None:
    with pytest.raises(Corrupt) as refused:
        zinc.decode(text)
    assert str(refused.value).startswith(place)
    assert found in f"{refused.value} {refused.value.hint}"
    assert refused.value.hint


def outcome(text: str, *, fast: bool) -> Any:
    """All that reading gives: columns, meta and rows, then the error if there is one."""
    found: list[Any] = []
    try:
        rows = zinc.stream(lines_in(text), fast=fast)
        found += [rows.columns, exactly(rows.meta), exactly(rows.column_meta)]
        for row in rows:
            found.append((list(row), exactly(row)))
    except Corrupt as refused:
        found.append(("refused", str(refused), refused.hint))
    return found


def outcome_in_batches(text: str, characters: int) -> Any:
    """The same of rows taken in batches of so many characters; before an error the last batch is missing."""
    found: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zinc, "MAX_PAGE", characters)
        patch.setattr(zinc, "MIN_PAGE", 1)
        try:
            rows = zinc.stream(lines_in(text))
            found += [rows.columns, exactly(rows.meta), exactly(rows.column_meta)]
            for batch in rows.batches or ():
                found += [(list(row), exactly(row)) for row in all_of(batch)]
        except Corrupt as refused:
            found.append(("refused", str(refused), refused.hint))
    return found


def all_of(batch: Batch) -> list[dict[str, Any]]:
    """Its rows. What else it says of them must be true."""
    made = batch.made
    rows = [made[n] if n in made else batch.row(n) for n in range(len(batch))]
    tags = {tag for row in rows for tag in row}
    lazy = [(n, row) for n, row in enumerate(rows) if n not in made]
    having = {tag: [n for n, row in lazy if tag in row] for tag in tags}
    leads = {
        tag: [(n, row[tag].id) for n, row in lazy if isinstance(row.get(tag), Ref)] for tag in tags
    }
    assert {t: n.tolist() for t, n in batch.having()} == {t: n for t, n in having.items() if n}
    assert {
        tag: list(zip(numbers.tolist(), ids, strict=True)) for tag, numbers, ids in batch.refs()
    } == {tag: refs for tag, refs in leads.items() if refs}
    for tag in tags:
        says = {n: exactly(row[tag]) for n, row in lazy if tag in row}
        assert {n: exactly(value) for n, value in batch.column(tag).items()} == says
    return rows


def agree(text: str) -> None:
    by_grammar = outcome(text, fast=False)
    assert outcome(text, fast=True) == by_grammar
    for characters in (2**20, 12):
        in_batches = outcome_in_batches(text, characters)
        assert in_batches[-1] == by_grammar[-1]
        assert in_batches[:-1] == by_grammar[: len(in_batches) - 1]
        assert len(in_batches) == len(by_grammar) or "refused" in in_batches[-1]


CELLS = (
    "", "M", "MM", "N", "NA", "R", "T", " ", " M ", "M ", "\t", "1", "-1", "5kM", "1,000", "1M", "@a", "@a-M",
    "@M", '@a "x"', '@a "x,M"', '@a  "x"', '@a"x"', '@a "\\""', '"a"', '"a,b"', '"M,M"', '"', '""', '"""', '"a',
    'a"', '"a\\"', '"a\\", M"', '"a\\\\"', '"\\u00e9"', '"\\uzzzz"', '"a"b"', '"a" ', '"\ud83d\ude00"', "`u`",
    "`u,v`", "`", "`a\\`,b`", "C(1,2)", "C(1, 2)", "C(1", "2)", 'X("a,b")', 'X("', "Bin(a/b)", "[1,2]", "[1",
    "[M,M", "2]", "[[1,2],3]", '["]",1]', "{a:1,b}", "{a", "b}", '{a:"}",b}', "<<", ">>", "^a-b", "^", "2026-01-01",
    "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+07:00 Bangkok", "2026-02-30", "10:00", "-INF", "INF", "NaN",
    "1e999", "9" * 16, "0.5e3kW", "5%", "1m³", "0000-01-01", "2026-02-28", "2026-02-29", "@a ", " @b", '@a "é"', '@a "\\n"', "@",
    '"\\"', '"\\\\\\""', '"a\\', "a\\b", '`"`', '`",`', "_", "x", "١", ",", ",M", "M,", "//", "\\", "(", ")", "(,)", "<", "[<<]", "é", "\x00",
)  # fmt: skip
sheets = st.builds(
    lambda width, lines: (
        'ver:"3.0"\n'
        + ",".join(f"c{i}" for i in range(width))
        + "\n"
        + "\n".join(",".join(cells) for cells in lines)
    ),
    st.integers(1, 5),
    st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=6), max_size=3),
)


@SOME
@given(sheets)
@example('ver:"3.0"\nc0,c1,c2\n"x,M,M\n')
@example('ver:"3.0"\nc0,c1\n@a-M,M\n@b,M\n,M\n')
@example('ver:"3.0"\nc0\nM,M\nM\n')
@example('ver:"3.0"\nc0,c1,c2\n1,,M\n1,MM,M\n')
@example('ver:"3.0"\nc0,c1\n`"`,1\n"a,b",2\n`"`,3\n')
@example('ver:"3.0"\nc0,c1\n1,<<ver:"3.0"\na\n1\n>>\n2,"x"\n3,[1,2]\n4,é\n')
@example('ver:"3.0"\nc0\nN\n1\n\n\n')
def test_the_fast_way_reads_and_refuses_as_the_grammar_does(text: str) -> None:
    agree(text)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(sheets)
def test_the_fast_way_agrees_on_ten_thousand_sheets(text: str) -> None:
    agree(text)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A grid that was written right and then changed in a place or two."""
    text = zinc.encode(draw(grids()))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        text = text[:at] + draw(st.sampled_from(CELLS)) + text[at + cut :]
    return text


@settings(SOME, max_examples=60)
@given(damaged())
def test_both_ways_agree_on_damaged_grids(text: str) -> None:
    agree(text)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(damaged())
def test_both_ways_agree_on_ten_thousand_damaged_grids(text: str) -> None:
    agree(text)


def test_equal_cells_are_one_object_and_lists_never_are() -> None:
    grid = zinc.decode('ver:"3.0"\nid,a,b,c\n@p,@x,1,[1]\n@q,@x,1,[1]\n')
    first, second = grid.rows
    assert first["a"] is second["a"]
    assert first["b"] is second["b"]
    assert first["c"] is not second["c"]


def test_the_table_of_known_cells_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zinc, "MAX_KNOWN", 10)
    monkeypatch.setattr(zinc, "MAX_TAILS", 2)
    lines = [f'@r{i},"text {i}"{",M" * (i % 4)}{"," * (3 - i % 4)}' for i in range(200)]
    agree('ver:"3.0"\na,b,c,d,e\n' + "\n".join(lines))
    cells = zinc._Cells(("a", "b", "c", "d", "e"))
    sizes = [len(cells) for line in lines if cells.row(line) is not None]
    assert max(sizes) <= 10


def test_an_error_in_sight_does_not_hide_one_before_it() -> None:
    def lines() -> Iterator[str]:
        yield from ('ver:"3.0"', "a,b", "1,2", "1", "3,4")
        raise Corrupt("line 6: no text", hint="none")

    with pytest.raises(Corrupt, match="line 4"):
        list(zinc.stream(lines()).batches or ())


def test_grids_in_all_cells_do_not_make_batches_slow() -> None:
    rows = ['@r,<<ver:"3.0"\na\n1\n>>\n'] * 3_000 + ["@r,[1,2]\n"] * 3_000
    text = 'ver:"3.0"\na,b\n' + "".join(rows)
    began = time.perf_counter()
    assert sum(map(len, zinc.stream(lines_in(text)).batches or ())) == 6_000
    assert time.perf_counter() - began < 10


def test_rows_are_read_while_they_are_taken() -> None:
    def lines() -> Any:
        yield from ('ver:"3.0"', "a", "1")
        raise AssertionError("the second row was read before it was asked for")

    rows = zinc.stream(lines())
    assert next(rows.rows) == {"a": Number(1)}


def test_a_very_long_row_is_read_by_the_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zinc, "MAX_FAST", 10)
    grid = zinc.decode('ver:"3.0"\na,b\n"a text longer than ten",M\n1,2\n')
    assert [len(row) for row in grid.rows] == [2, 2]
