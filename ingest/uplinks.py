"""LoRaWAN uplinks as values: one type for ChirpStack v4 and The Things Stack v3."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ingest.addresses import field_address
from ingest.driver import Line, Reading
from ingest.payloads import codec
from ontology.errors import BadRequest, Corrupt
from ontology.time import UTC, parse_instant

_AHEAD: Final = dt.timedelta(minutes=5)
"""A gateway clock further ahead than this is wrong: the time of arrival is used instead."""
_BEHIND: Final = dt.datetime(2000, 1, 1, tzinfo=UTC)
"""A gateway clock before this was never set."""
_NETWORK: Final = "network"
"""The codec that trusts the fields the network server decoded."""
_EVENTS: Final = frozenset(
    {"up", "join", "ack", "txack", "status", "log", "location", "integration"}
)
"""Events of ChirpStack v4, named by the query parameter of its webhook and the end of its topics."""
_MESSAGES: Final = (
    # messages of The Things Stack v3 beside uplink_message
    "join_accept", "downlink_ack", "downlink_nack", "downlink_sent", "downlink_failed",
    "downlink_queued", "downlink_queue_invalidated", "location_solved", "service_data",
    "uplink_normalized",
)  # fmt: skip
_LARGEST: Final = 1e300
"""Beyond it a JSON number is none; NaN and infinities compare false."""
_DEPTH: Final = 4
_FIELDS: Final = 200
"""Bounds of a decoded object: what people can use of it."""


@dataclass(frozen=True, slots=True)
class Uplink:
    """One frame of one sensor; `payload` are its decrypted application bytes."""

    dev_eui: str
    at: dt.datetime
    f_cnt: int
    f_port: int
    payload: bytes
    network: str
    decoded: Mapping[str, Any] | None = None
    """The fields as the network server decoded them, where it does."""


def other_event(message: Mapping[str, Any], event: str = "") -> str:
    """The name of an event that is no uplink ("join", "status" ...); "" where it may be one.

    `event` is what ChirpStack's webhook names it.
    """
    if event in _EVENTS:
        return "" if event == "up" else event
    if "uplink_message" in message or "data" in message:
        return ""
    return next((name for name in _MESSAGES if name in message), "")


def decode_uplink(message: Mapping[str, Any], *, received: dt.datetime | None = None) -> Uplink:
    """From the JSON of a ChirpStack v4 or The Things Stack v3 uplink event; raises BadRequest."""
    now = received or dt.datetime.now(UTC)
    if isinstance(message.get("deviceInfo"), Mapping) and "data" in message:
        return _chirpstack(message, now)
    if isinstance(message.get("uplink_message"), Mapping):
        return _things_stack(message, now)
    raise BadRequest(
        f"not an uplink: keys {', '.join(sorted(map(str, message))[:8]) or 'none'}",
        hint="send `up` events of ChirpStack v4 or The Things Stack v3, as JSON",
    )


def _chirpstack(message: Mapping[str, Any], now: dt.datetime) -> Uplink:
    return Uplink(
        dev_eui=_eui(message["deviceInfo"].get("devEui")),
        at=_instant(message.get("time"), now),
        f_cnt=_count(message.get("fCnt", 0)),  # protobuf JSON leaves zeros out
        f_port=_count(message.get("fPort", 0)),
        payload=_bytes(message["data"]),
        network="chirpstack",
        decoded=_object(message.get("object")),
    )


def _things_stack(message: Mapping[str, Any], now: dt.datetime) -> Uplink:
    up = message["uplink_message"]
    ids = message.get("end_device_ids")
    return Uplink(
        dev_eui=_eui(ids.get("dev_eui") if isinstance(ids, Mapping) else None),
        at=_instant(up.get("received_at") or message.get("received_at"), now),
        f_cnt=_count(up.get("f_cnt", 0)),
        f_port=_count(up.get("f_port", 0)),
        payload=_bytes(up.get("frm_payload", "")),
        network="things-stack",
        decoded=_object(up.get("decoded_payload")),
    )


def readings(line: Line, uplink: Uplink) -> list[Reading]:
    """What the uplink says about the line's points; values it does not carry are left out."""
    fields = _fields(line.options.get("codec", ""), uplink)
    found = []
    for register in line.registers:
        raw = fields.get(_field(register.address))
        if raw is not None:
            found.append(Reading(register.point, raw * register.scale + register.offset))
    return found


@lru_cache(maxsize=10_000)
def _field(address: str) -> str:
    """The name of a value, from the address of its register; the same few come with every frame."""
    return field_address(address).field


def _fields(name: str, uplink: Uplink) -> Mapping[str, float]:
    """Values by name; raises NotFound for the codec, Corrupt where the payload is not of it."""
    if name != _NETWORK:
        return codec(name)(uplink.payload)
    if uplink.decoded is None:
        raise Corrupt(
            f"{uplink.dev_eui}: the network server decoded nothing",
            hint="give its device profile a payload codec there, or set another codec in this line",
        )
    return flat(uplink.decoded)


def flat(tree: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of a decoded object by their path; true and false are 1 and 0, text and lists are left out.

    >>> flat({"temp": 21.5, "door": {"open": True}, "unit": "C"})
    {'temp': 21.5, 'door.open': 1.0}
    """
    found: dict[str, float] = {}
    waiting: list[tuple[str, int, Mapping[str, Any]]] = [("", 0, tree)]
    while waiting and len(found) < _FIELDS:
        path, depth, branch = waiting.pop()
        for name, value in list(branch.items())[:_FIELDS]:
            if isinstance(value, Mapping) and depth < _DEPTH:
                waiting.append((f"{path}{name}.", depth + 1, value))
            elif isinstance(value, (bool, int, float)) and abs(value) < _LARGEST:
                found[f"{path}{name}"] = float(value)
    return found


def _object(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


def _eui(value: object) -> str:
    text = str(value or "").replace("-", "").lower()
    if len(text) != 16 or not all(letter in "0123456789abcdef" for letter in text):
        raise BadRequest(f"not a device EUI: {value!r}", hint="16 hexadecimal digits")
    return text


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        raise BadRequest(f"not a frame counter or port: {value!r}", hint="a whole number")
    return value


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError) as cause:
        raise BadRequest("the payload is not base64", hint="send the event unchanged") from cause


def _instant(value: object, now: dt.datetime) -> dt.datetime:
    """The server's time, or the time of arrival where it has none or a clock is wrong."""
    if not isinstance(value, str):
        return now
    at = parse_instant(value)
    return now if at < _BEHIND or at - now > _AHEAD else at
