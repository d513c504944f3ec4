"""LoRaWAN uplinks as values: one type for ChirpStack v4 and The Things Stack v3, frame counters followed."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ingest.addresses import field_address
from ingest.driver import Line, Reading
from ingest.payloads import codec
from ontology.errors import BadRequest
from ontology.time import UTC, parse_instant

_AHEAD: Final = dt.timedelta(minutes=5)
"""A gateway clock further ahead than this is wrong: the time of arrival is used instead."""
_WINDOW: Final = 64
"""How far back a frame may be late; a larger step back is a device that joined again."""


@dataclass(frozen=True, slots=True)
class Uplink:
    """One frame of one sensor; `payload` are its decrypted application bytes."""

    dev_eui: str
    at: dt.datetime
    f_cnt: int
    f_port: int
    payload: bytes
    network: str


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
    )


def readings(line: Line, uplink: Uplink) -> list[Reading]:
    """What the uplink says about the line's points; values it does not carry are left out."""
    fields = codec(line.options.get("codec", ""))(uplink.payload)
    found = []
    for register in line.registers:
        raw = fields.get(field_address(register.address).field)
        if raw is not None:
            found.append(Reading(register.point, raw * register.scale + register.offset))
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """What a frame counter says: `lost` frames before this one (-1: a late one turned up)."""

    lost: int = 0
    duplicate: bool = False
    restarted: bool = False


@dataclass(slots=True)
class FrameCounts:
    """Follows each sensor's frame counter; a broker's acknowledgement is no proof of delivery."""

    highest: dict[str, int] = field(default_factory=dict)
    missing: dict[str, set[int]] = field(default_factory=dict)

    def see(self, dev_eui: str, f_cnt: int) -> Step:
        """Compare with the frames before, and remember."""
        highest = self.highest.get(dev_eui)
        missing = self.missing.setdefault(dev_eui, set())
        if highest is None or f_cnt > highest:
            self.highest[dev_eui] = f_cnt
            skipped = 0 if highest is None else f_cnt - highest - 1
            missing.update(range(max(f_cnt - skipped, f_cnt - _WINDOW), f_cnt))
            missing.difference_update([old for old in missing if old < f_cnt - _WINDOW])
            return Step(lost=skipped)
        if f_cnt in missing:
            missing.discard(f_cnt)
            return Step(lost=-1)
        if f_cnt == highest or (f_cnt > 1 and highest - f_cnt <= _WINDOW):
            return Step(duplicate=True)
        self.highest[dev_eui] = f_cnt
        missing.clear()
        return Step(restarted=True)


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
    """The server's time, or the time of arrival where it has none or a clock runs ahead."""
    if not isinstance(value, str):
        return now
    at = parse_instant(value)
    return now if at - now > _AHEAD else at
