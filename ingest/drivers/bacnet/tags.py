"""BACnet's tagged bytes, read and written directly: the values of ASHRAE 135 clause 20.2, nothing of any service.

The object model of a full stack spends most of a poll on building values nobody looks at. What a
device says is not trusted: whatever is cut short or cannot be is Malformed.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

APPLICATION: Final = 0
CONTEXT: Final = 1
OPENING: Final = 2
CLOSING: Final = 3

NULL, BOOLEAN, UNSIGNED, INTEGER, REAL, DOUBLE, OCTETS, TEXT, BITS, ENUMERATED, DATE, TIME, OBJECT = (
    range(13)
)  # fmt: skip
"""Application tag numbers (clause 20.2.1.4)."""

_INSTANCE_BITS: Final = 22
_INSTANCE_MASK: Final = (1 << _INSTANCE_BITS) - 1
_DEPTH_MAX: Final = 16
"""Nesting of constructed values; the standard's deepest needs 7."""
_TEXT_MAX: Final = 1_000
_CHARSETS: Final = {0: "utf-8", 3: "utf-32-be", 4: "utf-16-be", 5: "latin-1"}


class Malformed(ValueError):
    """The bytes are not what the standard says they are."""


class Tag(NamedTuple):
    """One tag: `number` of its class, and its content (of an application Boolean: one byte)."""

    kind: int
    number: int
    content: bytes


def read_tag(octets: bytes, at: int) -> tuple[Tag, int]:
    """The tag at this offset and the offset after it; raises Malformed."""
    try:
        first = octets[at]
        number, length, at = first >> 4, first & 7, at + 1
        if number == 15:
            number, at = octets[at], at + 1
        if first & 8 and length > 5:
            return Tag(OPENING if length == 6 else CLOSING, number, b""), at
        kind = CONTEXT if first & 8 else APPLICATION
        if number == BOOLEAN and kind == APPLICATION:
            return Tag(APPLICATION, BOOLEAN, b"\x01" if length else b"\x00"), at
        if length == 5:
            length, at = _long_length(octets, at)
    except (IndexError, struct.error) as cause:
        raise Malformed(f"a tag is cut short at byte {at}") from cause
    end = at + length
    if end > len(octets):
        raise Malformed(f"a value of {length} bytes is cut short at byte {at}")
    return Tag(kind, number, octets[at:end]), end


def _long_length(octets: bytes, at: int) -> tuple[int, int]:
    """The length behind a 5 in the first octet (clause 20.2.1.3.1)."""
    length = octets[at]
    if length < 254:
        return length, at + 1
    if length == 254:
        return int(struct.unpack_from(">H", octets, at + 1)[0]), at + 3
    return int(struct.unpack_from(">I", octets, at + 1)[0]), at + 5


def read_tags(octets: bytes, at: int = 0) -> Iterator[Tag]:
    """All tags from this offset to the end; raises Malformed where they stop making sense."""
    while at < len(octets):
        tag, at = read_tag(octets, at)
        yield tag


class Reader:
    """Walks over tagged bytes; each step raises Malformed where the bytes are not as asked."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._octets)

    def take(self) -> Tag:
        """The next tag, whatever it is."""
        tag, self._at = read_tag(self._octets, self._at)
        return tag

    def peek(self) -> Tag:
        """The next tag, left where it is."""
        return read_tag(self._octets, self._at)[0]

    def context(self, number: int) -> bytes:
        """The content of the context tag with this number."""
        tag = self.take()
        if tag.kind != CONTEXT or tag.number != number:
            raise Malformed(f"context tag {number} expected, {tag} found")
        return tag.content

    def optional(self, number: int) -> bytes | None:
        """The content of this context tag where it comes next, else None."""
        if not self.more:
            return None
        tag, after = read_tag(self._octets, self._at)
        if tag.kind != CONTEXT or tag.number != number:
            return None
        self._at = after
        return tag.content

    def opens(self, number: int) -> bool:
        """Whether this opening tag comes next; then it is taken."""
        if not self.more:
            return False
        tag, after = read_tag(self._octets, self._at)
        if tag.kind != OPENING or tag.number != number:
            return False
        self._at = after
        return True

    def closes(self, number: int) -> bool:
        """Whether this closing tag comes next; then it is taken."""
        if not self.more:
            raise Malformed(f"closing tag {number} expected at the end")
        tag, after = read_tag(self._octets, self._at)
        if tag.kind != CLOSING or tag.number != number:
            return False
        self._at = after
        return True

    def open(self, number: int) -> None:
        """Take this opening tag."""
        if not self.opens(number):
            raise Malformed(f"opening tag {number} expected")

    def between(self, number: int) -> bytes:
        """The octets up to the closing tag of an opening tag already taken."""
        begin = self._at
        self.inside(number)
        return self._octets[begin : self._at - (1 if number < 15 else 2)]

    def inside(self, number: int) -> list[Tag]:
        """Every tag up to the closing tag of an opening tag already taken, inner brackets included."""
        found: list[Tag] = []
        depth = 0
        while True:
            tag = self.take()
            if tag.kind == CLOSING:
                if depth == 0:
                    if tag.number != number:
                        raise Malformed(f"closing tag {number} expected, {tag.number} found")
                    return found
                depth -= 1
            elif tag.kind == OPENING:
                depth += 1
                if depth > _DEPTH_MAX:
                    raise Malformed(f"brackets nest deeper than {_DEPTH_MAX}")
            found.append(tag)


def unsigned(content: bytes) -> int:
    """An Unsigned or an Enumerated."""
    if not 1 <= len(content) <= 8:
        raise Malformed(f"a number of {len(content)} bytes")
    return int.from_bytes(content, "big")


def object_id(content: bytes) -> tuple[int, int]:
    """(type, instance) of an object identifier."""
    if len(content) != 4:
        raise Malformed(f"an object identifier of {len(content)} bytes")
    both = int.from_bytes(content, "big")
    return both >> _INSTANCE_BITS, both & _INSTANCE_MASK


def number(tag: Tag) -> float:
    """The number in an application tag; NaN for Null and for anything that is no number."""
    content = tag.content
    if tag.kind != APPLICATION:
        return math.nan
    match tag.number:
        case 4 if len(content) == 4:  # REAL
            return float(struct.unpack(">f", content)[0])
        case 9 | 2 | 1 if content:  # ENUMERATED, UNSIGNED, BOOLEAN
            return float(int.from_bytes(content, "big"))
        case 3 if content:  # INTEGER
            return float(int.from_bytes(content, "big", signed=True))
        case 5 if len(content) == 8:  # DOUBLE
            return float(struct.unpack(">d", content)[0])
    return math.nan


def text(tag: Tag) -> str:
    """The characters of a CharacterString, controls left out and at most 1,000; "" for anything else."""
    if tag.kind != APPLICATION or tag.number != TEXT or not tag.content:
        return ""
    charset = _CHARSETS.get(tag.content[0], "latin-1")
    said = tag.content[1 : 1 + 4 * _TEXT_MAX].decode(charset, errors="replace")
    return "".join(c for c in said if c.isprintable())[:_TEXT_MAX].strip()


def header(number: int, kind: int, length: int) -> bytes:
    """The octets before a value of this length."""
    first = (kind == CONTEXT) << 3
    first |= min(5, length)
    head = bytes([number << 4 | first]) if number < 15 else bytes([0xF0 | first, number])
    if length < 5:
        return head
    if length < 254:
        return head + bytes([length])
    if length < 65_536:
        return head + b"\xfe" + length.to_bytes(2, "big")
    return head + b"\xff" + length.to_bytes(4, "big")


def opening(number: int) -> bytes:
    """An opening tag."""
    return bytes([number << 4 | 0x0E]) if number < 15 else bytes([0xFE, number])


def closing(number: int) -> bytes:
    """A closing tag."""
    return bytes([number << 4 | 0x0F]) if number < 15 else bytes([0xFF, number])


def octets_of(value: int) -> bytes:
    """An Unsigned in as few octets as it takes."""
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def context_unsigned(number: int, value: int) -> bytes:
    """A context tag with an Unsigned or Enumerated."""
    content = octets_of(value)
    return header(number, CONTEXT, len(content)) + content


def context_object(number: int, kind: int, instance: int) -> bytes:
    """A context tag with an object identifier."""
    return header(number, CONTEXT, 4) + (kind << _INSTANCE_BITS | instance).to_bytes(4, "big")


def application(number: int, content: bytes = b"") -> bytes:
    """An application tag with this content."""
    return header(number, APPLICATION, len(content)) + content


def real(value: float) -> bytes:
    """An application Real; what no float32 can hold becomes infinite."""
    try:
        return b"\x44" + struct.pack(">f", value)
    except OverflowError:
        return b"\x44" + struct.pack(">f", math.copysign(math.inf, value))


def whole(value: int) -> bytes:
    """An application Unsigned."""
    return application(UNSIGNED, octets_of(value))


def enumerated(value: int) -> bytes:
    """An application Enumerated."""
    return application(ENUMERATED, octets_of(value))


def signed(value: int) -> bytes:
    """An application Integer in as few octets as it takes."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return application(INTEGER, value.to_bytes(size, "big", signed=True))


def boolean(value: bool) -> bytes:
    """An application Boolean, whose value is in its tag."""
    return b"\x11" if value else b"\x10"


def characters(value: str) -> bytes:
    """An application CharacterString in UTF-8."""
    return application(TEXT, b"\x00" + value.encode("utf-8"))


def bits(values: list[bool]) -> bytes:
    """An application BitString."""
    return application(BITS, bit_octets(values))


def bit_octets(values: list[bool]) -> bytes:
    """The content of a BitString: how many bits of the last octet are unused, then the bits."""
    unused = -len(values) % 8
    filled = 0
    for value in values:
        filled = filled << 1 | value
    return bytes([unused]) + (filled << unused).to_bytes((len(values) + unused) // 8, "big")


def identifier(kind: int, instance: int) -> bytes:
    """An application object identifier."""
    return application(OBJECT, (kind << _INSTANCE_BITS | instance).to_bytes(4, "big"))
