"""A result as a file: CSV, JSON, Arrow or Parquet, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from ontology.store.arrow_kinds import named


class Format(StrEnum):
    """What a result can be written as."""

    CSV = "csv"
    JSON = "json"
    ARROW = "arrow"
    PARQUET = "parquet"


MEDIA = {
    Format.CSV: "text/csv; charset=utf-8", Format.JSON: "application/json",
    Format.ARROW: "application/vnd.apache.arrow.stream", Format.PARQUET: "application/vnd.apache.parquet",
}  # fmt: skip
_ROWS = 10_000
_FORMULA = "=+@\t\r-"
"""What a formula begins with: https://owasp.org/www-community/attacks/CSV_Injection"""


def write(table: Any, columns: tuple[str, ...], file: IO[bytes], format: Format) -> None:
    """Write the table under the names people gave its columns. Unknown is an empty cell, or null."""
    told = named(table, columns)
    if format is Format.PARQUET:
        pyarrow.parquet.write_table(told, file, compression="zstd")
    elif format is Format.ARROW:
        with pa.ipc.new_stream(file, told.schema) as writer:
            writer.write_table(told, _ROWS)
    elif format is Format.CSV:
        pyarrow.csv.write_csv(_harmless(_plain(told)), file)
    else:
        for part in _json(told):
            file.write(part)


def save(table: Any, columns: tuple[str, ...], path: Path, format: Format) -> None:
    """Write beside the file, then put it in place: nobody sees half of it."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            write(table, columns, file, format)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def cells(table: Any) -> Iterator[tuple[Any, ...]]:
    """Rows as JSON has them: times are site-local text."""
    columns = [_texts(column) for column in _plain(table).columns]
    yield from zip(*columns, strict=True) if columns else ()


def _texts(column: Any) -> list[Any]:
    found: list[Any] = column.to_pylist()
    return found


def _plain(table: Any) -> Any:
    """Times and dates as text, without a T between and without fractions that are none."""
    columns = {}
    for n, column in enumerate(table.columns):
        if pa.types.is_timestamp(column.type):
            values = [None if v is None else v.isoformat(sep=" ") for v in column.to_pylist()]
            column = pa.chunked_array([pa.array(values, pa.string())])  # noqa: PLW2901
        elif pa.types.is_date(column.type):
            column = column.cast(pa.string())  # noqa: PLW2901
        columns[n] = column
    return pa.Table.from_arrays(list(columns.values()), names=table.column_names)


def _harmless(table: Any) -> Any:
    """No text that a spreadsheet would run as a formula: such a one begins with an apostrophe.

    Names come from devices and imports, and people open CSV with a double click.
    """
    columns = [_quoted(c) if pa.types.is_string(c.type) else c for c in table.columns]
    names = [f"'{n}" if n[:1] in _FORMULA else n for n in table.column_names]
    return pa.Table.from_arrays(columns, names=names)


def _quoted(column: Any) -> Any:
    runs = pc.match_substring_regex(column, f"^[{_FORMULA}]")
    return pc.if_else(runs, pc.binary_join_element_wise("'", column, ""), column)


def _json(table: Any) -> Iterator[bytes]:
    """A list of objects, one row a line."""
    names = table.column_names
    yield b"["
    for n, row in enumerate(cells(table)):
        told = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
        yield (",\n" if n else "\n").encode() + told.encode()
    yield b"\n]\n"
