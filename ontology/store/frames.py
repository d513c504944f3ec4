"""Messages between the server and its SQL workers over a pipe: a line of JSON and blobs, each of known length."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import IO, Any

_LENGTH = struct.Struct(">I")
MAX_HEAD = 4_000_000
MAX_BLOB = 1 << 31


def send(pipe: IO[bytes], head: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Raises OSError when nobody listens any more."""
    told = json.dumps({**head, "blobs": [len(blob) for blob in blobs]}).encode()
    pipe.write(_LENGTH.pack(len(told)))
    pipe.write(told)
    for blob in blobs:
        pipe.write(blob)
    pipe.flush()


def receive(pipe: IO[bytes], *, most: int = MAX_BLOB) -> tuple[dict[str, Any], list[bytes]]:
    """The next message. Raises EOFError when the other side is gone or says what it may not, or ValueError."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    if length > MAX_HEAD:
        raise EOFError(f"a head of {length} bytes")
    head = json.loads(_exactly(pipe, length))
    sizes = head.pop("blobs", None) if isinstance(head, dict) else None
    if not isinstance(sizes, list) or not all(
        isinstance(size, int) and size >= 0 for size in sizes
    ):
        raise EOFError("a message without the sizes of its blobs")
    if sum(sizes) > most:
        raise EOFError(f"{sum(sizes)} bytes, {most} are allowed")
    return head, [_exactly(pipe, size) for size in sizes]


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) != size:
        raise EOFError("the pipe ended")
    return found
