"""GPUs by the figures of their datasheets, and inventories as people write them: `8xH100-80`, `2xA100-80 + 1xL40S`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from ontology.errors import BadRequest, NotFound
from services.llm.sizing.quant import Arithmetic

MOST_GPUS = 4096


@dataclass(frozen=True, slots=True)
class Gpu:
    """One kind of GPU. Memory as PyTorch sees it (GiB), bandwidth in TB/s, dense TFLOP/s (no sparsity).

    `fp8` and `fp4` are 0 where the silicon lacks them: such weights are then unpacked to 16 bit in the kernel.
    `fabric`: how its neighbours are reached where nothing else is said.
    """

    id: str
    gib: float
    tb_s: float
    bf16: float
    int8: float
    fp8: float = 0.0
    fp4: float = 0.0
    fabric: str = "pcie"
    maker: str = "nvidia"

    @property
    def bytes(self) -> float:
        return self.gib * 2**30

    @property
    def bytes_s(self) -> float:
        return self.tb_s * 1e12

    def flops(self, arithmetic: Arithmetic) -> float:
        """Peak FLOP/s in this arithmetic; what it lacks is done in 16 bit."""
        peak = {"bf16": self.bf16, "int8": self.int8, "fp8": self.fp8, "fp4": self.fp4}[arithmetic]
        return (peak or self.bf16) * 1e12

    @property
    def stacked_memory(self) -> bool:
        """HBM, whose bandwidth kernels reach less of than that of GDDR."""
        return self.fabric in {"nvlink3", "nvlink4", "nvlink5", "xgmi", "nvlink2"} or self.id in {
            "h100-pcie-80", "a100-pcie-80", "a100-pcie-40", "h100-nvl-94",
        }  # fmt: skip


GPUS: dict[str, Gpu] = {
    gpu.id: gpu
    for gpu in (
        # NVIDIA datasheets "H100", "H200", "A100", "L40S", "L4", "A10", "V100", "Blackwell" (dense = sparse / 2);
        # visible memory: what torch.cuda reports on such cards, 0.8 to 1.3 GiB under the board's.
        Gpu("h100-80", 79.11, 3.35, 989.4, 1978.9, 1978.9, fabric="nvlink4"),
        Gpu("h100-pcie-80", 79.11, 2.04, 756, 1513, 1513),
        Gpu("h100-nvl-94", 93.1, 3.94, 835, 1671, 1671),
        Gpu("h200-141", 139.8, 4.8, 989.4, 1978.9, 1978.9, fabric="nvlink4"),
        Gpu("h20-96", 95.1, 4.0, 148, 296, 296, fabric="nvlink4"),
        Gpu("gh200-96", 94.5, 4.0, 989.4, 1978.9, 1978.9, fabric="nvlink4"),
        Gpu("a100-80", 79.15, 2.039, 312, 624, fabric="nvlink3"),
        Gpu("a100-40", 39.39, 1.555, 312, 624, fabric="nvlink3"),
        Gpu("a100-pcie-80", 79.15, 1.935, 312, 624),
        Gpu("a100-pcie-40", 39.39, 1.555, 312, 624),
        Gpu("v100-32", 31.73, 0.9, 125, 62, fabric="nvlink2"),
        Gpu("b200-180", 178.3, 8.0, 2250, 4500, 4500, 9000, fabric="nvlink5"),
        Gpu("gb200-186", 184.0, 8.0, 2500, 5000, 5000, 10_000, fabric="nvlink5"),
        Gpu("gh200-144", 139.8, 4.9, 989.4, 1978.9, 1978.9, fabric="nvlink4"),
        Gpu("gb300-288", 267.0, 8.0, 2500, 165, 5000, 15_000, fabric="nvlink5"),
        Gpu("b300-288", 267.0, 8.0, 2250, 150, 4500, 13_500, fabric="nvlink5"),
        Gpu("l40s-48", 44.39, 0.864, 362, 733, 733),
        Gpu("l40-48", 44.39, 0.864, 181, 362, 362),
        Gpu("l20-48", 44.5, 0.864, 119.5, 239, 239),
        Gpu("l4-24", 22.03, 0.3, 121, 242, 242),
        Gpu("a10-24", 22.06, 0.6, 125, 250),
        Gpu("a10g-24", 22.06, 0.6, 70, 140),
        # NVIDIA RTX architecture whitepapers (Ampere GA102, Ada, Blackwell); 16 bit with 32-bit accumulation
        Gpu("a6000-48", 47.5, 0.768, 154.8, 309.7),
        Gpu("rtx6000-ada-48", 47.4, 0.96, 364.2, 728.5, 728.5),
        Gpu("rtx-pro-6000-96", 94.97, 1.792, 503.8, 1007.6, 1007.6, 2015.2),
        Gpu("rtx-3090-24", 23.6, 0.936, 71, 284),
        Gpu("rtx-4090-24", 23.5, 1.008, 165.2, 660.6, 330.3),
        Gpu("rtx-5090-32", 31.36, 1.792, 209.5, 838, 419, 1676),
        # AMD Instinct datasheets MI250X (both dies), MI300X, MI325X, MI355X
        Gpu("mi300x-192", 191.98, 5.3, 1307.4, 2614.9, 2614.9, fabric="xgmi", maker="amd"),
        Gpu("mi325x-256", 255.98, 6.0, 1307.4, 2614.9, 2614.9, fabric="xgmi", maker="amd"),
        Gpu("mi355x-288", 287.9, 8.0, 2516.6, 5033.2, 5033.2, 10_066, fabric="xgmi", maker="amd"),
    )
}  # fmt: skip

_NOISE = frozenset(
    {"nvidia", "amd", "tesla", "geforce", "instinct", "oam", "tensor", "core", "gpu", "generation", "blackwell",
     "server", "workstation", "edition", "ac"}
)  # fmt: skip
_WORD = re.compile(r"[a-z]+\d*[a-z]*|\d+")
_GROUP = re.compile(r"(?:(\d{1,4})\s*[x*]\s*)?(.+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is in the box: (GPU, how many), in the order given."""

    groups: tuple[tuple[Gpu, int], ...]

    @property
    def count(self) -> int:
        return sum(count for _, count in self.groups)

    @property
    def mixed(self) -> bool:
        return len({gpu.id for gpu, _ in self.groups}) > 1

    def __str__(self) -> str:
        return " + ".join(f"{count} x {gpu.id}" for gpu, count in self.groups)


def gpu_named(text: str) -> Gpu:
    """A GPU by a name in any usual spelling: `H100-80`, `h100_sxm`, `NVIDIA A100-SXM4-80GB`, `4090`.

    >>> gpu_named("NVIDIA H200 SXM").id
    'h200-141'
    """
    name, gb = _words(text[:200])
    for gpu in GPUS.values():
        own, _ = _words(gpu.id)
        # another rounding of the same board's memory is the same board: b200-192, h200-144
        if name == own and (gb is None or abs(gb - gpu.gib) <= 0.1 * gpu.gib):
            return gpu
    close = get_close_matches(text.lower(), GPUS, n=4, cutoff=0.3) or list(GPUS)[:6]
    raise NotFound(
        f"no GPU is called {text.strip()[:60]!r} in the table", hint=f"such as {', '.join(close)}"
    )


def inventory(text: str) -> Inventory:
    """An inventory as written: groups joined by `+` or `,`, each `<count>x<GPU>`.

    >>> str(inventory("8xH100-80"))
    '8 x h100-80'
    """
    groups = []
    for part in re.split(r"[+,]", text):
        found = _GROUP.fullmatch(part.strip())
        count = int(found[1] or 1) if found else 0
        if found is None or count < 1:
            raise BadRequest(
                f"{text[:80]!r} is not an inventory of GPUs",
                hint="such as 8xH100-80 or 2xA100-80 + 1xL40S",
            )
        groups.append((gpu_named(found[2]), count))
    made = Inventory(tuple(groups))
    if made.count > MOST_GPUS:
        raise BadRequest(f"{made.count:,} GPUs are more than the {MOST_GPUS:,} planned for here")
    return made


def _words(text: str) -> tuple[tuple[str, ...], int | None]:
    """The words of a GPU's name without makers, sockets and kinds of memory; and its memory in GB where it is said."""
    words = re.findall(_WORD, re.sub(r"(\d)gb\b", r"\1", text.lower().replace("_", " ")))
    words = [w for w in words if w not in _NOISE and not re.match(r"sxm|hbm|gddr|rtx$", w)]
    words = ["mi300x" if w == "mi300" else w.removeprefix("rtx") for w in words]
    gb = None
    # mostly at the end, but `NVIDIA A100 80GB PCIe`
    at = next((i for i in range(len(words) - 1, 0, -1) if re.fullmatch(r"\d{2,3}", words[i])), None)
    if at is not None:
        gb = int(words.pop(at))
    return tuple(words), gb
