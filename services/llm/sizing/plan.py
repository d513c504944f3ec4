"""Ranked ways to serve a model on a box: TP x PP x DP x quantisation, each with a sentence why it wins or loses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ontology.errors import Refused
from services.llm.sizing.calibrated import AS_PUBLISHED, Calibration
from services.llm.sizing.efficiency import Engine
from services.llm.sizing.fit import Layout, Setup, both, default_runtime
from services.llm.sizing.gpus import Gpu, Inventory
from services.llm.sizing.quant import QUANTS, Quant
from services.llm.sizing.shape import ModelShape
from services.llm.sizing.speed import Engineered, Speed, Workload, predict
from services.llm.sizing.topology import NODE, NVLINKED, Topology

TRUST: dict[str, float] = {
    "bf16": 1.0,
    "fp8": 0.97,
    "fp8-block": 1.0,
    "mxfp4": 1.0,
    "int8": 0.93,
    "w4": 0.85,
    "nf4": 0.8,
}
"""How much of its throughput counts when plans are compared: a quantisation the model was not published in may cost
answers. FP8 loses under 1 % on public evaluations, 4 bits 1 to 4 % ("Give Me BF16 or Give Me Death", arXiv 2411.02355).
A preference of this house, not physics."""


@dataclass(frozen=True, slots=True)
class Slo:
    """What must hold on average, milliseconds; None: not asked."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None

    def missed(self, speed: Speed) -> str:
        """What is missed, in words; "" where all holds."""
        late = []
        if self.ttft_ms is not None and speed.ttft_s * 1e3 > self.ttft_ms:
            late.append(f"first token after {speed.ttft_s * 1e3:,.0f} ms, {self.ttft_ms:g} asked")
        if self.tpot_ms is not None and speed.tpot_s * 1e3 > self.tpot_ms:
            late.append(f"{speed.tpot_s * 1e3:,.1f} ms per token, {self.tpot_ms:g} asked")
        return "; ".join(late)


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to serve. `idle`: GPUs of its kind that it leaves unused; `missed`: what of the SLO it misses."""

    engineered: Engineered
    speed: Speed
    idle: int = 0
    missed: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = field(default=())

    @property
    def setup(self) -> Setup:
        return self.engineered.setup

    @property
    def title(self) -> str:
        return f"{self.setup.layout} {self.setup.quant.name} on {self.setup.layout.gpus} x {self.setup.gpu.id}"

    @property
    def worth(self) -> tuple[bool, bool, bool, float]:
        """Larger is better: it starts, nobody waits for room, the SLO holds, and then trusted throughput."""
        if self.speed.refused:
            return (False, False, False, -self.setup.layout.gpus)
        trusted = self.speed.tok_s * TRUST.get(self.setup.quant.name, 0.8)
        return (True, self.speed.waiting < 1, not self.missed, trusted)


def plans(
    shape: ModelShape, box: Inventory, load: Workload, *, slo: Slo | None = None,
    topology: Topology | None = None, engine: Engine = Engine.VLLM, quants: Sequence[Quant] = (),
    eager: bool = False, calibration: Calibration = AS_PUBLISHED,
) -> list[Plan]:  # fmt: skip
    """All ways, the best first. Each kind of GPU is planned for itself: a group of unequal ones waits for the slowest."""
    slo, topology = slo or Slo(), topology or Topology()
    found = [
        _plan(Engineered(Setup(shape, gpu, quant, layout, default_runtime(gpu, eager=eager)), engine, topology, calibration),
              load, slo, count - layout.gpus)
        for gpu, count in box.groups
        for quant in (quants or candidates(shape))
        for layout in layouts(count)
    ]  # fmt: skip
    ranked = sorted(found, key=lambda plan: plan.worth, reverse=True)
    return [
        replace(plan, reason=_reason(plan, ranked[0], load), warnings=_warnings(plan, box))
        for plan in ranked
    ]


def candidates(shape: ModelShape) -> tuple[Quant, ...]:
    """What the files already are; for 16-bit files also FP8, which vLLM makes while loading."""
    if shape.stored:
        return (QUANTS[shape.stored],)
    return (QUANTS["bf16"], QUANTS["fp8"])


def layouts(count: int) -> list[Layout]:
    """Every cut of up to `count` GPUs: TP a power of two inside a node, PP by powers of two, DP with the rest."""
    return [
        Layout(tp, pp, count // (tp * pp))
        for tp in (1, 2, 4, 8)
        for pp in (1, 2, 4, 8, 16)
        if tp * pp <= count
    ]


def _plan(engineered: Engineered, load: Workload, slo: Slo, idle: int) -> Plan:
    try:
        speed = predict(engineered, load)
    except Refused as refused:
        nothing = predict(replace(engineered, engine=Engine.VLLM), load)
        speed = replace(nothing, refused=str(refused), tok_s=math.nan)
    missed = "" if speed.refused else slo.missed(speed)
    return Plan(engineered, speed, idle, missed)


def _reason(plan: Plan, best: Plan, load: Workload) -> str:
    """One sentence: why it wins, or what it loses by."""
    speed, layout = plan.speed, plan.setup.layout
    if speed.refused:
        return f"cannot start: {speed.refused}"
    if plan is best:
        return _praise(plan, load)
    if speed.waiting >= 1 > best.speed.waiting:
        return (
            f"holds {speed.running:,.1f} conversations of {load.context:,} tokens per replica, "
            f"{speed.waiting:,.0f} would wait: {both(max(0.0, speed.room.kv))} per GPU are left for the cache"
        )
    if plan.missed and not best.missed:
        return f"misses what was asked: {plan.missed}"
    own, won = speed.step, best.speed.step
    if layout.pp > best.setup.layout.pp:
        return (
            f"a token crosses {layout.pp} stages one after the other: {speed.tpot_s * 1e3:.1f} ms per token "
            f"against {best.speed.tpot_s * 1e3:.1f}"
        )
    if own.network > won.network and own.weights <= won.weights:
        return (
            f"all-reduces take {own.network * 1e3:.1f} ms of each step, {won.network * 1e3:.1f} in the best: "
            f"{speed.tok_s:,.0f} tok/s against {best.speed.tok_s:,.0f}"
        )
    if own.weights > won.weights * 1.05:
        return (
            f"each step reads weights for {own.weights * 1e3:.1f} ms, {won.weights * 1e3:.1f} in the best: "
            f"{speed.tok_s:,.0f} tok/s against {best.speed.tok_s:,.0f}"
        )
    trusted = TRUST.get(plan.setup.quant.name, 0.8)
    aside = (
        ""
        if trusted == 1 or speed.tok_s <= best.speed.tok_s
        else ", which its coarser weights do not justify"
    )
    return f"{speed.tok_s:,.0f} tok/s against {best.speed.tok_s:,.0f}{aside}"


def _praise(plan: Plan, load: Workload) -> str:
    speed, room = plan.speed, plan.speed.room
    held = min(room.conversations, plan.setup.runtime.most_seqs) * plan.setup.layout.dp
    says = (
        f"the most useful tokens, {speed.tok_s:,.0f} per second: {both(room.weights)} of weights per GPU leave "
        f"{both(room.kv)} for the cache of {held:,.0f} conversations of {load.context:,} tokens"
    )
    return f"{says}; yet it misses what was asked: {plan.missed}" if plan.missed else says


def _warnings(plan: Plan, box: Inventory) -> tuple[str, ...]:
    """What its owner should know before buying or starting."""
    setup, found = plan.setup, []
    found += _link_warning(plan)
    if box.mixed:
        found.append(
            f"the box is mixed ({box}): one group never spans kinds, the slowest would set its pace; "
            "llama.cpp can split layers by memory over unequal cards"
        )
    if plan.idle:
        found.append(f"{plan.idle} GPUs stay idle: {setup.layout.gpus} are used")
    if setup.quant.arithmetic == "fp8" and not setup.gpu.fp8:
        found.append(
            f"{setup.gpu.id} has no FP8 arithmetic: the weights shrink, long prompts become no faster"
        )
    if setup.layout.tp * setup.layout.pp > NODE:
        found.append(
            "a replica spans nodes: vLLM needs Ray or its own multi-node launch, and a fast network"
        )
    return tuple(found)


def _link_warning(plan: Plan) -> list[str]:
    """PCIe between the GPUs of a tensor-parallel group, with the loss it brings."""
    setup, tp = plan.setup, plan.setup.layout.tp
    fabric = plan.engineered.topology.fabric(setup.gpu, tp)
    if tp == 1 or fabric in NVLINKED or plan.speed.refused:
        return []
    loss = pcie_loss(plan.engineered, plan.speed)
    return [
        (
            f"no NVLink inside a group of {tp} ({fabric}): all-reduces take {plan.speed.step.network * 1e3:.1f} ms of each "
            f"step, {loss:.0%} of the speed that NVLink would give is lost; prefer more replicas or pipeline stages"
        )
    ]


def pcie_loss(engineered: Engineered, speed: Speed) -> float:
    """Share of decoding speed lost against the same GPUs on NVLink."""
    setup = engineered.setup
    linked: Gpu = replace(setup.gpu, fabric="nvlink4" if setup.gpu.fp8 else "nvlink3")
    free = replace(engineered, setup=replace(setup, gpu=linked), topology=Topology())
    lanes = max(1.0, speed.running / setup.layout.pp)
    step = free.step(lanes, context=1.0)  # only its network counts, whatever was said before
    return 1.0 - (speed.step.total - speed.step.network + step.network) / speed.step.total
