"""Definitions as a JSON file: rows of defs and rows of Xeto specs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from ontology.errors import Corrupt, NotFound, OutOfSpace

FORMAT: Final = "plantroom-definitions-1"
_MAX_BYTES: Final = 64 << 20
_DEF_SHAPE: Final = (str, list, list, list, str, str)
_SPEC_SHAPE: Final = (str, list, list, list, str)


def write(path: Path, defs: list[Any], specs: list[Any]) -> None:
    """One row a line, so that a change shows as one line. Raises OutOfSpace."""
    text = f'{{"format": "{FORMAT}",\n"defs": [\n{_lines(defs)}\n],\n"specs": [\n{_lines(specs)}\n]}}\n'
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as cause:
        raise OutOfSpace(
            f"{path} cannot be written: {cause}",
            hint="free space, or mend the folder's permissions",
        ) from cause


def read(path: Path) -> tuple[list[Any], list[Any]]:
    """Rows of defs and of specs. Raises NotFound, or Corrupt with the place."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise Corrupt(
                f"{path} is larger than {_MAX_BYTES >> 20} MiB", hint="import the defs again"
            )
        found = json.loads(path.read_text("utf-8"))
    except OSError as cause:
        raise NotFound(f"{path} cannot be read: {cause}", hint="import the defs again") from cause
    except (ValueError, RecursionError) as cause:
        raise Corrupt(f"{path} is not JSON: {cause}", hint="import the defs again") from cause
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Corrupt(f"{path} holds no definitions", hint="import the defs again")
    return _rows(path, found, "defs", _DEF_SHAPE), _rows(path, found, "specs", _SPEC_SHAPE)


def _lines(rows: Iterable[Any]) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def _rows(path: Path, found: dict[str, Any], key: str, shape: tuple[type, ...]) -> list[Any]:
    rows = found.get(key)
    for n, row in enumerate(rows if isinstance(rows, list) else [None], 1):
        fits = isinstance(row, list) and len(row) == len(shape)
        if not fits or not all(
            isinstance(cell, kind) for cell, kind in zip(row, shape, strict=True)
        ):
            raise Corrupt(
                f"{path}: row {n} of {key} is no definition", hint="import the defs again"
            )
        if not all(_texts(cell) for cell in row if isinstance(cell, list)):
            raise Corrupt(f"{path}: row {n} of {key} holds no names", hint="import the defs again")
    return list(rows or ())


def _texts(cell: list[Any]) -> bool:
    """A list of names, or a list of such lists."""
    return all(
        isinstance(x, str) or (isinstance(x, list) and all(isinstance(y, str) for y in x))
        for x in cell
    )
