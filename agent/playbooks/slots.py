"""The slots only one intent has: statistics and ranks, complaints, relations, what to find, work orders."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from agent.plan import Intent
from agent.playbooks.intents import Read
from agent.playbooks.scope import Scope
from agent.playbooks.steps import TOTALS, Slots
from agent.playbooks.words.cues import COMPLAINTS

COMMANDED: dict[str, str] = {
    # what is read -> what a command to it writes
    "zone-air-temp": "zone-air-temp-sp", "discharge-air-temp": "discharge-air-temp-sp",
    "chilled-water-leaving-temp": "chilled-water-leaving-temp-sp", "discharge-air-pressure": "discharge-air-pressure-sp",
    "condenser-water-entering-temp": "condenser-water-entering-temp-sp", "chilled-water-pressure": "chilled-water-pressure-sp",
    "run": "run-cmd", "fan-run": "fan-cmd", "discharge-air-flow": "discharge-air-flow-sp",
}  # fmt: skip

HEADLINES: dict[str, str] = {
    # family -> what is looked at first where no quantity is named
    "zone": "zone-air-temp", "air": "discharge-air-temp", "chiller": "efficiency", "plant": "efficiency", "pump": "power",
    "tower": "condenser-water-leaving-temp", "meter": "energy-use", "weather": "outside-air-temp",
}  # fmt: skip

_TOP = re.compile(
    r"\btop (\d{1,2})\b|\b(?:the )?(\d{1,2}) (?:hottest|coldest|warmest|highest|lowest|worst|best|biggest|most)"
)
_LOW_IS_WORST = frozenset({"delta-t"})
_FEEDS = r"(?:feeds?|serves?|serving|suppl(?:y|ies|ying)|feeding|measures?)"
_WORK_WORDS = [
    "filter",
    "tube",
    "belt",
    "bearing",
    "strainer",
    "refrigerant",
    "sensor",
    "seal",
    "motor",
    "oil",
    "treatment",
    "leak",
    "vibration",
    "battery",
    "coil",
    "valve",
    "damper",
    "actuator",
    "gasket",
    "thermostat",
    "vsd",
    "compressor",
]
_RELATIONS = (
    ("way", r"\bpath\b|\bhow (?:does|do) .{0,25}\b(?:get|come|reach|flow)s?\b|\btrace\b"),
    ("located_in", r"\bwhere (?:is|are|can|do)\b(?!.*\bfrom\b)|\blocat|\bwhich (?:floor|room|area)s? is\b|\bwhich floors?\W*$|\bon what floor\b"),
    ("upstream", r"\bupstream\b|\bdepends? on\b"),
    ("feeds", r"\bdownstream\b|\bwhat is (?:fed|served|supplied) (?:by|from)\b|\bruns? off\b|\bhangs? off\b|\bcovers?\b"),
    ("fed_by", r"\b(?:fed|served|supplied|cooled|measured) (?:by|from)\b|\bget\w*\b.*\bfrom\b|\bcom(?:es?|ing) from\b|\bgoes with\b|\bpaired\b"),
    ("feeds", rf"\b(?:does|do) (?:the )?¤.*\b{_FEEDS}\b|¤['s]*\s+{_FEEDS}|\b{_FEEDS}\b[^¤]*¤.*\bwhat\b"),
    ("fed_by", rf"\b{_FEEDS}\b[^¤]*¤"),
    ("feeds", rf"\b{_FEEDS}\b"),
)  # fmt: skip
_FAMILIES = ("air", "plant", "room", "sensor", "override")
_STATES = frozenset({"run", "fan-run", "occupied", "rented", "window-open"})
_SENSED = frozenset({"temp", "humidity", "co2", "pressure", "flow", "power", "battery"})
_SENSING = re.compile(r"\bsensors?\b|\bpoints?\b|\bthermostats?\b")
_POINTS = re.compile(r"\bpoints?\b")
_GROUPS = (
    ("trade", r"\bby trade\b|\bper trade\b|\bwhich trade\b|\beach trade\b"),
    ("month", r"\bby month\b|\bper month\b|\bmonthly\b|\beach month\b|\bwhich month\b"),
    ("cause", r"\bby cause\b|\bper cause\b|\bmost common cause|\bcauses\b"),
    ("equip", r"\bby (?:equipment|asset|unit|machine)\b|\bper (?:equipment|asset|unit|chiller|pump|machine)\b|\bwhich (?:equipment|asset|unit|machine|chiller|pump|ahu|¤+)|\bmost work orders\b|\bwhich\b"),
)  # fmt: skip
_WORK_STATS = (
    ("mttr", r"\bmttr\b|\btime to repair\b|\baverage repair time\b|\bhow long .{0,20}\brepair"),
    ("repeat", r"\brepeat\w*|\brecurr\w+|\bbefore\b|\bagain\b|\bhow often\b"),
    ("cost", r"\bcosts?\b|\bspen[dt]\b|\bbaht\b|\bthb\b|\bexpens\w+|\bmoney\b|\bbudget\b"),
    ("hours", r"\bhours\b|\blabou?r\b|\bman-?hours\b"),
    ("count", r"\bhow[ -]many\b|\bcount\b|\bnumber of\b|\bmost\b|\bby (?:trade|month|cause)\b"),
)


def filled(intent: Intent, slots: Slots, read: Read, scope: Scope) -> Slots:
    """The slots with what only this intent has."""
    if intent in {Intent.AGGREGATE, Intent.COMPARE_PERIODS, Intent.ENERGY_EFFICIENCY}:
        return _counted(slots, read, scope, ranked=intent is not Intent.COMPARE_PERIODS)
    fill = _FILL.get(intent)
    return fill(slots, read, scope) if fill else slots


def _live(slots: Slots, _read: Read, scope: Scope) -> Slots:
    """Which of many are on, occupied or open; not a hundred ones and noughts."""
    if scope.spread and slots.quantity in _STATES:
        return replace(slots, stat="list", condition={"op": "==", "value": 1})
    return slots


def _felt(slots: Slots, read: Read, _scope: Scope) -> Slots:
    return replace(slots, complaint=complaint_of(read))


def _found(slots: Slots, read: Read, scope: Scope) -> Slots:
    if "explain" in slots.signs and scope.place_ids:
        relation = relation_of(read.masked) or "fed_by"
        return replace(slots, relation=relation, of=scope.place_ids, quantity=None)
    return _sought(slots, read, scope)


def _explained(slots: Slots, read: Read, _scope: Scope) -> Slots:
    return replace(slots, relation=relation_of(read.masked))


def _faulty(slots: Slots, read: Read, _scope: Scope) -> Slots:
    family = next(
        (f for f in _FAMILIES if re.search(rf"\b{f}[ -](?:side|faults?)", read.masked)), None
    )
    return replace(slots, extra={**slots.extra, "family": family})


def _counted(slots: Slots, read: Read, scope: Scope, *, ranked: bool) -> Slots:
    """Mean, least, most, sum, hours or count; and whether entities are put in order by it."""
    many = scope.spread or len(scope.of) > 1
    ordering = bool(slots.signs & {"which", "rank", "max", "min"})
    rank = _rank(read, slots) if ranked and many and ordering else ""
    stat = _stat(slots, rank, many=many)
    condition = slots.condition
    if many and condition is None and slots.quantity in _STATES and stat in {"count", "latest"}:
        condition = {"op": "==", "value": 1}
        rank, stat = "", "count" if stat == "count" else "list"
    top = _TOP.search(read.text.plain)
    count = int(top[1] or top[2]) if top else 0
    return replace(slots, stat=stat, rank=rank, condition=condition, count=count or None)


def _stat(slots: Slots, rank: str, *, many: bool) -> str:
    if slots.condition is not None and not many:
        return "duration"
    if "count" in slots.signs and many:
        return "count"
    if slots.condition is not None and not rank:
        return "list"
    if slots.quantity in TOTALS:
        return "sum"
    plain = "mean" if slots.span else "latest"
    if rank:
        return plain
    return next((s for s in ("mean", "sum", "max", "min") if s in slots.signs), plain)


def _rank(read: Read, slots: Slots) -> str:
    signs = slots.signs
    low = "min" in signs or re.search(r"\b(?:cold|chilly|freezing|cool|low)\b", read.masked)
    if slots.quantity == "efficiency":
        # kW/RT: a high figure is a poor one
        poor = re.search(
            r"\bleast|\bworst|\binefficient|\bhighest|\blowest (?=efficien)", read.masked
        )
        good = re.search(r"\bbest|\bmost efficient|\blowest (?=kw)", read.masked)
        return "lowest" if good and not poor else "highest"
    if re.search(r"\bworst\b", read.masked) and slots.quantity in _LOW_IS_WORST:
        return "lowest"
    if slots.condition is not None and not signs & {"min", "max"}:
        return "lowest" if str(slots.condition["op"]).startswith("<") else "highest"
    return "lowest" if low else "highest"


def complaint_of(read: Read) -> str:
    """hot, cold, humid, smell, stuffy or noise; from the quantity where no feeling is named."""
    for kind, pattern in COMPLAINTS:
        if pattern.search(read.masked):
            return kind
    high = not re.search(r"\blow\b|\bdown\b|\bdropp", read.masked)
    return {"humidity": "humid", "co2": "stuffy"}.get(read.measure.base, "hot" if high else "cold")


def relation_of(masked: str) -> str:
    """Which way to follow: where, up, down, or "" for everything about it."""
    return next((relation for relation, pattern in _RELATIONS if re.search(pattern, masked)), "")


def _sought(slots: Slots, read: Read, scope: Scope) -> Slots:
    """Kind, place and function to look for."""
    mention = next(
        (m for m in read.linked.mentions if m.how in {"group", "kind"} and m.kind != "floor"), None
    )
    kind = mention.kind if mention else ""
    sensing = _SENSING.search(read.masked) is not None and kind != "iaq-sensor"
    quantity = scope.quantity if _SENSING.search(read.masked) else None
    if read.measure.base not in _SENSED:
        quantity = None
    if quantity is not None and kind in {"iaq-sensor", "room", "floor"}:
        kind = ""
    place = scope.place_ids[0] if scope.place_ids else ""
    points = {"points": "" if _POINTS.search(read.masked) else "sensor"} if sensing else {}
    return replace(
        slots, kind=kind, place=place, quantity=quantity, extra={**slots.extra, **points}
    )


def _worked(slots: Slots, read: Read, _scope: Scope) -> Slots:
    """What number of the work orders, per what, and with which word in them."""
    masked = read.masked
    stat = next((name for name, pattern in _WORK_STATS if re.search(pattern, masked)), "list")
    group = next((name for name, pattern in _GROUPS if re.search(pattern, masked)), None)
    if group == "equip" and (slots.entities and len(slots.entities) == 1):
        group = None
    words = [w for w in _WORK_WORDS if re.search(rf"\b{w}s?\b", masked)]
    extra = {
        **slots.extra,
        "group_by": group if stat != "list" else None,
        "text": words[0] if words else None,
    }
    return replace(slots, stat=stat, extra=extra)


_FILL: dict[Intent, Callable[[Slots, Read, Scope], Slots]] = {
    Intent.LIVE_VALUE: _live,
    Intent.AGGREGATE: partial(_counted, ranked=True),
    Intent.ENERGY_EFFICIENCY: partial(_counted, ranked=True),
    Intent.COMPARE_PERIODS: partial(_counted, ranked=False),
    Intent.COMFORT_COMPLAINT: _felt,
    Intent.FIND_EQUIPMENT: _found,
    Intent.EXPLAIN_EQUIPMENT: _explained,
    Intent.WORKLOG_STATS: _worked,
    Intent.FAULTS_OPEN: _faulty,
}
