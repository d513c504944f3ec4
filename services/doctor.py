"""The doctor: what is installed, reachable and degraded on this machine."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from services.api.system import STATIC
from services.settings import Settings

NEEDED_MB = 1_500
"""Disk that Riverside Tower with 30 days of history, index and documents takes, with room to grow."""
PARTS = {
    "agent": ("langgraph", "conversations"),
    "devices": ("bacpypes3", "BACnet, Modbus and LoRaWAN"),
    "documents": ("llama_index", "reading manuals"),
    "edge": ("onnxruntime", "search by meaning"),
    "demo": ("fpdf", "the demo building's documents"),
}


@dataclass(frozen=True)
class Check:
    """One thing looked at. `state`: ok, degraded (works with less) or missing (does not work)."""

    name: str
    state: str
    says: str
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(settings: Settings) -> list[Check]:
    """Look at everything that Plantroom needs; takes about a second."""
    looks: tuple[Callable[[Settings], Check], ...] = (
        _python,
        _disk,
        _home,
        _model,
        _ui,
        _llm,
        _port,
    )
    return [look(settings) for look in looks] + [_extra(name) for name in PARTS]


def free_mb(settings: Settings) -> float:
    """Megabytes free where the building's data lives or will live."""
    folder = settings.home.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free / 1e6


def _python(_settings: Settings) -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", "ok", version)


def _disk(settings: Settings) -> Check:
    free = free_mb(settings)
    state = "ok" if free >= NEEDED_MB else "missing"
    return Check(
        "disk", state, f"{free:,.0f} MB free", "" if state == "ok" else f"{NEEDED_MB} MB are needed"
    )


def _home(settings: Settings) -> Check:
    if (settings.home / "records.db").exists():
        return Check("building", "ok", str(settings.home))
    return Check("building", "degraded", f"none in {settings.home}", "run: plantroom demo")


def _model(settings: Settings) -> Check:
    if (settings.models / "all-MiniLM-L6-v2" / "model.onnx").exists():
        return Check("embedder", "ok", "all-MiniLM-L6-v2 on ONNX Runtime")
    return Check(
        "embedder",
        "degraded",
        "no embedding model: documents are searched by words only",
        "run: make model",
    )


def _ui(_settings: Settings) -> Check:
    if (STATIC / "index.html").exists():
        return Check("web UI", "ok", "built")
    return Check("web UI", "degraded", "not built: the server shows a plain page", "run: make ui")


def _llm(settings: Settings) -> Check:
    if settings.llm.url is None:
        return Check(
            "language model", "degraded", "none set: playbooks answer", "set PLANTROOM_LLM__URL"
        )
    host, port = settings.llm.url.host or "", settings.llm.url.port or 80
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as cause:
        return Check(
            "language model",
            "degraded",
            f"{settings.llm.url} does not answer: {cause}",
            "playbooks answer meanwhile",
        )
    return Check("language model", "ok", f"{settings.llm.url} accepts connections")


def _port(settings: Settings) -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return Check(
                "port",
                "degraded",
                f"{settings.host}:{settings.port} is taken",
                "Plantroom may be running already; else use --port",
            )
    return Check("port", "ok", f"{settings.host}:{settings.port} is free")


def _extra(name: str) -> Check:
    module, what = PARTS[name]
    if importlib.util.find_spec(module) is not None:
        return Check(name, "ok", what)
    return Check(
        name, "missing", f"{what}: {module} is not installed", f"pip install 'plantroom[{name}]'"
    )
