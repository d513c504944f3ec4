"""The filter language as the Haystack 4 documentation defines it."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.codec.zinc import decode_value
from ontology.errors import BadRequest
from ontology.filter import And, Compare, Has, IsA, Missing, Node, Or, parse, parse_filter
from ontology.kinds import MARKER, Number, Ref, Uri

SITE = {"id": Ref("site"), "site": MARKER, "area": Number(100, "m²"), "built": dt.date(2009, 5, 1)}
AHU = {"id": Ref("AHU-1", "Lobby"), "ahu": MARKER, "equip": MARKER, "siteRef": Ref("site")}
TYPED = {"id": Ref("AHU-3"), "spec": Ref("ph::Ahu")}
PUMPED = {"id": Ref("AHU-2"), "equip": MARKER, "chilledWaterRef": [Ref("P-1"), Ref("P-2")]}
POINT = {
    "id": Ref("p"), "point": MARKER, "equipRef": Ref("AHU-1"), "curVal": Number(26.5, "°C"), "on": True,
    "dis": 'a "b"', "url": Uri("http://x/"), "at": dt.time(8, 30),
    "seen": dt.datetime(2026, 11, 20, 14, 30, tzinfo=ZoneInfo("Asia/Bangkok")), "nested": {"inner": MARKER},
}  # fmt: skip
WORLD = {e["id"].id: e for e in (SITE, AHU, PUMPED, POINT, {"id": Ref("P-2"), "pump": MARKER})}  # type: ignore[attr-defined]


def matches(text: str, tags: dict[str, Any]) -> bool:
    return parse_filter(text)(tags, lambda ref: WORLD.get(ref.id))


@pytest.mark.parametrize(
    ("text", "tags", "expected"),
    [
        ("point", POINT, True),
        ("point and curVal and on and not ahu", POINT, True),
        ("point and curVal and missing", POINT, False),
        ("ahu or point", POINT, True),
        ("ahu and equip or point and missing", AHU, True),
        ("ahu and (point or missing)", AHU, False),
        ("id==@AHU-1", AHU, True),
        ("equipRef->ahu", POINT, True),
        ("equipRef->siteRef->area >= 100m²", POINT, True),
        ("not equipRef->missing", POINT, True),
        ("not a->b", POINT, True),
        ("curVal > 26°C", POINT, True),
        ("curVal > 26", POINT, False),
        ("curVal > 26°F", POINT, False),
        ("curVal != 26°F", POINT, True),
        ("curVal == 26.5°F", POINT, False),
        ("missing != 26", POINT, False),
        ("seen->date == 2026-11-20", POINT, True),
        ("seen->time < 15:00", POINT, True),
        ('seen->tz == "Bangkok"', POINT, True),
        ("nested->inner", POINT, True),
        ("chilledWaterRef != @P-1", PUMPED, True),
        ("Ahu", TYPED, True),
        ("ph::Ahu", TYPED, True),
        ("AirHandlingEquip", TYPED, True),
        ("^equip", TYPED, True),
        ("Vav", TYPED, False),
        ("Vav", TYPED | {"vav": MARKER, "equip": MARKER}, False),
        ("^vav", TYPED | {"vav": MARKER, "equip": MARKER}, True),
        ("acme.hvac::Nothing", AHU, False),
        ("on==true", POINT, True),
        ("on==false", POINT, False),
        ("curVal==true", POINT, False),
        ("missing==true", POINT, False),
        ('dis=="a \\"b\\""', POINT, True),
        ("url==`http://x/`", POINT, True),
        ("built < 2010-01-01", SITE, True),
        ("at >= 08:30", POINT, True),
        ("chilledWaterRef==@P-2", PUMPED, True),
        ("chilledWaterRef->pump", PUMPED, True),
        ("chilledWaterRef==@P-3", PUMPED, False),
        ("^ahu", AHU, True),
        ("^hot-water", AHU, False),
        ("equipRef==@AHU-1", POINT, True),
    ],
)
def test_a_filter_means_what_the_standard_says(
    text: str, tags: dict[str, Any], expected: bool
) -> None:
    assert matches(text, tags) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a and",
        "and",
        "(a",
        "a)",
        "a ==",
        "a == b",
        "a ? b",
        "Vav->ahu",
        "not Vav",
        "ph::vav",
        "a -> 5",
        "5",
        "a=5",
        "((" * 200,
        "x" * 5000,
        "d==2026-02-31",
        'a=="\\q"',
        'a=="\\u12"',
        "a==1e999",
    ],
)
def test_a_filter_that_does_not_parse_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_filter(text)
    assert refused.value.hint


@given(st.text(alphabet=st.sampled_from('ab ()->=<!@^"`01.°%andort\\'), max_size=40))
def test_no_text_makes_the_parser_crash(text: str) -> None:
    with contextlib.suppress(BadRequest):
        matches(text, AHU)


_TAGS = st.sampled_from(["ahu", "point", "equipRef", "curVal", "dis"])
_PATHS = st.lists(_TAGS, min_size=1, max_size=3).map(tuple)
_LITERALS = st.one_of(
    st.booleans(),
    st.builds(
        Number,
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["", "°C", "%", "kW"]),
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
    st.sampled_from([Ref("a.b-1"), Uri("http://x/"), dt.date(2026, 1, 2), dt.time(3, 4, 5)]),
)
_TERMS: st.SearchStrategy[Node] = st.one_of(
    st.builds(Has, _PATHS),
    st.builds(Missing, _PATHS),
    st.builds(Compare, _PATHS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), _LITERALS),
    st.builds(IsA, st.sampled_from(["ahu", "hot-water", "Vav", "ph.points::Temp"])),
)


@given(st.lists(st.lists(_TERMS, min_size=2, max_size=3), min_size=2, max_size=3))
def test_a_filter_written_from_its_tree_parses_to_the_same_tree(terms: list[list[Node]]) -> None:
    ors = Or(tuple(And(tuple(each)) for each in terms))
    ands = And(tuple(Or(tuple(each)) for each in terms))
    assert parse(str(ors)) == ors
    assert parse(str(ands)) == ands


@pytest.mark.parametrize(
    "literal", [r"`http://a/x\:y`", r'"\ud83d\ude00"', r'"a\$b\t"', "5𝜇", "1__0", "1_000.5kW"]
)
def test_a_literal_means_in_a_filter_what_it_means_in_zinc(literal: str) -> None:
    assert parse_filter(f"a == {literal}")({"a": decode_value(literal)}, lambda _: None)
