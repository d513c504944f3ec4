"""Pieces of time put together: a day with a clock time, a start with an end, since when."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from itertools import pairwise

from agent.playbooks.calendar import POINT, Clock, Days, Nonsense
from agent.playbooks.timeparts import Part
from ontology.time import Span

_SINCE = re.compile(
    r"(?:\bsince|\bfrom|\bafter|\bstarting(?: from)?|\bever since)\s*(?:the\s*|about\s*|at\s*)?$"
)
_JOIN = re.compile(r"^\s*(?:-|to|until|till|through|and|up to)\s*(?:the )?$")
_BEFORE_RANGE = re.compile(r"\b(?:from|between)\s*(?:the )?$")
_AND = re.compile(r"\s*(?:and|&|,|\+)\s*")
_LONGEST_NIGHT_H = 16
"""A clock range that passes midnight is a night shift at most: 5 pm to 3 pm is a slip."""


def together(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """One span from all parts, None without any. Raises Nonsense for what cannot be meant."""
    parts = [p for p in parts if not p.shift]
    if not parts:
        return None
    ranged = _from_to(text, parts, clock)
    if ranged is not None:
        return ranged
    parts = _adjoining(text, parts)
    day = next((p.days for p in parts if p.days is not None), None)
    span = next((p.span for p in parts if p.span is not None), None)
    since = _said_since(text, parts)
    hour = _hour_of(parts)
    if hour is not None and hour.hours is not None:
        if span is not None:
            return _within(span, hour.hours, clock)
        habit = hour.part_of_day and day is None and not since and _habitual(text, hour)
        return None if habit else _on_clock(day, hour, clock, since=since)
    whole = clock.days(day) if day is not None else span
    return clock.clip(whole.start, clock.now) if since and whole else whole


def same_time(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """ "This time yesterday" on its own: ten minutes, a day or a week back."""
    shift = next((p for p in parts if p.shift in {"day", "week"}), None)
    if shift is None:
        return None
    days = 7 if shift.shift == "week" else 1
    if "time" not in text[shift.at : shift.to]:
        return clock.days(clock.day_back(days))
    start = clock.now - dt.timedelta(days=days)
    return clock.clip(start, start + POINT)


def _hour_of(parts: list[Part]) -> Part | None:
    """The clock time said, in its half of the day: "3 in the afternoon" is 15:00."""
    hour = next((p for p in parts if p.hours is not None and not p.part_of_day), None)
    part = next((p for p in parts if p.part_of_day), None)
    if hour is None or hour.hours is None or part is None or part.hours is None:
        return hour or part
    early = hour.hours[1] is None and hour.hours[0] < part.hours[0] and part.hours[0] >= 12
    return replace(hour, hours=(hour.hours[0] + 12, None)) if early else hour


def _said_since(text: str, parts: list[Part]) -> bool:
    first = parts[0]
    if _SINCE.search(text[: first.at]):
        return True
    said = text[first.at : first.to]
    return said.startswith(("since ", "from ", "after ")) and not (first.hours and first.hours[1])


def _habitual(text: str, part: Part) -> bool:
    """ "In the afternoon", "at night", "every morning": a habit, not today's."""
    if re.search(r"\b(?:all|every|each|most)\s*$", text[: part.at]):
        return True
    said = text[part.at : part.to]
    return said.startswith(("in the", "during the", "at ")) or said.endswith("s") or "every" in text


def _from_to(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """ "From A to B", where A and B are days, clock times or both."""
    moments = _two_instants(text, parts, clock)
    if moments is not None:
        return moments
    for left, right in pairwise(parts):
        between = text[left.to : right.at]
        joined = _JOIN.match(between) and not (left.part_of_day or right.part_of_day)
        if joined and ("and" not in between or _BEFORE_RANGE.search(text[: left.at])):
            found = _pair(text, left, right, parts, clock)
            if found is not None:
                return found
    return _two_moments(text, parts, clock)


def _pair(text: str, left: Part, right: Part, parts: list[Part], clock: Clock) -> Span | None:
    """Two joined pieces as one range."""
    if left.days and right.days:
        first, last = clock.days(left.days), clock.days(right.days)
        if last.start < first.start:
            raise Nonsense("backwards", text[left.at : right.to])
        return clock.clip(first.start, max(first.end, last.end))
    if not right.hours or right.hours[1] is not None:
        return None
    if left.hours:
        both = replace(left, hours=(left.hours[0], right.hours[0]))
        return _on_clock(next((p.days for p in parts if p.days), None), both, clock)
    if left.days:
        return clock.clip(clock.days(left.days).start, clock.at(left.days.first, right.hours[0]))
    return None


def _two_instants(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """ "12 Nov 8:00 to 13 Nov 9:00"."""
    if len(parts) != 4 or not _JOIN.match(text[parts[1].to : parts[2].at]):
        return None
    start, end = _instant(parts[0], parts[1], clock), _instant(parts[2], parts[3], clock)
    if start is None or end is None:
        return None
    if end < start:
        raise Nonsense("backwards", text[parts[0].at : parts[3].to])
    return clock.clip(start, end)


def _instant(first: Part, second: Part, clock: Clock) -> dt.datetime | None:
    """A day and a clock time, in either order, as one instant."""
    day, hour = (first, second) if first.days else (second, first)
    if day.days is None or hour.hours is None or hour.hours[1] is not None:
        return None
    return clock.at(day.days.first, hour.hours[0])


def _two_moments(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """ "10 pm last night to 6 this morning": each side of the joint is a time of its own."""
    if not 3 <= len(parts) <= 5:
        return None
    for at in range(1, len(parts)):
        between = text[parts[at - 1].to : parts[at].at]
        says_to = text[parts[at].at : parts[at].to].startswith(("to ", "until ", "till "))
        joined = _JOIN.match(between) or (says_to and not between.strip())
        if not joined or "and" in between:
            continue
        left, right = _alone(text, parts[:at], clock), _alone(text, parts[at:], clock)
        if left and right and left.start < right.start:
            return clock.clip(left.start, right.start if right.duration <= POINT else right.end)
    return None


def _alone(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """The time these parts tell without what stands before them."""
    return together(" " * parts[0].at + text[parts[0].at :], parts, clock)


def _adjoining(text: str, parts: list[Part]) -> list[Part]:
    """ "Saturday and Sunday": days that follow each other are one stretch."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if last and _follows(text, last, part):
            assert last.days is not None
            assert part.days is not None
            out[-1] = replace(last, to=part.to, days=Days(last.days.first, part.days.last))
        else:
            out.append(part)
    return out


def _follows(text: str, left: Part, right: Part) -> bool:
    next_day = left.days and right.days and left.days.last == right.days.first
    return bool(next_day) and _AND.fullmatch(text[left.to : right.at]) is not None


def _on_clock(days: Days | None, part: Part, clock: Clock, *, since: bool = False) -> Span:
    """A clock time or range on its day; without a day the most recent one."""
    assert part.hours is not None
    first, last = part.hours
    if last is not None and last < first:
        last = _over_midnight(first, last)
    if last == first:
        raise Nonsense("empty", "")
    day = days.first if days else clock.today
    over = last is not None and last > 24 and not part.part_of_day
    if days is None and (clock.at(day, first) >= clock.now or over):
        day -= dt.timedelta(days=1)
    start = clock.at(day, first)
    if since:
        return clock.clip(start, clock.now)
    return clock.clip(start, clock.at(day, last) if last is not None else start + POINT)


def _over_midnight(first: float, last: float) -> float:
    """The end of a range that passes midnight; "5 pm to 3 pm" is refused."""
    if first < 12 or last > 12 or last + 24 - first > _LONGEST_NIGHT_H:
        raise Nonsense("backwards", f"{_hm(first)} - {_hm(last)}")
    return last + 24


def _hm(hours: float) -> str:
    return f"{int(hours):02d}:{round(hours % 1 * 60):02d}"


def _within(span: Span, hours: tuple[float, float | None], clock: Clock) -> Span:
    """A clock time inside a longer span, such as "11 pm last night"; else the span itself."""
    day = span.start.astimezone(clock.zone).date()
    for add in (0, 24):
        start = clock.at(day, hours[0] + add)
        if span.start <= start < span.end:
            end = clock.at(day, hours[1] + add) if hours[1] is not None else start + POINT
            return clock.clip(start, max(end, start + POINT))
    return span
