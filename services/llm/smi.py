"""nvidia-smi read: the GPUs it sees, the ones it cannot reach, driver and CUDA, and how they are joined."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from ontology.errors import BadRequest, NotFound
from services.llm.sizing.topology import Topology, parse_topo

FIELDS = ("index", "name", "driver_version", "memory.total", "memory.free", "persistence_mode",
          "ecc.errors.uncorrected.volatile.total")  # fmt: skip
QUERY = ("nvidia-smi", f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits")
ASKED = (QUERY, ("nvidia-smi", "topo", "-m"), ("nvidia-smi",))
PATIENCE_S = 15.0
"""A driver that hangs on a dead GPU answers late or never; one without persistence takes some seconds."""
MOST_BYTES = 1_000_000
_DEAD = re.compile(r"unable to determine the device handle|gpu is lost|fallen off the bus|\bxid\b.{0,40}\b(79|74|48|95)\b|unknown error|requires reset|\berr!", re.IGNORECASE)  # fmt: skip
_GONE = re.compile(r"nvidia-smi has failed|couldn't communicate with the nvidia driver|failed to initialize nvml|driver/library version mismatch|no devices were found", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeenGpu:
    """One row. Memory in MiB; None where nvidia-smi says N/A."""

    index: int
    name: str
    driver: str
    total_mib: float | None
    free_mib: float | None
    persistent: bool | None
    ecc_errors: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """All that was seen. `dead`: lines about GPUs that do not answer; `broken`: why the driver itself does not; `cuda` of the driver."""

    gpus: tuple[SeenGpu, ...] = ()
    topology: Topology = field(default_factory=Topology)
    cuda: tuple[int, int] | None = None
    dead: tuple[str, ...] = ()
    broken: str = ""

    @property
    def driver(self) -> str:
        return self.gpus[0].driver if self.gpus else ""


def look() -> Machine:
    """Ask the real nvidia-smi, bounded in time. Raises NotFound where there is none."""
    if not shutil.which("nvidia-smi"):
        raise NotFound("there is no nvidia-smi", hint="install NVIDIA's driver, or give what another machine printed: --smi FILE")  # fmt: skip
    return seen([_said(asked) for asked in ASKED])


def gpus_here() -> list[SeenGpu]:
    """The GPUs that the real nvidia-smi lists, by one query; [] where there are none or it does not answer."""
    return parse_query(_said(QUERY))


def read_recorded(files: list[Path]) -> Machine:
    """The machine from files that hold what nvidia-smi printed: the query, `topo -m`, the plain table; in any order."""
    texts = []
    for path in files:
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                texts.append(file.read(MOST_BYTES))
        except OSError as cause:
            raise NotFound(
                f"{path}: {cause.strerror}", hint="give a file with what nvidia-smi printed"
            ) from cause
    return seen(texts)


def seen(texts: list[str]) -> Machine:
    """The machine that these outputs tell of. Raises BadRequest for a text that is none of them."""
    lines = [line.strip() for text in texts for line in text.splitlines()]
    dead = tuple(dict.fromkeys(line[:300] for line in lines if _DEAD.search(line)))
    broken = next((line[:300] for line in lines if _GONE.search(line)), "")
    gpus: dict[int, SeenGpu] = {}
    topology, cuda = Topology(), None
    for text in texts:
        if "CUDA Version" in text:
            cuda = _cuda(text)
        elif re.search(r"^\s*(\x1b\[\d+m)?\s*GPU0\b.*", text, re.MULTILINE):
            topology = parse_topo(text)
        else:
            rows = parse_query(text)
            gpus |= {row.index: row for row in rows}
            if not (rows or not text.strip() or _DEAD.search(text) or _GONE.search(text)):
                raise BadRequest(
                    "this is not what nvidia-smi prints",
                    hint=f"record it with: {' '.join(QUERY)} > smi.txt",
                )
    return Machine(tuple(gpus[i] for i in sorted(gpus)), topology, cuda, dead, broken)


def parse_query(text: str) -> list[SeenGpu]:
    """Rows of the query; lines of another form are left out.

    >>> parse_query("0, NVIDIA H100 80GB HBM3, 550.54.15, 81559, 81007, Enabled, 0")[0].free_mib
    81007.0
    """
    found = []
    for line in text[:MOST_BYTES].splitlines()[:4096]:
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == len(FIELDS) and re.fullmatch(r"\d{1,4}", cells[0]):
            found.append(
                SeenGpu(int(cells[0]), cells[1][:80], cells[2][:40], _number(cells[3]), _number(cells[4]),
                        {"enabled": True, "disabled": False}.get(cells[5].lower()), _count(cells[6]))
            )  # fmt: skip
    return found


def _number(cell: str) -> float | None:
    return float(cell) if re.fullmatch(r"\d{1,9}(\.\d+)?", cell, re.ASCII) else None


def _count(cell: str) -> int | None:
    return int(cell) if re.fullmatch(r"\d{1,18}", cell, re.ASCII) else None


def _cuda(text: str) -> tuple[int, int] | None:
    found = re.search(r"CUDA Version:\s*(\d{1,3})\.(\d{1,3})", text, re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def _said(asked: tuple[str, ...]) -> str:
    """What it printed, errors too; a driver that hangs is said in its own words."""
    try:
        ran = subprocess.run(asked, capture_output=True, timeout=PATIENCE_S, check=False)  # noqa: S603  (one of ASKED)
    except subprocess.TimeoutExpired:
        return f"Unknown Error: {' '.join(asked[:2])} gave no answer within {PATIENCE_S:g} s"
    except OSError as cause:
        return f"NVIDIA-SMI has failed: {cause.strerror}"
    return (ran.stdout + b"\n" + ran.stderr)[:MOST_BYTES].decode(errors="replace")
