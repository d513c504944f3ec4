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

_FIRST_US, _LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999


def fitted(table: Any, kinds: Sequence[Kind]) -> Any:
    """The table with each column in its kind, named by place; None is an empty one.

    What is not finite becomes NULL: unknown, in every format we write. Raises ValueError for what cannot
    be told.
    """
    names = [f"c{n}" for n in range(len(kinds))]
    if table is None:
        return pa.table({n: pa.array([], TYPES[k]) for n, k in zip(names, kinds, strict=True)})
    columns = [_column(table.column(n), kind) for n, kind in enumerate(kinds)]
    return pa.table(dict(zip(names, columns, strict=True)))


def named(table: Any, names: Sequence[str]) -> Any:
    """With the names people gave; one that comes twice is told apart, as files need it."""
    taken, unique = set(names), list[str]()
    for name in names:
        word, n = name, 0
        while word in unique or (n and word in taken):
            n += 1
            word = f"{name}_{n}"
        unique.append(word)
    return table.rename_columns(unique)


def of_rows(rows: Sequence[Sequence[Any]], kinds: Sequence[Kind]) -> Any:
    """Rows of Python values, as PostgreSQL's driver gives them. Raises ValueError."""
    columns = {}
    for n, kind in enumerate(kinds):
        values = [row[n] for row in rows]
        if kind in {Kind.NUMBER, Kind.SPAN}:
            values = [None if v is None else float(v) for v in values]
        elif kind is Kind.WHOLE:
            values = [None if v is None else int(v) for v in values]
        elif kind in {Kind.TIME, Kind.DATE} and any(isinstance(v, str) for v in values):
            raise ValueError("a time outside the years 1 to 9999")  # the driver has no other word
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


def checked(table: Any, kinds: Sequence[Kind]) -> Any:
    """The table, when it is what it says: it comes from a process that nobody need trust.

    Raises ValueError (Arrow's are such) for other columns, or bytes that lie about their length.
    """
    wanted = pa.schema([(f"c{n}", TYPES[kind]) for n, kind in enumerate(kinds)])
    if not table.schema.equals(wanted):
        raise ValueError(f"columns {table.schema.types} instead of {wanted.types}")
    table.validate(full=True)
    return table


def _column(column: Any, kind: Kind) -> Any:
    return _sayable(_finite(column if column.type == TYPES[kind] else column.cast(TYPES[kind])))


def _sayable(column: Any) -> Any:
    """Raises ValueError for a time that has no four-digit year."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        ends = pc.min_max(column.cast(pa.timestamp("us")))
        low, high = (ends[key].value for key in ("min", "max"))
        if low is not None and not (low >= _FIRST_US and high <= _LAST_US):
            raise ValueError("a time outside the years 1 to 9999")
    return column


def _finite(column: Any) -> Any:
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(
        pc.is_finite(column), column, pa.nulls(1, column.type)[0]
    )  # pa.scalar would load pandas
