"""Files that came from elsewhere, read bounded: a JSON object, and what the header of a safetensors file lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ontology.errors import BadRequest, NotFound

MOST_JSON: Final = 64_000_000
"""Bytes. Indexes of expert models list each expert's weights: some megabytes."""
MOST_HEADER: Final = 100_000_000
"""Bytes: the limit of the safetensors format itself."""
SOURCE: Final = "fetch it from where the weights came"
AGAIN: Final = "fetch it again, and compare it with its published checksum (plantroom llm preflight --checksums FILE)"  # fmt: skip


def json_object(file: Path, *, most: int = MOST_JSON, hint: str = SOURCE) -> dict[str, Any]:
    """The object in a file of at most `most` bytes. Raises NotFound or BadRequest; `hint`: where a right one comes from."""
    try:
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


def tensors(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """Name to `dtype`, `shape` and `data_offsets` of a safetensors file as long as its header says.

    Raises NotFound, or BadRequest for one that was cut off or has another form.
    """
    try:
        length = file.stat().st_size
        with file.open("rb") as opened:
            count = int.from_bytes(opened.read(8), "little")
            if not 2 <= count <= min(MOST_HEADER, length - 8):
                raise BadRequest(f"{file.name} is {length:,} bytes and no safetensors file, or cut within its header", hint=AGAIN)  # fmt: skip
            header = json.loads(opened.read(count))
        listed = {name: one for name, one in header.items() if name != "__metadata__"}
        end = 8 + count + int(max((one["data_offsets"][1] for one in listed.values()), default=0))
    except OSError as cause:
        raise NotFound(f"{file.name} is missing ({cause.strerror})", hint=SOURCE) from cause  # fmt: skip
    except (ValueError, RecursionError) as cause:
        raise BadRequest(f"{file.name}: its header is not JSON", hint=AGAIN) from cause
    except (AttributeError, LookupError, TypeError) as cause:
        raise BadRequest(f"{file.name}: its header has another form", hint=AGAIN) from cause
    if length != end:
        raise BadRequest(f"{file.name} is {length:,} bytes and its header says {end:,}: {'truncated' if length < end else 'too long'}", hint=AGAIN)  # fmt: skip
    return listed
