"""LoRaWAN payload codecs: sensor bytes to named values and back, one row per value.

The codec belongs to the device profile and is never guessed: Cayenne LPP and Milesight share
type bytes (0x67 is a temperature in both) with opposite byte order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ontology.errors import BadRequest, Corrupt, NotFound

Fields = dict[str, float]


@dataclass(frozen=True, slots=True)
class Cell:
    """How one value is packed: name, bytes, value of one bit, sign."""

    name: str
    size: int
    step: float = 1.0
    signed: bool = False

    def read(self, data: bytes, byteorder: Literal["little", "big"]) -> float:
        count = int.from_bytes(data, byteorder, signed=self.signed)
        return round(count * self.step, 6)

    def write(self, value: float, byteorder: Literal["little", "big"]) -> bytes:
        try:
            return round(value / self.step).to_bytes(self.size, byteorder, signed=self.signed)
        except (OverflowError, ValueError) as cause:
            raise BadRequest(
                f"{self.name} {value} does not fit {self.size} bytes", hint="check its range"
            ) from cause


MILESIGHT: Final[Mapping[tuple[int, int], Cell]] = {
    # (channel, type) -> value; AM100 and AM300 series user guides, "Uplink Packet", little endian
    (0x01, 0x75): Cell("battery", 1),  # %
    (0x03, 0x67): Cell("temperature", 2, 0.1, signed=True),  # degC
    (0x04, 0x68): Cell("humidity", 1, 0.5),  # %RH
    (0x05, 0x00): Cell("pir", 1),
    (0x05, 0x6A): Cell("activity", 2),
    (0x06, 0xCB): Cell("light_level", 1),
    (0x07, 0x7D): Cell("co2", 2),  # ppm
    (0x08, 0x7D): Cell("tvoc", 2),
    (0x08, 0xE6): Cell("tvoc_ugm3", 2),
    (0x09, 0x73): Cell("pressure", 2, 0.1),  # hPa
    (0x0A, 0x7D): Cell("hcho", 2, 0.01),  # mg/m3
    (0x0B, 0x7D): Cell("pm2_5", 2),  # ug/m3
    (0x0C, 0x7D): Cell("pm10", 2),  # ug/m3
}
_MILESIGHT_SIZE: Final[Mapping[int, int]] = {0x65: 6, 0x01: 1} | {
    kind: cell.size for (_, kind), cell in MILESIGHT.items()
}
"""Bytes that follow each type, also for channels that carry nothing we keep (lux, buzzer)."""

CAYENNE: Final[Mapping[int, Cell]] = {
    # type -> value; Cayenne Low Power Payload 1.0 and its common extensions, big endian
    0x00: Cell("digital_in", 1),
    0x01: Cell("digital_out", 1),
    0x02: Cell("analog_in", 2, 0.01, signed=True),
    0x03: Cell("analog_out", 2, 0.01, signed=True),
    0x65: Cell("illuminance", 2),  # lux
    0x66: Cell("presence", 1),
    0x67: Cell("temperature", 2, 0.1, signed=True),  # degC
    0x68: Cell("humidity", 1, 0.5),  # %RH
    0x73: Cell("pressure", 2, 0.1),  # hPa
    0x78: Cell("percentage", 1),
    0x7D: Cell("concentration", 2),  # ppm
}


def milesight(data: bytes) -> Fields:
    """Values of a Milesight AM-series uplink by name ("co2" in ppm, "temperature" in degC ...).

    >>> milesight(bytes.fromhex("01755C03673401046865"))
    {'battery': 92.0, 'temperature': 30.8, 'humidity': 50.5}
    """
    fields: Fields = {}
    at = 0
    while at < len(data):
        channel, kind = _head(data, at)
        size = _MILESIGHT_SIZE.get(kind)
        if size is None:
            raise _unknown(kind, at, data, "milesight")
        body = _body(data, at + 2, size)
        cell = MILESIGHT.get((channel, kind))
        if cell is not None:
            fields[cell.name] = cell.read(body, "little")
        at += 2 + size
    return fields


def milesight_bytes(fields: Mapping[str, float]) -> bytes:
    """The uplink a Milesight AM-series sensor would send; values it cannot carry are a BadRequest."""
    names = {cell.name: (head, cell) for head, cell in MILESIGHT.items()}
    out = bytearray()
    for name, value in fields.items():
        if name not in names:
            raise BadRequest(f"no Milesight value {name!r}", hint=f"one of {', '.join(names)}")
        head, cell = names[name]
        out += bytes(head) + cell.write(value, "little")
    return bytes(out)


def cayenne(data: bytes) -> Fields:
    """Values of a Cayenne LPP uplink by name and channel ("temperature:3").

    >>> cayenne(bytes.fromhex("03670110"))
    {'temperature:3': 27.2}
    """
    fields: Fields = {}
    at = 0
    while at < len(data):
        channel, kind = _head(data, at)
        cell = CAYENNE.get(kind)
        if cell is None:
            raise _unknown(kind, at, data, "cayenne")
        body = _body(data, at + 2, cell.size)
        fields[f"{cell.name}:{channel}"] = cell.read(body, "big")
        at += 2 + cell.size
    return fields


def cayenne_bytes(fields: Mapping[str, float]) -> bytes:
    """The Cayenne LPP uplink with these values ("temperature:3" -> degC)."""
    kinds = {cell.name: kind for kind, cell in CAYENNE.items()}
    out = bytearray()
    for label, value in fields.items():
        name, _, channel = label.partition(":")
        if name not in kinds or not channel.isdecimal() or int(channel) > 255:
            raise BadRequest(f"no Cayenne value {label!r}", hint='such as "temperature:3"')
        kind = kinds[name]
        out += bytes([int(channel), kind]) + CAYENNE[kind].write(value, "big")
    return bytes(out)


CODECS: Final[Mapping[str, Callable[[bytes], Fields]]] = {
    "milesight": milesight,
    "cayenne": cayenne,
}


def codec(name: str) -> Callable[[bytes], Fields]:
    """The decoder of a device profile; raises NotFound."""
    if name not in CODECS:
        raise NotFound(f"no payload codec {name!r}", hint=f"one of {', '.join(CODECS)}")
    return CODECS[name]


def _head(data: bytes, at: int) -> tuple[int, int]:
    if at + 2 > len(data):
        raise Corrupt(f"payload {data.hex()} ends inside a header", hint="check the codec")
    return data[at], data[at + 1]


def _body(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise Corrupt(f"payload {data.hex()} ends inside a value", hint="check the codec")
    return data[at : at + size]


def _unknown(kind: int, at: int, data: bytes, name: str) -> Corrupt:
    return Corrupt(
        f"payload {data.hex()}: type 0x{kind:02x} at byte {at} is not {name}",
        hint="the codec is bound to the device profile: check `codec` of this line",
    )
