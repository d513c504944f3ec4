"""A rule is a row: whom it watches, what it needs, the symptom, what it says and what may be behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from agent.diagnosis import Family, Severity
from agent.rules.arrays import At, Flags
from ontology.history import Floats

Symptom: TypeAlias = Callable[[At], Flags]
Gauge: TypeAlias = Callable[[At], Floats]
"""A number at each step, shape (equips, steps): a support from 0 to 1, or electric kW."""


@dataclass(frozen=True)
class Suspect:
    """One possible cause: how likely before looking, what supports it in the data, how to check it.

    `support` gives 1 where the data speak for it, 0 where they speak against it, NaN where they are silent;
    `tells` says it in words, with {pct} for the share of time that supports it. `effort_min` is what the
    check takes a technician.
    """

    id: str
    says: str
    prior: float
    check: str
    effort_min: int = 15
    support: Gauge | None = None
    tells: str = ""


@dataclass(frozen=True)
class Rule:
    """A row of the rule table.

    `needs` are roles: "fan-run" of the equipment itself, "weather.outside-air-temp" of related equipment
    (`agent.rules.frames.RELATIONS`), "chillers.max:load" of the highest of several. Without one of them the
    rule is skipped there; without one of `uses` it sees NaN. `symptom` None: the rule looks at the newest
    samples or at other findings (`agent.rules.standing`, `agent.causes`).
    The symptom must hold unbroken for `hold`; runs closer than `join` are one episode; an episode must
    add up to `least`. In `says`, {role} stands for the mean over the longest run.
    """

    id: str
    family: Family
    severity: Severity
    equip: str
    needs: tuple[str, ...]
    symptom: Symptom | None
    says: str
    source: str
    causes: tuple[Suspect, ...]
    uses: tuple[str, ...] = ()
    hold: dt.timedelta = dt.timedelta(minutes=30)
    join: dt.timedelta = dt.timedelta(hours=36)
    least: dt.timedelta = field(default=dt.timedelta(0))
    subject: str = ""
    """The role of the point at fault, for rules about one point."""
    gates: bool = False
    """What it finds wrong, no other rule may read."""
    waste: Gauge | None = None
    """Electric kW that would not be spent without the fault."""
    method: str = ""
    comfort: bool = False
    """Its hours are hours of discomfort."""

    @property
    def reads(self) -> tuple[str, ...]:
        """All it reads, needed or not."""
        return self.needs + self.uses


def supports(claim: Flags, *known: Floats) -> Floats:
    """1.0 where the claim holds, 0.0 where not, NaN where one of the values it rests on is unknown."""
    sure = np.ones(np.shape(claim), dtype=np.bool_)
    for values in known:
        sure = sure & np.isfinite(values)
    return np.where(sure, np.asarray(claim, dtype=np.float64), np.nan)


def minutes(count: float) -> dt.timedelta:
    """A hold of some minutes."""
    return dt.timedelta(minutes=count)


def hours(count: float) -> dt.timedelta:
    """A hold of some hours."""
    return dt.timedelta(hours=count)
