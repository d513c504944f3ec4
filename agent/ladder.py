"""The comfort ladder: sensor, setpoint, terminal, air, water, plant, load - each rung checked with numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from agent.diagnosis import Finding, Proof
from agent.rules.arrays import Flags
from agent.rules.engine import shown
from agent.rules.frames import Frames, unit_of
from ontology.defs import ROLE
from ontology.entity import Entity
from ontology.time import Span

DISAGREE_K = 1.5
SETPOINT_APART_K = 2.0
COIL_K = 4.0
PASSING_K = 3.0
SUPPLY_WARM_K = 3.0
SUPPLY_COLD_K = 2.0
SUPPLY_DESIGN_C = 14.0
WATER_WARM_K = 1.5
LOW_PRESSURE = 0.8
HOT_OUTDOORS_C = 36.0
ON = 0.5
# the constants are those of the rules of the same names in `agent.rules`


class Verdict(StrEnum):
    """What a rung of the ladder says of itself."""

    OK = "ok"
    SUSPECT = "suspect"
    CULPRIT = "culprit"
    UNKNOWN = "unknown"
    CLEARED = "cleared"
    """Something is wrong there, but it works against the complaint."""


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: the question, its verdict, what was seen and where."""

    step: str
    asks: str
    verdict: Verdict
    says: str
    equip: str
    check: str
    proofs: tuple[Proof, ...] = ()
    finding: str = ""
    """The id of the finding that settles it, if one does."""


@dataclass(frozen=True)
class Scene:
    """All a rung may look at: one place, its terminal, the hours of the complaint, what is known to be wrong."""

    complaint: str
    place: Entity
    terminal: Entity
    supply: Entity
    frames: Frames
    window: tuple[int, int]
    """Steps [start, end) of the longest time the complaint was true, or of the longest occupied time."""
    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    """Open findings by equipment."""

    @property
    def warm(self) -> bool:
        """The complaint is about too little cooling or drying."""
        return self.complaint in {"hot", "humid"}

    def mean(self, need: str, equip: Entity | None = None) -> float:
        """Mean of a role over the window; NaN where silent or absent."""
        values = self.frames.values([equip or self.terminal], need)[0][slice(*self.window)]
        known = values[np.isfinite(values)]
        return float(known.mean()) if len(known) else float("nan")

    def proof(self, need: str, equip: Entity | None = None) -> tuple[Proof, ...]:
        """The mean of a role over the window as a re-runnable fact; none where unknown."""
        at = equip or self.terminal
        points, value = self.frames.layout.points(at, need), self.mean(need, equip)
        if not points or not np.isfinite(value):
            return ()
        role = ROLE[need.rpartition(".")[2]]
        number = (
            f"on {value:.0%} of the time" if role.is_bool else f"averaged {shown(value, role.unit)}"
        )
        start, end = (self.frames.instant(step) for step in self.window)
        return (Proof(points[0].id, Span(start, end), "mean", round(value, 2), unit_of(need),
                      f"{points[0].id.partition('.')[0]} {role.dis.lower()} {number}"),)  # fmt: skip

    def found(self, equip: str, *rules: str) -> Finding | None:
        """An open finding of one of these rules on an equipment, not explained by one elsewhere."""
        return next(
            (f for f in self.findings.get(equip, ()) if f.rule in rules and _stands(f)), None
        )


def _stands(finding: Finding) -> bool:
    return finding.parent is None or f":{finding.equip}" in finding.parent


def _settled(step: str, asks: str, finding: Finding) -> Rung:
    """A rung that an open finding decides."""
    why = f"; probably {finding.causes[0].says}" if finding.causes else ""
    return Rung(step, asks, Verdict.CULPRIT, finding.says + why, finding.equip, finding.next_check,
                finding.proofs[:4], finding.id)  # fmt: skip


_FEELS = {"humid": "humidity", "stuffy": "co2"}
"""What the sensor in doubt must measure to matter for the complaint; temperature for the others."""

_HELPS = {"hot": -1.0, "humid": -1.0, "cold": 1.0}
"""Which error of a thermostat makes a complaint: one that reads low lets it get warm, one that reads high overcools."""


def reads_off(finding: Finding) -> float | None:
    """How much the sensor of a finding reads above what it is compared with, K; None where that is not known."""
    own = [p for p in finding.proofs if p.point == finding.point and p.value is not None]
    others = [p for p in finding.proofs if p.point != finding.point and p.value is not None]
    if not own or finding.rule not in _AGAINST_OTHERS or own[0].unit != "°C":
        return None
    beside = [p.value for p in others if p.unit == own[0].unit and p.value is not None]
    return (own[0].value or 0.0) - sum(beside) / len(beside) if beside else None


_AGAINST_OTHERS = frozenset(("SV-05", "SV-06"))
"""Rules that compare a sensor with others: of what is frozen or impossible, no error is known."""


def sensor(scene: Scene) -> Rung:
    """Is what the room's own sensor says true?"""
    asks, equip = "does the room's own sensor tell the truth?", scene.terminal.id
    found = scene.found(equip, "SV-01", "SV-02", "SV-05", "SV-06")
    if found and _FEELS.get(scene.complaint, "temp") in found.point:
        error = reads_off(found)
        if error is None or scene.complaint not in _HELPS or error * _HELPS[scene.complaint] > 0:
            return _settled("sensor", asks, found)
        says = (
            f"{found.point} reads {shown(abs(error), 'K')} too {'high' if error > 0 else 'low'}: "
            + (
                "that cools the place more, not less"
                if error > 0
                else "that cools the place less, not more"
            )
        )
        return Rung(
            "sensor", asks, Verdict.CLEARED, says, equip, found.next_check, found.proofs[:2]
        )
    own, other = scene.mean("zone-air-temp"), float("nan")
    proofs = scene.proof("zone-air-temp")
    if scene.terminal.kind == "fcu":  # in an open office the other boxes measure other places
        other = scene.mean("room.zone-air-temp")
        proofs += scene.proof("room.zone-air-temp")
    check = "compare the room's thermostat with a reference thermometer"
    if not np.isfinite(own):
        own = scene.mean("zone.zone-air-temp")
        proofs = scene.proof("zone.zone-air-temp")
    if not np.isfinite(own):
        return Rung("sensor", asks, Verdict.UNKNOWN, "no reading of its temperature", equip, check)
    if abs(own - other) > DISAGREE_K:
        says = f"its sensors disagree: {shown(own, '°C')} and {shown(other, '°C')}"
        return Rung("sensor", asks, Verdict.SUSPECT, says, equip, check, proofs)
    second = f", a second sensor {shown(other, '°C')}" if np.isfinite(other) else ""
    says = f"it moves and is plausible ({shown(own, '°C')}{second})"
    return Rung("sensor", asks, Verdict.OK, says, equip, check, proofs)


def setpoint(scene: Scene) -> Rung:
    """Is the room asked for what people want?"""
    asks, equip = "is the right temperature asked for, and nothing held by hand?", scene.terminal.id
    found = scene.found(equip, "OVR-01", "VAV-09", "OVR-02")
    if found:
        return _settled("setpoint", asks, found)
    own, others = scene.mean("zone-air-temp-sp"), _sisters_setpoint(scene)
    check = "read the thermostat's setpoint and its limits"
    proofs = scene.proof("zone-air-temp-sp") + scene.proof("zone-air-temp-effective-sp")
    if not np.isfinite(own):
        return Rung("setpoint", asks, Verdict.UNKNOWN, "no setpoint is recorded here", equip, check)
    apart = own - others
    wrong = apart > SETPOINT_APART_K if scene.warm else apart < -SETPOINT_APART_K
    if wrong:
        says = f"its setpoint is {shown(own, '°C')}, in other rooms {shown(others, '°C')}"
        return Rung("setpoint", asks, Verdict.CULPRIT, says, equip, check, proofs)
    return Rung("setpoint", asks, Verdict.OK, f"setpoint {shown(own, '°C')}", equip, check, proofs)


def _sisters_setpoint(scene: Scene) -> float:
    kind = scene.terminal.kind
    sisters = scene.frames.layout.building.of_kind(kind) if kind else []
    values = scene.frames.values(sisters, "zone-air-temp-sp")[:, slice(*scene.window)]
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


_TERMINAL_RULES = {
    "hot": ("FCU-02", "FCU-03", "VAV-03"),
    "humid": ("FCU-02", "FCU-03", "FCU-01"),
    "cold": ("FCU-01", "VAV-04"),
    "stuffy": ("VAV-03",),
}


def terminal(scene: Scene) -> Rung:
    """Does the fan coil or the box do what it is told?"""
    asks, equip = "does the unit in the room do what it is told?", scene.terminal.id
    found = scene.found(equip, *_TERMINAL_RULES.get(scene.complaint, ()))
    if found:
        return _settled("terminal", asks, found)
    if scene.terminal == scene.supply:
        says = "it has no unit of its own: the air handler serves it directly"
        return Rung("terminal", asks, Verdict.OK, says, equip, "")
    if scene.terminal.kind == "vav":
        return _box(scene, asks)
    return _fan_coil(scene, asks)


def _fan_coil(scene: Scene, asks: str) -> Rung:
    equip, check = scene.terminal.id, "feel both coil pipes, look at filter and fan"
    valve, fan = scene.mean("cooling-valve"), scene.mean("fan-run")
    drop = scene.mean("zone-air-temp") - scene.mean("discharge-air-temp")
    proofs = tuple(
        p
        for need in ("cooling-valve", "discharge-air-temp", "fan-run", "fan-speed")
        for p in scene.proof(need)
    )
    numbers = f"valve {shown(valve, '%')}, air cooled by {shown(drop, 'K')}"
    if not np.isfinite(valve + fan + drop):
        return Rung("terminal", asks, Verdict.UNKNOWN, "it is silent", equip, check, proofs)
    verdict, says = Verdict.OK, f"it does what it is told ({numbers})"
    if scene.warm and fan < ON and scene.mean("fan-cmd") > ON:
        verdict, says = Verdict.CULPRIT, "its fan stands still though it is told to run"
    elif scene.warm and fan < ON:
        verdict, says = Verdict.SUSPECT, "it is switched off"
    elif scene.warm and valve > 80.0 and drop < COIL_K:
        verdict, says = Verdict.SUSPECT, f"its valve is open and it hardly cools ({numbers})"
    elif scene.complaint == "cold" and valve < 2.0 and drop > PASSING_K:
        verdict, says = Verdict.CULPRIT, f"it blows cold with its valve shut ({numbers})"
    elif scene.warm and valve > 90.0:
        says = f"it already gives all it has ({numbers})"
    return Rung("terminal", asks, verdict, says, equip, check, proofs)


def _box(scene: Scene, asks: str) -> Rung:
    equip, check = scene.terminal.id, "look at the box's damper and flow sensor"
    flow, wanted = scene.mean("discharge-air-flow"), scene.mean("discharge-air-flow-sp")
    proofs = scene.proof("damper") + scene.proof("discharge-air-flow")
    numbers = f"{shown(flow, 'L/s')} of {shown(wanted, 'L/s')}"
    if not np.isfinite(flow + wanted):
        return Rung("terminal", asks, Verdict.UNKNOWN, "it is silent", equip, check, proofs)
    if scene.complaint != "cold" and flow < 0.7 * wanted and scene.mean("air.fan-run") > ON:
        return Rung("terminal", asks, Verdict.SUSPECT, f"it gets too little air: {numbers}",
                    equip, check, proofs)  # fmt: skip
    return Rung("terminal", asks, Verdict.OK, f"it gets its air: {numbers}", equip, check, proofs)


_AIR_RULES = {
    "hot": ("AHU-FC13", "AHU-19", "AHU-FC01", "SYS-04"),
    "humid": ("AHU-FC13", "AHU-19", "SYS-04"),
    "cold": ("OVR-01", "AHU-32", "OVR-02", "AHU-18"),
    "stuffy": ("AHU-21", "CMD-01", "AHU-FC01"),
}
_AIR_HINTS = {"hot": ("AHU-24",), "humid": ("AHU-24",)}
"""Open faults of the supply that its discharge hides: the coil still carries the hot, damp outdoor air."""


def air(scene: Scene) -> Rung:
    """Does the air that is brought to the room arrive as it should?"""
    asks, unit = "is the air brought to the room as it should be?", scene.supply
    found = scene.found(unit.id, *_AIR_RULES.get(scene.complaint, ()))
    if found:
        return _settled("air", asks, found)
    own, wanted = scene.mean("discharge-air-temp", unit), scene.mean("discharge-air-temp-sp", unit)
    proofs = tuple(
        p
        for need in ("discharge-air-temp", "discharge-air-temp-sp", "cooling-valve", "fan-run")
        for p in scene.proof(need, unit)
    ) + scene.proof("sisters.discharge-air-temp", unit)
    check = f"measure temperature and flow at the outlet of {unit.id}"
    numbers = f"{unit.id} supplies {shown(own, '°C')} against {shown(wanted, '°C')}"
    if not np.isfinite(own + wanted):
        return Rung("air", asks, Verdict.UNKNOWN, f"{unit.id} is silent", unit.id, check, proofs)
    verdict = Verdict.OK
    too_warm = scene.warm and own > max(wanted, SUPPLY_DESIGN_C) + SUPPLY_WARM_K
    too_cold = scene.complaint == "cold" and own < wanted - SUPPLY_COLD_K
    if too_warm or too_cold:
        verdict = Verdict.CULPRIT
    elif scene.complaint in {"stuffy", "smell"} and scene.mean("fan-run", unit) < ON:
        verdict, numbers = Verdict.CULPRIT, f"the fan of {unit.id} stands still"
    hint = scene.found(unit.id, *_AIR_HINTS.get(scene.complaint, ()))
    if verdict is Verdict.OK and hint:
        return replace(_settled("air", asks, hint), verdict=Verdict.SUSPECT)
    return Rung("air", asks, verdict, numbers, unit.id, check, proofs)


def water(scene: Scene) -> Rung:
    """Does enough chilled water reach the coils?"""
    asks = "does enough chilled water reach the coils?"
    dp, wanted = (
        scene.mean("plant.chilled-water-pressure"),
        scene.mean("plant.chilled-water-pressure-sp"),
    )
    proofs = scene.proof("plant.chilled-water-pressure") + scene.proof(
        "plant.chilled-water-pressure-sp"
    )
    plant = _plant(scene)
    check = "read the differential pressure at the riser"
    if not np.isfinite(dp + wanted):
        return Rung(
            "water", asks, Verdict.UNKNOWN, "loop pressure is not known", plant, check, proofs
        )
    numbers = f"loop pressure {shown(dp, 'kPa')} of {shown(wanted, 'kPa')}"
    low = scene.warm and dp < LOW_PRESSURE * wanted
    return Rung(
        "water", asks, Verdict.SUSPECT if low else Verdict.OK, numbers, plant, check, proofs
    )


def plant(scene: Scene) -> Rung:
    """Is the water cold?"""
    asks = "does the plant make its water cold enough?"
    supply = scene.mean("plant.chilled-water-leaving-temp")
    wanted = scene.mean("plant.chilled-water-leaving-temp-sp")
    needs = ("plant.chilled-water-leaving-temp", "plant.chilled-water-leaving-temp-sp")
    proofs = tuple(p for need in needs for p in scene.proof(need))
    check = "read the supply temperature at the plant and which chillers run"
    equip = _plant(scene)
    if not np.isfinite(supply + wanted):
        return Rung(
            "plant", asks, Verdict.UNKNOWN, "supply water is not known", equip, check, proofs
        )
    numbers = f"supply water {shown(supply, '°C')} against {shown(wanted, '°C')}"
    warm = scene.warm and supply > wanted + WATER_WARM_K
    return Rung(
        "plant", asks, Verdict.CULPRIT if warm else Verdict.OK, numbers, equip, check, proofs
    )


def _plant(scene: Scene) -> str:
    found = scene.frames.layout.building.of_kind("chilled-water-plant")
    return found[0].id if found else scene.supply.id


def load(scene: Scene) -> Rung:
    """Is more asked of the room than it was built for?"""
    asks = "is the load unusual: door, sun, people?"
    door, outdoors = scene.mean("window-open"), scene.mean("weather.outside-air-temp")
    proofs = scene.proof("window-open") + scene.proof("weather.outside-air-temp")
    way_out = "the balcony door" if scene.terminal.kind == "fcu" else "the doors"
    equip, check = scene.place.id, f"look at {way_out}, the blinds and how many people are there"
    if door > ON:
        says = f"the balcony door was open {door:.0%} of the time"
        return Rung("load", asks, Verdict.CULPRIT, says, equip, check, proofs)
    if scene.warm and outdoors > HOT_OUTDOORS_C:
        says = f"it is unusually hot outdoors ({shown(outdoors, '°C')})"
        return Rung("load", asks, Verdict.SUSPECT, says, equip, check, proofs)
    if not np.isfinite(outdoors):
        return Rung("load", asks, Verdict.UNKNOWN, "outdoor air is not known", equip, check, proofs)
    says = f"nothing unusual (outdoors {shown(outdoors, '°C')})"
    return Rung("load", asks, Verdict.OK, says, equip, check, proofs)


LADDER: tuple[Callable[[Scene], Rung], ...] = (sensor, setpoint, terminal, air, water, plant, load)


def longest(flags: Flags, runs: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The longest run, or the whole range when there is none."""
    if not runs:
        return 0, len(flags)
    return max(runs, key=lambda run: run[1] - run[0])
