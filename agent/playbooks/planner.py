"""A plan without a language model: read the words, link things and times, pick the intent, lay out the steps."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

from agent.plan import Intent, Plan, Question
from agent.playbooks.calendar import Clock
from agent.playbooks.entities import MASK, Linker
from agent.playbooks.intents import Read, intent_of, signs_of
from agent.playbooks.measure import read_measure
from agent.playbooks.normalise import is_plain, read_text
from agent.playbooks.replies import ask_back
from agent.playbooks.scope import Scope, scope_of
from agent.playbooks.slots import (
    COMMANDED,
    HEADLINES,
    complaint_of,
    find_slots,
    relation_of,
    stat_of,
    worklog_slots,
)
from agent.playbooks.steps import Slots, steps_for
from agent.playbooks.timewords import When, read_time
from ontology.graph import Building
from ontology.time import Span

MODE = "playbook"
_NEEDS_THING = frozenset(
    {
        Intent.LIVE_VALUE, Intent.HISTORY_TREND, Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY,
        Intent.FAULT_CAUSE, Intent.COMFORT_COMPLAINT, Intent.EXPLAIN_EQUIPMENT,
    }
)  # fmt: skip
_NEEDS_QUANTITY = frozenset({Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY})
_WITH_TIME = frozenset(
    {
        Intent.HISTORY_TREND, Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY, Intent.FAULTS_OPEN,
        Intent.FAULT_CAUSE, Intent.COMFORT_COMPLAINT, Intent.DATA_QUALITY, Intent.WORKLOG_STATS, Intent.REPORT_REQUEST,
    }
)  # fmt: skip
_WITH_QUANTITY = frozenset(
    {
        Intent.LIVE_VALUE, Intent.HISTORY_TREND, Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY,
        Intent.FAULT_CAUSE, Intent.OVERRIDE_STATUS, Intent.DATA_QUALITY, Intent.MANUAL_LOOKUP, Intent.REPORT_REQUEST,
        Intent.WRITE_REQUEST,
    }
)  # fmt: skip
_CLOSED = frozenset({Intent.INJECTION, Intent.OUT_OF_SCOPE})
_UNDATED = _CLOSED | {
    Intent.WRITE_REQUEST,
    Intent.MANUAL_LOOKUP,
    Intent.OVERRIDE_STATUS,
    Intent.FIND_EQUIPMENT,
}
_OURS = frozenset(
    {
        "trend",
        "fault",
        "override",
        "quality",
        "work",
        "why",
        "cause",
        "feel",
        "report",
        "find",
        "kind",
    }
)
"""Signs of this building's words: what holds one is a riddle, not another world."""
_PRONOUN = re.compile(r"\b(?:it|its|that|this one|them|they|there|those|same|the same)\b")
_EXAMPLES = ("room-807", "AHU-1", "CH-1", "CHW-PLANT", "weather")


class PlaybookPlanner:
    """Understands questions about one building. Pure after construction; about a millisecond each."""

    def __init__(self, building: Building) -> None:
        self._building = building
        self._linker = Linker(building)
        self._zone = building.zone

    def plan(
        self, question: Question, context: Sequence[str] = (), previous: Plan | None = None
    ) -> Plan:
        """The question as a plan. `context`: ids of the turn before; `previous`: its plan, if at hand.

        Raises BadRequest only for a question that is too long to be one.
        """
        clock = Clock(question.now, self._zone)
        read = self._read(question.text, clock)
        signs = signs_of(read)
        intent = intent_of(signs)
        scope = scope_of(self._building, self._linker, read, signs, intent)
        if intent not in _CLOSED:
            intent, read, scope = self._carried(intent, read, scope, signs, context, previous)
        wrong = self._unclear(intent, read, scope, signs)
        if intent in _CLOSED:
            return self._closed(intent, read, signs)
        if wrong is not None:
            return self._ambiguous(intent, read, scope, signs, *wrong)
        assert intent is not None  # noqa: S101  (no intent is always unclear)
        return self._laid_out(intent, read, scope, signs, question, clock)

    def _read(self, typed: str, clock: Clock) -> Read:
        text = read_text(typed)
        when = read_time(self._linker.explicit(text.plain), clock)
        linked = self._linker.link(text.plain, when.rest)
        masked = "".join(
            " " if blank == " " else letter
            for letter, blank in zip(linked.rest, when.rest, strict=True)
        )
        return Read(text, when, linked, read_measure(masked), masked)

    def _carried(
        self, intent: Intent | None, read: Read, scope: Scope, signs: frozenset[str],
        context: Sequence[str], previous: Plan | None,
    ) -> tuple[Intent | None, Read, Scope]:  # fmt: skip
        """What a follow-up leaves out, taken from the turn before: "and ch-3?", "what about yesterday?"."""
        follows = (
            "again" in signs or bool(_PRONOUN.search(read.text.plain)) or len(read.text.plain) < 25
        )
        known = tuple(
            id
            for id in (context or (previous.entities if previous else ()))
            if id in self._building
        )
        open_ends = not scope.named and not scope.unknown and not scope.several
        if (
            known
            and open_ends
            and (follows or not scope.of)
            and intent
            not in {
                Intent.FAULTS_OPEN,
                Intent.FIND_EQUIPMENT,
                Intent.OVERRIDE_STATUS,
                Intent.DATA_QUALITY,
                Intent.MANUAL_LOOKUP,
                Intent.WORKLOG_STATS,
                Intent.REPORT_REQUEST,
            }
        ):
            scope = scope.about(self._building, self._linker, known, read)
            intent = intent or (Intent.HISTORY_TREND if read.when.span else Intent.LIVE_VALUE)
        if previous is None or not follows:
            return intent, read, scope
        if scope.quantity is None and not signs & {
            "why",
            "cause",
            "fault",
            "feel",
            "explain",
            "work",
            "doing",
        }:
            scope = replace(scope, quantity=previous.quantity)
            if intent in {None, Intent.LIVE_VALUE, Intent.HISTORY_TREND} and scope.of:
                intent = previous.intent
        if read.when.span is None and previous.time is not None and not read.when.now_said:
            read = replace(read, when=replace(read.when, span=previous.time))
        if intent is Intent.LIVE_VALUE and read.when.span is not None:
            intent = Intent.HISTORY_TREND
        return intent, read, scope

    def _unclear(
        self, intent: Intent | None, read: Read, scope: Scope, signs: frozenset[str]
    ) -> tuple[str, str, tuple[str, ...]] | None:
        """Why it cannot be answered as asked: a reason of `replies`, what was said, candidates."""
        if intent in _CLOSED:
            return None
        if scope.unknown is not None and intent is not Intent.MANUAL_LOOKUP:
            near = self._linker.nearest(scope.unknown)
            return ("unknown" if near else "unknown-bare"), scope.unknown.said, near
        if scope.several is not None and not scope.named and intent is not Intent.MANUAL_LOOKUP:
            return "several", scope.several.said, scope.several.ids
        wrong = read.when.wrong
        if wrong is not None and intent not in _UNDATED:
            return wrong.why, wrong.said, ()
        if intent is None:
            return "what", "", ()
        if intent in _NEEDS_THING and not scope.of:
            return self._which(scope)
        if (
            intent in _NEEDS_QUANTITY
            and scope.quantity is None
            and scope.family not in HEADLINES
            and "sql" not in signs
        ):
            return "what", "", ()
        return None

    def _which(self, scope: Scope) -> tuple[str, str, tuple[str, ...]]:
        if scope.bare is None:
            return "which-thing", "", tuple(id for id in _EXAMPLES if id in self._building)
        near = tuple(e.id for e in self._linker.members(scope.bare.kind)[:8])
        if scope.bare.kind in {"room", "fcu"}:
            return "room", scope.bare.said, near[:1]
        if scope.bare.kind == "floor":
            return "floor", scope.bare.said, near[:2]
        return "several", scope.bare.said, near

    def _closed(self, intent: Intent | None, read: Read, signs: frozenset[str]) -> Plan:
        slots = {"zone": self._zone, "lang": _language(read), "help": "greeting" in signs}
        return Plan(MODE, intent or Intent.OUT_OF_SCOPE, slots=slots)

    def _ambiguous(
        self, intent: Intent | None, read: Read, scope: Scope, signs: frozenset[str], reason: str, said: str,
        near: tuple[str, ...],
    ) -> Plan:  # fmt: skip
        """Asks back. Far from the building's words it is another world; a command stays a command."""
        if reason == "what" and not signs & _OURS and _elsewhere(read):
            return self._closed(Intent.OUT_OF_SCOPE, read, frozenset())
        what = (scope.quantity or read.measure.base or "value").replace("-", " ")
        back = ask_back(reason, thai=read.text.thai, said=said, near=near, what=what)
        slots = {
            "zone": self._zone, "lang": _language(read), "candidates": near, "reason": reason,
            "meant": intent.value if intent else None,
        }  # fmt: skip
        kept = Intent.WRITE_REQUEST if intent is Intent.WRITE_REQUEST else Intent.AMBIGUOUS
        entities = (
            scope.entities
            if reason in {"future", "backwards", "no-such-day", "no-such-time", "empty", "too-old"}
            else ()
        )
        return Plan(MODE, kept, entities, scope.quantity, None, (), back, slots)

    def _laid_out(
        self, intent: Intent, read: Read, scope: Scope, signs: frozenset[str],
        question: Question, clock: Clock,
    ) -> Plan:  # fmt: skip
        quantity = scope.quantity if intent in _WITH_QUANTITY else None
        if quantity is None and intent in _NEEDS_QUANTITY | {Intent.HISTORY_TREND}:
            quantity = HEADLINES.get(scope.family)
        used = intent is Intent.ENERGY_EFFICIENCY or (
            intent is Intent.COMPARE_PERIODS and "consuming" in signs
        )
        if (
            used
            and quantity in {"power", "fan-power"}
            and read.when.span
            and "kw" not in read.masked
        ):
            quantity = "energy-use"
        if intent is Intent.WRITE_REQUEST:
            quantity = COMMANDED.get(quantity or "", quantity) or _commanded(read, scope)
        span = _span(intent, read.when, signs, quantity, scope, clock)
        slots = Slots(
            question.text.strip(), signs, scope.of, scope.entities, quantity, span,
            read.when.compare if intent is Intent.COMPARE_PERIODS else None,
            unit=read.measure.unit, condition=read.measure.condition, iso=self._iso,
            extra={"now": self._iso(question.now), "week_start": self._iso(question.now - dt.timedelta(days=7)),
                   "measurable": scope.measurable},
        )  # fmt: skip
        slots = self._filled(intent, slots, read, scope)
        entities = scope.place_ids if intent is Intent.FIND_EQUIPMENT else scope.entities
        shown = {
            "zone": self._zone, "lang": _language(read), "stat": slots.stat, "rank": slots.rank,
            "condition": slots.condition, "compare": slots.compare, "unit": slots.unit,
            "complaint": slots.complaint, "point": read.when.point, "cost": "money" in signs,
            "corrected": read.text.corrected,
        }  # fmt: skip
        return Plan(
            MODE,
            intent,
            entities,
            _shown_quantity(intent, quantity, slots),
            span,
            steps_for(intent, slots),
            None,
            shown,
        )

    def _filled(self, intent: Intent, slots: Slots, read: Read, scope: Scope) -> Slots:
        """The slots only one intent has."""
        if intent in {Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY}:
            return stat_of(slots, read, scope, ranked=intent is not Intent.COMPARE_PERIODS)
        if intent is Intent.COMFORT_COMPLAINT:
            return replace(slots, complaint=complaint_of(read))
        if intent is Intent.FIND_EQUIPMENT:
            return find_slots(slots, read, scope)
        if intent is Intent.EXPLAIN_EQUIPMENT:
            return replace(slots, relation=relation_of(read.masked))
        if intent is Intent.WORKLOG_STATS:
            return worklog_slots(slots, read)
        if intent is Intent.FAULTS_OPEN:
            family = next(
                (
                    f
                    for f in ("air", "plant", "room", "sensor", "override")
                    if f"{f} side" in read.masked or f"{f} fault" in read.masked
                ),
                None,
            )
            return replace(slots, extra={**slots.extra, "family": family})
        return slots

    def _iso(self, instant: dt.datetime) -> str:
        return instant.astimezone(self._zone).isoformat()


def _language(read: Read) -> str:
    return "th" if read.text.thai else "en"


def _elsewhere(read: Read) -> bool:
    """Plain words, none of them about the building: another world rather than a riddle."""
    words = re.findall(r"[a-z]{2,}", read.text.plain)
    if len(re.findall("[\u0e00-\u0e7f]", read.text.plain)) > 5 and MASK not in read.masked and not read.measure.bases:
        return not read.when.wrong
    known = sum(len(word) < 4 or is_plain(word) for word in words)
    return (
        len(words) >= 3
        and known * 2 >= len(words)
        and MASK not in read.masked
        and not read.measure.bases
        and not read.when.wrong
    )


def _commanded(read: Read, scope: Scope) -> str | None:
    """ "Set 807 to 24" names no quantity: a room's is its setpoint."""
    if (
        re.search(
            r"\b(?:set|to|cooler|warmer|colder|cool down|setit|raiseit|lowerit)\b", read.masked
        )
        and scope.family == "zone"
    ):
        return "zone-air-temp-sp"
    return None


def _shown_quantity(intent: Intent, quantity: str | None, slots: Slots) -> str | None:
    return slots.quantity if intent is Intent.FIND_EQUIPMENT else quantity


def _span(
    intent: Intent, when: When, signs: frozenset[str], quantity: str | None, scope: Scope, clock: Clock
) -> Span | None:  # fmt: skip
    """The time the plan is about: said, or the default of the intent."""
    if intent not in _WITH_TIME:
        return None
    if when.span is not None:
        return when.span
    if intent is Intent.HISTORY_TREND:
        return clock.rolling(24, "hour")
    if when.now_said or signs & {"rank", "which"}:
        return None
    totals = quantity in {"energy-use", "cooling-energy", "runtime", "starts"}
    if intent is Intent.ENERGY_EFFICIENCY and totals:
        return _today(clock)
    single = len(scope.of) == 1 and scope.bare is None
    if intent is Intent.AGGREGATE and (
        totals or (signs & {"stat", "condition"} and single and not scope.spread)
    ):
        return _today(clock)
    return None


def _today(clock: Clock) -> Span | None:
    """From midnight to now; at midnight itself the last hour."""
    midnight = clock.at(clock.today, 0)
    return Span(midnight, clock.now) if midnight < clock.now else clock.rolling(1, "hour")
