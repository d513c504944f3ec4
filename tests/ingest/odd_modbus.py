"""A gateway with Modbus units written by hand, so that they can misbehave as real ones do."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_READS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


@dataclass
class OddUnit:
    """One unit: registers it has, most it gives at once, and how it misbehaves."""

    words: dict[int, int] = field(default_factory=dict)
    most: int = 125
    functions: frozenset[int] = frozenset(range(1, 23))
    refuses: int = 0
    """This exception to everything."""
    short: bool = False
    more: int = 0
    """Words it adds to every answer."""
    silent: bool = False
    late_s: float = 0.0
    texts: tuple[bytes, ...] = ()
    """What it tells of itself by function 43/14."""
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    def answer(self, pdu: bytes) -> bytes:
        if pdu[0] == 43:
            return self._identify()
        function, start, count = struct.unpack(">BHH", pdu[:5])
        self.asked.append((function, start, count))
        if self.refuses:
            return bytes([function | 0x80, self.refuses])
        if function not in self.functions:
            return bytes([function | 0x80, 1])
        if function in (3, 4):
            return self._read(function, start, count)
        return self._write(function, start, count, pdu)

    def _identify(self) -> bytes:
        if not self.texts:
            return bytes([0xAB, 1])
        objects = [bytes([n, len(text)]) + text for n, text in enumerate(self.texts)]
        return bytes([43, 14, 1, 1, 0, 0, len(objects)]) + b"".join(objects)

    def _read(self, function: int, start: int, count: int) -> bytes:
        if count > self.most:
            return bytes([function | 0x80, 3])
        wanted = range(start, start + count)
        if any(at not in self.words for at in wanted):
            return bytes([function | 0x80, 2])
        words = [self.words[at] for at in wanted][: count - 1 if self.short else count]
        words += [0x4120] * self.more
        return bytes([function, 2 * len(words)]) + struct.pack(f">{len(words)}H", *words)

    def _write(self, function: int, start: int, count: int, pdu: bytes) -> bytes:
        if function == 16:
            self.words |= dict(enumerate(struct.unpack(f">{count}H", pdu[6:]), start))
        elif function == 6:
            self.words[start] = count
        elif function == 22:
            (put,) = struct.unpack(">H", pdu[5:7])
            self.words[start] = (self.words[start] & count) | (put & ~count & 0xFFFF)
            return pdu
        return pdu[:5]


@dataclass
class OddGateway:
    """TCP or RTU framing on one port; counts connections, and at most one request is under way at a time."""

    units: dict[int, OddUnit]
    port: int
    rtu: bool = False
    connections: int = 0
    together: int = 0
    most_together: int = 0
    times: list[float] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.sleep(0)  # a connection is closed by the loop, not by its writer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self.connections += 1
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        with contextlib.suppress(
            asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError
        ):
            while True:
                head, unit, pdu = await self._request(reader)
                self.times.append(asyncio.get_running_loop().time())
                odd = self.units.get(unit)
                if odd is None or odd.silent:
                    continue
                await asyncio.sleep(odd.late_s)
                writer.write(self._framed(head, unit, odd.answer(pdu)))
        self.together -= 1
        writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> tuple[bytes, int, bytes]:
        if not self.rtu:
            head = await reader.readexactly(7)
            return head[:4], head[6], await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
        start = await reader.readexactly(2)
        start += await reader.readexactly(3 if start[1] == 43 else 4)
        rest = b""
        if start[1] in (15, 16):
            rest = await reader.readexactly(1)
            rest += await reader.readexactly(rest[0])
        elif start[1] == 22:
            rest = await reader.readexactly(2)
        sent = await reader.readexactly(2)
        assert sent == crc(start + rest), "a frame with a wrong checksum"
        return b"", start[0], start[1:] + rest

    def _framed(self, head: bytes, unit: int, pdu: bytes) -> bytes:
        if not self.rtu:
            return head + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu
        frame = bytes([unit]) + pdu
        return frame + crc(frame)


def crc(frame: bytes) -> bytes:
    """The checksum of Modbus over serial line 1.02, 6.2.2, bit by bit."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")
