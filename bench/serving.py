"""The planner beside known facts and published measurements: sizes, cache, single-stream speed, scaling, training."""

from __future__ import annotations

import argparse
import importlib
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench.report import finish
from services.llm.sizing.calibration import Use, errors, median_errors
from services.llm.sizing.efficiency import Engine
from services.llm.sizing.fit import Layout, Setup, default_runtime, fit, weights_per_gpu
from services.llm.sizing.gpus import gpu_named
from services.llm.sizing.models import model
from services.llm.sizing.quant import QUANTS
from services.llm.sizing.scaling import explained, utilisation
from services.llm.sizing.speed import Engineered, Workload, predict
from services.llm.sizing.training import Method, Training, training_fit

SHORT = Workload(100, 100, 1)
"""The measured single stream: a short question and answer."""
TIGHT = 0.97
"""70B in 16 bit on two 80 GB cards leaves no room at the usual 92 %: the measurement ran with more."""
TABLE_7B = {1: 50.0, 2: 28.0, 4: 18.0, 8: 14.0}
TABLE_70B = {2: 320.0, 4: 170.0, 8: 95.0}
"""Published milliseconds per token by GPUs; 7B reaches 100, 90, 70 and 45 % of linear."""


def off(found: float, fact: float) -> float:
    return abs(found / fact - 1)


def sizes() -> dict[str, float]:
    """Bytes of 70B and 72B models, and the cache on eight H100."""
    llama, qwen = model("llama-3.1-70b"), model("qwen2.5-72b")
    h100, bf16 = gpu_named("h100-80"), QUANTS["bf16"]
    whole = bf16.weight_bytes(llama)
    pipeline = Setup(llama, gpu_named("a100-80"), bf16, Layout(1, 2), default_runtime(h100))
    four = Setup(qwen, h100, bf16, Layout(4), default_runtime(h100))
    return {
        "weights_gb_off": off(whole / 1e9, 141.107),
        "weights_gib_off": off(whole / 2**30, 131.42),
        "weights_per_gpu_gb_off": off(weights_per_gpu(pipeline) / 1e9, 70.6),
        "kv_bytes_per_token": qwen.kv_bytes_per_token(),
        "kv_tokens_tp4_off": off(fit(four, 4096).kv_tokens, 477_000),
    }


def streams() -> dict[str, float]:
    """70B on two A100 over NVLink, one stream, in four ways: tok/s against what was measured."""
    ways = {
        "vllm_tp2_eager_off": (Layout(2), "bf16", Engine.VLLM, True, 19.6),
        "vllm_pp2_off": (Layout(1, 2), "bf16", Engine.VLLM, True, 10.8),
        "hf_pipeline_off": (Layout(1, 2), "bf16", Engine.HF, True, 9.3),
        "hf_4bit_off": (Layout(1), "nf4", Engine.HF, True, 8.5),
    }
    llama, a100 = model("llama-3.1-70b"), gpu_named("a100-80")
    found = {}
    for name, (layout, quant, engine, eager, fact) in ways.items():
        runtime = replace(default_runtime(a100, eager=eager), utilisation=TIGHT)
        setup = Setup(llama, a100, QUANTS[quant], layout, runtime)
        found[name] = off(1 / predict(Engineered(setup, engine), SHORT).tpot_s, fact)
    return found


def scaling() -> dict[str, float]:
    """The published tables as one part that splits and one that does not; 35 % busy alone, 92 % with 64."""
    tables = {"scaling_7b_off": TABLE_7B, "scaling_70b_off": TABLE_70B}
    found = {
        name: max(off(told, table[n]) for n, told in explained(table).items())
        for name, table in tables.items()
    }
    return {**found, "utilisation_off": off(utilisation(64, 0.35), 0.92)}


def training() -> dict[str, float]:
    """72B: AdamW's 16 bytes a weight, a 16-bit base in eight shards, a 4-bit base on one card."""
    qwen, h100 = model("qwen2.5-72b"), gpu_named("h100-80")
    full = training_fit(qwen, h100, Training(Method.FULL, 8))
    states = 8 * (full.weights + full.gradients + full.optimiser)
    lora = training_fit(qwen, h100, Training(Method.LORA, 8))
    qlora = training_fit(qwen, h100, Training(Method.QLORA, 1))
    return {
        "train_full_gb_off": off(states / 1e9, 1163) if full.refused else 1.0,
        "train_lora_gb_off": off(lora.weights / 1e9, 18.2),
        "train_qlora_gb_off": off(qlora.weights / 1e9, 41.0) if not qlora.refused else 1.0,
    }


def published() -> dict[str, float]:
    """Points that no constant was set on."""
    tpot, _ = errors(Use.HELD)
    middle = median_errors(Use.HELD)
    return {
        "held_out_points": len(tpot), "held_out_unanswered": sum(error == 1.0 for error in tpot),
        "held_out_tpot_median_off": middle[0], "held_out_ttft_median_off": middle[1],
    }  # fmt: skip


def real(quick: bool) -> dict[str, float]:
    """What each module of `bench/serving_parts` measures on real vLLM; one that fails leaves its checks unmeasured."""
    found: dict[str, float] = {}
    for path in sorted((Path(__file__).parent / "serving_parts").glob("[a-z]*.py")):
        part = importlib.import_module(f"bench.serving_parts.{path.stem}")
        try:
            found |= part.measure(quick)
        except Exception as cause:  # noqa: BLE001  (the outermost loop: what others measured is kept)
            told = f"{path.stem}: {type(cause).__name__}: {cause}"
            Console(stderr=True).print(told, markup=False)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds of what is real; the rest takes a second"
    )
    parser.add_argument("--real", action="store_true", help="real vLLM on this CPU instead: needs .venv-llm, takes minutes")  # fmt: skip
    asked = parser.parse_args()
    out = Console(stderr=True, quiet=asked.json)
    values = real(asked.quick) if asked.real else {**sizes(), **streams(), **scaling(), **training(), **published()}  # fmt: skip
    for name, value in values.items():
        out.print(f"{name:>28}  {value:12,.4f}")
    finish("serving_real" if asked.real else "serving", values)


if __name__ == "__main__":
    main()
