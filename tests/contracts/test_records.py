"""Every Records store keeps the same promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ontology.errors import BadRequest, NotFound
from ontology.kinds import MARKER, REMOVE, Number, Ref
from ontology.records import Records, replace_all
from ontology.store.memory_records import MemoryRecords
from ontology.store.sql_records import SqlRecords

AHU = {"id": Ref("AHU-1", "Lobby"), "ahu": MARKER, "equip": MARKER}
FAN = {"id": Ref("AHU-1.fan"), "point": MARKER, "equipRef": Ref("AHU-1"), "limit": Number(50, "Hz")}


@pytest.fixture(params=["memory", "sqlite"])
async def records(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Records]:
    store: Records = (
        MemoryRecords()
        if request.param == "memory"
        else SqlRecords(f"sqlite:///{tmp_path}/records.db")
    )
    await replace_all(store, [AHU, FAN])
    yield store
    await store.close()


async def test_a_filter_follows_refs(records: Records) -> None:
    assert [e.id for e in await records.read("point and equipRef->ahu")] == ["AHU-1.fan"]


async def test_a_limit_bounds_what_is_read(records: Records) -> None:
    assert len(await records.read("id", limit=1)) == 1
    with pytest.raises(BadRequest):
        await records.read("id", limit=0)


async def test_a_diff_merges_adds_and_removes(records: Records) -> None:
    await records.commit(
        {Ref("AHU-1"): {"area": Number(10, "m²"), "ahu": REMOVE}, Ref("new"): {"fault": MARKER}}
    )
    ahu = await records.get(Ref("AHU-1"))
    assert "ahu" not in ahu
    assert ahu["area"] == Number(10, "m²")
    assert ahu.ref.dis == "Lobby"
    assert (await records.get(Ref("new")))["fault"] is MARKER


async def test_none_removes_a_record_and_a_missing_one_is_not_found(records: Records) -> None:
    await records.commit({Ref("AHU-1"): None})
    with pytest.raises(NotFound):
        await records.get(Ref("AHU-1"))


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


async def test_two_writers_of_one_database_see_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    one, two = SqlRecords(url), SqlRecords(url)
    await replace_all(one, [AHU])
    await two.commit({Ref("AHU-1"): {"fromTwo": MARKER}})
    await one.commit({Ref("AHU-1"): {"fromOne": MARKER}})
    assert {"fromOne", "fromTwo"} <= (await two.get(Ref("AHU-1"))).tags.keys()
    await one.close()
    await two.close()
    reopened = SqlRecords(url)
    assert (await reopened.get(Ref("AHU-1"))).ref.dis == "Lobby"
    await reopened.close()
