"""What a language model is told before a question: the whole manual, or the reading alone for one that was trained on it.

Training examples and the served agent come here both, so that a model never meets a prompt it did not learn.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent.answers.refusals import TEMPLATES
from agent.answers.words import THAI, language_of
from agent.figures import show_span
from agent.model import Message
from agent.plan import Intent, Plan, Question
from agent.prompts import prompt
from agent.tools import schemas
from ontology.graph import Building
from ontology.time import Span

_LANGUAGES = {THAI: "Thai"}


class PromptStyle(StrEnum):
    """FULL teaches any model its work; SHORT is for one fine-tuned on `plantroom llm data`."""

    FULL = "full"
    SHORT = "short"


@dataclass(frozen=True)
class Opening:
    """The first messages of a run. `in_prompt`: the tools stand in the prompt, for servers that cannot call any."""

    building: Building
    style: PromptStyle = PromptStyle.FULL
    in_prompt: bool = False

    def tools(self) -> list[dict[str, Any]]:
        """The tools as the server is told them: a model that learnt them needs no descriptions."""
        return schemas(lean=self.style is PromptStyle.SHORT)

    def messages(
        self, plan: Plan, question: Question, *, now: dt.datetime, context: Sequence[str] = ()
    ) -> list[Message]:
        """The system prompt with what was read from the question, and the question."""
        write = _short if self.style is PromptStyle.SHORT else _full
        system = write(self.building, plan, question, now)
        if self.in_prompt:
            system += "\n\n" + prompt("steps", tools=json.dumps(self.tools(), ensure_ascii=False))
        earlier = [f"Earlier in this conversation: {', '.join(context)}."] if context else []
        return [
            {"role": "system", "content": system},
            {"role": "user", "content": "\n".join([*earlier, question.text])},
        ]


def reaches_model(plan: Plan) -> bool:
    """Whether a model is asked: not for what a template answers, nor where a question back is due.

    A bare "ambiguous" is worth a model's try. A noun this building may not have is looked up before it is
    said that there is none.
    """
    answered = plan.intent in TEMPLATES and "noun" not in plan.slots
    return not plan.question_back and (not answered or plan.intent is Intent.AMBIGUOUS)


def instant(at: dt.datetime, building: Building) -> str:
    """Local ISO 8601 to the minute with offset: what a short prompt says and its model repeats."""
    return at.astimezone(building.zone).isoformat(timespec="minutes")


def _full(building: Building, plan: Plan, question: Question, now: dt.datetime) -> str:
    zone, span = building.zone, plan.time
    return prompt(
        "engineer",
        site=building.site.dis,
        now=f"{now.astimezone(zone):%A %Y-%m-%dT%H:%M%z}",
        zone=str(zone),
        language=f" ({_language(question)})",
        time=f"{span.start.astimezone(zone).isoformat()} to {span.end.astimezone(zone).isoformat()}"
        f" ({show_span(span.start, span.end, zone, now)})" if span else "none given",
        entities=", ".join(plan.entities) or "none",
        quantity=plan.quantity or "none",
    )  # fmt: skip


def _short(building: Building, plan: Plan, question: Question, now: dt.datetime) -> str:
    limit = plan.slots.get("condition")
    return prompt(
        "short",
        site=building.site.id,
        now=f"{now.astimezone(building.zone):%a} {instant(now, building)}",
        language=_language(question),
        intent=plan.intent.value,
        entities=", ".join(plan.entities) or "none",
        quantity=plan.quantity or "none",
        time=_span(plan.time or _looked_at(plan), building),
        compare=_span(plan.slots.get("compare"), building),
        unit=plan.slots.get("unit") or "none",
        limit=f"{limit['op']} {limit['value']:g}" if limit else "none",
    )


def _looked_at(plan: Plan) -> Span | None:
    """The range the playbook would look at where none was said, such as the week before a fault."""
    ranges = (Span.of(s.args["start"], s.args["end"]) for s in plan.steps if {"start", "end"} <= s.args.keys())  # fmt: skip
    return next(ranges, None)


def _span(span: Span | None, building: Building) -> str:
    return f"{instant(span.start, building)} to {instant(span.end, building)}" if span else "none"


def _language(question: Question) -> str:
    return _LANGUAGES.get(language_of(question.text), "English")
