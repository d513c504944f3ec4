"""The LoRaWAN network server's broker, as the settings name it."""

from __future__ import annotations

from ingest.drivers.lorawan import Broker
from services.settings import Settings


def broker_of(settings: Settings) -> Broker | None:
    """The LoRaWAN network server's broker, where one is set."""
    mqtt = settings.mqtt
    if not mqtt.host:
        return None
    return Broker(
        mqtt.host, mqtt.port,
        username=mqtt.user or None, password=mqtt.password.get_secret_value() or None,
        identifier=mqtt.identifier, tls=mqtt.tls, version=mqtt.version,
        ca_file=str(mqtt.ca_file) if mqtt.ca_file else None,
    )  # fmt: skip
