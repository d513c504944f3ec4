"""How GPUs reach each other: `nvidia-smi topo -m` read, and what an all-reduce costs over each kind of link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ontology.errors import BadRequest
from services.llm.sizing.gpus import Gpu

NODE = 8
"""GPUs of one chassis; a group beyond it crosses the network."""
_WORST_FIRST = ("SYS", "NODE", "PHB", "PXB", "PIX")
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class AllReduce:
    """Cost of one all-reduce: `eager_us + bytes / gb_s`; inside a CUDA graph the launch costs `graph_us` instead."""

    eager_us: float
    graph_us: float
    gb_s: float

    def seconds(self, bytes: float, *, eager: bool) -> float:
        return (self.eager_us if eager else self.graph_us) * 1e-6 + bytes / (self.gb_s * 1e9)


# Fits of nccl-tests and of vLLM's custom all-reduce: microseconds and algorithm GB/s by group size.
# NVLink 4 and 3 and PCIe among four A100 as measured; in a graph 4.4 to 5.6 us on H100 for 16 KB. What was not
# measured is scaled and said so: NVLink 5 and xGMI by their link's bandwidth against NVLink 4 (900, 448 to 450 GB/s
# each way), A100 in a graph by 20.6 : 4.4 as on H100, the PCIe pair from four GPUs on the same bus.
ALL_REDUCE: dict[str, dict[int, AllReduce]] = {
    "nvlink4": {2: AllReduce(20.6, 4.4, 305), 4: AllReduce(21.5, 5.0, 236), 8: AllReduce(22.6, 5.6, 209)},
    "nvlink3": {2: AllReduce(29.5, 6.3, 172), 4: AllReduce(31.0, 7.2, 122), 8: AllReduce(33.0, 8.0, 104)},
    "nvlink5": {2: AllReduce(20.6, 4.4, 610), 4: AllReduce(21.5, 5.0, 472), 8: AllReduce(22.6, 5.6, 418)},
    "nvlink2": {2: AllReduce(45, 10, 60), 4: AllReduce(54, 12, 50), 8: AllReduce(70, 15, 40)},
    "xgmi": {2: AllReduce(30, 9, 50), 4: AllReduce(30, 10, 120), 8: AllReduce(33, 11, 200)},
    # vLLM's custom all-reduce takes no more than two GPUs without NVLink: NCCL beyond
    "pcie": {2: AllReduce(50, 20, 20), 4: AllReduce(73, 40, 15.8), 8: AllReduce(100, 60, 12)},
    "pcie-far": {2: AllReduce(60, 30, 12), 4: AllReduce(90, 50, 9), 8: AllReduce(120, 80, 7)},
    # InfiniBand 400 Gb/s per GPU: 50 GB/s less protocol; a hop through the NIC and its switch
    "network": {16: AllReduce(80, 45, 40), 32: AllReduce(100, 60, 38), 64: AllReduce(130, 80, 36)},
}  # fmt: skip

NVLINKED = frozenset({"nvlink2", "nvlink3", "nvlink4", "nvlink5", "xgmi"})


@dataclass(frozen=True, slots=True)
class Topology:
    """Links between the GPUs of one node: `links[i][j]` as nvidia-smi names them, X on the diagonal.

    Without a matrix the fabric of the GPU's board is taken.
    """

    links: tuple[tuple[str, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.links)

    def fabric(self, gpu: Gpu, group: int) -> str:
        """The worst link inside the best group of this size, as a row of the all-reduce table."""
        if group > NODE:
            return "network"
        if not self.links:
            return gpu.fabric
        worst = min(self._groups(group), key=lambda found: found[0])[1]
        if worst.startswith("NV"):
            return gpu.fabric if gpu.fabric in NVLINKED else "nvlink3"
        return "pcie-far" if worst in {"SYS", "NODE"} else "pcie"

    def _groups(self, size: int) -> list[tuple[int, str]]:
        """Worst link of each aligned group of this size: (badness, name)."""
        if size > len(self.links):
            raise BadRequest(
                f"a group of {size} GPUs, and the matrix has {len(self.links)}",
                hint="give the matrix of the machine that serves",
            )
        found = []
        for first in range(0, len(self.links) - size + 1, size):
            members = range(first, first + size)
            links = [self.links[i][j] for i in members for j in members if i != j] or ["NV"]
            found.append(max((_badness(link), link) for link in links))
        return found

    def pairs_only(self) -> bool:
        """NVLink bridges between pairs, PCIe between the pairs."""
        if len(self.links) <= 2:
            return False
        nv = [sum(link.startswith("NV") for link in row) for row in self.links]
        return max(nv) == 1 and min(nv) == 1

    def says(self) -> str:
        """One sentence about it."""
        if not self.links:
            return "no topology was given: the board's own fabric is assumed"
        if len(self.links) == 1:
            return "one GPU"
        if self.pairs_only():
            return f"{len(self.links)} GPUs in NVLink pairs, PCIe between the pairs"
        worst = max(found for found in self._groups(len(self.links)))[1]
        if worst.startswith("NV"):
            return f"{len(self.links)} GPUs, all joined by NVLink ({worst})"
        return f"{len(self.links)} GPUs, the worst link between them is {worst}"


def all_reduce(fabric: str, group: int) -> AllReduce:
    """The cost of an all-reduce in a group: the row of the next measured size."""
    rows = ALL_REDUCE["network" if group > NODE else fabric]
    return rows[min((size for size in rows if size >= group), default=max(rows))]


def parse_topo(text: str) -> Topology:
    """The matrix of `nvidia-smi topo -m`; columns of NICs, affinities and the legend are left aside.

    >>> parse_topo("\\tGPU0\\tGPU1\\tCPU Affinity\\nGPU0\\t X \\tNV18\\t0-47\\nGPU1\\tNV18\\t X \\t0-47").says()
    '2 GPUs, all joined by NVLink (NV18)'
    """
    rows: dict[int, list[str]] = {}
    columns: list[int] = []
    for line in re.sub(r"\x1b\[[0-9;]*m", "", text[:MOST_BYTES]).splitlines():
        cells = line.split()
        if not columns and cells and re.fullmatch(r"GPU\d+", cells[0]):
            columns = [i for i, cell in enumerate(cells) if re.fullmatch(r"GPU\d+", cell)]
            continue
        named = re.fullmatch(r"GPU(\d+)", cells[0]) if cells else None
        if columns and named:
            rows[int(named[1])] = cells[1 : 1 + len(columns)]
    _refuse_torn(rows, len(columns))
    return Topology(tuple(tuple(rows[i]) for i in sorted(rows)))


def read_topology(path: Path | None) -> Topology:
    """The topology in a file that holds the output of `nvidia-smi topo -m`."""
    if path is None:
        return Topology()
    with path.open(encoding="utf-8", errors="replace") as file:
        return parse_topo(file.read(MOST_BYTES))


def _refuse_torn(rows: dict[int, list[str]], width: int) -> None:
    link = re.compile(r"X|NV\d+|SYS|NODE|PHB|PXB|PIX")
    whole = 0 < len(rows) == width <= 64 and sorted(rows) == list(range(width))
    if not whole or not all(_row_holds(row, i, width, link) for i, row in rows.items()):
        raise BadRequest(
            "this is not the matrix of nvidia-smi topo -m",
            hint="run: nvidia-smi topo -m > topo.txt, and give that file",
        )


def _row_holds(row: Sequence[str], index: int, width: int, link: re.Pattern[str]) -> bool:
    return len(row) == width and row[index] == "X" and all(link.fullmatch(cell) for cell in row)


def _badness(link: str) -> int:
    """How slow a link is: NVLink 0, then PIX, PXB, PHB, NODE, SYS."""
    return 0 if link.startswith("NV") else len(_WORST_FIRST) - _WORST_FIRST.index(link)
