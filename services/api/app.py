"""The application: every route behind one border, and the web pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from services.api import (
    care,
    documents,
    equipment,
    faults,
    histories,
    ingest,
    lorawan,
    pages,
    runs,
    sql,
    status,
)
from services.api.border import Border, Push
from services.api.errors import answer_errors
from services.api.haystack import mount
from services.api.runlog import RunLog
from services.api.runner import Runner
from services.api.system import Options, System

ROUTERS = (
    runs.router,
    equipment.router,
    histories.router,
    faults.router,
    documents.router,
    sql.router,
    lorawan.router,
    ingest.router,
    care.router,
    status.router,
)


def create_app(system: System, options: Options | None = None) -> FastAPI:
    """The HTTP face of a wired system. Its runs live as long as its lifespan."""
    chosen = options or Options()
    app = FastAPI(
        title="Plantroom",
        summary="Ask a building why; get the cause, the proof and the next check.",
        version=_version(),
        openapi_url="/api/openapi.json",
        docs_url=None,  # its script would come from a remote origin; `pages` serves our own
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.system, app.state.options = system, chosen
    answer_errors(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(mount.router(system, chosen, version=_version()))
    pages.add_pages(app, chosen.static)
    push = Push(chosen.lorawan_secret, chosen.max_push)
    app.add_middleware(Border, hosts=chosen.hosts, max_body=chosen.max_body, push=push)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    options: Options = app.state.options
    runner = Runner(app.state.system.engineer, RunLog(options.runs))
    runner.recover()
    app.state.runner = runner
    try:
        yield
    finally:
        await runner.close()


def _version() -> str:
    try:
        return version("plantroom")
    except PackageNotFoundError:
        return "0"
