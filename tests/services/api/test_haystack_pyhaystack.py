"""pyhaystack, the client of SkySpark's users, does every op of its own against our server."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pytz
from haystack_house import AHU, FAN, NAME, PASSWORD, TEMP, USER, HaystackHouse, house_served

pytestmark = [
    # hszinc, which pyhaystack reads with, calls pyparsing by names that pyparsing will drop
    pytest.mark.filterwarnings("ignore:'.*' .*deprecated.* use '.*':DeprecationWarning"),
]
BANGKOK = pytz.timezone("Asia/Bangkok")

NOT_HAYSTACK = {
    "authenticate": "the login itself: every op below begins with it",
    "config_pint": "how its own quantities are shown; nothing is sent",
    "get_eval": "SkySpark's eval: runs Axon, no op of the Haystack HTTP API",
}
"""Public methods that are no op of the Haystack HTTP API, each with the reason."""


@pytest.fixture(scope="module")
def house() -> Iterator[HaystackHouse]:
    with house_served() as found:
        yield found


@pytest.fixture(scope="module")
def libraries() -> tuple[ModuleType, ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more than a hundred at import
        import hszinc
        from pyhaystack.client import skyspark
    return skyspark, hszinc


@pytest.fixture(scope="module")
def hszinc(libraries: tuple[ModuleType, ModuleType]) -> Any:
    return libraries[1]


@pytest.fixture(scope="module")
def session(house: HaystackHouse, libraries: tuple[ModuleType, ModuleType]) -> Any:
    """A session of the kind that logs in by SCRAM; pyhaystack has none for Haystack 4 in general."""
    return libraries[0].SkysparkScramHaystackSession(f"{house.url}/", USER, PASSWORD, "demo")


def call(session: Any, name: str, *args: Any, **given: Any) -> Any:
    """The result of an op."""
    op = getattr(session, name)(*args, **given)
    op.wait(timeout=20)
    return op.result


def test_about_tells_the_house_after_a_login(session: Any) -> None:
    about = call(session, "about")[0]
    assert (about["haystackVersion"], about["tz"]) == ("4.0", "Bangkok")
    assert session.is_logged_in


def test_ops_and_formats_are_told(session: Any) -> None:
    names = [row["name"] for row in call(session, "ops")]
    assert {"read", "hisRead", "watchSub", "pointWrite"} <= set(names)
    assert "text/zinc" in [row["mime"] for row in call(session, "formats")]
    assert call(session, "has_features", ["hisRead", "eval"]) == {"hisRead": True, "eval": False}


def test_entities_are_read_by_id_and_by_filter(session: Any, hszinc: Any) -> None:
    floor = call(session, "read", ids="floor-8")[0]
    assert floor["dis"] == NAME
    assert floor["siteRef"].value == NAME
    both = call(session, "read", ids=["AHU-1", "nowhere", "tower"])
    assert [row["id"] and row["id"].name for row in both] == ["AHU-1", None, "tower"]
    points = call(session, "read", filter_expr='point and dis=="AHU-1.fan-run"')
    assert [row["curVal"] for row in points] == [True]
    assert len(call(session, "read", filter_expr="point", limit=2)) == 2
    assert list(call(session, "read", filter_expr="chiller")) == []


def test_a_symbol_arrives_as_a_text(session: Any) -> None:
    assert call(session, "read", ids="AHU-1")[0]["kindOf"] == "ahu"


def test_the_tree_is_walked_from_the_site_to_a_point(session: Any) -> None:
    at, seen = None, []
    for _ in range(4):
        rows = list(call(session, "nav", at))
        seen.append([row["id"].name for row in rows])
        at = next(
            (row["navId"] for row in rows if row.get("navId") not in (None, "room-807")), None
        )
    assert seen[:3] == [["tower"], ["floor-8"], ["room-807", "AHU-1"]]
    assert TEMP.id in seen[3]


def test_entities_become_objects(session: Any) -> None:
    assert call(session, "get_entity", "AHU-1").tags["ahu"] is not None
    assert set(call(session, "find_entity", "point and sensor")) == {
        TEMP.id,
        FAN.id,
        "AHU-1.silent",
    }
    assert session.site.id.name == "tower"
    assert list(session.sites) == ["tower"]
    with pytest.raises(NameError):
        call(session, "get_entity", "nowhere")


@pytest.mark.parametrize(
    ("range", "count"),
    [("yesterday", 96), ("today", 58), (dt.date(2026, 11, 19), 96),
     (slice(dt.date(2026, 11, 18), dt.date(2026, 11, 19)), 96),
     (BANGKOK.localize(dt.datetime(2026, 11, 20, 14, 0)), 2),
     (slice(BANGKOK.localize(dt.datetime(2026, 11, 19, 10)), BANGKOK.localize(dt.datetime(2026, 11, 19, 11))), 4)],
    ids=["yesterday", "today", "date", "two dates", "since", "two instants"],
)  # fmt: skip
def test_history_is_read_over_every_kind_of_range(session: Any, range: Any, count: int) -> None:
    grid = call(session, "his_read", TEMP.id, range)
    assert len(grid) == count
    assert grid[0]["val"].unit == "°C"
    assert grid[0]["ts"].utcoffset() == dt.timedelta(hours=7)


def test_history_is_written_and_read_back(session: Any, hszinc: Any) -> None:
    at = BANGKOK.localize(dt.datetime(2026, 2, 1, 12))
    call(
        session,
        "his_write",
        TEMP.id,
        {at: hszinc.Quantity(17.5, "°C"), at + dt.timedelta(hours=1): hszinc.Quantity(18, "°C")},
    )
    rows = call(session, "his_read", TEMP.id, at.date())
    assert [row["val"].value for row in rows] == [17.5, 18.0]


def test_a_watch_tells_what_has_changed_until_it_is_closed(
    house: HaystackHouse, session: Any
) -> None:
    grid = call(session, "watch_sub", ["AHU-1", TEMP.id], watch_dis="night shift", lease=60)
    watch = grid.metadata["watchId"]
    assert [row["id"].name for row in grid] == ["AHU-1", TEMP.id]
    assert list(call(session, "watch_poll", watch)) == []
    asyncio.run(house.records.commit({AHU: {"dis": "AHU One"}}))
    assert [row["dis"] for row in call(session, "watch_poll", watch)] == ["AHU One"]
    asyncio.run(house.records.commit({AHU: {"dis": "AHU-1"}}))
    call(session, "watch_unsub", watch)
    with pytest.raises(Exception, match="no watch"):
        call(session, "watch_poll", watch)


def test_a_level_is_written_and_an_action_done(
    house: HaystackHouse, session: Any, hszinc: Any
) -> None:
    call(
        session,
        "point_write",
        FAN.id,
        level=8,
        val=True,
        who="Nok",
        duration=hszinc.Quantity(30, "min"),
    )
    order = house.writes.levels[FAN.id, 8]
    assert (order.value, order.who, order.duration_s) == (True, "Nok", 1_800.0)
    call(session, "invoke_action", "AHU-1", "reset", reason="filter changed")
    assert house.writes.actions == [(AHU, "reset", {"reason": "filter changed"})]


def test_several_points_are_read_and_written_at_once(session: Any, hszinc: Any) -> None:
    """Ops that pyhaystack offers for WideSky only; its code for them is used with our session."""
    from pyhaystack.client.mixins.vendor.widesky.multihis import MultiHisOpsMixin

    at = BANGKOK.localize(dt.datetime(2026, 2, 3, 12))
    written = MultiHisOpsMixin.multi_his_write(
        session, [{"ts": at, TEMP.id: hszinc.Quantity(20, "°C"), FAN.id: False}]
    )
    written.wait(timeout=20)
    assert list(written.result) == []
    op = MultiHisOpsMixin.multi_his_read(session, [TEMP.id, FAN.id], at.date())
    op.wait(timeout=20)
    assert [(row["v0"].value, row["v1"]) for row in op.result] == [(20.0, False)]


def test_series_and_tables_are_read_and_written(session: Any, hszinc: Any) -> None:
    """pyhaystack's wrappers of hisRead and hisWrite; its pandas table needs a pandas of before 2.0."""
    first = BANGKOK.localize(dt.datetime(2026, 2, 5, 12))
    kelvins = {first: hszinc.Quantity(21, "°C")}
    call(session, "his_write_series", TEMP.id, kelvins, tz=BANGKOK)
    series = call(session, "his_read_series", TEMP.id, first.date(), series_format="series")
    assert list(series) == [21.0]
    second = first + dt.timedelta(days=1)
    table = [{"ts": second, TEMP.id: hszinc.Quantity(22, "°C"), FAN.id: True}]
    call(session, "his_write_frame", table, tz=BANGKOK)
    rows = call(session, "his_read_frame", [TEMP.id, FAN.id], second.date(), frame_format="list")
    assert [(row[TEMP.id].value, row[FAN.id]) for row in rows] == [(22.0, True)]


def test_a_failed_op_tells_why(session: Any) -> None:
    with pytest.raises(Exception, match="filter"):
        call(session, "read", filter_expr="a and and")


def test_a_wrong_password_opens_nothing(
    house: HaystackHouse, libraries: tuple[ModuleType, ModuleType]
) -> None:
    stranger = libraries[0].SkysparkScramHaystackSession(f"{house.url}/", USER, "wrong", "demo")
    op = stranger.about()
    op.wait(timeout=20)
    assert op.is_failed
    assert not stranger.is_logged_in


def test_the_login_ends_with_the_session(
    house: HaystackHouse, libraries: tuple[ModuleType, ModuleType]
) -> None:
    with libraries[0].SkysparkScramHaystackSession(f"{house.url}/", USER, PASSWORD, "demo") as own:
        call(own, "about")
        token = own._client.headers[b"Authorization"]
    assert house.auth.answer(token, "here").status == 403


def test_every_public_op_of_the_client_is_done_above(session: Any) -> None:
    done = set(re.findall(r'call\(\s*\w+,\s*"(\w+)"', Path(__file__).read_text()))
    own = {"is_logged_in", "site", "sites", "logout"}  # used as they are; `with` logs out
    public = {name for name, _ in inspect.getmembers(type(session)) if name[0] not in "_F"}
    assert public - done - own == set(NOT_HAYSTACK)
