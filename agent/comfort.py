"""A comfort complaint traced to ranked causes, rung by rung, with its sister rooms for comparison."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.diagnosis import Cause, Finding, Proof, ranked
from agent.faultbook import FaultBook
from agent.ladder import LADDER, Rung, Scene, Verdict, longest
from agent.rules.arrays import HOUR, Flags, runs
from agent.rules.engine import shown
from agent.rules.frames import STEP, Frames, Layout
from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.history import Floats, History
from ontology.kinds import Ref
from ontology.time import Span

COMPLAINTS = ("hot", "cold", "humid", "stuffy", "noise", "smell")
LOOK_BACK = dt.timedelta(hours=36)
"""Long enough to hold the last whole afternoon, short enough to be the same guest."""
DESIGN_ROOM_C = 24.0
"""What a place without a setpoint of its own is designed for."""
FEELS_K = 0.5
"""People notice this much; the engineer's alarm limits are wider."""
COLD_C = 21.0
"""The lower end of the band of ASHRAE 55 in summer clothes."""
HUMID_PCT = 65.0
"""ASHRAE 62.1's upper limit for occupied spaces."""
STUFFY_PPM = 1000.0
CONFIRMED_STEPS = HOUR
_WEIGHT = {Verdict.CULPRIT: 1.0, Verdict.SUSPECT: 0.25}
_UPSTREAM = {
    "sensor": 1.2,
    "setpoint": 1.1,
    "terminal": 1.0,
    "air": 1.3,
    "water": 1.1,
    "plant": 1.4,
    "load": 0.8,
}
"""A supplier that fails explains what fails behind it, so it ranks before it."""


_NO_FAULT = {
    True: "no fault found behind it: more sun, people or moisture than the unit is made for",
    False: "no fault found behind it: the fresh air cools the place more than people and sun warm it",
}


@dataclass(frozen=True)
class Sisters(Proof):
    """How many of the units on one air supply had the same trouble: `value` out of `whole`."""

    whole: int = 0


@dataclass(frozen=True)
class Complaint:
    """What was found about a complaint. `causes` is empty when nothing is wrong."""

    place: str
    complaint: str
    span: Span
    """While it has been true until now, else when it was for longest; the longest occupied time when it never was."""
    confirmed: bool | None
    """Do the sensors agree with the guest? None: nothing here measures it."""
    says: str
    rungs: tuple[Rung, ...]
    causes: tuple[Cause, ...]
    next_check: str
    sisters: tuple[Sisters, ...] = ()
    """The same complaint in rooms on the same and on other air supplies."""
    since: dt.datetime | None = None
    """Since when it is true without a break; None when it is not true now."""
    felt: str = ""
    """The complaint as the sensors show it: damp air of the right temperature feels hot."""
    terminal: str = ""
    """The unit that serves the place."""


async def explain_complaint(  # noqa: PLR0917  (the seam its callers were promised)
    building: Building,
    history: History,
    faultbook: FaultBook,
    room: str,
    complaint: str = "hot",
    now: dt.datetime | None = None,
) -> Complaint:
    """Trace a complaint about a room, zone, box or public area. `room` is any of their ids."""
    if complaint not in COMPLAINTS:
        raise BadRequest(
            f"not a complaint: {complaint!r}", hint=f"use one of {', '.join(COMPLAINTS)}"
        )
    at = now or dt.datetime.now(dt.UTC)
    place, terminal, supply = parts_of(building, room)
    layout = Layout(building)
    frames = await Frames.load(layout, history, _points(layout, terminal, supply), _look_back(at))
    flags, confirmed = _felt(frames, terminal, complaint)
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in await faultbook.open_faults(limit=10_000):
        found[finding.equip].append(finding)
    ongoing = _ongoing(flags)
    window = ongoing or longest(flags, runs(flags) or runs(_someone(frames, [terminal])[0]))
    scene = Scene(complaint, place, terminal, supply, frames, window, found)
    rungs = tuple(rung(scene) for rung in LADDER)
    causes = _causes(rungs, confirmed, scene)
    sisters = _sisters(frames, terminal, supply, complaint)
    return Complaint(
        place=place.id,
        complaint=complaint,
        span=Span(frames.instant(window[0]), frames.instant(window[1])),
        confirmed=confirmed,
        says=_says(scene, confirmed, causes),
        rungs=rungs,
        causes=causes,
        next_check=causes[0].check if causes else "",
        sisters=sisters,
        since=frames.instant(ongoing[0]) if ongoing else None,
        felt=_as_felt(frames, terminal, complaint, flags),
        terminal=terminal.id,
    )


def _as_felt(frames: Frames, terminal: Entity, complaint: str, flags: Flags) -> str:
    """ "humid" for a complaint of heat that only the humidity bears out."""
    if complaint != "hot" or not flags.any():
        return complaint
    warm = _true_for(frames, [terminal], "hot")[0]
    return complaint if warm.sum() >= CONFIRMED_STEPS else "humid"


def _ongoing(flags: Flags) -> tuple[int, int] | None:
    """The run that has lasted until now, if it is long enough to be more than a passing moment."""
    last = runs(flags)[-1:]
    if not last or last[0][1] < len(flags) - 1 or last[0][1] - last[0][0] < CONFIRMED_STEPS:
        return None
    return last[0]


def parts_of(building: Building, room: str) -> tuple[Entity, Entity, Entity]:
    """The place, the unit that serves it, and the air handler behind it. BadRequest for anything else."""
    entity = building.get(room)
    if entity.is_point:
        entity = building.equip_of(entity.ref) or entity
    if entity.kind == "iaq-sensor":
        entity = (building.place(entity.ref) or [entity])[0]
    terminal = _terminal(building, entity)
    if terminal is None:
        raise BadRequest(
            f"{entity.id} is not a place people sit in",
            hint="name a room, a zone, a box or a public area, such as room-807 or lobby",
        )
    place = entity
    if entity.is_equip:
        place = next((s for s, _ in building.feeds(entity.ref) if s.is_space), None) or next(
            iter(building.place(entity.ref)), entity
        )
    air = [e for e, medium in building.fed_by(terminal.ref) if medium == "air"]
    return place, terminal, air[0] if air else terminal


def _terminal(building: Building, entity: Entity) -> Entity | None:
    if entity.kind in {"fcu", "vav", "ahu"}:
        return entity
    if not entity.is_space:
        return None
    units = [e for e in building.equips_in(entity.ref) if e.kind == "fcu"]
    units += [e for e, medium in building.fed_by(entity.ref) if medium == "air" and e.kind == "ahu"]
    return units[0] if units else None


def _look_back(now: dt.datetime) -> Span:
    end = int(now.timestamp()) // int(STEP.total_seconds()) * int(STEP.total_seconds())
    last = dt.datetime.fromtimestamp(end, tz=dt.UTC)
    return Span(last - LOOK_BACK, last)


_ROLES = (
    "zone-air-temp", "zone-air-temp-sp", "zone-air-temp-effective-sp", "zone-air-humidity", "cooling-valve",
    "discharge-air-temp", "discharge-air-temp-sp", "discharge-air-flow", "discharge-air-flow-sp", "fan-run",
    "fan-speed", "damper", "window-open", "occupied", "room.zone-air-temp", "room.zone-air-humidity",
    "room.zone-air-co2", "zone.zone-air-temp", "zone.zone-air-humidity", "zone.zone-air-co2", "air.fan-run",
    "sisters.discharge-air-temp", "plant.chilled-water-leaving-temp", "plant.chilled-water-leaving-temp-sp",
    "plant.chilled-water-pressure", "plant.chilled-water-pressure-sp", "weather.outside-air-temp",
)  # fmt: skip
_SISTER_ROLES = (
    "zone-air-temp",
    "zone-air-temp-sp",
    "zone-air-temp-effective-sp",
    "zone-air-humidity",
    "occupied",
    "occupied-sp",
    "room.zone-air-co2",
)


def _points(layout: Layout, terminal: Entity, supply: Entity) -> list[Ref]:
    found: dict[Ref, None] = {}
    for equip in (terminal, supply):
        for need in _ROLES:
            found.update(dict.fromkeys(layout.points(equip, need)))
    for sister in layout.building.of_kind(terminal.kind or ""):
        for need in _SISTER_ROLES:
            found.update(dict.fromkeys(layout.points(sister, need)))
    return list(found)


def _felt(frames: Frames, terminal: Entity, complaint: str) -> tuple[Flags, bool | None]:
    """When the complaint was true by the sensors, and whether it was at all (None: nothing measures it)."""
    measured = _measures(frames, terminal, complaint)
    if not np.isfinite(measured).any():
        return np.zeros(frames.steps, dtype=np.bool_), None
    flags = _true_for(frames, [terminal], complaint)[0]
    if (
        complaint == "hot" and flags.sum() < CONFIRMED_STEPS
    ):  # damp air of the right temperature feels hot
        flags = flags | _true_for(frames, [terminal], "humid")[0]
    return flags, bool(flags.sum() >= CONFIRMED_STEPS)


def _measures(frames: Frames, terminal: Entity, complaint: str) -> Floats:
    role = {
        "stuffy": "zone-air-co2",
        "humid": "zone-air-humidity",
        "hot": "zone-air-temp",
        "cold": "zone-air-temp",
    }
    if complaint not in role:
        return np.full(frames.steps, np.nan)
    return np.asarray(_zone(frames, [terminal], role[complaint])[0], dtype=np.float64)


def _zone(frames: Frames, equips: Sequence[Entity], role: str) -> Floats:
    """What is measured in the place: by the unit itself, else by a sensor in the room or the area it serves."""
    values = frames.values(equips, role)
    for relation in ("room", "zone"):
        values = np.where(np.isfinite(values), values, frames.values(equips, f"{relation}.{role}"))
    return values


def _true_for(frames: Frames, equips: Sequence[Entity], complaint: str) -> Flags:
    """Shape (equips, steps). An empty room cannot complain."""
    temp, rh = _zone(frames, equips, "zone-air-temp"), _zone(frames, equips, "zone-air-humidity")
    asked = frames.values(equips, "zone-air-temp-effective-sp")
    asked = np.where(np.isfinite(asked), asked, frames.values(equips, "zone-air-temp-sp"))
    asked = np.where(np.isfinite(asked), asked, DESIGN_ROOM_C)
    felt = {
        "hot": temp > asked + FEELS_K,
        "cold": ((temp < asked - 3 * FEELS_K) & (temp < COLD_C + 1.5)) | (temp < COLD_C),
        "humid": rh > HUMID_PCT,
        "stuffy": _zone(frames, equips, "zone-air-co2") > STUFFY_PPM,
    }.get(complaint, np.zeros(temp.shape, dtype=np.bool_))
    return np.asarray(felt & _someone(frames, equips), dtype=np.bool_)


def _someone(frames: Frames, equips: Sequence[Entity]) -> Flags:
    """When somebody was there, by key card or schedule; always, where that is not known or never so."""
    away = (frames.values(equips, "occupied") < 0.5) | (frames.values(equips, "occupied-sp") < 0.5)
    return np.asarray(~away | away.all(axis=1, keepdims=True), dtype=np.bool_)


def _causes(rungs: Sequence[Rung], confirmed: bool | None, scene: Scene) -> tuple[Cause, ...]:
    """Culprits and suspects by weight; load as the rest when the complaint is true and nothing failed."""
    accused: dict[str, Rung] = {}
    for r in rungs:
        if r.verdict in _WEIGHT and (confirmed or r.finding):
            accused.setdefault(r.finding or r.step, r)
    if confirmed and not accused:
        return (
            Cause(
                "load",
                _NO_FAULT[scene.warm],
                1.0,
                rungs[-1].check,
                rungs[-1].proofs,
                scene.place.id,
            ),
        )
    return ranked([
        Cause(f"{r.step}:{r.equip}", r.says, _WEIGHT[r.verdict] * _UPSTREAM[r.step], r.check, r.proofs, r.equip)
        for r in accused.values()
    ])  # fmt: skip


def _sisters(
    frames: Frames, terminal: Entity, supply: Entity, complaint: str
) -> tuple[Sisters, ...]:
    """How many units like this one had the same trouble, on this air supply and on the others.

    Over all hours looked at: most guests are out while one of them complains.
    """
    building = frames.layout.building
    groups: dict[str, list[Entity]] = defaultdict(list)
    for sister in building.of_kind(terminal.kind or ""):
        for source, medium in building.fed_by(sister.ref):
            if medium == "air":
                groups[source.id].append(sister)
    span, found = Span(frames.span.start, frames.span.end), []
    for air in sorted(groups, key=lambda name: name != supply.id):
        group = [e for e in groups[air] if np.isfinite(_measures(frames, e, complaint)).any()]
        if not group:
            continue
        count = int((_true_for(frames, group, complaint).sum(axis=1) >= CONFIRMED_STEPS).sum())
        text = f"{count} of {len(group)} on {air} are {complaint} too"
        found.append(Sisters(air, span, "count", float(count), "", text, len(group)))
    return tuple(found)


def _says(scene: Scene, confirmed: bool | None, causes: Sequence[Cause]) -> str:
    """The answer in two sentences."""
    name = scene.terminal.dis if scene.terminal.kind == "vav" else scene.place.dis
    temp = scene.mean("zone-air-temp")
    temp = temp if np.isfinite(temp) else scene.mean("zone.zone-air-temp")
    measured = f"{name} is at {shown(temp, '°C')}"
    rh = scene.mean("zone-air-humidity")
    measured += f" and {shown(rh, '%RH')}" if np.isfinite(rh) else ""
    if confirmed is None and not causes:
        return f"Nothing in {name} measures {scene.complaint}. No fault is known on its way."
    if not causes:
        return f"{measured}: the sensors do not show it as {scene.complaint}. Nothing is wrong on its way."
    agree = "" if confirmed else f", which is not {scene.complaint} by its sensors"
    return f"{measured}{agree}. Most likely: {causes[0].says}."
