"""Whether a training fits where it is to run: sizing's arithmetic against the GPUs at hand, or this machine's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ontology.errors import BadRequest, NotFound, Refused
from services.llm.domain.recipe import How, Recipe
from services.llm.sizing.fit import both
from services.llm.sizing.gpus import Inventory, inventory
from services.llm.sizing.models import model_or_folder
from services.llm.sizing.training import Method, Training, TrainingFit, training_fit
from services.llm.smi import SeenGpu, gpus_here

CPU_BYTES: Final = 2.0
"""On a CPU weights, gradients and activations are kept in 32 bit: twice what the arithmetic for GPUs says."""


@dataclass(frozen=True)
class Place:
    """Where it runs: equal GPUs, or the processor (None)."""

    gpus: Inventory | None

    @property
    def count(self) -> int:
        return self.gpus.count if self.gpus else 1

    def __str__(self) -> str:
        return str(self.gpus) if self.gpus else "the processor"


def place_of(asked: str) -> Place:
    """The GPUs that were named; else those that nvidia-smi sees; else the processor. Raises BadRequest for mixed ones."""
    found = inventory(asked) if asked else inventory_of(gpus_here())
    if found is not None and found.mixed:
        raise BadRequest(f"{found}: training shards equally over equal GPUs", hint="name one kind with --gpus")  # fmt: skip
    return Place(found)


def inventory_of(gpus: Sequence[SeenGpu]) -> Inventory | None:
    """None of none. Raises NotFound for a GPU that the table does not have."""
    sizes = [f" {one.total_mib / 1024:.0f}GB" if one.total_mib else "" for one in gpus]
    names = [
        one.name + ("" if "GB" in one.name else size) for one, size in zip(gpus, sizes, strict=True)
    ]
    kinds = dict.fromkeys(names)
    return inventory("+".join(f"{names.count(kind)}x{kind}" for kind in kinds)) if kinds else None


def fit_of(recipe: Recipe, place: Place) -> TrainingFit | None:
    """What a step keeps per GPU; None for a model from nothing, which is small by construction.

    Raises Refused with the numbers where it does not fit.
    """
    if recipe.method is How.SCRATCH:
        return None
    shape = model_or_folder(recipe.base)
    plan = Training(
        Method(recipe.method.value), place.count, tokens=recipe.batch * recipe.max_length, rank=recipe.rank,
        checkpointing=place.gpus is not None,
    )  # fmt: skip
    gpu = place.gpus.groups[0][0] if place.gpus else inventory("1xH100-80").groups[0][0]
    found = training_fit(shape, gpu, plan)
    if place.gpus is None:
        needed, free = found.total * CPU_BYTES, free_memory()
        if needed > free:
            raise Refused(
                f"{recipe.method} training of {shape.name} keeps {both(needed)}, and {both(free)} of memory are free",
                hint="a shorter --max-length, a smaller --batch, or a machine with GPUs",
            )
    elif found.refused:
        raise Refused(
            f"{recipe.method} training of {shape.name} on {place}: {found.refused}", hint=_smaller(recipe)
        )  # fmt: skip
    return found


def free_memory() -> float:
    """Bytes that processes can have, of this machine and of the control group it may be in. Raises NotFound."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(
            int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")
        )
    except (OSError, StopIteration, ValueError) as cause:
        raise NotFound("this system does not say how much memory is free", hint="train on Linux") from cause  # fmt: skip
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        return float(min(free, int(limit) - used)) if limit.isdigit() else float(free)
    except (OSError, ValueError):
        return float(free)


def _smaller(recipe: Recipe) -> str:
    if recipe.method is How.FULL:
        return "--method lora keeps the base as it is and needs a fraction; qlora less again"
    if recipe.method is How.LORA:
        return "--method qlora keeps the base in 4 bit; or a shorter --max-length"
    return "a smaller --batch or a shorter --max-length"
