"""The filter language as the Haystack 4 documentation defines it."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import BadRequest
from ontology.filter import parse_filter
from ontology.kinds import MARKER, Number, Ref, Uri

SITE = {"id": Ref("site"), "site": MARKER, "area": Number(100, "m²"), "built": dt.date(2009, 5, 1)}
AHU = {"id": Ref("AHU-1", "Lobby"), "ahu": MARKER, "equip": MARKER, "siteRef": Ref("site")}
PUMPED = {"id": Ref("AHU-2"), "equip": MARKER, "chilledWaterRef": [Ref("P-1"), Ref("P-2")]}
POINT = {
    "id": Ref("p"), "point": MARKER, "equipRef": Ref("AHU-1"), "curVal": Number(26.5, "°C"), "on": True,
    "dis": 'a "b"', "url": Uri("http://x/"), "at": dt.time(8, 30),
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
        ("curVal != 26°F", POINT, False),
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
        "Vav",
        "a -> 5",
        "5",
        "a=5",
        "((" * 200,
        "x" * 5000,
        "d==2026-02-31",
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
