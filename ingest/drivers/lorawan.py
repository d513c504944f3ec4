"""LoRaWAN over MQTT: uplinks that a network server publishes, acknowledged once they are safe on our disk."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Literal, Self

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.rejects import Rejects
from ingest.uplinks import Uplink, decode_uplink, other_event
from ontology.errors import BadRequest, DeviceSilent
from ontology.time import UTC

__all__ = ["TOPICS", "Broker", "MqttUplinks", "Uplink", "decode_uplink"]

TOPICS: Final = ("application/+/device/+/event/up", "v3/+/devices/+/up")
"""Where ChirpStack v4 and The Things Stack v3 publish uplinks."""
BATCH: Final = 1_000
"""Most uplinks handed on at once: they share one sync of the disk."""
_UNACKNOWLEDGED: Final = 2_000
"""Most messages the broker may send ahead of our acknowledgements: while we are slow the rest waits there."""
_WAITING: Final = 20_000
"""Most messages waiting here, which only those sent at QoS 0 can reach; more are dropped and counted."""
_SESSION_S: Final = 7 * 86_400
"""How long a broker keeps our place, and what comes meanwhile, while we are away."""
_FIRST_ONLY: Final = 3
"""paho's default for the clean start of MQTT 5, the only one that MQTT 3.1.1 may carry."""
_LARGEST: Final = 65_536
"""Bytes of an uplink's JSON with the reports of many gateways; longer ones are no uplinks."""
_PACKET: Final = 4 * 2**20
"""Bytes of what a broker may send at once; longer ones it keeps to itself. MQTT would allow 256 MB."""


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker that a network server publishes to."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    identifier: str = "plantroom"
    """Fixed, so that the broker keeps frames for us while we are away."""
    tls: bool = False
    ca_file: str | None = None
    """Certificate of the authority that signed the broker's; None: those the system trusts."""
    version: Literal["5", "3.1.1"] = "5"
    """3.1.1 for brokers that know no other (The Things Stack); there the broker bounds what is under way."""


class MqttUplinks:
    """Uplinks from a broker. It never reconnects by itself; raises DeviceSilent when the broker is gone.

    A message at QoS 1 is acknowledged when the batch after its own is asked for: until then a crash of
    ours makes the broker send it again.
    """

    def __init__(self, broker: Broker, *, timeout_s: float = 5.0) -> None:
        self._broker = broker
        self._timeout_s = timeout_s
        self._client: aiomqtt.Client | None = None
        self._came: deque[Any] = deque()
        self._some = asyncio.Event()
        self.rejects = Rejects()
        """Messages on the uplink topics that were no uplinks, or too many."""

    async def __aenter__(self) -> Self:
        try:
            client = self._client = self._connectable()
            await client.__aenter__()
            for topic in TOPICS:
                await client.subscribe(topic, qos=1)
        except (aiomqtt.MqttError, OSError, ssl.SSLError) as cause:
            raise self._silent(str(cause)) from cause
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client is None:
            return
        try:
            await self._client.__aexit__(kind, error, trace)
        except aiomqtt.MqttError as cause:
            if error is None:
                raise self._silent(str(cause)) from cause

    async def __aiter__(self) -> AsyncIterator[Uplink]:
        """Uplinks as they come, without end."""
        async for batch in self.batches():
            for uplink in batch:
                yield uplink

    async def batches(self) -> AsyncIterator[list[Uplink]]:
        """Uplinks as they come, all that wait at once; asking for more acknowledges those before."""
        if self._client is None:
            raise self._silent("not connected")
        gone = asyncio.ensure_future(
            anext(self._client.messages)
        )  # ends only when the broker is gone
        try:
            while True:
                messages = await self._next(gone)
                uplinks = [up for message in messages if (up := self._decode(message)) is not None]
                if uplinks:
                    yield uplinks
                self._acknowledge(messages)
        except aiomqtt.MqttError as cause:
            raise self._silent(str(cause)) from cause
        finally:
            gone.cancel()
            await asyncio.wait([gone])
            if not gone.cancelled():
                gone.exception()  # seen

    async def _next(self, gone: asyncio.Future[Any]) -> list[Any]:
        """What waits, at least one message. Raises MqttError when the broker is gone."""
        while not self._came:
            self._some.clear()
            some = asyncio.ensure_future(self._some.wait())
            try:
                await asyncio.wait({some, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                some.cancel()
            if gone.done() and not self._came:
                gone.result()
                raise aiomqtt.MqttError("the broker closed the connection")
        return [self._came.popleft() for _ in range(min(len(self._came), BATCH))]

    def _acknowledge(self, messages: Iterable[Any]) -> None:
        paho = self._paho()
        for message in messages:
            if message.qos:
                paho.ack(message.mid, message.qos)

    def _decode(self, message: Any) -> Uplink | None:
        try:
            tree = json.loads(message.payload)
            if isinstance(tree, Mapping) and other_event(tree):
                return None
            now = dt.datetime.now(UTC)
            uplink = decode_uplink(tree if isinstance(tree, Mapping) else {}, received=now)
        except BadRequest as error:
            self._refuse(message, str(error), error.hint)
        except (ValueError, RecursionError):
            self._refuse(message, "not JSON", "let the network server publish JSON, not protobuf")
        else:
            if not (message.retain and uplink.at == now):
                return uplink
            why = "kept by the broker, and without a time of its own: nobody knows how old it is"
            self._refuse(message, why, "publish uplinks without the retain flag")
        return None

    def _refuse(self, message: Any, why: str, hint: str) -> None:
        topic = message.topic if isinstance(message.topic, str) else "?"
        self.rejects.add(topic, why, dt.datetime.now(UTC), hint=hint, example=message.payload)

    def _on_message(self, _client: object, _userdata: object, message: Any) -> None:
        """paho tells of each message here, in the event loop. What is too long is not kept until its turn."""
        if len(message.payload) > _LARGEST:
            self._refuse(
                message, "larger than an uplink can be", "let only the network server publish here"
            )
            self._acknowledge([message])
            return
        if len(self._came) >= _WAITING and not message.qos:
            hint = "let the network server publish at QoS 1: then they wait in the broker"
            self.rejects.add("mqtt", "more than can be taken", dt.datetime.now(UTC), hint=hint)
            return
        self._came.append(message)
        self._some.set()

    def _connectable(self) -> aiomqtt.Client:
        broker = self._broker
        five = broker.version == "5"
        client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=broker.identifier,
            protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
            clean_session=None if five else False,
            clean_start=False if five else _FIRST_ONLY,
            properties=_session() if five else None,
            timeout=self._timeout_s,
            tls_context=ssl.create_default_context(cafile=broker.ca_file) if broker.tls else None,
        )
        self._client = client
        paho = self._paho()
        paho.manual_ack_set(on=True)
        paho.on_message = self._on_message
        return client

    def _paho(self) -> Any:
        """The client inside: aiomqtt has no way to acknowledge by hand, paho's own is public."""
        return self._client._client if self._client else None  # noqa: SLF001  (see above)

    def _silent(self, why: str) -> DeviceSilent:
        return DeviceSilent(
            f"mqtt {self._broker.host}:{self._broker.port}: {why}",
            hint="check that the broker runs, user, password and TLS, and that this user may subscribe",
        )


def _session() -> Properties:
    """What we ask of an MQTT 5 broker: to keep our place, and not to run ahead of us."""
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wishes.SessionExpiryInterval = _SESSION_S
    wishes.ReceiveMaximum = _UNACKNOWLEDGED
    wishes.MaximumPacketSize = _PACKET
    return wishes
