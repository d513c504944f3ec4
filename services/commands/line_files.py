"""Which lines.toml a command means, and all that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from ingest.discovery.keeping import read_text
from ingest.line_faults import faults_of
from ingest.lines import parse_lines
from ontology.errors import BadRequest, NotFound
from services import screen
from services.settings import Forward, Settings
from services.terminal import readable

NAMES: Final = ("lines.toml", "demo-lines.toml")
"""Those of a home: its own, and the demo's where `plantroom demo` filled it."""


def path_of(settings: Settings, given: Path | None) -> Path:
    """The file named, or the home's. Raises NotFound."""
    found = [given] if given else [settings.home / name for name in NAMES]
    for path in found:
        if path.is_file():
            return path
    raise NotFound(
        f"no file {found[0]}",
        hint="find your devices: plantroom ingest discover; or see docs/how-to/connect-devices.md",
    )


def forwarding_to(settings: Settings, url: str) -> Settings:
    """The settings with another server to forward to. Raises BadRequest where it is no address."""
    try:
        forward = Forward.model_validate({**dict(settings.forward), "url": url})
    except ValidationError as cause:
        raise BadRequest(
            f"{url!r:.100} is no server's address", hint="such as https://plantroom.example"
        ) from cause
    return settings.model_copy(update={"forward": forward})


def checked(path: Path) -> dict[str, Any]:
    """All faults of a file, and what it would poll where it has none."""
    text = read_text(path)
    faults = faults_of(text, path.name)
    lines = () if faults else parse_lines(text, path.name)
    return {
        "ok": not faults, "file": str(path), "faults": [fault.to_json() for fault in faults],
        "lines": len(lines), "registers": sum(len(line.registers) for line in lines),
        "per_second": round(sum(len(line.registers) / line.every_s for line in lines), 3),
    }  # fmt: skip


def show_checked(console: Console, found: dict[str, Any]) -> None:
    """Faults as compilers tell them: file, line, what, and what to do."""
    for fault in found["faults"]:
        where = f"{found['file']}:{fault['line']}" if fault["line"] else found["file"]
        console.print(Text(readable(f"{where}: {fault['says']}")))
        if fault["hint"]:
            console.print(Text(readable(f"  {fault['hint']}"), style="dim"))
    if not found["ok"]:
        console.print(Text(screen.counted(len(found["faults"]), "fault")))
        return
    lines, registers = (screen.counted(found[key], key[:-1]) for key in ("lines", "registers"))
    rate = f"{found['per_second']:,.1f} samples/s"
    console.print(Text(readable(f"{found['file']}: {lines}, {registers}, {rate}; nothing wrong")))
