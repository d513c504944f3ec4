"""Who implements what: settings in, a wired system out. The only reader of settings."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.engineer import Engineer
from agent.faultbook import FaultBook
from agent.model import HttpModel, Patience
from agent.opening import PromptStyle
from agent.playbooks.planner import PlaybookPlanner
from agent.tools.toolbox import Tariff, Toolbox
from edge.engine import Embedder
from edge.engines.onnx import OnnxEmbedder
from edge.indexes.embedded import EmbeddedIndex
from edge.search import Library
from ontology.errors import PlantroomError
from ontology.graph import Building
from ontology.history import HistoryStore
from ontology.records import Records
from ontology.store.artefacts import Artefacts
from ontology.store.histories import open_history
from ontology.store.sql import SqlReader
from ontology.store.sql_records import NAMED, SqlRecords
from services.api.system import Device, Part
from services.home import ALL, ENTITIES, definitions_of, require_building, wall_clock
from services.settings import Settings

MODEL = "all-MiniLM-L6-v2"
CURRENCY = "THB"


@dataclass
class System:
    """The wired house. `devices_seen` and `override_levels` are filled by a running poller."""

    settings: Settings
    building: Building
    records: Records
    history: HistoryStore
    sql: SqlReader
    library: Library
    faultbook: FaultBook
    engineer: Engineer
    artefacts: Artefacts
    clock: Callable[[], dt.datetime]
    notes: list[Part]
    devices_seen: Callable[[], Sequence[Device]] = field(default=tuple)
    override_levels: dict[str, int] = field(default_factory=dict)

    @property
    def documents(self) -> Path:
        """The folder of the original files."""
        return self.settings.home / "documents"

    @property
    def tariff(self) -> Tariff:
        return Tariff(self.settings.tariff_per_kwh, CURRENCY)

    def devices(self) -> Sequence[Device]:
        """Field devices with when they last answered; none where nothing is polled."""
        return self.devices_seen()

    def parts(self) -> Sequence[Part]:
        """What works and what is degraded."""
        silent = [device.name for device in self.devices() if device.state == "silent"]
        if not self.devices():
            field_bus = Part(
                "devices",
                "off",
                "no devices are polled",
                "start `plantroom demo` or add lines.toml",
            )
        elif silent:
            field_bus = Part(
                "devices",
                "degraded",
                f"silent: {', '.join(silent[:5])}",
                "check power and network there",
            )
        else:
            field_bus = Part("devices", "ok", f"{len(self.devices())} answer")
        return [*self.notes, field_bus]


@asynccontextmanager
async def open_system(
    settings: Settings, *, clock: Callable[[], dt.datetime] = wall_clock
) -> AsyncIterator[System]:
    """Open a building's files and wire everything over them. Raises NotFound where there are none."""
    require_building(settings)
    async with AsyncExitStack() as stack:
        defs = definitions_of(settings)
        records = SqlRecords(settings.records_db, defs=defs)
        stack.push_async_callback(records.close)
        found = await records.read(ENTITIES, limit=ALL)
        building = Building([entity.tags for entity in found], defs=defs)
        history = await asyncio.to_thread(open_history, settings.history_place, building)
        stack.push_async_callback(history.close)
        sql = SqlReader(history, building, clock=clock)
        stack.push_async_callback(sql.close)
        artefacts = Artefacts(settings.home / "artefacts")
        embedder, note = load_embedder(settings)
        index = EmbeddedIndex(settings.home / "index", embedder=embedder.name if embedder else None)
        stack.callback(index.close)
        library = Library(index, embedder)
        faultbook = FaultBook(records, building)
        levels: dict[str, int] = {}
        box = Toolbox(
            building=building, history=history, records=records, sql=sql, library=library, faultbook=faultbook,
            clock=clock, tariff=Tariff(settings.tariff_per_kwh, CURRENCY),
            override_level=lambda point: levels.get(point.id), artefacts=artefacts,
        )  # fmt: skip
        model, model_note = await _open_model(settings, stack)
        engineer = Engineer(
            box, PlaybookPlanner(building), model, style=PromptStyle(settings.llm.prompt)
        )
        yield System(
            settings=settings, building=building, records=records, history=history, sql=sql, library=library,
            faultbook=faultbook, engineer=engineer, clock=clock, artefacts=artefacts,
            notes=[model_note, note, *damage(records.unreadable)], override_levels=levels,
        )  # fmt: skip


def damage(unreadable: Mapping[str, str]) -> list[Part]:
    """What to say about stored records that cannot be read, by id; nothing where all can."""
    if not unreadable:
        return []
    named = ", ".join(f"@{id}" for id in list(unreadable)[:NAMED])
    more = ", ..." if len(unreadable) > NAMED else ""
    says = f"{len(unreadable)} unreadable, left out: {named}{more}"
    hint = "restore the records from a backup, or import these entities again"
    return [Part("records", "degraded", says, hint)]


def load_embedder(settings: Settings) -> tuple[Embedder | None, Part]:
    """The embedding model where it is installed, and what to say about it."""
    try:
        embedder = OnnxEmbedder(settings.models / MODEL)
    except PlantroomError as missing:
        return None, Part(
            "search by meaning", "degraded", f"words only: {missing}", "run: make model"
        )
    return embedder, Part("search by meaning", "ok", embedder.name)


async def _open_model(settings: Settings, stack: AsyncExitStack) -> tuple[HttpModel | None, Part]:
    """The language model's client; the engineer finds out for itself what the server can do."""
    llm = settings.llm
    if llm.url is None:
        return None, Part(
            "language model", "off", "playbooks answer", "set PLANTROOM_LLM__URL to use one"
        )
    model = await stack.enter_async_context(
        HttpModel(
            str(llm.url), name=llm.model, key=llm.api_key.get_secret_value(),
            patience=Patience(first_s=llm.timeout_s, idle_s=min(llm.timeout_s, 30.0)),
        )
    )  # fmt: skip
    return model, Part("language model", "ok", f"at {llm.url}")
