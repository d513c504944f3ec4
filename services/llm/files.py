"""Files that came from elsewhere, read bounded: a JSON object, and what the header of a safetensors file lists."""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ontology.errors import BadRequest, NotFound

MOST_JSON: Final = 64_000_000
"""Bytes. Indexes of expert models list each expert's weights: some megabytes."""
MOST_HEADER: Final = 100_000_000
"""Bytes: the limit of the safetensors format itself."""
_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
"""Of the format's types (safetensors/src/tensor.rs); a newer one is not measured."""
SOURCE: Final = "fetch it from where the weights came"
AGAIN: Final = "fetch it again, and compare it with its published checksum (plantroom llm preflight --checksums FILE)"  # fmt: skip


def json_object(file: Path, *, most: int = MOST_JSON, hint: str = SOURCE) -> dict[str, Any]:
    """The object in a file of at most `most` bytes. Raises NotFound or BadRequest; `hint`: where a right one comes from."""
    try:
        refuse_pipe(file)
        with file.open("rb") as opened:
            raw = opened.read(most + 1)
        if len(raw) > most:
            raise BadRequest(f"{file} is larger than {most:,} bytes", hint=hint)
        found = json.loads(raw)
    except OSError as cause:
        raise NotFound(f"{file}: {cause.strerror}", hint=hint) from cause
    except (ValueError, RecursionError) as cause:
        raise BadRequest(f"{file} is not JSON", hint=hint) from cause
    if not isinstance(found, dict):
        raise BadRequest(f"{file} is no JSON object", hint=hint)
    return found


def json_line(line: str) -> dict[str, Any]:
    """The object in a line of a file that grows; {} where there is none, as in a line that a kill cut off."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def tensors(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """Name to `dtype`, `shape` and `data_offsets` of a safetensors file as long as its header says.

    Raises NotFound, or BadRequest for one that was cut off, has another form, or whose tensors do not lie one behind the other.
    """
    try:
        refuse_pipe(file)
        length = file.stat().st_size
        with file.open("rb") as opened:
            count = int.from_bytes(opened.read(8), "little")
            if not 2 <= count <= min(MOST_HEADER, length - 8):
                raise BadRequest(f"{file.name} is {length:,} bytes and no safetensors file, or cut within its header", hint=AGAIN)  # fmt: skip
            header = json.loads(opened.read(count))
        listed = {name: one for name, one in header.items() if name != "__metadata__"}
        end = 8 + count + _last_byte(listed, file.name)
    except OSError as cause:
        raise NotFound(f"{file.name} is missing ({cause.strerror})", hint=SOURCE) from cause  # fmt: skip
    except (ValueError, RecursionError) as cause:
        raise BadRequest(f"{file.name}: its header is not JSON", hint=AGAIN) from cause
    except (AttributeError, LookupError, TypeError) as cause:
        raise BadRequest(f"{file.name}: its header has another form", hint=AGAIN) from cause
    if length != end:
        raise BadRequest(f"{file.name} is {length:,} bytes and its header says {end:,}: {'truncated' if length < end else 'too long'}", hint=AGAIN)  # fmt: skip
    return listed


def refuse_pipe(file: Path) -> None:
    """Raises BadRequest for a pipe, a device or a socket, from which reading might never end. Raises OSError."""
    mode = file.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise BadRequest(f"{file.name} is a pipe or a device and no file", hint=SOURCE)


def _last_byte(listed: Mapping[str, Mapping[str, Any]], name: str) -> int:
    """Where the last tensor ends, the first beginning at 0. Raises BadRequest as the safetensors library does: for gaps,
    overlaps, and bytes that are not the product of shape and dtype; TypeError and LookupError for another form."""
    spans = []
    for tensor, one in listed.items():
        (begin, end), shape = one["data_offsets"], one["shape"]
        if not all(type(number) is int and number >= 0 for number in (begin, end, *shape)):
            raise TypeError
        bits = _BITS.get(one["dtype"])
        if bits is not None and (end - begin) * 8 != bits * math.prod(shape):
            raise BadRequest(f"{name}: {tensor[:80]!r} has {end - begin:,} bytes, and its shape and dtype ask for {bits * math.prod(shape) // 8:,}", hint=AGAIN)  # fmt: skip
        spans.append((begin, end))
    at = 0
    for begin, end in sorted(spans):
        if begin != at or end < begin:
            raise BadRequest(f"{name}: its tensors overlap or leave gaps at byte {at:,}", hint=AGAIN)  # fmt: skip
        at = end
    return at
