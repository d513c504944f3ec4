"""Three years of work orders of Riverside Tower, ending now: the log a maintenance office keeps.

Seeded and dated back from `now`. The story in it: fan-coil actuators of floors 13 to 16 failing,
CH-2's condenser tubes 14 months unbrushed, DOAS-1's strainer 11 months, room 807 called again and again.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl

from ingest.demo.documents import timeless
from ingest.demo.model import IAQ_ROOMS, ROOMS, VAVS

ZONE = ZoneInfo("Asia/Bangkok")
YEARS = 3
TARGET = 1_500
BAD_ACTUATOR_FLOORS = (13, 14, 15, 16)
LABOUR_THB_H = 280  # a technician's hour with overheads
CH2_BRUSHED_MONTHS_AGO = 14
CH1_CH3_BRUSHED_MONTHS_AGO = 4
DOAS1_STRAINER_MONTHS_AGO = 11
DOAS2_STRAINER_MONTHS_AGO = 3
TECHNICIANS = {
    "HVAC": ("Somchai P.", "Anan K.", "Wichai S.", "Niran T."),
    "controls": ("Pim L.", "Kittisak R."),
    "electrical": ("Prasert N.", "Malee C."),
    "mechanical": ("Surasak B.", "Decha W."),
    "plumbing": ("Boonmee J.",),
}


@dataclass(frozen=True)
class WorkOrder:
    """One row of the log; times are local, naive, to the minute, as in the sheet. Cost in THB."""

    wo_number: str
    opened: dt.datetime
    closed: dt.datetime | None
    equipment: str
    place: str
    trade: str
    type: str
    priority: int
    description: str
    cause: str
    action: str
    parts: str
    hours: float
    cost: float
    technician: str


@dataclass(frozen=True)
class _Job:
    """A kind of work: who, what, how long in hours, and the price of its parts in THB."""

    trade: str
    type: str
    priority: int
    description: str
    cause: str
    action: str
    parts: str
    hours: float
    parts_thb: int


@dataclass(frozen=True)
class _Call:
    """A job at a place and time, before it has a number."""

    at: dt.datetime
    equipment: str
    place: str
    job: _Job


# Preventive work: equipment -> (every so many months, months since the last, job)
_BRUSH = _Job(
    "HVAC",
    "PM",
    3,
    "cond tube brushing",
    "",
    "brushed all tubes, new gasket, approach {a} K after",
    "CH-GSK-500",
    16,
    9_800,
)
_STRAINER = _Job(
    "HVAC",
    "PM",
    3,
    "coil strainer cleaning",
    "",
    "basket pulled and washed, vented",
    "DS-GSK-80",
    3,
    420,
)
_PREVENTIVE: tuple[tuple[tuple[str, ...], int, int, _Job], ...] = (
    (("CH-1", "CH-3"), 6, CH1_CH3_BRUSHED_MONTHS_AGO, _BRUSH),
    (("CH-2",), 6, CH2_BRUSHED_MONTHS_AGO, _BRUSH),
    (("CH-1", "CH-2", "CH-3"), 3, 2, _Job("HVAC", "PM", 3, "refrigerant leak test", "", "no leak found", "", 2, 0)),
    (("CH-1", "CH-2", "CH-3"), 6, 1, _Job("HVAC", "PM", 4, "oil sample taken", "", "sent to lab, result ok", "", 1, 2_500)),
    (("DOAS-1",), 6, DOAS1_STRAINER_MONTHS_AGO, _STRAINER),
    (("DOAS-2",), 6, DOAS2_STRAINER_MONTHS_AGO, _STRAINER),
    (("DOAS-1", "DOAS-2"), 4, 2, _Job("HVAC", "PM", 3, "bag filter F7 change", "", "changed set of 6", "F7 x6", 3, 7_200)),
    (("CT-1", "CT-2", "CT-3"), 6, 3, _Job("HVAC", "PM", 3, "basin clean and disinfect", "", "drained, scrubbed, dosed 5 mg/L", "chlorine 10 L", 8, 1_300)),
    (("CT-1", "CT-2", "CT-3"), 3, 1, _Job("mechanical", "PM", 3, "fan bearing grease, belt check", "", "greased, tension ok", "", 1.5, 150)),
    (("CWP-1", "CWP-2", "CWP-3"), 3, 1, _Job("HVAC", "PM", 3, "suction strainer clean", "", "cleaned", "", 2, 0)),
    (("SCHWP-1", "SCHWP-2"), 6, 2, _Job("HVAC", "PM", 3, "suction strainer clean", "", "cleaned", "", 2, 0)),
    (("CHWP-1", "CHWP-2", "CHWP-3", "SCHWP-1", "SCHWP-2", "CWP-1", "CWP-2", "CWP-3"), 6, 1, _Job("mechanical", "PM", 4, "grease brgs", "", "3 g each", "grease", 0.5, 60)),
    (("AHU-1", "AHU-2", "AHU-3", "AHU-4"), 2, 1, _Job("HVAC", "PM", 4, "pre-filter wash", "", "washed and refitted", "", 1, 0)),
    (("AHU-1", "AHU-2", "AHU-3", "AHU-4"), 6, 2, _Job("HVAC", "PM", 3, "bag filter replace", "", "new set", "bag filter set", 2.5, 5_600)),
    (("AHU-1", "AHU-2", "AHU-3", "AHU-4"), 12, 7, _Job("HVAC", "PM", 3, "coil + drain pan cleaning", "", "foamed and rinsed", "coil cleaner 5 L", 6, 900)),
    (("AHU-1", "AHU-2", "AHU-3", "AHU-4"), 12, 5, _Job("controls", "PM", 3, "sensor calibration", "", "checked against hand-held", "", 2, 0)),
    (VAVS, 12, 8, _Job("controls", "PM", 4, "flow zero + damper stroke", "", "zeroed, stroke ok", "", 0.5, 0)),
    (tuple(f"IAQ-{room}" for room in IAQ_ROOMS), 12, 6, _Job("controls", "PM", 4, "CO2 calibration", "", "420 ppm fresh air", "", 0.5, 0)),
    (("meter-main", "meter-plant"), 12, 4, _Job("electrical", "PM", 4, "meter check vs bill", "", "within 1 %", "", 1, 0)),
)  # fmt: skip

_ACTUATOR = (
    _Job("controls", "CM", 2, "rm too cold, vlv passing", "actuator clamp slipped, batch 2019", "replaced actuator, stroke test ok", "FC-ACT-24", 1.0, 3_400),
    _Job("controls", "CM", 2, "room overcooled at nite", "valve actuator failed, batch 2019", "actuator changed", "FC-ACT-24", 1.0, 3_400),
    _Job("controls", "CM", 2, "ห้องเย็นเกินไป วาล์วปิดไม่สนิท", "actuator clamp slipped", "เปลี่ยนหัวขับวาล์ว", "FC-ACT-24", 1.5, 3_400),
    _Job("controls", "CM", 3, "FCU valve actutor noisy", "gear worn", "replaced actuator", "FC-ACT-24", 1.0, 3_400),
)  # fmt: skip
_ROOM = (
    _Job("HVAC", "CM", 2, "rm hot", "filter dirty", "washed filter", "", 0.5, 0),
    _Job("HVAC", "CM", 2, "room not cold enuf", "air in coil", "vented coil", "", 0.5, 0),
    _Job("HVAC", "CM", 2, "guest say hot", "balcony door open", "closed door, informed guest", "", 0.3, 0),
    _Job("plumbing", "CM", 2, "water drip from grille", "drain line blocked", "blew line with N2, tablet", "algae tablet", 0.8, 40),
    _Job("plumbing", "CM", 2, "น้ำหยดจากช่องแอร์", "drain pan dirty", "ล้างถาดน้ำทิ้ง", "", 0.8, 0),
    _Job("mechanical", "CM", 3, "fcu noise at night", "fan bearing", "replaced fan motor", "EC fan", 1.5, 5_200),
    _Job("mechanical", "CM", 3, "rattling grille", "loose screw", "tightened", "", 0.3, 0),
    _Job("HVAC", "CM", 3, "bad smell", "trap dry", "filled trap", "", 0.3, 0),
    _Job("electrical", "CM", 2, "fcu dead, no air", "breaker tripped", "reset, insulation ok", "", 0.5, 0),
    _Job("controls", "CM", 3, "tstat display blank", "thermostat failed", "replaced thermostat", "thermostat", 0.7, 2_900),
    _Job("controls", "CM", 3, "keycard not working, aircon off", "card holder contact", "replaced holder", "card holder", 0.5, 850),
    _Job("HVAC", "CM", 3, "rm humid, musty", "door left open by hskp", "dried room, fan high", "", 0.5, 0),
    _Job("HVAC", "CM", 3, "แอร์ไม่เย็น", "filter dirty", "ล้างฟิลเตอร์", "", 0.5, 0),
)  # fmt: skip
_PLANT = (
    (("SCHWP-1", "SCHWP-2", "CHWP-1", "CHWP-2", "CHWP-3"), _Job("mechanical", "CM", 2, "seal leaking", "seal worn", "new mech seal", "SCH-MS-65", 5, 8_600)),
    (("CWP-1", "CWP-2", "CWP-3"), _Job("electrical", "CM", 2, "pump not start", "overload trip", "reset, checked amps", "", 1, 0)),
    (("CT-1", "CT-2", "CT-3"), _Job("mechanical", "CM", 3, "fan belt slipping", "belt worn", "new belt set", "CT-BLT-B85", 2, 1_800)),
    (("CT-1", "CT-2", "CT-3"), _Job("plumbing", "CM", 3, "basin overflow", "float valve stuck", "replaced float", "float valve", 1.5, 1_100)),
    (("CH-1", "CH-2", "CH-3"), _Job("HVAC", "CM", 1, "chiller tripped E02", "cw flow switch", "replaced flow switch", "CH-FS-01", 3, 4_700)),
    (("CH-1", "CH-2", "CH-3"), _Job("controls", "CM", 3, "chw temp sensor off", "drift", "replaced sensor", "CH-TS-10K", 1.5, 1_900)),
    (("AHU-1", "AHU-2", "AHU-3", "AHU-4"), _Job("mechanical", "CM", 3, "ahu belt squeal", "belt loose", "tensioned", "", 0.8, 0)),
    (("AHU-1", "AHU-2", "AHU-4"), _Job("electrical", "CM", 2, "VFD fault overheat", "drive filter blocked", "cleaned filter", "", 1, 0)),
    (("AHU-3",), _Job("controls", "CM", 3, "OA damper not closing", "crank set screw slipped", "tightened, stroke test", "", 1.5, 0)),
    (("AHU-1",), _Job("controls", "CM", 3, "return air temp reads hi", "sensor drift", "offset corrected", "", 1, 0)),
    (("DOAS-1", "DOAS-2"), _Job("mechanical", "CM", 2, "DOAS vibration", "bearing", "replaced bearing", "bearing 6309", 4, 3_100)),
    (("AHU-4", "AHU-2"), _Job("controls", "CM", 3, "fan running after hours", "schedule left on", "schedule set to auto", "", 0.5, 0)),
    (VAVS, _Job("controls", "CM", 3, "office too warm", "damper actuator stuck", "freed and stroked", "", 1, 0)),
    (("VAV-2-07",), _Job("controls", "CM", 3, "corner office hot pm", "zone undersized, sun", "no fault found, blinds down", "", 0.5, 0)),
    (tuple(f"IAQ-{room}" for room in IAQ_ROOMS), _Job("controls", "CM", 4, "iaq sensor silent", "battery flat", "changed both cells", "ER14505 x2", 0.4, 560)),
    (("meter-CH-1", "meter-CH-2", "meter-CH-3"), _Job("electrical", "CM", 3, "meter no comm", "RS-485 terminal loose", "tightened", "", 0.8, 0)),
)  # fmt: skip
_ROOM_807 = (
    _Job("HVAC", "CM", 2, "807 hot & humid pm, guest upset", "no fault found", "reset thermostat", "", 0.5, 0),
    _Job("HVAC", "CM", 2, "807 hot agian", "", "fan set high, ok when left", "", 0.5, 0),
    _Job("HVAC", "CM", 1, "807 hot, guest moved room", "no fault found", "filter washed", "", 0.7, 0),
)  # fmt: skip


def work_orders(now: dt.datetime, seed: int = 7) -> list[WorkOrder]:
    """All rows, oldest first. `now` is aware; nothing is opened or closed after it."""
    local = now.astimezone(ZONE).replace(tzinfo=None, second=0, microsecond=0)
    chance = np.random.default_rng(seed)
    calls = [*_planned(local, chance), *_actuators(local, chance), *_calls_of_807(local)]
    calls += _unplanned(local, chance, TARGET - len(calls))
    calls.sort(key=lambda call: (call.at, call.equipment))
    return [_written(number, call, local, chance) for number, call in enumerate(calls, start=1)]


def write_worklog(path: Path, *, now: dt.datetime, seed: int = 7) -> Path:
    """The rows of `work_orders` as an XLSX file with one sheet; equal rows give equal bytes."""
    book = openpyxl.Workbook(write_only=True)
    book.properties.created = book.properties.modified = dt.datetime(2026, 7, 1)  # noqa: DTZ001  (XLSX has no zones)
    sheet = book.create_sheet("Work orders")
    sheet.append(["Riverside Tower maintenance log"])
    sheet.append([])
    sheet.append([_column(field.name) for field in fields(WorkOrder)])
    for order in work_orders(now, seed):
        sheet.append(list(astuple(order)))
    packed = io.BytesIO()
    book.save(packed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(timeless(packed.getvalue()))
    return path


def _planned(now: dt.datetime, chance: np.random.Generator) -> Iterator[_Call]:
    """Preventive work going back from the last time it was done, a few days early or late."""
    for equipment, every, last, job in _PREVENTIVE:
        for id in equipment:
            months = last
            while months < 12 * YEARS:
                shift = int(chance.integers(-4, 5)) if months != last else 0
                at = _day(now, months * 30.4375 + shift, hour=9 + int(chance.integers(0, 6)))
                yield _Call(at, id, _place(id), job)
                months += every


def _actuators(now: dt.datetime, chance: np.random.Generator) -> Iterator[_Call]:
    """Three of four actuator failures are on the floors with the bad batch, more each year."""
    for _ in range(72):
        bad = chance.random() < 0.78
        rooms = [room for room in ROOMS if (int(room[:-2]) in BAD_ACTUATOR_FLOORS) == bad]
        days = 365 * YEARS * float(chance.random()) ** 1.6
        at = _day(now, 2 + days, hour=int(chance.integers(7, 22)))
        room = str(chance.choice(rooms))
        yield _Call(at, f"FCU-{room}", f"room {room}", _ACTUATOR[int(chance.integers(0, 4))])


def _calls_of_807(now: dt.datetime) -> Iterator[_Call]:
    """The complaint whose cause is upstream: four calls in the last five days, two months before."""
    for days, hour, which in (
        (1, 15, 2),
        (2, 16, 1),
        (3, 15, 0),
        (4, 16, 1),
        (61, 15, 0),
        (66, 16, 1),
    ):
        yield _Call(_day(now, days, hour=hour), "FCU-807", "room 807", _ROOM_807[which])


def _unplanned(now: dt.datetime, chance: np.random.Generator, count: int) -> Iterator[_Call]:
    for _ in range(count):
        at = _day(now, 0.1 + 365 * YEARS * float(chance.random()), hour=int(chance.integers(0, 24)))
        if chance.random() < 0.72:
            room = str(chance.choice(ROOMS))
            job = _ROOM[int(chance.integers(0, len(_ROOM)))]
            yield _Call(at, f"FCU-{room}", f"room {room}", job)
        else:
            ids, job = _PLANT[int(chance.integers(0, len(_PLANT)))]
            id = str(chance.choice(ids))
            yield _Call(at, id, _place(id), job)


def _written(number: int, call: _Call, now: dt.datetime, chance: np.random.Generator) -> WorkOrder:
    job = call.job
    hours = round(max(0.2, job.hours * float(chance.uniform(0.8, 1.3))), 1)
    waited = dt.timedelta(
        hours=float(chance.gamma(1.5, {1: 0.5, 2: 2.0, 3: 12.0, 4: 30.0}[job.priority]))
    )
    closed = (call.at + waited + dt.timedelta(hours=hours)).replace(second=0, microsecond=0)
    is_open = closed > now
    return WorkOrder(
        wo_number=f"WO-{call.at:%y}-{number:05d}",
        opened=call.at,
        closed=None if is_open else closed,
        equipment=call.equipment,
        place=call.place,
        trade=job.trade,
        type=job.type,
        priority=job.priority,
        description=job.description,
        cause=job.cause,
        action="" if is_open else job.action.format(a=round(float(chance.uniform(1.4, 1.8)), 1)),
        parts="" if is_open else job.parts,
        hours=hours,
        cost=round(hours * LABOUR_THB_H + job.parts_thb),
        technician=str(chance.choice(TECHNICIANS[job.trade])),
    )


def _day(now: dt.datetime, days_ago: float, *, hour: int) -> dt.datetime:
    """That many days before now at this hour, never later than now."""
    day = now - dt.timedelta(days=days_ago)
    return min(day.replace(hour=hour, minute=(day.minute // 5) * 5, second=0, microsecond=0), now)


def _place(id: str) -> str:
    if id.startswith("IAQ-"):
        return f"room {id.removeprefix('IAQ-')}"
    places = {"CT": "roof", "AHU-1": "floor 1", "AHU-2": "floor 3", "AHU-3": "floor 3", "AHU-4": "floor 2",
              "DOAS-1": "floor 4", "DOAS-2": "roof", "VAV": "offices L2"}  # fmt: skip
    return next((place for start, place in places.items() if id.startswith(start)), "plant room")


def _column(name: str) -> str:
    return {"wo_number": "WO number", "cost": "Cost THB", "equipment": "Equipment ID"}.get(
        name, name.capitalize()
    )
