"""Real vLLM on two cores: TP1, TP2 and PP2 write the same tokens; our load generator agrees with `vllm bench serve`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.serving_parts.parallel import Written, same_tokens, vllm
from services.llm.measure.figures import Measured
from services.llm.measure.how import How
from services.llm.measure.load import load
from services.llm.measure.random_model import SIZES, write_random_model
from services.llm.measure.timed import Api
from services.llm.offline import OFFLINE
from services.llm.sizing.speed import Workload
from tests.llm.server import PYTHON

pytestmark = [
    pytest.mark.llm,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-llm: run `make llm-env`"),
]
LOAD = Workload(64, 32, 4)
REQUESTS = 24
THEIRS = "import argparse; from vllm.benchmarks.serve import add_cli_args, main; p = argparse.ArgumentParser(); add_cli_args(p); main(p.parse_args())"
"""The command `vllm bench serve`, which cannot start where the distribution has another name."""


@dataclass(frozen=True)
class Found:
    """The same load by us, by vLLM's own tool, and by us again."""

    ours: tuple[Measured, Measured]
    theirs: dict[str, Any]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """Three servers of a small model in 32 bit, one after the other."""
    return same_tokens(tmp_path_factory.mktemp("parallel"))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """A model so heavy that a step outlasts the server's own loop: of a smaller one all tokens arrive at once."""
    folder = tmp_path_factory.mktemp("measured")
    model = write_random_model(folder / "119m", SIZES["119m"])
    with vllm(model, "tp1", folder / "vllm.log", "--dtype", "bfloat16") as server:
        first = ours(server.url)
        theirs = vllm_bench(server.url, model, folder)
        return Found((first, ours(server.url)), theirs)


def ours(url: str) -> Measured:
    return asyncio.run(load(url, "tiny", LOAD, How(requests=REQUESTS, api=Api.COMPLETIONS)))


def vllm_bench(url: str, model: Path, folder: Path) -> dict[str, Any]:
    asked = {
        "backend": "openai", "base-url": url, "endpoint": "/v1/completions", "model": "tiny", "tokenizer": str(model),
        "dataset-name": "random", "random-input-len": str(LOAD.isl), "random-output-len": str(LOAD.osl),
        "num-prompts": str(REQUESTS), "max-concurrency": str(LOAD.concurrency), "num-warmups": "4",
        "percentile-metrics": "ttft,tpot,itl,e2el", "result-dir": str(folder), "result-filename": "theirs.json",
    }  # fmt: skip
    words = [word for name, value in asked.items() for word in (f"--{name}", value)]
    done = subprocess.run(
        [str(PYTHON), "-c", THEIRS, *words, "--ignore-eos", "--save-result", "--disable-tqdm"],
        capture_output=True, text=True, check=False, timeout=180, env={**os.environ, **OFFLINE},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads((folder / "theirs.json").read_text()))


@pytest.mark.parametrize("layout", ["tp2", "pp2"])
def test_every_cut_of_the_model_writes_the_same_tokens(tokens: dict[str, Written], layout: str) -> None:  # fmt: skip
    assert len(tokens["tp1"].tokens) >= 20
    assert tokens[layout].tokens == tokens["tp1"].tokens


def test_the_prompts_would_show_a_difference(tokens: dict[str, Written]) -> None:
    """Answers differ from each other, and second choices lie close enough for a wrong all-reduce to change tokens."""
    told = tokens["tp1"]
    assert len(set(told.tokens)) == len(told.tokens)
    assert len({token for answer in told.tokens for token in answer}) > 100
    assert 1e-3 < told.nearest < 0.5  # 32 bit rounds a hundred times finer


def test_we_measure_what_vllms_own_tool_measures(found: Found) -> None:
    """Time per token within 15 %, tok/s within 15 %, time to first token within 25 %: two runs of either differ by so much here."""
    first, second = found.ours
    theirs = found.theirs
    assert first.answered == second.answered == theirs["completed"] == REQUESTS
    assert first.osl == LOAD.osl
    assert theirs["total_output_tokens"] == REQUESTS * LOAD.osl
    tpot = (first.tpot.p50 + second.tpot.p50) / 2 * 1e3
    ttft = (first.ttft.p50 + second.ttft.p50) / 2 * 1e3
    tok_s = (first.tok_s + second.tok_s) / 2
    assert tpot == pytest.approx(theirs["median_tpot_ms"], rel=0.15)
    assert tok_s == pytest.approx(theirs["output_throughput"], rel=0.15)
    assert ttft == pytest.approx(theirs["median_ttft_ms"], rel=0.25)


def test_prompts_have_the_length_that_was_asked(found: Found) -> None:
    assert found.ours[0].isl == pytest.approx(LOAD.isl, rel=0.1)
