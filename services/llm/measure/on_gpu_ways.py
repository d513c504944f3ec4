"""Run inside the engine's environment: one of transformers' two ways to answer. JSON in on stdin, JSON out on the last line.

In: {"model": folder, "way": "pipeline" | "4bit", "prompts": [...], "osl": n, "cpu": bool}. Out: {"start_s", "memory_bytes",
"answers": [{"first_s", "last_s", "tokens"}]}; times are seconds since each prompt was given. It imports nothing of Plantroom.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from typing import Any


class Clock:
    """A streamer for `generate`: notes when tokens come. The first thing it is given is the prompt."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.at: list[float] = []
        self._prompt = True

    def put(self, _: Any) -> None:
        if self._prompt:
            self._prompt = False
            return
        self.at.append(time.perf_counter() - self.began)

    def end(self) -> None:
        """Nothing is kept back."""


def loaded(asked: dict[str, Any]) -> tuple[Any, Any]:
    """The tokenizer and the model: its layers dealt out over all GPUs in 16 bit, or on one in NF4."""
    torch, hf = importlib.import_module("torch"), importlib.import_module("transformers")
    how: dict[str, Any] = {"dtype": torch.bfloat16}
    if asked["way"] == "4bit":
        how["quantization_config"] = hf.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
        how["device_map"] = {"": "cpu" if asked["cpu"] else 0}
    else:
        how["device_map"] = {"": "cpu"} if asked["cpu"] else "balanced"
    model = hf.AutoModelForCausalLM.from_pretrained(asked["model"], **how).eval()
    return hf.AutoTokenizer.from_pretrained(asked["model"]), model


def answered(tokenizer: Any, model: Any, text: str, osl: int) -> dict[str, float]:
    """One greedy answer of `osl` tokens: when its first and last came."""
    given = tokenizer(text, return_tensors="pt").to(model.device)
    clock = Clock()
    model.generate(
        **given,
        max_new_tokens=osl,
        min_new_tokens=osl,
        do_sample=False,
        streamer=clock,
        pad_token_id=0,
    )
    return {"first_s": clock.at[0], "last_s": clock.at[-1], "tokens": len(clock.at)}


def memory_bytes(*, cpu: bool) -> int:
    """Peak over all GPUs as PyTorch allocated it; on a CPU the process's own peak."""
    if cpu:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    cuda = importlib.import_module("torch").cuda
    return sum(cuda.max_memory_allocated(i) for i in range(cuda.device_count()))


def main() -> None:
    """Load, warm up, answer each prompt, tell."""
    asked = json.load(sys.stdin)
    began = time.perf_counter()
    tokenizer, model = loaded(asked)
    start_s = time.perf_counter() - began
    with importlib.import_module("torch").inference_mode():
        answered(
            tokenizer, model, asked["prompts"][0], 4
        )  # kernels are chosen and compiled by the first
        answers = [answered(tokenizer, model, text, asked["osl"]) for text in asked["prompts"]]
    found = {"start_s": start_s, "memory_bytes": memory_bytes(cpu=asked["cpu"]), "answers": answers}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
