"""Run inside vLLM's own environment: JSON {name: config} in, {name: parameters} out, as transformers builds the model.

Built on the meta device: shapes without memory. Tied weights count once.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

SAME_AS = {"kimi_k2": "deepseek_v3"}
"""Families whose files name a model_type that only their own remote code knows, built as this one."""


def parameters(config: dict[str, Any]) -> int:
    own = {
        k: v
        for k, v in config.items()
        if k not in {"architectures", "model_type", "quantization_config"}
    }
    kind = config["model_type"]
    made = AutoConfig.for_model(SAME_AS.get(kind, kind), **own)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(made)
    model.tie_weights()
    return sum(weight.numel() for weight in model.parameters())


def main() -> None:
    out = sys.stdout
    sys.stdout = sys.stderr
    asked = json.load(sys.stdin)
    out.write(json.dumps({name: parameters(config) for name, config in asked.items()}))


if __name__ == "__main__":
    main()
