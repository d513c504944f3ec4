"""A small house behind a Haystack server on a real socket, with writes that are only noted down."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI

from ingest.haystack.scram import Exchange, pack, read_header, unpack_text
from ontology.history import Sample, Samples, Status
from ontology.kinds import MARKER, Coord, Grid, Number, Ref, Symbol, Uri
from ontology.store.memory_history import MemoryHistory
from ontology.store.memory_records import MemoryRecords
from services.api.haystack.auth import Auth, Reply
from services.api.haystack.scram import Account
from services.api.haystack.served import Served
from services.api.haystack.server import HaystackServer
from services.api.haystack.writes import PointWrite, Slot

USER, PASSWORD = "caretaker", "sesame, öffne dich = 7"
BANGKOK = ZoneInfo("Asia/Bangkok")
NOW = dt.datetime(2026, 11, 20, 14, 30, tzinfo=BANGKOK)
TEMP, FAN, SILENT = Ref("AHU-1.discharge-air-temp"), Ref("AHU-1.fan-run"), Ref("AHU-1.silent")
AHU = Ref("AHU-1")
NAME = 'Warm "Nord" $ \\ °F อาคาร'


def entities() -> list[dict[str, Any]]:
    """Site, floor, room, one AHU and its points; every awkward value once."""

    def point(ref: Ref, kind: str, *tags: str, **more: Any) -> dict[str, Any]:
        return {"id": ref, "dis": ref.id, **dict.fromkeys(("point", "his", *tags), MARKER), "kind": kind,
                "siteRef": Ref("tower"), "equipRef": Ref("AHU-1"), "tz": "Bangkok", **more}  # fmt: skip

    return [
        {"id": Ref("tower", "The Tower"), "dis": "The Tower", "site": MARKER, "tz": "Bangkok",
         "geoCoord": Coord(13.7235, 100.5144), "area": Number(38_000, "m²"), "web": Uri("http://tower.example/`a`")},
        {"id": Ref("floor-8"), "dis": NAME, "space": MARKER, "floor": MARKER, "siteRef": Ref("tower", NAME)},
        {"id": Ref("room-807"), "dis": "Room 807", "space": MARKER, "room": MARKER, "siteRef": Ref("tower"),
         "spaceRef": Ref("floor-8")},
        {"id": Ref("AHU-1"), "dis": "AHU-1", "equip": MARKER, "ahu": MARKER, "siteRef": Ref("tower"),
         "spaceRef": Ref("floor-8"), "installed": dt.date(2009, 5, 1), "kindOf": Symbol("ahu"),
         "serves": [Ref("room-807"), Ref("floor-8")], "setup": {"stages": Number(2), "note": 'a "b"'},
         "started": dt.datetime(2026, 1, 1, 8, tzinfo=BANGKOK), "noon": dt.time(12, 0)},
        point(TEMP, "Number", "discharge", "air", "temp", "sensor", unit="°C"),
        point(FAN, "Bool", "fan", "run", "sensor", "writable", enum="off,on"),
        point(SILENT, "Number", "temp", "sensor", unit="°F"),
    ]  # fmt: skip


@dataclass
class DryRun:
    """Takes every write and does none of them to a building; samples go to the test's own history."""

    history: MemoryHistory
    levels: dict[tuple[str, int], PointWrite] = field(default_factory=dict)
    actions: list[tuple[Ref, str, Mapping[str, Any]]] = field(default_factory=list)

    async def slots(self, point: Ref) -> list[Slot]:
        return [
            Slot(level, order.value, order.who)
            for (id, level), order in self.levels.items()
            if id == point.id
        ]

    async def write(self, order: PointWrite) -> None:
        self.levels[order.point.id, order.level] = order

    async def keep(self, point: Ref, samples: Sequence[tuple[dt.datetime, Any]]) -> None:
        rows = [
            Sample(point, at, float(v.value if isinstance(v, Number) else v)) for at, v in samples
        ]
        await self.history.write(Samples.of(rows))

    async def act(self, entity: Ref, action: str, given: Mapping[str, Any]) -> Grid:
        self.actions.append((entity, action, given))
        return Grid.of(({"done": action},))


@dataclass
class Late:
    """The clock of the logins, some seconds ahead."""

    by_s: float = 0.0

    def now(self) -> float:
        return time.monotonic() + self.by_s


@dataclass
class HaystackHouse:
    """What a test may look at and change, and where its server is."""

    records: MemoryRecords
    history: MemoryHistory
    writes: DryRun
    auth: Auth
    late: Late
    url: str = ""


def samples_of_a_day() -> list[Sample]:
    """Every quarter of an hour since yesterday's midnight, up to now; one of them faulty."""
    start = dt.datetime(2026, 11, 19, tzinfo=BANGKOK)
    times = [
        start + dt.timedelta(minutes=15 * i)
        for i in range(int((NOW - start) / dt.timedelta(minutes=15)))
    ]
    temps = [
        Sample(TEMP, at, 14.0 + i % 8 / 4, Status.FAULT if i == 3 else Status.GOOD)
        for i, at in enumerate(times)
    ]
    return [*temps, *[Sample(FAN, at, float(at.hour >= 6)) for at in times]]


@contextlib.contextmanager
def house_served(*, writes: bool = True, get_writes: bool = True) -> Iterator[HaystackHouse]:
    """The house behind a server in a thread of its own, at the root of its address."""
    records, history = MemoryRecords(entities()), MemoryHistory()
    asyncio.run(history.write(Samples.of(samples_of_a_day())))
    dry = DryRun(history)
    late = Late()
    auth = Auth(Account(USER, PASSWORD, iterations=4_096), now=late.now)
    house = HaystackHouse(records, history, dry, auth, late)

    served = Served(records=records, history=history, clock=lambda: NOW, zone=BANGKOK, name="The Tower",
                    version="1", started=NOW, writes=dry if writes else None)  # fmt: skip
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(HaystackServer(served, auth, get_writes=get_writes).router())
    claimed = socket.socket()
    claimed.bind(("127.0.0.1", 0))
    claimed.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[claimed])))
    thread.start()
    house.url = f"http://127.0.0.1:{claimed.getsockname()[1]}"
    try:
        yield house
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        claimed.close()


def log_in(auth: Auth, user: str = USER, password: str = PASSWORD, peer: str = "test") -> str:
    """A token, by the three messages themselves."""
    hello = auth.answer(f"HELLO username={pack(user)}", peer)
    assert isinstance(hello, Reply)
    token = read_header(hello.value)[0]["handshakeToken"]
    exchange = Exchange(user, password, "SHA-256")
    first = auth.answer(f"SCRAM data={pack(exchange.first)}, handshakeToken={token}", peer)
    challenge = unpack_text(read_header(first.value)[0]["data"])
    last = auth.answer(
        f"SCRAM handshakeToken={token}, data={pack(exchange.final(challenge))}", peer
    )
    if last.status != 200:
        return ""
    said = read_header(last.value)[0]
    exchange.verify(unpack_text(said["data"]))
    return said["authToken"]
