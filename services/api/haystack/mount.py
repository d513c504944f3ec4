"""Where the product serves Haystack: /haystack, read-only, and only with a user and a password set."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request

from ontology.errors import NotFound
from ontology.time import UTC
from services.api.haystack.auth import Auth
from services.api.haystack.scram import Account
from services.api.haystack.served import Served
from services.api.haystack.server import HaystackServer
from services.api.system import Options, System

PREFIX: Final = "/haystack"


def router(system: System, options: Options, *, version: str) -> APIRouter:
    """The API where a user is set; else a route that says how to set one."""
    if not (options.haystack_user and options.haystack_password):
        return _closed()
    served = Served(
        records=system.records, history=system.history, clock=options.clock, zone=_zone(system),
        name=_name(system), version=version, started=options.clock().astimezone(UTC),
        defs=system.building.defs,
    )  # fmt: skip
    account = Account(options.haystack_user, options.haystack_password)
    return HaystackServer(served, Auth(account)).router(PREFIX)


def _closed() -> APIRouter:
    closed = APIRouter(prefix=PREFIX, include_in_schema=False)

    async def off(_request: Request) -> None:
        raise NotFound(
            "the Haystack API is off",
            hint="set PLANTROOM_HAYSTACK__USER and PLANTROOM_HAYSTACK__PASSWORD and start again",
        )

    closed.add_api_route("/{path:path}", off, methods=["GET", "POST"])
    return closed


def _zone(system: System) -> ZoneInfo:
    try:
        return system.building.zone
    except NotFound:
        return ZoneInfo("UTC")


def _name(system: System) -> str:
    try:
        return system.building.site.dis
    except NotFound:
        return "Plantroom"
