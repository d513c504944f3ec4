"""`plantroom llm plan|fit|explain|predict|train-plan`: what a model needs, how fast it will be, and why."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ontology.errors import BadRequest, NotFound
from services.commands.late import late
from services.commands.llm_plan_file import BoxOut, Choose, Force, Head, save_plan
from services.commands.options import AsJson, Calibrated, print_json, say
from services.llm.launch import planned
from services.llm.sizing import explain as lessons
from services.llm.sizing import plan as planning
from services.llm.sizing.calibrated import read_calibration
from services.llm.sizing.efficiency import Engine
from services.llm.sizing.fit import Fit, Layout, Setup, both, default_runtime, fit
from services.llm.sizing.gpus import gpu_named, inventory
from services.llm.sizing.launch_line import launch_lines
from services.llm.sizing.llama_cpp import tensor_split
from services.llm.sizing.models import model_or_folder
from services.llm.sizing.quant import quant_for, quant_named
from services.llm.sizing.speed import Engineered, Workload
from services.llm.sizing.speed import predict as predicted
from services.llm.sizing.topology import read_topology
from services.llm.sizing.training import Method, Training, training_fit

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="Self-hosted language models: size, launch, watch, measure and fine-tune them.",
    cls=late(
        ("data", "services.commands.llm_data:data", "Build examples to fine-tune a model on: questions, the calls they need, answers with their sources."),
        ("bench", "services.commands.llm_bench:bench", "Measure a server: first token, time per token, tok/s by concurrency; beside a prediction where one is asked."),
        ("calibrate", "services.commands.llm_bench:calibrate", "Fit sizing's constants to runs of this box: on one half of the points, reported on the other."),
        ("gateway", "services.commands.llm_gateway:gateway", "Serve one OpenAI-compatible URL for all replicas of a box, until Ctrl-C or SIGTERM."),
        ("evaluate", "services.commands.llm_evaluate:evaluate", "Put questions to the real agent with this model: right tools, right arguments, numbers with their source."),
        ("render", "services.commands.llm_box:render", "Render a box file to a shell script, systemd units, compose or Kubernetes manifests."),
        ("serve", "services.commands.llm_launch:serve", "Start every replica of a box and its gateway, watch them, restart what dies; until SIGTERM or Ctrl-C."),
        ("status", "services.commands.llm_launch:status", "How each replica stands. Ends with 0: all ready, 1: some are not, 3: nothing runs."),
        ("stop", "services.commands.llm_launch:stop", "Let answers end, end every replica and the gateway; returns when all are gone."),
        ("restart", "services.commands.llm_launch:restart", "Restart one replica, or all; each is drained first and ready again only behind the gate."),
        ("four-ways", "services.commands.llm_four_ways:four_ways", "Compare the four usual ways to run one model over two GPUs, and say why they differ."),
        ("preflight", "services.commands.llm_box:preflight", "Look before a start: weights, tokenizer, tools, GPUs, driver, ports, disk. Ends with 1 where something is wrong."),
        ("train", "services.commands.llm_train:train", "Fine-tune a model on the examples of `plantroom llm data`, or train a small one from nothing."),
        ("adapter", "services.commands.llm_adapter:app", "Adapters of a running server: load, switch, roll back."),
    ),
)  # fmt: skip

Model = Annotated[str, typer.Argument(help="a name such as qwen2.5-72b, or the folder with its config.json")]  # fmt: skip
Gpus = Annotated[str, typer.Option("--gpus", help="what is in the box, such as 8xH100-80")]
OneGpu = Annotated[str, typer.Option("--gpu", help="such as h100-80")]
Tp = Annotated[int, typer.Option("--tp", help="tensor-parallel GPUs", min=1, max=64)]
Pp = Annotated[int, typer.Option("--pp", help="pipeline stages", min=1, max=64)]
Dp = Annotated[int, typer.Option("--dp", help="replicas", min=1, max=512)]
QuantName = Annotated[str | None, typer.Option("--quant", help="bf16, fp8, w4, ...; else as the files are")]  # fmt: skip
Isl = Annotated[int, typer.Option("--isl", help="tokens of a prompt", min=1, max=10_000_000)]
Osl = Annotated[int, typer.Option("--osl", help="tokens of an answer", min=1, max=1_000_000)]
Concurrency = Annotated[int, typer.Option("--concurrency", help="conversations at once", min=1, max=1_000_000)]  # fmt: skip
EngineName = Annotated[Engine, typer.Option("--engine", help="who serves")]
Topo = Annotated[Path | None, typer.Option("--topo", help="file with the output of nvidia-smi topo -m", exists=True, dir_okay=False)]  # fmt: skip
Eager = Annotated[bool, typer.Option("--eager", help="without CUDA graphs")]
KvFp8 = Annotated[bool, typer.Option("--kv-fp8", help="cache in 8 bit")]


@app.command()
def plan(
    model: Model,
    gpus: Gpus,
    *,
    isl: Isl = 2000,
    osl: Osl = 500,
    concurrency: Concurrency = 8,
    quant: QuantName = None,
    ttft_ms: Annotated[float | None, typer.Option("--ttft-ms", help="first token within", min=1)] = None,
    tpot_ms: Annotated[float | None, typer.Option("--tpot-ms", help="time per token within", min=0.1)] = None,
    topo: Topo = None,
    engine: EngineName = Engine.VLLM,
    eager: Eager = False,
    calibration: Calibrated = None,
    top: Annotated[int, typer.Option("--top", help="how many plans are shown", min=1, max=200)] = 6,
    box_file: BoxOut = None,
    choose: Choose = 1,
    head: Head = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Rank the ways to serve a model on a box, each with a sentence why; with -o, write the box file of one of them."""
    load = Workload(isl, osl, concurrency)
    shape = model_or_folder(model)
    ranked = planning.plans(
        shape, inventory(gpus), load, slo=planning.Slo(ttft_ms, tpot_ms), topology=read_topology(topo),
        engine=engine, quants=(quant_named(quant),) if quant else (), eager=eager, calibration=read_calibration(calibration),
    )  # fmt: skip
    wanted = planned.chosen(ranked, choose) if choose > 1 else ranked[0]
    lines = [] if wanted.speed.refused else launch_lines(wanted, load, where=_where(model))
    if box_file:
        save_plan(
            ranked,
            choose,
            load,
            inventory(gpus),
            box_file,
            where=_where(model),
            head=head,
            force=force,
        )
    if as_json:
        print_json({"plans": [_plan_json(p) for p in ranked[:top]], "launch": lines})
        return
    for number, each in enumerate(ranked[:top], 1):
        speed = each.speed
        say(f"{number}. {each.title}")
        if not speed.refused:
            say(
                f"   first token {speed.ttft_s * 1e3:,.0f} ms, {speed.tpot_s * 1e3:.1f} ms per token, "
                f"{speed.tok_s:,.0f} tok/s"
            )
        say(f"   {each.reason}")
        if number == 1:
            for warning in each.warnings:
                say(f"   ! {warning}")
    for line in lines:
        say(line)


@app.command(name="fit")
def fit_(
    model: Model,
    gpu: OneGpu,
    *,
    tp: Tp = 1,
    pp: Pp = 1,
    quant: QuantName = None,
    context: Annotated[int, typer.Option("--context", help="tokens of a conversation", min=1, max=10_000_000)] = 4096,
    kv_fp8: KvFp8 = False,
    eager: Eager = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """What one GPU holds: weights, activations, graphs, cache; in GB and in GiB."""
    setup = _setup(model, gpu, Layout(tp, pp), quant, kv_fp8=kv_fp8, eager=eager)
    found = fit(setup, context)
    if as_json:
        print_json(_fit_json(found))
    else:
        for name in ("total", "budget", "weights", "activations", "graphs", "context", "kv"):
            say(f"{_PARTS[name]:28}{both(getattr(found, name))}")
        say(f"{'cache per token and GPU':28}{found.kv_per_token:,.0f} bytes")
        say(f"{'tokens / conversations':28}{found.kv_tokens:,} / {found.conversations:,.1f}")
        say(f"does not fit: {found.refused}" if found.refused else "fits")
    raise typer.Exit(1 if found.refused else 0)


@app.command()
def explain(
    model: Model,
    gpu: OneGpu,
    *,
    tp: Tp = 1,
    pp: Pp = 1,
    quant: QuantName = None,
    isl: Isl = 2000,
    osl: Osl = 500,
    concurrency: Concurrency = 8,
    engine: EngineName = Engine.VLLM,
    topo: Topo = None,
    calibration: Calibrated = None,
    eager: Eager = False,
) -> None:
    """Teach the arithmetic of serving on your own model, with its numbers filled in."""
    setup = _setup(model, gpu, Layout(tp, pp), quant, eager=eager)
    engineered = Engineered(setup, engine, read_topology(topo), read_calibration(calibration))
    for head, lines in lessons.lesson(engineered, Workload(isl, osl, concurrency)):
        say(head)
        for line in lines:
            say(f"  {line}")


@app.command()
def predict(
    config: Annotated[str, typer.Option("--config", help="config.json, its folder, or a name of the table")],
    gpu: OneGpu,
    *,
    tp: Tp = 1,
    pp: Pp = 1,
    dp: Dp = 1,
    quant: QuantName = None,
    engine: EngineName = Engine.VLLM,
    isl: Isl = 2000,
    osl: Osl = 500,
    concurrency: Concurrency = 1,
    topo: Topo = None,
    calibration: Calibrated = None,
    eager: Eager = False,
    kv_fp8: KvFp8 = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """TTFT, time per token and tokens per second and GPU of one setup; or why it cannot be told."""
    layout, factors = Layout(tp, pp, dp), read_calibration(calibration)
    try:
        setup = _setup(config, gpu, layout, quant, kv_fp8=kv_fp8, eager=eager)
        speed = predicted(Engineered(setup, engine, read_topology(topo), factors), Workload(isl, osl, concurrency))  # fmt: skip
        refused, figures = speed.refused, (speed.ttft_s * 1e3, speed.tpot_s * 1e3, speed.tok_s / layout.gpus)  # fmt: skip
    except (BadRequest, NotFound) as error:
        refused, figures = f"{error}: {error.hint}" if error.hint else str(error), (math.nan,) * 3
    names = ("ttft_ms", "tpot_ms", "tok_s_per_gpu")
    found = {name: _figure(value) for name, value in zip(names, figures, strict=True)}
    if as_json:
        print_json({**found, "refused": refused or None})
    elif refused:
        say(f"refused: {refused}")
    else:
        for name, value in found.items():
            say(f"{name:16}{value:,.2f}")


@app.command(name="train-plan")
def train_plan(
    model: Model,
    gpus: Gpus,
    *,
    method: Annotated[Method, typer.Option("--method", help="what is trained")] = Method.LORA,
    zero: Annotated[int, typer.Option("--zero", help="ZeRO stage; 3: FSDP full shard", min=0, max=3)] = 3,
    tokens: Annotated[int, typer.Option("--tokens", help="tokens per GPU and step", min=1, max=10_000_000)] = 4096,
    rank: Annotated[int, typer.Option("--rank", help="of the adapters", min=1, max=4096)] = 16,
    checkpointing: Annotated[bool, typer.Option(help="recompute activations")] = True,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Memory per GPU and speed of training, full or by adapters."""
    shape, box = model_or_folder(model), inventory(gpus)
    if box.mixed:
        raise BadRequest(f"{box}: training shards equally over equal GPUs", hint="name one kind")
    gpu = box.groups[0][0]
    training = Training(method, box.count, zero, tokens, rank, checkpointing)
    found = training_fit(shape, gpu, training)
    parts = {"weights": found.weights, "gradients": found.gradients, "optimiser": found.optimiser,
             "activations": found.activations, "total": found.total}  # fmt: skip
    if as_json:
        print_json({"trainable": found.trainable, "per_gpu_bytes": parts, "tokens_s": found.tokens_s,
                    "refused": found.refused or None})  # fmt: skip
    else:
        say(f"{'trained weights':28}{found.trainable:,}")
        for name, value in parts.items():
            say(f"{name + ' per GPU':28}{both(value)}")
        say(f"{'tokens per second':28}{found.tokens_s:,.0f}")
        say(f"does not fit: {found.refused}" if found.refused else "fits")
    raise typer.Exit(1 if found.refused else 0)


@app.command(name="split")
def split(
    model: Model,
    gpus: Gpus,
    *,
    gguf: Annotated[str, typer.Option("--gguf", help="q4_k_m, q8_0, f16, ...")] = "q4_k_m",
    context: Annotated[int, typer.Option("--context", help="tokens", min=1, max=10_000_000)] = 4096,
) -> None:
    """llama.cpp's tensor split for unequal GPUs."""
    found = tensor_split(model_or_folder(model), inventory(gpus), gguf, context)
    say(
        f"layers per card: {', '.join(str(n) for n in found.layers)}; {1 / found.token_s:,.1f} tok/s"
    )
    say(f"llama-server -m MODEL.gguf {found.flags}")


_PARTS = {
    "total": "visible memory", "budget": "what vLLM takes", "weights": "weights", "activations": "activations",
    "graphs": "CUDA graphs", "context": "context and NCCL", "kv": "left for the cache",
}  # fmt: skip


def _setup(model: str, gpu: str, layout: Layout, quant: str | None, *, kv_fp8: bool = False, eager: bool = False) -> Setup:  # fmt: skip
    shape, board = model_or_folder(model), gpu_named(gpu)
    runtime = default_runtime(board, eager=eager)
    if kv_fp8:
        runtime = replace(runtime, kv_bytes=1.0)
    return Setup(shape, board, quant_for(shape, quant), layout, runtime)


def _where(model: str) -> str:
    """The folder of the weights where one was given; a name of the table has its repository."""
    path = Path(model).expanduser()
    if not path.exists():
        return ""
    return str(path if path.is_dir() else path.parent)


def _fit_json(found: Fit) -> dict[str, Any]:
    parts = {f"{name}_bytes": getattr(found, name) for name in _PARTS}
    return {**parts, "kv_bytes_per_token": found.kv_per_token, "kv_tokens": found.kv_tokens,
            "conversations": found.conversations, "refused": found.refused or None}  # fmt: skip


def _plan_json(each: planning.Plan) -> dict[str, Any]:
    speed, layout = each.speed, each.setup.layout
    return {
        "tp": layout.tp, "pp": layout.pp, "dp": layout.dp, "gpu": each.setup.gpu.id, "quant": each.setup.quant.name,
        "ttft_ms": _figure(speed.ttft_s * 1e3), "tpot_ms": _figure(speed.tpot_s * 1e3), "tok_s": _figure(speed.tok_s),
        "kv_tokens": speed.room.kv_tokens, "conversations": speed.room.conversations * layout.dp,
        "meets_slo": not speed.refused and not each.missed, "refused": speed.refused or None,
        "reason": each.reason, "warnings": list(each.warnings),
    }  # fmt: skip


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
