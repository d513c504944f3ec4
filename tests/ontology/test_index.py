"""The index answers as the plain reading of a filter does, before and after every change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.codec import zinc
from ontology.codec.lines import lines_in
from ontology.errors import BadRequest, Corrupt
from ontology.filter import parse_filter
from ontology.index import EntityIndex, Term
from ontology.index import columns as index_columns
from ontology.kinds import MARKER, NA, Grid, Number, Ref, Symbol, Tags, Uri

IDS = [f"e{n}" for n in range(12)]
TAGS = [
    "point",
    "temp",
    "ahu",
    "equipRef",
    "siteRef",
    "airRef",
    "curVal",
    "dis",
    "ts",
    "spec",
    "note",
]


def instant(hour: int) -> dt.datetime:
    return dt.datetime(2026, 11, 20, hour, tzinfo=dt.UTC)


refs = st.sampled_from(["e0", "e1", "e2", "e3", "gone", "ph::Vav", "Vav"]).map(
    lambda name: Ref(name, "a name")
)
scalars = st.one_of(
    st.just(MARKER), st.just(NA), st.booleans(), refs,
    st.builds(Number, st.sampled_from([0.0, 1.0, 20.0, 21.5, float("nan")]), st.sampled_from(["", "°C", "°F"])),
    st.sampled_from(["", "a", "b", "Main"]), st.just(Symbol("ahu")), st.just(Uri("http://a/")),
    st.sampled_from([dt.date(2026, 11, 20), dt.date(2026, 11, 21)]), st.just(dt.time(14, 30)),
    st.integers(0, 23).map(instant),
)  # fmt: skip
values = st.one_of(
    scalars, refs, st.lists(refs, max_size=3), st.lists(scalars, max_size=3),
    st.dictionaries(st.sampled_from(TAGS), scalars, max_size=3),
)  # fmt: skip
bodies = st.dictionaries(st.sampled_from(TAGS), values, max_size=7)

paths = st.lists(st.sampled_from([*TAGS, "id", "date", "time", "tz"]), min_size=1, max_size=3).map(
    "->".join
)
literals = st.sampled_from(
    ["true", "false", "1", "20°C", "21.5°F", "20", '"a"', '"Main"', '"UTC"', "^ahu", "`http://a/`",
     "@e0", "@e1", "@gone", "@nowhere", "2026-11-20", "14:30", "14:30:00", "2026-11-21"],
)  # fmt: skip
kinds = st.sampled_from(["^ahu", "^point-temp", "Vav", "ph::Vav", "^unheardOf"])
terms = st.one_of(
    paths,
    paths.map("not {}".format),
    st.builds(
        "{} {} {}".format, paths, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), literals
    ),
    kinds,
)
filters = st.recursive(
    terms,
    lambda inner: st.builds(
        lambda parts, word: "(" + f" {word} ".join(parts) + ")",
        st.lists(inner, min_size=2, max_size=4), st.sampled_from(["and", "or"]),
    ),
    max_leaves=6,
)  # fmt: skip
changes = st.dictionaries(st.sampled_from(IDS), st.none() | bodies, max_size=4)


def plainly(building: Mapping[str, Tags], filter: str) -> list[str]:
    matches = parse_filter(filter)
    return [id for id, tags in building.items() if matches(tags, lambda ref: building.get(ref.id))]


def found(index: EntityIndex, filter: str) -> list[str]:
    return [tags["id"].id for tags in index.find(filter)]


def agree(
    bodies: Mapping[str, Tags], steps: list[Mapping[str, Tags | None]], filters: list[str]
) -> None:
    """Index and predicate, asked the same after each of a row of changes."""
    building = {id: whole(id, body) for id, body in bodies.items()}
    steadily(building, EntityIndex(building.values()), steps, filters)


def steadily(
    building: dict[str, Tags],
    index: EntityIndex,
    steps: list[Mapping[str, Tags | None]],
    filters: list[str],
) -> None:
    for step in ({}, *steps):
        put = {id: None if body is None else whole(id, body) for id, body in step.items()}
        index.apply(put)
        for id, tags in put.items():
            if tags is None:
                building.pop(id, None)
            else:
                building[id] = tags
        assert list(index) == list(building.values())
        for filter in filters:
            assert found(index, filter) == plainly(building, filter), filter
            assert index.count(filter) == len(plainly(building, filter))
        counts = {
            tag: sum(tag in tags for tags in building.values())
            for tags in building.values()
            for tag in tags
        }
        assert dict(index.tag_counts()) == counts


def whole(id: str, body: Tags) -> dict[str, Any]:
    return {"id": Ref(id, "shown"), **body}


some_buildings = st.dictionaries(st.sampled_from(IDS), bodies, max_size=len(IDS))
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(some_buildings, st.lists(changes, max_size=4), st.lists(filters, min_size=1, max_size=5))
def test_any_building_answers_any_filter_as_the_plain_reading_does(
    building: Mapping[str, Tags], steps: list[Mapping[str, Tags | None]], filters: list[str]
) -> None:
    agree(building, steps, filters)


@pytest.mark.long
@pytest.mark.timeout(1_200)
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@given(some_buildings, st.lists(changes, max_size=6), st.lists(filters, min_size=1, max_size=6))
def test_many_buildings_answer_many_filters_as_the_plain_reading_does(
    building: Mapping[str, Tags], steps: list[Mapping[str, Tags | None]], filters: list[str]
) -> None:
    agree(building, steps, filters)


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(
    some_buildings,
    st.lists(changes, min_size=2, max_size=6),
    st.lists(filters, min_size=1, max_size=3),
)
def test_a_building_rebuilt_at_every_turn_answers_the_same(
    building: Mapping[str, Tags], steps: list[Mapping[str, Tags | None]], filters: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_columns, "SLACK", 0)
        agree(building, steps, filters)


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(some_buildings, st.lists(changes, max_size=3), st.lists(filters, min_size=1, max_size=4))
def test_a_building_that_waits_to_be_read_answers_as_one_that_was_read(
    bodies: Mapping[str, Tags], steps: list[Mapping[str, Tags | None]], filters: list[str]
) -> None:
    text = zinc.encode(Grid.of([whole(id, body) for id, body in bodies.items()]))
    rows = [
        row for row in zinc.decode(text) if row
    ]  # a grid of no rows at all has one that is empty
    building = {row["id"].id: row for row in rows}
    for tag in ("", "curVal", "airRef", "dis"):
        index = EntityIndex(zinc.stream(lines_in(text))) if building else EntityIndex()
        if tag:
            assert dict(index.values(tag)) == dict(EntityIndex(rows).values(tag))
        steadily(dict(building), index, steps, filters)


def test_threads_that_ask_at_once_are_given_the_same() -> None:
    text = zinc.encode(Grid.of([{**TOWER[3], "id": Ref(f"p{n}")} for n in range(3_000)]))
    index = EntityIndex(zinc.stream(lines_in(text)))
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(index.find, "point") for _ in range(8)]
        assert all(answer.result() == list(index) for answer in asked)


TOWER: list[dict[str, Any]] = [
    {"id": Ref("site", "Tower"), "site": MARKER, "dis": "Tower"},
    {"id": Ref("a1", "AHU 1"), "ahu": MARKER, "equip": MARKER, "siteRef": Ref("site"), "dis": "AHU 1"},
    {"id": Ref("a2"), "ahu": MARKER, "equip": MARKER, "siteRef": Ref("site"), "fedBy": Ref("a1")},
    {"id": Ref("p1"), "point": MARKER, "temp": MARKER, "equipRef": Ref("a1"), "curVal": Number(21, "°C")},
    {"id": Ref("p2"), "point": MARKER, "temp": MARKER, "equipRef": [Ref("a1"), Ref("a2")], "curVal": True},
    {"id": Ref("p3"), "point": MARKER, "equipRef": Ref("lost"), "curVal": Number(70, "°F")},
]  # fmt: skip


@pytest.mark.parametrize(("filter", "ids"), [
    ("id == @a1", ["a1"]),
    ("equipRef == @a1", ["p1", "p2"]),
    ("equipRef != @a1", ["p2", "p3"]),
    ("point and equipRef->fedBy", ["p2"]),
    ('equipRef->siteRef->dis == "Tower"', ["p1", "p2"]),
    ("point and not equipRef->ahu", ["p3"]),
    ("curVal > 20°C", ["p1"]),
    ("curVal > 20", []),
    ("curVal == true", ["p2"]),
    ("curVal != 21°C", ["p2", "p3"]),
    ("id->id->ahu", ["a1", "a2"]),
    ("temp and point and curVal and equipRef", ["p1", "p2"]),
], ids=str)  # fmt: skip
def test_a_small_tower_is_found_by(filter: str, ids: list[str]) -> None:
    index = EntityIndex(TOWER)
    assert found(index, filter) == ids
    for tag in ("curVal", "dis", "equipRef"):
        index.values(tag)  # from here on answered by columns
    assert found(index, filter) == ids


def test_an_equip_that_arrives_after_its_points_is_what_they_refer_to() -> None:
    index = EntityIndex(TOWER)
    index.apply({"lost": {"id": Ref("lost"), "ahu": MARKER}})
    assert found(index, "point and not equipRef->ahu") == []
    assert found(index, "ahu") == ["a1", "a2", "lost"]


def test_equips_that_feed_each_other_end_no_search() -> None:
    ring = [
        {"id": Ref("a"), "airRef": Ref("b")},
        {"id": Ref("b"), "airRef": Ref("a"), "ahu": MARKER},
        {"id": Ref("c"), "airRef": Ref("c")},
    ]
    assert found(EntityIndex(ring), "airRef->airRef->airRef->ahu") == ["a"]


def test_a_removed_entity_comes_back_last() -> None:
    index = EntityIndex(TOWER)
    index.apply({"a1": None})
    assert "a1" not in index
    assert found(index, "equipRef->ahu") == ["p2"]
    index.apply({"a1": TOWER[1]})
    assert found(index, "site or equip") == ["site", "a2", "a1"]
    assert found(index, "equipRef->ahu") == ["p1", "p2"]
    assert found(index, "site or equip")[:1] == [index.find("site or equip", limit=1)[0]["id"].id]


def test_a_meter_that_shows_something_new_each_minute_leaves_no_trace_of_the_old() -> None:
    index = EntityIndex(TOWER)
    index.values("dis")
    for minute in range(3_000):
        index.apply({"p1": {**TOWER[3], "dis": f"read {minute}"}})
    assert found(index, 'dis == "read 2999"') == ["p1"]
    assert found(index, 'dis == "read 2998"') == []
    column = index._columns._values.get("dis")
    assert column is None or len(column) < 1_100


def test_points_that_come_and_go_do_not_make_the_index_grow() -> None:
    index = EntityIndex(TOWER)
    for n in range(5_000):
        index.apply(
            {f"order-{n}": {"id": Ref(f"order-{n}"), "of": Ref("a1")}, f"order-{n - 1}": None}
        )
    assert found(index, "of->ahu") == ["order-4999"]
    assert len(index._columns.table) < 1_100


def test_two_entities_of_one_id_are_refused_and_both_are_named() -> None:
    with pytest.raises(Corrupt, match="entity 7 has the id @a1, which is the id of entity 2"):
        EntityIndex([*TOWER, {"id": Ref("a1")}])


def test_an_entity_without_an_id_is_refused_by_its_number() -> None:
    with pytest.raises(Corrupt, match="entity 2 has no id"):
        EntityIndex([TOWER[0], {"dis": "nameless"}])


def test_an_entity_of_a_file_without_an_id_is_refused_by_its_number() -> None:
    with pytest.raises(Corrupt, match=r"entity 2 has no id but None: \{'dis': 'nameless'\}"):
        EntityIndex(zinc.stream(('ver:"3.0"', "id,dis", "@a,", ',"nameless"')))


def test_a_change_that_cannot_be_made_changes_nothing() -> None:
    index = EntityIndex(TOWER)
    with pytest.raises(BadRequest):
        index.apply({"p1": None, "p2": {"id": Ref("other")}})
    assert list(index) == TOWER


def test_an_explanation_names_the_conjunct_that_leaves_nothing() -> None:
    shown = EntityIndex(TOWER).explain("point and temp and equipRef->vav")
    assert shown.count == 0
    assert shown.killer == "equipRef->vav"
    assert shown.terms == (
        Term("point", alone=3, so_far=3, without=0),
        Term("temp", alone=2, so_far=2, without=0),
        Term("equipRef->vav", alone=0, so_far=0, without=2),
    )


def test_an_explanation_of_a_filter_that_finds_something_accuses_nobody() -> None:
    shown = EntityIndex(TOWER).explain("point and (temp or site)")
    assert (shown.count, shown.killer) == (2, None)
    assert [(t.alone, t.so_far, t.without) for t in shown.terms] == [(3, 3, 3), (3, 2, 3)]


def test_two_conjuncts_that_each_leave_nothing_have_no_single_culprit() -> None:
    assert EntityIndex(TOWER).explain("ahu and boiler and chiller").killer is None


def test_the_common_values_of_a_tag_are_counted() -> None:
    index = EntityIndex(TOWER)
    assert dict(index.values("equipRef")) == {Ref("a1"): 2, Ref("a2"): 1, Ref("lost"): 1}
    assert index.values("point", limit=1) == [(MARKER, 3)]
    assert set(index.values("curVal")) == {(Number(21, "°C"), 1), (True, 1), (Number(70, "°F"), 1)}
    assert index.values("no") == []
