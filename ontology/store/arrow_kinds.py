"""Results as Arrow tables of exactly our kinds, whatever an engine gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ontology.store.dialect_kinds import Kind

TYPES: dict[Kind, Any] = {
    Kind.WHOLE: pa.int64(), Kind.NUMBER: pa.float64(), Kind.TEXT: pa.string(), Kind.TIME: pa.timestamp("us"),
    Kind.DATE: pa.date32(), Kind.SPAN: pa.float64(), Kind.TRUTH: pa.bool_(), Kind.NOTHING: pa.string(),
}  # fmt: skip


def fitted(table: Any, kinds: Sequence[Kind]) -> Any:
    """The table with each column in its kind, named by place; None is an empty one.

    What is not finite becomes NULL: unknown, in every format we write.
    """
    names = [f"c{n}" for n in range(len(kinds))]
    if table is None:
        return pa.table({n: pa.array([], TYPES[k]) for n, k in zip(names, kinds, strict=True)})
    columns = [_column(table.column(n), kind) for n, kind in enumerate(kinds)]
    return pa.table(dict(zip(names, columns, strict=True)))


def named(table: Any, names: Sequence[str]) -> Any:
    """With the names people gave; one that comes twice is told apart, as files need it."""
    used: dict[str, int] = {}
    unique = []
    for name in names:
        used[name] = used.get(name, 0) + 1
        unique.append(name if used[name] == 1 else f"{name}_{used[name] - 1}")
    return table.rename_columns(unique)


def of_rows(rows: Sequence[Sequence[Any]], kinds: Sequence[Kind]) -> Any:
    """Rows of Python values, as PostgreSQL's driver gives them."""
    columns = {}
    for n, kind in enumerate(kinds):
        values = [row[n] for row in rows]
        if kind in {Kind.NUMBER, Kind.SPAN}:
            values = [None if v is None else float(v) for v in values]
        elif kind is Kind.WHOLE:
            values = [None if v is None else int(v) for v in values]
        columns[f"c{n}"] = _finite(pa.array(values, TYPES[kind]))
    return pa.table(columns)


def stream(table: Any) -> bytes:
    """The table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unstreamed(blob: bytes) -> Any:
    """The table of an Arrow IPC stream."""
    return pa.ipc.open_stream(blob).read_all()


def _column(column: Any, kind: Kind) -> Any:
    return _finite(column if column.type == TYPES[kind] else column.cast(TYPES[kind]))


def _finite(column: Any) -> Any:
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
