"""From an intent and its slots to calls of read-only tools: one small function per intent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.plan import Intent, Step
from ontology.time import Span

TOTALS = frozenset({"energy-use", "cooling-energy", "runtime", "starts"})
"""Quantities that add up over a range; they have no value "now"."""

MAX_LISTED = 10
MAX_FOUND = 50
_WASTE = re.compile(r"\bwast|\bexpens|\benergy hog|เปลือง")
"""A question for faults by what they cost."""
_BEGAN = re.compile(
    r"\b(?:started|starting|began|begun|new|newly|appeared|arose|raised|came up|showed up)\b|เริ่ม|ใหม่|เพิ่ง"
)
"""A question for faults by when they began, not for all that were there."""


@dataclass(frozen=True)
class Slots:
    """What the steps are made of. `of` is what tools are asked about, `entities` what was named."""

    question: str
    signs: frozenset[str]
    of: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    quantity: str | None = None
    span: Span | None = None
    compare: Span | None = None
    stat: str = ""
    rank: str = ""
    count: int | None = None
    unit: str = ""
    condition: Mapping[str, Any] | None = None
    complaint: str = ""
    kind: str = ""
    place: str = ""
    relation: str = ""
    iso: Callable[[Any], str] = str
    extra: Mapping[str, Any] = field(default_factory=dict)


def steps_for(intent: Intent, slots: Slots) -> tuple[Step, ...]:
    """The calls that answer it; none for what is answered without tools."""
    build = _BUILD.get(intent)
    return build(slots) if build else ()


def _call(tool: str, **args: Any) -> Step:
    """A step without the arguments that say nothing."""
    return Step(
        tool, {name: value for name, value in args.items() if value not in (None, "", [], ())}
    )


def _range(slots: Slots) -> dict[str, str]:
    if slots.span is None:
        return {}
    return {"start": slots.iso(slots.span.start), "end": slots.iso(slots.span.end)}


def _history(slots: Slots, **more: Any) -> Step:
    compare: dict[str, str] = {}
    if slots.compare is not None:
        compare = {
            "compare_start": slots.iso(slots.compare.start),
            "compare_end": slots.iso(slots.compare.end),
        }
    paid = slots.quantity == "energy-use" and "money" in slots.signs
    args = {
        "of": list(slots.of), "quantity": "energy-cost" if paid else slots.quantity, **_range(slots), **compare,
        "unit": slots.unit, "condition": slots.condition and dict(slots.condition),
    }  # fmt: skip
    return _call("history", **(args | more))


def _live(slots: Slots) -> tuple[Step, ...]:
    if slots.quantity is None:
        return (_call("overview", of=list(slots.of)),)
    stat = slots.stat or "latest"
    return (_history(slots, stat=stat), *_beside(slots, stat))


def _beside(slots: Slots, stat: str) -> tuple[Step, ...]:
    """The same of the quantities asked in the same breath."""
    return tuple(
        _history(slots, quantity=each, stat=stat, unit="") for each in slots.extra.get("also", ())
    )


def _trend(slots: Slots) -> tuple[Step, ...]:
    if slots.quantity is None:
        return (
            _call("overview", of=list(slots.of)),
            _call("faults", of=list(slots.of), state="all", **_range(slots)),
        )
    stat = "duration" if slots.quantity in {"run", "fan-run", "occupied", "window-open"} else "mean"
    return (
        _history(slots, stat=stat if slots.quantity not in TOTALS else "sum"),
        *_beside(slots, "mean"),
    )


def _aggregate(slots: Slots) -> tuple[Step, ...]:
    stats = [slots.stat]
    if {"min", "max"} <= slots.signs and not slots.rank:
        stats = ["min", "max"]
    return tuple(
        _history(
            slots,
            stat=stat,
            rank=slots.rank,
            count=slots.count or (MAX_LISTED if slots.rank else None),
        )
        for stat in stats
    )


def _energy(slots: Slots) -> tuple[Step, ...]:
    stat = "sum" if slots.quantity in TOTALS else ("mean" if slots.span else "latest")
    return (_history(slots, stat=stat, rank=slots.rank),)


def _compare(slots: Slots) -> tuple[Step, ...]:
    stat = slots.stat or ("sum" if slots.quantity in TOTALS else "mean")
    return (_history(slots, stat=stat),)


def _find(slots: Slots) -> tuple[Step, ...]:
    if slots.relation:
        return (_related(slots),)
    if slots.quantity or "points" in slots.extra:
        role, of, place = slots.quantity, slots.kind, slots.place
        tags = "" if role else slots.extra["points"]
        return (_call("find_points", role=role, tags=tags, of=of, place=place, count=MAX_FOUND),)
    return (_call("find_equip", kind=slots.kind, place=slots.place, count=MAX_FOUND),)


def _related(slots: Slots) -> Step:
    """One way to follow; the whole way to the plant where that is asked."""
    if slots.relation == "way":
        return _call("explain", of=list(slots.of))
    return _call("related", of=list(slots.of), relation=slots.relation)


def _explain(slots: Slots) -> tuple[Step, ...]:
    of = list(slots.of)
    if "doing" in slots.signs and not slots.relation:
        return (_call("overview", of=of),)
    if slots.relation:
        return (_related(slots),)
    return (
        _call("overview", of=of),
        _call("related", of=of, relation="feeds"),
        _call("related", of=of, relation="fed_by"),
    )


def _faults(slots: Slots) -> tuple[Step, ...]:
    costly = "money" in slots.signs or _WASTE.search(slots.question.lower()) is not None
    rank = "cost" if costly else "severity"
    state = "all" if slots.span is not None else "open"
    began = slots.span is not None and _BEGAN.search(slots.question.lower()) is not None
    return (
        _call(
            "faults",
            of=list(slots.of),
            state=state,
            kind=slots.extra.get("family"),
            rank=rank,
            began=began or None,
            **_range(slots),
        ),
    )


def _cause(slots: Slots) -> tuple[Step, ...]:
    found = [_call("faults", of=list(slots.of), state="open", cause=True)]
    if slots.quantity and slots.of and slots.extra.get("measurable"):
        found.append(_call("history", of=list(slots.of), quantity=slots.quantity, stat="trend",
                           start=slots.extra["week_start"], end=slots.extra["now"]))  # fmt: skip
    return tuple(found)


def _comfort(slots: Slots) -> tuple[Step, ...]:
    return tuple(_call("comfort", of=[id], complaint=slots.complaint) for id in slots.of[:4])


def _overrides(slots: Slots) -> tuple[Step, ...]:
    return (_call("overrides", of=list(slots.of)),)


def _quality(slots: Slots) -> tuple[Step, ...]:
    return (_call("quality", of=list(slots.of)),)


def _manual(slots: Slots) -> tuple[Step, ...]:
    return (_call("manuals", question=slots.question, of=list(slots.of)),)


def _worklog(slots: Slots) -> tuple[Step, ...]:
    return (_call("worklog", of=list(slots.of), stat=slots.stat or "list", group_by=slots.extra.get("group_by"),
                  text=slots.extra.get("text"), count=slots.count or MAX_LISTED, **_range(slots)),)  # fmt: skip


def _report(slots: Slots) -> tuple[Step, ...]:
    found = [_call("overview", of=list(slots.of))]
    if slots.quantity and slots.of and slots.span:
        found = [_history(slots, stat="sum" if slots.quantity in TOTALS else "mean")]
    state = "all" if slots.span is not None else "open"
    return (
        *found,
        _call("faults", of=list(slots.of), state=state, rank="severity", **_range(slots)),
    )


_BUILD: Mapping[Intent, Callable[[Slots], tuple[Step, ...]]] = {
    Intent.LIVE_VALUE: _live,
    Intent.HISTORY_TREND: _trend,
    Intent.COMPARE_PERIODS: _compare,
    Intent.AGGREGATE: _aggregate,
    Intent.ENERGY_EFFICIENCY: _energy,
    Intent.FIND_EQUIPMENT: _find,
    Intent.EXPLAIN_EQUIPMENT: _explain,
    Intent.FAULTS_OPEN: _faults,
    Intent.FAULT_CAUSE: _cause,
    Intent.OVERRIDE_STATUS: _overrides,
    Intent.COMFORT_COMPLAINT: _comfort,
    Intent.DATA_QUALITY: _quality,
    Intent.MANUAL_LOOKUP: _manual,
    Intent.WORKLOG_STATS: _worklog,
    Intent.REPORT_REQUEST: _report,
}
