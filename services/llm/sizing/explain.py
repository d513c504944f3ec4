"""The arithmetic of serving, taught on the user's own model with its numbers filled in."""

from __future__ import annotations

from services.llm.sizing.efficiency import kernel
from services.llm.sizing.fit import both, fit, weights_per_gpu
from services.llm.sizing.scaling import amdahl, bubble
from services.llm.sizing.speed import Engineered, Workload, predict
from services.llm.sizing.topology import all_reduce


def lesson(engineered: Engineered, load: Workload) -> list[tuple[str, list[str]]]:
    """Headed paragraphs: weights, cache, one token, the network, the prompt, the crowd."""
    return [
        ("1. Weights", _weights(engineered)),
        ("2. Cache", _cache(engineered, load)),
        ("3. One token", _token(engineered, load)),
        ("4. Why pipeline stages do not speed up one answer", _stages(engineered)),
        ("5. The prompt", _prompt(engineered, load)),
        ("6. Many at once", _crowd(engineered, load)),
    ]


def _weights(e: Engineered) -> list[str]:
    shape, quant, layout = e.setup.shape, e.setup.quant, e.setup.layout
    whole = quant.weight_bytes(shape)
    lines = [
        f"{shape.params:,} weights in {quant.name} are {both(whole)}. GB counts in 10^9, GiB in 2^30: the same size.",
        f"Cut by TP{layout.tp} x PP{layout.pp}, the fullest GPU holds {both(weights_per_gpu(e.setup))}.",
    ]
    if shape.sparse:
        lines.append(
            f"Each token multiplies with {shape.active:,} of them: the router picks experts. All must be in memory."
        )
    return lines


def _cache(e: Engineered, load: Workload) -> list[str]:
    shape, room = e.setup.shape, fit(e.setup, load.context)
    each = shape.kv_bytes_per_token(kv_bytes=e.setup.runtime.kv_bytes)
    return [
        f"A token leaves {each:,.0f} bytes of keys and values behind, {room.kv_per_token:,.0f} on each GPU.",
        (
            f"vLLM takes {e.setup.runtime.utilisation:.0%} of {both(room.total)} = {both(room.budget)}; less weights "
            f"{both(room.weights)}, activations {both(room.activations)}, graphs {both(room.graphs)}, "
            f"context {both(room.context)}:"
        ),
        f"{both(room.kv)} remain = {room.kv_tokens:,} tokens = {room.conversations:,.1f} conversations of "
        f"{load.context:,}."
        if not room.refused
        else f"It cannot start: {room.refused}.",
    ]


def _token(e: Engineered, load: Workload) -> list[str]:
    gpu, k = e.setup.gpu, kernel(e.engine, e.setup.quant, e.setup.gpu)
    step = e.step(1.0, load.isl)
    lines = [
        (
            f"To write one token every active weight is read once: {gpu.tb_s:g} TB/s x {k.memory:.0%} x TP{e.setup.layout.tp} "
            f"gives {step.weights * 1e3:.2f} ms."
        ),
        (
            f"Cache {step.cache * 1e3:.2f} ms, small kernels {step.layers * 1e3:.2f} ms, network {step.network * 1e3:.2f} ms, "
            f"host {step.host * 1e3:.2f} ms: {step.total * 1e3:.2f} ms a token, {1 / step.total:,.1f} tok/s."
        ),
    ]
    tp = e.setup.layout.tp
    if tp > 1:
        cost = all_reduce(e.topology.fabric(gpu, tp), tp)
        lines.append(
            f"TP{tp} joins results twice in each of {e.setup.shape.depth} layers: 2 x {e.setup.shape.depth} x "
            f"({cost.graph_us:g} us in a graph, {cost.eager_us:g} us without). Reading splits, this does not: "
            f"Amdahl gives TP8 at most {amdahl(1 - step.network / step.total, 8):.1f} times TP1's speed."
        )
    return lines


def _stages(e: Engineered) -> list[str]:
    return [
        f"Stages work one after the other: cut in two, one token still takes {e.step(1.0, 1).weights * 1e3:.2f} ms of reading weights, by one GPU at a time.",
        (
            f"Two stages and 8 batches in flight idle {bubble(2, 8):.0%} of their useful time (p - 1) / m; "
            f"with one batch {bubble(2, 1):.0%}."
        ),
    ]


def _prompt(e: Engineered, load: Workload) -> list[str]:
    gpu, quant = e.setup.gpu, e.setup.quant
    flops = 2 * e.setup.shape.active * load.isl
    k = kernel(e.engine, quant, gpu)
    return [
        (
            f"A prompt of {load.isl:,} tokens is 2 x {e.setup.shape.active:,} x {load.isl:,} = {flops:.3g} FLOP; at "
            f"{gpu.flops(quant.arithmetic) / 1e12:,.0f} TFLOP/s x {k.compute:.0%} x TP{e.setup.layout.tp} it is read in "
            f"{e.prefill(load.isl) * 1e3:,.0f} ms, attention and network included."
        ),
    ]


def _crowd(e: Engineered, load: Workload) -> list[str]:
    found = predict(e, load)
    if found.refused:
        return [f"It cannot start: {found.refused}."]
    return [
        (f"{load.concurrency} conversations share one reading of the weights: {found.tpot_s * 1e3:.1f} ms per token each, "
        f"{found.tok_s:,.0f} tok/s together; the first token comes after {found.ttft_s * 1e3:,.0f} ms."),
        f"{found.waiting:,.0f} of them wait for room in the cache." if found.waiting >= 1 else "All of them have room in the cache.",
    ]  # fmt: skip
