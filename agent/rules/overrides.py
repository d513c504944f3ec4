"""Override rules: what is in hand, what does not do as it is told, and who has held it since when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from agent.diagnosis import Family, Severity
from agent.impact import METHOD_PLANT, cooling_of_air
from agent.rules.air import FULL_PCT, ON, SHUT_PCT, on, settled
from agent.rules.arrays import HOUR, At, Flags, for_the_last, rolling_range
from agent.rules.rule import Rule, Suspect, hours, minutes, supports
from ontology.entity import Entity
from ontology.graph import Building
from ontology.history import Floats, History, Sample, Status
from ontology.kinds import Number
from ontology.records import Records
from ontology.time import Span

LOOK_BACK = dt.timedelta(days=30)
"""How far back the beginning of an override is looked for."""
MAX_HELD = 200
"""A building with more overrides than this is in hand as a whole; the rest is not traced back."""
FORGOTTEN = dt.timedelta(hours=4)
"""Catalogue OVR-01: an override for a test or a repair is over after four hours."""


@dataclass(frozen=True)
class Held:
    """A point in hand: its value, since when (None: longer than we look back), at which priority if known."""

    point: Entity
    value: float
    since: dt.datetime | None
    level: int | None = None


async def overrides_now(
    building: Building, history: History, records: Records | None, now: dt.datetime
) -> list[Held]:
    """Points in hand now, the longest held first.

    Both sources are asked: records with the marker `override` (pointRef, level, value, since), which
    the poller keeps, and the status of the newest samples.
    """
    held = {h.point.id: h for h in await _from_records(building, records)}
    newest = await history.latest()
    flagged = [s for s in newest.values() if s.status == Status.OVERRIDDEN and s.point in building]
    for sample in flagged[:MAX_HELD]:
        seen = await _from_history(building, history, sample, now)
        held[sample.point.id] = _earlier(held.get(sample.point.id), seen)
    return sorted(held.values(), key=lambda h: (h.since is not None, h.since or now))


def _earlier(recorded: Held | None, seen: Held) -> Held:
    """The record knows the priority; the history may know of a time before the poller first looked."""
    if recorded is None:
        return seen
    if recorded.since is None or seen.since is None:
        return replace(recorded, since=None)
    return replace(recorded, since=min(recorded.since, seen.since))


async def _from_records(building: Building, records: Records | None) -> list[Held]:
    if records is None:
        return []
    found = []
    for entity in await records.read("override and pointRef", limit=MAX_HELD):
        ref = entity.get_ref("pointRef")
        if ref is not None and ref in building:
            found.append(_held(building.get(ref), entity.tags))
    return found


def _held(point: Entity, tags: Mapping[str, object]) -> Held:
    value, level, since = tags.get("value"), tags.get("level"), tags.get("since")
    number = value.value if isinstance(value, Number) else value
    return Held(
        point=point,
        value=float(number) if isinstance(number, (bool, int, float)) else float("nan"),
        since=since if isinstance(since, dt.datetime) else None,
        level=int(level.value) if isinstance(level, Number) else None,
    )


async def _from_history(
    building: Building, history: History, sample: Sample, now: dt.datetime
) -> Held:
    samples = await history.raw(sample.point, Span(now - LOOK_BACK, now + dt.timedelta(seconds=1)))
    free = np.flatnonzero(samples.status != Status.OVERRIDDEN)
    first = int(free[-1]) + 1 if len(free) else 0
    since = None
    if len(free) and first < len(samples):
        since = dt.datetime.fromtimestamp(int(samples.ts[first]), tz=dt.UTC)
    return Held(building.get(sample.point), sample.value, since)


def command_not_followed(at: At) -> Flags:
    """CMD-01: told to stop and runs, or told to run and stands."""
    told, runs = at["run-cmd"], at["run"]
    return (on(told) & (runs < 1 - ON)) | ((told < 1 - ON) & on(runs))


def fan_command_not_followed(at: At) -> Flags:
    """CMD-01 for fans of air handlers."""
    told, runs = at["fan-cmd"], at["fan-run"]
    return (on(told) & (runs < 1 - ON)) | ((told < 1 - ON) & on(runs))


def pumps_for_a_stopped_chiller(at: At) -> Flags:
    """CMD-02: the pump runs although no chiller it serves has run for half an hour."""
    return on(at["run"]) & for_the_last(at["user.max:run"] < 1 - ON, 3)


def valve_does_not_move(at: At) -> Flags:
    """OVR-02: the valve command has not moved for 6 h though the loop error should have moved it."""
    still = rolling_range(at["cooling-valve"], 6 * HOUR) < 0.5
    error = at["discharge-air-temp"] - at["discharge-air-temp-sp"]
    should_close = (error < -2.0) & (at["cooling-valve"] > SHUT_PCT)
    should_open = (error > 2.0) & (at["cooling-valve"] < FULL_PCT)
    return settled(at) & still & (should_close | should_open)


def _told_to_stop(at: At) -> Floats:
    return supports(at["run-cmd"] < 1 - ON, at["run-cmd"], at["run"])


def _fan_told_to_stop(at: At) -> Floats:
    return supports(at["fan-cmd"] < 1 - ON, at["fan-cmd"], at["fan-run"])


def _runs_untold(at: At) -> Floats:
    return np.where(at["run"] > ON, at["power"], 0.0)


def _held_open_kw(at: At) -> Floats:
    drop = at["discharge-air-temp-sp"] - at["discharge-air-temp"]
    return cooling_of_air(at["discharge-air-flow"], drop)


_HAND = (
    "hand-switch", "it is in hand at its starter (hand-off-auto switch)", 0.50,
    "look at the hand-off-auto switch", 5,
)  # fmt: skip

OVERRIDE_HELD = Rule(
    id="OVR-01", family=Family.OVERRIDE, severity=Severity.WASTE, equip="equip", needs=(), symptom=None,
    hold=FORGOTTEN, says="is held by hand",
    source="Catalogue OVR-01 (BACnet priority array, slots 1 to 8)",
    causes=(
        Suspect("left-after-work", "an override left behind after a test or repair", 0.55,
                "ask the shift and look in the work log for that day; release slot 8", 5),
        Suspect("works-around", "it works around another fault", 0.30,
                "release it for 30 min under watch and see what goes wrong", 30),
        Suspect("wanted", "a standing instruction nobody wrote down", 0.15, "ask the chief engineer", 5),
    ),
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    OVERRIDE_HELD,
    Rule(
        id="OVR-02", family=Family.OVERRIDE, severity=Severity.WASTE, equip="equip and ahu",
        needs=("cooling-valve", "discharge-air-temp", "discharge-air-temp-sp", "fan-run"),
        uses=("discharge-air-flow",),
        symptom=valve_does_not_move, hold=hours(2), least=hours(6),
        says="has a cooling valve that stands still at {cooling-valve} while its air leaves at "
             "{discharge-air-temp} against {discharge-air-temp-sp}",
        source="Catalogue OVR-02 (override inferred)",
        causes=(
            Suspect("valve-held", "the valve is held by hand or by an override", 0.75,
                    "read the priority array of the valve command", 5),
            Suspect("loop-off", "the temperature loop is switched off", 0.25, "look at the loop's enable", 5),
        ),
        waste=_held_open_kw, method=f"air flow x (setpoint - discharge) x 1.2 kJ/m3.K, {METHOD_PLANT}",
    ),
    Rule(
        id="CMD-01", family=Family.OVERRIDE, severity=Severity.RISK,
        equip="equip and pump or equip and coolingTower",
        needs=("run-cmd", "run"), uses=("power",),
        symptom=command_not_followed, hold=minutes(15), least=minutes(30), join=hours(72),
        says="does not do as it is told: its command is {run-cmd}, its status is {run}",
        source="Catalogue CMD-01",
        causes=(
            Suspect(*_HAND, _told_to_stop, "it ran untold {pct} of that time"),
            Suspect("tripped", "breaker, overload or drive has tripped", 0.30, "look at breaker and drive panel", 5,
                    lambda at: 1 - _told_to_stop(at), "it stood though told to run {pct} of that time"),
            Suspect("status-wrong", "the status contact is wrong", 0.20, "compare with the motor's amps", 10),
        ),
        waste=_runs_untold, method="power while running untold",
    ),
    Rule(
        id="CMD-01", family=Family.OVERRIDE, severity=Severity.RISK, equip="equip and ahu",
        needs=("fan-cmd", "fan-run"), uses=("fan-power",),
        symptom=fan_command_not_followed, hold=minutes(15), least=minutes(30), join=hours(72),
        says="has a fan that does not do as it is told: its command is {fan-cmd}, its status is {fan-run}",
        source="Catalogue CMD-01",
        causes=(
            Suspect(*_HAND, _fan_told_to_stop, "it ran untold {pct} of that time"),
            Suspect("tripped", "breaker, overload or drive has tripped", 0.30, "look at breaker and drive panel", 5,
                    lambda at: 1 - _fan_told_to_stop(at), "it stood though told to run {pct} of that time"),
            Suspect("status-wrong", "the status contact is wrong", 0.20, "compare with the motor's amps", 10),
        ),
    ),
    Rule(
        id="CMD-02", family=Family.OVERRIDE, severity=Severity.WASTE, equip="equip and pump and not secondary",
        needs=("run", "user.max:run"), uses=("run-cmd", "power"),
        symptom=pumps_for_a_stopped_chiller, hold=minutes(60), least=hours(2), join=hours(72),
        says="pumps for a chiller that is off (power {power})",
        source="Catalogue CMD-01 (status of what it serves)",
        causes=(
            Suspect(*_HAND, _told_to_stop, "it ran untold {pct} of that time"),
            Suspect("post-run", "the stop sequence leaves it running", 0.35, "look at the chiller's stop sequence", 10,
                    lambda at: 1 - _told_to_stop(at), "it was told to run {pct} of that time"),
            Suspect("chiller-tripped", "its chiller has tripped", 0.15, "read the chiller's alarm log", 5),
        ),
        waste=_runs_untold, method="pump power while its chiller is off",
    ),
)  # fmt: skip
