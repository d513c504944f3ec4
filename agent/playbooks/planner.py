"""A plan without a language model: read the words, link things and times, pick the intent, lay out the steps."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.plan import Intent, Plan, Question, Step
from agent.playbooks.calendar import Clock
from agent.playbooks.entities import MASK, Linker
from agent.playbooks.intents import Read, intent_of, signs_of
from agent.playbooks.measure import at_level, read_measure
from agent.playbooks.normalise import is_plain, read_text
from agent.playbooks.replies import ask_back
from agent.playbooks.scope import ONE_OF, Scope, Scoper
from agent.playbooks.slots import COMMANDED, HEADLINES, filled
from agent.playbooks.steps import TOTALS, Slots, steps_for
from agent.playbooks.timewords import read_time
from agent.playbooks.words.measures import BASE_PATTERNS, MODIFIER_PATTERNS
from agent.playbooks.words.nouns import Noun, noun_in, stranger_in
from ontology.graph import Building
from ontology.time import Span

MODE = "playbook"
_NEEDS_QUANTITY = frozenset({Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY})
_MEASURED = _NEEDS_QUANTITY | {Intent.LIVE_VALUE, Intent.HISTORY_TREND, Intent.FAULT_CAUSE}
_NEEDS_THING = _MEASURED | {Intent.COMFORT_COMPLAINT, Intent.EXPLAIN_EQUIPMENT}
_WITH_TIME = (_NEEDS_THING - {Intent.LIVE_VALUE, Intent.EXPLAIN_EQUIPMENT}) | {
    Intent.FAULTS_OPEN, Intent.DATA_QUALITY, Intent.WORKLOG_STATS, Intent.REPORT_REQUEST,
}  # fmt: skip
_WITH_QUANTITY = _MEASURED | {
    Intent.OVERRIDE_STATUS, Intent.DATA_QUALITY, Intent.MANUAL_LOOKUP, Intent.REPORT_REQUEST, Intent.WRITE_REQUEST,
}  # fmt: skip
_CLOSED = frozenset({Intent.INJECTION, Intent.OUT_OF_SCOPE})
_ANY_NOUN = frozenset(
    {
        Intent.INJECTION, Intent.MANUAL_LOOKUP, Intent.WORKLOG_STATS, Intent.REPORT_REQUEST, Intent.WRITE_REQUEST,
    }
)  # fmt: skip
"""Intents that are about any noun there is: documents and people write of more than is measured."""
_MOST_NAMED = 20
_PLACE_KINDS = frozenset({"floor", "room"})
_UNDATED = _CLOSED | {
    Intent.WRITE_REQUEST, Intent.MANUAL_LOOKUP, Intent.OVERRIDE_STATUS, Intent.FIND_EQUIPMENT,
}  # fmt: skip
_WHOLE_BUILDING = frozenset(
    {
        Intent.FAULTS_OPEN, Intent.FIND_EQUIPMENT, Intent.OVERRIDE_STATUS, Intent.DATA_QUALITY,
        Intent.MANUAL_LOOKUP, Intent.WORKLOG_STATS, Intent.REPORT_REQUEST,
    }
)  # fmt: skip
"""Intents that mean the whole building where nothing is named, even in a follow-up."""
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
        "ours",
    }
)
"""Signs of this building's words: what holds one is a riddle, not another world."""
_OTHERWISE = frozenset({"why", "cause", "fault", "feel", "explain", "work", "doing"})
_PRONOUN = re.compile(r"\b(?:it|its|that|this one|them|they|there|those|same|the same)\b")
_CLIPPED = 14
"""Characters; "yesterday?" and "delta t?" go on with what was talked about."""
_OTHER_ONE = re.compile(r"\b(?:same|other one|that one|this one)\b")
_EXAMPLES = ("room-807", "AHU-1", "CH-1", "CHW-PLANT", "weather")
_WRONG_TIMES = frozenset({"future", "backwards", "no-such-day", "no-such-time", "empty", "too-old"})


@dataclass(frozen=True)
class _Understood:
    """A question on its way to a plan."""

    question: Question
    clock: Clock
    read: Read
    signs: frozenset[str]
    intent: Intent | None
    scope: Scope

    @property
    def language(self) -> str:
        return "th" if self.read.text.thai else "en"


class PlaybookPlanner:
    """Understands questions about one building. Pure after construction; a few milliseconds each."""

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
        scoper = Scoper(self._building, self._linker, read, signs, intent=intent)
        it = _Understood(question, clock, read, signs, intent, scoper.scope())
        noun = self._noun(it)
        if noun is not None:
            return self._about(it, noun)
        if intent in _CLOSED:
            return self._closed(it)
        known = context or (previous.entities if previous else ())
        it = self._recalled(it, scoper, tuple(id for id in known if id in self._building), previous)
        unclear = self._unclear(it)
        return self._laid_out(it) if unclear is None else self._asked_back(it, *unclear)

    def _read(self, typed: str, clock: Clock) -> Read:
        text = read_text(typed)
        when = read_time(self._linker.explicit(text.plain), clock)
        linked = self._linker.link(text.plain, when.rest)
        masked = "".join(
            " " if blank == " " else letter
            for letter, blank in zip(linked.rest, when.rest, strict=True)
        )
        measure = read_measure(masked)
        if any(m.how == "group" and m.kind in {"room", "fcu", "vav"} for m in linked.mentions):
            measure = at_level(measure, masked)
        return Read(text, when, linked, measure, masked)

    def _recalled(
        self, it: _Understood, scoper: Scoper, known: tuple[str, ...], previous: Plan | None
    ) -> _Understood:
        """What a follow-up leaves out, from the turn before: "and ch-3?", "what about yesterday?"."""
        plain = it.read.text.plain
        follows = "again" in it.signs or bool(_PRONOUN.search(plain)) or len(plain) < _CLIPPED
        scope = it.scope
        unnamed = not (scope.named or scope.unknown or scope.several)
        if known and unnamed and (follows or not scope.of) and it.intent not in _WHOLE_BUILDING:
            default = Intent.HISTORY_TREND if it.read.when.span else Intent.LIVE_VALUE
            scope = scoper.about(scope, known)
            zone = "thing:zone" if scope.family == "zone" else "thing:equip"
            intent = intent_of(it.signs | {"thing", "thing:one", zone}) or default
            it = replace(it, scope=scope, intent=intent)
        return _continued(it, previous) if previous is not None and follows else it

    def _unclear(self, it: _Understood) -> tuple[str, str, tuple[str, ...]] | None:
        """Why it cannot be answered as asked: a reason of `replies`, what was said, candidates."""
        scope = it.scope
        if it.intent is not Intent.MANUAL_LOOKUP:
            if scope.unknown is not None:
                near = self._linker.nearest(scope.unknown)
                return ("unknown" if near else "unknown-bare"), scope.unknown.said, near
            if scope.several is not None and not scope.named:
                return "several", scope.several.said, scope.several.ids
        wrong = it.read.when.wrong
        if wrong is not None and it.intent not in _UNDATED:
            return wrong.why, wrong.said, ()
        if it.intent is None:
            return "what", "", ()
        single = scope.bare is not None and ONE_OF.search(it.read.masked) is not None
        if (
            it.intent in _NEEDS_THING or (single and it.intent is Intent.FAULTS_OPEN)
        ) and not scope.of:
            return self._which(scope)
        nothing = scope.quantity is None and scope.family not in HEADLINES
        return ("what", "", ()) if it.intent in _NEEDS_QUANTITY and nothing else None

    def _which(self, scope: Scope) -> tuple[str, str, tuple[str, ...]]:
        if scope.bare is None:
            return "which-thing", "", tuple(id for id in _EXAMPLES if id in self._building)
        near = tuple(e.id for e in self._linker.members(scope.bare.kind)[:8])
        if scope.bare.kind in {"room", "fcu"}:
            return "room", scope.bare.said, near[:1]
        if scope.bare.kind == "floor":
            return "floor", scope.bare.said, near[:2]
        return "several", scope.bare.said, near

    def _noun(self, it: _Understood) -> Noun | None:
        """A noun of the trade that no measure and no kind here reads, where the question is about it."""
        felt = it.intent is Intent.COMFORT_COMPLAINT and it.signs & {"feel", "complain"}
        if it.intent in _ANY_NOUN or felt:
            return None
        noun = noun_in(it.read.masked)
        if noun is None and it.intent in _MEASURED:
            noun = stranger_in(it.read.masked, _is_read)
        strays = it.scope.unknown is not None or it.scope.several is not None
        return None if noun is None or (strays and not noun.equip) else noun

    def _about(self, it: _Understood, noun: Noun) -> Plan:
        """What the model knows of the noun, at what is named; and what is wrong there, if that is asked."""
        of = () if noun.equip else self._named(it)
        args = {"word": noun.word, "like": noun.like, "of": list(of)}
        steps = [Step("vocab", {name: value for name, value in args.items() if value})]
        if of and it.signs & {"why", "cause", "happened", "wrong-with"}:
            steps.append(Step("faults", {"of": list(of), "state": "open", "cause": True}))
        slots = {"zone": self._zone, "lang": it.language, "noun": noun.says, "thing": noun.equip}
        span = it.read.when.span if it.intent in _WITH_TIME else None
        told = it.intent is Intent.COMFORT_COMPLAINT
        intent = Intent.LIVE_VALUE if told else it.intent or Intent.OUT_OF_SCOPE
        return Plan(MODE, intent, of, None, span, tuple(steps), None, slots)

    def _named(self, it: _Understood) -> tuple[str, ...]:
        """What is named, one by one or as a kind; never what the house would imply."""
        linked = it.read.linked
        ids = [id for id in linked.ids if "site" not in self._building.get(id)]
        if not ids and it.scope.bare is not None and it.scope.bare.kind not in _PLACE_KINDS:
            ids = [e.id for e in self._linker.members(it.scope.bare.kind)]
        ids = ids or [id for mention in linked.of("group") for id in mention.ids]
        return tuple(ids[:_MOST_NAMED])

    def _closed(self, it: _Understood) -> Plan:
        slots = {"zone": self._zone, "lang": it.language, "help": "greeting" in it.signs}
        return Plan(MODE, it.intent or Intent.OUT_OF_SCOPE, slots=slots)

    def _asked_back(self, it: _Understood, reason: str, said: str, near: tuple[str, ...]) -> Plan:
        """Asks back. Far from the building's words it is another world; a command stays a command."""
        known = it.signs & _OURS or "again" in it.signs or _OTHER_ONE.search(it.read.text.plain)
        if reason == "what" and not known and _elsewhere(it.read):
            return self._closed(replace(it, intent=Intent.OUT_OF_SCOPE))
        what = (it.scope.quantity or it.read.measure.base or "value").replace("-", " ")
        thai = it.read.text.thai
        back = ask_back(reason, thai=thai, said=said, near=near, what=what)
        slots = {
            "zone": self._zone, "lang": it.language, "candidates": near, "reason": reason,
            "meant": it.intent.value if it.intent else None,
        }  # fmt: skip
        command = it.intent is Intent.WRITE_REQUEST
        return Plan(
            MODE, Intent.WRITE_REQUEST if command else Intent.AMBIGUOUS,
            it.scope.entities if reason in _WRONG_TIMES else (), it.scope.quantity, None, (), back, slots,
        )  # fmt: skip

    def _laid_out(self, it: _Understood) -> Plan:
        assert it.intent is not None, "no intent is always unclear"
        intent, read, scope, signs = it.intent, it.read, it.scope, it.signs
        quantity = _quantity(it)
        compare = read.when.compare if intent is Intent.COMPARE_PERIODS else None
        slots = Slots(
            it.question.text.strip(), signs, scope.of, scope.entities, quantity, _span(it, quantity), compare,
            unit=read.measure.unit, condition=read.measure.condition, iso=self._iso,
            extra={
                "now": self._iso(it.question.now), "measurable": scope.measurable, "also": scope.also,
                "week_start": self._iso(it.question.now - dt.timedelta(days=7)),
            },
        )  # fmt: skip
        slots = filled(intent, slots, read, scope)
        finding = intent is Intent.FIND_EQUIPMENT
        shown = {
            "zone": self._zone, "lang": it.language, "stat": slots.stat, "rank": slots.rank,
            "condition": slots.condition, "compare": slots.compare, "unit": slots.unit,
            "complaint": slots.complaint, "point": read.when.point, "cost": "money" in signs,
            "corrected": read.text.corrected,
        }  # fmt: skip
        return Plan(
            MODE, intent, scope.place_ids if finding else scope.entities,
            slots.quantity if finding else quantity, slots.span, steps_for(intent, slots), None, shown,
        )  # fmt: skip

    def _iso(self, instant: dt.datetime) -> str:
        return instant.astimezone(self._zone).isoformat()


def _continued(it: _Understood, previous: Plan) -> _Understood:
    """Intent, quantity and time of the turn before, where this one says none."""
    when = it.read.when
    if it.scope.quantity is None and not it.signs & _OTHERWISE:
        it = replace(it, scope=replace(it.scope, quantity=previous.quantity))
        if it.scope.of and it.intent in {None, Intent.LIVE_VALUE, Intent.HISTORY_TREND}:
            it = replace(it, intent=previous.intent)
    if when.span is None and previous.time is not None and not when.now_said:
        when = replace(when, span=previous.time)
        it = replace(it, read=replace(it.read, when=when))
    if it.intent is Intent.LIVE_VALUE and when.span is not None:
        it = replace(it, intent=Intent.HISTORY_TREND)
    return it


def _quantity(it: _Understood) -> str | None:
    """The quantity the intent is about: as said, or what is looked at first on such a thing."""
    if it.intent not in _WITH_QUANTITY:
        return None
    quantity = it.scope.quantity
    if it.intent is Intent.LIVE_VALUE and it.read.measure.base == "status":
        return None  # all of it, not only whether it runs
    wordy = it.intent in {Intent.MANUAL_LOOKUP, Intent.DATA_QUALITY}
    if wordy and (quantity in TOTALS or quantity in {"run", "fan-run"}):
        return None  # "how long", "start", "working": words of the sentence, not of a point
    if "money" in it.signs and it.intent in _NEEDS_QUANTITY:
        return "energy-use"
    if quantity is None and it.intent in _NEEDS_QUANTITY | {Intent.HISTORY_TREND}:
        quantity = HEADLINES.get(it.scope.family)
    if quantity in {"power", "fan-power"} and _used(it):
        return "energy-use"
    if it.intent is Intent.WRITE_REQUEST:
        return COMMANDED.get(quantity or "", quantity) or _commanded(it)
    return quantity


def _used(it: _Understood) -> bool:
    """Power "used" over a range is energy, unless kW was said."""
    if it.read.when.span is None or "kw" in it.read.masked:
        return False
    compares = it.intent is Intent.COMPARE_PERIODS and "consuming" in it.signs
    return it.intent is Intent.ENERGY_EFFICIENCY or compares


def _commanded(it: _Understood) -> str | None:
    """ "Set 807 to 24" names no quantity: a room's is its setpoint."""
    sets = r"\b(?:set|to|cooler|warmer|colder|cool down|setit|raiseit|lowerit)\b"
    if it.scope.family == "zone" and re.search(sets, it.read.masked):
        return "zone-air-temp-sp"
    return None


def _span(it: _Understood, quantity: str | None) -> Span | None:
    """The time the plan is about: said, or the default of the intent."""
    if it.intent not in _WITH_TIME:
        return None
    if it.read.when.span is not None:
        return it.read.when.span
    if it.intent is Intent.HISTORY_TREND:
        return it.clock.rolling(24, "hour")
    if it.read.when.now_said or it.signs & {"rank", "which"}:
        return None
    total = quantity in TOTALS and it.intent in {Intent.ENERGY_EFFICIENCY, Intent.AGGREGATE}
    one = len(it.scope.of) == 1 and it.scope.bare is None and not it.scope.spread
    folded = it.intent is Intent.AGGREGATE and one and bool(it.signs & {"stat", "condition"})
    return _today(it.clock) if total or folded else None


def _today(clock: Clock) -> Span:
    """From midnight to now; at midnight itself the last hour."""
    midnight = clock.at(clock.today, 0)
    return Span(midnight, clock.now) if midnight < clock.now else clock.rolling(1, "hour")


def _is_read(phrase: str) -> bool:
    """Whether the first word of two is an everyday one, or one that some table of measures reads."""
    word = phrase.partition(" ")[0]
    tables = (*BASE_PATTERNS, *MODIFIER_PATTERNS)
    seen = (hit for _, pattern in tables if (hit := pattern.search(phrase)))
    return is_plain(word) or any(hit.start() < len(word) for hit in seen)


def _elsewhere(read: Read) -> bool:
    """Plain words, none of them about the building: another world rather than a riddle."""
    if MASK in read.masked or read.measure.bases or read.when.wrong:
        return False
    if len(re.findall("[\u0e00-\u0e7f]", read.text.plain)) > 5:
        return True
    words = re.findall(r"[a-z]{2,}", read.text.plain)
    known = sum(len(word) < 4 or is_plain(word) for word in words)
    return len(words) >= 3 and known * 2 >= len(words)
