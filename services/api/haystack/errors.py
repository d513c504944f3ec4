"""An op that fails: an error grid with HTTP status 200, as Haystack 4 wants it."""

from __future__ import annotations

from ontology.errors import BadRequest, PlantroomError
from ontology.kinds import MARKER, Grid


class NotAcceptable(BadRequest):
    """The answer is wanted in a format that is not written here (HTTP 406)."""

    code = "not-acceptable"


class UnknownMedia(BadRequest):
    """The request comes in a format that is not read here (HTTP 415)."""

    code = "unknown-media"


def error_grid(error: PlantroomError) -> Grid:
    """What went wrong and what to do: `dis` for people, `errType` for programs. No traceback leaves the house."""
    trace = f"{error.code}: {error}" + (f"\nhint: {error.hint}" if error.hint else "")
    meta = {"err": MARKER, "dis": str(error), "errType": error.code, "errTrace": trace}
    return Grid(("empty",), (), meta | ({"hint": error.hint} if error.hint else {}))
