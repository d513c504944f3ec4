"""The real agent in model mode, question by question, and what its model called and said."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, cast

from agent.answers.words import language_of
from agent.engineer import Engineer
from agent.events import Answer, Event, Failed, StepStarted
from agent.model import Capabilities, ChatModel, Message, Piece, ToolCall
from agent.opening import PromptStyle
from agent.plan import Plan, Question, Step
from agent.playbooks.planner import PlaybookPlanner
from agent.tools.toolbox import Toolbox
from ontology.errors import ModelSilent
from ontology.graph import Building
from services.llm.domain.bank import Judged
from services.llm.domain.examples import canonical
from services.llm.domain.grading import Grade, grade
from services.llm.domain.significance import wilson

NONE: Final = "(none)"
_WRONG: Final = Grade(tool=False, args=False, off=("(no call)",))


@dataclass(frozen=True)
class Verdict:
    """How one question went. `asked_model` is false where the agent answered before it came to one."""

    judged: Judged
    intent: str
    language: str
    right: Sequence[Step]
    called: Sequence[Step]
    grade: Grade
    playbook: Grade
    """How the playbook's own plan of the same words does: what the model is held against."""
    asked_model: bool
    mode: str = ""
    answer: str = ""
    ungrounded: tuple[str, ...] = ()
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.judged.id, "half": self.judged.half, "question": self.judged.asked, "plain": self.judged.plain,
            "intent": self.intent, "language": self.language, "right": _steps(self.right), "called": _steps(self.called),
            "tool_right": self.grade.tool, "args_right": self.grade.args, "off": list(self.grade.off),
            "playbook_right": self.playbook.args, "asked_model": self.asked_model, "mode": self.mode,
            "answer": self.answer, "ungrounded": list(self.ungrounded), "error": self.error,
        }  # fmt: skip


@dataclass
class Overheard:
    """A chat model that is listened to: the first completion's calls of each run, kept apart by task."""

    model: ChatModel
    _run: ContextVar[list[list[ToolCall]] | None] = field(
        default_factory=lambda: ContextVar("run", default=None)
    )

    def listen(self) -> list[list[ToolCall]]:
        """What the model will have called, completion by completion, in the run that begins now."""
        heard: list[list[ToolCall]] = []
        self._run.set(heard)
        return heard

    async def probe(self) -> Capabilities:
        return await self.model.probe()

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        choice: str = "auto",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 1_200,
    ) -> AsyncIterator[Piece]:
        heard = self._run.get()
        calls: list[ToolCall] = []
        if heard is not None:
            heard.append(calls)
        async for piece in self.model.stream(
            messages, tools=tools, choice=choice, schema=schema, max_tokens=max_tokens
        ):
            if isinstance(piece, ToolCall):
                calls.append(piece)
            yield piece


@dataclass(frozen=True)
class Judge:
    """Asks an agent about one building. `whole`: also its answers; else a run ends when its first calls are known."""

    box: Toolbox
    model: ChatModel
    style: PromptStyle = PromptStyle.FULL
    whole: bool = True
    at_once: int = 4

    async def ask(
        self, bank: Iterable[Judged], now: dt.datetime, progress: Callable[[int], None]
    ) -> list[Verdict]:
        """Verdicts in the bank's order. Raises ModelSilent where the server cannot be used at all."""
        able = await self.model.probe()
        if not able.usable:
            raise ModelSilent(
                f"the model can neither call tools nor follow a schema: {able.why}",
                hint="see its --tool-call-parser",
            )
        ear = Overheard(self.model)
        planner = PlaybookPlanner(self.box.building)
        engineer = Engineer(self.box, planner, ear, style=self.style)
        gate = asyncio.Semaphore(self.at_once)
        done = 0

        async def one(judged: Judged) -> Verdict:
            nonlocal done
            async with gate:
                found = await self._one(engineer, ear, planner, judged, now)
            done += 1
            progress(done)
            return found

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(judged)) for judged in bank]
        return [task.result() for task in tasks]

    async def _one(
        self, engineer: Engineer, ear: Overheard, planner: PlaybookPlanner, judged: Judged, now: dt.datetime
    ) -> Verdict:  # fmt: skip
        building = self.box.building
        right = planner.plan(Question(judged.plain, now))
        ways = ways_of(building, right, judged.asked)
        own = planner.plan(Question(judged.asked, now))
        heard = ear.listen()
        answer, error = await self._run(engineer, judged, now)
        called = [Step(call.name, call.args or {}) for call in heard[0]] if heard else []
        return Verdict(
            judged=judged, intent=right.intent.value, language=language_of(judged.asked),
            right=ways[0], called=called,
            grade=grade(building, ways, called, now) if called else _WRONG,
            playbook=grade(building, ways, own.steps, now) if own.steps else _WRONG,
            asked_model=bool(heard), mode=answer.mode if answer else "", answer=answer.answer if answer else "",
            ungrounded=answer.ungrounded if answer else (), error=error,
        )  # fmt: skip

    async def _run(
        self, engineer: Engineer, judged: Judged, now: dt.datetime
    ) -> tuple[Answer | None, str]:
        run = cast("AsyncGenerator[Event, None]", engineer.run(Question(judged.asked, now)))
        async with aclosing(run) as events:
            async for event in events:
                if isinstance(event, StepStarted) and not self.whole:
                    return None, ""
                if isinstance(event, Answer):
                    return event, ""
                if isinstance(event, Failed):
                    return None, f"{event.code}: {event.message}"
        return None, "the run ended without an answer"


def ways_of(building: Building, right: Plan, asked: str) -> list[Sequence[Step]]:
    """The right calls as a model was taught to write them, and as the playbook does."""
    return [canonical(building, right, asked), tuple(right.steps)]


def summary(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Shares with their 95 % intervals: over all, by intent and by language; confusions; answers."""
    whole = [v for v in verdicts if v.mode]
    return {
        "all": _shares(verdicts),
        "by_intent": _grouped(verdicts, lambda v: v.intent),
        "by_language": _grouped(verdicts, lambda v: v.language),
        "by_half": _grouped(verdicts, lambda v: v.judged.half),
        "confusion": _confusion(verdicts),
        "wrong_arguments": dict(Counter(name for v in verdicts for name in v.grade.off).most_common(30)),
        "answers": {
            "asked": len(whole), "by_model": sum(v.mode == "model" for v in whole),
            "grounded": sum(v.mode == "model" and not v.ungrounded for v in whole),
            "wrong_numbers": sum(len(v.ungrounded) for v in whole),
        } if whole else None,
        "errors": sum(bool(v.error) for v in verdicts),
    }  # fmt: skip


def _shares(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    asked = len(verdicts)
    right = sum(v.grade.args for v in verdicts)
    return {
        "questions": asked, "reached_model": sum(v.asked_model for v in verdicts),
        "tool_right": sum(v.grade.tool for v in verdicts), "right": right,
        "share": right / asked if asked else None, "interval": list(wilson(right, asked)),
        "playbook_right": sum(v.playbook.args for v in verdicts),
    }  # fmt: skip


def _grouped(verdicts: Sequence[Verdict], key: Callable[[Verdict], str]) -> dict[str, Any]:
    names = sorted({key(v) for v in verdicts})
    return {name: _shares([v for v in verdicts if key(v) == name]) for name in names}


def _confusion(verdicts: Sequence[Verdict]) -> dict[str, dict[str, int]]:
    """Right first tool -> called first tool -> how often."""
    found: dict[str, Counter[str]] = {}
    for v in verdicts:
        wanted = v.right[0].tool if v.right else NONE
        found.setdefault(wanted, Counter())[v.called[0].tool if v.called else NONE] += 1
    return {wanted: dict(called) for wanted, called in sorted(found.items())}


def _steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [{"tool": step.tool, "args": dict(step.args)} for step in steps]
