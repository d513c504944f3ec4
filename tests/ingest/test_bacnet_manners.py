"""BACnet devices as they are found in buildings: small, slow, forgetful and not quite honest, in a process of their own."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from ingest.demo.devices.bacnet_site import NETWORK, BacnetSite
from ingest.driver import Commander, Line, Register
from ingest.drivers.bacnet import Bacnet, BacnetPort
from ingest.drivers.bacnet.discover import FoundObject, discover, objects, objects_of_all
from ontology.errors import BadRequest, DeviceSilent, Refused
from ontology.history import Status
from ontology.kinds import Ref

pytestmark = pytest.mark.asyncio(loop_scope="module")

OBJECTS = [
    {"object": f"analog-input,{n}", "name": f"T-{n}", "value": 20.0 + n, "units": 62}
    for n in range(1, 61)
] + [
    {"object": "analog-output,1", "name": "valve", "value": 40.0, "units": 98},
    {"object": "analog-value,1", "name": "setpoint", "value": 21.0, "commandable": True},
    {"object": "analog-value,2", "name": "computed", "value": 7.0},
    {"object": "binary-output,1", "name": "fan", "value": 0},
    {
        "object": "multi-state-value,1",
        "name": "mode",
        "value": 2,
        "commandable": True,
        "states": 4,
    },
    {
        "object": "binary-input,1",
        "name": "filter\u0007 alarm",
        "value": 1,
        "description": "Étage 8",
    },
]
LIAR = {
    "ghosts": ["analog-input,999", "analog-input,1", "binary-input,77"],
    "hidden": ["analog-input,60"],
}
LOG = [
    {"log": "trend-log,5", "of": "analog-input,60"},
    {"log": "trend-log,6", "of": "analog-input,2"},
]
MANNERS = {
    2: {},
    3: {"segments": False, "max_apdu": 50},
    4: {"segments": False, "max_apdu": 128},
    5: {"segments": False, "max_apdu": 206},
    6: {"segments": False, "max_apdu": 480},
    7: {"multiple": False, "segments": False, "max_apdu": 206},
    8: {"half": True},
    9: LIAR,
    10: {"late_s": 0.4},
    11: {},
}
SPEC = {
    "bbmd": True,
    "devices": [
        {"instance": 1000 + mac, "mac": mac, "objects": OBJECTS, "manners": said, "logs": LOG}
        for mac, said in MANNERS.items()
    ]
    + [{"instance": 1, "name": "router", "objects": []}],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[BacnetSite]:
    async with BacnetSite(SPEC) as running:
        yield running


def ref(each: dict[str, object]) -> str:
    """A point's id from an object's name."""
    return "".join(c for c in str(each["name"]) if c.isalnum() or c == "-")


def line(site: BacnetSite, mac: int, **options: str) -> Line:
    return Line(
        name=f"device {mac}", protocol="bacnet", host=site.host, port=site.port,
        device=1000 + mac, timeout_s=2.0,
        registers=tuple(Register(Ref(ref(each)), each["object"]) for each in OBJECTS),
        options={"network": str(NETWORK), "mac": str(mac)} | options,
    )  # fmt: skip


@pytest.mark.parametrize(
    "mac", [2, 3, 4, 5, 6, 7, 8], ids=["able", "50", "128", "206", "480", "no RPM", "half"]
)
async def test_every_value_comes_whatever_the_device_can_answer_at_once(site, mac) -> None:
    wanted = line(site, mac)
    async with Bacnet(wanted) as driver:
        for _ in range(2):
            found = await driver.read(wanted.registers)
    assert {r.point.id: r.value for r in found} == {ref(e): float(e["value"]) for e in OBJECTS}
    assert {reading.status for reading in found} == {Status.GOOD}


async def test_a_small_device_is_not_asked_for_too_much_again(site) -> None:
    wanted = line(site, 6)
    async with Bacnet(wanted) as driver:
        await driver.read(wanted.registers)
        before = (await site.do("count", device=1006))["requests"]
        await driver.read(wanted.registers)
        used = (await site.do("count", device=1006))["requests"] - before
    assert used <= 12  # 66 objects in 480 bytes


async def test_what_max_apdu_says_is_never_exceeded(site) -> None:
    wanted = line(site, 5, max_apdu="206")
    before = (await site.do("count", device=1005))["requests"]
    async with Bacnet(wanted) as driver:
        await driver.read(wanted.registers)
    assert (await site.do("count", device=1005))["requests"] - before <= 16


async def test_an_answer_that_comes_too_late_is_silence_and_does_no_harm_afterwards(site) -> None:
    wanted = line(site, 10)
    async with Bacnet(replace(wanted, timeout_s=0.1)) as hasty:
        with pytest.raises(DeviceSilent, match=r"0\.1 s"):
            await hasty.read(wanted.registers)
        await asyncio.sleep(0.5)
        await site.do("behave", device=1010, manners={"late_s": 0.0})
        found = await hasty.read(wanted.registers)
    assert [reading.value for reading in found[:3]] == [21.0, 22.0, 23.0]


async def test_objects_that_do_not_exist_and_objects_that_are_not_listed(site) -> None:
    ghost = Register(Ref("ghost"), "analog-input,999")
    hidden = Register(Ref("hidden"), "analog-input,60")
    async with Bacnet(line(site, 9)) as driver:
        found = await driver.read([ghost, hidden])
    assert [(r.status, r.value) for r in found][1] == (Status.GOOD, 80.0)
    assert found[0].status is Status.FAULT
    assert math.isnan(found[0].value)


async def test_who_is_finds_everybody_and_what_they_can_carry(site) -> None:
    found = await discover(site.host, site.port, wait_s=0.2)
    assert [device.instance for device in found] == [1, *range(1002, 1012)]
    small = found[2]
    assert (small.network, small.mac, small.max_apdu) == (NETWORK, "3", 50)
    assert (small.host, small.port, small.segments) == (site.host, site.port, False)


async def test_who_is_may_ask_for_a_range_of_instances(site) -> None:
    found = await discover(site.host, site.port, low=1003, high=1005, wait_s=0.2, tries=1)
    assert [device.instance for device in found] == [1003, 1004, 1005]
    with pytest.raises(BadRequest, match="5 to 4"):
        await discover(site.host, site.port, low=5, high=4)


async def test_everybody_cannot_be_asked_without_saying_from_where(site) -> None:
    with pytest.raises(BadRequest, match="mask, or a BBMD"):
        await discover("*")


@pytest.mark.parametrize("mac", [2, 4, 7], ids=["able", "list by index", "no RPM"])
async def test_objects_are_told_with_name_unit_value_and_log(site, mac) -> None:
    found = {d.instance: d for d in await discover(site.host, site.port, wait_s=0.2, tries=1)}
    told = await objects(found[1000 + mac])
    assert len(told) == len(OBJECTS)
    by_name = {each.name: each for each in told}
    assert by_name["T-2"] == FoundObject(
        "analog-input", 2, "T-2", "", "degrees-celsius", 22.0, "trend-log,6"
    )
    assert by_name["T-60"].log == "trend-log,5"
    assert by_name["filter alarm"].description == "Étage 8"
    assert by_name["fan"].unit == ""


async def test_a_device_that_lies_about_its_objects_is_not_believed(site) -> None:
    found = {d.instance: d for d in await discover(site.host, site.port, wait_s=0.2, tries=1)}
    (told,) = (await objects_of_all([found[1009]])).values()
    addresses = [each.address for each in told]
    assert "analog-input,999" not in addresses
    assert addresses.count("analog-input,1") == 1
    assert "analog-input,60" in addresses  # unlisted, and a log records it


async def test_a_device_that_is_gone_says_so(site) -> None:
    found = {d.instance: d for d in await discover(site.host, site.port, wait_s=0.2, tries=1)}
    gone = replace(found[1002], address=f"{NETWORK}:77")
    answers = await objects_of_all([gone, found[1004]], timeout_s=0.3)
    assert isinstance(answers[gone], DeviceSilent)
    assert len(answers[found[1004]]) == len(OBJECTS)


async def test_a_foreign_device_hears_the_network_behind_its_bbmd(site) -> None:
    bbmd = f"{site.host}:{site.port}"
    found = await discover("*", local="127.0.0.1:0", bbmd=bbmd, wait_s=0.3)
    assert [device.instance for device in found] == [1, *range(1002, 1012)]
    assert (await site.do("count", device=1))["foreign"] == 0  # it has said goodbye


async def test_a_line_may_be_a_foreign_device_and_renews_in_time(site) -> None:
    wanted = line(site, 2, bbmd=f"{site.host}:{site.port}", ttl="1")
    async with Bacnet(wanted) as driver:
        assert (await site.do("count", device=1))["foreign"] == 1
        await site.do("renounce", device=1)  # the BBMD has restarted
        async with asyncio.timeout(5):
            while not (await site.do("count", device=1))["foreign"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert len(await driver.read(wanted.registers)) == len(OBJECTS)
    assert (await site.do("count", device=1))["foreign"] == 0


async def test_a_bbmd_that_takes_nobody_is_said(free_port) -> None:
    async with BacnetSite({"devices": [{"instance": 1}]}) as closed:
        with pytest.raises(Refused, match="foreign devices"):
            await BacnetPort.take("127.0.0.1:0", f"127.0.0.1:{closed.port}")


async def test_a_valve_is_commanded_at_a_priority_and_given_back(site) -> None:
    valve = Register(Ref("valve"), "analog-output,1", scale=0.01, offset=0.0)  # 0..1 of percent
    async with Bacnet(line(site, 11)) as driver:
        assert isinstance(driver, Commander)
        held = await driver.command(valve, 0.85, priority=8)
        assert held.value == pytest.approx(0.85)
        assert (held.status, held.override_level) == (Status.OVERRIDDEN, 8)
        lower = await driver.command(valve, 0.10, priority=14)
        assert (lower.value, lower.override_level) == (pytest.approx(0.85), 8)
        await driver.command(valve, None, priority=8)
        free = await driver.command(valve, None, priority=14)
    assert (free.value, free.status, free.override_level) == (0.40, Status.GOOD, None)


@pytest.mark.parametrize(
    ("address", "value"), [("binary-output,1", 1.0), ("multi-state-value,1", 4.0)]
)
async def test_states_are_commanded_as_states(site, address, value) -> None:
    register = Register(Ref("state"), address)
    async with Bacnet(line(site, 11)) as driver:
        assert (await driver.command(register, value, priority=9)).value == value
        back = await driver.command(register, None, priority=9)
    assert back.value == {"binary-output,1": 0.0, "multi-state-value,1": 2.0}[address]


@pytest.mark.parametrize(
    ("address", "value", "priority", "error", "says"),
    [
        ("analog-input,1", 5.0, 8, Refused, "is an input"),
        ("analog-value,2", 5.0, 8, Refused, "no priority array"),
        ("analog-output,99", 5.0, 8, Refused, "no priority array"),
        ("multi-state-value,1", 9.0, 8, Refused, "value-out-of-range"),
        ("multi-state-value,1", 0.0, 8, BadRequest, "no state"),
        ("binary-output,1", 0.5, 8, BadRequest, "no state"),
        ("analog-output,1", math.nan, 8, BadRequest, "no value"),
        ("analog-output,1", 5.0, 6, BadRequest, "priority 6"),
        ("analog-output,1", 5.0, 17, BadRequest, "priority 17"),
    ],
)
async def test_what_cannot_be_commanded_is_refused_with_its_reason(  # noqa: PLR0917  (one row each)
    site, address, value, priority, error, says
) -> None:
    async with Bacnet(line(site, 11)) as driver:
        with pytest.raises(error, match=says):
            await driver.command(Register(Ref("it"), address), value, priority=priority)


async def test_a_command_to_a_small_device_is_proved_slot_by_slot(site) -> None:
    fan = Register(Ref("fan"), "analog-output,1")
    async with Bacnet(line(site, 3, max_apdu="50")) as driver:
        for priority in range(9, 17):
            held = await driver.command(fan, 50.0 + priority, priority=priority)
        for priority in range(9, 17):
            await driver.command(fan, None, priority=priority)
    assert held.value == 59.0
