"""What a training process tells its parent: JSON lines in a file that it follows; and how it is asked to stop.

Only the standard library: this runs beside torch, in the engine's environment.
"""

from __future__ import annotations

import json
import math
import signal
import time
from pathlib import Path
from typing import Any

STOPPED = 75
"""Exit status after a stop with a checkpoint (EX_TEMPFAIL of sysexits.h): `--resume` goes on."""
REFUSED = 65
"""Exit status where data, base and recipe do not go together (EX_DATAERR); the last line says why."""


class Progress:
    """One JSON object per line, with seconds since the start. Whoever follows the file may come and go."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")
        self._start = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds of training, earlier runs of the same one included."""
        return time.monotonic() - self._start

    def starts_now(self, before_s: float = 0.0) -> None:
        """Reading data is over: the minutes count from here, on top of those of the run that this one goes on from."""
        self._start = time.monotonic() - before_s

    def say(self, event: str, **what: Any) -> None:
        """Tell one thing; NaN becomes null."""
        known = {name: _known(value) for name, value in what.items()}
        line = json.dumps({"event": event, "elapsed_s": round(self.elapsed_s, 2), **known}) + "\n"
        self._file.write(line)
        self._file.flush()


class Asked:
    """Whether SIGTERM or SIGINT came: the loop looks after each step, saves and leaves."""

    def __init__(self) -> None:
        self.stop = False
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._heard)

    def _heard(self, _signal: int, _frame: object) -> None:
        self.stop = True


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
