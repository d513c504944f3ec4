"""The product's commands as a person types them, and `llm serve` in a terminal left open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.llm.server import START_TIMEOUT_S

_TYPED = [sys.executable, "-m", "services.cli", "llm"]
_GONE_S = 60.0
_NOT_YET = {1, 3}
"""What `llm status` exits with while replicas start, and while nobody serves."""


def llm(
    *words: str | Path, folder: Path | None = None, seconds: float = 400.0
) -> subprocess.CompletedProcess[str]:
    """`plantroom llm ...` run to its end."""
    command = [*_TYPED, *map(str, words)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
    )


@contextmanager
def served(box: Path, *, folder: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """`plantroom llm serve`, ready; gone at the end whatever happens."""
    log = (folder or Path()) / box.with_suffix(".log")
    with log.open("wb") as out:
        child = subprocess.Popen(
            [*_TYPED, "serve", str(box)],
            cwd=folder,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while (code := llm("status", box, folder=folder).returncode) != 0:
            assert code in _NOT_YET
            assert child.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(1)
        yield child
    finally:
        child.terminate()
        try:
            child.wait(_GONE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait(_GONE_S)
