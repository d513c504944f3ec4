"""Answers without a language model: what the tools found, told by templates in the asker's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.answers import (
    complaints,
    findings,
    orders,
    places,
    shortlists,
    states,
    texts,
    values,
    vocabulary,
)
from agent.answers.follow import follow_ups
from agent.answers.refusals import TEMPLATES, tell_out_of_scope
from agent.answers.voice import Voice
from agent.answers.words import language_of
from agent.evidence import ToolResult
from agent.plan import Plan
from ontology.errors import NotFound
from ontology.graph import Building

TELLERS: Mapping[str, Callable[[Voice, ToolResult], None]] = {
    "overview": places.tell_overview,
    "find_equip": shortlists.tell_shortlist,
    "find_points": shortlists.tell_shortlist,
    "read_filter": shortlists.tell_shortlist,
    "related": places.tell_related,
    "explain": places.tell_way,
    "vocab": vocabulary.tell_vocab,
    "validate": vocabulary.tell_validate,
    "history": values.tell_history,
    "sql": values.tell_sql,
    "manuals": texts.tell_manuals,
    "faults": findings.tell_faults,
    "worklog": orders.tell_worklog,
    "comfort": complaints.tell_comfort,
    "overrides": states.tell_overrides,
    "quality": states.tell_quality,
}
"""How each tool's result is told; `tests/agent` holds that every tool has a row."""


@dataclass(frozen=True)
class Told:
    """An answer's Markdown and what to ask next."""

    text: str
    follow_ups: tuple[str, ...]


def tell(
    question: str, plan: Plan, results: Sequence[ToolResult], building: Building, now: dt.datetime
) -> Told:
    """The answer to a question from what the tools found. Every digit in it is bound."""
    voice = Voice(plan, results, building, now, language_of(question))
    refuse = TEMPLATES.get(plan.intent)
    if refuse is not None and not results:
        refuse(voice)
    elif plan.question_back and not results:
        voice.lines.append(plan.question_back)
    for result in results:
        if result.error == NotFound.code:
            voice.say(f"Not here: {result.summary}", f"ที่นี่ไม่มี: {result.summary}")
        elif result.error:
            voice.say(
                f"I could not look at that: {result.summary}", f"ดูข้อมูลนี้ไม่ได้: {result.summary}"
            )
        else:
            TELLERS[result.tool](voice, result)
    if not voice.lines:
        tell_out_of_scope(voice)
    return Told("\n".join(voice.lines).strip(), follow_ups(voice))
