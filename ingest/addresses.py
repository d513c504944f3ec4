"""The grammar of register addresses, protocol by protocol: text in lines.toml to a checked value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ontology.errors import BadRequest
from ontology.units import kinds_of_unit, symbol

BACNET_TYPES: Final[Mapping[str, int]] = {
    # object type -> its number (ASHRAE 135, clause 21, BACnetObjectType)
    "analog-input": 0, "analog-output": 1, "analog-value": 2,
    "binary-input": 3, "binary-output": 4, "binary-value": 5,
    "multi-state-input": 13, "multi-state-output": 14, "multi-state-value": 19,
}  # fmt: skip
BACNET_INSTANCE_MAX: Final = 4_194_302
"""22 bits of instance; 4194303 means "any device" (ASHRAE 135, clause 12.11)."""

MODBUS_TABLES: Final = ("coil", "discrete", "holding", "input")
MODBUS_TYPES: Final[Mapping[str, int]] = {
    # type -> registers it takes
    "bool": 1, "bits": 1, "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2,
    "int64": 4, "uint64": 4, "float64": 4,
}  # fmt: skip
MODBUS_ORDERS: Final = ("ABCD", "CDAB", "BADC", "DCBA")
"""Order of the four bytes on the wire, A the most significant.

Of eight bytes: ABCD most significant word first, CDAB least significant word first, BADC and DCBA the
same with the two bytes of each word swapped.
"""


@dataclass(frozen=True, slots=True)
class BacnetAddress:
    """An object of a BACnet device, such as "analog-input,3"."""

    type: str
    instance: int

    @property
    def commandable(self) -> bool | None:
        """Outputs always have a priority array, inputs never; of values only the device knows (None)."""
        return {"output": True, "input": False}.get(self.type.rpartition("-")[2])

    def clashes(self, other: BacnetAddress) -> bool:
        return self == other


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """Registers of a Modbus unit, such as "input:100:float32:ABCD"; addresses count from zero.

    Of type "bits" it is the field `low` to `high` of one register, bit 0 the least significant.
    """

    table: str
    start: int
    type: str
    order: str = "ABCD"
    low: int = 0
    high: int = 15

    @property
    def count(self) -> int:
        """How many registers (or bits) it takes."""
        return MODBUS_TYPES[self.type]

    @property
    def end(self) -> int:
        return self.start + self.count

    @property
    def first_bit(self) -> int:
        """Where it begins in its table, counted in bits of registers."""
        return self.start * 16 + self.low

    @property
    def last_bit(self) -> int:
        """The bit after its last."""
        return (self.end - 1) * 16 + self.high + 1

    def clashes(self, other: ModbusAddress) -> bool:
        """Whether both take a register, or a bit of one, in common."""
        return (
            self.table == other.table
            and self.first_bit < other.last_bit
            and other.first_bit < self.last_bit
        )


@dataclass(frozen=True, slots=True)
class FieldAddress:
    """A value of a decoded LoRaWAN payload, such as "co2" or "temperature:3" (Cayenne channel 3)."""

    field: str

    def clashes(self, other: FieldAddress) -> bool:
        return self == other


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """A point of a Haystack server by its id there; `unit`: what its numbers are brought to, "" as they come."""

    id: str
    unit: str = ""

    def clashes(self, other: RemoteAddress) -> bool:
        return self.id == other.id


Address = BacnetAddress | ModbusAddress | FieldAddress | RemoteAddress


def bacnet_address(text: str) -> BacnetAddress:
    """From "analog-input,3"; raises BadRequest.

    >>> bacnet_address("analog-output,12")
    BacnetAddress(type='analog-output', instance=12)
    """
    kind, comma, number = (part.strip() for part in text.partition(","))
    if not comma or kind not in BACNET_TYPES or not number.isdecimal():
        raise BadRequest(
            f"not a BACnet object: {text!r}",
            hint=f'write "type,instance", such as "analog-input,3"; types: {", ".join(BACNET_TYPES)}',
        )
    instance = int(number)
    if instance > BACNET_INSTANCE_MAX:
        raise BadRequest(
            f"BACnet instance {instance} is out of range", hint=f"use 0 to {BACNET_INSTANCE_MAX}"
        )
    return BacnetAddress(kind, instance)


@dataclass(frozen=True, slots=True)
class TrendAddress:
    """A trend log of a BACnet device, and which of its columns (0: it has only one)."""

    type: str
    instance: int
    column: int = 0


_TREND = re.compile(r"(trend-log),(\d{1,7})|(trend-log-multiple),(\d{1,7}),([1-9]\d{0,2})")


def trend_address(text: str) -> TrendAddress:
    """From "trend-log,3" or "trend-log-multiple,5,2" (its second column); raises BadRequest.

    >>> trend_address("trend-log-multiple,5,2")
    TrendAddress(type='trend-log-multiple', instance=5, column=2)
    """
    found = _TREND.fullmatch(text.strip())
    instance = int(found[2] or found[4]) if found else BACNET_INSTANCE_MAX + 1
    if not found or instance > BACNET_INSTANCE_MAX:
        raise BadRequest(
            f"not a BACnet trend log: {text!r}",
            hint='write "trend-log,instance" or "trend-log-multiple,instance,column"',
        )
    return TrendAddress(found[1] or found[3], instance, int(found[5] or 0))


def modbus_address(text: str) -> ModbusAddress:
    """From "table:start[:type[:order]]", "table:start:bit:n" or "table:start:bits:low-high"; raises BadRequest.

    >>> modbus_address("holding:40:uint32:CDAB").end
    42
    >>> modbus_address("holding:10:bits:4-7").high
    7
    >>> modbus_address("coil:7").type
    'bool'
    """
    table, _, rest = text.strip().partition(":")
    start, _, rest = rest.partition(":")
    bits = table in ("coil", "discrete")
    kind, _, order = (rest or ("bool" if bits else "uint16")).partition(":")
    low, high = 0, 15
    if kind in ("bit", "bits") and not bits:
        low, high = _bit_field(text, kind, order)
        kind, order = "bits", ""
    order = order or "ABCD"
    _require(text, table in MODBUS_TABLES, f"the table is one of {', '.join(MODBUS_TABLES)}")
    _require(text, start.isdecimal(), "the address is a whole number from 0")
    _require(text, kind in MODBUS_TYPES, f"the type is one of {', '.join(MODBUS_TYPES)}")
    _require(text, bits == (kind == "bool"), "bool belongs to coil and discrete, numbers elsewhere")
    _require(text, order in MODBUS_ORDERS, f"the word order is one of {', '.join(MODBUS_ORDERS)}")
    address = ModbusAddress(table, int(start), kind, order, low, high)
    _require(text, address.end <= 65_536, "addresses end at 65535")
    return address


def _bit_field(text: str, kind: str, field: str) -> tuple[int, int]:
    """The lowest and highest bit of "bit:3" or "bits:4-7"."""
    low, dash, high = field.partition("-")
    high = high if dash else low
    numbers = low.isdecimal() and high.isdecimal() and (kind == "bits") == bool(dash)
    fits = numbers and int(low) <= int(high) <= 15
    _require(text, fits, 'bits are 0 to 15, 0 the least significant: "bit:3" or "bits:4-7"')
    return int(low), int(high)


def _require(text: str, holds: bool, hint: str) -> None:
    if not holds:
        raise BadRequest(
            f"not a Modbus register: {text!r}", hint=f'{hint}; e.g. "input:100:float32:ABCD"'
        )


_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}(:\d{1,3})?")


def field_address(text: str) -> FieldAddress:
    """From "co2" or "temperature:3"; raises BadRequest."""
    if not _FIELD.fullmatch(text.strip()):
        raise BadRequest(
            f"not a payload field: {text!r}", hint='use the codec\'s names, such as "co2"'
        )
    return FieldAddress(text.strip())


_REMOTE = re.compile(r"@?([a-zA-Z0-9_:\-.~]{1,200})(?:\s+(\S{1,30}))?")


def remote_address(text: str) -> RemoteAddress:
    """From "@p:tower:r:2a-17" or "@p:tower:r:2a-17 °C"; raises BadRequest.

    >>> remote_address("@ahu-1.sat degF")
    RemoteAddress(id='ahu-1.sat', unit='°F')
    """
    found = _REMOTE.fullmatch(text.strip())
    if found is None or (found[2] and not kinds_of_unit(found[2])):
        raise BadRequest(
            f"not a point of a Haystack server: {text!r:.100}",
            hint='write its id there, and the unit wanted: "@p:tower:r:2a-17 °C"',
        )
    return RemoteAddress(found[1], symbol(found[2]) if found[2] else "")


def remote_log(text: str) -> str:
    """The history of a point of a Haystack server has no address of its own: "his"; raises BadRequest."""
    if text.strip() != "his":
        raise BadRequest(f"not a Haystack history: {text!r:.60}", hint='write log = "his"')
    return "his"


ADDRESS: Final[Mapping[str, Callable[[str], Address]]] = {
    "bacnet": bacnet_address,
    "modbus": modbus_address,
    "lorawan": field_address,
    "haystack": remote_address,
}


LOG: Final[Mapping[str, Callable[[str], object]]] = {
    "bacnet": trend_address, "haystack": remote_log,
}  # fmt: skip
"""Protocols whose devices keep logs of their own -> how such a log is written."""


def clash(one: Address, other: Address) -> bool:
    """Whether two addresses of the same line read the same thing."""
    match one, other:
        case BacnetAddress(), BacnetAddress():
            return one.clashes(other)
        case ModbusAddress(), ModbusAddress():
            return one.clashes(other)
        case FieldAddress(), FieldAddress():
            return one.clashes(other)
        case RemoteAddress(), RemoteAddress():
            return one.clashes(other)
    return False
