"""Every launch line the planner emits is put to vLLM's own argument parser and to its engine config for that box."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.llm.measure.engine import on_cpu
from services.llm.sizing.fit import Layout
from services.llm.sizing.gpus import Gpu, gpu_named, inventory
from services.llm.sizing.launch_line import serve_arguments
from services.llm.sizing.models import CONFIGS, model
from services.llm.sizing.plan import Plan, plans
from services.llm.sizing.speed import Workload
from services.llm.sizing.topology import NODE
from tests.llm.server import PYTHON

pytestmark = [
    pytest.mark.llm,
    pytest.mark.timeout(420),
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-llm: run `make llm-env`"),
]
# boxes by the GPU in them, with its compute capability
BOXES = {
    "L40S": ((8, 9), ("1xL40S", "4xL40S")),
    "A100-80": ((8, 0), ("2xA100-80", "8xA100-80")),
    "H100-80": ((9, 0), ("4xH100-80", "8xH100-80")),
    "H200": ((9, 0), ("16xH200",)),
    "B200": ((10, 0), ("8xB200",)),
}
LOADS = (Workload(500, 200, 4), Workload(6000, 1000, 64))
CHECKER = Path(__file__).with_name("check_launch_lines.py")
Asked = list[tuple[list[str], str | None]]


def lines(boxes: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """Model and arguments of every plan that can start: models x boxes x loads, each once."""
    found: dict[tuple[str, ...], str] = {}
    for name in CONFIGS:
        for box in boxes:
            for load in LOADS:
                for plan in plans(model(name), inventory(box), load):
                    if not plan.speed.refused:
                        found[tuple(serve_arguments(plan.setup, load))] = name
    return [(name, list(line)) for line, name in found.items()]


def pretended(gpu: Gpu, capability: tuple[int, int]) -> dict[str, Any]:
    return {"name": f"NVIDIA {gpu.id}", "capability": capability, "bytes": gpu.bytes, "count": NODE}


def put_to_vllm(asked: Asked, gpu: dict[str, Any] | None = None) -> list[str]:
    """What vLLM says of each line. One process for each kind of GPU: vLLM remembers what it saw."""
    given = json.dumps(gpu) + "\n" + "".join(json.dumps(one) + "\n" for one in asked)
    done = subprocess.run(
        [str(PYTHON), str(CHECKER)], input=given, text=True, capture_output=True, check=False,
        timeout=400, env={**os.environ, **on_cpu(1)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A folder with the config.json of each model of the table."""
    found = {}
    for name, (_, config) in CONFIGS.items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "config.json").write_text(json.dumps({"torch_dtype": "bfloat16"} | config))
        found[name] = str(folder)
    return found


@pytest.mark.parametrize("name", BOXES)
def test_every_launch_line_passes_vllms_parser_and_engine_config(name: str, folders: dict[str, str]) -> None:  # fmt: skip
    capability, boxes = BOXES[name]
    asked = lines(boxes)
    assert len(asked) > 30
    said = put_to_vllm(
        [(line, folders[of]) for of, line in asked], pretended(gpu_named(name), capability)
    )
    refused = [
        (of, " ".join(line), why) for (of, line), why in zip(asked, said, strict=True) if why
    ]
    assert refused == []


def good(name: str, box: str) -> Plan:
    return next(p for p in plans(model(name), inventory(box), LOADS[0]) if not p.speed.refused)


def test_the_check_refuses_what_vllm_would_refuse_on_the_box(folders: dict[str, str]) -> None:
    plan = good("qwen2.5-7b", "8xH100-80")
    fine = serve_arguments(replace(plan.setup, layout=Layout(4)), LOADS[0])
    wrong = {
        "unrecognized or exits": [*fine, "--no-such-flag", "1"],
        "attention heads": serve_arguments(replace(plan.setup, layout=Layout(8)), LOADS[0]),
        "number of available GPUs": [*fine, "--pipeline-parallel-size", "4"],
        "max_model_len": [*fine, "--max-model-len", "9000000"],
        "quantization": [*fine, "--quantization", "mxfp4_of_nobody"],
        "kv_cache_dtype": [*fine, "--kv-cache-dtype", "fp3"],
    }
    folder = folders["qwen2.5-7b"]
    h100 = pretended(gpu_named("h100-80"), (9, 0))
    first, *said = put_to_vllm([(line, folder) for line in [fine, *wrong.values()]], h100)
    assert first == ""
    assert all(said), said
    assert "parser" in said[0]
    assert "attention heads" in said[1]
    assert "number of available GPUs" in said[2]
    assert "max_model_len" in said[3]


def test_a_quantisation_that_the_gpu_lacks_is_refused(folders: dict[str, str]) -> None:
    line = serve_arguments(good("qwen2.5-7b", "1xH100-80").setup, LOADS[0])
    old = pretended(gpu_named("v100"), (7, 0))
    (said,) = put_to_vllm([([*line, "--quantization", "fp8"], folders["qwen2.5-7b"])], old)
    assert said
