"""What a person wants: signs found in a question -> the first intent whose row they satisfy.

Precedence, and why: attacks first, so that nothing else can be smuggled in; then other worlds;
then how-to and documents, because "how do I reset ..." holds a command; reports; commands; the
log of work; overrides and data quality, whose words ("stuck", "manual") also occur in faults;
comparisons; complaints and causes; the ontology; open faults; and measured values last, because
any named thing with any quantity is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.plan import Intent
from agent.playbooks.entities import Linked, Mention
from agent.playbooks.measure import Measure
from agent.playbooks.normalise import Text
from agent.playbooks.timewords import When
from agent.playbooks.words.cues import CUES
from agent.playbooks.words.english import DOMAIN

ZONE_KINDS = frozenset({"room", "floor", "vav", "fcu", "space", "iaq-sensor"})
_TOTALS = frozenset({"runtime", "starts"})
_FELT = frozenset({"temp", "humidity", "co2", "setpoint"})
_FLOWING = frozenset({"power", "load", "cooling"})
_PLAIN_TOO = ("complain", "quality", "outside")
"""Signs whose words may be part of a name: "guest at 2003", "sensor 1407"."""
_SHORT = 30
"""Characters; "ch-2?" is about all of it, a longer text without a quantity may not be."""
_TOLD = 2
"""Words left beside a named room that no table knows: something is told about it, not asked of it."""
_SMALL = frozenset(
    """
    the and for are was has had have been from with this that what about please now today tell show give get check room
    guest let know need want can you could would she her his him its our your there here just like right quick status
    value politely stays units value anyone
    """.split()  # noqa: SIM905  (a list of words reads as words)
)
_WHICH = re.compile(r"\b(?:which|what)\s*$")
_ENERGY = frozenset({"efficiency", "energy-use"})


@dataclass(frozen=True)
class Read:
    """A question taken apart: text, time, things, quantity. `masked` has things as ¤ and no times."""

    text: Text
    when: When
    linked: Linked
    measure: Measure
    masked: str


@dataclass(frozen=True)
class Row:
    """An intent is meant when all of `need`, one of `any` (if given) and none of `never` are seen."""

    intent: Intent
    need: frozenset[str]
    any: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    def fits(self, signs: frozenset[str]) -> bool:
        return (
            self.need <= signs
            and (not self.any or bool(self.any & signs))
            and not self.never & signs
        )


def _row(intent: Intent, need: str = "", any: str = "", never: str = "") -> Row:
    return Row(intent, frozenset(need.split()), frozenset(any.split()), frozenset(never.split()))


ROWS: tuple[Row, ...] = (
    _row(Intent.INJECTION, "inject"),
    _row(Intent.OUT_OF_SCOPE, "outside", never="thing:equip measured+thing feel+thing"),
    _row(Intent.OUT_OF_SCOPE, "amenity", never="thing:equip measured+thing work report feel+thing complain+feel book find quality"),
    _row(Intent.OUT_OF_SCOPE, "greeting", never="thing measured"),
    # documents
    _row(Intent.MANUAL_LOOKUP, "howto", any="ours thing kind group measured", never="report latest"),
    _row(Intent.OUT_OF_SCOPE, "howto", never="report thing kind group measured"),
    _row(Intent.MANUAL_LOOKUP, "book", never="report write compare2 why work+counted condition+which"),
    _row(Intent.MANUAL_LOOKUP, "define kind", never="thing measured report fault feel"),
    _row(Intent.REPORT_REQUEST, "report", never="reported"),
    _row(Intent.REPORT_REQUEST, "summary", never="reported thing kind group fault why"),
    # commands
    _row(Intent.WRITE_REQUEST, "write", never="asking latest"),
    # the log of work
    _row(Intent.COMFORT_COMPLAINT, "complain feel thing:zone", never="thing:equip find measured:energy"),
    _row(Intent.WORKLOG_STATS, "work", never="why+thing cause faulted"),
    # overrides and data quality
    _row(Intent.OVERRIDE_STATUS, "override", never="why trend"),
    _row(Intent.DATA_QUALITY, "quality", never="why+valve cause+valve complain forced:why"),
    _row(Intent.DATA_QUALITY, "stuck measured:felt", never="actuator why cause"),
    _row(Intent.DATA_QUALITY, "stuck thing:iaq", never="actuator cause"),
    # two periods
    _row(Intent.COMPARE_PERIODS, "compare2"),
    _row(Intent.FAULTS_OPEN, "thing:site", any="cause wrong-with fault", never="thing:equip thing:zone why measured"),
    _row(Intent.FAULT_CAUSE, "wrong-with thing"),
    # comfort and causes
    _row(Intent.HISTORY_TREND, "feel asks-past timed thing:zone", never="complain why cause more"),
    _row(Intent.AGGREGATE, "feel which group:zone", never="complain why cause"),
    _row(Intent.AGGREGATE, "feel group:zone", any="max min", never="complain why cause"),
    _row(Intent.COMFORT_COMPLAINT, "complain", any="feel thing:zone kind:zone"),
    _row(Intent.COMFORT_COMPLAINT, "feel", any="thing:zone kind:zone",
         never="thing:equip live-how condition+counted stat+timed"),
    _row(Intent.COMFORT_COMPLAINT, "why thing:zone measured:felt", never="thing:equip"),
    _row(Intent.HISTORY_TREND, "happened measured timed", never="why"),
    _row(Intent.HISTORY_TREND, "when-did measured:state", never="why cause fault:noun"),
    _row(Intent.COMFORT_COMPLAINT, "too-far thing:zone measured:felt", never="thing:equip timed"),
    _row(Intent.FAULTS_OPEN, "cause fault", never="why thing kind group measured"),
    _row(Intent.FAULT_CAUSE, "", any="why cause happened", never="find+noneed"),
    _row(Intent.FAULT_CAUSE, "suspect thing:equip", never="trend"),
    _row(Intent.FAULT_CAUSE, "feel thing:equip", never="measured live-how"),
    _row(Intent.COMFORT_COMPLAINT, "feel", never="measured thing live-how stat fault"),
    # the ontology
    _row(Intent.FIND_EQUIPMENT, "has-sensor", never="fault feel"),
    _row(Intent.FAULTS_OPEN, "fault:noun energy which", never="thing:one"),
    _row(Intent.FAULTS_OPEN, "waste", never="thing:equip thing:zone"),
    _row(Intent.FIND_EQUIPMENT, "whats-on thing", never="measured fault"),
    _row(Intent.FIND_EQUIPMENT, "find things", never="fault measured:state condition stat timed trend measured+thing:one+equip"),
    _row(Intent.FIND_EQUIPMENT, "explain which:kind", any="thing:one group", never="fault trend stat timed where"),
    _row(Intent.FIND_EQUIPMENT, "kind where", never="thing fault measured feel"),
    _row(Intent.EXPLAIN_EQUIPMENT, "explain", any="thing kind group",
         never="fault trend stat timed measured+noexplain"),
    _row(Intent.FIND_EQUIPMENT, "find", any="group kind things",
         never="fault measured:state condition stat timed trend measured+asked energy"),
    _row(Intent.EXPLAIN_EQUIPMENT, "what-is thing", never="measured"),
    _row(Intent.FIND_EQUIPMENT, "explain things", never="thing measured fault feel"),
    _row(Intent.FIND_EQUIPMENT, "kind for-one", never="measured fault feel timed write"),
    _row(Intent.ENERGY_EFFICIENCY, "which group:chiller", any="max min", never="measured fault:noun"),
    _row(Intent.EXPLAIN_EQUIPMENT, "doing thing:one", never="measured fault:noun timed feel stuck all-good"),
    # open faults
    _row(Intent.FAULTS_OPEN, "fault", never="measured+trend measured:energy stat+measured condition trend+measured"),
    # measured values
    _row(Intent.HISTORY_TREND, "trend", any="measured thing", never="thing+nomeasure+never"),
    _row(Intent.ENERGY_EFFICIENCY, "consuming timed"),
    _row(Intent.ENERGY_EFFICIENCY, "", any="measured:energy money energy", never="kwpoint"),
    _row(Intent.AGGREGATE, "measured", any="stat totals condition counted rank", never="run+live"),
    _row(Intent.HISTORY_TREND, "measured timed"),
    _row(Intent.AGGREGATE, "measured:state group with", never="thing:one"),
    _row(Intent.LIVE_VALUE, "measured"),
    _row(Intent.HISTORY_TREND, "thing timed"),
    _row(Intent.FIND_EQUIPMENT, "group", never="thing:one doing:strict feel"),
    _row(Intent.FIND_EQUIPMENT, "group thing:place", never="feel stat timed doing"),
    _row(Intent.FIND_EQUIPMENT, "things thing:one", never="feel stat timed doing measured"),
    _row(Intent.FIND_EQUIPMENT, "which group", never="feel stat timed"),
    _row(Intent.COMFORT_COMPLAINT, "told thing:zone", never="thing:equip timed asking doing measured group again find"),
    _row(Intent.LIVE_VALUE, "thing", any="doing short again"),
    _row(Intent.HISTORY_TREND, "thing timed"),
    _row(Intent.LIVE_VALUE, "thing"),
)  # fmt: skip


def signs_of(read: Read) -> frozenset[str]:
    """Every sign in the question, and joint signs "a+b" for the rows that need them."""
    found = {name for name, pattern in CUES.items() if pattern.search(read.masked)}
    found |= set(_of_text(read)) | set(_of_things(read.linked)) | set(_of_measure(read))
    found |= {
        sign for sign, seen in (("compare2", read.when.compare), ("timed", read.when.span)) if seen
    }
    if "sum" in found and read.measure.base in _FLOWING and not read.when.span:
        found.discard("sum")  # the "total load" of now is one value
    if found & {"mean", "max", "min", "sum"}:
        found.add("stat")
    return frozenset(found | set(_joint(found)))


def intent_of(signs: frozenset[str]) -> Intent | None:
    """The first row that fits; None when nothing does."""
    return next((row.intent for row in ROWS if row.fits(signs)), None)


def _of_text(read: Read) -> Iterable[str]:
    """Signs of the whole text, before anything is masked."""
    if CUES["inject"].search(read.text.raw) or CUES["inject"].search(read.text.plain):
        yield "inject"
    for name in _PLAIN_TOO:
        if CUES[name].search(read.text.plain):
            yield name
    if CUES["greeting"].search(read.text.plain):
        yield "greeting"
    if DOMAIN & set(re.findall(r"[a-z]{3,}", read.masked)):
        yield "ours"
    if len([w for w in re.findall(r"[a-z]{3,}", read.masked) if w not in _SMALL]) >= _TOLD:
        yield "told"
    if len(read.text.plain) < _SHORT:
        yield "short"


def _of_things(linked: Linked) -> Iterable[str]:
    for mention in linked.mentions:
        if mention.how in {"one", "unknown", "several"}:
            yield from _of_named(mention)
        elif mention.how == "group":
            yield from ("group", "thing", f"group:{_side(mention)}")
            yield f"group:{mention.kind}"
        else:
            yield from ("kind", f"kind:{_side(mention)}")
            if mention.kind == "room":
                yield "group:zone"
        if mention.how in {"group", "kind"} and _WHICH.search(linked.text[: mention.at]):
            yield "which:kind"


def _of_named(mention: Mention) -> Iterable[str]:
    yield from ("thing", "thing:one")
    yield "thing:site" if mention.kind == "site" else f"thing:{_side(mention)}"
    if mention.kind in {"floor", "space"}:
        yield "thing:place"
    if mention.kind == "iaq-sensor":
        yield "thing:iaq"


def _side(mention: Mention) -> str:
    """Where comfort is felt, or what makes it."""
    return "zone" if mention.kind in ZONE_KINDS else "equip"


def _of_measure(read: Read) -> Iterable[str]:
    measure = read.measure
    if measure.base:
        yield "measured"
    if measure.base in _FELT:
        yield "measured:felt"
    if measure.base in _ENERGY:
        yield "measured:energy"
    if measure.base in {"run", "occupied", "rented", "window"}:
        yield "measured:state"
    if measure.base in {"valve", "damper"}:
        yield "valve"
    if measure.base in _TOTALS:
        yield "totals"
    if measure.condition:
        yield "condition"


def _joint(found: set[str]) -> Iterable[str]:
    for joint in _JOINTS:
        if set(joint.split("+")) <= found:
            yield joint
    if "measured" in found and found & {"which", "count"}:
        yield "measured+asked"
    if {"count", "measured:state"} <= found or {"count", "condition"} <= found:
        yield "counted"
    if "which" in found and found & {"stat", "condition", "feel"}:
        yield "rank"


_JOINTS = tuple(
    {
        joint
        for row in ROWS
        for signs in (row.need, row.any, row.never)
        for joint in signs
        if "+" in joint and joint != "measured+asked"
    }
)
