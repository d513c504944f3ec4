"""`python -m bench.ingest_parts.lorawan_publisher PORT COUNT SENSORS`: publishes uplinks at QoS 1 when told to on its input."""

from __future__ import annotations

import base64
import datetime as dt
import json
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from ingest.payloads import milesight_bytes

_AHEAD = 2_000
"""Messages under way to the broker at once."""


def eui(n: int) -> str:
    """The EUI of the n-th sensor of the bench."""
    return f"a8404100{n:08x}"


def frame(n: int, sensors: int, began: dt.datetime) -> tuple[str, str]:
    """Topic and ChirpStack v4 JSON of the n-th uplink of all; each sensor reports every ten seconds of its time."""
    dev_eui, f_cnt = eui(n % sensors), n // sensors
    payload = milesight_bytes(
        {"battery": 90, "temperature": 20 + n % 80 / 10, "humidity": 55.5, "co2": 400 + n % 900}
    )
    message = {
        "deduplicationId": f"{dev_eui}-{f_cnt}",
        "time": (began + dt.timedelta(seconds=10 * f_cnt)).isoformat(),
        "deviceInfo": {"deviceProfileName": "AM319", "deviceName": f"iaq-{n}", "devEui": dev_eui},
        "devAddr": dev_eui[-8:], "adr": True, "dr": 5, "fCnt": f_cnt, "fPort": 85,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [{"gatewayId": "24e124fffef00001", "rssi": -71, "snr": 9.2}],
    }  # fmt: skip
    return f"application/1/device/{dev_eui}/event/up", json.dumps(message)


def main(port: int, count: int, sensors: int) -> None:
    """Publish and stay until every message is acknowledged by the broker."""
    began = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    frames = [frame(n, sensors, began) for n in range(count)]
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(_AHEAD)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sent = [client.publish(topic, body, qos=1) for topic, body in frames]
    while not all(message.is_published() for message in sent[-_AHEAD:]):
        time.sleep(0.05)
    sys.stdin.read()
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
