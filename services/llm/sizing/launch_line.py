"""The vLLM command of a plan: one line per replica, each an independent group with its own GPUs and port."""

from __future__ import annotations

import math
import shlex

from services.llm.sizing.fit import UTILISATION, Setup
from services.llm.sizing.models import repository
from services.llm.sizing.plan import Plan
from services.llm.sizing.speed import Workload
from services.llm.sizing.topology import NODE

FIRST_PORT = 8000
LENGTH_STEP = 1024
"""Context is rounded up to this: room for the chat template around what was counted."""


def serve_arguments(setup: Setup, load: Workload, *, where: str = "") -> list[str]:
    """Arguments of `vllm serve`; `where`: the folder or repository of the weights."""
    shape, layout, runtime = setup.shape, setup.layout, setup.runtime
    length = min(shape.context, math.ceil(load.context / LENGTH_STEP) * LENGTH_STEP)
    found = [
        where or repository(shape.name),
        "--tensor-parallel-size", str(layout.tp),
        "--pipeline-parallel-size", str(layout.pp),
        "--max-model-len", str(length),
        "--max-num-seqs", str(runtime.most_seqs),
        "--max-num-batched-tokens", str(runtime.batched_tokens),
    ]  # fmt: skip
    if runtime.utilisation != UTILISATION:
        found += ["--gpu-memory-utilization", f"{runtime.utilisation:g}"]
    if setup.quant.flag and setup.quant.name != shape.stored:
        found += ["--quantization", setup.quant.flag]
    if runtime.kv_bytes == 1.0:
        found += ["--kv-cache-dtype", "fp8"]
    if runtime.eager:
        found.append("--enforce-eager")
    if layout.tp * layout.pp > NODE:
        found += ["--distributed-executor-backend", "ray"]
    return found


def launch_lines(plan: Plan, load: Workload, *, where: str = "") -> list[str]:
    """One shell line per replica."""
    layout = plan.setup.layout
    each = layout.tp * layout.pp
    words = shlex.join(serve_arguments(plan.setup, load, where=where))
    return [
        f"CUDA_VISIBLE_DEVICES={_gpus(i, each)} vllm serve {words} --port {FIRST_PORT + i}"
        if each <= NODE
        else f"vllm serve {words} --port {FIRST_PORT + i}"
        for i in range(layout.dp)
    ]


def _gpus(replica: int, each: int) -> str:
    first = replica * each % NODE
    return ",".join(str(i) for i in range(first, first + each))
