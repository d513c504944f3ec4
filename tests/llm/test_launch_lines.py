"""Every launch line the planner emits is put to vLLM's own argument parser, and to its engine config where sizes suffice."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from services.llm.sizing.gpus import inventory
from services.llm.sizing.launch_line import serve_arguments
from services.llm.sizing.models import CONFIGS, model
from services.llm.sizing.plan import plans
from services.llm.sizing.speed import Workload
from tests.llm.server import OFFLINE, PYTHON

pytestmark = [
    pytest.mark.llm,
    pytest.mark.timeout(420),
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-llm: run `make llm-env`"),
]
BOXES = ("1xL40S", "2xA100-80", "4xH100-80", "8xH100-80", "8xB200", "16xH200")
LOADS = (Workload(500, 200, 4), Workload(6000, 1000, 64))
CHECKER = Path(__file__).with_name("check_launch_lines.py")


def lines() -> list[list[str]]:
    """Arguments of every plan that can start: models x boxes x loads, each once."""
    found: dict[tuple[str, ...], None] = {}
    for name in CONFIGS:
        for box in BOXES:
            for load in LOADS:
                for plan in plans(model(name), inventory(box), load):
                    if not plan.speed.refused:
                        found[tuple(serve_arguments(plan.setup, load))] = None
    return [list(line) for line in found]


def put_to_vllm(asked: list[tuple[list[str], str | None]]) -> list[str]:
    done = subprocess.run(
        [str(PYTHON), str(CHECKER)], input="".join(json.dumps(one) + "\n" for one in asked), text=True,
        capture_output=True, check=False, timeout=400, env={**os.environ, **OFFLINE},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_launch_line_passes_vllms_own_parser() -> None:
    asked = lines()
    assert len(asked) > 300
    verdicts = put_to_vllm([(line, None) for line in asked])
    assert [(a, v) for a, v in zip(asked, verdicts, strict=True) if v] == []


def test_the_parser_would_refuse_a_flag_that_does_not_exist() -> None:
    (verdict,) = put_to_vllm([(["some/model", "--no-such-flag", "1"], None)])
    assert verdict.startswith("parser")


@pytest.mark.parametrize("name", ["llama-3.1-8b", "qwen2.5-7b", "qwen3-30b-a3b", "mixtral-8x7b"])
def test_one_gpu_lines_make_an_engine_config_and_too_long_a_context_does_not(name: str, tmp_path: Path) -> None:  # fmt: skip
    (tmp_path / "config.json").write_text(
        json.dumps(CONFIGS[name][1] | {"torch_dtype": "bfloat16"})
    )
    good = ["m", "--max-model-len", "4096", "--max-num-seqs", "64", "--max-num-batched-tokens", "4096", "--skip-tokenizer-init"]  # fmt: skip
    for plan in plans(model(name), inventory("8xH100-80"), LOADS[0]):
        if (
            not plan.speed.refused
            and plan.setup.layout.tp == plan.setup.layout.pp == 1
            and plan.setup.quant.name == "bf16"
        ):
            good = [*serve_arguments(plan.setup, LOADS[0]), "--skip-tokenizer-init"]
    long = [*good, "--max-model-len", "9000000"]
    fine, refused = put_to_vllm([(good, str(tmp_path)), (long, str(tmp_path))])
    assert fine == ""
    assert "9000000" in refused.replace(",", "").replace("_", "") or "max_model_len" in refused
