"""COV over real sockets: reports come, renewals are early, and a device that restarts is heard again."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
import pytest_asyncio

from ingest.demo.devices.bacnet_site import NETWORK, BacnetSite
from ingest.driver import Line, Listener, Reading, Register
from ingest.drivers.bacnet import Bacnet
from ingest.drivers.bacnet.services import subscribe
from ontology.errors import DeviceSilent
from ontology.history import Status
from ontology.kinds import Ref

pytestmark = pytest.mark.asyncio(loop_scope="module")

OBJECTS = [
    {"object": f"analog-input,{n}", "name": f"T-{n}", "value": 20.0, "increment": 0.5}
    for n in range(1, 6)
] + [{"object": "analog-output,1", "name": "valve", "value": 40.0}]
MANNERS = {
    2: {},
    3: {"cov_most": 2},
    4: {"tells_restart": False},
    5: {},
    6: {},
    7: {},
}
SPEC = {
    "bbmd": True,
    "devices": [
        {"instance": 1000 + mac, "mac": mac, "objects": OBJECTS, "manners": said}
        for mac, said in MANNERS.items()
    ],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[BacnetSite]:
    async with BacnetSite(SPEC) as running:
        yield running


def line(site: BacnetSite, mac: int, **options: str) -> Line:
    return Line(
        name=f"device {mac}", protocol="bacnet", host=site.host, port=site.port,
        device=1000 + mac, timeout_s=1.0,
        registers=tuple(Register(Ref(each["name"]), each["object"]) for each in OBJECTS),
        options={"network": str(NETWORK), "mac": str(mac)} | options,
    )  # fmt: skip


class Heard:
    """What a listener has heard; `until` waits for more."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.new = asyncio.Event()

    async def until(self, point: str, value: float, *, within_s: float) -> Reading:
        async with asyncio.timeout(within_s):
            while True:
                for reading in self.readings:
                    if reading.point.id == point and reading.value == value:
                        return reading
                self.new.clear()
                await self.new.wait()


@asynccontextmanager
async def listening(wanted: Line) -> AsyncIterator[Heard]:
    heard = Heard()
    async with Bacnet(wanted) as driver:
        assert isinstance(driver, Listener)

        async def listen() -> None:
            async with aclosing(driver.changes(wanted.registers)) as changes:
                async for batch in changes:
                    heard.readings += batch
                    heard.new.set()

        task = asyncio.ensure_future(listen())
        try:
            for each in OBJECTS:
                await heard.until(each["name"], each["value"], within_s=5)
            heard.readings.clear()
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("notify", ["unconfirmed", "confirmed"])
async def test_a_change_is_heard_when_it_happens(site, notify) -> None:
    async with listening(line(site, 2, cov="60", notify=notify)) as heard:
        await site.do("set", device=1002, object="analog-input,3", value=26.5)
        reading = await heard.until("T-3", 26.5, within_s=2)
        await site.do("set", device=1002, object="analog-input,3", value=26.6)  # too little
        await site.do("set", device=1002, object="analog-input,4", value=21.0, flags=0x40)
        broken = await heard.until("T-4", 21.0, within_s=2)
        values = [r.value for r in heard.readings if r.point.id == "T-3"]
        assert (await site.do("count", device=1002))["subscriptions"] == len(OBJECTS)
    assert (reading.status, broken.status) == (Status.GOOD, Status.FAULT)
    assert values == [26.5]
    state = await site.do("set", device=1002, object="analog-input,4", value=20.0, flags=0)
    assert state["subscriptions"] == 0  # given back
    await site.do("set", device=1002, object="analog-input,3", value=20.0)


async def test_a_valve_that_a_person_takes_is_heard_with_its_level(site) -> None:
    async with listening(line(site, 2, cov="60")) as heard:
        await site.do("command", device=1002, object="analog-output,1", value=100.0, priority=8)
        reading = await heard.until("valve", 100.0, within_s=2)
        assert (reading.status, reading.override_level) == (Status.OVERRIDDEN, 8)
        await site.do("command", device=1002, object="analog-output,1", value=None, priority=8)
        free = await heard.until("valve", 40.0, within_s=2)
        assert (free.status, free.override_level) == (Status.GOOD, None)


async def test_subscriptions_outlive_their_lifetime(site) -> None:
    async with listening(line(site, 5, cov="1")) as heard:
        await asyncio.sleep(2.2)
        assert (await site.do("count", device=1005))["subscriptions"] == len(OBJECTS)
        await site.do("set", device=1005, object="analog-input,1", value=30.0)
        await heard.until("T-1", 30.0, within_s=1)


@pytest.mark.parametrize(
    ("mac", "announce", "within_s"),
    [(6, False, 4.0), (4, False, 4.0), (7, True, 1.5)],
    ids=["says when it restarted", "was only away", "says I-Am"],
)
async def test_a_device_that_restarts_is_heard_long_before_the_lifetime_ends(
    site, mac, announce, within_s
) -> None:
    """Lifetimes here: 16 s where the sign of life (every 2 s) finds it, 240 s where the I-Am must."""
    options = {"cov": "16"} if not announce else {"cov": "240", "bbmd": f"{site.host}:{site.port}"}
    wanted = line(site, mac, **options)
    async with listening(wanted) as heard:
        off_s = 0.2 if announce or mac == 6 else 2.4  # the one that cannot tell must be missed
        state = await site.do("reboot", device=1000 + mac, off_s=off_s, announce=announce)
        assert state["subscriptions"] == 0
        await site.do("set", device=1000 + mac, object="analog-input,2", value=29.0)
        await heard.until("T-2", 29.0, within_s=within_s + off_s)
        async with asyncio.timeout(3):
            subscribed = 0
            while subscribed < len(OBJECTS):
                subscribed = (await site.do("count", device=1000 + mac))["subscriptions"]


async def test_objects_that_take_no_subscription_are_named_and_left_to_the_poll(
    site, caplog
) -> None:
    caplog.set_level(logging.WARNING)
    wanted = line(site, 3, cov="60")
    seen: set[str] = set()
    async with (
        asyncio.timeout(5),
        Bacnet(wanted) as driver,
        aclosing(driver.changes(wanted.registers)) as changes,
    ):
        async for batch in changes:
            seen |= {reading.point.id for reading in batch}
            if "T-2" in seen:
                await site.do("set", device=1003, object="analog-input,1", value=25.0)
            if any(r.value == 25.0 for r in batch):
                break
    assert seen == {"T-1", "T-2"}
    (said,) = [record.message for record in caplog.records]
    assert "no changes of 4 objects" in said
    assert "0,3 0,4 0,5 1,1" in said


async def test_reports_for_nobody_and_nonsense_are_passed_over(site) -> None:
    wanted = line(site, 2, cov="60")
    async with listening(wanted) as heard, Bacnet(wanted) as other:
        await other._remote.ask(5, subscribe(999, (0, 5), 60, confirmed=True))
        own = other._remote.port.link.server.local_transport.get_extra_info("sockname")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for apdu in (b"\x10\x02", b"\x10\x02\x09\x01", b"\x10\x02" + b"\xff" * 40):
                packet = b"\x01\x00" + apdu
                head = b"\x81\x0a" + (len(packet) + 4).to_bytes(2, "big")
                stranger.sendto(head + packet, ("127.0.0.1", own[1]))
        await site.do("set", device=1002, object="analog-input,5", value=33.0)
        await heard.until("T-5", 33.0, within_s=2)
        assert [r.value for r in heard.readings if r.point.id == "T-5"] == [33.0]
    await site.do("set", device=1002, object="analog-input,5", value=20.0)


async def drained(changes: AsyncIterator[list[Reading]]) -> None:
    async for _ in changes:
        pass


async def test_a_device_that_is_gone_ends_the_listening(site) -> None:
    wanted = line(site, 2, cov="2")
    async with Bacnet(wanted) as driver, aclosing(driver.changes(wanted.registers)) as changes:
        await anext(changes)
        await site.do("reboot", device=1002, off_s=6.0)
        with pytest.raises(DeviceSilent, match="device 1002"):
            await asyncio.wait_for(drained(changes), 5)
