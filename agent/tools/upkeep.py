"""When something was last done to an equipment, and how often it used to be done, from the maintenance log."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.evidence import Trust
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity

MAX_ORDERS: Final = 100_000
MONTH: Final = dt.timedelta(days=30.4375)
"""The mean month of a year; intervals of the trade are counted in months."""
LATE: Final = 1.25
"""Work is late when it is a quarter of its interval overdue: less is ordinary planning."""
RECENT: Final = dt.timedelta(days=30)

WORK: Final[Mapping[str, tuple[str, ...]]] = {
    # cause -> words of the order that would have prevented it; the first that the log knows wins
    "coil-choked": ("strainer", "coil clean"),
    "no-water": ("strainer",),
    "tubes-fouled": ("brush",),
    "condenser-fouled": ("brush",),
    "fill-scaled": ("fill",),
    "filter-dirty": ("filter",),
    "coil-dirty": ("filter", "coil"),
    "damper-stuck-open": ("damper",),
    "damper-stuck": ("damper",),
    "linkage-slipped": ("damper",),
    "valve-passes": ("valve", "actuator"),
    "schedule-left-on": ("schedule",),
    "sensor-drift": ("sensor", "calibration"),
    "sensor-bias": ("calibration",),
    "device-off": ("battery", "cells"),
}


@dataclass(frozen=True)
class Upkeep:
    """The newest closed order of a kind of work, and the months between the earlier ones (None: unknown)."""

    order: Entity
    every_months: float | None
    ago_months: float
    times: int

    @property
    def late(self) -> bool:
        return self.every_months is not None and self.ago_months > LATE * self.every_months


async def orders(box: Toolbox) -> list[Entity]:
    """All work orders, newest first by the day the work was done (still open ones by their opening)."""
    log = await box.records.read("workOrder", limit=MAX_ORDERS)
    return sorted(log, key=done_at, reverse=True)


def done_at(order: Entity) -> dt.datetime:
    """When the work was done; when it was asked for, while it is not."""
    at: dt.datetime = order.tags.get("closed") or order.tags["opened"]
    return at


def words_of(order: Entity) -> str:
    """All that is written in an order, in lower case."""
    tags = ("woNum", "description", "cause", "action", "parts", "trade", "place")
    return " ".join(str(order.tags.get(tag, "")) for tag in tags).lower()


def upkeep(found: Sequence[Entity], now: dt.datetime) -> Upkeep | None:
    """What a set of like orders, newest first, says about their rhythm; None when none was closed."""
    closed = [o for o in found if "closed" in o]
    if not closed:
        return None
    days = [done_at(o) for o in closed]
    gaps = [(late - early) / MONTH for late, early in itertools.pairwise(days)]
    planned = all(str(o.tags.get("woType", "")) == "PM" for o in closed)
    every = float(round(statistics.median(gaps))) if planned and len(gaps) > 1 else None
    return Upkeep(closed[0], every or None, (now - days[0]) / MONTH, len(closed))


def about(log: Sequence[Entity], equip: str, word: str) -> list[Entity]:
    """Orders of one equipment itself in which a word occurs."""
    return [o for o in log if of_equip(o) == equip and word in words_of(o)]


def of_equip(order: Entity) -> str:
    """The equipment an order is about, as the log names it where it is not ours."""
    ref = order.get_ref("equipRef")
    return ref.id if ref else str(order.tags.get("equipName", "(no equipment)"))


def for_cause(log: Sequence[Entity], equip: str, cause: str, now: dt.datetime) -> Upkeep | None:
    """The work that would have prevented a cause, if the log has it."""
    for word in WORK.get(cause, ()):
        if done := upkeep(about(log, equip, word), now):
            return done
    return None


def upkeep_row(draft: Draft, done: Upkeep) -> dict[str, Any]:
    """The fact as figures, cited by the work order."""
    tags = done.order.tags
    number = str(tags["woNum"])
    text = f"{tags['description']}; {tags.get('action', '')}".rstrip("; ")
    cite = draft.cite("worklog", number, text, Trust.DOCUMENT, id=done.order.id)
    long = done.ago_months >= 2
    ago = done.ago_months if long else done.ago_months * MONTH / dt.timedelta(days=1)
    return {
        "number": number, "at": done_at(done.order), "description": str(tags["description"]), "late": done.late,
        "action": str(tags.get("action", "")), "cause": str(tags.get("cause", "")), "evidence": cite,
        "by": str(tags.get("technician", "")),
        "times": draft.figure(f"{number}.times", done.times, "times", cite),
        "ago": draft.figure(f"{number}.ago", round(ago), "months" if long else "days", cite),
        "every": draft.figure(f"{number}.every", done.every_months, "months", cite),
    }  # fmt: skip


def calls(log: Sequence[Entity], equip: str, now: dt.datetime) -> int:
    """Breakdown calls to an equipment within `RECENT`."""
    return sum(
        of_equip(o) == equip
        and str(o.tags.get("woType", "CM")) == "CM"
        and now - RECENT <= o.tags["opened"] <= now
        for o in log
    )
