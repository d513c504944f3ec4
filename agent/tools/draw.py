"""The chart beside a number: the series it came from, or the day that led to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from agent.evidence import Chart, Series
from agent.tools import folds
from agent.tools.measure import Ask, Found, over
from agent.tools.quantities import quantity_dis, readings
from agent.tools.toolbox import Draft, Toolbox
from ontology.errors import NotFound
from ontology.time import Span

MAX_DRAWN: Final = 6
MAX_PER_LINE: Final = 300
MAX_BANDS: Final = 10
MAX_POINTS: Final = 3
"""Of a single quantity; more points are a whole floor, whose day is not drawn for a value now."""
DAY: Final = dt.timedelta(days=1)


async def draw(
    box: Toolbox, draft: Draft, ask: Ask, values: Sequence[Found], before: Sequence[Found]
) -> None:
    """One chart of the entities listed first, with the fault episodes of the time as bands."""
    places = {row["id"]: n for n, row in enumerate(draft.rows[:MAX_DRAWN])}
    shown = sorted(
        (f for f in values if f.reading.entity.id in places),
        key=lambda f: places[f.reading.entity.id],
    )
    span = ask.span or Span.last(DAY, now=box.now)
    title = quantity_dis(ask.quantity)
    if ask.span is None and all(len(f.reading.points) <= MAX_POINTS for f in shown):
        shown = await _the_day(box, ask, shown, span)
    elif shown and shown[0].reading.fold == "counter":
        title, shown = quantity_dis("power"), await _power(box, ask, shown, span)
    lines = [line for f in shown if (line := _line(f, f.reading.entity.dis, ask, span))]
    if ask.compare and len(lines) == 1:
        lines += [line for f in before if (line := _line(f, "before", ask, span))]
    if lines:
        ids = {f.reading.entity.id for f in shown}
        draft.charts.append(
            Chart(
                title, tuple(lines), await _bands(box, ids, span), draft.rows[0]["value"].evidence
            )
        )


async def _the_day(box: Toolbox, ask: Ask, shown: list[Found], span: Span) -> list[Found]:
    """A value now is drawn with the day behind it."""
    plain = replace(ask, stat="mean", condition=None, span=span)
    asked = [found.reading for found in shown]
    return await over(box, plain, asked, span) if asked else []


async def _power(box: Toolbox, ask: Ask, shown: list[Found], span: Span) -> list[Found]:
    """A counter is a dull line: its power is drawn instead."""
    found = []
    for one in shown:
        try:
            found += readings(box.building, one.reading.entity.id, "power")[:1]
        except NotFound:
            continue
    plain = replace(ask, quantity="power", stat="mean", unit="", condition=None)
    return await over(box, plain, found, span) if found else []


async def _bands(box: Toolbox, ids: set[str], span: Span) -> tuple[tuple[int, int, str], ...]:
    first, last = span.seconds
    faults = [f for f in await box.faultbook.all(span) if f.equip in ids][:MAX_BANDS]
    spans = [(f.span(box.now).seconds, f.says) for f in faults]
    return tuple((max(start, first), min(end, last), says) for (start, end), says in spans)


def _line(found: Found, name: str, ask: Ask, span: Span) -> Series | None:
    """At most `MAX_PER_LINE` steps; an earlier range is laid over the later one. None if silent."""
    if found.series is None or not np.isfinite(found.series).any():
        return None
    start, end = span.seconds
    step_s = (end - start) / len(found.series)
    wanted = ask.draw_step.total_seconds() if ask.draw_step else 0.0
    group = max(int(wanted // max(step_s, 1)), -(-len(found.series) // MAX_PER_LINE), 1)
    values = folds.coarser(found.series, group)
    return Series(
        name, found.series_unit,
        tuple(int(start + i * group * step_s) for i in range(len(values))),
        tuple(float(v) if np.isfinite(v) else None for v in values),
    )  # fmt: skip
