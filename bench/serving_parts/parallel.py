"""Real vLLM on two cores: TP1, TP2 and PP2 write the same tokens, and TP2 is faster than PP2 for one stream."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from services.llm.measure.engine import STAGED_ON_CPU, Serving, on_cpu, serving
from services.llm.measure.how import How
from services.llm.measure.load import load
from services.llm.measure.prompts import Length, prompts
from services.llm.measure.random_model import SIZES, write_random_model
from services.llm.measure.timed import Api
from services.llm.sizing.speed import Workload
from tests.llm.server import PYTHON

PROMPTS, TOKENS = 24, 24
EAGER = ("--enforce-eager",)
LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "tp1": EAGER,
    "tp2": ("--tensor-parallel-size", "2", *EAGER),
    "pp2": ("--pipeline-parallel-size", "2", *STAGED_ON_CPU),
}


@dataclass(frozen=True)
class Written:
    """Tokens of each prompt, and the smallest distance to the second choice (in ln of probability)."""

    tokens: tuple[tuple[str, ...], ...]
    nearest: float


@contextmanager
def vllm(model: Path, layout: str, log: Path, *more: str) -> Iterator[Serving]:
    """A checkpoint served as "tiny" in one of the layouts, a core for each rank; it may be told to forget prompts."""
    arguments = ["--model", str(model), "--served-model-name", "tiny", "--max-model-len", "4096", *LAYOUTS[layout], *more]  # fmt: skip
    env = on_cpu(1 if layout == "tp1" else 2) | {"VLLM_SERVER_DEV_MODE": "1"}
    if threading.current_thread() is threading.main_thread():
        signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )  # a bench that is ended ends its server too
    with serving(PYTHON, arguments, log, env=env, start_s=300) as server:
        yield server


def written(url: str) -> Written:
    """Greedy answers to the same random prompts, one at a time: batches would round differently."""
    tokens, nearest = [], float("inf")
    with httpx2.Client(timeout=120, trust_env=False) as client:
        for text in prompts(PROMPTS, 60, Length(0.0, 2.5, "known"), seed=11):
            asked = {"model": "tiny", "prompt": text, "max_tokens": TOKENS, "temperature": 0, "ignore_eos": True, "logprobs": 2}  # fmt: skip
            answer: dict[str, Any] = client.post(f"{url}/v1/completions", json=asked).raise_for_status().json()  # fmt: skip
            told = answer["choices"][0]["logprobs"]
            tokens.append(tuple(told["tokens"]))
            for best in told["top_logprobs"]:
                first, second = sorted(best.values(), reverse=True)[:2]
                nearest = min(nearest, first - second)
    return Written(tuple(tokens), nearest)


def same_tokens(folder: Path) -> dict[str, Written]:
    """What each layout writes, of a small model in 32 bit."""
    model = write_random_model(folder / "5m", SIZES["5m"], stored="float32")
    found = {}
    for layout in LAYOUTS:
        with vllm(model, layout, folder / f"{layout}.log", "--dtype", "float32") as server:
            found[layout] = written(server.url)
    return found


def single_streams(folder: Path, requests: int) -> dict[str, float]:
    """Tokens per second of one stream of 119 M weights in 16 bit: the median time per token, turned around."""
    model = write_random_model(folder / "119m", SIZES["119m"])
    found = {}
    for layout in ("tp2", "pp2"):
        with vllm(model, layout, folder / f"{layout}-119m.log", "--dtype", "bfloat16") as server:
            how = How(requests=requests, warm=2, api=Api.COMPLETIONS)
            run = asyncio.run(load(server.url, "tiny", Workload(64, 96), how))
        found[layout] = 1 / run.tpot.p50
    return found


def measure(quick: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        answers = same_tokens(folder)
        streams = single_streams(folder, 4 if quick else 10)
    one = answers["tp1"]
    return {
        "parallel_prompts": len(one.tokens),
        "parallel_tokens_differ": sum(
            a != b for other in ("tp2", "pp2") for a, b in zip(one.tokens, answers[other].tokens, strict=True)
        ),
        "parallel_nearest_choice": one.nearest,
        "stream_tp2_tok_s": streams["tp2"],
        "stream_pp2_tok_s": streams["pp2"],
        "stream_tp2_over_pp2": streams["tp2"] / streams["pp2"],
    }  # fmt: skip


if __name__ == "__main__":
    for name, value in measure("--quick" in sys.argv).items():
        print(f"{name:>28}  {value:12,.4f}")
