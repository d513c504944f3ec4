"""LoRaWAN sensors as their network server presents them: ChirpStack v4 uplinks by webhook and MQTT."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import json
import logging
import math
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import aiomqtt
import httpx2

from ingest.addresses import field_address
from ingest.demo.devices.plant_values import PlantValues
from ingest.driver import Line
from ingest.drivers.lorawan import Broker
from ingest.payloads import milesight_bytes
from ingest.tasks import stop_all
from ontology.time import UTC

log = logging.getLogger(__name__)

APPLICATION: Final = "5f3d2b1a-0000-4000-8000-726976657273"
_F_PORT: Final = 85  # Milesight's application port
_FIRST_SPREAD_S: Final = 5.0
"""All sensors report within this time of the start, then each on its own beat."""
_AGAIN_S: Final = 2.0


def chirpstack_uplink(
    line: Line, fields: dict[str, float], f_cnt: int, at: dt.datetime
) -> dict[str, Any]:
    """The JSON that ChirpStack v4 sends for one frame of this sensor."""
    payload = milesight_bytes(fields)
    decoded = {"object": fields} if line.options["codec"] == "network" else {}
    return {
        **decoded,
        "deduplicationId": f"{line.options['dev_eui']}-{f_cnt}",
        "time": at.isoformat(),
        "deviceInfo": {
            "tenantName": "Riverside Tower",
            "applicationId": APPLICATION,
            "applicationName": "air-quality",
            "deviceProfileName": "Milesight AM319",
            "deviceName": line.name,
            "devEui": line.options["dev_eui"],
        },
        "devAddr": line.options["dev_eui"][-8:],
        "adr": True,
        "dr": 5,
        "fCnt": f_cnt,
        "fPort": _F_PORT,
        "confirmed": False,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [{"gatewayId": "24e124fffef00001", "rssi": -71, "snr": 9.2}],
        "txInfo": {"frequency": 923_200_000},
    }


class LorawanSensors:
    """Sends an uplink of each sensor on its interval while entered; silent sensors send nothing.

    Frame counters follow the clock, so that they go on counting while this process is down.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        plant: PlantValues,
        *,
        webhook: str | None = None,
        secret: str | None = None,
        broker: Broker | None = None,
    ) -> None:
        self._lines = lines
        self._plant = plant
        self._webhook = webhook
        self._headers = {"X-Plantroom-Secret": secret} if secret else {}
        self._broker = broker
        self._tasks: list[asyncio.Task[None]] = []
        self._publish: asyncio.Queue[tuple[str, str]] = asyncio.Queue(maxsize=1000)
        self.sent = 0

    async def __aenter__(self) -> Self:
        if not self._webhook and not self._broker:
            return self
        self._http = httpx2.AsyncClient(headers=self._headers, timeout=10.0, trust_env=False)
        for n, line in enumerate(self._lines):
            first_s = min(_FIRST_SPREAD_S, line.every_s / 10) * n / len(self._lines)
            self._tasks.append(asyncio.create_task(self._report(line, first_s)))
        if self._broker is not None:
            self._tasks.append(asyncio.create_task(self._to_broker(self._broker)))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stop_all(self._tasks)
        if self._tasks:
            await self._http.aclose()

    async def _report(self, line: Line, first_s: float) -> None:
        """Send this sensor's frames on its beat; try a frame again until the next one is due.

        A beat that passed while this process stood still is a frame that was never sent.
        """
        loop = asyncio.get_running_loop()
        counted, start = int(time.time() / line.every_s), loop.time() + first_s
        beat = 0
        while True:
            await asyncio.sleep(start + beat * line.every_s - loop.time())
            beat = max(beat, int((loop.time() - start) / line.every_s))
            due = start + (beat + 1) * line.every_s
            f_cnt, at = (counted + beat) % 2**32, dt.datetime.now(UTC)
            beat += 1
            fields = self._fields(line)
            if not fields:
                continue
            body = json.dumps(chirpstack_uplink(line, fields, f_cnt, at))
            self._to_publish(line, body)
            while not await self._post(body) and loop.time() + _AGAIN_S < due:  # noqa: ASYNC110  (a retry)
                await asyncio.sleep(_AGAIN_S)

    def _fields(self, line: Line) -> dict[str, float]:
        """What the sensor measures now; nothing while it is silent."""
        points = [register.point.id for register in line.registers]
        if all(map(self._plant.is_silent, points)):
            return {}
        values = {
            field_address(register.address).field: self._plant.value(register.point.id)
            for register in line.registers
        }
        return {name: value for name, value in values.items() if math.isfinite(value)}

    def _to_publish(self, line: Line, body: str) -> None:
        """Queue the frame for the broker; a full queue (no broker for hours) loses the newest."""
        if self._broker is None:
            return
        topic = f"application/{APPLICATION}/device/{line.options['dev_eui']}/event/up"
        with contextlib.suppress(asyncio.QueueFull):
            self._publish.put_nowait((topic, body))

    async def _post(self, body: str) -> bool:
        """Whether the webhook took the frame, or will never take it."""
        if self._webhook is None:
            return True
        try:
            answer = await self._http.post(
                self._webhook,
                params={"event": "up"},
                content=body,
                headers={"Content-Type": "application/json"},
            )
        except httpx2.HTTPError as error:
            log.info("webhook: %s", error)
            return False
        if answer.is_client_error:
            log.error("webhook refused a frame: %s %.200s", answer.status_code, answer.text)
            return True
        self.sent += answer.is_success
        return bool(answer.is_success)

    async def _to_broker(self, broker: Broker) -> None:
        while True:
            try:
                async with aiomqtt.Client(
                    broker.host, broker.port, username=broker.username, password=broker.password
                ) as client:
                    while True:
                        topic, body = await self._publish.get()
                        await client.publish(topic, body, qos=1)
                        self.sent += 1
            except aiomqtt.MqttError as error:
                log.warning("broker: %s", error)
                await asyncio.sleep(_AGAIN_S)
