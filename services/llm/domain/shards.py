"""Training over many GPUs: accelerate's configuration for fully sharded data parallelism, and the command that starts it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from services.llm.domain.recipe import RECIPE, How, Recipe

CONFIG: Final = "accelerate.yaml"
CODE: Final = "code"
LAUNCH: Final = "launch.sh"
MODULES: Final = {How.SCRATCH: "services.llm.domain.run_scratch"}
TRAINER: Final = "services.llm.domain.run_sft"


def accelerate_config(gpus: int, method: How) -> dict[str, Any]:
    """FSDP 2 (accelerate >= 1.7) over the GPUs of one machine; none of it for one GPU.

    QLoRA keeps its 4-bit weights in bf16 words (`bnb_4bit_quant_storage`), so that they shard like any others. Ranks
    other than the first take their shards from it: a 72B base is read into memory once and not eight times.
    """
    config: dict[str, Any] = {
        "compute_environment": "LOCAL_MACHINE", "debug": False, "distributed_type": "FSDP" if gpus > 1 else "NO",
        "downcast_bf16": "no", "machine_rank": 0, "main_training_function": "main", "mixed_precision": "bf16",
        "num_machines": 1, "num_processes": gpus, "rdzv_backend": "static", "same_network": True, "use_cpu": False,
    }  # fmt: skip
    if gpus > 1:
        config["fsdp_config"] = {
            "fsdp_version": 2, "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "fsdp_reshard_after_forward": True,
            "fsdp_cpu_ram_efficient_loading": True, "fsdp_offload_params": False,
            # the trainer checkpoints activations itself; twice would recompute twice
            "fsdp_activation_checkpointing": False,
            # whole tensors at the end: what vLLM loads; adapters are small, a full 72B needs its size in memory once
            "fsdp_state_dict_type": "FULL_STATE_DICT" if method is How.FULL else "SHARDED_STATE_DICT",
        }  # fmt: skip
    return config


def command(python: Path | str, folder: Path, recipe: Recipe, gpus: int) -> list[str]:
    """The training process of a run: plain on one device, through accelerate on more."""
    module = MODULES.get(recipe.method, TRAINER)
    tail = ["-m", module, str(folder / RECIPE)]
    if gpus <= 1 or recipe.method is How.SCRATCH:
        return [str(python), *tail]
    return [str(python), "-m", "accelerate.commands.launch", "--config_file", str(folder / CONFIG), *tail]  # fmt: skip


def launch_script(words: Sequence[str], folder: Path) -> str:
    """A shell script that starts the run by itself, on the machine that the folder was copied to."""
    code = shlex.quote(str(folder / CODE))
    return (
        '#!/bin/sh\n# Trains as recipe.json beside it says; start it again after a stop with "resume": true there.\nset -eu\n'
        f"export PYTHONPATH={code}\nexport HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false\nexec {shlex.join(words)}\n"
    )  # fmt: skip
