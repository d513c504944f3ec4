"""LoRaWAN uplinks: two network servers, one meaning; gaps in the frame counter are seen."""

import asyncio
import base64
import contextlib
import datetime as dt
import json
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Literal

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.devices.layout import Layout
from ingest.demo.devices.lorawan import LorawanSensors, chirpstack_uplink
from ingest.driver import Line, Register
from ingest.drivers.lorawan import Broker, MqttUplinks
from ingest.frame_counts import FrameCounts
from ingest.intake import Intake
from ingest.outbox import Outbox
from ingest.payloads import milesight_bytes
from ingest.quality import Plausibility
from ingest.radio import Radio
from ingest.rejects import Rejects
from ingest.uplinks import Uplink, decode_uplink, flat, other_event, readings
from ingest.watch import Watch
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


def test_a_counter_of_sixteen_bits_turns_over_without_losses() -> None:
    counts = FrameCounts()
    lost = [counts.see(EUI, f_cnt).lost for f_cnt in (65_533, 65_535, 0, 2, 65_534, 1, 3)]
    assert lost == [0, 1, 0, 1, -1, -1, 0]


def test_a_counter_of_thirty_two_bits_goes_on_past_sixteen() -> None:
    counts = FrameCounts()
    assert [counts.see(EUI, f_cnt).lost for f_cnt in (65_535, 65_536, 65_538)] == [0, 0, 1]
    assert counts.see(EUI, 65_537).lost == -1


def test_a_first_frame_delivered_twice_is_no_sensor_that_joined_again() -> None:
    counts = FrameCounts()
    for n in range(4):
        counts.see(EUI, n, NOW + n * dt.timedelta(minutes=10))
    assert counts.see(EUI, 0, NOW).duplicate
    assert counts.see(EUI, 4, NOW + dt.timedelta(hours=1)).lost == 0
    assert counts.see(EUI, 0, NOW + dt.timedelta(hours=2)).restarted


@pytest.mark.parametrize("message", [CHIRPSTACK | {"object": {"co2": 9, "door": {"open": True}}},
    {**THINGS_STACK, "uplink_message": {**THINGS_STACK["uplink_message"],
     "decoded_payload": {"co2": 9, "door": {"open": True}, "note": "x", "bad": float("nan")}}}])  # fmt: skip
def test_what_the_network_server_decoded_is_used_where_the_line_says_so(message: dict) -> None:
    rows = (Register(Ref("co2"), "co2", 2.0), Register(Ref("door"), "door.open"))
    line = Line("x", "lorawan", "", 0, registers=rows, options={"dev_eui": EUI, "codec": "network"})
    found = readings(line, decode_uplink(message, received=NOW))
    assert {r.point.id: r.value for r in found} == {"co2": 18.0, "door": 1.0}
    with pytest.raises(Corrupt, match="decoded nothing"):
        readings(line, decode_uplink(CHIRPSTACK, received=NOW))


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=5))
def test_any_decoded_object_gives_numbers_or_nothing(tree: dict) -> None:
    assert all(isinstance(value, float) for value in flat(tree).values())


def test_events_that_are_no_uplinks_have_their_names() -> None:
    assert other_event({"deviceInfo": {}, "data": ""}, "join") == "join"
    assert other_event({"join_accept": {}, "end_device_ids": {}}) == "join_accept"
    assert not other_event(CHIRPSTACK, "up")
    assert not other_event(THINGS_STACK)


async def radio_of(tmp_path: Path) -> tuple[Radio, Outbox, Watch]:
    outbox = await Outbox.open(tmp_path / "outbox.db")
    watch = Watch([LINE], Intake(outbox))
    radio = Radio([LINE], watch, Plausibility(()))
    radio.remember()
    watch.begin()
    return radio, outbox, watch


def frame(f_cnt: int, payload: bytes = PAYLOAD, **more: object) -> Uplink:
    at = dt.datetime(2026, 11, 20, tzinfo=UTC) + f_cnt * dt.timedelta(minutes=10)
    return replace(Uplink(EUI, at, f_cnt, 85, payload, "chirpstack"), **more)


async def test_many_uplinks_share_a_sync_and_the_unreadable_are_told_apart(tmp_path: Path) -> None:
    radio, outbox, watch = await radio_of(tmp_path)
    stranger = frame(3, dev_eui="00" * 8)
    noise = frame(4, b"\xff\xee")
    stored = await radio.accept_all([frame(1), frame(2), stranger, noise, stranger, frame(6)])
    assert (stored, outbox.rows) == (9, 9)
    assert [(reject.source, reject.times) for reject in radio.rejects] == [
        ("00" * 8, 2),
        (LINE.name, 1),
    ]
    assert watch.state(LINE.name).lost == 1
    await radio.accept_all([noise])
    assert watch.state(LINE.name).health == "failing"
    await outbox.close()
    radio, outbox, watch = await radio_of(tmp_path)
    assert await radio.accept(frame(9)) == 3
    assert watch.state(LINE.name).lost == 3
    await outbox.close()


async def test_a_sensor_that_floods_is_held_and_a_night_of_frames_is_not(tmp_path: Path) -> None:
    radio, outbox, _ = await radio_of(tmp_path)
    at = dt.datetime(2026, 11, 20, tzinfo=UTC)
    flood = [frame(n, at=at) for n in range(1_500)]
    assert await radio.accept_all(flood) == 3_000
    assert next(iter(radio.rejects)).times == 500
    night = [frame(n) for n in range(1_500, 1_600)]
    assert await radio.accept_all(night) == 300
    await outbox.close()


async def test_what_was_not_stored_is_sent_again_to_the_next_connection(broker) -> None:
    where, _ = broker
    async with aiomqtt.Client(where.host, where.port) as server:
        async with MqttUplinks(where) as uplinks:
            for n in range(3):
                body = json.dumps(CHIRPSTACK | {"fCnt": 100 + n})
                await server.publish(f"application/1/device/{EUI}/event/up", body, qos=1)
            async with asyncio.timeout(5):
                async for batch in uplinks.batches():
                    assert batch[0].f_cnt == 100
                    break  # we crash before anything is stored
        came: list[int] = []
        async with asyncio.timeout(5), MqttUplinks(where) as uplinks:
            async for batch in uplinks.batches():
                came += [uplink.f_cnt for uplink in batch]
                if (
                    came[-1] == 103
                ):  # reached by asking again, which says that those before are safe
                    break
                if came[-1] == 102:
                    body = json.dumps(CHIRPSTACK | {"fCnt": 103})
                    await server.publish(f"application/1/device/{EUI}/event/up", body, qos=1)
        assert came == [100, 101, 102, 103]
        async with asyncio.timeout(5), MqttUplinks(where) as uplinks:
            async for batch in uplinks.batches():
                assert [uplink.f_cnt for uplink in batch] == [103]
                break


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_wrong_password_is_said_and_the_right_one_opens(
    tmp_path: Path, free_port, version: Literal["5", "3.1.1"]
) -> None:
    passwords = tmp_path / "passwords"
    tool = shutil.which("mosquitto_passwd")
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if tool is None or mosquitto is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    subprocess.run([tool, "-b", "-c", str(passwords), "plant", "s3cret"], check=True)  # noqa: ASYNC221
    port = free_port(socket.SOCK_STREAM)
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nuser root\npassword_file {passwords}\n")
    server = subprocess.Popen(  # noqa: ASYNC220  (starting a broker takes a millisecond)
        [mosquitto, "-c", str(config)], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            await asyncio.sleep(0.05)
        right = Broker("127.0.0.1", port, "plant", "s3cret", version=version)
        async with MqttUplinks(right):
            pass
        with pytest.raises(DeviceSilent, match=r"(?i)not authori[sz]ed") as error:
            async with MqttUplinks(replace(right, password="guess")):
                pass
        assert "password" in error.value.hint
        assert "s3cret" not in repr(right)
    finally:
        server.terminate()
        await asyncio.to_thread(server.wait, 5)


async def test_what_a_broker_kept_from_yesterday_does_not_bring_a_dead_sensor_back_to_life(
    broker, tmp_path: Path
) -> None:
    where, _ = broker
    timeless = {key: value for key, value in CHIRPSTACK.items() if key != "time"}
    radio, outbox, watch = await radio_of(tmp_path)
    async with aiomqtt.Client(where.host, where.port) as server:
        topic = "application/1/device/{}/event/up"
        await server.publish(topic.format("a"), json.dumps(timeless), qos=1, retain=True)
        await server.publish(topic.format("b"), json.dumps(CHIRPSTACK), qos=1, retain=True)
    async with asyncio.timeout(5), MqttUplinks(where) as uplinks:
        async for batch in uplinks.batches():
            assert [uplink.at for uplink in batch] == [decode_uplink(CHIRPSTACK).at]
            await radio.accept_all(batch)
            break
    assert "nobody knows how old" in next(iter(uplinks.rejects)).why
    assert outbox.rows == 3, "its values are stored as of then"
    assert (watch.state(LINE.name).health, watch.state(LINE.name).last_seen) == ("starting", None)
    await outbox.close()


async def test_messages_of_megabytes_are_turned_away_as_they_come_and_not_kept(broker) -> None:
    where, _ = broker
    async with MqttUplinks(where) as uplinks, aiomqtt.Client(where.host, where.port) as server:
        topic = f"application/1/device/{EUI}/event/up"
        for _ in range(5):
            await server.publish(topic, b"x" * 1_000_000, qos=1)
        await server.publish(topic, json.dumps(CHIRPSTACK), qos=1)
        async with asyncio.timeout(10):
            while uplinks.rejects.total < 5 or not uplinks._came:  # noqa: ASYNC110  (paho sets no event)
                await asyncio.sleep(0.02)
        assert [len(message.payload) < 1_000 for message in uplinks._came] == [True]
        assert next(iter(uplinks.rejects)).why == "larger than an uplink can be"


def test_a_flood_of_unknown_sensors_is_counted_and_does_not_fill_the_log() -> None:
    rejects = Rejects()
    said = [rejects.add(f"{n:016x}", "no line", NOW) for n in range(10_000)]
    assert sum(said) == 100
    assert rejects.total == 10_000
