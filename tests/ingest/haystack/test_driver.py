"""A Haystack server as a line: present values, and its histories over a real socket."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pytest
from haystack_house import (
    BANGKOK,
    FAN,
    NOW,
    PASSWORD,
    SILENT,
    TEMP,
    USER,
    HaystackHouse,
    house_served,
)

from ingest.driver import Line, Register, TrendReader
from ingest.lines import open_driver, parse_lines
from ontology.errors import BadRequest, DeviceSilent
from ontology.history import Samples, Status
from ontology.kinds import Ref
from ontology.time import Span

OLD = pytest.mark.filterwarnings("ignore:'.*' .*deprecated.* use '.*':DeprecationWarning")
DAY = Span(dt.datetime(2026, 11, 19, tzinfo=BANGKOK), dt.datetime(2026, 11, 20, tzinfo=BANGKOK))


@pytest.fixture(scope="module")
def house() -> Iterator[HaystackHouse]:
    with house_served(writes=False) as found:
        yield found


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWER_PASSWORD", PASSWORD)


def line(url: str, *, more: str = "", user: str = USER) -> Line:
    text = (
        f'[[line]]\nname = "tower"\nprotocol = "haystack"\nhost = "{url}"\n'
        f'options = {{ user = "{user}", password_env = "TOWER_PASSWORD"{more} }}\n[line.registers]\n'
        f'"t" = {{ address = "@{TEMP.id} °F", log = "his" }}\n"fan" = {{ address = "@{FAN.id}", log = "his" }}\n'
        f'"quiet" = "@{SILENT.id}"\n"gone" = {{ address = "@nowhere", log = "his" }}\n'
    )
    return parse_lines(text)[0]


async def trended(
    line: Line, span: Span, *, only: tuple[str, ...] = ("t", "fan", "gone", "quiet")
) -> list[Samples]:
    async with open_driver(line) as driver:
        assert isinstance(driver, TrendReader)
        wanted = [register for register in line.registers if register.point.id in only]
        return [samples async for samples in driver.trend(wanted, span)]


async def test_a_day_of_history_comes_in_utc_in_our_unit_and_with_its_faults(
    house: HaystackHouse,
) -> None:
    found = await trended(line(house.url), DAY)
    temps = [samples for samples in found if samples.points == (Ref("t"),)]
    ts = np.concatenate([samples.ts for samples in temps])
    values = np.concatenate([samples.value for samples in temps])
    status = np.concatenate([samples.status for samples in temps])
    assert ts.tolist() == [int(DAY.start.timestamp()) + 900 * n for n in range(96)]
    assert values[:3].tolist() == pytest.approx([57.2, 57.65, 58.1])
    assert (bool(np.isnan(values[3])), status[3], set(status[4:])) == (
        True,
        Status.FAULT,
        {Status.GOOD},
    )
    assert {samples.points[0].id for samples in found} == {"t", "fan"}


async def test_days_are_asked_one_by_one_and_nothing_comes_twice(house: HaystackHouse) -> None:
    whole = await trended(line(house.url), DAY, only=("fan",))
    hours = await trended(line(house.url, more=', chunk_hours = "3"'), DAY, only=("fan",))
    assert len(hours) == 9
    assert (
        np.concatenate([s.ts for s in hours]).tolist()
        == np.concatenate([s.ts for s in whole]).tolist()
    )


async def test_present_values_come_with_their_status(house: HaystackHouse) -> None:
    async with open_driver(line(house.url)) as driver:
        found = {
            reading.point.id: reading for reading in await driver.read(line(house.url).registers)
        }
    newest = 14.0 + (int((NOW - DAY.start) / dt.timedelta(minutes=15)) - 1) % 8 / 4
    assert found["gone"].status is Status.FAULT
    assert np.isnan(found["quiet"].value)
    if found["t"].status is Status.GOOD:
        assert found["t"].value == pytest.approx(newest * 1.8 + 32)


@OLD
async def test_an_old_server_gives_its_history_through_its_own_login(house: HaystackHouse) -> None:
    old = line(house.url, more=', server = "skyspark", project = "demo"')
    found = await trended(old, DAY, only=("fan",))
    fresh = await trended(line(house.url), DAY, only=("fan",))
    assert [s.value.tolist() for s in found] == [s.value.tolist() for s in fresh]
    assert sum(map(len, found)) == 96


async def test_a_wrong_password_is_a_silent_line_that_says_why(house: HaystackHouse) -> None:
    with pytest.raises(DeviceSilent, match="haystack"):
        async with open_driver(line(house.url, user="nobody")):
            raise AssertionError


async def test_a_server_that_is_gone_is_a_silent_line() -> None:
    with pytest.raises(DeviceSilent):
        async with open_driver(line("http://127.0.0.1:9")):
            raise AssertionError


def test_the_secret_comes_from_the_variable_and_its_absence_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TOWER_PASSWORD")
    with pytest.raises(BadRequest, match="TOWER_PASSWORD is not set"):
        open_driver(line("http://127.0.0.1:9"))


@pytest.mark.parametrize("address", ["@a b c", "@a furlong", "", "@a/b"])
def test_an_address_that_is_no_id_is_named(address: str) -> None:
    text = f'[[line]]\nname="t"\nprotocol="haystack"\nhost="http://h"\n[line.registers]\n"p" = "{address}"\n'
    with pytest.raises(BadRequest, match="not a point of a Haystack server"):
        parse_lines(text)


def test_a_host_without_a_scheme_is_named() -> None:
    line = Line("t", "haystack", "10.0.0.5", 0, registers=(Register(Ref("p"), "@x"),))
    with pytest.raises(BadRequest, match="host"):
        open_driver(line)


async def test_a_server_that_refuses_every_history_is_silent_and_not_empty(
    house: HaystackHouse,
) -> None:
    with pytest.raises(DeviceSilent, match="no point @nowhere"):
        await trended(line(house.url), DAY, only=("gone",))
