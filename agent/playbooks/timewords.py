"""When: English (and Thai, already in plain words) time phrases -> spans at the site.

Two periods are told apart by the word between them: the first named is asked about, the second
is what it is held against. A period still running is held against as much of the other.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

from agent.playbooks.calendar import WEEKDAYS, Clock, Nonsense, months_before
from agent.playbooks.timejoin import same_time, together
from agent.playbooks.timeparts import Part, blank, parts_of
from ontology.time import Span

_FORWARD = re.compile(
    r"\b(?:tomorrow|day after tomorrow|next (?:\d+ )?(?:hour|day|week|month|year|shift|" + "|".join(WEEKDAYS)
    + r")s?|forecast|predict(?:ion|ed)?|what will|how (?:hot|cold|much|many|high|low|warm) will|will .{0,40}\bbe|coming (?:week|days|month)|later today|in (?:the )?future)\b"
)  # fmt: skip
_NOW = re.compile(
    r"\b(?:right now|now|currently|current(?!ly? draw)|at the moment|at present|presently|live|real ?time|as of now|"
    r"this (?:minute|moment|very moment)|latest reading)\b"
)
_COMPARE = re.compile(
    r"\b(?:vs\.?|versus|compared?(?: (?:to|with|against|and))?|comparison|against|relative to|than|difference|differ|"
    r"(?:up|down|higher|lower|changed?|different) (?:or \w+ )?from|(?:warmer|hotter|colder|cooler|more|less|higher|lower|better|worse)(?= .{0,30}\bor\b)|"
    r"(?:week|day|month|year) (?:on|over) (?:week|day|month|year)|(?:more|less|higher|lower|better|worse|hotter|colder)\b.*\bor)\b"
)
_SIDES = re.compile(
    r"\b(?:compared(?: (?:to|with|against))?|compare (?:to|with|against|and)|compare(?= )|vs\.?|versus|(?:up|down|higher|lower|changed?|different) (?:or \w+ )?from|against|relative to|than|with|and|to|or)\b"
)
_WEAK = frozenset({"with", "and", "to", "or", "compare"})
_ON = re.compile(r"\b(week|day|month|year) (?:on|over) \1\b")


@dataclass(frozen=True)
class When:
    """What was said about time. `rest` is the text with its time words blanked out."""

    rest: str
    span: Span | None = None
    compare: Span | None = None
    now_said: bool = False
    point: bool = False
    wrong: Nonsense | None = None


def read_time(text: str, clock: Clock) -> When:
    """The time a question is about. Nonsense is told, not raised: the planner asks back."""
    now_said = _NOW.search(text) is not None
    rest = _NOW.sub(lambda m: " " * len(m[0]), blank(text))
    forward = _FORWARD.search(text)
    if forward:
        return When(rest, now_said=now_said, wrong=Nonsense("future", forward[0]))
    try:
        parts = parts_of(text, clock)
        found = _compared(text, parts, clock) if _COMPARE.search(text) else None
        if found is not None:
            return replace(found, rest=rest, now_said=now_said)
        span = together(text, parts, clock) or same_time(text, parts, clock)
        point = any(p.hours is not None and p.hours[1] is None for p in parts)
        return When(rest, span, now_said=now_said, point=point)
    except Nonsense as wrong:
        return When(rest, now_said=now_said, wrong=wrong)


def _compared(text: str, parts: list[Part], clock: Clock) -> When | None:
    """Two periods, or None if only one is named."""
    on = _ON.search(text)
    if on:
        base = clock.days(
            {"week": clock.week, "month": clock.month, "year": clock.year}.get(
                on[1], clock.day_back
            )(0)
        )
        return When("", base, _shifted(base, on[1], clock))
    sides = sorted(_SIDES.finditer(text), key=lambda m: (m[0] in _WEAK, m.start()))
    split = next((m for m in sides if _splits(m, parts, text)), None)
    if split is None:
        return None
    left = [p for p in parts if p.to <= split.start()]
    right = [p for p in parts if p.at >= split.end()]
    base_said = together(text[: split.start()], left, clock)
    base = base_said or _this_period(text, right, clock)
    shift = next((p.shift for p in parts if p.shift), "")
    if shift:
        other: Span | None = _shifted(base, shift, clock)
    else:
        other = together(text[split.end() :].rjust(len(text)), right, clock)
        if other is None and _NOW.search(text, split.end()):
            other = clock.rolling(1, "hour")
    if other is None or other == base:
        return None
    return When("", base, _aligned(base, other, clock))


def _splits(m: re.Match[str], parts: list[Part], text: str) -> bool:
    """Whether this word stands between the two periods."""
    weak = m[0] in _WEAK
    before = any(p.to <= m.start() for p in parts)
    now_after = before and _NOW.search(text, m.end()) is not None
    after = now_after or any(p.at >= m.end() for p in parts)
    inside = any(p.at < m.end() and m.start() < p.to for p in parts)
    return after and not inside and (before or not weak)


def _this_period(text: str, right: list[Part], clock: Clock) -> Span:
    """The running period of the same kind as the one it is compared to."""
    said = " ".join(text[p.at : p.to] for p in right)
    if "week" in said and "same day" not in said and "same time" not in said:
        return clock.days(clock.week(0))
    if "month" in said:
        return clock.days(clock.month(0))
    if "year" in said:
        return clock.days(clock.year(0))
    return clock.days(clock.day_back(0))


def _shifted(base: Span, unit: str, clock: Clock) -> Span:
    """The same stretch a day, week, month or year earlier; a longer stretch by its own length."""
    if unit in {"month", "year"}:
        months = 12 if unit == "year" else 1
        start, end = (_months_back(edge, months, clock) for edge in (base.start, base.end))
        return clock.clip(start, end)
    by = dt.timedelta(days=7 if unit == "week" else 1)
    return clock.clip(
        base.start - max(by, _whole_days(base)), base.end - max(by, _whole_days(base))
    )


def _whole_days(base: Span) -> dt.timedelta:
    return dt.timedelta(days=-(-base.duration // dt.timedelta(days=1)))


def _months_back(instant: dt.datetime, months: int, clock: Clock) -> dt.datetime:
    local = instant.astimezone(clock.zone)
    day = months_before(local.date(), months)
    return dt.datetime.combine(day, local.time(), tzinfo=clock.zone)


def _aligned(base: Span, other: Span, clock: Clock) -> Span:
    """A running period is held against as much of the other: ten hours of today, ten of yesterday."""
    running = base.end == clock.now
    longer = other.duration > base.duration
    return Span(other.start, other.start + base.duration) if running and longer else other
