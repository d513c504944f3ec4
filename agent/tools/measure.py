"""From readings to numbers: the newest values, or a range of step means folded as asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from agent.tools import folds
from agent.tools.quantities import Reading
from agent.tools.toolbox import Toolbox
from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.history import Floats, Sample, Status
from ontology.kinds import Ref
from ontology.time import Span
from ontology.units import KW_PER_RT, convert

STEP: Final = dt.timedelta(minutes=5)
"""What the building is logged at; finer steps would be blanks."""
LONG: Final = dt.timedelta(days=31)
"""Longer ranges are read in hours, to bound what is held in memory."""


@dataclass(frozen=True)
class Ask:
    """The checked arguments of one call."""

    quantity: str
    stat: str
    unit: str
    condition: tuple[str, float] | None
    rank: str
    count: int
    span: Span | None
    compare: Span | None
    draw_step: dt.timedelta | None

    def holds(self, values: Floats) -> Any:
        op, limit = self.condition or (">", np.inf)
        with np.errstate(invalid="ignore"):
            return folds.COMPARE[op](values, limit) & np.isfinite(values)


@dataclass(frozen=True)
class Found:
    """One entity's number, with when it was and the series it comes from."""

    reading: Reading
    value: float
    unit: str
    at: dt.datetime | None = None
    status: Status = Status.GOOD
    series: Floats | None = None
    series_unit: str = ""
    coverage: float = 1.0


async def newest_of(box: Toolbox, ask: Ask, asked: list[Reading]) -> list[Found]:
    """The newest value of each reading; a sample with status FAULT has none."""
    points = list(dict.fromkeys(point for reading in asked for point in reading.points))
    newest = await box.history.latest(points)
    return [_newest(reading, ask, newest) for reading in asked]


def _newest(reading: Reading, ask: Ask, newest: Mapping[Ref, Sample]) -> Found:
    samples = [newest.get(point) for point in reading.points]
    known = [s for s in samples if s is not None]
    unit = _unit(ask, reading)
    if len(known) < len(samples):
        return Found(reading, np.nan, unit)
    values = [np.array([s.value if s.status != Status.FAULT else np.nan]) for s in known]
    value = float(_shown(reading.value(values), reading, unit)[0])
    worst = max((s.status for s in known), default=Status.GOOD)
    return Found(reading, value, unit, min(s.at for s in known), worst)


async def over(box: Toolbox, ask: Ask, asked: list[Reading], span: Span) -> list[Found]:
    """One number per reading over a range."""
    step = STEP if span.duration <= LONG else 12 * STEP
    points = dict.fromkeys(p for r in asked if r.fold != "counter" for p in r.points)
    arrays = await box.history.read(list(points), span, step) if points else {}
    return [
        await _counted(box, ask, r, span) if r.fold == "counter"
        else _folded(ask, r, [arrays[p] for p in r.points], span, step)
        for r in asked
    ]  # fmt: skip


def by_whole(
    ask: Ask, found: Sequence[Found], wholes: Mapping[Entity, Sequence[Reading]]
) -> list[Found]:
    """One number per whole (floor, plant): the sum of totals, else the extreme asked for or the mean."""
    told: list[Found] = []
    for whole, inside in wholes.items():
        sources = {reading.source for reading in inside}
        parts = [f for f in found if f.reading.source in sources]
        if not parts:
            continue
        first = parts[0]
        total = first.reading.fold in ("counter", "integral", "starts") or ask.stat == "sum"
        fold = np.sum if total else {"min": np.min, "max": np.max}.get(ask.stat, np.mean)
        known = np.array([f.value for f in parts if np.isfinite(f.value)])
        lines = [f.series for f in parts if f.series is not None]
        points = tuple(point for reading in inside for point in reading.points)
        told.append(replace(
            first, reading=replace(first.reading, entity=whole, points=points),
            value=float(fold(known)) if known.size else np.nan,
            at=max((f.at for f in parts if f.at is not None), default=None),
            coverage=float(np.mean([f.coverage for f in parts])),
            series=folds.mean_of(lines) if lines and not total else None,
        ))  # fmt: skip
    return told


def _folded(
    ask: Ask, reading: Reading, arrays: list[Floats], span: Span, step: dt.timedelta
) -> Found:
    step_h = step.total_seconds() / 3600
    raw = reading.value(arrays)
    coverage = float(np.isfinite(arrays[0]).mean()) if arrays[0].size else 0.0
    unit = _unit(ask, reading)
    if reading.fold in _TOTALS:
        total = _TOTALS[reading.fold](raw, step_h)
        return Found(reading, _shown_one(total, reading, unit), unit, series=raw, coverage=coverage)
    steps = _Steps(arrays, raw, _shown(raw, reading, unit), step_h)
    drawn = "" if unit == "on/off" else unit
    value, unit = _number(ask, reading, steps, unit)
    at = steps.place(ask.stat)
    when = span.start + at * step if at is not None else None
    return Found(
        reading, value, unit, when, series=steps.shown, series_unit=drawn, coverage=coverage
    )


@dataclass(frozen=True)
class _Steps:
    """Step means as read, as the quantity, and in the unit asked for."""

    arrays: list[Floats]
    raw: Floats
    shown: Floats
    step_h: float

    def place(self, stat: str) -> int | None:
        """The step at which the number asked for stood."""
        known = np.flatnonzero(np.isfinite(self.shown))
        if not known.size or stat not in ("min", "max", "latest"):
            return None
        if stat == "latest":
            return int(known[-1])
        return int(np.nanargmin(self.shown) if stat == "min" else np.nanargmax(self.shown))


_TOTALS: Mapping[str, Callable[[Floats, float], float]] = {
    "integral": folds.integral,
    "hours": folds.integral,
    "starts": lambda values, _step_h: folds.starts(values),
}


def _number(ask: Ask, reading: Reading, steps: _Steps, unit: str) -> tuple[float, str]:
    """The number asked for and its unit."""
    place = steps.place(ask.stat)
    if place is not None:
        return float(steps.shown[place]), unit
    if not np.isfinite(steps.shown).any():
        return np.nan, unit
    if ask.stat == "duration":
        on = ask.holds(steps.shown) if ask.condition else steps.shown >= 0.5
        return float(np.count_nonzero(on)) * steps.step_h, "h"
    if ask.stat == "count" and ask.condition:
        return float(folds.rises(ask.holds(steps.shown))), "times"
    if ask.stat == "sum":
        return _summed(ask, reading, steps)
    if reading.fold == "ratio":
        return _shown_one(folds.ratio(steps.arrays, steps.raw, KW_PER_RT), reading, unit), unit
    if reading.unit == "on/off":
        return folds.mean(steps.shown) * 100, "%"
    return folds.mean(steps.shown), unit


def _summed(ask: Ask, reading: Reading, steps: _Steps) -> tuple[float, str]:
    """Power summed over time is energy; a sum of temperatures means nothing."""
    if reading.kind != "power":
        raise BadRequest(
            f"a sum of {ask.quantity} means nothing", hint="use stat mean, or energy-use"
        )
    used = folds.integral(steps.raw, steps.step_h)
    return convert(used, "kWh", ask.unit or "kWh", "energy"), ask.unit or "kWh"


async def _counted(box: Toolbox, ask: Ask, reading: Reading, span: Span) -> Found:
    """Energy from a counter: its difference between two instants. A counter that fell was reset: unknown."""
    first = await _counter_at(box, reading.points[0], span.start)
    last = await _counter_at(box, reading.points[0], span.end)
    used = last - first if last >= first else np.nan
    unit = _unit(ask, reading)
    return Found(reading, _shown_one(used, reading, unit), unit, coverage=float(np.isfinite(used)))


async def _counter_at(box: Toolbox, point: Ref, instant: dt.datetime) -> float:
    """The counter at an instant, interpolated between the samples an hour around it."""
    hour = dt.timedelta(hours=1)
    near = await box.history.raw(point, Span(instant - hour, instant + hour))
    good = np.isfinite(near.value) & (near.status != Status.FAULT)
    if not good.any():
        return float("nan")
    return float(np.interp(instant.timestamp(), near.ts[good], near.value[good]))


def _unit(ask: Ask, reading: Reading) -> str:
    """The unit to show; refuses one that does not fit the quantity."""
    if not ask.unit or reading.unit in (ask.unit, "on/off"):
        return reading.unit
    if ask.stat == "sum" and reading.kind == "power":
        return reading.unit
    convert(1.0, reading.unit, ask.unit, reading.kind)
    return ask.unit


def _shown_one(value: float, reading: Reading, unit: str) -> float:
    return convert(value, reading.unit, unit, reading.kind) if unit != reading.unit else value


def _shown(values: Floats, reading: Reading, unit: str) -> Floats:
    """The series in the unit asked for; all conversions but kW/RT to COP are straight lines."""
    if unit == reading.unit:
        return values
    if reading.kind == "efficiency":
        return np.array([_shown_one(float(v), reading, unit) for v in values])
    zero, one = _shown_one(0.0, reading, unit), _shown_one(1.0, reading, unit)
    return values * (one - zero) + zero
