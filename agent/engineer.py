"""The engineer: a question in, events out, with or without a language model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from agent.events import Answer, Done, Event, Failed, Note
from agent.graph import Conversation, Planner, State, stream
from agent.model import Capabilities, ChatModel
from agent.opening import PromptStyle
from agent.plan import Plan, Question
from agent.tools.toolbox import Toolbox
from ontology.errors import PlantroomError

MAX_THREADS: Final = 500
"""Conversations whose last plan is kept in memory."""
PROBE_AGAIN_S: Final = 30.0
"""How long a silent model server is left alone before it is tried again."""


PROBE_S: Final = 30.0
"""A server that needs longer for a list of models and two tiny completions is not fit to be asked."""


class Engineer:
    """Answers questions about one building. Safe for many runs at a time: a run keeps its own state."""

    def __init__(
        self,
        toolbox: Toolbox,
        planner: Planner,
        model: ChatModel | None = None,
        *,
        style: PromptStyle = PromptStyle.FULL,
    ) -> None:
        self._style = style
        self._box = toolbox
        self._planner = planner
        self._model = model
        self._able: Capabilities | None = None
        self._probe_at = 0.0
        self._threads: dict[str, Plan] = {}
        self._probing = asyncio.Lock()

    @property
    def toolbox(self) -> Toolbox:
        """What its tools may touch."""
        return self._box

    async def run(self, question: Question, context: Sequence[str] = ()) -> AsyncIterator[Event]:
        """Events up to exactly one `Done`. `context`: ids and words the conversation was about before.

        Histories are read as of `question.now`.
        """
        start = time.monotonic()
        box = replace(self._box, clock=lambda: question.now)
        model, note = await self._ready()
        if note:
            yield Note(note)
        conversation = Conversation(
            box, self._planner, model, self._able if model else None,
            previous=self._threads.get(question.thread), style=self._style,
        )  # fmt: skip
        state: State = {}
        try:
            async for item in stream(conversation, question, context):
                if isinstance(item, dict):
                    state = item
                else:
                    yield item
            if state.get("silent"):
                self._able, self._probe_at = None, time.monotonic() + PROBE_AGAIN_S
            self._remember(question.thread, state["plan"])
            yield _answer(state, time.monotonic() - start)
        except PlantroomError as error:
            yield Failed(error.code, str(error), error.hint)
        yield Done(round(time.monotonic() - start, 3))

    def _remember(self, thread: str, plan: Plan) -> None:
        """Keep the last plan of a thread, of the `MAX_THREADS` used last."""
        if thread:
            self._threads.pop(thread, None)
            self._threads[thread] = plan
            if len(self._threads) > MAX_THREADS:
                del self._threads[next(iter(self._threads))]

    async def _ready(self) -> tuple[ChatModel | None, str]:
        """The model if it answers and can call tools or follow a schema; else None, with a plain note."""
        if self._model is None:
            return None, ""
        async with self._probing:
            if not (self._able and self._able.usable) and time.monotonic() >= self._probe_at:
                self._probe_at = time.monotonic() + PROBE_AGAIN_S
                try:
                    async with asyncio.timeout(PROBE_S):
                        self._able = await self._model.probe()
                except PlantroomError as silence:
                    return None, f"No language model was used: {silence}."
                except TimeoutError:
                    return (
                        None,
                        f"No language model was used: its server gave no sign for {PROBE_S:.0f} s.",
                    )
        if self._able is None:
            return None, "No language model was used: its server is silent."
        if not self._able.usable:
            unable = "the one set up can neither call tools nor follow a schema"
            return None, f"No language model was used: {unable} ({self._able.why})."
        return self._model, ""


def _answer(state: State, elapsed_s: float) -> Answer:
    results = state["results"]
    return Answer(
        answer=state["text"],
        mode=state["mode"],
        evidence=tuple(evidence for result in results for evidence in result.evidence),
        charts=tuple(chart for result in results for chart in result.charts),
        follow_ups=state.get("follow_ups", ()),
        plan=replace(state["plan"], mode=state["mode"], steps=tuple(state["done"])),
        elapsed_s=round(elapsed_s, 3),
        ungrounded=state.get("ungrounded", ()),
    )
