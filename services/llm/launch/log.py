"""What an engine prints: kept in a file that does not grow without end, its last lines at hand."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 16 * 2**20
"""Of one file; vLLM prints about 100 kB a day at its usual level, and gigabytes with requests logged."""
KEPT: Final = 3
LAST_LINES: Final = 400
LONGEST_LINE: Final = 2_000


class BoundedLog:
    """Appends to `path`; when it is full it becomes `path.1`, and `path.3` goes. Readable by its owner alone."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._most = most_bytes
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._rest = b""
        self._open()

    def write(self, piece: bytes) -> None:
        """Raises OSError where the disk is full; the caller decides whether that matters."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._lines += [line[:LONGEST_LINE].decode(errors="replace").rstrip("\r") for line in lines]
        self._rest = self._rest[-LONGEST_LINE:]
        if self._size + len(piece) > self._most:
            self._turn()
        os.write(self._file, piece)
        self._size += len(piece)

    def say(self, line: str) -> None:
        """A line of the supervisor's own, told apart from the engine's."""
        self.write(f"--- {line}\n".encode())

    def last(self, count: int = 20) -> list[str]:
        """The last lines, the unfinished one too."""
        rest = [self._rest.decode(errors="replace")] if self._rest else []
        return [*self._lines, *rest][-count:]

    def forget(self) -> None:
        """A new start: what the one before it printed is no evidence any more."""
        self._lines.clear()
        self._rest = b""

    def close(self) -> None:
        os.close(self._file)

    def _open(self) -> None:
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._file).st_size

    def _turn(self) -> None:
        """The old file stays open until the new one is: a number closed too early may soon be a socket's."""
        for number in range(KEPT, 0, -1):
            older = self.path if number == 1 else self.path.with_name(f"{self.path.name}.{number - 1}")  # fmt: skip
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number}"))
        full = self._file
        self._open()
        os.close(full)
