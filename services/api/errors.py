"""Errors as problem JSON (RFC 9457) with a hint: one table from the error tree to HTTP status."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ontology.errors import (
    BadRequest,
    Conflict,
    Corrupt,
    NotFound,
    OutOfSpace,
    PlantroomError,
    Refused,
    Unavailable,
)


class TooLarge(BadRequest):
    """The body of a request is longer than anything a person would write."""

    code = "too-large"


class TooSlow(BadRequest):
    """The body of a request does not come to its end."""

    code = "too-slow"


class NotJson(BadRequest):
    """A body of another type than the API's one."""

    code = "not-json"


class Unproven(Refused):
    """A caller did not prove who it is."""

    code = "unproven"


# first match wins: leaves before their parents
STATUS: Final[tuple[tuple[type[PlantroomError], int], ...]] = (
    (TooLarge, 413),
    (TooSlow, 408),
    (NotJson, 415),
    (Unproven, 401),
    (Refused, 403),
    (BadRequest, 400),
    (NotFound, 404),
    (Conflict, 409),
    (OutOfSpace, 507),
    (Unavailable, 503),
    (Corrupt, 500),
    (PlantroomError, 500),
)
_HINTS: Final = {
    404: "see /api/docs for what exists",
    405: "see /api/docs for the methods of a route",
}
MEDIA_TYPE: Final = "application/problem+json"


def status_of(error: PlantroomError) -> int:
    """The HTTP status of an error of the tree."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def problem(error: PlantroomError) -> dict[str, Any]:
    """The body a caller sees."""
    return _problem(status_of(error), error.code, str(error), error.hint)


def _problem(status: int, code: str, detail: str, hint: str) -> dict[str, Any]:
    title = code.replace("-", " ").capitalize()
    return {"title": title, "status": status, "code": code, "detail": detail, "hint": hint}


def answer_errors(app: FastAPI) -> None:
    """Every error leaves the server as problem JSON."""
    app.add_exception_handler(PlantroomError, _on_plantroom_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


async def _on_plantroom_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PlantroomError)
    return JSONResponse(problem(error), status_of(error), media_type=MEDIA_TYPE)


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    broken = first["type"] == "json_invalid"
    parts = () if broken else (str(part) for part in first["loc"] if part != "body")
    where = ".".join(parts) or "body"
    hint = (
        f"{'send whole JSON' if broken else f'correct `{where}`'}; /api/docs describes every route"
    )
    body = _problem(422, "invalid", f"{where}: {first['msg']}"[:500], hint)
    return JSONResponse(body, 422, media_type=MEDIA_TYPE)


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    hint = _HINTS.get(error.status_code, "see /api/docs")
    body = _problem(error.status_code, "http", str(error.detail), hint)
    return JSONResponse(body, error.status_code, headers=error.headers, media_type=MEDIA_TYPE)


async def _on_bug(_request: Request, _error: Exception) -> Response:
    """The traceback is in the log; the caller learns that it was not their fault."""
    body = _problem(500, "bug", "something went wrong in Plantroom itself", "see the server's log")
    return JSONResponse(body, 500, media_type=MEDIA_TYPE)
