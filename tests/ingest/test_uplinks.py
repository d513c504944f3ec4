"""LoRaWAN uplinks: two network servers, one meaning; gaps in the frame counter are seen."""

import asyncio
import base64
import contextlib
import datetime as dt
import json
import shutil
import socket
import subprocess
from pathlib import Path

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.devices.layout import Layout
from ingest.demo.devices.lorawan import LorawanSensors, chirpstack_uplink
from ingest.driver import Line, Register
from ingest.drivers.lorawan import Broker, MqttUplinks
from ingest.frame_counts import FrameCounts
from ingest.payloads import milesight_bytes
from ingest.uplinks import decode_uplink, readings
from ontology.errors import BadRequest, Corrupt, DeviceSilent
from ontology.kinds import Ref
from ontology.time import UTC

NOW = dt.datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
EUI = "24e124710c401234"
PAYLOAD = milesight_bytes({"temperature": 24.5, "humidity": 61.0, "co2": 812, "battery": 97})
CHIRPSTACK = {
    "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
    "time": "2026-11-20T07:59:58.823500726+00:00",
    "deviceInfo": {"deviceName": "IAQ-807", "devEui": EUI.upper()},
    "fCnt": 4711,
    "fPort": 85,
    "data": base64.b64encode(PAYLOAD).decode(),
    "rxInfo": [{"rssi": -48}],
}
THINGS_STACK = {
    "end_device_ids": {"device_id": "iaq-807", "dev_eui": EUI.upper()},
    "received_at": "2026-11-20T07:59:59.5Z",
    "uplink_message": {
        "f_port": 85,
        "f_cnt": 4711,
        "frm_payload": base64.b64encode(PAYLOAD).decode(),
        "received_at": "2026-11-20T07:59:58.823500726Z",
    },
}
LINE = Line(
    "IAQ-807",
    "lorawan",
    "",
    0,
    every_s=600,
    registers=tuple(
        Register(Ref(f"IAQ-807.{role}"), name)
        for role, name in {
            "zone-air-co2": "co2",
            "zone-air-temp": "temperature",
            "zone-air-humidity": "humidity",
        }.items()
    ),
    options={"dev_eui": EUI, "codec": "milesight"},
)


@pytest.mark.parametrize("message", [CHIRPSTACK, THINGS_STACK], ids=["ChirpStack", "TTS"])
def test_both_network_servers_say_the_same(message: dict) -> None:
    uplink = decode_uplink(message, received=NOW)
    assert (uplink.dev_eui, uplink.f_cnt, uplink.f_port) == (EUI, 4711, 85)
    assert uplink.at == dt.datetime(2026, 11, 20, 7, 59, 58, 823500, tzinfo=UTC)
    assert {r.point.id: r.value for r in readings(LINE, uplink)} == {
        "IAQ-807.zone-air-co2": 812.0,
        "IAQ-807.zone-air-temp": 24.5,
        "IAQ-807.zone-air-humidity": 61.0,
    }


def test_the_first_frame_has_no_counter_in_its_json() -> None:
    first = {key: value for key, value in CHIRPSTACK.items() if key != "fCnt"}
    assert decode_uplink(first, received=NOW).f_cnt == 0


def test_a_value_the_frame_does_not_carry_is_no_reading() -> None:
    short = CHIRPSTACK | {"data": base64.b64encode(milesight_bytes({"co2": 900})).decode()}
    assert [r.point.id for r in readings(LINE, decode_uplink(short, received=NOW))] == [
        "IAQ-807.zone-air-co2"
    ]


def test_a_gateway_clock_that_runs_ahead_is_not_believed() -> None:
    ahead = CHIRPSTACK | {"time": "2031-01-01T00:00:00Z"}
    assert decode_uplink(ahead, received=NOW).at == NOW


def test_a_payload_of_another_device_profile_is_corrupt_not_a_temperature() -> None:
    other = decode_uplink(CHIRPSTACK | {"data": "Af8BAg=="}, received=NOW)
    with pytest.raises(Corrupt, match="not milesight"):
        readings(LINE, other)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({}, "not an uplink"),
        ({"deviceInfo": {"devEui": EUI}, "margin": 10}, "not an uplink"),  # a status event
        (CHIRPSTACK | {"data": "not base64!"}, "not base64"),
        (CHIRPSTACK | {"deviceInfo": {}}, "not a device EUI"),
        (CHIRPSTACK | {"fCnt": -1}, "not a frame counter"),
        (CHIRPSTACK | {"fCnt": "7"}, "not a frame counter"),
        (CHIRPSTACK | {"time": "yesterday"}, "not a time"),
        (THINGS_STACK | {"end_device_ids": None}, "not a device EUI"),
        (THINGS_STACK | {"uplink_message": [1]}, "not an uplink"),
    ],
)
def test_a_message_that_is_no_uplink_says_why(message: dict, says: str) -> None:
    with pytest.raises(BadRequest, match=says) as error:
        decode_uplink(message)
    assert error.value.hint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["deviceInfo", "data", "fCnt", "time", "uplink_message", "end_device_ids"]),
        json_values,
    )
)
def test_any_json_is_an_uplink_or_a_bad_request(message: dict) -> None:
    with contextlib.suppress(BadRequest):
        assert decode_uplink(message).payload is not None


def test_lost_late_and_repeated_frames_are_told_apart() -> None:
    counts = FrameCounts()
    lost = [counts.see(EUI, f_cnt).lost for f_cnt in (100, 101, 105, 103, 106)]
    assert lost == [0, 0, 3, -1, 0]
    assert counts.see(EUI, 106).duplicate
    assert counts.see(EUI, 103).duplicate


def test_a_sensor_that_joins_again_has_lost_nothing() -> None:
    counts = FrameCounts()
    counts.see(EUI, 5000)
    assert counts.see(EUI, 0).restarted
    assert counts.see(EUI, 1).lost == 0


@given(st.sets(st.integers(0, 40), min_size=1), st.randoms())
def test_frames_in_any_order_give_the_true_number_of_lost_ones(came: set[int], order) -> None:
    first = [1000]
    rest = [1001 + n for n in came]
    order.shuffle(rest)
    counts = FrameCounts()
    lost = sum(counts.see(EUI, f_cnt).lost for f_cnt in first + rest)
    assert lost == (max(rest) - 1000) - len(rest)


def test_the_demo_sensors_speak_chirpstack(plant) -> None:
    line = Layout.of_riverside_tower().lorawan[-1]
    uplink = decode_uplink(chirpstack_uplink(line, {"co2": 640.4, "battery": 88}, 12, NOW))
    assert uplink.dev_eui == line.options["dev_eui"]
    assert sorted(r.value for r in readings(line, uplink)) == [88.0, 640.0]


@pytest.fixture
async def broker(tmp_path: Path, free_port):
    """A real mosquitto on a free port."""
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    port = free_port(socket.SOCK_STREAM)
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    server = subprocess.Popen(  # noqa: ASYNC220  (starting a broker takes a millisecond)
        [mosquitto, "-c", str(config)], stderr=subprocess.DEVNULL
    )
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            break
        await asyncio.sleep(0.05)
    yield Broker("127.0.0.1", port), server
    server.terminate()
    await asyncio.to_thread(server.wait, 5)


async def test_uplinks_arrive_over_a_real_broker_and_noise_is_counted(broker) -> None:
    where, _ = broker
    came = []
    async with MqttUplinks(where) as uplinks, aiomqtt.Client(where.host, where.port) as server:
        topic = f"application/1/device/{EUI}/event/up"
        await server.publish(topic, b"\xff not json", qos=1)
        await server.publish(topic, json.dumps({"join": True}), qos=1)
        await server.publish(topic, json.dumps(CHIRPSTACK), qos=1)
        await server.publish("v3/app@t/devices/iaq-807/up", json.dumps(THINGS_STACK), qos=1)
        async with asyncio.timeout(5):
            async for uplink in uplinks:
                came.append(uplink)
                if len(came) == 2:
                    break
    assert {uplink.network for uplink in came} == {"chirpstack", "things-stack"}
    assert uplinks.rejects.total == 2


async def test_a_broker_that_dies_is_silence(broker) -> None:
    where, server = broker
    async with asyncio.timeout(10):
        with pytest.raises(DeviceSilent, match="mqtt"):  # noqa: PT012  (connect, then lose it)
            async with MqttUplinks(where) as uplinks:
                server.kill()
                async for _ in uplinks:
                    pass


async def test_demo_sensors_publish_to_a_real_broker(broker, plant) -> None:
    where, _ = broker
    line = Layout.of_riverside_tower().lorawan[0]
    plant.values = {f"{line.name}.zone-air-co2": 700.0}
    async with asyncio.timeout(10):
        async with MqttUplinks(where) as uplinks, LorawanSensors([line], plant, broker=where):
            async for uplink in uplinks:
                assert 700.0 in [r.value for r in readings(line, uplink)]
                break


async def test_no_broker_at_the_address_is_silence(free_port) -> None:
    with pytest.raises(DeviceSilent, match=r"mqtt 127\.0\.0\.1"):
        async with MqttUplinks(Broker("127.0.0.1", free_port(socket.SOCK_STREAM)), timeout_s=1):
            pass
