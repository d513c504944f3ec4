"""LoRaWAN payload codecs: sensor bytes to named values and back, one row per value.

The codec belongs to the device profile and is never guessed: Cayenne LPP and Milesight share
type bytes (0x67 is a temperature in both) with opposite byte order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
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
    tail: int = 0
    """Bytes after the value that are passed over, such as the kind of an alarm."""

    def read(self, data: bytes, byteorder: Literal["little", "big"]) -> float:
        count = int.from_bytes(data[: self.size], byteorder, signed=self.signed)
        return round(count * self.step, 6)

    def write(self, value: float, byteorder: Literal["little", "big"]) -> bytes:
        try:
            return round(value / self.step).to_bytes(
                self.size, byteorder, signed=self.signed
            ) + bytes(self.tail)
        except (OverflowError, ValueError) as cause:
            raise BadRequest(
                f"{self.name} {value} does not fit {self.size} bytes", hint="check its range"
            ) from cause


Heads = Mapping[tuple[int, int], Cell]
"""(channel, type) of a Milesight value -> how it is packed."""

_MILESIGHT_COMMON: Final[Heads] = {
    # user guides of the AM, EM and WS series, "Uplink Packet": little endian
    (0x01, 0x75): Cell("battery", 1),  # %
    (0x03, 0x67): Cell("temperature", 2, 0.1, signed=True),  # degC
    (0x04, 0x68): Cell("humidity", 1, 0.5),  # %RH
    (0x83, 0x67): Cell("temperature", 2, 0.1, signed=True, tail=1),  # with its alarm
}
MILESIGHT: Final[Heads] = {
    **_MILESIGHT_COMMON,
    # AM100 and AM300 series
    (0x05, 0x00): Cell("pir", 1),
    (0x05, 0x6A): Cell("activity", 2),
    (0x06, 0x65): Cell("illumination", 2, tail=4),  # lux; then visible and infrared
    (0x06, 0xCB): Cell("light_level", 1),
    (0x07, 0x7D): Cell("co2", 2),  # ppm
    (0x08, 0x7D): Cell("tvoc", 2),
    (0x08, 0xE6): Cell("tvoc_ugm3", 2),
    (0x09, 0x73): Cell("pressure", 2, 0.1),  # hPa
    (0x0A, 0x7D): Cell("hcho", 2, 0.01),  # mg/m3
    (0x0B, 0x7D): Cell("pm2_5", 2),  # ug/m3
    (0x0C, 0x7D): Cell("pm10", 2),  # ug/m3
    (0x0D, 0x7D): Cell("o3", 2, 0.01),  # ppm
    (0x0E, 0x01): Cell("buzzer", 1),
}
_MILESIGHT_SERIES: Final[Mapping[str, Heads]] = {
    # codec -> values; the same channel means other things in other series, so each has its own row
    "milesight": MILESIGHT,
    "milesight-em300": {
        **_MILESIGHT_COMMON,
        (0x05, 0x00): Cell("input", 1),  # water (SLD, ZLD) or digital input (DI): 1 wet, closed
        (0x85, 0x00): Cell("input", 1, tail=1),
        (0x05, 0xC8): Cell("pulses", 4),
        (0x06, 0x00): Cell("magnet", 1),  # MCS: 1 open
    },
    "milesight-em500": {
        **_MILESIGHT_COMMON,
        (0x05, 0x7D): Cell("co2", 2),  # ppm
        (0x06, 0x73): Cell("pressure", 2, 0.1),  # hPa
    },
    "milesight-ws202": {
        **_MILESIGHT_COMMON,
        (0x03, 0x00): Cell("pir", 1),
        (0x04, 0x00): Cell("daylight", 1),
    },
    "milesight-ws301": {
        **_MILESIGHT_COMMON,
        (0x03, 0x00): Cell("magnet", 1),
        (0x04, 0x00): Cell("tamper", 1),
    },
}
_MILESIGHT_ABOUT: Final[Mapping[int, int]] = {
    # type on channel 0xff, sent when a device joins: about itself, no measurements -> bytes
    0x01: 1, 0x09: 2, 0x0A: 2, 0x0B: 1, 0x0F: 1, 0x16: 8, 0xFE: 1, 0xFF: 2,
}  # fmt: skip

CAYENNE: Final[Mapping[int, Cell]] = {
    # type -> value; Cayenne Low Power Payload 1.0 and its common extensions, big endian
    0x00: Cell("digital_in", 1),
    0x01: Cell("digital_out", 1),
    0x02: Cell("analog_in", 2, 0.01, signed=True),
    0x03: Cell("analog_out", 2, 0.01, signed=True),
    0x64: Cell("generic", 4),
    0x65: Cell("illuminance", 2),  # lux
    0x66: Cell("presence", 1),
    0x67: Cell("temperature", 2, 0.1, signed=True),  # degC
    0x68: Cell("humidity", 1, 0.5),  # %RH
    0x73: Cell("pressure", 2, 0.1),  # hPa
    0x74: Cell("voltage", 2, 0.01),  # V
    0x75: Cell("current", 2, 0.001),  # A
    0x76: Cell("frequency", 4),  # Hz
    0x78: Cell("percentage", 1),
    0x7D: Cell("concentration", 2),  # ppm
    0x80: Cell("power", 2),  # W
    0x82: Cell("distance", 4, 0.001),  # m
    0x83: Cell("energy", 4, 0.001),  # kWh
    0x8E: Cell("switch", 1),
}
_CAYENNE_PASSED: Final[Mapping[int, int]] = {0x71: 6, 0x85: 4, 0x86: 6, 0x88: 9}
"""Bytes of types that are no single value: accelerometer, time, gyrometer, place."""

ELSYS: Final[Mapping[int, Cell]] = {
    # type -> value; Elsys "Payload" document, big endian; names as in the maker's decoder
    0x01: Cell("temperature", 2, 0.1, signed=True),  # degC
    0x02: Cell("humidity", 1),  # %RH
    0x04: Cell("light", 2),  # lux
    0x05: Cell("motion", 1),
    0x06: Cell("co2", 2),  # ppm
    0x07: Cell("vdd", 2, 0.001),  # V
    0x08: Cell("analog1", 2, 0.001),  # V
    0x0A: Cell("pulse1", 2),
    0x0B: Cell("pulse_abs1", 4),
    0x0C: Cell("external_temperature", 2, 0.1, signed=True),  # degC
    0x0D: Cell("digital", 1),
    0x0E: Cell("distance", 2, 0.001),  # m
    0x0F: Cell("acc_motion", 1),
    0x10: Cell("ir_internal_temperature", 2, 0.1, signed=True, tail=2),  # degC
    0x11: Cell("occupancy", 1),
    0x12: Cell("waterleak", 1),
    0x14: Cell("pressure", 4, 0.001, signed=True),  # hPa
    0x15: Cell("sound_peak", 1, tail=1),  # dB; then the average
    0x16: Cell("pulse2", 2),
    0x17: Cell("pulse_abs2", 4),
    0x18: Cell("analog2", 2, 0.001),  # V
    0x19: Cell("external_temperature2", 2, 0.1, signed=True),  # degC
    0x1A: Cell("digital2", 1),
    0x1B: Cell("analog_uv", 4, signed=True),  # microvolt
    0x1C: Cell("tvoc", 2),  # ppb
}
_ELSYS_PASSED: Final[Mapping[int, int]] = {0x03: 3, 0x09: 6, 0x13: 65, 0x3D: 4}
"""Bytes of types that are no single value: acceleration, place, thermal image, debug."""

_LHT65_EXTERNAL: Final[Mapping[int, Cell]] = {
    # kind of external sensor -> its value; LHT65 user manual, "Ext value"
    0x01: Cell("external_temperature", 2, 0.01, signed=True),  # degC
    0x04: Cell("external_level", 1),
    0x05: Cell("illuminance", 2),  # lux
    0x06: Cell("external_voltage", 2, 0.001),  # V
    0x07: Cell("count", 2),
    0x08: Cell("count", 4),
}
_LHT65_BYTES: Final = 11
_LHT65_NONE: Final = bytes([0x7F, 0xFF])
"""What a temperature that is not connected reads."""


def milesight(data: bytes, heads: Heads = MILESIGHT) -> Fields:
    """Values of a Milesight uplink by name ("co2" in ppm, "temperature" in degC ...).

    >>> milesight(bytes.fromhex("01755C03673401046865"))
    {'battery': 92.0, 'temperature': 30.8, 'humidity': 50.5}
    """
    fields: Fields = {}
    at = 0
    while at < len(data):
        channel, kind = _head(data, at)
        cell = heads.get((channel, kind))
        size = cell.size + cell.tail if cell else None
        if channel == 0xFF:
            size = _MILESIGHT_ABOUT.get(kind)
        if size is None:
            raise _unknown((channel, kind), at, data, "milesight")
        body = _body(data, at + 2, size)
        if cell is not None:
            fields[cell.name] = cell.read(body, "little")
        at += 2 + size
    return fields


def milesight_bytes(fields: Mapping[str, float], heads: Heads = MILESIGHT) -> bytes:
    """The uplink a Milesight sensor would send; values it cannot carry are a BadRequest."""
    names = {cell.name: (head, cell) for head, cell in reversed(list(heads.items()))}
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
        size = cell.size if cell else _CAYENNE_PASSED.get(kind)
        if size is None:
            raise _unknown((kind,), at + 1, data, "cayenne")
        body = _body(data, at + 2, size)
        if cell is not None:
            fields[f"{cell.name}:{channel}"] = cell.read(body, "big")
        at += 2 + size
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


def elsys(data: bytes) -> Fields:
    """Values of an Elsys uplink by name; those measured earlier (with a time offset) are left out.

    >>> elsys(bytes.fromhex("0100E202290400270506060308070D62"))["temperature"]
    22.6
    """
    fields: Fields = {}
    at = 0
    while at < len(data):
        offset, kind = data[at] >> 6, data[at] & 0x3F
        cell = ELSYS.get(kind)
        size = cell.size + cell.tail if cell else _ELSYS_PASSED.get(kind)
        if size is None:
            raise _unknown((kind,), at, data, "elsys")
        body = _body(data, at + 1, offset + size)[offset:]
        if cell is not None and not offset:
            fields[cell.name] = cell.read(body, "big")
        at += 1 + offset + size
    return fields


def elsys_bytes(fields: Mapping[str, float]) -> bytes:
    """The Elsys uplink with these values."""
    kinds = {cell.name: kind for kind, cell in ELSYS.items()}
    out = bytearray()
    for name, value in fields.items():
        if name not in kinds:
            raise BadRequest(f"no Elsys value {name!r}", hint=f"one of {', '.join(kinds)}")
        out += bytes([kinds[name]]) + ELSYS[kinds[name]].write(value, "big")
    return bytes(out)


def lht65(data: bytes) -> Fields:
    """Values of a Dragino LHT65 or LHT65N uplink; a probe that is not connected is left out.

    >>> lht65(bytes.fromhex("CBF60B0D0376010ADD7FFF"))["external_temperature"]
    27.81
    """
    if len(data) != _LHT65_BYTES:
        raise Corrupt(
            f"payload {data.hex()} has {len(data)} bytes, an LHT65 sends {_LHT65_BYTES}",
            hint="only frames of port 2 carry values: check `codec` of this line",
        )
    battery = int.from_bytes(data[:2], "big") & 0x3FFF  # the two bits above say how full it is
    fields = {"battery_voltage": battery / 1000}
    if data[2:4] != _LHT65_NONE:
        fields["temperature"] = Cell("temperature", 2, 0.01, signed=True).read(data[2:4], "big")
    fields["humidity"] = Cell("humidity", 2, 0.1).read(data[4:6], "big")
    cell = _LHT65_EXTERNAL.get(data[6] & 0x7F)
    if cell is not None and not (cell.signed and data[7:9] == _LHT65_NONE):
        fields[cell.name] = cell.read(data[7:11], "big")
    return fields


CODECS: Final[Mapping[str, Callable[[bytes], Fields]]] = {
    name: partial(milesight, heads=heads) for name, heads in _MILESIGHT_SERIES.items()
} | {"cayenne": cayenne, "elsys": elsys, "dragino-lht65": lht65}


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


def _unknown(kind: tuple[int, ...], at: int, data: bytes, name: str) -> Corrupt:
    return Corrupt(
        f"payload {data.hex()}: {bytes(kind).hex()} at byte {at} is not {name}",
        hint="the codec is bound to the device profile: check `codec` of this line",
    )
