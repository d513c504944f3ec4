"""The cases of the filter language that implementations get wrong. The standard's text decides each.

Quotes are from project-haystack.org, docHaystack, Filters.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ontology.filter import parse_filter
from ontology.index import EntityIndex
from ontology.kinds import MARKER, NA, Number, Ref, Symbol, Uri

Find = Callable[[str], set[str]]
NIGHT = dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC)


def row(id: str, markers: str = "", dis: str = "", **tags: Any) -> dict[str, Any]:
    return {"id": Ref(id, dis), **dict.fromkeys(markers.split(), MARKER), **tags}


BUILDING = [
    row("tower", "site", "Riverside Tower", geoCity="Bangkok", area=Number(38_000, "m²")),
    row("annex", "site", geoCity="Zürich"),
    row("ahu-1", "equip ahu hvac", "AHU 1", siteRef=Ref("tower"), installed=dt.date(2014, 6, 30)),
    row("ahu-2", "equip ahu hvac", siteRef=Ref("annex", "the annex"), nameplate={"model": "MX", "made": dt.date(2009, 1, 2)}),
    row("doas-1", "equip ahu doas hvac", siteRef=Ref("tower")),
    row("vav-1", "equip vav hvac", siteRef=Ref("tower"), airRef=Ref("ahu-1", "AHU eins"), spec=Ref("ph::Vav")),
    row("vav-2", "equip vav hvac", siteRef=Ref("tower"), airRef=[Ref("ahu-1"), Ref("ahu-2", "AHU zwei")]),
    row("dat", "point discharge air temp sensor", equipRef=Ref("ahu-1"), curVal=Number(75, "°F"), ts=NIGHT),
    row("zat", "point zone air temp sensor", equipRef=Ref("vav-2"), curVal=Number(75), ts=NIGHT + dt.timedelta(hours=1)),
    row("chw", "point chilled water temp sensor", equipRef=Ref("gone"), curVal=Number(75, "°C")),
    row("occ", "point occupied sensor", equipRef=Ref("vav-1"), curVal=True, opens=dt.time(7, 30)),
    row("alarm", "point alarm", equipRef=Ref("vav-2"), curVal=False, doc=Uri("http://docs.example/`1`")),
    row("mode", "point mode", equipRef=Ref("ahu-2"), curVal='say "off", $5', phenomenon=Symbol("hot-water")),
    row("lost", "point hot water temp sensor", equipRef=Ref("ahu-2"), curVal=NA),
]  # fmt: skip
ALL = {entity["id"].id for entity in BUILDING}


def by_predicate(text: str) -> set[str]:
    at = {entity["id"]: entity for entity in BUILDING}
    matches = parse_filter(text)
    return {entity["id"].id for entity in BUILDING if matches(entity, at.get)}


def by_index(text: str) -> set[str]:
    return {tags["id"].id for tags in EntityIndex(BUILDING).find(text)}


CASES: Sequence[tuple[str, str, str]] = (
    # Usage: three and more conjuncts, and `and` before `or` (Grammar: <condOr> over <condAnd>)
    ("point and temp and sensor", "dat zat chw lost", "no conjunct after the second is dropped"),
    ("point and temp and sensor and chilled and water", "chw", "five conjuncts"),
    ("site or ahu and doas", "tower annex doas-1", "and binds more tightly than or"),
    ("(site or ahu) and not doas", "tower annex ahu-1 ahu-2", "parentheses first"),
    ("ahu and(doas)", "doas-1", "no blanks are needed beside a parenthesis"),
    # refs are equal by id alone
    ("id==@tower", "tower", "an id with a display name is its id"),
    ("id == @annex", "annex", "an id without one as well"),
    ("id != @tower", " ".join(ALL - {"tower"}), "and every other id is another"),
    ("siteRef == @annex", "ahu-2", "a ref with a display name is its id"),
    # Ref Lists: "a filter will match if any one of the refs match"
    ("airRef == @ahu-1", "vav-1 vav-2", "one ref or the first of a list"),
    ("airRef == @ahu-2", "vav-2", "the second of a list"),
    ("airRef->installed", "vav-1 vav-2", "a path through any of a list"),
    ('airRef->nameplate->model == "MX"', "vav-2", "a path through the second of a list, then a dict"),
    ("equipRef->airRef == @ahu-2", "zat alarm", "a list at the end of a path"),
    ('equipRef->airRef->siteRef->geoCity == "Zürich"', "zat alarm", "a list in the middle of a path"),
    ("equipRef->airRef->siteRef == @tower and temp", "zat", "any ref of the list, not all"),
    # Grammar: <bool> is "true" or "false"
    ("curVal == true", "occ", "true is a value, not a tag"),
    ("curVal==false", "alarm", "a stored false exists and is false"),
    ("curVal == 1", "", "true is not the number one"),
    # Number Comparisons: "require an exact unit match, otherwise the operator evaluates to false"
    ("curVal == 75", "zat", "75°F == 75 is false"),
    ("curVal == 75°F", "dat", "75°F == 75°F is true"),
    ("curVal == 75°C", "chw", "75°F == 75°C is false"),
    ("curVal > 4", "zat", "5°C > 4 is false"),
    ("curVal > 4°F", "dat", "5 > 4°F is false"),
    ("curVal >= 75kW", "", "a unit nobody has is no error"),
    ("curVal != 75°F and temp", "zat chw lost", "123 != 123°F is true"),
    ('curVal < "a"', "", "a number is neither above nor below a text"),
    # Grammar: <missing> is "not" <path>
    ("temp and not equipRef->hvac", "chw", "a dangling ref leads nowhere, which is not an error"),
    ("not equipRef->siteRef and point", "chw", "the whole path may be missing"),
    ("equip and not nameplate->model", "ahu-1 doas-1 vav-1 vav-2", "a path into a dict may be missing"),
    ("curVal and point and not curVal->x", "dat zat chw occ alarm mode lost", "a scalar leads nowhere"),
    # Grammar: a symbol stands for a def, and for what is a kind of it
    ("^ahu", "ahu-1 ahu-2 doas-1", "a marker that is a def"),
    ("^hot-water", "lost", "a conjunct is all its parts"),
    ("^airHandlingEquip", "ahu-1 ahu-2 doas-1", "a def that no entity names, by its subtypes"),
    ("equip and ^doas or ^vav", "doas-1 vav-1 vav-2", "symbols join like any term"),
    ("phenomenon == ^hot-water", "mode", "a stored symbol is a value"),
    ("^nobody-knows-this", "", "an unknown def matches nothing"),
    # Usage says: you can also use a Xeto spec name to match by nominal typing
    ("ph::Vav and spec", "vav-1", "a qualified spec name"),
    ("Vav and spec", "vav-1", "a spec name alone"),
    ("ph::Nothing", "", "an unknown spec matches nothing"),
    ("not spec and Vav", "vav-2", "a model without spec tags is known by its markers"),
    # Arrow Operator: refs, nested dicts, and the parts of a DateTime
    ("nameplate->made < 2010-01-01", "ahu-2", "a date inside a dict"),
    ("ts->date == 2026-11-20", "dat", "the date of a timestamp"),
    ("ts->date > 2026-11-20 and point", "zat", "an hour later is the next day"),
    ("ts->time >= 23:30", "dat", "the time of a timestamp, written without seconds"),
    ("installed >= 2014-06-30", "ahu-1", "a date compared"),
    ("opens <= 07:30:00", "occ", "a time compared"),
    # Usage: scalars are encoded as in Zinc
    (r'curVal == "say \"off\", \$5"', "mode", "escapes of a text"),
    (r"doc == `http://docs.example/\`1\``", "alarm", "escapes of a URI"),
    ('geoCity == "Zürich"', "annex", "Unicode as it is"),
    (r'geoCity == "Z\u00fcrich"', "annex", "Unicode escaped"),
    ("area == 38_000m²", "tower", "underscores among digits"),
    ("curVal == 7.5e1°F", "dat", "an exponent before a unit"),
)  # fmt: skip


@pytest.mark.parametrize("find", [by_predicate, by_index], ids=["predicate", "index"])
@pytest.mark.parametrize(("text", "ids", "why"), CASES, ids=[why for _, _, why in CASES])
def test_the_standard_decides(text: str, ids: str, why: str, find: Find) -> None:
    assert find(text) == set(ids.split()), why
