"""The folder of a building: one process owns it, and nothing is emptied that Plantroom did not make."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ontology.errors import Conflict, OutOfSpace, Refused, Unavailable

LOCK: Final = "owner.lock"
DEMO: Final = "demo.mark"
"""Stands in a folder that `plantroom demo` filled, and may therefore empty."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def owned(home: Path) -> Iterator[None]:
    """Hold the folder, made where there is none. Raises Conflict while another Plantroom holds it."""
    with disk_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / LOCK).open("a+", encoding="ascii")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            lock.seek(0)
            raise Conflict(
                f"{home} is in use by process {lock.read().strip() or 'of another user'}",
                hint="stop it first, or choose another folder with --home",
            ) from cause
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def empty_for_demo(home: Path) -> None:
    """Make room for a new demo building. Refused where the folder holds anything but an old one."""
    with disk_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        inside = [file for file in home.iterdir() if file.name != LOCK]
        if inside and not (home / DEMO).exists():
            names = ", ".join(sorted(file.name for file in inside)[:3])
            raise Refused(
                f"{home} is not a demo building: it holds {names}",
                hint="nothing was touched; choose a new or empty folder with --home",
            )
        (home / DEMO).touch()
        for file in inside:
            if file.name == DEMO:
                continue
            if file.is_dir() and not file.is_symlink():
                shutil.rmtree(file)
            else:
                file.unlink()


def mark_as_demo(home: Path) -> None:
    """This folder holds a demo building: it may be built anew."""
    with disk_errors(home):
        (home / DEMO).touch()


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """What the operating system says about files, in our words."""
    try:
        yield
    except OSError as cause:
        raise disk_error(cause, path) from cause


def disk_error(cause: OSError, path: Path) -> Unavailable:
    """OutOfSpace for a full disk, else Unavailable; both say what to do."""
    where = cause.filename or path
    if cause.errno in _FULL:
        return OutOfSpace(
            f"no space left for {where}: {cause.strerror}", hint="free some space, or use --home"
        )
    return Unavailable(
        f"{where}: {cause.strerror or cause}",
        hint="choose a folder that you may write to with --home",
    )
