"""The GPUs that a box names against the ones that are there: count, kind, errors, memory, links; and whether the model fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ontology.errors import PlantroomError
from services.llm.box import Box, Replica
from services.llm.launch.findings import Finding, doubt, fine, wrong
from services.llm.sizing.efficiency import Engine
from services.llm.sizing.fit import Layout, Setup, both, default_runtime, fit
from services.llm.sizing.gpus import gpu_named
from services.llm.sizing.plan import pcie_loss
from services.llm.sizing.quant import quant_for
from services.llm.sizing.shape import ModelShape
from services.llm.sizing.speed import Engineered, Workload, predict
from services.llm.sizing.topology import NVLINKED, Topology
from services.llm.smi import Machine, SeenGpu

BUSY_SHARE = 0.05
"""Of a GPU's memory; an idle one holds some hundred MB of the driver's."""


def gpu_findings(box: Box, seen: Machine, shape: ModelShape | None) -> Iterator[Finding]:
    """All about the GPUs."""
    if seen.broken:
        yield wrong("GPUs", f"the driver does not answer: {seen.broken}", "reinstall the driver or reboot; after an update of the driver a reboot is needed")  # fmt: skip
        return
    for line in seen.dead:
        yield wrong("GPUs", f"a GPU is dead: {line}", "reboot; if it stays, take it out of `gpus` and have it replaced (dmesg shows its Xid)")  # fmt: skip
    there = {gpu.index: gpu for gpu in seen.gpus}
    for replica in box.replicas:
        if not replica.gpus:
            continue
        absent = [str(i) for i in replica.gpus if i not in there]
        if absent:
            yield wrong("GPUs", f"replica {replica.name} wants GPU {', '.join(absent)}, and the machine shows {len(there)}", "correct `gpus`, or find the missing card: lspci, dmesg")  # fmt: skip
            continue
        yield from _group(box, replica, [there[i] for i in replica.gpus], seen.topology, shape)


def _group(box: Box, replica: Replica, gpus: list[SeenGpu], links: Topology, shape: ModelShape | None) -> Iterator[Finding]:  # fmt: skip
    check = f"GPUs of {replica.name}"
    kinds = sorted({gpu.name for gpu in gpus})
    if len(kinds) > 1:
        yield wrong(check, f"they are unequal: {', '.join(kinds)}; the smallest would set memory and pace for all", "give each kind a replica of its own, or split layers by llama.cpp: plantroom llm split")  # fmt: skip
        return
    for gpu in gpus:
        yield from _one(check, gpu)
    tp, pp = (box.engine.number(f"--{cut}-parallel-size", 1) for cut in ("tensor", "pipeline"))
    wanted, has = tp * pp, len(gpus) * replica.nodes
    if box.engine.kind == "vllm" and wanted != has:
        yield wrong(check, f"{tp} x {pp} = {wanted} GPUs are asked by engine.arguments, and `gpus` gives {has}", "make TP x PP the number of GPUs of a replica")  # fmt: skip
        return
    yield fine(check, f"{len(gpus)} x {kinds[0]}")
    if box.engine.kind == "vllm" and shape:
        yield from _fits(check, gpus, box=box, links=links, shape=shape, layout=Layout(tp, pp))


def _one(check: str, gpu: SeenGpu) -> Iterator[Finding]:
    if gpu.ecc_errors:
        yield wrong(check, f"GPU {gpu.index} counted {gpu.ecc_errors} uncorrectable memory errors since the last reset", "reset it (nvidia-smi --gpu-reset) or reboot; have it replaced if they return")  # fmt: skip
    if (
        gpu.free_mib is not None
        and gpu.total_mib
        and gpu.total_mib - gpu.free_mib > BUSY_SHARE * gpu.total_mib
    ):
        used = gpu.total_mib - gpu.free_mib
        yield wrong(
            check,
            f"GPU {gpu.index}: {used:,.0f} MiB are in use by others",
            "find them with nvidia-smi, and end them",
        )
    if gpu.persistent is False:
        yield doubt(check, f"GPU {gpu.index}: persistence mode is off: each start waits for the driver", "systemctl enable --now nvidia-persistenced")  # fmt: skip


def _fits(check: str, gpus: list[SeenGpu], *, box: Box, links: Topology, shape: ModelShape, layout: Layout) -> Iterator[Finding]:  # fmt: skip
    said, number = box.engine.flags, box.engine.number
    try:
        board = gpu_named(gpus[0].name)
        quant = quant_for(shape, said.get("--quantization"))
    except PlantroomError as error:
        yield doubt(check, f"whether the model fits was not computed: {error}", error.hint)
        return
    context = number("--max-model-len", min(4096, shape.context))
    runtime = default_runtime(board, eager="--enforce-eager" in said)
    if (share := _share(said)) is not None:
        runtime = replace(runtime, utilisation=share)
    runtime = replace(
        runtime, batched_tokens=number("--max-num-batched-tokens", runtime.batched_tokens),
        most_seqs=number("--max-num-seqs", runtime.most_seqs),
    )  # fmt: skip
    setup = Setup(shape, board, quant, layout, runtime)
    found = fit(setup, context)
    if found.refused:
        yield wrong("fit", f"the model does not fit: {found.refused}", "more GPUs in a replica, smaller weights (--quantization fp8) or a shorter --max-model-len; plantroom llm plan tells which")  # fmt: skip
        return
    yield fine(
        "fit",
        f"weights {both(found.weights)} per GPU, {both(found.kv)} left for {found.kv_tokens:,} tokens",
    )
    yield from _links(Engineered(setup, Engine.VLLM, _between(links, gpus)), len(links) > 0)


def _links(engineered: Engineered, known: bool) -> Iterator[Finding]:
    tp, gpu = engineered.setup.layout.tp, engineered.setup.gpu
    if tp == 1:
        return
    fabric = engineered.topology.fabric(gpu, tp)
    if fabric in NVLINKED or fabric == "network":
        yield fine(
            "links", engineered.topology.says() if known else f"{fabric} is assumed of the board"
        )
        return
    speed = predict(
        engineered, Workload(max(1, min(2000, engineered.setup.shape.context // 2)), 16)
    )
    lost = "much" if speed.refused else f"{pcie_loss(engineered, speed):.0%}"
    yield doubt("links", f"no NVLink inside the group of {tp} ({fabric}): {lost} of the speed that NVLink would give is lost", "prefer more replicas of fewer GPUs, or pipeline stages; check the bridges: nvidia-smi nvlink -s")  # fmt: skip


def _between(links: Topology, gpus: list[SeenGpu]) -> Topology:
    """The part of the matrix that joins these GPUs."""
    chosen = [gpu.index for gpu in gpus]
    if not links.links or max(chosen) >= len(links):
        return Topology()
    return Topology(tuple(tuple(links.links[i][j] for j in chosen) for i in chosen))


def _share(said: dict[str, str]) -> float | None:
    try:
        share = float(said["--gpu-memory-utilization"])
    except (KeyError, ValueError):
        return None
    return share if 0 < share <= 1 else None
