"""Trio as people write it by hand, and refused by its line where it is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ontology.codec import trio
from ontology.errors import Corrupt
from ontology.kinds import MARKER, Coord, Grid, Number, Ref, Symbol

STANDARD = """dis: "Site 1"
site
area: 3702ft²
geoAddr: "100 Main St, Richmond, VA"
geoCoord: C(37.5458,-77.4491)
strTag: OK if unquoted if only safe chars
summary:
  This is a string value that spans multiple
  lines with two or more space characters
---
name: "Site 2"
site
summary:
  Entities are separated by one more dashes
"""


def test_the_example_of_the_standard_is_read() -> None:
    first, second = trio.decode(STANDARD)
    assert first == {
        "dis": "Site 1", "site": MARKER, "area": Number(3702, "ft²"), "geoAddr": "100 Main St, Richmond, VA",
        "geoCoord": Coord(37.5458, -77.4491), "strTag": "OK if unquoted if only safe chars",
        "summary": "This is a string value that spans multiple\nlines with two or more space characters",
    }  # fmt: skip
    assert second["summary"] == "Entities are separated by one more dashes"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("val:[1,2]", [Number(1), Number(2)]),
        ('val:{ dis:"Dict!" foo}', {"dis": "Dict!", "foo": MARKER}),
        ('val:Zinc:\n  ver:"3.0"\n  b,a\n  20,10', Grid(("b", "a"), ({"b": Number(20), "a": Number(10)},))),
        ("val: Zinc:\n  5kW", Number(5, "kW")),
        ("val: Trio:\n  dis: inner\n  deep: Trio:\n    x", {"dis": "inner", "deep": {"x": MARKER}}),
        ("val: Trio:\n  a\n  ---\n  b", [{"a": MARKER}, {"b": MARKER}]),
        ("val: [\n  {fan, motor},\n  // not this\n  {damper},\n  ]", [{"fan": MARKER, "motor": MARKER}, {"damper": MARKER}]),
        ("val: true", True), ("val: F", False), ("val: M", MARKER), ("val: ^ahu", Symbol("ahu")),
        ("val: °C and more: 5", "°C and more: 5"), ("val: Main_Plant", "Main_Plant"), ("val:", ""),
        ("val:\n\n  a\n\n   b\n\n", "a\n\n b"), ("val:\n  // no comment here", "// no comment here"),
        ("val :5", Number(5)), ("val:  5  ", Number(5)),
    ],
)  # fmt: skip
def test_a_value_is_read(text: str, value: Any) -> None:
    assert trio.decode(text).rows == ({"val": value},)


@pytest.mark.parametrize(
    "text",
    [
        "AHU-1", "Site 2", "Main_AHU1", "Boiler House 1", "$siteRef $navName", "AHU-1, north", "BOGUS1",
        "see below (p. 3)", "Pump (2)", "C(foo)", "100 Main St, Richmond", "3rd floor", "- none -", "-",
        "(unnamed)", "?", "<b>", "/a/b", "50% of it", "http://a/b // c", "Note:", 'a "quoted" word', "x [1,",
        "MARKER", "true story", "INFO", "NA yet", "5 rooms", "2.5 stars",
    ],
)  # fmt: skip
def test_what_begins_no_value_is_a_text_without_quotes(text: str) -> None:
    assert trio.decode(f"dis:{text}\nahu\n").rows == ({"dis": text, "ahu": MARKER},)
    assert trio.decode(trio.encode(Grid.of([{"dis": text}]))).rows == ({"dis": text},)


def test_a_model_as_servers_write_it_is_read() -> None:
    text = 'dis:Main_AHU1\nnavName:AHU-1\ndisMacro:$siteRef $navName\nid:@p:demo:r:1 "AHU-1"\nahu\nequip\n'
    (row,) = trio.decode(text + "---\n")
    assert row["id"] == Ref("p:demo:r:1")
    assert (row["navName"], row["disMacro"]) == ("AHU-1", "$siteRef $navName")


def test_comments_blank_lines_and_any_number_of_dashes_part_records() -> None:
    text = "// models\n\n---\n-\na\r\n\r\n  // b\n-----\n\n---\nc: 1\n---"
    assert trio.decode(text).rows == ({"a": MARKER}, {"c": Number(1)})


def test_a_null_tag_is_absent() -> None:
    assert trio.decode("a: N\nb\n").rows == ({"b": MARKER},)


def test_texts_are_written_in_their_plainest_form() -> None:
    row = {
        "a": "plain",
        "b": "M",
        "c": "true",
        "d": "two words",
        "e": "line\n  two",
        "f": " x\n y",
        "g": True,
    }
    assert trio.encode(Grid.of([row])) == (
        'a: plain\nb: "M"\nc: "true"\nd: "two words"\ne:\n  line\n    two\nf: " x\\n y"\ng: true\n---\n'
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a\nA: 1", "line 2, column 1: wanted a tag and a colon, found 'A: 1'"),
        ("a b", "line 1, column 2: wanted a tag and a colon, found ' b'"),
        ("a\n  b", "line 2, column 1: wanted a tag at the start of the line"),
        ("a\n--\na\na: 1", "line 4, column 1: wanted a tag other than 'a'"),
        ("a: 5 kW", "line 1, column 6: wanted the end of the value, found 'kW'"),
        ("a: -5 °C", "line 1, column 7: wanted the end of the value, found '°C'"),
        ("a\nb: 2026-13-45", "line 2, column 4: wanted a date or time that exists"),
        ("b: 2026-02-30T10:00:00Z UTC", "line 1, column 4: wanted a time that exists"),
        ("a: C(95,0)", "line 1, column 4: wanted latitude"), ("a: {x:1", "line 1, column 8"),
        ('a: Span("x', "line 1, column 11"), ("a: `http://x", "line 1, column 13"),
        ("a: @AHU 1", "line 1, column 9: wanted the end of the value"), ("a: <<x", "line 1, column 6"),
        ('a: "x', "line 1, column 6"),
        ("a:\n  x\nb: [1,\n  2,\n", "line 3, column 10"),
        ('a: Zinc:\n  ver:"3.0"\n  x\n  5 5\n', "line 4, column 5: wanted the end of the line, found '5'"),
        ("a: Trio:\n    b: Trio:\n        c: [?\n", "line 3, column 13: wanted a value"),
        ("a: " + "[" * 100_000, "50 nested levels"),
        ("".join("  " * i + "a: Trio:\n" for i in range(60)), "50 nested levels"),
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_bad_trio_is_refused_by_its_place(text: str, says: str) -> None:
    with pytest.raises(Corrupt) as refused:
        trio.decode(text)
    assert says in str(refused.value)
    assert refused.value.hint


def test_an_indented_text_of_a_gigabyte_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trio, "MAX_LINE", 1000)

    def lines() -> Any:
        yield "a:"
        for i in range(1000):
            assert i < 100, "went on reading"
            yield "  and so on for ever"

    with pytest.raises(Corrupt, match="line 49"):
        trio.stream(lines()).grid()
