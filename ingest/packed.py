"""Samples as bytes on disk, and several batches as one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from ontology.errors import Corrupt
from ontology.history import Samples
from ontology.kinds import Ref

_ROW_BYTES: Final = 21
"""index 4, ts 8, value 8, status 1."""


def pack(samples: Samples) -> bytes:
    """Ids as JSON, columns as little-endian bytes, the whole compressed lightly."""
    head = json.dumps([point.id for point in samples.points]).encode()
    columns = [
        samples.index.astype("<i4").tobytes(),
        samples.ts.astype("<i8").tobytes(),
        samples.value.astype("<f8").tobytes(),
        samples.status.astype("u1").tobytes(),
    ]
    return zlib.compress(b"".join([len(head).to_bytes(4, "little"), head, *columns]), 1)


def unpack(body: bytes) -> Samples:
    """What `pack` was given. Raises Corrupt."""
    try:
        data = zlib.decompress(body)
        start = 4 + int.from_bytes(data[:4], "little")
        points = tuple(Ref(id) for id in json.loads(data[4:start]))
        count, rest = divmod(len(data) - start, _ROW_BYTES)
        if rest:
            raise Corrupt("a batch of the outbox has a torn end", hint="check the disk")
        ends = [start + count * width for width in (0, 4, 12, 20)]
        return Samples(
            points=points,
            index=np.frombuffer(data, "<i4", count, ends[0]).astype(np.int32),
            ts=np.frombuffer(data, "<i8", count, ends[1]).astype(np.int64),
            value=np.frombuffer(data, "<f8", count, ends[2]).astype(np.float64),
            status=np.frombuffer(data, "u1", count, ends[3]).astype(np.uint8),
        )
    except (zlib.error, ValueError) as cause:
        raise Corrupt("a batch of the outbox cannot be read", hint="check the disk") from cause


def merged(batches: Sequence[Samples]) -> Samples:
    """Several batches as one, in the order they were put."""
    if len(batches) == 1:
        return batches[0]
    places: dict[Ref, int] = {}
    known: dict[int, np.ndarray[tuple[int], np.dtype[np.int32]]] = {}
    indexes = []
    for batch in batches:
        key = id(batch.points)  # batches of one line share their tuple of points
        if key not in known:
            own = [places.setdefault(point, len(places)) for point in batch.points]
            known[key] = np.array(own, dtype=np.int32)
        indexes.append(known[key][batch.index])
    return Samples(
        points=tuple(places),
        index=np.concatenate(indexes),
        ts=np.concatenate([batch.ts for batch in batches]),
        value=np.concatenate([batch.value for batch in batches]),
        status=np.concatenate([batch.status for batch in batches]),
    )


def rows_of(samples: Samples, keep: np.ndarray[tuple[int], np.dtype[np.bool_]] | slice) -> Samples:
    """Some rows, with only the points they speak of."""
    index = samples.index[keep]
    used, own = np.unique(index, return_inverse=True)
    return Samples(
        points=tuple(samples.points[place] for place in used),
        index=own.astype(np.int32),
        ts=samples.ts[keep],
        value=samples.value[keep],
        status=samples.status[keep],
    )
