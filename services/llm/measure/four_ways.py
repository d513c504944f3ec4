"""One model answered in four ways, one after the other: transformers' pipeline, 4 bit, vLLM over tensors, vLLM in stages; and why."""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ontology.errors import PlantroomError, Unavailable
from services.llm.measure.engine import (
    STAGED_ON_CPU,
    group_bytes,
    last_words,
    on_cpu,
    serving,
)
from services.llm.measure.figures import Slo, Tally
from services.llm.measure.how import How
from services.llm.measure.load import body, meet, send, session
from services.llm.measure.prompts import Length, prompts
from services.llm.measure.runs import Expected
from services.llm.measure.timed import Api, Timed
from services.llm.offline import OFFLINE
from services.llm.sizing.efficiency import Engine
from services.llm.sizing.speed import Speed, Workload, predict
from services.llm.smi import gpus_here

SCRIPT: Final = Path(__file__).with_name("on_gpu_ways.py")
MOST_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Way:
    """One of the four. `tp`, `pp`: how sizing sees it; `quant` "" as the files are."""

    id: str
    title: str
    tp: int
    pp: int
    quant: str
    engine: Engine


WAYS: Final = (
    Way("hf-pipeline", "transformers, layers dealt out over the GPUs", 1, 2, "", Engine.HF),
    Way("hf-4bit", "transformers, NF4 by bitsandbytes on one GPU", 1, 1, "nf4", Engine.HF),
    Way("vllm-tp", "vLLM, every layer cut across the GPUs", 2, 1, "", Engine.VLLM),
    Way("vllm-pp", "vLLM, layers in stages", 1, 2, "", Engine.VLLM),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared: the folder of the weights, the engine's interpreter, lengths in tokens, how many prompts.

    `gpu`: its name for sizing, "" where it is not known; `cpu`: all four on processor cores.
    """

    model: Path
    python: Path
    gpus: int = 2
    isl: int = 128
    osl: int = 64
    requests: int = 5
    cpu: bool = False
    gpu: str = ""
    start_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one way showed for one stream: seconds, bytes over all GPUs (or of all processes on a CPU).

    `refused`: why it did not run; then the figures are NaN. `predicted_tpot_s` NaN where sizing knows no such GPU.
    """

    way: str
    ttft_s: float = math.nan
    tpot_s: float = math.nan
    tok_s: float = math.nan
    memory_bytes: float = math.nan
    start_s: float = math.nan
    predicted_tpot_s: float = math.nan
    why: str = ""
    refused: str = ""

    def to_json(self) -> dict[str, Any]:
        return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(self).items()}  # fmt: skip


def compare(asked: Asked, tell: Callable[[Way], None] = lambda _: None) -> Iterator[Result]:
    """Each of the four as it ends, in a child process of its own; one that cannot run says why and the next is tried."""
    # words of a typical tokenizer; all four get the same text, and each tokenizes it alike
    texts = prompts(asked.requests, asked.isl, _length(asked), seed=4)
    for way in WAYS:
        tell(way)
        with tempfile.TemporaryDirectory(prefix="plantroom-ways-") as made:
            try:
                measured = (_by_transformers if way.engine is Engine.HF else _by_vllm)(asked, way, texts, Path(made))  # fmt: skip
            except (PlantroomError, OSError, subprocess.SubprocessError) as cause:
                hint = getattr(cause, "hint", "")
                measured = Result(way.id, refused=f"not run: {cause}" + (f": {hint}" if hint else ""))  # fmt: skip
        yield _explained(asked, way, measured)


def _by_transformers(asked: Asked, way: Way, texts: Sequence[str], folder: Path) -> Result:
    told = {
        "model": str(asked.model), "way": way.id.removeprefix("hf-"), "prompts": list(texts),
        "osl": asked.osl, "cpu": asked.cpu,
    }  # fmt: skip
    visible = {} if asked.cpu else {"CUDA_VISIBLE_DEVICES": _cards(1 if way.id == "hf-4bit" else asked.gpus)}  # fmt: skip
    log = folder / "log"
    with log.open("wb") as out:
        done = subprocess.run(  # noqa: S603  (the interpreter that the user named)
            [str(asked.python), str(SCRIPT)], input=json.dumps(told).encode(), stdout=subprocess.PIPE, stderr=out,
            check=False, timeout=MOST_S, env={**os.environ, **OFFLINE, **visible}, cwd=folder,
        )  # fmt: skip
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    if done.returncode or not lines:
        raise Unavailable(f"transformers ended with {done.returncode}", hint=last_words(log)[-600:])
    answer = json.loads(lines[-1])
    timed = [
        Timed(0.0, a["first_s"], a["last_s"], answer_tokens=int(a["tokens"])) for a in answer["answers"]
    ]  # fmt: skip
    return _result(way, timed, float(answer["memory_bytes"]), float(answer["start_s"]))


def _by_vllm(asked: Asked, way: Way, texts: Sequence[str], folder: Path) -> Result:
    cut = "--tensor-parallel-size" if way.id == "vllm-tp" else "--pipeline-parallel-size"
    arguments = ["--model", str(asked.model), cut, str(asked.gpus), "--dtype", "bfloat16", "--max-model-len", str(_longest(asked))]  # fmt: skip
    if asked.cpu:
        arguments += STAGED_ON_CPU if way.id == "vllm-pp" else ("--enforce-eager",)
    env = (
        on_cpu(asked.gpus) if asked.cpu else {**OFFLINE, "CUDA_VISIBLE_DEVICES": _cards(asked.gpus)}
    )
    with serving(asked.python, arguments, folder / "log", env=env, start_s=asked.start_s) as server:
        timed = asyncio.run(_streams(server.url, texts, asked))
        memory = group_bytes(server.group) if asked.cpu else _used_bytes(asked.gpus)
        return _result(way, timed, memory, server.start_s)


async def _streams(url: str, texts: Sequence[str], asked: Asked) -> list[Timed]:
    """The prompts one after the other, the first of them once more beforehand."""
    how = How(api=Api.COMPLETIONS, most_s=MOST_S)
    async with session(how) as client:
        server = await meet(client, url, "", how)
        bodies = [body(server, text, asked.osl) for text in texts]
        await send(client, server, [{**bodies[0], "max_tokens": 4, "min_tokens": 4}], how, 1)
        tally, _ = await send(client, server, bodies, how, 1)
    return tally.done


def _result(way: Way, timed: Sequence[Timed], memory: float, start_s: float) -> Result:
    wrong = next((t for t in timed if t.wrong), None)
    if wrong is not None:
        raise Unavailable(f"an answer failed: {wrong.wrong}", hint=wrong.says)
    seconds = sum(t.last_s or 0.0 for t in timed)
    run = Tally(list(timed)).measured(Workload(1, 1), seconds, slo=Slo(), rate_s=None)
    return Result(way.id, run.ttft.p50, run.tpot.p50, 1 / run.tpot.p50, memory, start_s)


def _explained(asked: Asked, way: Way, measured: Result) -> Result:
    """With sizing's prediction and where its time goes; without a known GPU only the reason in words."""
    reason = _REASONS[way.id]
    if not asked.gpu:
        return replace(measured, why=reason)
    tp, pp = (asked.gpus if n > 1 else 1 for n in (way.tp, way.pp))
    said = Expected(str(asked.model), asked.gpu, tp, pp, way.quant, engine=way.engine)
    try:
        told = predict(said.engineered(), Workload(asked.isl, asked.osl))
    except PlantroomError as cause:
        return replace(measured, why=f"{reason} Not predicted: {cause}.")
    if told.refused:
        return replace(measured, why=f"{reason} Not predicted: {told.refused}.")
    return replace(measured, predicted_tpot_s=told.tpot_s, why=f"{reason} {_shares(told)}")


def _shares(told: Speed) -> str:
    step = told.step
    parts = {"weights": step.weights, "cache": step.cache, "network": step.network, "small kernels": step.layers, "host": step.host}  # fmt: skip
    shares = ", ".join(f"{name} {value / step.total:.0%}" for name, value in parts.items() if value / step.total >= 0.005)  # fmt: skip
    return f"Predicted {told.tpot_s * 1e3:.1f} ms a token: {shares}."


_REASONS: Final = {
    "hf-pipeline": "One GPU works while the others wait for it: a token still reads all weights in turn, and Python "
    "launches each kernel.",
    "hf-4bit": "A quarter of the bytes on one GPU, but they are unpacked to 16 bit for each token; the unpacking, not the "
    "memory, sets the pace.",
    "vllm-tp": "Each GPU reads its part of every layer at the same time; two all-reduces a layer are the price.",
    "vllm-pp": "One GPU after the other as in the pipeline, with leaner kernels: one answer gains nothing from the second "
    "GPU, many at once do.",
}  # fmt: skip


@contextmanager
def weights(name: str, cache: Path) -> Iterator[Path]:
    """A folder as given, or `random-5m`, `random-24m`, `random-119m` written for the time of the comparison."""
    from services.llm.measure.random_model import (  # noqa: PLC0415  (numpy only where it is asked for)
        SIZES,
        write_random_model,
    )

    size = SIZES.get(name.removeprefix("random-")) if name.startswith("random-") else None
    if size is None:
        yield Path(name).expanduser()
        return
    with tempfile.TemporaryDirectory(prefix="plantroom-model-", dir=cache) as made:
        yield write_random_model(Path(made) / name, size)


def _used_bytes(gpus: int) -> float:
    """Memory in use on the first GPUs, the driver's own too: vLLM's share with its cache, not the weights alone."""
    seen = gpus_here()[:gpus]
    used = [one.total_mib - one.free_mib for one in seen if one.total_mib is not None and one.free_mib is not None]  # fmt: skip
    return sum(used) * 2**20 if used and len(used) == len(seen) else math.nan


def _cards(n: int) -> str:
    return ",".join(str(i) for i in range(n))


def _longest(asked: Asked) -> int:
    return max(512, 2 * (asked.isl + asked.osl))


def _length(asked: Asked) -> Length:
    """Random checkpoints have words of three letters; others are taken to have the usual ones."""
    return Length(0.0, 3.0, "known") if asked.model.name.startswith("random-") else Length()
