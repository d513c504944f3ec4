"""A LoRA adapter's folder, looked through before a server is asked to load it: its base, its rank, its tensors."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ontology.errors import BadRequest, NotFound

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
MOST_CONFIG: Final = 1_000_000
MOST_HEADER: Final = 64_000_000
"""Bytes; an adapter of 80 layers has a header of about 200 kB."""
RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What `--max-lora-rank` of vLLM 0.32 can be; its default is 16."""


@dataclass(frozen=True)
class Adapter:
    """What a folder holds. `digest` is over the weights: two adapters of one digest answer alike."""

    folder: Path
    base: str
    rank: int
    targets: tuple[str, ...]
    tensors: int
    bytes: int
    digest: str


def read_adapter(folder: Path, *, base: str = "", most_rank: int = 16) -> Adapter:
    """The adapter in a folder, fit to be served beside `base`. Raises NotFound, or BadRequest that says what is wrong."""
    config = _config(folder / CONFIG)
    rank = config.get("r")
    if config.get("peft_type") != "LORA" or not isinstance(rank, int) or rank < 1:
        raise BadRequest(f"{folder} is no LoRA adapter", hint="vLLM loads LoRA only: train with --method lora or qlora")  # fmt: skip
    _servable(folder, config, rank, most_rank)
    own = str(config.get("base_model_name_or_path") or "")
    if base and own and not _same(own, base):
        raise BadRequest(f"{folder} was trained on {own}, and {base} is served", hint="an adapter fits its own base only")  # fmt: skip
    header = _header(folder / WEIGHTS)
    _fits(folder, header, rank)
    targets = config.get("target_modules") or ()
    named = (targets,) if isinstance(targets, str) else tuple(sorted(str(one) for one in targets))
    weights = folder / WEIGHTS
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Adapter(folder.absolute(), own, rank, named, len(header), weights.stat().st_size, digest)


def _config(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            read = json.loads(file.read(MOST_CONFIG))
    except OSError as cause:
        raise NotFound(f"{path}: {cause.strerror}", hint="name the folder `adapter` of a training run") from cause  # fmt: skip
    except (ValueError, RecursionError) as cause:
        raise BadRequest(f"{path} is not JSON", hint="copy the adapter anew") from cause
    if not isinstance(read, dict):
        raise BadRequest(f"{path} is no JSON object", hint="copy the adapter anew")
    return read


def _servable(folder: Path, config: Mapping[str, Any], rank: int, most_rank: int) -> None:
    """What vLLM would refuse, or load and then leave out."""
    if rank > most_rank:
        fitting = next((each for each in RANKS if each >= rank), rank)
        raise BadRequest(f"{folder} has rank {rank}, and the server takes {most_rank}", hint=f"serve with --max-lora-rank {fitting}")  # fmt: skip
    if config.get("use_dora"):
        raise BadRequest(f"{folder} uses DoRA, which vLLM does not serve", hint="train plain LoRA")
    if config.get("modules_to_save"):
        raise BadRequest(f"{folder} trained whole modules beside its adapters: {config['modules_to_save']}",
                         hint="vLLM serves adapters only; merge it into its base instead")  # fmt: skip
    if config.get("bias", "none") != "none":
        raise BadRequest(f"{folder} trained biases, which vLLM does not serve", hint='train with bias "none"')  # fmt: skip


def _same(one: str, other: str) -> bool:
    """Whether two names or folders mean one base: the same path, or the same last part of it."""
    return Path(one) == Path(other) or Path(one).name.lower() == Path(other).name.lower()


def _header(path: Path) -> dict[str, Any]:
    """Tensors of a safetensors file by name. Raises for one that is cut off."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else MOST_HEADER + 1
            if length > min(MOST_HEADER, size):
                raise BadRequest(f"{path} is no safetensors file", hint="copy the adapter anew")
            header = json.loads(file.read(length))
    except OSError as cause:
        raise NotFound(f"{path}: {cause.strerror}", hint="an adapter needs its weights as safetensors") from cause  # fmt: skip
    except (ValueError, RecursionError) as cause:
        raise BadRequest(f"{path} is no safetensors file", hint="copy the adapter anew") from cause
    try:
        tensors = {name: one for name, one in header.items() if name != "__metadata__"}
        end = 8 + length + max(one["data_offsets"][1] for one in tensors.values())
    except (AttributeError, LookupError, TypeError, ValueError) as cause:
        raise BadRequest(f"{path} lists no tensors", hint="copy the adapter anew") from cause
    if end != size:
        raise BadRequest(f"{path} has {size:,} bytes and should have {end:,}", hint="it was cut off: copy it anew")  # fmt: skip
    return tensors


def _fits(folder: Path, tensors: Mapping[str, Any], rank: int) -> None:
    """Pairs of matrices of the rank that the configuration says, and nothing else."""
    halves: dict[str, set[str]] = {}
    for name, one in tensors.items():
        module, half, _ = _split(name)
        shape = one.get("shape") if isinstance(one, dict) else None
        if not half or not isinstance(shape, list) or len(shape) != 2 or math.prod(shape) < 1:
            raise BadRequest(f"{folder} holds {name}, which is no part of a LoRA", hint="train plain LoRA")  # fmt: skip
        if shape[0 if half == "lora_A" else 1] != rank:
            raise BadRequest(f"{folder}: {name} is {shape}, and the rank is {rank}", hint="copy the adapter anew")  # fmt: skip
        halves.setdefault(module, set()).add(half)
    single = [module for module, found in halves.items() if len(found) < 2]
    if single:
        raise BadRequest(f"{folder}: {single[0]} has one half of its adapter", hint="copy it anew")


def _split(name: str) -> tuple[str, str, str]:
    for half in ("lora_A", "lora_B"):
        module, found, rest = name.partition(f".{half}.")
        if found:
            return module, half, rest
    return name, "", ""
