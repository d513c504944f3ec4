"""Every error Plantroom raises on purpose, as one tree.

    PlantroomError
    |-- BadRequest        the caller can do better and try again (HTTP 400)
    |   `-- Refused       understood, and not allowed (HTTP 403)
    |-- NotFound          the thing named does not exist (HTTP 404)
    |-- Conflict          somebody else changed or owns it (HTTP 409)
    |-- Unavailable       a part of the system cannot answer now (HTTP 503)
    |   |-- DeviceSilent  a field device did not answer
    |   |-- ModelSilent   the language-model server did not answer
    |   `-- OutOfSpace    the disk is full
    `-- Corrupt           stored or received data cannot be read

A message says what was wanted and what was found; `hint` says what to do.
`BadRequest` and `NotFound` go back to a language model so that it can try again;
`Unavailable` is final for this turn.
"""

from __future__ import annotations


class PlantroomError(Exception):
    """Root of the tree. `code` is stable and machine-readable; `hint` is for people."""

    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BadRequest(PlantroomError):
    """The request cannot be understood as asked."""

    code = "bad-request"


class Refused(BadRequest):
    """The request is understood and not allowed."""

    code = "refused"


class NotFound(PlantroomError):
    """The thing named does not exist."""

    code = "not-found"


class Conflict(PlantroomError):
    """Another process or person owns it or changed it first."""

    code = "conflict"


class Unavailable(PlantroomError):
    """A part of the system cannot answer now."""

    code = "unavailable"


class DeviceSilent(Unavailable):
    """A field device did not answer."""

    code = "device-silent"


class ModelSilent(Unavailable):
    """The language-model server did not answer, or died while answering."""

    code = "model-silent"


class OutOfSpace(Unavailable):
    """The disk is full; nothing already acknowledged is lost."""

    code = "out-of-space"


class Corrupt(PlantroomError):
    """Stored or received data cannot be read."""

    code = "corrupt"
