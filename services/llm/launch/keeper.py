"""The parent of one engine, run as a script: no worker outlives it, and it does not outlive who started it.

    python -I keeper.py COMMAND...      (its standard input is a pipe that the supervisor holds open)

An engine is a tree of programs; one that was orphaned keeps its GPU memory, and the next start fails. The keeper makes
itself the parent of orphans (PR_SET_CHILD_SUBREAPER), ends everything below it when the pipe closes, however the
supervisor died, and ends what is left when the engine's first program ends. It knows the standard library alone.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
LINUX = sys.platform == "linux"
TERM_S = 5.0  # then SIGKILL: nobody is left who would wait longer
LOOK_S = 0.2


def main() -> int:
    """Start the command, stay until it ends; its exit code, 128 and its signal where one ended it."""
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # who signals the group means the engine
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        engine = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, preexec_fn=_child)  # noqa: S603, PLW1509  (one thread; the box's own command)
    except OSError as error:
        sys.stdout.write(f"cannot start {sys.argv[1]}: {error.strerror}\n")
        sys.stdout.flush()
        return 127
    while engine.poll() is None:
        if _deserted():
            _end(engine)
            break
    for pid in below():
        _signal(pid, signal.SIGKILL)
    code = engine.wait()
    return 128 - code if code < 0 else code


def below(root: int | None = None) -> list[int]:
    """Everything that descends from this program and still runs; [] where the system does not tell."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: list[int] = []
    ahead = [os.getpid() if root is None else root]
    while ahead:
        mine = children.pop(ahead.pop(), [])
        found += mine
        ahead += mine
    return found


def _child() -> None:
    """Between fork and exec: the engine hears signals again, and dies with the keeper should that be killed."""
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _deserted() -> bool:
    """Wait a moment; whether the supervisor's end of the pipe is closed."""
    ready, _, _ = select.select([sys.stdin], [], [], LOOK_S)
    return bool(ready) and not os.read(sys.stdin.fileno(), 4096)


def _end(engine: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + TERM_S
    for pid in below():
        _signal(pid, signal.SIGTERM)
    while engine.poll() is None and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    for pid in below():
        _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _prctl(what: int, value: int) -> None:
    if LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(what, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
