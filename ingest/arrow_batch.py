"""A batch of samples on the wire: Arrow IPC inside gzip, checked before it is believed.

Columns: point (dictionary of text), ts (whole seconds since 1970, UTC), value (float64), status (uint8).
"""

from __future__ import annotations

import gzip
import zlib
from typing import Final

import numpy as np
import pyarrow as pa
from pyarrow import ipc

from ontology.errors import BadRequest
from ontology.history import Samples
from ontology.kinds import Ref

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
MOST_ROWS: Final = 50_000
"""Rows of one batch: a second of a very large site."""
MOST_BYTES: Final = 16 * 2**20
"""Unpacked: 50,000 rows of 50,000 long names take less."""
_SCHEMA: Final = pa.schema(
    [
        ("point", pa.dictionary(pa.int32(), pa.string())),
        ("ts", pa.int64()),
        ("value", pa.float64()),
        ("status", pa.uint8()),
    ]
)
_ID_CHARS: Final = 256
"""Of a point's id, as in the JSON form."""
_WHOLE_FILE: Final = 16 + zlib.MAX_WBITS
"""zlib's way to say: with gzip's header and checksum."""
_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2
"""Kinds of a message (Arrow columnar format, Message.fbs: union MessageHeader)."""


def encode(samples: Samples) -> bytes:
    """The batch as a compressed Arrow stream."""
    ids = pa.array([point.id for point in samples.points], pa.string())
    point = pa.DictionaryArray.from_arrays(pa.array(samples.index, pa.int32()), ids)
    columns = [point, pa.array(samples.ts), pa.array(samples.value), pa.array(samples.status)]
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, _SCHEMA) as writer:
        writer.write_batch(pa.record_batch(columns, schema=_SCHEMA))
    return gzip.compress(sink.getvalue().to_pybytes(), compresslevel=1, mtime=0)


def decode(body: bytes, *, packed: bool) -> Samples:
    """What `encode` was given; `packed`: still inside gzip. Raises BadRequest, whatever it is given."""
    data = _unzipped(body) if packed else body
    if len(data) > MOST_BYTES:
        raise BadRequest(f"a batch over {MOST_BYTES} bytes", hint="send smaller batches")
    try:
        _require_plain(data)
        table = ipc.open_stream(data).read_all()
        table.validate(full=True)
        return _samples(table)
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError) as cause:
        raise BadRequest(
            f"not a batch of samples: {str(cause).splitlines()[0] if str(cause) else 'damaged'}"[
                :300
            ],
            hint="an Arrow stream of point, ts (seconds), value, status; see docs/how-to/edge-box.md",
        ) from cause


def _unzipped(body: bytes) -> bytes:
    """Never more than MOST_BYTES come out, whatever was promised."""
    unzip = zlib.decompressobj(_WHOLE_FILE)
    try:
        data = unzip.decompress(body, MOST_BYTES + 1)
    except zlib.error as cause:
        raise BadRequest(f"the gzip body is damaged: {cause}", hint="send it again") from cause
    if len(data) <= MOST_BYTES and not unzip.eof:
        raise BadRequest("the gzip body ends too early", hint="send it again")
    return data


def _require_plain(data: bytes) -> None:
    """Refuse buffers that Arrow itself would unpack: they could grow without bound."""
    reader = ipc.MessageReader.open_stream(data)
    while True:
        try:
            message = reader.read_next_message()
        except StopIteration:
            return
        if message.type in ("record batch", "dictionary"):
            meta = message.metadata.to_pybytes()
            if _compressed(meta):
                raise BadRequest(
                    "the Arrow buffers are compressed",
                    hint="compress the whole body with gzip instead",
                )


def _compressed(meta: bytes) -> bool:
    """Whether a message's flatbuffer names a compression (Message.fbs: RecordBatch.compression is field 3)."""
    message = _number(meta, 0, 4)
    kind = _field(meta, message, 1)
    header = _field(meta, message, 2)
    if kind is None or header is None:
        return False
    table = header + _number(meta, header, 4)
    if meta[kind] == _DICTIONARY_BATCH:  # DictionaryBatch.data is field 1
        inner = _field(meta, table, 1)
        if inner is None:
            return False
        table = inner + _number(meta, inner, 4)
    return _field(meta, table, 3) is not None


def _field(meta: bytes, table: int, number: int) -> int | None:
    """Where a field of a flatbuffer table is; None where it is absent."""
    vtable = table - int.from_bytes(meta[table : table + 4], "little", signed=True)
    slot = 4 + 2 * number
    if slot >= _number(meta, vtable, 2):
        return None
    offset = _number(meta, vtable + slot, 2)
    return table + offset if offset else None


def _number(meta: bytes, at: int, width: int) -> int:
    if not 0 <= at <= len(meta) - width:
        raise BadRequest("the Arrow message is damaged", hint="send it again")
    return int.from_bytes(meta[at : at + width], "little")


def _samples(table: pa.Table) -> Samples:
    if table.num_rows > MOST_ROWS:
        raise BadRequest(f"{table.num_rows} rows at once", hint=f"send at most {MOST_ROWS}")
    table = table.select(["point", "ts", "value", "status"]).combine_chunks()
    named = table.column("point").cast(pa.string())  # a dictionary may hide a null
    if any(column.null_count for column in (named, table.column("ts"), table.column("status"))):
        raise BadRequest("rows without point, time or status", hint="only a value may be null")
    points = named.dictionary_encode().combine_chunks()
    if isinstance(points, pa.ChunkedArray):  # no rows at all
        points = pa.array([], pa.string()).dictionary_encode()
    ids = points.dictionary.to_pylist()
    if any(len(id) > _ID_CHARS for id in ids):
        raise BadRequest(f"an id of over {_ID_CHARS} characters", hint="send ids of the model")
    return Samples(
        points=tuple(Ref(id) for id in ids),
        index=points.indices.to_numpy(zero_copy_only=False).astype(np.int32),
        ts=table.column("ts").cast(pa.int64()).to_numpy(),
        value=table.column("value").cast(pa.float64()).to_numpy(),
        status=table.column("status").cast(pa.uint8()).to_numpy(),
    )
