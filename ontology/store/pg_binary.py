"""Samples in the binary words of PostgreSQL's COPY: numpy columns in, numpy columns out, no row in between.

Format: https://www.postgresql.org/docs/15/sql-copy.html ("Binary Format"). Times are timestamptz:
microseconds from 2000-01-01; ours are unix seconds.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ontology.errors import Corrupt
from ontology.store.columns import Columns

_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_EPOCH_S: Final = 946_684_800
"""PostgreSQL counts from 2000-01-01."""
_SECOND: Final = 1_000_000

_ROW: Final = np.dtype(
    [("fields", ">i2"), ("l0", ">i4"), ("point", ">i4"), ("l1", ">i4"), ("ts", ">i8"),
     ("l2", ">i4"), ("value", ">f8"), ("l3", ">i4"), ("status", ">i2")]
)  # fmt: skip

INT4, INT2, FLOAT8, TIMESTAMPTZ = ">i4", ">i2", ">f8", ">M8[us]"
"""Kinds of array elements, as numpy names what is on the wire."""


def rows(columns: Columns) -> bytes:
    """What `COPY table (point, ts, value, status) FROM STDIN (FORMAT binary)` takes."""
    table = np.empty(len(columns), _ROW)
    table["fields"] = 4
    table["l0"], table["l1"], table["l2"], table["l3"] = 4, 8, 8, 2
    table["point"] = columns.point
    table["ts"] = (columns.ts - _EPOCH_S) * _SECOND
    table["value"] = columns.value
    table["status"] = columns.status
    return b"".join((_HEAD, table.tobytes(), _TAIL))


def arrays(copied: bytes, kinds: Sequence[str]) -> list[NDArray[np.generic]]:
    """The arrays of the one row that `COPY (SELECT array_agg(..), ..) TO STDOUT (FORMAT binary)` gave.

    No element may be NULL; an array that is NULL itself is empty. Times come as unix seconds.
    """
    try:
        (fields,) = struct.unpack_from(">h", copied, len(_HEAD))
        if not copied.startswith(_HEAD[:11]) or fields != len(kinds):
            raise _garbled(f"{fields} columns, {len(kinds)} asked")
        at = len(_HEAD) + 2
        found = []
        for kind in kinds:
            (length,) = struct.unpack_from(">i", copied, at)
            found.append(_array(copied, at + 4, length, kind))
            at += 4 + max(length, 0)
    except struct.error as cause:
        raise _garbled("the answer is cut short") from cause
    return found


def _array(copied: bytes, at: int, length: int, kind: str) -> NDArray[np.generic]:
    dtype = np.dtype(">i8" if kind == TIMESTAMPTZ else kind)
    dims = struct.unpack_from(">i", copied, at)[0] if length >= 0 else 0
    if dims == 0:
        return np.empty(0, _native(kind))
    _, nulls, _, count, _ = struct.unpack_from(">iiiii", copied, at)
    element = np.dtype([("length", ">i4"), ("it", dtype)])
    if nulls or length != 20 + count * element.itemsize:
        raise _garbled(f"an array of {count} elements in {length} bytes")
    values = np.frombuffer(copied, element, count, at + 20)["it"]
    if kind == TIMESTAMPTZ:
        return values.astype(np.int64) // _SECOND + _EPOCH_S
    return values.astype(_native(kind))


def _native(kind: str) -> np.dtype[np.generic]:
    return np.dtype(np.int64) if kind == TIMESTAMPTZ else np.dtype(kind).newbyteorder("=")


def _garbled(what: str) -> Corrupt:
    return Corrupt(
        f"PostgreSQL's answer cannot be read: {what}",
        hint="is something between Plantroom and the database that changes what passes?",
    )
