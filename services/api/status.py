"""Is the server well, and the building behind it: what is degraded, what was last heard."""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from ontology.entity import Entity
from ontology.history import Sample
from ontology.kinds import Ref
from services.api.deps import options as options_of
from services.api.deps import system as system_of
from services.api.examples import examples
from services.api.shapes import LATE_S
from services.api.system import Device, Options, Part, System

router = APIRouter(tags=["status"])

KW_PER_RT = 3.516853
"""Thermal kilowatts of a refrigeration ton (12,000 Btu/h)."""
LEAST_LOAD_RT = 10.0
"""Below this the ratio kW/RT says nothing: the plant is off or only recirculates."""


class Health(BaseModel):
    """The process is up."""

    status: str = "ok"


class Vital(BaseModel):
    """One figure of the first line; null when unknown."""

    label: str
    value: float | None
    unit: str
    of: str


class Status(BaseModel):
    """The first line, what is degraded, and every device with when it last answered.

    `open_findings` counts causes: a finding that another explains is not counted.
    """

    site: str
    time_zone: str
    now: dt.datetime
    vitals: list[Vital]
    open_findings: int
    examples: list[str]
    parts: list[Part]
    devices: list[Device]


@router.get("/health")
async def health() -> Health:
    """For process supervisors: answers as long as the server serves."""
    return Health()


@router.get("/api/status")
async def status(
    system: Annotated[System, Depends(system_of)],
    options: Annotated[Options, Depends(options_of)],
) -> Status:
    """The plant at a glance, and what does not work fully."""
    building, now = system.building, options.clock()
    findings = await system.faultbook.open_faults(None, 1_000)
    return Status(
        site=building.site.dis,
        time_zone=str(building.zone),
        now=now,
        vitals=await _vitals(system, now),
        open_findings=sum(finding.parent is None for finding in findings),
        examples=examples(building, findings),
        parts=list(system.parts()),
        devices=list(system.devices()),
    )


async def _vitals(system: System, now: dt.datetime) -> list[Vital]:
    """Supply temperature, plant efficiency and load; a stale value is unknown here."""
    plants = system.building.of_kind("chilled-water-plant")
    if not plants:
        return []
    plant = plants[0]
    supply = _point(system, plant, "chilled-water-leaving-temp")
    cooling = _point(system, plant, "cooling-power")
    power = _point(system, _meter_of(system, plant), "power")
    refs = [ref for ref in (supply, cooling, power) if ref]
    latest = await system.history.latest(refs)

    def value(ref: Ref | None) -> float | None:
        return _fresh(latest.get(ref), now) if ref else None

    load_kw, power_kw = value(cooling), value(power)
    load_rt = None if load_kw is None else load_kw / KW_PER_RT
    running = load_rt is not None and load_rt >= LEAST_LOAD_RT
    efficiency = power_kw / load_rt if power_kw is not None and load_rt and running else None
    return [
        Vital(label="CHW supply", value=value(supply), unit="°C", of=plant.id),
        Vital(label="Plant efficiency", value=efficiency, unit="kW/RT", of=plant.id),
        Vital(label="Cooling load", value=load_rt, unit="RT", of=plant.id),
    ]


def _meter_of(system: System, plant: Entity) -> Entity | None:
    meters = system.building.of_kind("elec-meter")
    return next((m for m in meters if m.get_ref("meterOf") == plant.ref), None)


def _point(system: System, equip: Entity | None, role: str) -> Ref | None:
    if equip is None:
        return None
    point = system.building.point(equip.ref, role)
    return point.ref if point else None


def _fresh(sample: Sample | None, now: dt.datetime) -> float | None:
    if sample is None or not math.isfinite(sample.value):
        return None
    return sample.value if (now - sample.at).total_seconds() <= LATE_S else None
