"""What fits on each GPU: weights, cache, activations, graphs, context; in GB and in GiB, and why not where not."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.llm.sizing.gpus import Gpu
from services.llm.sizing.quant import BF16_BYTES, Quant
from services.llm.sizing.shape import ModelShape

UTILISATION = 0.92
"""Share of a GPU that vLLM takes (`--gpu-memory-utilization`, default of vLLM 0.32)."""
CONTEXT_BYTES = 0.4e9
"""CUDA context and NCCL buffers outside PyTorch's allocator, measured 0.33 to 0.4 GB per GPU."""
GRAPH_BYTES = 0.5e9
"""CUDA graphs of the batch sizes 1 to 512, as vLLM logs after capture on 70B models; eager mode has none."""
LOGIT_BYTES = 6
"""Logits of the profiling run: 16 bit gathered from all ranks, and a 32-bit copy for the sampler."""
BLOCK_TOKENS = 16
"""Cache is handed out in blocks of this many tokens (`--block-size` of vLLM on CUDA)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one replica is cut: tensor parallel, pipeline parallel; and how many replicas stand side by side."""

    tp: int = 1
    pp: int = 1
    dp: int = 1

    @property
    def gpus(self) -> int:
        return self.tp * self.pp * self.dp

    def __str__(self) -> str:
        return f"TP{self.tp} x PP{self.pp} x DP{self.dp}"


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the engine is told: batch sizes, share of memory, cache type, graphs or eager."""

    batched_tokens: int
    most_seqs: int
    utilisation: float = UTILISATION
    kv_bytes: float = BF16_BYTES
    eager: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to run a model: which GPU, which quantisation, how it is cut, what the engine is told."""

    shape: ModelShape
    gpu: Gpu
    quant: Quant
    layout: Layout
    runtime: Runtime

    @property
    def stage(self) -> float:
        """Share of the layers that the longest pipeline stage has."""
        return math.ceil(self.shape.depth / self.layout.pp) / self.shape.depth


@dataclass(frozen=True, slots=True)
class Fit:
    """Bytes on the fullest GPU of a replica. `refused` says why it cannot be started, "" where it can."""

    total: float
    budget: float
    weights: float
    activations: float
    graphs: float
    context: float
    kv_per_token: float
    kv_tokens: int
    conversations: float
    refused: str = ""

    @property
    def kv(self) -> float:
        """Bytes left for the cache; negative where the rest alone is too much."""
        return self.budget - self.weights - self.activations - self.graphs - self.context


def default_runtime(gpu: Gpu, *, eager: bool = False, kv_bytes: float = BF16_BYTES) -> Runtime:
    """What vLLM 0.32 takes when served without flags (`EngineArgs.get_batch_defaults`)."""
    if gpu.gib >= 160:
        tokens, seqs = 16_384, 1024
    elif gpu.gib >= 70 and not gpu.id.startswith("a100"):
        tokens, seqs = 8192, 1024
    else:
        tokens, seqs = 2048, 256
    return Runtime(tokens, seqs, kv_bytes=kv_bytes, eager=eager)


def weights_per_gpu(setup: Setup) -> float:
    """Bytes of weights on the fullest GPU: a stage's layers and its end's embedding or head, cut by TP."""
    shape, quant, layout = setup.shape, setup.quant, setup.layout
    body = shape.body_params * quant.body + shape.expert_params * quant.experts
    ends = shape.embedding if layout.pp > 1 else shape.embedding + shape.head
    plain = (ends + shape.hidden + shape.beyond_text) * BF16_BYTES
    return (body * setup.stage + plain) / layout.tp


def fit(setup: Setup, context: int) -> Fit:
    """What one replica's fullest GPU holds when conversations are `context` tokens long."""
    shape, layout, runtime, gpu = setup.shape, setup.layout, setup.runtime, setup.gpu
    weights = weights_per_gpu(setup)
    activations = _activations(shape, layout, runtime)
    graphs = 0.0 if runtime.eager else GRAPH_BYTES
    budget = runtime.utilisation * gpu.bytes
    room = budget - weights - activations - graphs - CONTEXT_BYTES
    # one more token while no window is full; and a whole conversation, whose windows may be
    per_token = shape.kv_bytes_per_token(tp=layout.tp, kv_bytes=runtime.kv_bytes) * setup.stage
    blocks = math.ceil(context / BLOCK_TOKENS) * BLOCK_TOKENS
    each = shape.kv_values(blocks, layout.tp) * runtime.kv_bytes * setup.stage
    held = max(0.0, room / each) if each else float(runtime.most_seqs)
    refused = _why_not(setup, context) or _too_large(
        gpu, context, weights=weights, room=room, budget=budget, held=held
    )
    return Fit(
        total=gpu.bytes, budget=budget, weights=weights, activations=activations, graphs=graphs,
        context=CONTEXT_BYTES, kv_per_token=per_token, kv_tokens=int(held * blocks),
        conversations=held, refused=refused,
    )  # fmt: skip


def _activations(shape: ModelShape, layout: Layout, runtime: Runtime) -> float:
    """Peak of the profiling run: residual streams, the widest MLP of one layer, and the logits of a full batch."""
    width = max(layer.feed.active for layer, _ in shape.layers) / (3 * shape.hidden)
    inner = runtime.batched_tokens * BF16_BYTES * (4 * shape.hidden + 3 * width / layout.tp)
    return inner + runtime.most_seqs * shape.vocab * LOGIT_BYTES


def _why_not(setup: Setup, context: int) -> str:
    """What the engine itself refuses, whatever the memory."""
    shape, quant, layout = setup.shape, setup.quant, setup.layout
    tp = layout.tp
    for layer, _ in shape.layers:
        heads, kv = layer.mixer.heads, layer.mixer.kv_heads
        if heads % tp:
            return f"{heads} heads cannot be cut into {tp} equal parts"
        if kv and kv % tp and tp % kv:
            return f"{kv} key heads neither divide by {tp} nor divide {tp}"
        feed = layer.feed
        width = feed.expert_params // (3 * shape.hidden)
        if quant.name == "fp8-block" and feed.experts and (width // tp) % 128:
            return f"experts {width} wide cut by {tp} leave {width / tp:g}, not a multiple of the 128 of an FP8 block"
    if layout.pp > shape.depth:
        return f"{layout.pp} pipeline stages for {shape.depth} layers"
    if context > shape.context:
        return f"a conversation of {context:,} tokens, and the model was made for {shape.context:,}"
    return ""


def _too_large(
    gpu: Gpu, context: int, *, weights: float, room: float, budget: float, held: float
) -> str:
    if weights > budget:
        return (
            f"weights of {both(weights)} per GPU, and {both(budget)} of each {gpu.id} can be used"
        )
    if room <= 0:
        return (
            f"weights of {both(weights)} leave nothing for activations and cache in {both(budget)}"
        )
    if held < 1:
        return (
            f"the cache has {both(room)} per GPU, less than one conversation of {context:,} tokens"
        )
    return ""


def both(bytes: float) -> str:
    """A size in both units: they differ by 7 %, and mixing them up is how 70.6 becomes 65.7.

    >>> both(141_107_412_992)
    '141.1 GB (131.4 GiB)'
    """
    return f"{bytes / 1e9:,.1f} GB ({bytes / 2**30:,.1f} GiB)"
