"""Asking: post a question under your own id, follow its events, come back, stop it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response, status
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import BaseModel, Field

from agent.plan import Question
from ontology.errors import BadRequest
from services.api.deps import options as options_of
from services.api.deps import runner
from services.api.runlog import RunRow, Thread
from services.api.runner import Run, Runner
from services.api.system import Options

router = APIRouter(prefix="/api", tags=["runs"])
MAX_SEQ_DIGITS = 18
"""An event number of ours has five."""
Runs = Annotated[Runner, Depends(runner)]


class Asked(BaseModel):
    """A question and the conversation it belongs to."""

    question: str = Field(min_length=1, max_length=8_000)
    thread: str = Field(default="", max_length=80)


class Started(BaseModel):
    """A run and whether this call began it."""

    id: str
    state: str
    began: bool


@router.post("/runs/{id}")
async def ask(
    id: UUID, asked: Asked, runs: Runs, options: Annotated[Options, Depends(options_of)]
) -> Started:
    """Ask under a UUID that you choose: asking again with the same UUID changes nothing."""
    question = Question(asked.question.strip(), options.clock(), thread=asked.thread)
    if not question.text:
        raise BadRequest("the question is empty", hint="ask something, such as: why is 807 hot?")
    run, began = await runs.start(str(id), question)
    return Started(id=str(id), state=run.row.state, began=began)


@router.get("/runs/{id}/events", response_class=Response, responses={
    200: {"content": {"text/event-stream": {}}, "description": "events, numbered from 1"},
    204: {"description": "the run is over and you have seen all of it"},
})  # fmt: skip
async def events(
    id: UUID,
    runs: Runs,
    last_event_id: Annotated[str, Header(description="the last event you saw")] = "0",
) -> Response:
    """Follow a run. Come back with `Last-Event-ID` and get every later event exactly once."""
    if not last_event_id.isdecimal() or len(last_event_id) > MAX_SEQ_DIGITS:
        raise BadRequest(
            f"Last-Event-ID {last_event_id[:20]!r} is not the number of an event",
            hint="send the last `id` you saw",
        )
    run, after = await runs.get(str(id)), int(last_event_id)
    if run.over and after >= len(run.events):
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    return EventSourceResponse(_stream(runs, run, after), headers={"cache-control": "no-store"})


@router.post("/runs/{id}/cancel")
async def cancel(id: UUID, runs: Runs) -> RunRow:
    """Stop a run: its log ends with a note. A run that is over stays as it is."""
    return await runs.cancel(str(id))


@router.get("/runs/{id}")
async def one(id: UUID, runs: Runs) -> RunRow:
    """A run and its answer, without its events."""
    return (await runs.get(str(id))).row


@router.get("/runs")
async def of_thread(
    runs: Runs,
    thread: Annotated[str, Query(max_length=80)],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[RunRow]:
    """The newest questions and answers of a conversation, oldest first."""
    return await runs.of_thread(thread, limit=limit)


@router.get("/threads")
async def threads(runs: Runs, limit: Annotated[int, Query(ge=1, le=200)] = 30) -> list[Thread]:
    """Conversations, last used first."""
    return await runs.threads(limit=limit)


async def _stream(runs: Runner, run: Run, after: int) -> AsyncIterator[bytes]:
    async for event in runs.follow(run, after):
        if event is None:
            yield KEEPALIVE_COMMENT
        else:
            seq, data = event
            yield format_sse_event(data_str=data, id=str(seq))
