"""phable, a client written by others, does every op of its own against our server, in both its formats."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import phable
import pytest
from haystack_house import (
    AHU,
    BANGKOK,
    FAN,
    NAME,
    PASSWORD,
    TEMP,
    USER,
    HaystackHouse,
    house_served,
)
from phable import CallError, DateRange, DateTimeRange, Number, Ref, UnknownRecError

NOT_HAYSTACK = {
    # ops of Haxall and SkySpark, which are no part of the Haystack HTTP API
    "commit_add": "changes a Haxall database", "commit_update": "changes a Haxall database",
    "commit_remove": "changes a Haxall database", "eval": "runs Axon", "file_get": "Haxall files",
    "file_post": "Haxall files", "file_put": "Haxall files",
}  # fmt: skip
YESTERDAY = dt.date(2026, 11, 19)


@pytest.fixture(scope="module")
def house() -> Iterator[HaystackHouse]:
    with house_served() as found:
        yield found


@pytest.fixture(params=["zinc", "json"])
def client(house: HaystackHouse, request: pytest.FixtureRequest) -> Iterator[phable.HaystackClient]:
    with phable.open_haystack_client(
        f"{house.url}/api/demo", USER, PASSWORD, content_type=request.param
    ) as opened:
        yield opened


def test_about_tells_the_clock_of_the_house(client: phable.HaystackClient) -> None:
    about = client.about()
    assert about["haystackVersion"] == "4.0"
    assert about["tz"] == "Bangkok"
    assert about["serverTime"] == dt.datetime(2026, 11, 20, 14, 30, tzinfo=BANGKOK)


def test_the_first_match_of_a_filter_is_read(client: phable.HaystackClient) -> None:
    assert client.read("ahu")["id"] == Ref("AHU-1")
    assert client.read("chiller", checked=False) == {}
    with pytest.raises(UnknownRecError):
        client.read("chiller")


def test_awkward_names_arrive_as_they_are(client: phable.HaystackClient) -> None:
    floor = client.read_by_id(Ref("floor-8"))
    assert floor["dis"] == NAME
    assert floor["siteRef"].dis == NAME


def test_all_matches_and_at_most_a_limit_are_read(client: phable.HaystackClient) -> None:
    assert len(client.read_all("point").rows) == 3
    assert len(client.read_all("point", limit=2).rows) == 2
    assert client.read_all("equipRef->ahu and temp and not discharge").rows[0]["unit"] == "°F"


def test_a_point_carries_its_present_value(client: phable.HaystackClient) -> None:
    temp = client.read_by_id(Ref(TEMP.id))
    assert temp["curVal"].unit == "°C"
    assert temp["curStatus"] == "ok"
    assert client.read_by_id(Ref(FAN.id))["curVal"] is True
    assert "curVal" not in client.read_by_id(Ref("AHU-1.silent"))


def test_entities_come_in_the_order_asked_and_a_miss_is_told(client: phable.HaystackClient) -> None:
    found = client.read_by_ids([Ref("AHU-1"), Ref("tower"), Ref("floor-8")])
    assert [row["id"].val for row in found.rows] == ["AHU-1", "tower", "floor-8"]
    with pytest.raises(UnknownRecError):
        client.read_by_ids([Ref("AHU-1"), Ref("nowhere")])


def test_a_day_of_history_is_read(client: phable.HaystackClient) -> None:
    grid = client.his_read_by_id(Ref(TEMP.id), YESTERDAY)
    assert len(grid.rows) == 96
    assert grid.meta["id"] == Ref(TEMP.id)
    assert grid.rows[0]["ts"] == dt.datetime(2026, 11, 19, tzinfo=BANGKOK)
    assert grid.rows[0]["val"] == Number(14, "°C")
    assert grid.rows[3]["val"] == phable.NA()


def test_two_points_are_read_side_by_side(client: phable.HaystackClient) -> None:
    span = DateTimeRange(
        dt.datetime(2026, 11, 20, 5, tzinfo=BANGKOK), dt.datetime(2026, 11, 20, 7, tzinfo=BANGKOK)
    )
    grid = client.his_read_by_ids([Ref(TEMP.id), Ref(FAN.id)], span)
    assert [column.meta for column in grid.cols[1:]] == [{"id": Ref(TEMP.id)}, {"id": Ref(FAN.id)}]
    assert [row["v1"] for row in grid.rows] == [False] * 4 + [True] * 4
    both = DateRange(YESTERDAY, YESTERDAY + dt.timedelta(days=1))
    assert len(client.his_read_by_id(Ref(FAN.id), both).rows) == 96 + 58


def test_history_is_written_and_read_back(client: phable.HaystackClient) -> None:
    at = dt.datetime(2026, 3, 1, 12, tzinfo=BANGKOK)
    client.his_write_by_id(Ref(TEMP.id), [{"ts": at, "val": Number(17.5, "°C")}])
    later = at + dt.timedelta(minutes=5)
    client.his_write_by_ids(
        [Ref(TEMP.id), Ref(FAN.id)], [{"ts": later, "v0": Number(18, "°C"), "v1": True}]
    )
    temps = client.his_read_by_id(Ref(TEMP.id), at.date()).rows
    assert [row["val"].val for row in temps] == [17.5, 18]
    assert client.his_read_by_id(Ref(FAN.id), at.date()).rows[0]["val"] is True


def test_a_level_is_written_and_seen_in_the_array(client: phable.HaystackClient) -> None:
    client.point_write(Ref(FAN.id), 8, True, "Nok", Number(30, "min"))
    array = client.point_write_array(Ref(FAN.id)).rows
    assert [row["level"].val for row in array] == list(range(1, 18))
    assert (array[7]["val"], array[7]["who"]) == (True, "Nok")
    client.point_write(Ref(FAN.id), 8, None)
    assert "val" not in client.point_write_array(Ref(FAN.id)).rows[7]


def test_a_failed_op_tells_why(client: phable.HaystackClient) -> None:
    with pytest.raises(CallError) as failed:
        client.call("read", phable.Grid.to_grid({"filter": "a and and"}))
    meta = failed.value.help_msg.meta
    assert "err" in meta
    assert meta["errType"] == "bad-request"


def test_a_watch_tells_what_has_changed(
    house: HaystackHouse, client: phable.HaystackClient
) -> None:
    watched = phable.Grid.to_grid(
        [{"id": Ref("AHU-1")}, {"id": Ref("nowhere")}], {"watchDis": "phable"}
    )
    first = client.call("watchSub", watched)
    assert first.rows[0]["id"] == Ref(
        "AHU-1"
    )  # the miss after it is an empty row, which phable drops
    asked = phable.Grid(
        {"ver": "3.0", "watchId": first.meta["watchId"]}, [phable.GridCol("empty")], []
    )
    assert client.call("watchPoll", asked).rows == []
    asyncio.run(house.records.commit({AHU: {"dis": "AHU One"}}))
    assert [row["dis"] for row in client.call("watchPoll", asked).rows] == ["AHU One"]
    asyncio.run(house.records.commit({AHU: {"dis": "AHU-1"}}))


def test_the_door_is_shut_after_close(house: HaystackHouse) -> None:
    client = phable.HaystackClient.open(house.url, USER, PASSWORD)
    client.close()
    with pytest.raises(Exception, match="403"):
        client.about()


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("stranger", PASSWORD)])
def test_a_wrong_login_is_refused(house: HaystackHouse, user: str, password: str) -> None:
    with pytest.raises(phable.AuthError):
        phable.HaystackClient.open(house.url, user, password)


def test_every_public_op_of_the_client_is_done_above() -> None:
    done = set(re.findall(r"(?:client|HaystackClient)\.(\w+)\(", Path(__file__).read_text()))
    members = inspect.getmembers(phable.HaxallClient, callable)
    public = {name for name, _ in members if not name.startswith("_")}
    assert public - done == set(NOT_HAYSTACK)
