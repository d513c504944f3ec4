"""The weights that sizing counts from a config.json are those of the model that transformers builds from it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from services.llm.offline import OFFLINE
from services.llm.sizing.models import CONFIGS, model
from tests.llm.server import PYTHON

pytestmark = [
    pytest.mark.llm,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-llm: run `make llm-env`"),
]
COUNTER = Path(__file__).with_name("count_parameters.py")
AT_MOST = {"deepseek-v3": 15_000, "deepseek-r1": 15_000, "deepseek-v3.2": 15_000, "kimi-k2": 23_100, "glm-4.5": 15_000,
           "glm-4.6": 15_000, "glm-4.5-air": 6_000}  # fmt: skip
"""The correction of the router is one number for each expert and layer: sizing counts it, transformers keeps it as a buffer."""


def test_every_model_of_the_table_has_the_weights_that_transformers_builds() -> None:
    done = subprocess.run(
        [str(PYTHON), str(COUNTER)], input=json.dumps({name: config for name, (_, config) in CONFIGS.items()}),
        text=True, capture_output=True, check=False, timeout=280, env={**os.environ, **OFFLINE},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    built = json.loads(done.stdout)
    off = {name: model(name).params - count for name, count in built.items()}
    assert {name: d for name, d in off.items() if not 0 <= d <= AT_MOST.get(name, 0)} == {}
