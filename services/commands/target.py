"""A file or folder that a command writes to: it is there, nothing is lost unasked, and failures name it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ontology.errors import BadRequest, NotFound, OutOfSpace, Unavailable

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_EFFECTIVE: Final = os.access in os.supports_effective_ids


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Failures to write this file, in words that name it and not a draft of it.

    Raises NotFound for a folder that is not there, BadRequest for a folder in its place, Unavailable
    for what the system does not allow.
    """
    if not path.parent.is_dir():
        raise NotFound(f"no folder {path.parent}", hint="make it first, or choose another")
    if path.is_dir():
        raise BadRequest(f"{path} is a folder", hint="give the name of a file in it")
    try:
        yield
    except OSError as cause:
        if cause.errno in _FULL:
            raise OutOfSpace(
                f"no space left for {path}", hint="free some space, or choose another folder"
            ) from cause
        raise Unavailable(
            f"{path} cannot be written: {cause.strerror or cause}",
            hint="choose a folder that you may write to",
        ) from cause


def need_rights(folder: Path) -> None:
    """Raises Unavailable for a folder that is there and may not be written to."""
    if folder.is_dir() and not os.access(folder, os.W_OK, effective_ids=_EFFECTIVE):
        raise Unavailable(
            f"{folder} may not be written to",
            hint="mend its rights, or choose another folder with --home",
        )
