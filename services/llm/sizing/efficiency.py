"""How much of a GPU's peak each (engine, kernel) reaches, and what an engine costs beside its kernels. Every row says whence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ontology.errors import Refused
from services.llm.sizing.gpus import Gpu
from services.llm.sizing.quant import Quant
from services.llm.sizing.shape import Layer


class Engine(StrEnum):
    """Who serves."""

    VLLM = "vllm"
    SGLANG = "sglang"
    TRTLLM = "trtllm"
    HF = "hf"
    LLAMA_CPP = "llama.cpp"


@dataclass(frozen=True, slots=True)
class Kernel:
    """Shares of peak: of bandwidth while reading weights, of FLOP/s while multiplying many tokens."""

    memory: float
    compute: float


@dataclass(frozen=True, slots=True)
class Overhead:
    """Seconds beside the kernels' work: per step, per running conversation in a step, per request."""

    step_s: float
    sequence_s: float
    request_s: float
    token_s: float = 2e-6
    """Per prompt token: received, tokenised, sent to the worker."""


KERNELS: dict[str, dict[str, Kernel]] = {
    # bf16 0.78: 70B on two A100, pipeline, 10.8 tok/s (92.6 ms for 139 GB at 2.039 TB/s less 3.4 ms of overheads).
    # The others by their ratio to it in vLLM's bench_fp8_gemm on H100 (vllm PR 17126: 2.51 to 2.17 TB/s at batch 1),
    # compute from its batch 256 row and Qwen2.5-72B prefill on two H100 (tt-inference-server issue 143: 1,064 ms for 8,192).
    "vllm": {
        "bf16": Kernel(0.78, 0.68), "fp8": Kernel(0.68, 0.55), "fp8-block": Kernel(0.62, 0.50),
        "int8": Kernel(0.68, 0.50), "w4": Kernel(0.55, 0.55), "nf4": Kernel(0.30, 0.30),
        "mxfp4": Kernel(0.70, 0.45), "nvfp4": Kernel(0.55, 0.40),
    },
    # NVIDIA NIM 1.8 performance page: Llama-3.1-8B fp8 4.63 ms, Llama-3.3-70B fp8 TP2 18.58 ms, 407 ms for 5,000 tokens
    "trtllm": {
        "bf16": Kernel(0.80, 0.70), "fp8": Kernel(0.66, 0.56), "fp8-block": Kernel(0.62, 0.55),
        "int8": Kernel(0.66, 0.50), "w4": Kernel(0.60, 0.55), "mxfp4": Kernel(0.70, 0.50), "nvfp4": Kernel(0.60, 0.45),
    },
    # the pipeline of transformers, 70B on two A100: 9.3 tok/s is 64 % of its roofline; bitsandbytes 8.5, 15 %
    "hf": {"bf16": Kernel(0.644, 0.50), "nf4": Kernel(0.152, 0.20)},
    # llama.cpp discussion 4167 and 15013: 60 to 75 % of bandwidth on data-centre cards
    "llama.cpp": {"bf16": Kernel(0.70, 0.35), "int8": Kernel(0.68, 0.35), "w4": Kernel(0.60, 0.35)},
}  # fmt: skip
KERNELS["sglang"] = KERNELS["vllm"]

OVERHEADS: dict[str, Overhead] = {
    # vLLM V1's engine loop: what remains of Qwen3-1.7B (4.6 ms) and Qwen3-4B (10.3 ms) after weights and layers
    # (tt-inference-server issues 340 and 394); per request from their first tokens of 128-token prompts (11 ms).
    "vllm": Overhead(0.8e-3, 4e-6, 6e-3),
    "sglang": Overhead(0.6e-3, 3e-6, 6e-3),
    "trtllm": Overhead(0.4e-3, 2e-6, 4e-3),
    "hf": Overhead(1.0e-3, 5e-6, 5e-3),
    "llama.cpp": Overhead(0.3e-3, 10e-6, 4e-3),
}

LAYER_S = 20e-6
"""Small kernels of a layer in a CUDA graph on Hopper: norms, rotary, cache write, attention's fixed part."""
EXPERTS_S = 45e-6
"""Router, sort, gather and scatter of a MoE layer on Hopper (gpt-oss-120b TP8 at 3.72 ms, InferenceX issue 828)."""
LATENT_S = 60e-6
"""Further small kernels of MLA (DeepSeek-R1 FP8 on 8 x H200, 10.8 ms with experts spread, TensorRT-LLM issue 5929)."""
RECURRENCE_S = 40e-6
"""Further small kernels of a recurrent layer; no figure was found, taken as those of a MoE layer."""
OLDER = 1.6
"""The same before Hopper, from Qwen3-30B-A3B on A100 (9.6 ms, tt-inference-server issue 340)."""
EAGER_LAYER_S = 0.4e-3
"""Without graphs the host launches each kernel: 46 ms over 100 layers on 4 x H100 (tt-inference-server issue 379)."""
GDDR = 0.90 / 0.78
"""GDDR is read closer to its peak than HBM: Qwen3-4B on an RTX 4090, 10.3 ms (tt-inference-server issue 394)."""
GROUPED = 0.6
"""Grouped GEMMs of experts against one large GEMM: vLLM's tuned fused MoE configs reach 50 to 65 % of dense."""
ATTENTION_MEMORY = 0.70
"""Decode attention's share of bandwidth; FlashAttention-3 and FlashInfer report 60 to 80 % for grouped queries."""
ATTENTION_COMPUTE = 0.50
"""Prefill attention's share of 16-bit FLOP/s (FlashAttention-2 on A100 and Hopper, causal: 50 to 60 %)."""
AMD = Kernel(0.85, 0.65)
"""Further factors on AMD: hipBLASLt reaches 45 % of MI300X' peak (ROCm blog "MAF"), RCCL and attention lag alike."""


def kernel(engine: Engine, quant: Quant, gpu: Gpu) -> Kernel:
    """The kernel that reads this quantisation; refused where the engine has none."""
    rows = KERNELS[engine.value]
    if quant.name not in rows:
        raise Refused(
            f"{engine.value} is not known to serve {quant.name}",
            hint=f"it serves {', '.join(rows)}",
        )
    found = rows[quant.name]
    memory, compute = found.memory, found.compute
    if not gpu.stacked_memory:
        memory = min(0.95, memory * GDDR)
    if gpu.maker == "amd":
        memory, compute = memory * AMD.memory, compute * AMD.compute
    return Kernel(memory, compute)


def layer_seconds(layer: Layer, gpu: Gpu) -> float:
    """Fixed time of one layer in a graph: what small kernels cost however little they move."""
    extra = EXPERTS_S if layer.feed.experts else 0.0
    extra += LATENT_S if layer.mixer.kind == "mla" else 0.0
    extra += RECURRENCE_S if layer.mixer.state_values else 0.0
    return (LAYER_S * layer.parts / 2 + extra) * (1.0 if gpu.fp8 else OLDER)
