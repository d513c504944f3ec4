"""The verb `history`: what a quantity is, was, cost or how it compares, from measured samples only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from agent.evidence import Figure, ToolResult
from agent.figures import show, show_span, show_time, signed
from agent.tools import folds
from agent.tools.beside import adds_up, beside, beside_lines
from agent.tools.draw import draw
from agent.tools.measure import Ask, Found, by_whole, newest_of, over
from agent.tools.money import at_price, money_facts, priced_in
from agent.tools.quantities import Reading, quantity_dis, readings
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.errors import BadRequest
from ontology.time import Span
from ontology.units import symbol

LONGEST: Final = dt.timedelta(days=400)
STALE: Final = dt.timedelta(minutes=30)
"""A value older than this is not "now": twice the slowest wireless reporting interval."""
STATS: Final = ("latest", "mean", "min", "max", "sum", "trend", "duration", "count", "list")


async def history(
    box: Toolbox,
    *,
    of: list[str],
    quantity: str,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    stat: str | None = None,
    step_minutes: int | None = None,
    compare_start: dt.datetime | None = None,
    compare_end: dt.datetime | None = None,
    rank: str | None = None,
    count: int = 10,
    unit: str | None = None,
    condition: tuple[str, float] | None = None,
) -> ToolResult:
    """One number per entity (see `STATS`), ranked, compared and drawn as asked."""
    price = priced_in(box, quantity, unit)
    if price:
        quantity, unit = "energy-use", None
    members = {id: readings(box.building, id, quantity) for id in of}
    asked = list({r.source: r for readings_of in members.values() for r in readings_of}.values())
    total = asked[0].fold not in ("mean", "ratio")
    if stat == "sum" and start is None and not total and asked[0].kind != "power":
        stat = "latest"  # "the combined return temperature" is the one of the common pipe
    span = _span(box, start, end)
    if span is None and (total or stat in _NEED_RANGE):
        span = Span.last(dt.timedelta(days=1), now=box.now)
    if stat == "latest" and (total or span is None or span.end > box.now - STALE):
        span, stat = (span, "sum") if total else (None, stat)
    compare = _span(box, compare_start, compare_end)
    stat = stat or ("latest" if span is None else "mean")
    ask = Ask(
        quantity, stat, symbol(unit or ""), condition, rank or "", count,
        span, compare,
        dt.timedelta(minutes=step_minutes) if step_minutes else None,
    )  # fmt: skip
    if stat == "duration" and condition is None and asked[0].unit != "on/off":
        raise BadRequest("duration needs a condition", hint='condition: {"op": ">", "value": 26}')
    draft = Draft("history")
    draft.facts |= {
        "quantity": "energy-cost" if price else quantity,
        "stat": stat,
        "of": of,
        "rank": ask.rank,
    }
    values, before = await _found(box, ask, asked, members)
    shown = ask
    if price:
        values, before = at_price(values, price), at_price(before, price)
        shown = replace(ask, quantity="energy-cost")
    evidence = _cite(box, draft, ask, values)
    tariff = price or (box.tariff if quantity == "energy-use" else None)
    if tariff:
        draft.facts |= money_facts(draft, tariff, values, evidence)
    draft.facts |= await beside(box, draft, ask, values, evidence)
    _tell(box, draft, shown, (values, before), evidence)
    await draw(box, draft, ask, values, before)
    return draft.done()


async def _found(
    box: Toolbox, ask: Ask, asked: list[Reading], members: Mapping[str, list[Reading]]
) -> tuple[list[Found], list[Found]]:
    """The numbers now or over the range, and over the earlier range to compare with."""
    before: list[Found] = []
    if ask.span is None:
        values = await newest_of(box, ask, asked)
    else:
        values = await over(box, ask, asked, ask.span)
        before = await over(box, ask, asked, ask.compare) if ask.compare else []
    if len(members) > 1 and any(len(inside) > 1 for inside in members.values()):
        wholes = {box.building.get(id): inside for id, inside in members.items()}
        values, before = by_whole(ask, values, wholes), by_whole(ask, before, wholes)
    return values, before


_NEED_RANGE = ("mean", "min", "max", "sum", "trend", "duration")


def _span(box: Toolbox, start: dt.datetime | None, end: dt.datetime | None) -> Span | None:
    if start is None:
        return None
    if start >= box.now:
        raise BadRequest(f"{start.isoformat()} is in the future", hint="histories end now")
    span = Span(start, min(end or box.now, box.now))
    if not dt.timedelta() < span.duration <= LONGEST:
        raise BadRequest(
            f"a range of {span.duration}",
            hint=f"use more than nothing and at most {LONGEST.days} days",
        )
    return span


def _tell(
    box: Toolbox, draft: Draft, ask: Ask, found: tuple[list[Found], list[Found]], evidence: str
) -> None:
    """Figures, rows and the summary of what was found, now and before."""
    values, before = found
    old = {found.reading.source: found for found in before}
    rows = [_row(draft, ask, found, old.get(found.reading.source), evidence) for found in values]
    if ask.condition and ask.stat in ("list", "count", "latest"):
        rows = [row for row, found in zip(rows, values, strict=True) if ask.holds(np.array([found.value])).any()] \
            if ask.span is None else [row for row in rows if row["value"].value]  # fmt: skip
    rank = ask.rank or _WORST_FIRST.get(ask.condition[0] if ask.condition else "", "")
    rows.sort(key=lambda row: _order(row["value"], rank))
    _aggregate(draft, ask, values, rows, evidence)
    draft.rows.extend(rows)
    _summarise(box, draft, ask, rows)


_WORST_FIRST = {">": "highest", ">=": "highest", "<": "lowest", "<=": "lowest"}
"""Of values beyond a limit, the farthest beyond it come first."""


def _cite(box: Toolbox, draft: Draft, ask: Ask, values: list[Found]) -> str:
    names = [found.reading.source for found in values]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    if ask.span is None:
        draft.facts["now"] = box.now
        return draft.cite("live", shown, points=names[:50], at=box.now)
    draft.facts |= {"start": ask.span.start, "end": ask.span.end}
    if ask.compare:
        draft.facts |= {"compare_start": ask.compare.start, "compare_end": ask.compare.end}
    when = show_span(ask.span.start, ask.span.end, box.zone, box.now)
    return draft.cite(
        "history", f"{shown}, {when}", points=names[:50], start=ask.span.start, end=ask.span.end
    )


def _row(draft: Draft, ask: Ask, found: Found, old: Found | None, evidence: str) -> dict[str, Any]:
    id = found.reading.entity.id
    name = f"{id}.{ask.quantity}.{ask.stat}"
    row: dict[str, Any] = {
        "id": id, "dis": found.reading.entity.dis, "points": [p.id for p in found.reading.points],
        "value": draft.figure(name, found.value, found.unit, evidence), "at": found.at,
        "status": found.status.name.lower(), "coverage": found.coverage,
    }  # fmt: skip
    if old is not None:
        row |= _change(draft, name, found, old, evidence)
    if (
        ask.stat in ("trend", "mean")
        and found.series is not None
        and found.reading.fold in ("mean", "ratio")
    ):
        row |= _extremes(draft, f"{id}.{ask.quantity}", ask, found, evidence)
    return row


def _change(draft: Draft, name: str, found: Found, old: Found, evidence: str) -> dict[str, Figure]:
    unit = {"°C": "K"}.get(found.unit, found.unit)
    change = found.value - old.value
    share = change / abs(old.value) * 100 if old.value else np.nan
    sensible = found.reading.kind not in ("temp", "temp-difference", "percent", "humidity")
    return {
        "before": draft.figure(f"{name}.before", old.value, old.unit, evidence),
        "change": draft.figure(f"{name}.change", change, unit, evidence),
        "change_pct": draft.figure(
            f"{name}.change_pct", share if sensible else None, "%", evidence
        ),
    }


def _extremes(draft: Draft, name: str, ask: Ask, found: Found, evidence: str) -> dict[str, Figure]:
    series = found.series
    if series is None or ask.span is None or found.reading.unit == "on/off":
        return {}
    step_h = ask.span.duration.total_seconds() / 3600 / max(len(series), 1)
    unit = {"°C": "K"}.get(found.unit, found.unit)
    return {
        "min": draft.figure(f"{name}.min", folds.lowest(series), found.unit, evidence),
        "max": draft.figure(f"{name}.max", folds.highest(series), found.unit, evidence),
        "slope": draft.figure(
            f"{name}.slope_per_day", folds.slope_per_day(series, step_h), unit, evidence
        ),
    }


def _order(figure: Figure, rank: str) -> tuple[bool, float]:
    if figure.value is None:
        return True, 0.0
    return False, {"highest": -figure.value, "lowest": figure.value}.get(rank, 0.0)


def _aggregate(
    draft: Draft, ask: Ask, values: list[Found], rows: list[dict[str, Any]], evidence: str
) -> None:
    """Figures over all entities: how many, how many silent; their mean, or their sum for totals."""
    known = [found.value for found in values if np.isfinite(found.value)]
    total = values[0].reading.fold in ("counter", "integral", "starts") or ask.stat == "sum"
    if ask.stat in ("latest", "mean") and values[0].reading.fold == "mean":
        total |= adds_up([found.reading.entity for found in values], values[0].reading.kind)
    unit = values[0].unit
    whole = {
        "matching": draft.figure("all.matching", len(rows), "", evidence),
        "entities": draft.figure("all.entities", len(values), "", evidence),
        "silent": draft.figure("all.silent", len(values) - len(known), "", evidence),
    }
    if len(values) > 1 and known:
        one = float(np.sum(known) if total else np.mean(known))
        whole["total" if total else "mean"] = draft.figure("all.value", one, unit, evidence)
    if len(known) == len(values) == 2 and not total and unit != "on/off":
        difference = {"°C": "K"}.get(unit, unit)
        whole["apart"] = draft.figure("all.apart", abs(known[0] - known[1]), difference, evidence)
    draft.facts |= whole | {"more": max(0, len(rows) - ask.count)}
    if ask.condition:
        limit = draft.figure(
            "condition", ask.condition[1], ask.unit or values[0].reading.unit, evidence
        )
        draft.facts["condition"] = {"op": ask.condition[0], "limit": limit}
    if ask.rank or len(rows) > ask.count:
        del rows[ask.count :]


def _summarise(box: Toolbox, draft: Draft, ask: Ask, rows: list[dict[str, Any]]) -> None:
    when = (
        f"now ({show_time(box.now, box.zone, box.now)})" if ask.span is None
        else show_span(ask.span.start, ask.span.end, box.zone, box.now)
    )  # fmt: skip
    draft.lines.append(f"{quantity_dis(ask.quantity)}, {ask.stat}, {when}:")
    for row in rows:
        value: Figure = row["value"]
        line = f"{row['id']}: {show(value)} [{value.evidence}]"
        if row["at"] is not None and (ask.span is not None or box.now - row["at"] > STALE):
            line += f" at {show_time(row['at'], box.zone, box.now)}"
            line += "" if ask.span is not None else " (STALE: silent since then)"
        if row["status"] not in ("good", "stale"):
            line += f" ({row['status']})"
        if "before" in row:
            line += f"; before {show(row['before'])}, change {signed(row['change'])}"
        if "min" in row:
            line += f"; min {show(row['min'])}, max {show(row['max'])}, slope {show(row['slope'])} a day"
        if row["coverage"] < 0.9 and value.value is not None:
            line += "; parts of the range are silent"
        draft.lines.append(line)
    if not rows:
        draft.lines.append("nothing matches")
    draft.lines += beside_lines(box, draft.facts)


TOOL = Tool(
    "history",
    "Measured values of a quantity: now (no start), or over a range; ranked, compared, drawn. "
    "Blank means silent: say so, never guess.",
    (
        Arg("of", "ids", "entity ids, such as CH-2, room-807, floor-8; a place means all inside it", required=True),
        Arg("quantity", "text", "a role (power, zone-air-temp ...) or efficiency (kW/RT), delta-t, condenser-approach, evaporator-approach, tower-approach (K), energy-use, cooling-energy (kWh), runtime (h), starts", required=True),
        Arg("start", "time", "ISO 8601 with offset; none: the latest value"),
        Arg("end", "time", "ISO 8601 with offset, exclusive; none: now"),
        Arg("stat", "choice", "what to tell of the range", STATS),
        Arg("step_minutes", "integer", "step of the chart in minutes", low=5, high=1440),
        Arg("compare_start", "time", "start of an earlier range to compare with"),
        Arg("compare_end", "time", "its end, exclusive"),
        Arg("rank", "choice", "order the entities", ("highest", "lowest")),
        Arg("count", "integer", "how many entities to list", high=50),
        Arg("unit", "text", "wanted unit, such as °F, RT, MWh, cfm, gpm, COP; the currency of the tariff for what energy-use cost"),
        Arg("condition", "condition", "keep or count values where this holds; the value is in `unit`"),
    ),
    history,
)  # fmt: skip
