"""How a route gets the wired system: from the application's state, set once at start."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from ontology.errors import Unavailable
from services.api.runner import Runner
from services.api.system import Ingests, Options, System


def system(request: Request) -> System:
    """The wired house."""
    return cast("System", request.app.state.system)


def options(request: Request) -> Options:
    """How this server shows itself, with its clock."""
    return cast("Options", request.app.state.options)


def runner(request: Request) -> Runner:
    """Runs of this server."""
    return cast("Runner", request.app.state.runner)


def ingest(request: Request) -> Ingests:
    """What polls and takes samples; raises Unavailable where nothing does."""
    found = options(request).ingest
    if found is None:
        raise Unavailable("nothing is polled or taken here", hint="start it with plantroom serve")
    return found
