"""Batches on the wire: what was sent is what is read, and nothing else can pass or grow."""

from __future__ import annotations

import contextlib
import gzip

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pyarrow import ipc

from ingest.arrow_batch import MOST_BYTES, decode, encode
from ontology.errors import BadRequest
from ontology.history import Samples
from ontology.kinds import Ref

BATCH = Samples(
    (Ref("AHU-1.supply-temp"), Ref("CH-2.power")), np.array([0, 1, 1], np.int32), np.array([10, 20, 30]),
    np.array([18.5, np.nan, 310.0]), np.array([0, 2, 3], np.uint8),
)  # fmt: skip


def stream(table: pa.Table, compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    options = ipc.IpcWriteOptions(compression=compression)
    with ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@given(
    hnp.arrays(np.int32, st.shared(st.integers(0, 30), key="n"), elements=st.integers(0, 1)),
    hnp.arrays(np.int64, st.shared(st.integers(0, 30), key="n")),
    hnp.arrays(np.float64, st.shared(st.integers(0, 30), key="n")),
    hnp.arrays(np.uint8, st.shared(st.integers(0, 30), key="n")),
)
def test_a_batch_arrives_as_it_was_sent(index, ts, value, status) -> None:
    sent = Samples((Ref("a"), Ref("b")), index, ts, value, status)
    came = decode(encode(sent), packed=True)
    assert [came.points[i].id for i in came.index] == [sent.points[i].id for i in sent.index]
    np.testing.assert_array_equal(came.ts, ts)
    np.testing.assert_array_equal(came.value, value)
    np.testing.assert_array_equal(came.status, status)


def test_plain_text_columns_of_other_programs_are_taken() -> None:
    table = pa.table(
        {
            "status": pa.array([0, 5], pa.uint8()),
            "point": ["a", "b"],
            "ts": [1, 2],
            "value": [1.0, None],
        }
    )
    came = decode(stream(table), packed=False)
    assert [p.id for p in came.points] == ["a", "b"]
    assert np.isnan(came.value[1])


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_buffers_that_could_grow_without_bound_are_refused(compression: str) -> None:
    table = pa.table({"point": ["a"] * 500, "ts": np.arange(500), "value": np.zeros(500), "status": np.zeros(500, np.uint8)})  # fmt: skip
    with pytest.raises(BadRequest, match="compressed"):
        decode(stream(table, compression), packed=False)


def test_a_gzip_bomb_stops_at_the_bound() -> None:
    with pytest.raises(BadRequest, match="over"):
        decode(gzip.compress(b"\0" * (8 * MOST_BYTES)), packed=True)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pa.table({"point": ["a"], "ts": [1], "value": [1.0]}), "status"),
        (pa.table({"point": [None], "ts": [1], "value": [1.0], "status": [0]}), "without point"),
        (pa.table({"point": ["a"], "ts": [1], "value": [1.0], "status": [300]}), "not in range"),
        (
            pa.table(
                {
                    "point": pa.DictionaryArray.from_arrays([0], pa.array([None], pa.string())),
                    "ts": [1],
                    "value": [1.0],
                    "status": [0],
                }
            ),
            "without point",
        ),
        (pa.table({"point": ["a" * 257], "ts": [1], "value": [1.0], "status": [0]}), "an id of"),
        (pa.table({"point": ["a"], "ts": ["noon"], "value": [1.0], "status": [0]}), "noon"),
    ],
)
def test_a_table_of_another_shape_is_refused_by_its_fault(table: pa.Table, says: str) -> None:
    with pytest.raises(BadRequest, match=says) as told:
        decode(stream(table), packed=False)
    assert told.value.hint


@given(st.data())
def test_a_damaged_batch_is_refused_and_never_more_than_that(data: st.DataObject) -> None:
    body = bytearray(gzip.decompress(encode(BATCH)))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    for damaged in (bytes(body), bytes(body[:cut])):
        with contextlib.suppress(BadRequest):
            decode(damaged, packed=False)
