"""A LoRA adapter of one layer on disk, in peft's layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file


def adapter_at(folder: Path, *, rank: int = 8, **config: Any) -> Path:
    """`config`: what differs from a plain one of this rank, trained on /models/model."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"peft_type": "LORA", "r": rank, "target_modules": ["q_proj"], "base_model_name_or_path": "/models/model"}  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(plain | config))
    name = "base_model.model.model.layers.0.self_attn.q_proj"
    save_file(
        {f"{name}.lora_A.weight": np.ones((rank, 16), np.float32), f"{name}.lora_B.weight": np.zeros((16, rank), np.float32)},
        folder / "adapter_model.safetensors",
    )  # fmt: skip
    return folder
