"""An op that fails: an error grid with HTTP status 200, as Haystack 4 wants it."""

from __future__ import annotations

from ontology.errors import BadRequest, PlantroomError, Unavailable
from ontology.kinds import MARKER, Grid


class NotAcceptable(BadRequest):
    """The answer is wanted in a format that is not written here (HTTP 406)."""

    code = "not-acceptable"


class UnknownMedia(BadRequest):
    """The request comes in a format that is not read here (HTTP 415)."""

    code = "unknown-media"


class TooBusy(Unavailable):
    """Many long requests are being read already (HTTP 429)."""

    code = "too-busy"


def error_grid(error: PlantroomError) -> Grid:
    """What went wrong and what to do: `dis` for people, `errType` for programs. No traceback leaves the house."""
    says, hint = _whole(str(error)), _whole(error.hint)
    trace = f"{error.code}: {says}" + (f"\nhint: {hint}" if hint else "")
    meta = {"err": MARKER, "dis": says, "errType": error.code, "errTrace": trace}
    return Grid(("empty",), (), meta | ({"hint": hint} if hint else {}))


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which a call may hold and no answer can."""
    return text.encode("utf-8", "replace").decode()
