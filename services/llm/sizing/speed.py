"""How fast a setup answers: a roofline for each step of the engine, and a closed loop of conversations around it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from services.llm.sizing.calibrated import AS_PUBLISHED, Calibration
from services.llm.sizing.efficiency import (
    ATTENTION_COMPUTE,
    ATTENTION_MEMORY,
    EAGER_LAYER_S,
    GROUPED,
    OVERHEADS,
    Engine,
    kernel,
    layer_seconds,
)  # fmt: skip
from services.llm.sizing.fit import Fit, Setup, fit
from services.llm.sizing.quant import BF16_BYTES
from services.llm.sizing.topology import Topology, all_reduce

SMOOTH = 1.5
"""Near the ridge neither bound holds alone: (memory^p + compute^p)^(1/p). One GEMM alone meets p = 3 (544 TFLOP/s of a
6144 x 4096 one at batch 256 on H100, vllm PR 17126); a whole step also has kernels whose time grows with its tokens and
lies nearer to the sum. Chosen, not measured: calibration's fitted and chosen points."""
BURST_SHARE = 0.5
"""How much of a full burst a prompt meets. Load tools start all conversations at once, and as all answers are as long,
those that began together end and ask again together: from 0.05 (70B, prompts of 5,000) to 1 (8B and 30B, prompts of 200
and 2,000) of the other prompts' reading was measured. Chosen on calibration's chosen points."""
ROUNDS = 30
"""The loop's fixed point is reached to a thousandth well before."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Prompt and answer lengths in tokens, and how many conversations run at once over all replicas."""

    isl: int
    osl: int
    concurrency: int = 1

    @property
    def context(self) -> int:
        return self.isl + self.osl


@dataclass(frozen=True, slots=True)
class Step:
    """Seconds of one engine step by what they go to."""

    weights: float
    cache: float
    network: float
    layers: float
    host: float

    @property
    def total(self) -> float:
        return self.weights + self.cache + self.network + self.layers + self.host


@dataclass(frozen=True, slots=True)
class Speed:
    """A prediction. Times in seconds, `tok_s` over all replicas; `running` conversations per replica, `waiting` the rest.

    With `refused` all figures are NaN.
    """

    ttft_s: float
    tpot_s: float
    tok_s: float
    running: float
    waiting: float
    step: Step
    room: Fit
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Engineered:
    """A setup with its engine, its links and what a run on the box corrected: what a step of it costs."""

    setup: Setup
    engine: Engine = Engine.VLLM
    topology: Topology = field(default_factory=Topology)
    calibration: Calibration = AS_PUBLISHED

    def step(self, sequences: float, context: float, prompt: float = 0.0) -> Step:
        """One step that writes a token for each of `sequences` and reads `prompt` new tokens, through all stages."""
        shape, gpu, layout = self.setup.shape, self.setup.gpu, self.setup.layout
        eager = self.setup.runtime.eager
        tokens = sequences + prompt
        cache = self._cache(sequences, context) + self._prompt_attention(prompt)
        network = self._network(tokens)
        layers = sum(layer_seconds(layer, gpu) * n for layer, n in shape.layers)
        layers *= self.calibration.layers
        if self.engine is Engine.HF:
            layers = 0.0  # inside its efficiency, which is that of the whole pipeline
        over = OVERHEADS[self.engine.value]
        host = (over.step_s + over.sequence_s * sequences) * self.calibration.host
        weights = self._weights(tokens, sequences + (1 if prompt else 0))
        if eager and self.engine is not Engine.HF:
            floor = shape.depth * EAGER_LAYER_S
            host += max(0.0, floor - weights - cache - layers)
        return Step(weights, cache, network, layers, host * (1 if layout.pp == 1 else 1.2))

    def _weights(self, tokens: float, logits: float) -> float:
        """Reading each weight once and multiplying it with all tokens; experts as far as the batch meets them."""
        shape, gpu, quant, tp = (
            self.setup.shape,
            self.setup.gpu,
            self.setup.quant,
            self.setup.layout.tp,
        )
        k = kernel(self.engine, quant, gpu)
        flops = gpu.flops(quant.arithmetic) * k.compute * tp * self.calibration.compute
        memory = gpu.bytes_s * k.memory * tp * self.calibration.memory
        body = shape.body_params
        total = _roofline(body * quant.body / memory, 2 * body * tokens / flops)
        total += _roofline(
            shape.embedding * BF16_BYTES / memory, 2 * shape.embedding * logits / flops
        )
        met = chosen = 0.0
        for layer, n in shape.layers:
            met += layer.feed.experts_met(tokens) * layer.feed.expert_params * n
            chosen += layer.feed.chosen * layer.feed.expert_params * n
        return total + _roofline(
            met * quant.experts / memory, 2 * chosen * tokens / (flops * GROUPED)
        )

    def _cache(self, sequences: float, context: float) -> float:
        """Reading the cache of every running conversation."""
        setup = self.setup
        each = setup.shape.kv_read(int(context), setup.layout.tp) * setup.runtime.kv_bytes
        return sequences * each / (setup.gpu.bytes_s * ATTENTION_MEMORY * self.calibration.memory)

    def _prompt_attention(self, prompt: float) -> float:
        """Attention inside a prompt: half of the square, two FLOPs per multiply-add."""
        setup = self.setup
        pairs = setup.shape.attention_reach(prompt / 2) * prompt * 2
        return pairs / (setup.gpu.flops("bf16") * ATTENTION_COMPUTE * setup.layout.tp)

    def _network(self, tokens: float) -> float:
        """Two all-reduces a layer in a tensor-parallel group, and a hand-over between pipeline stages."""
        setup, tp, pp = self.setup, self.setup.layout.tp, self.setup.layout.pp
        bytes = tokens * setup.shape.hidden * BF16_BYTES
        total = 0.0
        if tp > 1:
            cost = all_reduce(self.topology.fabric(setup.gpu, tp), tp)
            total += setup.shape.parts * cost.seconds(bytes, eager=setup.runtime.eager)
        if pp > 1:
            hop = all_reduce(self.topology.fabric(setup.gpu, min(tp * pp, 2 * tp)), 2)
            total += (pp - 1) * hop.seconds(bytes, eager=True)
        return total * self.calibration.network

    def prefill(self, isl: int, running: float = 0.0, context: float = 0.0) -> float:
        """Seconds of reading one prompt, chunk by chunk, beside `running` conversations."""
        chunk = max(1, self.setup.runtime.batched_tokens - int(running))
        whole, rest = divmod(isl, chunk)
        total = whole * self.step(running, context, chunk).total if whole else 0.0
        if rest:
            total += self.step(running, context, rest).total
        # each chunk attends to itself above; to those before it as well
        past = self.setup.shape.attention_reach(isl / 2) * isl * 2
        own = whole * self.setup.shape.attention_reach(chunk / 2) * chunk * 2
        own += self.setup.shape.attention_reach(rest / 2) * rest * 2
        peak = self.setup.gpu.flops("bf16") * ATTENTION_COMPUTE * self.setup.layout.tp
        return total + max(0.0, past - own) / peak


def predict(engineered: Engineered, load: Workload) -> Speed:
    """TTFT, time per token and throughput of a closed loop: who has finished asks again at once."""
    setup, layout = engineered.setup, engineered.setup.layout
    room = fit(setup, load.context)
    nothing = Step(math.nan, math.nan, math.nan, math.nan, math.nan)
    if room.refused:
        return Speed(math.nan, math.nan, math.nan, math.nan, math.nan, nothing, room, room.refused)
    asked = max(1.0, load.concurrency / layout.dp)
    # on average a conversation is half written
    held = room.conversations * load.context / (load.isl + load.osl / 2)
    running = max(1.0, min(asked, held, float(setup.runtime.most_seqs)))
    tpot, prompt_s, loop_s = _settled(engineered, load, running)
    over = OVERHEADS[engineered.engine.value]
    taken_in = over.request_s + over.token_s * load.isl
    first = prompt_s + taken_in * engineered.calibration.request
    waiting = asked - running
    busy = min(0.95, (running - 1) * prompt_s / (loop_s * layout.pp))
    queue = busy * prompt_s / (2 * (1 - busy)) + waiting * loop_s / running
    burst = BURST_SHARE * (running - 1) / 2 * prompt_s / layout.pp
    backlog = max(0.0, loop_s - prompt_s - load.osl * tpot)
    at = load.isl + load.osl / 2
    return Speed(
        ttft_s=first + max(queue + burst, backlog), tpot_s=tpot, tok_s=layout.dp * running * load.osl / loop_s,
        running=running, waiting=waiting, step=engineered.step(running / layout.pp if running > layout.pp else 1.0, at), room=room,
    )  # fmt: skip


def _settled(engineered: Engineered, load: Workload, running: float) -> tuple[float, float, float]:
    """Time per token, time of a prompt and of a whole turn, when each conversation's prompts delay the others' tokens.

    A turn of T seconds sees `running - 1` prompts of others; those that fall into its decoding stretch it by what a
    step with a prompt costs beyond one without.
    """
    pp = engineered.setup.layout.pp
    at = load.isl + load.osl / 2
    decoding, prompt_s = running, engineered.prefill(load.isl)
    tpot = engineered.step(1.0, at).total
    loop = prompt_s + load.osl * tpot
    for _ in range(ROUNDS):
        lane = max(1.0, decoding / pp)  # stages work on different lanes of the batch at once
        plain = engineered.step(lane, at).total
        mixed = engineered.prefill(load.isl, lane, at)
        steps = math.ceil(load.isl / engineered.setup.runtime.batched_tokens)
        extra = max(0.0, mixed - steps * plain)
        chunk = engineered.setup.runtime.batched_tokens - lane
        slowest = engineered.step(lane, at, max(1.0, chunk)).total
        prompt_s = mixed if running > 1 else engineered.prefill(load.isl)
        share = min(1.0, load.osl * tpot / loop)
        tpot = plain + (running - 1) * share * extra / pp / load.osl
        tpot = min(
            tpot, slowest
        )  # a prompt does not stop the others' answers: its chunks share their steps
        loop = max(prompt_s + load.osl * tpot, load.osl * plain + running * extra / pp)
        decoding = max(1.0, running * min(1.0, load.osl * tpot / loop))
    return tpot, prompt_s, loop


def _roofline(memory_s: float, compute_s: float) -> float:
    total: float = (memory_s**SMOOTH + compute_s**SMOOTH) ** (1 / SMOOTH)
    return total
