"""Every Records store keeps the same promises."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from ontology.errors import BadRequest, Conflict, Corrupt, NotFound, Unavailable
from ontology.kinds import MARKER, REMOVE, Grid, Number, Ref, Symbol, Uri
from ontology.records import Records, replace_all
from ontology.store import memory_records, sql_rows
from ontology.store.memory_records import MemoryRecords
from ontology.store.sql_records import SqlRecords
from tests.ontology import values
from tests.postgres import Postgres, postgres, programs

AHU = {"id": Ref("AHU-1", "Lobby"), "ahu": MARKER, "equip": MARKER}
FAN = {"id": Ref("AHU-1.fan"), "point": MARKER, "equipRef": Ref("AHU-1"), "limit": Number(50, "Hz")}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: records in it are not tested")
    with postgres(folder) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/records.db"
    running: Postgres = request.getfixturevalue("server")
    return running.fresh()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def records(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Records]:
    store: Records
    if request.param == "memory":
        store = MemoryRecords()
    elif request.param == "sqlite":
        store = SqlRecords(f"sqlite:///{tmp_path}/records.db")
    else:
        store = SqlRecords(request.getfixturevalue("server").fresh())
    await replace_all(store, [AHU, FAN])
    yield store
    await store.close()


@pytest.fixture
async def pair(url: str) -> AsyncIterator[tuple[SqlRecords, SqlRecords]]:
    """Two programs at one database."""
    one, two = SqlRecords(url), SqlRecords(url)
    yield one, two
    await one.close()
    await two.close()


async def test_a_filter_follows_refs(records: Records) -> None:
    assert [e.id for e in await records.read("point and equipRef->ahu")] == ["AHU-1.fan"]


async def test_a_limit_bounds_what_is_read(records: Records) -> None:
    assert len(await records.read("id", limit=1)) == 1
    with pytest.raises(BadRequest):
        await records.read("id", limit=0)


async def test_a_filter_that_does_not_parse_is_refused(records: Records) -> None:
    with pytest.raises(BadRequest, match="column"):
        await records.read("point and and")


async def test_a_diff_merges_adds_and_removes(records: Records) -> None:
    await records.commit(
        {Ref("AHU-1"): {"area": Number(10, "m²"), "ahu": REMOVE}, Ref("new"): {"fault": MARKER}}
    )
    ahu = await records.get(Ref("AHU-1"))
    assert "ahu" not in ahu
    assert ahu["area"] == Number(10, "m²")
    assert ahu.ref.dis == "Lobby"
    assert (await records.get(Ref("new")))["fault"] is MARKER
    assert await records.read("equipRef->ahu") == []
    assert len(await records.read("equipRef->area > 9m²")) == 1


async def test_none_removes_a_record_and_a_missing_one_is_not_found(records: Records) -> None:
    await records.commit({Ref("AHU-1"): None})
    with pytest.raises(NotFound):
        await records.get(Ref("AHU-1"))
    assert await records.read("equipRef->id") == []


async def test_a_diff_that_changes_an_id_is_refused_whole(records: Records) -> None:
    before = await records.version()
    with pytest.raises(BadRequest):
        await records.commit({Ref("fresh"): {"x": MARKER}, Ref("AHU-1"): {"id": Ref("AHU-2")}})
    assert await records.version() == before
    with pytest.raises(NotFound):
        await records.get(Ref("fresh"))


async def test_each_commit_counts_the_version_up(records: Records) -> None:
    before = await records.version()
    after = await records.commit({Ref("AHU-1"): {"x": MARKER}})
    assert after == before + 1 == await records.version()


async def test_a_commit_meant_for_another_version_changes_nothing(records: Records) -> None:
    seen = await records.version()
    assert await records.commit({Ref("AHU-1"): {"by": "me"}}, expect=seen) == seen + 1
    with pytest.raises(
        Conflict, match=f"for version {seen} of the records, which are at {seen + 1}"
    ):
        await records.commit({Ref("AHU-1"): {"by": "another"}}, expect=seen)
    assert (await records.get(Ref("AHU-1")))["by"] == "me"
    assert await records.version() == seen + 1


async def test_a_watch_hears_what_was_added_changed_and_removed(records: Records) -> None:
    start = await records.version()
    assert (await records.changed(start)).refs == frozenset()
    await records.commit({Ref("AHU-1"): {"x": MARKER}, Ref("new"): {"fault": MARKER}})
    middle = await records.version()
    await records.commit({Ref("AHU-1.fan"): None})
    heard = await records.changed(start)
    assert heard.refs == {Ref("AHU-1"), Ref("new"), Ref("AHU-1.fan")}
    assert heard.version == start + 2
    assert (await records.changed(middle)).refs == {Ref("AHU-1.fan")}


async def test_changes_since_a_version_that_never_was_are_refused(records: Records) -> None:
    with pytest.raises(BadRequest):
        await records.changed(await records.version() + 1)


async def test_changes_too_old_to_be_told_are_a_conflict(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_records, "REMEMBERED", 10)
    monkeypatch.setattr(sql_rows, "MAX_GONE", 10)
    start = await records.version()
    for n in range(30):
        await records.commit({Ref(f"order-{n}"): {"workOrder": MARKER}})
        await records.commit({Ref(f"order-{n}"): None})
    with pytest.raises(Conflict, match="forgotten"):
        await records.changed(start)
    late = await records.version()
    assert (await records.changed(late - 1)).refs == {Ref("order-29")}


async def test_records_come_in_the_order_they_arrived(records: Records) -> None:
    await records.commit({Ref("z"): {"x": MARKER}, Ref("b"): {"x": MARKER}})
    await records.commit({Ref("a"): {"x": MARKER}, Ref("z"): {"changed": MARKER}})
    assert [e.id for e in await records.read("x")] == ["z", "b", "a"]
    await records.commit({Ref("z"): None})
    await records.commit({Ref("z"): {"x": MARKER}})
    assert [e.id for e in await records.read("x")] == ["b", "a", "z"]


async def test_two_entities_of_one_id_are_refused_and_both_are_named(records: Records) -> None:
    before = await records.version()
    with pytest.raises(BadRequest, match="entity 3 has the id @AHU-1, which is the id of entity 1"):
        await replace_all(records, [AHU, FAN, {"id": Ref("AHU-1", "Other")}])
    with pytest.raises(BadRequest, match="entity 1 has no id"):
        await replace_all(records, [{"dis": "nameless"}])
    assert await records.version() == before


async def test_equips_that_feed_each_other_are_stored_and_found(records: Records) -> None:
    await records.commit({Ref("p"): {"airRef": Ref("q")}, Ref("q"): {"airRef": Ref("p")}})
    assert [e.id for e in await records.read("airRef->airRef->airRef")] == ["p", "q"]


async def test_two_writers_of_one_database_see_each_other(
    pair: tuple[SqlRecords, SqlRecords], url: str
) -> None:
    one, two = pair
    await replace_all(one, [AHU])
    await two.commit({Ref("AHU-1"): {"fromTwo": MARKER}})
    await one.commit({Ref("AHU-1"): {"fromOne": MARKER}})
    assert {"fromOne", "fromTwo"} <= (await two.get(Ref("AHU-1"))).tags.keys()
    reopened = SqlRecords(url)
    assert (await reopened.get(Ref("AHU-1"))).ref.dis == "Lobby"
    await reopened.close()


async def test_a_reader_fetches_only_what_another_writer_changed(
    pair: tuple[SqlRecords, SqlRecords], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    await replace_all(one, [{"id": Ref(f"p{n}"), "point": MARKER} for n in range(700)])
    assert len(await two.read("point")) == 700
    fetched: list[str] = []
    decoded = sql_rows._decoded
    monkeypatch.setattr(
        sql_rows, "_decoded", lambda name, text: fetched.append(name) or decoded(name, text)
    )
    await one.commit({Ref("p7"): {"temp": MARKER}, Ref("p8"): None, Ref("p9"): None})
    await one.commit({Ref("p9"): {"point": MARKER}})
    left = await two.read("point")
    assert sorted(fetched) == ["p7", "p9"]
    assert [e.id for e in left[-2:]] == ["p699", "p9"]
    assert [e.tags for e in left] == [e.tags for e in await one.read("point")]
    assert len(left) == 699


async def test_a_reader_left_far_behind_reads_all_again(
    pair: tuple[SqlRecords, SqlRecords], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    monkeypatch.setattr(sql_rows, "MAX_GONE", 10)
    await replace_all(one, [{"id": Ref(f"p{n}"), "point": MARKER} for n in range(40)])
    assert len(await two.read("point")) == 40
    for n in range(30):
        await one.commit({Ref(f"p{n}"): None})
    assert [e.id for e in await two.read("point")] == [f"p{n}" for n in range(30, 40)]


async def test_order_of_arrival_survives_a_restart(url: str) -> None:
    one = SqlRecords(url)
    for name in ("m", "z", "a", "k"):
        await one.commit({Ref(name): {"x": MARKER}})
    await one.commit({Ref("m"): None, Ref("z"): {"changed": MARKER}})
    await one.close()
    again = SqlRecords(url)
    await again.commit({Ref("b"): {"x": MARKER}})
    assert [e.id for e in await again.read("x")] == ["z", "a", "k", "b"]
    await again.close()


COUNTER = """
import asyncio, sys
from ontology.errors import Conflict
from ontology.kinds import Number, Ref
from ontology.store.sql_records import SqlRecords

async def main(url, times):
    records = SqlRecords(url)
    for _ in range(times):
        while True:
            seen = await records.version()
            count = (await records.get(Ref("meter")))["count"].value
            try:
                await records.commit({Ref("meter"): {"count": Number(count + 1)}}, expect=seen)
                break
            except Conflict:
                continue
    await records.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_two_processes_that_count_one_meter_lose_no_count(url: str) -> None:
    records = SqlRecords(url)
    before = await records.commit({Ref("meter"): {"count": Number(0)}})
    counters = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", COUNTER, url, "10", cwd=ROOT)
        for _ in range(2)
    ]
    assert await asyncio.gather(*(counter.wait() for counter in counters)) == [0, 0]
    assert (await records.get(Ref("meter")))["count"] == Number(20)
    assert await records.version() == before + 20
    await records.close()


async def test_writers_that_expect_nothing_all_get_through(
    pair: tuple[SqlRecords, SqlRecords],
) -> None:
    await asyncio.gather(
        *(pair[n % 2].commit({Ref("shared"): {f"tag{n}": Number(n)}}) for n in range(10))
    )
    shared = await pair[0].get(Ref("shared"))
    assert {f"tag{n}" for n in range(10)} <= shared.tags.keys()
    assert await pair[1].version() == 10


def run(url: str, *statements: str, **values: Any) -> None:
    """SQL behind the store's back."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+pg8000:"))
    with engine.begin() as db:
        for statement in statements:
            db.execute(sa.text(statement), values if ":" in statement else {})
    engine.dispose()


async def test_a_database_of_the_first_release_goes_on_in_place(url: str) -> None:
    run(
        url,
        "CREATE TABLE records (id TEXT NOT NULL PRIMARY KEY, tags TEXT NOT NULL)",
        "CREATE TABLE records_version (one INTEGER NOT NULL PRIMARY KEY, version INTEGER NOT NULL)",
        "INSERT INTO records_version VALUES (1, 7)",
        "INSERT INTO records VALUES ('b', :b), ('a', :a)",
        a='{"id":{"_kind":"ref","val":"a"},"equip":{"_kind":"marker"}}',
        b='{"id":{"_kind":"ref","val":"b"},"equip":{"_kind":"marker"}}',
    )
    records = SqlRecords(url)
    assert [e.id for e in await records.read("equip")] == ["a", "b"]
    assert await records.commit({Ref("a"): {"ahu": MARKER}, Ref("c"): {"equip": MARKER}}) == 8
    assert (await records.changed(7)).refs == {Ref("a"), Ref("c")}
    with pytest.raises(Conflict):
        await records.changed(6)
    await records.close()
    again = SqlRecords(url)
    assert [e.id for e in await again.read("equip")] == ["a", "b", "c"]
    assert "ahu" in await again.get(Ref("a"))
    await again.close()


def nested(levels: int) -> Any:
    value: Any = Number(1)
    for _ in range(levels):
        value = [value]
    return value


def itself() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


BEFORE_ANY_DATABASE = pytest.mark.parametrize("records", ["memory", "sqlite"], indirect=True)
"""Refused before a statement is sent: another database would only take time."""
UNFIT = {
    "a value nested deeper than readers go": nested(102),
    "a value nested a hundred thousand deep": nested(100_000),
    "a list that holds itself": itself(),
    "a text of 17 MB": "x" * 17 * 2**20,
    "a list of texts of 17 MB": ["x" * 2**20] * 17,
    "a grid with one column twice": Grid(("a", "a")),
    "a unit that is no text": Number(5, 7),  # type: ignore[arg-type]
    "a ref with a space": Ref.matched("bad id"),
    "a ref with a space in a list": [Ref.matched("bad id")],
    "a ref without a text": Ref.matched(7),  # type: ignore[arg-type]
    "a bare number": 5,
    "a time without a zone": dt.datetime(2026, 11, 21),
    "a uri that is no text": Uri(object()),  # type: ignore[arg-type]
    "a symbol that is no text": Symbol(["ahu"]),  # type: ignore[arg-type]
    "a dict with a name no tag has": {"Bad Name": MARKER},
    "a value of another program": object(),
}


@BEFORE_ANY_DATABASE
async def test_what_no_reader_would_take_is_refused_by_record_and_tag(records: Records) -> None:
    before = await records.version()
    refused = set()
    for what, value in UNFIT.items():
        try:
            await records.commit({Ref("fresh"): {"x": MARKER}, Ref("AHU-1"): {"odd": value}})
        except BadRequest as told:
            if "tag odd of @AHU-1 cannot be stored" in str(told):
                refused.add(what)
    assert refused == UNFIT.keys()
    assert await records.version() == before
    assert [e.id for e in await records.read("id")] == ["AHU-1", "AHU-1.fan"]
    assert "odd" not in await records.get(Ref("AHU-1"))


@BEFORE_ANY_DATABASE
async def test_a_name_no_tag_may_have_is_refused(records: Records) -> None:
    names: list[Any] = ["Bad Name", "", "x" * 300, 7]
    for name in names:
        with pytest.raises(BadRequest, match="of @AHU-1 cannot be stored"):
            await records.commit({Ref("AHU-1"): {name: MARKER}})


@BEFORE_ANY_DATABASE
async def test_an_id_that_is_no_ref_is_refused_even_to_remove_it(records: Records) -> None:
    start = await records.version()
    refs: list[Any] = [Ref.matched("bad id"), "AHU-1", None]
    for ref in refs:
        for diff in (None, {"x": MARKER}):
            with pytest.raises(BadRequest, match="no id of a record"):
                await records.commit({ref: diff})
    assert (await records.changed(start)).refs == frozenset()


@BEFORE_ANY_DATABASE
async def test_a_record_of_many_texts_is_refused_with_its_largest_tag(records: Records) -> None:
    few = {f"note{n}": "x" * 2**20 for n in range(15)}
    await records.commit({Ref("AHU-1"): few})
    with pytest.raises(BadRequest, match=r"@AHU-1 has 16\.0 MB, .* largest tag is manual"):
        await records.commit({Ref("AHU-1"): {"manual": "y" * (2**20 + 9)}})
    assert "manual" not in await records.get(Ref("AHU-1"))


@BEFORE_ANY_DATABASE
async def test_a_caller_who_goes_on_with_his_values_changes_nothing_stored(
    records: Records,
) -> None:
    inner = {"low": Number(1)}
    listed: list[Any] = [Number(1), inner]
    tags: dict[str, Any] = {"list": listed, "grid": Grid.of([inner]), "deep": {"one": [inner]}}
    expected = copy.deepcopy(tags)
    await records.commit({Ref("AHU-1"): tags})
    listed.append(Number(2))
    inner["low"] = Number(9)
    tags["more"] = [MARKER]
    stored = await records.get(Ref("AHU-1"))
    assert {name: stored[name] for name in expected} == expected
    assert "more" not in stored


async def test_records_in_memory_share_nothing_with_those_who_brought_them() -> None:
    limits = [Number(1)]
    records = MemoryRecords([{"id": Ref("a"), "limits": limits}])
    limits.append(Number(2))
    assert (await records.get(Ref("a")))["limits"] == [Number(1)]
    with pytest.raises(BadRequest, match="tag odd of @a"):
        MemoryRecords([{"id": Ref("a"), "odd": 5}])


@settings(
    max_examples=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(values.rows)
def test_what_a_store_serves_is_what_the_next_program_reads(tags: dict[str, Any]) -> None:
    tags = {name: value for name, value in tags.items() if name != "id"}

    async def both() -> None:
        with tempfile.TemporaryDirectory() as folder:
            one = SqlRecords(f"sqlite:///{folder}/records.db")
            memory = MemoryRecords()
            for store in (one, memory):
                await store.commit({Ref("a"): tags})
            served = [(await store.get(Ref("a"))).tags for store in (one, memory)]
            await one.close()
            again = SqlRecords(f"sqlite:///{folder}/records.db")
            read = (await again.get(Ref("a"))).tags
            await again.close()
        assert [values.exactly(each) for each in served] == [values.exactly(read)] * 2

    asyncio.run(both())


_ID = '{"id":{"_kind":"ref","val":"%s"},'
DAMAGE = {
    "cut-off": _ID,
    "another": _ID % "other" + '"ahu":{"_kind":"marker"}}',
    "no-entity": "7",
    "nothing": "",
    "column-twice": _ID + '"g":{"_kind":"grid","cols":[{"name":"a"},{"name":"a"}]}}',
    "too-deep": _ID + '"l":' + "[" * 150 + "]" * 150 + "}",
    "too-long": _ID + '"t":"' + "x" * 17 * 2**20 + '"}',
}


async def test_damaged_records_are_named_and_hide_no_other(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    records = SqlRecords(url)
    await replace_all(records, [*({"id": Ref(id), "ahu": MARKER} for id in DAMAGE), FAN])
    await records.close()
    for id, text in DAMAGE.items():
        stored = text.replace("%s", id)
        run(url, "UPDATE records SET tags = :text WHERE id = :id", text=stored, id=id)
    damaged = SqlRecords(url)
    assert [e.tags for e in await damaged.read("id")] == [FAN]
    for id in DAMAGE:
        with pytest.raises(Corrupt, match=rf"@{id} cannot be read: \w") as told:
            await damaged.get(Ref(id))
        assert "backup" in told.value.hint
    assert damaged.unreadable.keys() == DAMAGE.keys()
    assert len(await damaged.read("id")) == 1
    said = [line for line in caplog.messages if "cannot be read" in line]
    assert len(said) == 1
    assert "(7)" in said[0]
    assert all(f"@{id} " in said[0] for id in DAMAGE)
    await damaged.close()


@pytest.mark.parametrize("column", ["tags", "id"])
async def test_a_text_that_is_no_utf8_hides_no_other_record(tmp_path: Path, column: str) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    records = SqlRecords(url)
    await replace_all(records, [AHU, FAN])
    await records.close()
    run(url, f"UPDATE records SET {column} = CAST(x'41ff42' AS TEXT) WHERE id = 'AHU-1'")
    damaged = SqlRecords(url)
    assert [e.id for e in await damaged.read("id")] == ["AHU-1.fan"]
    assert list(damaged.unreadable) == [{"tags": "AHU-1", "id": r"A\xffB"}[column]]
    await damaged.close()


async def test_tags_are_not_merged_into_a_record_nobody_can_read(url: str) -> None:
    records = SqlRecords(url)
    await replace_all(records, [AHU, FAN])
    run(url, "UPDATE records SET tags = '7'")
    await records.close()
    damaged = SqlRecords(url)
    before = await damaged.version()
    with pytest.raises(Corrupt, match="@AHU-1"):
        await damaged.commit({Ref("x"): {"x": MARKER}, Ref("AHU-1"): {"ackBy": "me"}})
    assert await damaged.version() == before
    await damaged.commit({Ref("AHU-1"): AHU, Ref("AHU-1.fan"): None})
    assert [e.tags for e in await damaged.read("id")] == [AHU]
    assert not damaged.unreadable
    await damaged.close()


async def test_a_record_damaged_and_mended_by_another_program_goes_and_comes(
    pair: tuple[SqlRecords, SqlRecords], url: str
) -> None:
    one, two = pair
    await replace_all(one, [AHU, FAN])
    assert len(await two.read("id")) == 2
    run(
        url,
        "UPDATE records SET tags = '7', version = 2 WHERE id = 'AHU-1'",
        "UPDATE records_version SET version = 2",
    )
    assert [e.id for e in await two.read("id")] == ["AHU-1.fan"]
    assert two.unreadable.keys() == {"AHU-1"}
    assert (await two.changed(1)).refs == {Ref("AHU-1")}
    await replace_all(one, [AHU])
    assert (await two.get(Ref("AHU-1"))).tags == AHU
    assert not two.unreadable


@pytest.mark.parametrize("bad", ["not a url", "nosuch://host/db", "mysql+nosuch://host/db"])
async def test_a_url_nothing_can_serve_is_refused_with_an_example(bad: str) -> None:
    with pytest.raises(BadRequest) as refused:
        SqlRecords(bad)
    assert "sqlite:////" in refused.value.hint


async def test_a_database_server_that_is_not_there_is_unavailable() -> None:
    records = SqlRecords("postgresql://nobody@127.0.0.1:9/records")
    with pytest.raises(Unavailable):
        await records.version()
    await records.close()


async def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"not a database, " * 1_000)
    records = SqlRecords(f"sqlite:///{tmp_path}/records.db")
    with pytest.raises(Corrupt):
        await records.read("equip")
    await records.close()
