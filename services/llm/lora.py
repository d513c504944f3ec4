"""A LoRA adapter's folder, looked through before a server is asked to load it: its base, its ranks, its tensors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ontology.errors import BadRequest
from services.llm.files import json_object, tensors

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks vLLM 0.32 makes room for (`MaxLoRARanks` in vllm/config/lora.py)."""
HOT_RANK: Final = 16
"""Room for adapters that come later, where nothing else is said: vLLM's own default."""
_WHERE: Final = "name peft's folder (`adapter` of a training run); where it lies on another machine, set served.most_rank"  # fmt: skip


@dataclass(frozen=True)
class Adapter:
    """What a folder holds. `rank`: its largest."""

    folder: Path
    base: str
    rank: int
    targets: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the weights: two adapters of one digest answer alike."""
        with (self.folder / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def read_adapter(folder: Path, *, base: str = "", most_rank: int = HOT_RANK) -> Adapter:
    """The adapter in a folder, fit to be served beside `base`. Raises NotFound, or BadRequest that says what is wrong."""
    config = json_object(folder / CONFIG, hint=_WHERE)
    if config.get("peft_type") != "LORA":
        raise BadRequest(f"{folder} is no LoRA adapter", hint="vLLM loads LoRA only: train with --method lora or qlora")  # fmt: skip
    ranks = _ranks(folder, config)
    if max(ranks) > most_rank:
        raise BadRequest(f"{folder} has rank {max(ranks)}, and the server takes {most_rank}",
                         hint=f"serve with served.most_rank = {max(ranks)} (--max-lora-rank {room(max(ranks))})")  # fmt: skip
    _servable(folder, config)
    own = str(config.get("base_model_name_or_path") or "")
    if base and own and not same_base(own, base):
        raise BadRequest(f"{folder} was trained on {own}, and {base} is served", hint="an adapter fits its own base only")  # fmt: skip
    _paired(folder, tensors(folder / WEIGHTS), ranks)
    targets = config.get("target_modules") or ()
    named = (targets,) if isinstance(targets, str) else tuple(sorted(str(one) for one in targets))
    return Adapter(folder.absolute(), own, max(ranks), named)


def rank_of(folder: Path) -> int:
    """The largest rank of an adapter, from its own adapter_config.json alone. Raises NotFound or BadRequest."""
    return max(_ranks(folder, json_object(folder / CONFIG, hint=_WHERE)))


def room(rank: int) -> int:
    """What `--max-lora-rank` must be for it: one of RANKS. Raises BadRequest."""
    found = next((each for each in RANKS if each >= rank), None)
    if found is None:
        raise BadRequest(f"an adapter of rank {rank}, and vLLM serves up to {RANKS[-1]}", hint="train with a smaller rank")  # fmt: skip
    return found


def same_base(one: str, other: str) -> bool:
    """Whether two names or folders mean one base: the same path, or the same last part of it."""
    return Path(one) == Path(other) or Path(one).name.lower() == Path(other).name.lower()


def _ranks(folder: Path, config: Mapping[str, Any]) -> frozenset[int]:
    """`r`, and those of modules that have their own."""
    own = config.get("rank_pattern") or {}
    ranks = [config.get("r"), *(own.values() if isinstance(own, dict) else [own])]
    whole = [rank for rank in ranks if type(rank) is int and rank > 0]
    if len(whole) < len(ranks):
        raise BadRequest(f"{folder / CONFIG} tells no rank: {ranks}", hint=_WHERE)
    return frozenset(whole)


def _servable(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse what vLLM would refuse, or load and then leave out."""
    if config.get("use_dora"):
        raise BadRequest(f"{folder} uses DoRA, which vLLM does not serve", hint="train plain LoRA")
    if config.get("modules_to_save"):
        raise BadRequest(f"{folder} trained whole modules beside its adapters: {config['modules_to_save']}",
                         hint="vLLM serves adapters only; merge it into its base instead")  # fmt: skip
    if config.get("bias", "none") != "none":
        raise BadRequest(f"{folder} trained biases, which vLLM does not serve", hint='train with bias "none"')  # fmt: skip


def _paired(folder: Path, listed: Mapping[str, Mapping[str, Any]], ranks: Iterable[int]) -> None:
    """Pairs of matrices of the ranks that the configuration says, and nothing else."""
    halves: dict[str, set[str]] = {}
    for name, one in listed.items():
        module, half = _split(name)
        shape = one.get("shape")
        if not half or not isinstance(shape, list) or len(shape) != 2 or math.prod(shape) < 1:
            raise BadRequest(f"{folder} holds {name}, which is no part of a LoRA", hint="train plain LoRA")  # fmt: skip
        if shape[0 if half == "lora_A" else 1] not in ranks:
            raise BadRequest(f"{folder}: {name} is {shape}, and the rank is {' or '.join(map(str, ranks))}", hint="copy the adapter anew")  # fmt: skip
        halves.setdefault(module, set()).add(half)
    single = [module for module, found in halves.items() if len(found) < 2]
    if single or not halves:
        what = f"{single[0]} has one half of its adapter" if single else "it lists no tensors"
        raise BadRequest(f"{folder}: {what}", hint="copy the adapter anew")


def _split(name: str) -> tuple[str, str]:
    """The module of a tensor and which half of its adapter it is; "" where it is none."""
    for half in ("lora_A", "lora_B"):
        module, found, _ = name.partition(f".{half}.")
        if found:
            return module, half
    return name, ""
