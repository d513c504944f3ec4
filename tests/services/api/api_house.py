"""A small real house for tests of the HTTP layer: the demo ontology, smooth histories, a scripted engineer."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import math
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from agent.diagnosis import Cause, Family, Finding, Impact, Proof, Severity
from agent.events import (
    Answer,
    ChartFound,
    Done,
    Event,
    EvidenceFound,
    StepDone,
    StepStarted,
    Token,
    Understood,
)
from agent.evidence import Chart, Evidence, Series, Trust
from agent.faultbook import FaultBook
from agent.plan import Intent, Plan, Question, Step
from edge.chunk import Chunk, Passage
from edge.index import EVERYTHING, Only
from ingest.demo.model import riverside_tower
from ontology.errors import NotFound, Refused
from ontology.graph import Building
from ontology.history import Floats, Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store.memory_records import MemoryRecords
from ontology.time import Span
from services.api.app import create_app
from services.api.system import Device, Options, Part

NOW = dt.datetime(2026, 11, 20, 7, 30, tzinfo=dt.UTC)
DAY_S = 86_400

_LEVELS = {
    # quantity -> (middle, swing over the day) in canonical units
    "temp": (24.0, 1.5), "humidity": (55.0, 6.0), "co2": (620.0, 160.0), "pressure": (180.0, 25.0),
    "air-flow": (900.0, 300.0), "percent": (46.0, 30.0), "water-flow": (38.0, 14.0), "power": (120.0, 70.0),
    "energy": (500_000.0, 900.0), "count": (1.0, 1.0), "current": (180.0, 60.0), "voltage": (399.0, 2.0),
    "ratio": (0.94, 0.02), "state": (1.0, 0.0),
}  # fmt: skip
_EXACT = {
    "CHW-PLANT.chilled-water-leaving-temp": (6.9, 0.25),
    "CHW-PLANT.chilled-water-entering-temp": (10.5, 0.4),
    "CHW-PLANT.cooling-power": (2_980.0, 700.0),
    "meter-plant.power": (622.0, 150.0),
    "CH-2.power": (238.0, 30.0),
    "CH-2.chilled-water-leaving-temp": (6.8, 0.2),
    "CH-2.chilled-water-entering-temp": (10.4, 0.4),
    "CH-2.condenser-refrig-temp": (39.6, 1.4),
    "CH-2.condenser-water-leaving-temp": (34.1, 1.1),
    "DOAS-1.discharge-air-temp": (22.6, 1.2),
    "DOAS-1.cooling-valve": (100.0, 0.0),
    "FCU-807.zone-air-temp": (27.1, 0.9),
}


def value_at(point: str, quantity: str, ts: float) -> float:
    """A smooth day: highest in the afternoon of Bangkok."""
    middle, swing = _EXACT.get(point, _LEVELS.get(quantity, (1.0, 0.0)))
    shift = (sum(map(ord, point)) % 40) / 20
    wave = math.sin(2 * math.pi * ((ts + 7 * 3600) / DAY_S - 0.375) - shift * 0.2)
    ripple = 0.08 * math.sin(ts / 700 + shift * 7)
    return middle + swing * (wave + ripple)


class SmoothHistory:
    """The History port over a formula; writes go to a dict on top of it."""

    def __init__(self, building: Building, silent: Sequence[str] = ()) -> None:
        self._quantity = {e.id: e.role.quantity for e in building if e.is_point and e.role}
        self._silent = frozenset(silent)
        self.written: dict[Ref, Sample] = {}

    async def write(self, samples: Samples) -> None:
        for i, ts, value in zip(samples.index, samples.ts, samples.value, strict=True):
            at = dt.datetime.fromtimestamp(int(ts), dt.UTC)
            self.written[samples.points[i]] = Sample(samples.points[i], at, float(value))

    async def read(
        self, points: Sequence[Ref], span: Span, step: dt.timedelta
    ) -> dict[Ref, Floats]:
        start, n = span.seconds[0], span.steps(step)
        return {p: np.array([self._at(p.id, start + i * step.total_seconds()) for i in range(n)])
                for p in points}  # fmt: skip

    async def raw(self, point: Ref, span: Span, *, limit: int = 100_000) -> Samples:
        stamps = range(span.seconds[0], span.seconds[1], 300)[:limit]
        return Samples.of(
            [
                Sample(point, dt.datetime.fromtimestamp(ts, dt.UTC), self._at(point.id, ts))
                for ts in stamps
            ]
        )

    async def latest(self, points: Sequence[Ref] | None = None) -> dict[Ref, Sample]:
        asked = points if points is not None else [Ref(id) for id in self._quantity]
        at = NOW - dt.timedelta(seconds=40)
        samples = {p: Sample(p, at, self._at(p.id, at.timestamp()), _status(p.id)) for p in asked
                   if p.id not in self._silent}  # fmt: skip
        return samples | {p: self.written[p] for p in asked if p in self.written}

    async def close(self) -> None:
        return

    def _at(self, point: str, ts: float) -> float:
        if point in self._silent:
            return math.nan
        return value_at(point, self._quantity.get(point, ""), ts)


def _status(point: str) -> Status:
    return Status.OVERRIDDEN if point == "AHU-2.cooling-valve" else Status.GOOD


@dataclass
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    sql: str
    elapsed_s: float = 0.004
    truncated: bool = False


class OneTable:
    """Answers every SELECT with one row and refuses the rest, as the real reader does."""

    async def run(self, text: str, *, limit: int = 200, timeout_s: float = 5.0) -> Table:
        if not text.lstrip().lower().startswith("select"):
            raise Refused(
                "only SELECT is allowed", hint="ask for rows with SELECT ... FROM room_807"
            )
        return Table(("ts", "zone_air_temp"), ((NOW, 27.4), (NOW, math.nan)), text)


class Shelf:
    """An index of a few chunks, searched by shared words."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._chunks = {chunk.id: chunk for chunk in chunks}

    def get(self, id: str) -> Chunk:
        if id not in self._chunks:
            raise NotFound(f"no passage {id!r}", hint="search again")
        return self._chunks[id]

    def search(self, question: str, *, count: int = 5, only: Only = EVERYTHING) -> list[Passage]:
        words = set(question.lower().split())
        allowed = [c for c in self._chunks.values() if only.allows(c)]
        scored = sorted(allowed, key=lambda c: -len(words & set(c.text.lower().split())))
        return [Passage(chunk, 1.0, ("lexical",)) for chunk in scored[:count]]


CHUNKS = (
    Chunk("om-doas:0006", "om-doas", "O&M manual DOAS-1 and DOAS-2", "The unit is a constant-volume "
          "dedicated outdoor-air system with a chilled-water coil and a plate heat exchanger.",
          ("4 Maintenance",), 11, "manual", ("DOAS-1", "DOAS-2")),
    Chunk("om-doas:0007", "om-doas", "O&M manual DOAS-1 and DOAS-2", "If the discharge air rises above "
          "16 °C while the chilled-water valve is fully open, check the strainer before the coil: a pressure "
          "drop above 25 kPa means it is blocked. Close both isolating valves, drain, and clean the basket.",
          ("4 Maintenance", "4.3 Coil under-delivers"), 12, "manual", ("DOAS-1", "DOAS-2")),
    Chunk("om-doas:0008", "om-doas", "O&M manual DOAS-1 and DOAS-2", "After cleaning, record the pressure "
          "drop at design flow in the log and compare it with the commissioning value of 12 kPa.",
          ("4 Maintenance", "4.4 Records"), 12, "manual", ("DOAS-1", "DOAS-2")),
)  # fmt: skip


def findings() -> list[Finding]:
    """A morning's inbox: one grave cause upstream with its victim, and three quieter ones."""

    def one(
        rule: str, equip: str, days: float, severity: Severity, *words: str, **more: Any
    ) -> Finding:
        says, check = words
        start = NOW - dt.timedelta(days=days)
        return Finding(f"{rule}:{equip}:{start:%Y-%m-%d}", rule, more.pop("family"), equip, start, None,
                       severity, says, next_check=check, confidence=0.86, **more)  # fmt: skip

    five = Span.last(dt.timedelta(days=5), now=NOW)
    proof = Proof("DOAS-1.discharge-air-temp", five, "mean", 22.6, "°C",
                  "discharge air averaged 22.6 °C against a setpoint of 14 °C")  # fmt: skip
    valve = Proof(
        "DOAS-1.cooling-valve", five, "mean", 100.0, "%", "the cooling valve stood at 100 %"
    )
    causes = (
        Cause("strainer", "Chilled-water strainer blocked", 0.62,
              "Read the pressure drop across the DOAS-1 coil strainer; above 25 kPa clean it", (valve,)),
        Cause("air-lock", "Air trapped in the coil", 0.23, "Open the coil's air vent until water comes"),
        Cause("coil-fouled", "Coil fouled on the air side", 0.15, "Look at the coil face with a torch"),
    )  # fmt: skip
    cooling = one(
        "doas-under-delivers", "DOAS-1", 5, Severity.COMFORT,
        "DOAS-1 delivers air at 22.6 °C although its cooling valve is fully open",
        "Read the pressure drop across the DOAS-1 coil strainer", family=Family.AIR,
        proofs=(proof, valve), causes=causes, impact=Impact(410.0, 1722.0, 212.0, "comfort hours of 84 rooms"),
    )  # fmt: skip
    room = one("room-hot", "FCU-807", 4, Severity.COMFORT, "Room 807 stays at 27.1 °C with its valve and fan at full",
               "See DOAS-1 first: the fan coil does all it can", family=Family.ROOM, parent=cooling.id)  # fmt: skip
    return [
        cooling, room,
        one("condenser-approach", "CH-2", 20, Severity.WASTE, "CH-2 condenser approach has risen from 2.0 K to 5.5 K",
            "Brush the condenser tubes; check the water treatment log", family=Family.PLANT,
            proofs=(Proof("CH-2.condenser-refrig-temp", five, "mean", 39.6, "°C", "condensing at 39.6 °C"),),
            causes=(Cause("fouled", "Condenser tubes fouled", 0.78, "Open the head and look at the tubes"),),
            impact=Impact(11_200.0, 47_040.0, None, "extra kW/RT times tons")),
        one("override-left", "AHU-2", 3, Severity.WASTE, "AHU-2 cooling valve is held at 100 % by an operator (slot 8)",
            "Release slot 8 on AHU-2.cooling-valve", family=Family.OVERRIDE, point="AHU-2.cooling-valve",
            impact=Impact(540.0, 2268.0, None, "cooling below setpoint")),
        one("sensor-silent", "IAQ-1407", 1.25, Severity.INFO, "IAQ-1407 has been silent for 30 hours",
            "Change the battery; check the gateway on floor 14", family=Family.SENSOR),
    ]  # fmt: skip


ANSWER = """**Room 807 is hot because DOAS-1, the air handler that feeds it, has stopped cooling its air.** [E1] [E2]

| What | Now | Should be |
|---|--:|--:|
| Room 807 | 27.4 °C | 24.0 °C |
| DOAS-1 discharge air | 22.6 °C | 14.0 °C |
| DOAS-1 cooling valve | 100 % | 40–70 % |

The fan coil in 807 already does all it can: valve 100 %, fan high [E1]. DOAS-1 has delivered warm air since
15 November although its valve is fully open [E2], so **the fault is upstream of the room**.

**Next check:** read the pressure drop across the DOAS-1 coil strainer; above 25 kPa it is blocked [E3].
"""


class ScriptedEngineer:
    """Answers every question with the story of room 807. `pause_s` between events shows streaming."""

    def __init__(self, pause_s: float = 0.0, text: str = ANSWER) -> None:
        self.pause_s = pause_s
        self.text = text
        self.questions: list[Question] = []

    async def run(self, question: Question) -> AsyncIterator[Event]:
        self.questions.append(question)
        for event in self._script(question):
            await asyncio.sleep(self.pause_s)
            yield event

    def _script(self, question: Question) -> Sequence[Event]:
        plan = Plan("playbook", Intent.COMFORT_COMPLAINT, ("room-807",), "zone-air-temp",
                    Span.last(dt.timedelta(days=1), now=question.now),
                    (Step("comfort", {"of": ["room-807"], "complaint": "hot"}), Step("manuals", {"question": "warm"})))  # fmt: skip
        evidence, chart = _evidence(question.now), _chart(question.now)
        sql = "SELECT ts, zone_air_temp FROM room_807 WHERE ts >= now() - INTERVAL 1 DAY"
        text = self.text
        pieces = [text[i : i + 12] for i in range(0, len(text), 12)]
        return [
            Understood(plan),
            StepStarted("S1", "comfort", plan.steps[0].args, "Trace the complaint in room 807 upstream"),
            EvidenceFound(evidence[0]),
            EvidenceFound(evidence[1]),
            StepDone("S1", "comfort", "DOAS-1 under-delivers", 0.18, evidence=("E1", "E2")),
            StepStarted("S2", "sql", {"query": sql}, "Read the room's last day"),
            ChartFound(chart),
            StepDone("S2", "sql", "288 rows", 0.02, sql=sql),
            StepStarted("S3", "manuals", plan.steps[1].args, "Look into the manuals"),
            EvidenceFound(evidence[2]),
            StepDone("S3", "manuals", "1 passage", 0.04, evidence=("E3",)),
            *[Token(piece) for piece in pieces],
            Answer(text, "playbook", evidence, (chart,),
                   ("Which other rooms are hot?", "Show DOAS-1 discharge air for 7 days", "How do I clean the strainer?"),
                   plan, 0.31),
            Done(0.31),
        ]  # fmt: skip


def _evidence(now: dt.datetime) -> tuple[Evidence, ...]:
    return (
        Evidence("E1", "history", "FCU-807.zone-air-temp, 19 Nov 14:30 to 20 Nov 14:30",
                 "Room 807 averaged 27.1 °C over the last day, setpoint 24.0 °C",
                 {"points": ["FCU-807.zone-air-temp", "DOAS-1.discharge-air-temp"],
                  "start": (now - dt.timedelta(days=1)).isoformat(), "end": now.isoformat()}),
        Evidence("E2", "fault", "doas-under-delivers:DOAS-1:2026-11-15",
                 "DOAS-1 delivers air at 22.6 °C although its cooling valve is fully open", {"equip": "DOAS-1"}),
        Evidence("E3", "manual", "O&M manual DOAS-1 and DOAS-2, p. 12", CHUNKS[1].text,
                 {"chunk": "om-doas:0007", "document": "om-doas", "page": 12}, Trust.DOCUMENT),
    )  # fmt: skip


def _chart(now: dt.datetime) -> Chart:
    end = int(now.timestamp())
    stamps = tuple(range(end - DAY_S, end, 600))
    room = tuple(round(value_at("FCU-807.zone-air-temp", "temp", ts), 2) for ts in stamps)
    supply = tuple(
        None if 40 < i < 48 else round(value_at("DOAS-1.discharge-air-temp", "temp", ts), 2)
        for i, ts in enumerate(stamps)
    )
    return Chart(
        "Room 807 and the air it is given",
        (Series("Room 807", "°C", stamps, room), Series("DOAS-1 discharge air", "°C", stamps, supply)),
        ((end - 30_000, end, "DOAS-1 under-delivers"),), "E1",
    )  # fmt: skip


@dataclass
class House:
    """The wired system as `services.api` wants it."""

    building: Building
    history: SmoothHistory
    records: MemoryRecords
    faultbook: FaultBook
    engineer: ScriptedEngineer
    library: Shelf
    documents: Path
    sql: OneTable = field(default_factory=OneTable)

    def parts(self) -> list[Part]:
        return [
            Part("model", "off", "No language model: playbooks answer", "set PLANTROOM_LLM__URL"),
            Part("embedder", "ok", "all-MiniLM-L6-v2, hybrid search"),
        ]

    def devices(self) -> list[Device]:
        return [
            Device("plant-controller", "bacnet", "ok", NOW - dt.timedelta(seconds=40), 240),
            Device("chiller-2", "modbus", "ok", NOW - dt.timedelta(seconds=22), 15),
            Device("IAQ-1407", "lorawan", "silent", NOW - dt.timedelta(hours=30), 4),
        ]


@cache
def tower() -> tuple[list[dict[str, Any]], Building]:
    """The demo ontology, which nothing changes."""
    entities = riverside_tower()
    return entities, Building(entities)


async def build_house(folder: Path, *, pause_s: float = 0.0) -> House:
    """A house with its documents in `folder`."""
    entities, building = tower()
    records = MemoryRecords(entities)
    faultbook = FaultBook(records, building)
    await faultbook.replace(findings(), now=NOW)
    (folder / "om-doas.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    silent = [p.id for p in building.points("IAQ-1407")]
    history = SmoothHistory(building, silent)
    return House(
        building, history, records, faultbook, ScriptedEngineer(pause_s), Shelf(CHUNKS), folder
    )


def options(**more: Any) -> Options:
    """Options with the house's clock."""
    return Options(clock=lambda: NOW, **more)


@contextlib.contextmanager
def serving(house: House, chosen: Options) -> Iterator[str]:
    """The base URL of a server that runs in a thread of its own while entered."""
    claimed = socket.socket()
    claimed.bind(("127.0.0.1", 0))
    claimed.listen()
    server = uvicorn.Server(uvicorn.Config(create_app(house, chosen), log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[claimed])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{claimed.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        claimed.close()
