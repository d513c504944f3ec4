"""Trend logs read back over real sockets: rings that turn, clocks that jump, summer time, records that are none."""

import datetime as dt
import math
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from ingest.demo.devices.bacnet_site import NETWORK, BacnetSite
from ingest.driver import Line, Register, TrendReader
from ingest.drivers.bacnet import Bacnet
from ontology.errors import BadRequest, Refused
from ontology.history import Status
from ontology.kinds import Ref
from ontology.time import UTC, Span

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEGIN = dt.datetime(2026, 3, 1, tzinfo=UTC)
OBJECT = [{"object": "analog-input,1", "name": "T", "value": 20.0}]


def rows(start: dt.datetime, count: int, *, zone: str = "UTC", every_s: int = 300) -> list[list]:
    """Records every few minutes, stamped as a device in this zone does."""
    own = ZoneInfo(zone)
    times = [start + dt.timedelta(seconds=n * every_s) for n in range(count)]
    return [
        [at.astimezone(own).replace(tzinfo=None).isoformat(), float(n)]
        for n, at in enumerate(times)
    ]


def device(mac: int, said: list[list], **log: object) -> dict[str, object]:
    manners = log.pop("manners", {})
    return {
        "instance": 1000 + mac, "mac": mac, "objects": OBJECT, "manners": manners,
        "logs": [{"log": "trend-log,1", "of": "analog-input,1", "rows": said, **log}],
    }  # fmt: skip


BERLIN = "Europe/Berlin"
AUTUMN = dt.datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
"""Midnight before the hour that comes twice."""
SPRING = dt.datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
ODD = [
    ["2026-03-01T00:00:00", 1.0],
    ["2026-03-01T00:05:00", "status"],
    ["2026-03-01T00:10:00", "failure"],
    ["2026-03-01T00:15:00", "null"],
    ["2026-03-01T00:20:00", 2.0, 0x40],
    ["2026-03-01T00:25:00", 3.0, 0x10],
    ["2026-03-01T00:30:00", 4.0, 0x20],
    ["2026-03-01T00:35:00", True],
    ["2026-03-01T00:40:00", {"any": 5.5}],
    ["1970-01-01T00:00:00", 6.0],
    ["2106-02-07T00:00:00", 7.0],
    ["2026-03-01T00:45:00", {"change": -600.0}],
    ["2026-03-01T00:36:00", 8.0],
]
SPEC = {
    "devices": [
        device(2, rows(BEGIN, 2000), size=500),
        device(3, ODD),
        device(4, rows(AUTUMN, 72, zone=BERLIN), manners={"tells_zone": False}),
        device(5, rows(SPRING, 72, zone=BERLIN), manners={"tells_zone": False}),
        device(6, rows(BEGIN, 20), first=2**32 - 10, size=15),
        device(7, rows(BEGIN, 300), manners={"by_time": False}),
        device(8, rows(BEGIN, 40), manners={"segments": False, "max_apdu": 50}),
        device(9, rows(BEGIN, 10, zone="Asia/Bangkok"), manners={"zone": "Asia/Bangkok"}),
        device(
            10,
            rows(BEGIN, 10, zone="Asia/Kolkata"),
            manners={"zone": "Asia/Kolkata", "tells_zone": False, "clock_off_s": 170.0},
        ),
        device(11, rows(BEGIN, 10), manners={"tells_zone": False, "clock_off_s": -(10**9)}),
    ]
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[BacnetSite]:
    async with BacnetSite(SPEC) as running:
        yield running


def line(site: BacnetSite, mac: int, **options: str) -> Line:
    return Line(
        name=f"device {mac}", protocol="bacnet", host=site.host, port=site.port,
        device=1000 + mac, timeout_s=2.0,
        registers=(Register(Ref("T"), "analog-input,1", log="trend-log,1"),),
        options={"network": str(NETWORK), "mac": str(mac)} | options,
    )  # fmt: skip


async def logged(wanted: Line, span: Span, *registers: Register) -> list[tuple[int, float, Status]]:
    async with Bacnet(wanted) as driver:
        assert isinstance(driver, TrendReader)
        found = [samples async for samples in driver.trend(registers or wanted.registers, span)]
    return [
        (int(ts), float(value), Status(int(status)))
        for samples in found
        for ts, value, status in zip(samples.ts, samples.value, samples.status, strict=True)
    ]


def after(start: dt.datetime, count: int, every_s: int = 300) -> list[int]:
    return [int(start.timestamp()) + n * every_s for n in range(count)]


DAYS = Span(BEGIN - dt.timedelta(days=1), BEGIN + dt.timedelta(days=30))


async def test_a_ring_that_has_turned_gives_what_it_still_has(site) -> None:
    found = await logged(line(site, 2), DAYS)
    assert [ts for ts, _, _ in found] == after(BEGIN, 2000)[1500:]
    assert [value for _, value, _ in found] == [float(n) for n in range(1500, 2000)]
    assert {status for _, _, status in found} == {Status.GOOD}


async def test_a_gap_is_asked_for_exactly(site) -> None:
    begin = BEGIN + dt.timedelta(seconds=1800 * 300)
    found = await logged(line(site, 2), Span(begin, begin + dt.timedelta(minutes=15)))
    assert [value for _, value, _ in found] == [1800.0, 1801.0, 1802.0]


async def test_values_are_scaled_as_when_polled(site) -> None:
    scaled = Register(Ref("T"), "analog-input,1", scale=0.5, offset=-10.0, log="trend-log,1")
    begin = BEGIN + dt.timedelta(seconds=1800 * 300)
    span = Span(begin, begin + dt.timedelta(minutes=5))
    assert [value for _, value, _ in await logged(line(site, 2), span, scaled)] == [890.0]


async def test_a_ring_that_turns_while_it_is_read_loses_only_what_it_lost(site) -> None:
    wanted = line(site, 2, max_apdu="206")
    seen: list[float] = []
    async with Bacnet(wanted) as driver:
        async for samples in driver.trend(wanted.registers, DAYS):
            seen += samples.value.tolist()
            if len(seen) < 20:  # most of the ring is overwritten behind our back
                more = rows(BEGIN + dt.timedelta(days=10), 400)
                await site.do("log", device=1002, log="trend-log,1", rows=more)
    assert seen[:6] == [1500.0, 1501.0, 1502.0, 1503.0, 1504.0, 1505.0]
    assert seen[-400:] == [float(n) for n in range(400)]
    assert len(seen) > 450


async def test_records_of_the_log_itself_are_no_samples_and_failures_are_faults(site) -> None:
    found = await logged(line(site, 3), Span(BEGIN, BEGIN + dt.timedelta(days=1)))
    minutes = [(ts - int(BEGIN.timestamp())) // 60 for ts, _, _ in found]
    assert minutes == [0, 10, 15, 20, 25, 30, 35, 40, 36]
    assert [status for _, _, status in found] == [
        Status.GOOD, Status.FAULT, Status.FAULT, Status.FAULT, Status.OUT_OF_SERVICE,
        Status.OVERRIDDEN, Status.GOOD, Status.GOOD, Status.GOOD,
    ]  # fmt: skip
    values = [value for _, value, _ in found]
    assert math.isnan(values[1])
    assert math.isnan(values[2])
    assert [values[n] for n in (0, 3, 4, 5, 6, 7, 8)] == [1.0, 2.0, 3.0, 4.0, 1.0, 5.5, 8.0]


@pytest.mark.parametrize(("mac", "start"), [(4, AUTUMN), (5, SPRING)], ids=["autumn", "spring"])
async def test_a_night_in_which_the_clock_changes_has_every_sample_at_its_instant(
    site, mac, start
) -> None:
    wanted = line(site, mac, zone=BERLIN)
    found = await logged(wanted, Span(start, start + dt.timedelta(hours=6)))
    assert [ts for ts, _, _ in found] == after(start, 72)
    half = start + dt.timedelta(hours=3, minutes=30)  # in autumn within the hour that comes again
    part = await logged(wanted, Span(half, half + dt.timedelta(minutes=20)))
    assert [value for _, value, _ in part] == [42.0, 43.0, 44.0, 45.0]


async def test_sequence_numbers_begin_again(site) -> None:
    found = await logged(line(site, 6, max_apdu="206"), DAYS)
    assert [value for _, value, _ in found] == [float(n) for n in range(5, 20)]


async def test_a_device_that_knows_no_time_is_asked_by_position(site) -> None:
    begin = BEGIN + dt.timedelta(minutes=5 * 100)
    found = await logged(line(site, 7), Span(begin, DAYS.end))
    assert sorted({value for _, value, _ in found}) == [float(n) for n in range(100, 300)]


async def test_a_log_comes_through_fifty_bytes(site) -> None:
    found = await logged(line(site, 8, max_apdu="50"), DAYS)
    assert [value for _, value, _ in found] == [float(n) for n in range(40)]
    assert await logged(line(site, 8), DAYS) == found  # where nobody told how small it is


@pytest.mark.parametrize("mac", [9, 10], ids=["says its offset", "only its time, minutes wrong"])
async def test_local_time_is_told_from_the_device_itself(site, mac) -> None:
    found = await logged(line(site, mac), DAYS)
    assert [ts for ts, _, _ in found] == after(BEGIN, 10)


async def test_a_clock_that_nothing_explains_needs_a_zone(site) -> None:
    with pytest.raises(BadRequest, match="clock stands to UTC"):
        await logged(line(site, 11), DAYS)
    assert len(await logged(line(site, 11, zone="UTC"), DAYS)) == 10


async def test_a_log_that_does_not_exist_costs_no_other_and_is_named(site) -> None:
    ghost = Register(Ref("ghost"), "analog-input,1", log="trend-log,99")
    none = Register(Ref("none"), "analog-input,1")
    wanted, came = line(site, 9), 0
    async with Bacnet(wanted) as driver:
        with pytest.raises(Refused, match="log 20,99 cannot be read"):  # noqa: PT012  (it ends so)
            async for samples in driver.trend([ghost, none, wanted.registers[0]], DAYS):
                came += len(samples)
    assert came == 10
