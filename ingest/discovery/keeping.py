"""A lines.toml on disk: written whole or not at all, with the one before kept beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from ontology.errors import BadRequest, Conflict

MOST_BYTES: Final = 20_000_000
"""Of a file that is read; 100,000 registers take about 10 MB."""


def read_text(path: Path) -> str:
    """The file's text with its line ends as they are; "" where there is none. Raises BadRequest."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadRequest(
                f"{path} is larger than {MOST_BYTES:,} bytes", hint="is it the right file?"
            )
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as cause:
        raise BadRequest(f"{path} is not UTF-8: {cause}", hint="save it as UTF-8") from cause


def replace_text(path: Path, before: str, after: str) -> Path | None:
    """Put `after` in the place of `before`; the name of the copy of what was there, None where nothing was.

    Raises Conflict where somebody saved the file meanwhile; then nothing is written.
    """
    if after == before and path.exists():
        return None
    if read_text(path) != before:
        raise Conflict(f"{path} was changed meanwhile; nothing was written", hint="run it again")
    kept = path.with_name(path.name + ".bak") if path.exists() else None
    if kept is not None:
        shutil.copy2(path, kept)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        if kept is not None:
            shutil.copymode(path, draft)
        else:
            Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return kept
