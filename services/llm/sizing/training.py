"""Memory and time of training: full, LoRA and QLoRA, sharded by ZeRO or FSDP, with and without checkpointing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ontology.errors import Refused
from services.llm.sizing.fit import both
from services.llm.sizing.gpus import Gpu
from services.llm.sizing.quant import QUANTS
from services.llm.sizing.shape import ModelShape

WEIGHT, GRADIENT, OPTIMISER = 2, 2, 12
"""Bytes per trained weight: bf16, its gradient, and AdamW's 32-bit copy and two moments (ZeRO, arXiv 1910.02054)."""
PER_LAYER = 34
"""Bytes of activations per token and width of a layer in 16 bit with FlashAttention (arXiv 2205.05198, table 2)."""
LOGIT_BYTES = 10
"""16-bit logits, their 32-bit copy and its gradient, per token and word of the vocabulary."""
RESERVE = 0.9
"""Share of a GPU that training may plan with: the allocator's fragments and NCCL take the rest."""
MFU = 0.40
"""Model FLOP utilisation of a well-tuned run on 16-bit tensor cores (PaLM 46 %, Llama 3 405B 38 to 43 %)."""
WORK = {"full": 6, "lora": 4, "qlora": 4}
"""FLOPs per weight and token: 2 forward, 2 for gradients of inputs, 2 for gradients of weights that are trained."""


class Method(StrEnum):
    """Which weights are trained, and in what the others are kept."""

    FULL = "full"
    LORA = "lora"
    QLORA = "qlora"


@dataclass(frozen=True, slots=True)
class Training:
    """What is trained and how: `zero` 0 to 3 (3 is FSDP full sharding), `tokens` per GPU and step."""

    method: Method
    gpus: int = 1
    zero: int = 3
    tokens: int = 4096
    rank: int = 16
    checkpointing: bool = True


@dataclass(frozen=True, slots=True)
class TrainingFit:
    """Bytes per GPU, tokens per second over all GPUs, and why it does not fit ("" where it does)."""

    trainable: int
    weights: float
    gradients: float
    optimiser: float
    activations: float
    tokens_s: float
    refused: str = ""

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimiser + self.activations


def lora_params(shape: ModelShape, rank: int) -> int:
    """Weights of adapters of this rank beside every linear layer of grouped-query attention and its MLP."""
    total = 0
    for layer, n in shape.layers:
        mixer, feed = layer.mixer, layer.feed
        if mixer.kind not in {"full", "window"} or mixer.state_values:
            raise Refused(
                f"adapters of {shape.name}: its {mixer.kind} layers are not worked out here",
                hint="full training is; or measure `trainable_parameters` of peft on the model",
            )
        if feed.experts:
            raise Refused(
                f"adapters of {shape.name}: which of its {feed.experts} experts to adapt is your choice",
                hint="target only attention in peft, or train a dense model",
            )
        query, key = mixer.reach // 2, mixer.kv_values // 2
        width = feed.params // (3 * shape.hidden)
        sides = 2 * (shape.hidden + query) + 2 * (shape.hidden + key) + 3 * (shape.hidden + width)
        total += rank * sides * n
    return total


def training_fit(shape: ModelShape, gpu: Gpu, plan: Training) -> TrainingFit:
    """What one step keeps on each GPU, and how long it takes."""
    full = plan.method is Method.FULL
    trainable = shape.params if full else lora_params(shape, plan.rank)
    shards = {stage: plan.gpus if plan.zero >= stage else 1 for stage in (1, 2, 3)}
    stored = QUANTS["nf4" if plan.method is Method.QLORA else "bf16"].weight_bytes(shape)
    weights = (stored + (0 if full else trainable * WEIGHT)) / shards[3]
    gradients = trainable * GRADIENT / shards[2]
    optimiser = trainable * OPTIMISER / shards[1]
    activations = _activations(shape, plan)
    total = weights + gradients + optimiser + activations
    usable = RESERVE * gpu.bytes
    recompute = 2 if plan.checkpointing else 0
    speed = plan.gpus * gpu.flops("bf16") * MFU / ((WORK[plan.method] + recompute) * shape.active)
    refused = (
        ""
        if total <= usable
        else f"{both(total)} per GPU, and {both(usable)} of each {gpu.id} can be used"
    )
    return TrainingFit(trainable, weights, gradients, optimiser, activations, speed, refused)  # fmt: skip


def _activations(shape: ModelShape, plan: Training) -> float:
    """All layers' intermediate results; with checkpointing each layer's input and one layer in full."""
    layer = PER_LAYER * shape.hidden
    kept = 2 * shape.hidden * shape.depth + layer if plan.checkpointing else layer * shape.depth
    return float(plan.tokens * (kept + LOGIT_BYTES * shape.vocab))
