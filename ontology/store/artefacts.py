"""Results kept as files for a while: bounded in number, size and age, under ids that nobody can guess."""

from __future__ import annotations

import re
import secrets
import threading
import time
from pathlib import Path
from typing import Final

from ontology.errors import NotFound, OutOfSpace, PlantroomError, Unavailable
from ontology.store.sql import Result, Table
from ontology.store.sql_files import Format

MAX_FILES: Final = 200
MAX_BYTES: Final = 1_000_000_000
MAX_AGE_S: Final = 7 * 86_400
_ID: Final = re.compile(r"q-[0-9a-f]{16}")
_FULL: Final = 28  # ENOSPC


class Artefacts:
    """Parquet files in one folder; the oldest go first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def keep(self, table: Table) -> str:
        """Keep all rows of a result; gives its id. Raises OutOfSpace or Unavailable."""
        if table.result is None:
            raise Unavailable("this result cannot be kept", hint="ask the query again")
        return self.keep_result(table.result)

    def keep_result(self, result: Result) -> str:
        """The same for a result that was never made rows."""
        id = f"q-{secrets.token_hex(8)}"
        try:
            with self._lock:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._tidy()
                result.save(self._folder / f"{id}.parquet", Format.PARQUET)
        except OSError as cause:
            raise _told(cause) from cause
        return id

    def path(self, id: str) -> Path:
        """The file of an id. Raises NotFound where there is none any more."""
        path = self._folder / f"{id}.parquet"
        if not _ID.fullmatch(id) or not path.is_file():
            raise NotFound(
                f"no result is kept as {id!r:.40}",
                hint="ask the query again: results are kept for a week",
            )
        return path

    def _tidy(self) -> None:
        files = sorted(self._folder.glob("q-*.parquet"), key=_age, reverse=True)
        size = sum(file.stat().st_size for file in files)
        now = time.time()
        while files and (
            len(files) >= MAX_FILES
            or size > MAX_BYTES
            or now - files[0].stat().st_mtime > MAX_AGE_S
        ):
            oldest = files.pop(0)
            size -= oldest.stat().st_size
            oldest.unlink(missing_ok=True)


def _age(file: Path) -> float:
    return -file.stat().st_mtime


def _told(cause: OSError) -> PlantroomError:
    if cause.errno == _FULL:
        return OutOfSpace("no room to keep the result", hint="free some disk space")
    return Unavailable(f"the result cannot be kept: {cause.strerror}", hint="see the rights of the home folder")  # fmt: skip
