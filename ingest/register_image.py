"""The words of one Modbus unit side by side, and readings of them in one go: arithmetic only, no sockets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.addresses import ModbusAddress
from ingest.blocks import Block
from ingest.driver import Reading, Register
from ingest.word_order import Seen
from ingest.words import LARGEST, SMALLEST, Floats, Words, numbers
from ontology.history import Status

_SEEN_MOST: Final = 100
"""Numbers of one kind from which the byte order is judged."""


@dataclass(slots=True)
class Group:
    """Registers of one type and order: where they are in the image, and in the list of registers."""

    at: NDArray[np.intp]
    index: NDArray[np.intp]
    width: int


@dataclass(slots=True)
class RegisterImage:
    """The words of all blocks side by side, and how to make readings of them in one go."""

    registers: Sequence[Register]
    addresses: Sequence[ModbusAddress]
    blocks: list[Block]
    lesson: int
    offsets: list[int] = field(default_factory=list)
    words: Words = field(init=False)
    known: NDArray[np.bool_] = field(init=False)
    scale: Floats = field(init=False)
    offset: Floats = field(init=False)
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place: dict[ModbusAddress, int] = {}
        size = 0
        for block in self.blocks:
            self.offsets.append(size)
            place |= {member: size + member.start - block.start for member in block.members}
            size += block.count
        self.words = np.zeros(size, np.uint16)
        self.known = np.zeros(size, np.bool_)
        self.scale = np.array([register.scale for register in self.registers], np.float64)
        self.offset = np.array([register.offset for register in self.registers], np.float64)
        members: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
        for n, address in enumerate(self.addresses):
            if address in place:
                rows = members.setdefault((address.type, address.order), [])
                rows.append((place[address], n, address.count))
        for key, rows in members.items():
            at, index, widths = (np.array(column, np.intp) for column in zip(*rows, strict=True))
            self.groups[key] = Group(at, index, int(widths[0]))

    def put(self, offset: int, block: Block, came: Sequence[int]) -> None:
        """The words (or bits) of an answer; where it is short, the rest stays unknown."""
        count = min(len(came), block.count)
        self.words[offset : offset + count] = came[:count]
        self.known[offset : offset + count] = True

    def readings(self) -> list[Reading]:
        """Canonical values; what only a wrong byte order can produce is a fault and no value."""
        raw = np.full(len(self.registers), np.nan)
        for (kind, order), group in self.groups.items():
            whole = self.known[group.at] & self.known[group.at + group.width - 1]
            raw[group.index] = np.where(whole, self._numbers(kind, order, group), np.nan)
        values = raw * self.scale + self.offset
        good = np.isfinite(values)
        values[~good] = np.nan
        return [
            Reading(register.point, value, Status.GOOD if fine else Status.FAULT)
            for register, value, fine in zip(
                self.registers, values.tolist(), good.tolist(), strict=True
            )
        ]

    def _numbers(self, kind: str, order: str, group: Group) -> Floats:
        if kind == "bool":
            return self.words[group.at].astype(np.float64)
        if kind == "bits":
            fields = [self.addresses[n] for n in group.index]
            low = np.array([field.low for field in fields])
            mask = np.array([(2 << (field.high - field.low)) - 1 for field in fields])
            bits: Floats = ((self.words[group.at].astype(np.int64) >> low) & mask).astype(
                np.float64
            )
            return bits
        raw = numbers(self.words, group.at, kind, order)
        size = np.abs(raw) if kind.startswith("float") else np.abs(raw * self.scale[group.index])
        raw[((size > 0) & (size < SMALLEST)) | (size > LARGEST)] = np.nan
        return raw

    def seen(self) -> list[Seen]:
        """The words of the first registers of each kind that are wider than one word, as they came."""
        return [
            Seen(kind, order, tuple(self.words[at : at + group.width].tolist()))
            for (kind, order), group in self.groups.items()
            if group.width > 1
            for at in group.at[:_SEEN_MOST].tolist()
            if self.known[at] and self.known[at + group.width - 1]
        ]
