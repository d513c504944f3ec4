"""Asking from the command line: through the server where one runs, else on the building's files."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx2

from agent.events import to_json
from agent.plan import Question
from agent.playbooks.planner import PlaybookPlanner
from ontology.errors import PlantroomError, Unavailable
from services.home import load_building, running_server, wall_clock
from services.settings import Settings

OnEvent = Callable[[Mapping[str, Any]], None]
ANSWER_TIMEOUT_S = 300.0


async def plan(settings: Settings, question: str, *, now: dt.datetime) -> dict[str, Any]:
    """How a question is understood, without running anything."""
    building = await load_building(settings)
    return PlaybookPlanner(building).plan(Question(question, now)).to_json()


async def answer(
    settings: Settings, question: str, *, now: dt.datetime | None, on_event: OnEvent | None
) -> dict[str, Any]:
    """The answer event as JSON. Raises the error that stood in its place."""
    url = None if now else await running_server(settings)
    events = _remote(url, question) if url else _embedded(settings, question, now)
    found: dict[str, Any] | None = None
    failed: PlantroomError | None = None
    async for event in events:
        if on_event:
            on_event(event)
        if event["type"] == "answer":
            found = {key: value for key, value in event.items() if key != "type"}
        if event["type"] == "failed":
            failed = error_of(event)
    if found is None:
        raise failed or Unavailable("the run ended without an answer", hint="ask again")
    return found


async def _embedded(
    settings: Settings, question: str, now: dt.datetime | None
) -> AsyncIterator[dict[str, Any]]:
    from services.wire import open_system  # noqa: PLC0415  (slow to import, not needed beside a server)

    at = now or wall_clock()
    async with open_system(settings, clock=lambda: at) as system:
        async for event in system.engineer.run(Question(question, at)):
            yield to_json(event)


async def _remote(url: str, question: str) -> AsyncIterator[dict[str, Any]]:
    run = uuid.uuid4()
    try:
        async with httpx2.AsyncClient(
            base_url=url, timeout=ANSWER_TIMEOUT_S, trust_env=False
        ) as client:
            begun = await client.post(f"/api/runs/{run}", json={"question": question})
            if begun.is_error:
                raise error_of(begun.json())
            async with client.stream("GET", f"/api/runs/{run}/events") as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        yield json.loads(line.removeprefix("data:"))
    except httpx2.TransportError as cause:
        raise Unavailable(
            f"the server at {url} went away: {cause}", hint="start it again, then ask again"
        ) from cause


def error_of(event: Mapping[str, Any]) -> PlantroomError:
    """The error of the tree that this JSON tells of."""
    kinds = _tree(PlantroomError)
    kind = kinds.get(str(event.get("code")), PlantroomError)
    says = event.get("message") or event.get("detail") or event.get("title") or event
    return kind(str(says), hint=str(event.get("hint", "")))


def _tree(kind: type[PlantroomError]) -> dict[str, type[PlantroomError]]:
    """Errors by their code; one that has none of its own is told as the one above it."""
    found = {kind.code: kind} if "code" in vars(kind) else {}
    for child in kind.__subclasses__():
        found |= _tree(child)
    return found
