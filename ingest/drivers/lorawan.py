"""LoRaWAN over MQTT: uplinks that a network server publishes. Sensors speak when they like: nothing is polled."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import aiomqtt

from ingest.uplinks import Uplink, decode_uplink
from ontology.errors import BadRequest, DeviceSilent

__all__ = ["TOPICS", "Broker", "MqttUplinks", "Uplink", "decode_uplink"]

TOPICS: Final = ("application/+/device/+/event/up", "v3/+/devices/+/up")
"""Where ChirpStack v4 and The Things Stack v3 publish uplinks."""


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker that a network server publishes to."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    identifier: str = "plantroom"
    """Fixed, so that the broker keeps frames for us while we are away."""


class MqttUplinks:
    """Uplinks from a broker. It never reconnects by itself; raises DeviceSilent when the broker is gone."""

    def __init__(self, broker: Broker, *, timeout_s: float = 5.0) -> None:
        self._broker = broker
        self._client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=broker.identifier,
            clean_session=False,
            timeout=timeout_s,
        )
        self.malformed = 0
        """Messages on the uplink topics that were no uplinks."""

    async def __aenter__(self) -> Self:
        try:
            await self._client.__aenter__()
            for topic in TOPICS:
                await self._client.subscribe(topic, qos=1)
        except aiomqtt.MqttError as cause:
            raise self._silent(str(cause)) from cause
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._client.__aexit__(kind, error, trace)
        except aiomqtt.MqttError as cause:
            if error is None:
                raise self._silent(str(cause)) from cause

    async def __aiter__(self) -> AsyncIterator[Uplink]:
        """Uplinks as they come, without end."""
        try:
            async for message in self._client.messages:
                uplink = self._decode(message.payload)
                if uplink is not None:
                    yield uplink
        except aiomqtt.MqttError as cause:
            raise self._silent(str(cause)) from cause

    def _decode(self, payload: object) -> Uplink | None:
        try:
            message = json.loads(payload) if isinstance(payload, (bytes, bytearray, str)) else None
            if isinstance(message, Mapping):
                return decode_uplink(message)
        except (ValueError, BadRequest):
            pass
        self.malformed += 1
        return None

    def _silent(self, why: str) -> DeviceSilent:
        return DeviceSilent(
            f"mqtt {self._broker.host}:{self._broker.port}: {why}",
            hint="check that the broker runs and lets this user subscribe",
        )
