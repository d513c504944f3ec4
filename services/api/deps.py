"""How a route gets the wired system: from the application's state, set once at start."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from services.api.runner import Runner
from services.api.system import Options, System


def system(request: Request) -> System:
    """The wired house."""
    return cast("System", request.app.state.system)


def options(request: Request) -> Options:
    """How this server shows itself, with its clock."""
    return cast("Options", request.app.state.options)


def runner(request: Request) -> Runner:
    """Runs of this server."""
    return cast("Runner", request.app.state.runner)
